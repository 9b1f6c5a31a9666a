"""Telling which rows are the closest where an engine says only about how close each of them is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from langgraph_memory.domain.dense import ArrayField, ArrayRelevance
from langgraph_memory.domain.order import BestFirst
from langgraph_memory.domain.vectors import CONTEXT, Close, Closeness, numpy
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Row
from langgraph_memory.operations.rows import VectorSearch, closeness


class ClosestRows:
    """The rows of some partitions that have vectors of their own, closest first; of those as close the oldest first."""

    def __init__(self, search: VectorSearch, found: Sequence[tuple[Row, Close]]) -> None:
        np = numpy()
        found = sorted(found, key=lambda pair: pair[0]["partition_no"])
        self._search = search
        self._corpora: Mapping[int, Row] = {corpus["partition_no"]: corpus for corpus, _ in found}
        numbers = (corpus["partition_no"] << 32 | close.rows.astype("i8") for corpus, close in found)
        self._numbers = np.concatenate([np.empty(0, "i8"), *numbers])
        self._order = BestFirst(
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
        vague = self._order.vague(places)
        exact = yield from self._exact(self._numbers[vague].tolist())
        self._order.settle(vague, [exact[number] for number in self._numbers[vague].tolist()])
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
        vague = self._order.vague(places)
        yield from _measure([one for one, _ in self._relevance.scaled], vague, self._corpus, self._search)
        self._order.settle(vague, self._relevance.of_rows(vague))
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
