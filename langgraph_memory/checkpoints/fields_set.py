"""The names of a restored message's fields: one set for all messages that have all, because nobody can change it.

A set of nine names takes 730 bytes, more than half of a message, and every restored message has all of its fields set.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from pydantic import BaseModel

_MAKING = "__and__ __or__ __sub__ __xor__ copy difference intersection symmetric_difference union"
_CHANGING = (
    "__iand__ __ior__ __isub__ __ixor__ clear difference_update discard intersection_update pop remove "
    "symmetric_difference_update update"
)


class AllFields(set[str]):
    """A set that several messages share: what would change it is refused, and a copy of it is an ordinary set."""

    __slots__ = ()

    def add(self, name: str) -> None:
        """Do nothing: pydantic adds a field's name, which it has, or another attribute's, which `model_extra` has."""

    def __copy__(self) -> set[str]:
        return set(self)

    def __deepcopy__(self, _memo: Any) -> set[str]:
        return set(self)

    def __reduce__(self) -> tuple[type, tuple[list[str]]]:
        return set, (list(self),)


@cache
def all_fields(kind: type[BaseModel]) -> AllFields:
    """Return the one shared set of the names of a class's fields."""
    return AllFields(kind.model_fields)


def _making(method: str) -> Callable[..., Any]:
    def make(self: AllFields, *others: Any) -> Any:
        return getattr(set(self), method)(*others)

    return make


def _changing(method: str) -> Callable[..., Any]:
    def change(self: AllFields, *others: Any) -> Any:
        changed = set(self)
        outcome = getattr(changed, method)(*others)
        if changed != self:
            raise TypeError(f"the set of a restored message's fields {sorted(self)} is shared; change a copy of it.")
        return outcome

    return change


for _name in _MAKING.split():
    setattr(AllFields, _name, _making(_name))
for _name in _CHANGING.split():
    setattr(AllFields, _name, _changing(_name))
