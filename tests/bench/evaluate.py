"""Every quality figure of the project that needs no language model, beside the peers that can run here.

    python -m tests.bench.evaluate [--log FOLDER] [--people 12] [--seed 1] [--only PART ...] [--data FOLDER]

Parts: `found` on people that a seeded generator makes up, `heard` and `guard` on the project's own labelled data
(tests/data: written for it, so that its figures say least), `dialogues` with the data and scripts of a folder that is
named with --data: LoCoMo's dialogues, which anyone can fetch, and labelled requests. A peer that is not installed, or
cannot start here, is named with the reason. MemPalace is not among them: its embedder is downloaded on its first use.
This package is told the slot of each statement, as its extractors tell it; the peers have no place for one, and a model
that would update for them is not asked. The raw answers are kept in the log folder, one JSON line for each; at the end
it is said where a peer does better.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import Any, Protocol
from uuid import uuid4

from langgraph_memory import Source, open_memory
from langgraph_memory.domain.text import query_terms
from tests.bench import hear

ROOT = Path(__file__).parents[2]
TOP = 5

# Made-up people: what is known of each of them, in words that a question does and does not share.

FACTS: Sequence[tuple[str, str, str, Sequence[str]]] = [
    ("home.city", "The user lives in {}.", "Which city is the user's home in?", "Lisbon Oslo Graz Turin Porto".split()),
    (
        "job",
        "The user works as a {}.",
        "What does the user do for a living?",
        "nurse welder baker notary pilot".split(),
    ),
    ("team.database", "The team's database is {}.", "Where does the team keep its data?", "MySQL Oracle DB2".split()),
    ("deploy.channel", "Deploys are announced in {}.", "Where is a deploy announced?", "Slack Teams Zulip".split()),
    ("pet", "The user has a dog called {}.", "What is the name of the user's pet?", "Rex Fig Bono Tinto Luna".split()),
    ("sister", "The user's sister is called {}.", "Who is the user's sibling?", "Mia Eva Zoe Ada Iris".split()),
    ("diet", "The user is allergic to {}.", "Suggest a snack.", "peanuts shellfish gluten sesame".split()),
    ("editor", "The user edits code with {}.", "Which editor does the user like?", "Vim Emacs Helix Zed".split()),
    ("car", "The user drives a {}.", "What kind of car does the user have?", "Zoe Panda Polo Corsa".split()),
    ("music", "The user plays the {}.", "Which instrument can the user play?", "cello oboe banjo harp".split()),
    ("bank", "The user's account is at {}.", "Which bank does the user use?", "Nordea Erste Santander".split()),
    ("deadline", "The project's deadline is {}.", "When must the project be done?", ["3 May", "9 June", "1 July"]),
    ("doctor", "The user's dentist is Dr {}.", "Who looks after the user's teeth?", "Lopes Kern Rossi Dahl".split()),
    (
        "sport",
        "On Sundays the user goes {}.",
        "What does the user do at the weekend?",
        "running rowing climbing".split(),
    ),
    ("reading", "The user reads {}.", "Which books would be a good gift?", "thrillers biographies poetry".split()),
    ("boss", "The user's manager is {}.", "Who does the user report to?", "Rui Olga Sven Petra".split()),
]
CHANGED = 5
"""Facts of each person that are told with an earlier value first."""
NEEDLESS = ("What is 17 times 23?", "Write a haiku about rain.", "Thanks, that is all.", "Translate 'good morning'.")


@dataclass(frozen=True)
class Told:
    """One statement about a person, in the order in which they were told."""

    id: str
    slot: str
    text: str


@dataclass(frozen=True)
class Question:
    """A question, the statement that answers it, and the earlier one that does no longer."""

    text: str
    answer: str | None = None
    stale: str | None = None


@dataclass(frozen=True)
class Person:
    """Somebody made up."""

    owner: str
    told: Sequence[Told]
    questions: Sequence[Question]


def people(count: int, seed: int) -> list[Person]:
    """Return people that are the same for the same seed."""
    made = random.Random(seed)
    return [_person(f"person-{number}", made) for number in range(count)]


def _person(owner: str, made: random.Random) -> Person:
    changed = set(made.sample(range(len(FACTS)), CHANGED))
    early, late, questions = [], [], []
    for number, (slot, sentence, question, values) in enumerate(FACTS):
        old, new = made.sample(list(values), 2)
        if number in changed:
            early.append(Told(f"{slot}/old", slot, sentence.format(old)))
        (late if number in changed else early).append(Told(f"{slot}/new", slot, sentence.format(new)))
        questions.append(Question(question, f"{slot}/new", f"{slot}/old" if number in changed else None))
    made.shuffle(early)
    made.shuffle(late)
    return Person(owner, [*early, *late], [*questions, *map(Question, NEEDLESS)])


# Subjects: what finds statements for a question.


class Subject(Protocol):
    """What is measured: it is told statements and finds them again."""

    def add(self, owner: str, told: Told) -> None:
        """Keep a statement."""

    def search(self, owner: str, query: str, k: int) -> list[str]:
        """Return the ids of at most k statements, the best first."""


class Ours:
    """This package; `needed` asks as `RetrievalNode` does, for what the answer needs and no more."""

    def __init__(self, stack: ExitStack, *, index: Any = None, needed: bool = False) -> None:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        self._store = stack.enter_context(open_memory(Path(folder) / "memory.db", index=index)).store
        self._ids: dict[str, str] = {}
        self._needed = needed

    def add(self, owner: str, told: Told) -> None:
        source = Source(actor="user", thread_id="told")
        outcome = self._store.remember(told.text, owner_id=owner, slot=told.slot, source=source)
        if outcome.memory is not None:
            self._ids[outcome.memory.id] = told.id

    def search(self, owner: str, query: str, k: int) -> list[str]:
        how: dict[str, Any] = {"needed": True, "pinned": 10, "limit": 8} if self._needed else {"limit": k}
        found = self._store.recall(query, owner_id=owner, receipt=False, **how)
        return [self._ids[one.memory.id] for one in found]


class Fts5:
    """SQLite's full-text search as a tutorial uses it."""

    def __init__(self, stack: ExitStack) -> None:
        self._db = sqlite3.connect(":memory:")
        stack.callback(self._db.close)
        self._db.execute("CREATE VIRTUAL TABLE told USING fts5(owner UNINDEXED, id UNINDEXED, text, tokenize = porter)")

    def add(self, owner: str, told: Told) -> None:
        self._db.execute("INSERT INTO told VALUES (?, ?, ?)", (owner, told.id, told.text))

    def search(self, owner: str, query: str, k: int) -> list[str]:
        words = " OR ".join(f'"{word}"' for word in query_terms(query))
        asked = "SELECT id FROM told WHERE told MATCH ? AND owner = ? ORDER BY rank LIMIT ?"
        return [row[0] for row in self._db.execute(asked, (words, owner, k))]


