"""The curated face: checks what the caller passed, embeds, runs the plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import Any

from langgraph_memory.domain.admission import admit, refused
from langgraph_memory.domain.candidate import Candidate, Utterance
from langgraph_memory.domain.changes import found_by
from langgraph_memory.domain.clock import in_utc
from langgraph_memory.domain.guard import Refusal
from langgraph_memory.domain.likeness import says_it_ended
from langgraph_memory.domain.links import Link, links_between, names_in
from langgraph_memory.domain.memory import Conflict, Memory, Outcome, OwnerSummary, Recall, Receipt, Source, make_memory
from langgraph_memory.domain.memory_filter import Wanted
from langgraph_memory.domain.policy import Bucket
from langgraph_memory.domain.promotion import Judged, LedgerPlace, PromotionReport, amend, invalid
from langgraph_memory.domain.rendering import render
from langgraph_memory.domain.reranking import MOST_RERANKED, reranked
from langgraph_memory.domain.scope import check_owner, check_scope
from langgraph_memory.domain.slots import canonical
from langgraph_memory.domain.text import folded, without_phrases
from langgraph_memory.domain.times import dated, event_expires_at
from langgraph_memory.domain.types import MemoryType
from langgraph_memory.effects.effect import Effects
from langgraph_memory.effects.runner import EmbedQuery, Later, Rerank
from langgraph_memory.errors import InvalidInputError, InvalidMemoryError, MissingOwnerError
from langgraph_memory.flows.index import embed_amended
from langgraph_memory.flows.vectors import embed_fields
from langgraph_memory.operations.rows import Vectors, VectorSearch, embedded_texts
from langgraph_memory.operations.settings import StoreSettings
from langgraph_memory.plans import memories, promotion
from langgraph_memory.plans import recall as recalling
from langgraph_memory.plans.memories import Origin, Proposal
from langgraph_memory.plans.promotion import PromotionRequest
from langgraph_memory.views import Records

_BOUNDS = ("limit", "offset", "pinned", "max_tokens")
_GREATEST = 2**31 - 1
_MOST_LINKABLE = 10_000
"""How many memories of an owner are looked through for links."""
_UNKNOWN = Source()


def remember(content: str | Memory, fields: dict[str, Any], settings: StoreSettings) -> Effects[Outcome]:
    """Store one memory, unless the guard refuses it."""
    now = settings.clock()
    wanted = _given(content, fields, settings) if isinstance(content, Memory) else _new(content, fields, settings, now)
    memory = admit(wanted, settings.guard)
    if isinstance(memory, Refusal):
        return refused(memory)
    vectors = yield from vectors_of([memory], settings)
    compared = not isinstance(content, Memory)
    proposal = Proposal(
        memory,
        settings.types[memory.memory_type],
        vectors[0],
        compared=compared,
        search=own_search(vectors[0], settings) if compared else None,
    )
    outcome: Outcome = yield memories.remember(proposal, now)
    if outcome.replaced:
        yield from embed_amended(memory.owner_id, settings)
    return outcome


def proposal_of_put(
    place: tuple[str, str], key: str, value: Mapping[str, Any], vectors: Vectors, settings: StoreSettings
) -> Proposal:
    """Return the memory that a put of the store asks for, at an owner and scope.

    Raises InvalidMemoryError, MissingOwnerError, InvalidScopeError or UnknownMemoryTypeError: why it can be none.
    """
    now, (owner_id, scope) = settings.clock(), place
    kind = settings.types[value.get("memory_type", "fact")]
    own: dict[str, Any] = {"id": key, "owner_id": owner_id, "scope": scope}
    for name, here in own.items():
        if value.get(name, here) != here:
            raise InvalidMemoryError(f"{key!r} names another {name} than its place, which is of {here!r}.")
    times = {"created_at": now, "updated_at": now}
    memory = admit(
        with_type_rules(make_memory(**{**times, **value, **own, "memory_type": kind.name}), kind, now), settings.guard
    )
    if isinstance(memory, Refusal):
        raise InvalidMemoryError(f"{key!r} was not stored among the memories: {memory.explanation}")
    return Proposal(memory, kind, vectors, compared=True, search=own_search(vectors, settings))


def recall(query: str | None, fields: dict[str, Any], origin: Origin, settings: StoreSettings) -> Effects[Recall]:
    """Recall memories and keep the receipt."""
    now = settings.clock()
    kept = fields.pop("receipt", True)
    request = yield from request_of(query, fields, settings, now)
    found = yield from answered(request, settings)
    policy = settings.receipts
    if kept and policy.kept != "off":
        asked = policy.query_of(query, settings.guard)
        yield Later(recalling.keep_receipt(found, request, asked, origin, policy, now))
    return found


def answered(request: recalling.RecallRequest, settings: StoreSettings) -> Effects[Recall]:
    """Return what a request recalls; where there is a reranker, it is asked about the best outside of a transaction."""
    embedder = settings.embedder
    if embedder is None or not embedder.reranks or request.query is None:
        recall: Recall = yield recalling.recall(request)
        return recall
    found: recalling.Found = yield recalling.find(replace(request, least_found=MOST_RERANKED))
    if len(found.rest) > 1:
        texts = [item.memory.content for item in found.rest[:MOST_RERANKED]]
        said: list[float] = yield Rerank(request.query, texts)
        found = replace(found, rest=reranked(found.rest, said, needed=request.needed))
    return recalling.selected(request, found)


def links(owner_id: str, scope: str, name: str | None, limit: int, settings: StoreSettings) -> Effects[Records[Link]]:
    """Return the links between an owner's memories."""
    check_text("name", name, optional=True)
    check_bounds({"limit": limit})
    asked = {"owner_id": owner_id, "scope": scope, "memory_types": None, "as_of": None, "limit": _MOST_LINKABLE}
    request = yield from request_of(None, {**asked, "shared_with": ()}, settings, settings.clock())
    known: list[Memory] = yield recalling.visible(request)
    names = None if name is None else names_in(name) | {folded(name.strip())}
    return Records(Link, links_between(known, names)[:limit])


