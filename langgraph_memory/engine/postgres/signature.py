"""The sign that a transaction leaves beside its data, by which another connection can tell that it was committed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from secrets import randbits

_KEPT = 8
_ROWS = {"partition": ("store_partition", "partition"), "thread_id": ("thread", "thread_id")}
"""What a lock is about, and the row of it that is signed: a table and its key."""
_SIGN = """
WITH signed AS (
    UPDATE {table} SET signatures = (%(token)s::bigint || signatures)[1:{kept}] WHERE {key} = %(id)s
    RETURNING signatures[2] AS before
), made AS (
    INSERT INTO {table} ({key}, signatures) SELECT %(id)s, ARRAY[%(token)s::bigint]
    WHERE NOT EXISTS (SELECT FROM signed) ON CONFLICT DO NOTHING
)
SELECT before FROM signed
"""
_SIGNED = "SELECT signatures FROM {table} WHERE {key} = %(id)s"


@dataclass(slots=True)
class Signature:
    """One transaction's sign on the row of a partition or a thread that it has locked.

    The number by which the server knows a transaction does not do: after a crash it is given to another one. A row
    keeps the newest few signs; `before` is the newest that was there, if there was a row at all.
    """

    kind: str
    id: str
    token: int
    existed: bool = False
    before: int | None = None

    @classmethod
    def about(cls, keys: Sequence[str]) -> Signature | None:
        """Return a new sign for the first of some locks that is about a row, if one is."""
        for kind, _, name in (key.partition(" ") for key in keys):
            if kind in _ROWS:
                return cls(kind, name, randbits(63))
        return None

    def params(self) -> dict[str, object]:
        """Return what the statements bind."""
        return {"id": self.id, "token": self.token}

    def sign(self) -> str:
        """Return the statement that signs; its row is the sign `before`, and there is none if the row was not there."""
        return self._statement(_SIGN)

    def look(self) -> str:
        """Return the statement that reads the signs of the row."""
        return self._statement(_SIGNED)

    def is_among(self, signatures: Sequence[int] | None) -> bool | None:
        """Whether the transaction was committed, by what the row now holds; None when that cannot be known.

        It cannot when the row has been removed since, which the transaction itself may have done, or when so many
        others have signed since that this sign would be gone, too.
        """
        if signatures is None:
            return None if self.existed else False
        if self.token in signatures:
            return True
        return False if len(signatures) < _KEPT or self.before in signatures else None

    def _statement(self, sql: str) -> str:
        table, key = _ROWS[self.kind]
        return sql.format(table=table, key=key, kept=_KEPT)
