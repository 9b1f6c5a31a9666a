"""Refuses what must never be remembered, and treats personal data as the app decides."""

from __future__ import annotations

import inspect
import re
import unicodedata
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

from langgraph_memory.domain.personal import PersonalKind, find
from langgraph_memory.domain.secret_formats import has_long_word, holds_secret
from langgraph_memory.domain.text import HIDDEN
from langgraph_memory.exceptions import InvalidInputError

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

    By default the numbers that money or an identity hangs on are refused. An e-mail address, a phone number and what
    somebody says about their health are allowed, for that is what people tell an assistant so that it remembers:
    "reach me at...", "I am allergic to...". Whatever the policy, secrets, orders to the agent, hidden and encoded
    text are refused.

    `detectors` look for secrets beyond the formats known here: each takes a text and returns the name of what it found,
    or None. They are asked in turn, wherever the guard is, and a text that one of them fails on is refused as well.
    """

    card_number: Treatment = "refuse"
    iban: Treatment = "refuse"
    national_id: Treatment = "refuse"
    health: Treatment = "allow"
    email: Treatment = "allow"
    phone: Treatment = "allow"
    detectors: tuple[Detector, ...] = ()
    _treated: Mapping[str, tuple[PersonalKind, ...]] = field(init=False, repr=False, compare=False)

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
        object.__setattr__(self, "_treated", kinds)

    def kinds(self, treatment: Treatment) -> tuple[PersonalKind, ...]:
        """Return the kinds that are treated so."""
        return self._treated[treatment]


DEFAULT_GUARD: Final = GuardPolicy()
_PERSONAL: Final[dict[PersonalKind, str]] = {
    "card_number": "It holds what looks like a payment card number.",
    "iban": "It holds a bank account number.",
    "national_id": "It holds what looks like an official identity number.",
    "health": "It says something about somebody's health.",
    "email": "It holds an e-mail address.",
    "phone": "It holds a phone number.",
}
_SECRET: Final = Refusal("secret", "It holds a password, key or token.")
_ENCODED_TEXT: Final = Refusal("encoded_text", "It holds a long encoded block.")
_LONGEST_NAME: Final = 60
_WORD = re.compile(r"\w{4,}")
_ORDER = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b.{0,30}\b(?:previous|prior|above|earlier|system)\b.{0,30}"
    r"\b(?:instructions?|prompts?|rules|messages?)\b"
    r"|\byou are now\b|\bnew (?:system )?instructions?\b|\b(?:reveal|print|show)\b.{0,20}\bsystem prompt\b"
    r"|\b(?:always|must) (?:call|invoke|run|use) (?:the )?\S+ (?:tool|function)\b"
    r"|<\s*/?\s*(?:system|assistant|user|memor(?:y|ies)|instructions?)\b|<\|[a-z_]+\|>|\[/?INST\]",
    re.IGNORECASE | re.DOTALL,
)
_SIGNS_OF_ORDER: Final = (
    "ignore",
    "disregard",
    "forget",
    "override",
    "you are now",
    "instruction",
    "system prompt",
    "tool",
    "function",
    "<",
    "inst]",
)
"""Of these every order holds one: most texts are seen to be none without trying each form at each letter."""
_ENCODED = re.compile(r"[A-Za-z0-9+/]{80,}={0,2}|[A-Za-z0-9+/]{40,}={1,2}(?!\w)|\bdata:[\w/+.-]+;base64,")
_WORD_IN_BASE64 = re.compile(r"[A-Za-z0-9+/]{20,}={0,2}")


def refuse(text: str, policy: GuardPolicy = DEFAULT_GUARD) -> Refusal | None:
    """Return why `text` must not be remembered, or None when it may be."""
    return refuse_unsafe(text) or _refuse_detected(text, policy) or _refuse_personal(text, policy)


def withhold(text: str, policy: GuardPolicy = DEFAULT_GUARD) -> Refusal | None:
    """Return why `text` may not even wait in the database to be read, or None.

    An order to the agent and invisible characters are no reason: they are judged when the text is read.
    """
    plain = HIDDEN.sub("", text)
    if holds_secret(text) or holds_secret(plain):
        return _SECRET
    if _ENCODED.search(plain):
        return _ENCODED_TEXT
    return _refuse_detected(plain, policy) or _refuse_personal(plain, policy)


def refuse_unsafe(text: str) -> Refusal | None:
    """Return why `text` must not be remembered whatever the policy, or None; no detector is asked."""
    if holds_secret(text):
        return _SECRET
    if _may_order(text) and _ORDER.search(unicodedata.normalize("NFKC", text)):
        return Refusal("instruction", "It reads like an order to the agent, not a statement.")
    if not text.isascii() and HIDDEN.search(text):
        return Refusal("hidden_text", "It holds invisible characters.")
    if _may_be_encoded(text) and (_ENCODED.search(text) or _hides_an_order(text)):
        return _ENCODED_TEXT
    return None


def mask(text: str, policy: GuardPolicy) -> str:
    """Return `text` with a placeholder in the place of what the policy masks."""
    for kind in policy.kinds("mask"):
        for start, end in reversed(list(find(kind, text))):
            text = f"{text[:start]}[{kind.replace('_', ' ')}]{text[end:]}"
    return text


def mask_within(value: Any, policy: GuardPolicy) -> Any:
    """Return a JSON value with every text in it masked."""
    if isinstance(value, str):
        return mask(value, policy)
    if isinstance(value, Mapping):
        return {key: mask_within(held, policy) for key, held in value.items()}
    return [mask_within(held, policy) for held in value] if isinstance(value, list | tuple) else value


def texts_in(value: Any) -> Iterator[str]:
    """Yield every text in a JSON value, keys included; a number is no text."""
    if isinstance(value, str):
        yield value
    elif value is None:
        return
    elif isinstance(value, Mapping):
        for key, held in value.items():
            yield from (str(key), *texts_in(held))
    elif isinstance(value, list | tuple):
        for held in value:
            yield from texts_in(held)


def _refuse_detected(text: str, policy: GuardPolicy) -> Refusal | None:
    for detector in policy.detectors:
        try:
            found = detector(text)
        except Exception as error:  # what it says may quote the text
            return Refusal("detector_failed", f"A detector of secrets failed on it: {type(error).__name__}.")
        if found is not None:
            return Refusal("secret", _naming(found, text))
    return None


def _naming(found: str, text: str) -> str:
    """Return the explanation with the name of what was found, unless the name may quote the text."""
    said = text.casefold()
    if not isinstance(found, str) or not 0 < len(found) <= _LONGEST_NAME or not found.isprintable():
        return _SECRET.explanation
    if any(word in said for word in _WORD.findall(found.casefold())):
        return _SECRET.explanation
    return f"{_SECRET.explanation[:-1]}: {found}."


def _refuse_personal(text: str, policy: GuardPolicy) -> Refusal | None:
    held = (kind for kind in policy.kinds("refuse") if next(find(kind, text), None) is not None)
    kind = next(held, None)
    return None if kind is None else Refusal(kind, _PERSONAL[kind])


def _may_order(text: str) -> bool:
    if not text.isascii():
        return True
    return any(map(text.lower().__contains__, _SIGNS_OF_ORDER))


def _may_be_encoded(text: str) -> bool:
    return has_long_word(text) or ";base64," in text


def _hides_an_order(text: str) -> bool:
    return any(_ORDER.search(_decoded(match[0])) for match in _WORD_IN_BASE64.finditer(text))


def _decoded(block: str) -> str:
    plain = block.rstrip("=")
    try:
        return b64decode(plain + "=" * (-len(plain) % 4)).decode("utf-8", "replace")
    except NotBase64:
        return ""
