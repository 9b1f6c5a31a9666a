"""`langgraph-memory memories`: look at what is known of an owner, correct it, and tidy it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from langgraph_memory.cli.terminal import (
    DEFAULT_DATABASE,
    AnyOwner,
    Database,
    DryRun,
    Json,
    Limit,
    MemoryId,
    Owner,
    Scope,
    Thread,
    Yes,
    confirm,
    draw,
    file_of,
    memory_of_id,
    opened,
    print_json,
    print_list,
    safe,
    tell,
    tell_more,
)
from langgraph_memory.errors import InvalidInputError, InvalidMemoryError, MemoryNotFoundError, without_password
from langgraph_memory.views import ID, ID_LENGTH, Cell, Column, Records, Table, counted, in_words, minute, spaced

if TYPE_CHECKING:
    from langgraph_memory import CuratedStore, Memory, MemoryDatabase, Recall, Receipt
    from langgraph_memory.types import Retraction, SweepReport

app = typer.Typer(no_args_is_help=True, help="Look at what is known of an owner, correct it, and tidy it.")

_REMOVED = {"trimmed": "old versions", "receipts": "receipts"}
_MOMENTS = ("created_at", "updated_at", "valid_from", "last_verified_at", "expires_at", "superseded_at")


@app.command("list")
def list_memories(
    db: Database = DEFAULT_DATABASE,
    owner: AnyOwner = None,
    everything: Annotated[bool, typer.Option("--all", help="Superseded and expired ones too.")] = False,
    as_json: Json = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="The most to list for each owner.")] = 100,
) -> None:
    """List the memories in a file, of one owner or of all, newest first."""
    with opened(db) as memory:
        owners = [found[0] for found in memory.admin.list_owners()] if owner is None else [owner]
        pages = {
            one: memory.store.list_memories(owner_id=one, include_inactive=everything, limit=limit + 1)
            for one in owners
        }
    if as_json:
        print_json(row for page in pages.values() for row in page[:limit].rows())
    else:
        _print_owners(pages, limit)
    for one in [one for one, page in pages.items() if len(page) > limit]:
        tell_more(f"{one} has", limit, "memories")


def _print_owners(pages: Mapping[str, Records[Memory]], limit: int) -> None:
    for one, page in pages.items():
        _print_versions(page[:limit], f"memories of {one}", f"nothing is known of {one}.")
    if not pages:
        typer.echo("the file holds no memories.")


def _print_versions(page: Records[Memory], title: str, nothing: str) -> None:
    now = datetime.now(UTC)
    print_list(page, nothing=nothing, as_json=False, table=lambda shown: shown.kind.table(shown, title, now=now))


def remember(
    content: Annotated[str, typer.Argument(help="One sentence.")],
    owner: Owner,
    db: Database = DEFAULT_DATABASE,
    scope: Scope = "global",
    memory_type: Annotated[str, typer.Option("--type", help="What kind of memory it is.")] = "fact",
    slot: Annotated[str | None, typer.Option("--slot", help="What it is about, such as home.city.")] = None,
    as_json: Json = False,
) -> None:
    """Remember something of an owner; a new value in a slot takes the place of the old one."""
    with opened(db, new=True) as memory:
        outcome = memory.store.remember(content, owner_id=owner, scope=scope, memory_type=memory_type, slot=slot)
    if outcome.memory is None:
        raise InvalidMemoryError(f"nothing was stored: {outcome.reason.rstrip('.')}.")
    facts = {"action": outcome.action, "reason": outcome.reason, "memory": outcome.memory.row()}
    said = f"{outcome.action}: {outcome.memory.content} ({outcome.memory.id[:ID_LENGTH]})"
    tell(said, facts, as_json=as_json)


def recall(
    query: Annotated[str, typer.Argument(help="What a user would say.")],
    owner: Owner,
    db: Database = DEFAULT_DATABASE,
    scope: Scope = "global",
    memory_types: Annotated[list[str] | None, typer.Option("--type", help="Only this type; may be repeated.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="The most to recall.")] = 5,
    as_json: Json = False,
) -> None:
    """Find what is known for a query, and what was left out and why."""
    with opened(db) as memory:
        found = memory.store.recall(query, owner_id=owner, scope=scope, memory_types=memory_types or None, limit=limit)
        always = memory.store.settings.types.always_injected()
    if as_json:
        recalled = [{"score": one.score, **one.memory.row()} for one in found]
        dropped = [{"reason": one.reason, **one.memory.row()} for one in found.dropped]
        print_json({"recall_id": found.id, "recalled": recalled, "dropped": dropped})
    elif found.items or found.dropped:
        draw(recall_table(found, always))
    else:
        typer.echo(safe(f"nothing is known to {owner} of that."))


def recall_table(found: Recall, always: Sequence[str]) -> Table:
    """Return what was recalled and what was left out as one table; `always` names the types in every prompt."""
    columns = (
        Column("", 8),
        Column("memory", stretch=True),
        Column("type", 10),
        Column("score", 5),
        Column("why", stretch=True),
    )
    rows: list[Sequence[Any]] = []
    for one in found.items:
        why = "always in the prompt" if one.memory.memory_type in always else in_words(one.parts)
        row = (found.shown(one.memory), one.memory.memory_type, f"{one.score:.2f}", Cell(why, "dim"))
        rows.append((Cell("recalled", "green"), *row))
    for left in found.dropped:
        score = "" if left.score is None else f"{left.score:.2f}"
        why = spaced(left.reason)
        row = (found.shown(left.memory), left.memory.memory_type, score, Cell(why, "dim"))
        rows.append((Cell("dropped", "red"), *row))
    return Table.of("", columns, rows)


@app.command()
def show(memory_id: MemoryId, owner: Owner, db: Database = DEFAULT_DATABASE, as_json: Json = False) -> None:
    """Show everything that is kept with a memory."""
    with opened(db) as memory:
        found = memory_of_id(memory.store, owner, memory_id)
    if as_json:
        print_json(found.row())
    else:
        draw(Table.of("", ("", ""), [(Cell(name, "dim"), value) for name, value in _facts(found) if value]))


def _facts(found: Memory) -> list[tuple[str, Any]]:
    source = found.source
    places = (("thread", source.thread_id), ("run", source.run_id))
    moments = ((spaced(name), getattr(found, name)) for name in _MOMENTS)
    return [
        ("id", found.id),
        ("memory", found.content),
        ("state", found.state(datetime.now(UTC))),
        ("owner", found.owner_id),
        ("scope", found.scope),
        ("type", found.memory_type),
        ("slot", found.slot),
        ("subject", found.subject),
        ("confidence", f"{found.confidence:.2f}"),
        ("importance", f"{found.importance:.2f}"),
        ("said by", " ".join(filter(None, (source.actor, source.name))) or "the application"),
        ("words", source.excerpt),
        ("said in", ", ".join(f"{name} {value}" for name, value in places if value)),
        *((name, moment and f"{minute(moment)} UTC") for name, moment in moments),
        ("superseded by", found.superseded_by),
    ]


@app.command()
def profile(owner: Owner, db: Database = DEFAULT_DATABASE, scope: Scope = "global", as_json: Json = False) -> None:
    """Show what shapes every answer to an owner, as a model reads it."""
    with opened(db) as memory:
        found = memory.store.profile(owner, scope)
    facts = {"owner_id": owner, "scope": scope, "profile": found}
    tell(found or f"nothing shapes every answer to {owner} yet.", facts, as_json=as_json)


@app.command()
def history(memory_id: MemoryId, owner: Owner, db: Database = DEFAULT_DATABASE, as_json: Json = False) -> None:
    """Show every version of what a memory is about, oldest first."""
    with opened(db) as memory:
        named = memory_of_id(memory.store, owner, memory_id)
        versions = memory.store.history(named.id, owner_id=owner)
    if as_json:
        print_json(versions.rows())
    else:
        _print_versions(versions, f"history of {memory_id}", "")


@app.command()
def audit(
    owner: Owner,
    memory_id: Annotated[
        str | None, typer.Argument(help="The memory's id, or its first characters; else every memory.")
    ] = None,
    db: Database = DEFAULT_DATABASE,
    as_json: Json = False,
    limit: Limit = 100,
) -> None:
    """List who changed an owner's memories, or one of them, when and why, newest first."""
    with opened(db) as memory:
        wanted = None if memory_id is None else _id_of(memory.store, owner, memory_id)
        found = memory.audit.entries(owner_id=owner, memory_id=wanted, limit=limit + 1)
    title, nothing = f"changes to {owner}'s memories", f"nothing is recorded of changes to {owner}'s memories."
    print_list(found, title=title, nothing=nothing, as_json=as_json, limit=limit)


