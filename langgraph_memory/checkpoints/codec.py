"""Turns values into bytes and back: framed with a checksum, compressed where it pays.

What a checkpoint is besides the values of its channels is packed by position, because names are most of its bytes.
"""

from __future__ import annotations

import json
import threading
import warnings
import zlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from zlib import crc32

from langgraph.checkpoint.base import Checkpoint, CheckpointMetadata
from langgraph.checkpoint.serde.base import SerializerProtocol
from langgraph.checkpoint.serde.encrypted import EncryptedSerializer
from langgraph.checkpoint.serde.event_hooks import SerdeEvent, register_serde_event_listener
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from langgraph_memory.checkpoints._compat import allowed_classes, plain_of
from langgraph_memory.checkpoints.classes import noticing
from langgraph_memory.errors import ClassChangedError, ClassChangedWarning, ClassNotAllowedError

Typed = tuple[str, bytes]

_SWALLOWED = "ext_hook failed"
"""What ormsgpack makes of an interrupt that comes while an object is made: the bytes are as good as before."""

_PLAIN, _DEFLATED = b"\x00", b"\x01"
_HEADER = 5
_WORTH_COMPRESSING = 96
_MOST_TIMES = 100
_ALWAYS = 64 << 20
"""Bytes are compressed to a hundredth at most, but for the first 64 MiB."""
_REMEMBERED, _MOST_REMEMBERED = 32, 1 << 14  # at most half a megabyte
_QUICK, _THOROUGH = 1, 6
_LARGE = 4096
_SMALL_WINDOW, _SMALL_TABLES = 13, 5  # 32 KB in place of 268, which took longer to set up than to use

# What a serialised message and checkpoint are mostly made of. It is part of the format: never change it, add another.
_DICTIONARY = (
    b"updated_channelspending_sendsversions_seenchannel_versionschannel_values__input____start__branch:to:"
    b"sourceloopinputupdateforkstepparentsrun_idcounters_since_delta_snapshotlanggraph_checkpoint_nsthread_id"
    b"logprobssystem_fingerprintservice_tierstop_reasonfinish_reasonmodel_providermodel_nametoken_usage"
    b"cache_creation_input_tokenscache_read_input_tokensephemeral_5m_input_tokensreasoningcompletion_tokensprompt_tokens"
    b"langchain_core.messages.systemSystemMessagelangchain_core.messages.toolToolMessage\x8acontent"
    b"additional_kwargs\x80response_metadata\x80typetoolnameidtool_call_idartifact\xc0statussuccess"
    b"tool_callsnameargsidcall_typetool_callinvalid_tool_callsinput_token_detailsoutput_token_details"
    b"\x93\xb8langchain_core.messages.ai\xa9AIMessage\x89\xa7content\xb1additional_kwargs\x80\xb1response_metadata\x80"
    b"\xa4type\xa2ai\xa4name\xc0\xa2id\xd9$run--lc_run--\xaatool_calls\x90\xb2invalid_tool_calls\x90"
    b"\xaeusage_metadata\xc0\x83\xacinput_tokens\xadoutput_tokens\xactotal_tokens\xb3model_validate_json"
    b"\x94\xbdlangchain_core.messages.human\xacHumanMessage\x86\xa7content\xb1additional_kwargs\x80"
    b"\xb1response_metadata\x80\xa4type\xa5human\xa4name\xc0\xa2id\xd9$\xb3model_validate_json"
)


