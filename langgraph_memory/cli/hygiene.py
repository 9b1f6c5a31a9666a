"""Tidies a file's memories, and lists those that somebody should look at."""

from __future__ import annotations

from datetime import timedelta

import typer

from langgraph_memory.cli.files import existing
from langgraph_memory.cli.tables import review_table, sweep_table
from langgraph_memory.cli.telling import confirm, print_json
from langgraph_memory.cli.terminal import open_console, safe
from langgraph_memory.database import open_memory
from langgraph_memory.domain.hygiene import HygienePolicy, SweepReport
from langgraph_memory.domain.review import check_kind
from langgraph_memory.errors import without_password
from langgraph_memory.views.words import counted

_REMOVED = {"trimmed": "old versions", "receipts": "receipts"}


def sweep_file(
    db: str,
    owner: str | None,
    *,
    floor: float,
    cap: int | None,
    similar: bool,
    keep_superseded: int | None,
    keep_receipts: int | None,
    dry_run: bool,
    sure: bool,
    as_json: bool,
    limit: int,
) -> None:
    """Sweep an owner's memories, or everybody's, after showing what that does and asking; or show it only."""
    policy = HygienePolicy(
        floor=floor,
        cap=cap,
        keep_superseded=_days(keep_superseded),
        keep_receipts=_days(keep_receipts),
        merge_similar=similar,
    )
    with open_memory(existing(db)) as memory:
        asks = not dry_run and not sure
        report = memory.store.sweep(owner_id=owner, policy=policy, dry_run=dry_run or asks)
        if asks and (report.changes or report.items or report.counts):
            _print_report(report, limit, err=as_json)
            confirm(f"Sweep {_whose(owner)} in {without_password(db)} so?", sure=False)
            report = memory.store.sweep(owner_id=owner, policy=policy)
            if not as_json:
                typer.echo("\n".join(_summary(report)))
                return
    if as_json:
        print_json(report.rows())
    else:
        _print_report(report, limit)


def _print_report(report: SweepReport, limit: int, *, err: bool = False) -> None:
    """Print the first changes of a sweep, and how many there are of each kind."""
    if err:
        typer.echo("\n".join(_summary(report)), err=True)
        return
    if report.changes:
        open_console().print(sweep_table(report.changes[:limit], dry_run=report.dry_run))
    if len(report.changes) > limit:
        typer.echo(f"of {len(report.changes)} changes these are the first {limit}; --limit shows more.", err=True)
    typer.echo("\n".join(_summary(report)))


def _whose(owner: str | None) -> str:
    return "everybody's memories" if owner is None else f"{owner}'s memories"


def review_file(db: str, owner: str, kind: str | None, *, as_json: bool, limit: int) -> None:
    """Print which of an owner's memories are to be looked at, why, and what to do."""
    kinds = check_kind(kind)
    with open_memory(existing(db)) as memory:
        lists = {one: memory.store.review(owner_id=owner, kind=one, limit=limit) for one in kinds}
    if as_json:
        print_json([item.row() for items in lists.values() for item in items])
        return
    for one, items in lists.items():
        if items:
            open_console().print(review_table(items, title=one.replace("_", " ")))
    if not any(lists.values()):
        typer.echo(f"nothing of {safe(owner)}'s needs a look.")


def _summary(report: SweepReport) -> list[str]:
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


def _days(number: int | None) -> timedelta | None:
    return None if number is None else timedelta(days=number)
