"""PgBouncer between this package and the server, lending connections by the transaction."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pytest
from postgres_server import USER, PostgresServer, _free_port, as_owner
from support import one_sentence

from langgraph_memory import MemoryDatabase, open_memory
from langgraph_memory.errors import DatabaseError

BOUNCER = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
pytestmark = pytest.mark.skipif(BOUNCER is None, reason="pgbouncer is not installed")


@pytest.fixture
def proxied(postgres: PostgresServer, postgres_url: str) -> Iterator[str]:
    """The connection string of a new database by way of a proxy with three connections to it."""
    port = _free_port()
    with TemporaryDirectory(prefix="langgraph-memory-") as name:
        folder = Path(name)
        (folder / "users").write_text(f'"{USER}" "{postgres.password}"\n')
        (folder / "settings").write_text(
            f"[databases]\n* = host=127.0.0.1 port={postgres.port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
            f"listen_port = {port}\nunix_socket_dir =\nauth_type = scram-sha-256\nauth_file = {folder}/users\n"
            "pool_mode = transaction\ndefault_pool_size = 3\nserver_lifetime = 1\n"
        )
        for place in (folder, *folder.iterdir()):
            shutil.chown(place, "postgres") if as_owner([]) else None
        command = as_owner([str(BOUNCER), str(folder / "settings")])
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as bouncer:
            url = f"{postgres_url.rpartition('@')[0]}@127.0.0.1:{port}/{postgres_url.rpartition('/')[2]}"
            _await(url)
            yield url
            bouncer.terminate()


def _await(url: str) -> None:
    for _ in range(200):
        try:
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError:
            continue
        return
    raise RuntimeError("pgbouncer does not answer")


@pytest.mark.parametrize("options", [{}, {"schema": "mine"}], ids=["public", "schema"])
def test_everything_works_through_a_proxy_that_lends_connections_by_the_transaction(
    proxied: str, options: dict[str, Any]
) -> None:
    def work(memory: MemoryDatabase, owner: str) -> int:
        for number in range(15):
            memory.store.put((owner,), f"k{number}", {"n": number})
            memory.store.remember(f"fact {number} of {owner}", owner_id=owner, slot=f"s{number % 3}")
            assert memory.store.recall("fact", owner_id=owner)
            found = memory.store.get((owner,), f"k{number}")
            assert found is not None
            assert found.value == {"n": number}
        return len(memory.store.search((owner,), limit=100))

    with open_memory(proxied, prepare=False, **options) as memory, ThreadPoolExecutor(6) as pool:
        counts = list(pool.map(lambda number: work(memory, f"owner{number}"), range(6)))

    assert counts == [15] * 6


def test_without_the_option_for_it_a_proxy_is_named_in_a_sentence(proxied: str) -> None:
    def work(memory: MemoryDatabase, number: int) -> None:
        for key in range(20):
            memory.store.put((f"o{number}",), f"k{key}", {})

    with (
        pytest.raises(DatabaseError, match="open it with prepare=False") as caught,
        open_memory(proxied) as memory,
        ThreadPoolExecutor(6) as pool,
    ):
        list(pool.map(lambda number: work(memory, number), range(6)))
    one_sentence(caught.value)