class Codec:
    """Turns values into bytes and back; `plain` is the serializer underneath an encrypting one."""

    def __init__(self, serde: SerializerProtocol) -> None:
        self.serde = serde
        self.encrypts = isinstance(serde, EncryptedSerializer)
        self.plain = plain_of(serde)
        self.packs = isinstance(self.plain, JsonPlusSerializer) and (
            type(self.plain).dumps_typed is JsonPlusSerializer.dumps_typed
        )
        self.refuses = allowed_classes(self.plain) is not None
        """Whether it restores only some classes."""
        self._reading = noticing(serde, _note_change)
        self._last: dict[bytes, bytes] = {}

    def dump(self, value: Any, large: int = _WORTH_COMPRESSING) -> Typed:
        """Return `value` serialised and framed."""
        return self.frame(self.serde.dumps_typed(value), large)

    def load(self, stored: Typed) -> Any:
        """Return the value that `dump` serialised.

        Raises ValueError when the bytes were damaged, and what `revive` raises.
        """
        return self.revive((stored[0], unframe(stored[1])))

    def revive(self, typed: Typed) -> Any:
        """Return the value that the serializer serialised.

        Raises ClassNotAllowedError when it holds an object of a class that the allow-list does not name,
        ClassChangedError when it holds one that its class does not take any more, and whatever the serializer raises.
        """
        _refused.classes, _refused.changed = set(), {}
        value = self._revived(typed)
        if _refused.classes:
            module, name = min(_refused.classes)
            raise ClassNotAllowedError(
                f"it holds a {module}.{name}, a class that is not on the allow-list; "
                f"open the database with allowed_classes=[({module!r}, {name!r})] if you trust the class."
            )
        if _refused.changed:
            self._tell_changed(*min(_refused.changed.items()))
        return value

    def read_back(self, value: Any) -> None:
        """Raise ClassNotAllowedError when a value could be written and not read."""
        try:
            self.revive(self.plain.dumps_typed(value))
        except ClassNotAllowedError:
            raise
        except Exception:  # what cannot be encoded is said when it is stored
            return

    def _tell_changed(self, kind: tuple[str, str], reason: str) -> None:
        """Raise ClassChangedError; where any class is restored, warn, and leave LangGraph's substitute in its place."""
        told = f"it holds a {'.'.join(kind)} that cannot be restored: {reason}"
        if not self.refuses:
            warnings.warn(ClassChangedWarning(f"{told}; its fields are returned as they were stored"), stacklevel=2)
            return
        raise ClassChangedError(
            f"{told}; give the class its name back, give new fields a default, or delete the thread."
        )

    def _revived(self, typed: Typed) -> Any:
        try:
            return self._reading.loads_typed(typed)
        except ValueError as error:
            if str(error) != _SWALLOWED:
                raise
        return self._reading.loads_typed(typed)

    def frame(self, typed: Typed, large: int = _WORTH_COMPRESSING) -> Typed:
        """Return serialised bytes with a checksum, compressed when they are `large`; ciphertext never is."""
        kind, data = typed[0], bytes(typed[1])
        if len(data) >= large and not self.encrypts:
            return kind, self._compressed(data)
        return kind, _framed(_PLAIN, data)

    def _compressed(self, data: bytes) -> bytes:
        """Return bytes framed, compressed if that makes them smaller.

        What was compressed last is remembered: what a task wrote is stored at once, and again as part of the state.
        """
        found = self._last.get(data)
        if found is None:
            smaller = _deflate(data)
            pays = len(smaller) < len(data) <= _most_of(len(smaller))
            found = _framed(_DEFLATED, smaller) if pays else _framed(_PLAIN, data)
            if len(self._last) >= _REMEMBERED:
                self._last.clear()
            if len(data) <= _MOST_REMEMBERED:
                self._last[data] = found
        return found


def _framed(packing: bytes, data: bytes) -> bytes:
    return packing + zlib.crc32(data).to_bytes(4, "big") + data


_refused = threading.local()


def _note_refusal(event: SerdeEvent) -> None:
    if event["kind"] == "msgpack_blocked" and hasattr(_refused, "classes"):
        _refused.classes.add((event["module"], event["name"]))


register_serde_event_listener(_note_refusal)


def _note_change(module: str, name: str, reason: str) -> None:
    if (module, name) not in _refused.classes:
        _refused.changed[module, name] = reason


def unframe(framed: bytes) -> bytes:
    """Return the serialised bytes that `Codec.frame` framed.

    Raises ValueError when they were damaged.
    """
    packing, data = framed[:1], framed[_HEADER:]
    if zlib.crc32(data).to_bytes(4, "big") != framed[1:_HEADER] or packing not in (_PLAIN, _DEFLATED):
        raise ValueError("the stored bytes do not match their checksum")
    return data if packing == _PLAIN else _inflate(data)


def _inflate(data: bytes) -> bytes:
    most = _most_of(len(data))
    found = zlib.decompressobj(-zlib.MAX_WBITS, zdict=_DICTIONARY).decompress(data, most + 1)
    if len(found) > most:
        raise ValueError("the stored bytes would grow beyond what is ever compressed into so few")
    return found


