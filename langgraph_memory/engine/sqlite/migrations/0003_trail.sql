-- What has been promoted already: the same words of the same message are never read twice.
CREATE TABLE promotion_ledger (
    partition TEXT NOT NULL,
    thread_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    extractor TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    checkpoint_id TEXT,                   -- where it was read, so that an abandoned branch can be taken back
    run_id TEXT,
    promoted_at INTEGER NOT NULL,
    PRIMARY KEY (partition, message_id, thread_id, extractor, content_hash) -- ids such as LangGraph gives are unique
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
CREATE INDEX memory_receipt_by_thread ON memory_receipt (thread_id) WHERE thread_id IS NOT NULL;

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

-- What holds for the whole file: "index" is JSON that tells what made its vectors.
CREATE TABLE store_setting (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What is left of what was forgotten, retired, superseded or erased, so that nothing brings it back but its being said
-- anew: hashes under the key, which tell nothing without it, and with it only whether a text is the one that is gone.
CREATE TABLE memory_mark (
    holder TEXT NOT NULL,                 -- a hash of the partition
    digest TEXT NOT NULL,
    marked_at INTEGER NOT NULL,
    PRIMARY KEY (holder, digest)
) STRICT, WITHOUT ROWID;

INSERT INTO store_setting (name, value) VALUES ('mark_key', lower(hex(randomblob(32))));
