-- name: item
-- One row by namespace and key.
SELECT * FROM agent_memory WHERE partition = :partition AND namespace = :namespace AND id = :id

-- name: items_in_partition
-- A page of the live rows of one partition under a prefix, last updated first.
SELECT * FROM agent_memory
WHERE partition = :partition AND (namespace = :prefix OR (namespace >= :low AND namespace < :high))
  AND superseded_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
ORDER BY updated_at DESC, memory_no LIMIT :limit OFFSET :offset

-- name: items_across_partitions
-- A page of the live plain items of many partitions under a prefix, last updated first; never a memory.
SELECT * FROM agent_memory
WHERE memory_type IS NULL AND (:prefix = '' OR namespace = :prefix OR (namespace >= :low AND namespace < :high))
  AND (expires_at IS NULL OR expires_at > :now)
ORDER BY updated_at DESC, memory_no LIMIT :limit OFFSET :offset

-- name: namespaces
-- Every namespace that holds a live row.
SELECT DISTINCT namespace FROM agent_memory
WHERE superseded_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
ORDER BY namespace

-- name: expired_items
-- Where the rows are whose time is over.
SELECT partition, memory_no FROM agent_memory WHERE expires_at <= :now LIMIT :limit
