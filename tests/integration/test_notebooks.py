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

    shown = {cell.source: _shown(cell) for cell in _code_cells(notebook)}

    def below(source: str) -> str:
        return next(text for code, text in shown.items() if source in code)

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