def profile(owner_id: str, scope: str, fields: dict[str, Any], settings: StoreSettings) -> Effects[str]:
    """Return the block of what shapes every answer."""
    asked = {"memory_types": None, "as_of": None, "limit": 0, **fields, "owner_id": owner_id, "scope": scope}
    request = yield from request_of(None, asked, settings, settings.clock())
    found: Recall = yield recalling.profile(request)
    return render(found)


def history(memory_id: str, owner_id: str) -> Effects[Records[Memory]]:
    """Return every version of what a memory is about."""
    versions: list[Memory] = yield memories.history(memory_id, owner_id)
    return Records(Memory, versions)


def forget(memory_id: str, owner_id: str, source: Source, settings: StoreSettings) -> Effects[Receipt]:
    """Delete a memory with its older versions."""
    now = settings.clock()
    receipt_id = settings.new_id()
    origin = Origin.of(source)
    count: int = yield memories.forget(memory_id, owner_id, now, "forgotten on request", receipt_id, origin)
    yield from embed_amended(owner_id, settings)
    return Receipt(receipt_id, "forget", owner_id, now, {"memories": count})


def page_of_owner(
    owner_id: str, everything: bool, wanted: Any, limit: int, offset: int, settings: StoreSettings
) -> Effects[Records[Memory]]:
    """Return a page of an owner's memories."""
    now = settings.clock()
    check_bounds({"limit": limit, "offset": offset})
    page: list[Memory] = yield memories.memories_of_owner(
        owner_id, now, Wanted.of(wanted, settings.types), everything=everything, limit=limit, offset=offset
    )
    return Records(Memory, page)


def conflicts(owner_id: str, limit: int, offset: int, settings: StoreSettings) -> Effects[Records[Conflict]]:
    """Return a page of the groups of an owner's memories that contradict each other."""
    check_bounds({"limit": limit, "offset": offset})
    found: list[tuple[Memory, ...]] = yield memories.conflicts(owner_id, settings.clock(), limit=limit, offset=offset)
    return Records(Conflict, map(Conflict, found))


def owners(settings: StoreSettings) -> Effects[Records[OwnerSummary]]:
    """Return every owner with the number of their memories and of the live ones."""
    found: list[tuple[str, int, int]] = yield memories.owners(settings.clock())
    return Records(OwnerSummary, (OwnerSummary(*one) for one in found))


def unread(place: LedgerPlace, utterances: Sequence[Utterance]) -> Effects[list[Utterance]]:
    """Return the utterances that no promotion of this place has read."""
    left: list[Utterance] = yield promotion.unread(place, utterances)
    return left


