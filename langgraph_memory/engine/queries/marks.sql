-- name: mark_keys
-- The keys that marks are made with, the database's own first.
SELECT name, value FROM store_setting WHERE substr(name, 1, 8) = 'mark_key' ORDER BY name

-- name: mark_keys_in_use
-- The same; none while there are no marks.
SELECT name, value FROM store_setting
WHERE substr(name, 1, 8) = 'mark_key' AND EXISTS (SELECT 1 FROM memory_mark) ORDER BY name

-- name: put_mark
-- Leave a mark, or leave it again.
INSERT INTO memory_mark (holder, digest, marked_at) VALUES (:holder, :digest, :now)
ON CONFLICT (holder, digest) DO UPDATE SET marked_at = excluded.marked_at

-- name: lift_mark
-- Remove a mark: what it is of was said anew.
DELETE FROM memory_mark WHERE holder = :holder AND digest = :digest

-- name: moved_marks
-- A page of the marks.
SELECT holder, digest, marked_at FROM memory_mark
WHERE (holder, digest) > (:after_holder, :after_digest) ORDER BY holder, digest LIMIT :limit

-- name: move_mark
-- Add a mark as another database holds it.
INSERT INTO memory_mark (holder, digest, marked_at) VALUES (:holder, :digest, :marked_at) ON CONFLICT DO NOTHING

-- name: heard_of_owner
-- Which messages were read for one owner, or wait to be.
SELECT thread_id, message_id, content_hash FROM promotion_ledger WHERE partition = :partition
UNION
SELECT thread_id, message_id, content_hash FROM promotion_job_message WHERE partition = :partition AND state <> 'heard'

-- name: copy_ledger
-- Let what was read of one thread for one owner, or waits to be, count as read in its copy.
INSERT INTO promotion_ledger (
    partition, thread_id, message_id, extractor, content_hash, checkpoint_id, run_id, promoted_at
)
SELECT partition, :thread_id, message_id, extractor, content_hash, checkpoint_id, run_id, promoted_at
FROM promotion_ledger WHERE partition = :partition AND thread_id = :source_thread_id
UNION
SELECT partition, :thread_id, message_id, extractor, content_hash, NULL, NULL, queued_at
FROM promotion_job_message
WHERE partition = :partition AND thread_id = :source_thread_id AND state <> 'heard'
ON CONFLICT DO NOTHING
