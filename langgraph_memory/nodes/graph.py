"""The prebuilt graph: retrieve, call the model, promote."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypedDict, Unpack, cast

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.tools import BaseTool
from langgraph.graph import END, START, StateGraph

from langgraph_memory.domain.rendering import ContextBudget
from langgraph_memory.effects.effect import Effects, either
from langgraph_memory.errors import InvalidInputError
from langgraph_memory.nodes.conversation import MemoryState
from langgraph_memory.nodes.identity import MemoryContext, Node, Update
from langgraph_memory.nodes.promotion import PromotionNode
from langgraph_memory.nodes.reading import AnyExtractor, ExtractorName
from langgraph_memory.nodes.retrieval import OnBudget, Placement, RetrievalNode, budget_of, build_prompt
from langgraph_memory.store.curated import checked

Outputs = Literal["all", "messages"]
"""What a graph shows of its state."""
ChatModel = Runnable[LanguageModelInput, AIMessage]
DEFAULT_SYSTEM_PROMPT = "You are a helpful assistant. Use what is known about the user where it matters."


class ModelNode(Node):
    """Calls a chat model with the prompt of a state: system prompt, recalled memories, recent messages."""

    def __init__(
        self,
        model: ChatModel,
        *,
        system_prompt: str | None = None,
        placement: Placement = "user",
        max_tokens: int | None = None,
        budget: ContextBudget | None = None,
        on_budget: OnBudget | None = None,
    ) -> None:
        budget = budget_of(budget, max_tokens)
        self._model = model
        bound = getattr(model, "bound", model)  # a model with tools is a binding around it
        self._how: dict[str, Any] = {
            "system_prompt": system_prompt,
            "placement": placement,
            "budget": None if budget is None else budget.for_model(_max_input_tokens(bound)),
            "on_budget": on_budget,
        }

    def __call__(self, state: MemoryState, config: RunnableConfig) -> dict[str, Any]:
        """Same as `invoke`; its signature tells LangGraph which channels the node uses."""
        return self.invoke(state, config)

    def _steps(self, state: Any, config: RunnableConfig | None) -> Effects[Update]:
        """Return the model's answer as a message to add."""
        answer = yield from either(self._model.invoke, build_prompt(state, **self._how), config)
        return {"messages": [answer]}


def _max_input_tokens(model: ChatModel) -> int | None:
    """Return how much a model reads at most, when its profile says so."""
    profile = getattr(model, "profile", None)
    most = profile.get("max_input_tokens") if isinstance(profile, dict) else None
    return most if isinstance(most, int) else None


class GraphOptions(TypedDict, total=False):
    """What `build_graph` may be told beside its parts."""

    placement: Placement
    max_tokens: int | None
    on_budget: OnBudget | None
    outputs: Outputs


def build_graph(
    model: ChatModel,
    *,
    system_prompt: str | None = DEFAULT_SYSTEM_PROMPT,
    budget: ContextBudget | None = None,
    retrieval: RetrievalNode | None = None,
    promotion: PromotionNode | None = None,
    extractor: AnyExtractor | ExtractorName = "auto",
    tools: Sequence[BaseTool | Callable[..., Any]] = (),
    **options: Unpack[GraphOptions],
) -> StateGraph[MemoryState, MemoryContext, MemoryState, MemoryState]:
    """Return the uncompiled graph `retrieve` -> `model` -> `promote`; the model calls `tools` until it answers.

    Compile it with `checkpointer=` and `store=`, or leave both to a server. `options` are `placement` ("user"),
    `max_tokens`, `on_budget` and `outputs` ("all"). `budget` bounds the whole prompt and
    `on_budget` is told what it cut; `max_tokens=n` is short for `budget=ContextBudget(n)`. `extractor` says who reads
    what the user says: "auto" the rules and, of what they leave in doubt, the model where it gives structured output;
    "rules" or "model" one of them alone; or an extractor of your own. A `promotion` node brings its own. With
    `outputs="messages"` what a run returns and streams, and what the thread's states show, is the messages alone: what
    was recalled for the model reaches no client of a server.

    Raises InvalidInputError when the budget has no bound and the model's profile names none, when the model is to read
    and gives no structured output, or when both `promotion` and `extractor` are given.
    """
    checked("build_graph", options, GraphOptions)
    outputs = options.get("outputs", "all")
    if promotion is not None and extractor != "auto":
        raise InvalidInputError("give the extractor to the PromotionNode that is passed as promotion.")
    if outputs not in ("all", "messages"):
        raise InvalidInputError(f"outputs must be 'all' or 'messages', not {outputs!r}.")
    kind = StateGraph if outputs == "all" else _ShowingMessages
    builder = kind(MemoryState, context_schema=MemoryContext)
    builder.add_node("retrieve", retrieval or RetrievalNode())
    node = ModelNode(
        _with_tools(model, tools),
        system_prompt=system_prompt,
        placement=options.get("placement", "user"),
        budget=budget_of(budget, options.get("max_tokens")),
        on_budget=options.get("on_budget"),
    )
    builder.add_node("model", node)
    builder.add_node("promote", promotion or PromotionNode(extractor=extractor, model=model))
    builder.add_edge(START, "retrieve")
    builder.add_edge("retrieve", "model")
    if tools:
        from langgraph.prebuilt import ToolNode, tools_condition

        builder.add_node("tools", ToolNode(list(tools)))
        builder.add_conditional_edges("model", tools_condition, {"tools": "tools", END: "promote"})
        builder.add_edge("tools", "model")
    else:
        builder.add_edge("model", "promote")
    builder.add_edge("promote", END)
    return builder


class _ShowingMessages(StateGraph[MemoryState, MemoryContext, MemoryState, MemoryState]):
    """A graph whose compiled form shows its messages and none of the channels that nodes keep for each other."""

    def compile(self, *args: Any, **kwargs: Any) -> Any:
        """Same as LangGraph's."""
        compiled = super().compile(*args, **kwargs)
        compiled.stream_channels = compiled.output_channels = ["messages"]
        return compiled


def _with_tools(model: ChatModel, tools: Sequence[BaseTool | Callable[..., Any]]) -> ChatModel:
    """Return the model with the tools that it may call; raises InvalidInputError when it takes none."""
    if not tools:
        return model
    bind = getattr(model, "bind_tools", None)
    try:
        if bind is not None:
            return cast(ChatModel, bind(list(tools)))
    except NotImplementedError:
        pass
    raise InvalidInputError(f"{type(model).__name__} calls no tools; use a chat model that has bind_tools.")
