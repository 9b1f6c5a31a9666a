"""What the README says of LangGraph's own classes is so, of the version that is installed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from bench.beside_upstream import QUESTIONS, answer, ours, upstream

upstream_adapts_datetimes = pytest.mark.filterwarnings("ignore:The default datetime adapter:DeprecationWarning")
"""Upstream's store binds datetimes as they are, which Python has deprecated since 3.12."""


@upstream_adapts_datetimes
@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.__name__)
def test_this_package_does_what_upstream_does_not(question: Callable[[Any, Any], bool]) -> None:
    assert answer(question, ours)
    assert not answer(question, upstream), "upstream does so too now: take it out of the README"


def test_postgres_saver_prunes_and_copies_no_thread() -> None:
    from langgraph.checkpoint.base import BaseCheckpointSaver
    from langgraph.checkpoint.postgres import PostgresSaver

    assert PostgresSaver.prune is not BaseCheckpointSaver.prune
    assert PostgresSaver.copy_thread is BaseCheckpointSaver.copy_thread
    assert PostgresSaver.delete_for_runs is BaseCheckpointSaver.delete_for_runs
