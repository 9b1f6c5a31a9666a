"""What a new memory does to what is known: confirm, supersede, contradict, retire; for sync and async callers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from databases import Databases
from support import START, BagOfWords, Clock, Driver, opened_store

from langgraph_memory import CuratedStore, Source
from langgraph_memory.domain.candidate import Candidate, Utterance
from langgraph_memory.domain.memory import make_memory
from langgraph_memory.domain.promotion import Bucket, LedgerPlace, PromotionPolicy
from langgraph_memory.domain.rendering import render, rendered_in
from langgraph_memory.errors import InvalidMemoryError, MissingOwnerError
from langgraph_memory.extract import RuleExtractor

ADA = "ada"
USER = Source(actor="user", thread_id="t1")
EVERYBODY = PromotionPolicy(actors=("user", "assistant", "tool"))


@pytest.fixture
def opened(database: str, clock: Clock) -> Iterator[CuratedStore]:
    with opened_store(database, clock) as store:
        yield store


@pytest.fixture
def store(opened: CuratedStore, mode: str) -> Driver:
    return Driver(opened, mode)


async def live(store: Driver) -> list[str]:
    return sorted(memory.content for memory in await store.list_memories(owner_id=ADA))


def tool(name: str, thread_id: str = "t1") -> Source:
    return Source(actor="tool", name=name, thread_id=thread_id)


async def said(store: Driver, *texts: str, thread_id: str = "t1", number: int = 0) -> Any:
    """Promote what a user says in the messages of one turn, read by the rules."""
    utterances = [Utterance(message_id=f"m{number + i}", actor="user", text=text) for i, text in enumerate(texts)]
    found = RuleExtractor().extract(utterances)
    place = LedgerPlace(ADA, thread_id, "rules")
    return await store.queue.promote(found, utterances=utterances, place=place, source=Source(thread_id=thread_id))


async def proposed(store: Driver, *candidates: Candidate, thread_id: str = "t1", names: Any = None) -> Any:
    """Promote candidates as they are, each from the message that it names."""
    utterances = [
        Utterance(
            message_id=one.message_id,
            actor=one.actor,
            text=one.excerpt or one.content,
            name=(names or {}).get(one.message_id),
        )
        for one in {one.message_id: one for one in candidates}.values()
    ]
    place = LedgerPlace(ADA, thread_id, "given")
    return await store.queue.promote(
        candidates, utterances=utterances, place=place, source=Source(thread_id=thread_id), policy=EVERYBODY
    )


# --- the same in other words ------------------------------------------------------------------------------------------


async def test_the_same_in_other_words_confirms_what_is_known(store: Driver) -> None:
    first = await store.remember("The docs are in the repo.", owner_id=ADA, confidence=0.6)

    again = await store.remember("The documentation is in the repository", owner_id=ADA, confidence=0.5)

    assert (again.action, again.memory.id) == ("reinforced", first.memory.id)
    assert again.memory.confidence == pytest.approx(0.8)
    assert first.memory.id in again.reason
    assert await live(store) == ["The docs are in the repo."]


@pytest.mark.parametrize(
    ("known", "new"),
    [
        ("Anna likes tea.", "Ben likes tea."),
        ("The user uses Python.", "The user uses Rust."),
        ("Ticket 123 is open.", "Ticket 124 is open."),
        ("The user likes tea.", "The user likes green tea."),
    ],
)
async def test_what_is_about_another_thing_is_added_without_a_mark(store: Driver, known: str, new: str) -> None:
    await store.remember(known, owner_id=ADA)

    outcome = await store.remember(new, owner_id=ADA)

    assert (outcome.action, outcome.memory.conflict_id) == ("added", None)
    assert await live(store) == sorted([known, new])


async def test_the_same_words_about_another_subject_are_another_memory(store: Driver) -> None:
    await store.remember("Likes tea", owner_id=ADA, subject="Anna")

    outcome = await store.remember("Likes tea", owner_id=ADA, subject="Ben")

    assert outcome.action == "added"


async def test_another_owner_scope_or_type_is_no_repeat(store: Driver) -> None:
    await store.remember("The docs are in the repo.", owner_id=ADA)
    words = "The documentation is in the repository"

    others = [
        await store.remember(words, owner_id="ben"),
        await store.remember(words, owner_id=ADA, scope="project:x"),
        await store.remember(words, owner_id=ADA, memory_type="rule"),
    ]

    assert [one.action for one in others] == ["added"] * 3


async def test_events_are_added_whatever_is_known(store: Driver) -> None:
    await store.remember("The docs were moved to the repo.", owner_id=ADA, memory_type="event")

    again = await store.remember("The documentation was moved to the repository", owner_id=ADA, memory_type="event")

    assert again.action == "added"


async def test_another_payload_or_moment_is_another_memory(store: Driver) -> None:
    await store.remember("How to deploy", owner_id=ADA, memory_type="skill", content_json={"steps": ["build"]})
    await store.remember("The docs are in the repo.", owner_id=ADA, valid_from=START)

    skill = await store.remember(
        "How to do a deployment", owner_id=ADA, memory_type="skill", content_json={"steps": []}
    )
    later = await store.remember("Documentation is in the repo", owner_id=ADA, valid_from=START.replace(year=2025))

    assert [skill.action, later.action] == ["added", "added"]


async def test_a_finished_record_is_stored_as_it_is(store: Driver) -> None:
    await store.remember("The docs are in the repo.", owner_id=ADA)
    record = make_memory(
        id="own", owner_id=ADA, content="Documentation is in the repo", created_at=START, updated_at=START
    )

    outcome = await store.remember(record, owner_id=ADA)

    assert (outcome.action, outcome.memory.id) == ("added", "own")


async def test_a_repeat_is_found_among_many_memories_with_the_same_words(store: Driver) -> None:
    first = await store.remember("The user keeps a parrot in the kitchen", owner_id=ADA)
    for number in range(60):
        await store.remember(f"The user keeps box{number} in the kitchen", owner_id=ADA)

    again = await store.remember("In the kitchen, the user really keeps a parrot", owner_id=ADA)

    assert (again.action, again.memory.id) == ("reinforced", first.memory.id)


async def test_a_long_text_is_compared_by_its_very_words_alone(store: Driver) -> None:
    text = " ".join(f"word{number}" for number in range(80))
    await store.remember(text, owner_id=ADA)

    other = await store.remember(f"{text} really", owner_id=ADA)
    same = await store.remember(text.upper(), owner_id=ADA)

    assert [other.action, same.action] == ["added", "reinforced"]


async def test_what_means_the_same_is_found_by_its_vector(database: str, mode: str) -> None:
    index = {"dims": 3, "embed": _Meaning()}
    with opened_store(database, index=index) as opened:
        store = Driver(opened, mode)
        first = await store.remember("The user enjoys mountain hiking.", owner_id=ADA)

        again = await store.remember("Treks through highlands are what the user goes for.", owner_id=ADA)
        other = await store.remember("Treks through highlands are not what the user goes for.", owner_id=ADA)

        assert (again.action, again.memory.id) == ("reinforced", first.memory.id)
        assert other.action == "added"


class _Meaning(BagOfWords):
    """Embeds everything about hiking as the same vector, negated or not."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [[1.0, 0.0, 0.0] for _ in texts]

    def embed_query(self, text: str) -> list[float]:
        return [1.0, 0.0, 0.0]


