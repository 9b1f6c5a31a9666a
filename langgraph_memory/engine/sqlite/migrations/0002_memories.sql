-- A partition is the first two labels of a namespace: one owner's memories, or one corner of the plain store.
-- Its number is the high half of the number of every row in it, so that an index is searched by range.
CREATE TABLE store_partition (
    partition_no INTEGER PRIMARY KEY,
    partition TEXT NOT NULL UNIQUE,
    size INTEGER NOT NULL DEFAULT 0,      -- rows that hold terms, and how many terms
    term_total INTEGER NOT NULL DEFAULT 0,
    context_size INTEGER NOT NULL DEFAULT 0,
    context_total INTEGER NOT NULL DEFAULT 0,
    asked_size INTEGER NOT NULL DEFAULT 0,
    asked_total INTEGER NOT NULL DEFAULT 0,
    indexed INTEGER NOT NULL DEFAULT 0,   -- the last row whose terms are in memory_posting; those after it are fresh
    fresh_state INTEGER NOT NULL DEFAULT 0, -- random; another one after every change to the rows
    fresh_before INTEGER,                 -- the state before it, where one row more is all that has changed
    vectors INTEGER NOT NULL DEFAULT 0,   -- the number of the last vector
    coded_vectors INTEGER NOT NULL DEFAULT 0, -- and of the last whose codes are in a block; those after it are loose
    loose_state INTEGER NOT NULL DEFAULT 0, -- random; another one after every change to the vectors in no block
    blocks_state INTEGER NOT NULL DEFAULT 0, -- random; another one after every change to a block of vectors
    newest_block INTEGER NOT NULL DEFAULT 0 -- the mark of the last block that was added
) STRICT;

-- Curated memories and plain store items. A plain item has a value; a memory has the columns of its record instead.
CREATE TABLE agent_memory (
    memory_no INTEGER PRIMARY KEY,        -- partition_no << 32 | sequence
    partition TEXT NOT NULL,              -- what decides who may see a row comes before its long texts
    namespace TEXT NOT NULL,              -- labels joined with '.', which no label may hold
    id TEXT NOT NULL,
    ttl_minutes REAL,
    owner_id TEXT,
    scope TEXT,
    memory_type TEXT,
    slot TEXT,
    confidence REAL,
    importance REAL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    valid_from INTEGER,
    last_verified_at INTEGER,
    expires_at INTEGER,
    superseded_by TEXT,                   -- NULL beside a superseded_at: retired, and nothing took its place
    superseded_at INTEGER,
    conflict_id TEXT,                     -- the live memories that share it contradict each other
    tags TEXT,                            -- JSON list; NULL: none
    injection TEXT,                       -- 'always', 'never'; NULL: as its type says
    trust TEXT,                           -- how it is known: owner, app, tool, model or import
    protected INTEGER,                    -- 1: the app alone changes it
    checksum INTEGER,                     -- of what it says and whose it is; a row that fails it is not shown
    stated_confidence REAL,               -- before it faded; NULL: it has not
    stated_at INTEGER,                    -- since when that was said; NULL: since it was confirmed or made
    decayed_at INTEGER,                   -- when it faded last
    fingerprint TEXT,                     -- of the normalised content
    subject_key TEXT,                     -- the folded words of the subject
    question_share REAL NOT NULL DEFAULT 0,
    term_count INTEGER NOT NULL DEFAULT 0,
    context_count INTEGER NOT NULL DEFAULT 0,
    asked_count INTEGER NOT NULL DEFAULT 0,
    subject TEXT,
    content TEXT,
    content_json TEXT,
    source TEXT,
    value TEXT,                           -- JSON, plain items only
    context TEXT,
    terms TEXT DEFAULT '{}',              -- JSON: term -> frequency; what the text index holds; NULL: not looked for yet
    context_terms TEXT NOT NULL DEFAULT '{}',
    asked_terms TEXT NOT NULL DEFAULT '{}',
    UNIQUE (partition, namespace, id)
) STRICT;

CREATE UNIQUE INDEX agent_memory_by_id ON agent_memory (partition, id) WHERE memory_type IS NOT NULL;
CREATE INDEX agent_memory_by_scope ON agent_memory (partition, scope) WHERE scope IS NOT NULL;
CREATE INDEX agent_memory_by_slot ON agent_memory (partition, scope, memory_type, slot)
    WHERE slot IS NOT NULL AND superseded_at IS NULL;
