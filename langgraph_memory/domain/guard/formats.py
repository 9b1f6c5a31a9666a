"""What the guard knows by its form: read once from `formats.toml`, a row for each form, with source and date."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

UUID_FORM: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
"""A UUID in lower case (RFC 9562)."""
_HERE: Final = files("langgraph_memory.domain.guard")
_ROWS: Final[dict[str, list[dict[str, Any]]]] = tomllib.loads((_HERE / "formats.toml").read_text("utf-8"))


_OWN_SCRIPT: Final = frozenset("ru uk ja zh ko hi ar fa he el th vi".split())
"""Languages in which nothing is written in ASCII alone."""


@dataclass(frozen=True, slots=True)
class Format:
    """One documented form; `unless` is what, right before it, makes it something else.

    Each text that it fits holds one of `signs`, if it has any, and in its `own_script` letters beyond ASCII: most texts
    are seen to hold none of a form without trying it at each letter.
    """

    name: str
    pattern: re.Pattern[str]
    unless: re.Pattern[str] | None = None
    signs: tuple[str, ...] = ()
    own_script: bool = False

    def fits(self, text: str, lowered: str) -> bool:
        """Return whether the form is anywhere in `text`, of which `lowered` is the lower case."""
        if self.own_script and text.isascii():
            return False
        return (not self.signs or any(map(lowered.__contains__, self.signs))) and self.pattern.search(text) is not None

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where in `text` what is to be masked stands."""
        group = "value" if "value" in self.pattern.groupindex else 0
        for match in self.pattern.finditer(text):
            if self.unless is None or not self.unless.search(text[max(0, match.start() - 60) : match.start()]):
                yield match.span(group)


def formats(table: str) -> tuple[Format, ...]:
    """Return the forms of a table: `secret`, `order`, `national_id`, `account`, `card` or `placeholder`."""
    return tuple(_format(row) for row in _ROWS[table])


def words(table: str, kind: str | None = None) -> tuple[str, ...]:
    """Return the words of a table in every language: `keyword`, `copula` or `no_value`."""
    rows = (row for row in _ROWS[table] if kind is None or row["kind"] == kind)
    return tuple(word for row in rows for word in row["words"])


@cache
def seed_words() -> frozenset[str]:
    """Return the words that a wallet's recovery phrase is made of (BIP 39, English; the MIT-licensed list)."""
    return frozenset((_HERE / "seed_words.txt").read_text("ascii").split())


def any_of(patterns: tuple[Format, ...]) -> re.Pattern[str]:
    """Return one pattern that is found where any of these is, to see at once that none is."""
    return re.compile("|".join(f"(?:{_bare(one.pattern)})" for one in patterns))


def _format(row: dict[str, Any]) -> Format:
    unless = row.get("unless")
    flags = re.IGNORECASE if "language" in row else 0
    pattern, signs = re.compile(row["pattern"], flags), tuple(row.get("signs", ()))
    own_script = row.get("language") in _OWN_SCRIPT
    return Format(row["name"], pattern, None if unless is None else re.compile(unless), signs, own_script)


def _bare(pattern: re.Pattern[str]) -> str:
    """Return a pattern without names, and with its flags in its own group."""
    plain = pattern.pattern.replace("(?P<value>", "(?:")
    return f"(?i:{plain.removeprefix('(?i)')})" if plain.startswith("(?i)") or pattern.flags & re.IGNORECASE else plain
