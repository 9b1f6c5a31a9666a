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

-- name: moved_owners
-- A page of the owners of one thread.
SELECT * FROM thread_owner
WHERE thread_id = :thread_id AND owner_id > :owner_id ORDER BY owner_id LIMIT :limit

-- name: move_owner
-- Add one owner of a thread as another database holds it.
INSERT INTO thread_owner (owner_id, thread_id) VALUES (:owner_id, :thread_id) ON CONFLICT DO NOTHING

-- name: move_thread
-- Let a thread have the owner and the times that another database holds, from which on it is listed.
UPDATE thread SET owner_id = :owner_id, created_at = :created_at, updated_at = :updated_at WHERE thread_id = :thread_id

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
    partition, thread_id, extractor, message_id, content_hash, position, state, actor, text, withheld, asked, scope, source,
    attempts, reason, queued_at
) VALUES (
    :partition, :thread_id, :extractor, :message_id, :content_hash, :position, :state, :actor, :text, :withheld, :asked, :scope,
    :source, :attempts, :reason, :queued_at
) ON CONFLICT DO NOTHING
