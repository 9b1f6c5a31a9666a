-- Thread state: a checkpoint names the version of each channel; a version is stored once and shared. A version of a
-- list or a dict is a few runs over elements that are stored once, addressed by list id << 20 | position.
-- Nothing is shared between threads. A blob of a serialised value begins with its packing and a checksum.
CREATE TABLE thread (
    thread_id TEXT NOT NULL PRIMARY KEY,
    owner_id TEXT,
    created_at INTEGER NOT NULL,          -- microseconds since 1970, UTC
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX thread_by_owner ON thread (owner_id, updated_at) WHERE owner_id IS NOT NULL;
CREATE INDEX thread_by_use ON thread (updated_at);

CREATE TABLE thread_checkpoint (
    thread_id TEXT NOT NULL,
    checkpoint_ns TEXT NOT NULL,
    checkpoint_id TEXT NOT NULL,
    parent_checkpoint_id TEXT,
    run_id TEXT,
    created_at INTEGER NOT NULL,
    channel_versions TEXT NOT NULL,       -- JSON: channel -> version
    replayed_channels TEXT,               -- JSON: delta channels that are not stored here; NULL: none
    type TEXT NOT NULL,
    body BLOB NOT NULL,                   -- the rest of the checkpoint, and its metadata
    PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id)
) STRICT, WITHOUT ROWID;

-- A thread is listed by when it was last written.
CREATE TRIGGER thread_checkpoint_insert AFTER INSERT ON thread_checkpoint BEGIN
    INSERT INTO thread (thread_id, created_at, updated_at) VALUES (new.thread_id, new.created_at, new.created_at)
    ON CONFLICT (thread_id) DO UPDATE SET updated_at = max(thread.updated_at, excluded.updated_at);
END;

CREATE INDEX thread_checkpoint_by_run ON thread_checkpoint (run_id, thread_id) WHERE run_id IS NOT NULL;

