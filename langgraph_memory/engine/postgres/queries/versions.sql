-- name: eligible_memories_as_of
-- The memories of one owner that a read could see at an earlier moment, as they were then, most important first.
SELECT * FROM memory_state AS s
WHERE partition = :partition
  AND scope = ANY (:scopes::text[]) AND memory_type = ANY (:memory_types::text[])
  AND created_at <= :at AND (superseded_at IS NULL OR superseded_at > :at) AND (expires_at IS NULL OR expires_at > :at)
  AND replaced_at > :at AND NOT EXISTS (
    SELECT 1 FROM memory_version AS v
    WHERE v.partition = s.partition AND v.memory_no = s.memory_no AND v.version_no < s.version_no AND v.replaced_at > :at)
  AND coalesce(injection, '') <> 'never'
  AND (:pinned_types::text[] IS NULL OR injection = 'always' OR memory_type = ANY (:pinned_types::text[]))
  AND (:trusts::text[] IS NULL OR trust = ANY (:trusts::text[]))
  AND (:slot_start::text IS NULL OR starts_with(slot, :slot_start::text))
  AND coalesce(s.tags, '[]')::jsonb @> to_jsonb(:wanted_tags::text[])
  AND (:since::bigint IS NULL OR coalesce(valid_from, created_at) >= :since)
  AND (:before::bigint IS NULL OR coalesce(valid_from, created_at) < :before)
ORDER BY importance DESC, updated_at DESC, memory_no DESC LIMIT :limit

-- name: standings_as_of
-- What decided about the numbered rows of one partition beside their words at an earlier moment.
SELECT memory_no, scope, memory_type, slot, tags, injection, trust, confidence, importance, created_at, updated_at,
    valid_from, last_verified_at, expires_at, superseded_at, fingerprint, subject_key, question_share
FROM memory_state AS s
WHERE memory_no = ANY (:numbers::bigint[]) AND partition = :partition AND created_at <= :at
  AND replaced_at > :at AND NOT EXISTS (
    SELECT 1 FROM memory_version AS v
    WHERE v.partition = s.partition AND v.memory_no = s.memory_no AND v.version_no < s.version_no AND v.replaced_at > :at)

-- name: memories_numbered_as_of
-- The numbered memories of one partition as they were at an earlier moment.
SELECT * FROM memory_state AS s
WHERE memory_no = ANY (:numbers::bigint[]) AND partition = :partition AND created_at <= :at
  AND replaced_at > :at AND NOT EXISTS (
    SELECT 1 FROM memory_version AS v
    WHERE v.partition = s.partition AND v.memory_no = s.memory_no AND v.version_no < s.version_no AND v.replaced_at > :at)

-- name: memories_named_as_of
-- Those of some memories of one owner that were known at a moment, as they were then.
SELECT * FROM memory_state AS s
WHERE partition = :partition AND id = ANY (:ids::text[]) AND created_at <= :at
  AND replaced_at > :at AND NOT EXISTS (
    SELECT 1 FROM memory_version AS v
    WHERE v.partition = s.partition AND v.memory_no = s.memory_no AND v.version_no < s.version_no AND v.replaced_at > :at)

-- name: conflicting_as_of
-- The memories in some groups of contradicting ones that a read could see at an earlier moment, as they were then.
SELECT * FROM memory_state AS s
WHERE partition = :partition AND conflict_id = ANY (:conflict_ids::text[])
  AND scope = ANY (:scopes::text[]) AND memory_type = ANY (:memory_types::text[])
  AND created_at <= :at AND (superseded_at IS NULL OR superseded_at > :at) AND (expires_at IS NULL OR expires_at > :at)
  AND replaced_at > :at AND NOT EXISTS (
    SELECT 1 FROM memory_version AS v
    WHERE v.partition = s.partition AND v.memory_no = s.memory_no AND v.version_no < s.version_no AND v.replaced_at > :at)
ORDER BY memory_no

-- name: words_as_of
-- The words, at an earlier moment, of the memories of one partition that have other words now.
SELECT s.memory_no, s.terms, s.term_count, s.context_terms, s.context_count, s.asked_terms, s.asked_count
FROM memory_version AS s JOIN agent_memory AS m ON m.partition = s.partition AND m.memory_no = s.memory_no
WHERE s.partition = :partition AND m.partition = :partition
  AND (s.terms, s.context_terms, s.asked_terms) IS DISTINCT FROM (m.terms, m.context_terms, m.asked_terms)
  AND s.replaced_at > :at AND NOT EXISTS (
    SELECT 1 FROM memory_version AS v
    WHERE v.partition = s.partition AND v.memory_no = s.memory_no AND v.version_no < s.version_no AND v.replaced_at > :at)
