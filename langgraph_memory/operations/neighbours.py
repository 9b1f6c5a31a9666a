"""The nearest neighbours of a text, by its words and by vectors, exactly where an engine says only about how close."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Final

from langgraph_memory.domain.clock import to_microseconds
from langgraph_memory.domain.likeness import CLOSE, MOST, ONE_TERM
from langgraph_memory.domain.memory import Memory
from langgraph_memory.domain.reconcile import Near, related
from langgraph_memory.domain.scope import visible_from
from langgraph_memory.domain.search.arrays import ArrayField, ArrayRelevance, TopK
from langgraph_memory.domain.search.relevance import POSTING
from langgraph_memory.domain.search.vectors import CONTEXT, Close, Closeness, VectorSearch, numpy
from langgraph_memory.domain.text import query_terms
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Query, Row
from langgraph_memory.operations.rows import closeness, sound

COMPARED = 10
"""How many memories a new one is compared with, at most."""
LOOKED_UP = 6
"""How many terms of a statement are looked up, its longest, which tend to be rare; whatever the owner holds of them."""
RAREST = 4
"""How many of those, the rarest, tell which rows are looked at."""
UNSEEN = 3
"""How many of its terms another may lack: a statement that differs in more than that is another one."""
BLOCKS = 8
"""How many blocks of a term are read, of 512 rows each; the newest."""
TRIED = 24
"""How many rows are looked at, at most: those that share most of these terms, newest first."""
MEASURED = 256
"""How many of the closest vectors are read as they are, at most: of very many that are alike any will do."""
MOST_TERMS = 24
"""How many terms tell what a statement of a change is about, at most."""
LOOKED_AT = 64
"""How many of the newest memories that hold one of those are read."""
LATEST = 6
"""How many of the owner's latest memories are read for those of the same thread."""
LARGEST = 20_000
"""Texts of an owner up to which a new one is compared with all their vectors: that takes a few milliseconds."""
_FRAME: Final = frozenset(query_terms("user team like prefer want use work live need project"))
"""Terms that stand in very many statements, and tell little of what one is about."""
_FORMS: Final[dict[str, list[str]]] = {}
"""The terms of the text index that stand for another one."""

for _short, _whole in ONE_TERM.items():
    _FORMS.setdefault(_whole, []).append(_short)


def similar_to(new: Memory, search: VectorSearch | None, corpus: Row | None, now: datetime) -> Effects[list[Near]]:
    """Return the live memories of the same scope and type that say the same as `new`, or contradict it; closest first.

    Those that mean the same are found by their vectors too, where `search` holds the vector of `new`. `corpus` is what
    is noted of the owner's partition now; None: the owner has none.
    """
    if corpus is None:
        return []
    close = {} if search is None else (yield from _close(corpus, search))
    wanted = query_terms(new.content)
    numbers = list(close) + (yield from _sharing_words(corpus, wanted))
    if not numbers:
        return []
    alike = yield from _alike(new, wanted, corpus, numbers, close, now)
    compared = list(dict.fromkeys(number for number in numbers if number in alike))[:COMPARED]
    memories = (yield from numbered(corpus["partition"], compared)) if compared else {}
    return _related(new, {number: memories[number] for number in compared if number in memories}, close)


def _related(new: Memory, memories: Mapping[int, Memory], close: Mapping[int, float]) -> list[Near]:
    """Return those of some memories that say the same or contradict it; what only means the same comes last."""
    found = [related(new, memory, close.get(number)) for number, memory in memories.items()]
    return sorted((one for one in found if one is not None), key=lambda one: one.likeness.way == "meaning")


def _alike(
    new: Memory, wanted: Sequence[str], corpus: Row, numbers: Sequence[int], close: Mapping[int, float], now: datetime
) -> Effects[set[int]]:
    """Return those of some rows that are live, of the scope and type of `new`, and worth reading beside it."""
    among = {"partition": corpus["partition"], "numbers": numbers, "scope": new.scope, "memory_type": new.memory_type}
    rows = yield Query("live_among", {**among, "now": to_microseconds(now)})
    terms = _as_written(wanted)
    return {row["memory_no"] for row in rows if row["memory_no"] in close or _may_be_alike(terms, row["terms"])}


def mentioning_any(new: Memory, corpus: Row | None, terms: Sequence[str], now: datetime) -> Effects[list[Memory]]:
    """Return the live memories that `new` is told beside, of its scope or one around it, that hold any of some terms.

    Newest first, and no more than there can be of one thing; whatever their type, but no summaries. The latest of the
    same thread are among them, whatever their words: what is said next may be about them.
    """
    if corpus is None:
        return []
    wanted = list(dict.fromkeys(form for term in terms for form in _forms_of(term)))[:MOST_TERMS]
    holding = yield from _newest_holding(corpus, wanted)
    numbers = list(dict.fromkeys((*_latest(new, corpus), *holding)))
    if not numbers:
        return []
    memories = yield from numbered(corpus["partition"], numbers)
    scopes, mentioned = visible_from(new.scope), frozenset(holding)
    return [
        one
        for number, one in reversed(memories.items())
        if one.scope in scopes
        and (number in mentioned or one.source.thread_id == new.source.thread_id)
        and _is_beside(one, new, now)
    ]


