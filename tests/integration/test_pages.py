"""What the README and the guides show runs, and what they name is there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pages import DATABASE_URL, GUIDES, PAGES, ROOT, SERVER_VARIABLE, PageError, blocks, expect
from typer.main import get_command
from typer.testing import CliRunner, Result

import langgraph_memory
from langgraph_memory.cli import app

README = ROOT / "README.md"
TEXTS = {page.name: page.read_text(encoding="utf-8") for page in PAGES}
WITH_SERVER = [page for page in PAGES if DATABASE_URL in TEXTS[page.name]]
WITHOUT = [page for page in PAGES if page not in WITH_SERVER]


def run(page: Path, folder: Path, server: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run a page in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), SERVER_VARIABLE: server or DATABASE_URL}
    command = [sys.executable, "-W", "error", str(ROOT / "tests" / "pages.py"), str(page)]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=600
    )


@pytest.mark.parametrize("page", WITHOUT, ids=lambda page: page.stem)
def test_a_page_runs_from_top_to_bottom(page: Path, tmp_path: Path) -> None:
    ended = run(page, tmp_path)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("page", WITH_SERVER, ids=lambda page: f"{page.stem}-postgres")
def test_a_page_with_a_server_runs_from_top_to_bottom(page: Path, tmp_path: Path, postgres_url: str) -> None:
    ended = run(page, tmp_path, postgres_url)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("```python\nprint(1)\n# > 2\n```\n", "the page shows"),
        ("```python\n1 / 0\n```\n", "ZeroDivisionError"),
        ("```python\ndef test_it():\n    assert False\n```\n", "ended with 1"),
        ("```console\n$ false\n```\n", "ended with 1"),
        ("```console\n$ echo a\nb\n```\n", "the page shows"),
        ("```console\n$ pip install '.[nothing]'\n```\n", "no extra nothing"),
        ("```ruby\nputs 1\n```\n", "KeyError: 'ruby'"),
    ],
)
def test_a_page_that_does_not_hold_is_named_with_the_line(body: str, said: str, tmp_path: Path) -> None:
    page = ROOT / "build" / f"{tmp_path.name}.md"
    page.parent.mkdir(exist_ok=True)
    page.write_text(f"# A page\n\n{body}")
    try:
        ended = run(page, tmp_path)
    finally:
        page.unlink()

    assert ended.returncode == 1
    assert ended.stderr.startswith(f"build/{page.name}:4: ")
    assert said in ended.stderr


def test_what_a_page_shows_is_printed_in_that_order() -> None:
    expect(["a ... c", "...", "d"], "a b c\nx\nd\n")
    with pytest.raises(PageError):
        expect(["d", "a"], "a\nd\n")


@pytest.mark.parametrize("page", TEXTS)
def test_every_command_of_the_package_that_a_page_names_is_there(page: str) -> None:
    root = get_command(app)
    for words in re.findall(r"(?<![\w/-])langgraph-memory ((?:[a-z][a-z-]* ?)+)", _code(TEXTS[page])):
        _find(root, words.split())


def _code(text: str) -> str:
    """Return the code of a page, in blocks and in sentences."""
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))
    return "\n".join([*(block.text for block in blocks(text)), *inline])


def _find(command: object, words: list[str]) -> None:
    """Follow words down a tree of commands, as far as it has groups."""
    commands = getattr(command, "commands", None)
    if commands and words:
        assert words[0] in commands, f"langgraph-memory {' '.join(words)}"
        _find(commands[words[0]], words[1:])


@pytest.mark.parametrize("page", TEXTS)
def test_every_module_and_script_that_a_page_names_is_there(page: str) -> None:
    for module in re.findall(r"python -m (tests[\w.]+)", TEXTS[page]):
        assert (ROOT / f"{module.replace('.', '/')}.py").exists(), module
    for path in re.findall(r"(?<![\w/])(?:tests|notebooks|graphs|\.ci)/[\w/.-]*\w", TEXTS[page]):
        assert (ROOT / path).exists(), path
    for name in re.findall(r"from langgraph_memory import (?:\(([^)]*)\)|(.+))", TEXTS[page]):
        assert {part.strip() for part in "".join(name).split(",") if part.strip()} <= set(langgraph_memory.__all__)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_to_a_file_leads_to_one(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", TEXTS[page.name]):
        assert (page.parent / target).exists(), target


def test_the_readme_is_read_in_one_sitting() -> None:
    assert len(TEXTS["README.md"].splitlines()) <= 200


def test_every_error_and_warning_has_its_entry_in_troubleshooting() -> None:
    from langgraph_memory import errors

    own = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, Exception) and value.__module__ == errors.__name__
    }
    entries = re.findall(r"^### (\w+)$", TEXTS["troubleshooting.md"], re.MULTILINE)

    assert sorted(entries) == sorted(own)


def test_guides_are_listed_and_read_from_the_command_line() -> None:
    listed = command("guide")
    named = json.loads(command("guide", "--json").stdout)

    assert [one["name"] for one in named] == sorted(page.stem for page in GUIDES.glob("*.md"))
    assert all(one["name"] in listed.stdout and one["title"] in listed.stdout for one in named)
    assert command("guide", "testing").stdout == TEXTS["testing.md"]


def test_a_guide_that_is_not_there_is_named_with_those_that_are() -> None:
    ended = command("guide", "nothing")

    assert ended.exit_code == 1
    assert "there is no guide 'nothing'; the guides are" in ended.stderr
    assert "troubleshooting" in ended.stderr


def command(*words: str) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(app, words)
