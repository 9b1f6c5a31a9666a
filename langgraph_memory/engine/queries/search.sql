-- name: corpus_across_partitions
-- What is noted of every partition.
SELECT p.*, EXISTS (SELECT 1 FROM agent_memory AS m WHERE m.partition = p.partition AND m.terms IS NULL) AS unindexed
FROM store_partition AS p

-- name: unindexed_items
-- A page of the items of a partition whose terms were not looked for yet.
SELECT partition, memory_no, value FROM agent_memory
WHERE partition = :partition AND terms IS NULL AND memory_no > :after ORDER BY memory_no LIMIT :limit
