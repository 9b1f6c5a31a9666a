"""`langgraph-memory db`: whose data a database holds; copies, exports, keys, indexes, rights; and serving it."""

from __future__ import annotations

import os
import secrets
import socket
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import quote

import typer

from langgraph_memory.cli.memories import bytes_left
from langgraph_memory.cli.terminal import (
    DEFAULT_DATABASE,
    AnyOwner,
    Database,
    Dims,
    Embedder,
    Host,
    Json,
    Owner,
    ReadOnly,
    Role,
    Scope,
    Served,
    Yes,
    confirm,
    existing,
    extra,
    file_of,
    index_of,
    opened,
    print_json,
    print_list,
    progress,
    safe,
    some_of,
    tell,
)
from langgraph_memory.errors import DatabaseUnavailableError, InvalidInputError, names_a_server, without_password
from langgraph_memory.views import Records, counted, listed

if TYPE_CHECKING:
    from langgraph_memory import MemoryDatabase, Receipt
    from langgraph_memory.doctor import Finding

app = typer.Typer(no_args_is_help=True, help="Move, export and look after a whole database.")

STANDARD_STREAM = "-"
NEW_KEY_VARIABLE: Final = "LANGGRAPH_MEMORY_NEW_KEY"
FOUND = 3
"""The exit code of `doctor` when there is anything worse than a note."""
_LARGE_LOG = 256 << 20


@app.command()
def owners(db: Database = DEFAULT_DATABASE, as_json: Json = False) -> None:
    """List whose memories a database holds, and how many."""
    with opened(db) as memory:
        found = memory.admin.list_owners()
    print_list(found, nothing="the file holds nothing of anybody.", as_json=as_json)


