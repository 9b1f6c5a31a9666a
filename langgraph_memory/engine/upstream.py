"""What an importer needs of a database that LangGraph's own classes wrote, whatever engine it is on."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from langgraph_memory.effects.transaction import Row

Typed = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class UpstreamCheckpoint:
    """One checkpoint as it is stored: serialised, or without the values that are stored beside it.

    The metadata are JSON as it is stored, which may be damaged, where the database did not read it.
    """

    thread_id: str
    checkpoint_ns: str
    checkpoint_id: str
    parent_checkpoint_id: str | None
    body: Typed | dict[str, Any]
    metadata: dict[str, Any] | str | bytes


class Upstream(Protocol):
    """A database of the upstream savers and stores, opened for reading."""

    @property
    def bytes(self) -> int:
        """How large it is."""
        ...

    def count(self) -> int:
        """Return how many checkpoints and items there are."""
        ...

    def checkpoints(self) -> Iterator[UpstreamCheckpoint]:
        """Yield every checkpoint, each thread's together and oldest first."""
        ...

    def values(self, checkpoint: UpstreamCheckpoint, versions: Mapping[str, Any]) -> Iterator[tuple[str, Typed]]:
        """Yield (channel, value) for those of the channel versions that are stored beside a checkpoint."""
        ...

    def sends(self, checkpoint: UpstreamCheckpoint) -> list[Typed]:
        """Return the tasks that the parent of a checkpoint of an older format sent."""
        ...

    def writes(self, checkpoint: UpstreamCheckpoint) -> Iterator[Row]:
        """Yield the pending writes of a checkpoint, those of a task together."""
        ...

    def items(self) -> Generator[Row, None, None]:
        """Yield every item that has not expired; times are microseconds since 1970, a value may be JSON still."""
        ...

    def close(self) -> None:
        """Close it."""
        ...
