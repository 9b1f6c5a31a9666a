"""LangGraph's store contract and curated memories on the same rows, and the facets that administrators use."""

from langgraph_memory.store.curated import CuratedStore
from langgraph_memory.store.facets import Admin, Audit, Hygiene, Jobs
from langgraph_memory.store.view import StoreView

__all__ = ["Admin", "Audit", "CuratedStore", "Hygiene", "Jobs", "StoreView"]
