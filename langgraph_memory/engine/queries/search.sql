-- name: corpus_across_partitions
-- What is noted of every partition.
SELECT p.* FROM store_partition AS p
