-- name: put_setting
-- Write one setting of the file.
INSERT INTO store_setting (name, value) VALUES (:name, :value) ON CONFLICT (name) DO UPDATE SET value = excluded.value

-- name: count_unembedded
-- How many rows have text that is searched and no vector.
SELECT count(*) AS rows FROM agent_memory AS m
WHERE (memory_type IS NOT NULL OR term_count > 0 OR terms IS NULL)
  AND NOT EXISTS (SELECT 1 FROM memory_vector AS v WHERE v.memory_no = m.memory_no)

-- name: unembedded
-- A page of the rows that have text that is searched and no vector.
SELECT * FROM agent_memory AS m
WHERE memory_no > :after AND (memory_type IS NOT NULL OR term_count > 0 OR terms IS NULL)
  AND NOT EXISTS (SELECT 1 FROM memory_vector AS v WHERE v.memory_no = m.memory_no)
ORDER BY memory_no LIMIT :limit

-- name: still_unembedded
-- Those of some rows of one partition that have no vector yet, with when they were last written.
SELECT memory_no, updated_at FROM agent_memory AS m
WHERE memory_no IN (SELECT value FROM json_each(:numbers)) AND +partition = :partition
  AND NOT EXISTS (SELECT 1 FROM memory_vector AS v WHERE v.memory_no = m.memory_no)

-- name: unembedded_summaries
-- The live summaries of one partition that have no vector.
SELECT * FROM agent_memory AS m
WHERE partition = :partition AND memory_type = 'summary' AND superseded_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM memory_vector AS v WHERE v.memory_no = m.memory_no)
