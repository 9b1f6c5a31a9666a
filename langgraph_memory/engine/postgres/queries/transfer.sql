-- name: export_rows
-- A page of the rows of one partition, in the order in which they were stored.
SELECT * FROM agent_memory
WHERE partition = :partition AND memory_no > :after
ORDER BY memory_no LIMIT :limit

-- name: export_versions
-- The earlier states of some memories of one partition, oldest first.
SELECT * FROM memory_version
WHERE partition = :partition AND id = ANY (:ids::text[]) ORDER BY memory_no, version_no

-- name: held_rows
-- Which rows of one partition are at some places, given as (namespace, id), or are memories of the same ids.
SELECT m.namespace, m.id, m.memory_type FROM json_array_elements(:keys::json) AS k
JOIN agent_memory AS m ON m.partition = :partition AND m.namespace = k ->> 0 AND m.id = k ->> 1
UNION
SELECT m.namespace, m.id, m.memory_type FROM json_array_elements(:keys::json) AS k
JOIN agent_memory AS m ON m.partition = :partition AND m.id = k ->> 1 AND m.memory_type IS NOT NULL

-- name: import_version
-- Add an earlier state of a memory that was imported.
INSERT INTO memory_version (
    memory_no, version_no, replaced_at, partition, id, owner_id, scope, memory_type, slot, confidence, importance,
    created_at, updated_at, valid_from, last_verified_at, expires_at, superseded_by, superseded_at, conflict_id, tags, injection,
    trust, protected, checksum,
    fingerprint, subject_key, question_share, term_count, context_count, asked_count, subject, content, content_json, source,
    context, terms, context_terms, asked_terms
) VALUES (
    :memory_no, :version_no, :replaced_at, :partition, :id, :owner_id, :scope, :memory_type, :slot, :confidence,
    :importance, :created_at, :updated_at, :valid_from, :last_verified_at, :expires_at, :superseded_by,
    :superseded_at, :conflict_id, :tags, :injection,
    :trust, :protected, :checksum, :fingerprint, :subject_key, :question_share, :term_count, :context_count,
    :asked_count, :subject, :content, :content_json, :source, :context, :terms, :context_terms, :asked_terms)
