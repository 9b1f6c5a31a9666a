-- name: copy_thread_owners
-- Let a copied thread have the owners of the first.
INSERT INTO thread_owner (owner_id, thread_id)
SELECT owner_id, :thread_id FROM thread_owner WHERE thread_id = :source_thread_id

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

-- name: erase_vectors
-- Remove the vectors of one partition.
DELETE FROM memory_vector WHERE partition = :partition
