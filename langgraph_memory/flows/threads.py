"""Reading a checkpoint, and storing one: encode outside the transaction, decide inside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from langgraph_memory.cache import CacheBound
from langgraph_memory.checkpoints import put
from langgraph_memory.checkpoints.codec import Codec
from langgraph_memory.checkpoints.decode import Decoder
from langgraph_memory.checkpoints.encode import Encoded, Encoder, loose_chunks, may_share
from langgraph_memory.checkpoints.held import Held
from langgraph_memory.checkpoints.known import KnownCheckpoints, KnownVersion, Place
from langgraph_memory.checkpoints.put import drop_writes, put_checkpoint
from langgraph_memory.checkpoints.read import get_checkpoint, get_versions
from langgraph_memory.checkpoints.records import (
    CheckpointKey,
    NewCheckpoint,
    Page,
    Stale,
    Stored,
    StoredChunk,
    StoredVersion,
    Typed,
)
from langgraph_memory.domain.pieces import Run, tail_of
from langgraph_memory.domain.scope import check_owner
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.runner import Later
from langgraph_memory.errors import CheckpointRemovedError
from langgraph_memory.operations.settings import check_text

_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Values:
    """What turns the values of one saver's channels into stored versions and back."""

    codec: Codec
    encoder: Encoder
    decoder: Decoder

    @classmethod
    def of(cls, codec: Codec, bound: CacheBound) -> Values:
        """Return the encoder and the decoder of a codec; what was decoded last is kept within a bound."""
        return cls(codec, Encoder(codec), Decoder(codec, bound))


class Draft(NamedTuple):
    """A checkpoint as the saver was given it: the (channel, version, value) that changed, and those that did not."""

    key: CheckpointKey
    parent_checkpoint_id: str | None
    run_id: str | None
    owner_id: str | None
    channel_versions: str
    replayed_channels: Sequence[str]
    body: Typed
    channels: Sequence[tuple[str, str, Any]]
    kept: Sequence[tuple[str, str, Any]]
    nested: bool
    fenced: bool
    owned: bool
    began_at: datetime | None

    def with_missing(self, missing: Sequence[str]) -> Draft:
        """Return this draft with some of what did not change to be stored again."""
        again = [one for one in self.kept if one[0] in missing]
        return self._replace(
            channels=[*self.channels, *again], kept=[one for one in self.kept if one[0] not in missing]
        )


def read_checkpoint(key: CheckpointKey, held: Held) -> Effects[Page]:
    """Return a checkpoint; what it is made of is held, so that the next one need not read it again."""
    page: Page = yield get_checkpoint(key, held)
    for found in page.checkpoints:
        for channel, version in found.channels.items():
            if version.runs:
                held.read((key.thread_id, key.checkpoint_ns, channel), version, page.chunks[key.thread_id])
    return page


def store_checkpoint(draft: Draft, values: Values, known: KnownCheckpoints, held: Held, now: datetime) -> Effects[None]:
    """Store a checkpoint."""
    first = draft.parent_checkpoint_id is None and not draft.nested
    with known.beginning(draft.key.thread_id) if first else nullcontext():
        yield from _store(draft, values, known, held, now)


def _store(draft: Draft, values: Values, known: KnownCheckpoints, held: Held, now: datetime) -> Effects[None]:
    """Store a checkpoint: what it shares with its parent is not stored again.

    What is remembered of the parent may be out of date, because other processes write too; then it is read again.
    Channels that did not change are stored as well where somebody has removed what they were stored with.
    """
    parent = _place(draft.key, draft.parent_checkpoint_id)
    wanted = [channel for channel, _, value in draft.channels if parent is not None and may_share(value)]
    base = dict((known.get(parent) if parent else None) or {})
    missing = [channel for channel in wanted if channel not in base]
    if missing:
        base |= yield from _read_base(draft, values, missing)
    attempts = 0
    while True:
        encoded = [values.encoder.encode(*one, base.get(one[0])) for one in draft.channels]
        outcome = yield from _put(_new_checkpoint(draft, encoded, base), now)
        if isinstance(outcome, Stored):
            break
        attempts += 1
        last = attempts == _ATTEMPTS
        draft = draft.with_missing([channel for channel, *_ in draft.kept] if last else outcome.missing)
        base = {} if last else (yield from _read_base(draft, values, wanted))
    _remember(draft, encoded, outcome, base, known, held)


