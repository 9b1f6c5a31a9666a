-- Messages that wait to be promoted: at most one job for each owner, thread and extractor; later turns extend it.
CREATE TABLE promotion_job (
    partition text COLLATE "C" NOT NULL,
    thread_id text COLLATE "C" NOT NULL,
    extractor text COLLATE "C" NOT NULL,
    due_at bigint,                        -- NULL: all that is left of it is set aside
    lease_id text COLLATE "C",
    leased_until bigint,
    last_error text COLLATE "C",          -- a reason in one word, never what was said
    first_at bigint NOT NULL,             -- since when it has been waiting
    updated_at bigint NOT NULL,
    PRIMARY KEY (partition, thread_id, extractor)
);

CREATE INDEX promotion_job_by_due ON promotion_job (extractor, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX promotion_job_by_thread ON promotion_job (thread_id);

CREATE TABLE promotion_job_message (
    partition text COLLATE "C" NOT NULL,
    thread_id text COLLATE "C" NOT NULL,
    extractor text COLLATE "C" NOT NULL,
    message_id text COLLATE "C" NOT NULL,
    content_hash text COLLATE "C" NOT NULL,           -- of the words as they were said; the ledger's
    position bigint NOT NULL,
    state text COLLATE "C" NOT NULL,      -- 'waiting', 'set_aside'; 'heard': only compared with what is read
    actor text COLLATE "C" NOT NULL,
    text text COLLATE "C" NOT NULL,       -- masked; empty where the guard withholds it
    withheld text COLLATE "C",            -- why the guard withholds it
    asked text COLLATE "C",               -- what the assistant had asked, which a short message answers
    scope text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,     -- JSON
    attempts bigint NOT NULL,
    reason text COLLATE "C",              -- why it is set aside
    queued_at bigint NOT NULL,
    PRIMARY KEY (partition, thread_id, extractor, message_id, content_hash)
);
