"""What a change writes: the columns of a row, its vectors, its line in the audit log, and receipts."""

from __future__ import annotations

import json
import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from langgraph_memory.domain.audit import ReceiptPolicy, needles, without
from langgraph_memory.domain.clock import to_microseconds
from langgraph_memory.domain.memory import Memory, Source
from langgraph_memory.domain.scope import join_labels, joined_namespace, owner_partition, partition_of
from langgraph_memory.domain.search.vectors import CONTEXT, Closeness, VectorSearch
from langgraph_memory.domain.text import (
    fingerprint,
    indexed_terms,
    passages,
    phrase_key,
    question_before,
    question_share,
    terms_with_identifiers,
    text_columns,
)
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Query, Row
from langgraph_memory.errors import DamagedMemoryError, InvalidInputError, InvalidMemoryError
from langgraph_memory.operations.embedding import words_of

_LOG = logging.getLogger("langgraph_memory")
_NOTHING: Counter[str] = Counter()
_as_json = json.JSONEncoder(ensure_ascii=False).encode
_plain_json = json.JSONEncoder(allow_nan=False).encode
_LATE = 1 << 14
"""Up to how many characters of JSON an item is short; of a longer one the words are looked for before it is stored."""
DECAY = ("stated_confidence", "stated_at", "decayed_at")
"""What a row keeps of how its confidence faded; nothing at first."""
Vectors = Sequence[tuple[str, bytes]]
"""The embedded fields of a row: (field, float32 bytes)."""
MEMORY_COLUMNS = (
    "owner_id",
    "scope",
    "memory_type",
    "slot",
    "content",
    "content_json",
    "subject",
    "context",
    "source",
    "confidence",
    "importance",
    "valid_from",
    "last_verified_at",
    "superseded_by",
    "superseded_at",
    "conflict_id",
    "tags",
    "injection",
    "trust",
    "protected",
    "checksum",
    "fingerprint",
    "subject_key",
)
"""What the row of a memory has and that of a plain item lacks, beside how its confidence fades."""
_NO_MEMORY: Mapping[str, Any] = {
    **dict.fromkeys((*MEMORY_COLUMNS, *DECAY)),
    "question_share": 0.0,
    "context_terms": "{}",
    "context_count": 0,
    "asked_terms": "{}",
    "asked_count": 0,
}


@dataclass(frozen=True, slots=True)
class PlainItem:
    """One plain item as `put` stores it; `text` is what full-text search finds it by, None: by every word of it.

    The columns are made with it, so that no lock is held while a long text is taken apart.
    """

    namespace: tuple[str, ...]
    key: str
    value: Mapping[str, Any]
    text: str | None
    vectors: Vectors = ()
    ttl_minutes: float | None = None
    _fixed: Mapping[str, Any] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        value = item_json(self.key, self.value)
        terms, count = item_terms(value, self.value, self.text)
        columns = {
            "partition": partition_of(self.namespace),
            "namespace": join_labels(self.namespace),
            "id": self.key,
            "value": value,
            "terms": terms,
            "term_count": count,
        }
        object.__setattr__(self, "_fixed", columns)

    def columns(self, created_at: int, now: datetime) -> dict[str, Any]:
        """Return the columns of its row."""
        return {**self.fixed_columns(), **self._times(created_at, now)}

    def own_columns(self, created_at: int, now: datetime) -> dict[str, Any]:
        """Return those columns of its row that a memory has not alone."""
        return {**self._fixed, **self._times(created_at, now)}

    def fixed_columns(self) -> dict[str, Any]:
        """Return the columns that do not depend on time."""
        return {**_NO_MEMORY, **self._fixed}

    def _times(self, created_at: int, now: datetime) -> dict[str, Any]:
        lifetime = None if self.ttl_minutes is None else timedelta(minutes=self.ttl_minutes)
        return {
            "ttl_minutes": self.ttl_minutes,
            "created_at": created_at,
            "updated_at": to_microseconds(now),
            "expires_at": None if lifetime is None else to_microseconds(now + lifetime),
        }


