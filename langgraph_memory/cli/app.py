"""The commands and their options; what each of them does stands in its own module, imported when it runs."""

from __future__ import annotations

import sys
from io import TextIOWrapper
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from langgraph_memory import __version__
from langgraph_memory.cli.terminal import safe
from langgraph_memory.errors import LangGraphMemoryError


class _OneSentenceErrors(TyperGroup):
    """Prints an error of this package as its sentence, without a traceback, and exits with 1."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except LangGraphMemoryError as error:
            from langgraph_memory.cli.telling import in_commands

            typer.echo(f"error: {safe(in_commands(str(error)))}", err=True)
            raise typer.Exit(1) from error


app = typer.Typer(
    cls=_OneSentenceErrors,
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    epilog="Exit codes: 0 done; 1 not done, which one sentence on the standard error explains, or the answer was no; "
    "2 the command line itself is wrong; 130 interrupted. With --json a command prints JSON; what deletes asks first, "
    "unless --yes is given.",
    help="Two memories for LangGraph agents in one file: threads that resume, and facts that outlive them.",
)

Database = Annotated[
    str,
    typer.Option(
        "--db", envvar="LANGGRAPH_MEMORY_DB", help="The database: a file path, a sqlite:/// or a postgresql:// URL."
    ),
]
Owner = Annotated[str | None, typer.Option("--owner", help="Whose memories; else everybody's.")]
OneOwner = Annotated[str, typer.Option("--owner", help="Whose memories.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Scope = Annotated[str, typer.Option("--scope", help="Where it holds, such as org:acme/project:apollo.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="The most to list.")]
MODEL_HELP = "provider:name, as LangChain's init_chat_model takes it; without it, an offline model answers."
DEFAULT_DATABASE = "assistant.db"


def main() -> None:
    """Run the command line; a character that the terminal cannot show is replaced."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    app()


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Take the options that stand before a command; `--version` has done its work by now."""


@app.command()
def demo(
    db: Annotated[str | None, typer.Option("--db", help="The file to play in; by default a new temporary one.")] = None,
    model: Annotated[str | None, typer.Option("--model", help=MODEL_HELP)] = None,
) -> None:
    """Play two sessions in two processes on one file, and show what was remembered, recalled and left out."""
    from langgraph_memory.cli.demo import play_demo

    play_demo(db, model)


@app.command("demo-session", hidden=True)
def demo_session(
    number: Annotated[int, typer.Argument(min=1, max=2)],
    db: Annotated[str, typer.Option("--db")],
    thread: Annotated[str, typer.Option("--thread")],
    model: Annotated[str | None, typer.Option("--model")] = None,
) -> None:
    """Play one session of the demo in this process."""
    from langgraph_memory.cli.demo import play_session

    play_session(number, db, thread, model)


@app.command()
def chat(
    db: Database = DEFAULT_DATABASE,
    owner: Annotated[str | None, typer.Option("--owner", help="Who is talking; by default the system's user.")] = None,
    thread: Annotated[str | None, typer.Option("--thread", help="The thread to go on with; else a new one.")] = None,
    model: Annotated[str | None, typer.Option("--model", envvar="LANGGRAPH_MEMORY_MODEL", help=MODEL_HELP)] = None,
) -> None:
    """Talk with an assistant that remembers; /help lists what else it understands."""
    from langgraph_memory.cli.chat import start_chat

    start_chat(db, owner, thread, model)


@app.command()
def memories(
    db: Database = DEFAULT_DATABASE,
    owner: Owner = None,
    everything: Annotated[bool, typer.Option("--all", help="Superseded and expired ones too.")] = False,
    as_json: Json = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="The most to list for each owner.")] = 100,
) -> None:
    """List the memories in a file, of one owner or of all."""
    from langgraph_memory.cli.listings import list_memories

    list_memories(db, owner, everything=everything, as_json=as_json, limit=limit)


@app.command()
def remember(
    content: Annotated[str, typer.Argument(help="One sentence.")],
    owner: OneOwner,
    db: Database = DEFAULT_DATABASE,
    scope: Scope = "global",
    memory_type: Annotated[str, typer.Option("--type", help="What kind of memory it is.")] = "fact",
    slot: Annotated[str | None, typer.Option("--slot", help="What it is about, such as home.city.")] = None,
    as_json: Json = False,
) -> None:
    """Remember something of an owner; a new value in a slot takes the place of the old one."""
    from langgraph_memory.cli.knowing import remember as store

    store(db, content, owner, scope=scope, memory_type=memory_type, slot=slot, as_json=as_json)


@app.command()
@app.command("search", hidden=True)
def recall(
    query: Annotated[str, typer.Argument(help="What a user would say.")],
    owner: OneOwner,
    db: Database = DEFAULT_DATABASE,
    scope: Scope = "global",
    memory_types: Annotated[list[str] | None, typer.Option("--type", help="Only this type; may be repeated.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="The most to recall.")] = 5,
    as_json: Json = False,
) -> None:
    """Find what is known for a query, and what was left out and why; search is another name for it."""
    from langgraph_memory.cli.knowing import recall as find

    find(db, query, owner, scope, types=memory_types, limit=limit, as_json=as_json)


@app.command()
def recalls(
    owner: OneOwner,
    thread: Annotated[str | None, typer.Option("--thread", help="Of this thread only.")] = None,
    db: Database = DEFAULT_DATABASE,
    as_json: Json = False,
    limit: Limit = 100,
) -> None:
    """List what an owner's recalls found, newest first; explain shows one of them."""
    from langgraph_memory.cli.knowing import recalls as list_recalls

    list_recalls(db, owner, thread, as_json=as_json, limit=limit)


