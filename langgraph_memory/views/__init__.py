"""What is shown of records: a record gives a table, a renderer draws it. HTML is here, the terminal is in `cli`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from functools import cache
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, Self, SupportsIndex, TypeVar, overload

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage


_IN_WORDS = {
    "lexical": "words it shares",
    "semantic": "meaning",
    "context": "what stood around it",
    "asked": "the question it answers",
    "subject": "whom it is about",
    "date": "the time asked for",
    "question": "asks itself",
    "recency": "how new it is",
    "importance": "how important it is",
    "confidence": "how certain it is",
    "scope": "how near its scope is",
}
"""What the parts of a score are, for people; other names are words already."""
_VERBS = {"are": "is", "have": "has", "were": "was"}


def counted(number: int, things: str) -> str:
    """Return a number of things that are named in the plural; what has none, as "audit", stays as it is."""
    return f"{number:,} {_singular(things) if number == 1 else things}"


def agreeing(number: int, verb: str) -> str:
    """Return a verb that is given in the plural in the form that goes with a number of things."""
    return verb if number != 1 else _VERBS.get(verb, f"{verb}s")


def listed(counts: Iterable[tuple[str, int]]) -> str:
    """Return in words how many there are of each kind, leaving out what there is none of."""
    return ", ".join(counted(number, things) for things, number in counts if number) or "nothing"


def in_words(parts: Mapping[str, float], against: str = "") -> str:
    """Return the parts of a score that count, each in words with what it adds, and what contradicts the memory."""
    named = ", ".join(f"{_IN_WORDS.get(name, name)} {part:.3f}" for name, part in parts.items() if abs(part) >= 0.0005)
    return f"{named}; conflicts with: {against}" if against else named


def minute(moment: datetime) -> str:
    """Return a moment to the minute."""
    return moment.strftime("%Y-%m-%d %H:%M")


def spaced(name: str) -> str:
    """Return a name that is written with underscores as words."""
    return name.replace("_", " ")


def _singular(things: str) -> str:
    if things.endswith("ies"):
        return f"{things[:-3]}y"
    return things.removesuffix("s")


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


def to_html(table: Table) -> str:
    """Return a table as HTML with its style, which can stand anywhere in a page."""
    shown = table.on("page")
    titles = "".join(f"<th>{escape(one.title)}</th>" for one in shown.columns)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in shown.rows)
    notes = "".join(
        f'<tr><td colspan="{len(shown.columns)}"><em>{escape(note)}</em></td></tr>'
        for note in (*(() if shown.rows else ("nothing",)), *shown.footnotes)
    )
    return (
        f'<div class="lgm"><style>{_css()}</style><table class="lgm"><caption>{escape(shown.title)}</caption>'
        f"<thead><tr>{titles}</tr></thead><tbody>{body}{notes}</tbody></table></div>"
    )


@cache
def _css() -> str:
    return files("langgraph_memory.views").joinpath("style.css").read_text(encoding="utf-8")


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


def messages_table(messages: Iterable[BaseMessage], title: str = "thread") -> Table:
    """Return one row for each message; what is not text is named in brackets."""
    return Table.of(title, ("who", "message"), [(Cell(one.type, "dim"), message_text(one)) for one in messages])


def thread_html(messages: Iterable[BaseMessage], title: str = "thread") -> str:
    """Return the same as HTML."""
    return to_html(messages_table(messages, title))


def message_text(message: BaseMessage) -> str:
    """Return a message's text, with the kinds of its other parts and the tools it calls."""
    parts = message.content if isinstance(message.content, list) else []
    kinds = [str(part.get("type", "part")) for part in parts if isinstance(part, dict)]
    others = [f"[{kind}]" for kind in kinds if kind not in ("text", "tool_use", "tool_call")]
    calls = [f"[calls {call['name']}]" for call in getattr(message, "tool_calls", ())]
    return " ".join(filter(None, (message.text, *others, *calls)))