def promote(
    judged: Sequence[Judged],
    utterances: Sequence[Utterance],
    place: LedgerPlace,
    scope: str,
    origin: Origin,
    began_at: datetime | None,
    settings: StoreSettings,
) -> Effects[PromotionReport]:
    """Store what is promoted and enter what was read in the ledger, in one transaction."""
    now = settings.clock()
    request = yield from promotion_of(judged, utterances, place, scope, lambda _: origin, settings, now)
    report: PromotionReport = yield promotion.promote(replace(request, began_at=began_at), now)
    if any(entry.outcome is not None and entry.outcome.replaced for entry in report):
        yield from embed_amended(place.owner_id, settings)
    return report


def promotion_of(
    judged: Sequence[Judged],
    utterances: Sequence[Utterance],
    place: LedgerPlace,
    scope: str,
    origin_of: Callable[[str], Origin],
    settings: StoreSettings,
    now: datetime,
) -> Effects[PromotionRequest]:
    """Return what is to be promoted, checked and embedded; `origin_of` names where a message was said."""
    check_owner(place.owner_id)
    check_scope(scope)
    judged = yield from _with_corrections(judged, utterances, place, now)
    names = {said.message_id: said.name for said in utterances}
    said_at = yield from _said_at(judged, utterances, place)
    drawn = [
        _drawn(
            one,
            names,
            place,
            scope,
            origin_of(one.candidate.message_id),
            settings,
            now,
            said_at.get(one.candidate.message_id),
        )
        for one in judged
    ]
    judged, drafts = [one for one, _ in drawn], [memory for _, memory in drawn]
    wanted = [memory for memory in drafts if memory is not None]
    vectors = iter((yield from vectors_of(wanted, settings)))
    proposals = [
        None if memory is None else _proposal(one.candidate, memory, next(vectors), settings)
        for one, memory in zip(judged, drafts, strict=True)
    ]
    paired = list(zip(judged, proposals, strict=True))
    origins = {said.message_id: origin_of(said.message_id) for said in utterances}
    return PromotionRequest(
        settings.new_id(),
        scope,
        place,
        utterances,
        paired,
        origin_of(""),
        origins=origins,
        receipts=settings.receipts,
    )


def _said_at(
    judged: Sequence[Judged], utterances: Sequence[Utterance], place: LedgerPlace
) -> Effects[dict[str, datetime]]:
    """Return when the messages were said of which something is to be stored: as they tell, else as the thread does."""
    own = {one.message_id: one.said_at for one in utterances if one.said_at is not None}
    of = dict.fromkeys(one.candidate.message_id for one in judged if one.verdict.bucket is Bucket.PROMOTE)
    known: dict[str, datetime] = yield promotion.said_at(place, [one for one in of if one and one not in own])
    return {**known, **own}


def _with_corrections(
    judged: Sequence[Judged], utterances: Sequence[Utterance], place: LedgerPlace, now: datetime
) -> Effects[Sequence[Judged]]:
    """Return what was judged with each correction of a last message done to what was learnt of that."""
    order = [said.message_id for said in utterances if said.actor == "user"]
    corrections = [one for one in judged if one.candidate.amends is not None and one.verdict.bucket is Bucket.PROMOTE]
    for one in corrections:
        place_in = order.index(one.candidate.message_id) if one.candidate.message_id in order else 0
        if place_in:
            before = [each.candidate for each in judged if _is_learnt_of(each, order[place_in - 1])]
        else:
            known: list[Memory] = yield promotion.learnt_last(place, now)
            before = [_as_candidate(memory) for memory in known]
        judged = amend(judged, next(at for at, each in enumerate(judged) if each is one), before)
    return judged


def _is_learnt_of(one: Judged, message_id: str) -> bool:
    candidate = one.candidate
    proposes = candidate.amends is None and not candidate.retires and not candidate.forgets
    return candidate.message_id == message_id and proposes and one.verdict.bucket is Bucket.PROMOTE


def _as_candidate(memory: Memory) -> Candidate:
    """Return what is known as the candidate that would propose it again in its place."""
    return Candidate(
        content=memory.content,
        memory_type=memory.memory_type,
        slot=memory.slot,
        content_json=memory.content_json,
        confidence=memory.confidence,
        importance=memory.importance,
        subject=memory.subject,
        extractor=memory.source.extractor or "",
        target=memory.id,
    )


