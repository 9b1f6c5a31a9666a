-- name: eligible_memories
-- The memories of one owner that a read may see at a moment, most important and newest first.
SELECT * FROM agent_memory
WHERE partition = :partition
  AND scope = ANY (:scopes::text[]) AND memory_type = ANY (:memory_types::text[])
  AND created_at <= :at AND (superseded_at IS NULL OR superseded_at > :at) AND (expires_at IS NULL OR expires_at > :at)
  AND coalesce(injection, '') <> 'never'
  AND (:pinned_types::text[] IS NULL OR injection = 'always' OR memory_type = ANY (:pinned_types::text[]))
  AND (:trusts::text[] IS NULL OR trust = ANY (:trusts::text[]))
  AND (:slot_start::text IS NULL OR starts_with(slot, :slot_start::text))
  AND coalesce(agent_memory.tags, '[]')::jsonb @> to_jsonb(:wanted_tags::text[])
  AND (:since::bigint IS NULL OR coalesce(valid_from, created_at) >= :since)
  AND (:before::bigint IS NULL OR coalesce(valid_from, created_at) < :before)
ORDER BY importance DESC, updated_at DESC, memory_no DESC LIMIT :limit

-- name: owners
-- Every owner of a memory, and how many of them are live.
SELECT owner_id, count(*) AS memories,
    count(*) FILTER (WHERE superseded_at IS NULL AND (expires_at IS NULL OR expires_at > :now)) AS live
FROM agent_memory WHERE memory_type IS NOT NULL GROUP BY owner_id ORDER BY owner_id

-- name: ledger_entries
-- Which of the given messages an extractor has read already, with the hash of the words it read.
SELECT message_id, content_hash FROM promotion_ledger
WHERE partition = :partition AND message_id = ANY (:message_ids::text[]) AND extractor = :extractor
  AND (thread_id = :thread_id OR message_id = ANY (:anywhere::text[]))

-- name: ledger_from
-- What was read by some runs, or at some checkpoints of one thread or of any, for one owner.
SELECT thread_id, message_id, extractor, content_hash FROM promotion_ledger
WHERE partition = :partition AND (run_id = ANY (:run_ids::text[])
    OR ((:thread_id::text IS NULL OR thread_id = :thread_id) AND checkpoint_id = ANY (:checkpoint_ids::text[])))

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

-- name: live_about
-- What is noted of a partition, and which of its live memories of a scope and type are in a slot or of the same words.
SELECT p.partition, p.partition_no, p.size, (SELECT coalesce(json_agg(n.memory_no)::text, '[]') FROM (
    SELECT memory_no FROM agent_memory
    WHERE partition = :partition AND scope = :scope AND memory_type = :memory_type AND slot = :slot
      AND superseded_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
    UNION
    SELECT memory_no FROM agent_memory
    WHERE partition = :partition AND scope = :scope AND memory_type = :memory_type AND fingerprint = :fingerprint
      AND superseded_at IS NULL AND (expires_at IS NULL OR expires_at > :now)) AS n) AS about,
    (SELECT max(memory_no) FROM agent_memory
     WHERE memory_no BETWEEN p.partition_no << 32 AND (p.partition_no << 32) + 4294967295) AS newest
FROM store_partition AS p WHERE p.partition = :partition

-- name: memories_of_owner
-- A page of one owner's memories that satisfy a filter, newest first.
SELECT * FROM agent_memory
WHERE partition = :partition AND memory_type IS NOT NULL AND (:everything OR (
    superseded_at IS NULL AND (expires_at IS NULL OR expires_at > :now)))
  AND (:memory_types::text[] IS NULL OR memory_type = ANY (:memory_types::text[]))
  AND (:trusts::text[] IS NULL OR trust = ANY (:trusts::text[]))
  AND (:slot_start::text IS NULL OR starts_with(slot, :slot_start::text))
  AND coalesce(agent_memory.tags, '[]')::jsonb @> to_jsonb(:wanted_tags::text[])
  AND (:since::bigint IS NULL OR coalesce(valid_from, created_at) >= :since)
  AND (:before::bigint IS NULL OR coalesce(valid_from, created_at) < :before)
ORDER BY updated_at DESC, memory_no DESC LIMIT :limit OFFSET :offset

-- name: memories_quoting
-- The memories of one partition whose source names one of some messages, as JSON writes their ids.
SELECT * FROM agent_memory AS m
WHERE m.partition = :partition AND m.memory_type IS NOT NULL
  AND EXISTS (SELECT 1 FROM unnest(:needles::text[]) AS n WHERE strpos(m.source, n) > 0)
