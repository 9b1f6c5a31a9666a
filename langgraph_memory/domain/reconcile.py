"""Decides what a new memory does to what is known, and whose word counts more where two sources contradict each other.

Pure: the caller has read the rows and writes the decision.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

from langgraph_memory.domain.changes import plainly
from langgraph_memory.domain.changewords import MANY
from langgraph_memory.domain.likeness import Likeness, compare, says_it_ended
from langgraph_memory.domain.memory import Memory, Source, Trust
from langgraph_memory.domain.text import normalised, phrase_key, query_terms
from langgraph_memory.domain.types import MemoryType
from langgraph_memory.domain.whose import of_two_people

MARGIN: Final = 0.3
"""How much surer one of two equal sources must be for its word to count more."""

_RANKS: Final[dict[Trust, int]] = {"model": 0, "import": 1, "tool": 1, "owner": 2, "app": 2}
_CALLER: Final = 3


def outranks(known: Memory, new: Memory) -> bool:
    """Return whether what is known comes from a higher source than what contradicts it, or is the app's to change."""
    if is_closed(known, new):
        return True
    if _rank_of_known(known) > _rank_of_new(new):
        return True
    if same_source(known, new) or _rank_of_new(new) > _rank_of_known(known):
        return False
    return known.confidence - new.confidence >= MARGIN


def overrides(new: Memory, known: Memory) -> bool:
    """Return whether what is said now may take the place of what is known: the same source, or a higher one."""
    if is_closed(known, new) or _rank_of_new(new) < _rank_of_known(known):
        return False
    if same_source(known, new) or _rank_of_new(new) > _rank_of_known(known):
        return True
    return _rank_of_new(new) == _rank_of_known(known) and new.confidence - known.confidence >= MARGIN


def said_later(known: Memory, new: Memory) -> bool:
    """Return whether what is known was said after what is only read now, by the same speaker.

    A retry, a slow job, an old thread and a branch read late what was said early. What names no time is said now. Of
    one message that was edited, what is read last holds: the ledger reads no words of it twice.
    """
    if new.source.said_at is None or not same_source(known, new) or same_message(known, new):
        return False
    return (known.source.said_at or known.created_at) > new.source.said_at


def is_closed(known: Memory, new: Memory) -> bool:
    """Return whether what is known is for the app alone to change, and somebody else says otherwise."""
    return known.protected and new.trust != "app"


def is_claim(known: Memory, new: Memory) -> bool:
    """Return whether the owner says otherwise than what the app keeps for itself: that stays beside it."""
    return is_closed(known, new) and new.trust == "owner"


def gives_way(known: Memory, speaker: Trust) -> bool:
    """Return whether what is known may lose its place on somebody's word."""
    return speaker == "app" or not (known.protected or _RANKS[known.trust] > _RANKS[speaker])


def same_source(known: Memory, new: Memory) -> bool:
    """Return whether both were said by the same: the same kind of speaker, and the same name where both have one."""
    if (known.source.actor or "user") != (new.source.actor or "user"):
        return False
    names = [phrase_key(one.source.name) for one in (known, new) if one.source.name]
    return len(set(names)) < 2


def same_message(known: Memory, new: Memory) -> bool:
    """Return whether both were read from one message."""
    same_thread = known.source.thread_id == new.source.thread_id
    return same_thread and bool(set(known.source.message_ids) & set(new.source.message_ids))


def higher(one: Memory, other: Memory) -> Memory:
    """Return which of two that say the same is trusted further."""
    return other if _RANKS[other.trust] > _RANKS[one.trust] or other.protected else one


def speaker(memory: Memory) -> str:
    """Return who said it, for a sentence."""
    if memory.protected:
        return "what the app recorded and it alone may change"
    if memory.trust == "import":
        return "what was imported"
    if memory.source.actor is None:
        return "what was recorded"
    name = f" {memory.source.name}" if memory.source.name else ""
    return f"what the {memory.source.actor}{name} said"


def _rank_of_new(new: Memory) -> int:
    """Return the rank of a source: what the app sets now decides."""
    return _CALLER if new.trust == "app" else _RANKS[new.trust]


def _rank_of_known(known: Memory) -> int:
    return _RANKS[known.trust]


