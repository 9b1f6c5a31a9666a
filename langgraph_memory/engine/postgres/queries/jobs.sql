-- name: queued_from
-- What some runs, or the turns at some checkpoints of one thread or of any, have queued for one owner.
SELECT thread_id, extractor, message_id, content_hash FROM promotion_job_message
WHERE partition = :partition AND state <> 'heard'
  AND (source::json ->> 'run_id' = ANY (:run_ids::text[])
    OR ((:thread_id::text IS NULL OR thread_id = :thread_id)
        AND source::json ->> 'checkpoint_id' = ANY (:checkpoint_ids::text[])))

-- name: queued_messages
-- Which of the given messages wait in a job or were set aside, with the hash of their words.
SELECT message_id, content_hash FROM promotion_job_message
WHERE partition = :partition AND extractor = :extractor AND state <> 'heard' AND message_id = ANY (:message_ids::text[])
  AND (thread_id = :thread_id OR message_id = ANY (:anywhere::text[]))

-- name: words_heard
-- The messages of a thread that hold some words, by the hash of those, that were read or wait.
SELECT message_id, content_hash FROM promotion_ledger
WHERE partition = :partition AND thread_id = :thread_id AND extractor = :extractor AND content_hash = ANY (:hashes::text[])
UNION
SELECT message_id, content_hash FROM promotion_job_message
WHERE partition = :partition AND thread_id = :thread_id AND extractor = :extractor AND state <> 'heard'
  AND content_hash = ANY (:hashes::text[])

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
FROM promotion_job AS j WHERE :partition::text IS NULL OR j.partition = :partition
ORDER BY j.first_at, j.partition, j.thread_id, j.extractor LIMIT :limit OFFSET :offset

-- name: messages_set_aside
-- The messages of one owner that are set aside, of a thread or of all.
SELECT * FROM promotion_job_message
WHERE partition = :partition AND state = 'set_aside' AND (:thread_id::text IS NULL OR thread_id = :thread_id)
ORDER BY thread_id, extractor, position, message_id

-- name: retry_messages
-- Let the messages of one owner that are set aside wait again.
UPDATE promotion_job_message SET state = 'waiting', attempts = 0, reason = NULL
WHERE partition = :partition AND state = 'set_aside' AND (:thread_id::text IS NULL OR thread_id = :thread_id)
