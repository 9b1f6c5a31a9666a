"""What shows itself as a table: a record, and a list of records of one kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields
from typing import Any, ClassVar, Self, SupportsIndex, TypeVar, overload

from langgraph_memory.views.html import to_html
from langgraph_memory.views.table import Table
from langgraph_memory.views.words import counted

_NAMED = 3
"""How many records of a list its `repr` names."""
_LONGEST = 40
_PAGE = 500


class Displayable:
    """What a notebook shows as tables."""

    __slots__ = ()

    def tables(self) -> Sequence[Table]:
        """Return the tables that show it."""
        raise NotImplementedError

    def _repr_html_(self) -> str:
        return "".join(map(to_html, self.tables()))


class Tabular(Displayable):
    """A record that is one row of a table, alone or among others of its kind."""

    __slots__ = ()

    things: ClassVar[str] = "records"
    """What several of them are called."""

    @classmethod
    def table(cls, records: Iterable[Any], title: str | None = None) -> Table:
        """Return a table with one row for each record."""
        raise NotImplementedError

    def tables(self) -> Sequence[Table]:
        """Return the table of this record alone."""
        return [type(self).table([self])]

    def row(self) -> dict[str, Any]:
        """Return it as a flat dict."""
        return {one.name: getattr(self, one.name) for one in fields(self)}  # type: ignore[arg-type]

    def label(self) -> str:
        """Return the words that name it in a `repr`."""
        return str(self)


R = TypeVar("R", bound=Tabular)
T = TypeVar("T")


class Records(list[R]):
    """A list of records of one kind that shows itself in a notebook, and whose `repr` stays short."""

    def __init__(self, kind: type[R], records: Iterable[R] = ()) -> None:
        super().__init__(records)
        self.kind = kind

    def rows(self) -> list[dict[str, Any]]:
        """Return each record as a flat dict; a table of them is `pandas.DataFrame(found.rows())`."""
        return [one.row() for one in self]

    def table(self, title: str | None = None) -> Table:
        """Return a table with one row for each record."""
        return self.kind.table(self, title)

    @overload
    def __getitem__(self, place: SupportsIndex) -> R: ...

    @overload
    def __getitem__(self, place: slice) -> Self: ...

    def __getitem__(self, place: SupportsIndex | slice) -> R | Self:
        found = super().__getitem__(place)
        return type(self)(self.kind, found) if isinstance(place, slice) else found  # type: ignore[arg-type, return-value]

    def __repr__(self) -> str:
        named = ", ".join(_short(one.label()) for one in self[:_NAMED])
        more = ", ..." if len(self) > _NAMED else ""
        return f"<{counted(len(self), self.kind.things)}{': ' if self else ''}{named}{more}>"

    def _repr_html_(self) -> str:
        return to_html(self.table())


def every(read: Callable[..., Sequence[T]], **asked: Any) -> Iterator[T]:
    """Yield all that a listing has, page by page."""
    offset = 0
    while page := read(**asked, limit=_PAGE, offset=offset):
        yield from page
        offset += len(page)


def _short(label: str) -> str:
    return label if len(label) <= _LONGEST else f"{label[: _LONGEST - 3]}..."
