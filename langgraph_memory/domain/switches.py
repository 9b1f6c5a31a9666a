"""Whether a run or a thread may read memory, and learn from what is said in it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MemorySwitches:
    """What memory does in a run or a thread: whether it is read, and whether what is said is learnt."""

    recall: bool = True
    learn: bool = True

    @property
    def paused(self) -> bool:
        """Whether memory does nothing at all."""
        return not (self.recall or self.learn)

    def and_also(self, other: MemorySwitches) -> MemorySwitches:
        """Return what both of them let memory do."""
        return MemorySwitches(self.recall and other.recall, self.learn and other.learn)


EVERY_THREAD = ""
"""Stands for all threads of an owner, where a thread is named."""
PAUSED = MemorySwitches(recall=False, learn=False)
