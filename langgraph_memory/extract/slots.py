"""Makes the parts of a slot: short lower-case ASCII words."""

from __future__ import annotations

import re
import unicodedata

from langgraph_memory.domain.text import fingerprint

_ARTICLE = re.compile(r"^(?:a|an|the|some|any|my|our|your|his|her|their)\s+", re.IGNORECASE)


def slug(value: str, *, limit: int = 60) -> str:
    """Return `value` as a part of a slot: lower-case ASCII words joined by hyphens, without an article.

    A value in a script that has no ASCII form gets a stable code, so that two of them do not share a slot.
    """
    folded = unicodedata.normalize("NFKD", _ARTICLE.sub("", value.strip())).replace("ß", "ss")
    ascii_only = folded.replace("#", "-sharp").replace("+", "-plus").encode("ascii", "ignore").decode().lower()
    short = re.sub(r"[^a-z0-9]+", "-", ascii_only.replace("'", "")).strip("-")[:limit].strip("-")
    return short or f"x{fingerprint(value)[:10]}"