# --- sources of different standing ------------------------------------------------------------------------------------


async def test_a_new_value_of_the_same_source_supersedes(store: Driver) -> None:
    await store.remember("Deploys go to Slack", owner_id=ADA, slot="deploy.channel", source=tool("wiki"))

    new = await store.remember("Deploys go to Teams", owner_id=ADA, slot="deploy.channel", source=tool("wiki", "t2"))

    assert (new.action, [one.content for one in new.replaced]) == ("superseded", ["Deploys go to Slack"])


@pytest.mark.parametrize("higher", [USER, Source()])
async def test_a_higher_source_supersedes(store: Driver, higher: Source) -> None:
    await store.remember("Deploys go to Slack", owner_id=ADA, slot="deploy.channel", source=tool("wiki"))

    new = await store.remember("Deploys go to Teams", owner_id=ADA, slot="deploy.channel", source=higher)

    assert new.action == "superseded"


async def test_a_user_corrects_what_the_application_recorded(store: Driver) -> None:
    await store.remember("Deploys go to Slack", owner_id=ADA, slot="deploy.channel", protected=False)

    new = await store.remember("Deploys go to Teams", owner_id=ADA, slot="deploy.channel", source=USER)

    assert new.action == "superseded"


@pytest.mark.parametrize("slot", ["deploy.channel", None])
async def test_a_lower_source_is_not_kept_against_a_higher_one(store: Driver, slot: str | None) -> None:
    await store.remember("The deploy channel is Slack", owner_id=ADA, slot=slot, source=USER)

    outcome = await store.remember("The deploy channel is Teams", owner_id=ADA, slot=slot, source=tool("wiki"))

    assert (outcome.action, outcome.memory) == ("refused", None)
    assert outcome.reason.startswith("lower_standing: it contradicts what the user said")
    assert await live(store) == ["The deploy channel is Slack"]


