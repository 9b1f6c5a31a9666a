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


def test_no_checkpoint_outlives_the_receipt_of_the_recall_before_it(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", str(DRIVER), "recall", str(tmp_path / "memory.db"), "60"]

    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)

    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 60, "the processes were killed before they wrote anything"
