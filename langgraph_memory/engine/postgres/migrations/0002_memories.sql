-- A partition is the first two labels of a namespace: one owner's memories, or one corner of the plain store. Every key
-- leads with it. Its number is the high half of the number of every row in it.
CREATE SEQUENCE store_partition_number;

CREATE TABLE store_partition (
    partition text COLLATE "C" NOT NULL PRIMARY KEY,
    partition_no bigint NOT NULL DEFAULT nextval('store_partition_number'),
    size bigint NOT NULL DEFAULT 0,       -- rows that hold terms, and how many terms
    term_total bigint NOT NULL DEFAULT 0,
    context_size bigint NOT NULL DEFAULT 0,
    context_total bigint NOT NULL DEFAULT 0,
    asked_size bigint NOT NULL DEFAULT 0,
    asked_total bigint NOT NULL DEFAULT 0,
    signatures bigint[] NOT NULL DEFAULT '{}' -- of the newest transactions, which thereby know themselves
) WITH (fillfactor = 70);                 -- written with every memory; the free space keeps that cheap

-- Curated memories and plain store items. A plain item has a value; a memory has the columns of its record instead.
CREATE TABLE agent_memory (
    memory_no bigint NOT NULL,            -- partition_no << 32 | sequence
    partition text COLLATE "C" NOT NULL,
    namespace text COLLATE "C" NOT NULL,  -- labels joined with '.', which no label may hold
    id text COLLATE "C" NOT NULL,
    ttl_minutes double precision,
    owner_id text COLLATE "C",
    scope text COLLATE "C",
    memory_type text COLLATE "C",
    slot text COLLATE "C",
    confidence double precision,
    importance double precision,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    valid_from bigint,
    last_verified_at bigint,
    expires_at bigint,
    superseded_by text COLLATE "C",       -- NULL beside a superseded_at: retired, and nothing took its place
    superseded_at bigint,
    conflict_id text COLLATE "C",         -- the live memories that share it contradict each other
    tags text COLLATE "C",                            -- JSON list; NULL: none
    injection text COLLATE "C",                       -- 'always', 'never'; NULL: as its type says
    trust text COLLATE "C",                           -- how it is known: owner, app, tool, model or import
    protected smallint,                               -- 1: the app alone changes it
    checksum bigint,                                  -- of what it says and whose it is; a row that fails it is not shown
    stated_confidence double precision,   -- before it faded; NULL: it has not
    stated_at bigint,                     -- since when that was said; NULL: since it was confirmed or made
    decayed_at bigint,                    -- when it faded last
    fingerprint text COLLATE "C",         -- of the normalised content
    subject_key text COLLATE "C",         -- the folded words of the subject
    question_share double precision NOT NULL DEFAULT 0,
    term_count bigint NOT NULL DEFAULT 0,
    context_count bigint NOT NULL DEFAULT 0,
    asked_count bigint NOT NULL DEFAULT 0,
    subject text COLLATE "C",
    content text COLLATE "C",
    content_json text COLLATE "C",
    source text COLLATE "C",
    value text COLLATE "C",               -- JSON, plain items only
    context text COLLATE "C",
    terms text COLLATE "C" DEFAULT '{}', -- JSON: term -> frequency; what the text index holds; NULL: not looked for yet
    context_terms text COLLATE "C" NOT NULL DEFAULT '{}',
    asked_terms text COLLATE "C" NOT NULL DEFAULT '{}',
    PRIMARY KEY (partition, memory_no),
    UNIQUE (partition, namespace, id)
);

CREATE UNIQUE INDEX agent_memory_by_id ON agent_memory (partition, id) WHERE memory_type IS NOT NULL;
CREATE INDEX agent_memory_by_scope ON agent_memory (partition, scope) WHERE scope IS NOT NULL;
CREATE INDEX agent_memory_by_slot ON agent_memory (partition, scope, memory_type, slot)
    WHERE slot IS NOT NULL AND superseded_at IS NULL;
CREATE INDEX agent_memory_by_fingerprint ON agent_memory (partition, scope, memory_type, fingerprint)
    WHERE fingerprint IS NOT NULL AND superseded_at IS NULL;
