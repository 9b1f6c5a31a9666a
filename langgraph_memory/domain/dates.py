"""Reads the dates that a query names, so that memories of that time can be preferred."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

MONTHS = "january february march april may june july august september october november december".split()
_NUMBER = {name: n for n, month in enumerate(MONTHS, 1) for name in (month, month[:3])} | {"sept": 9}
_MONTH = "|".join(sorted(_NUMBER, key=len, reverse=True))
_DAY = r"(?P<{}>[0-3]?\d)(?:st|nd|rd|th)?"
_YEAR = r"(?P<year{}>(?:19|20)\d\d)"
_ISO = re.compile(r"\b(?P<year>(?:19|20)\d\d)-(?P<month>[01]\d)(?:-(?P<day>[0-3]\d))?\b")
_NAMED = re.compile(
    rf"\b(?:{_DAY.format('before')}\s+(?:of\s+)?)?(?P<month>{_MONTH})\b\.?(?:\s+{_DAY.format('after')}\b)?"
    rf"(?:,?\s+(?:of\s+)?{_YEAR.format('')}\b)?",
    re.IGNORECASE,
)
_YEAR_ALONE = re.compile(rf"\b{_YEAR.format('')}\b")
_NEAR = 1
"""Days around a named day that still match it: what happened is often told on the day after."""


@dataclass(frozen=True, slots=True)
class NamedDate:
    """A year, a month or a day of a month, as far as a query names them."""

    year: int | None = None
    month: int | None = None
    day: int | None = None

    def match(self, moment: datetime) -> float:
        """Return 1 for the named day (or month or year where no day is named), 0.5 for its month, else 0."""
        if self.day is not None and self._days_away(moment) <= _NEAR:
            return 1.0
        if self.year not in (None, moment.year) or self.month not in (None, moment.month):
            return 0.0
        return 1.0 if self.day is None else 0.5

    def _days_away(self, moment: datetime) -> int:
        try:
            named = date(self.year or moment.year, self.month or moment.month, self.day or moment.day)
        except ValueError:
            return 366
        return abs((named - moment.date()).days)


def named_dates(query: str) -> list[NamedDate]:
    """Return the dates in `query`: "3 May 2023", "May 3rd", "in March", "2023-05", "2021".

    A month's name that is also a word ("may", "march", "dec") counts when it is capitalised or stands by a number.
    """
    found = [NamedDate(int(m["year"]), int(m["month"]), _whole(m["day"])) for m in _ISO.finditer(query)]
    rest = _ISO.sub(" ", query)
    for match in _NAMED.finditer(rest):
        day, year = _whole(match["before"] or match["after"]), _whole(match["year"])
        if day or year or _is_name(match["month"]):
            found.append(NamedDate(year, _NUMBER[match["month"].lower()], day))
    found += [NamedDate(int(match["year"])) for match in _YEAR_ALONE.finditer(_NAMED.sub(" ", rest))]
    return found


def _is_name(word: str) -> bool:
    """Whether a month without a number is one: a full name, capitalised where a word is spelt the same."""
    return word.lower() in MONTHS and (word[0].isupper() or word.lower() not in ("may", "march", "august"))


def _whole(digits: str | None) -> int | None:
    return None if digits is None else int(digits)
