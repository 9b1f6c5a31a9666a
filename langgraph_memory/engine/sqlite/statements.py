"""Runs the queries of this dialect, most by one statement, some by several.

Statements are bound as `sqlite3` does it fastest: by place. For each value that is bound by name it lets go of the
interpreter's lock, and waits for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from langgraph_memory.cache import CacheBound
from langgraph_memory.effects.effect import Effects, drive
from langgraph_memory.effects.transaction import Answer, Query, Row
from langgraph_memory.engine.named_queries import PARAMETER, RETURNING, load_queries
from langgraph_memory.engine.sqlite.connection import SqliteSettings, translate
from langgraph_memory.engine.sqlite.fresh import FreshShelf, Shelf, posting_answers
from langgraph_memory.engine.sqlite.vectors import Shelves, vector_answers
from langgraph_memory.errors import InvalidInputError

_SET = re.compile(r"json_each\(:([a-z_]+)")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, the names of its parameters in order, and which of them are sets; `many` returns no rows."""

    sql: str
    names: tuple[str, ...]
    sets: frozenset[str]
    many: str

    @classmethod
    def of(cls, sql: str) -> Statement:
        """Return the statement of a query file, whose parameters are written `:name`."""
        names, sets = tuple(PARAMETER.findall(sql)), frozenset(_SET.findall(sql))
        bound = PARAMETER.sub("?", sql)
        return cls(bound, names, sets, RETURNING.split(bound)[0])

    def values(self, params: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return what is bound, every set of values as the JSON array that `json_each` reads."""
        if not self.sets:
            return tuple([params[name] for name in self.names])
        return tuple([_array(params[name]) if name in self.sets else params[name] for name in self.names])


def _array(values: Any) -> str | None:
    """Return some values as a JSON array; what is an array already, or nothing at all, as it is."""
    return json.dumps(list(values)) if isinstance(values, (list, tuple)) else values


def _damaged_text(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape")


class Statements:
    """Every query of this dialect, for any number of connections to one file."""

    def __init__(self, settings: SqliteSettings, bound: CacheBound) -> None:
        self._settings = settings
        self._by_name = {
            name: Statement.of(sql) for name, sql in load_queries("langgraph_memory.engine.sqlite").items()
        }
        self._fresh = FreshShelf(bound)
        self._answers = answers(self._fresh, bound)

    def execute(self, connection: Any, query: Query) -> Sequence[Row]:
        """Run a query on a connection, by one statement or by several."""
        answer = self._answers.get(query.name)
        if answer is None:
            return self._statement(connection, query)
        return drive(answer(query), lambda part: self._statement(connection, part))

    def _statement(self, connection: Any, query: Query) -> Sequence[Row]:
        statement = self._by_name[query.name]
        try:
            if query.rows is None:
                return self._rows(connection, statement.sql, statement.values(query.params))
            params = query.params
            rows = [row if isinstance(row, tuple) else statement.values({**params, **row}) for row in query.rows]
            connection.executemany(statement.many, rows)
            return ()
        except (self._settings.dbapi.Error, UnicodeDecodeError) as error:
            raise translate(error, self._settings.path) from error
        except (UnicodeEncodeError, OverflowError) as error:
            raise InvalidInputError(f"a value cannot be stored: {error}.") from error

    def _rows(self, connection: Any, sql: str, values: Sequence[Any]) -> Sequence[Row]:
        """Read rows; one whose text is damaged and no Unicode any more is read too, so that it can be named."""
        try:
            rows: Sequence[Row] = connection.execute(sql, values).fetchall()
        except self._settings.dbapi.OperationalError as error:
            if "decode to UTF-8" not in str(error):
                raise
            decode, connection.text_factory = connection.text_factory, _damaged_text
            try:
                rows = connection.execute(sql, values).fetchall()
            finally:
                connection.text_factory = decode
        return rows

    def transact(self, connection: Any, sql: str) -> None:
        """Run a command of the writer's; rows count as stored once a commit has said so."""
        if sql != "COMMIT" and self._fresh.noted:
            self._fresh.forget_noted()
        try:
            connection.execute(sql)
        except self._settings.dbapi.Error as error:
            raise translate(error, self._settings.path) from error
        if sql == "COMMIT" and self._fresh.noted:
            self._fresh.confirm_noted()

    def command(self, connection: Any, sql: str) -> None:
        """Run what returns nothing."""
        try:
            connection.execute(sql)
        except self._settings.dbapi.Error as error:
            raise translate(error, self._settings.path) from error


def answers(fresh: FreshShelf, bound: CacheBound) -> Mapping[str, Answer]:
    """Return the queries that are answered by several statements; `fresh` keeps the newest rows at hand."""
    return {
        **vector_answers(Shelves(Shelf(bound), Shelf(bound), Shelf(bound), Shelf(bound))),
        **posting_answers(fresh),
        "partition": _partition,
        "put_checkpoint_at_once": _nothing,
        "put_writes_at_once": _nothing,
        "put_items_at_once": _put_items,
        "index_items": _index_items,
    }


def _nothing(_query: Query) -> Effects[Sequence[Row]]:
    """Leave it to one statement after another, each of which costs no round trip here."""
    yield from ()
    return ()


def _put_items(query: Query) -> Effects[Sequence[Row]]:
    """Store plain items, each in place of what is there; a new one takes a number at the end of its partition."""
    items, now = query.params["items"], query.params["now"]
    names = list(dict.fromkeys(item[0] for item in items))
    known: Sequence[Row] = yield Query("last_numbers", {"partitions": names})
    last = {row["partition"]: row["last"] for row in known}
    yield from _add_partitions(names, last)
    if any(row["has_vectors"] for row in known):
        yield Query("delete_vectors_at", rows=[item[:3] for item in items])
    numbers = {partition: count(number + 1) for partition, number in last.items()}
    yield Query("put_plain_item", rows=[(next(numbers[item[0]]), *item, now, now) for item in items])
    return known or ({"last": 0},)


def _add_partitions(names: Sequence[str], last: dict[str, int]) -> Effects[None]:
    """Make the partitions that are in none of `last`, and tell it the number before the first of each."""
    for partition in names:
        if partition not in last:
            (made,) = yield Query("new_partition", {"partition": partition})
            last[partition] = made["partition_no"] << 32


def _index_items(query: Query) -> Effects[Sequence[Row]]:
    """Note the terms of items, in the order of their numbers, and put those that are fresh into the index together."""
    yield query._replace(name="index_item")
    yield Query("index_up_to", {"partition": query.params["partition"], "last": query.params["last"]})
    return ()


def _partition(query: Query) -> Effects[Sequence[Row]]:
    """Return a partition's number; nothing is written where there is one."""
    rows: Sequence[Row] = yield Query("known_partition", query.params)
    return rows or (yield Query("new_partition", query.params))
