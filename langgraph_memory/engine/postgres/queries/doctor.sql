-- name: integrity
-- The server checks its pages by itself, where its checksums are on.
SELECT CASE current_setting('data_checksums') WHEN 'on' THEN 'ok'
    ELSE 'the server has no data checksums; initdb --data-checksums, or pg_checksums on a stopped server, turns them on'
    END AS finding

-- name: orphans
-- Rows whose parent is gone, by kind.
SELECT 'checkpoints without a thread' AS kind, count(*) AS number FROM thread_checkpoint AS c
WHERE NOT EXISTS (SELECT 1 FROM thread AS t WHERE t.thread_id = c.thread_id)
UNION ALL SELECT 'channel values without a thread', count(*) FROM thread_channel AS c
WHERE NOT EXISTS (SELECT 1 FROM thread AS t WHERE t.thread_id = c.thread_id)
UNION ALL SELECT 'writes without a thread', count(*) FROM thread_write AS c
WHERE NOT EXISTS (SELECT 1 FROM thread AS t WHERE t.thread_id = c.thread_id)
UNION ALL SELECT 'vectors without a memory', count(*) FROM memory_vector AS v
WHERE NOT EXISTS (SELECT 1 FROM agent_memory AS m WHERE (m.partition, m.memory_no) = (v.partition, v.memory_no))
UNION ALL SELECT 'versions without a memory', count(*) FROM memory_version AS v
WHERE NOT EXISTS (SELECT 1 FROM agent_memory AS m WHERE (m.partition, m.memory_no) = (v.partition, v.memory_no))
UNION ALL SELECT 'queued messages without a job', count(*) FROM promotion_job_message AS q
WHERE NOT EXISTS (SELECT 1 FROM promotion_job AS j
                  WHERE (j.partition, j.thread_id, j.extractor) = (q.partition, q.thread_id, q.extractor))

-- name: memory_states
-- How many memories there are, and how many of them are over or contradict others.
SELECT count(*) AS number, count(*) FILTER (WHERE expires_at <= :now AND superseded_at IS NULL) AS expired,
    count(*) FILTER (WHERE conflict_id IS NOT NULL AND superseded_at IS NULL) AS conflicting
FROM agent_memory WHERE memory_type IS NOT NULL
