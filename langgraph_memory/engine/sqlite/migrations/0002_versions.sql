-- What a memory was before each change to it, until when that held: a read as of an earlier moment answers with this.
-- Triggers write it, so that no change is without its version and none outlives the memory.
CREATE TABLE memory_version (
    memory_no INTEGER NOT NULL,
    version_no INTEGER NOT NULL,          -- 1 is what was first remembered
    replaced_at INTEGER NOT NULL,
    partition TEXT NOT NULL,
    id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    memory_type TEXT NOT NULL,
    slot TEXT,
    confidence REAL,
    importance REAL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    valid_from INTEGER,
    last_verified_at INTEGER,
    expires_at INTEGER,
    superseded_by TEXT,
    superseded_at INTEGER,
    fingerprint TEXT,
    subject_key TEXT,
    question_share REAL NOT NULL,
    term_count INTEGER NOT NULL,
    context_count INTEGER NOT NULL,
    asked_count INTEGER NOT NULL,
    subject TEXT,
    content TEXT NOT NULL,
    content_json TEXT,
    source TEXT,
    context TEXT,
    terms TEXT NOT NULL,
    context_terms TEXT NOT NULL,
    asked_terms TEXT NOT NULL,
    PRIMARY KEY (memory_no, version_no)
) STRICT, WITHOUT ROWID;

CREATE INDEX memory_version_by_id ON memory_version (partition, id);

CREATE TRIGGER memory_version_keep BEFORE UPDATE ON agent_memory WHEN old.memory_type IS NOT NULL BEGIN
    INSERT INTO memory_version
    SELECT old.memory_no,
        1 + coalesce((SELECT max(version_no) FROM memory_version WHERE memory_no = old.memory_no), 0), new.updated_at,
        old.partition, old.id, old.owner_id, old.scope, old.memory_type, old.slot, old.confidence, old.importance,
        old.created_at, old.updated_at, old.valid_from, old.last_verified_at, old.expires_at, old.superseded_by,
        old.superseded_at, old.fingerprint, old.subject_key, old.question_share, old.term_count, old.context_count,
        old.asked_count, old.subject, old.content, old.content_json, old.source, old.context, old.terms,
        old.context_terms, old.asked_terms;
END;

CREATE TRIGGER memory_version_delete AFTER DELETE ON agent_memory WHEN old.memory_type IS NOT NULL BEGIN
    DELETE FROM memory_version WHERE memory_no = old.memory_no;
END;

-- Every state a memory has been in, the present one last. Of those that end after a moment the first held at it.
CREATE VIEW memory_state AS
SELECT memory_no, 9223372036854775807 AS version_no, 9223372036854775807 AS replaced_at,
    partition, id, owner_id, scope, memory_type, slot, confidence, importance, created_at, updated_at, valid_from,
    last_verified_at, expires_at, superseded_by, superseded_at, fingerprint, subject_key, question_share, term_count,
    context_count, asked_count, subject, content, content_json, source, context, terms, context_terms, asked_terms
FROM agent_memory WHERE memory_type IS NOT NULL
UNION ALL SELECT * FROM memory_version;
