"""CredSweeper as a detector of the guard. Every token here is made up."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import pytest

from langgraph_memory import open_memory
from langgraph_memory.detectors import CredSweeperDetector
from langgraph_memory.domain.guard import GuardPolicy, refuse

UTTERANCES = Path(__file__).parents[1] / "data" / "utterances.jsonl"
FLICKER = "mfa_token: " + "qJZxvhLmPw" + "RtyQKdTsVb"
FOUND = {
    "an assignment": f"In the pipeline, {FLICKER} is set.",
    "a header": "Use Authorization: Basic " + "c3ZjOkZ4OVI3" + "dFExUGs0TnZC",
    "a token on a later line": "Notes:\n\n  deploy with SECRET_TOKEN=" + "a9Xk2Lm8Qw" + "Zr41Tp",
}
needs_credsweeper = pytest.mark.skipif(find_spec("credsweeper") is None, reason="needs the extra: secrets")


@pytest.fixture(scope="module")
def detector() -> CredSweeperDetector:
    return CredSweeperDetector()


def run(script: str) -> subprocess.CompletedProcess[str]:
    """Run a script in a fresh interpreter where every warning is an error."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False
    )


@needs_credsweeper
@pytest.mark.parametrize("text", FOUND.values(), ids=FOUND)
def test_it_finds_secrets_and_names_their_kind(detector: CredSweeperDetector, text: str) -> None:
    found = detector(text)

    assert found is not None
    assert not any(word in found for word in text.replace("=", " ").split() if len(word) > 13)


@needs_credsweeper
def test_what_is_worth_remembering_is_not_refused(detector: CredSweeperDetector) -> None:
    lines = [json.loads(line) for line in UTTERANCES.read_text(encoding="utf-8").splitlines()]
    worth = [line["text"] for line in lines if line["expect"]]

    assert len(worth) > 400
    assert [text for text in worth if detector(text) is not None] == []


@needs_credsweeper
@pytest.mark.parametrize(
    "text",
    [
        "My ticket is 123e4567-e89b-42d3-a456-426614174000.",
        "The commit that broke it is 9fceb02d0ae598e95dc970b74767f19372d61af8.",
        "The cache key is user:{id}:profile, the token budget 4000.",
        "The secret of the sauce: butter and patience.",
        "Our bucket is acme-backups.s3.amazonaws.com",
        "",
        "\n\n",
    ],
)
def test_what_only_looks_technical_is_not_refused(detector: CredSweeperDetector, text: str) -> None:
    assert detector(text) is None


@needs_credsweeper
def test_a_database_refuses_what_it_finds_and_keeps_no_byte_of_it(path: str, detector: CredSweeperDetector) -> None:
    text = FOUND["an assignment"]
    assert refuse(text) is None

    with open_memory(path, guard=GuardPolicy(detectors=(detector,))) as memory:
        outcome = memory.store.remember(text, owner_id="ada")

    assert (outcome.action, (outcome.reason or "").split(":")[0]) == ("refused", "secret")
    written = b"".join(file.read_bytes() for file in Path(path).parent.iterdir() if file.is_file())
    assert FLICKER.rsplit(maxsplit=1)[-1].encode() not in written


@needs_credsweeper
def test_it_logs_and_prints_nothing_however_much_is_logged(
    detector: CredSweeperDetector, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    loggers = [name for name in logging.root.manager.loggerDict if name.startswith("credsweeper.")]
    assert loggers
    for name in loggers:
        caplog.set_level(1, logger=name)
    caplog.set_level(1)

    found = [detector(text) for text in FOUND.values()]

    assert None not in found
    assert caplog.records == []
    assert capfd.readouterr() == ("", "")


@needs_credsweeper
def test_what_others_log_meanwhile_is_not_lost(detector: CredSweeperDetector, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(1)
    detector(FOUND["a header"])

    logging.getLogger("credsweeper.app").warning("an app's own use of it")

    assert caplog.messages == ["an app's own use of it"]


@needs_credsweeper
def test_it_may_be_asked_from_many_threads(detector: CredSweeperDetector) -> None:
    texts = [*FOUND.values(), "I like tea", "We ship on Fridays"] * 40
    alone = [detector(text) for text in texts]

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(detector, texts))

    assert together == alone


@needs_credsweeper
def test_it_forks_nothing_and_opens_no_socket_and_asking_it_opens_no_file() -> None:
    result = run(
        f"""
        import sys
        from langgraph_memory.detectors import CredSweeperDetector
        seen = []
        sys.addaudithook(lambda event, args: seen.append(event))
        detector = CredSweeperDetector()
        print([event for event in seen if event.startswith(("socket.", "os.fork"))])
        detector({FOUND["an assignment"]!r})
        seen.clear()
        print([detector(text) is None for text in {list(FOUND.values())!r}])
        print([event for event in seen if event.startswith(("socket.", "os.", "open", "subprocess."))])
        """
    )

    assert result.stdout.splitlines() == ["[]", "[False, False, False]", "[]"], result.stderr
    assert result.stderr == ""


@needs_credsweeper
def test_it_loads_where_there_is_no_git_and_leaves_the_environment_as_it_was() -> None:
    result = run(
        """
        import os
        os.environ["PATH"] = "/nonexistent"
        from langgraph_memory.detectors import CredSweeperDetector
        before = dict(os.environ)
        CredSweeperDetector()
        print(dict(os.environ) == before)
        """
    )

    assert result.stdout == "True\n", result.stderr


def test_without_the_extra_it_says_how_to_install_it() -> None:
    result = run(
        """
        import sys
        sys.modules["credsweeper"] = None
        from langgraph_memory.detectors import CredSweeperDetector
        from langgraph_memory.errors import MissingExtraError
        try:
            CredSweeperDetector()
        except MissingExtraError as error:
            print(error)
        """
    )

    assert result.stdout.strip().endswith("pip install 'langgraph-curated-memory[secrets]'."), result.stderr
