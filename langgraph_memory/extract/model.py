"""The extractor that asks a chat model, and believes only what the model can quote."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from langchain_core.exceptions import ContextOverflowError
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.runnables import Runnable

from langgraph_memory.domain.candidate import Candidate, Utterance
from langgraph_memory.domain.memory import Memory
from langgraph_memory.domain.types import BUILT_IN, MemoryType
from langgraph_memory.effects.effect import Caller, Effects, either
from langgraph_memory.effects.twins import runs_effects, twin_of
from langgraph_memory.errors import ExtractionError, InvalidInputError
from langgraph_memory.extract.conclusions import Concluding, flawed
from langgraph_memory.extract.model_prompt import SYSTEM_PROMPT, Entries, Entry, Shown, question, version_of
from langgraph_memory.telemetry import asking_model

_OVERFLOW = re.compile(
    r"context[ _-]?(?:length|window|size)|maximum (?:context|number of tokens)|(?:prompt|input) is too long"
    r"|too many (?:input )?tokens|request too large",
    re.IGNORECASE,
)
_CUT = frozenset({"length", "max_tokens", "MAX_TOKENS", "max_output_tokens", "model_length"})
"""How providers say that an answer ends before it is complete."""
_REASONS = (("timeout", "timeout"), ("ratelimit", "rate_limit"), ("parser", "malformed"), ("validation", "malformed"))
MODEL: Final = "model"
"""What the ledger knows the extractor by."""
NOT_STREAMED = "nostream"
"""LangGraph's tag for a model call whose words are not the answer to the user."""


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """How many messages a model reads in one call, beside how many known memories, and what it may find in a message.

    Raises InvalidInputError for a number that leaves nothing to read or to find.
    """

    messages: int = 20
    known: int = 20
    found: int = 10

    def __post_init__(self) -> None:
        if self.messages < 1 or self.known < 0 or self.found < 1:
            raise InvalidInputError("messages and found must be at least 1 and known at least 0.")


DEFAULT_LIMITS = ReadingLimits()


class ModelExtractor:
    """Propose what any LangChain chat model finds, with the words of the message that say it.

    As many messages are read in one call as `limits` say, beside the memories that the model may update, retire or
    forget. It is shown today's date, the memory types there are, who speaks, and what a short answer was asked;
    `include` and `exclude` name topics that are to be heard or left out, `language` the one to write in in place of the
    speaker's. A quote that is not in its message, or does not say what is concluded from it, is discarded; so is what
    exceeds the entries that a message may have. A call that fails raises ExtractionError, so the messages stay unread
    and are queued to be read later; a batch too long for the model is halved, and a single message that is too long is
    given up, with that as the reason. `options` go to `model.with_structured_output`, such as `method`.

    `name` is what the ledger knows it by. A changed prompt changes the `version` alone, and reads nothing anew; another
    name does.
    """

    _runner = Caller()

    def __init__(
        self,
        model: BaseChatModel,
        *,
        prompt: str = SYSTEM_PROMPT,
        limits: ReadingLimits = DEFAULT_LIMITS,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        language: str | None = None,
        name: str = MODEL,
        **options: Any,
    ) -> None:
        self._structured = _structured(model, options)
        self._prompt = prompt
        self._name = name
        self._version = version_of(prompt)
        self._limits = limits
        self._shown = Shown(
            topics={"Only these topics": _topics("include", include), "Never these": _topics("exclude", exclude)},
            language=language,
        )

    @property
    def name(self) -> str:
        """Return the name by which the ledger and the queue know it, whatever its prompt."""
        return self._name

    @property
    def version(self) -> str:
        """Return the version of the prompt and of the form of the answer."""
        return self._version

    @property
    def known_limit(self) -> int:
        """Return how many memories it wants to see."""
        return self._limits.known

    @runs_effects
    def extract(
        self,
        utterances: Sequence[Utterance],
        known: Sequence[Memory] = (),
        *,
        types: Sequence[MemoryType] = BUILT_IN,
        now: datetime | None = None,
    ) -> Effects[list[Candidate]]:
        """Return what the model finds in `utterances`, given what is `known`.

        Raises ExtractionError when the model cannot be asked or its answer cannot be read.
        """
        return self._all(utterances, replace(self._shown, known=known, types=types, today=now))

    aextract = twin_of(extract)

    def _all(self, utterances: Sequence[Utterance], shown: Shown) -> Effects[list[Candidate]]:
        """Return what is found in the answers about one batch after the other."""
        found: list[Candidate] = []
        for start in range(0, len(utterances), self._limits.messages):
            found += yield from self._batch(utterances[start : start + self._limits.messages], shown)
        return found

    def _batch(self, batch: Sequence[Utterance], shown: Shown) -> Effects[list[Candidate]]:
        """Ask about one batch; one that is too long is asked about in halves, without what is known at the last.

        So is one whose answer is too long, and ends before it is complete.
        """
        try:
            prompt = [SystemMessage(self._prompt), HumanMessage(question(batch, shown))]
            with asking_model():
                answer = yield from either(self._structured.invoke, prompt)
        except Exception as error:
            if not _is_overflow(error):
                raise call_failure(error) from error
        else:
            if not (len(batch) > 1 and _is_cut(answer)):
                concluding = Concluding(batch, shown, f"{self._name}@{self._version}", self._limits.found)
                return concluding.candidates(_entries(answer))
        if len(batch) > 1:
            middle = len(batch) // 2
            first = yield from self._batch(batch[:middle], shown)
            return first + (yield from self._batch(batch[middle:], shown))
        if shown.known:
            return (yield from self._batch(batch, replace(shown, known=())))
        return [flawed("too_long", batch[0], f"{self._name}@{self._version}")]