def _latest(new: Memory, corpus: Row) -> Sequence[int]:
    """Return the numbers of the owner's latest memories, where `new` was said in a thread."""
    newest = corpus["newest"]
    if newest is None or new.source.thread_id is None:
        return ()
    return range(newest, max(newest - LATEST, corpus["partition_no"] << 32), -1)


def _newest_holding(corpus: Row, terms: Sequence[str]) -> Effects[list[int]]:
    """Return the numbers of the newest rows that hold any of some terms."""
    place = {"partition": corpus["partition"], "corpus": corpus}
    rows = yield Query("newest_postings", {**place, "terms": terms, "blocks": BLOCKS})
    found = sorted({row for held in rows for row in _rows_of(held["postings"] or "")}, reverse=True)
    return [corpus["partition_no"] << 32 | int(row, 16) for row in found[:LOOKED_AT]]


def _is_beside(one: Memory, new: Memory, now: datetime) -> bool:
    """Return whether a memory is another one that holds, and no account of others."""
    told = one.memory_type in ("summary", "reflection")
    return not (told or one.id == new.id or one.superseded or one.expired(now))


def _forms_of(term: str) -> tuple[str, ...]:
    return (term, *_FORMS.get(term, ()))


def numbered(partition: str, numbers: Sequence[int]) -> Effects[dict[int, Memory]]:
    """Return the numbered memories of one partition, by their numbers in order."""
    rows = yield Query("memories_numbered", {"partition": partition, "numbers": numbers})
    return {row["memory_no"]: memory for row, memory in sound(sorted(rows, key=lambda row: int(row["memory_no"])))}


def _as_written(terms: Sequence[str]) -> list[list[str]]:
    """Return each term in all its forms, as a row's JSON of terms holds one of them."""
    whole = dict.fromkeys(map(_one_term, terms))
    return [[f'"{form}"' for form in _forms_of(term)] for term in whole]


def _may_be_alike(terms: Sequence[Sequence[str]], held: str) -> bool:
    """Return whether a row lacks few of the terms, so that it is worth reading as a statement."""
    lacking = 0
    for first, *others in terms:
        if first not in held and not (others and any(map(held.__contains__, others))):
            lacking += 1
            if lacking > UNSEEN:
                return False
    return True


def _one_term(term: str) -> str:
    return ONE_TERM.get(term, term)


def _sharing_words(corpus: Row, wanted: Sequence[str]) -> Effects[list[int]]:
    """Return the numbers of the rows that hold at least half of the rarest of some terms."""
    if not 0 < len(wanted) <= MOST:
        return []
    longest = _longest(wanted)
    asked = [form for term in longest for form in _forms_of(term)]
    place = {"partition": corpus["partition"], "corpus": corpus}
    rows = yield Query("newest_postings", {**place, "terms": asked, "blocks": BLOCKS})
    found = _by_term(rows)
    if not found or len(longest) - len(found) > UNSEEN:
        return []
    sharing = _most_sharing(sorted(found.values(), key=len)[:RAREST])
    return [corpus["partition_no"] << 32 | int(row, 16) for row in sharing]


def _longest(terms: Sequence[str]) -> set[str]:
    """Return the longest of the terms that tell what a text is about."""
    telling = [term for term in terms if term not in _FRAME] or terms
    return {_one_term(term) for term in sorted(telling, key=len)[-LOOKED_UP:]}


def _by_term(rows: Sequence[Row]) -> dict[str, str]:
    """Return the postings of each term in whichever form a text has it."""
    found: dict[str, str] = {}
    for row in rows:
        if row["postings"]:
            term = _one_term(row["term"])
            found[term] = found.get(term, "") + row["postings"]
    return found


def _most_sharing(postings: Sequence[str]) -> list[str]:
    """Return the rows that are in at least half of some postings, those in the most of them first."""
    hits = Counter(chain.from_iterable(map(_rows_of, postings)))
    least = (len(postings) + 1) // 2
    sharing = sorted([(count, row) for row, count in hits.items() if count >= least], reverse=True)
    return [row for _, row in sharing[:TRIED]]


def _rows_of(postings: str) -> list[str]:
    """Return the numbers of the rows that hold a term, in hexadecimal."""
    return [postings[start : start + 8] for start in range(1, len(postings), POSTING)]


