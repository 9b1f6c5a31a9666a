"""Every notebook runs from top to bottom with no network, and is committed without outputs."""

from __future__ import annotations

import os
import re
from html import unescape
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from langgraph_memory import open_memory

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NAMES = [path.stem for path in NOTEBOOKS]


def _code_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _shown(cell: Any) -> str:
    """Return what a reader sees below a cell."""
    found = []
    for output in cell.outputs:
        data = output.get("data", {})
        html = re.sub(r"<style>.*?</style>|<[^>]+>", " ", data.get("text/html", ""))
        found.append(unescape(html) or data.get("text/plain", output.get("text", "")))
    return "\n".join(found)


def _below(notebook: Any, source: str) -> str:
    """Return what a reader sees below the first cell that has some source."""
    return next(_shown(cell) for cell in _code_cells(notebook) if source in cell.source)


async def run_notebook(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", ""))))
    monkeypatch.setenv("IPYTHONDIR", str(folder / "ipython"))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    await NotebookClient(
        notebook, kernel_name="python3", timeout=120, resources={"metadata": {"path": str(folder)}}
    ).async_execute()
    return notebook


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_is_committed_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)

    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert all(not cell.outputs and cell.execution_count is None for cell in _code_cells(notebook))
    assert not any("ExitStack" in cell.source for cell in notebook.cells)


def test_there_are_the_six_stories() -> None:
    assert NAMES == [
        "01_quickstart",
        "02_hygiene",
        "03_time_travel",
        "04_what_reaches_the_model",
        "05_audit",
        "06_your_own_extractor",
    ]


def _plots(notebook: Any) -> int:
    return sum("image/svg+xml" in out.get("data", {}) for cell in _code_cells(notebook) for out in cell.outputs)


async def test_the_quickstart_tells_the_story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = await run_notebook("01_quickstart", tmp_path, monkeypatch)

    def below(source: str) -> str:
        return _below(notebook, source)

    assert "keep in session" in below("Lovely weather")
    assert "sk-demo" not in below("Lovely weather")
    assert below("Lovely weather").count("candidate") == 1, "one table for the session"
    assert re.search(r"lives in Lisbon.*superseded.*lives in Berlin", below("I moved from Berlin"), re.DOTALL)
    assert "Berlin" not in below("memory.store.list_memories")
    assert "You said" not in below("await graph.ainvoke")
    assert "The user lives in Lisbon." in below("await graph.ainvoke")
    assert re.search(r"left out.*lives in Berlin.*superseded", below("recalls[-1]"), re.DOTALL)
    assert "What is my API key? → I do not know that yet." in below("for question in")
    assert re.search(r"Berlin.*superseded.*Lisbon.*live", below("memory.store.history"), re.DOTALL)
    assert "The user lives in Berlin." in below("as_of=before_the_move")
    assert "{'memories': 2} → I do not know that yet." in below("store.forget")


async def test_the_hygiene_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = await run_notebook("02_hygiene", tmp_path, monkeypatch)

    def saw(source: str, *words: str) -> bool:
        return re.search(".*".join(words), _below(notebook, source), re.DOTALL) is not None

    assert saw("The documentation is", "reinforced", r"The docs are in the repo\.")
    assert saw("source=pager", "conflict", "Teams", "in conflict", "Slack")
    assert saw("Where do deploys go?", "conflicts with: Deploys go to")
    assert saw("store.history(second", "Slack", "superseded", "Teams", "live")
    assert saw("I no longer use Vim.", "superseded", "The user uses Vim.")
    assert saw("store.jobs.pending()", "tuesday", "waiting")
    assert saw("worker.run_once()", "lives in Berlin", "added", "worked off")
    assert saw("end_session", "Decided: Let's go with PostgreSQL. Open: I still need", "rules")
    assert saw(
        "keep=before, dry_run=True)", "what taking it back would do", "removed", "Paris", "holds again", "Berlin"
    )
    assert saw("keep=before)", "taken back", "removed", "Paris", "holds again", "Berlin")
    assert not saw("store.list_memories", "Paris|MySQL")
    assert saw('as_of="checkpoint"', "now → .*Lisbon", "then → .*Berlin")
    assert saw("store.hygiene.review(**mine)", "conflicting", "verify the one that holds", "low confidence", "0.30")
    assert saw('kind="never_recalled"', "The docs are in the repo.", "never recalled")
    assert saw("store.hygiene.sweep", "what a sweep would do", "desks", "pruned", "below the floor")
    assert saw("report.rows()", "pruned", "The office has 40 desks", "may hold 5 live memories")
    assert saw("store.audit.explain", "Lisbon", "words it shares", "left out", "Berlin", "superseded")
    assert saw("store.audit.entries", "added", "thursday")


