"""What can be done from here about the bytes of deleted rows."""

from __future__ import annotations

import psycopg
from psycopg.sql import SQL, Identifier

from langgraph_memory.engine.postgres.connection import Connection, PostgresSettings
from langgraph_memory.engine.postgres.errors import translate
from langgraph_memory.errors import DatabaseBusyError

_TABLES = """
SELECT c.relname AS name, pg_has_role(c.relowner, 'USAGE') AS mine FROM pg_class AS c
WHERE c.relkind = 'r' AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'agent_memory'::regclass)
  AND (c.relname IN ('agent_memory', 'store_partition', 'thread')
    OR c.relname LIKE 'promotion\\_%' OR c.relname LIKE 'memory\\_%' OR c.relname LIKE 'thread\\_%')
ORDER BY c.relname
"""
_HELD = """
SELECT EXISTS (
    SELECT 1 FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_xmin IS NOT NULL
) AS held
"""
"""Whether somebody reads an earlier state, which a rewritten table then still holds."""


def scrub(connection: Connection, settings: PostgresSettings) -> bool:
    """Vacuum the tables, or rewrite them where the settings say so; return whether deleted bytes are gone from them.

    They are not for a user who does not own the tables, while somebody reads an earlier state, or when somebody keeps
    a table locked for longer than the busy timeout. The server's statistics hold numbers alone, see `unmeasured.sql`.

    Its write-ahead log is out of reach: it holds every row that was written, and whole pages as they were when first
    touched after a checkpoint, until its segments are written over. They are used again with their old bytes in them,
    as many as `max_wal_size` and `wal_keep_size` say; a replication slot keeps them until it has been read. What was
    archived, sent to a standby or backed up stays there.
    """
    rewrite = settings.scrub == "rewrite"
    try:
        held = connection.execute(_HELD).fetchone()
        tables = connection.execute(_TABLES).fetchall()
        for row in tables:
            command = SQL("VACUUM (FULL) {}" if rewrite else "VACUUM {}")
            connection.execute(command.format(Identifier(row["name"])))
    except psycopg.Error as error:
        translated = translate(error, settings.name)
        if isinstance(translated, DatabaseBusyError):
            return False
        raise translated from error
    mine = all(row["mine"] for row in tables)  # another user's table is passed over with a warning
    return rewrite and mine and held is not None and not held["held"]