LOWER_STANDING = "lower_standing"
"""The reason why a memory is not stored that contradicts a higher source."""
SAID_EARLIER = "said_earlier"
"""The reason why a memory is not stored: its speaker has said otherwise since."""
CLAIM = "the app recorded otherwise, so that it is kept beside that as a claim"
"""The reason why what the owner says takes the place of nothing: that is the app's to change."""
NOTHING_TO_RETIRE = "nothing_to_retire"
"""The reason why "no longer" changes nothing: what it denies is not known."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Add `memory` and retire `supersedes`, or (with `reinforces`) confirm one that is there already.

    It stays beside `conflicts`, marked as contradicting them. `retires` lose their place to nothing: then `memory` is
    not added. `refused` names why it is not added at all.
    """

    memory: Memory
    supersedes: tuple[Memory, ...] = ()
    reinforces: Memory | None = None
    reason: str = ""
    conflicts: tuple[Memory, ...] = ()
    retires: tuple[Memory, ...] = ()
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Near:
    """A live memory that could say the same, or the opposite, and how it relates to the new one."""

    memory: Memory
    likeness: Likeness


def reconcile(
    new: Memory,
    known: Sequence[Memory],
    kind: MemoryType,
    now: datetime,
    near: Sequence[Near] = (),
    *,
    corrects: bool = False,
) -> Decision:
    """Return what to do with `new`, given the live memories of its owner and scope that could be about the same thing.

    `known` are those in the same slot or with the same words, `near` those that say nearly the same. `corrects` says
    that the speaker explicitly put it in the place of what was said before.
    """
    known = [memory for memory in known if not of_two_people(memory, new)]
    same = _same_among(known, new, corrects=corrects)
    if same is not None and (kind.update != "append" or same.valid_from == new.valid_from):
        return Decision(
            reinforced(same, new, now), _beaten_beside(same, known, new), same, "the same statement is known already"
        )
    if kind.update == "append":
        return Decision(new, reason="nothing known says this")
    if new.slot is None:
        return _without_slot(new, near, now, corrects=corrects)
    in_slot = _of_its_slot(new, known, corrects=corrects)
    if kind.update == "reinforce" and in_slot:
        return Decision(reinforced(in_slot[0], new, now), reinforces=in_slot[0], reason=f"seen again: {new.slot}")
    return _in_slot(new, in_slot, now, corrects=corrects)


def _of_its_slot(new: Memory, known: Sequence[Memory], *, corrects: bool) -> list[Memory]:
    """Return what holds a value of the same slot; what is corrected may be of somebody else who has one as well."""
    in_slot = [one for one in known if one.slot == new.slot and one.memory_type == new.memory_type]
    return in_slot if corrects else [one for one in in_slot if not _is_of_somebody(new, one)]


def _same_among(known: Sequence[Memory], new: Memory, *, corrects: bool) -> Memory | None:
    """Return what says the same, or else what says more of it, unless that is corrected."""
    same = next((memory for memory in known if _says_the_same(memory, new)), None)
    if same is None and not corrects:
        return next((memory for memory in known if _is_vaguer(new, memory)), None)
    return same


def _beaten_beside(same: Memory, known: Sequence[Memory], new: Memory) -> tuple[Memory, ...]:
    """Return what contradicts a memory that is said again, by whom that counts more."""
    return tuple(one for one in known if _contradicts(one, same) and overrides(new, one) and not said_later(one, new))


def _in_slot(new: Memory, in_slot: Sequence[Memory], now: datetime, *, corrects: bool) -> Decision:
    """A new value of the same or a higher source supersedes, of an equal one conflicts, of a lower one is not kept."""
    since = next((one for one in in_slot if said_later(one, new)), None)
    if since is not None:
        return _of_earlier(new, since, now)
    beaten = tuple(one for one in in_slot if _gives_way(one, new, corrects=corrects))
    again = _said_by_others(in_slot, new)
    if again is not None:
        gone = tuple(one for one in beaten if _contradicts(one, again))
        return Decision(reinforced(again, new, now), gone, again, f"another source says the same of {new.slot}")
    return _of_other_value(new, in_slot, beaten)


