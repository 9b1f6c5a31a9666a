"""Says which slot a name means: Home.City, home_city and location.city are one, whoever names it."""

from __future__ import annotations

import re
from typing import Final

_FACTS: Final = {
    "home.city": "home.city home.town city location.city residence.city residence address.city user.city current.city "
    "lives.in location home",
    "home.country": "home.country country location.country residence.country address.country user.country",
    "employer": "employer work.employer job.employer company work.company job.company workplace work.place",
    "contact.email": "contact.email email e.mail email.address contact.e.mail user.email",
    "contact.phone": "contact.phone phone phone.number contact.phone.number mobile user.phone",
}
_BACKGROUND: Final = {
    "name": "name user.name full.name first.name",
    "nickname": "nickname nick.name preferred.name",
    "pronouns": "pronouns user.pronouns",
    "birthday": "birthday birth.date date.of.birth dob user.birthday",
    "origin": "origin home.origin hometown birthplace birth.place from",
    "nationality": "nationality citizenship user.nationality",
    "job.title": "job.title job occupation profession work.title work.role role job.role",
    "timezone": "timezone time.zone user.timezone",
}
_SLOTS: Final = {
    name: slot for table in (_FACTS, _BACKGROUND) for slot, names in table.items() for name in names.split()
}
_JOINS: Final = re.compile(r"[^a-z0-9]+")


def canonical(slot: str | None, memory_type: str) -> tuple[str | None, str]:
    """Return the slot that a name means and the type of what it holds; a name that nobody knows stays as it is."""
    known = _SLOTS.get(_JOINS.sub(".", (slot or "").lower()).strip("."))
    if known is None or memory_type not in ("fact", "background"):
        return slot, memory_type
    return known, "fact" if known in _FACTS else "background"
