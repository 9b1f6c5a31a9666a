"""Binds database roles to owners: a connection of such a role sees one owner's rows, whatever SQL it sends."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from typing import NamedTuple

import psycopg
from psycopg.sql import SQL, Composed, Identifier

from langgraph_memory.engine.postgres.connection import Connection, PostgresSettings
from langgraph_memory.engine.postgres.errors import translate
from langgraph_memory.engine.postgres.migrate import alone
from langgraph_memory.errors import DatabaseUnavailableError, InvalidInputError

OLDEST = 15
"""The oldest major version whose views can be read with the rights of the reader."""

_STRONGER = """
SELECT r.rolname AS name FROM pg_roles AS r, pg_roles AS g
WHERE g.rolname = %(role)s AND (
    pg_has_role(g.oid, r.oid, 'MEMBER') AND (r.rolsuper OR r.rolbypassrls OR r.rolcreaterole
        OR r.oid = (SELECT relowner FROM pg_class WHERE oid = 'agent_memory'::regclass))
    OR (pg_has_role(g.oid, r.oid, 'MEMBER') OR pg_has_role(r.oid, g.oid, 'MEMBER'))
        AND r.rolname IN (SELECT role_name FROM tenant_role WHERE partition <> %(partition)s AND role_name <> %(role)s))
ORDER BY r.rolname = %(role)s DESC, r.rolname LIMIT 1
"""
"""A role that sees more than one owner, or another owner, and that the bound role could act as; or the reverse."""
_BIND = """
INSERT INTO tenant_role (role_name, partition, owner_id) VALUES (%(role)s, %(partition)s, %(owner_id)s)
ON CONFLICT (role_name) DO UPDATE SET partition = excluded.partition, owner_id = excluded.owner_id
"""
_UNBIND = "DELETE FROM tenant_role WHERE role_name = %(role)s"
_KNOWN = "SELECT 1 FROM pg_roles WHERE rolname = %(role)s"
_OBJECTS = """
SELECT n.nspname AS place, c.relname AS name, c.relkind = 'S' AS sequence, EXISTS (
    SELECT 1 FROM pg_policy AS p WHERE p.polrelid = c.oid AND p.polname = 'tenant') AS rows_of_owners
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.oid = (SELECT relnamespace FROM pg_class WHERE oid = 'agent_memory'::regclass)
  AND (EXISTS (SELECT 1 FROM pg_policy AS p WHERE p.polrelid = c.oid AND p.polname = 'tenant') OR c.relname IN (
    'memory_migration', 'store_setting', 'memory_state', 'tenant_binding', 'tenant_thread', 'store_partition_number'))
"""


class Tenant(NamedTuple):
    """A database role, and whose rows it may see."""

    role: str
    partition: str
    owner_id: str


def grant(connection: Connection, settings: PostgresSettings, tenant: Tenant) -> None:
    """Turn row-level security on where it is not yet, and bind a role to one owner in place of any other.

    Raises InvalidInputError when there is no such role, or when it could act as one that sees more.
    """
    if connection.info.server_version < OLDEST * 10_000:
        raise DatabaseUnavailableError(
            f"{settings.name} is older than PostgreSQL {OLDEST}, which binding a role to an owner needs; upgrade it."
        )
    sql = files(__package__).joinpath("tenants.sql").read_text(encoding="utf-8")
    try:
        with connection.transaction():
            alone(connection)
            _check_known(connection, tenant.role)
            connection.execute(sql.encode(), prepare=False)  # several statements
            _check_weak(connection, tenant)
            connection.execute(_BIND, tenant._asdict())
            for right in _rights(connection, tenant.role, SQL("GRANT {} TO {}")):
                connection.execute(right)
    except psycopg.Error as error:
        raise translate(error, settings.name) from error


def revoke(connection: Connection, settings: PostgresSettings, role: str) -> None:
    """Take every right on the tables from a role, and unbind it; doing so again changes nothing.

    Raises InvalidInputError when there is no such role.
    """
    try:
        with connection.transaction():
            alone(connection)
            _check_known(connection, role)
            for right in _rights(connection, role, SQL("REVOKE {} FROM {}")):
                connection.execute(right)
            found = connection.execute("SELECT to_regclass('tenant_role') IS NOT NULL AS bound").fetchone()
            if found is not None and found["bound"]:
                connection.execute(_UNBIND, {"role": role})
    except psycopg.Error as error:
        raise translate(error, settings.name) from error


def _rights(connection: Connection, role: str, command: SQL) -> Iterator[Composed]:
    """Yield the command for each right that a bound role has; rows of owners are the only ones it may change."""
    place = None
    for row in connection.execute(_OBJECTS).fetchall():
        place = Identifier(row["place"])
        rights = "SELECT, INSERT, UPDATE, DELETE ON" if row["rows_of_owners"] else "SELECT ON"
        what = SQL("USAGE ON SEQUENCE" if row["sequence"] else rights)
        yield command.format(SQL(" ").join([what, Identifier(row["place"], row["name"])]), Identifier(role))
    if place is not None and "GRANT" in command.as_string():  # of the schema the role may use more than these tables
        yield command.format(SQL(" ").join([SQL("USAGE ON SCHEMA"), place]), Identifier(role))


def _check_known(connection: Connection, role: str) -> None:
    if connection.execute(_KNOWN, {"role": role}).fetchone() is None:
        raise InvalidInputError(
            f"the server has no role {role!r}; let an administrator run CREATE ROLE first, with LOGIN and a password."
        )


def _check_weak(connection: Connection, tenant: Tenant) -> None:
    stronger = connection.execute(_STRONGER, tenant._asdict()).fetchone()
    if stronger is not None:
        raise InvalidInputError(
            f"the role {tenant.role!r} cannot be kept to one owner: {stronger['name']!r} owns the tables, is an "
            "administrator or is another owner's, and one of them can act as the other; bind a role of its own."
        )
