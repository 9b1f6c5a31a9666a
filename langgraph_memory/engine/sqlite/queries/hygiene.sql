-- name: least_worth_keeping
-- A page of the live memories of one owner and scope, the first to go first.
SELECT * FROM agent_memory
WHERE partition = :partition AND scope = :scope AND memory_type IS NOT NULL
  AND superseded_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
ORDER BY CASE WHEN injection = 'always' THEN 2 WHEN memory_type IN (SELECT value FROM json_each(:always)) THEN 1 ELSE 0 END,
    CASE WHEN coalesce(last_verified_at, created_at) > :recent THEN 1 ELSE 0 END,
    importance, coalesce(stated_confidence, confidence), coalesce(last_verified_at, created_at), memory_no
LIMIT :limit OFFSET :offset

-- name: predecessors_of_all
-- The ids of the memories whose place some memories of one owner took, each with its successor's.
SELECT id, superseded_by FROM agent_memory
WHERE partition = :partition AND superseded_by IN (SELECT value FROM json_each(:ids)) ORDER BY memory_no

-- name: citations
-- Which memories of one owner, changed since a moment, name some ids in their payload.
SELECT DISTINCT citing, cited FROM (
    SELECT m.id AS citing, t.atom AS cited FROM agent_memory AS m, json_tree(m.content_json) AS t
    WHERE m.partition = :partition AND m.memory_type IS NOT NULL AND m.content_json IS NOT NULL
      AND m.updated_at >= :since AND t.atom IN (SELECT value FROM json_each(:ids))
    UNION ALL
    SELECT m.id, t.key FROM agent_memory AS m, json_tree(m.content_json) AS t
    WHERE m.partition = :partition AND m.memory_type IS NOT NULL AND m.content_json IS NOT NULL
      AND m.updated_at >= :since AND t.key IN (SELECT value FROM json_each(:ids))) AS named

-- name: conflicts_of_all
-- The pairs of live memories of one owner that contradict each other, for some of them.
SELECT m.id, o.id AS other FROM agent_memory AS m
JOIN agent_memory AS o ON o.partition = m.partition AND o.conflict_id = m.conflict_id AND o.memory_no <> m.memory_no
WHERE m.partition = :partition AND m.conflict_id IS NOT NULL AND m.id IN (SELECT value FROM json_each(:ids))
  AND m.superseded_at IS NULL AND (m.expires_at IS NULL OR m.expires_at > :now)
  AND o.superseded_at IS NULL AND (o.expires_at IS NULL OR o.expires_at > :now)
