"""Memories that name the same person, project or number hang together, and a recall follows that."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from databases import Databases
from support import Clock, Driver, one_sentence, opened_store

from langgraph_memory import CuratedStore
from langgraph_memory.domain.links import MOST_LINKED, names_in
from langgraph_memory.errors import InvalidInputError, MissingOwnerError

ADA = "ada"
INCIDENT = "INC-4711 affects project Apollo."
CUSTOMER = "Apollo is built for Northwind."
CONTACT = "Northwind's contact is Kim Oduya."
BESIDE = ("The user plays the cello.", "Project Hermes is built for Globex.", "The user's dog is called Rex.")
ASKED = "Whom do I call about INC-4711?"


@pytest.fixture
def curated(databases: Databases, clock: Clock) -> Iterator[CuratedStore]:
    with opened_store(databases.new(), clock) as store:
        for content in (INCIDENT, CUSTOMER, CONTACT, *BESIDE):
            store.remember(content, owner_id=ADA, slot=content)
            clock.advance(minutes=1)
        yield store


@pytest.fixture
def store(curated: CuratedStore, mode: str) -> Driver:
    return Driver(curated, mode)


async def needed(store: Driver, owner_id: str = ADA, scope: str = "global", asked: str = ASKED) -> dict[str, list[str]]:
    """Return what a request needs, each with the memories by which it hangs on what the request names."""
    recall = await store.recall(asked, owner_id=owner_id, scope=scope, needed=True, limit=8)
    contents = {one.id: one.content for one in await store.list_memories(owner_id=owner_id, limit=1000)}
    return {one.memory.content: [contents[way] for way in one.via] for one in recall}


async def test_a_recall_follows_two_hops_from_what_the_request_names(store: Driver) -> None:
    found = await needed(store)

    assert found[INCIDENT] == []
    assert found[CUSTOMER] == [INCIDENT]
    assert found[CONTACT] == [INCIDENT, CUSTOMER]
    assert not set(found) & set(BESIDE)


async def test_each_hop_is_shown_in_the_explanation(store: Driver) -> None:
    recall = await store.recall(ASKED, owner_id=ADA, needed=True, limit=8)

    told = str(await store.audit.explain(recall, owner_id=ADA))

    assert f"linked by: {INCIDENT} > {CUSTOMER}" in told
    assert all("linked" in one.parts for one in recall if one.via)


async def test_people_hang_together_by_what_they_are_to_the_user(store: Driver, curated: CuratedStore) -> None:
    curated.remember("The user's sister is called Maria.", owner_id=ADA, slot="sister")
    curated.remember("Maria's birthday is on 14 June.", owner_id=ADA, slot="birthday")

    found = await needed(store, asked="Is my sister's birthday before the trip?")

    assert found["Maria's birthday is on 14 June."] == ["The user's sister is called Maria."]


async def test_no_hop_leaves_the_owner_or_the_scope(store: Driver, curated: CuratedStore) -> None:
    curated.remember("Apollo is led by Mallory.", owner_id="bob")
    curated.remember("Apollo is audited by Deloitte.", owner_id=ADA, scope="project:sibling", slot="audit")
    curated.remember("Apollo is hosted at Hetzner.", owner_id=ADA, scope="project:own", slot="host")

    at_home, below, others = await needed(store), await needed(store, scope="project:own"), await needed(store, "bob")

    assert not {"Apollo is led by Mallory.", "Apollo is audited by Deloitte."} & {*at_home, *below}
    assert "Apollo is hosted at Hetzner." not in at_home
    assert below["Apollo is hosted at Hetzner."] == [INCIDENT]
    assert INCIDENT not in others


async def test_a_hop_is_gone_with_what_it_led_over(store: Driver, curated: CuratedStore) -> None:
    recall = await store.recall(ASKED, owner_id=ADA, needed=True, limit=8)
    (customer,) = (one for one in curated.list_memories(owner_id=ADA) if one.content == CUSTOMER)

    await store.supersede(customer.id, "Apollo is built for Initech.", owner_id=ADA)
    superseded = await needed(store)
    await store.forget((await store.recall("Initech", owner_id=ADA, limit=1))[0].memory.id, owner_id=ADA)
    forgotten = await needed(store)

    assert superseded["Apollo is built for Initech."] == [INCIDENT]
    assert CONTACT not in superseded
    assert set(forgotten) == {INCIDENT}
    assert customer.id not in str(curated.audit.receipts(owner_id=ADA))
    assert CUSTOMER not in str(await store.audit.explain(recall, owner_id=ADA))


async def test_links_are_listed_with_what_both_name(store: Driver, curated: CuratedStore) -> None:
    every = await store.hygiene.links(owner_id=ADA)
    by_name = await store.hygiene.links(owner_id=ADA, name="northwind")
    first = await store.hygiene.links(owner_id=ADA, limit=1)

    assert [([one.content for one in link.memories], link.names) for link in every] == [
        ([INCIDENT, CUSTOMER], ("apollo",)),
        ([CUSTOMER, CONTACT], ("northwind",)),
    ]
    assert (by_name, first) == (every[1:], every[:1])
    assert await store.hygiene.links(owner_id=ADA, name="Hermes") == []
    assert await store.hygiene.links(owner_id="bob") == []
    curated.admin.erase_owner(ADA)
    assert await store.hygiene.links(owner_id=ADA) == []


async def test_what_most_memories_name_links_nothing(store: Driver, curated: CuratedStore) -> None:
    for n in range(MOST_LINKED):
        curated.remember(f"Apollo has a service on port {9000 + n}.", owner_id=ADA, slot=f"port.{n}")

    assert all(link.names != ("apollo",) for link in await store.hygiene.links(owner_id=ADA))
    assert CONTACT not in await needed(store)


async def test_what_is_never_recalled_is_no_step_of_a_way(store: Driver, curated: CuratedStore) -> None:
    (customer,) = (one for one in curated.list_memories(owner_id=ADA) if one.content == CUSTOMER)
    curated.hygiene.set_injection(customer.id, "never", owner_id=ADA)

    assert set(await needed(store)) == {INCIDENT}
    assert await store.hygiene.links(owner_id=ADA) == []


async def test_a_way_is_found_among_more_memories_than_are_weighed(store: Driver, curated: CuratedStore) -> None:
    for n in range(300):
        curated.remember(f"The shelf in room {n} holds paper.", owner_id=ADA, slot=f"shelf.{n}", importance=0.9)

    found = await needed(store)

    assert found[CONTACT] == [INCIDENT, CUSTOMER]


async def test_links_of_nobody_or_by_no_text_are_refused(store: Driver) -> None:
    with pytest.raises(MissingOwnerError):
        await store.hygiene.links(owner_id="")
    for bad in ({"name": 3}, {"limit": -1}):
        with pytest.raises(InvalidInputError) as raised:
            await store.hygiene.links(owner_id=ADA, **bad)
        one_sentence(raised.value)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Never deploy on Fridays in March.", set()),
        ("The user flies with LH1834 to Porto.", {"lh1834", "porto"}),
        ("Maria's cat is called Mia.", {"maria", "cat", "mia"}),
        ("Please ask Kim. Always.", {"kim"}),
        ("v2.3 of Apollo fixes PAY-88.", {"v2.3", "apollo", "pay-88"}),
        ("It is 16:00 and 42.", set()),
    ],
)
def test_what_a_text_names(text: str, names: set[str]) -> None:
    assert names_in(text) == names


async def test_a_search_without_an_answer_in_mind_follows_the_same_ways_after_what_matches(store: Driver) -> None:
    recall = await store.recall("What hangs on INC-4711?", owner_id=ADA, limit=8)

    contents = [one.memory.content for one in recall]
    assert contents[:3] == [INCIDENT, CUSTOMER, CONTACT]
    assert not set(contents) & set(BESIDE)
    assert recall[2].via == tuple(one.memory.id for one in recall[:2])
    assert f"linked by: {INCIDENT} > {CUSTOMER}" in str(await store.audit.explain(recall, owner_id=ADA))
