"""What is shown of records: a record gives a table, a renderer draws it. HTML is here, the terminal's is in `cli`."""

from langgraph_memory.views.html import to_html
from langgraph_memory.views.messages import messages_table, thread_html
from langgraph_memory.views.records import Displayable, Records, Tabular, every
from langgraph_memory.views.table import ID, Cell, Column, Table

__all__ = [
    "ID",
    "Cell",
    "Column",
    "Displayable",
    "Records",
    "Table",
    "Tabular",
    "every",
    "messages_table",
    "thread_html",
    "to_html",
]
