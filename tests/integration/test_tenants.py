"""A connection that is bound to one owner sees no other's rows, whatever SQL it sends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest
from databases import PostgresDatabases, rows
from langchain_core.messages import HumanMessage
from postgres_server import PostgresServer
from psycopg.sql import SQL, Identifier
from psycopg.types.json import Json
from support import BagOfWords, one_sentence
from typer.testing import CliRunner

from langgraph_memory import MemoryContext, MemoryDatabase, OfflineChatModel, Utterance, build_graph, open_memory
from langgraph_memory.cli import app
from langgraph_memory.domain.promotion import LedgerPlace
from langgraph_memory.errors import DatabaseUnavailableError, InvalidInputError, MissingOwnerError

INDEX: Any = {"dims": BagOfWords.dims, "embed": BagOfWords(), "fields": ["text"]}
OWNERS = ("ada", "bob")
OF_NOBODY = {"memory_migration", "store_setting", "thread_deleted", "memory_mark"}
"""The tables that hold no owner's rows: the version of the schema, what made the vectors, hashes of deleted threads."""


@pytest.fixture
def url(postgres: PostgresServer, postgres_template: str) -> Iterator[str]:
    """A database with rows of two owners in every table, and a role for each of them."""
    made = PostgresDatabases(postgres, postgres_template)
    url = made.new()
    rows(url, "".join(f"CREATE ROLE {role} LOGIN PASSWORD 'little';" for role in ("tenant_ada", "tenant_bob")))
    with open_memory(url, index=INDEX) as memory:
        for owner in OWNERS:
            tell(memory, owner)
            memory.admin.grant(f"tenant_{owner}", owner_id=owner)
    yield url
    rows(url, "".join(f"DROP OWNED BY {role}; DROP ROLE {role};" for role in ("tenant_ada", "tenant_bob")))
    made.drop()


def tell(memory: MemoryDatabase, owner: str) -> None:
    """Store something of one owner in every table."""
    talk(memory, owner, f"thread of {owner}", "I live in Oslo.")
    talk(memory, owner, f"thread of {owner}", "I live in Lima.")
    memory.store.remember(f"{owner} likes tea", owner_id=owner, subject=f"tea of {owner}", slot="drink")
    memory.store.remember(f"{owner} likes coffee", owner_id=owner, subject=f"tea of {owner}", slot="drink")
    memory.store.recall("tea", owner_id=owner)
    said = [Utterance(message_id="m1", actor="user", text="I live in Cairo.")]
    memory.store.queue.add(said, place=LedgerPlace(owner, f"thread of {owner}", "slow"))


def talk(memory: MemoryDatabase, owner: str, thread: str, text: str) -> Any:
    graph = build_graph(OfflineChatModel()).compile(checkpointer=memory.checkpointer, store=memory.store)
    config: Any = {"configurable": {"thread_id": thread, "owner_id": owner}}
    return graph.invoke({"messages": [HumanMessage(text)]}, config, context=MemoryContext(owner_id=owner))


def as_role(url: str, role: str) -> str:
    """Return the connection string of another user."""
    return f"postgresql://{role}:little@{url.rpartition('@')[2]}"


def tables(url: str) -> dict[str, str]:
    """Return every table that a migration made, and the condition by which its rows are ada's."""
    found = rows(
        url,
        "SELECT c.relname, array_agg(a.attname::text) FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid "
        "WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 "
        "AND c.relname NOT LIKE 'tenant\\_%' GROUP BY c.relname",
    )
    return {
        name: "partition = 'curated.ada'" if "partition" in columns else "thread_id = 'thread of ada'"
        for name, columns in found
        if name not in OF_NOBODY
    }


def ask(connection: Any, sql: str, *names: str) -> Any:
    return connection.execute(SQL(sql).format(*map(Identifier, names)))  # type: ignore[arg-type]


def test_each_role_sees_the_rows_of_its_owner_and_no_others_in_every_table(url: str) -> None:
    with psycopg.connect(url) as everything, psycopg.connect(as_role(url, "tenant_ada")) as ada:
        for name, mine in tables(url).items():
            (own,) = ask(everything, f"SELECT count(*) FROM {{}} WHERE {mine}", name).fetchone()
            (all_of_them,) = ask(everything, "SELECT count(*) FROM {}", name).fetchone()
            seen = ask(ada, f"SELECT count(*), count(*) FILTER (WHERE {mine}) FROM {{}}", name).fetchone()

            assert 0 < own < all_of_them, f"{name}: the test stores nothing there"
            assert seen == (own, own), name


