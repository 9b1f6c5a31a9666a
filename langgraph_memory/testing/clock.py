"""A clock for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class FakeClock:
    """Tells the same time until it is moved: `open_memory(path, clock=FakeClock())`."""

    def __init__(self, start: datetime = datetime(2026, 1, 5, 9, tzinfo=UTC)) -> None:
        self.now = start

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now

    def advance(self, **span: float) -> datetime:
        """Let time pass, as `timedelta` takes it (`days=3`), and return what it is then."""
        self.now += timedelta(**span)
        return self.now