def _gives_way(known: Memory, new: Memory, *, corrects: bool) -> bool:
    return overrides(new, known) and (corrects or not _said_at_once(known, new))


def _said_by_others(in_slot: Sequence[Memory], new: Memory) -> Memory | None:
    return next((one for one in in_slot if _said_by_another(one, new) and _same_value(one, new)), None)


def _of_other_value(new: Memory, in_slot: Sequence[Memory], beaten: tuple[Memory, ...]) -> Decision:
    above = [one for one in in_slot if outranks(one, new)]
    if above and not _is_claim(new, above):
        return _refused(new, above[0])
    equal = tuple(one for one in in_slot if one not in beaten)
    if equal:
        reason = CLAIM if above else f"contradicts another source on {new.slot}"
        return Decision(new, beaten, reason=reason, conflicts=equal)
    return Decision(new, beaten, reason=f"{'a newer value for' if beaten else 'nothing known about'} {new.slot}")


def _without_slot(new: Memory, near: Sequence[Near], now: datetime, *, corrects: bool) -> Decision:
    """The same in other words confirms; what differs in a value or a "not" ends, corrects or contradicts."""
    same = next((one for one in near if one.likeness.kind == "same"), None)
    if same is not None:
        reason = f'says the same as {same.memory.id}, which stays: "{same.memory.content}"'
        return Decision(reinforced(same.memory, new, now), reinforces=same.memory, reason=reason)
    against = [one for one in near if one.likeness.kind == "contradicts"]
    above = [one.memory for one in against if _stands_above(one.memory, new)]
    if above:
        return _against(new, above)
    return _in_place_of(new, against, corrects=corrects) if against else Decision(new, reason="nothing known says this")


def _stands_above(known: Memory, new: Memory) -> bool:
    return said_later(known, new) or outranks(known, new)


def _in_place_of(new: Memory, against: Sequence[Near], *, corrects: bool) -> Decision:
    ended = tuple(one.memory for one in against if ends(new, one))
    if ended:
        return Decision(new, reason="it no longer holds", retires=ended)
    beaten = tuple(one.memory for one in against if corrects or _said_again_later(one.memory, new))
    beside = tuple(one.memory for one in against if one.memory not in beaten)
    if beside:
        return Decision(new, beaten, reason=f"contradicts {beside[0].id}: {against[0].likeness.way}", conflicts=beside)
    return Decision(new, beaten, reason=f"a newer {against[0].likeness.way} in place of {beaten[0].id}")


def retiring(new: Memory, holding: Sequence[Memory], near: Sequence[Near]) -> Decision:
    """Return what to do with a statement that something no longer holds; `holding` hold the value it denies."""
    denied = {one.id: one for one in (*holding, *(one.memory for one in near if ends(new, one)))}
    live = [one for one in denied.values() if not _is_negated(one)]
    gone = tuple(one for one in live if not outranks(one, new))
    if gone:
        return Decision(new, reason="it no longer holds", retires=gone)
    if live:
        return _against(new, live)
    return Decision(new, refused=NOTHING_TO_RETIRE, reason="nothing known says what no longer holds")


def denying(new: Memory, known: Sequence[Memory], gone: Sequence[Memory], now: datetime) -> Decision:
    """Return what to do with what a person says no longer holds: it takes the place of what said so, and is kept."""
    same = next((memory for memory in known if _says_the_same(memory, new)), None)
    if same is not None:
        return Decision(reinforced(same, new, now), tuple(gone), same, "the same statement is known already")
    return Decision(
        new, tuple(gone), reason="it no longer holds" if gone else "nothing known says what no longer holds"
    )


def ends(new: Memory, one: Near) -> bool:
    """Return whether `new` says that what `one` says no longer holds."""
    return one.likeness.way == "polarity" and says_it_ended(new.content) and not says_it_ended(one.memory.content)


def related(new: Memory, known: Memory, closeness: float | None = None) -> Near | None:
    """Return how `known` relates to `new`; None when it is about another thing, or holds another structure."""
    if known.id == new.id or of_two_people(known, new):
        return None
    if phrase_key(known.subject or "") != phrase_key(new.subject or ""):
        return None
    likeness = compare(known.content, new.content, closeness)
    if likeness.kind == "unrelated" or (likeness.kind == "same" and not _same_structure(known, new)):
        return None
    return Near(known, likeness)


