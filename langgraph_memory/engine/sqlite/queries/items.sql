-- name: known_partition
-- The partition of that name, when there is one.
SELECT partition_no FROM store_partition WHERE partition = :partition

-- name: new_partition
-- The partition of that name, made when it is new.
INSERT INTO store_partition (partition) VALUES (:partition)
ON CONFLICT (partition) DO UPDATE SET partition = excluded.partition
RETURNING partition_no

-- name: add_item
-- Add one row at the end of its partition's range of numbers, unless there is one of its id: then nothing is returned.
INSERT INTO agent_memory (
    memory_no, partition, namespace, id, value, ttl_minutes, owner_id, scope, memory_type, slot, content, content_json,
    subject, context, source, confidence, importance, created_at, updated_at, valid_from, last_verified_at, expires_at,
    superseded_by, superseded_at, conflict_id, tags, injection,
    trust, protected, checksum, stated_confidence, stated_at, decayed_at, fingerprint, subject_key,
    question_share, terms, term_count, context_terms, context_count, asked_terms, asked_count
) VALUES (
    1 + coalesce(
        (SELECT max(memory_no) FROM agent_memory
         WHERE memory_no BETWEEN :partition_no << 32 AND :partition_no << 32 | 4294967295),
        :partition_no << 32
    ),
    :partition, :namespace, :id, :value, :ttl_minutes, :owner_id, :scope, :memory_type, :slot, :content, :content_json,
    :subject, :context, :source, :confidence, :importance, :created_at, :updated_at, :valid_from, :last_verified_at,
    :expires_at, :superseded_by, :superseded_at, :conflict_id, :tags, :injection,
    :trust, :protected, :checksum, :stated_confidence, :stated_at, :decayed_at,
    :fingerprint, :subject_key, :question_share, :terms, :term_count, :context_terms, :context_count, :asked_terms,
    :asked_count
)
ON CONFLICT DO NOTHING
RETURNING memory_no

-- name: add_plain_item
-- Add a plain item at a place where there is none, at the end of its partition's range of numbers.
INSERT INTO agent_memory (
    memory_no, partition, namespace, id, value, ttl_minutes, created_at, updated_at, expires_at, terms, term_count
) VALUES (
    1 + coalesce(
        (SELECT max(memory_no) FROM agent_memory
         WHERE memory_no BETWEEN :partition_no << 32 AND :partition_no << 32 | 4294967295),
        :partition_no << 32
    ),
    :partition, :namespace, :id, :value, :ttl_minutes, :created_at, :updated_at, :expires_at, :terms, :term_count
)

-- name: last_numbers
-- Those of some partitions that there are, with the number of the last row of each, and whether it has vectors.
SELECT p.partition, coalesce(
    (SELECT m.memory_no FROM agent_memory AS m
     WHERE m.memory_no > p.partition_no << 32 AND m.memory_no <= p.partition_no << 32 | 4294967295
     ORDER BY m.memory_no DESC LIMIT 1), p.partition_no << 32) AS last,
    EXISTS (SELECT 1 FROM memory_vector AS v WHERE v.memory_no > p.partition_no << 32
            AND v.memory_no <= p.partition_no << 32 | 4294967295) AS has_vectors
FROM json_each(:partitions) AS n CROSS JOIN store_partition AS p ON p.partition = n.value

-- name: put_plain_item
-- Store a plain item: as a new row of that number, or in place of what is there; one that was over begins anew.
INSERT INTO agent_memory (
    memory_no, partition, namespace, id, value, ttl_minutes, expires_at, terms, term_count, created_at, updated_at
) VALUES (
    :memory_no, :partition, :namespace, :id, :value, :ttl_minutes, :expires_at, :terms, :term_count, :created_at,
    :updated_at
)
ON CONFLICT (partition, namespace, id) DO UPDATE SET
    created_at = CASE WHEN expires_at <= excluded.updated_at THEN excluded.created_at ELSE created_at END,
    value = excluded.value, ttl_minutes = excluded.ttl_minutes, expires_at = excluded.expires_at,
    terms = excluded.terms, term_count = excluded.term_count, updated_at = excluded.updated_at

-- name: delete_vectors_at
-- Remove the vectors of what is at a place.
DELETE FROM memory_vector WHERE memory_no = (
    SELECT memory_no FROM agent_memory WHERE partition = :partition AND namespace = :namespace AND id = :id)

-- name: update_item
-- Rewrite one row in place; its number stays, and what its confidence was before it faded unless that is said anew.
UPDATE agent_memory SET
    value = :value, ttl_minutes = :ttl_minutes, slot = :slot, content = :content, content_json = :content_json,
    subject = :subject, context = :context, source = :source, confidence = :confidence, importance = :importance,
    created_at = :created_at, updated_at = :updated_at, valid_from = :valid_from,
    last_verified_at = :last_verified_at, expires_at = :expires_at,
    superseded_by = :superseded_by, superseded_at = :superseded_at, conflict_id = :conflict_id, tags = :tags, injection = :injection,
    trust = :trust, protected = :protected, checksum = :checksum,
    stated_confidence = CASE
        WHEN confidence = :confidence AND coalesce(last_verified_at, 0) = coalesce(:last_verified_at, 0)
        THEN stated_confidence END,
    stated_at = CASE
        WHEN confidence = :confidence AND coalesce(last_verified_at, 0) = coalesce(:last_verified_at, 0)
        THEN stated_at WHEN memory_type IS NOT NULL THEN :updated_at END,
    fingerprint = :fingerprint,
    subject_key = :subject_key, question_share = :question_share, terms = :terms, term_count = :term_count,
    context_terms = :context_terms, context_count = :context_count,
    asked_terms = :asked_terms, asked_count = :asked_count
