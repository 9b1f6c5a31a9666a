"""What Ana says in the demo: one session in which she tells things, and one in which she asks."""

from __future__ import annotations

from dataclasses import dataclass

OWNER = "ana@demo"


@dataclass(frozen=True, slots=True)
class Session:
    """One conversation: its name, which its thread carries, and what Ana says in it."""

    name: str
    lines: tuple[str, ...]


MONDAY = Session(
    "monday",
    (
        "Hi, my name is Ana and I work as a data engineer at Northwind.",
        "I live in Berlin.",
        "Please keep your answers short.",
        "Our database is PostgreSQL and our deploy channel is Slack.",
        "Never deploy on Fridays.",
        "Lovely weather today, isn't it?",
        "What does EXPLAIN ANALYZE do?",
        "Answer in German for this chat only.",
        "My API key is sk-demo-0000-not-a-real-key.",
        "I moved from Berlin to Lisbon.",
        "Actually, the deploy channel is Teams now, not Slack.",
    ),
)
TUESDAY = Session(
    "tuesday",
    (
        "Where do I live?",
        "Which channel do we use for deploys?",
        "Can I deploy on Friday?",
        "What database do we use?",
        "What is my name?",
        "What is my API key?",
    ),
)
SESSIONS = {1: MONDAY, 2: TUESDAY}