def replacing(old: Memory, new: Memory, in_slot: Sequence[Memory], now: datetime) -> Decision:
    """Return what to do with `new`, which its author puts in the place of `old` and of what else is in its slot."""
    others = [one for one in in_slot if one.id != old.id and (one.slot == new.slot or _contradicts(one, old))]
    above = [one for one in (old, *others) if is_closed(one, new) and not _says_the_same(one, new)]
    if above:
        return _against(new, above)
    if not _says_the_same(old, new):
        return Decision(new, supersedes=(old, *others), reason="replaced on request")
    beaten = tuple(filter(partial(_contradicts, old), others))
    return Decision(reinforced(old, new, now), beaten, old, "it says the same")


def still_said(payload: Mapping[str, Any] | None, content: str) -> dict[str, Any] | None:
    """Return a payload without the value that a new text no longer tells."""
    if payload is None:
        return None
    told = str(payload.get("value", "")).casefold() in content.casefold()
    return dict(payload) if told else {name: value for name, value in payload.items() if name != "value"} or None


def verified(known: Memory, confidence: float, kind: MemoryType, now: datetime) -> Memory:
    """Return `known` confirmed at `now`; where its type expires, its time begins again."""
    update: dict[str, Any] = {"confidence": confidence, "last_verified_at": now, "updated_at": now}
    if known.expires_at is not None and kind.expires_after is not None:
        update["expires_at"] = max(known.expires_at, now + kind.expires_after)
    return known.model_copy(update=update)


def reinforced(known: Memory, again: Memory, now: datetime) -> Memory:
    """Return `known` confirmed by an equal statement.

    Two independent sources: their doubts multiply (noisy-or). One message that says it twice is one source.
    """
    doubt = (1.0 - known.confidence) * (1.0 - again.confidence)
    once = max(known.confidence, again.confidence)
    return known.model_copy(
        update={
            "confidence": once if same_message(known, again) else 1.0 - doubt,
            "importance": max(known.importance, again.importance),
            "last_verified_at": now,
            "updated_at": now,
            "expires_at": _later(known.expires_at, again.expires_at),
            "tags": tuple(dict.fromkeys((*known.tags, *again.tags))),
            "injection": again.injection or known.injection,
            "source": _said_last(known, again),
            "trust": higher(known, again).trust,
            "protected": known.protected or again.protected,
        }
    )


def inheriting(new: Memory, old: Sequence[Memory]) -> Memory:
    """Return a memory with what was asked of those whose place it takes, unless it brings its own."""
    asked = {one.injection for one in old}
    injection = new.injection or ("never" if "never" in asked else "always" if "always" in asked else None)
    tags = new.tags or tuple(dict.fromkeys(tag for one in old for tag in one.tags))
    return new.model_copy(update={"tags": tags, "injection": injection}) if old else new


def _said_last(known: Memory, again: Memory) -> Source:
    """Return the source of what is known, with the time when it was said last."""
    if again.source.said_at is None or said_later(known, again):
        return known.source
    return known.source.model_copy(update={"said_at": again.source.said_at})


def holding_value(memories: Iterable[Memory], values: Sequence[str]) -> list[Memory]:
    """Return the memories whose structured value is one of `values`, whatever the case."""
    wanted = {normalised(value) for value in values}
    return [memory for memory in memories if _value_of(memory) in wanted]


def _is_of_somebody(new: Memory, known: Memory) -> bool:
    """Return whether two memories stand side by side that name somebody: two sisters, or two things of one sister.

    "My daughter Mia loves horses" leaves "my daughter Mia is allergic to eggs", in the slot of a daughter's name.
    """
    kind, _, of = (new.slot or "").partition(".")
    if kind not in ("family", "pet", "team"):
        return False
    if _same_value(known, new):
        return compare(known.content, new.content).kind == "unrelated"
    return of in MANY and kind != "team"


