"""A throwaway PostgreSQL server on loopback, for the tests and the benchmarks."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

REQUIRED = "LANGGRAPH_MEMORY_REQUIRE_POSTGRES"
"""Set it to 1 where a missing server is a failure and not a skip."""
USER = "tester"
_PLACES = ("/usr/lib/postgresql", "/usr/local/lib/postgresql")
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "120",
    "fsync": "off",  # it stands for an orderly machine; what is tested is a killed server or backend, not a power loss
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "autovacuum_naptime": "10s",
    "log_min_messages": "fatal",
}


_CARETAKER = """
import shutil, subprocess, sys
sys.stdin.read()
folder, *stop = sys.argv[1:]
subprocess.run(stop, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
shutil.rmtree(folder, ignore_errors=True)
"""
"""Outlives the process that started a server, however that ends, and then stops the server and removes its folder."""


def as_owner(command: list[str]) -> list[str]:
    """Return a command as another user than root, who may not run PostgreSQL's programs."""
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else command


def programs() -> Path | None:
    """Return the folder of PostgreSQL's newest server programs here, or None."""
    found = shutil.which("pg_config")
    named = subprocess.run([found, "--bindir"], capture_output=True, text=True, check=True).stdout if found else ""
    folders = [Path(named.strip())] if named else []
    for place in _PLACES:
        folders += sorted(Path(place).glob("*/bin"), key=lambda folder: folder.parent.name, reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


class PostgresServer:
    """One cluster in a folder of its own; `start`, `stop` and `restart` it, and `remove` it at the end."""

    def __init__(self, bindir: Path, *, place: str | None = None, **settings: str) -> None:
        in_memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self._bindir = bindir
        self._folder = Path(mkdtemp(prefix="langgraph-memory-pg-", dir=place or in_memory))
        self._settings = {**_SETTINGS, **settings}
        self._databases = 0
        self._administrator: Any = None
        self.data = self._folder / "data"
        self.port = _free_port()
        self.password = secrets.token_hex(8)
        self._own(self._folder)
        password_file = self._folder / "password"
        password_file.write_text(self.password)
        self._own(password_file)
        self._fill(password_file)
        stop = self._command("pg_ctl", "-m", "immediate", "stop")
        command = [sys.executable, "-c", _CARETAKER, str(self._folder), *stop]
        self._caretaker = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)

    @property
    def has_vector(self) -> bool:
        """Whether the server has pgvector to be installed into a database."""
        import psycopg

        with psycopg.connect(self.url()) as connection:
            found = connection.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'").fetchone()
        return found is not None

    def _fill(self, password_file: Path) -> None:
        self._program("initdb", "-U", USER, "-A", "scram-sha-256", "--pwfile", str(password_file), "-E", "UTF8",
                      "--locale=C.UTF-8", "--no-sync")  # fmt: skip

    def url(self, database: str = "postgres") -> str:
        """Return the connection string of a database."""
        return f"postgresql://{USER}:{self.password}@127.0.0.1:{self.port}/{database}"

    def new_database(self, template: str = "template1") -> str:
        """Create a database and return its connection string."""
        self._databases += 1
        name = f"test_{self._databases}"
        self._administer(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Drop a database that `new_database` made, whoever is still connected."""
        self._administer(f'DROP DATABASE IF EXISTS "{url.rpartition("/")[2]}" WITH (FORCE)')

    def _administer(self, command: str) -> None:
        """Run a command on a connection that is kept: a login takes as long as the command, and each test has two."""
        import psycopg

        for attempt in (1, 2):
            if self._administrator is None:
                self._administrator = psycopg.connect(self.url(), autocommit=True)
            try:
                self._administrator.execute(command.encode())
                return
            except psycopg.OperationalError:  # it was lost with its server, or by a test that ends every connection
                if attempt == 2 or not self._administrator.broken:
                    raise
                self._leave()

    def _leave(self) -> None:
        if self._administrator is not None:
            self._administrator.close()
            self._administrator = None

    def start(self) -> None:
        """Start the server and wait until it answers."""
        settings = " ".join(f"-c {name}='{value}'" for name, value in {**self._settings, "port": self.port}.items())
        self._program("pg_ctl", "-w", "-t", "60", "-l", str(self._folder / "log"), "-o", settings, "start")

    def stop(self, mode: str = "fast", *, wait: bool = True) -> None:
        """Stop the server; `mode` "immediate" is a crash, and "smart" waits until nobody is connected."""
        self._leave()
        try:
            self._program("pg_ctl", "-w" if wait else "-W", "-t", "60", "-m", mode, "stop")
        except RuntimeError:
            if (self.data / "postmaster.pid").exists():  # else it has ended by itself meanwhile
                raise

    def promote(self) -> None:
        """Let a standby become a primary, and wait until it is one."""
        self._program("pg_ctl", "-w", "-t", "60", "promote")

    def restart(self, mode: str = "fast") -> None:
        """Stop the server and start it again at the same port."""
        self.stop(mode)
        self.start()

    def remove(self) -> None:
        """Stop the server when it runs, and remove its folder."""
        self._leave()
        if (self.data / "postmaster.pid").exists():
            self.stop("immediate")
        shutil.rmtree(self._folder, ignore_errors=True)
        self._caretaker.communicate()

    def _command(self, name: str, *arguments: str) -> list[str]:
        return as_owner([str(self._bindir / name), "-D", str(self.data), *arguments])

    def _program(self, name: str, *arguments: str) -> None:
        command = self._command(name, *arguments)
        done = subprocess.run(
            command, check=False, cwd=self._folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        if done.returncode:
            raise RuntimeError(f"{name} failed: {done.stderr.strip()}")

    def _own(self, path: Path) -> None:
        if os.geteuid() == 0:
            shutil.chown(path, "postgres")


class Standby(PostgresServer):
    """A copy of a running server that follows it and can only be read."""

    def __init__(self, primary: PostgresServer, bindir: Path) -> None:
        self._primary = primary
        super().__init__(bindir)
        self.password = primary.password

    def _fill(self, password_file: Path) -> None:
        url = self._primary.url().rpartition("/")[0]
        self._program("pg_basebackup", "-d", url, "-R", "-X", "stream", "--checkpoint=fast", "--no-sync")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
