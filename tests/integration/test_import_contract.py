"""The import contract is one that breaks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(
        [*command, "--no-cache"], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.fixture
def house(tmp_path: Path) -> Path:
    shutil.copytree(
        ROOT / "langgraph_memory", tmp_path / "langgraph_memory", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_house_keeps_its_contract(house: Path) -> None:
    told = lint_imports(house)

    assert told.returncode == 0, told.stdout


@pytest.mark.parametrize(
    ("room", "forbidden"),
    [
        ("operations/items.py", "import sqlite3"),
        ("domain/memory.py", "import langgraph_memory.store"),
        ("effects/effect.py", "import langgraph_memory.domain.memory"),
        ("store/curated.py", "import langgraph_memory.engine.sqlite.engine"),
        ("store/curated.py", "import psycopg"),
        ("operations/recall.py", "import psycopg"),
        ("engine/postgres/migrate.py", "import langgraph_memory.engine.sqlite.migrate"),
        ("extract/rules.py", "import langchain_core"),
        ("extract/model.py", "import langgraph.graph"),
        ("nodes/retrieval.py", "import langgraph_memory.effects.transaction"),
        ("agents.py", "import langgraph_memory.store"),
        ("tools.py", "import langgraph_memory.domain.scope"),
    ],
)
def test_a_forbidden_import_breaks_it(house: Path, room: str, forbidden: str) -> None:
    file = house / "langgraph_memory" / room
    file.write_text(f"{file.read_text(encoding='utf-8')}\n{forbidden}\n", encoding="utf-8")

    told = lint_imports(house)

    assert told.returncode == 1
    assert "BROKEN" in told.stdout
