"""What a killed process leaves behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

DRIVER = Path(__file__).with_name("thread_processes.py")


def test_every_acknowledged_checkpoint_survives_three_hundred_kills(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", str(DRIVER), "kill", str(tmp_path / "memory.db"), "300"]

    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)

    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 300, "the writers were killed before they wrote anything"