@app.command()
def show(
    memory_id: Annotated[str, typer.Argument(help="The memory's id, or its first characters.")],
    owner: OneOwner,
    db: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Show everything that is kept with a memory."""
    from langgraph_memory.cli.knowing import show as show_memory

    show_memory(db, memory_id, owner, as_json=as_json)


@app.command()
def profile(owner: OneOwner, db: Database = DEFAULT_DATABASE, scope: Scope = "global", as_json: Json = False) -> None:
    """Show what shapes every answer to an owner, as a model reads it."""
    from langgraph_memory.cli.knowing import profile as show_profile

    show_profile(db, owner, scope, as_json=as_json)


@app.command()
def owners(db: Database = DEFAULT_DATABASE, as_json: Json = False) -> None:
    """List whose memories a file holds, and how many."""
    from langgraph_memory.cli.listings import list_owners

    list_owners(db, as_json=as_json)


@app.command()
def threads(db: Database = DEFAULT_DATABASE, as_json: Json = False, limit: Limit = 100) -> None:
    """List the threads in a file, last used first."""
    from langgraph_memory.cli.listings import list_threads

    list_threads(db, as_json=as_json, limit=limit)


thread_app = typer.Typer(no_args_is_help=True, help="Show or delete one thread.")
app.add_typer(thread_app, name="thread")


@thread_app.command("show")
def show_thread(
    thread: Annotated[str, typer.Argument(help="The thread's id.")],
    db: Database = DEFAULT_DATABASE,
    as_json: Json = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="The most messages and checkpoints to show.")] = 20,
) -> None:
    """Show what was said in a thread, and its newest checkpoints."""
    from langgraph_memory.cli.threads import show_thread as show

    show(db, thread, as_json=as_json, limit=limit)


@thread_app.command("memory")
def thread_memory(
    thread: Annotated[str, typer.Argument(help="The thread's id.")],
    owner: OneOwner,
    recall: Annotated[bool | None, typer.Option("--recall/--no-recall", help="Whether memory is read in it.")] = None,
    learn: Annotated[bool | None, typer.Option("--learn/--no-learn", help="Whether it is learnt from.")] = None,
    db: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Show or set whether memory is read in a thread, and whether anything is learnt of it."""
    from langgraph_memory.cli.threads import thread_memory as switch

    switch(db, thread, owner, recall, learn, as_json=as_json)


@thread_app.command("delete")
def delete_thread(
    thread: Annotated[str, typer.Argument(help="The thread's id.")],
    db: Database = DEFAULT_DATABASE,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Delete a thread with its checkpoints; what was learnt in it stays."""
    from langgraph_memory.cli.threads import delete_thread as delete

    delete(db, thread, sure=yes, as_json=as_json)


@app.command()
def history(
    memory_id: Annotated[str, typer.Argument(help="The memory's id, or its first characters.")],
    owner: OneOwner,
    db: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Show every version of what a memory is about."""
    from langgraph_memory.cli.upkeep import show_history

    show_history(db, memory_id, owner, as_json=as_json)


@app.command()
def explain(
    owner: OneOwner,
    recall_id: Annotated[
        str | None, typer.Argument(help="The recall's id; by default the owner's last recall.")
    ] = None,
    db: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Show why a recall found what it did."""
    from langgraph_memory.cli.upkeep import show_explanation

    show_explanation(db, recall_id, owner, as_json=as_json)


@app.command()
def verify(
    memory_id: Annotated[str, typer.Argument(help="The memory's id, or its first characters.")],
    owner: OneOwner,
    db: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Confirm that a memory holds; what contradicts it is superseded."""
    from langgraph_memory.cli.upkeep import verify_memory

    verify_memory(db, memory_id, owner, as_json=as_json)


@app.command()
def supersede(
    memory_id: Annotated[str, typer.Argument(help="The memory's id, or its first characters.")],
    content: Annotated[str, typer.Argument(help="What holds in its place.")],
    owner: OneOwner,
    db: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Put a new value in the place of a memory; the old one stays in its history."""
    from langgraph_memory.cli.upkeep import supersede_memory

    supersede_memory(db, memory_id, content, owner, as_json=as_json)


@app.command()
def audit(
    owner: OneOwner,
    memory_id: Annotated[
        str | None, typer.Argument(help="The memory's id, or its first characters; else every memory.")
    ] = None,
    db: Database = DEFAULT_DATABASE,
    as_json: Json = False,
    limit: Limit = 100,
) -> None:
    """List who changed an owner's memories, or one of them, when and why, newest first."""
    from langgraph_memory.cli.upkeep import show_audit

    show_audit(db, memory_id, owner, as_json=as_json, limit=limit)


@app.command()
def retract(
    owner: OneOwner,
    thread: Annotated[str | None, typer.Option("--thread", help="The thread that was rewound.")] = None,
    keep: Annotated[
        str | None, typer.Option("--keep", help="The newest checkpoint that counts; else the thread's newest.")
    ] = None,
    checkpoints: Annotated[
        list[str] | None, typer.Option("--checkpoint", help="A checkpoint of the thread; may be repeated.")
    ] = None,
    runs: Annotated[
        list[str] | None, typer.Option("--run", help="A run, in place of a thread; may be repeated.")
    ] = None,
    delete: Annotated[
        bool, typer.Option("--delete-checkpoints", help="Delete the checkpoints of the runs with it.")
    ] = False,
    db: Database = DEFAULT_DATABASE,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Take back what an abandoned branch, some checkpoints or some runs taught, after showing what that does."""
    from langgraph_memory.cli.retracting import Branch
    from langgraph_memory.cli.retracting import retract as take_back

    branch = Branch(owner, thread, keep, tuple(checkpoints or ()), tuple(runs or ()), delete)
    take_back(db, branch, dry_run=dry_run, sure=yes, as_json=as_json)


@app.command()
def forget(
    memory_id: Annotated[str, typer.Argument(help="The memory's id, or its first characters.")],
    owner: OneOwner,
    db: Database = DEFAULT_DATABASE,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Delete one memory with its older versions."""
    from langgraph_memory.cli.upkeep import forget_memory

    forget_memory(db, memory_id, owner, sure=yes, as_json=as_json)


@app.command()
def erase(
    owner: OneOwner,
    db: Database = DEFAULT_DATABASE,
    threads: Annotated[bool, typer.Option("--threads", help="The owner's threads too.")] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Remove everything of an owner, and its bytes from the file."""
    from langgraph_memory.cli.upkeep import erase_owner

    erase_owner(db, owner, threads=threads, sure=yes, as_json=as_json)


@app.command()
def grant(
    owner: OneOwner,
    role: Annotated[str, typer.Option("--role", help="The server's role, which must exist.")],
    db: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Let a role of the PostgreSQL server see the rows of one owner, and no others; the tables' owner runs it."""
    from langgraph_memory.cli.tenants import grant_role

    grant_role(db, role, owner, as_json=as_json)


@app.command()
def revoke(
    role: Annotated[str, typer.Option("--role", help="The server's role.")],
    db: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Take from a role of the PostgreSQL server what grant gave it."""
    from langgraph_memory.cli.tenants import revoke_role

    revoke_role(db, role, as_json=as_json)


@app.command()
def export(
    file: Annotated[str, typer.Argument(help="A new file, or - for the standard output.")] = "-",
    db: Database = DEFAULT_DATABASE,
    owner: Owner = None,
    readable: Annotated[
        bool, typer.Option("--readable", help="A text for the owner to read, with what was said; not for import.")
    ] = False,
) -> None:
    """Write memories, history and audit as JSON Lines, of one owner or of all."""
    from langgraph_memory.cli.upkeep import export_memories

    export_memories(db, file, owner, readable=readable)


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
    from langgraph_memory.cli.copying import take_in

    take_in(source, db, owner, scope, trusted=trusted, dry_run=dry_run, as_json=as_json)


@app.command()
def guide(
    name: Annotated[str | None, typer.Argument(help="Which guide; without a name, what there is.")] = None,
    as_json: Json = False,
) -> None:
    """Read a guide: what the package does, how it is operated, and what each of its errors means."""
    from langgraph_memory.cli import guide as reader

    reader.list_guides(as_json=as_json) if name is None else reader.show_guide(name)


@app.command()
def doctor(db: Database = DEFAULT_DATABASE, as_json: Json = False) -> None:
    """Look a database over: damage, orphaned rows, threads that cannot be read, conflicts. Exits with 3 on findings."""
    from langgraph_memory.cli.doctoring import examine

    examine(db, as_json=as_json)


@app.command("encrypt")
def encrypt(db: Database = DEFAULT_DATABASE, as_json: Json = False) -> None:
    """Encrypt a SQLite file in place; the key is read from LANGGRAPH_MEMORY_KEY, or asked for."""
    from langgraph_memory.cli.encrypting import encrypt_database

    encrypt_database(db, as_json=as_json)


@app.command("rekey")
def rekey(db: Database = DEFAULT_DATABASE, as_json: Json = False) -> None:
    """Give an encrypted SQLite file the key in LANGGRAPH_MEMORY_NEW_KEY, or one that is asked for."""
    from langgraph_memory.cli.encrypting import rekey_database

    rekey_database(db, as_json=as_json)


@app.command("copy")
def copy(
    source: Annotated[
        str, typer.Argument(help="A database of this package, or of LangGraph's own classes; it is only read.")
    ],
    target: Annotated[str, typer.Argument(help="The database to copy it to: a file path or a URL.")],
    as_json: Json = False,
) -> None:
    """Copy all threads and memories to another database and compare the two; run it again when it was interrupted."""
    from langgraph_memory.cli.copying import copy_database

    copy_database(source, target, as_json=as_json)


@app.command()
def sweep(
    db: Database = DEFAULT_DATABASE,
    owner: Owner = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")] = False,
    floor: Annotated[float, typer.Option("--floor", min=0, max=1, help="Remove what is less sure than this.")] = 0.0,
    cap: Annotated[
        int | None, typer.Option("--cap", min=1, help="The most live memories an owner may have in a scope.")
    ] = None,
    similar: Annotated[bool, typer.Option("--similar", help="Merge what says the same in other words too.")] = False,
    keep_superseded: Annotated[
        int | None, typer.Option("--keep-superseded", min=0, help="Days to keep superseded versions; else for ever.")
    ] = None,
    keep_receipts: Annotated[
        int | None, typer.Option("--keep-receipts", min=0, help="Days to keep receipts; else for ever.")
    ] = None,
    yes: Yes = False,
    as_json: Json = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="The most changes to show; all of them are made.")] = 100,
) -> None:
    """Merge equal memories, let unconfirmed ones fade, remove what expired, and what the bounds leave no place for."""
    from langgraph_memory.cli.hygiene import sweep_file

    sweep_file(
        db,
        owner,
        floor=floor,
        cap=cap,
        similar=similar,
        keep_superseded=keep_superseded,
        keep_receipts=keep_receipts,
        dry_run=dry_run,
        sure=yes,
        as_json=as_json,
        limit=limit,
    )


@app.command()
def review(
    owner: OneOwner,
    kind: Annotated[
        str | None, typer.Option("--kind", help="conflicting, stale, low_confidence or never_recalled; else all.")
    ] = None,
    db: Database = DEFAULT_DATABASE,
    as_json: Json = False,
    limit: Limit = 100,
) -> None:
    """List the memories that somebody should look at, why, and what to do about each."""
    from langgraph_memory.cli.hygiene import review_file

    review_file(db, owner, kind, as_json=as_json, limit=limit)


@app.command()
def reindex(
    embed: Annotated[str, typer.Option("--embed", help="provider:model, or module:attribute of your own embedder.")],
    dims: Annotated[int, typer.Option("--dims", min=1, help="The size of its vectors.")],
    db: Database = DEFAULT_DATABASE,
    fields: Annotated[list[str] | None, typer.Option("--field", help="What of plain items is embedded.")] = None,
    as_json: Json = False,
) -> None:
    """Embed what has no vector yet, or everything for another model; it can be interrupted and gone on with."""
    from langgraph_memory.cli.reindexing import reindex_file

    reindex_file(db, embed, dims, fields, as_json=as_json)


@app.command()
def jobs(
    db: Database = DEFAULT_DATABASE,
    owner: Annotated[str | None, typer.Option("--owner", help="Whose jobs; else everybody's.")] = None,
    thread: Annotated[str | None, typer.Option("--thread", help="Of this thread only, to retry or to drop.")] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Try again what was set aside.")] = False,
    drop: Annotated[bool, typer.Option("--drop", help="Give up what was set aside.")] = False,
    as_json: Json = False,
    limit: Limit = 100,
) -> None:
    """List what waits to be promoted and what was set aside, or decide about an owner's messages set aside."""
    from langgraph_memory.cli.working import decide, list_jobs

    if retry or drop:
        decide(db, owner, thread, retry=retry, drop=drop, as_json=as_json)
    else:
        list_jobs(db, owner, as_json=as_json, limit=limit)


@app.command()
def worker(
    db: Database = DEFAULT_DATABASE,
    once: Annotated[bool, typer.Option("--once", help="Work off what is due, then end.")] = False,
    poll: Annotated[float, typer.Option("--poll", min=0.01, max=86400, help="Seconds between two looks.")] = 5.0,
    model: Annotated[
        str | None, typer.Option("--model", help="provider:name of the model that reads; without it, the rules read.")
    ] = None,
    extractor: Annotated[
        str | None, typer.Option("--extractor", help="module:attribute of your own extractor, as the node has it.")
    ] = None,
    embed: Annotated[str | None, typer.Option("--embed", help="The index's embedder, as reindex takes it.")] = None,
    dims: Annotated[int | None, typer.Option("--dims", min=1, help="The size of its vectors.")] = None,
    as_json: Json = False,
) -> None:
    """Promote what was queued in the background, until it is told to stop."""
    from langgraph_memory.cli.working import work_off

    work_off(db, model, extractor, embed, dims, once=once, poll=poll, as_json=as_json)


@app.command()
def mcp(
    db: Database = DEFAULT_DATABASE,
    owner: Annotated[str | None, typer.Option("--owner", help="Whose memories are served.")] = None,
    scope: Annotated[str, typer.Option("--scope", help="Where they hold.")] = "global",
    read_only: Annotated[bool, typer.Option("--read-only", help="Offer only what changes nothing.")] = False,
    http: Annotated[bool, typer.Option("--http", help="Serve over HTTP, to clients with a token.")] = False,
    host: Annotated[str, typer.Option("--host", help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="The port to listen at.")] = 8765,
    token_file: Annotated[
        str | None, typer.Option("--token-file", help="TOML: [[tokens]] with token or sha256, owner and scope.")
    ] = None,
    allowed: Annotated[
        list[str] | None, typer.Option("--allow-host", help="Another name it is reached by; may be repeated.")
    ] = None,
) -> None:
    """Serve one owner's memories to MCP clients, over stdio or HTTP; their clients never name an owner."""
    from langgraph_memory.cli.serving import serve_mcp

    where: dict[str, Any] = {"http": http, "host": host, "port": port, "token_file": token_file}
    serve_mcp(db, owner, scope, read_only=read_only, allowed=allowed or (), **where)


@app.command("end-session")
def end_session(
    thread: Annotated[str, typer.Argument(help="The thread whose session is over.")],
    owner: OneOwner,
    db: Database = DEFAULT_DATABASE,
    scope: Annotated[str, typer.Option("--scope", help="Where the summary holds.")] = "global",
    compact: Annotated[bool, typer.Option("--compact", help="Keep only the thread's newest checkpoint.")] = False,
    model: Annotated[
        str | None, typer.Option("--model", help="provider:name of the model that writes; without it, rules do.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Remember what a thread came to, and shorten the thread where that is asked for."""
    from langgraph_memory.cli.working import end_session as end

    end(db, thread, owner, scope, model, compact=compact, as_json=as_json)


@app.command()
def inspect(
    db: Annotated[
        str, typer.Argument(envvar="LANGGRAPH_MEMORY_DB", help="The database: a file path or a postgresql:// URL.")
    ] = DEFAULT_DATABASE,
    owner: Annotated[str | None, typer.Option("--owner", help="Show this owner's memories alone.")] = None,
    host: Annotated[str, typer.Option("--host", help="The address to listen at; by default this machine alone.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="The port; 0 takes a free one.")] = 8765,
    token: Annotated[
        str | None,
        typer.Option("--token", envvar="LANGGRAPH_MEMORY_TOKEN", help="What lets in; by default a new one each time."),
    ] = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="Let nothing be changed.")] = False,
) -> None:
    """Show a database in the browser: memories, why they are recalled, threads, and what to correct."""
    from langgraph_memory.cli.inspecting import inspect as serve

    serve(db, owner, host, port, token, read_only=read_only)
