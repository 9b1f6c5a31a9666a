"""What an app decides of personal data and which detectors of secrets it adds, and why a text is not remembered."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

from langgraph_memory.domain.guard.personal import PersonalKind
from langgraph_memory.errors import InvalidInputError

Treatment = Literal["refuse", "mask", "allow"]
_KINDS: Final[tuple[PersonalKind, ...]] = get_args(PersonalKind)
Detector = Callable[[str], str | None]
"""Returns the name of the secret that a text holds ("AWS Client ID"), or None."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a text is not remembered; it never quotes the text."""

    reason: str
    explanation: str


def _is_detector(value: Any) -> bool:
    """Return whether `value` can be asked; a coroutine would never be None."""
    if not callable(value):
        return False
    return not inspect.iscoroutinefunction(value) and not inspect.iscoroutinefunction(type(value).__call__)


@dataclass(frozen=True, slots=True)
class GuardPolicy:
    """What becomes of personal data, by kind: "refuse", "mask" (a placeholder stands in its place) or "allow".

    By default the numbers that money or an identity hangs on are masked. An e-mail address, a phone number and what
    somebody says about their health are allowed, for that is what people tell an assistant so that it remembers:
    "reach me at...", "I am allergic to...". Whatever the policy, secrets and encoded blocks are masked, orders to the
    agent are refused, and so is a text of which masking leaves nothing.

    `detectors` look for secrets beyond the formats known here: each takes a text and returns the name of what it found,
    or None. They are asked in turn, wherever the guard is, and a text that one of them fails on is refused as well.
    """

    card_number: Treatment = "mask"
    iban: Treatment = "mask"
    national_id: Treatment = "mask"
    health: Treatment = "allow"
    email: Treatment = "allow"
    phone: Treatment = "allow"
    detectors: tuple[Detector, ...] = ()
    kinds: Callable[[Treatment], tuple[PersonalKind, ...]] = field(init=False, repr=False, compare=False)
    """Return the kinds that are treated so; a lookup, for it is asked of every text."""

    def __post_init__(self) -> None:
        for name in _KINDS:
            treatment = getattr(self, name)
            if treatment not in get_args(Treatment):
                raise InvalidInputError(f"{name} must be 'refuse', 'mask' or 'allow', not {treatment!r}.")
        if not isinstance(self.detectors, tuple) or not all(map(_is_detector, self.detectors)):
            raise InvalidInputError("detectors must be a tuple of callables, none of them async: text -> name or None.")
        if self.health == "mask":
            raise InvalidInputError("health cannot be masked, for any word may tell it; choose 'refuse' or 'allow'.")
        kinds = {each: tuple([kind for kind in _KINDS if getattr(self, kind) == each]) for each in get_args(Treatment)}
        object.__setattr__(self, "kinds", kinds.__getitem__)


DEFAULT_GUARD: Final = GuardPolicy()
PERSONAL: Final[dict[PersonalKind, str]] = {
    "card_number": "It holds what looks like a payment card number.",
    "iban": "It holds a bank account number.",
    "national_id": "It holds what looks like an official identity number.",
    "health": "It says something about somebody's health.",
    "email": "It holds an e-mail address.",
    "phone": "It holds a phone number.",
}
