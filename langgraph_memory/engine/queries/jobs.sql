-- name: queue_job
-- Make a job due, or put it off for another turn; one that is backing off after a failure keeps its later moment.
INSERT INTO promotion_job (partition, thread_id, extractor, due_at, last_error, first_at, updated_at)
VALUES (:partition, :thread_id, :extractor, :due_at, :last_error, :now, :now)
ON CONFLICT (partition, thread_id, extractor) DO UPDATE SET
    due_at = CASE
        WHEN promotion_job.due_at IS NULL THEN excluded.due_at
        WHEN promotion_job.last_error IS NOT NULL AND promotion_job.due_at > excluded.due_at THEN promotion_job.due_at
        WHEN excluded.last_error IS NOT NULL OR promotion_job.last_error IS NOT NULL THEN excluded.due_at
        WHEN excluded.due_at > promotion_job.first_at + :at_latest THEN promotion_job.first_at + :at_latest
        ELSE excluded.due_at END,
    first_at = CASE WHEN promotion_job.due_at IS NULL THEN excluded.first_at ELSE promotion_job.first_at END,
    last_error = coalesce(excluded.last_error, promotion_job.last_error),
    updated_at = excluded.updated_at

-- name: last_position
-- The position of the newest message of a job.
SELECT coalesce(max(position), 0) AS position FROM promotion_job_message
WHERE partition = :partition AND thread_id = :thread_id AND extractor = :extractor

-- name: queue_message
-- Add a message to a job, unless the same words of it are there.
INSERT INTO promotion_job_message (
    partition, thread_id, extractor, message_id, content_hash, position, state, actor, text, withheld, asked, scope, source,
    attempts, reason, queued_at
) VALUES (
    :partition, :thread_id, :extractor, :message_id, :content_hash, :position, :state, :actor, :text, :withheld, :asked, :scope,
    :source, :attempts, NULL, :now
) ON CONFLICT DO NOTHING

-- name: revoke_lease
-- Take the lease of a job from whoever holds it.
UPDATE promotion_job SET lease_id = NULL, leased_until = NULL
WHERE partition = :partition AND thread_id = :thread_id AND extractor = :extractor

-- name: job
-- The job of one owner's thread for one extractor.
SELECT * FROM promotion_job WHERE partition = :partition AND thread_id = :thread_id AND extractor = :extractor

-- name: jobs_of_thread
-- The jobs of one thread, whoever they are of.
SELECT partition, thread_id, extractor FROM promotion_job WHERE thread_id = :thread_id

-- name: due_jobs
-- Which jobs of an extractor can be claimed, longest due first; `ahead`: those not due yet that have not failed too.
SELECT partition, thread_id FROM promotion_job
WHERE extractor = :extractor AND due_at IS NOT NULL AND (due_at <= :now OR (:ahead AND last_error IS NULL))
  AND (leased_until IS NULL OR leased_until <= :now)
ORDER BY due_at, partition, thread_id LIMIT :limit

-- name: claim_job
-- Lease a job, unless somebody else has it or it is not due; `ahead`: it need not be, unless it has failed.
UPDATE promotion_job SET lease_id = :lease_id, leased_until = :leased_until, updated_at = :now
WHERE partition = :partition AND thread_id = :thread_id AND extractor = :extractor
  AND due_at IS NOT NULL AND (due_at <= :now OR (:ahead AND last_error IS NULL))
  AND (leased_until IS NULL OR leased_until <= :now)
RETURNING partition

-- name: count_attempt
-- Count one more attempt at what waits in a job.
UPDATE promotion_job_message SET attempts = attempts + 1
WHERE partition = :partition AND thread_id = :thread_id AND extractor = :extractor AND state = 'waiting'

-- name: job_messages
-- What waits in a job, and what it is compared with, in the order in which it was said.
SELECT * FROM promotion_job_message
WHERE partition = :partition AND thread_id = :thread_id AND extractor = :extractor AND state <> 'set_aside'
ORDER BY position, message_id