class UpstreamStore:
    """A store of LangGraph's own."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def add(self, owner: str, told: Told) -> None:
        self._store.put(("told", owner), told.id, {"text": told.text})

    def search(self, owner: str, query: str, k: int) -> list[str]:
        return [one.key for one in self._store.search(("told", owner), query=query, limit=k)]


class Langmem:
    """The tools of langmem that a model is given, called as it would call them, on a store with the same embedder."""

    def __init__(self, store: Any) -> None:
        from langmem import create_manage_memory_tool, create_search_memory_tool

        self._made = (create_manage_memory_tool, create_search_memory_tool)
        self._store = store
        self._ids: dict[tuple[str, str], str] = {}

    def add(self, owner: str, told: Told) -> None:
        manage = self._made[0](namespace=("told", owner), store=self._store)
        manage.invoke({"content": told.text, "action": "create"})
        self._ids[owner, told.text] = told.id

    def search(self, owner: str, query: str, k: int) -> list[str]:
        look = self._made[1](namespace=("told", owner), store=self._store)
        found = json.loads(look.invoke({"query": query, "limit": k}))
        return [self._ids[owner, one["value"]["content"]] for one in found]


class Mem0:
    """mem0's own search over what it was given word for word (`infer=False`: without a model)."""

    def __init__(self, stack: ExitStack) -> None:
        os.environ.setdefault("MEM0_TELEMETRY", "False")
        from mem0 import Memory

        folder = stack.enter_context(tempfile.TemporaryDirectory())
        self._memory = Memory.from_config(
            {
                "vector_store": {
                    "provider": "qdrant",
                    "config": {"path": f"{folder}/qdrant", "collection_name": "told", "embedding_model_dims": 384},
                },
                "embedder": {"provider": "langchain", "config": {"model": embeddings(), "embedding_dims": 384}},
                "llm": {"provider": "openai", "config": {"api_key": "not-used"}},
                "history_db_path": f"{folder}/history.db",
            }
        )
        self._ids: dict[tuple[str, str], str] = {}

    def add(self, owner: str, told: Told) -> None:
        self._memory.add(told.text, user_id=owner, infer=False)
        self._ids[owner, told.text] = told.id

    def search(self, owner: str, query: str, k: int) -> list[str]:
        found = self._memory.search(query, filters={"user_id": owner}, top_k=k)["results"]
        return [self._ids[owner, one["memory"]] for one in found]


