-- name: corpus_in_partition
-- The number of a partition, and how many texts and terms each of its fields holds.
SELECT partition_no, size, term_total, context_size, context_total, asked_size, asked_total,
    (SELECT count(*) FROM memory_subject AS s WHERE s.partition_no = p.partition_no) AS subjects
FROM store_partition AS p WHERE partition = :partition

-- name: corpus_across_partitions
-- Those of every partition.
SELECT partition_no, size, term_total FROM store_partition

-- name: postings
-- The postings of some terms in one partition, by field.
SELECT p.field, p.term, group_concat(p.postings, '') AS postings
FROM json_each(:terms) AS t JOIN memory_posting AS p ON p.partition_no = :partition_no AND p.term = t.value
GROUP BY p.field, p.term

-- name: named_subjects
-- Those of some phrases that are the subject of a memory of one partition.
SELECT s.subject_key FROM store_partition AS p
CROSS JOIN json_each(:phrases) AS f JOIN memory_subject AS s
  ON s.partition_no = p.partition_no AND s.subject_key = f.value
WHERE p.partition = :partition

-- name: vectors_of_memories
-- Every vector of one partition, with the field it is of.
SELECT memory_no, field, vector FROM memory_vector
WHERE memory_no BETWEEN :partition_no << 32 AND :partition_no << 32 | 4294967295

-- name: memories_numbered
-- Those of the numbered rows of one partition that are memories known at a moment.
SELECT * FROM agent_memory
WHERE memory_no IN (SELECT value FROM json_each(:numbers))
  AND partition = :partition AND memory_type IS NOT NULL AND created_at <= :at
