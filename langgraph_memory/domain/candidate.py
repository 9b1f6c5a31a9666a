"""What an extractor reads and what it proposes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field

from langgraph_memory.domain.memory import Memory

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
