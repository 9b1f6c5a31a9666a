"""A coding agent of `create_deep_agent`: a project's rules and skills are its memory files, and fresh in every run.

The context names the developer and the project, `{"owner_id": "dev", "scope": "project:apollo"}`. What it should always
keep to stands in /memories/profile.md, read anew in every run; a skill is a file of its own below /memories, with its
versions, and is recalled when a task needs it. What the developer says is learnt as well. The other files of the agent
are the thread's.
"""

from typing import Any

from deepagents import create_deep_agent
from deepagents.backends import CompositeBackend, StateBackend

from langgraph_memory import MemoryContext, OfflineChatModel
from langgraph_memory.agents import CuratedMemoryMiddleware
from langgraph_memory.configuration import configuration
from langgraph_memory.deepagents import CuratedBackend, FreshMemoryMiddleware
from langgraph_memory.server import model_of, promotion

PROFILE = "/memories/profile.md"


class OfflineAgentModel(OfflineChatModel):
    """The offline model where a model has to take tools: it answers from what it is shown, and calls none."""

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        """Return the model itself."""
        return self


model = model_of(configuration()) or OfflineAgentModel()
backend = CompositeBackend(default=StateBackend(), routes={"/memories/": CuratedBackend(root="/")})
middleware: list[Any] = [
    FreshMemoryMiddleware(backend=backend, sources=[PROFILE]),
    CuratedMemoryMiddleware(promotion=promotion(model)),
]

graph = create_deep_agent(
    model,
    memory=[PROFILE],
    backend=backend,
    middleware=middleware,
    system_prompt="You write code with the developer. Keep to the rules in your memory files.",
    context_schema=MemoryContext,
)
