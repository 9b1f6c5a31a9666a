"""Memories that other products kept: read from their exports, through the guard, with where they come from."""

from langgraph_memory.elsewhere.formats import Foreign, Spoken, Statement, read_foreign
from langgraph_memory.elsewhere.intake import ForeignReport, atake_in, take_in

__all__ = ["Foreign", "ForeignReport", "Spoken", "Statement", "atake_in", "read_foreign", "take_in"]
