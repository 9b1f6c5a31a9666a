"""Selects namespaces by LangGraph's match conditions, comparing whole labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

Namespace = tuple[str, ...]
Condition = tuple[Literal["prefix", "suffix"], Namespace]


def select_namespaces(
    namespaces: Iterable[Namespace], conditions: Sequence[Condition], max_depth: int | None, limit: int, offset: int
) -> list[Namespace]:
    """Return a page of the namespaces that meet every condition, cut to `max_depth` labels, each once, in order."""
    meeting = (one for one in namespaces if all(_meets(one, condition) for condition in conditions))
    return sorted({one[:max_depth] for one in meeting})[offset : offset + limit]


def _meets(namespace: Namespace, condition: Condition) -> bool:
    kind, path = condition
    if len(namespace) < len(path):
        return False
    part = namespace[: len(path)] if kind == "prefix" else namespace[len(namespace) - len(path) :]
    return all(wanted in ("*", label) for label, wanted in zip(part, path, strict=True))
