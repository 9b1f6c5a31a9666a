"""Isolation under hostile names: nobody sees another owner's rows, whatever the owners, scopes and queries are."""

from __future__ import annotations

import random
import re
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from databases import Databases
from support import BagOfWords, Clock, opened_store

from langgraph_memory import CuratedStore, Source
from langgraph_memory.engine.named_queries import load_migrations, load_queries
from langgraph_memory.errors import InvalidInputError, LangGraphMemoryError

SEED = 20260101
PIECES = [
    "a", "aa", "A", "а", "ａ", "á", "a\u0301", "%", "_", "*", "?",
    "[a]", "'", '"', "''", '";--', "\\", ".", "..", "%2E",
    "%25", "%252E", "/", ":", "\u200b", "\u202e", "\ufeff", "\x01",
    "\t", " ", "\n", "~", "\U0001f600", "ß", "SS", "İ",
    "i\u0307", "memories", "global", "OR 1=1", "NEAR(a b)", "a AND b",
    "NOT a", "a*", "^a", "{a b}:c", "-a", "a OR b",
    "$.a", "$[0]", "json", "\U0010ffff", "\ue000", "漢", "ไทย",
]  # fmt: skip
QUERIES = [
    *PIECES, "secret", "the secret of", "secret*", '"secret"',
    "secret NEAR/2 of", "content:secret",
    "secret' OR '1'='1", "secret) OR (1", "x" * 5000, "secret " * 500,
    "?1", ":partition", "@a", "NULL", "--", "/* */ secret",
    ";DROP TABLE agent_memory",
]  # fmt: skip


def hostile(rng: random.Random, separators: str = "") -> str:
    """Return a hostile name that may name an owner or a scope."""
    while True:
        name = rng.choice(["", *separators]).join(rng.choice(PIECES) for _ in range(rng.randint(1, 4)))
        if name.strip():
            return name


@pytest.fixture
def store(databases: Databases, clock: Clock) -> Iterator[CuratedStore]:
    embed = BagOfWords()
    with opened_store(databases.scratch(), clock, index={"dims": embed.dims, "embed": embed}) as opened:
        yield opened


@pytest.fixture
def lexical(databases: Databases, clock: Clock) -> Iterator[CuratedStore]:
    with opened_store(databases.scratch(), clock) as opened:
        yield opened


def owners_in(rng: random.Random, count: int) -> list[str]:
    """Return distinct owners, many of them prefixes, escapes or look-alikes of each other."""
    found: dict[str, None] = dict.fromkeys(piece for piece in PIECES if piece.strip())
    while len(found) < count:
        base = rng.choice(list(found)) if rng.random() < 0.5 else ""
        found[base + hostile(rng)] = None
    return list(found)


def test_thousands_of_hostile_owners_see_only_their_own(
    databases: Databases, lexical: CuratedStore, clock: Clock
) -> None:
    rng = random.Random(SEED)
    owners = owners_in(rng, 2000 if databases.name == "sqlite" else 400)  # a statement costs a round trip
    for number, owner in enumerate(owners):
        lexical.remember(f"the secret of number{number}", owner_id=owner, slot="secret", source=Source(actor=owner))
    clock.advance(hours=1)

    for number, owner in enumerate(owners):
        found = lexical.recall("secret", owner_id=owner, limit=10)
        assert [one.memory.content for one in found] == [f"the secret of number{number}"], repr(owner)
        assert found.dropped == ()
        assert [one.owner_id for one in lexical.list_memories(owner_id=owner)] == [owner]
        assert len(lexical.audit.entries(owner_id=owner)) == 1
    assert len(lexical.admin.list_owners()) == len(owners)


def test_hostile_queries_scopes_and_filters_leak_nothing_and_break_no_statement(
    databases: Databases, store: CuratedStore
) -> None:
    rng = random.Random(SEED + 1)
    owners = owners_in(rng, 120)
    scopes = ["global", *{hostile(rng, "/") for _ in range(60)}]
    for number, owner in enumerate(owners):
        for n in range(3):
            scope = rng.choice(scopes)
            attempt(store.remember, f"the secret of {number} {n}", owner_id=owner, scope=scope, subject=hostile(rng))
    for _ in range(3000 if databases.name == "sqlite" else 500):
        owner, scope, query = rng.choice(owners), rng.choice(scopes), rng.choice(QUERIES)
        recall = attempt(store.recall, query, owner_id=owner, scope=scope, limit=50)
        if recall is not None:
            assert {one.memory.owner_id for one in (*recall, *recall.dropped)} <= {owner}, (owner, scope, query)
            assert all(sees(scope, one.memory.scope) for one in recall), (scope, [one.memory.scope for one in recall])


