"""What a server is set up with: one small TOML table, or the environment, checked when it starts."""

from __future__ import annotations

import importlib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from langgraph_memory import GuardPolicy, MemoryType
from langgraph_memory.errors import InvalidInputError, MissingExtraError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

DATABASE_VARIABLE: Final = "LANGGRAPH_MEMORY_DB"
"""The environment variable that names the database; it counts more than the table."""
CONFIG_VARIABLE: Final = "LANGGRAPH_MEMORY_CONFIG"
"""The environment variable that names a file with the table; without it, FILE where there is one."""
BACKGROUND_VARIABLE: Final = "LANGGRAPH_MEMORY_BACKGROUND"
MODEL_VARIABLE: Final = "LANGGRAPH_MEMORY_MODEL"
FILE: Final = "langgraph_memory.toml"
_DEFAULT: Final = "assistant.db"
_YES_OR_NO: Final = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}


@dataclass(frozen=True, slots=True)
class Configuration:
    """The database and how it is opened; whether promotion runs in the background, and the model that is asked.

    `options` are those of `open_memory`, and `worker` those of the `PromotionWorker` that runs in the background.
    """

    database: str = _DEFAULT
    background: bool = False
    model: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    worker: Mapping[str, Any] = field(default_factory=dict)


def configuration(environment: Mapping[str, str] = os.environ) -> Configuration:
    """Return what the table and the environment say, which counts more.

    The table holds `database`, `background`, `reflect_every` (hours), `model`, `receipts`, `keep_receipts` (days),
    `threads`, `allowed_classes` ("module:Class"), and the tables `index` (embed, dims, fields), `ttl`, `guard` and
    `[[types]]`. It is the whole of its file, or `[tool.langgraph_memory]` in one.

    Raises InvalidInputError, in one sentence that names the file and what is wrong in it.
    """
    name = environment.get(CONFIG_VARIABLE)
    file = Path(name or FILE)
    table = _read(file) if name or file.is_file() else {}
    try:
        return _checked(table, environment)
    except InvalidInputError as error:
        raise InvalidInputError(f"{file}: {error}") from None


def chat_model(name: str, setting: str) -> BaseChatModel:
    """Return the model that LangChain knows as `provider:name`; `setting` is where it was named.

    Raises MissingExtraError when LangChain or the provider's package is missing, InvalidInputError when the model
    cannot be set up.
    """
    provider, _, rest = name.partition(":")
    if not provider or not rest:
        raise InvalidInputError(f"{setting} takes provider:name, such as openai:gpt-5-mini, not {name!r}.")
    try:
        from langchain.chat_models import init_chat_model
    except ImportError as error:
        raise MissingExtraError.of(f"{setting} needs LangChain", "models") from error
    try:
        model: BaseChatModel = init_chat_model(name)
    except ImportError as error:
        raise MissingExtraError.of(
            f"{setting} {name} needs the provider's package", "models", _package(error)
        ) from error
    except Exception as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise InvalidInputError(f"{setting} {name} cannot be set up: {lines[0]}") from error
    return model


def _package(error: ImportError) -> str:
    """Return the package to install for a failed import of a LangChain integration."""
    missing = error.__cause__ if isinstance(error.__cause__, ImportError) else error
    return (missing.name or "and the integration of that provider").replace("_", "-")