def _proposal(candidate: Candidate, memory: Memory, vectors: Vectors, settings: StoreSettings) -> Proposal:
    """Return what is asked of the store for a candidate."""
    value = (candidate.content_json or {}).get("value")
    ended = bool(candidate.replaces) and says_it_ended(candidate.content) and value in (None, *candidate.replaces)
    return Proposal(
        memory,
        settings.types[memory.memory_type],
        vectors,
        candidate.replaces,
        retires=candidate.retires or (ended and candidate.target is None),
        target=candidate.target,
        forgets=candidate.forgets,
        corrects=candidate.corrects,
        changes_only=candidate.changes_only,
        compared=True,
        search=own_search(vectors, settings),
    )


def own_search(vectors: Vectors, settings: StoreSettings) -> VectorSearch | None:
    """Return the search for what means the same as a memory of these vectors, when there is an index."""
    own = next((vector for name, vector in vectors if name == "content"), None)
    return settings.vector_search(own)


def _new(content: str, fields: dict[str, Any], settings: StoreSettings, now: datetime) -> Memory:
    kind = settings.types[fields["memory_type"]]
    source = fields.pop("source", None) or _UNKNOWN
    fields["tags"] = _tags(fields["tags"])
    return with_type_rules(
        make_memory(
            **{**fields, "memory_type": kind.name},
            id=settings.new_id(),
            content=content,
            source=source,
            created_at=now,
            updated_at=now,
        ),
        kind,
        now,
    )


def _tags(tags: Any) -> tuple[str, ...]:
    """Return tags as the record has them; one text is no list of tags."""
    if isinstance(tags, str) or not isinstance(tags, Iterable):
        raise InvalidMemoryError(f"tags must be a list such as ['work'], not {tags!r}.")
    return tuple(tags)


def _given(memory: Memory, fields: dict[str, Any], settings: StoreSettings) -> Memory:
    """Return a finished record as it was passed, with its type's canonical name."""
    if fields["owner_id"] != memory.owner_id:
        raise MissingOwnerError(f"owner_id {fields['owner_id']!r} is not the memory's owner {memory.owner_id!r}.")
    kind = settings.types[memory.memory_type]
    if memory.superseded:
        raise InvalidMemoryError(f"memory {memory.id} is superseded; remember() takes what holds now.")
    return memory.model_copy(update={"memory_type": kind.name})


def _drawn(
    judged: Judged,
    names: Mapping[str, str | None],
    place: LedgerPlace,
    scope: str,
    origin: Origin,
    settings: StoreSettings,
    now: datetime,
    said_at: datetime | None,
) -> tuple[Judged, Memory | None]:
    """Return the memory that a candidate proposes; one that cannot be a memory is discarded, and costs no other."""
    try:
        return judged, _draft(judged, names, place, scope, origin, settings, now, said_at)
    except (InvalidInputError, RecursionError):
        return invalid(judged), None


def _draft(
    judged: Judged,
    names: Mapping[str, str | None],
    place: LedgerPlace,
    scope: str,
    origin: Origin,
    settings: StoreSettings,
    now: datetime,
    said_at: datetime | None,
) -> Memory | None:
    """Return the memory that a promoted candidate proposes, or None for the other buckets."""
    candidate = judged.candidate
    if judged.verdict.bucket is not Bucket.PROMOTE:
        return None
    slot, memory_type = canonical(candidate.slot, candidate.memory_type)
    kind = settings.types[memory_type]
    source = Source(
        thread_id=origin.thread_id,
        checkpoint_id=origin.checkpoint_id,
        run_id=origin.run_id,
        message_ids=(candidate.message_id,) if candidate.message_id else (),
        excerpt=candidate.excerpt or None,
        actor=candidate.actor,
        name=names.get(candidate.message_id),
        extractor=candidate.extractor or place.extractor,
        said_at=said_at,
    )
    moment = said_at or now
    told = dated(candidate.content, moment)
    memory = make_memory(
        id=settings.new_id(),
        owner_id=place.owner_id,
        scope=scope,
        memory_type=kind.name,
        slot=slot,
        content=told.content,
        content_json=None if candidate.content_json is None else dict(candidate.content_json),
        source=source,
        subject=candidate.subject,
        context=candidate.context or found_by(candidate.content),
        confidence=candidate.confidence,
        importance=candidate.importance,
        valid_from=told.valid_from,
        expires_at=told.expires_at or (event_expires_at(told.happens, moment) if kind.name == "event" else None),
        created_at=now,
        updated_at=now,
        last_verified_at=now,
    )
    return with_type_rules(memory, kind, now)


