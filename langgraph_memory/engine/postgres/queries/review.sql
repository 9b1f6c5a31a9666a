-- name: unconfirmed_since
-- The first live memories of one owner and some types that were confirmed before a moment, longest ago first.
SELECT * FROM agent_memory
WHERE partition = :partition AND memory_type = ANY (:memory_types::text[])
  AND superseded_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
  AND coalesce(last_verified_at, created_at) < :before
ORDER BY coalesce(last_verified_at, created_at), id LIMIT :limit

-- name: never_recalled
-- The first live memories of one owner made before a moment that no recall receipt names, least important first.
WITH used AS MATERIALIZED (
    SELECT DISTINCT e.found ->> 'id' AS id
    FROM memory_receipt AS r CROSS JOIN LATERAL json_array_elements(r.body::json -> 'recalled') AS e (found)
    WHERE r.partition = :partition AND r.kind = 'recall')
SELECT * FROM agent_memory AS m
WHERE partition = :partition AND memory_type IS NOT NULL AND created_at < :before
  AND superseded_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
  AND NOT EXISTS (SELECT 1 FROM used AS u WHERE u.id = m.id)
ORDER BY importance, memory_no LIMIT :limit
