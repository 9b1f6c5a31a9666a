"""Recognises the tools and services somebody uses, and the slot each fills."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from langgraph_memory.extract import vocabulary as words
from langgraph_memory.extract.foreign import BLANK
from langgraph_memory.extract.known import slot_of, without_version
from langgraph_memory.extract.slots import slug
from langgraph_memory.extract.values import listed

_PURPOSE = re.compile(
    r"\s+(?:for|as|to|in|on|instead of|rather than|because|since|with|and (?:we|i|it|our|my)\b|at|across|over|last|"
    r"this|now|where|which|so|but|when|while|after|before|from|everywhere|these days|currently|internally|mostly|"
    r"heavily|any more)\b.*?(?=,? and [A-Z]|$)",
    re.IGNORECASE,
)
_PRODUCT = re.compile(r"(?:[A-Z][\w.+#-]*|\w+\.(?:io|js|ai))(?: (?:[A-Z][\w.+#-]*|v?\d[\d.]*)){0,2}")
_NOT_PRODUCTS: Final = words.word_set(
    "i, we, it, the, a, our, your, my, this, that, english, ok, monday, friday, google, one, two, three"
)


def tools(text: str, *, named: bool) -> Iterator[tuple[str, str]]:
    """Yield (slot, tool) for each thing listed in `text`; with `named`, also unknown ones written as a name."""
    if BLANK in text:
        return
    careful = text != text.lower()
    for part in listed(_PURPOSE.sub("", text)):
        value = re.sub(r"^(?:the|a|an|mostly|mainly)\s+", "", part.strip("`\"'“” .,!?"), flags=re.IGNORECASE)
        slot = slot_of(value, careful=careful)
        if slot is None and named and _is_product(value, text):
            slot = f"project.uses.{slug(without_version(value))}"
        if slot is not None:
            yield slot, value


def in_environment(slot: str, environment: str) -> str:
    """Return the slot of the same kind of thing in one environment: staging.database."""
    plain = {"prod": "production", "dev": "development"}.get(environment.lower(), environment.lower())
    return f"{plain}.{slot.removeprefix('project.')}"


def _is_product(value: str, text: str) -> bool:
    return _PRODUCT.fullmatch(value) is not None and not text.isupper() and value.lower() not in _NOT_PRODUCTS
