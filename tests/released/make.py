"""Writes the databases of this version, to be kept for ever: `python -m tests.released.make`.

Run it when a version is released, after its number is set in `langgraph_memory/__init__.py`. A version that the
changelog calls released is not written again.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from langgraph_memory import __version__, open_memory
from langgraph_memory.testing import FakeClock
from tests.postgres_server import PostgresServer, programs
from tests.released.contents import FOLDER, is_released, tell


def write_sqlite(target: Path) -> None:
    """Write a file of this version."""
    with TemporaryDirectory() as folder:
        path, clock = Path(folder) / "memory.sqlite", FakeClock()
        with open_memory(path, clock=clock) as memory:
            tell(memory, clock)
        shutil.copy(path, target)


def write_postgres(target: Path) -> None:
    """Write the SQL of a PostgreSQL database of this version; its server programs must be installed."""
    folder = programs()
    if folder is None:
        sys.exit("PostgreSQL's server programs are needed to write the database of a release.")
    server, clock = PostgresServer(folder), FakeClock()
    try:
        server.start()
        url = server.new_database()
        with open_memory(url, clock=clock) as memory:
            tell(memory, clock)
        dump = [str(folder / "pg_dump"), "--inserts", "--no-owner", "--no-privileges", url]
        text = subprocess.run(dump, capture_output=True, text=True, check=True).stdout
    finally:
        server.remove()
    target.write_text(re.sub(r"^\\(un)?restrict .*\n", "", text, flags=re.MULTILINE), encoding="utf-8")


if __name__ == "__main__":
    if is_released(__version__):
        sys.exit(f"{__version__} is released; its databases stay as they are.")
    place = FOLDER / __version__
    place.mkdir(exist_ok=True)
    write_sqlite(place / "memory.sqlite")
    write_postgres(place / "memory.sql")
