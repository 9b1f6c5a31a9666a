-- name: less_sure_than
-- The first live memories of one owner of a lower confidence, the least sure first.
SELECT * FROM agent_memory
WHERE partition = :partition AND memory_type IS NOT NULL AND confidence < :below
  AND superseded_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
ORDER BY confidence, memory_no LIMIT :limit
