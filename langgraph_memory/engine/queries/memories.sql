-- name: memory
-- One memory of an owner, live or not.
SELECT * FROM agent_memory WHERE partition = :partition AND id = :id AND memory_type IS NOT NULL

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

-- name: set_injection
-- Say whether a memory is recalled always or never; NULL: as its type says. One that is superseded is not made newer.
UPDATE agent_memory SET injection = :injection, updated_at = CASE WHEN superseded_at IS NULL THEN :now ELSE updated_at END
WHERE partition = :partition AND id = :id AND memory_type IS NOT NULL

-- name: set_injection_of_versions
-- Say the same of the earlier states of a memory.
UPDATE memory_version SET injection = :injection WHERE partition = :partition AND id = :id

-- name: audit
-- Record one change to a memory.
INSERT INTO memory_audit (
    partition, memory_id, change_no, action, reason, actor, thread_id, checkpoint_id, run_id, changed_at
) VALUES (
    :partition, :memory_id,
    1 + coalesce((SELECT max(change_no) FROM memory_audit WHERE partition = :partition AND memory_id = :memory_id), 0),
    :action, :reason, :actor, :thread_id, :checkpoint_id, :run_id, :now
)

-- name: enter_in_ledger
-- Record that an extractor has read a message.
INSERT INTO promotion_ledger (
    partition, thread_id, message_id, extractor, content_hash, checkpoint_id, run_id, promoted_at
) VALUES (:partition, :thread_id, :message_id, :extractor, :content_hash, :checkpoint_id, :run_id, :now)

-- name: last_read
-- The messages of a thread that an extractor has read last.
SELECT message_id FROM promotion_ledger
WHERE partition = :partition AND thread_id = :thread_id AND extractor = :extractor AND promoted_at = (
    SELECT max(promoted_at) FROM promotion_ledger
    WHERE partition = :partition AND thread_id = :thread_id AND extractor = :extractor)

-- name: delete_ledger_line
-- Forget that an extractor has read a message.
DELETE FROM promotion_ledger
WHERE partition = :partition AND thread_id = :thread_id AND message_id = :message_id AND extractor = :extractor
  AND content_hash = :content_hash

-- name: receipt
-- One receipt of an owner.
SELECT * FROM memory_receipt WHERE partition = :partition AND id = :id

-- name: blank_audit
-- Leave out why a memory changed: the reason may name its slot, and it is forgotten.
UPDATE memory_audit SET reason = '' WHERE partition = :partition AND memory_id = :memory_id

-- name: derived
-- What was written of one owner's other memories, summaries of sessions and reflections, live or not; newest first.
SELECT * FROM agent_memory WHERE partition = :partition AND memory_type IN ('summary', 'reflection')
ORDER BY created_at DESC, memory_no DESC

-- name: memories_after
-- A page of the memories of every owner, by their numbers.
SELECT * FROM agent_memory WHERE memory_type IS NOT NULL AND memory_no > :after ORDER BY memory_no LIMIT :limit

-- name: blank_excerpt
-- Give a memory a source without the quote; its earlier states are given theirs one by one.
UPDATE agent_memory SET source = :source, checksum = :checksum
WHERE partition = :partition AND id = :id AND memory_type IS NOT NULL

-- name: blank_version_excerpt
-- The same of one earlier state of a memory.
UPDATE memory_version SET source = :source, checksum = :checksum
WHERE partition = :partition AND id = :id AND version_no = :version_no

-- name: audit_trail
-- A page of the changes to one owner's memories, or to one of them, newest first.
SELECT * FROM memory_audit
WHERE partition = :partition AND (CAST(:memory_id AS text) IS NULL OR memory_id = :memory_id)
ORDER BY changed_at DESC, memory_id DESC, change_no DESC LIMIT :limit OFFSET :offset

-- name: receipts
-- A page of one owner's receipts, newest first.
SELECT * FROM memory_receipt
WHERE partition = :partition AND (CAST(:thread_id AS text) IS NULL OR thread_id = :thread_id)
  AND (CAST(:checkpoint_id AS text) IS NULL OR checkpoint_id = :checkpoint_id) AND (CAST(:kind AS text) IS NULL OR kind = :kind)
ORDER BY created_at DESC, id DESC LIMIT :limit OFFSET :offset
