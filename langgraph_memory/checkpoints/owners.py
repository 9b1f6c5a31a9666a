"""Whom a thread belongs to, whose words its messages are, and the fingerprints of what is gone of both."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from langgraph_memory.domain import marks
from langgraph_memory.domain.clock import to_microseconds
from langgraph_memory.domain.marks import MarkKeys, Subject
from langgraph_memory.domain.scope import owner_partition
from langgraph_memory.domain.thread import EVERY_THREAD, NOBODY, STRANGER, MemorySwitches, mark_of
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.transaction import Query, Transaction, reads, reads_little, writes_repeatably
from langgraph_memory.errors import ForeignThreadError, IdentityConflictError, ThreadNotFoundError


def leave(owner_id: str, subjects: Iterable[Subject], now: datetime) -> Effects[None]:
    """Leave marks of an owner's."""
    wanted = dict.fromkeys(subjects)
    if wanted:
        keys = yield from _keys()
        rows = [{"digest": keys.digest(one)} for one in wanted]
        shared = {"holder": keys.holders(owner_partition(owner_id))[0], "now": to_microseconds(now)}
        yield Query("put_mark", shared, rows)


def _keys() -> Effects[MarkKeys]:
    """Return the keys of the database, which is given one when somebody has emptied its settings."""
    found = yield Query("mark_keys")
    if not found:
        yield Query("make_mark_key")
        found = yield Query("mark_keys")
    return MarkKeys([row["value"] for row in found])


def left(subjects: Iterable[Subject]) -> Effects[dict[Subject, int]]:
    """Return those of some subjects that a mark was left of, and when, in microseconds."""
    wanted = list(subjects)
    if not wanted:
        return {}
    keys = MarkKeys([row["value"] for row in (yield Query("mark_keys_in_use"))])
    if not keys.keys:
        return {}
    by_digest = {digest: one for one in wanted for digest in keys.digests(one)}
    partitions = dict.fromkeys(partition for _, partition, *_ in wanted)
    holders = [holder for partition in partitions for holder in keys.holders(partition)]
    rows = yield Query("marks", {"holders": holders, "digests": list(by_digest)})
    return {by_digest[row["digest"]]: row["marked_at"] for row in rows}


def lift_all(owner_id: str, subjects: Iterable[Subject]) -> Effects[None]:
    """Remove those marks of an owner's that there are of some subjects."""
    found = yield from left(subjects)
    if found:
        keys = MarkKeys([row["value"] for row in (yield Query("mark_keys"))])
        holders = keys.holders(owner_partition(owner_id))
        pairs = [pair for one in found for pair in zip(holders, keys.digests(one), strict=True)]
        yield Query("lift_mark", rows=[{"holder": holder, "digest": digest} for holder, digest in pairs])


T = TypeVar("T")


def check_access(thread_id: str, owner_id: str) -> Effects[None]:
    """Raise ForeignThreadError unless a thread belongs to an owner, or is not there yet."""
    owners = {row["owner_id"] for row in (yield Query("owners_of_thread", {"thread_id": thread_id}))}
    if owner_id in owners or (not owners and not (yield Query("thread", {"thread_id": thread_id}))):
        return
    raise ForeignThreadError(
        f"thread {thread_id!r} does not belong to owner {owner_id!r}; share_thread() lets its owners share it."
    )


def check_resumed(thread_id: str, owner_id: str) -> Effects[None]:
    """Raise IdentityConflictError when a run goes on in a thread that is not of whom it names."""
    owners = {row["owner_id"] for row in (yield Query("owners_of_thread", {"thread_id": thread_id}))}
    if owners and owner_id not in owners:
        raise IdentityConflictError(
            f"the run that goes on in thread {thread_id!r} names owner {owner_id!r}, and the thread is not theirs; let "
            "its own owner resume it, or share it with share_thread()."
        )


def checked_first(check: Callable[[], Effects[None]], operation: Transaction[T]) -> Transaction[T]:
    """Return an operation that makes sure of something first, in its own transaction."""

    def checked() -> Effects[T]:
        yield from check()
        return (yield from operation)

    return replace(operation, start=checked, brief=False)


@reads
def check_all(owner_id: str, thread_ids: Sequence[str]) -> Effects[None]:
    """Raise ForeignThreadError unless threads belong to an owner."""
    for thread_id in thread_ids:
        yield from check_access(thread_id, owner_id)


@reads
def check_runs(owner_id: str, run_ids: Sequence[str]) -> Effects[None]:
    """Raise ForeignThreadError unless the threads in which some runs made checkpoints belong to an owner."""
    rows = yield Query("checkpoints_of_runs", {"run_ids": list(run_ids)})
    for thread_id in sorted({row["thread_id"] for row in rows}):
        yield from check_access(thread_id, owner_id)


@writes_repeatably
def share_thread(thread_id: str, owners: Sequence[str]) -> Effects[None]:
    """Let a thread belong to some owners too; raises ThreadNotFoundError."""
    if not (yield Query("thread", {"thread_id": thread_id})):
        raise ThreadNotFoundError(f"there is no thread {thread_id!r}; list_threads() lists those there are.")
    for owner_id in owners:
        yield Query("name_owner", {"thread_id": thread_id, "owner_id": owner_id})
        yield Query("claim_thread", {"thread_id": thread_id, "owner_id": owner_id})


