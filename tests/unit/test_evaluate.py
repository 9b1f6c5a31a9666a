"""The published evaluation: the same for the same seed, with raw logs, and losses named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bench.evaluate import Row, evaluate, losses, people, tables_in


def test_the_same_seed_makes_the_same_people() -> None:
    assert people(3, 7) == people(3, 7)
    assert people(3, 7) != people(3, 8)


def test_of_what_has_changed_the_earlier_is_told_first() -> None:
    for person in people(4, 1):
        order = [one.id for one in person.told]
        changed = [one for one in person.questions if one.stale]
        assert len(changed) == 5
        assert all(order.index(str(one.stale)) < order.index(str(one.answer)) for one in changed)


def test_figures_peers_raw_logs_and_losses_are_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = evaluate(tmp_path, count=1, seed=1, only=["found", "heard"], data=None)

    found = {row.subject: row for row in results["found"]}
    printed = capsys.readouterr().out
    assert found["this package, words"].figures["outdated shown"] == 0.0
    assert found["FTS5, bm25"].figures["in 5"] <= found["this package, words"].figures["in 5"]
    assert found["everything that was told"].figures["outdated shown"] == 1.0
    assert all(row.figures or row.missing for row in found.values())
    assert "keep every message: learnt 1.00" in printed.split("Where a peer does better")[1]
    lines = (tmp_path / "asked.jsonl").read_text().splitlines()
    assert {json.loads(line)["subject"] for line in lines} >= {"this package, words", "FTS5, bm25"}
    assert json.loads((tmp_path / "results.json").read_text()).keys() == {"found", "heard"}


def test_a_loss_is_where_somebody_elses_figure_is_better() -> None:
    mine = Row("this package, words", {"in 5": 0.5, "tokens a request": 3.0})
    more = Row("this package, local index", {"in 5": 0.8, "tokens a request": 9.0})
    theirs = Row("peer", {"in 5": 0.9, "tokens a request": 30.0})

    assert losses([mine, more, theirs]) == ["peer: in 5 0.90, this package, words 0.50, at best 0.80"]


def test_the_tables_that_a_script_prints_are_compared_too() -> None:
    printed = "# x\n## multi-hop (n=2)\n| subject | recall@5 |\n|---|---|\n| fts5 | 9.0 |\n| tests.bench.ours | 7.5 |\n"

    ((title, rows),) = tables_in(printed)

    assert title == "multi-hop (n=2)"
    assert losses(rows) == ["fts5: recall@5 9.00, tests.bench.ours 7.50"]
