"""The commands that look after a file's memories, as a user runs them."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from langgraph_memory import Source, Utterance, open_memory
from langgraph_memory.cli import app
from langgraph_memory.domain.jobs import Failure
from langgraph_memory.domain.promotion import LedgerPlace
from langgraph_memory.types import Retries


@pytest.fixture
def filled(database: str) -> str:
    """A database with two owners, a superseded memory and a recall."""
    with open_memory(database) as memory:
        memory.store.remember("Ana lives in Berlin", owner_id="ana", slot="city")
        memory.store.remember("Ana lives in Lisbon", owner_id="ana", slot="city")
        memory.store.remember("Bob likes tea", owner_id="bob")
        memory.store.recall("where does Ana live", owner_id="ana")
    return database


def run(*arguments: str, said: str = "") -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, arguments, input=said)


def live_id(path: str, owner: str) -> str:
    with open_memory(path) as memory:
        return memory.store.list_memories(owner_id=owner)[0].id


def kept_by(db: str) -> str:
    """Return what a deletion says of the bytes of a server, which it cannot reach at once."""
    return " The server's files hold its old bytes until their space is used again." if "://" in db else ""


def bytes_of(db: str) -> bytes:
    """Return the bytes of a file; of a server, none."""
    return b"" if "://" in db else Path(db).read_bytes()


def test_history_shows_every_version(filled: str) -> None:
    shown = run("memories", "history", live_id(filled, "ana"), "--owner", "ana", "--db", filled)
    listed = run("memories", "history", live_id(filled, "ana"), "--owner", "ana", "--db", filled, "--json")

    assert shown.output.index("Berlin") < shown.output.index("Lisbon")
    assert [one["content"] for one in json.loads(listed.stdout)] == ["Ana lives in Berlin", "Ana lives in Lisbon"]


def test_explain_shows_the_last_recall(filled: str) -> None:
    result = run("memories", "explain", "--owner", "ana", "--db", filled)

    assert result.exit_code == 0
    for word in ("where does Ana live", "Ana lives in Lisbon", "words it shares", "superseded"):
        assert word in result.output
    assert (
        "error: 'bob' has recalled nothing yet." in run("memories", "explain", "--owner", "bob", "--db", filled).output
    )


def test_forget_removes_a_memory_from_the_file(filled: str) -> None:
    result = run("memories", "forget", live_id(filled, "bob")[:8], "--owner", "bob", "--db", filled, "--yes")

    assert result.output == f"forgot 1 of bob's memories.{kept_by(filled)}\n"
    assert b"Bob likes tea" not in bytes_of(filled)
    assert run("memories", "forget", "nothing", "--owner", "bob", "--db", filled).exit_code == 1


def test_erase_asks_and_removes_everything(filled: str) -> None:
    kept = run("db", "erase", "--owner", "ana", "--db", filled, said="n\n")
    assert kept.exit_code == 1
    assert live_id(filled, "ana")

    result = run("db", "erase", "--owner", "ana", "--db", filled, "--yes", "--threads")

    assert result.output.startswith("erased 2 memories, 1 version")
    assert result.output.endswith(f" of ana.{kept_by(filled)}\n")
    assert b"Lisbon" not in bytes_of(filled)
    assert run("db", "owners", "--db", filled, "--json").output.count("owner_id") == 1


def test_an_export_is_imported_into_another_file(filled: str, tmp_path: Path) -> None:
    file, other = str(tmp_path / "all.jsonl"), str(tmp_path / "other.db")

    written = run("db", "export", file, "--db", filled)
    taken = run("db", "import", file, "--db", other)

    assert (written.exit_code, taken.exit_code) == (0, 0)
    assert "imported 3 memories" in taken.output
    assert (
        run("db", "export", "--db", other).stdout.splitlines()[1:]
        == run("db", "export", "--db", filled).stdout.splitlines()[1:]
    )
    assert "exists already" in run("db", "export", file, "--db", filled).output
    assert "not 'bob''s" in run("db", "import", file, "--db", other, "--owner", "bob").output.replace('"', "'")
    assert run("db", "import", str(tmp_path / "none"), "--db", str(tmp_path / "none.db")).exit_code == 1
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize("wrong", [b"", b"no JSON\n", b"{}\n", b"\xff\xfe\x00"])
def test_what_is_no_export_is_one_sentence_and_creates_no_file(tmp_path: Path, wrong: bytes) -> None:
    (tmp_path / "wrong").write_bytes(wrong)

    result = run("db", "import", str(tmp_path / "wrong"), "--db", str(tmp_path / "new.db"))

    assert result.exit_code == 1
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "new.db").exists()


def test_verify_settles_a_conflict(database: str) -> None:
    with open_memory(database) as memory:
        for name, place in (("wiki", "Slack"), ("pager", "Teams")):
            memory.store.remember(
                f"Deploys go to {place}", owner_id="ana", slot="deploys", source=Source(actor="tool", name=name)
            )

    result = run("memories", "verify", live_id(database, "ana")[:8], "--owner", "ana", "--db", database)

    with open_memory(database) as memory:
        (left,) = memory.store.list_memories(owner_id="ana")
        assert memory.hygiene.conflicts(owner_id="ana") == []
    assert result.output == f"confirmed: {left.content}\n"
    assert run("memories", "verify", "nothing", "--owner", "ana", "--db", database).exit_code == 1


@pytest.mark.parametrize("embed", ["nowhere:nothing", "no-provider"])
def test_an_embedder_that_cannot_be_used_is_one_sentence(filled: str, embed: str) -> None:
    result = run("db", "reindex", "--embed", embed, "--dims", "3", "--db", filled)

    assert result.exit_code == 1
    assert result.stderr.startswith(f"error: index['embed'] '{embed}' ")
    assert result.stderr.count("\n") == 1


def test_erase_shows_no_password() -> None:
    url = "postgresql://ana:hunter2@localhost/memories"

    asked = run("db", "erase", "--owner", "ana", "--db", url, said="n\n").output

    assert "localhost/memories" in asked
    assert "hunter2" not in asked


@pytest.fixture
def with_jobs(database: str) -> str:
    """A database in which one message was set aside for an error, and one waits."""
    place = LedgerPlace("ana", "t", "rules")
    with open_memory(database) as memory:
        queue, retries = memory.store.queue, Retries(attempts=1)
        said = Utterance(message_id="m", actor="user", text="I like tea.")
        queue.add([said], place=place, quiet_for=0)
        job = queue.claim("rules", lease_for=timedelta(minutes=1), retries=retries)
        assert job is not None
        queue.release(job.lease, [Failure(job.batches(retries)[0], "refused")], retries=retries)
        queue.add([said.model_copy(update={"message_id": "n"})], place=LedgerPlace("bob", "u", "rules"), quiet_for=0)
    return database


def test_jobs_are_listed_as_a_table_and_as_json(with_jobs: str) -> None:
    shown = run("jobs", "list", "--db", with_jobs)
    listed = json.loads(run("jobs", "list", "--db", with_jobs, "--json").stdout)
    first = run("jobs", "list", "--db", with_jobs, "--limit", "1")

    assert [word in shown.output for word in ("set aside", "refused", "waiting", "bob")] == [True] * 4
    assert [(one["owner_id"], one["state"], one["waiting"]) for one in listed] == [
        ("ana", "set_aside", 0),
        ("bob", "waiting", 1),
    ]
    assert "more than 1 job;" in first.stderr


def test_what_was_set_aside_is_tried_again_and_worked_off(with_jobs: str) -> None:
    again = run("jobs", "retry", "--db", with_jobs, "--owner", "ana")
    worked = run("jobs", "work", "--db", with_jobs, "--once")

    assert again.output == "1 message of ana waits again.\n"
    assert worked.output == "read 2 messages in 2 jobs; 0 were set aside.\n"
    with open_memory(with_jobs) as memory:
        assert [one.content for one in memory.store.list_memories(owner_id="ana")] == ["The user likes tea."]


def test_a_table_of_jobs_fits_a_narrow_terminal(with_jobs: str) -> None:
    shown = CliRunner(env={"COLUMNS": "80"}).invoke(app, ["jobs", "list", "--db", with_jobs])

    for whole in ("extractor", "last error", "1 set aside", "1 waiting", "waiting, due"):
        assert whole in shown.output


def test_a_worker_says_when_the_next_job_is_due(database: str) -> None:
    with open_memory(database) as memory:
        said = Utterance(message_id="m", actor="user", text="I like tea.")
        memory.store.queue.add([said], place=LedgerPlace("ana", "t", "rules"), quiet_for=3600)
        (job,) = memory.jobs.pending()

    result = run("jobs", "work", "--once", "--db", database)

    assert result.output == (
        f"nothing was due.\n1 job waits to be due; the first is at {job.due_at:%Y-%m-%d %H:%M:%S} UTC.\n"
    )


def test_what_was_set_aside_is_given_up(with_jobs: str) -> None:
    result = run("jobs", "drop", "--db", with_jobs, "--owner", "ana", "--thread", "t")

    assert result.output == "1 message of ana was given up.\n"
    assert json.loads(run("jobs", "list", "--db", with_jobs, "--owner", "ana", "--json").stdout) == []


@pytest.mark.parametrize(
    "wrong",
    [
        ("jobs", "retry", "--db", "{db}", "--owner", ""),
        ("jobs", "drop", "--db", "missing.db", "--owner", "ana"),
        ("jobs", "work", "--db", "missing.db"),
        ("jobs", "work", "--db", "{db}", "--embed", "x"),
        ("jobs", "work", "--db", "{db}", "--extractor", "nowhere:nothing"),
        ("jobs", "work", "--db", "{db}", "--extractor", "a:b", "--model", "c:d"),
    ],
)
def test_a_wrong_option_of_the_worker_is_one_sentence(with_jobs: str, wrong: tuple[str, ...]) -> None:
    result = run(*(part.format(db=with_jobs) for part in wrong))

    assert result.exit_code == 1
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
