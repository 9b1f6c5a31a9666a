"""The terminal: how wide it is, and what may be written to it."""

from __future__ import annotations

import os
import re

from rich.console import Console

from langgraph_memory.domain.text import HIDDEN

WIDTH_WITHOUT_TERMINAL = 100
_CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]+")


def open_console() -> Console:
    """Return a console that takes text as it is: no markup, no emoji codes, nothing highlighted by guess."""
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = WIDTH_WITHOUT_TERMINAL
    return console


def safe(text: str) -> str:
    """Return `text` without what could steer a terminal: escape sequences, other controls, hidden characters.

    Line feeds stay.
    """
    return _CONTROLS.sub(" ", HIDDEN.sub("", text))
