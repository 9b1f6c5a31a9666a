"""Takes back what an abandoned branch, some checkpoints or some runs taught; shows first what that does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import typer

from langgraph_memory.cli.files import existing
from langgraph_memory.cli.tables import retraction_table
from langgraph_memory.cli.telling import confirm, print_json
from langgraph_memory.cli.terminal import open_console
from langgraph_memory.database import MemoryDatabase, open_memory
from langgraph_memory.domain.rewind import Retraction
from langgraph_memory.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class Branch:
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
            return memory.delete_for_runs(self.runs, owner_id=self.owner, dry_run=dry_run)
        if self.thread is None:
            return memory.store.retract(owner_id=self.owner, run_ids=self.runs, dry_run=dry_run)
        if not self.checkpoints:
            return memory.retract_branch(self.thread, owner_id=self.owner, keep=self.keep, dry_run=dry_run)
        return memory.store.retract(
            owner_id=self.owner, thread_id=self.thread, checkpoint_ids=self.checkpoints, dry_run=dry_run
        )


def retract(db: str, branch: Branch, *, dry_run: bool, sure: bool, as_json: bool) -> None:
    """Print what taking a branch back does, and do it after asking; with `dry_run` leave it at that."""
    with open_memory(existing(db)) as memory:
        if dry_run or not sure:
            preview = branch.taken_back(memory, dry_run=True)
            if dry_run or _is_nothing(preview):
                _print(preview, as_json=as_json)
                return
            if not as_json:
                _print(preview, as_json=False)
            confirm(f"Take back {preview.counts} from what is known of {branch.owner}?", sure=False)
        done = branch.taken_back(memory, dry_run=False)
    if sure or as_json:
        _print(done, as_json=as_json)
    else:
        typer.echo("taken back.")


def _print(found: Retraction, *, as_json: bool) -> None:
    counts = f"{'would be ' if found.dry_run else ''}{found.counts}."
    if as_json:
        parts = {name: [one.id for one in getattr(found, name)] for name in ("removed", "restored", "unconfirmed")}
        stays = [{"id": one.memory.id, "reason": one.reason} for one in found.stays]
        print_json({"dry_run": found.dry_run, **parts, "stays": stays, "summary": counts})
        return
    if not _is_nothing(found) or found.stays:
        open_console().print(retraction_table(found))
    typer.echo(counts if not _is_nothing(found) else "there is nothing to take back.")


def _is_nothing(found: Retraction) -> bool:
    return not (found.removed or found.restored or found.unconfirmed or found.messages or found.checkpoints)
