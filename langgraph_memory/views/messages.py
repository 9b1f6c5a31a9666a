"""The messages of a thread as a table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from langgraph_memory.views.html import to_html
from langgraph_memory.views.table import Cell, Table

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage


def messages_table(messages: Iterable[BaseMessage], title: str = "thread") -> Table:
    """Return one row for each message; what is not text is named in brackets."""
    return Table.of(title, ("who", "message"), [(Cell(one.type, "dim"), message_text(one)) for one in messages])


def thread_html(messages: Iterable[BaseMessage], title: str = "thread") -> str:
    """Return the same as HTML."""
    return to_html(messages_table(messages, title))


def message_text(message: BaseMessage) -> str:
    """Return a message's text, with the kinds of its other parts and the tools it calls."""
    parts = message.content if isinstance(message.content, list) else []
    kinds = [str(part.get("type", "part")) for part in parts if isinstance(part, dict)]
    others = [f"[{kind}]" for kind in kinds if kind not in ("text", "tool_use", "tool_call")]
    calls = [f"[calls {call['name']}]" for call in getattr(message, "tool_calls", ())]
    return " ".join(filter(None, (message.text, *others, *calls)))