def _is_vaguer(new: Memory, known: Memory) -> bool:
    """Return whether a statement only leaves out what is known: "I have a dog" after "a dog called Rex".

    Of names a part is another one: York after New York.
    """
    if new.slot is None or (new.slot, new.memory_type) != (known.slot, known.memory_type):
        return False
    if not same_source(known, new) or known.source.actor != "user" or new.slot.split(".")[0] in _NAMED:
        return False  # what an agent or an app writes anew is meant as it is, also where it is shorter
    if _is_negated(known) or _is_negated(new):
        return False
    said, told = (Counter(query_terms(plainly(one.content))) for one in (new, known))
    return bool(said) and said < told


_NAMED = frozenset({"home", "origin", "name", "nickname", "contact", "employer", "project", "editor", "browser"})


def _of_earlier(new: Memory, since: Memory, now: datetime) -> Decision:
    """A value that was said before the one that is known confirms it when it is the same, else it is not kept."""
    if _same_value(since, new):
        return Decision(reinforced(since, new, now), reinforces=since, reason=f"said again since: {new.slot}")
    return said_before(new, since)


def said_before(new: Memory, since: Memory) -> Decision:
    """Return that a statement is not stored, because another took its place before it was read."""
    return Decision(new, refused=SAID_EARLIER, reason=f"memory {since.id} was said after it")


def _is_claim(new: Memory, above: Sequence[Memory]) -> bool:
    """Return whether all that stands above what the owner says is the app's: then it is kept beside it."""
    return all(is_claim(one, new) for one in above)


def _against(new: Memory, above: Sequence[Memory]) -> Decision:
    """Return what becomes of what contradicts what was said later, or what stands above it."""
    if said_later(above[0], new):
        return said_before(new, above[0])
    return Decision(new, reason=CLAIM, conflicts=tuple(above)) if _is_claim(new, above) else _refused(new, above[0])


def _said_by_another(known: Memory, new: Memory) -> bool:
    return not same_source(known, new) or is_closed(known, new)


def _refused(new: Memory, above: Memory) -> Decision:
    return Decision(new, refused=LOWER_STANDING, reason=f"it contradicts {speaker(above)} (memory {above.id})")


def _said_again_later(known: Memory, new: Memory) -> bool:
    """Return whether the same source says it later in the same thread: then it has changed its mind."""
    same_thread = known.source.thread_id is not None and known.source.thread_id == new.source.thread_id
    return same_thread and same_source(known, new) and not same_message(known, new)


def _said_at_once(known: Memory, new: Memory) -> bool:
    """Return whether one message says both, read at one time; an edited message is read again later."""
    return same_message(known, new) and known.updated_at == new.created_at


def _says_the_same(known: Memory, new: Memory) -> bool:
    if known.slot != new.slot or phrase_key(known.subject or "") != phrase_key(new.subject or ""):
        return False
    return normalised(known.content) == normalised(new.content)


def _same_value(known: Memory, new: Memory) -> bool:
    """Return whether both give a slot the same value, by their structure or else by their words."""
    if _value_of(known) and _value_of(new):
        return _value_of(known) == _value_of(new) and _is_negated(known) == _is_negated(new)
    return compare(known.content, new.content).kind == "same"


def _same_structure(known: Memory, new: Memory) -> bool:
    """Return whether nothing structured tells two statements apart: a payload, or since when they hold."""
    payloads = [one.content_json for one in (known, new) if one.content_json is not None]
    moments = {one.valid_from for one in (known, new) if one.valid_from is not None}
    return len(moments) < 2 and (len(payloads) < 2 or payloads[0] == payloads[1])


def _contradicts(one: Memory, other: Memory) -> bool:
    return one.id != other.id and one.conflict_id is not None and one.conflict_id == other.conflict_id


def _is_negated(memory: Memory) -> bool:
    return bool((memory.content_json or {}).get("negated"))


def _value_of(memory: Memory) -> str:
    return normalised(str((memory.content_json or {}).get("value", "")))


def _later(first: datetime | None, second: datetime | None) -> datetime | None:
    return None if first is None or second is None else max(first, second)


def in_conflict(memory: Memory, group: str | None) -> Memory:
    """Return `memory` in a group of contradicting ones."""
    return memory if memory.conflict_id == group else memory.model_copy(update={"conflict_id": group})