CREATE TABLE thread_channel (
    thread_id TEXT NOT NULL,
    checkpoint_ns TEXT NOT NULL,
    channel TEXT NOT NULL,
    version TEXT NOT NULL,
    kind TEXT NOT NULL,                   -- 'value': stored here; 'item', 'list', 'dict', 'snapshot_list': runs
    type TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (thread_id, checkpoint_ns, channel, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE thread_chunk (
    thread_id TEXT NOT NULL,
    address INTEGER NOT NULL,             -- of the first element
    count INTEGER NOT NULL,
    type TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (thread_id, address)
) STRICT, WITHOUT ROWID;

CREATE TABLE thread_write (
    thread_id TEXT NOT NULL,
    checkpoint_ns TEXT NOT NULL,
    checkpoint_id TEXT NOT NULL,
    task_id TEXT NOT NULL,
    idx INTEGER NOT NULL,
    task_path TEXT NOT NULL,
    channel TEXT NOT NULL,
    type TEXT NOT NULL,                   -- '@elements': the value is runs over elements of a list
    value BLOB NOT NULL,
    PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id, task_id, idx)
) STRICT, WITHOUT ROWID;

-- A partition is the first two labels of a namespace: one owner's memories, or one corner of the plain store.
-- Its number is the high half of the number of every row in it, so that an index is searched by range.
CREATE TABLE store_partition (
    partition_no INTEGER PRIMARY KEY,
    partition TEXT NOT NULL UNIQUE,
    size INTEGER NOT NULL DEFAULT 0,      -- rows that hold terms
    term_total INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Curated memories and plain store items. A plain item has a value; a memory has the columns of its record instead.
CREATE TABLE agent_memory (
    memory_no INTEGER PRIMARY KEY,        -- partition_no << 32 | sequence
    partition TEXT NOT NULL,
    namespace TEXT NOT NULL,              -- labels joined with '.', which no label may hold
    id TEXT NOT NULL,
    value TEXT,                           -- JSON, plain items only
    ttl_minutes REAL,
    owner_id TEXT,
    scope TEXT,
    memory_type TEXT,
    slot TEXT,
    content TEXT,
    content_json TEXT,
    subject TEXT,
    context TEXT,
    source TEXT,
    confidence REAL,
    importance REAL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    valid_from INTEGER,
    last_verified_at INTEGER,
    expires_at INTEGER,
    superseded_by TEXT,
    superseded_at INTEGER,
    fingerprint TEXT,                     -- of the normalised content
    terms TEXT NOT NULL DEFAULT '',       -- analysed content, what the text index holds
    context_terms TEXT NOT NULL DEFAULT '',
    term_count INTEGER NOT NULL DEFAULT 0,
    UNIQUE (partition, namespace, id)
) STRICT;

CREATE UNIQUE INDEX agent_memory_by_id ON agent_memory (partition, id) WHERE memory_type IS NOT NULL;
CREATE INDEX agent_memory_by_slot ON agent_memory (partition, scope, memory_type, slot)
    WHERE slot IS NOT NULL AND superseded_at IS NULL;
CREATE INDEX agent_memory_by_fingerprint ON agent_memory (partition, scope, memory_type, fingerprint)
    WHERE fingerprint IS NOT NULL AND superseded_at IS NULL;
CREATE INDEX agent_memory_by_successor ON agent_memory (partition, superseded_by) WHERE superseded_by IS NOT NULL;
CREATE INDEX agent_memory_by_expiry ON agent_memory (expires_at) WHERE expires_at IS NOT NULL;

-- Terms are made by the package's own analyser; the index takes them as they are.
CREATE VIRTUAL TABLE memory_text USING fts5 (
    terms, context_terms, content = 'agent_memory', content_rowid = 'memory_no', tokenize = 'ascii', detail = 'column'
);

CREATE TRIGGER memory_text_insert AFTER INSERT ON agent_memory BEGIN
    INSERT INTO memory_text (rowid, terms, context_terms) VALUES (new.memory_no, new.terms, new.context_terms);
    UPDATE store_partition SET size = size + (new.term_count > 0), term_total = term_total + new.term_count
    WHERE partition_no = new.memory_no >> 32;
END;

CREATE TRIGGER memory_text_delete AFTER DELETE ON agent_memory BEGIN
    INSERT INTO memory_text (memory_text, rowid, terms, context_terms)
    VALUES ('delete', old.memory_no, old.terms, old.context_terms);
    DELETE FROM memory_vector WHERE memory_no = old.memory_no;
    UPDATE store_partition SET size = size - (old.term_count > 0), term_total = term_total - old.term_count
    WHERE partition_no = old.memory_no >> 32;
END;

CREATE TRIGGER memory_text_update AFTER UPDATE OF terms, context_terms ON agent_memory BEGIN
    INSERT INTO memory_text (memory_text, rowid, terms, context_terms)
    VALUES ('delete', old.memory_no, old.terms, old.context_terms);
    INSERT INTO memory_text (rowid, terms, context_terms) VALUES (new.memory_no, new.terms, new.context_terms);
    UPDATE store_partition SET
        size = size + (new.term_count > 0) - (old.term_count > 0),
        term_total = term_total + new.term_count - old.term_count
    WHERE partition_no = new.memory_no >> 32;
END;

CREATE TABLE memory_vector (
    memory_no INTEGER NOT NULL,
    field TEXT NOT NULL,
    vector BLOB NOT NULL,                 -- float32, little endian
    PRIMARY KEY (memory_no, field)
) STRICT, WITHOUT ROWID;

-- What has been promoted already: the same words of the same message are never read twice.
CREATE TABLE promotion_ledger (
    partition TEXT NOT NULL,
    thread_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    extractor TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    promoted_at INTEGER NOT NULL,
    PRIMARY KEY (partition, thread_id, message_id, extractor, content_hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE memory_receipt (
    partition TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    thread_id TEXT,
    checkpoint_id TEXT,
    run_id TEXT,
    created_at INTEGER NOT NULL,
    body TEXT NOT NULL,                   -- JSON
    PRIMARY KEY (partition, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX memory_receipt_by_time ON memory_receipt (partition, created_at);

-- Every change to a memory, written with it.
CREATE TABLE memory_audit (
    partition TEXT NOT NULL,
    memory_id TEXT NOT NULL,
    change_no INTEGER NOT NULL,
    action TEXT NOT NULL,
    reason TEXT NOT NULL,
    actor TEXT,
    thread_id TEXT,
    checkpoint_id TEXT,
    run_id TEXT,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (partition, memory_id, change_no)
) STRICT, WITHOUT ROWID;
