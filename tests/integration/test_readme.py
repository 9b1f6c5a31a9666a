"""What the README says runs, runs."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def test_the_python_runs_in_order_and_prints_what_its_comments_say(tmp_path: Path) -> None:
    outputs = [
        subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        for code in blocks("python")
        if "def test_" not in code
    ]

    assert [(done.returncode, done.stderr) for done in outputs] == [(0, "")] * 5
    assert "From what I know: The user lives in Munich." in outputs[0].stdout
    assert "From what I know: The user lives in Munich." in outputs[1].stdout
    assert "fact home.city The user lives in Munich. I moved to Munich." in outputs[2].stdout
    assert "left out: The user lives in Munich. superseded" in outputs[2].stdout
    assert "checkpoints less" in outputs[3].stdout
    assert "['Friday is a holiday.']" in outputs[4].stdout
    assert "outside of this view" in outputs[4].stdout


def test_the_tests_pass(tmp_path: Path) -> None:
    (code,) = [code for code in blocks("python") if "def test_" in code]
    (tmp_path / "test_readme_tests.py").write_text(code)
    found = entry_points(group="pytest11", name="langgraph_memory")
    named = [] if found else ["-p", "langgraph_memory.pytest_plugin"]  # of a folder that is not installed
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *named]
    environment = {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=120
    )

    assert "1 passed" in done.stdout, done.stdout


def test_the_two_commands_install_what_exists() -> None:
    commands = blocks("console")[0]

    for extra in re.findall(r"\.\[(\w+)\]", commands):
        assert extra in PROJECT["optional-dependencies"]
    assert "langgraph-memory" in PROJECT["scripts"]


def test_every_name_it_imports_is_public() -> None:
    import langgraph_memory

    imported = re.findall(r"from langgraph_memory import (?:\(([^)]*)\)|(.+))", README)
    names = {name.strip() for part in imported for name in "".join(part).split(",") if name.strip()}

    assert names <= set(langgraph_memory.__all__)
    assert len(names) > 5
