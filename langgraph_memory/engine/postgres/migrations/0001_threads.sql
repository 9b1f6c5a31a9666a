-- Thread state: a checkpoint names the version of each channel; a version is stored once and shared. A version of a
-- list or a dict is a few runs over elements that are stored once, addressed by list id << 20 | position.
-- Nothing is shared between threads, and every key leads with the thread. Texts are compared by their bytes.
CREATE TABLE thread (
    thread_id text COLLATE "C" NOT NULL PRIMARY KEY,
    owner_id text COLLATE "C",
    created_at bigint,                    -- microseconds since 1970, UTC; NULL: it holds pending writes only
    updated_at bigint
) WITH (fillfactor = 70);                 -- written with every checkpoint; the free space keeps that cheap

CREATE INDEX thread_by_owner ON thread (owner_id) WHERE owner_id IS NOT NULL;

-- Whose a thread is: every owner that a run named when it saved a checkpoint of it.
CREATE TABLE thread_owner (
    thread_id text COLLATE "C" NOT NULL,
    owner_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (thread_id, owner_id)
);

CREATE INDEX thread_owner_by_owner ON thread_owner (owner_id, thread_id);

CREATE TABLE thread_checkpoint (
    thread_id text COLLATE "C" NOT NULL,
    checkpoint_ns text COLLATE "C" NOT NULL,
    checkpoint_id text COLLATE "C" NOT NULL,
    parent_checkpoint_id text COLLATE "C",
    run_id text COLLATE "C",
    channel_versions text COLLATE "C" NOT NULL, -- JSON: channel -> version
    replayed_channels text COLLATE "C",   -- JSON: delta channels that are not stored here; NULL: none
    type text COLLATE "C" NOT NULL,
    body bytea NOT NULL,                  -- the rest of the checkpoint, and its metadata
    PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id)
);

CREATE INDEX thread_checkpoint_by_run ON thread_checkpoint (run_id, thread_id) WHERE run_id IS NOT NULL;

CREATE TABLE thread_channel (
    thread_id text COLLATE "C" NOT NULL,
    checkpoint_ns text COLLATE "C" NOT NULL,
    channel text COLLATE "C" NOT NULL,
    version text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,       -- 'value': stored here; 'item', 'list', 'dict', 'snapshot_list': runs
    type text COLLATE "C" NOT NULL,
    value bytea NOT NULL,
    PRIMARY KEY (thread_id, checkpoint_ns, channel, version)
);

CREATE TABLE thread_chunk (
    thread_id text COLLATE "C" NOT NULL,
    address bigint NOT NULL,              -- of the first element
    count bigint NOT NULL,
    type text COLLATE "C" NOT NULL,
    value bytea NOT NULL,
    PRIMARY KEY (thread_id, address)
);

CREATE TABLE thread_write (
    thread_id text COLLATE "C" NOT NULL,
    checkpoint_ns text COLLATE "C" NOT NULL,
    checkpoint_id text COLLATE "C" NOT NULL,
    task_id text COLLATE "C" NOT NULL,
    idx bigint NOT NULL,
    task_path text COLLATE "C" NOT NULL,
    channel text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,       -- '@elements', perhaps with places: the value is runs over elements of a list
    value bytea NOT NULL,
    PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id, task_id, idx)
);

-- Nothing of a thread outlives it.
CREATE FUNCTION thread_delete() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    DELETE FROM thread_owner WHERE thread_id = old.thread_id;
    DELETE FROM thread_checkpoint WHERE thread_id = old.thread_id;
    DELETE FROM thread_channel WHERE thread_id = old.thread_id;
    DELETE FROM thread_chunk WHERE thread_id = old.thread_id;
    DELETE FROM thread_write WHERE thread_id = old.thread_id;
    RETURN NULL;
END $$;

CREATE TRIGGER thread_delete AFTER DELETE ON thread FOR EACH ROW EXECUTE FUNCTION thread_delete();
