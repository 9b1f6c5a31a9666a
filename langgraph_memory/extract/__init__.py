"""Extractors: they read what was said and propose candidates for memory."""

from langgraph_memory.extract.model import ModelExtractor
from langgraph_memory.extract.rules import RuleExtractor

__all__ = ["ModelExtractor", "RuleExtractor"]
