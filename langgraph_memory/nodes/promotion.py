"""`PromotionNode`: promotes what the user said that should still matter in other threads, after the model."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal, TypedDict, Unpack

from langchain_core.runnables import RunnableConfig

from langgraph_memory.domain.candidate import Utterance
from langgraph_memory.domain.guard import GuardPolicy
from langgraph_memory.domain.jobs import AT_LATEST, QUIET_FOR, Retries, checked_seconds
from langgraph_memory.domain.memory import Source
from langgraph_memory.domain.promotion import LedgerPlace, PromotionPolicy, PromotionReport
from langgraph_memory.domain.scope import check_owner
from langgraph_memory.domain.thread import STRANGER
from langgraph_memory.effects.effect import Effects, either
from langgraph_memory.errors import ExtractionError, InvalidInputError
from langgraph_memory.nodes.conversation import injected_lines, messages_of, utterances_of
from langgraph_memory.nodes.identity import Identity, IdentityResolver, MemoryNode, Update, source_of
from langgraph_memory.nodes.reading import AnyExtractor, ExtractorName, Reading
from langgraph_memory.nodes.worker import PromotionWorker, Work
from langgraph_memory.process import began
from langgraph_memory.store import CuratedStore
from langgraph_memory.store.curated import checked
from langgraph_memory.telemetry import note_run
from langgraph_memory.views import agreeing, counted

_LOG = logging.getLogger("langgraph_memory")

ENOUGH = 5
"""How many messages that are hardly worth a call are worth one together."""

Mode = Literal["hot", "background"]
Speakers = Mapping[str, str] | Callable[[str], str | None]
"""Which owner the name of a user's message stands for."""


class PromotionOptions(TypedDict, total=False):
    """What a `PromotionNode` may be told beside who reads, what is promoted, and for whom."""

    trusted_tools: Sequence[str]
    speakers: Speakers | None
    quiet_for: timedelta | float
    at_latest: timedelta | float
    retries: Retries | None
    worker: PromotionWorker | None
    on_promotion: Callable[[PromotionReport], None] | None
    on_failure: Callable[[ExtractionError], None] | None


