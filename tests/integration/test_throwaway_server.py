"""The server that the tests start: none is left behind, however a test run ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from postgres_server import PostgresServer

PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from postgres_server import PostgresServer
server = PostgresServer(Path(sys.argv[2]))
server.start()
print(server.data.parent, (server.data / "postmaster.pid").read_text().split()[0], flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_a_terminated_run_leaves_no_server_and_no_folder_behind(postgres: PostgresServer, ending: int) -> None:
    tests = str(Path(__file__).parent.parent)
    command = [sys.executable, "-c", PROGRAM, tests, str(postgres._bindir)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        folder, server = run.stdout.readline().split()

        run.send_signal(ending)
        run.wait(timeout=60)

    deadline = time.monotonic() + 60
    while (Path(folder).exists() or is_running(int(server))) and time.monotonic() < deadline:
        time.sleep(0.05)  # of another process: there is nothing to wait for but its end
    assert not Path(folder).exists()
    assert not is_running(int(server))


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
