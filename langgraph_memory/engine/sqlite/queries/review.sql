-- name: unconfirmed_since
-- The first live memories of one owner and some types that were confirmed before a moment, longest ago first.
SELECT * FROM agent_memory
WHERE partition = :partition AND memory_type IN (SELECT value FROM json_each(:memory_types))
  AND superseded_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
  AND coalesce(last_verified_at, created_at) < :before
ORDER BY coalesce(last_verified_at, created_at), id LIMIT :limit

-- name: never_recalled
-- The first live memories of one owner made before a moment that no recall receipt names, least important first.
SELECT * FROM agent_memory
WHERE partition = :partition AND memory_type IS NOT NULL AND created_at < :before
  AND superseded_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
  AND id NOT IN (
    SELECT json_extract(e.value, '$.id') FROM memory_receipt AS r, json_each(r.body, '$.recalled') AS e
    WHERE r.partition = :partition AND r.kind = 'recall')
ORDER BY importance, memory_no LIMIT :limit
