"""An assistant that remembers: the prebuilt graph, uncompiled, for `langgraph dev` or a server.

`model` in `langgraph_memory.toml`, or `LANGGRAPH_MEMORY_MODEL`, names a model as LangChain's `init_chat_model` does
("openai:gpt-5-mini"); without it the offline model answers.
"""

from langgraph_memory import OfflineChatModel, build_graph
from langgraph_memory.configuration import configuration
from langgraph_memory.server import model_of, promotion

model = model_of(configuration()) or OfflineChatModel()

graph = build_graph(model, promotion=promotion(model), outputs="messages")
