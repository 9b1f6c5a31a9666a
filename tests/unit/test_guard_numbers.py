"""Numbers that the guard must tell apart: those of cards and accounts, and the identifiers of technical text."""

from __future__ import annotations

import base64
import string
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langgraph_memory.domain.guard import GuardPolicy, mask, withhold

STRICTEST = GuardPolicy(email="mask", phone="mask")
HEX, DIGITS, CODES = "0123456789abcdef", string.digits, string.ascii_uppercase + string.digits


def of(letters: str, length: int, made: Random) -> str:
    return "".join(made.choices(letters, k=length))


def with_luhn(number: str) -> str:
    digits = [int(one) for one in reversed(number)]
    doubled = [one * 2 - 9 if one > 4 else one * 2 for one in digits[::2]]
    return number + str(-(sum(doubled) + sum(digits[1::2])) % 10)


def with_gs1_check(number: str) -> str:
    return number + str(-sum(int(one) * (1, 3)[at % 2 == 0] for at, one in enumerate(reversed(number))) % 10)


def isbn(made: Random) -> str:
    number = with_gs1_check("978" + of(DIGITS, 9, made))
    return made.choice([number, "-".join((number[:3], number[3], number[4:6], number[6:12], number[12]))])


def time(made: Random) -> datetime:
    return datetime.fromtimestamp(made.randrange(2 * 10**9), UTC)


def decimal(made: Random) -> str:
    return f"{made.uniform(-180, 180):.{made.randrange(3, 16)}f}"


IDENTIFIERS: dict[str, Callable[[Random], str]] = {
    "UUID (RFC 9562)": lambda made: str(UUID(bytes=made.randbytes(16), version=4)),
    "upper-case UUID": lambda made: str(UUID(bytes=made.randbytes(16), version=4)).upper(),
    "ULID": lambda made: "01" + of("0123456789ABCDEFGHJKMNPQRSTVWXYZ", 24, made),
    "ObjectId": lambda made: of(HEX, 24, made),
    "Git object": lambda made: of(HEX, made.choice([7, 8, 10, 12, 40]), made),
    "MD5": lambda made: of(HEX, 32, made),
    "SHA-256": lambda made: "sha256:" + of(HEX, 64, made),
    "subresource integrity": lambda made: "sha384-" + base64.b64encode(made.randbytes(48)).decode(),
    "trace context (W3C)": lambda made: f"00-{of(HEX, 32, made)}-{of(HEX, 16, made)}-01",
    "ISBN": isbn,
    "GTIN": lambda made: with_gs1_check(of(DIGITS, made.choice([7, 11, 12, 13]), made)),
    "SSCC (GS1)": lambda made: "(00)" + with_gs1_check(of(DIGITS, 17, made)),
    "IMEI": lambda made: with_luhn("35" + of(DIGITS, 12, made)),
    "ICCID": lambda made: with_luhn("89" + of(DIGITS, 17, made)),
    "date": lambda made: time(made).strftime(made.choice(["%d.%m.%Y", "%Y%m%d%H%M%S", "%m/%d/%y", "%Y-%m-%d"])),
    "RFC 3339": lambda made: time(made).isoformat(),
    "Unix time": lambda made: str(int(time(made).timestamp() * made.choice([1, 1_000, 1_000_000, 1_000_000_000]))),
    "version (SemVer)": lambda made: f"v{of(DIGITS, 1, made)}.{of(DIGITS, 2, made)}.{of(DIGITS, 4, made)}-rc.1+2026",
    "IPv4": lambda made: ".".join(str(one) for one in made.randbytes(4)) + ":8080",
    "IPv6": lambda made: ":".join(of(HEX, 4, made) for _ in range(8)),
    "MAC address": lambda made: made.randbytes(6).hex(made.choice(":-")),
    "coordinates": lambda made: f"{decimal(made)}, {decimal(made)}",
    "UPS": lambda made: "1Z" + of(CODES, 6, made) + of(DIGITS, 10, made),
    "USPS": lambda made: " ".join(["9400", *(of(DIGITS, 4, made) for _ in range(4)), of(DIGITS, 2, made)]),
    "UPU S10": lambda made: f"R{of('ABCD', 1, made)}{of(DIGITS, 9, made)}DE",
    "FedEx": lambda made: " ".join(of(DIGITS, 4, made) for _ in range(3)),
    "DHL": lambda made: "JD" + of(DIGITS, 18, made),
    "Amazon order": lambda made: "-".join(of(DIGITS, length, made) for length in (3, 7, 7)),
    "snowflake": lambda made: str(made.randrange(10**17, 10**19)),
    "e-ticket (IATA)": lambda made: f"220-{of(DIGITS, 10, made)}",
    "DOI": lambda made: f"10.{of(DIGITS, 4, made)}/j.cell.{of(DIGITS, 4, made)}.{of(DIGITS, 2, made)}.007",
    "VAT number": lambda made: made.choice(["DE", "GB"]) + of(DIGITS, 9, made),
    "ARN": lambda made: f"arn:aws:iam::{of(DIGITS, 12, made)}:role/Deploy",
    "float": lambda made: repr(made.random() * 10 ** made.randrange(-5, 9)),
    "log file": lambda made: f"/var/log/app/{of(DIGITS, 16, made)}.log",
    "page": lambda made: f"https://example.com/items/{of(DIGITS, 16, made)}?ref={of(HEX, 12, made)}",
    "Git remote": lambda made: f"git@github.com:acme/{of(HEX, 6, made)}.git",
    "row of a table": lambda made: " ".join(of(DIGITS, 4, made) for _ in range(8)),
}


@pytest.mark.parametrize("kind", IDENTIFIERS)
def test_an_identifier_is_told_from_the_number_of_a_card_or_of_a_person(kind: str) -> None:
    made = Random(kind)  # by a number of its own each: some of any digits are those of a card
    texts = [f"{before}{IDENTIFIERS[kind](made)}" for before in ("It says ", "id=") for _ in range(150)]

    touched = [text for text in texts if mask(text, STRICTEST) != text or withhold(text, STRICTEST) is not None]

    assert touched == []


ISSUERS = st.sampled_from(["4", "51", "55", "2300", "6011", "3530", "62"])
NUMBERS = st.builds(
    lambda issuer, rest: with_luhn((issuer + rest)[:15]), ISSUERS, st.text(DIGITS, min_size=14, max_size=14)
)
PARTED = st.sampled_from(["", " ", "-", ".", ", "])
SAID = st.sampled_from(["{}", "It is {}.", "1. {}", "card={}", "pay with {}, 12/28, 123", "number: {}\nthanks"])


@given(number=NUMBERS, apart=PARTED, said=SAID)
def test_the_number_of_a_card_is_masked_however_it_is_written(number: str, apart: str, said: str) -> None:
    text = said.format(apart.join(number[at : at + 4] for at in range(0, 16, 4)))

    masked = mask(text)

    assert "[card number]" in masked
    assert number[4:8] not in masked
    assert number[8:12] not in masked


def test_a_card_whose_number_was_mistyped_is_masked_where_it_is_called_one() -> None:
    assert mask("my credit card is 4111 1111 1111 1112") == "my credit card is [card number]"
    assert mask("the batch is 4111 1111 1111 1112") == "the batch is 4111 1111 1111 1112"


def test_a_word_beside_a_number_is_no_part_of_an_account() -> None:
    assert mask("DE6610164516 is what the log says.") == "DE6610164516 is what the log says."
    assert mask("pay to de89370400440532013000 today") == "pay to [iban] today"
