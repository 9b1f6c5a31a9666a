-- name: copy_thread_owners
-- Let a copied thread have the owners of the first.
INSERT INTO thread_owner SELECT owner_id, :thread_id FROM thread_owner WHERE thread_id = :source_thread_id

-- name: holdings
-- How much of each kind one partition holds.
SELECT
    (SELECT count(*) FROM agent_memory WHERE partition = :partition AND memory_type IS NOT NULL) AS memories,
    (SELECT count(*) FROM agent_memory WHERE partition = :partition AND memory_type IS NULL) AS items,
    (SELECT count(*) FROM memory_version WHERE partition = :partition) AS versions,
    (SELECT count(*) FROM store_partition AS p JOIN memory_vector AS v
     WHERE p.partition = :partition
       AND v.memory_no BETWEEN p.partition_no << 32 AND p.partition_no << 32 | 4294967295) AS vectors,
    (SELECT count(*) FROM memory_audit WHERE partition = :partition) AS audit,
    (SELECT count(*) FROM promotion_ledger WHERE partition = :partition) AS ledger,
    (SELECT count(*) FROM memory_receipt WHERE partition = :partition) AS receipts,
    (SELECT count(*) FROM promotion_job WHERE partition = :partition) AS jobs

-- name: erase_postings
-- Remove the text index of one partition.
DELETE FROM memory_posting
WHERE partition_no = (SELECT partition_no FROM store_partition WHERE partition = :partition)

-- name: erase_subjects
-- Remove the subjects of one partition.
DELETE FROM memory_subject
WHERE partition_no = (SELECT partition_no FROM store_partition WHERE partition = :partition)
