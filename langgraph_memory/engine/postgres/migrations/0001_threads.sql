-- Thread state: a checkpoint names the version of each channel; a version is stored once and shared. A version of a
-- list or a dict is a few runs over elements that are stored once, addressed by list id << 20 | position.
-- Nothing is shared between threads, and every key leads with the thread. Texts are compared by their bytes.
CREATE TABLE thread (
    thread_id text COLLATE "C" NOT NULL PRIMARY KEY,
    owner_id text COLLATE "C",
    created_at bigint,                    -- microseconds since 1970, UTC; NULL: it holds pending writes only
    updated_at bigint,                    -- later with every checkpoint, also when a clock stepped back
    signatures bigint[] NOT NULL DEFAULT '{}' -- of the newest transactions, which thereby know themselves
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
    channel_versions json NOT NULL,       -- channel -> version
    replayed_channels text COLLATE "C",   -- JSON: delta channels that are not stored here; NULL: none
    type text COLLATE "C" NOT NULL,
    body bytea NOT NULL,                  -- the rest of the checkpoint, and its metadata
    stored_at bigint NOT NULL             -- what `updated_at` of its thread became: the newest is the one stored last
);

-- Before the table is analysed both find one row for all the planner knows, and it takes the one made last; by the first
-- of them it would read all of a thread to find one checkpoint.
CREATE INDEX thread_checkpoint_newest ON thread_checkpoint (thread_id, checkpoint_ns, stored_at);
ALTER TABLE thread_checkpoint ADD PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id);

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

-- What is left of a deleted thread, so that a run that was under way is told from one that begins the thread anew.
CREATE TABLE thread_deleted (
    mark text COLLATE "C" NOT NULL PRIMARY KEY, -- a hash of the thread id
    deleted_at bigint NOT NULL            -- seconds since 1970, by the clock of the database
);

-- The chunks that hold the elements of some packed runs: pairs of numbers of 7 bits a byte, the lowest first; each first
-- address as its distance from the end of the run before, twice that or, when it is negative, one less.
CREATE FUNCTION thread_chunks_of(thread text, packed bytea[]) RETURNS SETOF thread_chunk
LANGUAGE plpgsql STABLE ROWS 32 SET search_path FROM CURRENT AS $$
DECLARE
    runs bytea;
    part integer;
    number bigint;
    shift integer;
    address bigint;
    is_count boolean;
    firsts bigint[];
    stops bigint[];
BEGIN
    FOREACH runs IN ARRAY packed LOOP
        address := 0; number := 0; shift := 0; is_count := false;
        FOR place IN 0 .. length(runs) - 1 LOOP
            part := get_byte(runs, place);
            number := number | ((part & 127)::bigint << shift);
            shift := shift + 7;
            CONTINUE WHEN part > 127 AND shift < 63;
            IF is_count THEN
                EXIT WHEN number > 4294967296; -- damaged, as below: who reads the runs says so
                firsts := firsts || address;
                address := address + number;
                stops := stops || address;
            ELSE
                address := address + CASE WHEN number & 1 = 0 THEN number >> 1 ELSE -1 - (number >> 1) END;
                EXIT WHEN address < 0 OR address > 4611686018427387904;
            END IF;
            number := 0; shift := 0; is_count := NOT is_count;
        END LOOP;
    END LOOP;
    RETURN QUERY
    SELECT i.* FROM thread_chunk AS i WHERE i.thread_id = thread AND i.address = ANY (ARRAY(
        SELECT c.address FROM unnest(firsts, stops) AS r (first, stop) CROSS JOIN LATERAL (
            SELECT coalesce(max(b.address), 0) AS start FROM thread_chunk AS b
            WHERE b.thread_id = thread AND b.address <= r.first
        ) AS f
        JOIN thread_chunk AS c ON c.thread_id = thread AND c.address >= f.start AND c.address < r.stop));
END $$;

-- A checkpoint and all that it is made of, read at once: its channel versions, its pending writes, and their chunks.
CREATE FUNCTION thread_parts(thread text, namespace text, wanted text) RETURNS TABLE (
    part text, thread_id text, checkpoint_ns text, checkpoint_id text, parent_checkpoint_id text, channel_versions json,
    body bytea, channel text, version text, kind text, task_path text, task_id text, idx bigint, address bigint,
    count bigint, type text, value bytea
) LANGUAGE plpgsql STABLE ROWS 32 SET search_path FROM CURRENT AS $$
#variable_conflict use_column
DECLARE
    versions json;
    packed bytea[];
