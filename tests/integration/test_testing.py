"""What the package gives to other people's tests: assertions that fail with what they found, and the plugin."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

from langgraph_memory import MemoryDatabase, OfflineChatModel, PromotionNode, RetrievalNode, build_graph, open_memory
from langgraph_memory.errors import InvalidInputError
from langgraph_memory.testing import (
    FakeClock,
    ScriptedChatModel,
    assert_forgets,
    assert_golden,
    assert_isolated,
    assert_learns,
    assert_never_learns,
    assert_prompt_within,
)


@pytest.fixture
def opened(database: str) -> Iterator[MemoryDatabase]:
    with open_memory(database, clock=FakeClock()) as memory:
        yield memory


def compiled(memory: MemoryDatabase, model: Any = None, **nodes: Any) -> Any:
    builder = build_graph(model or OfflineChatModel(), **nodes)
    return builder.compile(checkpointer=memory.checkpointer, store=memory.store)


@pytest.fixture
def graph(opened: MemoryDatabase) -> Any:
    return compiled(opened)


def test_what_is_learnt_and_shown_passes_and_what_is_not_fails_with_what_was_found(graph: Any) -> None:
    memory = assert_learns(graph, ["Hello!", "I moved to Munich."], recalls="munich", for_="Where do I live?")
    assert memory.slot == "home.city"

    with pytest.raises(AssertionError, match="The user lives in Munich") as found:
        assert_learns(graph, "Nice weather.", recalls="Berlin", for_="Where do I live?")
    assert "Berlin" in str(found.value)
    with pytest.raises(AssertionError, match="is not shown for"):
        assert_learns(graph, "I live in Kiel.", recalls="Kiel", for_="Hello!")


def test_a_message_read_in_the_background_is_learnt_too(opened: MemoryDatabase) -> None:
    graph = compiled(opened, promotion=PromotionNode(mode="background"))
    assert_learns(graph, "I live in Kiel.", recalls="Kiel", for_="Where do I live?")


def test_what_must_not_be_learnt_passes_where_nothing_changed_and_names_what_did(graph: Any) -> None:
    assert_never_learns(graph, "What is the capital of France?")
    with pytest.raises(AssertionError, match="added: The user lives in Kiel"):
        assert_never_learns(graph, "I live in Kiel.")


def test_what_must_be_forgotten_has_to_be_known_first(graph: Any) -> None:
    with pytest.raises(AssertionError, match="was known before"):
        assert_forgets(graph, "Forget that I live in Kiel.", forgets="Kiel")
    assert_learns(graph, "I live in Kiel.", recalls="Kiel", for_="Where do I live?")
    with pytest.raises(AssertionError, match="still known"):
        assert_forgets(graph, "Nice weather.", forgets="Kiel")
    assert_forgets(graph, "Forget that I live in Kiel.", forgets="Kiel", for_="Where do I live?")


def test_owners_are_isolated_and_one_who_reads_anothers_memories_is_found_out(opened: MemoryDatabase) -> None:
    assert_isolated(compiled(opened))
    leaking = compiled(opened, retrieval=RetrievalNode(shared_with=("ana",)))
    with pytest.raises(AssertionError, match="'bo' was shown what 'ana' said"):
        assert_isolated(leaking)


def test_a_graph_that_learns_nothing_does_not_pass_as_isolated(opened: MemoryDatabase) -> None:
    graph = compiled(opened, promotion=PromotionNode(extractor=lambda _: []))
    with pytest.raises(AssertionError, match="nothing is proved"):
        assert_isolated(graph, said="Zzz.", asks=["Hello!"])


def test_the_block_of_memories_is_held_within_a_bound(graph: Any) -> None:
    assert_learns(graph, "I live in Kiel.", recalls="Kiel", for_="Where do I live?")
    assert_prompt_within(graph, 200, said="Where do I live?")
    with pytest.raises(AssertionError, match="more than 1"):
        assert_prompt_within(graph, 1, said="Where do I live?")


def test_a_graph_without_this_store_is_named() -> None:
    with pytest.raises(InvalidInputError, match="CuratedStore"):
        assert_never_learns(build_graph(OfflineChatModel()).compile(), "Hello!")


def golden(path: Path, **changed: Any) -> Path:
    body = {
        "version": 1,
        "turns": [{"say": "I live in Berlin."}, {"say": "I moved to Munich.", "thread": "2"}],
        "questions": [{"ask": "Where do I live?", "shows": ["The user lives in Munich."]}],
        "memories": [{"content": "The user lives in Munich.", "slot": "home.city"}],
    }
    path.write_text(json.dumps({**body, **changed}))
    return path


def test_a_golden_conversation_that_came_to_something_else_says_what_and_why(
    opened: MemoryDatabase, tmp_path: Path
) -> None:
    assert_golden(compiled(opened), golden(tmp_path / "home.json"))
    opened.admin.erase_owner("user", threads=True)

    changed = golden(
        tmp_path / "changed.json",
        memories=[{"content": "The user lives in Berlin."}, {"content": "The user has a dog."}],
        questions=[{"ask": "Where do I live?", "shows": ["The user lives in Berlin."]}],
    )
    with pytest.raises(AssertionError) as found:
        assert_golden(compiled(opened), changed)
    assert str(found.value).splitlines()[1:] == [
        "- The user lives in Berlin.  (superseded: superseded, a newer value for home.city)",
        "- The user has a dog.  (never learnt)",
        "+ The user lives in Munich.  (fact: added, a newer value for home.city)",
        "? Where do I live?",
        "    - The user lives in Berlin.",
        "    + The user lives in Munich.",
    ]
    opened.admin.erase_owner("user", threads=True)
    assert_golden(compiled(opened), changed, update=True)
    opened.admin.erase_owner("user", threads=True)
    assert_golden(compiled(opened), changed)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{", "no golden conversation"),
        ("[]", "no golden conversation"),
        ('{"version": 2, "turns": []}', "version 2"),
        ('{"version": 1}', "turns"),
        ('{"version": 1, "turns": [{"said": "x"}]}', "said"),
        ('{"version": 1, "turns": [], "owner": "x"}', "owner"),
    ],
)
def test_a_file_that_is_no_golden_conversation_is_named(graph: Any, tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(InvalidInputError, match=named):
        assert_golden(graph, path, update=True)
    assert path.read_text() == text


def test_a_scripted_model_answers_raises_and_calls_tools() -> None:
    model = ScriptedChatModel.of("Hello.", ValueError("as planned"), {"city": "Kiel"})
    assert model.invoke("Hi").text == "Hello."
    with pytest.raises(ValueError, match="as planned"):
        model.invoke("Hi")
    with pytest.raises(ValueError, match="was given none"):
        model.invoke("Hi")

    def move(city: str) -> None:
        """Move."""

    assert model.bind_tools([move]).invoke("Hi").tool_calls[0]["args"] == {"city": "Kiel"}
    assert [len(prompt) for prompt in model.prompts] == [1] * 4


SUITE = """
from langgraph_memory import build_graph
from langgraph_memory.testing import assert_golden, assert_learns

