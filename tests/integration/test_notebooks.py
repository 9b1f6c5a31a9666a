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

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
QUICKSTART = ROOT / "notebooks" / "01_quickstart.ipynb"
HYGIENE = ROOT / "notebooks" / "02_hygiene.ipynb"


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


async def _run(path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", ""))))
    monkeypatch.setenv("IPYTHONDIR", str(folder / "ipython"))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    notebook = nbformat.read(path, as_version=4)
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


async def test_the_quickstart_tells_the_story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = await _run(QUICKSTART, tmp_path, monkeypatch)

    def below(source: str) -> str:
        return _below(notebook, source)

    assert "keep in session" in below("Lovely weather")
    assert "sk-demo" not in below("Lovely weather")
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
    notebook = await _run(HYGIENE, tmp_path, monkeypatch)

    def saw(source: str, *words: str) -> bool:
        return re.search(".*".join(words), _below(notebook, source), re.DOTALL) is not None

    assert saw("The documentation is", "reinforced", r"The docs are in the repo\.")
    assert saw("source=pager", "conflict", "Teams", "in conflict", "Slack")
    assert saw("Where do deploys go?", "conflicts with: Deploys go to")
    assert saw("store.history(second", "Slack", "superseded", "Teams", "live")
    assert saw("I no longer use Vim.", "superseded", "The user uses Vim.")
    assert saw("store.jobs()", "tuesday", "waiting")
    assert saw("worker.run_once()", "lives in Berlin", "added", "worked off")
    assert saw("end_session", "Decided: Let's go with PostgreSQL. Open: I still need", "rules")
    assert saw("keep=before)", "what taking it back would do", "removed", "Paris", "holds again", "Berlin")
    assert saw("dry_run=False", "taken back", "removed", "Paris", "holds again", "Berlin")
    assert not saw("store.list_memories", "Paris|MySQL")
    assert saw('as_of="checkpoint"', "now → .*Lisbon", "then → .*Berlin")
    assert saw("store.review(**mine)", "conflicting", "verify the one that holds", "low confidence", "0.30")
    assert saw('kind="never_recalled"', "The docs are in the repo.", "never recalled")
    assert saw("store.sweep", "what a sweep would do", "desks", "pruned", "below the floor")
    assert saw("report.rows()", "pruned +The office has 40 desks", "may hold 5 live memories")
    assert saw("store.explain", "Lisbon", "words it shares", "left out", "Berlin", "superseded")
    assert saw("store.audit", "added", "thursday")
