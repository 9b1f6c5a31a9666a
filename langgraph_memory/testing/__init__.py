"""Tests of what an agent remembers, for your own suite: a pytest plugin, and assertions that read as sentences.

The plugin, which pytest finds by itself, has the fixtures `memory_database` (a throwaway database with a clock of its
own), `memory_clock` and `scripted_model`. The assertions take a compiled graph:

    def test_it_learns_where_somebody_lives(memory_database):
        graph = build_graph(model).compile(
            checkpointer=memory_database.checkpointer, store=memory_database.store
        )
        assert_learns(graph, "I moved to Munich.", recalls="Munich", for_="Where do I live?")
"""

from langgraph_memory.testing.assertions import (
    assert_forgets,
    assert_golden,
    assert_isolated,
    assert_learns,
    assert_never_learns,
    assert_prompt_within,
    replay,
)
from langgraph_memory.testing.conversation import FakeClock, ScriptedChatModel

__all__ = [
    "FakeClock",
    "ScriptedChatModel",
    "assert_forgets",
    "assert_golden",
    "assert_isolated",
    "assert_learns",
    "assert_never_learns",
    "assert_prompt_within",
    "replay",
]