def note_authors(
    thread_id: str, messages: Mapping[str, Sequence[str]], now: datetime, *, named: bool = False
) -> Effects[None]:
    """Note whose words some messages hold, by owner; what is known of one stays, unless who said it is `named`."""
    rows = [{"owner_id": owner_id, "message_id": one} for owner_id, ids in messages.items() for one in ids]
    yield Query("note_author", {"thread_id": thread_id, "now": to_microseconds(now), "named": named}, rows)


def claim_messages(thread_id: str, owner_id: str, message_ids: Sequence[str], now: datetime) -> Effects[None]:
    """Note that some messages of a thread are an owner's, and that the owner takes part in the thread."""
    if (yield from _is_there(thread_id)):
        yield Query("claim_thread", {"thread_id": thread_id, "owner_id": owner_id})
        yield from note_authors(thread_id, {owner_id: message_ids}, now)


def _is_there(thread_id: str) -> Effects[bool]:
    """Return whether a thread may be noted: another saver's is from now on, and none that was deleted meanwhile."""
    if not (yield Query("thread", {"thread_id": thread_id})):
        if (yield Query("deleted_thread", {"thread_id": thread_id, "mark": mark_of(thread_id)})):
            return False
        yield Query("number_thread", {"thread_id": thread_id})
    return True


def messages_of_others(thread_id: str | None, owner_id: str) -> Effects[frozenset[str]]:
    """Return the messages of a thread that are not an owner's to learn from: another's, or nobody knows whose.

    Whose nobody knows they are is told by the thread as long as it has had one owner.
    """
    if thread_id is None:
        return frozenset()
    rows = yield Query("messages_of_others", {"thread_id": thread_id, "owner_id": owner_id})
    return frozenset(row["message_id"] for row in rows)


@reads_little
def others(thread_id: str, owner_id: str) -> Effects[frozenset[str]]:
    """Same as `messages_of_others`, in a transaction of its own."""
    return (yield from messages_of_others(thread_id, owner_id))


@reads
def resumed(thread_id: str, message_id: str | None) -> Effects[str | None]:
    """Return whose a run is that goes on in a thread and names nobody; None when that cannot be told.

    Who names nobody and says something is not the owner of what was said before.
    """
    owners = {row["owner_id"] for row in (yield Query("owners_of_thread", {"thread_id": thread_id}))}
    if message_id is None:
        return owners.pop() if len(owners) == 1 else None
    rows = yield Query("author_of", {"thread_id": thread_id, "message_id": message_id})
    return next((row["owner_id"] for row in rows if row["owner_id"] in owners), None)


@writes_repeatably
def claim(
    thread_id: str, owner_id: str, message_ids: Sequence[str], began_at: datetime | None, now: datetime
) -> Effects[None]:
    """Same as `claim_messages`, in a transaction of its own, unless the owner was erased since the run was begun."""
    if began_at is not None:
        erased = yield from left([marks.erased_threads(owner_id)])
        if any(at > to_microseconds(began_at) for at in erased.values()):
            return
    yield from claim_messages(thread_id, owner_id, message_ids, now)


@reads_little
def switches(thread_id: str, owner_id: str) -> Effects[MemorySwitches]:
    """Return what memory does for an owner in a thread, which is no more than in every thread."""
    places = {thread_id, EVERY_THREAD}
    off = {what: {marks.switched_off(owner_id, one, what) for one in places} for what in ("recall", "learn")}
    found = set((yield from left(off["recall"] | off["learn"])))
    return MemorySwitches(recall=not off["recall"] & found, learn=not off["learn"] & found)


@writes_repeatably
def switch(thread_id: str, owner_id: str, wanted: MemorySwitches, now: datetime) -> Effects[None]:
    """Set what memory does for an owner in a thread; a mark says what it does not."""
    states = (("recall", wanted.recall), ("learn", wanted.learn))
    yield from lift_all(owner_id, [marks.switched_off(owner_id, thread_id, what) for what, on in states if on])
    yield from leave(owner_id, [marks.switched_off(owner_id, thread_id, what) for what, on in states if not on], now)


@writes_repeatably
def withhold(thread_id: str, owner_id: str, message_ids: Sequence[str], now: datetime) -> Effects[None]:
    """Leave marks of messages that are not to be read, whenever and by whatever way they come to be."""
    yield from leave(owner_id, [marks.read(owner_id, thread_id, one) for one in message_ids], now)


@writes_repeatably
def name(thread_id: str, messages: Mapping[str, Sequence[str]], now: datetime) -> Effects[None]:
    """Note whose some messages are, as those who said them are named, and that these take part in the thread."""
    if not (yield from _is_there(thread_id)):
        return
    for owner_id in messages.keys() - {NOBODY, STRANGER}:
        yield Query("claim_thread", {"thread_id": thread_id, "owner_id": owner_id})
    yield from note_authors(thread_id, messages, now, named=True)


@writes_repeatably
def claim_thread(thread_id: str, owner_id: str) -> Effects[None]:
    """Note that an owner takes part in a thread, if there is such a thread."""
    if (yield Query("thread", {"thread_id": thread_id})):
        yield from name_owner(thread_id, owner_id)


def name_owner(thread_id: str, owner_id: str) -> Effects[None]:
    """Note that an owner takes part in a thread, as a part of another transaction."""
    named = {"thread_id": thread_id, "owner_id": owner_id}
    yield Query("name_owner", named)
    yield Query("claim_thread", named)
