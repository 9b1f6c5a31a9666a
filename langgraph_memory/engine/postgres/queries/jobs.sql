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
