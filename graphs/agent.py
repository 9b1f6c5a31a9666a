"""An agent of LangChain's `create_agent` that remembers: the middleware recalls before its run and learns after it.

It stands among the middleware that it is used with: what a user writes is masked before the model reads it, and long
threads are summarised. A chat model that calls tools is also given `remember`, `recall`, `forget` and `list_memories`.
"""

from typing import Any

from langchain.agents import create_agent
from langchain.agents.middleware import PIIMiddleware, SummarizationMiddleware

from langgraph_memory import MemoryContext, OfflineChatModel
from langgraph_memory.agents import CuratedMemoryMiddleware
from langgraph_memory.configuration import configuration
from langgraph_memory.server import model_of, promotion
from langgraph_memory.tools import memory_tools

named = model_of(configuration())
model = named or OfflineChatModel()
middleware: list[Any] = [
    CuratedMemoryMiddleware(promotion=promotion(model)),
    SummarizationMiddleware(model, trigger=("messages", 60), keep=("messages", 20)),
    PIIMiddleware("credit_card", strategy="mask"),
]

graph = create_agent(
    model,
    tools=memory_tools() if named else [],  # the offline model calls none
    middleware=middleware,
    system_prompt="You are a helpful assistant. Use what is known about the user where it matters.",
    context_schema=MemoryContext,
)
