-- name: claim_thread
-- Note that a run for an owner saved a checkpoint of a thread.
INSERT INTO thread_owner (owner_id, thread_id) VALUES (:owner_id, :thread_id) ON CONFLICT DO NOTHING

-- name: owners_of_thread
-- The owners that runs named when they saved checkpoints of a thread.
SELECT owner_id FROM thread_owner WHERE thread_id = :thread_id ORDER BY owner_id

-- name: copy_thread_owners
-- Let a copied thread have the owners of the first.
INSERT INTO thread_owner (owner_id, thread_id)
SELECT owner_id, :thread_id FROM thread_owner WHERE thread_id = :source_thread_id

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

-- name: holdings
-- How much of each kind one partition holds.
SELECT
    (SELECT count(*) FROM agent_memory WHERE partition = :partition AND memory_type IS NOT NULL) AS memories,
    (SELECT count(*) FROM agent_memory WHERE partition = :partition AND memory_type IS NULL) AS items,
    (SELECT count(*) FROM memory_version WHERE partition = :partition) AS versions,
    (SELECT count(*) FROM memory_vector WHERE partition = :partition) AS vectors,
    (SELECT count(*) FROM memory_audit WHERE partition = :partition) AS audit,
    (SELECT count(*) FROM promotion_ledger WHERE partition = :partition) AS ledger,
    (SELECT count(*) FROM memory_receipt WHERE partition = :partition) AS receipts,
    (SELECT count(*) FROM promotion_job WHERE partition = :partition) AS jobs

-- name: erase_postings
-- Remove the text index of one partition.
DELETE FROM memory_posting
WHERE partition = :partition

-- name: erase_subjects
-- Remove the subjects of one partition.
DELETE FROM memory_subject
WHERE partition = :partition

-- name: erase_versions
-- Remove the earlier states of the memories of one partition.
DELETE FROM memory_version WHERE partition = :partition

-- name: erase_rows
-- Remove the memories and items of one partition.
DELETE FROM agent_memory WHERE partition = :partition

-- name: erase_audit
-- Remove the audit trail of one partition.
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

-- name: erase_vectors
-- Remove the vectors of one partition.
DELETE FROM memory_vector WHERE partition = :partition

