-- name: claim_thread
-- Note that a run for an owner saved a checkpoint of a thread.
INSERT INTO thread_owner (owner_id, thread_id) VALUES (:owner_id, :thread_id) ON CONFLICT DO NOTHING

-- name: owners_of_thread
-- The owners that runs named when they saved checkpoints of a thread.
SELECT owner_id FROM thread_owner WHERE thread_id = :thread_id ORDER BY owner_id

-- name: threads_of_owner
-- The threads whose checkpoints name an owner, and those the owner's trail or jobs name and no checkpoint claims.
SELECT thread_id FROM thread_owner WHERE owner_id = :owner_id
UNION
SELECT thread_id FROM (
    SELECT thread_id FROM promotion_ledger WHERE partition = :partition
    UNION SELECT thread_id FROM memory_receipt WHERE partition = :partition AND thread_id IS NOT NULL
    UNION SELECT thread_id FROM promotion_job WHERE partition = :partition
) AS t WHERE NOT EXISTS (SELECT 1 FROM thread_owner AS o WHERE o.thread_id = t.thread_id)
  AND EXISTS (SELECT 1 FROM thread AS p WHERE p.thread_id = t.thread_id)
ORDER BY thread_id

-- name: erase_versions
-- Remove the earlier states of the memories of one partition.
DELETE FROM memory_version WHERE partition = :partition

-- name: erase_rows
-- Remove the memories and items of one partition.
DELETE FROM agent_memory WHERE partition = :partition

-- name: erase_audit
-- Remove the audit log of one partition.
DELETE FROM memory_audit WHERE partition = :partition

-- name: erase_ledger
-- Remove the ledger of one partition.
DELETE FROM promotion_ledger WHERE partition = :partition

-- name: erase_receipts
-- Remove the receipts of one partition.
DELETE FROM memory_receipt WHERE partition = :partition

-- name: erase_jobs
-- Remove the jobs of one partition.
DELETE FROM promotion_job WHERE partition = :partition

-- name: erase_job_messages
-- Remove what waits in the jobs of one partition.
DELETE FROM promotion_job_message WHERE partition = :partition

-- name: erase_partition
-- Remove one partition, which is empty by now.
DELETE FROM store_partition WHERE partition = :partition
