-- name: export_audit
-- A page of the audit log of one partition.
SELECT * FROM memory_audit
WHERE partition = :partition AND (memory_id, change_no) > (:after_id, :after_no)
ORDER BY memory_id, change_no LIMIT :limit

-- name: export_ledger
-- A page of the ledger of one partition.
SELECT * FROM promotion_ledger
WHERE partition = :partition
  AND (message_id, thread_id, extractor, content_hash) > (:message_id, :thread_id, :extractor, :content_hash)
ORDER BY message_id, thread_id, extractor, content_hash LIMIT :limit

-- name: export_receipts
-- A page of the receipts of one partition.
SELECT * FROM memory_receipt WHERE partition = :partition AND id > :after_id ORDER BY id LIMIT :limit

-- name: export_queue
-- A page of what waits in the jobs of one partition.
SELECT * FROM promotion_job_message
WHERE partition = :partition
  AND (thread_id, extractor, message_id, content_hash) > (:thread_id, :extractor, :message_id, :content_hash)
ORDER BY thread_id, extractor, message_id, content_hash LIMIT :limit

-- name: import_audit
-- Add one change of the audit log, unless it is there.
INSERT INTO memory_audit (
    partition, memory_id, change_no, action, reason, actor, thread_id, checkpoint_id, run_id, changed_at
) VALUES (
    :partition, :memory_id, :change_no, :action, :reason, :actor, :thread_id, :checkpoint_id, :run_id, :changed_at
) ON CONFLICT DO NOTHING RETURNING 1

-- name: import_ledger
-- Add one line of the ledger, unless it is there.
INSERT INTO promotion_ledger (
    partition, thread_id, message_id, extractor, content_hash, checkpoint_id, run_id, promoted_at
) VALUES (:partition, :thread_id, :message_id, :extractor, :content_hash, :checkpoint_id, :run_id, :promoted_at)
ON CONFLICT DO NOTHING RETURNING 1

-- name: import_receipt
-- Add one receipt, unless it is there.
INSERT INTO memory_receipt (partition, id, kind, thread_id, checkpoint_id, run_id, created_at, body)
VALUES (:partition, :id, :kind, :thread_id, :checkpoint_id, :run_id, :created_at, :body)
ON CONFLICT DO NOTHING RETURNING 1

-- name: import_queued
-- Add one message that waits in a job, unless it is there.
INSERT INTO promotion_job_message (
    partition, thread_id, extractor, message_id, content_hash, position, state, actor, text, withheld, asked, scope, source,
    attempts, reason, queued_at
) VALUES (
    :partition, :thread_id, :extractor, :message_id, :content_hash, :position, :state, :actor, :text, :withheld, :asked, :scope,
    :source, :attempts, :reason, :queued_at
) ON CONFLICT DO NOTHING RETURNING 1

-- name: partitions
-- Every partition that holds anything, or one of them.
SELECT partition FROM (
    SELECT partition FROM store_partition UNION SELECT partition FROM memory_audit
    UNION SELECT partition FROM promotion_ledger UNION SELECT partition FROM memory_receipt
    UNION SELECT partition FROM promotion_job
) AS held WHERE CAST(:partition AS text) IS NULL OR partition = :partition ORDER BY partition
