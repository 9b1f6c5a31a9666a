"""Finds personal data by kind: numbers by their check digits, the rest by its form."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final, Literal

PersonalKind = Literal["card_number", "iban", "national_id", "health", "email", "phone"]
Finder = Callable[[str], Iterator[tuple[int, int]]]

_DIGIT = re.compile(r"\d")
_OF_DIGITS: Final = frozenset(("card_number", "iban", "national_id", "phone"))
"""The kinds that hold a digit, whatever their form."""

_CARD = re.compile(r"(?<!\d)(?:\d[ -]?){12,18}\d(?!\d)")
_ISSUER = re.compile(r"4|5[1-5]|2[2-7]|3[0-9]|6[0245]|50|5[6-9]|62")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_NATIONAL_ID = re.compile(
    r"\b(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}\b"  # United States, social security
    r"|\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b"  # United Kingdom, national insurance
    r"|\b(?i:passport|national id(?:entity)?|identity card|social security|ssn|tax id|driver'?s licen[cs]e|nino|dni)"
    r"(?i:(?: (?:number|no\.?|card))?(?: is|:| =|=)? )(?=[A-Z0-9-]*\d{4})[A-Z0-9-]{6,}"
)
_HEALTH = re.compile(
    r"\b(?:diagnos\w*|hiv|aids|cancer|tumou?r|diabet\w*|epilep\w*|asthma\w*|depress(?:ion|ed)|bipolar|schizo\w*|adhd"
    r"|autis\w*|pregnan\w*|miscarriage|chemotherapy|antidepressants?|insulin|medications?|prescri(?:bed|ptions?)"
    r"|psychiatr\w*|allerg\w*|disabilit(?:y|ies))\b",
    re.IGNORECASE,
)
_EMAIL = re.compile(r"\b[\w.+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}\b")
_PHONE = re.compile(
    r"(?<!\w)\+\d(?:[ ()./-]{0,2}\d){7,14}(?!\d)"
    r"|(?i:\b(?:phone|mobile|cell|tel|call me|reach me|text me|whatsapp)\b[^\d\n+]{0,25})"
    r"\(?\d(?:[ ()./-]{0,2}\d){6,14}(?!\d)"
)


def find(kind: PersonalKind, text: str) -> Iterator[tuple[int, int]]:
    """Yield where in `text` data of a kind stands."""
    if kind in _OF_DIGITS and _DIGIT.search(text) is None:
        return iter(())
    return FINDERS[kind](text)


def _matching(pattern: re.Pattern[str], check: Callable[[str], bool] = lambda _: True) -> Finder:
    def spans(text: str) -> Iterator[tuple[int, int]]:
        yield from (match.span() for match in pattern.finditer(text) if check(match[0]))

    return spans


def _is_card(text: str) -> bool:
    """Check the issuer's digits, and the rest by the Luhn formula (ISO/IEC 7812-1, annex B)."""
    digits = [int(character) for character in text if character.isdigit()]
    doubled = [digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[-2::-2]]
    issued = _ISSUER.match("".join(map(str, digits))) is not None
    return issued and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_iban(text: str) -> bool:
    """Check the two digits after the country by modulus 97 (ISO 13616, ISO/IEC 7064)."""
    plain = text.replace(" ", "")
    return len(plain) <= 34 and int("".join(str(int(one, 36)) for one in plain[4:] + plain[:4])) % 97 == 1


FINDERS: Final[dict[PersonalKind, Finder]] = {
    "card_number": _matching(_CARD, _is_card),
    "iban": _matching(_IBAN, _is_iban),
    "national_id": _matching(_NATIONAL_ID),
    "health": _matching(_HEALTH),
    "email": _matching(_EMAIL),
    "phone": _matching(_PHONE),
}
