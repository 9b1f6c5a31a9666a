"""Runs what the README and the guides show: `python tests/pages.py PAGE...`, in a new folder for each page.

The blocks of a page run in order and share that folder, so that one block finds the file that another one wrote.

- `python`: runs as a program of its own, with warnings as errors. A comment `# > text` says what the lines before it
  print. A block with a `def test_` is run by pytest instead.
- `console`: each line that begins with `$ ` runs in a shell and must end with 0; the lines below it must be printed, in
  that order. `...` stands for anything. A last line `^C` stops a command that serves, once the lines before it are
  printed; `[exit N]` says that a command ends with N. A plain call of `langgraph-memory` runs in this process: to
  start another one takes most of the time of a page.
- `json` and `toml` must be readable.
- A block below a line that ends with a file name, as in "`extractor.py`:", is written to that file as well.

`pip install` is not run but checked against the extras that this package has; what it installs is tested when a
release is built. `pytest` without a file is this package's own suite, which cannot run itself: its tests are collected.
`DATABASE_URL` stands for the throwaway server's in the text of a page.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import tomllib
import traceback
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

ROOT = Path(__file__).parents[1]
GUIDES = ROOT / "langgraph_memory" / "guides"
PAGES = [ROOT / "README.md", *sorted(GUIDES.glob("*.md"))]
DATABASE_URL = "postgresql://app:secret@db.example.com/memory"
"""What pages call the database server; here a throwaway one takes its place."""
SERVER_VARIABLE = "PAGES_DATABASE_URL"
_LONGEST = 300
_OWN_SUITE = f"--collect-only -qq --rootdir={ROOT} -c {ROOT}/pyproject.toml {ROOT}/tests/unit"
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_NAMED = re.compile(r"`([\w./-]+\.\w+)`:\s*$")
_OWN_COMMAND = re.compile(r"langgraph-memory [^|&;<>$()`\\*?~#\n]*")
_PROMPT = re.compile(r"^\$ ", re.MULTILINE)


class PageError(AssertionError):
    """A block does not do what its page says."""


@dataclass(frozen=True)
class Block:
    """One fenced block of a page: its language, its text, the line it begins at, and the file it is written to."""

    language: str
    text: str
    line: int
    file: str | None

    @property
    def is_test(self) -> bool:
        """Whether pytest runs it."""
        return self.language == "python" and re.search(r"^(async )?def test_", self.text, re.MULTILINE) is not None


def blocks(text: str) -> list[Block]:
    """Return the fenced blocks of a page."""
    return [_block(text, found) for found in _BLOCK.finditer(text)]


def _block(text: str, found: re.Match[str]) -> Block:
    before = text[: found.start()]
    named = _NAMED.search(before.rstrip())
    return Block(found[1], found[2], before.count("\n") + 2, named[1] if named else None)


def run_page(page: Path, folder: Path) -> None:
    """Run the blocks of a page in a folder; raises `PageError` with the first that fails."""
    text = page.read_text(encoding="utf-8").replace(DATABASE_URL, os.environ.get(SERVER_VARIABLE, DATABASE_URL))
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    _put_commands_on_the_path(folder)
    for block in blocks(text):
        try:
            if block.file:
                _write(Path(block.file), block.text)
            RUNNERS[block.language](block)
        except Exception as error:
            said = str(error) if isinstance(error, PageError) else traceback.format_exc()
            raise PageError(f"{page.relative_to(ROOT)}:{block.line}: {said}") from error


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _put_commands_on_the_path(folder: Path) -> None:
    """Let `langgraph-memory` be this checkout's, installed or not, and let `pip` be `check_pip`."""
    commands = folder / ".commands"
    python = shlex.quote(sys.executable)
    programs = {
        "langgraph-memory": f'{python} -m langgraph_memory "$@"',
        "pip": f'{python} {shlex.quote(__file__)} --pip "$@"',
        "python": f'{python} "$@"',
        "pytest": f"{python} -m pytest -p no:cacheprovider {' '.join(_plugin())} ${{@:-{_OWN_SUITE}}}",
    }
    for name, line in programs.items():
        _write(commands / name, f"#!/usr/bin/env bash\nexec {line}\n")
        (commands / name).chmod(0o755)
    os.environ["PATH"] = f"{commands}{os.pathsep}{os.environ['PATH']}"
    os.environ["PYTHONPATH"] = str(ROOT)
    os.environ["COLUMNS"] = "160"


def _plugin() -> list[str]:
    """Return how pytest finds the plugin in a folder that is not installed."""
    from importlib.metadata import entry_points

    found = entry_points(group="pytest11", name="langgraph_memory")
    return [] if found else ["-p", "langgraph_memory.pytest_plugin"]


def _run_python(block: Block) -> None:
    if block.is_test:
        return _run_test(block)
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(block.text, f"<line {block.line}>", "exec"), vars(module))
    expect(re.findall(r"^\s*# > (.*)$", block.text, re.MULTILINE), printed.getvalue())
    return None


