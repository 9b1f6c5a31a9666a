"""Takes back what an abandoned branch of a thread taught; first as a preview."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from langgraph_memory.domain.rewind import Retraction
from langgraph_memory.domain.scope import check_owner
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.runner import Reclaim
from langgraph_memory.errors import InvalidInputError
from langgraph_memory.operations.settings import StoreSettings, check_text, several
from langgraph_memory.plans import rewind
from langgraph_memory.plans.rewind import Branch


def retract(
    owner_id: str,
    run_ids: Iterable[str],
    thread_id: str | None,
    checkpoint_ids: Iterable[str],
    dry_run: bool,
    settings: StoreSettings,
) -> Effects[Retraction]:
    """Take back what some runs, or some checkpoints of a thread, did to an owner's memories."""
    runs, checkpoints = _texts("run_ids", run_ids), _texts("checkpoint_ids", checkpoint_ids)
    check_text("thread_id", thread_id, optional=True)
    if not runs and not checkpoints:
        raise InvalidInputError("nothing to retract is named; pass run_ids, or thread_id with checkpoint_ids.")
    if (thread_id is None) != (not checkpoints):
        raise InvalidInputError("checkpoints are told by thread_id and checkpoint_ids together; pass both or neither.")
    branch = Branch(check_owner(owner_id), runs, thread_id, checkpoints)
    return (yield from _perform(branch, dry_run, settings))


def retract_branch(
    thread_id: str, owner_id: str, keep: str | None, dry_run: bool, settings: StoreSettings
) -> Effects[Retraction]:
    """Take back what the checkpoints of a thread taught that do not lead to the one that is kept."""
    check_text("thread_id", thread_id)
    check_text("keep", keep, optional=True)
    branch = Branch(check_owner(owner_id), thread_id=thread_id, keep=keep or "")
    return (yield from _perform(branch, dry_run, settings))


def delete_runs(owner_id: str, run_ids: Iterable[str], dry_run: bool, settings: StoreSettings) -> Effects[Retraction]:
    """Delete the checkpoints of some runs and take back what they taught, both or neither."""
    branch = Branch(check_owner(owner_id), _texts("run_ids", run_ids), delete=True)
    found = yield from _perform(branch, dry_run, settings)
    if not dry_run:
        yield Reclaim()
    return found


def _perform(branch: Branch, dry_run: bool, settings: StoreSettings) -> Effects[Retraction]:
    plan = rewind.preview if dry_run else rewind.retract
    found: Retraction = yield plan(branch, settings.new_id(), settings.types, settings.clock())
    return found


def _texts(name: str, values: Iterable[Any]) -> tuple[str, ...]:
    return tuple(check_text(name, str(value)) for value in several(name, values))
