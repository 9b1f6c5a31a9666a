-- Messages that wait to be promoted: at most one job for each owner, thread and extractor; later turns extend it.
CREATE TABLE promotion_job (
    partition TEXT NOT NULL,
    thread_id TEXT NOT NULL,
    extractor TEXT NOT NULL,
    due_at INTEGER,                       -- NULL: all that is left of it is set aside
    lease_id TEXT,
    leased_until INTEGER,
    last_error TEXT,                      -- a reason in one word, never what was said
    first_at INTEGER NOT NULL,            -- since when it has been waiting
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (partition, thread_id, extractor)
) STRICT, WITHOUT ROWID;

CREATE INDEX promotion_job_by_due ON promotion_job (extractor, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX promotion_job_by_thread ON promotion_job (thread_id);

CREATE TABLE promotion_job_message (
    partition TEXT NOT NULL,
    thread_id TEXT NOT NULL,
    extractor TEXT NOT NULL,
    message_id TEXT NOT NULL,
    content_hash TEXT NOT NULL,           -- of the words as they were said; the ledger's
    position INTEGER NOT NULL,
    state TEXT NOT NULL,                  -- 'waiting', 'set_aside'; 'heard': only compared with what is read
    actor TEXT NOT NULL,
    text TEXT NOT NULL,                   -- masked; empty where the guard withholds it
    withheld TEXT,                        -- why the guard withholds it
    asked TEXT,                           -- what the assistant had asked, which a short message answers
    scope TEXT NOT NULL,
    source TEXT NOT NULL,                 -- JSON
    attempts INTEGER NOT NULL,
    reason TEXT,                          -- why it is set aside
    queued_at INTEGER NOT NULL,
    PRIMARY KEY (partition, thread_id, extractor, message_id, content_hash)
) STRICT, WITHOUT ROWID;
