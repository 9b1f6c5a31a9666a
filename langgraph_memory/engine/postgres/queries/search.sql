-- name: corpus_in_partition
-- The number of a partition, and how many texts and terms each of its fields holds.
SELECT partition, partition_no, size, term_total, context_size, context_total, asked_size, asked_total,
    (SELECT count(*) FROM memory_subject AS s WHERE s.partition = :partition) AS subjects,
    EXISTS (SELECT FROM agent_memory AS m WHERE m.partition = :partition AND m.terms IS NULL) AS unindexed
FROM store_partition AS p WHERE partition = :partition

-- name: postings
-- The postings of some terms in one partition, in every field.
SELECT p.field, t.term, string_agg(p.posting, '' ORDER BY p.memory_no) AS postings
FROM unnest(:terms::text[]) AS t (term)
JOIN memory_posting AS p ON p.partition = :partition AND p.term = memory_term(t.term)
GROUP BY p.field, t.term

-- name: newest_postings
-- The newest postings of some terms in the own text of one partition's rows, as many as a few blocks hold.
SELECT t.term, string_agg(n.posting, '') AS postings
FROM unnest(:terms::text[]) AS t (term) CROSS JOIN LATERAL (
    SELECT p.posting FROM memory_posting AS p
    WHERE p.partition = :partition AND p.term = memory_term(t.term) AND p.field = 0
    ORDER BY p.memory_no DESC LIMIT :blocks * 512) AS n
GROUP BY t.term

-- name: index_items
-- Note the terms of a plain item, unless it was changed since they were looked for.
UPDATE agent_memory SET terms = :terms, term_count = :term_count
WHERE memory_no = :memory_no AND partition = :partition AND terms IS NULL AND value = :value

-- name: live_among
-- Those of the numbered memories of one partition that are live in one scope and of one type, with their terms.
SELECT memory_no, terms FROM agent_memory
WHERE memory_no = ANY (:numbers::bigint[]) AND partition = :partition
  AND scope = :scope AND memory_type = :memory_type
  AND superseded_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
ORDER BY memory_no

-- name: conflicting
-- The memories in some groups of contradicting ones that a read may see now.
SELECT * FROM agent_memory
WHERE partition = :partition AND conflict_id = ANY (:conflict_ids::text[])
  AND scope = ANY (:scopes::text[]) AND memory_type = ANY (:memory_types::text[])
  AND created_at <= :at AND (superseded_at IS NULL OR superseded_at > :at) AND (expires_at IS NULL OR expires_at > :at)
ORDER BY memory_no

-- name: named_subjects
-- Those of some phrases that are the subject of a memory of one partition.
SELECT subject_key FROM memory_subject WHERE partition = :partition AND subject_key = ANY (:phrases::text[])

-- name: count_at_scopes
-- How many memories one partition holds at some scopes, counted up to a limit.
SELECT count(*) AS memories FROM (
    SELECT 1 AS one FROM agent_memory WHERE partition = :partition AND scope = ANY (:scopes::text[]) LIMIT :limit
) AS counted

-- name: words_at_scopes
-- The terms of the memories of one partition at some scopes.
SELECT memory_no, terms, term_count, context_terms, context_count, asked_terms, asked_count
FROM agent_memory WHERE partition = :partition AND scope = ANY (:scopes::text[]) LIMIT :limit

-- name: standings
-- What decides about the numbered rows of one partition beside their words: those that were memories at a moment.
SELECT memory_no, scope, memory_type, slot, tags, injection, trust, confidence, importance, created_at, updated_at,
    valid_from, last_verified_at, expires_at, superseded_at, fingerprint, subject_key, question_share
FROM agent_memory
WHERE memory_no = ANY (:numbers::bigint[])
  AND partition = :partition AND memory_type IS NOT NULL AND created_at <= :at

-- name: memories_numbered
-- The records of the numbered memories of one partition, with what decides about them beside their words.
SELECT memory_no, id, owner_id, scope, memory_type, slot, content, content_json, source, subject, context, confidence,
    importance, created_at, updated_at, valid_from, last_verified_at, expires_at, superseded_by, superseded_at,
    conflict_id, tags, injection, trust, protected, checksum, fingerprint, subject_key, question_share
FROM agent_memory
WHERE memory_no = ANY (:numbers::bigint[]) AND partition = :partition AND memory_type IS NOT NULL

-- name: numbers_named
-- The numbers of some memories of one partition.
SELECT id, memory_no FROM agent_memory WHERE partition = :partition AND id = ANY (:ids::text[]) AND memory_type IS NOT NULL
