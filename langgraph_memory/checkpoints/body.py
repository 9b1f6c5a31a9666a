"""What a checkpoint is besides the values of its channels: packed by position, because names are most of its bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from zlib import crc32

from langgraph.checkpoint.base import Checkpoint, CheckpointMetadata

_FIELDS = ("v", "ts", "id", "channel_values", "channel_versions", "versions_seen", "updated_channels")
_METADATA = ("source", "step", "parents")
_LARGEST = 1 << 63
_NAMED = 3
"""How many parts a body has that keeps names."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_compact = json.JSONEncoder(separators=(",", ":")).encode


def split(checkpoint: Checkpoint, metadata: CheckpointMetadata) -> tuple[str, list[Any]]:
    """Return the channel versions as JSON, and the checkpoint and its metadata without what is stored elsewhere.

    In their place the body has a checksum of the versions, and a number whose bits say which of the channels have a
    value. The versions stay in it too when JSON does not keep them exactly. A checkpoint or metadata with other fields
    than LangGraph's is kept with their names, and so are values of channels that have no version.
    """
    versions, values = checkpoint["channel_versions"], checkpoint["channel_values"]
    exact = all(map(_is_exact, versions.values()))
    text = _compact(versions if exact else {name: str(version) for name, version in versions.items()})
    kept = crc32(text.encode()) if exact else versions
    valued = _valued(versions, values)
    moment, unversioned = checkpoint["ts"], {name: values[name] for name in without_version(checkpoint)}
    if tuple(checkpoint) != _FIELDS or tuple(metadata)[:3] != _METADATA or type(moment) is not str or unversioned:
        return text, [
            {**checkpoint, "id": "", "channel_values": unversioned, "channel_versions": kept},
            metadata,
            valued,
        ]
    source, step, parents, *others = metadata.values()
    seen, updated = checkpoint["versions_seen"], checkpoint["updated_channels"]
    body: list[Any] = [checkpoint["v"], _packed_time(moment), kept, valued, seen, updated, source, step, parents]
    if others:
        body.append(dict(zip(tuple(metadata)[3:], others, strict=True)))
    return text, body


def without_version(checkpoint: Checkpoint) -> set[str]:
    """Return the channels that have a value and no version; those of a graph all have one."""
    return checkpoint["channel_values"].keys() - checkpoint["channel_versions"].keys()


def join(
    checkpoint_id: str | None, body: list[Any], versions: str, values: dict[str, Any]
) -> tuple[Checkpoint, CheckpointMetadata]:
    """Return the checkpoint and the metadata that `split` took apart.

    Raises ValueError when the versions are not those that the body was stored with, or when a value is missing.
    """
    if len(body) == _NAMED:
        named, metadata, valued = body
    else:
        v, moment, kept, valued, seen, updated, source, step, parents, *others = body
        ts = moment if type(moment) is str else (_EPOCH + moment * _MICROSECOND).isoformat()
        named = dict(zip(_FIELDS, (v, ts, None, None, kept, seen, updated), strict=True))
        metadata = {"source": source, "step": step, "parents": parents, **(others[0] if others else {})}
    named["channel_versions"] = _checked(named["channel_versions"], versions)
    _check_values(named["channel_versions"], valued, values)
    named["id"] = checkpoint_id
    named["channel_values"] = {**named["channel_values"], **values} if named["channel_values"] else values
    return cast(Checkpoint, named), metadata


def _valued(versions: Mapping[str, Any], values: Mapping[str, Any]) -> int | bytes:
    """Return the bit of every channel that has a value, in the order of the versions; bytes where they are many."""
    bits = sum(1 << place for place, name in enumerate(versions) if name in values)
    return bits if bits < _LARGEST else bits.to_bytes(len(versions) // 8 + 1, "little")


def _check_values(versions: Mapping[str, Any], valued: int | bytes, values: Mapping[str, Any]) -> None:
    bits = int.from_bytes(valued, "little") if isinstance(valued, bytes) else valued
    missing = [name for place, name in enumerate(versions) if bits >> place & 1 and name not in values]
    if missing:
        raise ValueError(f"the value of channel {missing[0]!r} is missing")


def _checked(kept: int | Mapping[str, Any], versions: str) -> Any:
    if not isinstance(kept, int):
        return kept
    if kept != crc32(versions.encode()):
        raise ValueError("the channel versions do not match their checksum")
    return json.loads(versions)


def _is_exact(version: Any) -> bool:
    return type(version) is str or (type(version) is int and abs(version) < _LARGEST)


def _packed_time(moment: str) -> str | int:
    """Return a time as microseconds since 1970 when that says all that its text says."""
    try:
        time = datetime.fromisoformat(moment)
    except ValueError:
        return moment
    exact = time.tzinfo is UTC and time.isoformat() == moment
    return (time - _EPOCH) // _MICROSECOND if exact else moment
