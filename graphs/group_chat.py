"""A group chat: one thread, several speakers, and each one's memories are their own.

Messages carry the `name` of who wrote them, `{"role": "user", "name": "Bo", "content": ...}`; the context's owner is
whoever the run answers. What Bo says becomes a memory of Bo's, whoever's run brought it in, and what is recalled is the
asker's alone. Here a name is the owner's id in small letters; put your directory in place of `owner_of`, and return
None for a guest: of a guest's words nothing is read.
"""

from langgraph_memory import OfflineChatModel, PromotionNode, build_graph
from langgraph_memory.configuration import configuration
from langgraph_memory.server import model_of


def owner_of(name: str) -> str | None:
    """Return the owner whose memories the words under a name are."""
    return None if name.casefold().startswith("guest") else name.casefold()


model = model_of(configuration()) or OfflineChatModel()

graph = build_graph(
    model,
    system_prompt="You take part in a group chat. Answer whoever asked last.",
    promotion=PromotionNode(model=model, speakers=owner_of),
    outputs="messages",
)
