"""What a model may do with the memory of the run that it is called in: remember, recall, forget, list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

from langchain_core.runnables import RunnableConfig
from langgraph.runtime import Runtime
from pydantic import Field

from langgraph_memory.domain.candidate import Candidate, Utterance
from langgraph_memory.domain.memory import Memory, Recalled, Source
from langgraph_memory.domain.promotion import Bucket, LedgerPlace, Promoted, PromotionPolicy, judge
from langgraph_memory.domain.quotes import holds
from langgraph_memory.domain.rendering import as_line
from langgraph_memory.domain.scope import visible_from
from langgraph_memory.domain.text import content_hash, terms
from langgraph_memory.domain.thread import MemorySwitches
from langgraph_memory.domain.whose import said_by
from langgraph_memory.effects.effect import Caller, Effects, either
from langgraph_memory.effects.twins import runs_effects, twin_of
from langgraph_memory.errors import InvalidInputError, InvalidMemoryError, LangGraphMemoryError, MemoryNotFoundError
from langgraph_memory.extract import RuleExtractor
from langgraph_memory.extract.conclusions import Concluding
from langgraph_memory.extract.model_prompt import Entry, Shown
from langgraph_memory.nodes.conversation import messages_of, utterances_of
from langgraph_memory.nodes.identity import Identity, IdentityResolver, InRun, source_of
from langgraph_memory.store import CuratedStore

Content = Annotated[str, Field(description='One sentence in the third person, such as "The user lives in Munich."')]
Kind = Annotated[str, Field(description="fact, preference, rule, background, event or skill.")]
Slot = Annotated[str | None, Field(description='What it is about, such as "home.city"; a new value replaces the old.')]

LONGEST = 2_000
"""Characters that a model may give in one argument."""
_SHOWN = 300
"""Characters of a memory that are shown."""
_TOKENS = 600
"""About how much of the prompt one answer takes."""
_LISTED = 20
_RECALLED = 5


@dataclass(frozen=True, slots=True)
class Note:
    """What a model wants remembered: a sentence, the user's own words that say it, and what kind of memory it is."""

    content: Content
    evidence: str
    memory_type: Kind = "fact"
    slot: Slot = None


@dataclass(frozen=True, slots=True)
class _Run:
    """The run that a model acts in: its store, whose it is, where it is, and what was said in it."""

    store: CuratedStore
    identity: Identity
    source: Any
    said: Sequence[Utterance]
    allowed: MemorySwitches


class ModelActions(InRun):
    """Acts for a model, within the run's owner and scope alone, and answers with a short text; errors are sentences.

    What the model remembers needs the user's own words in the thread as evidence, passes guard and policy as what an
    extractor proposes does, counts as the assistant's word, and is stored once, however often the call is repeated.
    What it forgets, the user must have asked for in the words that it gives as evidence.

    Raises MissingOwnerError when the run names no owner, InvalidInputError when it has no CuratedStore.
    """

    _runner = Caller()

    def __init__(
        self,
        store: CuratedStore | None = None,
        *,
        identity: IdentityResolver | None = None,
        policy: PromotionPolicy | None = None,
    ) -> None:
        super().__init__(store, identity)
        policy = policy or PromotionPolicy()
        self._policy = replace(policy, actors=tuple(dict.fromkeys((*policy.actors, "assistant"))))

    @runs_effects
    def remember(self, note: Note, runtime: Runtime[Any], config: RunnableConfig, state: Any) -> Effects[str]:
        """Store what the user's words say, and tell what became of it."""
        return self._answered(self._remember(note, self._begin(runtime, config, state)))

    aremember = twin_of(remember)

    @runs_effects
    def recall(self, query: str, runtime: Runtime[Any], config: RunnableConfig, state: Any) -> Effects[str]:
        """Return the few memories that matter for a query, one to a line, with their ids."""
        return self._answered(self._recall(query, _RECALLED, self._begin(runtime, config, state)))

    arecall = twin_of(recall)

    @runs_effects
    def list(self, runtime: Runtime[Any], config: RunnableConfig, state: Any) -> Effects[str]:
        """Return the most important and newest memories, one to a line, with their ids."""
        return self._answered(self._recall(None, _LISTED, self._begin(runtime, config, state)))

    alist = twin_of(list)  # noqa: A003

    @runs_effects
    def forget(
        self, memory_id: str, evidence: str, runtime: Runtime[Any], config: RunnableConfig, state: Any
    ) -> Effects[str]:
        """Delete a memory that the user's words ask to be forgotten."""
        return self._answered(self._forget(memory_id, evidence, self._begin(runtime, config, state)))

    aforget = twin_of(forget)

    def _begin(self, runtime: Runtime[Any], config: RunnableConfig, state: Any) -> Effects[_Run]:
        store = self._of_run(runtime)
        identity = yield from self._identify(store, runtime, config, state)
        allowed = yield from self._switches(store, runtime, config, identity.owner_id)
        return _Run(store, identity, source_of(runtime, config), utterances_of(messages_of(state)), allowed)

    def _answered(self, acting: Effects[str]) -> Effects[str]:
        """Return what an action answers; what the model did wrong is an answer too."""
        try:
            return (yield from acting)
        except _RefusedError as refused:
            return str(refused)

    def _remember(self, note: Note, beginning: Effects[_Run]) -> Effects[str]:
        run = yield from beginning
        if not run.allowed.learn:
            raise _RefusedError("Not stored: nothing is learnt in this conversation, as the user wishes.")
        _check_lengths(content=note.content, evidence=note.evidence, memory_type=note.memory_type, slot=note.slot)
        kind: dict[str, Any] = {"memory_type": note.memory_type, "slot": note.slot}
        entry = Entry(content=note.content, quote=note.evidence, confidence=0.8, **kind)
        said, candidate = _concluded(run, entry, ())
        name = f"{_NAME}:{content_hash(candidate.content)[:16]}"
        thread_id = run.source.thread_id or f"run:{run.source.run_id}"
        place = LedgerPlace(run.identity.owner_id, thread_id, name, run.source.thread_id is not None)
        where: dict[str, Any] = {"scope": run.identity.scope, "source": run.source, "policy": self._policy}
        store = run.store
        try:
            report = yield from either(store.queue.promote, [candidate], utterances=[said], place=place, **where)
        except InvalidInputError as error:
            raise _RefusedError(f"Not stored: {error}") from None
        return _told(report[0]) if report else "Nothing new: this was remembered from that message already."

    def _recall(self, query: str | None, limit: int, beginning: Effects[_Run]) -> Effects[str]:
        run = yield from beginning
        if not run.allowed.recall:
            raise _RefusedError("Nothing done: memory is not read in this conversation, as the user wishes.")
        _check_lengths(query=query)
        store, identity = run.store, run.identity
        how: dict[str, Any] = {"limit": limit, "max_tokens": _TOKENS, "source": run.source}
        recall = yield from either(store.recall, query, owner_id=identity.owner_id, scope=identity.scope, **how)
        return "\n".join(map(_line, recall)) or "Nothing is known of it."

    def _forget(self, memory_id: str, evidence: str, beginning: Effects[_Run]) -> Effects[str]:
        run = yield from beginning
        _check_lengths(memory_id=memory_id, evidence=evidence)
        store, owner_id = run.store, run.identity.owner_id
        unknown = f"Not forgotten: no memory has the id {as_line(memory_id[:64])!r}; recall it first."
        try:
            known = yield from either(store.get_memory, memory_id, owner_id=owner_id)
        except LangGraphMemoryError:
            raise _RefusedError(unknown) from None
        if known.scope not in visible_from(run.identity.scope):
            raise _RefusedError(unknown)
        entry = Entry(content=known.content, quote=evidence, action="forget", target=1)
        _concluded(run, entry, (known,), refused="Not forgotten")
        try:
            yield from either(store.forget, memory_id, owner_id=owner_id, source=_ASKED)
        except MemoryNotFoundError:
            raise _RefusedError(unknown) from None
        except InvalidMemoryError as error:
            raise _RefusedError(f"Not forgotten: {error}") from None
        return f"Forgotten: {_shown(known)}"


