-- name: database_place
-- Where the database is, so that two names of one are told, and how large it is.
SELECT concat_ws('/', extract(epoch FROM pg_postmaster_start_time()), current_database(),
        coalesce(current_schema(), current_setting('search_path'))) AS place,
    pg_database_size(current_database()) AS bytes

-- name: moved_total
-- How much there is to copy, and when a thread was last written.
SELECT (SELECT count(*) FROM thread) AS threads, (SELECT count(*) FROM agent_memory) AS rows,
    (SELECT max(updated_at) FROM thread) AS last_write

-- name: moved_settings
-- Every setting of the file.
SELECT name, value FROM store_setting

-- name: moved_thread
-- What is known of one thread, also of one that holds pending writes only.
SELECT owner_id, created_at, updated_at FROM thread WHERE thread_id = :thread_id

-- name: moved_threads
-- A page of the threads, by id.
SELECT thread_id FROM thread WHERE thread_id > :after ORDER BY thread_id LIMIT :limit

-- name: threads_used_since
-- The threads that were last written after a moment.
SELECT thread_id, updated_at FROM thread WHERE updated_at > :moment ORDER BY thread_id

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

-- name: moved_owners
-- A page of the owners of one thread.
SELECT * FROM thread_owner
WHERE thread_id = :thread_id AND owner_id > :owner_id ORDER BY owner_id LIMIT :limit

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
    body
) VALUES (
    :thread_id, :checkpoint_ns, :checkpoint_id, :parent_checkpoint_id, :run_id, :channel_versions::json,
    :replayed_channels,
    :type, :body
) ON CONFLICT DO NOTHING

-- name: move_owner
-- Add one owner of a thread as another database holds it.
INSERT INTO thread_owner (owner_id, thread_id) VALUES (:owner_id, :thread_id) ON CONFLICT DO NOTHING

-- name: move_thread
-- Let a thread have the owner and the times that another database holds, from which on it is listed.
UPDATE thread SET owner_id = :owner_id, created_at = :created_at, updated_at = :updated_at WHERE thread_id = :thread_id

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

-- name: move_audit
-- Add one change of the audit trail as another database holds it.
INSERT INTO memory_audit (
    partition, memory_id, change_no, action, reason, actor, thread_id, checkpoint_id, run_id, changed_at
) VALUES (
    :partition, :memory_id, :change_no, :action, :reason, :actor, :thread_id, :checkpoint_id, :run_id, :changed_at
) ON CONFLICT DO NOTHING

-- name: move_ledger
-- Add one line of the ledger as another database holds it.
INSERT INTO promotion_ledger (
    partition, thread_id, message_id, extractor, content_hash, checkpoint_id, run_id, promoted_at
) VALUES (
    :partition, :thread_id, :message_id, :extractor, :content_hash, :checkpoint_id, :run_id, :promoted_at
) ON CONFLICT DO NOTHING

-- name: move_receipt
-- Add one receipt as another database holds it.
INSERT INTO memory_receipt (partition, id, kind, thread_id, checkpoint_id, run_id, created_at, body)
VALUES (:partition, :id, :kind, :thread_id, :checkpoint_id, :run_id, :created_at, :body) ON CONFLICT DO NOTHING

-- name: moved_jobs
-- A page of the jobs of one partition.
SELECT * FROM promotion_job
WHERE partition = :partition AND (thread_id, extractor) > (:thread_id, :extractor)
ORDER BY thread_id, extractor LIMIT :limit

-- name: unread_messages
-- How many messages of a job are in no ledger yet.
SELECT count(*) AS messages FROM promotion_job_message AS m
WHERE m.partition = :partition AND m.thread_id = :thread_id AND m.extractor = :extractor AND m.state <> 'heard'
  AND NOT EXISTS (
    SELECT 1 FROM promotion_ledger AS l
    WHERE l.partition = :partition AND l.thread_id = m.thread_id AND l.message_id = m.message_id
      AND l.extractor = m.extractor AND l.content_hash = m.content_hash)

-- name: move_job
-- Add one job as another database holds it; nobody has leased it here.
INSERT INTO promotion_job (partition, thread_id, extractor, due_at, last_error, first_at, updated_at)
VALUES (:partition, :thread_id, :extractor, :due_at, :last_error, :first_at, :updated_at) ON CONFLICT DO NOTHING

-- name: move_queued
-- Add one message that waits in a job as another database holds it.
INSERT INTO promotion_job_message (
    partition, thread_id, extractor, message_id, content_hash, position, state, actor, text, withheld, scope, source,
    attempts, reason, queued_at
) VALUES (
    :partition, :thread_id, :extractor, :message_id, :content_hash, :position, :state, :actor, :text, :withheld, :scope,
    :source, :attempts, :reason, :queued_at
) ON CONFLICT DO NOTHING
