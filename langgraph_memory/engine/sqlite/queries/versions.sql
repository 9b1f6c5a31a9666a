-- name: eligible_memories_as_of
-- The memories of one owner that a read could see at an earlier moment, as they were then, most important first.
SELECT * FROM memory_state AS s
WHERE partition = :partition
  AND scope IN (SELECT value FROM json_each(:scopes)) AND memory_type IN (SELECT value FROM json_each(:memory_types))
  AND created_at <= :at AND (superseded_at IS NULL OR superseded_at > :at) AND (expires_at IS NULL OR expires_at > :at)
  AND replaced_at > :at AND NOT EXISTS (
    SELECT 1 FROM memory_version AS v
    WHERE v.memory_no = s.memory_no AND v.version_no < s.version_no AND v.replaced_at > :at)
  AND coalesce(injection, '') <> 'never'
  AND (:pinned_types IS NULL OR injection = 'always' OR memory_type IN (SELECT value FROM json_each(:pinned_types)))
  AND (:trusts IS NULL OR trust IN (SELECT value FROM json_each(:trusts)))
  AND (:slot_start IS NULL OR substr(slot, 1, length(:slot_start)) = :slot_start)
  AND NOT EXISTS (SELECT value FROM json_each(:wanted_tags) EXCEPT SELECT value FROM json_each(s.tags))
  AND (:since IS NULL OR coalesce(valid_from, created_at) >= :since)
  AND (:before IS NULL OR coalesce(valid_from, created_at) < :before)
ORDER BY importance DESC, updated_at DESC, memory_no DESC LIMIT :limit

-- name: standings_as_of
-- What decided about the numbered rows of one partition beside their words at an earlier moment.
SELECT memory_no, scope, memory_type, slot, tags, injection, trust, confidence, importance, created_at, updated_at,
    valid_from, last_verified_at, expires_at, superseded_at, fingerprint, subject_key, question_share
FROM memory_state AS s
WHERE memory_no IN (SELECT value FROM json_each(:numbers)) AND partition = :partition AND created_at <= :at
  AND replaced_at > :at AND NOT EXISTS (
    SELECT 1 FROM memory_version AS v
    WHERE v.memory_no = s.memory_no AND v.version_no < s.version_no AND v.replaced_at > :at)

-- name: memories_numbered_as_of
-- The numbered memories of one partition as they were at an earlier moment.
SELECT * FROM memory_state AS s
WHERE memory_no IN (SELECT value FROM json_each(:numbers)) AND partition = :partition AND created_at <= :at
  AND replaced_at > :at AND NOT EXISTS (
    SELECT 1 FROM memory_version AS v
    WHERE v.memory_no = s.memory_no AND v.version_no < s.version_no AND v.replaced_at > :at)

-- name: memories_named_as_of
-- Those of some memories of one owner that were known at a moment, as they were then.
SELECT * FROM memory_state AS s
WHERE partition = :partition AND id IN (SELECT value FROM json_each(:ids)) AND created_at <= :at
  AND replaced_at > :at AND NOT EXISTS (
    SELECT 1 FROM memory_version AS v
    WHERE v.memory_no = s.memory_no AND v.version_no < s.version_no AND v.replaced_at > :at)

-- name: conflicting_as_of
-- The memories in some groups of contradicting ones that a read could see at an earlier moment, as they were then.
SELECT * FROM memory_state AS s
WHERE partition = :partition AND conflict_id IN (SELECT value FROM json_each(:conflict_ids))
  AND scope IN (SELECT value FROM json_each(:scopes)) AND memory_type IN (SELECT value FROM json_each(:memory_types))
  AND created_at <= :at AND (superseded_at IS NULL OR superseded_at > :at) AND (expires_at IS NULL OR expires_at > :at)
  AND replaced_at > :at AND NOT EXISTS (
    SELECT 1 FROM memory_version AS v
    WHERE v.memory_no = s.memory_no AND v.version_no < s.version_no AND v.replaced_at > :at)
ORDER BY memory_no

-- name: words_as_of
-- The words, at an earlier moment, of the memories of one partition that have other words now.
SELECT s.memory_no, s.terms, s.term_count, s.context_terms, s.context_count, s.asked_terms, s.asked_count
FROM memory_version AS s JOIN agent_memory AS m ON m.memory_no = s.memory_no
WHERE s.partition = :partition AND m.partition = :partition
  AND (s.terms, s.context_terms, s.asked_terms) IS NOT (m.terms, m.context_terms, m.asked_terms)
  AND s.replaced_at > :at AND NOT EXISTS (
    SELECT 1 FROM memory_version AS v
    WHERE v.memory_no = s.memory_no AND v.version_no < s.version_no AND v.replaced_at > :at)