class PromotionNode(MemoryNode):
    """Extracts candidates from what the user said, judges them, and stores what is promoted in one transaction.

    Each message is read once by an extractor, however often the node runs: a ledger in the same transaction knows
    thread, message and words. `extractor` is an `Extractor` or a function from utterances to candidates; either may be
    async. By default, and as "auto", the rules read, and what they leave in doubt is put to the `model`, if there is
    one that gives structured output: at once where it is likely to say something, else together with what comes, or
    when the thread has been quiet. "rules" and "model" let one of both read alone. `policy` decides between promoting,
    keeping in session and discarding; `guard` treats personal data in place of the store's guard. `options` are
    `trusted_tools`, `speakers`, `quiet_for` (30 s), `at_latest` (10 minutes), `retries`, `worker`, `on_promotion` and
    `on_failure`. The output of `trusted_tools`, by name, is read as well; of no other tool, whatever the policy. Where
    the policy listens to the assistant, what it only repeats is discarded as an echo. `on_promotion` is told of each
    report.

    An error of the extractor costs the message that it is about, which the report tells; the rest is read. When it
    raises ExtractionError, or cannot reach what it asks, the run goes on, `on_failure` is told, and the messages are
    queued: they are tried again, later and less often each time as `retries` says, by a worker or by a later turn of
    the thread.

    `mode="background"` reads nothing: it queues what was said and returns. A `PromotionWorker` with the same extractor
    reads it when the thread has been quiet for `quiet_for` (a timedelta or seconds, by default 30), at the latest after
    `at_latest` (10 minutes), so that many turns become one job. The `worker` of this process, if it is named, is woken.

    A message is read for the owner of the run that added it, whoever runs the thread later. In a group chat, where one
    run carries the words of several people, `speakers` says which owner the `name` of a user's message stands for, as
    a mapping or a function: what each of them says becomes a memory of theirs and of nobody else. Of a name that it
    does not know nothing is read; a message without a name is the run's owner's.
    """

    def __init__(
        self,
        *,
        extractor: AnyExtractor | ExtractorName | None = None,
        model: Any = None,
        policy: PromotionPolicy | None = None,
        guard: GuardPolicy | None = None,
        mode: Mode = "hot",
        identity: IdentityResolver | None = None,
        store: CuratedStore | None = None,
        **options: Unpack[PromotionOptions],
    ) -> None:
        checked("PromotionNode", options, PromotionOptions)
        super().__init__(store, identity)
        if mode not in ("hot", "background"):
            raise InvalidInputError(f"mode must be 'hot' or 'background', not {mode!r}.")
        self._mode = mode
        trusted_tools, worker = tuple(options.get("trusted_tools", ())), options.get("worker")
        self._reading = Reading.of(extractor, policy, guard, listens_to_tools=bool(trusted_tools), model=model)
        if worker is not None and worker.extractors != self._reading.names:
            raise InvalidInputError(
                f"the worker takes the jobs of {_both(worker.extractors)} and this node queues for "
                f"{_both(self._reading.names)}; give both the same extractor and the same model."
            )
        self._trusted_tools = trusted_tools
        self._speakers = _owner_of_name(options.get("speakers"))
        self._guard = self._reading.policy.guard
        self._quiet = _When(
            checked_seconds("quiet_for", options.get("quiet_for", QUIET_FOR)),
            checked_seconds("at_latest", options.get("at_latest", AT_LATEST)),
        )
        told, failed = options.get("on_promotion"), options.get("on_failure")
        self._work = Work(self._reading, options.get("retries") or Retries(), on_promotion=told, on_failure=failed)
        self._worker = worker

    def _steps(self, state: Any, config: RunnableConfig | None) -> Effects[Update]:
        store, runtime = self._run()
        source = source_of(runtime, config)
        identity = yield from self._identify(store, runtime, config, state)
        info = runtime.execution_info
        turn = self._turn(state, identity, source, info.task_id if info else "")
        turn = replace(turn, began_at=began(runtime.control))
        yield from self._claim(store, turn.place.owner_id, turn.source.thread_id)
        voices = self._voices(turn)
        allowed = yield from self._switches(store, runtime, config, identity.owner_id)
        if self._speakers is not None and turn.place.is_thread:
            yield from _name_authors(store, turn.place, voices)
        for owner_id, said in voices.items():
            if owner_id != STRANGER and said:
                theirs = replace(turn, place=replace(turn.place, owner_id=owner_id), utterances=said)
                yield from (self._hear if allowed.learn else self._withhold)(store, theirs)
        return {}

    def _voices(self, turn: _Turn) -> dict[str, list[Utterance]]:
        """Return what was said by the owner whose words it is."""
        voices: dict[str, list[Utterance]] = {}
        for one in turn.utterances:
            owner_id = turn.place.owner_id
            if self._speakers is not None and one.actor == "user" and one.name:
                owner_id = self._speakers(one.name) or STRANGER
            voices.setdefault(owner_id, []).append(one)
        return voices

    def _withhold(self, store: CuratedStore, turn: _Turn) -> Effects[None]:
        """Let what nobody has read of one owner's words never be read; outside of a thread nothing would."""
        if not turn.place.is_thread:
            return
        queue, authors = store.queue, store.authors
        left = yield from either(queue.unread, turn.utterances, place=turn.place)
        ids = [one.message_id for one in left.utterances]
        owner_id = turn.place.owner_id
        yield from either(authors.withhold, turn.place.thread_id, ids, owner_id=owner_id)

    def _hear(self, store: CuratedStore, turn: _Turn) -> Effects[None]:
        """Read what nobody has read of one owner's words, or queue it."""
        queue = store.queue
        since = turn.began_at
        left = yield from either(queue.unread, turn.utterances, place=turn.place, began_at=since)
        if left.job_due and self._mode == "hot" and self._worker is None:
            yield from self._work.job_of(store, turn.place)
        if self._mode == "hot":
            fresh = yield from self._of_one_voice(store, turn, left.utterances)
            at_once = bool(fresh) and (yield from self._promote(store, turn, fresh, began_at=since or left.at))
            yield from self._ask(store, turn, at_once=at_once)
        elif left.utterances:
            yield from self._queue(store, turn, left.utterances, self._quiet)

    def _of_one_voice(
        self, store: CuratedStore, turn: _Turn, fresh: Sequence[Utterance]
    ) -> Effects[Sequence[Utterance]]:
        """Leave out what was said before a message, where somebody else may have said it."""
        if not any(one.before for one in fresh) or not turn.place.is_thread:
            return fresh
        authors = store.authors
        others = yield from either(authors.others, turn.place.thread_id, owner_id=turn.place.owner_id)
        return [one.model_copy(update={"before": ()}) for one in fresh] if others else fresh

    def _promote(
        self, store: CuratedStore, turn: _Turn, fresh: Sequence[Utterance], *, began_at: datetime
    ) -> Effects[bool]:
        """Read and promote; return whether the model is to be asked now about what is left in doubt."""
        owner_id, scope, source = turn.place.owner_id, turn.scope, turn.source
        try:
            found = yield from self._reading.read(
                store, fresh, turn.repeatable, owner_id=owner_id, scope=scope, source=source, alone=True
            )
        except ExtractionError as error:
            yield from self._put_off(store, turn, fresh, error)
            return False
        doubtful = self._reading.doubtful(fresh, found)
        if doubtful:
            yield from self._queue(store, self._asking(turn), [one.utterance for one in doubtful], self._quiet)
        report = yield from either(
            store.queue.promote,
            found,
            utterances=fresh,
            place=turn.place,
            scope=scope,
            source=source,
            policy=self._reading.policy,
            began_at=began_at,
        )
        note_run(report.figures)
        if self._work.on_promotion is not None:
            self._work.on_promotion(report)
        return any(one.at_once for one in doubtful)

    def _ask(self, store: CuratedStore, turn: _Turn, *, at_once: bool) -> Effects[None]:
        """Ask the model about all that waits, where something of it is urgent, or due, or enough of it waits."""
        if self._reading.asks is None or self._worker is not None:
            return
        queue, place = store.queue, self._asking(turn).place
        left = yield from either(queue.unread, [], place=place)
        if left.job_due or (left.waiting and (at_once or left.waiting >= ENOUGH or not place.is_thread)):
            yield from self._work.job_of(store, place, ahead=True)

    def _asking(self, turn: _Turn) -> _Turn:
        """Return a turn as the model is asked about it: under its own name in the ledger."""
        name = self._reading.names[-1]
        return replace(turn, place=replace(turn.place, extractor=name))

    def _put_off(
        self, store: CuratedStore, turn: _Turn, fresh: Sequence[Utterance], error: ExtractionError
    ) -> Effects[None]:
        """Queue what could not be read; nothing of what was said reaches the log."""
        queued = f"{counted(len(fresh), 'messages')} {agreeing(len(fresh), 'are')} queued"
        _LOG.warning("extraction failed (%s); %s", error.reason, queued)
        delay = self._work.retries.delay(1, f"{turn.place.owner_id}/{turn.place.thread_id}")
        yield from self._queue(store, turn, fresh, _When(delay, failure=error.reason))
        if self._work.on_failure is not None:
            self._work.on_failure(error)

    def _queue(self, store: CuratedStore, turn: _Turn, fresh: Sequence[Utterance], when: _When) -> Effects[None]:
        queue, authors = store.queue, store.authors
        heard: Sequence[str] = ()
        if "assistant" in self._reading.policy.actors:
            thread_id, owner_id = turn.source.thread_id, turn.place.owner_id
            others = yield from either(authors.others, thread_id, owner_id=owner_id)
            heard = [*turn.injected, *(one.text for one in turn.said if one.message_id not in others)]
            if others:  # an assistant may repeat what they said, which is not kept here to compare it with
                fresh = [one for one in fresh if one.actor != "assistant"]
        yield from either(
            queue.add,
            fresh,
            place=turn.place,
            scope=turn.scope,
            source=turn.source,
            heard=heard,
            quiet_for=when.quiet_for,
            at_latest=when.at_latest,
            failure=when.failure,
            guard=self._guard,
            began_at=turn.began_at,
        )
        if self._worker is not None:
            self._worker.wake()

    def _turn(self, state: Any, identity: Identity, source: Source, task_id: str) -> _Turn:
        thread_id = source.thread_id or f"run:{source.run_id or task_id}"
        place = LedgerPlace(identity.owner_id, thread_id, self._reading.name, source.thread_id is not None)
        messages = messages_of(state)
        actors = self._reading.policy.actors
        said = utterances_of(messages, actors=actors, trusted_tools=self._trusted_tools)
        by_users = said if tuple(actors) == ("user",) else utterances_of(messages)
        return _Turn(place, identity.scope, source, said, injected_lines(state), by_users)


