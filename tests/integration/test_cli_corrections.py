"""Correcting what is known, seeing who changed it, and taking it back, as a user runs it."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from support import one_sentence
from typer.testing import CliRunner, Result

from langgraph_memory import MemoryContext, OfflineChatModel, Source, build_graph, open_memory
from langgraph_memory.cli import app

RUN = "11111111-1111-4111-8111-111111111111"


def run(*arguments: str, said: str = "") -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, arguments, input=said)


@pytest.fixture
def known(database: str) -> str:
    """A database with one memory of ana's and one of bob's."""
    with open_memory(database) as memory:
        source = Source(thread_id="monday", actor="user")
        memory.store.remember("Ana lives in Berlin", owner_id="ana", slot="city", source=source)
        memory.store.remember("Bob likes tea", owner_id="bob")
    return database


def id_of(path: str, owner: str) -> str:
    with open_memory(path) as memory:
        return memory.store.list_memories(owner_id=owner)[0].id


def contents(path: str, owner: str = "ana") -> list[str]:
    with open_memory(path) as memory:
        return sorted(one.content for one in memory.store.list_memories(owner_id=owner))


def test_supersede_puts_a_new_value_in_the_place_of_the_old_one(known: str) -> None:
    result = run(
        "memories", "supersede", id_of(known, "ana")[:8], "Ana lives in Lisbon", "--owner", "ana", "--db", known
    )

    assert (result.exit_code, result.output) == (0, "holds now: Ana lives in Lisbon\nuntil now: Ana lives in Berlin\n")
    assert contents(known) == ["Ana lives in Lisbon"]
    with open_memory(known) as memory:
        versions = memory.store.history(id_of(known, "ana"), owner_id="ana")
    assert [(one.content, one.slot) for one in versions] == [
        ("Ana lives in Berlin", "city"),
        ("Ana lives in Lisbon", "city"),
    ]


def test_the_same_words_confirm(known: str) -> None:
    result = run("memories", "supersede", id_of(known, "ana"), "Ana lives in Berlin", "--owner", "ana", "--db", known)

    assert (result.exit_code, result.output) == (0, "confirmed: Ana lives in Berlin\n")


def test_what_may_not_be_stored_supersedes_nothing(known: str) -> None:
    secret = "The token is ghp_abcdefghijklmnopqrstuvwxyz0123456789"

    refused = run("memories", "supersede", id_of(known, "ana"), secret, "--owner", "ana", "--db", known)
    unknown = run("memories", "supersede", "nothing", "Ana lives in Rome", "--owner", "ana", "--db", known)
    of_another = run("memories", "supersede", id_of(known, "bob"), "Ana lives in Rome", "--owner", "ana", "--db", known)

    assert [one.exit_code for one in (refused, unknown, of_another)] == [1, 1, 1]
    assert refused.stderr.startswith("error: nothing was changed: secret")
    assert "ghp_" not in refused.output
    assert "has no memory whose id starts with 'nothing'" in unknown.stderr
    assert contents(known) == ["Ana lives in Berlin"]


def test_audit_lists_who_changed_what_and_why(known: str) -> None:
    mine = id_of(known, "ana")
    run("memories", "supersede", mine, "Ana lives in Lisbon", "--owner", "ana", "--db", known)

    shown = run("memories", "audit", "--owner", "ana", "--db", known)
    of_one = run("memories", "audit", mine[:8], "--owner", "ana", "--db", known, "--json")
    everything = run("memories", "audit", "--owner", "ana", "--db", known, "--json")

    assert "changes to ana's memories" in shown.stdout
    for word in ("added", "superseded", "monday", "user"):
        assert word in shown.stdout
    assert "Bob" not in shown.stdout
    assert [(one["memory_id"], one["action"]) for one in json.loads(of_one.stdout)] == [
        (mine, "superseded"),
        (mine, "added"),
    ]
    assert len(json.loads(everything.stdout)) == 3


def test_audit_shows_a_page_and_says_that_there_is_more(known: str) -> None:
    run("memories", "supersede", id_of(known, "ana"), "Ana lives in Lisbon", "--owner", "ana", "--db", known)

    first = run("memories", "audit", "--owner", "ana", "--db", known, "--json", "--limit", "1")

    assert len(json.loads(first.stdout)) == 1
    assert first.stderr == "there are more than 1 change; these are the newest, --limit takes more.\n"


def test_audit_knows_that_a_forgotten_memory_was(known: str) -> None:
    gone = id_of(known, "ana")
    run("memories", "forget", gone, "--owner", "ana", "--db", known, "--yes")

    found = json.loads(run("memories", "audit", gone, "--owner", "ana", "--db", known, "--json").stdout)

    assert [one["action"] for one in found] == ["forgotten", "added"]
    assert "nothing" in run("memories", "audit", "no such memory", "--owner", "ana", "--db", known).stdout


@pytest.fixture
def rewound(database: str) -> tuple[str, list[str]]:
    """A thread that was told of two cities, and the ids of its checkpoints, oldest first."""
    with open_memory(database) as memory:
        graph = build_graph(OfflineChatModel()).compile(checkpointer=memory.checkpointer, store=memory.store)
        ids = []
        for city, run_id in (("Berlin", RUN.replace("1", "2")), ("Paris", RUN)):
            config = {"configurable": {"thread_id": "t"}, "metadata": {"run_id": run_id}}
            graph.invoke({"messages": [("user", f"I live in {city}.")]}, config, context=MemoryContext(owner_id="ana"))
            ids.append(graph.get_state({"configurable": {"thread_id": "t"}}).config["configurable"]["checkpoint_id"])
    return database, ids


def test_a_retraction_is_shown_first_and_made_when_that_is_confirmed(rewound: tuple[str, list[str]]) -> None:
    path, (berlin, _) = rewound
    named = ("memories", "retract", "--owner", "ana", "--thread", "t", "--keep", berlin, "--db", path)

    shown = run(*named, "--dry-run")
    declined = run(*named, said="n\n")
    silent = run(*named)
    assert (shown.exit_code, declined.exit_code, silent.exit_code) == (0, 1, 1)
    assert contents(path) == ["The user lives in Paris."]
    done = run(*named, said="y\n")

    for part in ("what taking it back would do", "removed", "lives in Paris", "holds again", "lives in Berlin"):
        assert part in shown.stdout
    assert shown.stdout.endswith("would be 1 message unread again, 0 checkpoints deleted.\n")
    assert done.exit_code == 0
    assert done.stdout.endswith("taken back.\n")
    assert contents(path) == ["The user lives in Berlin."]


def test_a_retraction_that_finds_nothing_asks_nothing(rewound: tuple[str, list[str]]) -> None:
    path, (_, paris) = rewound

    result = run("memories", "retract", "--owner", "ana", "--thread", "t", "--keep", paris, "--db", path)

    assert result.exit_code == 0
    assert "nothing" in result.stdout
    assert "Take this back" not in result.stdout


def test_a_run_is_taken_back_with_its_checkpoints(rewound: tuple[str, list[str]]) -> None:
    path, (berlin, _) = rewound

    result = run("memories", "retract", "--owner", "ana", "--run", RUN, "--delete-checkpoints", "--yes", "--db", path)

    assert result.exit_code == 0
    assert "taken back" in result.stdout
    assert contents(path) == ["The user lives in Berlin."]
    with open_memory(path) as memory:
        newest = memory.checkpointer.get_tuple({"configurable": {"thread_id": "t"}})
    assert newest is not None
    assert newest.config["configurable"]["checkpoint_id"] == berlin


def test_a_run_is_taken_back_and_its_checkpoints_stay(rewound: tuple[str, list[str]]) -> None:
    path, (_, paris) = rewound

    result = run("memories", "retract", "--owner", "ana", "--run", RUN, "--yes", "--db", path)

    assert result.stdout.endswith("1 message unread again, 0 checkpoints deleted.\n")
    assert contents(path) == ["The user lives in Berlin."]
    with open_memory(path) as memory:
        assert ("", paris) in memory.checkpointer.checkpoint_ids("t")


def test_single_checkpoints_are_taken_back(rewound: tuple[str, list[str]]) -> None:
    path, _ = rewound
    with open_memory(path) as memory:
        (paris,) = memory.store.list_memories(owner_id="ana")

    result = run(
        *("memories", "retract", "--owner", "ana", "--thread", "t", "--yes", "--db", path),
        *("--checkpoint", str(paris.source.checkpoint_id)),
    )

    assert result.exit_code == 0
    assert contents(path) == ["The user lives in Berlin."]


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ((), "name either a --thread or one --run or more."),
        (("--thread", "t", "--run", RUN), "name either a --thread or one --run or more."),
        (("--run", RUN, "--keep", "c"), "--keep and --checkpoint are of a --thread."),
        (("--thread", "t", "--keep", "c", "--checkpoint", "d"), "--keep and --checkpoint exclude each other."),
        (("--thread", "t", "--delete-checkpoints"), "--delete-checkpoints is for the checkpoints of a --run."),
        (("--thread", "u", "--keep", "c"), "thread 'u' has no checkpoint 'c' that could be kept."),
    ],
)
def test_what_names_no_branch_is_an_error_in_one_sentence(
    rewound: tuple[str, list[str]], named: Sequence[str], said: str
) -> None:
    result = run("memories", "retract", "--owner", "ana", "--db", rewound[0], *named)

    assert result.exit_code == 1
    assert one_sentence(ValueError(result.stderr.strip())) == f"error: {said}"
    assert contents(rewound[0]) == ["The user lives in Paris."]


@pytest.mark.parametrize(
    "command",
    [
        ("memories", "supersede", "m", "x"),
        (
            "memories",
            "audit",
        ),
        ("memories", "retract", "--thread", "t"),
    ],
)
def test_nothing_is_created_by_a_correction(tmp_path: object, command: Sequence[str]) -> None:
    missing = f"{tmp_path}/missing.db"

    result = run(*command, "--owner", "ana", "--db", missing)

    assert result.exit_code == 1
    assert "there is no file" in result.stderr