CREATE INDEX agent_memory_by_conflict ON agent_memory (partition, conflict_id) WHERE conflict_id IS NOT NULL;
CREATE INDEX agent_memory_by_successor ON agent_memory (partition, superseded_by) WHERE superseded_by IS NOT NULL;
CREATE INDEX agent_memory_by_summary ON agent_memory (partition) WHERE memory_type = 'summary';
CREATE INDEX agent_memory_newest ON agent_memory (partition, namespace, updated_at DESC, memory_no)
    WHERE superseded_at IS NULL;
CREATE INDEX agent_memory_by_expiry ON agent_memory (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX agent_memory_by_number ON agent_memory (memory_no);
CREATE INDEX agent_memory_unindexed ON agent_memory (partition, memory_no) WHERE terms IS NULL;

-- The text index: for each term of a partition the rows that hold it. A posting is a space and 14 hexadecimal digits:
-- the row's number in its partition (8), the term's frequency (2), the length of the field (4).
CREATE TABLE memory_posting (
    partition text COLLATE "C" NOT NULL,
    term text COLLATE "C" NOT NULL,
    field smallint NOT NULL,              -- 0 own text, 1 context, 2 the question it answers
    memory_no bigint NOT NULL,
    posting text COLLATE "C" NOT NULL,
    PRIMARY KEY (partition, term, field, memory_no)
);

-- What a term is indexed as: itself, or what stands for one that is too long for a key.
CREATE FUNCTION memory_term(term text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN octet_length(term) <= 200 THEN term
        ELSE ' ' || to_hex(hashtextextended(term, 0)) || to_hex(hashtextextended(term, 1)) END
$$;

-- Which subjects a partition's memories have, and how many memories each.
CREATE TABLE memory_subject (
    partition text COLLATE "C" NOT NULL,
    subject_key text COLLATE "C" NOT NULL,
    memories bigint NOT NULL,
    PRIMARY KEY (partition, subject_key)
);

CREATE FUNCTION memory_index_add(one agent_memory) RETURNS void LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO memory_posting (partition, term, field, memory_no, posting)
    SELECT one.partition, memory_term(e.key), f.field, one.memory_no,
        ' ' || lpad(to_hex(one.memory_no & 4294967295), 8, '0') || lpad(to_hex(least(e.value::integer, 255)), 2, '0')
        || lpad(to_hex(least(f.length, 65535)), 4, '0')
    FROM (VALUES (0, one.terms, one.term_count), (1, one.context_terms, one.context_count),
        (2, one.asked_terms, one.asked_count)) AS f (field, terms, length)
    CROSS JOIN json_each_text(f.terms::json) AS e;
    UPDATE store_partition SET
        size = size + (one.term_count > 0)::integer, term_total = term_total + one.term_count,
        context_size = context_size + (one.context_count > 0)::integer,
        context_total = context_total + one.context_count,
        asked_size = asked_size + (one.asked_count > 0)::integer, asked_total = asked_total + one.asked_count
    WHERE partition = one.partition;
    IF one.subject_key IS NOT NULL THEN
        INSERT INTO memory_subject VALUES (one.partition, one.subject_key, 1)
        ON CONFLICT (partition, subject_key) DO UPDATE SET memories = memory_subject.memories + 1;
    END IF;
END $$;

CREATE FUNCTION memory_index_remove(one agent_memory) RETURNS void LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    -- Each by its key: a join with the terms is planned as if there were one, and reads the partition for each of them.
    DELETE FROM memory_posting AS p
    WHERE p.partition = one.partition AND p.memory_no = one.memory_no AND p.term = ANY (ARRAY(
        SELECT memory_term(e.term) FROM unnest(ARRAY[one.terms, one.context_terms, one.asked_terms]) AS f (terms)
        CROSS JOIN json_object_keys(f.terms::json) AS e (term)));
    UPDATE store_partition SET
        size = size - (one.term_count > 0)::integer, term_total = term_total - one.term_count,
        context_size = context_size - (one.context_count > 0)::integer,
        context_total = context_total - one.context_count,
        asked_size = asked_size - (one.asked_count > 0)::integer, asked_total = asked_total - one.asked_count
    WHERE partition = one.partition;
    IF one.subject_key IS NOT NULL THEN
        UPDATE memory_subject SET memories = memories - 1
        WHERE partition = one.partition AND subject_key = one.subject_key;
        DELETE FROM memory_subject
        WHERE partition = one.partition AND subject_key = one.subject_key AND memories = 0;
    END IF;
END $$;

-- Vectors are compared exactly, all of a partition. Their own column is added with the extension pgvector when the first
-- index is noted, so that a server without it keeps everything else.
CREATE TABLE memory_vector (
    partition text COLLATE "C" NOT NULL,
    memory_no bigint NOT NULL,
    field text COLLATE "C" NOT NULL,
    PRIMARY KEY (partition, memory_no, field)
);

-- The words of a plain item are looked for before the first search that asks for words: most items are never searched
-- so. Until then its `terms` are NULL, and nothing here knows of it.
-- The same of all rows that one statement has added: together they take a half of what they take one by one, but for a
-- single one, for which the plans of many are the slower ones.
CREATE FUNCTION memory_index_insert() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    first agent_memory;
    one record;
BEGIN
    SELECT * INTO first FROM added WHERE terms IS NOT NULL LIMIT 1;
    IF NOT FOUND THEN
        RETURN NULL;
    ELSIF NOT EXISTS (SELECT FROM added OFFSET 1) THEN
        PERFORM memory_index_add(first);
        RETURN NULL;
    END IF;
    INSERT INTO memory_posting (partition, term, field, memory_no, posting)
    SELECT n.partition, memory_term(e.key), f.field, n.memory_no,
        ' ' || lpad(to_hex(n.memory_no & 4294967295), 8, '0') || lpad(to_hex(least(e.value::integer, 255)), 2, '0')
        || lpad(to_hex(least(f.length, 65535)), 4, '0')
    FROM added AS n
    CROSS JOIN LATERAL (VALUES (0, n.terms, n.term_count), (1, n.context_terms, n.context_count),
        (2, n.asked_terms, n.asked_count)) AS f (field, terms, length)
    CROSS JOIN LATERAL json_each_text(f.terms::json) AS e
    WHERE f.length > 0;
    FOR one IN
        SELECT partition, count(*) FILTER (WHERE term_count > 0) AS size, sum(term_count)::bigint AS total,
            count(*) FILTER (WHERE context_count > 0) AS context_size, sum(context_count)::bigint AS context_total,
            count(*) FILTER (WHERE asked_count > 0) AS asked_size, sum(asked_count)::bigint AS asked_total
        FROM added GROUP BY partition
    LOOP -- each by its key, which a join may be planned to do without
        UPDATE store_partition SET
            size = size + one.size, term_total = term_total + one.total,
            context_size = context_size + one.context_size, context_total = context_total + one.context_total,
            asked_size = asked_size + one.asked_size, asked_total = asked_total + one.asked_total
        WHERE partition = one.partition;
    END LOOP;
    INSERT INTO memory_subject
    SELECT partition, subject_key, count(*) FROM added WHERE subject_key IS NOT NULL GROUP BY partition, subject_key
    ON CONFLICT (partition, subject_key) DO UPDATE SET memories = memory_subject.memories + excluded.memories;
    RETURN NULL;
END $$;

CREATE FUNCTION memory_index_update() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF old.terms IS NOT NULL THEN
        PERFORM memory_index_remove(old);
    END IF;
    IF new.terms IS NOT NULL THEN
        PERFORM memory_index_add(new);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION memory_index_delete() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF old.terms IS NOT NULL THEN
        PERFORM memory_index_remove(old);
    END IF;
    DELETE FROM memory_vector WHERE partition = old.partition AND memory_no = old.memory_no;
    RETURN NULL;
END $$;

CREATE TRIGGER memory_index_insert AFTER INSERT ON agent_memory REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION memory_index_insert();

CREATE TRIGGER memory_index_update AFTER UPDATE OF terms, context_terms, asked_terms, subject_key ON agent_memory
FOR EACH ROW WHEN ((old.terms, old.context_terms, old.asked_terms, old.subject_key)
    IS DISTINCT FROM (new.terms, new.context_terms, new.asked_terms, new.subject_key))
EXECUTE FUNCTION memory_index_update();

CREATE TRIGGER memory_index_delete AFTER DELETE ON agent_memory FOR EACH ROW EXECUTE FUNCTION memory_index_delete();

-- Store plain items by one call, under the locks of their partitions, each in place of what is there. Those of one
-- partition follow each other, and no place is named twice; the new ones are added by one statement at the end.
CREATE FUNCTION store_put(
    partitions text[], spaces text[], ids text[], "values" text[], lifetimes double precision[], now bigint,
    ends bigint[], words text[], counts bigint[]
) RETURNS boolean LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
#variable_conflict use_column
DECLARE
    place text;
    numbered text;
    partition_number bigint;
    number bigint;
    fresh bigint[] := '{}';
    numbers bigint[] := '{}';
    known record;
BEGIN
    IF cardinality(partitions) = 1 THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('partition ' || partitions[1], 7));
    ELSE
        FOR place IN SELECT DISTINCT p.name COLLATE "C" FROM unnest(partitions) AS p (name) ORDER BY 1 LOOP
            PERFORM pg_advisory_xact_lock(hashtextextended('partition ' || place, 7));
        END LOOP;
    END IF;
    FOR i IN 1 .. cardinality(ids) LOOP
        SELECT m.memory_no, m.memory_type, m.created_at, m.expires_at INTO known FROM agent_memory AS m
        WHERE m.partition = partitions[i] AND m.namespace = spaces[i] AND m.id = ids[i];
        IF FOUND AND known.memory_type IS NOT NULL THEN
            RAISE EXCEPTION 'a memory is in the place of an item';
        ELSIF FOUND THEN
            UPDATE agent_memory SET
                value = "values"[i], ttl_minutes = lifetimes[i], updated_at = now, expires_at = ends[i],
                created_at = CASE WHEN known.expires_at <= now THEN now ELSE known.created_at END,
                terms = words[i], term_count = counts[i]
            WHERE partition = partitions[i] AND memory_no = known.memory_no;
            DELETE FROM memory_vector WHERE partition = partitions[i] AND memory_no = known.memory_no;
        ELSE
            IF numbered IS DISTINCT FROM partitions[i] THEN
                numbered := partitions[i];
                SELECT s.partition_no INTO partition_number FROM store_partition AS s WHERE s.partition = numbered;
                IF NOT FOUND THEN
                    INSERT INTO store_partition (partition) VALUES (numbered)
                    ON CONFLICT (partition) DO UPDATE SET partition = excluded.partition
                    RETURNING partition_no INTO partition_number;
                END IF;
                number := coalesce((
                    SELECT m.memory_no FROM agent_memory AS m WHERE m.partition = numbered
                    ORDER BY m.memory_no DESC LIMIT 1 -- a `max` would be planned to read the whole partition
                ), partition_number << 32);
            END IF;
            number := number + 1;
            fresh := fresh || i::bigint;
            numbers := numbers || number;
        END IF;
    END LOOP;
    IF cardinality(fresh) > 0 THEN
        INSERT INTO agent_memory (
            memory_no, partition, namespace, id, value, ttl_minutes, created_at, updated_at, expires_at, terms,
            term_count
        ) SELECT n.number, partitions[n.place], spaces[n.place], ids[n.place], "values"[n.place], lifetimes[n.place],
            now, now, ends[n.place], words[n.place], counts[n.place]
        FROM unnest(fresh, numbers) AS n (place, number);
    END IF;
    RETURN true;
END $$;

-- What a memory was before each change to it, until when that held: a read as of an earlier moment answers with this.
-- Triggers write it, so that no change is without its version and none outlives the memory.
CREATE TABLE memory_version (
    memory_no bigint NOT NULL,
    version_no bigint NOT NULL,           -- 1 is what was first remembered
    replaced_at bigint NOT NULL,
    partition text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    owner_id text COLLATE "C" NOT NULL,
    scope text COLLATE "C" NOT NULL,
    memory_type text COLLATE "C" NOT NULL,
    slot text COLLATE "C",
    confidence double precision,
    importance double precision,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    valid_from bigint,
    last_verified_at bigint,
    expires_at bigint,
    superseded_by text COLLATE "C",
    superseded_at bigint,
    conflict_id text COLLATE "C",
    tags text COLLATE "C",
    injection text COLLATE "C",
    trust text COLLATE "C" NOT NULL,
    protected smallint NOT NULL,
    checksum bigint NOT NULL,
    fingerprint text COLLATE "C",
    subject_key text COLLATE "C",
    question_share double precision NOT NULL,
    term_count bigint NOT NULL,
    context_count bigint NOT NULL,
    asked_count bigint NOT NULL,
    subject text COLLATE "C",
    content text COLLATE "C" NOT NULL,
    content_json text COLLATE "C",
    source text COLLATE "C",
    context text COLLATE "C",
    terms text COLLATE "C" NOT NULL,
    context_terms text COLLATE "C" NOT NULL,
    asked_terms text COLLATE "C" NOT NULL,
    PRIMARY KEY (partition, memory_no, version_no)
);

CREATE INDEX memory_version_by_id ON memory_version (partition, id);

CREATE FUNCTION memory_version_keep() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO memory_version (
        memory_no, version_no, replaced_at, partition, id, owner_id, scope, memory_type, slot, confidence, importance,
        created_at, updated_at, valid_from, last_verified_at, expires_at, superseded_by, superseded_at, conflict_id, tags, injection,
        trust, protected, checksum,
        fingerprint, subject_key, question_share, term_count, context_count, asked_count, subject, content, content_json, source,
        context, terms, context_terms, asked_terms
    ) SELECT old.memory_no,
        1 + coalesce((SELECT max(version_no) FROM memory_version
                      WHERE partition = old.partition AND memory_no = old.memory_no), 0),
        greatest(new.updated_at, coalesce(new.decayed_at, 0)),
        old.partition, old.id, old.owner_id, old.scope, old.memory_type, old.slot, old.confidence, old.importance,
        old.created_at, old.updated_at, old.valid_from, old.last_verified_at, old.expires_at,
        old.superseded_by, old.superseded_at, old.conflict_id, old.tags, old.injection,
        old.trust, old.protected, old.checksum, old.fingerprint, old.subject_key, old.question_share,
        old.term_count,
        old.context_count, old.asked_count, old.subject, old.content, old.content_json, old.source, old.context,
        old.terms, old.context_terms, old.asked_terms;
    RETURN NULL;
END $$;

CREATE TRIGGER memory_version_keep AFTER UPDATE ON agent_memory
FOR EACH ROW WHEN (old.memory_type IS NOT NULL) EXECUTE FUNCTION memory_version_keep();

CREATE FUNCTION memory_version_delete() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    DELETE FROM memory_version WHERE partition = old.partition AND memory_no = old.memory_no;
    RETURN NULL;
END $$;

CREATE TRIGGER memory_version_delete AFTER DELETE ON agent_memory
FOR EACH ROW WHEN (old.memory_type IS NOT NULL) EXECUTE FUNCTION memory_version_delete();

-- Every state a memory has been in, the present one last. Of those that end after a moment the first held at it.
CREATE VIEW memory_state AS
SELECT memory_no, 9223372036854775807 AS version_no, 9223372036854775807 AS replaced_at,
    partition, id, owner_id, scope, memory_type, slot, confidence, importance, created_at, updated_at, valid_from,
    last_verified_at, expires_at, superseded_by, superseded_at, conflict_id, tags, injection,
    trust, protected, checksum, fingerprint, subject_key, question_share,
    term_count, context_count, asked_count, subject, content, content_json, source, context, terms, context_terms,
    asked_terms
FROM agent_memory WHERE memory_type IS NOT NULL
UNION ALL
SELECT memory_no, version_no, replaced_at,
    partition, id, owner_id, scope, memory_type, slot, confidence, importance, created_at, updated_at, valid_from,
    last_verified_at, expires_at, superseded_by, superseded_at, conflict_id, tags, injection,
    trust, protected, checksum, fingerprint, subject_key, question_share,
    term_count, context_count, asked_count, subject, content, content_json, source, context, terms, context_terms,
    asked_terms
FROM memory_version;
