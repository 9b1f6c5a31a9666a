"""`CuratedMemoryMiddleware`: gives an agent of LangChain's `create_agent` a memory; needs the extra `agents`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Generic, Literal, NotRequired

from langchain.agents.middleware.types import (
    AgentMiddleware,
    AgentState,
    ContextT,
    ExtendedModelResponse,
    ModelRequest,
    ModelResponse,
    PrivateStateAttr,
    ResponseT,
)
from langchain_core.messages import AnyMessage, BaseMessage, SystemMessage
from langchain_core.runnables.config import ensure_config
from langgraph.channels.untracked_value import UntrackedValue
from langgraph.runtime import Runtime
from langgraph.types import Command

from langgraph_memory import CuratedStore, PromotionNode, RetrievalNode, build_prompt
from langgraph_memory.effects.effect import Caller, Effects, call, either
from langgraph_memory.effects.twins import runs_effects, twin_of
from langgraph_memory.errors import InvalidInputError

Mode = Literal["hot", "background"]
Placement = Literal["user", "system"]


class CuratedMemoryState(AgentState[Any]):
    """What the middleware adds to an agent's state: private, and what was recalled never in a checkpoint.

    `memory_heard` are the user's words as the model was first shown them, until they have been learnt from; a run that
    is interrupted keeps them. A stream of "values" or "updates" has every channel that it is not told to leave out:
    `output_keys=["messages"]` leaves these out.
    """

    memory_context: NotRequired[Annotated[str, UntrackedValue, PrivateStateAttr]]
    recall_id: NotRequired[Annotated[str, UntrackedValue, PrivateStateAttr]]
    memory_heard: NotRequired[Annotated[list[AnyMessage], PrivateStateAttr]]


class CuratedMemoryMiddleware(AgentMiddleware[CuratedMemoryState, ContextT, ResponseT], Generic[ContextT, ResponseT]):
    """Recalls once before an agent's run, shows that to its model, and promotes what the user said after the run.

    Compile the agent with `store=memory.store` (or pass it here), and name the owner in the run's context or
    configurable, as with the nodes. The block of memories stands in a user message before the user's last one
    (`placement="user"`, the less privileged, and the prompt before it stays as it was, which a provider's cache
    needs), or at the end of the system prompt (`"system"`). It is in no checkpoint: a run that is resumed recalls anew.

    `retrieval` and `promotion` are the nodes to work with, with options of their own. Without them, `model` is asked
    about what the rules leave in doubt, and `mode="background"` queues what was said for a `PromotionWorker`. What a
    summary or another middleware took out of the messages during the run is read as the model was shown it. An agent
    that runs as the tool of another recalls, and learns nothing: its messages are the other agent's words.

    Raises InvalidInputError for another placement, or options beside the node that they are for.
    """

    state_schema = CuratedMemoryState
    tools = ()
    _runner = Caller()

    def __init__(
        self,
        *,
        retrieval: RetrievalNode | None = None,
        promotion: PromotionNode | None = None,
        model: Any = None,
        mode: Mode = "hot",
        placement: Placement = "user",
        store: CuratedStore | None = None,
    ) -> None:
        super().__init__()
        if placement not in ("user", "system"):
            raise InvalidInputError(f"placement must be 'user' or 'system', not {placement!r}.")
        if promotion is not None and (model is not None or mode != "hot"):
            raise InvalidInputError("give model and mode to the PromotionNode that is passed as promotion.")
        if store is not None and (retrieval is not None or promotion is not None):
            raise InvalidInputError("give the store to the nodes that are passed as retrieval and promotion.")
        self._retrieval = retrieval or RetrievalNode(store=store)
        self._promotion = promotion or PromotionNode(model=model, mode=mode, store=store)
        self._placement: Placement = placement

    @runs_effects
    def before_agent(self, state: Any, runtime: Runtime[Any]) -> Effects[dict[str, Any]]:
        """Recall for what the user said last."""
        return either(self._retrieval.invoke, state)

    abefore_agent = twin_of(before_agent)

    @runs_effects
    def wrap_model_call(
        self, request: ModelRequest[ContextT], handler: Callable[[ModelRequest[ContextT]], Any]
    ) -> Effects[ModelResponse[ResponseT] | ExtendedModelResponse[ResponseT]]:
        """Show the model what was recalled; the messages of the state stay as they are."""
        state = request.state
        recalled = {} if "memory_context" in state else (yield from either(self._retrieval.invoke, state))
        response = yield from call(handler, handler, self._shown(request, recalled))
        return _noting(response, state, recalled)

    awrap_model_call = twin_of(wrap_model_call)

    @runs_effects
    def after_agent(self, state: Any, runtime: Runtime[Any]) -> Effects[dict[str, Any] | None]:
        """Promote what the user said, or queue it."""
        return _LEARNT if _is_a_tool() else {**(yield from either(self._promotion.invoke, _heard(state))), **_LEARNT}

    aafter_agent = twin_of(after_agent)

    def _shown(self, request: ModelRequest[ContextT], recalled: Mapping[str, Any]) -> ModelRequest[ContextT]:
        block = {**request.state, **recalled}.get("memory_context")
        if not block:
            return request
        if self._placement == "system":
            return request.override(system_message=_ending_with(request.system_message, block))
        messages: list[Any] = build_prompt({"messages": request.messages, "memory_context": block})
        return request.override(messages=messages)


_LEARNT: dict[str, Any] = {"memory_heard": []}


def _noting(
    response: ModelResponse[ResponseT], state: Mapping[str, Any], recalled: Mapping[str, Any]
) -> ModelResponse[ResponseT] | ExtendedModelResponse[ResponseT]:
    """Return a response that notes what was heard and not noted before, and what was recalled for the call."""
    noted = state.get("memory_heard") or []
    known = {message.id for message in noted}
    new = [message for message in _given(state["messages"]) if message.id not in known]
    update = {**recalled, **({"memory_heard": [*noted, *new]} if new else {})}
    return ExtendedModelResponse(model_response=response, command=Command(update=update)) if update else response


def _given(messages: Sequence[AnyMessage]) -> list[AnyMessage]:
    """Return the user's messages that a run was given; when it was resumed, the last one before."""
    found: list[AnyMessage] = []
    for message in reversed(messages):
        if message.type == "human" and not message.additional_kwargs.get("lc_source"):
            found.insert(0, message)
        elif message.type == "ai" and found:
            break
    return found


def _heard(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state with the user's words that the model was shown and that were taken out of it since."""
    messages: Sequence[BaseMessage] = state["messages"]
    there = {message.id for message in messages}
    gone = [message for message in state.get("memory_heard") or () if message.id not in there]
    return {**state, "messages": [*gone, *messages]}


def _ending_with(system: SystemMessage | None, block: str) -> SystemMessage:
    """Return a system message with the block at its end; blocks before it keep what a provider caches them by."""
    if system is None:
        return SystemMessage(block)
    if isinstance(system.content, str):
        return system.model_copy(update={"content": f"{system.content}\n\n{block}"})
    return system.model_copy(update={"content": [*system.content, {"type": "text", "text": block}]})


def _is_a_tool() -> bool:
    """Return whether the run is that of an agent which another one called as a tool."""
    namespace = str(ensure_config()["configurable"].get("checkpoint_ns") or "")
    return any(part.startswith("tools:") for part in namespace.split("|"))
