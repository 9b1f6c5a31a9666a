"""Whose words the messages of a thread hold, and what memory does in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from langgraph_memory.checkpoints import owners
from langgraph_memory.domain.scope import check_owner, storable
from langgraph_memory.domain.thread import EVERY_THREAD, NOBODY, STRANGER, MemorySwitches
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.runner import Later
from langgraph_memory.effects.transaction import Transaction
from langgraph_memory.errors import InvalidInputError
from langgraph_memory.operations.settings import StoreSettings, check_text


def others(thread_id: str | None, owner_id: str) -> Effects[frozenset[str]]:
    """Return the messages of a thread that are not an owner's to learn from."""
    if thread_id is None:
        return frozenset()
    found: frozenset[str] = yield owners.others(thread_id, owner_id)
    return found


def claim(
    thread_id: str,
    owner_id: str,
    message_ids: Sequence[str],
    began_at: datetime | None,
    settings: StoreSettings,
) -> Effects[None]:
    """Note that some messages are an owner's, unless it is known whose they are."""
    if message_ids:
        yield Later(owners.claim(thread_id, check_owner(owner_id), message_ids, began_at, settings.clock()))


def switches(thread_id: str | None, owner_id: str) -> Transaction[MemorySwitches]:
    """Return what memory does for an owner in a thread, or without one in every thread."""
    return owners.switches(_checked(thread_id), check_owner(owner_id))


def switch(
    thread_id: str | None, owner_id: str, recall: bool, learn: bool, settings: StoreSettings
) -> Transaction[None]:
    """Set what memory does for an owner in a thread, or in all; raises InvalidInputError for what is no switch."""
    for what, on in (("recall", recall), ("learn", learn)):
        if not isinstance(on, bool):
            raise InvalidInputError(f"{what} must be True or False, not {on!r}.")
    wanted = MemorySwitches(recall, learn)
    return owners.switch(_checked(thread_id), check_owner(owner_id), wanted, settings.clock())


def withhold(thread_id: str, owner_id: str, message_ids: Sequence[str], settings: StoreSettings) -> Effects[None]:
    """Let messages of a thread never be read for an owner."""
    if message_ids:
        yield owners.withhold(thread_id, check_owner(owner_id), message_ids, settings.clock())


def name(thread_id: str, messages: Mapping[str, Sequence[str]], settings: StoreSettings) -> Effects[None]:
    """Note whose some messages are, as those who said them are named."""
    for owner_id in messages.keys() - {NOBODY, STRANGER}:
        check_owner(owner_id)
    if messages:
        yield owners.name(thread_id, messages, settings.clock())


def claim_thread(thread_id: str, owner_id: str) -> Effects[None]:
    """Note that an owner takes part in a thread; nobody waits for it."""
    check_text("thread_id", thread_id)
    yield Later(owners.claim_thread(thread_id, check_owner(owner_id)))


def _checked(thread_id: str | None) -> str:
    if thread_id is None:
        return EVERY_THREAD
    if isinstance(thread_id, str) and thread_id and storable(thread_id):
        return thread_id
    raise InvalidInputError(f"thread_id must be text that names a thread, not {thread_id!r}.")