@app.command()
def erase(
    owner: Owner,
    db: Database = DEFAULT_DATABASE,
    threads: Annotated[bool, typer.Option("--threads", help="The owner's threads too.")] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Remove everything of an owner, and its bytes from the file."""
    path = existing(db)
    what = "everything and every thread" if threads else "everything but the threads"
    confirm(f"Erase {what} of {owner} from {without_password(path)}?", sure=yes)
    with opened(path) as memory:
        receipt = memory.admin.erase_owner(owner, threads=threads)
    scrubbed = bool(receipt.body["scrubbed"])
    facts = {"erased": owner, "counts": dict(receipt.counts), "scrubbed": scrubbed}
    said = f"erased {listed(receipt.counts.items())} of {owner}.{bytes_left(db, scrubbed=scrubbed)}"
    tell(said, facts, as_json=as_json)


def doctor(db: Database = DEFAULT_DATABASE, as_json: Json = False) -> None:
    """Look a database over: damage, orphaned rows, threads that cannot be read, conflicts. Exits with 3 on findings."""
    with opened(db) as memory:
        found = memory.diagnose()
    findings = Records(found.kind, [*found, *_of_file(file_of(db))])
    print_list(findings, nothing="nothing is wrong.", as_json=as_json)
    if any(one.severity != "note" for one in findings):
        raise typer.Exit(FOUND)


def _of_file(file: Path | None) -> Iterator[Finding]:
    from langgraph_memory.doctor import Finding

    if file is None:
        return
    mode = file.stat().st_mode
    if mode & (stat.S_IRGRP | stat.S_IROTH):
        yield Finding("warning", f"{file} can be read by other users of this machine", f"run chmod 600 {file}")
    log = file.with_name(f"{file.name}-wal")
    if log.exists() and log.stat().st_size > _LARGE_LOG:
        what = f"the write-ahead log takes {log.stat().st_size >> 20} MB, since somebody reads an earlier state"
        yield Finding("note", what, "end what has had the file open for long")


@app.command()
def export(
    file: Annotated[str, typer.Argument(help="A new file, or - for the standard output.")] = STANDARD_STREAM,
    db: Database = DEFAULT_DATABASE,
    owner: AnyOwner = None,
    readable: Annotated[
        bool, typer.Option("--readable", help="A text for the owner to read, with what was said; not for import.")
    ] = False,
) -> None:
    """Write memories, history and audit as JSON Lines, of one owner or of all."""
    if readable and owner is None:
        raise InvalidInputError("--readable is for one owner; name one with --owner.")
    with opened(db) as memory:
        lines = _readable(memory, owner) if readable and owner else memory.admin.export(owner_id=owner)
        if file == STANDARD_STREAM:
            for line in lines:
                typer.echo(line.encode("utf-8") + b"\n", nl=False)
            return
        if Path(file).exists():
            raise InvalidInputError(f"{file!r} exists already; name a new file.")
        with open(file, "x", encoding="utf-8", opener=_for_owner_alone) as target:
            target.writelines(f"{line}\n" for line in lines)
    typer.echo(f"wrote {file}.", err=True)


def _readable(memory: MemoryDatabase, owner: str) -> Iterator[str]:
    from langgraph_memory.report import owner_report

    yield from owner_report(memory, owner).split("\n")


def _for_owner_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


@app.command("import")
def import_(
    source: Annotated[
        str,
        typer.Argument(
            help="What export wrote, or - ; what LangGraph's own classes wrote: a file or a URL; or an export of mem0, "
            "Zep, Graphiti, Letta, langmem, ChatGPT or Claude, or a Markdown list such as AGENTS.md."
        ),
    ],
    db: Database = DEFAULT_DATABASE,
    owner: Annotated[
        str | None, typer.Option("--owner", help="Refuse what is not this owner's; of another product: whose it is.")
    ] = None,
    scope: Annotated[str, typer.Option("--scope", help="Where the memories of another product hold.")] = "global",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what of another product would be taken in, and change nothing.")
    ] = False,
    trusted: Annotated[
        bool, typer.Option("--trusted/--untrusted", help="Whether memories are trusted as far as an export says.")
    ] = True,
    as_json: Json = False,
) -> None:
    """Take in an export, what LangGraph's own savers and stores hold, or what another product remembers."""
    is_text = source != STANDARD_STREAM and _is_text(source)
    if is_text and not _is_own_export(source):
        _import_foreign(source, db, owner, scope, dry_run=dry_run, as_json=as_json)
        return
    if dry_run or scope != "global":
        raise InvalidInputError("--scope and --dry-run are for what another product exported.")
    if source == STANDARD_STREAM or is_text:
        _import_export(db, source, owner, trusted=trusted, as_json=as_json)
        return
    if owner is not None:
        raise InvalidInputError("--owner is for an export; a database is taken in with all its owners.")
    _import_upstream(source, db, as_json=as_json)


def _is_own_export(source: str) -> bool:
    """Return whether a file begins as an export of this package does."""
    with Path(source).open(encoding="utf-8", errors="replace") as opened_file:
        first = opened_file.readline(1_000)
    return '"langgraph_memory"' in first or not first.strip()


def _is_text(source: str) -> bool:
    """Return whether a source is a file of text, as an export is."""
    file = file_of(source)
    if file is None or not file.is_file():
        return False
    with file.open("rb") as opened_file:
        return b"\x00" not in opened_file.read(100)


def _import_foreign(source: str, target: str, owner: str | None, scope: str, *, dry_run: bool, as_json: bool) -> None:
    from langgraph_memory.transfer.foreign import take_in

    if owner is None:
        raise InvalidInputError(f"{source} is no export of this package; name whose memories it holds with --owner.")
    with opened(target, new=True) as memory:
        found = take_in(memory, source, owner_id=owner, scope=scope, dry_run=dry_run)
    taken = "".join(f"\n  {content}" for content in (*found.added, *found.heard))
    tell(f"{found}{taken}", asdict(found), as_json=as_json)


def _import_export(db: str, file: str, owner: str | None, *, trusted: bool, as_json: bool) -> None:
    if file != STANDARD_STREAM and not Path(file).is_file():
        raise InvalidInputError(f"there is no file {file!r}.")
    try:
        receipt = _taken_in(db, file, owner, trusted)
    except UnicodeDecodeError:
        raise InvalidInputError(f"{file!r} is no text; name what export wrote.") from None
    tell(f"imported {listed(receipt.counts.items())}.", {"counts": dict(receipt.counts)}, as_json=as_json)


def _taken_in(db: str, file: str, owner: str | None, trusted: bool) -> Receipt:
    with ExitStack() as stack:
        source = sys.stdin if file == STANDARD_STREAM else stack.enter_context(Path(file).open(encoding="utf-8"))
        lines = _begun(source)
        memory = stack.enter_context(opened(db, new=True))
        return memory.admin.import_(lines, owner_id=owner, trusted=trusted, on_progress=_count)


def _begun(lines: Iterator[str]) -> Iterator[str]:
    """Return the lines of an export, whose first is checked before a database is made for them."""
    from langgraph_memory.transfer.export import check_header

    first = next(lines, "")
    try:
        check_header(first)
    except InvalidInputError as error:
        raise InvalidInputError(f"line 1: {error}") from None
    return chain([first], lines)


def _count(lines: int) -> None:
    typer.echo(counted(lines, "lines"), err=True)


def _import_upstream(source: str, target: str, *, as_json: bool) -> None:
    from langgraph_memory.transfer.upstream import import_upstream, is_upstream

    _check_pair(source, target)
    if not is_upstream(source):
        raise InvalidInputError(
            f"{without_password(source)!r} is this package's own; copy it with the command db copy."
        )
    with opened(target, new=True) as memory, progress("importing") as report:
        found = import_upstream(source, memory, progress=report)
    if as_json:
        print_json(asdict(found))
        return
    skipped = f", {found.skipped:,} there already" if found.skipped else ""
    checkpoints = f"{counted(found.checkpoints, 'checkpoints')}{skipped}"
    typer.echo(f"imported {counted(found.threads, 'threads')} with {checkpoints}, and {counted(found.items, 'items')}.")
    for one in found.damaged:
        typer.echo(safe(f"left behind: {one}"), err=True)
    goal = file_of(target)
    _print_sizes(source, found.source_bytes, target, None if goal is None else goal.stat().st_size)


@app.command()
def copy(
    source: Annotated[
        str, typer.Argument(help="A database of this package, or of LangGraph's own classes; it is only read.")
    ],
    target: Annotated[str, typer.Argument(help="The database to copy it to: a file path or a URL.")],
    as_json: Json = False,
) -> None:
    """Copy all threads and memories to another database and compare the two; run it again when it was interrupted."""
    from langgraph_memory.transfer.copy import copy_memory
    from langgraph_memory.transfer.upstream import is_upstream

    _check_pair(source, target)
    if is_upstream(source):
        _import_upstream(source, target, as_json=as_json)
        return
    with progress("copying") as report:
        found = copy_memory(source, target, progress=report)
    if as_json:
        print_json(asdict(found))
        return
    known = f" ({found.known:,} were there already)" if found.known else ""
    typer.echo(f"threads{known}: {found.threads}; the same in both.")
    typer.echo(f"memories: {found.memories}; the same in both.")
    _print_sizes(source, found.source_bytes, target, found.target_bytes)
    if found.changed:
        typer.echo(safe(f"continued in the source meanwhile, so run this again: {some_of(found.changed)}."))
    if found.extra:
        typer.echo(safe(f"only in the target, where they stay: {some_of(found.extra)}."))


def _check_pair(source: str, target: str) -> None:
    """Raise DatabaseUnavailableError when there is no such source, InvalidInputError when both are the same file."""
    file, goal = file_of(source), file_of(target)
    if file is not None and not file.is_file():
        raise DatabaseUnavailableError(f"there is no file {str(file)!r} to copy from.")
    if file is not None and goal is not None and goal.exists() and goal.samefile(file):
        raise InvalidInputError(f"{source!r} cannot be copied into itself; name a new file.")


def _print_sizes(source: str, source_bytes: int, target: str, target_bytes: int | None) -> None:
    sizes = [f"{without_password(source)}: {counted(source_bytes, 'bytes')}"]
    if target_bytes is not None:
        sizes.append(f"{without_password(target)}: {counted(target_bytes, 'bytes')}")
    typer.echo(safe("; ".join(sizes) + "."))


@app.command()
def reindex(
    embed: Embedder,
    dims: Dims,
    db: Database = DEFAULT_DATABASE,
    fields: Annotated[list[str] | None, typer.Option("--field", help="What of plain items is embedded.")] = None,
    as_json: Json = False,
) -> None:
    """Embed what has no vector yet, or everything for another model; it can be interrupted and gone on with."""
    with opened(db, index=index_of(embed, dims, fields)) as memory, progress("embedding") as report:
        try:
            done = memory.admin.reindex(on_progress=report)
        except KeyboardInterrupt:
            typer.echo("interrupted; what is done stays, run it again to go on.", err=True)
            raise typer.Exit(130) from None
    tell(f"embedded {counted(done, 'rows')}.", {"rows": done}, as_json=as_json)


@app.command()
def encrypt(db: Database = DEFAULT_DATABASE, as_json: Json = False) -> None:
    """Encrypt a SQLite file in place; the key is read from LANGGRAPH_MEMORY_KEY, or asked for."""
    from langgraph_memory.database import KEY_VARIABLE, encrypt_file

    encrypt_file(_file(db), _key(KEY_VARIABLE, "New key", confirmed=True))
    typer.echo(f"encrypted {safe(db)}; open it with {KEY_VARIABLE} set.", err=True)
    if as_json:
        print_json({"encrypted": db})


@app.command()
def rekey(db: Database = DEFAULT_DATABASE, as_json: Json = False) -> None:
    """Give an encrypted SQLite file the key in LANGGRAPH_MEMORY_NEW_KEY, or one that is asked for."""
    from langgraph_memory.database import KEY_VARIABLE, rekey_file

    key = _key(KEY_VARIABLE, "Key", confirmed=False)
    rekey_file(_file(db), key, _key(NEW_KEY_VARIABLE, "New key", confirmed=True))
    typer.echo(f"{safe(db)} has a new key.", err=True)
    if as_json:
        print_json({"rekeyed": db})


def _file(db: str) -> str:
    if names_a_server(db):
        raise InvalidInputError("--db names a server; encrypt the server's disk.")
    return existing(db)


def _key(variable: str, asked: str, *, confirmed: bool) -> str:
    """Return a key from the environment or as it is typed: other users of the machine could read an argument."""
    key = os.environ.get(variable) or typer.prompt(asked, hide_input=True, confirmation_prompt=confirmed)
    if not isinstance(key, str) or not key:
        raise InvalidInputError(f"the key is empty; set {variable}.")
    return key


@app.command()
def grant(owner: Owner, role: Role, db: Database = DEFAULT_DATABASE, as_json: Json = False) -> None:
    """Let a role of the PostgreSQL server see the rows of one owner, and no others; the tables' owner runs it."""
    with opened(db) as memory:
        memory.admin.grant(role, owner_id=owner)
    tell(f"{role} sees what is {owner}'s, and nothing else.", {"role": role, "owner_id": owner}, as_json=as_json)


@app.command()
def revoke(role: Role, db: Database = DEFAULT_DATABASE, as_json: Json = False) -> None:
    """Take from a role of the PostgreSQL server what grant gave it."""
    with opened(db) as memory:
        memory.admin.revoke(role)
    tell(f"{role} sees nothing any more.", {"role": role, "owner_id": None}, as_json=as_json)


LOOPBACK = ("127.0.0.1", "localhost", "::1", "[::1]")
TOKEN_VARIABLE = "LANGGRAPH_MEMORY_MCP_TOKEN"  # noqa: S105 - where a token is, not one


def inspect(
    db: Annotated[
        str, typer.Argument(envvar="LANGGRAPH_MEMORY_DB", help="The database: a file path or a postgresql:// URL.")
    ] = DEFAULT_DATABASE,
    owner: Served = None,
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="The port; 0 takes a free one.")] = 8765,
    token: Annotated[
        str | None,
        typer.Option("--token", envvar="LANGGRAPH_MEMORY_TOKEN", help="What lets in; by default a new one each time."),
    ] = None,
    read_only: ReadOnly = False,
) -> None:
    """Show a database in the browser: memories, why they are recalled, threads, and what to correct."""
    uvicorn = extra("uvicorn", "the inspector", "inspect")
    from langgraph_memory.http import create_app

    secret = token or secrets.token_urlsafe(24)
    hosts = None if host not in LOOPBACK else ("127.0.0.1", "localhost")
    with opened(db) as memory:
        app = create_app(memory, owner_id=owner, token=secret, read_only=read_only, hosts=hosts)
        listening = _listen(host, port)
        typer.echo(f"{safe(without_password(db))} is shown at {_address(host, listening, secret)}")
        typer.echo("Ctrl-C ends it.")
        uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run([listening])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen()  # so that who opens the printed address at once is served as soon as may be
    except (OSError, OverflowError) as error:
        listening.close()
        raise InvalidInputError(
            f"{host}:{port} cannot be listened at ({error}); name another --host or --port."
        ) from None
    return listening


