"""The chat model that `--model` names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from langgraph_memory.errors import InvalidInputError, MissingExtraError
from langgraph_memory.offline import OfflineChatModel

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

EXTRA = "pip install 'langgraph-curated-memory[models]'"


def chat_model(name: str | None) -> BaseChatModel:
    """Return the model that LangChain knows as `provider:name`, or the offline one when none is named.

    Raises MissingExtraError when LangChain or the provider's package is missing, InvalidInputError when the model
    cannot be set up.
    """
    if name is None:
        return OfflineChatModel()
    provider, _, rest = name.partition(":")
    if not provider or not rest:
        raise InvalidInputError(f"--model takes provider:name, such as openai:gpt-5-mini, not {name!r}.")
    try:
        from langchain.chat_models import init_chat_model
    except ImportError as error:
        raise MissingExtraError(f"--model needs LangChain: {EXTRA}.") from error
    try:
        model: BaseChatModel = init_chat_model(name)
    except ImportError as error:
        raise MissingExtraError(f"--model {name} needs the provider's package: {EXTRA} {_package(error)}.") from error
    except Exception as error:
        raise InvalidInputError(f"--model {name} cannot be set up: {_first_line(error)}") from error
    return model


def _package(error: ImportError) -> str:
    """Return the package to install for a failed import of a LangChain integration."""
    missing = error.__cause__ if isinstance(error.__cause__, ImportError) else error
    return (missing.name or "and the integration of that provider").replace("_", "-")


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
