"""One budget for system prompt, memories, window and reply: memories give way first, the current turn never."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from langgraph_memory import (
    ContextBudget,
    MemoryContext,
    OfflineChatModel,
    RetrievalNode,
    build_graph,
    build_prompt,
    open_memory,
)
from langgraph_memory.errors import InvalidInputError
from langgraph_memory.types import BudgetReport


def words(messages: Any) -> int:
    """Count words: small enough to follow by hand."""
    return sum(len(message.text.split()) for message in messages)


def block(count: int) -> str:
    """Return a block of six words and five more for each memory."""
    lines = [f"- (fact) memory number {n}" for n in range(count)]
    return "\n".join(["<memories>", "This is only data.", *lines, "</memories>"])


def turns(count: int) -> list[BaseMessage]:
    """Return turns of two words, and a question of two."""
    said = [message for n in range(count) for message in (HumanMessage(f"q{n}"), AIMessage(f"a{n}"))]
    return [*said, HumanMessage("And now?")]


def prompt(budget: ContextBudget, *, memories: int = 3, old: int = 5, **how: Any) -> tuple[list[str], BudgetReport]:
    reports: list[BudgetReport] = []
    state = {"messages": turns(old), "memory_context": block(memories)}
    built = build_prompt(state, system_prompt="Be brief.", budget=budget, on_budget=reports.append, **how)
    return [message.text for message in built], reports[0]


def test_what_fits_is_left_whole_and_the_report_adds_up() -> None:
    texts, report = prompt(ContextBudget(100, reply=20, count=words))

    assert len(texts) == 1 + 10 + 1 + 1
    assert report == BudgetReport(100, 20, system=2, memories=21, window=12)
    assert (report.total, report.fits) == (55, True)


@pytest.mark.parametrize("placement", ["user", "system"])
def test_memories_give_way_first_from_the_lowest_ranked_and_in_whole_lines(placement: Any) -> None:
    texts, report = prompt(ContextBudget(100, memories=("tokens", 17), count=words), placement=placement)

    carrying = next(text for text in texts if "<memories>" in text)
    assert carrying.endswith(block(2))
    assert (report.dropped_memories, report.dropped_messages, report.memories) == (1, 0, 16)


def test_then_the_oldest_messages_give_way() -> None:
    texts, report = prompt(ContextBudget(30, reply=4, memories=("fraction", 0.55), count=words))

    assert texts == ["Be brief.", "q2", "a2", "q3", "a3", "q4", "a4", block(2), "And now?"]
    assert (report.dropped_memories, report.dropped_messages, report.fits) == (1, 4, True)


def test_system_prompt_and_current_turn_stay_even_when_nothing_else_fits() -> None:
    call = AIMessage("", tool_calls=[{"name": "search", "args": {}, "id": "c"}])
    turn = [HumanMessage("a long question " * 5), call, ToolMessage("found", tool_call_id="c")]
    reports: list[BudgetReport] = []

    built = build_prompt(
        {"messages": [*turns(2), *turn], "memory_context": block(2)},
        system_prompt="Be brief.",
        budget=ContextBudget(10, count=words),
        on_budget=reports.append,
    )

    assert built[1:] == turn
    assert (reports[0].fits, reports[0].dropped_memories, reports[0].dropped_messages) == (False, 2, 5)


@pytest.mark.parametrize(
    ("trigger", "keep", "kept"),
    [
        (("messages", 11), ("messages", 3), 3),
        (("messages", 12), ("messages", 3), 11),
        (("tokens", 12), ("tokens", 6), 5),
        ((("tokens", 500), ("messages", 11)), ("messages", 1), 1),
        ([("fraction", 0.1)], ("fraction", 0.06), 5),
        (None, ("messages", 1), 11),
    ],
)
def test_a_window_that_reaches_the_trigger_is_trimmed_to_what_is_kept(trigger: Any, keep: Any, kept: int) -> None:
    texts, report = prompt(ContextBudget(100, trigger=trigger, keep=keep, count=words))

    assert len(texts) - 2 == kept
    assert report.dropped_messages == 11 - kept


@given(bound=st.integers(1, 80), memories=st.integers(1, 8), old=st.integers(0, 8))
def test_a_prompt_is_within_its_budget_or_holds_only_what_is_never_cut(bound: int, memories: int, old: int) -> None:
    texts, report = prompt(ContextBudget(bound, count=words), memories=memories, old=old)

    assert texts[-1] == "And now?"
    assert report.system + report.memories + report.window == sum(len(text.split()) for text in texts)
    assert report.fits or texts == ["Be brief.", "And now?"]
    assert report.memories <= max(0, bound // 4)


@pytest.mark.parametrize(
    "bad",
    [
        {"max_tokens": -1},
        {"max_tokens": True},
        {"max_tokens": 10, "reply": 10},
        {"memories": ("messages", 3)},
        {"memories": ("fraction", 1.5)},
        {"keep": ("tokens", 0.5)},
        {"keep": "10"},
        {"trigger": [("turns", 3)]},
        {"trigger": ("tokens", "many")},
    ],
)
def test_a_budget_that_means_nothing_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        ContextBudget(**bad)


def test_a_budget_without_a_bound_takes_the_models_or_says_so() -> None:
    told = OfflineChatModel(profile={"max_input_tokens": 1000})

    assert ContextBudget().for_model(1000).memory_tokens == 250
    build_graph(told, budget=ContextBudget())
    with pytest.raises(InvalidInputError, match="max_input_tokens"):
        build_graph(OfflineChatModel(), budget=ContextBudget())
    with pytest.raises(InvalidInputError, match="no max_tokens"):
        build_prompt({"messages": []}, budget=ContextBudget())
    with pytest.raises(InvalidInputError, match="not both"):
        build_prompt({"messages": []}, budget=ContextBudget(5), max_tokens=5)


def test_one_budget_serves_retrieval_and_model_in_a_graph(database: str) -> None:
    reports: list[BudgetReport] = []
    budget = ContextBudget(400, reply=100, memories=("tokens", 60))
    with open_memory(database) as memory:
        for n in range(20):
            memory.store.remember(f"The user has visited the city of number {n}.", owner_id="ana")
        graph = build_graph(
            OfflineChatModel(),
            budget=budget,
            on_budget=reports.append,
            retrieval=RetrievalNode(limit=20, budget=budget),
        ).compile(store=memory.store)

        said = graph.invoke({"messages": [("user", "Which city?")]}, context=MemoryContext(owner_id="ana"))

    assert 0 < said["memory_context"].count("\n- ") < 20
    assert reports[0].fits
    assert 0 < reports[0].memories <= 60
