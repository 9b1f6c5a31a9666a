"""The command line, as a user runs it: real processes for the demo and for pipes, the runner for the rest."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support import commands_of
from typer.testing import CliRunner, Result

from langgraph_memory import Memory, open_memory
from langgraph_memory.cli import app
from langgraph_memory.cli.chat import NOTHING, OWNER, fates_of, summary
from langgraph_memory.cli.terminal import safe

ROOT = Path(__file__).parents[2]
HOSTILE = "The user likes \x1b[2J[red]<b>[/red] and \u202egnitirw."


def _environment(**more: str) -> dict[str, str]:
    """Return the environment of a process that finds the package and has no terminal."""
    inherited = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LANGGRAPH_MEMORY_DB")}
    paths = os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", "")))
    return {**inherited, "PYTHONPATH": paths, "PYTHONUTF8": "1", **more}


def _process(
    folder: Path, *arguments: str, said: str | bytes = "", columns: str | None = "240"
) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own, by default so wide that each cell stays on one line."""
    typed = said.encode() if isinstance(said, str) else said
    done = subprocess.run(
        [sys.executable, "-m", "langgraph_memory", *arguments],
        input=typed,
        capture_output=True,
        cwd=folder,
        env=_environment(COLUMNS=columns) if columns else _environment(),
        check=False,
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def _run(*arguments: str, said: str = "") -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, arguments, input=said)


@pytest.fixture
def filled(database: str) -> str:
    """A database with two owners, one superseded, one expired and one hostile memory."""
    return _fill(database)


@pytest.fixture
def filled_file(path: str) -> str:
    """The same in a file."""
    return _fill(path)


