"""Refuses what must never be remembered: secrets, card numbers, orders to the agent, speculation."""

from __future__ import annotations

import re
from dataclasses import dataclass

from langgraph_memory.domain.text import HIDDEN


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a text is not remembered; it never quotes the text."""

    reason: str
    explanation: str


_SECRET = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\b(?:ghp|gho|ghu|ghs|ghr)_[A-Za-z0-9]{20,}|\bgithub_pat_[A-Za-z0-9_]{20,}|\bglpat-[A-Za-z0-9_-]{16,}"
    r"|\bxox[abprs]-[A-Za-z0-9-]{10,}|\bsk-[A-Za-z0-9_-]{16,}|\b[rs]k_(?:live|test)_[A-Za-z0-9]{10,}"
    r"|\bAIza[A-Za-z0-9_-]{30,}|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}"
    r"|\b(?:password|passwd|passphrase|pin|secret|api[ _-]?key|access[ _-]?token|auth[ _-]?token)\b"
    r"[^.\n]{0,20}?(?:\bis\b|=|:)\s*\S",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"(?<!\d)(?:\d[ -]?){12,18}\d(?!\d)")
_ORDER = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b.{0,30}\b(?:previous|prior|above|earlier|system)\b.{0,30}"
    r"\b(?:instructions?|prompts?|rules|messages?)\b"
    r"|\byou are now\b|\bnew (?:system )?instructions?\b|\b(?:reveal|print|show)\b.{0,20}\bsystem prompt\b"
    r"|\b(?:always|must) (?:call|invoke|run|use) (?:the )?\S+ (?:tool|function)\b"
    r"|<\s*/?\s*(?:system|assistant|user|memor(?:y|ies)|instructions?)\b|<\|[a-z_]+\|>|\[/?INST\]",
    re.IGNORECASE | re.DOTALL,
)
_BASE64 = re.compile(r"[A-Za-z0-9+/]{80,}={0,2}")


def refuse(text: str) -> Refusal | None:
    """Return why `text` must not be remembered, or None when it may be."""
    if _SECRET.search(text):
        return Refusal("secret", "It holds a password, key or token.")
    if any(_passes_luhn(match[0]) for match in _DIGITS.finditer(text)):
        return Refusal("card_number", "It holds what looks like a payment card number.")
    if _ORDER.search(text):
        return Refusal("instruction", "It reads like an order to the agent, not a statement.")
    if HIDDEN.search(text):
        return Refusal("hidden_text", "It holds invisible characters.")
    if _BASE64.search(text):
        return Refusal("encoded_text", "It holds a long encoded block.")
    return None


def _passes_luhn(text: str) -> bool:
    """Check the digits by the Luhn formula (ISO/IEC 7812-1, annex B)."""
    digits = [int(character) for character in text if character.isdigit()]
    doubled = [digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
