"""Admits what a memory says, or refuses it: the one step that every way into the store passes.

Secrets and what the policy says are masked, orders to the agent refused. Each text is looked at once, as a reader takes
it, whoever asks about it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from langgraph_memory.domain.guard.orders import hides_an_order, reading_of
from langgraph_memory.domain.guard.personal import found_of
from langgraph_memory.domain.guard.policy import DEFAULT_GUARD, PERSONAL, GuardPolicy, Refusal
from langgraph_memory.domain.guard.secrets import is_secret_name, secret_spans, without_secret_names
from langgraph_memory.domain.memory import Memory, Outcome
from langgraph_memory.domain.scope import GLOBAL
from langgraph_memory.domain.text import HIDDEN, STOP_WORDS

_SECRET: Final = Refusal("secret", "It holds a password, key or token.")
_ENCODED_TEXT: Final = Refusal("encoded_text", "It holds a long encoded block.")
HIDDEN_TEXT: Final = Refusal("hidden_text", "It holds text in invisible characters.")
_ORDER_TEXT: Final = Refusal("instruction", "It reads like an order to the agent, not a statement.")
_SAID: Final = ("content", "content_json", "subject")
_KEYS: Final = {
    "slot": "Name a slot after what it is about.",
    "scope": "Name a scope after what it is about.",
    "tags": "Name tags after what they are about.",
}
"""The fields of a memory that are keys, and how else to name them."""
_LONG: Final = 15
"""Characters of the shortest key that no word announces."""
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


def admit(memory: Memory, guard: GuardPolicy) -> Memory | Refusal:
    """Return `memory` as it may be stored, or why it must not be.

    What the guard masks is replaced in everything it says, and lines of the context that the guard refuses are left
    out: it only helps to find the memory. A slot, a scope and tags are keys and cannot be masked.
    """
    said = {name: getattr(memory, name) for name in _SAID} | {"excerpt": memory.source.excerpt}
    refusal = _refused_key(memory, guard) or refuse_said(said, guard)
    if refusal is not None:
        return refusal
    masked = mask_together(said, guard)
    masked["content"] = masked["content"].strip()  # as the record keeps it: what was masked may have stood at its end
    if not masked["content"]:
        return HIDDEN_TEXT
    update = {name: masked[name] for name in _SAID if masked[name] != said[name]}
    if masked["excerpt"] != said["excerpt"]:
        update["source"] = memory.source.model_copy(update={"excerpt": masked["excerpt"]})
    context = admitted_context(memory.context, guard)
    if context != memory.context:
        update["context"] = context
    return memory.model_copy(update=update) if update else memory


def refuse_said(said: Mapping[str, Any], guard: GuardPolicy) -> Refusal | None:
    """Return why the fields of a memory must not be stored: of its `content` something must be left."""
    beside = "\n".join(texts_in([value for name, value in said.items() if name != "content"]))
    return refuse(said["content"], guard) or (refuse_beside(beside, guard) if beside else None)


def _refused_key(memory: Memory, guard: GuardPolicy) -> Refusal | None:
    for name, otherwise in _KEYS.items():
        held = getattr(memory, name)
        for key in held if isinstance(held, tuple) else (held,):
            refusal = refuse_key(key, guard) if key not in (None, GLOBAL) else None
            if refusal is not None:
                return Refusal(refusal.reason, f"In its {name}: {refusal.explanation} {otherwise}")
    return None


def admitted_context(context: str | None, guard: GuardPolicy) -> str | None:
    """Return the lines of a context that may be stored, None when there are none."""
    if context is None or refuse(context, guard) is None:
        return None if context is None else mask(context, guard)
    kept = "\n".join(line for line in context.splitlines() if refuse(line, guard) is None)
    return mask(kept, guard) if kept.strip() and refuse(kept, guard) is None else None


def refused(refusal: Refusal) -> Outcome:
    """Return the outcome of a memory that is not admitted; it holds nothing of what it says."""
    return Outcome("refused", None, f"{refusal.reason}: {refusal.explanation}")


class _Judged(NamedTuple):
    """A text as a reader takes it, what is masked in it, in order and without overlaps, and why it is refused."""

    plain: str
    masks: Sequence[tuple[int, int, str]]
    personal: Refusal | None


@lru_cache(maxsize=8)  # one text is judged and masked several times over on its way in
def _judged(text: str, policy: GuardPolicy) -> _Judged:
    view = plain_view(text)
    masked, kinds = policy.kinds("mask"), policy.kinds("refuse")
    personal = found_of((*masked, *kinds), view.text)
    kind = next((kind for kind in kinds if personal[kind]), None)
    found = [(*view.origin(span), kind.replace("_", " ")) for kind in masked for span in personal[kind]]
    found += [(*view.origin(span), "secret") for span in secret_spans(view.text)]
    if _has_long_word(text) or ";base64," in text:
        found += [(*match.span(), "encoded text") for match in _ENCODED.finditer(text)]
    return _Judged(view.text, _apart(found), None if kind is None else Refusal(kind, PERSONAL[kind]))


def refuse(text: str, policy: GuardPolicy = DEFAULT_GUARD) -> Refusal | None:
    """Return why `text` must not be remembered at all, or None when it may be, as `mask` leaves it."""
    return refuse_unsafe(text) or withhold(text, policy)


def withhold(text: str, policy: GuardPolicy = DEFAULT_GUARD) -> Refusal | None:
    """Return why `text` may not even wait in the database to be read, or None; what waits is as `mask` leaves it.

    An order to the agent is no reason: it is judged when the text is read.
    """
    masks = _judged(text, policy).masks
    return _reason_of(masks) if masks and _is_empty(_replaced(text, masks)) else _refuse_kept(text, policy)


def refuse_beside(text: str, policy: GuardPolicy = DEFAULT_GUARD) -> Refusal | None:
    """Return why what stands beside a statement must not be stored; of it nothing need be left when it is masked."""
    return refuse_unsafe(text) or _refuse_kept(text, policy)


def refuse_key(key: str, policy: GuardPolicy = DEFAULT_GUARD) -> Refusal | None:
    """Return why a key (a slot, a scope) must not be stored: what would be masked is no key, for two would be one."""
    masks = _judged(key, policy).masks
    return _reason_of(masks) if masks else refuse_beside(key, policy)


def _refuse_kept(text: str, policy: GuardPolicy) -> Refusal | None:
    detected = _refuse_detected(text, policy) if policy.detectors else None
    return detected or (_judged(text, policy).personal if policy.kinds("refuse") else None)


@lru_cache(maxsize=32)  # what a message says is judged as it is heard, and once more as it is stored
def refuse_unsafe(text: str) -> Refusal | None:
    """Return why `text` must not be remembered whatever the policy, or None; no detector is asked."""
    if not text.isascii() and _TAGGED.search(text):
        return HIDDEN_TEXT
    plain = plain_view(text).text
    if any(reading_of(one) != "statement" for one in {plain, text}):
        return _ORDER_TEXT
    return _ENCODED_TEXT if _has_long_word(text) and hides_an_order(text) else None


def _has_long_word(text: str) -> bool:
    """Return whether a text has a word that is as long as the shortest key."""
    return max(map(len, text.split()), default=0) >= _LONG


def mask(text: str, policy: GuardPolicy = DEFAULT_GUARD) -> str:
    """Return `text` with a placeholder in the place of every secret and of what the policy masks."""
    return _replaced(text, _judged(text, policy).masks)


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


def _replaced(text: str, masks: Sequence[tuple[int, int, str]]) -> str:
    for start, end, label in reversed(masks):
        text = f"{text[:start]}[{label}]{text[end:]}"
    return text if text.isascii() else HIDDEN.sub("", text)


def _is_empty(masked: str) -> bool:
    """Return whether masking left nothing that anybody could want to know."""
    rest = without_secret_names(_MASK.sub(" ", masked))
    return all(word in _EMPTY for word in _ANY_WORD.findall(rest.casefold()))


def _reason_of(masks: Sequence[tuple[int, int, str]]) -> Refusal:
    """Return why a text is refused of which masking leaves too little: by what is masked first."""
    label = masks[0][2]
    if label == "secret":
        return _SECRET
    kind = label.replace(" ", "_")
    return _ENCODED_TEXT if kind == "encoded_text" else Refusal(kind, PERSONAL[kind])  # type: ignore[index]


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
        taken = ((text[start:end], label) for start, end, label in _judged(text, policy).masks)
        also |= {value: label for value, label in taken if len(value) >= _LEAST_TELLING}
    return {name: value if value is None else mask_within(value, policy, also) for name, value in fields.items()}


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


def _refuse_detected(text: str, policy: GuardPolicy) -> Refusal | None:
    """Ask the detectors about a text as it is, and as it reads without its disguises."""
    asked = (text,) if _judged(text, policy).plain == text else (text, HIDDEN.sub("", text))
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


Span = tuple[int, int]

_MOST_OF_ONE: Final = 4
"""Letters that one character may stand for: there is one that reads as a sentence of eighteen."""

_LOOKALIKE: Final = str.maketrans(
    "АВЕЗІЈКМНОРСТУХЅаеёіјкмнорсуухѕԁӏԛԝһвтΑΒΕΖΗΙΚΜΝΟΡΤΥΧαεικνορυχτ",
    "ABE3IJKMHOPCTYXSaeeijkmhopcyyxsdlqwhbtABEZHIKMNOPTYXaeiknopuxt",
)
"""Letters that look like Latin ones (https://www.unicode.org/Public/security/latest/confusables.txt)."""

_ANY_LETTERS = re.compile(r"\w+")
_LATIN = re.compile("[A-Za-z]")
_SPACED = re.compile(r"(?<![\w-])\w([ .\-_])\w(?:\1\w){2,}(?![\w-])")
_DIGIT_NAMES: Final = dict(
    zip("zero oh one two three four five six seven eight nine".split(), "00123456789", strict=True)
)
_DIGIT_NAMED = "|".join(_DIGIT_NAMES)
_NAMED_DIGITS = re.compile(rf"\b(?:{_DIGIT_NAMED})(?:[\s,-]{{1,2}}(?:{_DIGIT_NAMED})){{2,}}\b", re.IGNORECASE)
_DIGIT_NAME = re.compile(_DIGIT_NAMED, re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class View:
    """A text and where each of its characters comes from; `places` is None where nothing was changed."""

    text: str
    places: tuple[Span, ...] | None = None

    def origin(self, span: Span) -> Span:
        """Return where a span of the view stands in the original."""
        start, end = span
        if self.places is None or start >= end:
            return span
        return min(self.places[start][0], self.places[end - 1][0]), max(self.places[start][1], self.places[end - 1][1])

    def rewritten(self, parts: Iterator[tuple[Span, str]]) -> View:
        """Return the view in which each span reads as the text given for it."""
        text, places, done = [], [], 0
        for (start, end), new in parts:
            text += [self.text[done:start], new]
            places += [self.origin((at, at + 1)) for at in range(done, start)]
            places += self._spread(start, end, new)
            done = end
        if not text:
            return self
        text.append(self.text[done:])
        places += [self.origin((at, at + 1)) for at in range(done, len(self.text))]
        return View("".join(text), tuple(places))

    def _spread(self, start: int, end: int, new: str) -> list[Span]:
        if len(new) == end - start:
            return [self.origin((at, at + 1)) for at in range(start, end)]
        return [self.origin((start, end))] * len(new)


@lru_cache(maxsize=2)  # who refuses a text and who masks it look at it one after the other
def plain_view(text: str) -> View:
    """Return `text` without hidden characters, look-alikes of Latin letters, and letters or digits set apart."""
    view = View(text)
    if text.isascii() and not _SPACED.search(text) and not _NAMED_DIGITS.search(text):
        return view
    for step in _STEPS if not text.isascii() else _STEPS_OF_ASCII:
        view = view.rewritten(step(view.text))
    return view


def _without_hidden(text: str) -> Iterator[tuple[Span, str]]:
    yield from ((match.span(), "") for match in HIDDEN.finditer(text))


def _compatible(text: str) -> Iterator[tuple[Span, str]]:
    for place, character in enumerate(text):
        if not character.isascii() and (plain := _plain(character)) != character:
            yield (place, place + 1), plain


def _plain(character: str) -> str:
    """Return a digit of any script as the digit it is, and wide or styled letters as plain ones."""
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    plain = unicodedata.normalize("NFKC", character)
    return plain if len(plain) <= _MOST_OF_ONE else character


def _without_lookalikes(text: str) -> Iterator[tuple[Span, str]]:
    for match in _ANY_LETTERS.finditer(text):
        word = match[0]
        if not word.isascii() and _LATIN.search(word) and (plain := word.translate(_LOOKALIKE)) != word:
            yield match.span(), plain


def _joined(text: str) -> Iterator[tuple[Span, str]]:
    for match in _SPACED.finditer(text):
        for place in range(match.start() + 1, match.end(), 2):
            yield (place, place + 1), ""


def _in_digits(text: str) -> Iterator[tuple[Span, str]]:
    for match in _NAMED_DIGITS.finditer(text):
        digits = "".join(_DIGIT_NAMES[name.lower()] for name in _DIGIT_NAME.findall(match[0]))
        yield match.span(), digits


_STEPS_OF_ASCII: Final[tuple[Callable[[str], Iterator[tuple[Span, str]]], ...]] = (_joined, _in_digits)
_STEPS: Final = (_without_hidden, _compatible, _without_lookalikes, *_STEPS_OF_ASCII)
