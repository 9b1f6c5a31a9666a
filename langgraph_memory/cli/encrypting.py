"""Encrypts a file, and changes its key; a key is never an argument, which other users of the machine could read."""

from __future__ import annotations

import os
from typing import Final

import typer

from langgraph_memory.cli.files import existing
from langgraph_memory.cli.telling import print_json
from langgraph_memory.cli.terminal import safe
from langgraph_memory.database import KEY_VARIABLE, encrypt_file, rekey_file
from langgraph_memory.errors import InvalidInputError, names_a_server

NEW_KEY_VARIABLE: Final = "LANGGRAPH_MEMORY_NEW_KEY"


def encrypt_database(db: str, *, as_json: bool) -> None:
    """Encrypt a plain file with a new key."""
    encrypt_file(_file(db), _key(KEY_VARIABLE, "New key", confirm=True))
    typer.echo(f"encrypted {safe(db)}; open it with {KEY_VARIABLE} set.", err=True)
    if as_json:
        print_json({"encrypted": db})


def rekey_database(db: str, *, as_json: bool) -> None:
    """Encrypt an encrypted file with another key."""
    key = _key(KEY_VARIABLE, "Key", confirm=False)
    rekey_file(_file(db), key, _key(NEW_KEY_VARIABLE, "New key", confirm=True))
    typer.echo(f"{safe(db)} has a new key.", err=True)
    if as_json:
        print_json({"rekeyed": db})


def _file(db: str) -> str:
    if names_a_server(db):
        raise InvalidInputError("--db names a server; encrypt the server's disk.")
    return existing(db)


def _key(variable: str, asked: str, *, confirm: bool) -> str:
    """Return a key from the environment, or as it is typed."""
    key = os.environ.get(variable) or typer.prompt(asked, hide_input=True, confirmation_prompt=confirm)
    if not isinstance(key, str) or not key:
        raise InvalidInputError(f"the key is empty; set {variable}.")
    return key