def _run_test(block: Block) -> None:
    name = block.file or f"test_line_{block.line}.py"
    _write(Path(name), block.text)
    _run_command(f"pytest -q {name}", [], 0)


def _run_console(block: Block) -> None:
    for part in _PROMPT.split(block.text)[1:]:
        command, *shown = _lines(part)
        if shown and shown[-1] == "^C":
            _run_until(command, shown[:-1])
            continue
        ending = re.fullmatch(r"\[exit (\d+)\]", shown[-1]) if shown else None
        _run_command(command, shown[:-1] if ending else shown, int(ending[1]) if ending else 0)


def _lines(part: str) -> Iterator[str]:
    """Yield a command, with what continues it, and the lines that are shown below it."""
    lines = part.rstrip("\n").split("\n")
    until = 1
    while lines[until - 1].endswith("\\") or _is_open(lines[:until]):
        until += 1
    yield "\n".join(lines[:until])
    yield from lines[until:]


def _is_open(lines: list[str]) -> bool:
    """Return whether a here-document has begun and not ended."""
    begun = re.search(r"<<'?(\w+)'?", lines[0])
    return bool(begun) and lines[-1] != begun[1]


def _run_command(command: str, shown: list[str], ending: int) -> None:
    ended, printed = _run_own(command) if _OWN_COMMAND.fullmatch(command) else _run_shell(command)
    if ended != ending:
        raise PageError(f"$ {command}\nended with {ended}:\n{printed}")
    expect(shown, printed)


def _run_own(command: str) -> tuple[int, str]:
    from typer.testing import CliRunner

    from langgraph_memory.cli import app

    result = CliRunner().invoke(app, shlex.split(command)[1:])
    return result.exit_code, result.output


def _run_shell(command: str) -> tuple[int, str]:
    with _started(command) as run:
        assert run.stdout is not None
        printed = run.stdout.read()
    return run.returncode, printed


def _run_until(command: str, shown: list[str]) -> None:
    """Run a command that serves, until it has printed some lines."""
    with _started(command) as run:
        assert run.stdout is not None
        printed = _read_until(run.stdout, shown)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(run.pid, signal.SIGINT)
    expect(shown, printed)


@contextlib.contextmanager
def _started(command: str) -> Iterator[subprocess.Popen[str]]:
    """Start a command in a group of its own, which is killed when it takes too long, and wait for its end."""
    with subprocess.Popen(
        ["bash", "-euo", "pipefail", "-c", command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as run:
        too_long = threading.Timer(_LONGEST, os.killpg, (run.pid, signal.SIGKILL))
        too_long.start()
        try:
            yield run
            run.wait()
        finally:
            too_long.cancel()


def _read_until(stream: IO[str], shown: list[str]) -> str:
    printed = ""
    for line in stream:
        printed += line
        with contextlib.suppress(PageError):
            expect(shown, printed)
            break
    return printed


def expect(shown: list[str], printed: str) -> None:
    """Raise unless the lines that a page shows were printed, in that order."""
    rest = iter(_spaced(line) for line in printed.splitlines())
    for line in filter(None, map(_spaced, shown)):
        wanted = re.compile(".*".join(re.escape(part) for part in line.split("...")))
        if line != "..." and not any(wanted.search(found) for found in rest):
            raise PageError(f"the page shows\n    {line}\nbut what was printed is\n{printed}")


def _spaced(line: str) -> str:
    return " ".join(line.split())


def _nothing(block: Block) -> None:
    """Run nothing of a block that is there to be looked at."""


RUNNERS: dict[str, Callable[[Block], None]] = {
    "python": _run_python,
    "console": _run_console,
    "json": lambda block: json.loads(block.text),
    "toml": lambda block: tomllib.loads(block.text),
    "ini": _nothing,
    "markdown": _nothing,
    "text": _nothing,
}


def check_pip(arguments: list[str]) -> None:
    """Raise unless what `pip install` is asked for exists: this package, with extras that it has."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert arguments[0] == "install", arguments
    for wanted in [word for word in arguments[1:] if not word.startswith("-")]:
        name, _, extras = wanted.rstrip("]").partition("[")
        assert name in {".", project["name"]}, f"{name} is not this package"
        assert set(filter(None, extras.split(","))) <= set(project["optional-dependencies"]), f"no extra {extras}"


def main(arguments: list[str]) -> None:
    """Run pages, or check what `pip` was asked for."""
    if arguments[0] == "--pip":
        return check_pip(arguments[1:])
    for page in arguments:
        with TemporaryDirectory(prefix="langgraph-memory-page-") as folder:
            run_page(Path(page).resolve(), Path(folder))
            os.chdir(ROOT)
    return None


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except PageError as failed:
        sys.exit(str(failed))