WHERE memory_no = :memory_no AND +partition = :partition

-- name: delete_item
-- Remove one row, with its terms and vectors.
DELETE FROM agent_memory WHERE memory_no = :memory_no AND +partition = :partition

-- name: delete_expired_item
-- Remove one row, with its terms and vectors, unless its time was prolonged.
DELETE FROM agent_memory WHERE memory_no = :memory_no AND +partition = :partition AND expires_at <= :now

-- name: items_in_partition
-- A page of the live rows of one partition under a prefix, last updated first, after a row of such a page.
-- Where there is a needle, only values that hold it and the others are read; the rest of a filter is not for SQL.
SELECT m.memory_no, m.partition, m.namespace, m.id, m.memory_type, m.value, m.created_at, m.updated_at, m.ttl_minutes
FROM (
    SELECT memory_no, updated_at FROM agent_memory
    WHERE partition = :partition AND namespace = :prefix
      AND superseded_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
      AND updated_at <= :after_at AND (updated_at < :after_at OR memory_no > :after_no)
      AND (:needle IS NULL OR (instr(value, :needle) > 0
      AND NOT EXISTS (SELECT 1 FROM json_each(:others) AS o WHERE instr(agent_memory.value, o.value) = 0)))
    UNION ALL
    SELECT memory_no, updated_at FROM agent_memory
    WHERE partition = :partition AND namespace >= :low AND namespace < :high
      AND superseded_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
      AND updated_at <= :after_at AND (updated_at < :after_at OR memory_no > :after_no)
      AND (:needle IS NULL OR (instr(value, :needle) > 0
      AND NOT EXISTS (SELECT 1 FROM json_each(:others) AS o WHERE instr(agent_memory.value, o.value) = 0)))
    ORDER BY updated_at DESC, memory_no LIMIT :limit OFFSET :offset
) AS p CROSS JOIN agent_memory AS m ON m.memory_no = p.memory_no
ORDER BY m.updated_at DESC, m.memory_no

-- name: items_across_partitions
-- The same of the plain items of many partitions; never a memory.
SELECT m.memory_no, m.partition, m.namespace, m.id, m.memory_type, m.value, m.created_at, m.updated_at, m.ttl_minutes
FROM (
    SELECT memory_no, updated_at FROM agent_memory
    WHERE partition = :prefix
      AND memory_type IS NULL AND (expires_at IS NULL OR expires_at > :now)
      AND updated_at <= :after_at AND (updated_at < :after_at OR memory_no > :after_no)
      AND (:needle IS NULL OR (instr(value, :needle) > 0
      AND NOT EXISTS (SELECT 1 FROM json_each(:others) AS o WHERE instr(agent_memory.value, o.value) = 0)))
    UNION ALL
    SELECT memory_no, updated_at FROM agent_memory
    WHERE partition >= :low AND partition < :high
      AND memory_type IS NULL AND (expires_at IS NULL OR expires_at > :now)
      AND updated_at <= :after_at AND (updated_at < :after_at OR memory_no > :after_no)
      AND (:needle IS NULL OR (instr(value, :needle) > 0
      AND NOT EXISTS (SELECT 1 FROM json_each(:others) AS o WHERE instr(agent_memory.value, o.value) = 0)))
    ORDER BY updated_at DESC, memory_no LIMIT :limit OFFSET :offset
) AS p CROSS JOIN agent_memory AS m ON m.memory_no = p.memory_no
ORDER BY m.updated_at DESC, m.memory_no

-- name: rows_at
-- What is at some places, given as (partition, namespace, id), without its texts.
SELECT m.memory_no, m.partition, m.namespace, m.id, m.memory_type, m.created_at, m.updated_at, m.expires_at,
    m.ttl_minutes
FROM json_each(:keys) AS k CROSS JOIN agent_memory AS m
  ON m.partition = json_extract(k.value, '$[0]') AND m.namespace = json_extract(k.value, '$[1]')
  AND m.id = json_extract(k.value, '$[2]')

-- name: plain_items
-- The plain items at some places, given as (partition, namespace, id); never a memory.
SELECT m.memory_no, m.partition, m.namespace, m.id, m.memory_type, m.value, m.created_at, m.updated_at, m.expires_at,
    m.ttl_minutes
FROM json_each(:keys) AS k CROSS JOIN agent_memory AS m
  ON m.partition = json_extract(k.value, '$[0]') AND m.namespace = json_extract(k.value, '$[1]')
  AND m.id = json_extract(k.value, '$[2]') AND m.memory_type IS NULL

-- name: live_in_partition
-- Those of the numbered rows that are live and under a prefix of one partition.
SELECT * FROM agent_memory
WHERE memory_no IN (SELECT value FROM json_each(:numbers))
  AND +partition = :partition AND (namespace = :prefix OR (namespace >= :low AND namespace < :high))
  AND superseded_at IS NULL AND (expires_at IS NULL OR expires_at > :now)

-- name: live_across_partitions
-- Those of the numbered rows that are live plain items under a prefix; never a memory.
SELECT * FROM agent_memory
WHERE memory_no IN (SELECT value FROM json_each(:numbers)) AND memory_type IS NULL
  AND (:prefix = '' OR namespace = :prefix OR (namespace >= :low AND namespace < :high))
  AND (expires_at IS NULL OR expires_at > :now)

-- name: refresh_ttl
-- Let rows that were read live for their whole time-to-live again.
UPDATE agent_memory SET expires_at = :now + CAST(ttl_minutes * 60000000 AS INTEGER)
WHERE memory_no = :memory_no AND +partition = :partition AND ttl_minutes IS NOT NULL
