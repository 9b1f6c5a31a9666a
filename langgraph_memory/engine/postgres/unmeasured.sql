-- Lets the server measure numbers alone: its statistics keep values of the columns, such as what somebody said or who
-- they are, and nobody but a superuser can delete those of a table that has become empty. Every statement here finds
-- its rows by a key, so that none needs them. It is safe to run again, and covers every table that is there.
DO $$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT c.relname AS table_name, a.attname AS name
        FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        JOIN pg_type AS t ON t.oid = a.atttypid
        WHERE c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'agent_memory'::regclass)
          AND c.relkind IN ('r', 'p') AND t.typcategory NOT IN ('N', 'B') AND a.attstattarget IS DISTINCT FROM 0
          AND (c.relname IN ('agent_memory', 'store_partition', 'store_setting', 'thread')
            OR c.relname ~ '^(memory|promotion|thread)_')
    LOOP
        EXECUTE format('ALTER TABLE %I ALTER COLUMN %I SET STATISTICS 0', one.table_name, one.name);
    END LOOP;
END $$;
