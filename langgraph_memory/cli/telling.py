"""What every command does alike: it asks before it deletes, and tells what it did as a sentence or as JSON."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import typer

from langgraph_memory.cli.terminal import safe
from langgraph_memory.domain.memory import Memory

_COMMANDS = (
    (r"receipts\(\) lists those there are", "the command recalls lists those there are"),
    (r"list_threads\(\) lists those there are", "the command threads lists those there are"),
    (r"share_thread\(\)", "share_thread() of the checkpointer"),
    (r"remember\(\) takes what holds now", "the command remember takes what holds now"),
    (r"remember\(\)", "remember"),
    (r"store\.reindex\(\) or the command reindex", "the command reindex"),
    (r"open it (?:once|again) with open_memory\(\)(, which migrates it)?", r"run a command where it can be written\1"),
    (r", or register it with open_memory\(memory_types=\.\.\.\)", ""),
    (r"pass owner_id \(or set owner_id or user_id in the run's context or configurable\)", "name one with --owner"),
    (r"call scrub\(\) (?:later|again)", "run this again later"),
)
"""How the errors of the package name what to call, and what stands for that on the command line."""


def in_commands(sentence: str) -> str:
    """Return an error's sentence with the commands that do what it tells a program to call."""
    for call, command in _COMMANDS:
        sentence = re.sub(call, command, sentence)
    return sentence


def confirm(question: str, *, sure: bool) -> None:
    """Ask, unless somebody is sure; ends with exit code 1 unless the answer is yes. Nothing goes to the output."""
    if sure:
        return
    typer.echo(f"{safe(question)} [y/N]: ", nl=False, err=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        typer.echo("nothing was done.", err=True)
        raise typer.Exit(1)


def tell(sentence: str, facts: Mapping[str, Any], *, as_json: bool) -> None:
    """Print what was done, or the same as an object of JSON."""
    if as_json:
        print_json(facts)
    else:
        typer.echo(safe(sentence))


def print_json(found: Mapping[str, Any] | Iterable[Mapping[str, Any]]) -> None:
    """Print JSON in ASCII, which any terminal and any pipe carries unchanged."""
    shown = dict(found) if isinstance(found, Mapping) else list(found)
    typer.echo(json.dumps(shown, indent=2, default=_plain))


def as_object(memory: Memory | None) -> dict[str, Any] | None:
    """Return a memory as JSON."""
    return None if memory is None else {"id": memory.id, **memory.to_value()}


def _plain(value: Any) -> Any:
    return (
        value.isoformat() if isinstance(value, datetime) else dict(value) if isinstance(value, Mapping) else str(value)
    )
