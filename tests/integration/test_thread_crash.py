"""What a killed process leaves behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

DRIVER = Path(__file__).with_name("thread_processes.py")


def test_every_acknowledged_checkpoint_survives_many_kills(database: str) -> None:
    kills, longest = ("40", "200") if "://" in database else ("100", "80")  # logging in to a server takes its time
    command = [sys.executable, "-W", "ignore", str(DRIVER), "kill", database, kills, longest]

    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)

    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= int(kills) // 2, "the writers were killed before they wrote anything"


def test_no_checkpoint_outlives_the_receipt_of_the_recall_before_it(database: str) -> None:
    longest = "200" if "://" in database else "80"
    command = [sys.executable, "-W", "ignore", str(DRIVER), "recall", database, "30", longest]

    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)

    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 15, "the processes were killed before they wrote anything"
