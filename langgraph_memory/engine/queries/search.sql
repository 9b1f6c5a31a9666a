-- name: corpus_across_partitions
-- What is noted of every partition.
SELECT * FROM store_partition
