-- name: corpus_across_partitions
-- Those of every partition.
SELECT partition, partition_no, size, term_total FROM store_partition