async def test_a_candidate_of_a_lower_source_is_kept_in_session(store: Driver) -> None:
    await store.remember("The user lives in Rome.", owner_id=ADA, slot="home.city", source=USER)
    heard = Candidate(content="The user lives in Oslo.", slot="home.city", actor="assistant", message_id="a1")

    (entry,) = await proposed(store, heard)

    assert (entry.verdict.bucket, entry.verdict.reason) == (Bucket.KEEP_IN_SESSION, "lower_standing")
    assert "what the user said" in entry.verdict.explanation
    assert await live(store) == ["The user lives in Rome."]


async def test_two_tools_that_disagree_are_a_conflict(store: Driver) -> None:
    first = await store.remember("Deploys go to Slack", owner_id=ADA, slot="deploy.channel", source=tool("wiki"))

    second = await store.remember("Deploys go to Teams", owner_id=ADA, slot="deploy.channel", source=tool("chat"))

    assert second.action == "conflict"
    assert [one.id for one in second.conflicts] == [first.memory.id]
    assert second.conflicts[0].conflict_id == second.memory.conflict_id is not None
    assert await live(store) == ["Deploys go to Slack", "Deploys go to Teams"]


async def test_a_much_surer_source_of_equal_rank_supersedes(store: Driver) -> None:
    await store.remember("Deploys go to Slack", owner_id=ADA, slot="s", source=tool("wiki"), confidence=0.5)

    surer = await store.remember("Deploys go to Teams", owner_id=ADA, slot="s", source=tool("chat"), confidence=0.9)
    unsure = await store.remember("Deploys go to IRC", owner_id=ADA, slot="s", source=tool("irc"), confidence=0.5)

    assert [surer.action, unsure.action] == ["superseded", "refused"]


async def test_two_sources_that_agree_in_other_words_confirm(store: Driver) -> None:
    value = {"value": "Slack"}
    first = await store.remember(
        "Deploys go to Slack", owner_id=ADA, slot="deploy.channel", source=tool("wiki"), content_json=value
    )

    second = await store.remember(
        "The deploy channel: Slack", owner_id=ADA, slot="deploy.channel", source=tool("chat"), content_json=value
    )

    assert (second.action, second.memory.id) == ("reinforced", first.memory.id)


async def test_two_named_users_of_a_team_disagree(store: Driver) -> None:
    one = Candidate(content="Our release day is Monday.", slot="release.day", message_id="m1")
    other = Candidate(content="Our release day is Friday.", slot="release.day", message_id="m2")

    report = await proposed(store, one, other, names={"m1": "Anna", "m2": "Ben"})

    assert [entry.outcome.action for entry in report] == ["added", "conflict"]
    assert {entry.outcome.memory.source.name for entry in report} == {"Anna", "Ben"}