def _topics(name: str, topics: Sequence[str]) -> Sequence[str]:
    if isinstance(topics, str) or not all(isinstance(topic, str) for topic in topics):
        raise InvalidInputError(f"{name} must be a list of topics, such as ['work'], not {topics!r}.")
    return tuple(topics)


def _structured(model: BaseChatModel, options: dict[str, Any]) -> Runnable[LanguageModelInput, Any]:
    try:
        structured = model.with_structured_output(Entries, include_raw=True, **options)
    except (AttributeError, NotImplementedError):
        raise InvalidInputError(
            f"{type(model).__name__} gives no structured output; ModelExtractor needs a chat model that calls tools."
        ) from None
    return structured.with_config(tags=[NOT_STREAMED], run_name="extract_memories")


def _entries(answer: Any) -> list[Entry]:
    """Return the entries of an answer; raises ExtractionError when it holds none that can be read."""
    parsed = answer.get("parsed") if isinstance(answer, dict) else answer
    if isinstance(parsed, Entries):
        return parsed.memories
    if isinstance(answer, dict) and answer.get("parsing_error") is not None:
        raise ExtractionError("The model's answer is not in the form that was asked for.", "malformed")
    raise ExtractionError("The model answered without the list that was asked for.", "refused")


def _is_cut(answer: Any) -> bool:
    """Return whether an answer cannot be read because the model came to the end of what it may write."""
    if not isinstance(answer, dict) or isinstance(answer.get("parsed"), Entries):
        return False
    told = getattr(answer.get("raw"), "response_metadata", {})
    return any(told.get(name) in _CUT for name in ("finish_reason", "stop_reason", "done_reason"))


def _is_overflow(error: Exception) -> bool:
    return isinstance(error, ContextOverflowError) or bool(_OVERFLOW.search(str(error)))


def call_failure(error: Exception) -> ExtractionError:
    """Return the one error for every way a call fails; it names the kind of error and quotes none of its text."""
    kind = type(error).__name__
    reason = next((reason for part, reason in _REASONS if part in kind.lower()), "model_error")
    return ExtractionError(f"The model could not be asked: {kind}.", reason)
