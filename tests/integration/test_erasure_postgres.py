"""An erased owner is gone from every table of a PostgreSQL database, and from its files when that is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from postgres_server import PostgresServer
from psycopg.sql import SQL, Identifier
from support import BagOfWords, Clock, Driver
from test_erasure import ADA, BEN, SECRETS, fill, talk

from langgraph_memory import MemoryDatabase
from langgraph_memory.engine.connect import connect
from langgraph_memory.operations.settings import StoreSettings

TABLES = """
SELECT n.nspname, c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname NOT LIKE 'pg\\_toast%' ORDER BY 1, 2
"""
"""Every table, those of the catalogue too: statistics hold values of the columns."""


def rows_with(url: str, *words: str) -> set[tuple[str, str]]:
    """Return the words, each with the table in which a row as text, or what it holds in bytes, has it."""
    found = set()
    with psycopg.connect(url) as connection:
        for place, table in connection.execute(TABLES).fetchall():
            held = connection.execute(
                SQL("SELECT t::text FROM {}.{} AS t").format(Identifier(place), Identifier(table))
            )
            texts = [text.lower() for (text,) in held.fetchall()]
            for word in words:
                if any(word in text or word.encode().hex() in text for text in texts):
                    found.add((word, table))
    return found


def files_with(server: PostgresServer, url: str, *words: str) -> dict[str, list[str]]:
    """Return the words that stand in the files of a database, each with the files."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
        (number,) = (
            connection.execute("SELECT oid FROM pg_database WHERE datname = current_database()").fetchone() or ()
        )
    held = {file.name: file.read_bytes().lower() for file in (Path(server.data) / "base" / str(number)).iterdir()}
    found = {word: [name for name, data in held.items() if word.encode() in data] for word in words}
    return {word: names for word, names in found.items() if names}


@pytest.fixture
def url(postgres: PostgresServer, postgres_template: str) -> Iterator[str]:
    url = postgres.new_database(postgres_template)
    yield url
    postgres.drop_database(url)


@pytest.fixture
def memory(url: str, clock: Clock, embed: BagOfWords, request: pytest.FixtureRequest) -> Iterator[MemoryDatabase]:
    numbers = count(1)
    engine = connect(url, scrub=getattr(request, "param", "vacuum"))
    settings = StoreSettings(clock=clock, new_id=lambda: f"id-{next(numbers):04}")
    index: Any = {"dims": embed.dims, "embed": embed}
    yield MemoryDatabase(engine, index=index, settings=settings)
    engine.close()


async def tell(memory: MemoryDatabase, mode: str, clock: Clock, url: str, owners: dict[str, str]) -> None:
    """Store a secret of each owner in every place, and let the server make its statistics of them."""
    for owner_id, mark in owners.items():
        await fill(Driver(memory.store, mode), clock, owner_id, mark)
        talk(memory, f"{mark}thread", owner_id, f"{mark}thread words")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ANALYZE")


async def test_the_server_measures_numbers_alone(memory: MemoryDatabase, mode: str, url: str, clock: Clock) -> None:
    await tell(memory, mode, clock, url, {ADA: "qzx"})

    with psycopg.connect(url) as connection:
        measured = connection.execute(
            "SELECT DISTINCT format_type(a.atttypid, NULL) FROM pg_stats AS s JOIN pg_attribute AS a "
            "ON a.attrelid = format('%I.%I', s.schemaname, s.tablename)::regclass AND a.attname = s.attname "
            "WHERE s.schemaname = 'public' AND s.tablename <> 'memory_migration' ORDER BY 1"
        ).fetchall()

    assert [name for (name,) in measured] == ["bigint", "double precision", "smallint"]


async def test_an_erased_owner_is_in_no_row_of_any_table(
    memory: MemoryDatabase, mode: str, url: str, clock: Clock
) -> None:
    await tell(memory, mode, clock, url, {ADA: "qzx", BEN: "wvb"})
    assert {word for word, _ in rows_with(url, *SECRETS)} == set(SECRETS)

    await Driver(memory.admin, mode).erase_owner(ADA, threads=True)

    assert rows_with(url, "qzx", ADA) == set()
    assert {table for _, table in rows_with(url, "wvb")} >= {"agent_memory", "thread_chunk", "memory_receipt"}


async def test_the_only_owner_that_is_erased_is_in_no_row_of_any_table(
    memory: MemoryDatabase, mode: str, url: str, clock: Clock
) -> None:
    await tell(memory, mode, clock, url, {ADA: "qzx"})

    await Driver(memory.admin, mode).erase_owner(ADA, threads=True)

    assert rows_with(url, "qzx", ADA) == set()


@pytest.mark.parametrize("memory", ["rewrite"], indirect=True)
@pytest.mark.parametrize("owners", [{ADA: "qzx", BEN: "wvb"}, {ADA: "qzx"}], ids=["one of two", "the only one"])
async def test_a_rewritten_database_has_no_byte_of_an_erased_owner_in_its_files(
    memory: MemoryDatabase, mode: str, url: str, clock: Clock, postgres: PostgresServer, owners: dict[str, str]
) -> None:
    await tell(memory, mode, clock, url, owners)
    assert set(files_with(postgres, url, *SECRETS)) == set(SECRETS)

    receipt = await Driver(memory.admin, mode).erase_owner(ADA, threads=True)

    assert receipt.body["scrubbed"] is True
    assert files_with(postgres, url, *SECRETS, ADA) == {}
