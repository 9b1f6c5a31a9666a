-- What has been promoted already: the same words of the same message are never read twice.
CREATE TABLE promotion_ledger (
    partition text COLLATE "C" NOT NULL,
    thread_id text COLLATE "C" NOT NULL,
    message_id text COLLATE "C" NOT NULL,
    extractor text COLLATE "C" NOT NULL,
    content_hash text COLLATE "C" NOT NULL,
    checkpoint_id text COLLATE "C",       -- where it was read, so that an abandoned branch can be taken back
    run_id text COLLATE "C",
    promoted_at bigint NOT NULL,
    PRIMARY KEY (partition, message_id, thread_id, extractor, content_hash) -- ids such as LangGraph gives are unique
);

CREATE TABLE memory_receipt (
    partition text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    thread_id text COLLATE "C",
    checkpoint_id text COLLATE "C",
    run_id text COLLATE "C",
    created_at bigint NOT NULL,
    body text COLLATE "C" NOT NULL,                   -- JSON
    PRIMARY KEY (partition, id)
);

CREATE INDEX memory_receipt_by_time ON memory_receipt (partition, created_at);
CREATE INDEX memory_receipt_by_thread ON memory_receipt (thread_id) WHERE thread_id IS NOT NULL;

-- Every change to a memory, written with it.
CREATE TABLE memory_audit (
    partition text COLLATE "C" NOT NULL,
    memory_id text COLLATE "C" NOT NULL,
    change_no bigint NOT NULL,
    action text COLLATE "C" NOT NULL,
    reason text COLLATE "C" NOT NULL,
    actor text COLLATE "C",
    thread_id text COLLATE "C",
    checkpoint_id text COLLATE "C",
    run_id text COLLATE "C",
    changed_at bigint NOT NULL,
    PRIMARY KEY (partition, memory_id, change_no)
);

-- What holds for the whole database: "index" is JSON that tells what made its vectors.
CREATE TABLE store_setting (
    name text COLLATE "C" NOT NULL PRIMARY KEY,
    value text COLLATE "C" NOT NULL
);

-- What is left of what was forgotten, retired, superseded or erased, so that nothing brings it back but its being said
-- anew: hashes under the key, which tell nothing without it, and with it only whether a text is the one that is gone.
CREATE TABLE memory_mark (
    holder text COLLATE "C" NOT NULL,     -- a hash of the partition
    digest text COLLATE "C" NOT NULL,
    marked_at bigint NOT NULL,
    PRIMARY KEY (holder, digest)
);

INSERT INTO store_setting (name, value)
VALUES ('mark_key', replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''));