def _close(corpus: Row, search: VectorSearch) -> Effects[dict[int, float]]:
    """Return the rows whose own vectors are close to that of `search`, each with its cosine."""
    if search.metric != "cosine" or corpus["size"] > LARGEST:
        return {}
    found = yield from closeness(corpus, search, CLOSE)
    best = yield from ClosestRows(search, [(corpus, found.own)]).take(COMPARED, MEASURED)
    return {number: score for number, score in best if score >= CLOSE}


class ClosestRows:
    """The rows of some partitions that have vectors of their own, closest first; of those as close the oldest first."""

    def __init__(self, search: VectorSearch, found: Sequence[tuple[Row, Close]]) -> None:
        np = numpy()
        found = sorted(found, key=lambda pair: pair[0]["partition_no"])
        self._search = search
        self._corpora: Mapping[int, Row] = {corpus["partition_no"]: corpus for corpus, _ in found}
        numbers = (corpus["partition_no"] << 32 | close.rows.astype("i8") for corpus, close in found)
        self._numbers = np.concatenate([np.empty(0, "i8"), *numbers])
        self._order = TopK(
            np.concatenate([np.empty(0), *(close.scores for _, close in found)]),
            np.concatenate([np.empty(0), *(close.slack for _, close in found)]),
            last_first=False,
        )

    @property
    def numbers(self) -> frozenset[int]:
        """The numbers of all these rows."""
        return frozenset(self._numbers.tolist())

    def take(self, count: int, measured: int | None = None) -> Effects[list[tuple[int, float]]]:
        """Return the next `count` rows and how close each is, exactly.

        Where more than `measured` rows may be among them, those are measured that seem to be.
        """
        places = self._order.candidates(count)
        places = places if measured is None else self._order.likeliest(places, measured)
        approximate = self._order.approximate(places)
        exact = yield from self._exact(self._numbers[approximate].tolist())
        self._order.settle(approximate, [exact[number] for number in self._numbers[approximate].tolist()])
        return [(int(self._numbers[place]), score) for place, score in self._order.take(places, count)]

    def _exact(self, numbers: Sequence[int]) -> Effects[dict[int, float]]:
        exact: dict[int, float] = {}
        for partition_no in sorted({number >> 32 for number in numbers}):
            wanted = [number for number in numbers if number >> 32 == partition_no]
            found = yield from closeness(self._corpora[partition_no], self._search, numbers=wanted)
            pairs = zip(found.own.rows.tolist(), found.own.scores.tolist(), strict=True)
            exact.update((partition_no << 32 | row, score) for row, score in pairs)
        return exact


class RelevantRows:
    """The rows of one partition that match a query, most relevant first; of those as relevant the newest first."""

    def __init__(self, relevance: ArrayRelevance, corpus: Row, search: VectorSearch) -> None:
        self._relevance = relevance
        self._corpus = corpus
        self._search = search
        self._order = relevance.best_first()

    def take(self, count: int, least: float) -> Effects[dict[int, float]]:
        """Return the next `count` rows whose relevance is `least` or more, each with it, exactly."""
        places = self._order.candidates(count, least)
        approximate = self._order.approximate(places)
        yield from _measure([one for one, _ in self._relevance.scaled], approximate, self._corpus, self._search)
        self._order.settle(approximate, self._relevance.of_rows(approximate))
        return dict(self._order.take(places, count, least))


def vector_fields(
    close: Closeness, corpus: Row, search: VectorSearch, weights: Sequence[tuple[str, float]]
) -> Effects[list[ArrayField]]:
    """Return the fields of the own and of the context vectors; the best match of each is known exactly."""
    fields = []
    for found, (part, weight) in zip((close.own, close.context), weights, strict=True):
        matches, slack = found.matches(search.metric)
        fields.append(ArrayField(part, weight, found.rows, matches, len(found), part != CONTEXT, slack))
    for one in fields:
        if rows := one.far_off() if search.metric == "l2" else []:
            yield from _measure([one], rows, corpus, search)
            one.take_exact(rows)
        rows = one.maybe_best()
        yield from _measure([one], rows, corpus, search)
        one.best = max(one.of(rows), default=None)
    return fields


def _measure(fields: Sequence[ArrayField], rows: Sequence[int], corpus: Row, search: VectorSearch) -> Effects[None]:
    """Let the fields of vectors know how well some rows match exactly."""
    if not rows:
        return
    numbers = [corpus["partition_no"] << 32 | row for row in rows]
    found = yield from closeness(corpus, search, numbers=numbers)
    for one in (one for one in fields if one.slack is not None):
        close = found.own if one.own else found.context
        matches, _ = close.matches(search.metric)
        one.exact.update(zip(close.rows.tolist(), matches.tolist(), strict=True))