def _read(file: Path) -> Mapping[str, Any]:
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInputError(f"{file} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise InvalidInputError(f"{file} is no TOML: {' '.join(str(error).split())}.") from None
    own: Mapping[str, Any] = found.get("tool", {}).get("langgraph_memory", found)
    return own


_CHOICES = {"receipts": ("query", "ids", "off"), "threads": ("shared", "owned")}
"""Settings that take one of a few words, the first of which is the default."""


def _checked(table: Mapping[str, Any], environment: Mapping[str, str]) -> Configuration:
    _check_plain(table)
    for name, allowed in _CHOICES.items():
        if table.get(name, allowed[0]) not in allowed:
            raise InvalidInputError(f"{name} must be {', '.join(allowed[:-1])} or {allowed[-1]}, not {table[name]!r}.")
    options = {name: table[name] for name in _CHOICES if name in table}
    if "keep_receipts" in table:
        options["keep_receipts"] = timedelta(days=table["keep_receipts"])
    options |= {_NAMES.get(name, name): make(table[name]) for name, make in _MADE.items() if name in table}
    background = _background(table, environment)
    return Configuration(
        environment.get(DATABASE_VARIABLE) or table.get("database", _DEFAULT),
        background,
        environment.get(MODEL_VARIABLE) or table.get("model"),
        options,
        _worker(table, background=background),
    )


def _worker(table: Mapping[str, Any], *, background: bool) -> Mapping[str, Any]:
    if "reflect_every" not in table:
        return {}
    if not background:
        raise InvalidInputError("reflect_every is for the worker in the background; set background = true, too.")
    if table["reflect_every"] < 1:
        raise InvalidInputError(f"reflect_every must be 1 hour or more, not {table['reflect_every']!r}.")
    return {"reflect_every": timedelta(hours=table["reflect_every"])}


def _check_plain(table: Mapping[str, Any]) -> None:
    """Raise InvalidInputError for a setting that there is not, and for a value of another kind."""
    unknown = sorted(set(table) - {*_PLAIN, *_MADE})
    if unknown:
        raise InvalidInputError(f"there is no setting {unknown[0]!r}; there are {', '.join((*_PLAIN, *_MADE))}.")
    for name, kind in _PLAIN.items():
        if name in table and type(table[name]) is not kind:  # true is no number
            raise InvalidInputError(f"{name} must be {_KINDS.get(name) or _KINDS[kind]}, not {table[name]!r}.")


def _background(table: Mapping[str, Any], environment: Mapping[str, str]) -> bool:
    said = environment.get(BACKGROUND_VARIABLE)
    if said is None:
        return bool(table.get("background", False))
    if said.lower() not in _YES_OR_NO:
        raise InvalidInputError(f"{BACKGROUND_VARIABLE} must be true or false, not {said!r}.")
    return _YES_OR_NO[said.lower()]


def _index(found: Any) -> Any:
    _only("index", found, ("embed", "dims", "fields"))
    if not isinstance(found.get("embed"), str) or not isinstance(found.get("dims"), int) or found["dims"] < 1:
        raise InvalidInputError('index needs embed, such as "openai:text-embedding-3-small", and dims, its size.')
    embed = found["embed"]
    own = _named("index.embed", embed) if _is_own(embed) else embed
    return {**found, "embed": own}


def _ttl(found: Any) -> Any:
    _only("ttl", found, ("refresh_on_read", "default_ttl", "sweep_interval_minutes"))
    return found


def _guard(found: Any) -> GuardPolicy:
    names = [one.name for one in fields(GuardPolicy) if one.init and one.name != "detectors"]
    _only("guard", found, names)
    return GuardPolicy(**found)


def _types(found: Any) -> list[MemoryType]:
    names = [one.name for one in fields(MemoryType)]
    if not isinstance(found, list):
        raise InvalidInputError("types must be tables, each written as [[types]].")
    return [_type(one, names) for one in found]


def _type(found: Any, names: list[str]) -> MemoryType:
    _only("types", found, names)
    if not isinstance(found.get("name"), str):
        raise InvalidInputError("each of [[types]] needs a name.")
    days = {name: timedelta(days=found[name]) for name in ("expires_after", "half_life") if name in found}
    return MemoryType(**{**found, **days, "aliases": tuple(found.get("aliases", ()))})


def _classes(found: Any) -> list[type]:
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise InvalidInputError('allowed_classes must be a list such as ["module:Class"].')
    classes = [_named("allowed_classes", one) for one in found]
    for name, one in zip(found, classes, strict=True):
        if not isinstance(one, type):
            raise InvalidInputError(f"allowed_classes names {name!r}, which is no class.")
    return classes


def _only(table: str, found: Any, names: Any) -> None:
    if not isinstance(found, dict):
        raise InvalidInputError(f"{table} must be a table.")
    unknown = sorted(set(found) - {*names})
    if unknown:
        raise InvalidInputError(f"{table} has no {unknown[0]!r}; it has {', '.join(names)}.")


def _is_own(name: str) -> bool:
    """Return whether a name is that of an object of the user's own, and not of a provider and its model."""
    module = name.partition(":")[0]
    return "." in module


def _named(setting: str, name: str) -> Any:
    module, _, attribute = name.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError):
        raise InvalidInputError(f"{setting} names {name!r}, which cannot be imported.") from None


_PLAIN: Final[Mapping[str, type]] = {
    "database": str,
    "background": bool,
    "reflect_every": int,
    "model": str,
    "receipts": str,
    "keep_receipts": int,
    "threads": str,
}
_KINDS: Final = {
    str: "text",
    bool: "true or false",
    "keep_receipts": "a number of days",
    "reflect_every": "a number of hours",
}
_MADE: Final[Mapping[str, Any]] = {
    "index": _index,
    "ttl": _ttl,
    "guard": _guard,
    "types": _types,
    "allowed_classes": _classes,
}
_NAMES: Final = {"types": "memory_types"}