async def test_when_one_source_changes_its_mind_it_settles_its_own_conflict(store: Driver) -> None:
    await store.remember("Deploys go to Slack", owner_id=ADA, slot="s", source=tool("wiki"))
    await store.remember("Deploys go to Teams", owner_id=ADA, slot="s", source=tool("chat"))

    outcome = await store.remember("Deploys go to Teams", owner_id=ADA, slot="s", source=tool("wiki"))

    assert (outcome.action, outcome.memory.conflict_id) == ("superseded", None)
    assert await live(store) == ["Deploys go to Teams"]
    assert await store.hygiene.conflicts(owner_id=ADA) == []


# --- conflicts --------------------------------------------------------------------------------------------------------


async def disagree(store: Driver) -> tuple[Any, Any]:
    first = await store.remember(
        "The build takes 5 minutes.", owner_id=ADA, source=Source(actor="user", thread_id="t1")
    )
    second = await store.remember(
        "The build takes 15 minutes.", owner_id=ADA, source=Source(actor="user", thread_id="t2")
    )
    assert second.action == "conflict"
    return first.memory, second.memory


async def test_another_number_from_another_thread_is_a_conflict(store: Driver) -> None:
    first, second = await disagree(store)

    (group,) = await store.hygiene.conflicts(owner_id=ADA)

    assert [one.id for one in group] == [first.id, second.id]
    assert await store.hygiene.conflicts(owner_id="ben") == []


async def test_another_number_in_the_same_thread_is_an_update(store: Driver) -> None:
    await store.remember("The build takes 5 minutes.", owner_id=ADA, source=USER)

    outcome = await store.remember("The build takes 15 minutes.", owner_id=ADA, source=USER)

    assert outcome.action == "superseded"
    assert await live(store) == ["The build takes 15 minutes."]


async def test_an_explicit_correction_is_an_update(store: Driver) -> None:
    await store.remember("The build takes 5 minutes.", owner_id=ADA, source=USER)
    corrected = Candidate(content="The build takes 15 minutes.", message_id="m9", corrects=True)

    (entry,) = await proposed(store, corrected, thread_id="t2")

    assert entry.outcome.action == "superseded"


async def test_a_recall_says_what_contradicts_what_it_found(store: Driver) -> None:
    first, second = await disagree(store)

    recall = await store.recall("how long does the build take?", owner_id=ADA, limit=1)

    (item,) = recall
    (other,) = {first.id, second.id} - {item.memory.id}
    assert item.conflicts_with == (other,)
    block = render(recall)
    assert block.count("minutes.") == 2
    assert f"<conflicts with: {item.contradicted_by[0].content} (2026-01-01)>" in block
    assert sorted(rendered_in(block)) == ["The build takes 15 minutes.", "The build takes 5 minutes."]
    explanation = await store.audit.explain(recall, owner_id=ADA)
    assert explanation.recalled[0].conflicts_with == (other,)
    assert f"conflicts with: {item.contradicted_by[0].content}" in str(explanation)
    assert "conflicts with" in recall._repr_html_()
    assert "conflicts with" in explanation._repr_html_()


async def test_an_expired_memory_is_in_no_conflict(store: Driver, clock: Clock) -> None:
    soon = clock().replace(hour=23)
    await store.remember("The build takes 5 minutes.", owner_id=ADA, expires_at=soon)
    await store.remember("The build takes 15 minutes.", owner_id=ADA)

    clock.advance(days=1)

    assert await store.hygiene.conflicts(owner_id=ADA) == []
    (item,) = await store.recall("how long does the build take?", owner_id=ADA)
    assert item.conflicts_with == ()


async def test_a_recall_of_the_past_shows_the_conflicts_of_then(store: Driver, clock: Clock) -> None:
    first, second = await disagree(store)
    then = clock()
    clock.advance(hours=1)
    await store.verify(first.id, owner_id=ADA)

    now = await store.recall("how long does the build take?", owner_id=ADA)
    past = await store.recall("how long does the build take?", owner_id=ADA, as_of=then)

    assert [item.conflicts_with for item in now] == [()]
    assert {item.memory.id: item.conflicts_with for item in past} == {first.id: (second.id,), second.id: (first.id,)}


