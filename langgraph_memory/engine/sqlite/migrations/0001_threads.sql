-- Thread state: a checkpoint names the version of each channel; a version is stored once and shared. A version of a
-- list or a dict is a few runs over elements that are stored once, addressed by list id << 20 | position.
-- Nothing is shared between threads. A blob of a serialised value begins with its packing and a checksum.
CREATE TABLE thread (
    thread_no INTEGER PRIMARY KEY,        -- stands for the id in every other key, which is five times shorter so
    thread_id TEXT NOT NULL UNIQUE,
    owner_id TEXT,
    created_at INTEGER,                   -- microseconds since 1970, UTC; NULL: it holds pending writes only
    updated_at INTEGER                    -- later with every checkpoint, also when the clock stepped back
) STRICT;

CREATE INDEX thread_by_owner ON thread (owner_id) WHERE owner_id IS NOT NULL;

-- Whose a thread is: every owner that a run named when it saved a checkpoint of it.
CREATE TABLE thread_owner (
    owner_id TEXT NOT NULL,
    thread_id TEXT NOT NULL,
    PRIMARY KEY (owner_id, thread_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX thread_owner_by_thread ON thread_owner (thread_id);

CREATE TABLE thread_checkpoint (
    thread_no INTEGER NOT NULL,
    checkpoint_ns TEXT NOT NULL,
    checkpoint_id TEXT NOT NULL,
    parent_checkpoint_id TEXT,
    run_id TEXT,
    channel_versions TEXT NOT NULL,       -- JSON: channel -> version
    replayed_channels TEXT,               -- JSON: delta channels that are not stored here; NULL: none
    type TEXT NOT NULL,
    body BLOB NOT NULL,                   -- the rest of the checkpoint, and its metadata
    stored_at INTEGER NOT NULL,           -- what `updated_at` of its thread became: the newest is the one stored last
    PRIMARY KEY (thread_no, checkpoint_ns, checkpoint_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX thread_checkpoint_newest ON thread_checkpoint (thread_no, checkpoint_ns, stored_at);

CREATE INDEX thread_checkpoint_by_run ON thread_checkpoint (run_id, thread_no) WHERE run_id IS NOT NULL;

CREATE TABLE thread_channel (
    thread_no INTEGER NOT NULL,
    checkpoint_ns TEXT NOT NULL,
    channel TEXT NOT NULL,
    version TEXT NOT NULL,
    kind TEXT NOT NULL,                   -- 'value': stored here; 'item', 'list', 'dict', 'snapshot_list': runs
    type TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (thread_no, checkpoint_ns, version, channel)  -- versions grow, so new rows are neighbours
) STRICT, WITHOUT ROWID;

CREATE TABLE thread_chunk (
    thread_no INTEGER NOT NULL,
    address INTEGER NOT NULL,             -- of the first element
    count INTEGER NOT NULL,
    type TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (thread_no, address)
) STRICT, WITHOUT ROWID;

CREATE TABLE thread_write (
    thread_no INTEGER NOT NULL,
    checkpoint_ns TEXT NOT NULL,
    checkpoint_id TEXT NOT NULL,
    task_id TEXT NOT NULL,
    idx INTEGER NOT NULL,
    task_path TEXT NOT NULL,
    channel TEXT NOT NULL,
    type TEXT NOT NULL,                   -- '@elements', perhaps with places: the value is runs over elements of a list
    value BLOB NOT NULL,
    PRIMARY KEY (thread_no, checkpoint_ns, checkpoint_id, task_id, idx)
) STRICT, WITHOUT ROWID;

-- What is left of a deleted thread, so that a run that was under way is told from one that begins the thread anew.
CREATE TABLE thread_deleted (
    mark TEXT NOT NULL PRIMARY KEY,       -- a hash of the thread id
    deleted_at INTEGER NOT NULL           -- seconds since 1970, by the clock of the database
) STRICT, WITHOUT ROWID;

-- Whose words a message holds: the owner of the run that added it, '' when that run named nobody; and since when it is here.
CREATE TABLE thread_message (
    thread_no INTEGER NOT NULL,
    message_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    said_at INTEGER NOT NULL,
    PRIMARY KEY (thread_no, message_id)
) STRICT, WITHOUT ROWID;

-- A number may be given to another thread once its thread is gone, so nothing that bears it stays behind.
CREATE TRIGGER thread_delete AFTER DELETE ON thread BEGIN
    DELETE FROM thread_owner WHERE thread_id = old.thread_id;
    DELETE FROM memory_receipt WHERE thread_id = old.thread_id;
    DELETE FROM thread_message WHERE thread_no = old.thread_no;
    DELETE FROM thread_checkpoint WHERE thread_no = old.thread_no;
    DELETE FROM thread_channel WHERE thread_no = old.thread_no;
    DELETE FROM thread_chunk WHERE thread_no = old.thread_no;
    DELETE FROM thread_write WHERE thread_no = old.thread_no;
END;
