"""What an extractor reads and what it proposes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field

Actor = Literal["user", "assistant", "tool", "system"]
"""Who said it."""


class Utterance(BaseModel):
    """One thing said in a thread, as plain text."""

    model_config = ConfigDict(frozen=True)

    message_id: str
    actor: Actor
    text: str


class Candidate(BaseModel):
    """One memory an extractor proposes, before any rule has judged it.

    `content` is the sentence a model will read, about the speaker in the third person.
    `replaces` names old values the speaker said no longer hold ("not Slack any more"): whatever live memory holds
    one of them is superseded by this candidate. `session_only` marks what holds for this thread alone ("today").
    `excerpt` is the speaker's own words, `message_id` the message they stand in.
    """

    model_config = ConfigDict(frozen=True)

    content: str = Field(min_length=1)
    memory_type: str = "fact"
    slot: str | None = None
    content_json: Mapping[str, Any] | None = None
    replaces: tuple[str, ...] = ()
    session_only: bool = False
    confidence: float = Field(default=0.9, ge=0.0, le=1.0)
    importance: float = Field(default=0.5, ge=0.0, le=1.0)
    subject: str | None = None
    message_id: str = ""
    excerpt: str = ""
    actor: Actor = "user"
    extractor: str = ""


@runtime_checkable
class Extractor(Protocol):
    """Proposes candidates from what was said; `name` and `version` identify it in the ledger."""

    @property
    def name(self) -> str:
        """Return the name recorded as the source of what it proposes."""
        ...

    def extract(self, utterances: Sequence[Utterance]) -> Sequence[Candidate]:
        """Return the candidates found in `utterances`, in the order they were said."""
        ...
