"""What the default extractor hears of what people say, beside the rules alone: `python -m tests.bench.hear [FOLDER]`.

FOLDER holds utterances.jsonl, dialogues.jsonl, preferences.jsonl, languages.jsonl and long.jsonl, those that there are;
by default the project's own test set, which was written by somebody who knew nothing of the mechanism, and on which
nothing was tuned (tests/data/hear/README.md).
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from langgraph_memory import MemoryContext, OfflineChatModel, build_graph, open_memory
from langgraph_memory.domain.candidate import Candidate, Utterance
from langgraph_memory.domain.promotion import Bucket, PromotionPolicy
from langgraph_memory.extract import RuleExtractor

OWN = Path(__file__).parents[1] / "data" / "hear" / "test"

Hears = Callable[[str], list[Candidate]]


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else OWN
    for name, measure in MEASURES.items():
        path = next(folder.glob(f"{name}*.jsonl"), None)
        if path is not None:
            print(f"\n{name} ({path.name})")
            for line in measure(list(read(path))):
                print(f"  {line}")


def read(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip():
            yield json.loads(line)


def kept(text: str) -> list[Candidate]:
    """Return what would be promoted of one message by the default extractor and policy."""
    found = RuleExtractor().extract([Utterance(message_id="1", actor="user", text=text)])
    policy = PromotionPolicy()
    return [
        one
        for one in found
        if one.flaw is None
        and not (one.changes_only or one.forgets)
        and one.amends is None
        and policy.judge(one).bucket is Bucket.PROMOTE
    ]


def tells(candidate: Candidate, wanted: Sequence[str]) -> bool:
    """Return whether a candidate holds each of `wanted`, where | parts alternatives."""
    content = candidate.content.lower()
    return all(any(way in content for way in each.split("|")) for each in wanted)


def is_told(found: Sequence[Candidate], fact: dict[str, Any]) -> bool:
    """Return whether one of the candidates tells a labelled fact."""
    return any(tells(one, fact["must_contain"]) for one in found)


def utterances(lines: list[dict[str, Any]]) -> Iterator[str]:
    """Facts remembered, what of the stored is right, and how many lines without a fact store one."""
    yield total(lines, "all")
    for key in ("register",):
        groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for line in lines:
            groups[line[key]].append(line)
        for name, members in sorted(groups.items()):
            yield "  " + total(members, name)
    kinds: Counter[str] = Counter()
    heard: Counter[str] = Counter()
    for line in lines:
        found = kept(line["text"])
        for fact in line["expect"]:
            kinds[fact["type"]] += 1
            heard[fact["type"]] += is_told(found, fact)
    yield "by type: " + ", ".join(f"{kind} {heard[kind]}/{count}" for kind, count in sorted(kinds.items()))
    took = []
    for line in lines:
        begin = time.perf_counter()
        kept(line["text"])
        took.append((time.perf_counter() - begin) * 1e3)
    yield f"ms a message: p50 {median(took):.2f}, p95 {sorted(took)[int(len(took) * 0.95)]:.2f}"


def total(lines: Sequence[dict[str, Any]], name: str) -> str:
    facts = remembered = stored = right = empty = junk = 0
    for line in lines:
        found = kept(line["text"])
        facts += len(line["expect"])
        remembered += sum(is_told(found, fact) for fact in line["expect"])
        stored += len(found)
        right += sum(any(tells(one, fact["must_contain"]) for fact in line["expect"]) for one in found)
        empty += not line["expect"]
        junk += bool(found) and not line["expect"]
    share = f"{remembered / facts:.0%}" if facts else "-"
    exact = f"{right / stored:.0%}" if stored else "-"
    return (
        f"{name:24} remembered {remembered}/{facts} ({share}); of {stored} stored {right} match a label ({exact}); "
        f"lines without a fact that store one: {junk}/{empty}"
    )


def dialogues(lines: list[dict[str, Any]]) -> Iterator[str]:
    """The right value recalled and no stale one, through the real graph."""
    kinds: dict[str, list[bool]] = defaultdict(list)
    failed = []
    with tempfile.TemporaryDirectory() as folder, open_memory(f"{folder}/bench.db") as memory:
        graph = build_graph(OfflineChatModel()).compile(checkpointer=memory.checkpointer, store=memory.store)
        for number, line in enumerate(lines):
            owner = f"owner{number}"
            config: Any = {"configurable": {"thread_id": owner}}
            for turn in line["turns"]:
                graph.invoke({"messages": [("user", turn)]}, config, context=MemoryContext(owner))
            found = [one.memory.content.lower() for one in memory.store.recall(line["question"], owner_id=owner)]
            good = any(any(way in text for way in line["want"].split("|")) for text in found)
            stale = [text for text in found for old in line["stale"] if old in text]
            kinds[line["kind"]].append(good and not stale)
            if not good or stale:
                failed.append(f"{line['id']}: {line['turns']} -> {found}")
    yield f"right {sum(map(sum, kinds.values()))}/{len(lines)}: " + ", ".join(
        f"{kind} {sum(each)}/{len(each)}" for kind, each in kinds.items()
    )
    if "-v" in sys.argv:
        yield from failed


def preferences(lines: list[dict[str, Any]]) -> Iterator[str]:
    """Stated preferences that are kept whole, with qualifiers and negations."""
    whole = heard = 0
    for line in lines:
        found = kept(line["text"])
        heard += bool(found)
        whole += any(tells(one, line["must_contain"]) for one in found)
    yield f"kept whole {whole}/{len(lines)}; heard at all {heard}"


def languages(lines: list[dict[str, Any]]) -> Iterator[str]:
    """Lines with a fact that are heard, and lines without one that are, by language."""
    for name in ("all", *sorted({line["lang"] for line in lines})):
        mine = [line for line in lines if name in ("all", line["lang"])]
        facts = [line for line in mine if line["fact"]]
        heard = sum(bool(kept(line["text"])) for line in facts)
        junk = sum(bool(kept(line["text"])) for line in mine if not line["fact"])
        yield f"{name:4} heard {heard}/{len(facts)}; junk {junk}/{len(mine) - len(facts)}"


def long(lines: list[dict[str, Any]]) -> Iterator[str]:
    """Long messages, mostly of pasted and other people's text."""
    stored = right = facts = remembered = turns = 0
    for line in lines:
        found = [one for turn in line["turns"] for one in kept(turn)]
        turns += len(line["turns"])
        stored += len(found)
        right += sum(any(tells(one, fact["must_contain"]) for fact in line["facts"]) for one in found)
        facts += len(line["facts"])
        remembered += sum(is_told(found, fact) for fact in line["facts"])
        if "-v" in sys.argv:
            yield from (f"{line['id']}: {one.content}" for one in found)
    yield f"remembered {remembered}/{facts}; stored {stored} in {turns} turns, {right} match a label"


MEASURES: dict[str, Callable[[list[dict[str, Any]]], Iterator[str]]] = {
    "utterances": utterances,
    "dialogues": dialogues,
    "preferences": preferences,
    "languages": languages,
    "long": long,
}

if __name__ == "__main__":
    main()