def test_hostile_namespaces_and_filters_of_the_store_leak_nothing(databases: Databases, store: CuratedStore) -> None:
    rng = random.Random(SEED + 2)
    labels = [piece for piece in PIECES if "." not in piece]
    spaces = {("x", *(rng.choice(labels) for _ in range(rng.randint(1, 3)))) for _ in range(300)}
    for space in spaces:
        store.put(
            space, rng.choice(PIECES), {"text": "secret", "at": list(space), rng.choice(PIECES): rng.choice(PIECES)}
        )
    for owner in owners_in(rng, 80):
        store.remember("secret", owner_id=owner)

    for _ in range(1500 if databases.name == "sqlite" else 200):
        prefix = rng.choice(list(spaces))[: rng.randint(0, 4)]
        key = rng.choice([*PIECES, "at", "text"])
        wanted = rng.choice([None, {key: rng.choice(PIECES)}, {key: {"$ne": rng.choice(PIECES)}}])
        query = rng.choice([None, *QUERIES])
        for item in attempt(store.search, prefix, query=query, filter=wanted, limit=100) or ():
            assert item.namespace[: len(prefix)] == prefix
            assert item.namespace[0] == "x"
            assert tuple(item.value["at"]) == item.namespace
            if wanted and not isinstance(wanted[key], dict):
                assert item.value[key] == wanted[key]


@pytest.mark.parametrize("indexed", [False, True])
def test_one_tenants_words_never_change_anothers_ranking(databases: Databases, clock: Clock, indexed: bool) -> None:
    rng = random.Random(SEED + 3)
    embed = BagOfWords()
    options: dict[str, Any] = {"index": {"dims": embed.dims, "embed": embed}} if indexed else {}
    words = [f"word{n}" for n in range(40)]
    with opened_store(databases.scratch(), clock, **options) as store:
        for _ in range(60):
            store.remember(" ".join(rng.choices(words, k=8)), owner_id="ada", subject=rng.choice(words))
        asked = [" ".join(rng.choices(words, k=3)) for _ in range(40)]
        before = [shown(store.recall(query, owner_id="ada")) for query in asked]
        for other in ("ad", "ada ", "Ada", "ada%", "a_a", "аda"):
            for _ in range(40):
                store.remember(" ".join(rng.choices(words[:5], k=50)), owner_id=other, subject=rng.choice(words))

        after = [shown(store.recall(query, owner_id="ada")) for query in asked]

        assert after == before
        store.admin.erase_owner("Ada")
        assert [shown(store.recall(query, owner_id="ada")) for query in asked] == before


def test_a_receipt_a_history_and_a_memory_are_out_of_reach_of_other_owners(lexical: CuratedStore) -> None:
    rng = random.Random(SEED + 4)
    owners = owners_in(rng, 150)
    mine = lexical.remember("the secret", owner_id="victim").memory
    assert mine is not None
    recall = lexical.recall("secret", owner_id="victim")

    for owner in (one for one in owners if one != "victim"):
        for reach in (lexical.history, lexical.forget, lexical.verify):
            with pytest.raises(LookupError):
                reach(mine.id, owner_id=owner)
        for ask in (lexical.audit.explain, lexical.audit.replay):
            with pytest.raises(LookupError):
                ask(recall.id, owner_id=owner)
        assert lexical.audit.entries(owner_id=owner) == []
        assert list(lexical.admin.export(owner_id=owner))[1:] == []
        lexical.admin.erase_owner(owner)

    assert [one.memory for one in lexical.recall("secret", owner_id="victim")] == [mine]


def attempt(method: Any, *args: Any, **kwargs: Any) -> Any:
    """Call a method that may refuse its input in a sentence, and may not fail in any other way."""
    try:
        return method(*args, **kwargs)
    except InvalidInputError:
        return None
    except LangGraphMemoryError as error:
        pytest.fail(f"{method.__name__}{args} {kwargs}: {error!r}")


def sees(scope: str, other: str) -> bool:
    return other in ("global", scope) or scope.startswith(f"{other}/")


def shown(recall: Any) -> list[tuple[str, float, dict[str, float]]]:
    return [(one.memory.id, one.score, dict(one.parts)) for one in recall]


# --- the statements ---------------------------------------------------------------------------------------------------

