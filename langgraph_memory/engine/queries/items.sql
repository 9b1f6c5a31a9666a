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