def _remember(
    draft: Draft,
    encoded: Sequence[Encoded],
    outcome: Stored,
    base: Mapping[str, KnownVersion | None],
    known: KnownCheckpoints,
    held: Held,
) -> None:
    place, parent = _place(draft.key, draft.key.checkpoint_id), _place(draft.key, draft.parent_checkpoint_id)
    if place is not None:
        known.put(place, {**base, **{one.version.channel: _learn(one, outcome) for one in encoded}}, parent)
    for one in encoded:
        channel = one.version.channel
        if (placed := outcome.placed.get(channel)) is not None:
            built_on = base.get(channel) if one.version.based else None
            held.stored((draft.key.thread_id, draft.key.checkpoint_ns, channel), one.version, placed, built_on)


def claim_thread(thread_id: str, owner_id: str) -> Effects[None]:
    """Note that an owner takes part in a thread; nobody waits for it."""
    check_text("thread_id", thread_id)
    yield Later(put.claim_thread(thread_id, check_owner(owner_id)))


def _put(new: NewCheckpoint, now: datetime) -> Effects[Stored | Stale]:
    """Store a checkpoint; one that is refused takes along the pending writes that its run has added."""
    try:
        outcome: Stored | Stale = yield put_checkpoint(new, now)
    except CheckpointRemovedError:
        yield drop_writes(new.key, (new.parent_checkpoint_id, new.key.checkpoint_id))
        raise
    return outcome


def _learn(encoded: Encoded, outcome: Stored) -> KnownVersion | None:
    placed = outcome.placed.get(encoded.version.channel)
    return None if placed is None else encoded.known(placed)


def _new_checkpoint(draft: Draft, encoded: Sequence[Encoded], base: Mapping[str, KnownVersion | None]) -> NewCheckpoint:
    versions = [one.version for one in encoded]
    return NewCheckpoint(
        key=draft.key,
        parent_checkpoint_id=draft.parent_checkpoint_id,
        run_id=draft.run_id,
        owner_id=draft.owner_id,
        channel_versions=draft.channel_versions,
        replayed_channels=draft.replayed_channels,
        kept=[(channel, version) for channel, version, _ in draft.kept],
        nested=draft.nested,
        body=draft.body,
        versions=versions,
        bases=[held.base(version.channel) for version in versions if version.based and (held := base[version.channel])],
        fenced=draft.fenced,
        owned=draft.owned,
        began_at=draft.began_at,
    )


def _read_base(draft: Draft, values: Values, channels: Sequence[str]) -> Effects[dict[str, KnownVersion | None]]:
    """Read what the parent holds of some channels."""
    key = CheckpointKey(draft.key.thread_id, draft.key.checkpoint_ns, draft.parent_checkpoint_id)
    versions, items = yield get_versions(key, channels)
    base: dict[str, KnownVersion | None] = dict.fromkeys(channels)
    for channel, version in versions.items():
        if version.kind != "value" and version.runs:
            base[channel] = _recognise(version, items, values)
    return base


def _recognise(version: StoredVersion, items: Sequence[StoredChunk], values: Values) -> KnownVersion | None:
    try:
        value = values.decoder.value(version, items)
    except Exception:  # damaged, or of another serializer: nothing new is built on it
        return None
    marks = values.encoder.marks(version.kind, value)
    loose = loose_chunks([Run(item.address, item.count) for item in items], tail_of(version.runs))
    return KnownVersion.read(version, marks, loose)


def _place(key: CheckpointKey, checkpoint_id: str | None) -> Place | None:
    return None if checkpoint_id is None else (key.thread_id, key.checkpoint_ns, checkpoint_id)
