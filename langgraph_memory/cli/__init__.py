"""The command line: `langgraph-memory`."""

from langgraph_memory.cli.app import app, main

__all__ = ["app", "main"]
