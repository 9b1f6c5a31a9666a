"""Short dialogues in which something changes: what holds now is known, what does no longer is not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support import Driver

from langgraph_memory import (
    Candidate,
    MemoryContext,
    MemoryDatabase,
    OfflineChatModel,
    PromotionNode,
    PromotionWorker,
    build_graph,
    open_memory,
)

ADA = "ada"


@pytest.fixture
def memory(database: str) -> Iterator[MemoryDatabase]:
    with open_memory(database) as opened:
        yield opened


async def talk(memory: MemoryDatabase, mode: str, *turns: str, thread: str = "t", promotion: str = "hot") -> list[str]:
    """Say some turns in one thread and return what is known then."""
    builder = build_graph(OfflineChatModel(), promotion=PromotionNode(mode=promotion, quiet_for=0))  # type: ignore[arg-type]
    graph = Driver(builder.compile(checkpointer=memory.checkpointer, store=memory.store), mode)
    config: Any = {"configurable": {"thread_id": thread}}
    for turn in turns:
        await graph.invoke({"messages": [("user", turn)]}, config, context=MemoryContext(ADA))
    if promotion == "background":
        await Driver(PromotionWorker(memory.store), mode).run_once()
    return sorted(one.content for one in memory.store.list_memories(owner_id=ADA))


@pytest.mark.parametrize("promotion", ["hot", "background"])
@pytest.mark.parametrize(
    ("turns", "holds", "gone"),
    [
        (("I live in Graz.", "we moved to Linz last month"), "Linz", "Graz"),
        (("I have a dog called Bolt.", "Bolt died last night"), "died", "has a dog"),
        (("I'm vegetarian.", "I'm no longer vegetarian"), "no longer", "diet is"),
        (("our ceo is Ada", "Ada stepped down, Bob is ceo now"), "Bob", "ceo is Ada"),
        (
            ("I play trumpet in a jazz quartet.", "the quartet called it a day, no more trumpet"),
            "a day",
            "plays trumpet",
        ),
        (("we use trello for planning.", "we got rid of trello, planning lives in asana"), "asana", "trello for"),
    ],
)
async def test_what_was_said_last_of_one_thing_holds(
    memory: MemoryDatabase, mode: str, promotion: str, turns: tuple[str, ...], holds: str, gone: str
) -> None:
    known = "\n".join(await talk(memory, mode, *turns, promotion=promotion))

    assert holds in known
    assert gone not in known


@pytest.mark.parametrize(
    "turns",
    [
        ("My sister lives in Graz.", "I moved to Linz."),
        ("My dog is called Bolt.", "my neighbour's dog died last night"),
        ("I'm allergic to walnuts.", "I don't eat walnuts any more"),
        ("we use trello for planning.", "we use figma for drafts now"),
        ("my daughter is left handed.", "i'm right handed"),
        ("My older son Emil does judo on Mondays.", "my younger son Otto started swimming on Mondays too"),
        ("I went to Norway in 2019.", "I went to Norway again in 2023."),
    ],
)
async def test_a_change_of_another_thing_leaves_what_is_known(
    memory: MemoryDatabase, mode: str, turns: tuple[str, ...]
) -> None:
    before = await talk(memory, mode, turns[0])

    assert set(before) <= set(await talk(memory, mode, turns[1]))


async def test_a_change_is_found_by_the_words_of_what_it_replaces(memory: MemoryDatabase, mode: str) -> None:
    await talk(memory, mode, "I play trumpet in a jazz quartet.", "the quartet called it a day, no more trumpet")

    found = memory.store.recall("Do I play jazz?", owner_id=ADA)

    assert [one.memory.content for one in found] == ["The user says: “the quartet called it a day, no more trumpet”"]


@pytest.mark.parametrize(
    ("turns", "holds", "gone"),
    [
        (("I commute by ferry.", "since they cut the ferry i've been driving in"), "driving", "by ferry"),
        (("im learning finnish on an app", "gave up on finnish, its estonian now"), "estonian", "learning finnish"),
        (("I'm a member of the sailing club.", "I let my sailing club membership lapse"), "lapse", "a member of the"),
        (
            (
                "my niece Ada plays the flute in a band, any tips?",
                "Ada has given up the flute, she wants drums instead",
            ),
            "drums",
            "plays the flute",
        ),
    ],
)
async def test_a_message_is_read_as_a_whole_beside_what_was_said_just_before(
    memory: MemoryDatabase, mode: str, turns: tuple[str, ...], holds: str, gone: str
) -> None:
    known = "\n".join(await talk(memory, mode, *turns))

    assert holds in known
    assert gone not in known


async def test_what_was_not_heard_is_asked_for_by_its_words_once_it_is_changed(
    memory: MemoryDatabase, mode: str
) -> None:
    await talk(memory, mode, "I commute by ferry.", "since they cut the ferry i've been driving in")

    found = memory.store.recall("How do I commute?", owner_id=ADA)

    assert ["driving" in one.memory.content for one in found] == [True]


async def test_what_tells_of_a_change_alone_counts_only_where_something_is_changed(
    memory: MemoryDatabase, mode: str
) -> None:
    known = await talk(memory, mode, "crashed the panda")

    assert known == []


@pytest.mark.parametrize("promotion", ["hot", "background"])
@pytest.mark.parametrize(
    ("turns", "holds", "gone"),
    [
        (("I live in Graz.", "Sorry, I meant Linz."), "lives in Linz", "Graz"),
        (("I live in Graz.", "Correction: Linz, not Graz."), "lives in Linz", "Graz"),
        (("I have 3 kids.", "oops, 4"), "4 kids", "3 kids"),
        (("my wedding is on June 3", "wait, June 13!"), "June 13", "June 3 "),
        (("My locker is number A14.", "ah sorry, A41. i never get it right"), "A41", "A14"),
        (("My shift is 8 to 16 on weekdays.", "hmm no, 9 to 17"), "9 to 17", "8 to 16"),
        (("I live in Graz.", "earlier i said Graz, i meant Linz"), "lives in Linz", "Graz"),
        (("My locker is number A14.", "oh no, she'd laugh at me, it's A41"), "A41", "A14"),
        (("my nephew Ian plays the bassoon", "oboe! not bassoon"), "oboe", "bassoon"),
        (("we pay for 30 licences", "my mistake, 13"), "13 licences", "30"),
    ],
)
async def test_the_next_message_corrects_a_value_of_the_last(
    memory: MemoryDatabase, mode: str, promotion: str, turns: tuple[str, ...], holds: str, gone: str
) -> None:
    known = "\n".join(await talk(memory, mode, *turns, promotion=promotion))

    assert holds in known
    assert gone not in known


@pytest.mark.parametrize("promotion", ["hot", "background"])
async def test_the_next_message_takes_the_last_one_back(memory: MemoryDatabase, mode: str, promotion: str) -> None:
    assert await talk(memory, mode, "I'm allergic to nuts.", "Scratch that, I'm not.", promotion=promotion) == []


async def test_a_correction_of_nothing_changes_nothing(memory: MemoryDatabase, mode: str) -> None:
    known = await talk(memory, mode, "I live in Graz.", "What is the weather like?", "Sorry, I meant Linz.")

    assert known == ["The user lives in Graz."]


async def test_what_somebody_asks_to_forget_is_forgotten_and_not_confirmed(memory: MemoryDatabase, mode: str) -> None:
    assert await talk(memory, mode, "I live in Graz.", "Please forget that I live in Graz.") == []


async def test_a_slot_that_somebody_asks_to_forget_is_forgotten_whatever_it_holds(
    memory: MemoryDatabase, mode: str
) -> None:
    assert await talk(memory, mode, "My name is Olu.", "I live in Graz.", "forget my address please") == [
        "The user's name is Olu."
    ]


async def test_what_somebody_says_to_ignore_is_forgotten(memory: MemoryDatabase, mode: str) -> None:
    assert await talk(memory, mode, "I live in Graz.", "It's not true that I live in Graz.") == []


@pytest.mark.parametrize("promotion", ["hot", "background"])
@pytest.mark.parametrize(
    ("turns", "holds", "gone"),
    [
        (("im on levothyroxine 50", "doc put me up to levothyroxine 75"), "75", "levothyroxine 50"),
        (
            ("im on levothyroxine 50", "any tips for a trip?", "doc put me up to levothyroxine 75"),
            "75",
            "levothyroxine 50",
        ),
    ],
)
async def test_what_was_not_sure_to_last_counts_where_it_is_taken_up_again(
    memory: MemoryDatabase, mode: str, promotion: str, turns: tuple[str, ...], holds: str, gone: str
) -> None:
    known = "\n".join(await talk(memory, mode, *turns, promotion=promotion))

    assert holds in known
    assert gone not in known


async def test_what_somebody_else_said_before_is_not_taken_up(memory: MemoryDatabase, mode: str) -> None:
    graph = Driver(build_graph(OfflineChatModel()).compile(checkpointer=memory.checkpointer, store=memory.store), mode)
    config: Any = {"configurable": {"thread_id": "t"}}
    await graph.invoke({"messages": [("user", "i've got a fiat panda")]}, config, context=MemoryContext("bob"))

    await graph.invoke({"messages": [("user", "crashed the panda")]}, config, context=MemoryContext(ADA))

    assert memory.store.list_memories(owner_id=ADA) == []


async def test_a_detail_is_not_lost_to_a_vaguer_restatement(memory: MemoryDatabase, mode: str) -> None:
    known = await talk(memory, mode, "I have type 1 diabetes since I was nine.", "I'm diabetic.")

    assert known == ["The user has type 1 diabetes since the user was nine."]


async def test_addresses_of_several_kinds_stand_side_by_side(memory: MemoryDatabase, mode: str) -> None:
    known = await talk(memory, mode, "My work email is a@firm.com.", "My private email is a@home.net.")

    assert known == [
        "The user's private e-mail address is a@home.net.",
        "The user's work e-mail address is a@firm.com.",
    ]


@pytest.mark.parametrize("promotion", ["hot", "background"])
@pytest.mark.parametrize(
    "asked", ["Delete everything you know about me.", "please forget all my data", "Forget everything about me, thanks"]
)
async def test_who_asks_to_be_forgotten_is(memory: MemoryDatabase, mode: str, promotion: str, asked: str) -> None:
    memory.store.remember("The user is on the team plan.", owner_id=ADA, slot="plan")
    memory.store.remember("Somebody else lives here.", owner_id="bob")

    known = await talk(memory, mode, "I live in Oslo.", "I love chess.", asked, promotion=promotion)

    assert known == ["The user is on the team plan."]  # what the application wrote is its own to delete
    assert len(memory.store.list_memories(owner_id="bob")) == 1


@pytest.mark.parametrize(
    "asked",
    ["delete everything in the folder about me", "don't delete everything you know about me", "can I forget my data?"],
)
async def test_what_does_not_ask_to_be_forgotten_forgets_nothing(memory: MemoryDatabase, mode: str, asked: str) -> None:
    assert await talk(memory, mode, "I live in Oslo.", asked) == ["The user lives in Oslo."]


@pytest.mark.parametrize("name", ["home.city", "Home.City", "home_city", "location.city", "City"])
@pytest.mark.parametrize("kind", ["fact", "background"])
async def test_one_slot_has_one_value_whatever_it_is_called(
    memory: MemoryDatabase, mode: str, name: str, kind: str
) -> None:
    def extract(utterances: Any) -> list[Candidate]:
        city = utterances[-1].text.split()[-1]
        told = {"content": f"The user lives in {city}.", "slot": name if city == "Linz" else "home.city"}
        return [
            Candidate(
                **told,
                memory_type=kind if city == "Linz" else "fact",
                content_json={"value": city},
                message_id=utterances[-1].message_id,
                excerpt=utterances[-1].text,
            )
        ]

    builder = build_graph(OfflineChatModel(), promotion=PromotionNode(extractor=extract))
    graph = Driver(builder.compile(checkpointer=memory.checkpointer, store=memory.store), mode)
    for number, text in enumerate(("I live in Graz", "I live in Linz")):
        config: Any = {"configurable": {"thread_id": f"t{number}"}}
        await graph.invoke({"messages": [("user", text)]}, config, context=MemoryContext(ADA))

    assert [one.content for one in memory.store.list_memories(owner_id=ADA)] == ["The user lives in Linz."]


@pytest.mark.parametrize(
    "turns",
    [
        ("My daughter Mia is allergic to eggs.", "My daughter Mia loves horses."),
        ("I have a dog called Bolt.", "I have a dog called Moss."),
        ("My sister is called Ann.", "My sister is called Beth."),
        ("My brother Tom lives in Rome.", "My brother Jim lives in Bonn."),
    ],
)
async def test_several_of_a_kind_and_several_things_of_one_stand_side_by_side(
    memory: MemoryDatabase, mode: str, turns: tuple[str, ...]
) -> None:
    before = await talk(memory, mode, turns[0])

    known = await talk(memory, mode, turns[1])

    assert set(before) < set(known)


async def test_what_is_said_of_one_of_the_users_people_is_about_them(memory: MemoryDatabase, mode: str) -> None:
    await talk(memory, mode, "My best friend Nadia lives in Tunis.", "My sister is left handed.", "I am left handed.")

    subjects = {one.content: one.subject for one in memory.store.list_memories(owner_id=ADA)}

    assert subjects["The user's best friend Nadia lives in Tunis."] == "friend Nadia"
    assert subjects["The user's sister is left handed."] == "sister"
    assert subjects["The user is left handed."] is None


async def test_a_friend_who_moves_lives_where_they_moved(memory: MemoryDatabase, mode: str) -> None:
    known = await talk(memory, mode, "My best friend Nadia lives in Tunis.", "Nadia moved to Sfax.")

    assert known == ["The user says: “Nadia moved to Sfax”"]
