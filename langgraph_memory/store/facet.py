"""What the facets of a store share."""

from __future__ import annotations

from langgraph_memory.effects.runner import Runner
from langgraph_memory.operations.settings import StoreSettings


class Facet:
    """One side of a store, on its engine and with its settings; a store makes it."""

    __slots__ = ("_runner", "_settings")

    def __init__(self, runner: Runner, settings: StoreSettings) -> None:
        self._runner = runner
        self._settings = settings
