"""Finds personal data by kind: numbers by their check digits, the rest by its form."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Literal, NamedTuple

from langgraph_memory.domain.guard.formats import UUID_FORM, Format, formats

PersonalKind = Literal["card_number", "iban", "national_id", "health", "email", "phone"]
Span = tuple[int, int]
Finder = Callable[[str], Iterator[Span]]

_DIGIT = re.compile(r"\d(?:[^\n]{0,3}\d){2}")
_OF_DIGITS: Final = frozenset(("card_number", "iban", "national_id", "phone"))
"""The kinds that hold a digit, whatever their form."""

_IDENTIFIER = re.compile(
    rf"(?<![^\W_]){UUID_FORM}(?![^\W_])|(?<![\w-])(?=\d*[a-f])[0-9a-f]{{24,128}}(?![\w-])",
    re.IGNORECASE,
)
"""A UUID (RFC 9562), also behind a word as in "run-...", or a digest in hexadecimal: digits in it are no number."""

_DIGITS = re.compile(r"\d+")
_DIGIT_GROUPS = re.compile(r"\d+(?:(?:[ ./-]|[ ./,-]{1,2}(?:(?:then|and) )?)\d+)*")
"""Groups of digits as people write or read out the number of a card; and dates, versions and rows of a table."""
_LEAST_CARD_DIGITS: Final = 12
_MOST_CARD_DIGITS: Final = 19
"""How long the numbers of cards are (ISO/IEC 7812-1)."""
_WINDOW: Final = 60
"""Characters before a number in which is said what it is; half as many after it."""
_ISSUERS: Final = formats("issuer")
_NAMED_ISSUERS: Final = (*_ISSUERS, *formats("named_issuer"))
_INSIDE_WORD: Final = ("-", "/", ".", "+", "_")
"""What stands between a number and the rest of an identifier, a path or a version."""
_CARD_NAMED = re.compile(
    r"(?i)card|visa|maestro|\bamex|american express|\bdiners|\bdiscover\b|unionpay|credit|debit|\bcc\b|\bpan\b"
    r"|\bpa(?:y|id|ying)\b|kredit|kart[ey]|carte|tarjeta|cart[a\u00e3]o?\b|\u043a\u0430\u0440\u0442|\u5361|\u30ab\u30fc\u30c9|\uce74\ub4dc"
)
_PAYS = re.compile(
    r"(?i)(?:(?:credit|debit|bank|payment)[ -]?card|\bvisa|mastercard|\bamex|american express)[^\d\n]{0,25}$"
)
_NUMBER_NAMED = re.compile(
    r"(?i)(?:order|tracking|invoice|serial|imei|ean|gtin|upc|isbn|sscc|ticket|parcel|shipment|booking|issue|commit|run|build"
    r"|request|trace|message|channel|thread|user|part|transaction|customer|container|meeting|timestamp|id)"
    r"\W*(?:\w{1,12}\W+){0,2}$"
)
"""What a number is called that is none of a card though its digits would allow it."""
_IBAN = re.compile(r"\b(?:[A-Z]{2}[ -]?\d{2}(?:[ -]?[A-Z0-9]){11,30}|(?<!\w-)[a-z]{2}\d{2}(?:[ -]?[a-z0-9]){11,30})")
_LEAST_IBAN_DIGITS: Final = 12
"""Digits of the account number that has the fewest; a word beside a shorter number makes none."""
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
_NIR = re.compile(r"\d{15}")
_LONGEST_ID: Final = 40
_BLOCK = re.compile(r"[/+]\w")
_ACCOUNTS: Final = formats("account")
_CARD_DETAILS: Final = formats("card")
_HEALTH = re.compile(
    r"\b(?:diagnos\w*|hiv|aids|cancer|tumou?r|diabet\w*|epilep\w*|asthma\w*|depress(?:ion|ed)|bipolar|schizo\w*|adhd"
    r"|autis\w*|pregnan\w*|miscarriage|chemotherapy|antidepressants?|insulin|medications?|prescri(?:bed|ptions?)"
    r"|psychiatr\w*|allerg\w*|disabilit(?:y|ies))\b",
    re.IGNORECASE,
)
_EMAIL = re.compile(r"\b(?!(?:git|hg|svn)@)[\w.+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}\b")
_PHONE = re.compile(
    r"(?<!\w)\+\d(?:[ ()./-]{0,2}\d){7,14}(?!\d)"
    r"|(?i:(?<![\w.])(?:phone|mobile|cell|tel|call me|reach me|text me|whatsapp)\b[^\d\n+]{0,25})"
    r"\(?\d(?:[ ()./-]{0,2}\d){6,14}(?!\d)"
)


def found_of(kinds: Sequence[PersonalKind], text: str) -> dict[PersonalKind, list[Span]]:
    """Return where in `text` data of each kind stands."""
    wanted = kinds if _DIGIT.search(text) else [kind for kind in kinds if kind not in _OF_DIGITS]
    found = {kind: list(FINDERS[kind](text)) for kind in wanted}
    return {kind: [] for kind in kinds} | {
        kind: list(_outside_of_identifiers(text, spans)) if spans and kind in _OF_DIGITS else spans
        for kind, spans in found.items()
    }


def _outside_of_identifiers(text: str, spans: Sequence[Span]) -> Iterator[tuple[int, int]]:
    known: list[tuple[int, int]] | None = None
    for first, end in spans:
        if known is None:
            known = [one.span() for one in _IDENTIFIER.finditer(text)]
        if not any(begin <= first and end <= stop for begin, stop in known):
            yield first, end


def _matching(pattern: re.Pattern[str], check: Callable[[str], bool] = lambda _: True) -> Finder:
    def spans(text: str) -> Iterator[Span]:
        yield from (match.span() for match in pattern.finditer(text) if check(match[0]))

    return spans


def _all(*finders: Finder) -> Finder:
    def spans(text: str) -> Iterator[Span]:
        for finder in finders:
            yield from finder(text)

    return spans


class _Groups(NamedTuple):
    """Some neighbours of a run of groups of digits in a text."""

    text: str
    run: Sequence[Span]
    first: int
    last: int

    def span(self) -> Span:
        return self.run[self.first][0], self.run[self.last][1]

    def digits(self) -> list[str]:
        return [self.text[slice(*group)] for group in self.run[self.first : self.last + 1]]

    def before(self) -> str:
        start = self.span()[0]
        return self.text[max(0, start - _WINDOW) : start]

    def after(self) -> str:
        end = self.span()[1]
        return self.text[end : end + _WINDOW // 2]

    def beside(self) -> list[int]:
        """Return how long the groups right before and right after these are."""
        beside = (*self.run[max(0, self.first - 1) : self.first], *self.run[self.last + 1 : self.last + 2])
        return [end - start for start, end in beside]


def _cards(text: str) -> Iterator[Span]:
    """Yield numbers of cards: beside a word for one however they are parted, elsewhere as cards are printed."""
    for match in _DIGIT_GROUPS.finditer(text):
        if match.end() - match.start() >= _LEAST_CARD_DIGITS:
            run = [group.span() for group in _DIGITS.finditer(text, *match.span())]
            yield from (groups.span() for groups in _long_enough(text, run) if _is_card(groups))


def _long_enough(text: str, run: Sequence[Span]) -> Iterator[_Groups]:
    """Yield the neighbours in a run that together have as many digits as a card."""
    for first in range(len(run)):
        length = 0
        for last in range(first, len(run)):
            length += run[last][1] - run[last][0]
            if length > _MOST_CARD_DIGITS:
                break
            if length >= _LEAST_CARD_DIGITS:
                yield _Groups(text, run, first, last)


def _is_card(groups: _Groups) -> bool:
    before, after = groups.before(), groups.after()
    if before[-1:].isalnum() or after[:1].isalnum():
        return False
    if _CARD_NAMED.search(before) or _CARD_NAMED.search(after):
        return _is_named_card(groups)
    return _is_printed_card(groups.digits()) and not _is_other_number(groups)


def _is_named_card(groups: _Groups) -> bool:
    """Return whether what is called a card has an issuer and fits its last digit; many mistype that of their own."""
    number = "".join(groups.digits())
    mistyped = groups.last - groups.first > 1 and _PAYS.search(groups.before()) is not None
    return (mistyped or _is_luhn(number)) and _is_issued(number, _NAMED_ISSUERS)


def _is_printed_card(digits: list[str]) -> bool:
    """Return whether a number that no word names is in one, in groups of four, or grouped as its issuer does."""
    in_fours = len(digits) == 1 or (len(digits) > 2 and {*map(len, digits[:-1])} == {4})
    return _is_luhn("".join(digits)) and _is_issued(("" if in_fours else " ").join(digits), _ISSUERS)


def _is_other_number(groups: _Groups) -> bool:
    """Return whether a number is part of a row, an identifier or a path, or called something that no card is."""
    before, after = groups.before(), groups.after()
    if before[-1:] in _INSIDE_WORD or (after[1:2].isalnum() and after[0] in _INSIDE_WORD):
        return True
    if groups.first == groups.last:
        return _NUMBER_NAMED.search(before) is not None
    return any(length > 2 for length in groups.beside())


def _is_issued(number: str, issuers: tuple[Format, ...]) -> bool:
    return any(one.pattern.fullmatch(number) for one in issuers)


def _is_luhn(number: str) -> bool:
    """Return whether a number fits its last digit (ISO/IEC 7812-1, annex B)."""
    digits = [*map(int, number)]
    doubled = [digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _ibans(text: str) -> Iterator[Span]:
    """Yield account numbers, each as long as its country's are: a word may follow without a comma."""
    for match in _IBAN.finditer(text):
        length = _IBAN_LENGTHS.get(match[0][:2].upper(), 0)
        places = [place for place in range(*match.span()) if text[place].isalnum()][:length]
        if len(places) == length > 0 and _is_iban("".join(map(text.__getitem__, places))):
            yield match.start(), places[-1] + 1


