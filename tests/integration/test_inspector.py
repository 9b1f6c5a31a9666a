"""The inspector's pages in a real browser, and the command that serves them."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

import httpx
import pytest
import uvicorn
from langchain_core.messages import HumanMessage
from typer.testing import CliRunner

from langgraph_memory import MemoryContext, OfflineChatModel, Source, build_graph, open_memory
from langgraph_memory.cli import app
from langgraph_memory.http import create_app

pytestmark = pytest.mark.server

REQUIRED = "LANGGRAPH_MEMORY_REQUIRE_BROWSER"
HOSTILE = '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>'
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]
LONG = 30_000
"""Milliseconds that a page may take."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        reason = "no Chromium is installed, so the pages were not tried in a browser"
        pytest.fail(reason) if os.environ.get(REQUIRED) == "1" else pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def database(path: str) -> str:
    with open_memory(path) as memory:
        graph = build_graph(OfflineChatModel()).compile(checkpointer=memory.checkpointer, store=memory.store)
        config: Any = {"configurable": {"thread_id": "t1"}}
        context = MemoryContext(owner_id="ana")
        graph.invoke({"messages": [HumanMessage("I live in Berlin.")]}, config, context=context)  # type: ignore[call-overload]
        rewound: Any = next(iter(memory.checkpointer.list(config))).config
        graph.invoke({"messages": [HumanMessage("I moved to Munich.")]}, config, context=context)  # type: ignore[call-overload]
        graph.invoke({"messages": [HumanMessage("I moved to Kiel.")]}, rewound, context=context)  # type: ignore[call-overload]
        memory.store.remember(HOSTILE, owner_id="ana")
        memory.store.remember("Perhaps the user likes tea.", owner_id="ana", confidence=0.2)
        for name, plan in (("crm", "free"), ("shop", "pro")):
            source = Source(actor="tool", name=name)
            memory.store.remember(f"The plan is {plan}.", owner_id="ana", slot="plan", source=source)
        memory.store.remember("Bo rows.", owner_id="bo")
    return path


class Served:
    """The command in a process of its own."""

    def __init__(self, *arguments: str) -> None:
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, "-m", "langgraph_memory", "inspect", "--port", "0", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        assert self.process.stdout is not None
        first = self.process.stdout.readline()
        address = re.search(r"http://\S+", first)
        assert address, first
        self.address = address.group()
        self.root = self.address.split("/?")[0]

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return self.process.wait(30)


class Address(NamedTuple):
    """Where the pages are, with and without what lets in."""

    address: str
    root: str


@pytest.fixture
def served(database: str) -> Iterator[Address]:
    """The pages in a thread of this process: the command itself takes seconds to start, and has a test of its own."""
    with open_memory(database) as memory, socket.create_server(("127.0.0.1", 0)) as listening:
        pages = create_app(memory, token="let-me-in", hosts=("127.0.0.1", "localhost"))
        server = uvicorn.Server(uvicorn.Config(pages, log_level="warning", access_log=False))
        thread = Thread(target=server.run, args=([listening],))
        thread.start()
        root = f"http://127.0.0.1:{listening.getsockname()[1]}"
        yield Address(f"{root}/?token=let-me-in", root)
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()


@pytest.fixture
def page(browser: Any, served: Address) -> Iterator[Any]:
    context = browser.new_context()
    context.set_default_timeout(LONG)
    opened = context.new_page()
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    opened.on("dialog", lambda dialog: wrong.append("a dialog opened"))
    opened.goto(served.address)
    yield opened
    context.close()
    assert wrong == []


def open_memories(page: Any) -> None:
    page.get_by_role("link", name="ana", exact=True).click()
    page.wait_for_url("**/memories?**")


def test_the_printed_address_lets_in_and_the_token_leaves_the_address(page: Any, served: Address, browser: Any) -> None:
    assert "token" not in page.url
    assert page.get_by_role("heading", name="Whose memories").is_visible()

    stranger = browser.new_context()
    assert stranger.new_page().goto(served.root).status == 401
    stranger.close()


def test_a_memory_is_corrected_undone_confirmed_and_forgotten(page: Any) -> None:
    open_memories(page)
    page.get_by_role("link", name="The user lives in Kiel.").click()
    assert page.get_by_text("I moved to Kiel.").is_visible()
    page.get_by_text("Correct it").click()
    page.get_by_label("What holds now").fill("The user lives in Bremen.")
    page.get_by_role("button", name="Put it in its place").click()
    assert page.get_by_role("heading", name="The user lives in Bremen.").is_visible()
    page.get_by_role("button", name="Undo").click()
    assert page.get_by_text("Undone.").is_visible()

    page.get_by_role("link", name="The user lives in Kiel.").click()
    page.get_by_role("button", name="It holds").click()
    assert page.get_by_text("Confirmed.").is_visible()
    page.get_by_text("Forget…").click()
    page.get_by_role("button", name="Forget it for good").click()
    assert page.get_by_text("Forgotten, with its older versions.").is_visible()
    assert page.get_by_role("link", name="The user lives in Kiel.").count() == 0


def test_a_memory_is_found_and_another_remembered(page: Any) -> None:
    open_memories(page)
    page.keyboard.press("/")
    page.keyboard.type("tea")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=tea**")
    assert page.locator("tbody tr").count() == 1
    page.get_by_text("Remember something").click()
    page.get_by_label("In one sentence").fill("The user rows on Sundays.")
    page.get_by_role("button", name="Remember").click()
    assert page.get_by_role("heading", name="The user rows on Sundays.").is_visible()


