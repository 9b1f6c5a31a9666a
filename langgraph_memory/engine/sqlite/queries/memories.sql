-- name: eligible_memories
-- The memories of one owner that a read may see at a moment, most important and newest first.
SELECT * FROM agent_memory
WHERE partition = :partition
  AND scope IN (SELECT value FROM json_each(:scopes)) AND memory_type IN (SELECT value FROM json_each(:memory_types))
  AND created_at <= :at AND (superseded_at IS NULL OR superseded_at > :at) AND (expires_at IS NULL OR expires_at > :at)
  AND coalesce(injection, '') <> 'never'
  AND (:pinned_types IS NULL OR injection = 'always' OR memory_type IN (SELECT value FROM json_each(:pinned_types)))
  AND (:trusts IS NULL OR trust IN (SELECT value FROM json_each(:trusts)))
  AND (:slot_start IS NULL OR substr(slot, 1, length(:slot_start)) = :slot_start)
  AND NOT EXISTS (SELECT value FROM json_each(:wanted_tags) EXCEPT SELECT value FROM json_each(agent_memory.tags))
  AND (:since IS NULL OR coalesce(valid_from, created_at) >= :since)
  AND (:before IS NULL OR coalesce(valid_from, created_at) < :before)
ORDER BY importance DESC, updated_at DESC, memory_no DESC LIMIT :limit

-- name: owners
-- Every owner of a memory, and how many of them are live.
SELECT owner_id, count(*) AS memories,
    sum(superseded_at IS NULL AND (expires_at IS NULL OR expires_at > :now)) AS live
FROM agent_memory WHERE memory_type IS NOT NULL GROUP BY owner_id ORDER BY owner_id

-- name: ledger_entries
-- Which of the given messages an extractor has read already, with the hash of the words it read.
SELECT message_id, content_hash FROM promotion_ledger
WHERE partition = :partition AND message_id IN (SELECT value FROM json_each(:message_ids)) AND extractor = :extractor
  AND (thread_id = :thread_id OR message_id IN (SELECT value FROM json_each(:anywhere)))

-- name: ledger_from
-- What was read by some runs, or at some checkpoints of one thread or of any, for one owner.
SELECT thread_id, message_id, extractor, content_hash FROM promotion_ledger
WHERE partition = :partition AND (run_id IN (SELECT value FROM json_each(:run_ids))
    OR ((:thread_id IS NULL OR thread_id = :thread_id)
        AND checkpoint_id IN (SELECT value FROM json_each(:checkpoint_ids))))

-- name: changes_from
-- The changes to one owner's memories that some runs made, or that were made at some checkpoints of one thread or any.
SELECT memory_id, change_no FROM memory_audit
WHERE partition = :partition AND (run_id IN (SELECT value FROM json_each(:run_ids))
    OR ((:thread_id IS NULL OR thread_id = :thread_id)
        AND checkpoint_id IN (SELECT value FROM json_each(:checkpoint_ids))))

-- name: changes_of
-- Every change to some memories of one owner, oldest first.
SELECT * FROM memory_audit
WHERE partition = :partition AND memory_id IN (SELECT value FROM json_each(:ids)) ORDER BY memory_id, change_no

-- name: memories_named
-- Some memories of one owner, live or not.
SELECT * FROM agent_memory
WHERE partition = :partition AND id IN (SELECT value FROM json_each(:ids)) AND memory_type IS NOT NULL
ORDER BY memory_no

-- name: put_receipt
-- Store a receipt.
INSERT INTO memory_receipt (partition, id, kind, thread_id, checkpoint_id, run_id, created_at, body)
VALUES (:partition, :id, :kind, :thread_id, :checkpoint_id, :run_id, :now, :body)

-- name: live_about
-- What is noted of a partition, and which of its live memories of a scope and type are in a slot or of the same words.
SELECT p.*, (SELECT json_group_array(memory_no) FROM (
    SELECT memory_no FROM agent_memory
    WHERE partition = :partition AND scope = :scope AND memory_type = :memory_type AND slot = :slot
      AND superseded_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
    UNION
    SELECT memory_no FROM agent_memory
    WHERE partition = :partition AND scope = :scope AND memory_type = :memory_type AND fingerprint = :fingerprint
      AND superseded_at IS NULL AND (expires_at IS NULL OR expires_at > :now))) AS about,
    (SELECT max(memory_no) FROM agent_memory
     WHERE memory_no BETWEEN p.partition_no << 32 AND (p.partition_no << 32) + 4294967295) AS newest
FROM store_partition AS p WHERE p.partition = :partition

-- name: memories_of_owner
-- A page of one owner's memories that satisfy a filter, newest first.
SELECT * FROM agent_memory
WHERE partition = :partition AND memory_type IS NOT NULL AND (:everything OR (
    superseded_at IS NULL AND (expires_at IS NULL OR expires_at > :now)))
  AND (:memory_types IS NULL OR memory_type IN (SELECT value FROM json_each(:memory_types)))
  AND (:trusts IS NULL OR trust IN (SELECT value FROM json_each(:trusts)))
  AND (:slot_start IS NULL OR substr(slot, 1, length(:slot_start)) = :slot_start)
  AND NOT EXISTS (SELECT value FROM json_each(:wanted_tags) EXCEPT SELECT value FROM json_each(agent_memory.tags))
  AND (:since IS NULL OR coalesce(valid_from, created_at) >= :since)
  AND (:before IS NULL OR coalesce(valid_from, created_at) < :before)
ORDER BY updated_at DESC, memory_no DESC LIMIT :limit OFFSET :offset

-- name: memories_quoting
-- The memories of one partition whose source names one of some messages, as JSON writes their ids.
SELECT * FROM agent_memory AS m
WHERE m.partition = :partition AND m.memory_type IS NOT NULL
  AND EXISTS (SELECT 1 FROM json_each(:needles) AS n WHERE instr(m.source, n.value) > 0)
