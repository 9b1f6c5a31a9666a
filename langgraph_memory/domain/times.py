"""Reads the dates of a text, and turns "tomorrow", "last month" and "until March" into dates by when it was said.

Written here because the general parsers do not read these phrases inside a sentence: dateparser knows neither "on the
22nd" nor "until March", takes "may" and "second" for dates, and knows no direction: "on Friday we shipped" is past,
"on Friday I fly" is to come.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple

MONTHS = "january february march april may june july august september october november december".split()
_NUMBER = {name: n for n, month in enumerate(MONTHS, 1) for name in (month, month[:3])} | {"sept": 9}
_MONTH_NAME = "|".join(sorted(_NUMBER, key=len, reverse=True))
_DAY_NUMBER = r"(?P<{}>[0-3]?\d)(?:st|nd|rd|th)?"
_YEAR = r"(?P<year{}>(?:19|20)\d\d)"
_ISO = re.compile(r"\b(?P<year>(?:19|20)\d\d)-(?P<month>[01]\d)(?:-(?P<day>[0-3]\d))?\b")
_NAMED = re.compile(
    rf"\b(?:{_DAY_NUMBER.format('before')}\s+(?:of\s+)?)?(?P<month>{_MONTH_NAME})\b\.?(?:\s+{_DAY_NUMBER.format('after')}\b)?"
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


_DAYS: Final = "monday tuesday wednesday thursday friday saturday sunday".split()
_SEASONS: Final = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
"""The first month of each season in the northern half of the world (meteorological)."""
_COUNTS: Final = {
    "a": 1,
    "an": 1,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "ten": 10,
}
_COUNT = rf"(?:\d{{1,3}}|{'|'.join(_COUNTS)}|a couple of|a few)"
_UNIT = r"(?:day|week|month|year)"
_MONTH = rf"(?:{'|'.join(MONTHS)}|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)"
_DAY = rf"(?:{'|'.join(_DAYS)})"
_PAST = re.compile(
    r"\b(?:was|were|had|did|went|got|bought|sold|left|lost|met|quit|flew|started|became|broke|died|\w{3,}ed)\b", re.I
)
_COMING = re.compile(r"\b(?:will|going|is|are|am|'ll|have|has|plan\w*|book\w*|schedul\w*|due|deadline)\b", re.I)
_MOVED = re.compile(
    r"\b(?:(?:was|were|been|be|got|gets|is|has|have|they|they've)\s+(?:\w+\s+)?)*"
    r"(?:postponed|delayed|rescheduled|extended)\b"
    r"|\b(?:was|were|been|be|got|gets|is|they|they've)\s+(?:\w+\s+)?(?:pushed|moved|shifted|changed|bumped|booked|scheduled)\b",
    re.I,
)
"""What was done to a time that was still to come: "they postponed it, the new deadline: 10 March"."""
_AIMED = re.compile(r"\b(?:to|until|till|for|by)\s+(?:the\s+)?$", re.I)
"""What a time stands behind that was still to come: "postponed to", "booked for"."""
_PHRASE = re.compile(
    rf"\b(?P<until>(?:until|till|til|through)\s+(?:the\s+)?(?:end\s+of\s+)?)?(?:"
    rf"(?P<named>day after tomorrow|day before yesterday|today|tonight|tomorrow|yesterday"
    rf"|this (?:morning|afternoon|evening)|last night)"
    rf"|(?P<which>next|last|this|coming)\s+(?P<period>week|weekend|month|year|spring|summer|autumn|fall|winter|{_DAY}|"
    rf"{_MONTH})"
    rf"|in\s+(?P<ahead>{_COUNT})\s+(?P<ahead_unit>{_UNIT})s?(?!\s+(?:old|of))"
    rf"|(?P<back>{_COUNT})\s+(?P<back_unit>{_UNIT})s?\s+ago"
    rf"|(?:the\s+)?end of (?P<end>this|the|next)\s+(?P<end_period>week|month|year)"
    rf"|(?:on\s+)?(?:the\s+)?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<month>{_MONTH})\b(?!\s*,?\s*\d{{4}})"
    rf"|(?P<month_first>{_MONTH})\.?\s+(?P<day_after>\d{{1,2}})(?:st|nd|rd|th)?\b(?!\s*,?\s*\d{{4}})(?![:.]?\d)"
    rf"|on the (?P<ordinal>\d{{1,2}})(?:st|nd|rd|th)"
    rf"|on (?P<weekday>{_DAY})\b(?!s)"
    rf"|(?P<in_month>(?:in|since|by)\s+)(?P<month_alone>{'|'.join(MONTHS)})\b(?!\s*,?\s*(?:\d|of))"
    rf"|(?P<bare_year>(?:19|20)\d\d)|(?P<bare_month>{'|'.join(MONTHS)})(?!\s*\d)"
    rf")\b",
    re.IGNORECASE,
)
_AGE = re.compile(rf"\b{_COUNT}[ -](?:day|week|month)s?[ -]old\b", re.IGNORECASE)
_RELATIVE: Final = ("named", "which", "ahead", "back", "end", "ordinal", "weekday")
"""What of a phrase is read by the moment it is said at; a month or a year alone is a date like any other."""
_NEWEST = re.compile(r"\b(?:latest|newest|most recent(?:ly)?|currently|nowadays|these days|right now)\b", re.IGNORECASE)
_STANDING = re.compile(r"\b(?:every|each|always|never|usually|weekly|daily|monthly)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Span:
    """A run of days, first and last, and how precisely it is known: "day", "month" or "year"."""

    first: date
    last: date
    precision: str = "day"

    def match(self, moment: datetime) -> float:
        """Return 1 for a moment in it; a day beside a single day counts as well."""
        near = timedelta(days=int(self.first == self.last))
        return float(self.first - near <= moment.date() <= self.last + near)

    def __str__(self) -> str:
        if self.precision == "year":
            return f"{self.first:%Y}"
        if self.precision == "month" or (self.first.day == 1 and self.first != self.last and _ends_month(self)):
            return f"{self.first:%B %Y}"
        if self.first == self.last:
            return _written(self.first)
        return f"{_written(self.first)} to {_written(self.last)}"


@dataclass(frozen=True, slots=True)
class Newest:
    """What a question for the latest asks for, as of the moment it is asked."""

    at: datetime

    def match(self, moment: datetime) -> float:
        """Return 1 for now, a half for a month ago, and ever less for what is older."""
        days = abs((self.at - moment).total_seconds()) / 86400
        return 30.0 / (30.0 + days)


COMING_KEPT: Final = timedelta(days=365)
"""How long an event that was to come is kept after its day."""


@dataclass(frozen=True, slots=True)
class Dated:
    """A statement whose relative times have dates; since when and until when it holds, where it says so."""

    content: str
    valid_from: datetime | None = None
    expires_at: datetime | None = None
    happens: Span | None = None


def dated(content: str, said_at: datetime) -> Dated:
    """Return `content` with a date behind each relative time in it, as of `said_at` in the speaker's time zone.

    A time that begins with "until" says until when it holds, an age of weeks or months is given the month it is true
    of; "every Friday" stays as it is.
    """
    if _STANDING.search(content):
        return Dated(content)
    found = _phrases(content, said_at.date())
    happens = next((one.span for one in found if not one.until and not one.is_bare), None)
    since = None if happens is None else _midnight(happens.first, said_at)
    return Dated(_with_dates(content, found, said_at.date()), since, _ends(found, said_at), happens)


class _Phrase(NamedTuple):
    """A phrase that names a time: where it ends, its days, whether it is an end, and a month or a year alone."""

    end: int
    span: Span
    until: bool
    is_bare: bool


def _phrases(content: str, today: date) -> list[_Phrase]:
    found = ((match, _span(match, today, content)) for match in _PHRASE.finditer(content))
    return [
        _Phrase(match.end(), span, bool(match["until"]), _is_bare(match)) for match, span in found if span is not None
    ]


def _ends(found: Sequence[_Phrase], said_at: datetime) -> datetime | None:
    """Return when the last time is over that something holds until, unless that was before it was said."""
    until = [one.span for one in found if one.until]
    end = _midnight(until[-1].last + timedelta(days=1), said_at) if until else said_at
    return end if end > said_at else None


def _with_dates(content: str, found: Sequence[_Phrase], today: date) -> str:
    """Return a statement with the date behind each phrase that is none itself."""
    behind = {one.end: f" ({one.span})" for one in found if not one.is_bare}
    written = _PHRASE.sub(lambda match: match[0] + behind.get(match.end(), ""), content)
    return _AGE.sub(lambda age: f"{age[0]} (as of {today:%B %Y})", written)


def _is_bare(match: re.Match[str]) -> bool:
    """Return whether a phrase is a month or a year alone, a date already."""
    return bool(match["bare_year"] or match["bare_month"])


def _midnight(day: date, said_at: datetime) -> datetime:
    """Return when a day begins where the speaker is."""
    return datetime.combine(day, time(), said_at.tzinfo or UTC).astimezone(UTC)


def asked_times(query: str, at: datetime) -> list[Span | Newest]:
    """Return the times that a question asked `at` a moment names by it: "last spring", "next week", "the latest"."""
    relative = (match for match in _PHRASE.finditer(query) if any(match[group] for group in _RELATIVE))
    spans = (_span(match, at.date(), query) for match in relative)
    newest = [Newest(at)] if _NEWEST.search(query) else []
    return [*(span for span in spans if span is not None), *newest]


_BESIDE = re.compile(
    r"(?<!before or )(?<!after or )\b(?P<side>before|after|since|until|till)\s+"
    r"(?P<event>(?:the|my|our|his|her|their|i|we|he|she|they)\s+[^?.,;!]{3,60})",
    re.IGNORECASE,
)
"""A side of an event, as "before the move"; not which side of it something is."""


@dataclass(frozen=True, slots=True)
class SideOfEvent:
    """The time before or after an event."""

    at: datetime
    before: bool

    def match(self, moment: datetime) -> float:
        """Return 1 for a moment on that side, else 0; the event itself is on neither."""
        return float(moment < self.at if self.before else moment > self.at)


def event_named(query: str) -> tuple[bool, str] | None:
    """Return whether a query asks for what was before an event, else after it, and what it calls the event."""
    found = _BESIDE.search(query)
    return None if found is None else (found["side"].lower() not in ("after", "since"), found["event"].strip())


def event_expires_at(happens: Span | None, said_at: datetime) -> datetime | None:
    """Return when an event that was still to come when it was told stops to matter; None for a past or undated one."""
    if happens is None or happens.last < said_at.date():
        return None
    return _midnight(happens.last, said_at) + COMING_KEPT


def _span(match: re.Match[str], today: date, content: str) -> Span | None:
    """Return the days that a phrase names, or None where they are not relative or not certain."""
    if _is_bare(match) and not match["until"]:
        return None
    try:
        return next((read(match, today, content) for group, read in _READERS if match[group]), None)
    except (ValueError, OverflowError):  # 31 June
        return None


def _named(match: re.Match[str], today: date, _content: str) -> Span:
    name = match["named"].lower()
    moved = {"day after tomorrow": 2, "tomorrow": 1, "yesterday": -1, "last night": -1, "day before yesterday": -2}
    day = today + timedelta(days=moved.get(name, 0))
    return Span(day, day)


def _period(match: re.Match[str], today: date, _content: str) -> Span:
    step = {"next": 1, "coming": 1, "this": 0, "last": -1}[match["which"].lower()]
    period = match["period"].lower()
    if period in ("week", "weekend"):
        monday = today - timedelta(days=today.weekday()) + timedelta(weeks=step)
        return Span(monday + timedelta(days=5 if period == "weekend" else 0), monday + timedelta(days=6))
    if period == "month":
        return _whole_month(today, step)
    if period == "year":
        return Span(date(today.year + step, 1, 1), date(today.year + step, 12, 31), "year")
    if period in _DAYS:
        return _weekday(_DAYS.index(period), today, past=step < 0)
    first = _SEASONS.get(period) or _month_number(period)
    year = _year_of(first, today, step)
    return _season(first, year) if period in _SEASONS else _month_of(first, year)


def _ahead(match: re.Match[str], today: date, _content: str) -> Span:
    return _moved(today, _count(match["ahead"]), match["ahead_unit"].lower())


def _back(match: re.Match[str], today: date, _content: str) -> Span:
    return _moved(today, -_count(match["back"]), match["back_unit"].lower())


def _end_of(match: re.Match[str], today: date, _content: str) -> Span:
    step = 1 if match["end"].lower() == "next" else 0
    period = match["end_period"].lower()
    if period == "week":
        sunday = today + timedelta(days=6 - today.weekday(), weeks=step)
        return Span(sunday, sunday)
    last = _whole_month(today, step).last if period == "month" else date(today.year + step, 12, 31)
    return Span(last, last)


def _day_and_month(match: re.Match[str], today: date, content: str) -> Span:
    month = _month_number(match["month"] or match["month_first"])
    number = int(match["day"] or match["day_after"])
    day = date(today.year, month, number)
    if _is_past(content, match):
        day = day if day <= today else date(today.year - 1, month, number)
    elif day < today:
        day = date(today.year + 1, month, number)
    return Span(day, day)


def _ordinal(match: re.Match[str], today: date, content: str) -> Span:
    past = _is_past(content, match)
    for step in (0, -1, -2) if past else (0, 1, 2):
        month = _whole_month(today, step).first
        if int(match["ordinal"]) <= monthrange(month.year, month.month)[1]:
            day = month.replace(day=int(match["ordinal"]))
            if (day <= today) if past else (day >= today):
                return Span(day, day)
    raise ValueError("no such day")


def _on_weekday(match: re.Match[str], today: date, content: str) -> Span:
    return _weekday(_DAYS.index(match["weekday"].lower()), today, past=_is_past(content, match))


def _month_alone(match: re.Match[str], today: date, content: str) -> Span:
    month = _month_number(match["month_alone"] or match["bare_month"])
    since = (match["in_month"] or "").lower().startswith("since")
    past = since or (not match["until"] and _is_past(content, match))
    year = today.year
    if past and month > today.month:
        year -= 1
    elif not past and month < today.month:
        year += 1
    return _month_of(month, year)


def _year(match: re.Match[str], _today: date, _content: str) -> Span:
    year = int(match["bare_year"])
    return Span(date(year, 1, 1), date(year, 12, 31), "year")


_READERS: Final[tuple[tuple[str, Callable[[re.Match[str], date, str], Span]], ...]] = (
    ("named", _named),
    ("which", _period),
    ("ahead", _ahead),
    ("back", _back),
    ("end", _end_of),
    ("day", _day_and_month),
    ("month_first", _day_and_month),
    ("ordinal", _ordinal),
    ("weekday", _on_weekday),
    ("month_alone", _month_alone),
    ("bare_month", _month_alone),
    ("bare_year", _year),
)


def _is_past(content: str, match: re.Match[str]) -> bool:
    """Return whether the verb nearest before a time is a past one, or, where there is none, any after it.

    A time that something was moved to or planned for is none of the past.
    """
    before = content[: match.start()]
    moved = _MOVED.search(before) is not None
    if _AIMED.search(before) or (moved and match["until"]):
        return False
    past = _last(_PAST, _MOVED.sub(lambda other: " " * len(other[0]), before))
    coming = _last(_COMING, before)
    if moved or past >= 0 or coming >= 0:
        return past > coming
    return _PAST.search(content, match.end()) is not None and _COMING.search(content, match.end()) is None


def _last(pattern: re.Pattern[str], text: str) -> int:
    return max((found.start() for found in pattern.finditer(text)), default=-1)


def _weekday(day: int, today: date, *, past: bool) -> Span:
    away = (day - today.weekday()) % 7
    found = today + timedelta(days=away - 7 if past and away else -7 if past else away or 7)
    return Span(found, found)


def _moved(today: date, count: int, unit: str) -> Span:
    if unit in ("day", "week"):
        day = today + timedelta(days=count * (7 if unit == "week" else 1))
        return Span(day, day)
    if unit == "month":
        return _whole_month(today, count)
    return Span(date(today.year + count, 1, 1), date(today.year + count, 12, 31), "year")


def _whole_month(today: date, step: int) -> Span:
    place = today.year * 12 + today.month - 1 + step
    return _month_of(place % 12 + 1, place // 12)


def _month_of(month: int, year: int) -> Span:
    return Span(date(year, month, 1), date(year, month, monthrange(year, month)[1]), "month")


def _season(month: int, year: int) -> Span:
    last = _whole_month(date(year, month, 1), 2).last
    return Span(date(year, month, 1), last, "season")


def _year_of(month: int, today: date, step: int) -> int:
    """Return the year of "next May", "this May" or "last May"."""
    if step > 0:
        return today.year + (month <= today.month)
    if step < 0:
        return today.year - (month >= today.month)
    return today.year


def _month_number(name: str) -> int:
    return next(number for number, month in enumerate(MONTHS, 1) if month.startswith(name.lower()[:3]))


def _count(text: str) -> int:
    lowered = text.lower()
    return int(lowered) if lowered.isdigit() else {"a couple of": 2, "a few": 3}.get(lowered) or _COUNTS[lowered]


def _ends_month(span: Span) -> bool:
    return span.last == _month_of(span.first.month, span.first.year).last


def _written(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
