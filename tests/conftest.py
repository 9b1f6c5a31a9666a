"""Fixtures that every test may use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")  # no test depends on how fast the machine is

pytest.register_assert_rewrite("support", "store_contract")

from databases import Databases, PostgresDatabases, SqliteDatabases, template_on  # noqa: E402
from postgres_server import REQUIRED, PostgresServer, programs  # noqa: E402
from support import BagOfWords, Clock  # noqa: E402

STARTED: list[PostgresServer] = []
"""The server of this test run, once a test has asked for it."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Skip what needs pgvector where there is none."""
    with skipped_without_vector():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Skip what needs pgvector where there is none."""
    with skipped_without_vector():
        return (yield)


@contextmanager
def skipped_without_vector() -> Iterator[None]:
    """Skip, and say so, what needs pgvector on a server that does not have it."""
    try:
        yield
    except Exception as error:
        if not names_vector(error) or not STARTED or STARTED[0].has_vector:
            raise
        pytest.skip("PostgreSQL has no pgvector here, so what needs it on the server did not run")


def names_vector(error: BaseException | None) -> bool:
    """Return whether an error, or one that it came from, is about the extension."""
    return error is not None and ("vector" in str(error) or names_vector(error.__cause__ or error.__context__))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse names that differ between processes: several of them share the tests by their names."""
    for item in items:
        assert " at 0x" not in item.nodeid, f"{item.nodeid} names an address; let support.shown make the id."


@pytest.fixture
def path() -> Iterator[str]:
    """The path of a database file that is not there yet; on a file system in memory where there is one, for speed."""
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with TemporaryDirectory(prefix="langgraph-memory-", dir=place) as folder:
        yield str(Path(folder) / "memory.db")


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still until the test moves it."""
    return Clock()


@pytest.fixture
def embed() -> BagOfWords:
    """An embedder that needs no model."""
    return BagOfWords()


@pytest.fixture(params=["sync", "async"])
def mode(request: pytest.FixtureRequest) -> str:
    """Both ways to call a store."""
    return str(request.param)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server of this test run's own; without its programs the tests that need it are skipped."""
    folder = programs()
    if folder is None:
        reason = "PostgreSQL's server programs are not installed, so its half of the tests did not run"
        pytest.fail(reason) if os.environ.get(REQUIRED) == "1" else pytest.skip(reason)
    server = PostgresServer(folder)
    try:
        server.start()
        STARTED[:] = [server]
        yield server
    finally:
        server.remove()


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """The connection string of a new, empty PostgreSQL database."""
    url = postgres.new_database()
    yield url
    postgres.drop_database(url)


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresServer) -> str:
    """The name of a database that is set up and has pgvector, to be copied."""
    return template_on(postgres)


@pytest.fixture
def postgres_databases(postgres: PostgresServer, postgres_template: str) -> Iterator[PostgresDatabases]:
    """Makes databases of PostgreSQL."""
    made = PostgresDatabases(postgres, postgres_template)
    yield made
    made.drop()


@pytest.fixture(params=["sqlite", "postgres"])
def databases(request: pytest.FixtureRequest) -> Iterator[Databases]:
    """Makes databases of either engine: a test that takes it runs on both."""
    if request.param == "sqlite":
        yield SqliteDatabases(Path(request.getfixturevalue("path")))
        return
    yield request.getfixturevalue("postgres_databases")


@pytest.fixture
def database(databases: Databases) -> str:
    """The connection string of a new, empty database of either engine."""
    return databases.new()