BEGIN
    SELECT p.channel_versions INTO versions FROM thread_checkpoint AS p
    WHERE p.thread_id = thread AND p.checkpoint_ns = namespace AND p.checkpoint_id = wanted;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT 'checkpoint', thread, namespace, wanted, p.parent_checkpoint_id, versions, p.body, NULL, NULL, NULL, NULL,
        NULL, NULL::bigint, NULL::bigint, NULL::bigint, p.type, NULL::bytea
    FROM thread_checkpoint AS p
    WHERE p.thread_id = thread AND p.checkpoint_ns = namespace AND p.checkpoint_id = wanted;
    RETURN QUERY
    SELECT 'version', thread, namespace, NULL, NULL, NULL::json, NULL::bytea, c.channel, c.version, c.kind, NULL,
        NULL, NULL::bigint, NULL::bigint, NULL::bigint, c.type, c.value
    FROM json_each_text(versions) AS v JOIN thread_channel AS c
      ON c.thread_id = thread AND c.checkpoint_ns = namespace AND c.channel = v.key AND c.version = v.value;
    RETURN QUERY
    SELECT 'write', thread, namespace, wanted, NULL, NULL::json, NULL::bytea, w.channel, NULL, NULL, w.task_path,
        w.task_id, w.idx, NULL::bigint, NULL::bigint, w.type, w.value
    FROM thread_write AS w
    WHERE w.thread_id = thread AND w.checkpoint_ns = namespace AND w.checkpoint_id = wanted
    ORDER BY w.task_path, w.task_id, w.idx;
    packed := ARRAY(
        SELECT c.value FROM json_each_text(versions) AS v JOIN thread_channel AS c
          ON c.thread_id = thread AND c.checkpoint_ns = namespace AND c.channel = v.key AND c.version = v.value
        WHERE c.kind <> 'value'
        UNION ALL
        SELECT w.value FROM thread_write AS w
        WHERE w.thread_id = thread AND w.checkpoint_ns = namespace AND w.checkpoint_id = wanted
          AND w.type LIKE '@elements%');
    RETURN QUERY
    SELECT 'chunk', thread, namespace, NULL, NULL, NULL::json, NULL::bytea, NULL, NULL, NULL, NULL,
        NULL, NULL::bigint, i.address, i.count, i.type, i.value
    FROM thread_chunks_of(thread, packed) AS i;
END $$;

-- What some delta channels are replayed from: of each the nearest value among a checkpoint's ancestors, and the pending
-- writes to it since. Each ancestor is looked up by its key: a join over them all is planned as if there were one.
CREATE FUNCTION thread_replay(thread text, namespace text, wanted text, channels text[]) RETURNS TABLE (
    part text, depth bigint, channel text, version text, kind text, type text, value bytea, task_path text,
    task_id text, idx bigint
) LANGUAGE plpgsql STABLE ROWS 64 SET search_path FROM CURRENT AS $$
#variable_conflict use_column
DECLARE
    place text;
    parent text;
    versions json;
    one text;
    named text;
    missing text[] := channels;
    chain text[] := '{}';
    found_channels text[] := '{}';
    found_versions text[] := '{}';
    found_depths bigint[] := '{}';
    most bigint;
BEGIN
    SELECT p.parent_checkpoint_id INTO place FROM thread_checkpoint AS p
    WHERE p.thread_id = thread AND p.checkpoint_ns = namespace AND p.checkpoint_id = wanted;
    SELECT count(*) INTO most FROM thread_checkpoint AS p WHERE p.thread_id = thread AND p.checkpoint_ns = namespace;
    WHILE place IS NOT NULL AND cardinality(missing) > 0 AND cardinality(chain) < most LOOP -- one may be its own ancestor
        SELECT p.parent_checkpoint_id, p.channel_versions INTO parent, versions
        FROM thread_checkpoint AS p
        WHERE p.thread_id = thread AND p.checkpoint_ns = namespace AND p.checkpoint_id = place;
        EXIT WHEN NOT FOUND;
        chain := chain || place;
        FOREACH one IN ARRAY missing LOOP
            named := versions ->> one;
            PERFORM FROM thread_channel AS c WHERE c.thread_id = thread AND c.checkpoint_ns = namespace
                AND c.channel = one AND c.version = named;
            IF FOUND THEN
                found_channels := found_channels || one;
                found_versions := found_versions || named;
                found_depths := found_depths || cardinality(chain)::bigint;
                missing := array_remove(missing, one);
            END IF;
        END LOOP;
        place := parent;
    END LOOP;
    RETURN QUERY
    SELECT 'version', f.depth, c.channel, c.version, c.kind, c.type, c.value, NULL, NULL, NULL::bigint
    FROM unnest(found_channels, found_versions, found_depths) AS f (channel, version, depth)
    JOIN thread_channel AS c ON c.thread_id = thread AND c.checkpoint_ns = namespace
      AND c.channel = f.channel AND c.version = f.version;
    RETURN QUERY
    SELECT 'write', a.depth, w.channel, NULL, NULL, w.type, w.value, w.task_path, w.task_id, w.idx
    FROM unnest(chain) WITH ORDINALITY AS a (checkpoint_id, depth)
    CROSS JOIN LATERAL (
        SELECT * FROM thread_write AS p
        WHERE p.thread_id = thread AND p.checkpoint_ns = namespace AND p.checkpoint_id = a.checkpoint_id OFFSET 0
    ) AS w
    WHERE w.channel = ANY (channels)
      AND a.depth <= coalesce(found_depths[array_position(found_channels, w.channel)], a.depth);