TENANT_TABLES = re.compile(
    r"\b(agent_memory|memory_state|memory_version|memory_audit|memory_receipt|promotion_ledger|promotion_job"
    r"|promotion_job_message|memory_posting|memory_subject"
    r"|memory_vector|memory_vector_block|store_partition)\b"
)
THREAD_TABLES = re.compile(r"\b(thread|thread_owner|thread_checkpoint|thread_channel|thread_chunk|thread_write)\b")
ACROSS = {
    "items_across_partitions": "plain items only: memory_type IS NULL",
    "live_across_partitions": "plain items only: memory_type IS NULL",
    "plain_items": "binds the partition, in a list of keys; plain items only: memory_type IS NULL",
    "rows_at": "binds the partition, in a list of keys; no contents",
    "corpus_across_partitions": "statistics, of which each partition's score only its own rows",
    "namespaces": "LangGraph's list_namespaces: names, no contents",
    "owners": "list_owners: names and counts, for the operator",
    "expired_items": "the sweep: deletes what has expired, whoever's",
    "drop_vector_rows": "a re-index of the file, for the operator",
    "drop_vector_blocks": "a re-index of the file, for the operator",
    "count_unembedded": "a re-index of the file, for the operator",
    "unembedded": "a re-index of the file, for the operator: what it reads goes to the embedder alone",
    "due_jobs": "a worker asks which jobs are due, whoever's, and claims and reads each by its owner's key",
    "next_due": "a worker asks for a moment, for which it reads no message",
    "jobs_of_thread": "a thread is deleted: the keys of what waits to be read of it, whoever's; bound to the thread",
    "moved_total": "a copy of the whole database, for the operator: counts",
    "orphans": "the doctor, for the operator: counts",
    "memory_states": "the doctor, for the operator: counts",
    "memories_after": "the doctor, for the operator: looks for damage, and names ids alone",
}
"""Every statement over the tables of owners that binds no partition, and why it may."""
ACROSS_THREADS = {
    "checkpoints_of_all_threads": "LangGraph's list() without a thread",
    "checkpoints_of_runs": "LangGraph's delete_for_runs: ids, no contents",
    "threads": "list_threads: names and sizes, everyone's or one owner's",
    "threads_of_owner": "an erasure: ids; bound to the owner and the owner's partition",
    "said_by_owner": "an erasure: ids; bound to the owner",
    "deleted_thread": "a hash of the thread",
    "mark_deleted_thread": "a hash of the thread",
    "number_thread_of_writes": "binds the thread, in a list of values",
    "threads_idle_since": "the sweep: ids, no contents",
    "threads_longer_than": "the sweep: ids, no contents",
    "moved_total": "a copy of the whole database, for the operator: counts",
    "moved_threads": "a copy of the whole database, for the operator: ids; each thread is read by its own",
    "threads_used_since": "a copy of the whole database, for the operator: ids and times",
    "orphans": "the doctor, for the operator: counts",
}
"""Every statement over the tables of threads that binds no thread, and why it may."""


def test_every_statement_over_owners_tables_binds_a_partition() -> None:
    queries = load_queries("langgraph_memory.engine.sqlite")
    over = {name: sql for name, sql in queries.items() if TENANT_TABLES.search(sql)}
    binding = re.compile(
        r"\bpartition = :partition\b|VALUES\s*\(\s*:partition\b|:partition,|\bpartition_no = :partition_no\b"
        r"|>> 32 = :partition_no\b|\(partition\) VALUES \(:partition\)"
        r"|json_each\(:partitions\) AS n CROSS JOIN store_partition AS p ON p\.partition = n\.value"  # each of a list
    )

    unbound = {name for name, sql in over.items() if not binding.search(sql)}

    assert len(over) > 40
    assert unbound == set(ACROSS)


def test_every_statement_over_a_threads_tables_binds_the_thread() -> None:
    queries = load_queries("langgraph_memory.engine.sqlite")
    over = {name: sql for name, sql in queries.items() if THREAD_TABLES.search(sql)}
    binding = re.compile(
        r"\bthread_id = :thread_id\b|VALUES\s*\(\s*:thread_id\b|VALUES \(:owner_id, :thread_id\)|"
        r"json_each\(:(keys|stretches|thread_ids)\)|SELECT (owner_id, )?:thread_id, checkpoint_ns"
        r"|thread_id = :source_thread_id"
    )

    unbound = {name for name, sql in over.items() if not binding.search(sql)}

    assert len(over) > 30
    assert unbound == set(ACROSS_THREADS)


def test_statements_that_cross_owners_read_no_memory() -> None:
    queries = load_queries("langgraph_memory.engine.sqlite")

    for name in ("items_across_partitions", "live_across_partitions", "plain_items"):
        assert "memory_type IS NULL" in queries[name]
    for name in set(ACROSS) - {"items_across_partitions", "live_across_partitions", "unembedded", "memories_after"}:
        assert not re.search(r"\bcontent\b|SELECT \*", queries[name]), name


def test_every_table_of_owners_leads_with_the_partition_or_the_number_that_holds_it() -> None:
    connection = sqlite3.connect(":memory:")
    for _, _, script in load_migrations("langgraph_memory.engine.sqlite"):
        connection.executescript(script)
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    keys = {
        name: [
            row[1] for row in sorted(connection.execute(f"PRAGMA table_info({name})"), key=lambda row: row[5]) if row[5]
        ]
        for name in names
        if TENANT_TABLES.fullmatch(name)
    }
    connection.close()

    assert len(keys) >= 10
    assert {key[0] for key in keys.values()} == {"partition", "partition_no", "memory_no"}
