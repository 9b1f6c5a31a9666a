-- name: partition
-- The partition of that name, made when it is new.
WITH known AS (SELECT partition_no FROM store_partition WHERE partition = :partition), made AS (
    INSERT INTO store_partition (partition) SELECT :partition WHERE NOT EXISTS (SELECT FROM known)
    ON CONFLICT (partition) DO UPDATE SET partition = excluded.partition
    RETURNING partition_no
)
SELECT partition_no FROM known UNION ALL SELECT partition_no FROM made

-- name: insert_item
-- Add one row at the end of its partition's range of numbers, unless there is one of its id: then nothing is returned.
INSERT INTO agent_memory (
    memory_no, partition, namespace, id, value, ttl_minutes, owner_id, scope, memory_type, slot, content, content_json,
    subject, context, source, confidence, importance, created_at, updated_at, valid_from, last_verified_at, expires_at,
    superseded_by, superseded_at, conflict_id, tags, injection,
    trust, protected, checksum, stated_confidence, stated_at, decayed_at, fingerprint, subject_key,
    question_share, terms, term_count, context_terms, context_count, asked_terms, asked_count
) VALUES (
    1 + coalesce(
        (SELECT memory_no FROM agent_memory WHERE partition = :partition ORDER BY memory_no DESC LIMIT 1),
        :partition_no::bigint << 32
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

-- name: store_items
-- Store some plain items, each at its place.
SELECT store_put(
    :partitions::text[], :namespaces::text[], :ids::text[], :jsons::text[], :lifetimes::double precision[],
    :now::bigint, :ends::bigint[], :words::text[], :word_counts::bigint[]
) AS stored

-- name: add_plain_item
-- Add a plain item at a place where there is none, at the end of its partition's range of numbers.
INSERT INTO agent_memory (
    memory_no, partition, namespace, id, value, ttl_minutes, created_at, updated_at, expires_at, terms, term_count
) VALUES (
    1 + coalesce(
        (SELECT memory_no FROM agent_memory WHERE partition = :partition ORDER BY memory_no DESC LIMIT 1),
        :partition_no::bigint << 32
    ),
    :partition, :namespace, :id, :value, :ttl_minutes, :created_at, :updated_at, :expires_at, :terms, :term_count
)

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
        WHEN confidence = :confidence AND last_verified_at IS NOT DISTINCT FROM :last_verified_at::bigint
        THEN stated_confidence END,
    stated_at = CASE
        WHEN confidence = :confidence AND last_verified_at IS NOT DISTINCT FROM :last_verified_at::bigint
        THEN stated_at WHEN memory_type IS NOT NULL THEN :updated_at END,
    fingerprint = :fingerprint,
    subject_key = :subject_key, question_share = :question_share, terms = :terms, term_count = :term_count,
    context_terms = :context_terms, context_count = :context_count,
    asked_terms = :asked_terms, asked_count = :asked_count
WHERE memory_no = :memory_no AND partition = :partition

-- name: delete_item
-- Remove one row, with its terms and vectors.
DELETE FROM agent_memory WHERE memory_no = :memory_no AND partition = :partition

-- name: delete_expired_item
-- Remove one row, with its terms and vectors, unless its time was prolonged.
DELETE FROM agent_memory WHERE memory_no = :memory_no AND partition = :partition AND expires_at <= :now

-- name: items_in_partition
-- A page of the live rows of one partition under a prefix, last updated first, after a row of such a page.
-- Where there is a needle, only values that hold it and the others are read; the rest of a filter is not for SQL.
SELECT m.memory_no, m.partition, m.namespace, m.id, m.memory_type, m.value, m.created_at, m.updated_at, m.ttl_minutes
FROM (
    (SELECT partition, memory_no, updated_at FROM agent_memory
     WHERE partition = :partition AND namespace = :prefix
       AND superseded_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
       AND updated_at <= :after_at::bigint AND (updated_at < :after_at::bigint OR memory_no > :after_no::bigint)
       AND (:needle::text IS NULL OR (strpos(value, :needle::text) > 0
       AND NOT EXISTS (SELECT FROM unnest(:others::text[]) AS o (needle) WHERE strpos(value, o.needle) = 0)))
     ORDER BY updated_at DESC, memory_no LIMIT :limit::bigint + :offset::bigint)
    UNION ALL
    (SELECT partition, memory_no, updated_at FROM agent_memory
     WHERE partition = :partition AND namespace >= :low AND namespace < :high
       AND superseded_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
       AND updated_at <= :after_at::bigint AND (updated_at < :after_at::bigint OR memory_no > :after_no::bigint)
       AND (:needle::text IS NULL OR (strpos(value, :needle::text) > 0
       AND NOT EXISTS (SELECT FROM unnest(:others::text[]) AS o (needle) WHERE strpos(value, o.needle) = 0)))
     ORDER BY updated_at DESC, memory_no LIMIT :limit::bigint + :offset::bigint)
    ORDER BY updated_at DESC, memory_no LIMIT :limit OFFSET :offset
) AS p JOIN agent_memory AS m ON m.partition = p.partition AND m.memory_no = p.memory_no
ORDER BY m.updated_at DESC, m.memory_no

-- name: items_across_partitions
-- The same of the plain items of many partitions; never a memory.
SELECT m.memory_no, m.partition, m.namespace, m.id, m.memory_type, m.value, m.created_at, m.updated_at, m.ttl_minutes
FROM (
    (SELECT partition, memory_no, updated_at FROM agent_memory
     WHERE partition = :prefix
       AND memory_type IS NULL AND (expires_at IS NULL OR expires_at > :now)
       AND updated_at <= :after_at::bigint AND (updated_at < :after_at::bigint OR memory_no > :after_no::bigint)
       AND (:needle::text IS NULL OR (strpos(value, :needle::text) > 0
       AND NOT EXISTS (SELECT FROM unnest(:others::text[]) AS o (needle) WHERE strpos(value, o.needle) = 0)))
     ORDER BY updated_at DESC, memory_no LIMIT :limit::bigint + :offset::bigint)
    UNION ALL
    (SELECT partition, memory_no, updated_at FROM agent_memory
     WHERE partition >= :low AND partition < :high
       AND memory_type IS NULL AND (expires_at IS NULL OR expires_at > :now)
       AND updated_at <= :after_at::bigint AND (updated_at < :after_at::bigint OR memory_no > :after_no::bigint)
       AND (:needle::text IS NULL OR (strpos(value, :needle::text) > 0
       AND NOT EXISTS (SELECT FROM unnest(:others::text[]) AS o (needle) WHERE strpos(value, o.needle) = 0)))
     ORDER BY updated_at DESC, memory_no LIMIT :limit::bigint + :offset::bigint)
    ORDER BY updated_at DESC, memory_no LIMIT :limit OFFSET :offset
) AS p JOIN agent_memory AS m ON m.partition = p.partition AND m.memory_no = p.memory_no
ORDER BY m.updated_at DESC, m.memory_no

-- name: rows_at
-- What is at some places, given as (partition, namespace, id), without its texts.
SELECT m.memory_no, m.partition, m.namespace, m.id, m.memory_type, m.created_at, m.updated_at, m.expires_at,
    m.ttl_minutes
FROM json_array_elements(:keys::json) AS k JOIN agent_memory AS m
  ON m.partition = k ->> 0 AND m.namespace = k ->> 1 AND m.id = k ->> 2

-- name: plain_items
-- The plain items at some places, given as (partition, namespace, id); never a memory.
SELECT m.memory_no, m.partition, m.namespace, m.id, m.memory_type, m.value, m.created_at, m.updated_at, m.expires_at,
    m.ttl_minutes
FROM json_array_elements(:keys::json) AS k JOIN agent_memory AS m
  ON m.partition = k ->> 0 AND m.namespace = k ->> 1 AND m.id = k ->> 2 AND m.memory_type IS NULL

-- name: live_in_partition
-- Those of the numbered rows that are live and under a prefix of one partition.
SELECT * FROM agent_memory
WHERE memory_no = ANY (:numbers::bigint[])
  AND partition = :partition AND (namespace = :prefix OR (namespace >= :low AND namespace < :high))
  AND superseded_at IS NULL AND (expires_at IS NULL OR expires_at > :now)

-- name: live_across_partitions
-- Those of the numbered rows that are live plain items under a prefix; never a memory.
SELECT * FROM agent_memory
WHERE memory_no = ANY (:numbers::bigint[]) AND memory_type IS NULL
  AND (:prefix = '' OR namespace = :prefix OR (namespace >= :low AND namespace < :high))
  AND (expires_at IS NULL OR expires_at > :now)

-- name: refresh_ttl
-- Let rows that were read live for their whole time-to-live again.
UPDATE agent_memory SET expires_at = :now + trunc(ttl_minutes * 60000000)::bigint
WHERE memory_no = :memory_no AND partition = :partition AND ttl_minutes IS NOT NULL