END $$;

-- Whose words a message holds: the owner of the run that added it, '' when that run named nobody; and since when it is here.
CREATE TABLE thread_message (
    thread_id text COLLATE "C" NOT NULL,
    message_id text COLLATE "C" NOT NULL,
    owner_id text COLLATE "C" NOT NULL,
    said_at bigint NOT NULL,
    PRIMARY KEY (thread_id, message_id)
);

-- Store a checkpoint by one call, under the lock of its thread, if it is built on what its writer takes it for: its parent,
-- the kept versions, and for each base its runs and where its list ends. False: it is not, and nothing was stored.
CREATE FUNCTION thread_put(
    conversation text, namespace text, checkpoint text, parent text, run text, owner text, versions json, replayed text,
    body_type text, body bytea, now bigint, kept text[], kept_versions text[],
    bases text[], base_versions text[], base_runs bytea[], base_tails bigint[], base_ends bigint[],
    addresses bigint[], counts bigint[], chunk_types text[], chunks bytea[],
    shared_channels text[], shared_types text[], shared_values bytea[], shared_as text[], shared_runs bytea[],
    channels text[], channel_versions text[], kinds text[], types text[], "values" bytea[],
    messages text[], said_by text
) RETURNS boolean LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
#variable_conflict use_column
DECLARE
    stored_now bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('thread_id ' || conversation, 7));
    PERFORM FROM thread_checkpoint AS p
    WHERE p.thread_id = conversation AND p.checkpoint_ns = namespace AND p.checkpoint_id = parent;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    FOR i IN 1 .. cardinality(kept) LOOP
        PERFORM FROM thread_channel AS c WHERE c.thread_id = conversation AND c.checkpoint_ns = namespace
            AND c.channel = kept[i] AND c.version = kept_versions[i];
        IF NOT FOUND THEN
            RETURN false;
        END IF;
    END LOOP;
    FOR i IN 1 .. cardinality(bases) LOOP
        IF (SELECT c.value FROM thread_channel AS c WHERE c.thread_id = conversation AND c.checkpoint_ns = namespace
            AND c.channel = bases[i] AND c.version = base_versions[i]) IS DISTINCT FROM base_runs[i]
        OR base_ends[i] IS NOT NULL AND (SELECT k.address + k.count FROM thread_chunk AS k
            WHERE k.thread_id = conversation AND k.address < ((base_tails[i] - 1) >> 20 << 20) + 1048576
            ORDER BY k.address DESC LIMIT 1) IS DISTINCT FROM base_ends[i] THEN
            RETURN false;
        END IF;
    END LOOP;
    INSERT INTO thread AS t (thread_id, created_at, updated_at) VALUES (conversation, now, now)
    ON CONFLICT (thread_id) DO UPDATE SET
        created_at = coalesce(t.created_at, excluded.created_at),
        updated_at = greatest(t.updated_at + 1, excluded.updated_at)
    RETURNING t.updated_at INTO stored_now;
    IF cardinality(addresses) > 0 THEN
        INSERT INTO thread_chunk (thread_id, address, count, type, value)
        SELECT conversation, n.address, n.count, n.type, n.value
        FROM unnest(addresses, counts, chunk_types, chunks) AS n (address, count, type, value);
    END IF;
    FOR i IN 1 .. cardinality(shared_channels) LOOP
        UPDATE thread_write SET type = shared_as[i], value = shared_runs[i]
        WHERE thread_id = conversation AND checkpoint_ns = namespace AND checkpoint_id = parent
          AND channel = shared_channels[i] AND type = shared_types[i] AND value = shared_values[i];
    END LOOP;
    IF cardinality(channels) > 0 THEN
        INSERT INTO thread_channel (thread_id, checkpoint_ns, channel, version, kind, type, value)
        SELECT conversation, namespace, n.channel, n.version, n.kind, n.type, n.value
        FROM unnest(channels, channel_versions, kinds, types, "values") AS n (channel, version, kind, type, value)
        ON CONFLICT (thread_id, checkpoint_ns, channel, version) DO UPDATE SET
            kind = excluded.kind, type = excluded.type, value = excluded.value;
    END IF;
    INSERT INTO thread_checkpoint (
        thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, run_id, channel_versions, replayed_channels,
        type, body, stored_at
    ) VALUES (conversation, namespace, checkpoint, parent, run, versions, replayed, body_type, body, stored_now)
    ON CONFLICT (thread_id, checkpoint_ns, checkpoint_id) DO UPDATE SET
        parent_checkpoint_id = excluded.parent_checkpoint_id, run_id = excluded.run_id,
        channel_versions = excluded.channel_versions, replayed_channels = excluded.replayed_channels,
        type = excluded.type, body = excluded.body;
    IF owner IS NOT NULL THEN
        UPDATE thread SET owner_id = owner WHERE thread_id = conversation AND owner_id IS NULL;
        INSERT INTO thread_owner (owner_id, thread_id) VALUES (owner, conversation) ON CONFLICT DO NOTHING;
    END IF;
    IF cardinality(messages) > 0 THEN
        INSERT INTO thread_message AS m (thread_id, message_id, owner_id, said_at)
        SELECT conversation, n.message_id, said_by, now FROM unnest(messages) AS n (message_id)
        ON CONFLICT (thread_id, message_id) DO UPDATE SET owner_id = excluded.owner_id
        WHERE m.owner_id = '' AND excluded.owner_id <> '';
    END IF;
    RETURN true;
