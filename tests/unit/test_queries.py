"""The contract between operations and engines: the set of query names."""

from __future__ import annotations

import ast
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

import langgraph_memory
from langgraph_memory.cache import CacheBound
from langgraph_memory.engine.named_queries import load_migrations, load_queries
from langgraph_memory.engine.postgres.transaction import answers as postgres_answers
from langgraph_memory.engine.sqlite.fresh import FreshShelf
from langgraph_memory.engine.sqlite.statements import answers as sqlite_answers

SQLITE, POSTGRES = DIALECTS = ("langgraph_memory.engine.sqlite", "langgraph_memory.engine.postgres")
ANSWERS = {
    SQLITE: set(sqlite_answers(FreshShelf(CacheBound()), CacheBound())),
    POSTGRES: set(postgres_answers()),
}
"""The queries that a dialect answers with a few steps over statements of its own."""
PRIVATE = {
    SQLITE: {
        *("put_vector", "loose_vectors", "coded_vectors", "vector_state", "vector_codes", "vector_sketches"),
        *("put_vector_block", "count_vector_blocks", "known_vector_block", "count_coded"),
        *("erase_vector_blocks", "erase_vector_rows", "drop_vector_blocks", "drop_vector_rows"),
        *("known_partition", "new_partition", "add_item", "last_numbers", "put_plain_item", "delete_vectors_at"),
        *("index_item", "index_up_to"),
        *("sealed_postings", "newest_sealed_postings", "fresh_state", "fresh_terms"),
    },
    POSTGRES: {
        *("closeness_by_product", "closeness_by_distance"),
        *("write_setting", "create_vector_extension", "add_embedding_column", "embedding_column"),
        *("stored_vectors", "store_checkpoint", "store_writes", "store_items"),
    },
}
"""Those statements of its own."""
ROOMS = ("operations", "checkpoints", "transfer")
OPERATIONS = sorted(path for room in ROOMS for path in (Path(langgraph_memory.__file__).parent / room).rglob("*.py"))
REACHES = ("_in_partition", "_across_partitions")


def named_in(path: Path) -> Iterator[str]:
    """Yield the names that a file of operations gives to `Query(...)` or, with both endings, to `reach.query(...)`."""
    for call in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)):
        first = call.args[0] if call.args else None
        if not isinstance(first, ast.Constant) or not isinstance(first.value, str):
            continue
        if isinstance(call.func, ast.Name) and call.func.id == "Query":
            yield first.value
        if isinstance(call.func, ast.Attribute) and call.func.attr == "query":
            yield from (first.value + ending for ending in REACHES)


def named_by(dialect: str) -> set[str]:
    """Return the names that the code of a dialect may give to its own statements."""
    folder = Path(langgraph_memory.__file__).parent.joinpath(*dialect.split(".")[1:])
    return {name for path in folder.glob("*.py") for name in (*named_in(path), *texts_in(path))}


def texts_in(path: Path) -> set[str]:
    """Return every text constant of a file: some names are chosen before they reach `Query`."""
    constants = (node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant))
    return {value for value in constants if isinstance(value, str)}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_query_an_operation_names_is_defined(dialect: str) -> None:
    named = {name for path in OPERATIONS for name in named_in(path)}

    assert len(named) > 30
    assert named - set(load_queries(dialect)) - ANSWERS[dialect] == set()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_query_that_is_defined_is_named_by_an_operation(dialect: str) -> None:
    named = {name for path in OPERATIONS for name in (*named_in(path), *texts_in(path))}

    assert set(load_queries(dialect)) - named == PRIVATE[dialect]
    assert PRIVATE[dialect] - named_by(dialect) == set()
    assert ANSWERS[dialect] - named == set()
    assert ANSWERS[dialect] & set(load_queries(dialect)) == set()


