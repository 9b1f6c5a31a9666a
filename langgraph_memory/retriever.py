"""`CuratedRetriever`: the memories of one owner as a LangChain retriever, for chains and other retrievers' places."""

from __future__ import annotations

from typing import Any, ClassVar

from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, Field

from langgraph_memory import CuratedStore, Recall, Recalled
from langgraph_memory.effects.effect import Caller, Effects, either
from langgraph_memory.effects.twins import runs_effects, twin_of


class CuratedRetriever(BaseRetriever):
    """Returns what an owner's memories hold for a query, as documents, best first; each recall leaves its receipt.

    It is bound to one owner and scope by who makes it. `options` go to `CuratedStore.recall`, as `memory_types`,
    `min_score`, `max_tokens` or `needed`. The metadata of a document are its memory's id, type, slot, scope, time and
    score. Raises MissingOwnerError when no owner is named.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)
    _runner: ClassVar[Caller] = Caller()

    store: CuratedStore
    owner_id: str
    scope: str = "global"
    limit: int = 5
    options: dict[str, Any] = Field(default_factory=dict)

    @runs_effects
    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> Effects[list[Document]]:
        asked = {**self.options, "owner_id": self.owner_id, "scope": self.scope, "limit": self.limit}
        return _documents((yield from either(self.store.recall, query, **asked)))

    _aget_relevant_documents = twin_of(_get_relevant_documents)


def _documents(recall: Recall) -> list[Document]:
    return [Document(page_content=recall.told(one.memory), id=one.memory.id, metadata=_metadata(one)) for one in recall]


def _metadata(one: Recalled) -> dict[str, Any]:
    memory = one.memory
    told = {"memory_type": memory.memory_type, "slot": memory.slot, "scope": memory.scope}
    told |= {"owner_id": memory.owner_id, "said_by": memory.source.name, "trust": memory.trust}
    return {"id": memory.id, **told, "updated_at": memory.updated_at.isoformat(), "score": one.score}
