"""The options that commands share, each declared once."""

from __future__ import annotations

from typing import Annotated

import typer

DEFAULT_DATABASE = "assistant.db"
_MODEL = "provider:name, as LangChain's init_chat_model takes it"

MODEL_HELP = f"{_MODEL}; without it, an offline model answers."

Database = Annotated[
    str,
    typer.Option(
        "--db", envvar="LANGGRAPH_MEMORY_DB", help="The database: a file path, a sqlite:/// or a postgresql:// URL."
    ),
]
AnyOwner = Annotated[str | None, typer.Option("--owner", help="Whose; else everybody's.")]
Owner = Annotated[str, typer.Option("--owner", help="Whose memories.")]
Served = Annotated[str | None, typer.Option("--owner", help="Serve this owner's memories alone.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="The most to list.")]
Scope = Annotated[str, typer.Option("--scope", help="Where it holds, such as org:acme/project:apollo.")]
Thread = Annotated[str | None, typer.Option("--thread", help="Of this thread only.")]
ChatModel = Annotated[str | None, typer.Option("--model", help=MODEL_HELP)]
Reader = Annotated[str | None, typer.Option("--model", help=f"{_MODEL}; without it, the rules read and write.")]
Embedder = Annotated[str, typer.Option("--embed", help="provider:model, or module:attribute of your own embedder.")]
Dims = Annotated[int, typer.Option("--dims", min=1, help="The size of its vectors.")]
Role = Annotated[str, typer.Option("--role", help="The server's role, which must exist.")]
Host = Annotated[str, typer.Option("--host", help="The address to listen at; by default this machine alone.")]
ReadOnly = Annotated[bool, typer.Option("--read-only", help="Let nothing be changed.")]

MemoryId = Annotated[str, typer.Argument(help="The memory's id, or its first characters.")]
ThreadId = Annotated[str, typer.Argument(help="The thread's id.")]