def test_memory_is_paused_and_goes_on(page: Any) -> None:
    open_memories(page)
    page.get_by_role("button", name="Pause memory").click()
    assert page.get_by_text("Memory is paused").is_visible()
    page.get_by_role("button", name="Go on").click()
    assert page.get_by_text("Memory works again.").is_visible()


def test_hostile_text_is_text(page: Any, served: Address) -> None:
    open_memories(page)
    page.get_by_role("link", name="<img").click()
    assert page.get_by_role("heading", name="<img").is_visible()
    for path in ("/review", "/recall?q=%3Cscript%3Edocument.title%3D%22owned%22%3C%2Fscript%3E", "/recalls", "/sweep"):
        page.goto(f"{served.root}{path}{'&' if '?' in path else '?'}owner_id=ana")
        assert page.title() != "owned"
    assert page.locator("img, script:not([src])").count() == 0


def test_conflicts_are_settled_in_the_review_and_a_question_is_tried(page: Any, served: Address) -> None:
    page.goto(f"{served.root}/review?owner_id=ana")
    assert page.get_by_text("These contradict each other").is_visible()
    page.locator(".card", has_text="The plan is pro.").get_by_role("button", name="This one holds").click()
    assert page.get_by_text("Confirmed.").is_visible()
    assert page.get_by_text("These contradict each other").count() == 0
    assert page.get_by_text("its confidence is 0.20").is_visible()

    page.get_by_role("link", name="Try a question").click()
    page.get_by_label("What the user says").fill("Where do I live?")
    page.get_by_role("button", name="Recall").click()
    assert page.locator("table").first.get_by_text("The user lives in Kiel.").is_visible()


def test_a_thread_shows_its_branches_and_what_each_taught(page: Any, served: Address) -> None:
    page.goto(f"{served.root}/thread?id=t1")
    left_behind = page.locator("li", has_text="branch 1")
    assert left_behind.filter(has_text="taught: The user lives in Munich.").count() == 1
    assert page.locator("li", has_text="taught: The user lives in Kiel.").count() == 1
    left_behind.first.get_by_role("link").first.click()
    assert page.get_by_label("Messages").get_by_text("I moved to Munich.").is_visible()


def test_keys_go_from_row_to_row(page: Any) -> None:
    open_memories(page)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.locator("tr.is-here").wait_for()
    second = page.locator("[data-row] a").nth(1).inner_text()
    page.keyboard.press("Enter")
    page.wait_for_url("**/memory?**")
    assert page.get_by_role("heading", level=1).inner_text() == second


def test_an_owner_is_erased_by_name(page: Any, served: Address) -> None:
    page.goto(f"{served.root}/erase?owner_id=bo")
    page.get_by_label("Type the name to confirm").fill("bo")
    page.get_by_role("button", name="Erase").click()
    assert page.get_by_role("heading", name="Erased").is_visible()
    page.get_by_role("link", name="Owners").click()
    assert page.get_by_role("link", name="bo", exact=True).count() == 0


def test_a_phone_in_the_dark_shows_each_row_as_a_card(browser: Any, served: Address) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 640}, color_scheme="dark")
    page = context.new_page()
    page.goto(served.address)
    open_memories(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("getComputedStyle(document.querySelector('tbody tr')).display") == "block"
    context.close()


def test_the_command_ends_when_it_is_interrupted_and_names_what_it_cannot_open(database: str, tmp_path: Path) -> None:
    served = Served(database, "--owner", "bo", "--read-only")
    with httpx.Client(follow_redirects=True, timeout=30) as client:
        assert client.get(served.root).status_code == 401
        assert "Bo rows." in client.get(served.address).text
    assert served.stop() in (0, -signal.SIGINT, 130)

    newer = tmp_path / "newer.db"
    shutil.copy(database, newer)
    with closing(sqlite3.connect(newer)) as connection, connection:
        connection.execute("INSERT INTO memory_migration VALUES (999, 'to come')")
    (tmp_path / "text.db").write_text("no database")
    for arguments in (
        [str(tmp_path / "none.db")],
        [str(newer)],
        [str(tmp_path / "text.db")],
        [database, "--host", "192.0.2.1"],
    ):
        ended = CliRunner().invoke(app, ["inspect", "--port", "0", *arguments])
        assert (ended.exit_code, ended.stderr.count("\n")) == (1, 1), ended.stderr


JUPYTERLAB = """
:not(.jp-RenderedMarkdown).jp-RenderedHTMLCommon td, :not(.jp-RenderedMarkdown).jp-RenderedHTMLCommon th,
:not(.jp-RenderedMarkdown).jp-RenderedHTMLCommon tr { text-align: right; vertical-align: middle; }
.jp-RenderedHTMLCommon { color: rgb(220, 220, 220); }
"""
"""What JupyterLab says of tables, and the colour of a dark theme."""


def test_a_notebook_shows_tables_to_the_left_in_the_colours_of_its_theme(browser: Any, database: str) -> None:
    with open_memory(database) as memory:
        table = memory.store.list_memories(owner_id="bo")[0]._repr_html_()
    page = browser.new_page()
    page.set_content(f'<style>{JUPYTERLAB}</style><div class="jp-RenderedHTMLCommon jp-RenderedHTML">{table}</div>')

    styles = page.evaluate(
        "[...document.querySelectorAll('td, th, caption')].map(one => getComputedStyle(one))"
        ".map(style => `${style.textAlign} ${style.color}`)"
    )
    page.close()

    assert len(styles) > 10
    assert set(styles) == {"left rgb(220, 220, 220)"}
