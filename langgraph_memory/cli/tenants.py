"""Binds roles of a PostgreSQL server to owners."""

from __future__ import annotations

import typer

from langgraph_memory.cli.files import existing
from langgraph_memory.cli.terminal import safe
from langgraph_memory.database import open_memory


def grant_role(db: str, role: str, owner: str) -> None:
    """Bind a role to one owner."""
    with open_memory(existing(db)) as memory:
        memory.grant(role, owner_id=owner)
    typer.echo(f"{safe(role)} sees what is {safe(owner)}'s, and nothing else.")


def revoke_role(db: str, role: str) -> None:
    """Take its rights from a role."""
    with open_memory(existing(db)) as memory:
        memory.revoke(role)
    typer.echo(f"{safe(role)} sees nothing any more.")