def _id_of(store: CuratedStore, owner: str, start: str) -> str:
    """Return the whole id of a memory; one that is forgotten has to be named by the whole of it."""
    try:
        return memory_of_id(store, owner, start).id
    except MemoryNotFoundError:
        return start


@app.command()
def recalls(
    owner: Owner, thread: Thread = None, db: Database = DEFAULT_DATABASE, as_json: Json = False, limit: Limit = 100
) -> None:
    """List what an owner's recalls found, newest first; explain shows one of them."""
    with opened(db) as memory:
        found = memory.audit.receipts(owner_id=owner, thread_id=thread, kind="recall", limit=limit + 1)
    nothing = f"{owner} has recalled nothing yet."
    print_list(
        found, nothing=nothing, as_json=as_json, limit=limit, table=lambda shown: _recalls(shown, f"recalls of {owner}")
    )


def _recalls(receipts: Sequence[Receipt], title: str) -> Table:
    rows = [
        (
            one.id[:ID_LENGTH],
            minute(one.at),
            one.body.get("query") or Cell("everything", "dim"),
            one.counts.get("recalled", 0),
            one.counts.get("dropped", 0),
            one.thread_id or "",
        )
        for one in receipts
    ]
    return Table.of(title, (ID, Column("when (UTC)", 16), "asked", "recalled", "left out", "thread"), rows)