def _address(host: str, listening: socket.socket, secret: str) -> str:
    shown = "127.0.0.1" if host in LOOPBACK or host in ("0.0.0.0", "::") else host  # noqa: S104 - it is compared
    return f"http://{shown}:{listening.getsockname()[1]}/?token={quote(secret)}"


def mcp(
    db: Database = DEFAULT_DATABASE,
    owner: Served = None,
    scope: Scope = "global",
    read_only: ReadOnly = False,
    http: Annotated[bool, typer.Option("--http", help="Serve over HTTP, to clients with a token.")] = False,
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="The port to listen at.")] = 8765,
    token_file: Annotated[
        str | None, typer.Option("--token-file", help="TOML: [[tokens]] with token or sha256, owner and scope.")
    ] = None,
    allowed: Annotated[
        list[str] | None, typer.Option("--allow-host", help="Another name it is reached by; may be repeated.")
    ] = None,
) -> None:
    """Serve one owner's memories to MCP clients, over stdio or HTTP; their clients never name an owner."""
    import asyncio  # not above: every command, and --help, would wait for it

    server = extra("langgraph_memory.mcp", "the MCP server", "mcp")
    file_of(db)
    if not http:
        if owner is None:
            raise InvalidInputError("name whose memories are served with --owner.")
        asyncio.run(_over_stdio(db, server, {"owner_id": owner, "scope": scope, "read_only": read_only}))
        return
    tokens = _tokens(server, owner, scope, token_file)
    how = {"tokens": tokens, "read_only": read_only, "url": f"http://{host}:{port}"}
    asyncio.run(_over_http(db, server, how, host, port, [host, *(allowed or ())]))


