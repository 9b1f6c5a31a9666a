"""A chat model that answers from a script."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from pydantic import Field

Line = AIMessage | str | Exception | dict[str, Any] | Callable[[list[BaseMessage]], Any]


class ScriptedChatModel(BaseChatModel):
    """Answers from a script, whose last line stays; keeps the prompts it was called with and the tools it was given.

    A line is a message, a text, an error to raise, the arguments of a call of the first tool (which is how structured
    output is asked for), or a function of the prompt that returns one of these.
    """

    script: list[Any] = Field(default_factory=lambda: ["Noted."])
    prompts: list[list[BaseMessage]] = Field(default_factory=list)
    tools: list[Any] = Field(default_factory=list)

    @classmethod
    def of(cls, *script: Line) -> ScriptedChatModel:
        """Return a model that answers with these lines, one after another."""
        return cls(script=list(script) or ["Noted."])

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Runnable[Any, Any]:
        """Note the tools; a line of arguments calls the first of them."""
        self.tools[:] = tools
        return self.bind(tools=[getattr(tool, "name", None) or tool.__name__ for tool in tools])

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        self.prompts.append(messages)
        line = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        line = line(messages) if callable(line) else line
        if isinstance(line, Exception):
            raise line
        return ChatResult(generations=[ChatGeneration(message=_message(line, kwargs.get("tools", ())))])


def _message(line: Any, tools: Sequence[str]) -> AIMessage:
    if isinstance(line, AIMessage):
        return line.model_copy()
    if isinstance(line, str):
        return AIMessage(line)
    if not tools:
        raise ValueError("a line of the script calls a tool, and the model was given none; write a text in its place.")
    return AIMessage("", tool_calls=[{"name": tools[0], "args": line, "id": f"call-{tools[0]}"}])
