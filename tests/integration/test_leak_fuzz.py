"""Whatever happens to threads and memories, nobody learns another's words and nothing that is gone comes back."""

from __future__ import annotations

import random
import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from langchain_core.messages import HumanMessage

from langgraph_memory import (
    Memory,
    MemoryContext,
    MemoryDatabase,
    OfflineChatModel,
    PromotionNode,
    PromotionWorker,
    build_graph,
    open_memory,
)
from langgraph_memory.errors import LangGraphMemoryError

OWNERS = ("ana", "bob", "eve")
TOKEN = re.compile(r"Zq[a-z]+\d+")


@dataclass(slots=True)
class World:
    """A few people in a few threads, and what each of them may still be known by."""

    memory: MemoryDatabase
    chance: random.Random
    said: dict[str, set[str]] = field(default_factory=lambda: {one: set() for one in OWNERS})
    gone: dict[str, set[str]] = field(default_factory=lambda: {one: set() for one in OWNERS})
    threads: list[str] = field(default_factory=lambda: ["room"])
    exports: list[list[str]] = field(default_factory=list)
    number: int = 0

    def graph(self, **options: Any) -> Any:
        builder = build_graph(OfflineChatModel(), promotion=PromotionNode(**options))
        return builder.compile(checkpointer=self.memory.checkpointer, store=self.memory.store)

    def say(self) -> None:
        owner, thread = self.chance.choice(OWNERS), self.chance.choice(self.threads)
        self.number += 1
        token = f"Zq{owner}{self.number}"
        anew = sorted(self.gone[owner])
        if anew and self.chance.random() < 0.2:
            token = self.chance.choice(anew)
        text = self.chance.choice(["I live in {}.", "My dog is called {}.", "I work at {}.", "Hello!"]).format(token)
        background: dict[str, Any] = {"mode": "background", "quiet_for": 0} if self.chance.random() < 0.3 else {}
        if token in text:
            self.said[owner].add(token)
            self.gone[owner].discard(token)
        self.run(owner, thread, [HumanMessage(text)], **background)

    def run(self, owner: str, thread: str, messages: list[Any], **options: Any) -> None:
        config: Any = {"configurable": {"thread_id": thread}}
        self.graph(**options).invoke({"messages": messages}, config, context=MemoryContext(owner_id=owner))

    def work(self) -> None:
        PromotionWorker(self.memory.store).run_once()

    def forget(self) -> None:
        owner = self.chance.choice(OWNERS)
        known = [one for one in self.memory.store.list_memories(owner_id=owner) if one.memory_type != "summary"]
        if known:
            one = self.chance.choice(known)
            chain = self.memory.store.history(one.id, owner_id=owner)
            self.memory.store.forget(one.id, owner_id=owner)
            self.lose(owner, chain, known)

    def lose(self, owner: str, versions: list[Memory], known: list[Memory]) -> None:
        """Note what nobody says any more: not what another memory of what was known says as well."""
        ids = {one.id for one in versions}
        kept = {token for one in known if one.id not in ids for token in TOKEN.findall(one.content)}
        self.gone[owner] |= {token for one in versions for token in TOKEN.findall(one.content)} - kept

    def supersede(self) -> None:
        owner = self.chance.choice(OWNERS)
        known = [one for one in self.memory.store.list_memories(owner_id=owner) if one.memory_type != "summary"]
        if known:
            one = self.chance.choice(known)
            self.memory.store.supersede(one.id, "Something else holds.", owner_id=owner, content_json={"value": "else"})
            self.lose(owner, [one], known)

    def erase(self) -> None:
        owner = self.chance.choice(OWNERS)
        self.memory.admin.erase_owner(owner)
        self.gone[owner] |= self.said[owner]

    def copy(self) -> None:
        self.number += 1
        source, target = self.chance.choice(self.threads), f"copy{self.number}"
        self.memory.checkpointer.copy_thread(source, target)
        self.threads.append(target)

    def resend(self) -> None:
        """Send the messages of a thread again, as a client does that keeps them itself."""
        self.number += 1
        held = self.memory.checkpointer.get_tuple({"configurable": {"thread_id": self.chance.choice(self.threads)}})
        if held is not None:
            owner, thread = self.chance.choice(OWNERS), f"new{self.number}"
            mine = [
                one
                for one in held.checkpoint["channel_values"].get("messages", [])
                if not (tokens := TOKEN.findall(one.text)) or tokens[0].startswith(f"Zq{owner}")
            ]
            self.run(owner, thread, [*mine, HumanMessage("Hello!")])
            self.threads.append(thread)

    def end(self) -> None:
        with suppress(LangGraphMemoryError):  # it is of others, or not there yet
            self.memory.end_session(self.chance.choice(self.threads), owner_id=self.chance.choice(OWNERS))

    def export(self) -> None:
        self.exports.append(list(self.memory.admin.export()))

    def import_(self) -> None:
        if self.exports:
            self.memory.admin.import_(self.chance.choice(self.exports))

    def check(self) -> None:
        for owner in OWNERS:
            known = self.memory.store.list_memories(owner_id=owner)
            held = {token for one in known for token in TOKEN.findall(one.model_dump_json())}
            assert held <= self.said[owner], (owner, held - self.said[owner])
            told = {token for one in known for token in TOKEN.findall(one.content)}
            assert not told & self.gone[owner], (owner, told & self.gone[owner])


STEPS = ("say",) * 8 + (
    *("work", "forget", "supersede", "copy", "resend", "end", "end", "export", "import_"),
    *("erase",) * 1,
)


def play(database: str, seed: int, steps: int) -> int:
    chance = random.Random(seed)
    with open_memory(database) as memory:
        world = World(memory, chance)
        for number in range(steps):
            name = chance.choice(STEPS)
            getattr(world, name)()
            try:
                world.check()
            except AssertionError as error:
                raise AssertionError(f"seed {seed}, step {number}, {name}: {error}") from None
        return sum(map(len, world.said.values()))


@pytest.mark.parametrize("seed", range(4))
def test_nobody_learns_anothers_words_and_nothing_that_is_gone_comes_back(database: str, seed: int) -> None:
    assert play(database, seed, 40) > 0