async def _over_stdio(db: str, mcp: Any, how: dict[str, Any]) -> None:
    from langgraph_memory import open_memory

    async with open_memory(db) as memory:
        await mcp.create_server(memory.store, **how).run_stdio_async()


async def _over_http(db: str, mcp: Any, how: dict[str, Any], host: str, port: int, allowed: Sequence[str]) -> None:
    from mcp.server.transport_security import TransportSecuritySettings

    from langgraph_memory import open_memory

    names = [name for one in (*LOOPBACK, *allowed) for name in (one, f"{one}:*")]
    origins = [f"{scheme}://{name}" for name in names for scheme in ("http", "https")]
    security = TransportSecuritySettings(allowed_hosts=names, allowed_origins=origins)
    async with open_memory(db) as memory:
        server = mcp.create_server(memory.store, **how)
        await server.run_streamable_http_async(host=host, port=port, stateless_http=True, transport_security=security)


def _tokens(mcp: Any, owner: str | None, scope: str, token_file: str | None) -> Any:
    """Return who may use the server: those of the file, or the one owner by the token in the environment."""
    from langgraph_memory.nodes import Identity

    if token_file is not None:
        if owner is not None:
            raise InvalidInputError("--owner is for one token in the environment; the file names an owner for each.")
        return mcp.Tokens({one[0]: Identity(one[1], one[2]) for one in _listed(mcp, token_file)})
    token = os.environ.get(TOKEN_VARIABLE)
    if not token or owner is None:
        raise InvalidInputError(f"over HTTP, put a token into {TOKEN_VARIABLE} and name --owner, or pass --token-file.")
    return mcp.Tokens({mcp.Tokens.hash_of(token): Identity(owner, scope)})


def _listed(mcp: Any, token_file: str) -> list[tuple[str, str, str]]:
    """Return hash, owner and scope of each table `[[tokens]]` in a TOML file; raises InvalidInputError."""
    import tomllib

    try:
        tables = tomllib.loads(Path(token_file).read_text(encoding="utf-8")).get("tokens", [])
        return [
            (one.get("sha256") or mcp.Tokens.hash_of(one["token"]), one["owner"], one.get("scope", "global"))
            for one in tables
        ]
    except OSError as error:
        raise InvalidInputError(f"the token file {token_file!r} cannot be read: {error.strerror}.") from None
    except InvalidInputError:
        raise
    except (AttributeError, KeyError, TypeError, ValueError):
        raise InvalidInputError(
            f"the token file {token_file!r} needs tables [[tokens]] with token or sha256, owner and perhaps scope."
        ) from None