-- name: hold_job
-- Keep a job for longer, if the lease still holds.
UPDATE promotion_job SET leased_until = :leased_until, updated_at = :now
WHERE partition = :partition AND thread_id = :thread_id AND extractor = :extractor AND lease_id = :lease_id
RETURNING partition

-- name: drop_message
-- Remove a message from a job: it has been read.
DELETE FROM promotion_job_message
WHERE partition = :partition AND thread_id = :thread_id AND extractor = :extractor
  AND message_id = :message_id AND content_hash = :content_hash

-- name: set_message_aside
-- Leave a message of a job alone until somebody says otherwise.
UPDATE promotion_job_message SET state = 'set_aside', reason = :reason
WHERE partition = :partition AND thread_id = :thread_id AND extractor = :extractor
  AND message_id = :message_id AND content_hash = :content_hash

-- name: messages_left
-- How many messages of a job wait, and how many are set aside.
SELECT coalesce(sum(CASE WHEN state = 'waiting' THEN 1 ELSE 0 END), 0) AS waiting,
    coalesce(sum(CASE WHEN state = 'set_aside' THEN 1 ELSE 0 END), 0) AS set_aside
FROM promotion_job_message WHERE partition = :partition AND thread_id = :thread_id AND extractor = :extractor

-- name: release_job
-- Give a lease back, and say when the job is due again and why it failed.
UPDATE promotion_job SET lease_id = NULL, leased_until = NULL, due_at = :due_at, last_error = :last_error,
    first_at = :now, updated_at = :now
WHERE partition = :partition AND thread_id = :thread_id AND extractor = :extractor

-- name: delete_job
-- Remove a job, whose messages are gone.
DELETE FROM promotion_job WHERE partition = :partition AND thread_id = :thread_id AND extractor = :extractor

-- name: delete_messages_of_job
-- Remove all messages of a job.
DELETE FROM promotion_job_message
WHERE partition = :partition AND thread_id = :thread_id AND extractor = :extractor

-- name: next_due
-- When the next job of an extractor can be claimed; no row value when there is none.
SELECT min(CASE WHEN leased_until > due_at THEN leased_until ELSE due_at END) AS due_at
FROM promotion_job WHERE extractor = :extractor AND due_at IS NOT NULL

-- name: jobs
-- A page of the jobs of one owner or of all, longest waiting first, with how many of their messages wait.
SELECT j.*, (
    SELECT count(*) FROM promotion_job_message AS m WHERE m.partition = j.partition AND m.thread_id = j.thread_id
        AND m.extractor = j.extractor AND m.state = 'waiting') AS waiting, (
    SELECT count(*) FROM promotion_job_message AS m WHERE m.partition = j.partition AND m.thread_id = j.thread_id
        AND m.extractor = j.extractor AND m.state = 'set_aside') AS set_aside, (
    SELECT coalesce(max(attempts), 0) FROM promotion_job_message AS m WHERE m.partition = j.partition
        AND m.thread_id = j.thread_id AND m.extractor = j.extractor AND m.state <> 'heard') AS attempts, (
    SELECT max(reason) FROM promotion_job_message AS m WHERE m.partition = j.partition AND m.thread_id = j.thread_id
        AND m.extractor = j.extractor AND m.state = 'set_aside') AS reason
FROM promotion_job AS j WHERE CAST(:partition AS text) IS NULL OR j.partition = :partition
ORDER BY j.first_at, j.partition, j.thread_id, j.extractor LIMIT :limit OFFSET :offset

-- name: messages_set_aside
-- The messages of one owner that are set aside, of a thread or of all.
SELECT * FROM promotion_job_message
WHERE partition = :partition AND state = 'set_aside' AND (CAST(:thread_id AS text) IS NULL OR thread_id = :thread_id)
ORDER BY thread_id, extractor, position, message_id

-- name: retry_messages
-- Let the messages of one owner that are set aside wait again.
UPDATE promotion_job_message SET state = 'waiting', attempts = 0, reason = NULL
WHERE partition = :partition AND state = 'set_aside' AND (CAST(:thread_id AS text) IS NULL OR thread_id = :thread_id)
