-- name: item
-- One row by namespace and key.
SELECT * FROM agent_memory WHERE partition = :partition AND namespace = :namespace AND id = :id

-- name: namespaces
-- Every namespace that holds a live row.
SELECT DISTINCT namespace FROM agent_memory
WHERE superseded_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
ORDER BY namespace

-- name: expired_items
-- Where the rows are whose time is over.
SELECT partition, memory_no FROM agent_memory WHERE expires_at <= :now LIMIT :limit

-- name: expired_plain_items
-- Where the plain items are whose time is over, in one partition or in all.
SELECT partition, memory_no FROM agent_memory
WHERE expires_at <= :now AND memory_type IS NULL AND (CAST(:partition AS text) IS NULL OR partition = :partition)
ORDER BY memory_no LIMIT :limit

-- name: count_expired_plain_items
-- How many plain items are over, in one partition or in all.
SELECT count(*) AS items FROM agent_memory
WHERE expires_at <= :now AND memory_type IS NULL AND (CAST(:partition AS text) IS NULL OR partition = :partition)
