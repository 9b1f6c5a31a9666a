"""One operation's transaction: its snapshot or its locks, its statements, and what takes several of them."""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import cached_property
from typing import Any, NamedTuple

import psycopg

from langgraph_memory.effects.effect import Effects, drive
from langgraph_memory.effects.transaction import Answer, Query, Row
from langgraph_memory.engine.named_queries import PARAMETER, RETURNING
from langgraph_memory.engine.postgres.connection import (
    SESSION,
    Blobs,
    Connection,
    Embedding,
    Floats,
    Numbers,
    PostgresSettings,
    Texts,
    session_values,
)
from langgraph_memory.engine.postgres.errors import translate
from langgraph_memory.engine.postgres.signature import Signature
from langgraph_memory.errors import InvalidInputError

_HEADER = 4
_KINDS: Mapping[str, type[Texts | Numbers | Blobs | Floats]] = {
    **dict.fromkeys(("base_tails", "base_ends", "addresses", "counts", "places", "ends", "word_counts"), Numbers),
    **dict.fromkeys(("base_runs", "chunks", "shared_values", "shared_runs", "values"), Blobs),
    "lifetimes": Floats,
}
"""Which lists hold something else than texts."""
_ITEM = ("partitions", "namespaces", "ids", "jsons", "lifetimes", "ends", "words", "word_counts")
"""The columns of a plain item, in their order."""


def answers() -> dict[str, Answer]:
    """Return the queries that are answered by several statements, or by one of several."""
    return {
        "closeness": _closeness,
        "put_setting": _put_setting,
        "vectors_of_rows": _vectors_of_rows,
        "settle_index": _settled,
        "put_checkpoint_at_once": _put_checkpoint,
        "put_writes_at_once": _put_writes,
        "put_items_at_once": _put_items,
    }


def _put_checkpoint(query: Query) -> Effects[Sequence[Row]]:
    """Store a checkpoint by one statement; a row says where its elements are, and none that nothing was stored."""
    params, placed = query.params["parts"]()
    (found,) = yield Query("store_checkpoint", _arrays(params))
    return [{"placed": placed}] if found["stored"] else ()


def _put_writes(query: Query) -> Effects[Sequence[Row]]:
    """Store pending writes by one statement."""
    rows: Sequence[Row] = yield Query("store_writes", _arrays(query.params["parts"]()))
    return rows


def _put_items(query: Query) -> Effects[Sequence[Row]]:
    """Store plain items by one statement."""
    columns = dict(zip(_ITEM, map(list, zip(*query.params["items"], strict=True)), strict=True))
    rows: Sequence[Row] = yield Query("store_items", _arrays({"now": query.params["now"], **columns}))
    return rows