async def test_confirming_one_supersedes_the_others(store: Driver) -> None:
    first, second = await disagree(store)

    confirmed = await store.verify(first.id, owner_id=ADA)

    assert confirmed.conflict_id is None
    assert {one.id: one.superseded_by for one in await store.history(second.id, owner_id=ADA)} == {
        first.id: None,
        second.id: first.id,
    }
    assert await live(store) == ["The build takes 5 minutes."]
    assert await store.hygiene.conflicts(owner_id=ADA) == []


async def test_putting_a_new_value_in_their_place_settles_it(store: Driver) -> None:
    first, second = await disagree(store)

    outcome = await store.supersede(first.id, "The build takes 9 minutes.", owner_id=ADA)

    assert {one.id for one in outcome.replaced} == {first.id, second.id}
    assert outcome.memory.conflict_id is None
    assert await live(store) == ["The build takes 9 minutes."]


async def test_forgetting_all_but_one_leaves_no_conflict(store: Driver) -> None:
    first, _ = await disagree(store)

    await store.forget(first.id, owner_id=ADA)

    assert await store.hygiene.conflicts(owner_id=ADA) == []
    assert [one.conflict_id for one in await store.list_memories(owner_id=ADA)] == [None]


async def test_a_third_voice_joins_the_conflict(store: Driver) -> None:
    await disagree(store)

    await store.remember("The build takes 25 minutes.", owner_id=ADA, source=Source(actor="user", thread_id="t3"))

    (group,) = await store.hygiene.conflicts(owner_id=ADA)
    assert len(group) == 3


async def test_a_conflict_survives_an_export(store: Driver, databases: Databases) -> None:
    await disagree(store)
    lines = list(store.target.admin.export(owner_id=ADA))

    with opened_store(databases.new()) as other:
        other.admin.import_(lines)

        assert [len(group) for group in other.hygiene.conflicts(owner_id=ADA)] == [2]


async def test_the_list_of_conflicts_is_paged(store: Driver) -> None:
    await disagree(store)
    await store.remember("The backup runs at 10:30.", owner_id=ADA)
    await store.remember("The backup runs at 22:30.", owner_id=ADA)

    first = await store.hygiene.conflicts(owner_id=ADA, limit=1)
    second = await store.hygiene.conflicts(owner_id=ADA, limit=1, offset=1)

    assert {len(first), len(second)} == {1}
    assert first != second
    with pytest.raises(MissingOwnerError):
        await store.hygiene.conflicts(owner_id="")


# --- what no longer holds ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("known", "denied"),
    [
        ("I live in Berlin", "I don't live in Berlin any more"),
        ("we use Slack", "we stopped using Slack"),
        ("I like tea", "I no longer like tea"),
        ("I work for Lidl", "I no longer work for Lidl"),
    ],
)
async def test_what_holds_no_longer_gives_way_to_the_statement_that_it_does_not(
    store: Driver, known: str, denied: str
) -> None:
    (first,) = await said(store, known)

    (entry,) = await said(store, denied, thread_id="t2")

    assert (entry.verdict.bucket, entry.outcome.action) == (Bucket.PROMOTE, "superseded")
    assert [one.id for one in entry.outcome.replaced] == [first.outcome.memory.id]
    assert await live(store) == [entry.outcome.memory.content]
    assert not (await store.recall(known, owner_id=ADA)).memories[1:]
    newest = (await store.audit.entries(owner_id=ADA, memory_id=first.outcome.memory.id))[0]
    assert (newest.action, newest.thread_id) == ("superseded", "t2")


async def test_what_no_longer_holds_is_kept_at_its_first_mention(store: Driver) -> None:
    (entry,) = await said(store, "I no longer live in Rome")

    assert (entry.verdict.bucket, entry.outcome.action) == (Bucket.PROMOTE, "added")
    assert await live(store) == ["The user no longer lives in Rome."]


async def test_another_value_stays_when_one_no_longer_holds(store: Driver) -> None:
    await said(store, "I live in Berlin")

    await said(store, "I no longer live in Rome", number=1)

    assert "The user lives in Berlin." in await live(store)


