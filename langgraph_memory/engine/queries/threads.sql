-- name: number_thread
-- Make sure that a thread has a number before pending writes are stored in it.
INSERT INTO thread (thread_id) VALUES (:thread_id) ON CONFLICT (thread_id) DO NOTHING

-- name: deleted_thread
-- The mark of a thread that was deleted.
SELECT mark FROM thread_deleted WHERE mark = :mark

-- name: delete_thread_without_checkpoint
-- Forget a thread that holds pending writes only, and those.
DELETE FROM thread WHERE thread_id = :thread_id AND created_at IS NULL

-- name: number_thread_of_writes
-- The same before the first pending writes; a thread that was deleted has a run under way, which brings nothing back.
INSERT INTO thread (thread_id)
SELECT t.id FROM (SELECT :thread_id AS id) AS t
WHERE :begins = 1 OR NOT EXISTS (SELECT 1 FROM thread_deleted WHERE mark = :mark)
ON CONFLICT (thread_id) DO NOTHING

-- name: name_owner
-- Note whose a thread is, unless that is known already.
UPDATE thread SET owner_id = :owner_id WHERE thread_id = :thread_id AND owner_id IS NULL

-- name: delete_summary_of_thread
-- Forget a thread; its number may be another's from now on.
DELETE FROM thread WHERE thread_id = :thread_id

-- name: copy_summary
-- Copy what is known of one thread to another.
UPDATE thread SET (owner_id, created_at, updated_at) =
    (SELECT s.owner_id, s.created_at, s.updated_at FROM thread AS s WHERE s.thread_id = :source_thread_id)
WHERE thread_id = :thread_id

-- name: thread
-- What is known of one thread that holds checkpoints.
SELECT thread_id, owner_id, created_at, updated_at FROM thread
WHERE thread_id = :thread_id AND created_at IS NOT NULL

-- name: threads_idle_since
-- Threads that were last written before a moment, longest ago first.
SELECT thread_id FROM thread WHERE updated_at < :moment ORDER BY updated_at LIMIT :limit
