"""Masks what must never be remembered, refuses orders to the agent, and treats personal data as the app decides."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, Literal, get_args

from langgraph_memory.cache import remember_short
from langgraph_memory.domain.guard.orders import hides_an_order, is_order
from langgraph_memory.domain.guard.personal import PersonalKind, find
from langgraph_memory.domain.guard.plain_view import View, plain_view
from langgraph_memory.domain.guard.secrets import has_long_word, is_secret_name, secret_spans, without_secret_names
from langgraph_memory.domain.text import HIDDEN, STOP_WORDS
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
HIDDEN_TEXT: Final = Refusal("hidden_text", "It holds text in invisible characters.")
_ORDER_TEXT: Final = Refusal("instruction", "It reads like an order to the agent, not a statement.")
_LONGEST_NAME: Final = 60
_LEAST_TELLING: Final = 4
"""Characters of the shortest value that is looked for in the other fields of a record."""
_WORD = re.compile(r"\w{4,}")
_TAGGED = re.compile("(?<![\U0001f3f4\U000e0000-\U000e007f])[\U000e0000-\U000e007f]")
"""Tag characters anywhere but in the flag of a region, where they belong."""
_ENCODED = re.compile(
    r"(?<![\w+/-])(?![0-9a-fA-F]+\b)(?=[a-z0-9+/]*[A-Z])"
    r"(?:[A-Za-z0-9+/]{80,}={0,2}|(?=[A-Z0-9+/]*[a-z])[A-Za-z0-9+/]{40,}={1,2}(?!\w))"
    r"|\bdata:[\w/+.-]+;base64,[A-Za-z0-9+/=]*"
)
_MASK = re.compile(r"\[(?:secret|encoded text|card number|iban|national id|email|phone)\]")
_ANY_WORD = re.compile(r"[^\W_]+")
_EMPTY: Final = (
    STOP_WORDS
    | {"user", "s", "ist", "es", "est", "mein", "meine", "mi", "mon", "minha", "mio", "lautet"}
    | set("key keys card number numbers code codes account iban ssn id passport".split())
)


def refuse(text: str, policy: GuardPolicy = DEFAULT_GUARD) -> Refusal | None:
    """Return why `text` must not be remembered at all, or None when it may be, as `mask` leaves it."""
    return refuse_unsafe(text) or withhold(text, policy)


def withhold(text: str, policy: GuardPolicy = DEFAULT_GUARD) -> Refusal | None:
    """Return why `text` may not even wait in the database to be read, or None; what waits is as `mask` leaves it.

    An order to the agent is no reason: it is judged when the text is read.
    """
    view = plain_view(text)
    masked = _masks(text, view, policy)
    if masked and _is_empty(_replaced(text, masked)):
        return _reason_of(masked[0][2])
    return _refuse_kept(text, view, policy)


def refuse_beside(text: str, policy: GuardPolicy = DEFAULT_GUARD) -> Refusal | None:
    """Return why what stands beside a statement must not be stored; of it nothing need be left when it is masked."""
    return refuse_unsafe(text) or _refuse_kept(text, plain_view(text), policy)


def refuse_key(key: str, policy: GuardPolicy = DEFAULT_GUARD) -> Refusal | None:
    """Return why a key (a slot, a scope) must not be stored: what would be masked is no key, for two would be one."""
    masked = _masks(key, plain_view(key), policy)
    return _reason_of(masked[0][2]) if masked else refuse_beside(key, policy)


def _refuse_kept(text: str, view: View, policy: GuardPolicy) -> Refusal | None:
    return _refuse_detected(text, view.text, policy) or _refuse_personal(view, policy)


@remember_short(64)  # what a message says is judged as it is heard, and once more as it is stored
def refuse_unsafe(text: str) -> Refusal | None:
    """Return why `text` must not be remembered whatever the policy, or None; no detector is asked."""
    if not text.isascii() and _TAGGED.search(text):
        return HIDDEN_TEXT
    plain = plain_view(text).text
    if is_order(plain) or (plain != text and is_order(text)):
        return _ORDER_TEXT
    return _ENCODED_TEXT if has_long_word(text) and hides_an_order(text) else None


def mask(text: str, policy: GuardPolicy = DEFAULT_GUARD) -> str:
    """Return `text` with a placeholder in the place of every secret and of what the policy masks."""
    return _replaced(text, _masks(text, plain_view(text), policy))


def masked_values(text: str, policy: GuardPolicy = DEFAULT_GUARD) -> dict[str, str]:
    """Return what `mask` takes out of a text, with the placeholder of each."""
    return {text[start:end]: label for start, end, label in _masks(text, plain_view(text), policy)}


def _masks(text: str, view: View, policy: GuardPolicy) -> list[tuple[int, int, str]]:
    """Return what is masked in a text: where it stands, and the placeholder; in order, without overlaps."""
    return list(_masks_of(text, view, policy))


@lru_cache(maxsize=8)
def _masks_of(text: str, view: View, policy: GuardPolicy) -> Sequence[tuple[int, int, str]]:
    """Same as `_masks`; one text is judged and masked several times over on its way in."""
    found = [(*span, "secret") for span in secret_spans(view)]
    found += [
        (*view.origin(span), kind.replace("_", " ")) for kind in policy.kinds("mask") for span in find(kind, view.text)
    ]
    if has_long_word(text) or ";base64," in text:
        found += [(*match.span(), "encoded text") for match in _ENCODED.finditer(text)]
    return _apart(found)


_RANKS: Final = {"secret": 1, "encoded text": 2}


def _apart(found: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Return spans in order, those that overlap as one; the first of them names it, personal data before secrets."""
    apart: list[tuple[int, int, str]] = []
    for start, end, label in sorted(found, key=lambda span: (span[0], _RANKS.get(span[2], 0), -span[1])):
        if apart and start < apart[-1][1]:
            first = apart[-1]
            apart[-1] = (first[0], max(first[1], end), first[2])
        elif start < end:
            apart.append((start, end, label))
    return apart


