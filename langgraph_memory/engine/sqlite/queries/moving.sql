-- name: database_place
-- Where the database is, so that two names of one are told, and how large it is.
SELECT file AS place, (SELECT page_count FROM pragma_page_count) * (SELECT page_size FROM pragma_page_size) AS bytes
FROM pragma_database_list WHERE name = 'main'

-- name: moved_channels
-- A page of the channel versions of one thread.
SELECT * FROM thread_channel
WHERE thread_no = (SELECT thread_no FROM thread WHERE thread_id = :thread_id)
  AND (checkpoint_ns, version, channel) > (:checkpoint_ns, :version, :channel)
ORDER BY checkpoint_ns, version, channel LIMIT :limit

-- name: moved_chunks
-- A page of the chunks of one thread.
SELECT * FROM thread_chunk
WHERE thread_no = (SELECT thread_no FROM thread WHERE thread_id = :thread_id) AND address > :address
ORDER BY address LIMIT :limit

-- name: moved_writes
-- A page of the pending writes of one thread.
SELECT * FROM thread_write
WHERE thread_no = (SELECT thread_no FROM thread WHERE thread_id = :thread_id)
  AND (checkpoint_ns, checkpoint_id, task_id, idx) > (:checkpoint_ns, :checkpoint_id, :task_id, :idx)
ORDER BY checkpoint_ns, checkpoint_id, task_id, idx LIMIT :limit

-- name: moved_checkpoints
-- A page of the checkpoints of one thread.
SELECT * FROM thread_checkpoint
WHERE thread_no = (SELECT thread_no FROM thread WHERE thread_id = :thread_id)
  AND (checkpoint_ns, checkpoint_id) > (:checkpoint_ns, :checkpoint_id)
ORDER BY checkpoint_ns, checkpoint_id LIMIT :limit

-- name: move_channel
-- Add one channel version as another database holds it.
INSERT INTO thread_channel (thread_no, checkpoint_ns, channel, version, kind, type, value)
VALUES (
    (SELECT thread_no FROM thread WHERE thread_id = :thread_id), :checkpoint_ns, :channel, :version, :kind, :type,
    :value
) ON CONFLICT DO NOTHING

-- name: move_chunk
-- Add one chunk as another database holds it.
INSERT INTO thread_chunk (thread_no, address, count, type, value)
VALUES ((SELECT thread_no FROM thread WHERE thread_id = :thread_id), :address, :count, :type, :value)
ON CONFLICT DO NOTHING

-- name: move_write
-- Add one pending write as another database holds it.
INSERT INTO thread_write (thread_no, checkpoint_ns, checkpoint_id, task_id, idx, task_path, channel, type, value)
VALUES (
    (SELECT thread_no FROM thread WHERE thread_id = :thread_id), :checkpoint_ns, :checkpoint_id, :task_id, :idx,
    :task_path, :channel, :type, :value
) ON CONFLICT DO NOTHING

-- name: move_checkpoint
-- Add one checkpoint as another database holds it.
INSERT INTO thread_checkpoint (
    thread_no, checkpoint_ns, checkpoint_id, parent_checkpoint_id, run_id, channel_versions, replayed_channels, type,
    body, stored_at
) VALUES (
    (SELECT thread_no FROM thread WHERE thread_id = :thread_id), :checkpoint_ns, :checkpoint_id, :parent_checkpoint_id,
    :run_id, :channel_versions, :replayed_channels, :type, :body, :stored_at
) ON CONFLICT DO NOTHING

-- name: rows_named
-- Those rows of one partition that are at any of some places, given as (namespace, id).
SELECT m.* FROM json_each(:keys) AS n
CROSS JOIN agent_memory AS m
  ON m.partition = :partition AND m.namespace = json_extract(n.value, '$[0]') AND m.id = json_extract(n.value, '$[1]')

-- name: vectors_of_rows
-- The vectors of the numbered rows of one partition.
SELECT v.memory_no, v.field, v.vector
FROM store_partition AS p CROSS JOIN json_each(:numbers) AS n
CROSS JOIN memory_vector AS v ON v.memory_no = n.value
  AND v.memory_no BETWEEN p.partition_no << 32 AND p.partition_no << 32 | 4294967295
WHERE p.partition = :partition