@dataclass(frozen=True, slots=True)
class _When:
    """When what is queued is read: after so long without more, at the latest; and why not now, where that failed."""

    quiet_for: timedelta
    at_latest: timedelta = AT_LATEST
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class _Turn:
    place: LedgerPlace
    scope: str
    source: Source
    utterances: Sequence[Utterance]
    injected: Sequence[str]
    said: Sequence[Utterance]
    """What users said; an assistant could only be repeating that, or what was injected."""
    began_at: datetime | None = None
    """Since when the run is under way, where that is known."""

    @property
    def repeatable(self) -> Sequence[str]:
        """What an assistant could only be repeating."""
        return [*self.injected, *(one.text for one in self.said)]


def _both(names: Sequence[str]) -> str:
    return " and ".join(map(repr, names))


def _owner_of_name(speakers: Speakers | None) -> Callable[[str], str | None] | None:
    """Return what finds the owner that a name stands for; raises InvalidInputError for an owner that is none."""
    if speakers is None or callable(speakers):
        return speakers
    if not isinstance(speakers, Mapping):
        raise InvalidInputError(f"speakers must be a mapping or a function of names, not {type(speakers).__name__}.")
    return {name: check_owner(owner_id) for name, owner_id in speakers.items()}.get


def _name_authors(store: CuratedStore, place: LedgerPlace, voices: Mapping[str, Sequence[Utterance]]) -> Effects[None]:
    """Note whose messages those are that one run carried for its owner, unless that is noted.

    Of whose nothing is noted yet is noted here too: a checkpoint stored meanwhile would give it to the run's owner.
    """
    authors = store.authors
    taken: frozenset[str] = yield from either(authors.others, place.thread_id, owner_id=place.owner_id)
    unnoted: dict[str, list[str]] = {}
    for owner_id in voices.keys() - {place.owner_id}:
        others: frozenset[str] = frozenset()
        if owner_id != STRANGER:
            others = yield from either(authors.others, place.thread_id, owner_id=owner_id)
        noted = taken - others
        if ids := [one.message_id for one in voices[owner_id] if one.message_id not in noted]:
            unnoted[owner_id] = ids
    if unnoted:
        yield from either(authors.name, place.thread_id, unnoted)
