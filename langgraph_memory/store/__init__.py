"""LangGraph's store contract and curated memories on the same rows, and the facets that administrators use."""

from langgraph_memory.store.admin import Admin
from langgraph_memory.store.audit import Audit
from langgraph_memory.store.curated import CuratedStore
from langgraph_memory.store.hygiene import Hygiene
from langgraph_memory.store.jobs import Jobs
from langgraph_memory.store.view import StoreView

__all__ = ["Admin", "Audit", "CuratedStore", "Hygiene", "Jobs", "StoreView"]