def test_every_dialect_answers_the_same_queries() -> None:
    sqlite, postgres = ((set(load_queries(one)) - PRIVATE[one]) | ANSWERS[one] for one in DIALECTS)

    assert sqlite == postgres


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_query_has_a_line_of_description(dialect: str) -> None:
    for name, sql in load_queries(dialect).items():
        first = sql.splitlines()[0]
        assert re.fullmatch(r"-- [A-Z].{10,118}\.", first), f"{name}: {first}"


def test_every_query_compiles_against_the_migrated_schema() -> None:
    connection = sqlite3.connect(":memory:")
    for _, _, script in load_migrations("langgraph_memory.engine.sqlite"):
        connection.executescript(script)

    for name, sql in load_queries("langgraph_memory.engine.sqlite").items():
        bound = dict.fromkeys(re.findall(r":(\w+)", sql), None)
        try:
            connection.execute(f"EXPLAIN {sql}", bound)
        except sqlite3.Error as error:
            pytest.fail(f"{name}: {error}")
    connection.close()


def test_a_name_that_stands_twice_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "twice_defined" / "queries"
    folder.mkdir(parents=True)
    (tmp_path / "twice_defined" / "__init__.py").touch()
    (folder / "one.sql").write_text("-- name: same\n-- One.\nSELECT 1\n")
    (folder / "two.sql").write_text("-- name: same\n-- Two.\nSELECT 2\n")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(ValueError, match="same"):
        load_queries("twice_defined")


OF_THE_WHOLE_DATABASE = {
    "setting, write_setting, create_vector_extension, add_embedding_column, embedding_column": "what made the vectors",
    "count_unembedded, unembedded, drop_vectors": "a re-index",
    "items_across_partitions, live_across_partitions, corpus_across_partitions": (
        "a search of the plain store above a partition, which LangGraph allows; never a memory"
    ),
    "namespaces, checkpoints_of_all_threads, checkpoints_of_runs": "what LangGraph asks of every thread or namespace",
    "deleted_thread, mark_deleted_thread, forget_deleted_threads": "what is left of threads, by a hash of each",
    "due_jobs, next_due": "the workers, who serve every owner",
    "owners, threads": "lists for an administrator",
    "integrity, orphans, memory_states, memories_after": "the doctor, who looks a whole database over",
    "expired_items, threads_idle_since, threads_longer_than": "the sweep",
    "mark_keys, mark_keys_in_use, make_mark_key": "what marks are made with",
    "marks, put_mark, lift_mark, moved_marks, move_mark": "what is gone, by hashes that lead with the owner",
    "said_by_owner": "the messages of an owner, over the threads that the owner takes part in",
    "database_place, moved_total, moved_settings, moved_threads, threads_used_since": "the copying of a database",
}
"""The statements that name neither an owner's partition nor a thread, and what needs them; a turn has `setting` alone,
of a small table that every node of a sharded database can hold."""
SEVERAL_THREADS = {"versions": "keys", "writes": "keys", "chunks": "stretches", "last_values": "thread_ids"}
"""Those that name some threads, and by which parameter; each row joins by its thread."""
SEVERAL_PARTITIONS = {"rows_at": "keys", "plain_items": "keys"}
"""Those that name some partitions, in the same way."""
CALLS = {"store_items"}
"""Those that call a function which looks at each partition that it is given."""


def test_every_other_statement_names_the_partition_or_the_thread() -> None:
    exempt = {name for names in OF_THE_WHOLE_DATABASE for name in names.split(", ")}
    queries = load_queries(POSTGRES)

    without = {name for name, sql in queries.items() if not re.search(r"(?<![:\w]):(partition|thread_id)\b", sql)}

    assert without == exempt | set(SEVERAL_THREADS) | set(SEVERAL_PARTITIONS) | CALLS
    for joined, several in (("thread_id = ", SEVERAL_THREADS), ("partition = ", SEVERAL_PARTITIONS)):
        for name, parameter in several.items():
            assert f":{parameter}" in queries[name]
            assert joined in queries[name]