class _RefusedError(Exception):
    """What a model is told of a call that does nothing."""


_ASKED = Source(actor="user")
"""Who wants it forgotten: the user, whose words a model has to quote."""
_NAME = "remember"
"""What the ledger and a memory's source know these notes by."""


def _concluded(
    run: _Run, entry: Entry, known: Sequence[Memory], refused: str = "Not stored"
) -> tuple[Utterance, Candidate]:
    """Return the user's latest message that holds the evidence, and the candidate that it is evidence of."""
    places = [place for place, one in enumerate(run.said) if entry.quote.strip() and holds(entry.quote, one.text)]
    if not places:
        raise _RefusedError(
            f"{refused}: evidence must quote the user's own words in this conversation, letter by letter."
        )
    batch = run.said[: places[-1] + 1]
    types = run.store.queue.surroundings()["types"]
    numbered = entry.model_copy(update={"message": len(batch)})
    (candidate,) = Concluding(batch, Shown(known=known, types=types), _NAME, 1).candidates([numbered])
    candidate = candidate.model_copy(update={"actor": "assistant"})
    if candidate.memory_type in run.store.settings.types and not candidate.forgets:
        candidate = candidate.model_copy(update=_as_the_rules_file_it(candidate, batch[-1]))
    if candidate.flaw is not None:
        raise _RefusedError(f"{refused}: {judge(candidate, PromotionPolicy()).verdict.explanation}")
    return batch[-1], candidate


def _as_the_rules_file_it(candidate: Candidate, said: Utterance) -> dict[str, Any]:
    """Return the slot and value under which the rules file what a note says, so that both are one memory."""
    told = set(terms(candidate.content))
    for found in RuleExtractor().extract([said]):
        value = str((found.content_json or {}).get("value") or "")
        if found.slot and not found.retires and not found.forgets and value and set(terms(value)) <= told:
            return {"slot": found.slot, "content_json": found.content_json, "memory_type": found.memory_type}
    return {}


def _check_lengths(**arguments: str | None) -> None:
    for name, text in arguments.items():
        if text is not None and len(text) > LONGEST:
            raise _RefusedError(f"Nothing done: {name} has {len(text)} characters; give at most {LONGEST}.")


def _told(one: Promoted) -> str:
    if one.verdict.bucket is not Bucket.PROMOTE or one.outcome is None or one.outcome.memory is None:
        reason = one.outcome.reason if one.outcome is not None else one.verdict.explanation
        return f"Not stored: {reason}"
    return f"{one.outcome.action.capitalize()}: {_shown(one.outcome.memory)}"


def _line(item: Recalled) -> str:
    against = "".join(f" (contradicted by: {_cut(other.content)})" for other in item.contradicted_by)
    name = said_by(item.memory)
    return f"- {_shown(item.memory)}{f' (said by {as_line(name)})' if name else ''}{against}"


def _shown(memory: Memory) -> str:
    return f"[{memory.id}] ({as_line(memory.memory_type)}, {memory.updated_at:%Y-%m-%d}) {_cut(memory.content)}"


def _cut(text: str) -> str:
    line = as_line(text)
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"