async def test_time_travel_shows_what_each_branch_taught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = await run_notebook("03_time_travel", tmp_path, monkeypatch)

    def saw(source: str, *words: str) -> bool:
        return re.search(".*".join(words), _below(notebook, source), re.DOTALL) is not None

    assert saw("turns_of", "database is MySQL.", "uses MySQL", "My sister is called Mia.", "called Mia")
    assert saw("pd.date_range", "10:30", "Berlin", "PostgreSQL", "14:30", "Hamburg", "MySQL", "Slack")
    assert saw(
        'retract_branch("work", owner_id=ana.owner_id, dry_run=True)',
        "would do",
        "removed",
        "Mia",
        "holds again",
        "PostgreSQL",
    )
    assert saw('"work", owner_id=ana.owner_id)', "taken back", "removed", "Mia", "holds again", "PostgreSQL")
    assert saw("store.list_memories(owner_id=ana.owner_id)", "Teams", "PostgreSQL", "Hamburg")
    assert _plots(notebook) == 1


async def test_what_reaches_the_model_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = await run_notebook("04_what_reaches_the_model", tmp_path, monkeypatch)

    def figures(name: str) -> list[float]:
        shown = re.search(rf"{name}\D*((?:[\d.]+\s*){{3}})", _below(notebook, "ablations.set_index"))
        assert shown is not None
        return [float(one) for one in shown[1].split()]

    everything, needed = figures("everything known"), figures(r"needed \(RetrievalNode\)")
    assert "birthday is on 3 May" in _below(notebook, "needed=True, pinned=10, limit=8)\nreplace")
    assert re.search(r"\[human\] <memories>.*is called Mia", _below(notebook, "build_prompt(state"), re.DOTALL)
    assert everything[0] == 1.0
    assert needed[0] > 0.8
    assert needed[1] < everything[1] / 5
    assert needed[2] < everything[2] / 5
    assert _plots(notebook) == 3


async def test_an_audit_of_an_invented_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = await run_notebook("05_audit", tmp_path, monkeypatch)

    assert re.search(r"4 memories contradict others", _below(notebook, "memory.diagnose"))
    assert re.search(r"event.*fact.*preference.*rule", _below(notebook, "known.groupby"), re.DOTALL)
    assert "The on-call number is" in _below(notebook, "store.hygiene.conflicts")
    assert "live memories were in none of" in _below(notebook, 'kind="recall"')
    assert "conflicting" in _below(notebook, "store.hygiene.review")
    assert re.search(r"Rule 13.*Rule 8", _below(notebook, 'filter={"memory_type": "rule"'), re.DOTALL)
    assert "Mia lives in" in _below(notebook, 'filter={"slot": "home."}')
    assert _plots(notebook) == 2


async def test_an_audit_of_a_real_file_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "mine.db"
    with open_memory(file) as memory:
        memory.store.remember("Ana lives in Lisbon.", owner_id="ana", slot="home.ana")
        memory.store.recall("Where does Ana live?", owner_id="ana")
        before = list(memory.admin.export())
    monkeypatch.setenv("LANGGRAPH_MEMORY_AUDIT", str(file))
    monkeypatch.setenv("LANGGRAPH_MEMORY_AUDIT_OWNER", "ana")

    notebook = await run_notebook("05_audit", tmp_path, monkeypatch)

    assert "Ana lives in Lisbon." in _below(notebook, 'filter={"slot": "home."}')
    with open_memory(file) as memory:
        assert list(memory.admin.export())[1:] == before[1:]


async def test_an_extractor_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = await run_notebook("06_your_own_extractor", tmp_path, monkeypatch)

    shown = _below(notebook, "table.round(2)")
    rules, ten, everything = (
        [float(one) for one in re.search(rf"{name}\s+((?:[\d.]+\s*){{4}})", shown)[1].split()]  # type: ignore[index]
        for name in ("rules", "ten lines", "everything")
    )
    assert rules[2] > ten[2]
    assert rules[2] > everything[2]
    assert rules[3] <= ten[3] < everything[3]
    assert "hunter2" not in _below(notebook, "PromotionReport.table(results")
    assert _plots(notebook) == 1
