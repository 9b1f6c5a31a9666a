-- Whose a thread is: every owner that a run named when it saved a checkpoint of it.
CREATE TABLE thread_owner (
    owner_id TEXT NOT NULL,
    thread_id TEXT NOT NULL,
    PRIMARY KEY (owner_id, thread_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX thread_owner_by_thread ON thread_owner (thread_id);

CREATE TRIGGER thread_owner_delete AFTER DELETE ON thread BEGIN
    DELETE FROM thread_owner WHERE thread_id = old.thread_id;
END;
