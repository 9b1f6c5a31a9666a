-- name: partitions
-- Every partition that holds anything, or one of them.
SELECT partition FROM (
    SELECT partition FROM store_partition UNION SELECT partition FROM memory_audit
    UNION SELECT partition FROM promotion_ledger UNION SELECT partition FROM memory_receipt
    UNION SELECT partition FROM promotion_job
) WHERE :partition IS NULL OR partition = :partition ORDER BY partition

-- name: export_rows
-- A page of the rows of one partition, in the order in which they were stored.
SELECT * FROM agent_memory
WHERE partition = :partition AND memory_no > :after
  AND memory_no BETWEEN (SELECT partition_no << 32 FROM store_partition WHERE partition = :partition)
    AND (SELECT partition_no << 32 | 4294967295 FROM store_partition WHERE partition = :partition)
ORDER BY memory_no LIMIT :limit

-- name: export_versions
-- The earlier states of some memories of one partition, oldest first.
SELECT * FROM memory_version
WHERE partition = :partition AND id IN (SELECT value FROM json_each(:ids)) ORDER BY memory_no, version_no

-- name: export_audit
-- A page of the audit trail of one partition.
SELECT * FROM memory_audit
WHERE partition = :partition AND (memory_id, change_no) > (:after_id, :after_no)
ORDER BY memory_id, change_no LIMIT :limit

-- name: export_ledger
-- A page of the ledger of one partition.
SELECT * FROM promotion_ledger
WHERE partition = :partition
  AND (thread_id, message_id, extractor, content_hash) > (:thread_id, :message_id, :extractor, :content_hash)
ORDER BY thread_id, message_id, extractor, content_hash LIMIT :limit

-- name: export_receipts
-- A page of the receipts of one partition.
SELECT * FROM memory_receipt WHERE partition = :partition AND id > :after_id ORDER BY id LIMIT :limit

-- name: export_queue
-- A page of what waits in the jobs of one partition.
SELECT * FROM promotion_job_message
WHERE partition = :partition
  AND (thread_id, extractor, message_id, content_hash) > (:thread_id, :extractor, :message_id, :content_hash)
ORDER BY thread_id, extractor, message_id, content_hash LIMIT :limit

-- name: held_rows
-- Which rows of one partition are at some places, given as (namespace, id), or are memories of the same ids.
SELECT m.namespace, m.id, m.memory_type FROM json_each(:keys) AS k
CROSS JOIN agent_memory AS m ON m.partition = :partition AND m.namespace = json_extract(k.value, '$[0]')
  AND m.id = json_extract(k.value, '$[1]')
UNION
SELECT m.namespace, m.id, m.memory_type FROM json_each(:keys) AS k
CROSS JOIN agent_memory AS m ON m.partition = :partition AND m.id = json_extract(k.value, '$[1]')
  AND m.memory_type IS NOT NULL

-- name: import_version
-- Add an earlier state of a memory that was imported.
INSERT INTO memory_version VALUES (
    :memory_no, :version_no, :replaced_at, :partition, :id, :owner_id, :scope, :memory_type, :slot, :confidence,
    :importance, :created_at, :updated_at, :valid_from, :last_verified_at, :expires_at, :superseded_by,
    :superseded_at, :conflict_id, :fingerprint, :subject_key, :question_share, :term_count, :context_count,
    :asked_count, :subject, :content, :content_json, :source, :context, :terms, :context_terms, :asked_terms)

-- name: import_audit
-- Add one change of the audit trail, unless it is there.
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
    partition, thread_id, extractor, message_id, content_hash, position, state, actor, text, withheld, scope, source,
    attempts, reason, queued_at
) VALUES (
    :partition, :thread_id, :extractor, :message_id, :content_hash, :position, :state, :actor, :text, :withheld, :scope,
    :source, :attempts, :reason, :queued_at
) ON CONFLICT DO NOTHING RETURNING 1
