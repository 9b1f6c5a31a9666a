-- name: corpus_in_partition
-- The number of a partition, how many texts and terms each of its fields holds, and what else is noted of it.
SELECT p.*, (SELECT count(*) FROM memory_subject AS s WHERE s.partition_no = p.partition_no) AS subjects,
    EXISTS (SELECT 1 FROM agent_memory AS m WHERE m.partition = :partition AND m.terms IS NULL) AS unindexed
FROM store_partition AS p WHERE partition = :partition

-- name: sealed_postings
-- The postings of some terms in one partition, in every field, but not those of its fresh rows.
SELECT p.field, p.term, group_concat(p.postings, '') AS postings
FROM store_partition AS s CROSS JOIN json_each(:terms) AS t
CROSS JOIN memory_posting AS p ON p.partition_no = s.partition_no AND p.term = t.value
WHERE s.partition = :partition
GROUP BY t.key, p.field

-- name: newest_sealed_postings
-- The newest blocks of the postings of some terms in the own text of one partition's rows, but not of its fresh ones.
SELECT t.value AS term, (SELECT coalesce(group_concat(n.postings, ''), '') FROM (
    SELECT p.postings FROM memory_posting AS p
    WHERE p.partition_no = s.partition_no AND p.term = t.value AND p.field = 0
    ORDER BY p.block DESC LIMIT :blocks) AS n) AS postings
FROM store_partition AS s CROSS JOIN json_each(:terms) AS t WHERE s.partition = :partition

-- name: settle_index
-- Put the terms of a partition's fresh rows into the text index.
UPDATE store_partition SET indexed = max(indexed, coalesce((
    SELECT m.memory_no & 4294967295 FROM agent_memory AS m
    WHERE m.memory_no > partition_no << 32 AND m.memory_no <= partition_no << 32 | 4294967295
    ORDER BY m.memory_no DESC LIMIT 1), 0))
WHERE partition = :partition

-- name: index_item
-- Note the terms of a plain item, unless it was changed since they were looked for.
UPDATE agent_memory SET terms = :terms, term_count = :term_count
WHERE memory_no = :memory_no AND +partition = :partition AND +terms IS NULL AND value = :value

-- name: index_up_to
-- Put the terms of a partition's fresh rows up to one of them into the text index.
UPDATE store_partition SET indexed = max(indexed, :last & 4294967295) WHERE partition = :partition

-- name: fresh_state
-- What tells the rows of one partition whose terms are in no posting yet from every other content.
SELECT partition_no, indexed, fresh_state, fresh_before FROM store_partition WHERE partition = :partition

-- name: fresh_terms
-- The terms of those rows, or of those of them that came after another.
SELECT m.memory_no & 4294967295 AS number,
    m.terms, m.term_count, m.context_terms, m.context_count, m.asked_terms, m.asked_count
FROM store_partition AS s CROSS JOIN agent_memory AS m
WHERE s.partition = :partition AND m.memory_no <= s.partition_no << 32 | 4294967295
  AND m.memory_no > s.partition_no << 32 | max(s.indexed, :after) AND m.terms IS NOT NULL
ORDER BY m.memory_no

-- name: live_among
-- Those of the numbered memories of one partition that are live in one scope and of one type, with their terms.
SELECT memory_no, terms FROM agent_memory
WHERE memory_no IN (SELECT value FROM json_each(:numbers)) AND +partition = :partition
  AND +scope = :scope AND +memory_type = :memory_type
  AND superseded_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
ORDER BY memory_no

-- name: conflicting
-- The memories in some groups of contradicting ones that a read may see now.
SELECT * FROM agent_memory
WHERE partition = :partition AND conflict_id IN (SELECT value FROM json_each(:conflict_ids))
  AND scope IN (SELECT value FROM json_each(:scopes)) AND memory_type IN (SELECT value FROM json_each(:memory_types))
  AND created_at <= :at AND (superseded_at IS NULL OR superseded_at > :at) AND (expires_at IS NULL OR expires_at > :at)
ORDER BY memory_no

-- name: named_subjects
-- Those of some phrases that are the subject of a memory of one partition.
SELECT s.subject_key FROM store_partition AS p
CROSS JOIN json_each(:phrases) AS f CROSS JOIN memory_subject AS s
  ON s.partition_no = p.partition_no AND s.subject_key = f.value
WHERE p.partition = :partition

-- name: count_at_scopes
-- How many memories one partition holds at some scopes, counted up to a limit.
SELECT count(*) AS memories FROM (
    SELECT 1 AS one FROM agent_memory WHERE partition = :partition AND scope IN (SELECT value FROM json_each(:scopes)) LIMIT :limit
) AS counted

-- name: words_at_scopes
-- The terms of the memories of one partition at some scopes.
SELECT memory_no, terms, term_count, context_terms, context_count, asked_terms, asked_count
FROM agent_memory WHERE partition = :partition AND scope IN (SELECT value FROM json_each(:scopes)) LIMIT :limit

-- name: standings
-- What decides about the numbered rows of one partition beside their words: those that were memories at a moment.
SELECT memory_no, scope, memory_type, slot, tags, injection, trust, confidence, importance, created_at, updated_at,
    valid_from, last_verified_at, expires_at, superseded_at, fingerprint, subject_key, question_share
FROM agent_memory
WHERE memory_no IN (SELECT value FROM json_each(:numbers))
  AND +partition = :partition AND memory_type IS NOT NULL AND created_at <= :at

-- name: memories_numbered
-- The records of the numbered memories of one partition, with what decides about them beside their words.
SELECT memory_no, id, owner_id, scope, memory_type, slot, content, content_json, source, subject, context, confidence,
    importance, created_at, updated_at, valid_from, last_verified_at, expires_at, superseded_by, superseded_at,
    conflict_id, tags, injection, trust, protected, checksum, fingerprint, subject_key, question_share
FROM agent_memory
WHERE memory_no IN (SELECT value FROM json_each(:numbers)) AND +partition = :partition AND memory_type IS NOT NULL

-- name: numbers_named
-- The numbers of some memories of one partition.
SELECT id, memory_no FROM agent_memory WHERE partition = :partition AND id IN (SELECT value FROM json_each(:ids)) AND memory_type IS NOT NULL
