"""The tasks: `nox -f .ci/noxfile.py -s lint types tests`; `-l` lists them.

They run in the environment that nox is installed in (`pip install -e '.[dev]'`), but for `release`, which makes a clean
one for each Python.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import nox

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]

for installed in (Path.home() / ".pyenv" / "versions").glob("3.*/bin"):  # which are on no PATH
    os.environ["PATH"] += f"{os.pathsep}{installed}"

nox.needs_version = ">=2024.4.15"
nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "types", "imports", "docs", "tests"]


@nox.session
def lint(session: nox.Session) -> None:
    """Look for what ruff knows to be wrong, and for what is not formatted."""
    session.chdir(ROOT)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types, strictly."""
    session.chdir(ROOT)
    session.run("mypy")


@nox.session
def imports(session: nox.Session) -> None:
    """Check the direction of imports."""
    session.chdir(ROOT)
    session.run("lint-imports")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site into build/site; a link that leads nowhere is an error."""
    session.chdir(ROOT)
    session.run("mkdocs", "build", "--strict", "--quiet", "-f", ".ci/mkdocs.yml", env={"NO_MKDOCS_2_WARNING": "1"})


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests, or those that are named behind `--`, in as many processes as the environment says."""
    session.chdir(ROOT)
    workers = os.environ.get("LANGGRAPH_MEMORY_TEST_WORKERS")
    parallel = ["-n", workers, "--dist", "worksteal"] if workers else []
    session.run("pytest", "-q", *parallel, *session.posargs)


@nox.session
def benches(session: nox.Session) -> None:
    """Print the figures that the README and the guides quote, or those of the benchmarks named behind `--`."""
    session.chdir(ROOT)
    for name in session.posargs or ["bench_threads", "recall_speed"]:
        session.run("python", "-m", f"tests.bench.{name}")


@nox.session(venv_backend="venv")
def build(session: nox.Session) -> None:
    """Build the source distribution, and the wheel from it, into dist."""
    session.chdir(ROOT)
    shutil.rmtree(DIST, ignore_errors=True)
    session.install("build")
    session.run("python", "-m", "build", "--outdir", str(DIST))


@nox.session(python=PYTHONS, venv_backend="venv")
def release(session: nox.Session) -> None:
    """Install the wheel that `build` made in a clean environment; run the demo and the tests of the public surface."""
    wheels = list(DIST.glob("*.whl"))
    if len(wheels) != 1:
        session.error("dist holds no wheel, or several: run the session build first")
    session.install(str(wheels[0]), "pytest")
    with TemporaryDirectory() as outside:  # so that what is imported is the wheel, not this checkout
        session.chdir(outside)
        session.run("langgraph-memory", "--version")
        session.run("langgraph-memory", "demo", "--db", "demo.db")
        session.run("langgraph-memory", "guide")
        shutil.copy(ROOT / "tests" / "unit" / "test_public_surface.py", outside)
        session.run("pytest", "-q", "-p", "no:cacheprovider", "test_public_surface.py")
        session.chdir(ROOT)
