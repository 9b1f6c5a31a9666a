"""Tables as HTML; everything that was stored is escaped."""

from __future__ import annotations

from functools import cache
from html import escape
from importlib.resources import files

from langgraph_memory.views.table import Table


def to_html(table: Table) -> str:
    """Return a table as HTML with its style, which can stand anywhere in a page."""
    shown = table.on("page")
    titles = "".join(f"<th>{escape(one.title)}</th>" for one in shown.columns)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in shown.rows)
    notes = "".join(
        f'<tr><td colspan="{len(shown.columns)}"><em>{escape(note)}</em></td></tr>'
        for note in (*(() if shown.rows else ("nothing",)), *shown.footnotes)
    )
    return (
        f'<div class="lgm"><style>{_css()}</style><table class="lgm"><caption>{escape(shown.title)}</caption>'
        f"<thead><tr>{titles}</tr></thead><tbody>{body}{notes}</tbody></table></div>"
    )


@cache
def _css() -> str:
    return files("langgraph_memory.views").joinpath("style.css").read_text(encoding="utf-8")
