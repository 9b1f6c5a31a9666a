"""The state that nodes read and write; what was said in it, by whom, and what may be learnt from.

Adding a node to a graph adds the channels it lacks.
"""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from langchain_core.messages import (
    AIMessage,
    AnyMessage,
    BaseMessage,
    ChatMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.messages.utils import convert_to_messages
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import ensure_config
from langgraph.graph.message import add_messages
from typing_extensions import TypedDict

from langgraph_memory.domain.candidate import Actor, Utterance
from langgraph_memory.domain.rendering import rendered_in, without_blocks
from langgraph_memory.domain.text import content_hash

BLOCK: Final = "memory_context"
_READ: Final = "__pregel_read"
"""Where LangGraph puts the function that reads the channels of its graph into a node's config."""


class RetrievalState(TypedDict, total=False):
    """What `RetrievalNode` reads (`messages`) and writes: the rendered block and the receipt of the recall."""

    messages: list[AnyMessage]
    memory_context: str
    recall_id: str


class MemoryState(TypedDict, total=False):
    """The state of the prebuilt graph."""

    messages: Annotated[list[AnyMessage], add_messages]
    memory_context: str
    recall_id: str


def block_of(state: Any) -> str:
    """Return the block of recalled memories in a state, or an empty text.

    A node whose state is declared without the channel, as `MessagesState` is, is not given it; then it is read from the
    run, where `RetrievalNode` has put it.
    """
    held = state if isinstance(state, Mapping) else getattr(state, "__dict__", {})
    if BLOCK in held:
        return held[BLOCK] or ""
    try:
        return _in_run(None) or ""
    except KeyError:
        return ""


def warn_of_lost_block(config: RunnableConfig | None) -> None:
    """Warn when the graph that is running has no channel for the block, so that no model would ever see it."""
    try:
        _in_run(config)
    except KeyError:
        warnings.warn(
            f"the graph's state has no channel {BLOCK!r}, so that what RetrievalNode recalls reaches no model; add the "
            f"node itself with builder.add_node, or declare `{BLOCK}: str` in the state (MemoryState has it).",
            RuntimeWarning,
            stacklevel=2,
        )


def _in_run(config: RunnableConfig | None) -> Any:
    """Return the block that the running graph holds, None outside of a run; raises KeyError when it has no channel."""
    read = ensure_config(config)["configurable"].get(_READ)
    return None if read is None else read(BLOCK)


_OVERVIEW = re.compile(r"\b(?:know|remember|recall|learn(?:ed|t)?)\b.{0,20}\b(?:about|of) (?:me|us)\b", re.IGNORECASE)
SAID_AT: Final = "said_at"
"""Under which a message may tell, among its `additional_kwargs`, when it was said: a datetime or ISO 8601."""
_ANSWER: Final = 12
"""Words up to which a message may be an answer that is not understood without its question."""
_GOES_ON: Final = 30
"""Words up to which a message may go on with what its speaker said just before."""
_BEFORE: Final = 3
"""How many messages before it that may be."""
_QUESTION: Final = 400
"""Characters of a question that are kept with its answer."""
_WRITTEN_BY: Final = "lc_source"
"""What LangChain's middleware marks the user messages with that it writes itself, as a summary of what was said."""
_ROLES: dict[str, Actor] = {"user": "user", "human": "user", "assistant": "assistant", "ai": "assistant"}


def messages_of(state: Any) -> list[BaseMessage]:
    """Return the messages in a state, in whichever form LangChain accepts them."""
    found = state.get("messages") if isinstance(state, dict) else getattr(state, "messages", None)
    return convert_to_messages(found or [])


def text_of(message: BaseMessage) -> str:
    """Return the text of a message; images, tool calls and other parts have none."""
    if isinstance(message.content, str):
        return message.content
    parts = (part if isinstance(part, str) else _text_part(part) for part in message.content)
    return "\n".join(part for part in parts if part)


def utterances_of(
    messages: Sequence[BaseMessage], *, actors: Iterable[Actor] = ("user",), trusted_tools: Iterable[str] = ()
) -> list[Utterance]:
    """Return what the given actors said, each message once and without any block of injected memories.

    This is the firewall: by default the model's own words are not read, and never a system prompt or the output of a
    tool that is not named as trusted, so memory cannot feed on itself or on a page a tool has fetched. A message
    without an id is told apart by its words and by how often they were said before it.
    """
    listening = _Listening(frozenset(actors) - {"system", "tool"}, _of_tools(messages, frozenset(trusted_tools)))
    texts = [text_of(message) for message in messages]
    for message, text in zip(messages, [without_blocks(text) for text in texts], strict=True):
        listening.hear(message, text)
    return list(listening.said.values())


@dataclass(slots=True)
class _Listening:
    """What was said so far by those who are listened to, and what of it the next message may need to be understood."""

    actors: Set[Actor | None]
    from_tools: Mapping[int, str]
    said: dict[str, Utterance] = field(default_factory=dict)
    asked: str | None = None
    repeats: Counter[str] = field(default_factory=Counter)
    last: dict[str | None, tuple[str, ...]] = field(default_factory=dict)

    def hear(self, message: BaseMessage, text: str) -> None:
        """Take a message in, with its text."""
        actor = _actor(message)
        question, self.asked = self.asked, _question_in(text) if isinstance(message, AIMessage) else None
        if not text or actor is None:
            return
        if actor in self.actors or (actor == "tool" and id(message) in self.from_tools):
            self._take(message, actor, text, question)

    def _take(self, message: BaseMessage, actor: Actor, text: str, question: str | None) -> None:
        name = self.from_tools.get(id(message)) if actor == "tool" else message.name
        words = len(text.split()) if actor == "user" else _GOES_ON + 1
        message_id = message.id or self._told_apart(text)
        self.said[message_id] = Utterance(
            message_id=message_id,
            actor=actor,
            text=text,
            name=name,
            asked=question if words <= _ANSWER else None,
            said_at=_own_time(message),
            before=self.last.get(name, ()) if words <= _GOES_ON else (),
        )
        if actor == "user":
            self.last[name] = (*self.last.get(name, ()), text)[-_BEFORE:]

    def _told_apart(self, text: str) -> str:
        digest = content_hash(text)
        self.repeats[digest] += 1
        return f"{digest}-{self.repeats[digest]}"


def latest_input(messages: Sequence[BaseMessage]) -> list[str]:
    """Return the ids of the messages after the model's last one: what the run at hand was given."""
    found: list[str] = []
    for message in reversed(messages):
        if isinstance(message, AIMessage):
            break
        if message.id:
            found.append(message.id)
    return found


def last_user_message(messages: Sequence[BaseMessage]) -> str | None:
    """Return the id of what the user said last."""
    return next((message.id for message in reversed(messages) if _actor(message) == "user"), None)


def last_question(messages: Sequence[BaseMessage]) -> str | None:
    """Return what the user said last as a query.

    None, which lists by importance and recency, when they said nothing or asked for everything that is known.
    """
    said = utterances_of([message for message in messages if _actor(message) == "user"][-1:])
    return said[-1].text if said and not _OVERVIEW.search(said[-1].text) else None


def last_speaker(messages: Sequence[BaseMessage]) -> str | None:
    """Return the name of who spoke last as a user, where the messages of several people name them."""
    said = [message for message in messages if _actor(message) == "user"]
    return said[-1].name if said else None


def injected_lines(state: Any) -> list[str]:
    """Return the recalled memories that a state carries for the model, as plain text."""
    return rendered_in(block_of(state))


def _of_tools(messages: Sequence[BaseMessage], names: frozenset[str]) -> dict[int, str]:
    """Return, by identity, the messages that a tool of those names wrote, by its name or else by its call."""
    if not names:
        return {}
    named = _tools_that_wrote(messages)
    return {place: name for place, name in named.items() if name in names}


def _tools_that_wrote(messages: Sequence[BaseMessage]) -> dict[int, str]:
    calls = {call["id"]: call["name"] for one in messages if isinstance(one, AIMessage) for call in one.tool_calls}
    written = (one for one in messages if isinstance(one, ToolMessage))
    return {id(one): one.name or calls.get(one.tool_call_id) or "" for one in written}


def _actor(message: BaseMessage) -> Actor | None:
    if isinstance(message, HumanMessage):
        return "system" if message.additional_kwargs.get(_WRITTEN_BY) else "user"
    if isinstance(message, AIMessage):
        return "assistant"
    if isinstance(message, ToolMessage):
        return "tool"
    if isinstance(message, SystemMessage):
        return "system"
    return _ROLES.get(message.role) if isinstance(message, ChatMessage) else None


def _own_time(message: BaseMessage) -> datetime | None:
    """Return when a message says that it was said, with a time zone; None where it does not tell, or not clearly."""
    told = message.additional_kwargs.get(SAID_AT)
    if isinstance(told, str):
        try:
            told = datetime.fromisoformat(told)
        except ValueError:
            return None
    return told.astimezone(UTC) if isinstance(told, datetime) and told.utcoffset() is not None else None


def _question_in(text: str) -> str | None:
    """Return the end of what an assistant said, when it asks."""
    said = text.strip()
    return said[-_QUESTION:] if said.endswith(("?", "？", "؟")) else None


def _text_part(part: Any) -> str:
    text = part.get("text") if isinstance(part, dict) and part.get("type", "text") == "text" else None
    return text if isinstance(text, str) else ""