def test_it_learns(memory_database, memory_clock, scripted_model):
    model = scripted_model.of("Noted.")
    builder = build_graph(model)
    graph = builder.compile(checkpointer=memory_database.checkpointer, store=memory_database.store)
    memory = assert_learns(graph, "I moved to Munich.", recalls="Munich", for_="Where do I live?")
    assert memory.created_at == memory_clock()
    assert model.prompts

def test_golden(memory_database, scripted_model, update_golden):
    builder = build_graph(scripted_model.of("Noted."))
    graph = builder.compile(checkpointer=memory_database.checkpointer, store=memory_database.store)
    assert_golden(graph, "golden.json", update=update_golden)
"""


def test_another_projects_tests_find_the_plugin(tmp_path: Path) -> None:
    (tmp_path / "test_theirs.py").write_text(SUITE)
    golden(tmp_path / "golden.json", memories=[])

    found = entry_points(group="pytest11", name="langgraph_memory")
    named = [] if found else ["-p", "langgraph_memory.pytest_plugin"]  # of a folder that is not installed

    def run(*options: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *named, *options, "test_theirs.py"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)

    first = run()
    assert "1 failed, 1 passed" in first.stdout, first.stdout
    assert run("--update-golden").returncode == 0
    assert "The user lives in Munich." in (tmp_path / "golden.json").read_text()