def item_json(key: str, value: Mapping[str, Any]) -> str:
    """Return the value of an item as it is stored; raises InvalidInputError where it is not JSON."""
    try:
        return _plain_json(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInputError(f"the value of {key!r} is not JSON ({error}); store plain values.") from None


def item_terms(stored: str, value: Mapping[str, Any], text: str | None) -> tuple[str | None, int]:
    """Return the terms that an item is found by, as JSON, and how many they are.

    They are None where its text is every word of it and it is short: then they are looked for when they are asked for.
    """
    if text is None and len(stored) <= _LATE:
        return None, 0
    found = Counter(indexed_terms(words_of(value) if text is None else text))
    return _as_json(found) if found else "{}", found.total()


def with_terms(row: Row) -> dict[str, Any]:
    """Return what is noted of an item whose terms were not looked for before."""
    found = Counter(indexed_terms(words_of(json.loads(row["value"]))))
    number, value = row["memory_no"], row["value"]
    return {"memory_no": number, "value": value, "terms": _as_json(found), "term_count": found.total()}


def memory_columns(memory: Memory) -> dict[str, Any]:
    """Return the columns of a memory's row."""
    return {
        **memory.to_row(),
        **dict.fromkeys(DECAY),
        "partition": owner_partition(memory.owner_id),
        "namespace": joined_namespace(memory.owner_id, memory.scope),
        "value": None,
        "ttl_minutes": None,
        "fingerprint": fingerprint(memory.content),
        "subject_key": (phrase_key(memory.subject) or None) if memory.subject else None,
        "question_share": question_share(memory.content),
        **text_columns(
            " ".join(
                filter(
                    None,
                    (memory.subject, memory.content, _slot_beside(memory.content, memory.slot) if memory.slot else ""),
                )
            ),
            memory.context or "",
            question_before(memory.content, memory.context) if memory.context else "",
        ),
    }


def sound(rows: Iterable[Row]) -> Iterator[tuple[Row, Memory]]:
    """Yield rows with the memories they hold; one that is damaged is named in the log and left out."""
    for row in rows:
        try:
            memory = Memory.from_row(row)
        except DamagedMemoryError as damage:
            _LOG.warning("left out: %s", damage)
            continue
        yield row, memory


def memories_in(rows: Iterable[Row]) -> list[Memory]:
    """Return the memories that rows hold, without those that are damaged."""
    return [memory for _, memory in sound(rows)]


def _slot_beside(content: str, slot: str) -> str:
    """Return the words of a slot that the content lacks: "home city" of a memory that says "Kiel"."""
    if ":" in slot:
        return ""  # "thread:..." names what made the memory, not what it is about
    held = set(terms_with_identifiers(content))
    return " ".join(word for word in re.split(r"[._\s]+", slot) if not held & set(terms_with_identifiers(word)))


def embedded_texts(content: str, context: str | None, slot: str | None) -> list[tuple[str, str]]:
    """Return the (field, text) pairs of a memory that are embedded: a short statement needs one vector.

    The words of its slot stand before it: "diet allergy" is closer to some questions than what the statement says.
    """
    parts = passages(content)
    found = [("content", f"{_words_of(slot)}{content}")] if content.strip() else []
    if len(parts) > 1:
        found += [(f"content.{place}", part) for place, part in enumerate(parts)]
    return found + ([(CONTEXT, context)] if context and context.strip() else [])


def _words_of(slot: str | None) -> str:
    if not slot or ":" in slot:
        return ""  # "thread:..." names what made the memory, not what it is about
    return " ".join(re.split(r"[._\s]+", slot)) + ": "


def insert_row(
    columns: Mapping[str, Any], vectors: Vectors, partition_no: int | None = None, corpus: Row | None = None
) -> Effects[int]:
    """Add a row with its vectors, and return its number; the partition is made unless its number is known.

    `corpus` is what is noted of the partition now. Raises InvalidMemoryError when its id is taken.
    """
    if corpus is not None:
        partition_no = corpus["partition_no"]
    if partition_no is None:
        partition_no = yield from number_of(columns["partition"])
    inserted = yield Query("insert_item", {**columns, "partition_no": partition_no, "corpus": corpus})
    if not inserted:
        raise InvalidMemoryError(
            f"memory id {columns['id']!r} is taken already; choose another, or pass the content alone."
        )
    number = int(inserted[0]["memory_no"])
    if vectors:
        yield from put_vectors(columns["partition"], number, vectors, corpus)
    return number


def number_of(partition: str) -> Effects[int]:
    """Return the number of a partition, which is made when it is new."""
    (found,) = yield Query("partition", {"partition": partition})
    return int(found["partition_no"])


def rewrite_row(
    row: Row, columns: Mapping[str, Any], vectors: Vectors | None, kinds: Sequence[str] | None = None
) -> Effects[None]:
    """Rewrite a row in place; `vectors` replace those of the fields in `kinds`, or all, and None lets all stay."""
    place = {"partition": row["partition"], "memory_no": row["memory_no"]}
    yield Query("update_item", {**columns, **place})
    if vectors is not None:
        yield Query("delete_vectors", {**place, "kinds": kinds})
        yield from put_vectors(row["partition"], row["memory_no"], vectors)


def put_vectors(partition: str, memory_no: int, vectors: Vectors, corpus: Row | None = None) -> Effects[None]:
    """Store the vectors of a row; `corpus` is what was noted of its partition before, where that was read."""
    if vectors:
        rows = [{"field": name, "vector": vector} for name, vector in vectors]
        yield Query("put_vectors", {"partition": partition, "memory_no": memory_no, "corpus": corpus}, rows)


def closeness(
    corpus: Row, search: VectorSearch, least: float | None = None, numbers: Sequence[int] | None = None
) -> Effects[Closeness]:
    """Compare a query with every vector of a partition; an engine may leave out what is less close than `least`.

    Those of the rows of some `numbers` are compared exactly; an engine may answer with others too. `corpus` is what is
    noted of the partition now.
    """
    place = {"partition": corpus["partition"], "partition_no": corpus["partition_no"]}
    asked = {"vector": search.query, "metric": search.metric, "least": least, "numbers": numbers}
    (found,) = yield Query("closeness", {**place, **asked, "corpus": corpus})
    return Closeness.from_row(found)


def postings_of(partition: str, terms: Sequence[str]) -> Effects[list[dict[str, str]]]:
    """Return the postings of each term, for each of the three fields of the text index."""
    rows = yield Query("postings", {"partition": partition, "terms": terms})
    blocks: list[dict[str, list[str]]] = [{}, {}, {}]
    for row in rows:
        blocks[row["field"]].setdefault(row["term"], []).append(row["postings"])
    return [{term: "".join(texts) for term, texts in field.items()} for field in blocks]


@dataclass(frozen=True, slots=True)
class Origin:
    """Who or what makes a change, for the audit log."""

    actor: str | None = None
    thread_id: str | None = None
    checkpoint_id: str | None = None
    run_id: str | None = None

    @classmethod
    def of(cls, source: Source) -> Origin:
        """Return the origin that a memory's source names."""
        return cls(source.actor, source.thread_id, source.checkpoint_id, source.run_id)


By = Origin | Source
"""Who makes a change, or where what makes it comes from."""
_NOBODY = Origin()
_DROPPED_AT_ONCE = 20
"""How many old receipts go with each new one."""


def record(memory: Memory, action: str, reason: str, origin: By, now: datetime) -> Effects[None]:
    """Add one line to the audit log."""
    yield Query(
        "audit",
        {
            "partition": owner_partition(memory.owner_id),
            "memory_id": memory.id,
            "action": action,
            "reason": reason,
            "actor": origin.actor,
            "thread_id": origin.thread_id,
            "checkpoint_id": origin.checkpoint_id,
            "run_id": origin.run_id,
            "now": to_microseconds(now),
        },
    )


def put_receipt(
    owner_id: str, receipt_id: str, kind: str, body: Mapping[str, Any], origin: By, now: datetime
) -> Effects[None]:
    """Store one receipt, as a part of another operation."""
    yield Query(
        "put_receipt",
        {
            "partition": owner_partition(owner_id),
            "id": receipt_id,
            "kind": kind,
            "thread_id": origin.thread_id,
            "checkpoint_id": origin.checkpoint_id,
            "run_id": origin.run_id,
            "now": to_microseconds(now),
            "body": json.dumps(body),
        },
    )


def lose_from_receipts(memories: Sequence[Memory]) -> Effects[None]:
    """Take what is forgotten of one owner out of the receipts that name it or were asked about it."""
    partition = owner_partition(memories[0].owner_id)
    rows = yield Query("receipts_with", {"partition": partition, "needles": needles(memories)})
    for row in rows:
        body = without(json.loads(row["body"]), memories)
        yield Query("rewrite_receipt", {"partition": partition, "id": row["id"], "body": json.dumps(body)})


def drop_old_receipts(owner_id: str, policy: ReceiptPolicy, now: datetime) -> Effects[None]:
    """Remove some receipts of an owner that are older than they are kept."""
    if policy.keep_for is not None:
        before = to_microseconds(now - policy.keep_for)
        params = {"partition": owner_partition(owner_id), "before": before, "limit": _DROPPED_AT_ONCE}
        yield Query("delete_old_receipts", params)
