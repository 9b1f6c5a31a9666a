"""Detectors of secrets that other projects keep, for `GuardPolicy(detectors=...)`."""

from __future__ import annotations

import json
import logging
import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from langgraph_memory.errors import MissingExtraError


class CredSweeperDetector:
    """Ask CredSweeper, which knows about 150 kinds of keys, tokens and passwords and validates the doubtful ones.

        guard = GuardPolicy(detectors=(CredSweeperDetector(),))
        with open_memory("assistant.db", guard=guard) as memory: ...

    Making one loads the library and its model: two seconds of CPU time and 200 MB. Make it once and share it, for it
    may be asked from any thread. To ask it takes about 0.1 ms, and no network, process, file or log has part in it.

    Raises MissingExtraError without the extra `secrets`.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sweeper = _loaded()

    def __call__(self, text: str) -> str | None:
        """Return the name of the first secret in `text`, or None."""
        with self._lock, _silence:
            return next(self._sweeper.found(text.splitlines()), None)


class _Silence(logging.Filter):
    """Drops what a thread logs while it is inside; CredSweeper logs the lines and values it looks at."""

    def __init__(self) -> None:
        super().__init__()
        self._inside = threading.local()

    def __enter__(self) -> None:
        self._inside.now = True

    def __exit__(self, *error: object) -> None:
        self._inside.now = False

    def filter(self, record: logging.LogRecord) -> bool:
        return not getattr(self._inside, "now", False)

    def cover(self, package: str) -> None:
        """Cover every logger of a package: a filter does not reach the loggers below its own."""
        for name in list(logging.root.manager.loggerDict):
            if name == package or name.startswith(f"{package}."):
                logging.getLogger(name).addFilter(self)


_silence = _Silence()


@dataclass(frozen=True, slots=True)
class _Sweeper:
    """The parts of CredSweeper that look at lines: its own class starts a process as soon as it is made."""

    scanner: Any
    provider: Any
    grouping: Any
    validator: Any

    def found(self, lines: list[str]) -> Iterator[str]:
        """Yield the names of the secrets in `lines`."""
        grouping = self.grouping()
        grouping.set_credentials(self.scanner.scan(self.provider(lines)))
        grouping.purge_duplicates()
        for key, candidates in grouping.group_credentials().items():
            sure = [one for one in candidates if not one.use_ml]
            if sure or self._valid(key, candidates):
                yield (sure or candidates)[0].rule_name

    def _valid(self, key: Any, candidates: list[Any]) -> bool:
        valid, _ = self.validator.validate_groups([(key, candidates)], 1, None)
        return bool(valid[0])


def _loaded() -> _Sweeper:
    if find_spec("credsweeper") is None:
        raise MissingExtraError.of("CredSweeperDetector needs credsweeper", "secrets")
    with _quiet_import():
        sweeper = _assembled()
    _silence.cover("credsweeper")
    return sweeper


def _assembled() -> _Sweeper:
    from credsweeper import MlValidator, Severity, StringContentProvider, ThresholdPreset
    from credsweeper.app import APP_PATH
    from credsweeper.config.config import Config
    from credsweeper.credentials.credential_manager import CredentialManager
    from credsweeper.scanner.scanner import Scanner

    class Lines(StringContentProvider):  # type: ignore[misc, unused-ignore]
        """The deprecated class without a warning for each text."""

    class Grouping(CredentialManager):  # type: ignore[misc, unused-ignore]
        """The candidates of one text; the original starts a process to hold none."""

        def __init__(self) -> None:
            self.candidates: list[Any] = []

    settings = json.loads((APP_PATH / "secret" / "config.json").read_text(encoding="utf-8"))
    settings |= {"use_filters": True, "find_by_ext": False, "pedantic": False, "doc": False, "depth": 0}
    # what is merely informative is no secret: a UUID, the name of a bucket
    settings |= {"size_limit": None, "severity": Severity.LOW.value, "confidence": "weak"}
    validator = MlValidator(threshold=ThresholdPreset.medium, ml_threads_limit=1)
    return _Sweeper(Scanner(Config(settings), None), Lines, Grouping, validator)


@contextmanager
def _quiet_import() -> Iterator[None]:
    """Contain what importing CredSweeper does: warnings of its own, and GitPython's failing where there is no git."""
    asked = os.environ.get("GIT_PYTHON_REFRESH")
    os.environ["GIT_PYTHON_REFRESH"] = "quiet" if asked is None else asked
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        if asked is None:
            del os.environ["GIT_PYTHON_REFRESH"]
