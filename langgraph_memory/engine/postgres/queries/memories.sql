-- name: memory
-- One memory of an owner, live or not.
SELECT * FROM agent_memory WHERE partition = :partition AND id = :id AND memory_type IS NOT NULL

-- name: live_about
-- The live memories of one owner, scope and type in a slot or with the same words.
SELECT * FROM agent_memory
WHERE partition = :partition AND scope = :scope AND memory_type = :memory_type AND slot = :slot
  AND superseded_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
UNION
SELECT * FROM agent_memory
WHERE partition = :partition AND scope = :scope AND memory_type = :memory_type AND fingerprint = :fingerprint
  AND superseded_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
ORDER BY memory_no

-- name: live_in_slots
-- The live memories of one owner and scope that are in any slot.
SELECT * FROM agent_memory
WHERE partition = :partition AND scope = :scope AND slot IS NOT NULL
  AND superseded_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
ORDER BY memory_no

-- name: supersede_memory
-- Let another memory take the place of this one, or none.
UPDATE agent_memory SET superseded_by = :superseded_by, superseded_at = :now, updated_at = :now
WHERE partition = :partition AND id = :id AND memory_type IS NOT NULL AND superseded_at IS NULL

-- name: mark_conflict
-- Say which group of contradicting memories this one is in; NULL: none.
UPDATE agent_memory SET conflict_id = :conflict_id, updated_at = :now
WHERE partition = :partition AND id = :id AND memory_type IS NOT NULL

-- name: live_in_conflict
-- The live memories of one owner that are in one group of contradicting ones.
SELECT * FROM agent_memory
WHERE partition = :partition AND conflict_id = :conflict_id
  AND superseded_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
ORDER BY memory_no

-- name: conflicts_of_owner
-- The live memories of one owner that contradict another live one, by group.
SELECT * FROM agent_memory AS m
WHERE m.partition = :partition AND m.conflict_id IS NOT NULL
  AND m.superseded_at IS NULL AND (m.expires_at IS NULL OR m.expires_at > :now) AND EXISTS (
    SELECT 1 FROM agent_memory AS o
    WHERE o.partition = :partition AND o.conflict_id = m.conflict_id AND o.memory_no <> m.memory_no
      AND o.superseded_at IS NULL AND (o.expires_at IS NULL OR o.expires_at > :now))
ORDER BY m.conflict_id, m.memory_no

-- name: predecessors
-- The memories whose place a memory took.
SELECT * FROM agent_memory WHERE partition = :partition AND superseded_by = :id ORDER BY memory_no

-- name: eligible_memories
-- The memories of one owner that a read may see at a moment, most important and newest first.
SELECT * FROM agent_memory
WHERE partition = :partition
  AND scope = ANY (:scopes::text[]) AND memory_type = ANY (:memory_types::text[])
  AND created_at <= :at AND (superseded_at IS NULL OR superseded_at > :at) AND (expires_at IS NULL OR expires_at > :at)
ORDER BY importance DESC, updated_at DESC, memory_no DESC LIMIT :limit

-- name: memories_of_owner
-- A page of one owner's memories, newest first.
SELECT * FROM agent_memory
WHERE partition = :partition AND memory_type IS NOT NULL AND (:everything OR (
    superseded_at IS NULL AND (expires_at IS NULL OR expires_at > :now)))
ORDER BY updated_at DESC, memory_no DESC LIMIT :limit OFFSET :offset

-- name: owners
-- Every owner of a memory, and how many of them are live.
SELECT owner_id, count(*) AS memories,
    count(*) FILTER (WHERE superseded_at IS NULL AND (expires_at IS NULL OR expires_at > :now)) AS live
FROM agent_memory WHERE memory_type IS NOT NULL GROUP BY owner_id ORDER BY owner_id

