-- name: queued_from
-- What some runs, or the turns at some checkpoints of one thread or of any, have queued for one owner.
SELECT thread_id, extractor, message_id, content_hash FROM promotion_job_message
WHERE partition = :partition AND state <> 'heard'
  AND (json_extract(source, '$.run_id') IN (SELECT value FROM json_each(:run_ids))
    OR ((:thread_id IS NULL OR thread_id = :thread_id)
        AND json_extract(source, '$.checkpoint_id') IN (SELECT value FROM json_each(:checkpoint_ids))))

-- name: queued_messages
-- Which of the given messages wait in a job or were set aside, with the hash of their words.
SELECT message_id, content_hash FROM promotion_job_message
WHERE partition = :partition AND extractor = :extractor AND state <> 'heard' AND message_id IN (SELECT value FROM json_each(:message_ids))
  AND (thread_id = :thread_id OR message_id IN (SELECT value FROM json_each(:anywhere)))

-- name: words_heard
-- The messages of a thread that hold some words, by the hash of those, that were read or wait.
SELECT message_id, content_hash FROM promotion_ledger
WHERE partition = :partition AND thread_id = :thread_id AND extractor = :extractor AND content_hash IN (SELECT value FROM json_each(:hashes))
UNION
SELECT message_id, content_hash FROM promotion_job_message
WHERE partition = :partition AND thread_id = :thread_id AND extractor = :extractor AND state <> 'heard'
  AND content_hash IN (SELECT value FROM json_each(:hashes))