def test_a_role_sees_the_threads_of_its_owner_who_was_named_in_the_context_alone(url: str) -> None:
    with open_memory(url, index=INDEX) as memory:
        graph = build_graph(OfflineChatModel()).compile(checkpointer=memory.checkpointer, store=memory.store)
        said: Any = {"messages": [HumanMessage("I live in Oslo.")]}
        graph.invoke(said, {"configurable": {"thread_id": "new"}}, context=MemoryContext(owner_id="ada"))

    with open_memory(as_role(url, "tenant_ada")) as ada, open_memory(as_role(url, "tenant_bob")) as bob:
        assert "new" in [thread.thread_id for thread in ada.checkpointer.list_threads(owner_id="ada")]
        assert ada.checkpointer.get_tuple({"configurable": {"thread_id": "new"}}) is not None
        assert bob.checkpointer.get_tuple({"configurable": {"thread_id": "new"}}) is None


def test_a_role_leaves_and_sees_the_marks_of_its_owner_alone(url: str) -> None:
    count = "SELECT count(*) FROM memory_mark"
    with psycopg.connect(as_role(url, "tenant_bob"), autocommit=True) as bob, psycopg.connect(url) as everything:
        (before,) = ask(bob, count).fetchone()
        with open_memory(as_role(url, "tenant_ada")) as ada:
            lines = list(ada.admin.export(owner_id="ada"))
            for memory in ada.store.list_memories(owner_id="ada"):
                ada.store.forget(memory.id, owner_id="ada")
            assert ada.admin.import_(lines).counts["gone"] > 0

        assert ask(bob, count).fetchone() == (before,)
        assert ask(everything, count).fetchone() > (before,)


def test_no_role_changes_or_removes_the_rows_of_another_owner(url: str) -> None:
    with psycopg.connect(url) as everything, psycopg.connect(as_role(url, "tenant_bob"), autocommit=True) as bob:
        for name, of_ada in tables(url).items():
            if name == "memory_state":
                continue
            column = of_ada.partition(" ")[0]
            before = ask(everything, f"SELECT t::text FROM {{}} AS t WHERE {of_ada} ORDER BY 1", name).fetchall()
            everything.rollback()

            assert ask(bob, f"UPDATE {{}} SET {column} = {column} WHERE {of_ada}", name).rowcount == 0
            assert ask(bob, f"DELETE FROM {{}} WHERE {of_ada}", name).rowcount == 0
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                ask(bob, "TRUNCATE {}", name)
            after = ask(everything, f"SELECT t::text FROM {{}} AS t WHERE {of_ada} ORDER BY 1", name).fetchall()
            everything.rollback()
            assert after == before, name


def test_no_role_gives_its_rows_to_another_owner_or_copies_them_there(url: str) -> None:
    with psycopg.connect(as_role(url, "tenant_bob"), autocommit=True) as bob:
        for name, of_ada in tables(url).items():
            if name in ("memory_state", "thread"):
                continue
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
                ask(bob, f"UPDATE {{}} SET {of_ada}", name)
            of_bob = ask(bob, "SELECT * FROM {} LIMIT 1", name)
            names = [column.name for column in of_bob.description]
            values = [
                {"partition": "curated.ada", "thread_id": "thread of ada"}.get(column, value)
                if column == of_ada.partition(" ")[0]
                else Json(value)
                if isinstance(value, dict)
                else value
                for column, value in zip(names, of_bob.fetchone(), strict=True)
            ]
            places = ", ".join(["%s"] * len(values))
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
                bob.execute(SQL(f"INSERT INTO {{}} VALUES ({places})").format(Identifier(name)), values)


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO thread_owner VALUES ('thread of ada', 'bob')",
        "UPDATE thread_owner SET thread_id = 'thread of ada'",
        "UPDATE thread_owner SET owner_id = 'ada'",
        "INSERT INTO thread_owner VALUES ('thread of bob', 'ada')",
        "INSERT INTO thread VALUES ('thread of ada', 'bob', 1, 1) "
        "ON CONFLICT (thread_id) DO UPDATE SET owner_id = 'bob'",
        "UPDATE agent_memory SET owner_id = 'ada'",
        "UPDATE agent_memory SET namespace = 'memories.ada.tea'",
        "UPDATE tenant_role SET partition = 'curated.ada', owner_id = 'ada'",
        "INSERT INTO tenant_role VALUES ('tenant_bob2', 'curated.ada', 'ada')",
        "SELECT * FROM tenant_role",
        "UPDATE tenant_binding SET partition = 'curated.ada'",
        "DELETE FROM tenant_thread",
        "UPDATE store_setting SET value = 'x'",
        "ALTER TABLE agent_memory DISABLE ROW LEVEL SECURITY",
        "DROP POLICY tenant ON agent_memory",
        "SET ROLE tester",
        "SET ROLE tenant_ada",
        "SET SESSION AUTHORIZATION tenant_ada",
        "SET row_security = off; SELECT * FROM agent_memory",
        "CREATE TEMP TABLE mine (thread_id text); "
        "CREATE TRIGGER t AFTER DELETE ON mine FOR EACH ROW EXECUTE FUNCTION thread_delete()",
    ],
)
def test_no_role_makes_itself_another_owners(url: str, sql: str) -> None:
    with psycopg.connect(as_role(url, "tenant_bob"), autocommit=True) as bob, pytest.raises(psycopg.Error):
        bob.execute(sql.encode())

    with psycopg.connect(as_role(url, "tenant_bob")) as bob:
        assert ask(bob, "SELECT DISTINCT thread_id FROM thread_checkpoint").fetchall() == [("thread of bob",)]
        assert ask(bob, "SELECT DISTINCT owner_id, partition FROM agent_memory").fetchall() == [("bob", "curated.bob")]