def _is_iban(plain: str) -> bool:
    """Check the two digits after the country by modulus 97 (ISO 13616, ISO/IEC 7064)."""
    digits = sum(map(str.isdigit, plain))
    return (
        plain.isascii()
        and digits >= _LEAST_IBAN_DIGITS
        and int("".join(str(int(one, 36)) for one in plain[4:] + plain[:4])) % 97 == 1
    )


def _national_ids(text: str) -> Iterator[Span]:
    """Yield numbers of documents; in a row of 15 digits, which many things are numbered with, by its check alone."""
    for one in _NATIONAL_IDS:
        for span in one.spans(text):
            value = text[slice(*span)]
            if not _is_in_block(text, span) and (not _NIR.fullmatch(value) or _is_nir(value)):
                yield span


def _is_in_block(text: str, span: Span) -> bool:
    """Return whether what stands there is a part of base64, an address or a path."""
    start = max(text.rfind(" ", 0, span[0]), text.rfind("\n", 0, span[0])) + 1
    word = text[start : span[1] + 60].split(None, 1)[0]
    return len(word) > _LONGEST_ID and _BLOCK.search(word) is not None and " " not in text[slice(*span)]


def _is_nir(number: str) -> bool:
    """Check the two digits at the end by modulus 97 (INSEE)."""
    return 97 - int(number[:13]) % 97 == int(number[13:])


FINDERS: Final[dict[PersonalKind, Finder]] = {
    "card_number": _all(_cards, *(one.spans for one in _CARD_DETAILS)),
    "iban": _all(_ibans, *(one.spans for one in _ACCOUNTS)),
    "national_id": _national_ids,
    "health": _matching(_HEALTH),
    "email": _matching(_EMAIL),
    "phone": _matching(_PHONE),
}
