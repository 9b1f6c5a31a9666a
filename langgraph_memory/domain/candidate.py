"""What an extractor reads, what it proposes, and which of it only repeats what memory or the assistant said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from heapq import nlargest
from typing import Any, Final, Literal, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field

from langgraph_memory.domain.memory import Memory
from langgraph_memory.domain.text import normalised, query_terms

Actor = Literal["user", "assistant", "tool", "system"]
"""Who said it."""

Flaw = Literal[
    "echo",
    "extractor_failed",
    "invalid",
    "malformed",
    "no_evidence",
    "off_the_record",
    "too_long",
    "too_many",
    "unknown_message",
    "unknown_type",
    "unsupported",
]
"""What makes a candidate useless before any rule has judged it."""


class Utterance(BaseModel):
    """One thing said in a thread, as plain text; `name` tells which user or tool said it, where that is known.

    `asked` is what the assistant had asked just before, where a short message answers it; `said_at` when it was said,
    where the message tells that itself; `before` the user's last messages before it, which a short one may go on with.
    """

    model_config = ConfigDict(frozen=True)

    message_id: str
    actor: Actor
    text: str
    name: str | None = None
    asked: str | None = None
    said_at: datetime | None = None
    before: tuple[str, ...] = ()


class Candidate(BaseModel):
    """One memory an extractor proposes, before any rule has judged it.

    `content` is the sentence a model will read, about the speaker in the third person.
    `replaces` names old values the speaker said no longer hold ("not Slack any more"): whatever live memory holds one
    of them is superseded by this candidate. `retires` says that no other value takes their place ("I no longer use
    Vim"): what is known of the slot with that value, or says it in other words, is retired. What a user said so is
    kept in its place; of anybody else it is not stored. `forgets` says that what `content` says is to be forgotten
    ("forget that I live in Berlin"): what is known of the slot with that value, or of the whole slot when no value is
    named, or says the same, is deleted with its older versions, and neither what was said before nor the candidate is
    stored. `corrects` marks an explicit correction ("sorry, I meant ..."). `changes_only` says that it counts only
    where it changes what is known ("quit hsbc"). `amends` is the value that a correction of the speaker's last
    message gives ("sorry, the 13th"), empty where that message is taken back ("scratch that"): what was learnt of it
    is told with that value instead. `session_only` marks what holds for this thread alone ("today"). `target` is the
    id of the one known memory that is superseded, retired or forgotten, where the extractor was shown it. `context`
    are words by which it is found beside its own. `message` is all of a short message of several clauses, which
    together tell what it changes; it is not stored. `excerpt` is the speaker's own words, `message_id` the message
    they stand in: an excerpt that is not in it, whatever its case, dashes and apostrophes, is no evidence, and the
    candidate is discarded. `flaw` discards it too, with that as the reason.
    """

    model_config = ConfigDict(frozen=True)

    content: str = Field(min_length=1)
    memory_type: str = "fact"
    slot: str | None = None
    content_json: Mapping[str, Any] | None = None
    replaces: tuple[str, ...] = ()
    retires: bool = False
    forgets: bool = False
    corrects: bool = False
    changes_only: bool = False
    amends: str | None = None
    session_only: bool = False
    target: str | None = None
    confidence: float = Field(default=0.9, ge=0.0, le=1.0)
    importance: float = Field(default=0.5, ge=0.0, le=1.0)
    subject: str | None = None
    context: str | None = None
    message_id: str = ""
    excerpt: str = ""
    message: str = ""
    actor: Actor = "user"
    extractor: str = ""
    flaw: Flaw | None = None


@runtime_checkable
class Extractor(Protocol):
    """Proposes candidates from what was said.

    `name` identifies it in the ledger, so one that changes what it finds should change its name. An extractor that
    can run in a loop has `aextract` too. One that calls a model raises ExtractionError when it could not read: the
    messages then count as unread.
    """

    @property
    def name(self) -> str:
        """Return the name recorded as the source of what it proposes."""

    def extract(self, utterances: Sequence[Utterance]) -> Sequence[Candidate]:
        """Return the candidates found in `utterances`, in the order they were said."""


@runtime_checkable
class InformedExtractor(Protocol):
    """Proposes candidates from what was said and from what is known, which it may update.

    One whose `extract` takes `types` and `now` as well is given the memory types there are, and the time.
    """

    @property
    def name(self) -> str:
        """Return the name recorded as the source of what it proposes."""

    @property
    def known_limit(self) -> int:
        """Return how many memories it wants to see."""

    def extract(self, utterances: Sequence[Utterance], known: Sequence[Memory] = ()) -> Sequence[Candidate]:
        """Return the candidates found in `utterances`, in the order they were said."""

    async def aextract(self, utterances: Sequence[Utterance], known: Sequence[Memory] = ()) -> Sequence[Candidate]:
        """Same as `extract`."""


CLOSE: Final = 0.75
"""The share of a statement's telling terms from which on it says again what another text says."""

COMBINED: Final = 3
"""How many of the texts one repetition may be put together from."""

ENOUGH: Final = 3
"""The terms an excerpt needs to be compared: fewer could come from anywhere."""

_FRAME: Final = frozenset(
    query_terms(
        "user speaker customer recall remember know known mention say said tell told note noted earlier already"
    )
)
"""Terms that frame a repetition and tell nothing of what is repeated."""


def mark_echoes(candidates: Iterable[Candidate], heard: Sequence[str]) -> list[Candidate]:
    """Return `candidates` with those flawed that an assistant only repeats.

    `heard` are the texts it could have repeated; what the user says in the same candidates counts too. The user and
    a trusted tool may say what is known again: that confirms it.
    """
    found = list(candidates)
    if all(one.actor != "assistant" for one in found):
        return found
    of_others = [text for one in found if one.actor != "assistant" for text in (one.content, one.excerpt)]
    sources = [source for text in (*heard, *of_others) if (source := _Source(text)).words]
    return [_marked(one, sources) if one.actor == "assistant" else one for one in found]


class _Source:
    __slots__ = ("terms", "words")

    def __init__(self, text: str) -> None:
        self.words = normalised(text)
        self.terms = frozenset(query_terms(text))


def _marked(candidate: Candidate, sources: Sequence[_Source]) -> Candidate:
    said = [candidate.content, *_long_enough(candidate.excerpt), *_value_of(candidate)]
    repeated = candidate.flaw is None and any(_is_repeated(text, sources) for text in said)
    return candidate.model_copy(update={"flaw": "echo"}) if repeated else candidate


def _is_repeated(text: str, sources: Sequence[_Source]) -> bool:
    """Return whether the closest few of `sources` hold nearly all that `text` tells, or one of them its very words."""
    telling = {term for term in query_terms(text) if term not in _FRAME}
    closest = nlargest(COMBINED, sources, key=lambda source: len(source.terms & telling))
    held = {term for source in closest for term in source.terms & telling}
    return len(held) >= CLOSE * len(telling) or any(source.words == normalised(text) for source in sources)


def _long_enough(excerpt: str) -> list[str]:
    return [excerpt] if len(query_terms(excerpt)) >= ENOUGH else []


def _value_of(candidate: Candidate) -> list[str]:
    """Return the candidate's bare value: when that was heard, what the assistant makes of it is no news either."""
    value = (candidate.content_json or {}).get("value")
    return [value] if isinstance(value, str) and query_terms(value) else []
