"""Adds to the site what lies outside of the guides: the README, the changelog, and the reference."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
GUIDES = "langgraph_memory/guides/"
MODULES = {
    "langgraph_memory": "What a quick start needs",
    "langgraph_memory.types": "Types of what it takes and returns",
    "langgraph_memory.agents": "Middleware for create_agent",
    "langgraph_memory.tools": "Tools for a model",
    "langgraph_memory.retriever": "A retriever for chains",
    "langgraph_memory.files": "Memories as files",
    "langgraph_memory.deepagents": "Deep agents",
    "langgraph_memory.detectors": "Detectors of secrets",
    "langgraph_memory.http": "The JSON API and the inspector",
    "langgraph_memory.mcp": "The MCP server",
    "langgraph_memory.server": "Under a LangGraph server",
    "langgraph_memory.configuration": "Settings of a server",
    "langgraph_memory.transfer.copy": "Copies of databases",
    "langgraph_memory.transfer.upstream": "From LangGraph's own classes",
    "langgraph_memory.transfer.foreign": "From other products",
    "langgraph_memory.report": "A report for an owner",
    "langgraph_memory.testing": "For tests",
    "langgraph_memory.errors": "Errors",
}
"""The documented modules, in the order of the reference."""


def on_config(config: Any) -> Any:
    """Order the pages: the README, the guides, the reference, the changelog."""
    guides = sorted(path.name for path in (ROOT / GUIDES).glob("*.md"))
    reference = [{name: f"reference/{name}.md"} for name in MODULES]
    config.nav = [
        {"Start": "index.md"},
        {"Guides": guides},
        {"Reference": reference},
        {"Changelog": "changelog.md"},
    ]
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are made here."""
    pages = {"index.md": _read("README.md"), "changelog.md": _read("CHANGELOG.md")}
    pages |= {f"reference/{name}.md": _reference(name, title) for name, title in MODULES.items()}
    for path, text in pages.items():
        files.append(File.generated(config, path, content=text))
    return files


def _read(name: str) -> str:
    """Return a file of the top level, its links as the site has them."""
    text = (
        (ROOT / name)
        .read_text(encoding="utf-8")
        .replace(f"]({GUIDES}", "](")
        .replace("](CHANGELOG.md", "](changelog.md")
    )
    return re.sub(rf'src(set)?="{GUIDES}', r'src\1="', text)


def _reference(name: str, title: str) -> str:
    exported = _exported(name)
    options = f"    options:\n      members: {exported}\n" if exported else ""
    return f"# {title}\n\n::: {name}\n{options}"


def _exported(name: str) -> list[str]:
    """Return what `__all__` of a module names, without importing what its extra needs."""
    path = ROOT / name.replace(".", "/")
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    found = re.search(r"^__all__ = \[(.*?)\]", source.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return re.findall(r'"(\w+)"', found[1]) if found else []
