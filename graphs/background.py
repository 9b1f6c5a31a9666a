"""An assistant whose turns do not wait for its memory: what was said is queued, and read when the thread is quiet.

`background = true` in `langgraph_memory.toml` lets the server's own worker read it; without it, run a worker beside the
server: `langgraph-memory jobs work --db assistant.db`. A burst of turns is one job; nothing is lost when either stops.
"""

from datetime import timedelta

from langgraph_memory import OfflineChatModel, PromotionNode, build_graph
from langgraph_memory.configuration import configuration
from langgraph_memory.server import model_of

model = model_of(configuration()) or OfflineChatModel()

promotion = PromotionNode(
    model=model, mode="background", quiet_for=timedelta(seconds=20), at_latest=timedelta(minutes=5)
)
graph = build_graph(model, promotion=promotion, outputs="messages")