-- name: audit
-- Record one change to a memory.
INSERT INTO memory_audit (
    partition, memory_id, change_no, action, reason, actor, thread_id, checkpoint_id, run_id, changed_at
) VALUES (
    :partition, :memory_id,
    1 + coalesce((SELECT max(change_no) FROM memory_audit WHERE partition = :partition AND memory_id = :memory_id), 0),
    :action, :reason, :actor, :thread_id, :checkpoint_id, :run_id, :now
)

-- name: ledger_entries
-- Which of the given messages an extractor has read already, with the hash of the words it read.
SELECT message_id, content_hash FROM promotion_ledger
WHERE partition = :partition AND thread_id = :thread_id AND extractor = :extractor
  AND message_id = ANY (:message_ids::text[])

-- name: enter_in_ledger
-- Record that an extractor has read a message.
INSERT INTO promotion_ledger (
    partition, thread_id, message_id, extractor, content_hash, checkpoint_id, run_id, promoted_at
) VALUES (:partition, :thread_id, :message_id, :extractor, :content_hash, :checkpoint_id, :run_id, :now)

-- name: ledger_from
-- What was read by some runs, or at some checkpoints of one thread or of any, for one owner.
SELECT thread_id, message_id, extractor, content_hash FROM promotion_ledger
WHERE partition = :partition AND (run_id = ANY (:run_ids::text[])
    OR ((:thread_id::text IS NULL OR thread_id = :thread_id) AND checkpoint_id = ANY (:checkpoint_ids::text[])))

-- name: delete_ledger_line
-- Forget that an extractor has read a message.
DELETE FROM promotion_ledger
WHERE partition = :partition AND thread_id = :thread_id AND message_id = :message_id AND extractor = :extractor
  AND content_hash = :content_hash

-- name: changes_from
-- The changes to one owner's memories that some runs made, or that were made at some checkpoints of one thread or any.
SELECT memory_id, change_no FROM memory_audit
WHERE partition = :partition AND (run_id = ANY (:run_ids::text[])
    OR ((:thread_id::text IS NULL OR thread_id = :thread_id) AND checkpoint_id = ANY (:checkpoint_ids::text[])))

-- name: changes_of
-- Every change to some memories of one owner, oldest first.
SELECT * FROM memory_audit
WHERE partition = :partition AND memory_id = ANY (:ids::text[]) ORDER BY memory_id, change_no

-- name: memories_named
-- Some memories of one owner, live or not.
SELECT * FROM agent_memory
WHERE partition = :partition AND id = ANY (:ids::text[]) AND memory_type IS NOT NULL
ORDER BY memory_no

-- name: put_receipt
-- Store a receipt, unless it is there.
INSERT INTO memory_receipt (partition, id, kind, thread_id, checkpoint_id, run_id, created_at, body)
VALUES (:partition, :id, :kind, :thread_id, :checkpoint_id, :run_id, :now, :body)
ON CONFLICT (partition, id) DO NOTHING

-- name: receipts
-- A page of one owner's receipts, newest first.
SELECT * FROM memory_receipt
WHERE partition = :partition AND (:thread_id::text IS NULL OR thread_id = :thread_id)
  AND (:checkpoint_id::text IS NULL OR checkpoint_id = :checkpoint_id) AND (:kind::text IS NULL OR kind = :kind)
ORDER BY created_at DESC, id DESC LIMIT :limit OFFSET :offset

-- name: receipt
-- One receipt of an owner.
SELECT * FROM memory_receipt WHERE partition = :partition AND id = :id

-- name: audit_trail
-- A page of the changes to one owner's memories, or to one of them, newest first.
SELECT * FROM memory_audit
WHERE partition = :partition AND (:memory_id::text IS NULL OR memory_id = :memory_id)
ORDER BY changed_at DESC, memory_id DESC, change_no DESC LIMIT :limit OFFSET :offset

-- name: blank_audit
-- Leave out why a memory changed: the reason may name its slot, and it is forgotten.
UPDATE memory_audit SET reason = '' WHERE partition = :partition AND memory_id = :memory_id
