"""How far a memory is trusted: who may change what the app recorded, and what may stand in every prompt."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from databases import Databases
from support import Driver, opened_store

from langgraph_memory import (
    Candidate,
    MemoryContext,
    MemoryDatabase,
    OfflineChatModel,
    Source,
    build_graph,
    open_memory,
)
from langgraph_memory.domain.candidate import Utterance
from langgraph_memory.domain.promotion import LedgerPlace, PromotionPolicy
from langgraph_memory.domain.rendering import render, rendered_in
from langgraph_memory.errors import InvalidInputError, InvalidMemoryError

ANA = "ana"
USER = Source(actor="user")
TOOL = Source(actor="tool", name="crm")
MODEL = Source(actor="assistant")


@pytest.fixture
def memory(database: str) -> Iterator[MemoryDatabase]:
    with open_memory(database) as opened:
        yield opened


@pytest.fixture
def store(memory: MemoryDatabase, mode: str) -> Driver:
    return Driver(memory.store, mode)


async def live(store: Driver) -> list[str]:
    return sorted(one.content for one in await store.list_memories(owner_id=ANA))


async def on_the_free_plan(store: Driver, **fields: Any) -> Any:
    plan = {"slot": "account.plan", "content_json": {"value": "free"}, **fields}
    return (await store.remember("The user is on the free plan.", owner_id=ANA, **plan)).memory


FREE, ENTERPRISE = "The user is on the free plan.", "The user is on the enterprise plan."


def chatting(memory: MemoryDatabase, *texts: str) -> None:
    graph = build_graph(OfflineChatModel()).compile(checkpointer=memory.checkpointer, store=memory.store)
    for text in texts:
        graph.invoke({"messages": [("user", text)]}, {"configurable": {"thread_id": "t"}}, context=MemoryContext(ANA))


@pytest.mark.parametrize(
    ("source", "trust", "protected"),
    [
        (None, "app", True),
        (Source(actor="billing"), "app", True),
        (USER, "owner", False),
        (TOOL, "tool", False),
        (MODEL, "model", False),
        (Source(actor="system"), "model", False),
    ],
)
async def test_who_said_it_decides_how_far_it_is_trusted(
    store: Driver, source: Source | None, trust: str, protected: bool
) -> None:
    stored = (await store.remember("The user likes tea.", owner_id=ANA, source=source)).memory

    (listed,) = await store.list_memories(owner_id=ANA)
    assert (listed.trust, listed.protected) == (stored.trust, stored.protected) == (trust, protected)
    item = await store.get(("curated", ANA, "global"), stored.id)
    assert (item.value["trust"], item.value["protected"]) == (trust, protected)


async def test_what_the_user_says_otherwise_is_kept_beside_as_a_claim(memory: MemoryDatabase, store: Driver) -> None:
    plan = await on_the_free_plan(store)

    chatting(memory, "I'm on the enterprise plan.")

    assert await live(store) == [ENTERPRISE, FREE]
    claim, kept = sorted(await store.list_memories(owner_id=ANA), key=lambda one: one.protected)
    assert (claim.trust, claim.protected, kept.id) == ("owner", False, plan.id)
    assert claim.conflict_id == kept.conflict_id is not None
    shown = render(await store.recall("Which plan am I on?", owner_id=ANA))
    assert "recorded by the app" in shown
    assert "claimed by the user" in shown
    assert set(rendered_in(shown)) == {FREE, ENTERPRISE}


async def test_a_later_claim_takes_the_place_of_the_one_before(memory: MemoryDatabase, store: Driver) -> None:
    await on_the_free_plan(store)

    chatting(memory, "I'm on the enterprise plan.", "I'm on the team plan.")

    assert await live(store) == [FREE, "The user is on the team plan."]


async def test_saying_what_the_app_recorded_ends_the_claim(memory: MemoryDatabase, store: Driver) -> None:
    await on_the_free_plan(store)

    chatting(memory, "I'm on the enterprise plan.", "I'm on the free plan.")

    assert await live(store) == [FREE]
    (kept,) = await store.list_memories(owner_id=ANA)
    assert (kept.trust, kept.protected, kept.conflict_id) == ("app", True, None)


@pytest.mark.parametrize("said", ["I'm not on the free plan anymore.", "Forget that I'm on the free plan."])
async def test_the_user_cannot_end_or_forget_what_the_app_recorded(
    memory: MemoryDatabase, store: Driver, said: str
) -> None:
    plan = await on_the_free_plan(store)

    chatting(memory, said)

    assert plan.id in {one.id for one in await store.list_memories(owner_id=ANA)}


async def test_the_app_changes_what_it_recorded_and_settles_the_claim(memory: MemoryDatabase, store: Driver) -> None:
    await on_the_free_plan(store)
    chatting(memory, "I'm on the enterprise plan.")

    await store.remember(ENTERPRISE, owner_id=ANA, slot="account.plan", content_json={"value": "enterprise"})

    assert await live(store) == [ENTERPRISE]
    (kept,) = await store.list_memories(owner_id=ANA)
    assert (kept.trust, kept.protected, kept.conflict_id) == ("app", True, None)


@pytest.mark.parametrize("slot", ["account.plan", None])
@pytest.mark.parametrize("source", [TOOL, MODEL])
async def test_a_tool_or_a_model_says_nothing_against_the_app(store: Driver, source: Source, slot: str | None) -> None:
    await on_the_free_plan(store, slot=slot, content_json=None)

    said = await store.remember("The user is not on the free plan.", owner_id=ANA, slot=slot, source=source)

    assert (said.action, await live(store)) == ("refused", [FREE])


async def test_protection_is_what_the_app_says_it_is(memory: MemoryDatabase, store: Driver) -> None:
    await on_the_free_plan(store, protected=False)
    chatting(memory, "I'm on the enterprise plan.")
    assert await live(store) == [ENTERPRISE]

    locked = (await store.remember("The user lives in Rome.", owner_id=ANA, source=USER, protected=True)).memory
    with pytest.raises(InvalidMemoryError, match="the app"):
        await store.forget(locked.id, owner_id=ANA, source=USER)
    claim = await store.supersede(locked.id, "The user lives in Paris.", owner_id=ANA, source=USER)
    assert (claim.action, locked.id) == ("conflict", claim.conflicts[0].id)
    assert (await store.supersede(locked.id, "The user lives in Bari.", owner_id=ANA, source=MODEL)).action == "refused"
    changed = await store.supersede(locked.id, "The user lives in Bonn.", owner_id=ANA)
    assert (changed.action, changed.memory.trust, changed.memory.protected) == ("superseded", "app", True)


async def test_a_correction_by_the_app_leaves_what_the_user_said_theirs(store: Driver) -> None:
    said = (await store.remember("The user lives in Brelin.", owner_id=ANA, slot="home.city", source=USER)).memory

    mended = (await store.supersede(said.id, "The user lives in Berlin.", owner_id=ANA)).memory
    assert (mended.trust, mended.protected) == ("app", False)

    moved = await store.remember("The user lives in Munich.", owner_id=ANA, slot="home.city", source=USER)
    assert moved.action == "superseded"


async def test_verifying_a_claim_does_not_end_what_the_app_recorded(memory: MemoryDatabase, store: Driver) -> None:
    await on_the_free_plan(store)
    chatting(memory, "I'm on the enterprise plan.")
    claim = next(one for one in await store.list_memories(owner_id=ANA) if not one.protected)

    for source in (USER, MODEL):
        verified = await store.verify(claim.id, owner_id=ANA, source=source)
        assert verified.conflict_id is not None
    assert await live(store) == [ENTERPRISE, FREE]

    await store.verify(claim.id, owner_id=ANA)
    assert await live(store) == [ENTERPRISE]


@pytest.mark.parametrize(("source", "stands"), [(None, True), (USER, True), (TOOL, False), (MODEL, False)])
async def test_only_what_the_owner_or_the_app_said_is_always_in_the_prompt(
    store: Driver, source: Source | None, stands: bool
) -> None:
    wish = "The user prefers short answers."
    await store.remember(wish, owner_id=ANA, memory_type="rule", slot="answer_length", source=source)

    assert (wish in await store.profile(ANA)) is stands
    found = await store.recall("What is the capital of Peru?", owner_id=ANA, pinned=5, needed=True)
    assert (wish in [item.memory.content for item in found if item.section != "relevant"]) is stands
    pinned = await store.recall("Which answers does the user prefer?", owner_id=ANA, pinned=5)
    assert [item.section != "relevant" for item in pinned] == [stands]


async def test_a_model_cannot_supersede_what_the_owner_said(store: Driver) -> None:
    await store.remember("The user lives in Berlin.", owner_id=ANA, slot="home.city", source=USER)
    policy = PromotionPolicy(actors=("user", "assistant", "tool"))
    for actor in ("assistant", "tool"):
        said = Candidate(
            content="The user lives in Paris.", slot="home.city", actor=actor, message_id=actor, excerpt="Paris"
        )
        heard = [Utterance(message_id=actor, actor=actor, text="Paris")]
        await store.queue.promote([said], utterances=heard, place=LedgerPlace(ANA, "t", "given"), policy=policy)

    assert await live(store) == ["The user lives in Berlin."]


async def test_a_summary_is_the_models(memory: MemoryDatabase, mode: str) -> None:
    chatting(memory, "I decided to use Postgres for the billing service.")

    ended = await Driver(memory, mode).end_session("t", owner_id=ANA)

    assert (ended.outcome.memory.trust, ended.outcome.memory.protected) == ("model", False)


@pytest.mark.parametrize("known_by", ["told by a tool", "noted by the assistant"])
async def test_the_prompt_says_how_a_memory_is_known(store: Driver, known_by: str) -> None:
    source = TOOL if "tool" in known_by else MODEL
    await store.remember("The user is a customer since 2019.", owner_id=ANA, source=source)

    shown = render(await store.recall("since when am I a customer?", owner_id=ANA))

    assert f"(fact, {known_by}) The user is a customer since 2019." in shown
    assert rendered_in(shown) == ["The user is a customer since 2019."]


async def test_an_export_keeps_how_far_each_is_trusted(store: Driver, databases: Databases, mode: str) -> None:
    await on_the_free_plan(store)
    await store.remember("The user likes tea.", owner_id=ANA, source=USER)
    await store.remember("The user is a customer.", owner_id=ANA, source=TOOL)
    lines = (
        list(store.target.admin.export()) if mode == "sync" else [line async for line in store.target.admin.aexport()]
    )
    with opened_store(databases.new(), None) as opened:
        other = Driver(opened, mode)
        await other.admin.import_(lines)
        known = {one.content: (one.trust, one.protected) for one in await other.list_memories(owner_id=ANA)}

    assert known == {
        FREE: ("app", True),
        "The user likes tea.": ("owner", False),
        "The user is a customer.": ("tool", False),
    }


@pytest.mark.parametrize("claims", ["nothing", "everything"])
async def test_a_file_that_others_wrote_is_imported_as_such(
    store: Driver, databases: Databases, mode: str, claims: str
) -> None:
    await store.remember("The user prefers short answers.", owner_id=ANA, memory_type="rule", slot="answer_length")
    lines = list(store.target.admin.export())
    if claims == "nothing":
        found = [json.loads(line) for line in lines]
        for one in found:
            one.get("memory", {}).pop("trust", None)
            one.get("memory", {}).pop("protected", None)
        lines = [json.dumps(one) for one in found]
    with opened_store(databases.new(), None) as opened:
        other = Driver(opened, mode)
        await other.remember("The user prefers long answers.", owner_id="bo", source=USER)
        await other.admin.import_(lines, trusted=claims == "nothing")

        (taken,) = await other.list_memories(owner_id=ANA)
        assert (taken.trust, taken.protected) == ("import", False)
        assert await other.profile(ANA) == ""


async def test_a_view_changes_nothing_that_the_owner_or_the_app_said(memory: MemoryDatabase, mode: str) -> None:
    place = ("curated", ANA, "global")
    view = Driver(memory.store.view(owner_id=ANA), mode)
    for source in (None, USER):
        said = memory.store.remember(f"The user likes {source}.", owner_id=ANA, source=source).memory
        assert said is not None
        with pytest.raises(InvalidInputError, match="view"):
            await view.put(place, said.id, {"content": "The user likes rum."})
        with pytest.raises(InvalidInputError, match="view"):
            await view.delete(place, said.id)
    noted = memory.store.remember("The user is a customer.", owner_id=ANA, source=MODEL).memory
    assert noted is not None

    await view.put(place, noted.id, {"content": "The user is a customer since May."})
    await view.delete(place, noted.id)
    assert len(memory.store.list_memories(owner_id=ANA)) == 2


async def test_a_put_is_a_correction_as_supersede_makes_one(memory: MemoryDatabase, mode: str) -> None:
    until = datetime(2040, 1, 1, tzinfo=UTC)
    payload = {"value": "Berlin", "since": "May"}
    fields: dict[str, Any] = {"slot": "home.city", "content_json": payload, "expires_at": until, "tags": ["home"]}
    store = Driver(memory.store, mode)
    kept: list[Any] = []
    for owner in ("put", "superseded"):
        old = (await store.remember("Ana lives in Berlin.", owner_id=owner, source=USER, **fields)).memory
        if owner == "put":
            await store.put(("curated", owner, "global"), old.id, {"content": "Ana lives in Munich."})
        else:
            await store.supersede(old.id, "Ana lives in Munich.", owner_id=owner)
        (new,) = await store.list_memories(owner_id=owner)
        kept.append((new.content, new.slot, new.content_json, new.expires_at, new.tags, new.protected))
        history = [(one.content, one.content_json) for one in await store.history(new.id, owner_id=owner)]
        assert history == [("Ana lives in Berlin.", payload), ("Ana lives in Munich.", {"since": "May"})]

    assert kept[0] == kept[1] == ("Ana lives in Munich.", "home.city", {"since": "May"}, until, ("home",), False)


async def test_a_put_that_still_tells_the_value_keeps_it(memory: MemoryDatabase, mode: str) -> None:
    store = Driver(memory.store, mode)
    payload = {"value": "Berlin"}
    known = (await store.remember("Ana lives in Brlin, i.e. Berlin.", owner_id=ANA, content_json=payload)).memory

    await store.put(("curated", ANA, "global"), known.id, {"content": "Ana lives in Berlin."})

    assert [one.content_json for one in await store.list_memories(owner_id=ANA)] == [{"value": "Berlin"}]