END $$;

-- Store pending writes by one call, under the lock of their thread; an ordinary write that is there stays as it is.
CREATE FUNCTION thread_put_writes(
    conversation text, namespace text, checkpoint text, stored boolean, begins boolean, deleted text,
    tasks text[], places bigint[], paths text[], channels text[], types text[], "values" bytea[]
) RETURNS boolean LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
#variable_conflict use_column
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('thread_id ' || conversation, 7));
    IF stored THEN
        PERFORM FROM thread_checkpoint AS p
        WHERE p.thread_id = conversation AND p.checkpoint_ns = namespace AND p.checkpoint_id = checkpoint;
        IF NOT FOUND THEN
            RETURN true;
        END IF;
    ELSIF begins OR NOT EXISTS (SELECT FROM thread_deleted WHERE mark = deleted) THEN
        INSERT INTO thread (thread_id) VALUES (conversation) ON CONFLICT (thread_id) DO NOTHING;
    END IF;
    PERFORM FROM thread WHERE thread_id = conversation;
    IF NOT FOUND THEN
        RETURN true;
    END IF;
    FOR i IN 1 .. cardinality(tasks) LOOP
        INSERT INTO thread_write (
            thread_id, checkpoint_ns, checkpoint_id, task_id, idx, task_path, channel, type, value
        ) VALUES (conversation, namespace, checkpoint, tasks[i], places[i], paths[i], channels[i], types[i], "values"[i])
        ON CONFLICT (thread_id, checkpoint_ns, checkpoint_id, task_id, idx) DO UPDATE SET
            task_path = excluded.task_path, channel = excluded.channel, type = excluded.type, value = excluded.value
            WHERE excluded.idx < 0;
    END LOOP;
    RETURN true;
END $$;

-- Nothing of a thread outlives it.
CREATE FUNCTION thread_delete() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    DELETE FROM thread_owner WHERE thread_id = old.thread_id;
    DELETE FROM memory_receipt WHERE thread_id = old.thread_id;
    DELETE FROM thread_message WHERE thread_id = old.thread_id;
    DELETE FROM thread_checkpoint WHERE thread_id = old.thread_id;
    DELETE FROM thread_channel WHERE thread_id = old.thread_id;
    DELETE FROM thread_chunk WHERE thread_id = old.thread_id;
    DELETE FROM thread_write WHERE thread_id = old.thread_id;
    RETURN NULL;
END $$;

CREATE TRIGGER thread_delete AFTER DELETE ON thread FOR EACH ROW EXECUTE FUNCTION thread_delete();
