"""Finds personal data by kind: numbers by their check digits, the rest by its form."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final, Literal

from langgraph_memory.domain.guard.formats import formats

PersonalKind = Literal["card_number", "iban", "national_id", "health", "email", "phone"]
Finder = Callable[[str], Iterator[tuple[int, int]]]

_DIGIT = re.compile(r"\d(?:[^\n]{0,3}\d){2}")
_OF_DIGITS: Final = frozenset(("card_number", "iban", "national_id", "phone"))
"""The kinds that hold a digit, whatever their form."""

_IDENTIFIER = re.compile(
    r"(?<![\w-])(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?=\d*[a-f])[0-9a-f]{24,128})(?![\w-])", re.IGNORECASE
)
"""A UUID (RFC 9562) or a digest in hexadecimal: digits in it are no number, whatever they add up to."""

_CARD = re.compile(r"(?<![\d.])(?:\d[ -]?){12,18}\d(?!\d)")
_ISSUER = re.compile(r"4|5[1-5]|2[2-7]|3[0-9]|6[0245]|50|5[6-9]|62")
_IBAN = re.compile(r"\b[A-Z]{2}[ -]?\d{2}(?:[ -]?[A-Z0-9]){11,30}", re.IGNORECASE)
_IBAN_LENGTHS: Final = {
    row[:2]: int(row[2:])
    for row in """
    AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28
    EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26
    IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28
    NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25
    SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30
    """.split()
}
"""How long the account numbers of a country are (SWIFT, IBAN registry)."""

_NATIONAL_IDS: Final = formats("national_id")
_ACCOUNTS: Final = formats("account")
_CARD_DETAILS: Final = formats("card")
_CARD_IN_GROUPS = re.compile(
    r"(?<![\d.])\d{4}(?:[ ./,-]{1,2}(?:then |and )?\d{4}){3}(?:[ -]?\d{1,3})?(?!\d)"
    r"|(?<!\d)3[47]\d{2}[ ./-]\d{6}[ ./-]\d{5}(?!\d)"
    r"|(?<![\d.])\d{4}[ ,]{1,2}(?:then |and )?\d{4}[ ]?\d{4}[ ]?\d{4}(?!\d)"
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
    return _outside_of_identifiers(text, FINDERS[kind](text)) if kind in _OF_DIGITS else FINDERS[kind](text)


def _outside_of_identifiers(text: str, spans: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    known: list[tuple[int, int]] | None = None
    for first, end in spans:
        if known is None:
            known = [one.span() for one in _IDENTIFIER.finditer(text)]
        if not any(begin <= first and end <= stop for begin, stop in known):
            yield first, end


def _matching(pattern: re.Pattern[str], check: Callable[[str], bool] = lambda _: True) -> Finder:
    def spans(text: str) -> Iterator[tuple[int, int]]:
        yield from (match.span() for match in pattern.finditer(text) if check(match[0]))

    return spans


def _all(*finders: Finder) -> Finder:
    def spans(text: str) -> Iterator[tuple[int, int]]:
        for finder in finders:
            yield from finder(text)

    return spans


def _is_card(text: str) -> bool:
    """Check the issuer's digits, and the rest by the Luhn formula (ISO/IEC 7812-1, annex B)."""
    digits = [int(character) for character in text if character.isdigit()]
    doubled = [digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[-2::-2]]
    issued = _ISSUER.match("".join(map(str, digits))) is not None
    return issued and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _ibans(text: str) -> Iterator[tuple[int, int]]:
    """Yield account numbers, each as long as its country's are: a word may follow without a comma."""
    for match in _IBAN.finditer(text):
        length = _IBAN_LENGTHS.get(match[0][:2].upper(), 0)
        places = [place for place in range(*match.span()) if text[place].isalnum()][:length]
        if len(places) == length > 0 and _is_iban("".join(map(text.__getitem__, places))):
            yield match.start(), places[-1] + 1


def _is_iban(plain: str) -> bool:
    """Check the two digits after the country by modulus 97 (ISO 13616, ISO/IEC 7064)."""
    return plain.isascii() and int("".join(str(int(one, 36)) for one in plain[4:] + plain[:4])) % 97 == 1


FINDERS: Final[dict[PersonalKind, Finder]] = {
    "card_number": _all(
        _matching(_CARD, _is_card), _matching(_CARD_IN_GROUPS, _is_card), *(one.spans for one in _CARD_DETAILS)
    ),
    "iban": _all(_ibans, *(one.spans for one in _ACCOUNTS)),
    "national_id": _all(*(one.spans for one in _NATIONAL_IDS)),
    "health": _matching(_HEALTH),
    "email": _matching(_EMAIL),
    "phone": _matching(_PHONE),
}