def _replaced(text: str, masks: list[tuple[int, int, str]]) -> str:
    for start, end, label in reversed(masks):
        text = f"{text[:start]}[{label}]{text[end:]}"
    return text if text.isascii() else HIDDEN.sub("", text)


def _is_empty(masked: str) -> bool:
    """Return whether masking left nothing that anybody could want to know."""
    rest = without_secret_names(_MASK.sub(" ", masked))
    return all(word in _EMPTY for word in _ANY_WORD.findall(rest.casefold()))


def _reason_of(label: str) -> Refusal:
    if label == "secret":
        return _SECRET
    kind = label.replace(" ", "_")
    return _ENCODED_TEXT if kind == "encoded_text" else Refusal(kind, _PERSONAL[kind])  # type: ignore[index]


def mask_within(value: Any, policy: GuardPolicy, also: Mapping[str, str] = MappingProxyType({})) -> Any:
    """Return a JSON value with every text in it masked; `also` are values to be taken out wherever they stand.

    A key such as "password" announces its value.
    """
    if isinstance(value, str):
        return _without(mask(value, policy), also)
    if isinstance(value, Mapping):
        return {_without(mask(str(key), policy), also): _held(key, held, policy, also) for key, held in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(mask_within(held, policy, also) for held in value)
    return value


def mask_together(fields: Mapping[str, Any], policy: GuardPolicy) -> dict[str, Any]:
    """Return fields of one record masked: what is a secret in one of them is none the less in another."""
    also: dict[str, str] = {}
    for text in texts_in(list(fields.values())):
        also |= {value: label for value, label in masked_values(text, policy).items() if len(value) >= _LEAST_TELLING}
    return {name: mask_within(value, policy, also) for name, value in fields.items()}


def _held(key: Any, value: Any, policy: GuardPolicy, also: Mapping[str, str]) -> Any:
    """Return the value of a key masked, as what the key announces as well."""
    held = mask_within(value, policy, also)
    if not isinstance(held, str) or not is_secret_name(str(key)):
        return held
    announced = f"password: {held}"
    return mask(announced, policy).removeprefix("password: ")


def _without(text: str, also: Mapping[str, str]) -> str:
    for value, label in also.items():
        text = text.replace(value, f"[{label}]")
    return text


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


def _refuse_detected(text: str, plain: str, policy: GuardPolicy) -> Refusal | None:
    """Ask the detectors about a text as it is, and as it reads without its disguises."""
    asked = (text,) if plain == text else (text, HIDDEN.sub("", text))
    return next((refusal for one in asked if (refusal := _detected(one, policy)) is not None), None)


def _detected(text: str, policy: GuardPolicy) -> Refusal | None:
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


def _refuse_personal(view: View, policy: GuardPolicy) -> Refusal | None:
    held = (kind for kind in policy.kinds("refuse") if next(find(kind, view.text), None) is not None)
    kind = next(held, None)
    return None if kind is None else Refusal(kind, _PERSONAL[kind])