@app.command()
def explain(
    owner: Owner,
    recall_id: Annotated[
        str | None, typer.Argument(help="The recall's id; by default the owner's last recall.")
    ] = None,
    db: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Show why a recall found what it did."""
    with opened(db) as memory:
        if recall_id is None:
            last = memory.audit.receipts(owner_id=owner, kind="recall", limit=1)
            if not last:
                raise InvalidInputError(f"{owner!r} has recalled nothing yet.")
            recall_id = last[0].id
        explanation = memory.audit.explain(recall_id, owner_id=owner)
    receipt = explanation.receipt
    tell(str(explanation), {"id": receipt.id, "at": receipt.at, "body": dict(receipt.body)}, as_json=as_json)


@app.command()
def verify(memory_id: MemoryId, owner: Owner, db: Database = DEFAULT_DATABASE, as_json: Json = False) -> None:
    """Confirm that a memory holds; what contradicts it is superseded."""
    with opened(db) as memory:
        named = memory_of_id(memory.store, owner, memory_id)
        confirmed = memory.store.verify(named.id, owner_id=owner)
    tell(f"confirmed: {confirmed.content}", {"action": "verified", "memory": confirmed.row()}, as_json=as_json)


@app.command()
def supersede(
    memory_id: MemoryId,
    content: Annotated[str, typer.Argument(help="What holds in its place.")],
    owner: Owner,
    db: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Put a new value in the place of a memory; the old one stays in its history."""
    with opened(db) as memory:
        named = memory_of_id(memory.store, owner, memory_id)
        outcome = memory.store.supersede(named.id, content, owner_id=owner)
    if outcome.memory is None:
        raise InvalidMemoryError(f"nothing was changed: {outcome.reason.rstrip('.')}.")
    gone = "; ".join(one.content for one in outcome.replaced)
    said = f"holds now: {outcome.memory.content}\nuntil now: {gone}"
    said = f"confirmed: {outcome.memory.content}" if outcome.action == "reinforced" else said
    replaced = [one.row() for one in outcome.replaced]
    tell(said, {"action": outcome.action, "memory": outcome.memory.row(), "replaced": replaced}, as_json=as_json)


@app.command()
def forget(
    memory_id: MemoryId, owner: Owner, db: Database = DEFAULT_DATABASE, yes: Yes = False, as_json: Json = False
) -> None:
    """Delete one memory with its older versions, and make its bytes unreadable."""
    with opened(db) as memory:
        found = memory_of_id(memory.store, owner, memory_id)
        confirm(f"Forget {found.content!r} of {owner}, with its older versions?", sure=yes)
        receipt = memory.store.forget(found.id, owner_id=owner)
        scrubbed = memory.admin.scrub()
    facts = {"forgotten": found.id, "counts": dict(receipt.counts), "scrubbed": scrubbed}
    left = bytes_left(db, scrubbed=scrubbed)
    tell(f"forgot {receipt.counts['memories']} of {owner}'s memories.{left}", facts, as_json=as_json)


def bytes_left(db: str, *, scrubbed: bool) -> str:
    """Return what a deletion leaves of its bytes, in a sentence."""
    if scrubbed:
        return ""
    if file_of(db) is None:
        return " The server's files hold its old bytes until their space is used again."
    return " Somebody is reading the file, so its old bytes are still there; run this again later."


@app.command()
def review(
    owner: Owner,
    kind: Annotated[
        str | None, typer.Option("--kind", help="conflicting, stale, low_confidence or never_recalled; else all.")
    ] = None,
    db: Database = DEFAULT_DATABASE,
    as_json: Json = False,
    limit: Limit = 100,
) -> None:
    """List the memories that somebody should look at, why, and what to do about each."""
    from langgraph_memory.domain.review import check_kind

    kinds = check_kind(kind)
    with opened(db) as memory:
        lists = {one: memory.hygiene.review(owner_id=owner, kind=one, limit=limit) for one in kinds}
    if as_json:
        print_json(row for items in lists.values() for row in items.rows())
        return
    for one, items in lists.items():
        if items:
            draw(items.table(spaced(one)))
    if not any(lists.values()):
        typer.echo(f"nothing of {safe(owner)}'s needs a look.")


@app.command()
def reflect(owner: Owner, db: Database = DEFAULT_DATABASE, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Write what an owner's sessions have in common, tied to the memories that it rests on and gone with them."""
    with opened(db) as memory:
        done = memory.hygiene.reflect(owner_id=owner, dry_run=dry_run)
    if as_json:
        parts = {name: [one.row() for one in getattr(done, name)] for name in ("added", "removed")}
        print_json({"dry_run": done.dry_run, **parts, "kept": done.kept})
        return
    for table in done.tables():
        draw(table)


@app.command()
def sweep(
    db: Database = DEFAULT_DATABASE,
    owner: AnyOwner = None,
    dry_run: DryRun = False,
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
    from langgraph_memory import HygienePolicy

    policy = HygienePolicy(
        floor=floor,
        cap=cap,
        keep_superseded=_days(keep_superseded),
        keep_receipts=_days(keep_receipts),
        merge_similar=similar,
    )
    with opened(db) as memory:
        asks = not dry_run and not yes
        report = memory.hygiene.sweep(owner_id=owner, policy=policy, dry_run=dry_run or asks)
        if asks and (report.changes or report.items or report.counts):
            _print_sweep(report, limit, err=as_json)
            whose = "everybody's memories" if owner is None else f"{owner}'s memories"
            confirm(f"Sweep {whose} in {without_password(db)} so?", sure=False)
            report = memory.hygiene.sweep(owner_id=owner, policy=policy)
            if not as_json:
                typer.echo("\n".join(_swept(report)))
                return
    if as_json:
        print_json(report.rows())
    else:
        _print_sweep(report, limit)


def _days(number: int | None) -> timedelta | None:
    return None if number is None else timedelta(days=number)


def _print_sweep(report: SweepReport, limit: int, *, err: bool = False) -> None:
    """Print the first changes of a sweep, and how many there are of each kind."""
    if report.changes and not err:
        (table,) = report.tables()
        draw(Table(table.title, table.columns, table.rows[:limit]))
        if len(report.changes) > limit:
            typer.echo(f"of {len(report.changes)} changes these are the first {limit}; --limit shows more.", err=True)
    typer.echo("\n".join(_swept(report)), err=err)


def _swept(report: SweepReport) -> list[str]:
    would = "would be " if report.dry_run else ""
    lines = [
        f"{safe(owner)}: {would}" + ", ".join(_done(what, number) for what, number in counts.items())
        for owner, counts in report.counts.items()
    ]
    if report.items:
        lines.append(f"{would}{counted(report.items, 'expired items')} removed")
    return lines or ["nothing to sweep."]


def _done(what: str, number: int) -> str:
    return f"{counted(number, _REMOVED[what])} removed" if what in _REMOVED else f"{number} {what}"


@app.command()
def retract(
    owner: Owner,
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
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Take back what an abandoned branch, some checkpoints or some runs taught, after showing what that does."""
    branch = _Branch(owner, thread, keep, checkpoints or (), runs or (), delete)
    with opened(db) as memory:
        if dry_run or not yes:
            preview = branch.taken_back(memory, dry_run=True)
            if dry_run or _is_nothing(preview):
                _print_retraction(preview, as_json=as_json)
                return
            if not as_json:
                _print_retraction(preview, as_json=False)
            confirm(f"Take back {preview.counts} from what is known of {owner}?", sure=False)
        done = branch.taken_back(memory, dry_run=False)
    if yes or as_json:
        _print_retraction(done, as_json=as_json)
    else:
        typer.echo("taken back.")


@dataclass(frozen=True, slots=True)
class _Branch:
    """What is to be taken back: of a thread what does not lead to `keep`, else its checkpoints, else some runs."""

    owner: str
    thread: str | None = None
    keep: str | None = None
    checkpoints: Sequence[str] = ()
    runs: Sequence[str] = ()
    delete: bool = False

    def __post_init__(self) -> None:
        if (self.thread is None) == (not self.runs):
            raise InvalidInputError("name either a --thread or one --run or more.")
        if self.runs and (self.keep is not None or self.checkpoints):
            raise InvalidInputError("--keep and --checkpoint are of a --thread.")
        if self.keep is not None and self.checkpoints:
            raise InvalidInputError("--keep and --checkpoint exclude each other.")
        if self.delete and not self.runs:
            raise InvalidInputError("--delete-checkpoints is for the checkpoints of a --run.")

    def taken_back(self, memory: MemoryDatabase, *, dry_run: bool) -> Retraction:
        """Take it back, or return what that would do."""
        if self.delete:
            return memory.hygiene.delete_for_runs(self.runs, owner_id=self.owner, dry_run=dry_run)
        if self.thread is None:
            return memory.hygiene.retract(owner_id=self.owner, run_ids=self.runs, dry_run=dry_run)
        if not self.checkpoints:
            return memory.hygiene.retract_branch(self.thread, owner_id=self.owner, keep=self.keep, dry_run=dry_run)
        return memory.hygiene.retract(
            owner_id=self.owner, thread_id=self.thread, checkpoint_ids=self.checkpoints, dry_run=dry_run
        )


def _print_retraction(found: Retraction, *, as_json: bool) -> None:
    counts = f"{'would be ' if found.dry_run else ''}{found.counts}."
    if as_json:
        parts = {name: [one.id for one in getattr(found, name)] for name in ("removed", "restored", "unconfirmed")}
        stays = [{"id": one.memory.id, "reason": one.reason} for one in found.stays]
        print_json({"dry_run": found.dry_run, **parts, "stays": stays, "summary": counts})
        return
    if not _is_nothing(found) or found.stays:
        for table in found.tables():
            draw(table)
    typer.echo(counts if not _is_nothing(found) else "there is nothing to take back.")


def _is_nothing(found: Retraction) -> bool:
    return not (found.removed or found.restored or found.unconfirmed or found.messages or found.checkpoints)
