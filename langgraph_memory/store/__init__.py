"""LangGraph's store contract and curated memories on the same rows, and the facets that administrators use."""

from langgraph_memory.operations.audit import Audit
from langgraph_memory.operations.jobs import Jobs
from langgraph_memory.store.curated import CuratedStore
from langgraph_memory.store.facets import Admin, Hygiene
from langgraph_memory.store.view import StoreView

__all__ = ["Admin", "Audit", "CuratedStore", "Hygiene", "Jobs", "StoreView"]