def test_a_thread_is_given_to_nobody_else(url: str) -> None:
    with psycopg.connect(as_role(url, "tenant_bob")) as bob:
        bob.execute("UPDATE thread SET owner_id = 'ada'")
        bob.execute("INSERT INTO thread VALUES ('new', 'ada', 1, 1)")

    assert rows(url, "SELECT thread_id, owner_id FROM thread ORDER BY thread_id") == [
        ("new", "bob"),
        ("thread of ada", "ada"),
        ("thread of bob", "bob"),
    ]


def test_two_who_begin_the_same_thread_at_once_do_not_both_have_it(url: str) -> None:
    with (
        psycopg.connect(as_role(url, "tenant_ada")) as ada,
        psycopg.connect(as_role(url, "tenant_bob"), autocommit=True) as bob,
    ):
        ada.execute("INSERT INTO thread (thread_id) VALUES ('race')")
        bob.execute("SET lock_timeout = '50ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            bob.execute("INSERT INTO thread (thread_id) VALUES ('race')")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            bob.execute("INSERT INTO thread_owner VALUES ('race', 'bob')")
        ada.commit()
        with pytest.raises(psycopg.errors.UniqueViolation):
            bob.execute("INSERT INTO thread (thread_id) VALUES ('race')")


@pytest.mark.parametrize("mode", ["sync", "async"])
async def test_the_library_works_as_the_bound_role(url: str, mode: str) -> None:
    with open_memory(as_role(url, "tenant_ada"), index=INDEX) as memory:
        memory.store.remember("ada likes water", owner_id="ada", slot="drink")
        found = memory.store.recall("water", owner_id="ada")
        told = talk(memory, "ada", "thread of ada", "I live in Quito.")
        talk(memory, "ada", "new thread", "I like chess.")
        memory.checkpointer.copy_thread("new thread", "copied thread")
        named = sorted(thread.thread_id for thread in memory.checkpointer.list_threads())
        memory.checkpointer.delete_thread("new thread")
        receipt = (
            await memory.admin.aerase_owner("ada", threads=True)
            if mode == "async"
            else memory.admin.erase_owner("ada", threads=True)
        )

    assert found[0].memory.content == "ada likes water"
    assert len(told["messages"]) == 6
    assert named == ["copied thread", "new thread", "thread of ada"]
    assert receipt.counts["threads"] == 2
    for name, mine in tables(url).items():
        with psycopg.connect(url) as everything:
            left = ask(everything, f"SELECT count(*), count(*) FILTER (WHERE {mine}) FROM {{}}", name).fetchone()
        assert (left[0] > 0, left[1]) == (True, 0), name


def test_the_library_says_in_a_sentence_that_the_connection_is_another_owners(url: str) -> None:
    with open_memory(as_role(url, "tenant_ada"), index=INDEX) as memory:
        for attempt in (
            lambda: memory.store.remember("bob likes water", owner_id="bob"),
            lambda: memory.store.recall("tea", owner_id="bob"),
            lambda: talk(memory, "bob", "thread of bob", "I live in Quito."),
            lambda: talk(memory, "ada", "thread of bob", "I live in Quito."),
            lambda: memory.store.put(("users", "ada"), "k", {"x": 1}),
        ):
            with pytest.raises(DatabaseUnavailableError, match="one owner") as caught:
                attempt()
            one_sentence(caught.value)
            assert "little" not in str(caught.value)

        assert memory.store.list_memories(owner_id="bob") == []
        assert memory.checkpointer.get_tuple({"configurable": {"thread_id": "thread of bob"}}) is None
        assert memory.store.search(("curated", "bob")) == []
        assert len(list(memory.admin.export(owner_id="bob"))) == 1  # the line that says what the format is
        assert [found[0] for found in memory.admin.list_owners()] == ["ada"]


def test_a_role_that_does_not_own_the_tables_cannot_claim_to_have_rewritten_them(url: str) -> None:
    with open_memory(as_role(url, "tenant_ada"), scrub="rewrite") as memory:
        assert memory.admin.erase_owner("ada").body["scrubbed"] is False


def test_the_application_still_sees_everything(url: str) -> None:
    with open_memory(url, index=INDEX) as memory:
        assert [found[0] for found in memory.admin.list_owners()] == ["ada", "bob"]
        assert memory.store.recall("tea", owner_id="bob")
        talk(memory, "carl", "thread of carl", "I live in Oslo.")
        assert {thread.owner_id for thread in memory.checkpointer.list_threads()} == {"ada", "bob", "carl"}


def test_a_role_that_is_bound_to_nobody_sees_nothing(url: str) -> None:
    rows(
        url, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO tenant_bob; DELETE FROM tenant_role WHERE role_name <> ''"
    )

    with psycopg.connect(as_role(url, "tenant_bob")) as bob:
        for name in tables(url):
            assert ask(bob, "SELECT count(*) FROM {}", name).fetchone() == (0,), name


def test_every_table_with_rows_of_an_owner_has_its_policy_in_a_schema_of_its_own_too(
    postgres_url: str, url: str
) -> None:
    with open_memory(postgres_url, schema="mine") as memory:
        memory.admin.grant("tenant_ada", owner_id="ada")
        memory.admin.grant("tenant_ada", owner_id="ada")
    with open_memory(as_role(postgres_url, "tenant_ada"), schema="mine") as memory:
        talk(memory, "ada", "t", "I live in Oslo.")

    without = rows(
        postgres_url,
        "SELECT relname FROM pg_class WHERE relnamespace = 'mine'::regnamespace AND relkind IN ('r', 'p') "
        "AND NOT relrowsecurity",
    )
    rows(postgres_url, "DROP OWNED BY tenant_ada")
    assert {name for (name,) in without} == OF_NOBODY - {"thread_deleted", "memory_mark"}


@pytest.mark.parametrize(
    ("change", "blamed"),
    [
        ("ALTER ROLE tenant_ada SUPERUSER", "tenant_ada"),
        ("ALTER ROLE tenant_ada BYPASSRLS", "tenant_ada"),
        ("ALTER ROLE tenant_ada CREATEROLE", "tenant_ada"),
        ("GRANT tester TO tenant_ada", "tester"),
        ("GRANT tenant_bob TO tenant_ada", "tenant_bob"),
        ("GRANT tenant_ada TO tenant_bob", "tenant_bob"),
    ],
)
def test_a_role_that_could_act_as_a_stronger_one_is_not_bound(url: str, change: str, blamed: str) -> None:
    rows(url, change)

    with open_memory(url) as memory, pytest.raises(InvalidInputError) as caught:
        memory.admin.grant("tenant_ada", owner_id="ada")

    assert f"'{blamed}'" in one_sentence(caught.value)


async def test_what_cannot_be_granted_is_an_error_in_one_sentence(url: str, path: str) -> None:
    with open_memory(url) as memory:
        with pytest.raises(InvalidInputError, match="CREATE ROLE") as caught:
            await memory.admin.agrant("tenant_nobody", owner_id="ada")
        one_sentence(caught.value)
        with pytest.raises(InvalidInputError, match="CREATE ROLE"):
            await memory.admin.arevoke("tenant_nobody")
        with pytest.raises(MissingOwnerError):
            memory.admin.grant("tenant_ada", owner_id="")
    with open_memory(as_role(url, "tenant_ada")) as memory, pytest.raises(DatabaseUnavailableError) as refused:
        memory.admin.grant("tenant_ada", owner_id="bob")
    one_sentence(refused.value)
    with open_memory(path) as memory, pytest.raises(InvalidInputError, match="PostgreSQL") as of_a_file:
        memory.admin.grant("tenant_ada", owner_id="ada")
    one_sentence(of_a_file.value)


def test_the_command_line_grants_and_revokes(url: str) -> None:
    run = CliRunner().invoke

    granted = run(app, ["db", "grant", "--db", url, "--owner", "bob", "--role", "tenant_ada"])
    with psycopg.connect(as_role(url, "tenant_ada")) as role:
        seen = ask(role, "SELECT DISTINCT owner_id FROM agent_memory").fetchall()
    revoked = [run(app, ["db", "revoke", "--db", url, "--role", "tenant_ada"]) for _ in range(2)]

    assert (granted.exit_code, granted.output) == (0, "tenant_ada sees what is bob's, and nothing else.\n")
    assert seen == [("bob",)]
    assert {(one.exit_code, one.output) for one in revoked} == {(0, "tenant_ada sees nothing any more.\n")}
    with (
        closing(psycopg.connect(as_role(url, "tenant_ada"))) as role,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        ask(role, "SELECT * FROM agent_memory")