class Everything:
    """All that was told, in any order: what needs no search."""

    def __init__(self) -> None:
        self._told: dict[str, list[str]] = {}

    def add(self, owner: str, told: Told) -> None:
        self._told.setdefault(owner, []).insert(0, told.id)

    def search(self, owner: str, query: str, k: int) -> list[str]:
        return self._told[owner]


@cache
def embeddings() -> Any:
    """Return the embedder that every subject with vectors is given."""
    from langgraph_memory.local import LocalEmbeddings

    model, known = LocalEmbeddings(), dict[str, list[float]]()

    class Remembering(type(model)):  # type: ignore[misc]
        def __init__(self) -> None:
            pass

        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            for text in texts:
                known.setdefault(text, []) or known[text].extend(model.embed_documents([text])[0])
            return [known[text] for text in texts]

        def embed_query(self, text: str) -> list[float]:
            return model.embed_query(text)

    return Remembering()


def _index(**more: Any) -> dict[str, Any]:
    return {"dims": 384, "embed": embeddings(), **more}


def _in_memory() -> Any:
    from langgraph.store.memory import InMemoryStore

    return InMemoryStore(index=_index(fields=["text", "content"]))


def _sqlite(stack: ExitStack, index: Any = None) -> Any:
    from langgraph.store.sqlite import SqliteStore

    opened = stack.enter_context(SqliteStore.from_conn_string(":memory:", index=index))
    opened.setup()
    return opened


SUBJECTS: dict[str, Callable[[ExitStack], Subject]] = {
    "this package, words": Ours,
    "this package, local index": lambda stack: Ours(stack, index=_index()),
    "this package, as RetrievalNode": lambda stack: Ours(stack, needed=True),
    "this package, as RetrievalNode, local index": lambda stack: Ours(stack, index=_index(), needed=True),
    "FTS5, bm25": Fts5,
    "InMemoryStore, same embedder": lambda _: UpstreamStore(_in_memory()),
    "SqliteStore, no index": lambda stack: UpstreamStore(_sqlite(stack)),
    "SqliteStore, same embedder": lambda stack: UpstreamStore(_sqlite(stack, _index(text_fields=["text"]))),
    "langmem's tools, same embedder": lambda _: Langmem(_in_memory()),
    "mem0, infer=False, same embedder": Mem0,
    "everything that was told": lambda _: Everything(),
}

# Parts


@dataclass(frozen=True)
class Row:
    """A line of a table: whose figures, and why there are none."""

    subject: str
    figures: dict[str, float]
    missing: str | None = None


Log = Callable[[str, dict[str, Any]], None]


def asked(who: Sequence[Person], name: str, log: Log) -> Iterator[tuple[Person, Question, list[str]]]:
    """Yield what a subject finds for every question, after it was told everything."""
    with ExitStack() as stack:
        subject = SUBJECTS[name](stack)
        for person in who:
            for told in person.told:
                subject.add(person.owner, told)
        for person in who:
            for question in person.questions:
                found = subject.search(person.owner, question.text, TOP)
                log("asked", {"subject": name, "owner": person.owner, "question": question.text, "found": found})
                yield person, question, found


def measured(who: Sequence[Person], log: Log) -> list[Row]:
    """Return what each subject finds, and what it would put before a model."""
    rows = []
    for name in SUBJECTS:
        try:
            answers = list(asked(who, name, log))
        except Exception as error:
            rows.append(Row(name, {}, f"{type(error).__name__}: {' '.join(str(error).split())[:90]}"))
            continue
        rows.append(Row(name, _figures(answers)))
    return rows


