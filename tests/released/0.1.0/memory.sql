--
-- PostgreSQL database dump
--


-- Dumped from database version 15.20 (Debian 15.20-0+deb12u1)
-- Dumped by pg_dump version 15.20 (Debian 15.20-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: agent_memory; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.agent_memory (
    memory_no bigint NOT NULL,
    partition text NOT NULL COLLATE pg_catalog."C",
    namespace text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    ttl_minutes double precision,
    owner_id text COLLATE pg_catalog."C",
    scope text COLLATE pg_catalog."C",
    memory_type text COLLATE pg_catalog."C",
    slot text COLLATE pg_catalog."C",
    confidence double precision,
    importance double precision,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    valid_from bigint,
    last_verified_at bigint,
    expires_at bigint,
    superseded_by text COLLATE pg_catalog."C",
    superseded_at bigint,
    conflict_id text COLLATE pg_catalog."C",
    tags text COLLATE pg_catalog."C",
    injection text COLLATE pg_catalog."C",
    trust text COLLATE pg_catalog."C",
    protected smallint,
    checksum bigint,
    stated_confidence double precision,
    stated_at bigint,
    decayed_at bigint,
    fingerprint text COLLATE pg_catalog."C",
    subject_key text COLLATE pg_catalog."C",
    question_share double precision DEFAULT 0 NOT NULL,
    term_count bigint DEFAULT 0 NOT NULL,
    context_count bigint DEFAULT 0 NOT NULL,
    asked_count bigint DEFAULT 0 NOT NULL,
    subject text COLLATE pg_catalog."C",
    content text COLLATE pg_catalog."C",
    content_json text COLLATE pg_catalog."C",
    source text COLLATE pg_catalog."C",
    value text COLLATE pg_catalog."C",
    context text COLLATE pg_catalog."C",
    terms text DEFAULT '{}'::text COLLATE pg_catalog."C",
    context_terms text DEFAULT '{}'::text NOT NULL COLLATE pg_catalog."C",
    asked_terms text DEFAULT '{}'::text NOT NULL COLLATE pg_catalog."C"
);
ALTER TABLE ONLY public.agent_memory ALTER COLUMN partition SET STATISTICS 0;
ALTER TABLE ONLY public.agent_memory ALTER COLUMN namespace SET STATISTICS 0;
ALTER TABLE ONLY public.agent_memory ALTER COLUMN id SET STATISTICS 0;
ALTER TABLE ONLY public.agent_memory ALTER COLUMN owner_id SET STATISTICS 0;
ALTER TABLE ONLY public.agent_memory ALTER COLUMN scope SET STATISTICS 0;
ALTER TABLE ONLY public.agent_memory ALTER COLUMN memory_type SET STATISTICS 0;
ALTER TABLE ONLY public.agent_memory ALTER COLUMN slot SET STATISTICS 0;
ALTER TABLE ONLY public.agent_memory ALTER COLUMN superseded_by SET STATISTICS 0;
ALTER TABLE ONLY public.agent_memory ALTER COLUMN conflict_id SET STATISTICS 0;
ALTER TABLE ONLY public.agent_memory ALTER COLUMN tags SET STATISTICS 0;
ALTER TABLE ONLY public.agent_memory ALTER COLUMN injection SET STATISTICS 0;
ALTER TABLE ONLY public.agent_memory ALTER COLUMN trust SET STATISTICS 0;
ALTER TABLE ONLY public.agent_memory ALTER COLUMN fingerprint SET STATISTICS 0;
ALTER TABLE ONLY public.agent_memory ALTER COLUMN subject_key SET STATISTICS 0;
ALTER TABLE ONLY public.agent_memory ALTER COLUMN subject SET STATISTICS 0;
ALTER TABLE ONLY public.agent_memory ALTER COLUMN content SET STATISTICS 0;
ALTER TABLE ONLY public.agent_memory ALTER COLUMN content_json SET STATISTICS 0;
ALTER TABLE ONLY public.agent_memory ALTER COLUMN source SET STATISTICS 0;
ALTER TABLE ONLY public.agent_memory ALTER COLUMN value SET STATISTICS 0;
ALTER TABLE ONLY public.agent_memory ALTER COLUMN context SET STATISTICS 0;
ALTER TABLE ONLY public.agent_memory ALTER COLUMN terms SET STATISTICS 0;
ALTER TABLE ONLY public.agent_memory ALTER COLUMN context_terms SET STATISTICS 0;
ALTER TABLE ONLY public.agent_memory ALTER COLUMN asked_terms SET STATISTICS 0;


--
-- Name: memory_index_add(public.agent_memory); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.memory_index_add(one public.agent_memory) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO '$user', 'public', 'public'
    AS $$
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


--
-- Name: memory_index_delete(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.memory_index_delete() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO '$user', 'public', 'public'
    AS $$
BEGIN
    IF old.terms IS NOT NULL THEN
        PERFORM memory_index_remove(old);
    END IF;
    DELETE FROM memory_vector WHERE partition = old.partition AND memory_no = old.memory_no;
    RETURN NULL;
END $$;


--
-- Name: memory_index_insert(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.memory_index_insert() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO '$user', 'public', 'public'
    AS $$
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


--
-- Name: memory_index_remove(public.agent_memory); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.memory_index_remove(one public.agent_memory) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO '$user', 'public', 'public'
    AS $$
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


--
-- Name: memory_index_update(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.memory_index_update() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO '$user', 'public', 'public'
    AS $$
BEGIN
    IF old.terms IS NOT NULL THEN
        PERFORM memory_index_remove(old);
    END IF;
    IF new.terms IS NOT NULL THEN
        PERFORM memory_index_add(new);
    END IF;
    RETURN NULL;
END $$;


--
-- Name: memory_term(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.memory_term(term text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT CASE WHEN octet_length(term) <= 200 THEN term
        ELSE ' ' || to_hex(hashtextextended(term, 0)) || to_hex(hashtextextended(term, 1)) END
$$;


--
-- Name: memory_version_delete(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.memory_version_delete() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO '$user', 'public', 'public'
    AS $$
BEGIN
    DELETE FROM memory_version WHERE partition = old.partition AND memory_no = old.memory_no;
    RETURN NULL;
END $$;


--
-- Name: memory_version_keep(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.memory_version_keep() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO '$user', 'public', 'public'
    AS $$
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


--
-- Name: store_put(text[], text[], text[], text[], double precision[], bigint, bigint[], text[], bigint[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.store_put(partitions text[], spaces text[], ids text[], "values" text[], lifetimes double precision[], now bigint, ends bigint[], words text[], counts bigint[]) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO '$user', 'public', 'public'
    AS $$
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


--
-- Name: thread_chunk; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.thread_chunk (
    thread_id text NOT NULL COLLATE pg_catalog."C",
    address bigint NOT NULL,
    count bigint NOT NULL,
    type text NOT NULL COLLATE pg_catalog."C",
    value bytea NOT NULL
);
ALTER TABLE ONLY public.thread_chunk ALTER COLUMN thread_id SET STATISTICS 0;
ALTER TABLE ONLY public.thread_chunk ALTER COLUMN type SET STATISTICS 0;
ALTER TABLE ONLY public.thread_chunk ALTER COLUMN value SET STATISTICS 0;


--
-- Name: thread_chunks_of(text, bytea[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.thread_chunks_of(thread text, packed bytea[]) RETURNS SETOF public.thread_chunk
    LANGUAGE plpgsql STABLE ROWS 32
    SET search_path TO '$user', 'public', 'public'
    AS $$
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


--
-- Name: thread_delete(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.thread_delete() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO '$user', 'public', 'public'
    AS $$
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


--
-- Name: thread_parts(text, text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.thread_parts(thread text, namespace text, wanted text) RETURNS TABLE(part text, thread_id text, checkpoint_ns text, checkpoint_id text, parent_checkpoint_id text, channel_versions json, body bytea, channel text, version text, kind text, task_path text, task_id text, idx bigint, address bigint, count bigint, type text, value bytea)
    LANGUAGE plpgsql STABLE ROWS 32
    SET search_path TO '$user', 'public', 'public'
    AS $$
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


--
-- Name: thread_put(text, text, text, text, text, text, json, text, text, bytea, bigint, text[], text[], text[], text[], bytea[], bigint[], bigint[], bigint[], bigint[], text[], bytea[], text[], text[], bytea[], text[], bytea[], text[], text[], text[], text[], bytea[], text[], text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.thread_put(conversation text, namespace text, checkpoint text, parent text, run text, owner text, versions json, replayed text, body_type text, body bytea, now bigint, kept text[], kept_versions text[], bases text[], base_versions text[], base_runs bytea[], base_tails bigint[], base_ends bigint[], addresses bigint[], counts bigint[], chunk_types text[], chunks bytea[], shared_channels text[], shared_types text[], shared_values bytea[], shared_as text[], shared_runs bytea[], channels text[], channel_versions text[], kinds text[], types text[], "values" bytea[], messages text[], said_by text) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO '$user', 'public', 'public'
    AS $$
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


--
-- Name: thread_put_writes(text, text, text, boolean, boolean, text, text[], bigint[], text[], text[], text[], bytea[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.thread_put_writes(conversation text, namespace text, checkpoint text, stored boolean, begins boolean, deleted text, tasks text[], places bigint[], paths text[], channels text[], types text[], "values" bytea[]) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO '$user', 'public', 'public'
    AS $$
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


--
-- Name: thread_replay(text, text, text, text[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.thread_replay(thread text, namespace text, wanted text, channels text[]) RETURNS TABLE(part text, depth bigint, channel text, version text, kind text, type text, value bytea, task_path text, task_id text, idx bigint)
    LANGUAGE plpgsql STABLE ROWS 64
    SET search_path TO '$user', 'public', 'public'
    AS $$
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


--
-- Name: memory_audit; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.memory_audit (
    partition text NOT NULL COLLATE pg_catalog."C",
    memory_id text NOT NULL COLLATE pg_catalog."C",
    change_no bigint NOT NULL,
    action text NOT NULL COLLATE pg_catalog."C",
    reason text NOT NULL COLLATE pg_catalog."C",
    actor text COLLATE pg_catalog."C",
    thread_id text COLLATE pg_catalog."C",
    checkpoint_id text COLLATE pg_catalog."C",
    run_id text COLLATE pg_catalog."C",
    changed_at bigint NOT NULL
);
ALTER TABLE ONLY public.memory_audit ALTER COLUMN partition SET STATISTICS 0;
ALTER TABLE ONLY public.memory_audit ALTER COLUMN memory_id SET STATISTICS 0;
ALTER TABLE ONLY public.memory_audit ALTER COLUMN action SET STATISTICS 0;
ALTER TABLE ONLY public.memory_audit ALTER COLUMN reason SET STATISTICS 0;
ALTER TABLE ONLY public.memory_audit ALTER COLUMN actor SET STATISTICS 0;
ALTER TABLE ONLY public.memory_audit ALTER COLUMN thread_id SET STATISTICS 0;
ALTER TABLE ONLY public.memory_audit ALTER COLUMN checkpoint_id SET STATISTICS 0;
ALTER TABLE ONLY public.memory_audit ALTER COLUMN run_id SET STATISTICS 0;


--
-- Name: memory_mark; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.memory_mark (
    holder text NOT NULL COLLATE pg_catalog."C",
    digest text NOT NULL COLLATE pg_catalog."C",
    marked_at bigint NOT NULL
);
ALTER TABLE ONLY public.memory_mark ALTER COLUMN holder SET STATISTICS 0;
ALTER TABLE ONLY public.memory_mark ALTER COLUMN digest SET STATISTICS 0;


--
-- Name: memory_migration; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.memory_migration (
    version integer NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C"
);
ALTER TABLE ONLY public.memory_migration ALTER COLUMN name SET STATISTICS 0;


--
-- Name: memory_posting; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.memory_posting (
    partition text NOT NULL COLLATE pg_catalog."C",
    term text NOT NULL COLLATE pg_catalog."C",
    field smallint NOT NULL,
    memory_no bigint NOT NULL,
    posting text NOT NULL COLLATE pg_catalog."C"
);
ALTER TABLE ONLY public.memory_posting ALTER COLUMN partition SET STATISTICS 0;
ALTER TABLE ONLY public.memory_posting ALTER COLUMN term SET STATISTICS 0;
ALTER TABLE ONLY public.memory_posting ALTER COLUMN posting SET STATISTICS 0;


--
-- Name: memory_receipt; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.memory_receipt (
    partition text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL COLLATE pg_catalog."C",
    thread_id text COLLATE pg_catalog."C",
    checkpoint_id text COLLATE pg_catalog."C",
    run_id text COLLATE pg_catalog."C",
    created_at bigint NOT NULL,
    body text NOT NULL COLLATE pg_catalog."C"
);
ALTER TABLE ONLY public.memory_receipt ALTER COLUMN partition SET STATISTICS 0;
ALTER TABLE ONLY public.memory_receipt ALTER COLUMN id SET STATISTICS 0;
ALTER TABLE ONLY public.memory_receipt ALTER COLUMN kind SET STATISTICS 0;
ALTER TABLE ONLY public.memory_receipt ALTER COLUMN thread_id SET STATISTICS 0;
ALTER TABLE ONLY public.memory_receipt ALTER COLUMN checkpoint_id SET STATISTICS 0;
ALTER TABLE ONLY public.memory_receipt ALTER COLUMN run_id SET STATISTICS 0;
ALTER TABLE ONLY public.memory_receipt ALTER COLUMN body SET STATISTICS 0;


--
-- Name: memory_version; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.memory_version (
    memory_no bigint NOT NULL,
    version_no bigint NOT NULL,
    replaced_at bigint NOT NULL,
    partition text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    owner_id text NOT NULL COLLATE pg_catalog."C",
    scope text NOT NULL COLLATE pg_catalog."C",
    memory_type text NOT NULL COLLATE pg_catalog."C",
    slot text COLLATE pg_catalog."C",
    confidence double precision,
    importance double precision,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    valid_from bigint,
    last_verified_at bigint,
    expires_at bigint,
    superseded_by text COLLATE pg_catalog."C",
    superseded_at bigint,
    conflict_id text COLLATE pg_catalog."C",
    tags text COLLATE pg_catalog."C",
    injection text COLLATE pg_catalog."C",
    trust text NOT NULL COLLATE pg_catalog."C",
    protected smallint NOT NULL,
    checksum bigint NOT NULL,
    fingerprint text COLLATE pg_catalog."C",
    subject_key text COLLATE pg_catalog."C",
    question_share double precision NOT NULL,
    term_count bigint NOT NULL,
    context_count bigint NOT NULL,
    asked_count bigint NOT NULL,
    subject text COLLATE pg_catalog."C",
    content text NOT NULL COLLATE pg_catalog."C",
    content_json text COLLATE pg_catalog."C",
    source text COLLATE pg_catalog."C",
    context text COLLATE pg_catalog."C",
    terms text NOT NULL COLLATE pg_catalog."C",
    context_terms text NOT NULL COLLATE pg_catalog."C",
    asked_terms text NOT NULL COLLATE pg_catalog."C"
);
ALTER TABLE ONLY public.memory_version ALTER COLUMN partition SET STATISTICS 0;
ALTER TABLE ONLY public.memory_version ALTER COLUMN id SET STATISTICS 0;
ALTER TABLE ONLY public.memory_version ALTER COLUMN owner_id SET STATISTICS 0;
ALTER TABLE ONLY public.memory_version ALTER COLUMN scope SET STATISTICS 0;
ALTER TABLE ONLY public.memory_version ALTER COLUMN memory_type SET STATISTICS 0;
ALTER TABLE ONLY public.memory_version ALTER COLUMN slot SET STATISTICS 0;
ALTER TABLE ONLY public.memory_version ALTER COLUMN superseded_by SET STATISTICS 0;
ALTER TABLE ONLY public.memory_version ALTER COLUMN conflict_id SET STATISTICS 0;
ALTER TABLE ONLY public.memory_version ALTER COLUMN tags SET STATISTICS 0;
ALTER TABLE ONLY public.memory_version ALTER COLUMN injection SET STATISTICS 0;
ALTER TABLE ONLY public.memory_version ALTER COLUMN trust SET STATISTICS 0;
ALTER TABLE ONLY public.memory_version ALTER COLUMN fingerprint SET STATISTICS 0;
ALTER TABLE ONLY public.memory_version ALTER COLUMN subject_key SET STATISTICS 0;
ALTER TABLE ONLY public.memory_version ALTER COLUMN subject SET STATISTICS 0;
ALTER TABLE ONLY public.memory_version ALTER COLUMN content SET STATISTICS 0;
ALTER TABLE ONLY public.memory_version ALTER COLUMN content_json SET STATISTICS 0;
ALTER TABLE ONLY public.memory_version ALTER COLUMN source SET STATISTICS 0;
ALTER TABLE ONLY public.memory_version ALTER COLUMN context SET STATISTICS 0;
ALTER TABLE ONLY public.memory_version ALTER COLUMN terms SET STATISTICS 0;
ALTER TABLE ONLY public.memory_version ALTER COLUMN context_terms SET STATISTICS 0;
ALTER TABLE ONLY public.memory_version ALTER COLUMN asked_terms SET STATISTICS 0;


--
-- Name: memory_state; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.memory_state AS
 SELECT agent_memory.memory_no,
    '9223372036854775807'::bigint AS version_no,
    '9223372036854775807'::bigint AS replaced_at,
    agent_memory.partition,
    agent_memory.id,
    agent_memory.owner_id,
    agent_memory.scope,
    agent_memory.memory_type,
    agent_memory.slot,
    agent_memory.confidence,
    agent_memory.importance,
    agent_memory.created_at,
    agent_memory.updated_at,
    agent_memory.valid_from,
    agent_memory.last_verified_at,
    agent_memory.expires_at,
    agent_memory.superseded_by,
    agent_memory.superseded_at,
    agent_memory.conflict_id,
    agent_memory.tags,
    agent_memory.injection,
    agent_memory.trust,
    agent_memory.protected,
    agent_memory.checksum,
    agent_memory.fingerprint,
    agent_memory.subject_key,
    agent_memory.question_share,
    agent_memory.term_count,
    agent_memory.context_count,
    agent_memory.asked_count,
    agent_memory.subject,
    agent_memory.content,
    agent_memory.content_json,
    agent_memory.source,
    agent_memory.context,
    agent_memory.terms,
    agent_memory.context_terms,
    agent_memory.asked_terms
   FROM public.agent_memory
  WHERE (agent_memory.memory_type IS NOT NULL)
UNION ALL
 SELECT memory_version.memory_no,
    memory_version.version_no,
    memory_version.replaced_at,
    memory_version.partition,
    memory_version.id,
    memory_version.owner_id,
    memory_version.scope,
    memory_version.memory_type,
    memory_version.slot,
    memory_version.confidence,
    memory_version.importance,
    memory_version.created_at,
    memory_version.updated_at,
    memory_version.valid_from,
    memory_version.last_verified_at,
    memory_version.expires_at,
    memory_version.superseded_by,
    memory_version.superseded_at,
    memory_version.conflict_id,
    memory_version.tags,
    memory_version.injection,
    memory_version.trust,
    memory_version.protected,
    memory_version.checksum,
    memory_version.fingerprint,
    memory_version.subject_key,
    memory_version.question_share,
    memory_version.term_count,
    memory_version.context_count,
    memory_version.asked_count,
    memory_version.subject,
    memory_version.content,
    memory_version.content_json,
    memory_version.source,
    memory_version.context,
    memory_version.terms,
    memory_version.context_terms,
    memory_version.asked_terms
   FROM public.memory_version;


--
-- Name: memory_subject; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.memory_subject (
    partition text NOT NULL COLLATE pg_catalog."C",
    subject_key text NOT NULL COLLATE pg_catalog."C",
    memories bigint NOT NULL
);
ALTER TABLE ONLY public.memory_subject ALTER COLUMN partition SET STATISTICS 0;
ALTER TABLE ONLY public.memory_subject ALTER COLUMN subject_key SET STATISTICS 0;


--
-- Name: memory_vector; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.memory_vector (
    partition text NOT NULL COLLATE pg_catalog."C",
    memory_no bigint NOT NULL,
    field text NOT NULL COLLATE pg_catalog."C"
);
ALTER TABLE ONLY public.memory_vector ALTER COLUMN partition SET STATISTICS 0;
ALTER TABLE ONLY public.memory_vector ALTER COLUMN field SET STATISTICS 0;


--
-- Name: promotion_job; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.promotion_job (
    partition text NOT NULL COLLATE pg_catalog."C",
    thread_id text NOT NULL COLLATE pg_catalog."C",
    extractor text NOT NULL COLLATE pg_catalog."C",
    due_at bigint,
    lease_id text COLLATE pg_catalog."C",
    leased_until bigint,
    last_error text COLLATE pg_catalog."C",
    first_at bigint NOT NULL,
    updated_at bigint NOT NULL
);
ALTER TABLE ONLY public.promotion_job ALTER COLUMN partition SET STATISTICS 0;
ALTER TABLE ONLY public.promotion_job ALTER COLUMN thread_id SET STATISTICS 0;
ALTER TABLE ONLY public.promotion_job ALTER COLUMN extractor SET STATISTICS 0;
ALTER TABLE ONLY public.promotion_job ALTER COLUMN lease_id SET STATISTICS 0;
ALTER TABLE ONLY public.promotion_job ALTER COLUMN last_error SET STATISTICS 0;


--
-- Name: promotion_job_message; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.promotion_job_message (
    partition text NOT NULL COLLATE pg_catalog."C",
    thread_id text NOT NULL COLLATE pg_catalog."C",
    extractor text NOT NULL COLLATE pg_catalog."C",
    message_id text NOT NULL COLLATE pg_catalog."C",
    content_hash text NOT NULL COLLATE pg_catalog."C",
    "position" bigint NOT NULL,
    state text NOT NULL COLLATE pg_catalog."C",
    actor text NOT NULL COLLATE pg_catalog."C",
    text text NOT NULL COLLATE pg_catalog."C",
    withheld text COLLATE pg_catalog."C",
    asked text COLLATE pg_catalog."C",
    scope text NOT NULL COLLATE pg_catalog."C",
    source text NOT NULL COLLATE pg_catalog."C",
    attempts bigint NOT NULL,
    reason text COLLATE pg_catalog."C",
    queued_at bigint NOT NULL
);
ALTER TABLE ONLY public.promotion_job_message ALTER COLUMN partition SET STATISTICS 0;
ALTER TABLE ONLY public.promotion_job_message ALTER COLUMN thread_id SET STATISTICS 0;
ALTER TABLE ONLY public.promotion_job_message ALTER COLUMN extractor SET STATISTICS 0;
ALTER TABLE ONLY public.promotion_job_message ALTER COLUMN message_id SET STATISTICS 0;
ALTER TABLE ONLY public.promotion_job_message ALTER COLUMN content_hash SET STATISTICS 0;
ALTER TABLE ONLY public.promotion_job_message ALTER COLUMN state SET STATISTICS 0;
ALTER TABLE ONLY public.promotion_job_message ALTER COLUMN actor SET STATISTICS 0;
ALTER TABLE ONLY public.promotion_job_message ALTER COLUMN text SET STATISTICS 0;
ALTER TABLE ONLY public.promotion_job_message ALTER COLUMN withheld SET STATISTICS 0;
ALTER TABLE ONLY public.promotion_job_message ALTER COLUMN asked SET STATISTICS 0;
ALTER TABLE ONLY public.promotion_job_message ALTER COLUMN scope SET STATISTICS 0;
ALTER TABLE ONLY public.promotion_job_message ALTER COLUMN source SET STATISTICS 0;
ALTER TABLE ONLY public.promotion_job_message ALTER COLUMN reason SET STATISTICS 0;


--
-- Name: promotion_ledger; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.promotion_ledger (
    partition text NOT NULL COLLATE pg_catalog."C",
    thread_id text NOT NULL COLLATE pg_catalog."C",
    message_id text NOT NULL COLLATE pg_catalog."C",
    extractor text NOT NULL COLLATE pg_catalog."C",
    content_hash text NOT NULL COLLATE pg_catalog."C",
    checkpoint_id text COLLATE pg_catalog."C",
    run_id text COLLATE pg_catalog."C",
    promoted_at bigint NOT NULL
);
ALTER TABLE ONLY public.promotion_ledger ALTER COLUMN partition SET STATISTICS 0;
ALTER TABLE ONLY public.promotion_ledger ALTER COLUMN thread_id SET STATISTICS 0;
ALTER TABLE ONLY public.promotion_ledger ALTER COLUMN message_id SET STATISTICS 0;
ALTER TABLE ONLY public.promotion_ledger ALTER COLUMN extractor SET STATISTICS 0;
ALTER TABLE ONLY public.promotion_ledger ALTER COLUMN content_hash SET STATISTICS 0;
ALTER TABLE ONLY public.promotion_ledger ALTER COLUMN checkpoint_id SET STATISTICS 0;
ALTER TABLE ONLY public.promotion_ledger ALTER COLUMN run_id SET STATISTICS 0;


--
-- Name: store_partition_number; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.store_partition_number
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: store_partition; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.store_partition (
    partition text NOT NULL COLLATE pg_catalog."C",
    partition_no bigint DEFAULT nextval('public.store_partition_number'::regclass) NOT NULL,
    size bigint DEFAULT 0 NOT NULL,
    term_total bigint DEFAULT 0 NOT NULL,
    context_size bigint DEFAULT 0 NOT NULL,
    context_total bigint DEFAULT 0 NOT NULL,
    asked_size bigint DEFAULT 0 NOT NULL,
    asked_total bigint DEFAULT 0 NOT NULL,
    signatures bigint[] DEFAULT '{}'::bigint[] NOT NULL
)
WITH (fillfactor='70');
ALTER TABLE ONLY public.store_partition ALTER COLUMN partition SET STATISTICS 0;
ALTER TABLE ONLY public.store_partition ALTER COLUMN signatures SET STATISTICS 0;


--
-- Name: store_setting; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.store_setting (
    name text NOT NULL COLLATE pg_catalog."C",
    value text NOT NULL COLLATE pg_catalog."C"
);
ALTER TABLE ONLY public.store_setting ALTER COLUMN name SET STATISTICS 0;
ALTER TABLE ONLY public.store_setting ALTER COLUMN value SET STATISTICS 0;


--
-- Name: thread; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.thread (
    thread_id text NOT NULL COLLATE pg_catalog."C",
    owner_id text COLLATE pg_catalog."C",
    created_at bigint,
    updated_at bigint,
    signatures bigint[] DEFAULT '{}'::bigint[] NOT NULL
)
WITH (fillfactor='70');
ALTER TABLE ONLY public.thread ALTER COLUMN thread_id SET STATISTICS 0;
ALTER TABLE ONLY public.thread ALTER COLUMN owner_id SET STATISTICS 0;
ALTER TABLE ONLY public.thread ALTER COLUMN signatures SET STATISTICS 0;


--
-- Name: thread_channel; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.thread_channel (
    thread_id text NOT NULL COLLATE pg_catalog."C",
    checkpoint_ns text NOT NULL COLLATE pg_catalog."C",
    channel text NOT NULL COLLATE pg_catalog."C",
    version text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL COLLATE pg_catalog."C",
    type text NOT NULL COLLATE pg_catalog."C",
    value bytea NOT NULL
);
ALTER TABLE ONLY public.thread_channel ALTER COLUMN thread_id SET STATISTICS 0;
ALTER TABLE ONLY public.thread_channel ALTER COLUMN checkpoint_ns SET STATISTICS 0;
ALTER TABLE ONLY public.thread_channel ALTER COLUMN channel SET STATISTICS 0;
ALTER TABLE ONLY public.thread_channel ALTER COLUMN version SET STATISTICS 0;
ALTER TABLE ONLY public.thread_channel ALTER COLUMN kind SET STATISTICS 0;
ALTER TABLE ONLY public.thread_channel ALTER COLUMN type SET STATISTICS 0;
ALTER TABLE ONLY public.thread_channel ALTER COLUMN value SET STATISTICS 0;


--
-- Name: thread_checkpoint; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.thread_checkpoint (
    thread_id text NOT NULL COLLATE pg_catalog."C",
    checkpoint_ns text NOT NULL COLLATE pg_catalog."C",
    checkpoint_id text NOT NULL COLLATE pg_catalog."C",
    parent_checkpoint_id text COLLATE pg_catalog."C",
    run_id text COLLATE pg_catalog."C",
    channel_versions json NOT NULL,
    replayed_channels text COLLATE pg_catalog."C",
    type text NOT NULL COLLATE pg_catalog."C",
    body bytea NOT NULL,
    stored_at bigint NOT NULL
);
ALTER TABLE ONLY public.thread_checkpoint ALTER COLUMN thread_id SET STATISTICS 0;
ALTER TABLE ONLY public.thread_checkpoint ALTER COLUMN checkpoint_ns SET STATISTICS 0;
ALTER TABLE ONLY public.thread_checkpoint ALTER COLUMN checkpoint_id SET STATISTICS 0;
ALTER TABLE ONLY public.thread_checkpoint ALTER COLUMN parent_checkpoint_id SET STATISTICS 0;
ALTER TABLE ONLY public.thread_checkpoint ALTER COLUMN run_id SET STATISTICS 0;
ALTER TABLE ONLY public.thread_checkpoint ALTER COLUMN channel_versions SET STATISTICS 0;
ALTER TABLE ONLY public.thread_checkpoint ALTER COLUMN replayed_channels SET STATISTICS 0;
ALTER TABLE ONLY public.thread_checkpoint ALTER COLUMN type SET STATISTICS 0;
ALTER TABLE ONLY public.thread_checkpoint ALTER COLUMN body SET STATISTICS 0;


--
-- Name: thread_deleted; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.thread_deleted (
    mark text NOT NULL COLLATE pg_catalog."C",
    deleted_at bigint NOT NULL
);
ALTER TABLE ONLY public.thread_deleted ALTER COLUMN mark SET STATISTICS 0;


--
-- Name: thread_message; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.thread_message (
    thread_id text NOT NULL COLLATE pg_catalog."C",
    message_id text NOT NULL COLLATE pg_catalog."C",
    owner_id text NOT NULL COLLATE pg_catalog."C",
    said_at bigint NOT NULL
);
ALTER TABLE ONLY public.thread_message ALTER COLUMN thread_id SET STATISTICS 0;
ALTER TABLE ONLY public.thread_message ALTER COLUMN message_id SET STATISTICS 0;
ALTER TABLE ONLY public.thread_message ALTER COLUMN owner_id SET STATISTICS 0;


--
-- Name: thread_owner; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.thread_owner (
    thread_id text NOT NULL COLLATE pg_catalog."C",
    owner_id text NOT NULL COLLATE pg_catalog."C"
);
ALTER TABLE ONLY public.thread_owner ALTER COLUMN thread_id SET STATISTICS 0;
ALTER TABLE ONLY public.thread_owner ALTER COLUMN owner_id SET STATISTICS 0;


--
-- Name: thread_write; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.thread_write (
    thread_id text NOT NULL COLLATE pg_catalog."C",
    checkpoint_ns text NOT NULL COLLATE pg_catalog."C",
    checkpoint_id text NOT NULL COLLATE pg_catalog."C",
    task_id text NOT NULL COLLATE pg_catalog."C",
    idx bigint NOT NULL,
    task_path text NOT NULL COLLATE pg_catalog."C",
    channel text NOT NULL COLLATE pg_catalog."C",
    type text NOT NULL COLLATE pg_catalog."C",
    value bytea NOT NULL
);
ALTER TABLE ONLY public.thread_write ALTER COLUMN thread_id SET STATISTICS 0;
ALTER TABLE ONLY public.thread_write ALTER COLUMN checkpoint_ns SET STATISTICS 0;
ALTER TABLE ONLY public.thread_write ALTER COLUMN checkpoint_id SET STATISTICS 0;
ALTER TABLE ONLY public.thread_write ALTER COLUMN task_id SET STATISTICS 0;
ALTER TABLE ONLY public.thread_write ALTER COLUMN task_path SET STATISTICS 0;
ALTER TABLE ONLY public.thread_write ALTER COLUMN channel SET STATISTICS 0;
ALTER TABLE ONLY public.thread_write ALTER COLUMN type SET STATISTICS 0;
ALTER TABLE ONLY public.thread_write ALTER COLUMN value SET STATISTICS 0;


--
-- Data for Name: agent_memory; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.agent_memory VALUES (4294967298, 'curated.ana@example%2Ecom', 'curated.ana@example%2Ecom.global', 'c27a56e2-5d7e-4b04-8e04-1273b5c9e59d', NULL, 'ana@example.com', 'global', 'preference', 'answer.length', 0.9, 0.7, 1767603600000000, 1767603600000000, NULL, 1767603600000000, NULL, NULL, NULL, NULL, NULL, NULL, 'owner', 0, 3256032436, NULL, NULL, NULL, '5cbf675e8beb4342ce75768763f605ed', NULL, 0, 8, 0, 0, NULL, 'The user wants answers to be short.', '{"value": "short"}', '{"thread_id":"monday","checkpoint_id":"1f1eb9c9-34f9-624a-8002-f5604334a940","message_ids":["d03bedda-6d03-4cd9-96f1-cb8678f08fe0"],"excerpt":"Please keep answers short.","actor":"user","extractor":"rules","said_at":"2026-01-05T09:00:00Z"}', NULL, NULL, '{"the": 1, "user": 1, "want": 1, "answer": 1, "to": 1, "be": 1, "short": 1, "length": 1}', '{}', '{}');
INSERT INTO public.agent_memory VALUES (4294967299, 'curated.ana@example%2Ecom', 'curated.ana@example%2Ecom.global', '5716cdb7-810b-4d21-a98e-28da57e0f629', NULL, 'ana@example.com', 'global', 'fact', 'home.city', 0.9, 0.7, 1767690000000000, 1767690000000000, NULL, 1767690000000000, NULL, NULL, NULL, NULL, NULL, NULL, 'owner', 0, 1407455150, NULL, NULL, NULL, '90254d5cb17a694505f210ec85fd1176', NULL, 0, 7, 5, 0, NULL, 'The user lives in Munich.', '{"value": "Munich"}', '{"thread_id":"monday","checkpoint_id":"1f1eb9c9-357e-6993-8007-abc84cb46c80","message_ids":["5dccb8d6-a757-467b-95de-f6299a01bd0e"],"excerpt":"I moved to Munich.","actor":"user","extractor":"rules","said_at":"2026-01-06T09:00:00Z"}', NULL, 'live home city where berlin', '{"the": 1, "user": 1, "live": 1, "in": 1, "munich": 1, "home": 1, "citi": 1}', '{"live": 1, "home": 1, "citi": 1, "where": 1, "berlin": 1}', '{}');
INSERT INTO public.agent_memory VALUES (4294967297, 'curated.ana@example%2Ecom', 'curated.ana@example%2Ecom.global', '761ff5c0-31a5-4596-8c12-f7dd1d1128b5', NULL, 'ana@example.com', 'global', 'fact', 'home.city', 0.9, 0.7, 1767603600000000, 1767690000000000, NULL, 1767603600000000, NULL, '5716cdb7-810b-4d21-a98e-28da57e0f629', 1767690000000000, NULL, NULL, NULL, 'owner', 0, 673086803, NULL, NULL, NULL, '13e7baa82024b259957da8ac2ed0cb61', NULL, 0, 7, 3, 0, NULL, 'The user lives in Berlin.', '{"value": "Berlin"}', '{"thread_id":"monday","checkpoint_id":"1f1eb9c9-34f9-624a-8002-f5604334a940","message_ids":["d03bedda-6d03-4cd9-96f1-cb8678f08fe0"],"excerpt":"I live in Berlin.","actor":"user","extractor":"rules","said_at":"2026-01-05T09:00:00Z"}', NULL, 'live home city', '{"the": 1, "user": 1, "live": 1, "in": 1, "berlin": 1, "home": 1, "citi": 1}', '{"live": 1, "home": 1, "citi": 1}', '{}');
INSERT INTO public.agent_memory VALUES (8589934594, 'curated.bo', 'curated.bo.org:acme', '0a88691a-7c5d-44a0-a9a7-a801eea8df59', NULL, 'bo', 'org:acme', 'fact', 'contract.end', 1, 0.5, 1767776400000000, 1767776400000000, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'app', 1, 3894951268, NULL, NULL, NULL, 'fb674a176326e99f3575b93571f15445', NULL, 0, 5, 0, 0, NULL, 'The contract ends in June.', NULL, '{}', NULL, NULL, '{"the": 1, "contract": 1, "end": 1, "in": 1, "june": 1}', '{}', '{}');
INSERT INTO public.agent_memory VALUES (8589934593, 'curated.bo', 'curated.bo.org:acme', 'b772c403-b163-430f-875d-938b257f612f', NULL, 'bo', 'org:acme', 'fact', 'contract.end', 1, 0.5, 1767776400000000, 1767776400000000, NULL, NULL, NULL, '0a88691a-7c5d-44a0-a9a7-a801eea8df59', 1767776400000000, NULL, NULL, NULL, 'app', 1, 2150274527, NULL, NULL, NULL, 'aa128f6d0c6c2686eca75ccce7234936', NULL, 0, 5, 0, 0, NULL, 'The contract ends in May.', NULL, '{}', NULL, NULL, '{"the": 1, "contract": 1, "end": 1, "in": 1, "may": 1}', '{}', '{}');
INSERT INTO public.agent_memory VALUES (12884901889, 'notes.bo', 'notes.bo', '1', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1767776400000000, 1767776400000000, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, 0, NULL, NULL, NULL, NULL, '{"text": "a plain item"}', NULL, NULL, '{}', '{}');


--
-- Data for Name: memory_audit; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.memory_audit VALUES ('curated.ana@example%2Ecom', '761ff5c0-31a5-4596-8c12-f7dd1d1128b5', 1, 'added', 'nothing known about home.city', 'user', 'monday', '1f1eb9c9-34f9-624a-8002-f5604334a940', NULL, 1767603600000000);
INSERT INTO public.memory_audit VALUES ('curated.ana@example%2Ecom', 'c27a56e2-5d7e-4b04-8e04-1273b5c9e59d', 1, 'added', 'nothing known about answer.length', 'user', 'monday', '1f1eb9c9-34f9-624a-8002-f5604334a940', NULL, 1767603600000000);
INSERT INTO public.memory_audit VALUES ('curated.ana@example%2Ecom', '5716cdb7-810b-4d21-a98e-28da57e0f629', 1, 'added', 'a newer value for home.city', 'user', 'monday', '1f1eb9c9-357e-6993-8007-abc84cb46c80', NULL, 1767690000000000);
INSERT INTO public.memory_audit VALUES ('curated.ana@example%2Ecom', '761ff5c0-31a5-4596-8c12-f7dd1d1128b5', 2, 'superseded', 'a newer value for home.city', 'user', 'monday', '1f1eb9c9-357e-6993-8007-abc84cb46c80', NULL, 1767690000000000);
INSERT INTO public.memory_audit VALUES ('curated.bo', 'b772c403-b163-430f-875d-938b257f612f', 1, 'added', 'nothing known about contract.end', NULL, NULL, NULL, NULL, 1767776400000000);
INSERT INTO public.memory_audit VALUES ('curated.bo', '0a88691a-7c5d-44a0-a9a7-a801eea8df59', 1, 'added', 'a newer value for contract.end', NULL, NULL, NULL, NULL, 1767776400000000);
INSERT INTO public.memory_audit VALUES ('curated.bo', 'b772c403-b163-430f-875d-938b257f612f', 2, 'superseded', 'a newer value for contract.end', NULL, NULL, NULL, NULL, 1767776400000000);
INSERT INTO public.memory_audit VALUES ('curated.bo', '37925145-6e53-4401-96fc-1d67899c9838', 1, 'added', '', NULL, NULL, NULL, NULL, 1767776400000000);
INSERT INTO public.memory_audit VALUES ('curated.bo', '37925145-6e53-4401-96fc-1d67899c9838', 2, 'forgotten', 'forgotten on request', NULL, NULL, NULL, NULL, 1767776400000000);


--
-- Data for Name: memory_mark; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.memory_mark VALUES ('46c9b8bf6fe93f3c84dcf13491ec9ecb', 'a229d5158625f90240a007fb70a953d9', 1767690000000000);
INSERT INTO public.memory_mark VALUES ('46c9b8bf6fe93f3c84dcf13491ec9ecb', '7c78690e191ef9f6369d2e9e543d2e3a', 1767690000000000);
INSERT INTO public.memory_mark VALUES ('46c9b8bf6fe93f3c84dcf13491ec9ecb', '3e1f893a33483cba538841764b7c85e4', 1767690000000000);
INSERT INTO public.memory_mark VALUES ('12cfd444ca028c2014b35b6c447af29f', '136e2d7b8377e1259ab168b204b82e09', 1767776400000000);
INSERT INTO public.memory_mark VALUES ('12cfd444ca028c2014b35b6c447af29f', 'e10415c6e93476740bd5ebebfa981900', 1767776400000000);
INSERT INTO public.memory_mark VALUES ('12cfd444ca028c2014b35b6c447af29f', 'f1b941fb0bfbfdc523dab2ad5fb90e03', 1767776400000000);
INSERT INTO public.memory_mark VALUES ('12cfd444ca028c2014b35b6c447af29f', '53e0351cc6e1e601ec01b31b17894cf3', 1767776400000000);


--
-- Data for Name: memory_migration; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.memory_migration VALUES (1, 'threads');
INSERT INTO public.memory_migration VALUES (2, 'memories');
INSERT INTO public.memory_migration VALUES (3, 'trail');
INSERT INTO public.memory_migration VALUES (4, 'jobs');


--
-- Data for Name: memory_posting; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.memory_posting VALUES ('curated.ana@example%2Ecom', 'the', 0, 4294967297, ' 00000001010007');
INSERT INTO public.memory_posting VALUES ('curated.ana@example%2Ecom', 'user', 0, 4294967297, ' 00000001010007');
INSERT INTO public.memory_posting VALUES ('curated.ana@example%2Ecom', 'live', 0, 4294967297, ' 00000001010007');
INSERT INTO public.memory_posting VALUES ('curated.ana@example%2Ecom', 'in', 0, 4294967297, ' 00000001010007');
INSERT INTO public.memory_posting VALUES ('curated.ana@example%2Ecom', 'berlin', 0, 4294967297, ' 00000001010007');
INSERT INTO public.memory_posting VALUES ('curated.ana@example%2Ecom', 'home', 0, 4294967297, ' 00000001010007');
INSERT INTO public.memory_posting VALUES ('curated.ana@example%2Ecom', 'citi', 0, 4294967297, ' 00000001010007');
INSERT INTO public.memory_posting VALUES ('curated.ana@example%2Ecom', 'live', 1, 4294967297, ' 00000001010003');
INSERT INTO public.memory_posting VALUES ('curated.ana@example%2Ecom', 'home', 1, 4294967297, ' 00000001010003');
INSERT INTO public.memory_posting VALUES ('curated.ana@example%2Ecom', 'citi', 1, 4294967297, ' 00000001010003');
INSERT INTO public.memory_posting VALUES ('curated.ana@example%2Ecom', 'the', 0, 4294967298, ' 00000002010008');
INSERT INTO public.memory_posting VALUES ('curated.ana@example%2Ecom', 'user', 0, 4294967298, ' 00000002010008');
INSERT INTO public.memory_posting VALUES ('curated.ana@example%2Ecom', 'want', 0, 4294967298, ' 00000002010008');
INSERT INTO public.memory_posting VALUES ('curated.ana@example%2Ecom', 'answer', 0, 4294967298, ' 00000002010008');
INSERT INTO public.memory_posting VALUES ('curated.ana@example%2Ecom', 'to', 0, 4294967298, ' 00000002010008');
INSERT INTO public.memory_posting VALUES ('curated.ana@example%2Ecom', 'be', 0, 4294967298, ' 00000002010008');
INSERT INTO public.memory_posting VALUES ('curated.ana@example%2Ecom', 'short', 0, 4294967298, ' 00000002010008');
INSERT INTO public.memory_posting VALUES ('curated.ana@example%2Ecom', 'length', 0, 4294967298, ' 00000002010008');
INSERT INTO public.memory_posting VALUES ('curated.ana@example%2Ecom', 'the', 0, 4294967299, ' 00000003010007');
INSERT INTO public.memory_posting VALUES ('curated.ana@example%2Ecom', 'user', 0, 4294967299, ' 00000003010007');
INSERT INTO public.memory_posting VALUES ('curated.ana@example%2Ecom', 'live', 0, 4294967299, ' 00000003010007');
INSERT INTO public.memory_posting VALUES ('curated.ana@example%2Ecom', 'in', 0, 4294967299, ' 00000003010007');
INSERT INTO public.memory_posting VALUES ('curated.ana@example%2Ecom', 'munich', 0, 4294967299, ' 00000003010007');
INSERT INTO public.memory_posting VALUES ('curated.ana@example%2Ecom', 'home', 0, 4294967299, ' 00000003010007');
INSERT INTO public.memory_posting VALUES ('curated.ana@example%2Ecom', 'citi', 0, 4294967299, ' 00000003010007');
INSERT INTO public.memory_posting VALUES ('curated.ana@example%2Ecom', 'live', 1, 4294967299, ' 00000003010005');
INSERT INTO public.memory_posting VALUES ('curated.ana@example%2Ecom', 'home', 1, 4294967299, ' 00000003010005');
INSERT INTO public.memory_posting VALUES ('curated.ana@example%2Ecom', 'citi', 1, 4294967299, ' 00000003010005');
INSERT INTO public.memory_posting VALUES ('curated.ana@example%2Ecom', 'where', 1, 4294967299, ' 00000003010005');
INSERT INTO public.memory_posting VALUES ('curated.ana@example%2Ecom', 'berlin', 1, 4294967299, ' 00000003010005');
INSERT INTO public.memory_posting VALUES ('curated.bo', 'the', 0, 8589934593, ' 00000001010005');
INSERT INTO public.memory_posting VALUES ('curated.bo', 'contract', 0, 8589934593, ' 00000001010005');
INSERT INTO public.memory_posting VALUES ('curated.bo', 'end', 0, 8589934593, ' 00000001010005');
INSERT INTO public.memory_posting VALUES ('curated.bo', 'in', 0, 8589934593, ' 00000001010005');
INSERT INTO public.memory_posting VALUES ('curated.bo', 'may', 0, 8589934593, ' 00000001010005');
INSERT INTO public.memory_posting VALUES ('curated.bo', 'the', 0, 8589934594, ' 00000002010005');
INSERT INTO public.memory_posting VALUES ('curated.bo', 'contract', 0, 8589934594, ' 00000002010005');
INSERT INTO public.memory_posting VALUES ('curated.bo', 'end', 0, 8589934594, ' 00000002010005');
INSERT INTO public.memory_posting VALUES ('curated.bo', 'in', 0, 8589934594, ' 00000002010005');
INSERT INTO public.memory_posting VALUES ('curated.bo', 'june', 0, 8589934594, ' 00000002010005');


--
-- Data for Name: memory_receipt; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.memory_receipt VALUES ('curated.ana@example%2Ecom', '26b9355d-1bf0-45a4-9ae3-7409cfeb3af7', 'recall', 'monday', '1f1eb9c9-34d7-6492-8000-23696eadccde', NULL, 1767603600000000, '{"query": "I live in Berlin. Please keep answers short.", "scope": "global", "recalled": [], "dropped": [], "request": {"at": "2026-01-05T09:00:00+00:00", "memory_types": ["background", "preference", "fact", "rule", "skill", "event", "summary", "reflection"], "limit": 8, "pinned": 10, "needed": true, "min_score": null, "max_tokens": 800, "shared_with": [], "filter": null}}');
INSERT INTO public.memory_receipt VALUES ('curated.ana@example%2Ecom', '104f26d6-6503-4ab3-8528-4e2b303e06b0', 'promotion', 'monday', '1f1eb9c9-34f9-624a-8002-f5604334a940', NULL, 1767603600000000, '{"scope": "global", "candidates": [{"message_id": "d03bedda-6d03-4cd9-96f1-cb8678f08fe0", "memory_type": "fact", "bucket": "promote", "reason": "durable", "action": "added", "memory_id": "761ff5c0-31a5-4596-8c12-f7dd1d1128b5", "replaced": [], "conflicts": []}, {"message_id": "d03bedda-6d03-4cd9-96f1-cb8678f08fe0", "memory_type": "preference", "bucket": "promote", "reason": "durable", "action": "added", "memory_id": "c27a56e2-5d7e-4b04-8e04-1273b5c9e59d", "replaced": [], "conflicts": []}]}');
INSERT INTO public.memory_receipt VALUES ('curated.ana@example%2Ecom', 'e3a1f168-0b89-45c3-ac91-c33933cd641d', 'recall', 'monday', '1f1eb9c9-3554-6e14-8005-4ea03d4c0ffe', NULL, 1767690000000000, '{"query": "I moved to Munich.", "scope": "global", "recalled": [{"id": "c27a56e2-5d7e-4b04-8e04-1273b5c9e59d", "score": 0.875, "parts": {"recency": 0.375, "importance": 0.2625, "confidence": 0.1125, "scope": 0.125}}, {"id": "761ff5c0-31a5-4596-8c12-f7dd1d1128b5", "score": 0.201979, "parts": {"always here": -3.36, "meaning": 0.195629, "beside the owner''s others": 0.0, "behind the best": -0.0, "words": 0.0, "closest words": 0.57844, "scope": 0.0, "topic": 0.34, "need of the topic": 0.0, "constraint of the topic": 0.0, "about the speaker": 0.28, "general knowledge": -0.0, "slot": 0.591961, "rule or background": -0.0, "event": 0.0}}], "dropped": [], "request": {"at": "2026-01-06T09:00:00+00:00", "memory_types": ["background", "preference", "fact", "rule", "skill", "event", "summary", "reflection"], "limit": 8, "pinned": 10, "needed": true, "min_score": null, "max_tokens": 800, "shared_with": [], "filter": null}}');
INSERT INTO public.memory_receipt VALUES ('curated.ana@example%2Ecom', 'ad17a06f-d49c-462e-9dee-388b01edf04b', 'promotion', 'monday', '1f1eb9c9-357e-6993-8007-abc84cb46c80', NULL, 1767690000000000, '{"scope": "global", "candidates": [{"message_id": "5dccb8d6-a757-467b-95de-f6299a01bd0e", "memory_type": "fact", "bucket": "promote", "reason": "durable", "action": "superseded", "memory_id": "5716cdb7-810b-4d21-a98e-28da57e0f629", "replaced": ["761ff5c0-31a5-4596-8c12-f7dd1d1128b5"], "conflicts": []}]}');
INSERT INTO public.memory_receipt VALUES ('curated.bo', 'd0670d3d-151a-4c1a-9432-74d4cad0582e', 'recall', 'waiting', '1f1eb9c9-35ca-6b43-8000-d8b390cd4c6a', NULL, 1767776400000000, '{"query": "I live in Oslo.", "scope": "org:acme", "recalled": [], "dropped": [], "request": {"at": "2026-01-07T09:00:00+00:00", "memory_types": ["background", "preference", "fact", "rule", "skill", "event", "summary", "reflection"], "limit": 8, "pinned": 10, "needed": true, "min_score": null, "max_tokens": 800, "shared_with": [], "filter": null}}');
INSERT INTO public.memory_receipt VALUES ('curated.bo', '2921b269-6d4b-4a1b-a149-1ae80fa509af', 'forget', NULL, NULL, NULL, 1767776400000000, '{"memories": 1}');
INSERT INTO public.memory_receipt VALUES ('curated.ana@example%2Ecom', 'ab897a68-0d28-49de-af6d-4f852e1fbe99', 'recall', NULL, NULL, NULL, 1767776400000000, '{"query": "Where does the user live?", "scope": "global", "recalled": [{"id": "5716cdb7-810b-4d21-a98e-28da57e0f629", "score": 0.937176, "parts": {"lexical": 0.522205, "context": 0.350156, "recency": 0.027778, "importance": 0.019444, "confidence": 0.008333, "scope": 0.009259}}], "dropped": [{"id": "761ff5c0-31a5-4596-8c12-f7dd1d1128b5", "reason": "superseded", "score": 0.990741}], "request": {"at": "2026-01-07T09:00:00+00:00", "memory_types": ["background", "preference", "fact", "rule", "skill", "event", "summary", "reflection"], "limit": 5, "pinned": 0, "needed": false, "min_score": null, "max_tokens": null, "shared_with": [], "filter": null}}');


--
-- Data for Name: memory_subject; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: memory_vector; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: memory_version; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.memory_version VALUES (4294967297, 1, 1767690000000000, 'curated.ana@example%2Ecom', '761ff5c0-31a5-4596-8c12-f7dd1d1128b5', 'ana@example.com', 'global', 'fact', 'home.city', 0.9, 0.7, 1767603600000000, 1767603600000000, NULL, 1767603600000000, NULL, NULL, NULL, NULL, NULL, NULL, 'owner', 0, 673086803, '13e7baa82024b259957da8ac2ed0cb61', NULL, 0, 7, 3, 0, NULL, 'The user lives in Berlin.', '{"value": "Berlin"}', '{"thread_id":"monday","checkpoint_id":"1f1eb9c9-34f9-624a-8002-f5604334a940","message_ids":["d03bedda-6d03-4cd9-96f1-cb8678f08fe0"],"excerpt":"I live in Berlin.","actor":"user","extractor":"rules","said_at":"2026-01-05T09:00:00Z"}', 'live home city', '{"the": 1, "user": 1, "live": 1, "in": 1, "berlin": 1, "home": 1, "citi": 1}', '{"live": 1, "home": 1, "citi": 1}', '{}');
INSERT INTO public.memory_version VALUES (8589934593, 1, 1767776400000000, 'curated.bo', 'b772c403-b163-430f-875d-938b257f612f', 'bo', 'org:acme', 'fact', 'contract.end', 1, 0.5, 1767776400000000, 1767776400000000, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'app', 1, 2150274527, 'aa128f6d0c6c2686eca75ccce7234936', NULL, 0, 5, 0, 0, NULL, 'The contract ends in May.', NULL, '{}', NULL, '{"the": 1, "contract": 1, "end": 1, "in": 1, "may": 1}', '{}', '{}');


--
-- Data for Name: promotion_job; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.promotion_job VALUES ('curated.bo', 'waiting', 'rules', 1767776430000000, NULL, NULL, NULL, 1767776400000000, 1767776400000000);


--
-- Data for Name: promotion_job_message; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.promotion_job_message VALUES ('curated.bo', 'waiting', 'rules', 'a387042f-3c52-4795-8929-8da88396c242', 'af3974147ef4d06a147c12848fa5682b', 1, 'waiting', 'user', 'I live in Oslo.', NULL, NULL, 'org:acme', '{"thread_id":"waiting","checkpoint_id":"1f1eb9c9-35f4-6330-8002-d4933153e1f2"}', 0, NULL, 1767776400000000);


--
-- Data for Name: promotion_ledger; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.promotion_ledger VALUES ('curated.ana@example%2Ecom', 'monday', 'd03bedda-6d03-4cd9-96f1-cb8678f08fe0', 'rules', 'ccd1fc899a136285ce713caacf1a7fa1', '1f1eb9c9-34f9-624a-8002-f5604334a940', NULL, 1767603600000000);
INSERT INTO public.promotion_ledger VALUES ('curated.ana@example%2Ecom', 'monday', '5dccb8d6-a757-467b-95de-f6299a01bd0e', 'rules', '0010c90ed40ae1aa956b5c231cd01ab3', '1f1eb9c9-357e-6993-8007-abc84cb46c80', NULL, 1767690000000000);


--
-- Data for Name: store_partition; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.store_partition VALUES ('curated.ana@example%2Ecom', 1, 3, 22, 2, 8, 0, 0, '{}');
INSERT INTO public.store_partition VALUES ('curated.bo', 2, 2, 10, 0, 0, 0, 0, '{4536312105618830080,5892606193329663420,3263224071808941545,842782998251410458}');
INSERT INTO public.store_partition VALUES ('notes.bo', 3, 0, 0, 0, 0, 0, 0, '{}');


--
-- Data for Name: store_setting; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.store_setting VALUES ('mark_key', 'bc91416428bd433c9ba85571a89145f082177976d03f4dddbdda502f63a8763a');


--
-- Data for Name: thread; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.thread VALUES ('monday', 'ana@example.com', 1767603600000000, 1767690000000004, '{5394632977318993397,8281005794576337606,2488238374261570560}');
INSERT INTO public.thread VALUES ('waiting', 'bo', 1767776400000000, 1767776400000004, '{6324375148446087146}');


--
-- Data for Name: thread_channel; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.thread_channel VALUES ('monday', '', '__start__', '26869337', 'value', 'msgpack', '\x007a72a70081a86d657373616765739192a475736572d92c49206c69766520696e204265726c696e2e20506c65617365206b65657020616e73776572732073686f72742e');
INSERT INTO public.thread_channel VALUES ('monday', '', 'messages', '46651726', 'value', 'msgpack', '\x010438dc819b78fc3a2b590eb9a9e3a990935996aa9099a7e0945a048c683d85801c60424f55c84e4d2d5048cc2b2e07e63f05605e2e2ad1a3c4d92906c649a9292989ba664096ae49728aa5aea5599aa16e72928599b9459a81455aaa0136af0100');
INSERT INTO public.thread_channel VALUES ('monday', '', 'branch:to:retrieve', '46651726', 'value', 'null', '\x0000000000');
INSERT INTO public.thread_channel VALUES ('monday', '', 'memory_context', '58139196', 'value', 'msgpack', '\x0004d44c65a0');
INSERT INTO public.thread_channel VALUES ('monday', '', 'recall_id', '58139196', 'value', 'msgpack', '\x00782bf12ed92432366239333535642d316266302d343561342d396165332d373430396366656233616637');
INSERT INTO public.thread_channel VALUES ('monday', '', 'branch:to:model', '58139196', 'value', 'null', '\x0000000000');
INSERT INTO public.thread_channel VALUES ('monday', '', 'messages', '78107135', 'list', '', '\x808080b29bbaf5a75102');
INSERT INTO public.thread_channel VALUES ('monday', '', 'branch:to:promote', '78107135', 'value', 'null', '\x0000000000');
INSERT INTO public.thread_channel VALUES ('monday', '', '__start__', '106678964', 'value', 'msgpack', '\x00d00b4ff481a86d657373616765739192a475736572b249206d6f76656420746f204d756e6963682e');
INSERT INTO public.thread_channel VALUES ('monday', '', 'messages', '117974049', 'list', '', '\x808080b29bbaf5a75103');
INSERT INTO public.thread_channel VALUES ('monday', '', 'branch:to:retrieve', '117974049', 'value', 'null', '\x0000000000');
INSERT INTO public.thread_channel VALUES ('monday', '', 'memory_context', '145266430', 'value', 'msgpack', '\x017b6909564d94410ac2301045f739c55f2a68dc4b71e11154e83aad53126c1349d2e6ac9ec30bf85344846c42267fe633f3e6f56e26994274924eaab526c3253c7c281e0367136cec488ec0f47515ac2c248d9b65184fcd06d3d138b215cc640fc6dfebc5451452bf830f1425b971ee6be149ab6b660c71402191928e6a8fcd33ca205c0ebd6ca9fe952a8638533015e6460ee8045c0e316b759151163e53beac027542ffbe8e6e1196e871163af05a35879fd10f');
INSERT INTO public.thread_channel VALUES ('monday', '', 'recall_id', '145266430', 'value', 'msgpack', '\x00ec4a838ad92465336131663136382d306238392d343563332d616339312d633333393333636436343164');
INSERT INTO public.thread_channel VALUES ('monday', '', 'branch:to:model', '145266430', 'value', 'null', '\x0000000000');
INSERT INTO public.thread_channel VALUES ('monday', '', 'messages', '165223189', 'list', '', '\x808080b29bbaf5a75104');
INSERT INTO public.thread_channel VALUES ('monday', '', 'branch:to:promote', '165223189', 'value', 'null', '\x0000000000');
INSERT INTO public.thread_channel VALUES ('waiting', '', '__start__', '22693741', 'value', 'msgpack', '\x006a8ae0e481a86d657373616765739192a475736572af49206c69766520696e204f736c6f2e');
INSERT INTO public.thread_channel VALUES ('waiting', '', 'messages', '47790635', 'value', 'msgpack', '\x01ae65c7589b787c272b590e59efa990935996aa9099a7e05f9c93af4789c3128d2dcc0d4c8cd2748d934d8d744dcc2d4d752d2c8d2c752d52122d2c8c2dcd928d4c8cb0391e00');
INSERT INTO public.thread_channel VALUES ('waiting', '', 'branch:to:retrieve', '47790635', 'value', 'null', '\x0000000000');
INSERT INTO public.thread_channel VALUES ('waiting', '', 'memory_context', '62689432', 'value', 'msgpack', '\x0004d44c65a0');
INSERT INTO public.thread_channel VALUES ('waiting', '', 'recall_id', '62689432', 'value', 'msgpack', '\x00d7de2650d92464303637306433642d313531612d346331612d393433322d373464346361643035383265');
INSERT INTO public.thread_channel VALUES ('waiting', '', 'branch:to:model', '62689432', 'value', 'null', '\x0000000000');
INSERT INTO public.thread_channel VALUES ('waiting', '', 'messages', '76580311', 'list', '', '\x808080ebf8e7e9b17302');
INSERT INTO public.thread_channel VALUES ('waiting', '', 'branch:to:promote', '76580311', 'value', 'null', '\x0000000000');


--
-- Data for Name: thread_checkpoint; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.thread_checkpoint VALUES ('monday', '', '1f1eb9c9-34c9-635d-bfff-833dab30c98c', NULL, NULL, '{"__start__":26869337}', NULL, 'msgpack', '\x007dc5101b9904cf000661610cc7884fcee7e1f16c0181a95f5f696e7075745f5f8091a95f5f73746172745f5fa5696e707574ff80', 1767603600000000);
INSERT INTO public.thread_checkpoint VALUES ('monday', '', '1f1eb9c9-34d7-6492-8000-23696eadccde', '1f1eb9c9-34c9-635d-bfff-833dab30c98c', NULL, '{"__start__":46651726,"messages":46651726,"branch:to:retrieve":46651726}', NULL, 'msgpack', '\x00c7e361dd9904cf000661610cc79ec7ce3aa803350682a95f5f696e7075745f5f80a95f5f73746172745f5f81a95f5f73746172745f5fce0199fe5992b26272616e63683a746f3a7265747269657665a86d65737361676573a46c6f6f700080', 1767603600000001);
INSERT INTO public.thread_checkpoint VALUES ('monday', '', '1f1eb9c9-34f6-6ca5-8001-68b962a5df1b', '1f1eb9c9-34d7-6492-8000-23696eadccde', NULL, '{"__start__":46651726,"messages":46651726,"branch:to:retrieve":58139196,"memory_context":58139196,"recall_id":58139196,"branch:to:model":58139196}', NULL, 'msgpack', '\x00563a67239904cf000661610cc7d135ce3c9babb93a83a95f5f696e7075745f5f80a95f5f73746172745f5f81a95f5f73746172745f5fce0199fe59a8726574726965766581b26272616e63683a746f3a7265747269657665ce02c7d94e93af6272616e63683a746f3a6d6f64656cae6d656d6f72795f636f6e74657874a9726563616c6c5f6964a46c6f6f700180', 1767603600000002);
INSERT INTO public.thread_checkpoint VALUES ('monday', '', '1f1eb9c9-34f9-624a-8002-f5604334a940', '1f1eb9c9-34f6-6ca5-8001-68b962a5df1b', NULL, '{"__start__":46651726,"messages":78107135,"branch:to:retrieve":58139196,"memory_context":58139196,"recall_id":58139196,"branch:to:model":78107135,"branch:to:promote":78107135}', NULL, 'msgpack', '\x0029cac1989904cf000661610cc7d4ffce8bf35a675a84a95f5f696e7075745f5f80a95f5f73746172745f5f81a95f5f73746172745f5fce0199fe59a8726574726965766581b26272616e63683a746f3a7265747269657665ce02c7d94ea56d6f64656c81af6272616e63683a746f3a6d6f64656cce0377223c92b16272616e63683a746f3a70726f6d6f7465a86d65737361676573a46c6f6f700280', 1767603600000003);
INSERT INTO public.thread_checkpoint VALUES ('monday', '', '1f1eb9c9-353f-6c99-8003-0c235ed000f4', '1f1eb9c9-34f9-624a-8002-f5604334a940', NULL, '{"__start__":46651726,"messages":78107135,"branch:to:retrieve":58139196,"memory_context":58139196,"recall_id":58139196,"branch:to:model":78107135,"branch:to:promote":99310950}', NULL, 'msgpack', '\x0098b48e2d9904cf000661610cc845f8cedd363fef1a85a95f5f696e7075745f5f80a95f5f73746172745f5f81a95f5f73746172745f5fce0199fe59a8726574726965766581b26272616e63683a746f3a7265747269657665ce02c7d94ea56d6f64656c81af6272616e63683a746f3a6d6f64656cce0377223ca770726f6d6f746581b16272616e63683a746f3a70726f6d6f7465ce04a7d1ff90a46c6f6f700380', 1767603600000004);
INSERT INTO public.thread_checkpoint VALUES ('monday', '', '1f1eb9c9-354f-6f79-8004-119a4f4c32ab', '1f1eb9c9-353f-6c99-8003-0c235ed000f4', NULL, '{"__start__":106678964,"messages":78107135,"branch:to:retrieve":58139196,"memory_context":58139196,"recall_id":58139196,"branch:to:model":78107135,"branch:to:promote":99310950}', NULL, 'msgpack', '\x00730b7f4e9904cf000661610cc85fe5ce568ea2b21b85a95f5f696e7075745f5f80a95f5f73746172745f5f81a95f5f73746172745f5fce0199fe59a8726574726965766581b26272616e63683a746f3a7265747269657665ce02c7d94ea56d6f64656c81af6272616e63683a746f3a6d6f64656cce0377223ca770726f6d6f746581b16272616e63683a746f3a70726f6d6f7465ce04a7d1ff91a95f5f73746172745f5fa5696e7075740480', 1767690000000000);
INSERT INTO public.thread_checkpoint VALUES ('monday', '', '1f1eb9c9-3554-6e14-8005-4ea03d4c0ffe', '1f1eb9c9-354f-6f79-8004-119a4f4c32ab', NULL, '{"__start__":117974049,"messages":117974049,"branch:to:retrieve":117974049,"memory_context":58139196,"recall_id":58139196,"branch:to:model":78107135,"branch:to:promote":99310950}', NULL, 'msgpack', '\x00cab4fd209904cf000661610cc867c3ce4e8845d31e85a95f5f696e7075745f5f80a95f5f73746172745f5f81a95f5f73746172745f5fce065bcab4a8726574726965766581b26272616e63683a746f3a7265747269657665ce02c7d94ea56d6f64656c81af6272616e63683a746f3a6d6f64656cce0377223ca770726f6d6f746581b16272616e63683a746f3a70726f6d6f7465ce04a7d1ff92b26272616e63683a746f3a7265747269657665a86d65737361676573a46c6f6f700580', 1767690000000001);
INSERT INTO public.thread_checkpoint VALUES ('monday', '', '1f1eb9c9-3577-6476-8006-751bd9990675', '1f1eb9c9-3554-6e14-8005-4ea03d4c0ffe', NULL, '{"__start__":117974049,"messages":117974049,"branch:to:retrieve":145266430,"memory_context":145266430,"recall_id":145266430,"branch:to:model":145266430,"branch:to:promote":99310950}', NULL, 'msgpack', '\x00b185f7d39904cf000661610cc89ec9cefadec0783a85a95f5f696e7075745f5f80a95f5f73746172745f5f81a95f5f73746172745f5fce065bcab4a8726574726965766581b26272616e63683a746f3a7265747269657665ce07082421a56d6f64656c81af6272616e63683a746f3a6d6f64656cce0377223ca770726f6d6f746581b16272616e63683a746f3a70726f6d6f7465ce04a7d1ff93af6272616e63683a746f3a6d6f64656cae6d656d6f72795f636f6e74657874a9726563616c6c5f6964a46c6f6f700680', 1767690000000002);
INSERT INTO public.thread_checkpoint VALUES ('monday', '', '1f1eb9c9-357e-6993-8007-abc84cb46c80', '1f1eb9c9-3577-6476-8006-751bd9990675', NULL, '{"__start__":117974049,"messages":165223189,"branch:to:retrieve":145266430,"memory_context":145266430,"recall_id":145266430,"branch:to:model":165223189,"branch:to:promote":165223189}', NULL, 'msgpack', '\x0083c4b62f9904cf000661610cc8aa73ceda04286a5a85a95f5f696e7075745f5f80a95f5f73746172745f5f81a95f5f73746172745f5fce065bcab4a8726574726965766581b26272616e63683a746f3a7265747269657665ce07082421a56d6f64656c81af6272616e63683a746f3a6d6f64656cce08a896fea770726f6d6f746581b16272616e63683a746f3a70726f6d6f7465ce04a7d1ff92b16272616e63683a746f3a70726f6d6f7465a86d65737361676573a46c6f6f700780', 1767690000000003);
INSERT INTO public.thread_checkpoint VALUES ('monday', '', '1f1eb9c9-35a6-6175-8008-29ed2435d73a', '1f1eb9c9-357e-6993-8007-abc84cb46c80', NULL, '{"__start__":117974049,"messages":165223189,"branch:to:retrieve":145266430,"memory_context":145266430,"recall_id":145266430,"branch:to:model":165223189,"branch:to:promote":168349088}', NULL, 'msgpack', '\x0093041fad9904cf000661610cc8e9a1ceda389b971a85a95f5f696e7075745f5f80a95f5f73746172745f5f81a95f5f73746172745f5fce065bcab4a8726574726965766581b26272616e63683a746f3a7265747269657665ce07082421a56d6f64656c81af6272616e63683a746f3a6d6f64656cce08a896fea770726f6d6f746581b16272616e63683a746f3a70726f6d6f7465ce09d91b1590a46c6f6f700880', 1767690000000004);
INSERT INTO public.thread_checkpoint VALUES ('waiting', '', '1f1eb9c9-35bc-6cec-bfff-54a4a9f13889', NULL, NULL, '{"__start__":22693741}', NULL, 'msgpack', '\x00f0a71f949904cf000661610cc90e10ce540508eb0181a95f5f696e7075745f5f8091a95f5f73746172745f5fa5696e707574ff80', 1767776400000000);
INSERT INTO public.thread_checkpoint VALUES ('waiting', '', '1f1eb9c9-35ca-6b43-8000-d8b390cd4c6a', '1f1eb9c9-35bc-6cec-bfff-54a4a9f13889', NULL, '{"__start__":47790635,"messages":47790635,"branch:to:retrieve":47790635}', NULL, 'msgpack', '\x00f9d3957a9904cf000661610cc92446cef647c0500682a95f5f696e7075745f5f80a95f5f73746172745f5f81a95f5f73746172745f5fce015a476d92b26272616e63683a746f3a7265747269657665a86d65737361676573a46c6f6f700080', 1767776400000001);
INSERT INTO public.thread_checkpoint VALUES ('waiting', '', '1f1eb9c9-35f1-6cc2-8001-6794dd74fdf0', '1f1eb9c9-35ca-6b43-8000-d8b390cd4c6a', NULL, '{"__start__":47790635,"messages":47790635,"branch:to:retrieve":62689432,"memory_context":62689432,"recall_id":62689432,"branch:to:model":62689432}', NULL, 'msgpack', '\x00f1c3be579904cf000661610cc962d2ce07fdd8703a83a95f5f696e7075745f5f80a95f5f73746172745f5f81a95f5f73746172745f5fce015a476da8726574726965766581b26272616e63683a746f3a7265747269657665ce02d93a2b93af6272616e63683a746f3a6d6f64656cae6d656d6f72795f636f6e74657874a9726563616c6c5f6964a46c6f6f700180', 1767776400000002);
INSERT INTO public.thread_checkpoint VALUES ('waiting', '', '1f1eb9c9-35f4-6330-8002-d4933153e1f2', '1f1eb9c9-35f1-6cc2-8001-6794dd74fdf0', NULL, '{"__start__":47790635,"messages":76580311,"branch:to:retrieve":62689432,"memory_context":62689432,"recall_id":62689432,"branch:to:model":76580311,"branch:to:promote":76580311}', NULL, 'msgpack', '\x0013a4f6149904cf000661610cc966b0ce4afa5c455a84a95f5f696e7075745f5f80a95f5f73746172745f5f81a95f5f73746172745f5fce015a476da8726574726965766581b26272616e63683a746f3a7265747269657665ce02d93a2ba56d6f64656c81af6272616e63683a746f3a6d6f64656cce03bc909892b16272616e63683a746f3a70726f6d6f7465a86d65737361676573a46c6f6f700280', 1767776400000003);
INSERT INTO public.thread_checkpoint VALUES ('waiting', '', '1f1eb9c9-3610-64de-8003-052df3b87e83', '1f1eb9c9-35f4-6330-8002-d4933153e1f2', NULL, '{"__start__":47790635,"messages":76580311,"branch:to:retrieve":62689432,"memory_context":62689432,"recall_id":62689432,"branch:to:model":76580311,"branch:to:promote":99325412}', NULL, 'msgpack', '\x00db37f1269904cf000661610cc993a5cee749672d1a85a95f5f696e7075745f5f80a95f5f73746172745f5f81a95f5f73746172745f5fce015a476da8726574726965766581b26272616e63683a746f3a7265747269657665ce02d93a2ba56d6f64656c81af6272616e63683a746f3a6d6f64656cce03bc9098a770726f6d6f746581b16272616e63683a746f3a70726f6d6f7465ce049085d790a46c6f6f700380', 1767776400000004);


--
-- Data for Name: thread_chunk; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.thread_chunk VALUES ('monday', 2929568368457416704, 2, 'msgpack', '\x018d036fb39b74fc3a2b590eb9a9e3a990935996aa9099a7e0945a048c683d85801c60424f55c84e4d2d5048cc2b2e07e63f05605e2e2ad1a3c4d92906c649a9292989ba664096ae49728aa5aea5599aa16e72928599b9459a81455aaa0136af1d7fc83a6517ae20c69a8896f9e5034b47521c8b9296f460c9c8c030d1c8c8d4c850372d25d542d7dcccd45437c9c02c4dd720d9d03c252d2dc5d0ccd852d780d4c486cd8f00');
INSERT INTO public.thread_chunk VALUES ('monday', 2929568368457416706, 1, 'msgpack', '\x019207a8769b787c0f2b590ed9e4a9909b5f969aa25092afe05b9a97999ca14789db4c539293932c52cc7413cd4dcd754dcccc93742d4d535275d3cc8c2c2d130d0c93520c52b1b91f00');
INSERT INTO public.thread_chunk VALUES ('monday', 2929568368457416707, 1, 'msgpack', '\x0179ed73be9b78fc21eb945db81c8235a897f9e503cb103d125c8212e27ab0c036304c3432323532d44d4b354cd635374b32d7b548b5b4d43537370026a4344b03e3244b5d0352a3049b2701');
INSERT INTO public.thread_chunk VALUES ('waiting', 4157336614226362368, 2, 'msgpack', '\x019a8340b69b747c272b590e59efa990935996aa9099a7e05f9c93af4789c3128d2dcc0d4c8cd2748d934d8d744dcc2d4d752d2c8d2c752d52122d2c8c2dcd928d4c8cb039fef843d629bb700522d664b2cc2f1f58fe91e25894d4a2074b280686894646a64686ba69a92669bae6860689ba49661616baa6c946666926290669c9c996ba06a426276c7e0400');


--
-- Data for Name: thread_deleted; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: thread_message; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.thread_message VALUES ('monday', 'd03bedda-6d03-4cd9-96f1-cb8678f08fe0', 'ana@example.com', 1767603600000000);
INSERT INTO public.thread_message VALUES ('monday', 'lc_run--01a22521-fde8-7655-b06f-0c17dffd1639-0', 'ana@example.com', 1767603600000000);
INSERT INTO public.thread_message VALUES ('monday', '5dccb8d6-a757-467b-95de-f6299a01bd0e', 'ana@example.com', 1767690000000000);
INSERT INTO public.thread_message VALUES ('monday', 'lc_run--01a22521-fe1c-76b7-8e99-770dcaf903b9-0', 'ana@example.com', 1767690000000000);
INSERT INTO public.thread_message VALUES ('waiting', 'a387042f-3c52-4795-8929-8da88396c242', 'bo', 1767776400000000);
INSERT INTO public.thread_message VALUES ('waiting', 'lc_run--01a22521-fe4f-710a-b688-5c26f4d0fcc9-0', 'bo', 1767776400000000);


--
-- Data for Name: thread_owner; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.thread_owner VALUES ('monday', 'ana@example.com');
INSERT INTO public.thread_owner VALUES ('waiting', 'bo');


--
-- Data for Name: thread_write; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.thread_write VALUES ('monday', '', '1f1eb9c9-34c9-635d-bfff-833dab30c98c', 'a72c5014-1ee2-3b53-bebd-1abd540b3a27', 0, '~__pregel_pull, __start__', 'messages', 'msgpack', '\x00ae436e4f9192a475736572d92c49206c69766520696e204265726c696e2e20506c65617365206b65657020616e73776572732073686f72742e');
INSERT INTO public.thread_write VALUES ('monday', '', '1f1eb9c9-34c9-635d-bfff-833dab30c98c', 'a72c5014-1ee2-3b53-bebd-1abd540b3a27', 1, '~__pregel_pull, __start__', 'branch:to:retrieve', 'null', '\x0000000000');
INSERT INTO public.thread_write VALUES ('monday', '', '1f1eb9c9-34f6-6ca5-8001-68b962a5df1b', '0adcfb5d-7ee2-23f1-1353-3e74b9fccebb', 0, '~__pregel_pull, model', 'messages', 'msgpack', '\x0130d7a2209b78fc21eb945db81c8235a897f9e503cb103d125c8212e27ab0c036304c3432323532d44d4b49b5d035373335d54d32304bd3354836344f494b4b313433b6d43520354ab0791200');
INSERT INTO public.thread_write VALUES ('monday', '', '1f1eb9c9-34f6-6ca5-8001-68b962a5df1b', '0adcfb5d-7ee2-23f1-1353-3e74b9fccebb', 1, '~__pregel_pull, model', 'branch:to:promote', 'null', '\x0000000000');
INSERT INTO public.thread_write VALUES ('monday', '', '1f1eb9c9-34d7-6492-8000-23696eadccde', 'a56dd0b4-eaa0-02d1-cc6e-7eaf6a812468', 0, '~__pregel_pull, retrieve', 'memory_context', 'msgpack', '\x0004d44c65a0');
INSERT INTO public.thread_write VALUES ('monday', '', '1f1eb9c9-34d7-6492-8000-23696eadccde', 'a56dd0b4-eaa0-02d1-cc6e-7eaf6a812468', 1, '~__pregel_pull, retrieve', 'recall_id', 'msgpack', '\x00782bf12ed92432366239333535642d316266302d343561342d396165332d373430396366656233616637');
INSERT INTO public.thread_write VALUES ('monday', '', '1f1eb9c9-34d7-6492-8000-23696eadccde', 'a56dd0b4-eaa0-02d1-cc6e-7eaf6a812468', 2, '~__pregel_pull, retrieve', 'branch:to:model', 'null', '\x0000000000');
INSERT INTO public.thread_write VALUES ('monday', '', '1f1eb9c9-34f9-624a-8002-f5604334a940', '06d13462-1cd4-a5d0-b4d8-38da85e2ac21', 0, '~__pregel_pull, promote', '__no_writes__', 'null', '\x0000000000');
INSERT INTO public.thread_write VALUES ('monday', '', '1f1eb9c9-354f-6f79-8004-119a4f4c32ab', 'aad39837-2fc3-d052-581e-e1e8bbd95202', 0, '~__pregel_pull, __start__', 'messages', 'msgpack', '\x003646c2cb9192a475736572b249206d6f76656420746f204d756e6963682e');
INSERT INTO public.thread_write VALUES ('monday', '', '1f1eb9c9-354f-6f79-8004-119a4f4c32ab', 'aad39837-2fc3-d052-581e-e1e8bbd95202', 1, '~__pregel_pull, __start__', 'branch:to:retrieve', 'null', '\x0000000000');
INSERT INTO public.thread_write VALUES ('monday', '', '1f1eb9c9-3554-6e14-8005-4ea03d4c0ffe', 'c9780c09-2157-5442-1585-bc94da7f4d87', 0, '~__pregel_pull, retrieve', 'memory_context', 'msgpack', '\x017b6909564d94410ac2301045f739c55f2a68dc4b71e11154e83aad53126c1349d2e6ac9ec30bf85344846c42267fe633f3e6f56e26994274924eaab526c3253c7c281e0367136cec488ec0f47515ac2c248d9b65184fcd06d3d138b215cc640fc6dfebc5451452bf830f1425b971ee6be149ab6b660c71402191928e6a8fcd33ca205c0ebd6ca9fe952a8638533015e6460ee8045c0e316b759151163e53beac027542ffbe8e6e1196e871163af05a35879fd10f');
INSERT INTO public.thread_write VALUES ('monday', '', '1f1eb9c9-3554-6e14-8005-4ea03d4c0ffe', 'c9780c09-2157-5442-1585-bc94da7f4d87', 1, '~__pregel_pull, retrieve', 'recall_id', 'msgpack', '\x00ec4a838ad92465336131663136382d306238392d343563332d616339312d633333393333636436343164');
INSERT INTO public.thread_write VALUES ('monday', '', '1f1eb9c9-3554-6e14-8005-4ea03d4c0ffe', 'c9780c09-2157-5442-1585-bc94da7f4d87', 2, '~__pregel_pull, retrieve', 'branch:to:model', 'null', '\x0000000000');
INSERT INTO public.thread_write VALUES ('monday', '', '1f1eb9c9-3577-6476-8006-751bd9990675', '6a90bbe5-9421-358a-9627-4500b7148dfb', 1, '~__pregel_pull, model', 'branch:to:promote', 'null', '\x0000000000');
INSERT INTO public.thread_write VALUES ('monday', '', '1f1eb9c9-3577-6476-8006-751bd9990675', '6a90bbe5-9421-358a-9627-4500b7148dfb', 0, '~__pregel_pull, model', 'messages', '@elements', '\x868080b29bbaf5a75101');
INSERT INTO public.thread_write VALUES ('monday', '', '1f1eb9c9-357e-6993-8007-abc84cb46c80', 'a463fcbb-e34b-f7ab-a791-03f2b41c7e3a', 0, '~__pregel_pull, promote', '__no_writes__', 'null', '\x0000000000');
INSERT INTO public.thread_write VALUES ('waiting', '', '1f1eb9c9-35bc-6cec-bfff-54a4a9f13889', '24590f87-3e51-b525-89c6-f977e3cc1d1b', 0, '~__pregel_pull, __start__', 'messages', 'msgpack', '\x00e99d5bbc9192a475736572af49206c69766520696e204f736c6f2e');
INSERT INTO public.thread_write VALUES ('waiting', '', '1f1eb9c9-35bc-6cec-bfff-54a4a9f13889', '24590f87-3e51-b525-89c6-f977e3cc1d1b', 1, '~__pregel_pull, __start__', 'branch:to:retrieve', 'null', '\x0000000000');
INSERT INTO public.thread_write VALUES ('waiting', '', '1f1eb9c9-35ca-6b43-8000-d8b390cd4c6a', '967e063f-b2cb-e066-3ae0-85ed44cbd637', 0, '~__pregel_pull, retrieve', 'memory_context', 'msgpack', '\x0004d44c65a0');
INSERT INTO public.thread_write VALUES ('waiting', '', '1f1eb9c9-35ca-6b43-8000-d8b390cd4c6a', '967e063f-b2cb-e066-3ae0-85ed44cbd637', 1, '~__pregel_pull, retrieve', 'recall_id', 'msgpack', '\x00d7de2650d92464303637306433642d313531612d346331612d393433322d373464346361643035383265');
INSERT INTO public.thread_write VALUES ('waiting', '', '1f1eb9c9-35ca-6b43-8000-d8b390cd4c6a', '967e063f-b2cb-e066-3ae0-85ed44cbd637', 2, '~__pregel_pull, retrieve', 'branch:to:model', 'null', '\x0000000000');
INSERT INTO public.thread_write VALUES ('waiting', '', '1f1eb9c9-35f1-6cc2-8001-6794dd74fdf0', '10dd8612-5965-b3a9-b30b-a3f105fde622', 0, '~__pregel_pull, model', 'messages', 'msgpack', '\x01f18eec209b78fc21eb945db81c8235a897f9e503cb103d125c8212e27ab0c036304c3432323532d44d4b3549d335373448d44d32b3b0d0354d36324b334931484b4eb6d43520354ab0791200');
INSERT INTO public.thread_write VALUES ('waiting', '', '1f1eb9c9-35f1-6cc2-8001-6794dd74fdf0', '10dd8612-5965-b3a9-b30b-a3f105fde622', 1, '~__pregel_pull, model', 'branch:to:promote', 'null', '\x0000000000');
INSERT INTO public.thread_write VALUES ('waiting', '', '1f1eb9c9-35f4-6330-8002-d4933153e1f2', 'aecee5f2-ad10-be9c-f821-aa877b05fd15', 0, '~__pregel_pull, promote', '__no_writes__', 'null', '\x0000000000');


--
-- Name: store_partition_number; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.store_partition_number', 3, true);


--
-- Name: agent_memory agent_memory_partition_namespace_id_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.agent_memory
    ADD CONSTRAINT agent_memory_partition_namespace_id_key UNIQUE (partition, namespace, id);


--
-- Name: agent_memory agent_memory_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.agent_memory
    ADD CONSTRAINT agent_memory_pkey PRIMARY KEY (partition, memory_no);


--
-- Name: memory_audit memory_audit_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.memory_audit
    ADD CONSTRAINT memory_audit_pkey PRIMARY KEY (partition, memory_id, change_no);


--
-- Name: memory_mark memory_mark_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.memory_mark
    ADD CONSTRAINT memory_mark_pkey PRIMARY KEY (holder, digest);


--
-- Name: memory_migration memory_migration_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.memory_migration
    ADD CONSTRAINT memory_migration_pkey PRIMARY KEY (version);


--
-- Name: memory_posting memory_posting_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.memory_posting
    ADD CONSTRAINT memory_posting_pkey PRIMARY KEY (partition, term, field, memory_no);


--
-- Name: memory_receipt memory_receipt_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.memory_receipt
    ADD CONSTRAINT memory_receipt_pkey PRIMARY KEY (partition, id);


--
-- Name: memory_subject memory_subject_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.memory_subject
    ADD CONSTRAINT memory_subject_pkey PRIMARY KEY (partition, subject_key);


--
-- Name: memory_vector memory_vector_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.memory_vector
    ADD CONSTRAINT memory_vector_pkey PRIMARY KEY (partition, memory_no, field);


--
-- Name: memory_version memory_version_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.memory_version
    ADD CONSTRAINT memory_version_pkey PRIMARY KEY (partition, memory_no, version_no);


--
-- Name: promotion_job_message promotion_job_message_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.promotion_job_message
    ADD CONSTRAINT promotion_job_message_pkey PRIMARY KEY (partition, thread_id, extractor, message_id, content_hash);


--
-- Name: promotion_job promotion_job_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.promotion_job
    ADD CONSTRAINT promotion_job_pkey PRIMARY KEY (partition, thread_id, extractor);


--
-- Name: promotion_ledger promotion_ledger_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.promotion_ledger
    ADD CONSTRAINT promotion_ledger_pkey PRIMARY KEY (partition, message_id, thread_id, extractor, content_hash);


--
-- Name: store_partition store_partition_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.store_partition
    ADD CONSTRAINT store_partition_pkey PRIMARY KEY (partition);


--
-- Name: store_setting store_setting_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.store_setting
    ADD CONSTRAINT store_setting_pkey PRIMARY KEY (name);


--
-- Name: thread_channel thread_channel_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.thread_channel
    ADD CONSTRAINT thread_channel_pkey PRIMARY KEY (thread_id, checkpoint_ns, channel, version);


--
-- Name: thread_checkpoint thread_checkpoint_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.thread_checkpoint
    ADD CONSTRAINT thread_checkpoint_pkey PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id);


--
-- Name: thread_chunk thread_chunk_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.thread_chunk
    ADD CONSTRAINT thread_chunk_pkey PRIMARY KEY (thread_id, address);


--
-- Name: thread_deleted thread_deleted_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.thread_deleted
    ADD CONSTRAINT thread_deleted_pkey PRIMARY KEY (mark);


--
-- Name: thread_message thread_message_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.thread_message
    ADD CONSTRAINT thread_message_pkey PRIMARY KEY (thread_id, message_id);


--
-- Name: thread_owner thread_owner_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.thread_owner
    ADD CONSTRAINT thread_owner_pkey PRIMARY KEY (thread_id, owner_id);


--
-- Name: thread thread_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.thread
    ADD CONSTRAINT thread_pkey PRIMARY KEY (thread_id);


--
-- Name: thread_write thread_write_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.thread_write
    ADD CONSTRAINT thread_write_pkey PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id, task_id, idx);


--
-- Name: agent_memory_by_conflict; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX agent_memory_by_conflict ON public.agent_memory USING btree (partition, conflict_id) WHERE (conflict_id IS NOT NULL);


--
-- Name: agent_memory_by_expiry; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX agent_memory_by_expiry ON public.agent_memory USING btree (expires_at) WHERE (expires_at IS NOT NULL);


--
-- Name: agent_memory_by_fingerprint; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX agent_memory_by_fingerprint ON public.agent_memory USING btree (partition, scope, memory_type, fingerprint) WHERE ((fingerprint IS NOT NULL) AND (superseded_at IS NULL));


--
-- Name: agent_memory_by_id; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX agent_memory_by_id ON public.agent_memory USING btree (partition, id) WHERE (memory_type IS NOT NULL);


--
-- Name: agent_memory_by_number; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX agent_memory_by_number ON public.agent_memory USING btree (memory_no);


--
-- Name: agent_memory_by_scope; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX agent_memory_by_scope ON public.agent_memory USING btree (partition, scope) WHERE (scope IS NOT NULL);


--
-- Name: agent_memory_by_slot; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX agent_memory_by_slot ON public.agent_memory USING btree (partition, scope, memory_type, slot) WHERE ((slot IS NOT NULL) AND (superseded_at IS NULL));


--
-- Name: agent_memory_by_successor; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX agent_memory_by_successor ON public.agent_memory USING btree (partition, superseded_by) WHERE (superseded_by IS NOT NULL);


--
-- Name: agent_memory_by_summary; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX agent_memory_by_summary ON public.agent_memory USING btree (partition) WHERE (memory_type = 'summary'::text);


--
-- Name: agent_memory_newest; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX agent_memory_newest ON public.agent_memory USING btree (partition, namespace, updated_at DESC, memory_no) WHERE (superseded_at IS NULL);


--
-- Name: agent_memory_unindexed; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX agent_memory_unindexed ON public.agent_memory USING btree (partition, memory_no) WHERE (terms IS NULL);


--
-- Name: memory_receipt_by_thread; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX memory_receipt_by_thread ON public.memory_receipt USING btree (thread_id) WHERE (thread_id IS NOT NULL);


--
-- Name: memory_receipt_by_time; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX memory_receipt_by_time ON public.memory_receipt USING btree (partition, created_at);


--
-- Name: memory_version_by_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX memory_version_by_id ON public.memory_version USING btree (partition, id);


--
-- Name: promotion_job_by_due; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX promotion_job_by_due ON public.promotion_job USING btree (extractor, due_at) WHERE (due_at IS NOT NULL);


--
-- Name: promotion_job_by_thread; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX promotion_job_by_thread ON public.promotion_job USING btree (thread_id);


--
-- Name: thread_by_owner; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX thread_by_owner ON public.thread USING btree (owner_id) WHERE (owner_id IS NOT NULL);


--
-- Name: thread_checkpoint_by_run; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX thread_checkpoint_by_run ON public.thread_checkpoint USING btree (run_id, thread_id) WHERE (run_id IS NOT NULL);


--
-- Name: thread_checkpoint_newest; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX thread_checkpoint_newest ON public.thread_checkpoint USING btree (thread_id, checkpoint_ns, stored_at);


--
-- Name: thread_owner_by_owner; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX thread_owner_by_owner ON public.thread_owner USING btree (owner_id, thread_id);


--
-- Name: agent_memory memory_index_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER memory_index_delete AFTER DELETE ON public.agent_memory FOR EACH ROW EXECUTE FUNCTION public.memory_index_delete();


--
-- Name: agent_memory memory_index_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER memory_index_insert AFTER INSERT ON public.agent_memory REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION public.memory_index_insert();


--
-- Name: agent_memory memory_index_update; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER memory_index_update AFTER UPDATE OF terms, context_terms, asked_terms, subject_key ON public.agent_memory FOR EACH ROW WHEN (((((old.terms IS DISTINCT FROM new.terms) OR (old.context_terms IS DISTINCT FROM new.context_terms)) OR (old.asked_terms IS DISTINCT FROM new.asked_terms)) OR (old.subject_key IS DISTINCT FROM new.subject_key))) EXECUTE FUNCTION public.memory_index_update();


--
-- Name: agent_memory memory_version_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER memory_version_delete AFTER DELETE ON public.agent_memory FOR EACH ROW WHEN ((old.memory_type IS NOT NULL)) EXECUTE FUNCTION public.memory_version_delete();


--
-- Name: agent_memory memory_version_keep; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER memory_version_keep AFTER UPDATE ON public.agent_memory FOR EACH ROW WHEN ((old.memory_type IS NOT NULL)) EXECUTE FUNCTION public.memory_version_keep();


--
-- Name: thread thread_delete; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER thread_delete AFTER DELETE ON public.thread FOR EACH ROW EXECUTE FUNCTION public.thread_delete();


--
-- PostgreSQL database dump complete
--


