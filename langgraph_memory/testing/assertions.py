"""Assertions about what an agent learns, forgets and shows, each of which says what it found instead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from langgraph_memory import Memory
from langgraph_memory.testing.conversation import Conversation, Said, holds, listed

_LETTERS_PER_TOKEN = 4


def assert_learns(
    graph: Any, said: Said, *, recalls: str, for_: str, owner_id: str = "user", scope: str = "global"
) -> Memory:
    """Say something, then ask for it in a new thread: the model must be shown it. Return the memory.

    `recalls` is a part of the memory, in any case; `for_` is what a user would ask.
    """
    talk = Conversation(graph, owner_id, scope)
    talk.say(said)
    found = [one for one in talk.memories().values() if holds(one.content, recalls)]
    if not found:
        raise AssertionError(
            f"nothing that holds {recalls!r} was learnt from {said!r}.\nknown:\n"
            f"{listed([one.content for one in talk.memories().values()])}\nverdicts:\n{listed(talk.verdicts())}"
        )
    shown = talk.recalled(for_)
    if not any(holds(content, recalls) for content in shown):
        raise AssertionError(
            f"{found[0].content!r} was learnt, and is not shown for {for_!r}.\nshown:\n{listed(shown)}"
        )
    return found[0]


def assert_never_learns(graph: Any, said: Said, *, owner_id: str = "user", scope: str = "global") -> None:
    """Say something: nothing may be remembered, changed or forgotten by it."""
    talk = Conversation(graph, owner_id, scope)
    before = talk.memories()
    talk.say(said)
    after = talk.memories()
    added = [f"added: {one.content}" for key, one in after.items() if key not in before]
    gone = [f"gone: {one.content}" for key, one in before.items() if key not in after]
    if added or gone:
        raise AssertionError(
            f"{said!r} changed what is known.\n{listed(added + gone)}\nverdicts:\n{listed(talk.verdicts())}"
        )


def assert_forgets(
    graph: Any, said: Said, *, forgets: str, for_: str | None = None, owner_id: str = "user", scope: str = "global"
) -> None:
    """Say something: what was known that holds `forgets` must be gone, and is not shown for the question `for_`.

    Raises AssertionError as well when nothing of it was known before, since that would show nothing.
    """
    talk = Conversation(graph, owner_id, scope)
    before = _contents(talk)
    if not _holding(before, forgets):
        raise AssertionError(f"nothing that holds {forgets!r} was known before.\nknown:\n{listed(before)}")
    talk.say(said)
    left = _holding(_contents(talk), forgets)
    shown = [] if for_ is None else _holding(talk.recalled(for_), forgets)
    if left or shown:
        raise AssertionError(f"after {said!r} this is still known:\n{listed(left or shown)}")


def assert_isolated(
    graph: Any,
    *,
    owners: Sequence[str] = ("ana", "bo"),
    said: str = "I live in {secret}. My sister is called {secret}.",
    asks: Sequence[str] = ("Where do I live?", "What is my sister called?", "What do you know about me?"),
) -> None:
    """Let each owner say something of their own, then ask: nobody may be shown, or remember, what another said.

    `{secret}` in `said` becomes a word that only this owner says; each speaks in a thread of their own, and all of them
    ask in one thread after another.
    """
    secrets = {owner: f"Zq{number}xalia" for number, owner in enumerate(owners)}
    for owner, secret in secrets.items():
        Conversation(graph, owner).say(said.format(secret=secret))
    for owner in owners:
        seen = _seen(Conversation(graph, owner), asks)
        for other in [one for one in owners if one != owner]:
            if leaked := _holding(seen, secrets[other]):
                raise AssertionError(f"{owner!r} was shown what {other!r} said:\n{listed(leaked)}")
        if not _holding(seen, secrets[owner]):
            raise AssertionError(
                f"{owner!r} was shown nothing of their own, so that nothing is proved; pass said= and asks= that "
                f"this graph learns from.\nseen:\n{listed(seen)}"
            )


def _seen(talk: Conversation, asks: Sequence[str]) -> list[str]:
    """Ask, and return everything that the owner was shown, and what is kept of them."""
    seen = _contents(talk)
    for question in asks:
        state = talk.say(question)
        seen += [*talk.recalled(question), talk.shown(state), *(str(one.content) for one in state["messages"])]
    return seen


def _contents(talk: Conversation) -> list[str]:
    return [one.content for one in talk.memories().values()]


def _holding(texts: Iterable[str], word: str) -> list[str]:
    return [text for text in texts if holds(text, word)]


def assert_prompt_within(graph: Any, tokens: int, *, said: Said, owner_id: str = "user", scope: str = "global") -> None:
    """Say something: the block of memories before the model must be no longer than `tokens`, of four letters each."""
    talk = Conversation(graph, owner_id, scope)
    block = talk.shown(talk.say(said))
    used = -(-len(block) // _LETTERS_PER_TOKEN)
    if used > tokens:
        raise AssertionError(f"the block of memories takes {used} tokens, more than {tokens}:\n{block}")
