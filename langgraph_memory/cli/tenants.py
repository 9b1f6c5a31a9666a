"""Binds roles of a PostgreSQL server to owners."""

from __future__ import annotations

from langgraph_memory.cli.files import existing
from langgraph_memory.cli.telling import tell
from langgraph_memory.database import open_memory


def grant_role(db: str, role: str, owner: str, *, as_json: bool) -> None:
    """Bind a role to one owner."""
    with open_memory(existing(db)) as memory:
        memory.grant(role, owner_id=owner)
    facts = {"role": role, "owner_id": owner}
    tell(f"{role} sees what is {owner}'s, and nothing else.", facts, as_json=as_json)


def revoke_role(db: str, role: str, *, as_json: bool) -> None:
    """Take its rights from a role."""
    with open_memory(existing(db)) as memory:
        memory.revoke(role)
    tell(f"{role} sees nothing any more.", {"role": role, "owner_id": None}, as_json=as_json)