def with_type_rules(memory: Memory, kind: MemoryType, now: datetime) -> Memory:
    """Return `memory` with the expiry and the slot that its type gives it where it has none."""
    update: dict[str, Any] = {}
    if memory.expires_at is None and kind.expires_after is not None:
        update["expires_at"] = now + kind.expires_after
    if memory.slot is None and kind.slot_per_thread and memory.source.thread_id:
        update["slot"] = f"thread:{memory.source.thread_id}"
    return memory.model_copy(update=update) if update else memory


def vectors_of(wanted: Sequence[Memory], settings: StoreSettings) -> Effects[list[Vectors]]:
    """Embed some memories: the content, the passages of a long one, and the context."""
    return (yield from embed_fields([embedded_texts(memory.content, memory.context) for memory in wanted], settings))


def request_of(
    query: str | None, fields: dict[str, Any], settings: StoreSettings, now: datetime
) -> Effects[recalling.RecallRequest]:
    """Check what a recall was asked with, and embed its query."""
    owner_id, scope = check_owner(fields.pop("owner_id")), check_scope(fields.pop("scope"))
    shared_with = tuple(check_owner(other) for other in several("shared_with", fields.pop("shared_with")))
    wanted_types, filtered = fields.pop("memory_types"), Wanted.of(fields.pop("filter", None), settings.types)
    memory_types = settings.types.names(None if wanted_types is None else several("memory_types", wanted_types))
    as_of = fields.pop("as_of")
    check_bounds(fields)
    check_text("reader", fields.get("reader"), optional=True)
    if query is not None and not isinstance(query, str):
        raise InvalidInputError(f"query must be text or None, not {type(query).__name__}.")
    wanted = query.strip() if query else None
    vector = None
    subjects: dict[str, list[str]] = {}
    if settings.embedder is not None and wanted:
        subjects = yield recalling.named_subjects((owner_id, *shared_with), wanted)
        vector = yield EmbedQuery(without_phrases(wanted, chain.from_iterable(subjects.values())))
    return recalling.RecallRequest(
        id=settings.new_id(),
        owner_id=owner_id,
        scope=scope,
        query=wanted,
        types=settings.types,
        memory_types=tuple(name for name in memory_types if filtered.has_type(name)),
        wanted=filtered,
        at=_moment(as_of, now),
        past=as_of is not None,
        vectors=settings.vector_search(vector),
        subjects=subjects,
        shared_with=shared_with,
        **fields,
    )


def check_bounds(fields: dict[str, Any]) -> None:
    """Raise InvalidInputError when a limit or an offset is no whole number, or a threshold no number."""
    for name in (name for name in _BOUNDS if name in fields):
        value = fields[name]
        if value is None and name == "max_tokens":
            continue
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _GREATEST:
            raise InvalidInputError(f"{name} must be a whole number from 0 to {_GREATEST}, not {value!r}.")
    if fields.get("min_score") is not None and not isinstance(fields["min_score"], (int, float)):
        raise InvalidInputError(f"min_score must be a number, not {fields['min_score']!r}.")


def several(name: str, values: Iterable[str]) -> Iterable[str]:
    """Return `values` when they are several texts: one text would be read letter by letter."""
    if isinstance(values, str):
        raise InvalidInputError(f"{name} must be a list such as [{values!r}], not a single text.")
    return values


def check_text(name: str, value: Any, *, optional: bool = False) -> Any:
    """Return `value` when it is text, or None where that is allowed; raises InvalidInputError."""
    if isinstance(value, str) or (optional and value is None):
        return value
    raise InvalidInputError(f"{name} must be text, not {type(value).__name__}.")


def _moment(as_of: datetime | None, now: datetime) -> datetime:
    if as_of is None:
        return now
    try:
        moment = in_utc(as_of)
    except ValueError as error:
        raise InvalidInputError(f"as_of: {error}.") from None
    if moment > now:
        raise InvalidInputError(f"as_of {moment.isoformat()} lies in the future; nobody knows yet what holds then.")
    return moment