def _figures(answers: Iterable[tuple[Person, Question, list[str]]]) -> dict[str, float]:
    first, found_5, ranks, stale, vain, tokens = [], [], [], [], [], []
    for person, question, found in answers:
        texts = {told.id: told.text for told in person.told}
        tokens.append(sum(len(texts[one]) for one in found) / 4)
        vain.append(len([one for one in found if one != question.answer]))
        if question.answer is not None:
            first.append(found[:1] == [question.answer])
            found_5.append(question.answer in found[:TOP])
            ranks.append(1 / (found.index(question.answer) + 1) if question.answer in found else 0.0)
        if question.stale is not None:
            stale.append(question.stale in found)
    return {
        "first": fmean(first),
        "in 5": fmean(found_5),
        "MRR": fmean(ranks),
        "outdated shown": fmean(stale),
        "needless a request": fmean(vain),
        "tokens a request": fmean(tokens),
    }


def heard(log: Log) -> list[Row]:
    """Return what is learnt of the project's own test messages by the rules, and by keeping every message."""
    lines = list(hear.read(hear.OWN / "utterances.jsonl"))
    readers = {"this package, rules": hear.kept, "keep every message": _all}
    return [Row(name, _learnt(lines, keep, log)) for name, keep in readers.items()]


def _all(text: str) -> list[Any]:
    from langgraph_memory import Candidate

    return [Candidate(content=text)]


def _learnt(lines: Sequence[dict[str, Any]], keep: Callable[[str], list[Any]], log: Log) -> dict[str, float]:
    facts = learnt = stored = right = empty = junk = 0
    for line in lines:
        found = keep(line["text"])
        told = [any(hear.tells(one, fact["must_contain"]) for one in found) for fact in line["expect"]]
        good = [any(hear.tells(one, fact["must_contain"]) for fact in line["expect"]) for one in found]
        facts, learnt, stored, right = facts + len(told), learnt + sum(told), stored + len(found), right + sum(good)
        empty, junk = empty + (not line["expect"]), junk + (bool(found) and not line["expect"])
        log("heard", {"id": line["id"], "stored": [one.content for one in found], "told": told})
    return {"learnt": learnt / facts, "right": right / stored if stored else 0.0, "junk lines": junk / empty}


def guarded(log: Log) -> list[Row]:
    """Return what the guard does with the project's own labelled texts: the share stored as it stands, by kind."""
    kinds: dict[str, list[bool]] = {}
    with tempfile.TemporaryDirectory() as folder, open_memory(Path(folder) / "memory.db") as memory:
        for line in hear.read(ROOT / "tests" / "data" / "guard.jsonl"):
            outcome = memory.store.remember(line["text"], owner_id=str(uuid4()))
            passed = outcome.memory is not None and outcome.memory.content == line["text"].strip()
            kinds.setdefault(line["kind"], []).append(passed)
            log("guard", {**line, "stored as it stands": passed})
    return [Row("this package", {f"{kind} ({len(found)})": fmean(found) for kind, found in sorted(kinds.items())})]


def scripts(folder: Path, log_folder: Path) -> Iterator[tuple[str, str]]:
    """Run the scripts of a data folder where they are, and yield what they print."""
    runs = {
        "dialogues": (
            *("memory_bench.py", "locomo_dev.json", "--convs", "dev"),
            *("--subject", "fts5", "robust_lexical", "tests.bench.recall_quality:lexical"),
        ),
        "requests": ("inject_bench.py", "inject_dev.json", "--kinds"),
    }
    for name, (script, data, *how) in runs.items():
        if not (folder / script).is_file() or not (folder / data).is_file():
            yield name, f"not run: {folder} has no {script} with {data}."
            continue
        with tempfile.TemporaryDirectory() as work:
            done = subprocess.run(
                [sys.executable, str(folder / script), str(folder / data), *how],
                cwd=work,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                capture_output=True,
                text=True,
                timeout=1_800,
                check=False,
            )
        (log_folder / f"{name}.txt").write_text(done.stdout + done.stderr, encoding="utf-8")
        yield name, done.stdout.strip() or f"not run: {done.stderr.strip().splitlines()[-1:]}"


OURS = ("this package", "tests.bench.")
BEST_IS_LEAST = {"outdated shown", "needless a request", "tokens a request", "junk lines"}