def _most_of(count: int) -> int:
    """Return how many bytes may be compressed into so many: a file from elsewhere must not fill the memory."""
    return count * _MOST_TIMES + _ALWAYS


def keeps_identity(typed: Typed) -> bool:
    """Return whether serialised bytes remember which of their parts are one object, as pickle's do."""
    kind, data = typed
    return "pickle" in kind or (data[:1] == b"\x80" and len(data) > 1 and data[-1:] == b".")


# What has read the dictionary already: a copy of it is ready in a microsecond, and is of one thread.
_primed = zlib.compressobj(_QUICK, zlib.DEFLATED, -_SMALL_WINDOW, _SMALL_TABLES, zdict=_DICTIONARY)


def _deflate(data: bytes) -> bytes:
    if len(data) >= _LARGE:
        deflater = zlib.compressobj(_THOROUGH, zlib.DEFLATED, -zlib.MAX_WBITS, zdict=_DICTIONARY)
    else:
        deflater = _primed.copy()
    return deflater.compress(data) + deflater.flush()


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
    value. The versions stay in it too when JSON does not keep them exactly, or where some channels have a value and no
    version, which are given one to be stored under. A checkpoint or metadata with other fields than LangGraph's is kept
    with their names.
    """
    versions, stored = checkpoint["channel_versions"], versions_to_store(checkpoint)
    exact = stored is versions and _are_exact(versions.values())
    text = _compact(versions if exact else {name: str(version) for name, version in stored.items()})
    kept = crc32(text.encode()) if exact else versions
    valued = _valued(versions, checkpoint["channel_values"])
    moment = checkpoint["ts"]
    if tuple(checkpoint) != _FIELDS or tuple(metadata)[:3] != _METADATA or type(moment) is not str:
        return text, [{**checkpoint, "id": "", "channel_values": {}, "channel_versions": kept}, metadata, valued]
    source, step, parents, *others = metadata.values()
    seen, updated = checkpoint["versions_seen"], checkpoint["updated_channels"]
    body: list[Any] = [checkpoint["v"], _packed_time(moment), kept, valued, seen, updated, source, step, parents]
    if others:
        body.append(dict(zip(tuple(metadata)[3:], others, strict=True)))
    return text, body


def versions_to_store(checkpoint: Checkpoint) -> Mapping[str, Any]:
    """Return the version of each channel; of one that has a value and no version, unlike a graph's, one of its own."""
    versions = checkpoint["channel_versions"]
    unversioned = checkpoint["channel_values"].keys() - versions.keys()
    return {**versions, **dict.fromkeys(unversioned, f"@{checkpoint['id']}")} if unversioned else versions


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
    if isinstance(named["channel_versions"], dict):
        _check_unversioned(named["channel_versions"], versions, values)
    named["channel_versions"] = _checked(named["channel_versions"], versions)
    _check_values(named["channel_versions"], valued, values)
    named["id"] = checkpoint_id
    named["channel_values"] = values
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


def _check_unversioned(kept: Mapping[str, Any], versions: str, values: Mapping[str, Any]) -> None:
    missing = json.loads(versions).keys() - kept.keys() - values.keys()
    if missing:
        raise ValueError(f"the value of channel {min(missing)!r} is missing")


def _checked(kept: int | Mapping[str, Any], versions: str) -> Any:
    if not isinstance(kept, int):
        return kept
    if kept != crc32(versions.encode()):
        raise ValueError("the channel versions do not match their checksum")
    return json.loads(versions)


def _are_exact(versions: Iterable[Any]) -> bool:
    """Return whether JSON keeps versions as they are: texts, and numbers that are not too large."""
    numbers = [version for version in versions if type(version) is not str]
    return not numbers or (set(map(type, numbers)) == {int} and max(map(abs, numbers)) < _LARGEST)


def _packed_time(moment: str) -> str | int:
    """Return a time as microseconds since 1970 when that says all that its text says."""
    try:
        time = datetime.fromisoformat(moment)
    except ValueError:
        return moment
    exact = time.tzinfo is UTC and time.isoformat() == moment
    return (time - _EPOCH) // _MICROSECOND if exact else moment