def _fill(db: str) -> str:
    with open_memory(db) as memory:
        store = memory.store
        store.remember("The user lives in Berlin.", owner_id="ana", slot="home.city")
        store.remember("The user lives in Lisbon.", owner_id="ana", slot="home.city")
        store.remember("Ana reviews the release.", owner_id="ana", scope="org:acme")
        past = datetime.now(UTC) - timedelta(days=2)
        over = past + timedelta(days=1)
        expired = Memory(
            id="x1", owner_id="ana", content="It was sunny.", created_at=past, updated_at=past, expires_at=over
        )
        store.remember(expired, owner_id="ana")
        store.remember("The user likes [red]tea[/red].", owner_id="bob@x.y")
    return db


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder that the demo was played in, and what it printed."""
    folder = tmp_path_factory.mktemp("demo")
    done = _process(folder, "demo", "--db", "demo.db")
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


class TestDemo:
    def test_each_session_has_a_process_and_a_thread_of_its_own(self, played: tuple[Path, str]) -> None:
        sessions = re.findall(r"Session (\d): process (\d+), thread (\S+)", played[1])
        starter = re.findall(r"process (\d+) starts", played[1])

        assert [number for number, _, _ in sessions] == ["1", "2"]
        assert len({process for _, process, _ in sessions} | set(starter)) == 3
        assert len({thread for _, _, thread in sessions}) == 2

    def test_the_first_session_shows_all_buckets_with_reasons(self, played: tuple[Path, str]) -> None:
        first = played[1].split("Session 2")[0]

        assert re.search(r"I live in Berlin.\s+│ promoted\s+│ The user lives in Berlin.\s+│ nothing known", first)
        assert re.search(r"for this chat only.\s+│ kept in\s*│ The user wants answers in German.\s+│ It holds", first)
        assert re.search(rf"Lovely weather.*│ discarded\s+│\s+│ {NOTHING}", first)
        assert re.search(r"API key.*│ discarded\s+│ \(refused\)\s+│ secret: ", first)
        assert re.search(r"Berlin to Lisbon.\s+│ supersedes\s+│ The user lives in Lisbon.\s+│ a newer value", first)
        assert "(2 superseding an older one), 1 kept in session, 3 discarded" in first

    def test_the_second_session_knows_what_the_first_was_told(self, played: tuple[Path, str]) -> None:
        answers = dict(re.findall(r"Ana:   (.+?) *\nagent: (.+?) *\n", played[1]))

        assert answers["Where do I live?"] == "From what I know: The user lives in Lisbon."
        assert "Teams" in answers["Which channel do we use for deploys?"]
        assert answers["Can I deploy on Friday?"] == "From what I know: Never deploy on Fridays."
        assert "PostgreSQL" in answers["What database do we use?"]
        assert "Ana" in answers["What is my name?"]
        assert answers["What is my API key?"] == "I do not know that yet."

    def test_the_second_session_recalls_nothing_superseded_secret_or_of_the_first_thread_only(
        self, played: tuple[Path, str]
    ) -> None:
        second = played[1].split("Session 2")[1].split("What the file holds")[0]
        recalled = [line for line in second.splitlines() if "recalled" in line]
        dropped = [line for line in second.splitlines() if "dropped" in line]

        assert len(recalled) >= 6
        assert not [line for line in recalled if re.search("Berlin|Slack|German|sk-demo", line)]
        assert [line for line in dropped if "Berlin" in line and "superseded" in line]
        assert [line for line in dropped if "over limit" in line and re.search(r"0\.\d\d", line)]

    def test_the_file_holds_what_the_demo_said_it_holds(self, played: tuple[Path, str]) -> None:
        held = json.loads(_process(played[0], "memories", "list", "--db", "demo.db", "--all", "--json").stdout)
        threads = json.loads(_process(played[0], "threads", "list", "--db", "demo.db", "--json").stdout)

        assert {memory["owner_id"] for memory in held} == {OWNER}
        assert "sk-demo" not in json.dumps(held)
        assert [memory["content"] for memory in held if "superseded_at" in memory] == [
            "The user's team's deploy channel is Slack.",
            "The user lives in Berlin.",
        ]
        assert sorted(thread["thread_id"].split("-")[0] for thread in threads) == ["monday", "tuesday"]

    def test_it_says_that_a_file_exists_and_adds_to_it_within_a_hundred_columns(self, filled_file: str) -> None:
        done = _process(Path(filled_file).parent, "demo", "--db", filled_file, columns=None)

        assert done.returncode == 0
        assert "exists already" in done.stdout
        with open_memory(filled_file) as memory:
            assert {owner for owner, _, _ in memory.admin.list_owners()} == {"ana", "bob@x.y", OWNER}
        shown = [line for line in done.stdout.splitlines() if not re.match("file:|ask it:|look again:|go on:", line)]
        assert max(map(len, shown)) <= 100

    @pytest.mark.parametrize("db", [":memory:", "sqlite:///", "no/such/folder/demo.db", ""])
    def test_a_place_it_cannot_play_in_fails_in_one_sentence(
        self, tmp_path: Path, db: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)

        result = _run("demo", "--db", db)

        assert result.exit_code == 1
        assert re.fullmatch(r"error: .+\.\n", result.stderr)

    def test_a_session_that_fails_makes_the_demo_fail_and_the_new_file_is_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "python").write_text("#!/bin/sh\nexit 3\n")
        (tmp_path / "python").chmod(0o700)
        monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

        result = _run("demo")

        assert result.exit_code == 1
        assert result.stderr == "error: session 1 failed with exit code 3.\n"
        file = Path(result.stdout.splitlines()[0].removeprefix("file: "))
        assert file.exists()
        assert file.parent.parent == tmp_path


class TestMemories:
    def test_it_lists_every_owners_live_memories(self, filled: str) -> None:
        result = _run("memories", "list", "--db", filled)

        assert result.exit_code == 0
        assert "memories of ana" in result.stdout
        assert "memories of bob@x.y" in result.stdout
        assert "The user lives in Lisbon." in result.stdout
        assert "at org:acme" in result.stdout
        assert "Berlin" not in result.stdout
        assert "sunny" not in result.stdout

    def test_all_shows_what_became_of_the_others(self, filled: str) -> None:
        result = _run("memories", "list", "--db", filled, "--owner", "ana", "--all")

        assert re.search(r"lives in Berlin.*superseded", result.stdout)
        assert re.search(r"It was sunny.*expired", result.stdout)
        assert "bob" not in result.stdout

    def test_json_holds_the_whole_record(self, filled: str) -> None:
        result = _run("memories", "list", "--db", filled, "--owner", "ana", "--json")

        records = json.loads(result.stdout)
        assert {record["content"] for record in records} == {"The user lives in Lisbon.", "Ana reviews the release."}
        assert {"id", "owner_id", "scope", "memory_type", "created_at"} <= set(records[0])

    def test_markup_in_a_memory_is_shown_as_it_is(self, filled: str) -> None:
        assert "The user likes [red]tea[/red]." in _run("memories", "list", "--db", filled).stdout

    def test_a_limit_says_that_there_is_more(self, filled: str) -> None:
        result = _run("memories", "list", "--db", filled, "--owner", "ana", "--limit", "1", "--json")

        assert len(json.loads(result.stdout)) == 1
        assert "more than 1" in result.stderr

    def test_an_owner_without_memories_has_none(self, filled: str) -> None:
        assert "nothing" in _run("memories", "list", "--db", filled, "--owner", "eve").stdout
        assert json.loads(_run("memories", "list", "--db", filled, "--owner", "eve", "--json").stdout) == []

    def test_an_empty_file_says_so(self, database: str) -> None:
        with open_memory(database):
            pass

        assert "holds no memories" in _run("memories", "list", "--db", database).stdout
        assert json.loads(_run("memories", "list", "--db", database, "--json").stdout) == []

    def test_the_database_may_be_a_url_or_come_from_the_environment(self, filled_file: str) -> None:
        assert "Lisbon" in _run("memories", "list", "--db", f"sqlite:///{filled_file}").stdout
        result = CliRunner(env={"LANGGRAPH_MEMORY_DB": filled_file, "COLUMNS": "200"}).invoke(app, ["memories", "list"])
        assert "Lisbon" in result.stdout

    def test_owners_are_listed_with_counts(self, filled: str) -> None:
        assert re.search(r"ana\s+│ 2\s+│ 4", _run("db", "owners", "--db", filled).stdout)
        assert json.loads(_run("db", "owners", "--db", filled, "--json").stdout) == [
            {"owner_id": "ana", "memories": 4, "live": 2},
            {"owner_id": "bob@x.y", "memories": 1, "live": 1},
        ]


class TestThreads:
    def test_it_lists_threads_with_what_they_hold(self, database: str) -> None:
        _run("chat", "--db", database, "--owner", "ana", "--thread", "first", said="Hello\n")

        listed = json.loads(_run("threads", "list", "--db", database, "--json").stdout)

        assert [thread["thread_id"] for thread in listed] == ["first"]
        assert listed[0]["checkpoints"] > 0
        assert listed[0]["bytes"] > 0
        assert datetime.fromisoformat(listed[0]["created_at"]) <= datetime.fromisoformat(listed[0]["updated_at"])
        assert "first" in _run("threads", "list", "--db", database).stdout

    def test_a_limit_says_that_there_is_more(self, database: str) -> None:
        for thread in ("first", "second"):
            _run("chat", "--db", database, "--owner", "ana", "--thread", thread, said="Hello\n")

        result = _run("threads", "list", "--db", database, "--limit", "1", "--json")

        assert [thread["thread_id"] for thread in json.loads(result.stdout)] == ["second"]
        assert "more than 1" in result.stderr


class TestChat:
    def test_it_talks_over_a_pipe_and_says_what_it_remembered(self, tmp_path: Path) -> None:
        done = _process(tmp_path, "chat", "--owner", "ana", said="I live in Lisbon.\nWhere do I live?\n")

        assert done.returncode == 0
        assert "added: The user lives in Lisbon." in done.stdout
        assert "agent > From what I know: The user lives in Lisbon." in done.stdout
        assert (tmp_path / "assistant.db").exists()

    def test_another_thread_knows_the_owner_and_another_owner_knows_nothing(self, database: str) -> None:
        _run("chat", "--db", database, "--owner", "ana", said="I live in Lisbon.\n")

        assert "Lisbon" in _run("chat", "--db", database, "--owner", "ana", said="Where do I live?\n").stdout
        assert "Lisbon" not in _run("chat", "--db", database, "--owner", "eve", said="Where do I live?\n").stdout

    def test_what_is_said_between_pause_and_resume_is_off_the_record(self, database: str) -> None:
        lines = "I live in Lisbon.\n/pause\nI have two cats. Where do I live?\n/resume\nWhere do I live?\n"

        paused, resumed = _run("chat", "--db", database, "--owner", "ana", said=lines).stdout.split("on the record")

        assert "The user lives in Lisbon" not in paused.split("off the record")[1]
        assert "The user lives in Lisbon" in resumed
        assert "cats" not in _run("memories", "list", "--db", database).stdout

    def test_a_named_thread_goes_on(self, database: str) -> None:
        seat = ("chat", "--db", database, "--owner", "ana", "--thread", "t")
        _run(*seat, said="Answer in German for this chat only.\n")

        assert "You said: Answer in German" in _run(*seat, said="Which language is German?\n").stdout

    def test_quit_ends_it_before_the_input_does(self, database: str) -> None:
        result = _run("chat", "--db", database, "--owner", "ana", said="/quit\nI live in Lisbon.\n")

        assert result.exit_code == 0
        assert "Lisbon" not in result.stdout

    def test_memories_are_listed_and_forgotten_by_the_start_of_their_id(self, database: str) -> None:
        with open_memory(database) as memory:
            known = memory.store.remember("The user lives in Lisbon.", owner_id="ana").memory
        assert known is not None

        said = f"/memories\n/forget {known.id[:8]}\n/memories\n"
        result = _run("chat", "--db", database, "--owner", "ana", said=said)

        assert result.stdout.count(known.id[:8]) == 2
        assert "forgotten: The user lives in Lisbon." in result.stdout
        assert "nothing" in result.stdout

    @pytest.mark.parametrize("line", ["/forget", "/forget 0", "/forget m", "/nonsense", "/FORGET"])
    def test_a_command_that_names_nothing_changes_nothing(self, database: str, line: str) -> None:
        now = datetime.now(UTC)
        with open_memory(database) as memory:
            for name in ("m1", "m2"):
                one = Memory(id=name, owner_id="ana", content=f"Known as {name}.", created_at=now, updated_at=now)
                memory.store.remember(one, owner_id="ana")

        result = _run("chat", "--db", database, "--owner", "ana", said=f"{line}\n")

        assert result.exit_code == 0
        assert re.search("memories have an id|no memory whose id|there is no", result.stdout)
        with open_memory(database) as memory:
            assert len(memory.store.list_memories(owner_id="ana")) == 2

    def test_bytes_that_are_no_text_do_not_stop_it(self, tmp_path: Path) -> None:
        done = _process(tmp_path, "chat", "--owner", "ana", said=b"caf\xff \x00\x1b[2J\nHello\n")

        assert done.returncode == 0
        assert "\x1b" not in done.stdout
        assert done.stdout.count("agent > ") == 2

    def test_an_answer_that_fails_does_not_end_it_and_shows_in_the_exit_code(
        self, database: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def answer(messages: object) -> str:
            raise ConnectionError("the provider\x1b is away")

        monkeypatch.setattr("langgraph_memory.offline.answer", answer)

        result = _run("chat", "--db", database, "--owner", "ana", said="Hello\n/help\n")

        assert result.exit_code == 1
        assert "no answer: ConnectionError: the provider  is away" in result.stdout
        assert "/memories lists" in result.stdout

    def test_a_system_that_knows_no_user_asks_for_the_owner(self, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
        def getuser() -> str:
            raise OSError("no such uid")

        monkeypatch.setattr("langgraph_memory.cli.chat.getuser", getuser)

        result = _run("chat", "--db", path)

        assert result.exit_code == 1
        assert "--owner" in result.stderr
        assert not Path(path).exists()


class TestModels:
    @pytest.mark.parametrize(
        ("name", "missing", "way_out"),
        [
            ("openai:gpt-5-mini", "langchain.chat_models", "pip install 'langgraph-curated-memory[models]'."),
            (
                "openai:gpt-5-mini",
                "langchain_openai",
                "pip install 'langgraph-curated-memory[models]' langchain-openai.",
            ),
            ("gpt-5-mini", "", "provider:name"),
            ("nobody:x", "", "cannot be set up"),
        ],
    )
    def test_a_model_that_cannot_be_used_names_the_way_out(
        self, path: str, monkeypatch: pytest.MonkeyPatch, name: str, missing: str, way_out: str
    ) -> None:
        if missing:
            monkeypatch.setitem(sys.modules, missing, None)

        result = _run("chat", "--db", path, "--owner", "ana", "--model", name)

        assert result.exit_code == 1
        assert way_out in result.stderr
        assert result.stderr.count("\n") == 1
        assert not Path(path).exists()


class TestErrors:
    @pytest.mark.parametrize("command", ["memories list", "threads list", "db owners"])
    def test_listing_never_creates_a_file(self, path: str, command: str) -> None:
        result = _run(*command.split(), "--db", path)

        assert result.exit_code == 1
        assert "there is no file" in result.stderr
        assert not Path(path).exists()

    @pytest.mark.parametrize("db", [":memory:", "sqlite:///:memory:", "", " ", "nowhere://host/x", "."])
    def test_what_is_no_file_is_one_sentence(self, db: str) -> None:
        result = _run("memories", "list", "--db", db)

        assert result.exit_code == 1
        assert re.fullmatch(r"error: .+\.\n", result.stderr)

    def test_a_file_that_is_no_database_is_one_sentence_and_stays_as_it_was(self, tmp_path: Path) -> None:
        other = tmp_path / "notes.txt"
        other.write_text("no database " * 100)

        result = _process(tmp_path, "memories", "list", "--db", "notes.txt")

        assert result.returncode == 1
        assert re.fullmatch(r"error: .+\.\n", result.stderr)
        assert other.read_text() == "no database " * 100

    def test_an_empty_owner_is_one_sentence(self, filled: str) -> None:
        result = _run("memories", "list", "--db", filled, "--owner", "")

        assert result.exit_code == 1
        assert re.fullmatch(r"error: .+\.\n", result.stderr)


class TestOptions:
    def test_help_lists_what_a_user_runs_and_nothing_internal(self) -> None:
        result = _run("--help")

        assert result.exit_code == 0
        for command in ("demo", "chat", "memories", "threads", "jobs", "db"):
            assert f" {command} " in result.stdout
        assert "demo-session" not in result.stdout

    def test_every_command_but_those_that_copy_or_serve_a_database_names_it_with_an_option(self) -> None:
        commands = commands_of(app).items()

        without = [name for name, one in commands if "--db" not in [flag for each in one.params for flag in each.opts]]

        assert sorted(without) == ["db copy", "guide", "inspect"]

    def test_version_says_which(self) -> None:
        result = _run("--version")

        assert result.exit_code == 0
        assert re.match(r"\d+\.\d+|unknown", result.stdout)

    def test_the_command_line_imports_nothing_heavy_of_its_own(self) -> None:
        """Its help waits for the package itself and for nothing more: no extra, no table."""
        code = (
            "import sys, langgraph_memory; before = set(sys.modules); import langgraph_memory.cli; "
            "new = {name.split('.')[0] for name in set(sys.modules) - before}; "
            "print(sorted(new & {'langchain', 'numpy', 'langgraph', 'langchain_core', 'IPython'}))"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=_environment(), check=True)

        assert done.stdout.decode().strip() == "[]"


class TestText:
    def test_text_that_could_steer_a_terminal_is_disarmed(self) -> None:
        assert safe(HOSTILE) == "The user likes  [2J[red]<b>[/red] and gnitirw."
        assert safe("two\nlines") == "two\nlines"

    def test_what_nothing_was_found_in_is_discarded_with_a_reason(self) -> None:
        fates = fates_of([])

        assert [fate.why for fate in fates] == [NOTHING]
        assert summary(fates) == "0 promoted (0 superseding an older one), 0 kept in session, 1 discarded"
