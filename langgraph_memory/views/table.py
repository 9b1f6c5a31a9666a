"""A table as a renderer reads it. What goes into one is for records to say, what is drawn of it for renderers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

Surface = Literal["page", "terminal"]
"""Where a table is drawn: a page has room, a terminal needs the ids that are typed again."""


class Cell(NamedTuple):
    """A text with the style that a terminal gives it."""

    text: str
    style: str = ""

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Column:
    """One column: the characters a terminal keeps for it, or that it takes its part of what the line has left.

    `on` is the one surface it is for; without it, the column is on all of them.
    """

    title: str
    width: int | None = None
    stretch: bool = False
    on: Surface | None = None


ID_LENGTH = 8
"""Characters of an id that a terminal shows; enough to name a memory among one owner's."""
ID = Column("id", ID_LENGTH, on="terminal")


@dataclass(frozen=True, slots=True)
class Table:
    """A title, columns, rows of cells in their order, and notes below; `lines` parts the rows of a terminal."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]
    footnotes: Sequence[str] = ()
    lines: bool = False

    @classmethod
    def of(cls, title: str, columns: Sequence[Column | str], rows: Iterable[Sequence[Any]], *footnotes: str) -> Table:
        """Return a table whose columns are given by their titles where there is no more to say of them."""
        told = [Column(one) if isinstance(one, str) else one for one in columns]
        return cls(title, told, [tuple(row) for row in rows], footnotes)

    def on(self, surface: Surface) -> Table:
        """Return it without the columns that are for other surfaces."""
        places = [place for place, one in enumerate(self.columns) if one.on in (None, surface)]
        rows = [[row[place] for place in places] for row in self.rows]
        return replace(self, columns=[self.columns[place] for place in places], rows=rows)