def losses(rows: Sequence[Row]) -> list[str]:
    """Return where somebody else's figure is better than this package's as it is opened by default: its first row."""
    ours = [row for row in rows if row.subject.startswith(OURS) and row.figures]
    others = [row for row in rows if not row.subject.startswith(OURS) and row.figures]
    found = []
    for name in ours[0].figures if ours else ():
        best = min if name in BEST_IS_LEAST else max
        mine, at_best = ours[0].figures[name], best(row.figures[name] for row in ours)
        for row in others:
            theirs = row.figures.get(name, mine)
            if theirs != mine and best(theirs, mine) == theirs:
                beside = f", at best {at_best:.2f}" if at_best != mine else ""
                found.append(f"{row.subject}: {name} {theirs:.2f}, {ours[0].subject} {mine:.2f}{beside}")
    return found


def tables_in(text: str) -> Iterator[tuple[str, list[Row]]]:
    """Yield the Markdown tables of figures that a script has printed, each with the heading above it."""
    title, names, rows = "", list[str](), list[Row]()
    for line in [*text.splitlines(), "## "]:
        if line.startswith("## "):
            if rows:
                yield title, rows
            title, names, rows = line.removeprefix("## "), [], []
        elif line.startswith("|") and not line.startswith("|-"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if not names:
                names = cells[1:]
            elif all(cell.replace(".", "", 1).isdigit() for cell in cells[1:]):
                rows.append(Row(cells[0], dict(zip(names, map(float, cells[1:]), strict=True))))


def table(title: str, rows: Sequence[Row]) -> str:
    """Return a table in Markdown."""
    names = next((list(row.figures) for row in rows if row.figures), [])
    lines = [f"\n## {title}\n", "| | " + " | ".join(names) + " |", "|---|" + "---|" * len(names)]
    for row in rows:
        cells = [f"{row.figures[name]:.2f}" for name in names] if row.figures else [f"not run: {row.missing}"]
        lines.append(f"| {row.subject} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


PARTS = ("found", "heard", "guard", "dialogues")


def evaluate(folder: Path, *, count: int, seed: int, only: Sequence[str], data: Path | None) -> dict[str, list[Row]]:
    """Measure the parts, print their tables, and keep the raw answers in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        files: dict[str, Any] = {}

        def log(name: str, line: dict[str, Any]) -> None:
            if name not in files:
                files[name] = stack.enter_context((folder / f"{name}.jsonl").open("w", encoding="utf-8"))
            files[name].write(json.dumps(line, ensure_ascii=False) + "\n")

        measures: dict[str, tuple[str, Callable[[], list[Row]]]] = {
            "found": (
                f"Found and shown: {count} made-up people, seed {seed}",
                lambda: measured(people(count, seed), log),
            ),
            "heard": ("Learnt of messages: the project's own test set", lambda: heard(log)),
            "guard": ("Stored as it stands: the project's own texts, by kind", lambda: guarded(log)),
        }
        results = {name: measure() for name, (_, measure) in measures.items() if name in only}
    for name, rows in results.items():
        print(table(measures[name][0], rows))
    worse = [one for rows in results.values() for one in losses(rows)]
    if "dialogues" in only and data is not None:
        for name, said in scripts(data, folder):
            print(f"\n## {name}: {data}\n\n{said}")
            quality = [(title, rows) for title, rows in tables_in(said) if title != "timing"]
            worse += [f"{name}, {title}: {one}" for title, rows in quality for one in losses(rows)]
    print("\n## Where a peer does better\n")
    print("\n".join(f"- {one}" for one in worse) or "- nowhere in these tables")
    told = {name: [vars(row) for row in rows] for name, rows in results.items()}
    (folder / "results.json").write_text(json.dumps(told, indent=1, ensure_ascii=False), encoding="utf-8")
    print(f"\nThe raw answers are in {folder}.")
    return results


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--log", type=Path, default=Path(tempfile.gettempdir()) / "langgraph_memory_evaluation")
    options.add_argument("--people", type=int, default=12)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    options.add_argument("--data", type=Path)
    given = options.parse_args()
    evaluate(given.log, count=given.people, seed=given.seed, only=given.only, data=given.data)


if __name__ == "__main__":
    main()
