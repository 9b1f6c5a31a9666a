-- name: database_place
-- Where the database is, so that two names of one are told, and how large it is.
SELECT concat_ws('/', extract(epoch FROM pg_postmaster_start_time()), current_database(),
        coalesce(current_schema(), current_setting('search_path'))) AS place,
    pg_database_size(current_database()) AS bytes

-- name: moved_channels
-- A page of the channel versions of one thread.
SELECT * FROM thread_channel
WHERE thread_id = :thread_id AND (checkpoint_ns, channel, version) > (:checkpoint_ns, :channel, :version)
ORDER BY checkpoint_ns, channel, version LIMIT :limit

-- name: moved_chunks
-- A page of the chunks of one thread.
SELECT * FROM thread_chunk WHERE thread_id = :thread_id AND address > :address ORDER BY address LIMIT :limit

-- name: moved_writes
-- A page of the pending writes of one thread.
SELECT * FROM thread_write
WHERE thread_id = :thread_id
  AND (checkpoint_ns, checkpoint_id, task_id, idx) > (:checkpoint_ns, :checkpoint_id, :task_id, :idx)
ORDER BY checkpoint_ns, checkpoint_id, task_id, idx LIMIT :limit

-- name: moved_checkpoints
-- A page of the checkpoints of one thread.
SELECT * FROM thread_checkpoint
WHERE thread_id = :thread_id AND (checkpoint_ns, checkpoint_id) > (:checkpoint_ns, :checkpoint_id)
ORDER BY checkpoint_ns, checkpoint_id LIMIT :limit

-- name: move_channel
-- Add one channel version as another database holds it.
INSERT INTO thread_channel (thread_id, checkpoint_ns, channel, version, kind, type, value)
VALUES (:thread_id, :checkpoint_ns, :channel, :version, :kind, :type, :value) ON CONFLICT DO NOTHING

-- name: move_chunk
-- Add one chunk as another database holds it.
INSERT INTO thread_chunk (thread_id, address, count, type, value)
VALUES (:thread_id, :address, :count, :type, :value) ON CONFLICT DO NOTHING

-- name: move_write
-- Add one pending write as another database holds it.
INSERT INTO thread_write (thread_id, checkpoint_ns, checkpoint_id, task_id, idx, task_path, channel, type, value)
VALUES (:thread_id, :checkpoint_ns, :checkpoint_id, :task_id, :idx, :task_path, :channel, :type, :value)
ON CONFLICT DO NOTHING

-- name: move_checkpoint
-- Add one checkpoint as another database holds it.
INSERT INTO thread_checkpoint (
    thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, run_id, channel_versions, replayed_channels, type,
    body, stored_at
) VALUES (
    :thread_id, :checkpoint_ns, :checkpoint_id, :parent_checkpoint_id, :run_id, :channel_versions::json,
    :replayed_channels, :type, :body, :stored_at
) ON CONFLICT DO NOTHING

-- name: rows_named
-- Those rows of one partition that are at any of some places, given as (namespace, id).
SELECT m.* FROM json_array_elements(:keys::json) AS n
JOIN agent_memory AS m ON m.partition = :partition AND m.namespace = n.value ->> 0 AND m.id = n.value ->> 1

-- name: stored_vectors
-- The vectors of the numbered rows of one partition, in the binary form of the extension.
SELECT memory_no, field, vector_send(embedding) AS vector FROM memory_vector
WHERE partition = :partition AND memory_no = ANY (:numbers::bigint[])

-- name: embedding_column
-- Whether there is room for vectors, which the first index makes.
SELECT EXISTS (
    SELECT 1 FROM pg_attribute WHERE attrelid = 'memory_vector'::regclass AND attname = 'embedding' AND NOT attisdropped
) AS there