def _arrays(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is bound with its lists as the arrays that the statement casts them to."""
    return {name: _KINDS.get(name, Texts)(one) if isinstance(one, list) else one for name, one in params.items()}


def _settled(_query: Query) -> Effects[Sequence[Row]]:
    """Do nothing: every row is in the text index from the first."""
    yield from ()
    return ()


def _closeness(query: Query) -> Effects[Sequence[Row]]:
    """Compare a query with every vector of a partition; those compared by cosine were stored with length 1."""
    name = "closeness_by_distance" if query.params["metric"] == "l2" else "closeness_by_product"
    rows: Sequence[Row] = yield Query(name, {"partition": query.params["partition"], "vector": query.params["vector"]})
    return rows


def _put_setting(query: Query) -> Effects[Sequence[Row]]:
    """Write a setting; the first index brings pgvector, which its vectors need."""
    if query.params["name"] == "index":
        yield Query("create_vector_extension")
        yield Query("add_embedding_column")
    rows: Sequence[Row] = yield Query("write_setting", query.params)
    return rows


def _vectors_of_rows(query: Query) -> Effects[Sequence[Row]]:
    """Return the vectors of some rows as float32 bytes, little endian; none before there is an index."""
    (column,) = yield Query("embedding_column")
    if not column["there"]:
        return ()
    rows = yield Query("stored_vectors", query.params)
    return [{"memory_no": row["memory_no"], "field": row["field"], "vector": _numbers(row["vector"])} for row in rows]


def _numbers(sent: bytes) -> bytes:
    """Return the numbers of a vector in the binary form of pgvector: after four bytes, big endian."""
    numbers = array("f", sent[_HEADER:])
    numbers.byteswap()
    return numbers.tobytes()


# A write says nothing of its access: on a standby it begins all the same, and is refused only if it changes something.
_BEGIN = {
    True: "BEGIN ISOLATION LEVEL READ COMMITTED",
    False: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
}
_LOCK_ONE = "SELECT pg_advisory_xact_lock(hashtextextended(%(key)s, 7))"
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(key, 7)) FROM unnest(%(keys)s::text[]) AS key"
_NESTED = ("keys", "stretches")
_THREADS = ("thread_id", "source_thread_id", "name")


class Statement(NamedTuple):
    """One statement as psycopg takes it, and whether it returns rows."""

    sql: str
    returns: bool

    @classmethod
    def of(cls, sql: str) -> Statement:
        """Return the statement of a query file, whose parameters are written `:name`."""
        changes = re.match(r"(--.*\n)*(INSERT|UPDATE|DELETE|CREATE|ALTER|DO)\b", sql) is not None
        returns = not changes or RETURNING.search(sql) is not None
        return cls(PARAMETER.sub(r"%(\1)s", sql.replace("%", "%%")), returns)


class MoreWantedError(Exception):
    """An operation that runs without a transaction needs a second statement."""


class PostgresTransaction:
    """Runs the statements of one operation on one connection.

    A reader sees one moment. A writer locks each partition or thread before its first statement about it, until the
    end: so those who write about the same one come one after another, and what an operation has read of it stays so.

    Statements are sent without waiting for their end; only one whose rows are needed is waited for. An error may
    therefore be raised by a later statement than the one that it is of, and by the commit at the latest.

    One that `signs` can be recognised after its commit.
    """

    def __init__(
        self,
        connection: Connection,
        settings: PostgresSettings,
        statements: Mapping[str, Statement],
        answers: Mapping[str, Answer],
        *,
        writes: bool,
        signs: bool = False,
    ) -> None:
        self._connection = connection
        self._settings = settings
        self._statements = statements
        self._answers = answers
        self._writes = writes
        self._signs = signs
        self._pipeline = ExitStack()
        self._signature: Signature | None = None
        self._glanced = False
        self.keys: set[str] = set()

    @cached_property
    def _cursor(self) -> psycopg.Cursor[dict[str, Any]]:
        """What runs statements whose rows nobody reads."""
        return self._connection.cursor(binary=True)

    @cached_property
    def _signing(self) -> psycopg.Cursor[dict[str, Any]]:
        return self._connection.cursor(binary=True)

    def begin(self, keys: Iterable[str] = (), *, lasting: bool = True) -> None:
        """Begin, with the locks on `keys` from the start; unless it is `lasting` the commit will not await the disk."""
        with self._translated():
            self._pipeline.enter_context(self._connection.pipeline())
            self._cursor.execute(_BEGIN[self._writes and not self._settings.read_only])
            if not self._settings.prepare:  # the next transaction may be another session's
                self._cursor.execute(SESSION, session_values(self._settings, local=True))
            if not lasting:
                self._cursor.execute("SET LOCAL synchronous_commit = off")
        self._lock(set(keys))

    def execute(self, query: Query) -> Sequence[Row]:
        """Run one query of an operation and return its rows."""
        answer = self._answers.get(query.name)
        return self._statement(query) if answer is None else drive(answer(query), self._statement)

    def glance(self, query: Query) -> Sequence[Row]:
        """Run the only statement of an operation, which needs no transaction; raises MoreWantedError at another."""
        answer = self._answers.get(query.name)
        return self._only(query) if answer is None else drive(answer(query), self._only)

    def _only(self, query: Query) -> Sequence[Row]:
        if self._glanced:
            raise MoreWantedError
        self._glanced = True
        return self._statement(query)

    def prepare(self) -> Signature | None:
        """Return the sign by which this transaction will be known, or None when it has left none."""
        if self._signature is not None:
            with self._translated():
                row = self._signing.fetchone()
            if row is not None:
                self._signature.existed, self._signature.before = True, row["before"]
        return self._signature

    def commit(self) -> None:
        """End the transaction, and wait for the end of it and of every statement."""
        with self._translated():
            self._cursor.execute("COMMIT")
            self._pipeline.close()

    def abandon(self) -> None:
        """Roll back as well as the connection still can."""
        with suppress(psycopg.Error):  # it is why the transaction is abandoned
            self._pipeline.close()
        try:
            self._cursor.execute("ROLLBACK")
        except psycopg.Error:
            self._connection.close()  # which rolls back, too

    def has_kept(self, signature: Signature) -> bool | None:
        """Whether the transaction that left this sign was committed; None when that can no longer be known."""
        with self._translated():
            row = self._cursor.execute(signature.look(), signature.params()).fetchone()
        return signature.is_among(None if row is None else row["signatures"])

    def _lock(self, keys: set[str]) -> None:
        """Wait for the locks on `keys` that are not held yet, in an order that is the same for everyone."""
        wanted = sorted(keys - self.keys)
        if not wanted:
            return
        with self._translated():
            if len(wanted) == 1:
                self._cursor.execute(_LOCK_ONE, {"key": wanted[0]})
            else:
                self._cursor.execute(_LOCK, {"keys": wanted})
            self.keys.update(wanted)
            if self._signs and self._signature is None:
                self._sign(wanted)

    def _sign(self, locked: Sequence[str]) -> None:
        self._signature = Signature.about(locked)
        if self._signature is not None:
            self._signing.execute(self._signature.sign(), self._signature.params())

    def _statement(self, query: Query) -> Sequence[Row]:
        if self._writes:
            self._lock(keys_of(query))
        statement = self._statements[query.name]
        with self._translated():
            if query.rows is not None:
                for row in query.rows:
                    self._cursor.execute(statement.sql, _bind({**query.params, **row}))
                return ()
            if not statement.returns:
                self._cursor.execute(statement.sql, _bind(query.params))
                return ()
            # a cursor of its own: on one that was used before, the rows of that statement may arrive only now
            cursor = self._connection.cursor(binary=True)
            return cursor.execute(statement.sql, _bind(query.params)).fetchall()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            raise translate(error, self._settings.name) from error
        except (UnicodeEncodeError, OverflowError) as error:
            raise InvalidInputError(f"a value cannot be stored: {error}.") from error


def keys_of(query: Query) -> set[str]:
    """Return what a statement is about: the partitions it names, else the threads, else the setting."""
    named = (query.params, *(query.rows or ()))
    partitions = {f"partition {one['partition']}" for one in named if one.get("partition") is not None}
    partitions |= {f"partition {one}" for one in query.params.get("partitions", ())}
    return partitions or {
        f"{name.removeprefix('source_')} {one[name]}" for one in named for name in _THREADS if one.get(name) is not None
    }


def _bind(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _bound(name, value) for name, value in params.items()}


def _bound(name: str, value: Any) -> Any:
    """Return a value as the statements expect it: lists of lists as JSON, other lists as arrays, vectors as such."""
    if name in _NESTED:
        return json.dumps(value)
    if isinstance(value, tuple):
        return list(value)
    return Embedding(value) if name == "vector" else value