async def test_a_denial_in_plain_words_retires_what_is_known_without_a_slot(store: Driver) -> None:
    first = await store.remember("The user uses Vim.", owner_id=ADA)

    outcome = await store.remember("The user no longer uses Vim.", owner_id=ADA)

    assert (outcome.action, outcome.memory.id) == ("retired", first.memory.id)
    assert await live(store) == []


async def test_a_model_that_says_it_ended_retires_as_well(store: Driver) -> None:
    await store.remember(
        "The user uses Vim.", owner_id=ADA, slot="tool.editor", content_json={"value": "Vim"}, source=USER
    )
    ended = Candidate(
        content="The user no longer uses Vim.", slot="tool.editor", replaces=("Vim",), message_id="m1", excerpt=""
    )

    (entry,) = await proposed(store, ended)

    assert entry.outcome.action == "superseded"
    assert await live(store) == ["The user no longer uses Vim."]


async def test_an_assistant_cannot_retire_what_the_user_said(store: Driver) -> None:
    await said(store, "I live in Berlin")
    heard = Candidate(
        content="The user no longer lives in Berlin.",
        slot="home.city",
        content_json={"value": "Berlin", "negated": True},
        replaces=("Berlin",),
        retires=True,
        actor="assistant",
        message_id="a1",
    )

    (entry,) = await proposed(store, heard)

    assert entry.verdict.reason == "lower_standing"
    assert await live(store) == ["The user lives in Berlin."]


async def test_what_was_retired_can_be_said_again(store: Driver) -> None:
    await said(store, "I live in Berlin")
    await said(store, "I no longer live in Berlin", number=1)

    (entry,) = await said(store, "I live in Berlin", number=2)

    assert entry.outcome.action == "superseded"
    assert await live(store) == ["The user lives in Berlin."]


async def test_a_retired_memory_cannot_be_confirmed_or_replaced(store: Driver) -> None:
    known = (await store.remember("The user uses Vim.", owner_id=ADA)).memory
    await store.remember("The user no longer uses Vim.", owner_id=ADA)

    with pytest.raises(InvalidMemoryError, match="was retired"):
        await store.verify(known.id, owner_id=ADA)
    with pytest.raises(InvalidMemoryError, match="was retired"):
        await store.supersede(known.id, "The user uses Emacs.", owner_id=ADA)


# --- within one batch -------------------------------------------------------------------------------------------------


async def test_two_candidates_of_one_message_that_say_the_same_merge(store: Driver) -> None:
    first = Candidate(content="The docs are in the repo.", message_id="m1", confidence=0.8)
    second = Candidate(content="The documentation is in the repository.", message_id="m1", confidence=0.7)

    report = await proposed(store, first, second)

    assert [entry.outcome.action for entry in report] == ["added", "reinforced"]
    (known,) = await store.list_memories(owner_id=ADA)
    assert known.confidence == 0.8


async def test_two_values_of_one_message_are_a_conflict(store: Driver) -> None:
    first = Candidate(content="Deploys go to Slack", slot="deploy.channel", message_id="m1")
    second = Candidate(content="Deploys go to Teams", slot="deploy.channel", message_id="m1")

    report = await proposed(store, first, second)

    assert [entry.outcome.action for entry in report] == ["added", "conflict"]


@pytest.mark.parametrize("later", [{"message_id": "m2"}, {"message_id": "m1", "corrects": True}])
async def test_a_later_message_or_a_correction_supersedes_within_one_batch(store: Driver, later: Any) -> None:
    first = Candidate(content="Deploys go to Slack", slot="deploy.channel", message_id="m1")
    second = Candidate(content="Deploys go to Teams", slot="deploy.channel", **later)

    report = await proposed(store, first, second)

    assert [entry.outcome.action for entry in report] == ["added", "superseded"]
    assert await live(store) == ["Deploys go to Teams"]


async def test_a_value_given_and_denied_in_one_batch_no_longer_holds(store: Driver) -> None:
    report = await said(store, "I live in Berlin", "I don't live in Berlin any more")

    assert [entry.outcome.action for entry in report] == ["added", "superseded"]
    assert "The user lives in Berlin." not in await live(store)
