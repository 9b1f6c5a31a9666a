"""An assistant that remembers: the prebuilt graph, uncompiled, for `langgraph dev` or a server.

`LANGGRAPH_MEMORY_MODEL` names a model as LangChain's `init_chat_model` does ("openai:gpt-5-mini"); without it the
offline model answers.
"""

import os

from langgraph_memory import OfflineChatModel, build_graph

if name := os.environ.get("LANGGRAPH_MEMORY_MODEL"):
    from langchain.chat_models import init_chat_model

    model = init_chat_model(name)
else:
    model = OfflineChatModel()

graph = build_graph(model)
