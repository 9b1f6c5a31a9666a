"""Points in time as this package keeps them: aware, in UTC, to the microsecond. Nothing here reads a clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def in_utc(moment: datetime) -> datetime:
    """Return `moment` in UTC.

    Raises ValueError when it is naive: the same reading means another moment in every time zone.
    """
    if moment.tzinfo is UTC:
        return moment
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise ValueError(f"timestamp {moment.isoformat()} has no time zone; use datetime.now(timezone.utc)")
    return moment.astimezone(UTC)


@lru_cache(maxsize=256)  # one operation asks for the moment it runs at with every statement
def to_microseconds(moment: datetime) -> int:
    """Return microseconds since 1970."""
    since = moment - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def from_microseconds(count: int) -> datetime:
    """Return the moment `count` microseconds after 1970."""
    return EPOCH + count * MICROSECOND