CREATE INDEX agent_memory_by_fingerprint ON agent_memory (partition, scope, memory_type, fingerprint)
    WHERE fingerprint IS NOT NULL AND superseded_at IS NULL;
CREATE INDEX agent_memory_by_conflict ON agent_memory (partition, conflict_id) WHERE conflict_id IS NOT NULL;
CREATE INDEX agent_memory_by_successor ON agent_memory (partition, superseded_by) WHERE superseded_by IS NOT NULL;
CREATE INDEX agent_memory_by_summary ON agent_memory (partition) WHERE memory_type = 'summary';
CREATE INDEX agent_memory_newest ON agent_memory (partition, namespace, updated_at DESC, memory_no, expires_at)
    WHERE superseded_at IS NULL;
CREATE INDEX agent_memory_by_expiry ON agent_memory (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX agent_memory_unindexed ON agent_memory (partition) WHERE terms IS NULL;

-- The text index: for each term of a partition the rows that hold it, in blocks of 512 row numbers. Reading a term costs
-- what its partition holds of it, whatever the rest of the file holds. A posting is a space and 14 hexadecimal digits:
-- the row's number in its partition (8), the term's frequency (2), the length of the field (4); so one can be taken out.
-- The newest rows are not in it: each would change a page for every term. They are searched by their own columns, until
-- there are 64 or an import ends, and go in together.
CREATE TABLE memory_posting (
    partition_no INTEGER NOT NULL,
    term TEXT NOT NULL,
    field INTEGER NOT NULL,               -- 0 own text, 1 context, 2 the question it answers
    block INTEGER NOT NULL,
    postings TEXT NOT NULL,
    PRIMARY KEY (partition_no, term, field, block)
) STRICT, WITHOUT ROWID;

CREATE VIEW memory_entry AS
SELECT t.memory_no, t.memory_no >> 32 AS partition_no, e.key AS term, t.field,
    (t.memory_no & 4294967295) >> 9 AS block,
    printf(' %08x%02x%04x', t.memory_no & 4294967295, min(e.value, 255), min(t.length, 65535)) AS posting
FROM (
    SELECT memory_no, 0 AS field, terms, term_count AS length FROM agent_memory
    UNION ALL SELECT memory_no, 1, context_terms, context_count FROM agent_memory
    UNION ALL SELECT memory_no, 2, asked_terms, asked_count FROM agent_memory
) AS t JOIN json_each(t.terms) AS e;

-- Which subjects a partition's memories have, and how many memories each.
CREATE TABLE memory_subject (
    partition_no INTEGER NOT NULL,
    subject_key TEXT NOT NULL,
    memories INTEGER NOT NULL,
    PRIMARY KEY (partition_no, subject_key)
) STRICT, WITHOUT ROWID;

-- A row is taken out of the index by an upsert of the terms that are in it, because that finds each by its key; an
-- update that joins the view walks every term of the partition.
CREATE TRIGGER memory_posting_empty AFTER UPDATE OF postings ON memory_posting WHEN new.postings = '' BEGIN
    DELETE FROM memory_posting
    WHERE partition_no = new.partition_no AND term = new.term AND field = new.field AND block = new.block;
END;

-- The words of a plain item are looked for before the first search that asks for words: most items are never searched
-- so. Until then its `terms` are NULL, and nothing here knows of it.
CREATE TRIGGER memory_index_insert AFTER INSERT ON agent_memory WHEN new.terms IS NOT NULL BEGIN
    UPDATE store_partition SET
        size = size + (new.term_count > 0), term_total = term_total + new.term_count,
        context_size = context_size + (new.context_count > 0), context_total = context_total + new.context_count,
        asked_size = asked_size + (new.asked_count > 0), asked_total = asked_total + new.asked_count,
        fresh_before = fresh_state, fresh_state = random()
    WHERE partition_no = new.memory_no >> 32;
    INSERT INTO memory_subject SELECT new.memory_no >> 32, new.subject_key, 1 WHERE new.subject_key IS NOT NULL
    ON CONFLICT (partition_no, subject_key) DO UPDATE SET memories = memories + 1;
END;

CREATE TRIGGER memory_index_insert_64th AFTER INSERT ON agent_memory
WHEN new.terms IS NOT NULL AND (new.memory_no & 4294967295) >= 64 + (
    SELECT indexed FROM store_partition WHERE partition_no = new.memory_no >> 32)
BEGIN
    UPDATE store_partition SET indexed = new.memory_no & 4294967295 WHERE partition_no = new.memory_no >> 32;
END;

CREATE TRIGGER memory_index_merge AFTER UPDATE OF indexed ON store_partition WHEN new.indexed > old.indexed BEGIN
    INSERT INTO memory_posting
    SELECT partition_no, term, field, block, group_concat(posting, '') FROM memory_entry
    WHERE memory_no BETWEEN (new.partition_no << 32 | old.indexed) + 1 AND new.partition_no << 32 | new.indexed
    GROUP BY partition_no, term, field, block
    ON CONFLICT (partition_no, term, field, block) DO UPDATE SET postings = postings || excluded.postings;
    UPDATE store_partition SET fresh_before = NULL, fresh_state = random() WHERE partition_no = new.partition_no;
END;

-- The number of a deleted row is given again when it was the last.
CREATE TRIGGER memory_index_insert_again AFTER INSERT ON agent_memory
WHEN new.terms IS NOT NULL AND (new.memory_no & 4294967295) <= (
    SELECT indexed FROM store_partition WHERE partition_no = new.memory_no >> 32)
BEGIN
    INSERT INTO memory_posting SELECT partition_no, term, field, block, posting
    FROM memory_entry WHERE memory_no = new.memory_no
    ON CONFLICT (partition_no, term, field, block) DO UPDATE SET postings = postings || excluded.postings;
END;

CREATE TRIGGER memory_index_delete BEFORE DELETE ON agent_memory BEGIN
    INSERT INTO memory_posting SELECT partition_no, term, field, block, posting
    FROM memory_entry AS e
    WHERE memory_no = old.memory_no AND (old.memory_no & 4294967295) <= (
        SELECT indexed FROM store_partition WHERE partition_no = old.memory_no >> 32
    ) AND EXISTS (
        SELECT 1 FROM memory_posting AS p
        WHERE p.partition_no = e.partition_no AND p.term = e.term AND p.field = e.field AND p.block = e.block)
    ON CONFLICT (partition_no, term, field, block) DO UPDATE SET postings = replace(postings, excluded.postings, '');
    UPDATE store_partition SET
        size = size - (old.term_count > 0), term_total = term_total - old.term_count,
        context_size = context_size - (old.context_count > 0), context_total = context_total - old.context_count,
        asked_size = asked_size - (old.asked_count > 0), asked_total = asked_total - old.asked_count,
        fresh_before = NULL, fresh_state = random()
    WHERE partition_no = old.memory_no >> 32;
    UPDATE memory_subject SET memories = memories - 1
    WHERE partition_no = old.memory_no >> 32 AND subject_key = old.subject_key;
    DELETE FROM memory_subject
    WHERE partition_no = old.memory_no >> 32 AND subject_key = old.subject_key AND memories = 0;
    DELETE FROM memory_vector WHERE memory_no = old.memory_no;
END;

CREATE TRIGGER memory_index_before_update BEFORE UPDATE OF terms, context_terms, asked_terms, subject_key ON agent_memory
WHEN old.terms IS NOT NULL AND (old.terms, old.context_terms, old.asked_terms, old.subject_key)
    IS NOT (new.terms, new.context_terms, new.asked_terms, new.subject_key)
BEGIN
    INSERT INTO memory_posting SELECT partition_no, term, field, block, posting
    FROM memory_entry AS e
    WHERE memory_no = old.memory_no AND (old.memory_no & 4294967295) <= (
        SELECT indexed FROM store_partition WHERE partition_no = old.memory_no >> 32
    ) AND EXISTS (
        SELECT 1 FROM memory_posting AS p
        WHERE p.partition_no = e.partition_no AND p.term = e.term AND p.field = e.field AND p.block = e.block)
    ON CONFLICT (partition_no, term, field, block) DO UPDATE SET postings = replace(postings, excluded.postings, '');
    UPDATE store_partition SET
        size = size - (old.term_count > 0), term_total = term_total - old.term_count,
        context_size = context_size - (old.context_count > 0), context_total = context_total - old.context_count,
        asked_size = asked_size - (old.asked_count > 0), asked_total = asked_total - old.asked_count,
        fresh_before = NULL, fresh_state = random()
    WHERE partition_no = old.memory_no >> 32;
    UPDATE memory_subject SET memories = memories - 1
    WHERE partition_no = old.memory_no >> 32 AND subject_key = old.subject_key;
    DELETE FROM memory_subject
    WHERE partition_no = old.memory_no >> 32 AND subject_key = old.subject_key AND memories = 0;
END;

CREATE TRIGGER memory_index_after_update AFTER UPDATE OF terms, context_terms, asked_terms, subject_key ON agent_memory
WHEN new.terms IS NOT NULL AND (old.terms, old.context_terms, old.asked_terms, old.subject_key)
    IS NOT (new.terms, new.context_terms, new.asked_terms, new.subject_key)
BEGIN
    INSERT INTO memory_posting SELECT partition_no, term, field, block, posting
    FROM memory_entry
    WHERE memory_no = new.memory_no AND (new.memory_no & 4294967295) <= (
        SELECT indexed FROM store_partition WHERE partition_no = new.memory_no >> 32)
    ON CONFLICT (partition_no, term, field, block) DO UPDATE SET postings = postings || excluded.postings;
    UPDATE store_partition SET
        size = size + (new.term_count > 0), term_total = term_total + new.term_count,
        context_size = context_size + (new.context_count > 0), context_total = context_total + new.context_count,
        asked_size = asked_size + (new.asked_count > 0), asked_total = asked_total + new.asked_count,
        fresh_before = NULL, fresh_state = random()
    WHERE partition_no = new.memory_no >> 32;
    INSERT INTO memory_subject SELECT new.memory_no >> 32, new.subject_key, 1 WHERE new.subject_key IS NOT NULL
    ON CONFLICT (partition_no, subject_key) DO UPDATE SET memories = memories + 1;
END;

-- Each vector as it was given, the newest at the end of the table, whoever's it is.
CREATE TABLE memory_vector (
    memory_no INTEGER NOT NULL,
    field TEXT NOT NULL,
    number INTEGER NOT NULL,              -- its place among those of its partition; never given again
    vector BLOB NOT NULL,                 -- float32, little endian
    PRIMARY KEY (memory_no, field)
) STRICT;

CREATE UNIQUE INDEX memory_vector_by_number ON memory_vector (memory_no >> 32, number);

-- What every vector is compared by, in a quarter of the bytes and read many times faster: 128 in a row, once there are
-- as many loose ones. Those that may be the closest are then compared as they are.
CREATE TABLE memory_vector_block (
    partition_no INTEGER NOT NULL,
    first INTEGER NOT NULL,               -- the number of its first vector; the others follow, each in its place
    mark INTEGER NOT NULL DEFAULT (random()), -- tells it from one in its place that was rolled back
    slots BLOB NOT NULL,                  -- for each vector 4 bytes, as sqlite/vectors.py packs them; zero: none
    bounds BLOB NOT NULL,                 -- for each vector 8 bytes, as sqlite/codes.py makes them
    sketches BLOB NOT NULL,               -- for each vector 32 bytes, as sqlite/sketches.py makes them
    codes BLOB NOT NULL,                  -- for each number of each vector 1 byte
    PRIMARY KEY (partition_no, first)
) STRICT;

CREATE TRIGGER memory_vector_block_insert AFTER INSERT ON memory_vector_block BEGIN
    UPDATE store_partition SET newest_block = new.mark WHERE partition_no = new.partition_no;
END;

CREATE TRIGGER memory_vector_block_update AFTER UPDATE ON memory_vector_block BEGIN
    UPDATE store_partition SET blocks_state = random() WHERE partition_no = new.partition_no;
END;

CREATE TRIGGER memory_vector_block_delete AFTER DELETE ON memory_vector_block BEGIN
    UPDATE store_partition SET blocks_state = random() WHERE partition_no = old.partition_no;
END;

CREATE TRIGGER memory_vector_insert AFTER INSERT ON memory_vector BEGIN
    UPDATE store_partition SET vectors = new.number, loose_state = random() WHERE partition_no = new.memory_no >> 32;
END;

CREATE TRIGGER memory_vector_delete AFTER DELETE ON memory_vector BEGIN
    UPDATE store_partition SET loose_state = random()
    WHERE partition_no = old.memory_no >> 32 AND coded_vectors < old.number;
    UPDATE memory_vector_block SET
        slots = CAST(substr(slots, 1, 4 * place) || zeroblob(4) || substr(slots, 4 * place + 5) AS BLOB),
        bounds = CAST(substr(bounds, 1, 8 * place) || zeroblob(8) || substr(bounds, 8 * place + 9) AS BLOB),
        sketches = CAST(substr(sketches, 1, 32 * place) || zeroblob(32) || substr(sketches, 32 * place + 33) AS BLOB),
        codes = CAST(
            substr(codes, 1, dims * place) || zeroblob(dims) || substr(codes, dims * (place + 1) + 1) AS BLOB)
    FROM (
        SELECT b.partition_no, b.first AS found, old.number - b.first AS place, length(old.vector) / 4 AS dims
        FROM memory_vector_block AS b
        WHERE b.partition_no = old.memory_no >> 32 AND b.first <= old.number
        ORDER BY b.first DESC LIMIT 1
    ) AS f
    WHERE memory_vector_block.partition_no = f.partition_no AND first = found AND place < length(slots) / 4;
    DELETE FROM memory_vector_block
    WHERE partition_no = old.memory_no >> 32 AND slots = zeroblob(length(slots)) AND first = (
        SELECT max(b.first) FROM memory_vector_block AS b
        WHERE b.partition_no = old.memory_no >> 32 AND b.first <= old.number);
END;

-- What a memory was before each change to it, until when that held: a read as of an earlier moment answers with this.
-- Triggers write it, so that no change is without its version and none outlives the memory.
CREATE TABLE memory_version (
    memory_no INTEGER NOT NULL,
    version_no INTEGER NOT NULL,          -- 1 is what was first remembered
    replaced_at INTEGER NOT NULL,
    partition TEXT NOT NULL,
    id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    memory_type TEXT NOT NULL,
    slot TEXT,
    confidence REAL,
    importance REAL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    valid_from INTEGER,
    last_verified_at INTEGER,
    expires_at INTEGER,
    superseded_by TEXT,
    superseded_at INTEGER,
    conflict_id TEXT,
    tags TEXT,
    injection TEXT,
    trust TEXT NOT NULL,
    protected INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    fingerprint TEXT,
    subject_key TEXT,
    question_share REAL NOT NULL,
    term_count INTEGER NOT NULL,
    context_count INTEGER NOT NULL,
    asked_count INTEGER NOT NULL,
    subject TEXT,
    content TEXT NOT NULL,
    content_json TEXT,
    source TEXT,
    context TEXT,
    terms TEXT NOT NULL,
    context_terms TEXT NOT NULL,
    asked_terms TEXT NOT NULL,
    PRIMARY KEY (memory_no, version_no)
) STRICT, WITHOUT ROWID;

CREATE INDEX memory_version_by_id ON memory_version (partition, id);

CREATE TRIGGER memory_version_keep BEFORE UPDATE ON agent_memory WHEN old.memory_type IS NOT NULL BEGIN
    INSERT INTO memory_version
    SELECT old.memory_no,
        1 + coalesce((SELECT max(version_no) FROM memory_version WHERE memory_no = old.memory_no), 0),
        max(new.updated_at, coalesce(new.decayed_at, 0)),
        old.partition, old.id, old.owner_id, old.scope, old.memory_type, old.slot, old.confidence, old.importance,
        old.created_at, old.updated_at, old.valid_from, old.last_verified_at, old.expires_at, old.superseded_by,
        old.superseded_at, old.conflict_id, old.tags, old.injection,
        old.trust, old.protected, old.checksum, old.fingerprint, old.subject_key, old.question_share, old.term_count,
        old.context_count, old.asked_count, old.subject, old.content, old.content_json, old.source, old.context, old.terms,
        old.context_terms, old.asked_terms;
END;

CREATE TRIGGER memory_version_delete AFTER DELETE ON agent_memory WHEN old.memory_type IS NOT NULL BEGIN
    DELETE FROM memory_version WHERE memory_no = old.memory_no;
END;

-- Every state a memory has been in, the present one last. Of those that end after a moment the first held at it.
CREATE VIEW memory_state AS
SELECT memory_no, 9223372036854775807 AS version_no, 9223372036854775807 AS replaced_at,
    partition, id, owner_id, scope, memory_type, slot, confidence, importance, created_at, updated_at, valid_from,
    last_verified_at, expires_at, superseded_by, superseded_at, conflict_id, tags, injection,
    trust, protected, checksum, fingerprint, subject_key, question_share,
    term_count, context_count, asked_count, subject, content, content_json, source, context, terms, context_terms,
    asked_terms
FROM agent_memory WHERE memory_type IS NOT NULL
UNION ALL SELECT * FROM memory_version;
