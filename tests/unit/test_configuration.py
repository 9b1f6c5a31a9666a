"""What a server is set up with is checked when it starts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from support import one_sentence

from langgraph_memory import GuardPolicy, MemoryType, open_memory
from langgraph_memory.configuration import configuration
from langgraph_memory.errors import InvalidInputError

WHOLE = """
database = "served.db"
background = true
reflect_every = 24
model = "openai:gpt-5-mini"
receipts = "ids"
keep_receipts = 7
threads = "owned"
allowed_classes = ["pathlib:PurePosixPath"]

[ttl]
default_ttl = 60

[guard]
email = "mask"

[[types]]
name = "garden"
half_life = 30
aliases = ["plants"]
"""


def written(folder: Path, text: str) -> dict[str, str]:
    (folder / "settings.toml").write_text(text, encoding="utf-8")
    return {"LANGGRAPH_MEMORY_CONFIG": str(folder / "settings.toml")}


def test_without_a_table_the_environment_names_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert configuration({}).database == "assistant.db"
    assert configuration({"LANGGRAPH_MEMORY_DB": "other.db"}).database == "other.db"


@pytest.mark.parametrize(
    "text", [WHOLE, "[tool.langgraph_memory]\n" + WHOLE.replace("\n[", "\n[tool.langgraph_memory.")]
)
def test_a_table_says_how_the_database_is_opened(tmp_path: Path, text: str) -> None:
    text = text.replace("[tool.langgraph_memory.[types]]", "[[tool.langgraph_memory.types]]")

    found = configuration(written(tmp_path, text))

    assert (found.database, found.background, found.model) == ("served.db", True, "openai:gpt-5-mini")
    assert found.worker == {"reflect_every": timedelta(hours=24)}
    assert dict(found.options) == {
        "receipts": "ids",
        "threads": "owned",
        "keep_receipts": timedelta(days=7),
        "ttl": {"default_ttl": 60},
        "guard": GuardPolicy(email="mask"),
        "memory_types": [MemoryType("garden", half_life=timedelta(days=30), aliases=("plants",))],
        "allowed_classes": [__import__("pathlib").PurePosixPath],
    }
    with open_memory(tmp_path / "a.db", **found.options) as memory:
        outcome = memory.store.remember("Leeks are sown.", owner_id="ana", memory_type="plants")
    assert outcome.memory is not None


def test_a_file_in_the_folder_is_found_and_the_environment_counts_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "langgraph_memory.toml").write_text(WHOLE.replace("reflect_every = 24\n", ""))

    found = configuration({"LANGGRAPH_MEMORY_DB": "mine.db", "LANGGRAPH_MEMORY_BACKGROUND": "no"})

    assert (found.database, found.background, found.model) == ("mine.db", False, "openai:gpt-5-mini")


def test_an_embedder_of_ones_own_is_named_by_its_module(tmp_path: Path) -> None:
    text = '[index]\nembed = "langchain_core.embeddings:DeterministicFakeEmbedding"\ndims = 8\n'

    index = configuration(written(tmp_path, text)).options["index"]

    assert index["dims"] == 8
    assert callable(index["embed"])
    plain = configuration(written(tmp_path, '[index]\nembed = "openai:text-embedding-3-small"\ndims = 8'))
    assert plain.options["index"]["embed"] == "openai:text-embedding-3-small"


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "databse = 'a.db'",
        "database = 3",
        "background = 'yes'",
        "receipts = 'all'",
        "threads = 'mine'",
        "keep_receipts = 'a week'",
        "keep_receipts = true",
        "reflect_every = 'daily'\nbackground = true",
        "reflect_every = 0\nbackground = true",
        "reflect_every = 24",
        "index = 3",
        "[index]\nembed = 'a:b'",
        "[index]\nembed = 'no.such:thing'\ndims = 3",
        "[guard]\nmail = 'mask'",
        "[guard]\nemail = 'hide'",
        "[guard]\nhealth = 'mask'",
        "types = 'garden'",
        "[[types]]\nupdate = 'append'",
        "[[types]]\nname = 'a'\ncolour = 'red'",
        "allowed_classes = 'pathlib:Path'",
        "allowed_classes = ['pathlib:Nothing']",
        "allowed_classes = ['os:getcwd']",
        "[ttl]\nminutes = 3",
    ],
    ids=range(24),
)
def test_what_is_wrong_is_one_sentence_that_names_the_file(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        configuration(written(tmp_path, text))

    assert "settings.toml" in one_sentence(caught.value)


@pytest.mark.parametrize(
    "environment",
    [{"LANGGRAPH_MEMORY_CONFIG": "/no/such/file.toml"}, {"LANGGRAPH_MEMORY_BACKGROUND": "perhaps"}],
    ids=["missing", "perhaps"],
)
def test_what_is_wrong_with_the_environment_is_one_sentence(environment: dict[str, str]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        configuration(environment)

    one_sentence(caught.value)
