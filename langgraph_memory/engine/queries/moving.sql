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
