-- Lets a database role see one owner's rows and no others. A role that owns the tables, or is a superuser, sees all of
-- them; every other one sees those of the owner it is bound to here, and none when it is bound to nobody.
-- It is safe to run again, and covers every table that is there.
CREATE TABLE IF NOT EXISTS tenant_role (
    role_name text COLLATE "C" NOT NULL PRIMARY KEY,
    partition text COLLATE "C" NOT NULL,
    owner_id text COLLATE "C" NOT NULL
);

ALTER TABLE tenant_role ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenant_role ALTER COLUMN role_name SET STATISTICS 0, ALTER COLUMN partition SET STATISTICS 0,
    ALTER COLUMN owner_id SET STATISTICS 0;

-- Views read with the rights of their owner, whom no policy concerns: so a policy may use them without end.
CREATE OR REPLACE VIEW tenant_binding WITH (security_barrier) AS
SELECT partition, owner_id, left(encode(sha256(convert_to(
    (SELECT value FROM store_setting WHERE name = 'mark_key') || partition, 'UTF8')), 'hex'), 32) AS holder
FROM tenant_role WHERE role_name = current_user;

CREATE OR REPLACE VIEW tenant_thread WITH (security_barrier) AS
SELECT thread_id FROM thread_owner WHERE owner_id = (SELECT owner_id FROM tenant_binding)
UNION ALL
SELECT thread_id FROM thread WHERE owner_id = (SELECT owner_id FROM tenant_binding);

ALTER VIEW memory_state SET (security_invoker = true);

-- A thread that a bound role begins is its owner's from the first row, and is given to nobody else. The key of `thread`
-- decides between two who begin the same one.
CREATE OR REPLACE FUNCTION tenant_thread_keep() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF tg_op = 'INSERT' THEN
        new.owner_id := (SELECT owner_id FROM tenant_binding);
    ELSE
        new.owner_id := coalesce(old.owner_id, (SELECT owner_id FROM tenant_binding));
    END IF;
    RETURN new;
END $$;

DO $$
DECLARE
    place text := (SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid = 'agent_memory'::regclass);
    bound constant text := '(SELECT owner_id FROM tenant_binding)';
    mine constant text := 'partition = (SELECT partition FROM tenant_binding)';
    one record;
    seen text;
    kept text;
BEGIN
    EXECUTE format('CREATE OR REPLACE TRIGGER tenant_thread_keep BEFORE INSERT OR UPDATE OF owner_id ON thread '
        'FOR EACH ROW WHEN (row_security_active(%L::regclass)) EXECUTE FUNCTION tenant_thread_keep()',
        place || '.thread');
    -- What is of a thread goes with it, also what other owners of it noted. Nobody may hang that on a table of their own.
    EXECUTE format('ALTER FUNCTION thread_delete() SECURITY DEFINER SET search_path = %s, pg_temp', place);
    REVOKE EXECUTE ON FUNCTION thread_delete() FROM PUBLIC;
    FOR one IN
        SELECT c.relname AS name, array_agg(a.attname) AS columns
        FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE c.relnamespace = place::regnamespace AND c.relkind IN ('r', 'p') AND c.relname <> 'tenant_role'
          AND (c.relname IN ('agent_memory', 'store_partition', 'thread') OR c.relname ~ '^(memory|promotion|thread)_')
        GROUP BY c.relname
    LOOP
        CONTINUE WHEN NOT one.columns && '{partition,thread_id,mark,holder}';
        IF 'mark' = ANY (one.columns) THEN -- a hash, which tells nothing to those who do not know the thread
            seen := bound || ' IS NOT NULL';
            kept := seen;
        ELSIF 'holder' = ANY (one.columns) THEN
            seen := 'holder = (SELECT holder FROM tenant_binding)';
            kept := seen;
        ELSIF 'partition' = ANY (one.columns) THEN
            seen := mine;
            kept := mine
                || CASE WHEN 'owner_id' = ANY (one.columns) THEN
                    ' AND (owner_id IS NULL OR owner_id = ' || bound || ')' ELSE '' END
                || CASE WHEN 'namespace' = ANY (one.columns) THEN
                    ' AND (namespace = partition OR starts_with(namespace, partition || ''.''))' ELSE '' END;
        ELSE
            seen := format('EXISTS (SELECT 1 FROM tenant_thread AS t WHERE t.thread_id = %I.thread_id)', one.name);
            kept := seen;
            IF one.name = 'thread' THEN
                seen := format('owner_id = %s OR %s', bound, seen);
                kept := seen;
            ELSIF one.name = 'thread_owner' THEN
                kept := format('owner_id = %s AND %s', bound, seen);
                seen := 'owner_id = ' || bound;
            END IF;
        END IF;
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', one.name);
        EXECUTE format('DROP POLICY IF EXISTS tenant ON %I', one.name);
        EXECUTE format('CREATE POLICY tenant ON %I USING (%s) WITH CHECK (%s)', one.name, seen, kept);
    END LOOP;
END $$;
