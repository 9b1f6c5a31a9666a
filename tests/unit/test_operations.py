"""Operations without a database: rows are fed by hand, and what was asked for is looked at."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from support import START

from langgraph_memory.domain.candidate import Candidate, Utterance
from langgraph_memory.domain.memory import Memory
from langgraph_memory.domain.promotion import LedgerPlace, PromotionPolicy, judge
from langgraph_memory.domain.search.vectors import VectorSearch
from langgraph_memory.domain.text import content_hash
from langgraph_memory.domain.types import MemoryTypes
from langgraph_memory.effects.effect import Effects, adrive, drive
from langgraph_memory.effects.transaction import Query, Transaction, reads, writes
from langgraph_memory.engine.sqlite.vectors import Held, closest
from langgraph_memory.errors import InvalidMemoryError, MemoryNotFoundError
from langgraph_memory.operations import forget, items, memories, promotion, remember
from langgraph_memory.operations.recall import RecallRequest, read_recall
from langgraph_memory.operations.remember import Proposal
from langgraph_memory.operations.rows import Origin, PlainItem, memory_columns

LATER = START + timedelta(hours=1)
TYPES = MemoryTypes()


class Script:
    """Answers queries by name, with nothing where nothing was scripted, and keeps what was asked."""

    def __init__(self, **answers: Sequence[Any] | Callable[[Mapping[str, Any]], Sequence[Any]]) -> None:
        self.answers = {
            "partition": [{"partition_no": 1}],
            "insert_item": [{"memory_no": 7}],
            "mark_keys": [{"name": "mark_key", "value": "k"}],
            **answers,
        }
        self.asked: list[Query] = []

    def __call__(self, query: Query) -> Sequence[Any]:
        self.asked.append(query)
        answer = self.answers.get(query.name, ())
        return answer(query.params) if callable(answer) else answer

    async def later(self, query: Query) -> Sequence[Any]:
        return self(query)

    @property
    def names(self) -> list[str]:
        return [query.name for query in self.asked]

    def params(self, name: str) -> Mapping[str, Any]:
        (query,) = (one for one in self.asked if one.name == name)
        return query.params


def memory(content: str = "Deploys go to Teams", **fields: Any) -> Memory:
    given = {"id": "new", "owner_id": "ada", "created_at": LATER, "updated_at": LATER, "content": content}
    return Memory(**{**given, **fields})


def stored(one: Memory, memory_no: int = 1) -> dict[str, Any]:
    """Return the row that a memory is kept as."""
    return {**memory_columns(one), "memory_no": memory_no}


def propose(one: Memory, **more: Any) -> Transaction[Any]:
    return remember.stored(Proposal(one, TYPES[one.memory_type], **more), LATER)


# --- the drivers ------------------------------------------------------------------------------------------------------


def counting(limit: int) -> Effects[int]:
    total = 0
    for n in range(limit):
        rows = yield Query("add", {"n": n})
        total += rows[0]["n"]
    return total


async def test_both_drivers_send_each_outcome_and_return_the_result() -> None:
    script = Script(add=lambda params: [params])

    assert drive(counting(4), script) == 6
    assert await adrive(counting(4), script.later) == 6
    assert script.names == ["add"] * 8


def fussy() -> Effects[str]:
    try:
        yield Query("broken")
    except LookupError:
        yield Query("repair")
        return "repaired"
    return "fine"


async def test_both_drivers_raise_an_error_inside_the_plan_which_may_handle_it() -> None:
    def perform(query: Query) -> Sequence[Any]:
        if query.name == "broken":
            raise LookupError(query.name)
        return ()

    async def aperform(query: Query) -> Sequence[Any]:
        return perform(query)

    assert drive(fussy(), perform) == "repaired"
    assert await adrive(fussy(), aperform) == "repaired"


async def test_both_drivers_let_an_error_out_that_the_plan_does_not_handle() -> None:
    def perform(query: Query) -> Sequence[Any]:
        raise KeyError(query.name)

    async def aperform(query: Query) -> Sequence[Any]:
        raise KeyError(query.name)

    with pytest.raises(KeyError):
        drive(counting(1), perform)
    with pytest.raises(KeyError):
        await adrive(counting(1), aperform)


def test_an_operation_can_be_started_again_and_knows_whether_it_writes() -> None:
    reading, writing = reads(counting)(3), writes(counting)(3)
    script = Script(add=lambda params: [params])

    assert (reading.writes, writing.writes) == (False, True)
    assert [drive(reading.start(), script), drive(reading.start(), script)] == [3, 3]


# --- remembering ------------------------------------------------------------------------------------------------------

NOTED = [{"partition": "curated.ada", "partition_no": 1, "size": 1, "about": "[1]"}]
"""What is noted of a partition that holds a memory about the same."""


def test_a_new_memory_is_inserted_with_its_vectors_and_a_line_of_audit() -> None:
    script = Script()

    outcome = drive(propose(memory(), vectors=[("content", b"1234")]).start(), script)

    assert outcome.action == "added"
    assert script.names == [*("live_about", "partition", "insert_item", "put_vectors", "audit", "mark_keys_in_use")]
    assert script.params("put_vectors") == {"partition": "curated.ada", "memory_no": 7, "corpus": None}
    assert [dict(row) for row in script.asked[3].rows or ()] == [{"field": "content", "vector": b"1234"}]
    assert script.params("audit")["action"] == "added"


def test_a_new_value_for_a_slot_is_inserted_before_the_old_one_is_retired() -> None:
    old = memory("Deploys go to Slack", id="old", slot="deploy.channel")
    script = Script(live_about=NOTED, memories_numbered=[stored(old)])

    outcome = drive(propose(memory(slot="deploy.channel")).start(), script)

    assert outcome.action == "superseded"
    assert [one.id for one in outcome.replaced] == ["old"]
    assert script.names.index("insert_item") < script.names.index("supersede_memory")
    assert script.params("supersede_memory")["superseded_by"] == "new"


def test_the_same_statement_rewrites_the_known_row_and_inserts_nothing() -> None:
    old = memory(id="old", confidence=0.5)
    script = Script(live_about=NOTED, memories_numbered=[stored(old)], memory=[stored(old, 3)])

    outcome = drive(propose(memory(confidence=0.5)).start(), script)

    assert (outcome.action, outcome.memory.id, outcome.memory.confidence) == ("reinforced", "old", 0.75)
    assert "insert_item" not in script.names
    assert "delete_vectors" not in script.names
    assert script.params("update_item")["memory_no"] == 3


def test_of_the_rows_that_share_words_only_those_that_lack_few_are_read_as_records() -> None:
    alike, other = memory("Deploys always go to Teams", id="alike"), memory("Deploys failed twice", id="other")
    first, second = 1 << 32 | 1, 1 << 32 | 2
    script = Script(
        live_about=[{**NOTED[0], "about": "[]"}],
        newest_postings=[{"term": term, "postings": " 00000001010003 00000002010003"} for term in ("deploy", "team")],
        live_among=[stored(alike, first), stored(other, second)],
        memories_numbered=[stored(alike, first)],
    )

    outcome = drive(propose(memory("Deploys to the payment gateway go to Teams"), compared=True).start(), script)

    assert outcome.action == "added"
    assert script.params("live_among")["numbers"] == [second, first]
    assert script.params("memories_numbered")["numbers"] == [first]


def test_a_retracted_value_is_superseded_in_another_slot_of_the_same_thing() -> None:
    old = memory("Deploys are announced in Slack", id="old", slot="deploy.chat", content_json={"value": "Slack"})
    script = Script(live_in_slots=[stored(old)])

    outcome = drive(propose(memory(slot="deploy.channel"), replaces=("slack",)).start(), script)

    assert [one.id for one in outcome.replaced] == ["old"]


def test_a_retracted_value_stays_where_it_is_that_of_another_thing() -> None:
    sister = memory("The sister is called Kim", id="sister", slot="family.sister", content_json={"value": "Kim"})
    script = Script(live_in_slots=[stored(sister)])

    outcome = drive(propose(memory("The manager is Lee", slot="team.manager"), replaces=("kim",)).start(), script)

    assert outcome.replaced == ()


def test_an_id_that_is_taken_is_refused_before_anything_else_is_written() -> None:
    script = Script(insert_item=[])

    with pytest.raises(InvalidMemoryError, match="new"):
        drive(propose(memory(), vectors=[("content", b"1234")]).start(), script)

    assert script.names == ["live_about", "partition", "insert_item"]


def test_forgetting_walks_the_chain_of_older_versions() -> None:
    chain = [memory(id=f"v{n}", superseded_by=f"v{n + 1}" if n < 3 else None) for n in range(1, 4)]
    by_id = {one.id: stored(one, number) for number, one in enumerate(chain, start=1)}
    script = Script(
        memory=lambda params: [by_id[params["id"]]],
        predecessors=lambda params: [row for row in by_id.values() if row["superseded_by"] == params["id"]],
    )

    count = drive(forget.forget_memory("v3", "ada", LATER, "asked", "receipt-1").start(), script)

    assert count == 3
    assert sorted(query.params["memory_no"] for query in script.asked if query.name == "delete_item") == [1, 2, 3]
    assert json.loads(script.params("put_receipt")["body"]) == {"memories": 3}


def test_the_history_of_what_the_owner_does_not_have_is_an_error() -> None:
    with pytest.raises(MemoryNotFoundError, match="v1"):
        drive(memories.history("v1", "ada").start(), Script())


# --- items ------------------------------------------------------------------------------------------------------------


def test_a_batch_reads_everything_before_it_writes() -> None:
    script = Script()
    steps = [
        items.Put(PlainItem(("a",), "k", {"n": 1}, "")),
        items.Get(("a",), "k"),
        items.Delete(("b",), "k"),
        items.ListNamespaces(),
    ]

    answers = drive(items.write_items([steps], LATER, {}).start(), script)

    assert answers == [[None, None, None, []]]
    assert script.names == ["plain_items", "namespaces", "rows_at", "partition", "add_plain_item"]


def test_a_short_prefix_is_searched_across_partitions_and_a_long_one_inside_its_own() -> None:
    script = Script()

    for prefix in [(), ("a",), ("a", "b"), ("a", "b", "c")]:
        drive(items.read_items([[items.Search(prefix)]], LATER, {}).start(), script)

    assert script.names == ["items_across_partitions"] * 2 + ["items_in_partition"] * 2
    assert [query.params.get("partition") for query in script.asked] == [None, None, "a.b", "a.b"]
    assert [query.params["prefix"] for query in script.asked] == ["", "a", "a.b", "a.b.c"]


# --- recalling and promoting ------------------------------------------------------------------------------------------


def test_every_statement_of_a_recall_is_bound_to_the_owners_partition() -> None:
    corpus = dict.fromkeys("size term_total context_size context_total asked_size asked_total subjects".split(), 2)
    script = Script(
        corpus_in_partition=lambda params: [{**params, **corpus, "partition_no": 1}],
        closeness=[closest(b"\0\0\x80?", [Held.of([(1, "content", b"\0\0\x80?")], 1)], "cosine")],
        postings=[{"field": 0, "term": "tea", "postings": " 00000001010003"}],
        standings=[stored(memory())],
        memories_numbered=[stored(memory())],
    )
    request = RecallRequest(
        id="r", owner_id="ada", scope="org:acme/p", query="tea", types=TYPES, memory_types=tuple(TYPES), at=LATER,
        limit=5, vectors=VectorSearch(b"\0\0\0\0", "cosine"), shared_with=("team",), pinned=2,
    )  # fmt: skip

    drive(read_recall(request).start(), script)

    assert {"postings", "closeness", "named_subjects"} <= set(script.names)
    bound = [query.params["partition"] for query in script.asked]
    assert set(bound) == {"curated.ada", "curated.team"}
    assert all(
        query.params["scopes"] == ["org:acme/p", "org:acme", "global"]
        for query in script.asked
        if "scopes" in query.params
    )


PLACE = LedgerPlace("ada", "thread", "rules-1")


def request_for(*utterances: Utterance) -> promotion.PromotionRequest:
    candidates = [Candidate(content=one.text, message_id=one.message_id) for one in utterances]
    judged = [judge(candidate, PromotionPolicy()) for candidate in candidates]
    proposals = [Proposal(memory(one.content, id=one.message_id), TYPES["fact"]) for one in candidates]
    return promotion.PromotionRequest(
        "report", "global", PLACE, utterances, list(zip(judged, proposals, strict=True)), Origin()
    )


SAID = (
    Utterance(message_id="m1", actor="user", text="We deploy on Fridays"),
    Utterance(message_id="m2", actor="user", text="We use Teams"),
)


def test_a_promotion_enters_the_ledger_and_stores_the_memories_with_one_receipt() -> None:
    script = Script()

    report = drive(promotion.store_promotion(request_for(*SAID), LATER).start(), script)

    assert [entry.outcome.action for entry in report] == ["added", "added"]
    (entered,) = (query for query in script.asked if query.name == "enter_in_ledger")
    assert [row["message_id"] for row in entered.rows or ()] == ["m1", "m2"]
    assert script.names.count("put_receipt") == 1


def test_a_promotion_leaves_out_messages_the_ledger_knows() -> None:
    known = [{"message_id": "m1", "content_hash": content_hash(SAID[0].text)}]
    script = Script(ledger_entries=known)

    report = drive(promotion.store_promotion(request_for(*SAID), LATER).start(), script)

    assert [entry.candidate.message_id for entry in report] == ["m2"]


def test_a_promotion_of_what_was_read_already_writes_nothing() -> None:
    known = [{"message_id": one.message_id, "content_hash": content_hash(one.text)} for one in SAID]
    script = Script(ledger_entries=known)

    report = drive(promotion.store_promotion(request_for(*SAID), LATER).start(), script)

    assert len(report) == 0
    assert script.names == ["messages_of_others", "ledger_entries"]


def test_the_same_message_with_other_words_is_read_again() -> None:
    script = Script(ledger_entries=[{"message_id": "m1", "content_hash": content_hash("before it was edited")}])

    fresh = drive(promotion.unread(PLACE, SAID).start(), script)

    assert fresh == list(SAID)
