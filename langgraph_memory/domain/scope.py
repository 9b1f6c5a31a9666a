"""Owners, scopes, and the namespace each of them is in LangGraph's store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from langgraph_memory.errors import IdentityConflictError, InvalidScopeError, MissingOwnerError

GLOBAL = "global"
ROOT = "curated"
_SEPARATOR = "/"
DEEPEST = 32
"""How many segments a scope may have."""


def check_owner(owner_id: str | None) -> str:
    """Return `owner_id` when it can name an owner.

    Raises MissingOwnerError when it is None, empty, not text, or not valid Unicode without NUL.
    """
    if owner_id is None or owner_id == "":
        raise MissingOwnerError(
            "no owner was named; pass owner_id (or set owner_id or user_id in the run's context or configurable; on a "
            "server also in the assistant's, or by its authentication). A thread goes on with its next run."
        )
    if not isinstance(owner_id, str):
        raise MissingOwnerError(f"owner_id must be text, not {type(owner_id).__name__}.")
    if not owner_id.strip():
        raise MissingOwnerError("owner_id holds only white space; name the owner.")
    if not storable(owner_id):
        raise MissingOwnerError(f"owner_id {owner_id!r} holds NUL or a lone surrogate; use valid Unicode text.")
    return owner_id


def first_named(places: Iterable[Any], *names: str) -> Any:
    """Return what the first of some mappings or objects that has one of the names says for it; None: none has."""
    for place in places:
        # An abstract class takes ten times as long to ask.
        is_mapping = type(place) is dict or isinstance(place, Mapping)
        for name in names:
            value = place.get(name) if is_mapping else getattr(place, name, None)
            if value is not None:
                return value
    return None


def owner_named(*places: Any) -> Any:
    """Return whom the first of some mappings or objects that names an owner names: `owner_id`, else `user_id`."""
    return first_named(places, "owner_id", "user_id")


def authenticated_user(server_info: Any, configurable: Any) -> str | None:
    """Return whom a LangGraph server has authenticated; None: nobody, or there is no server."""
    named = configurable if isinstance(configurable, Mapping) else {}
    users = (getattr(server_info, "user", None), named.get("langgraph_auth_user"))
    found = [first_named([user], "identity") for user in users if user is not None]
    return next((str(one) for one in (*found, named.get("langgraph_auth_user_id")) if one), None)


def agreed_owner(named: Mapping[str, Any]) -> Any:
    """Return the owner that some places name, the strongest first; None: none of them names one.

    Raises IdentityConflictError when two of them disagree: the weaker one is never obeyed, nor passed over in silence.
    """
    found = {place: owner for place, owner in named.items() if owner is not None and owner != ""}
    if len({str(owner) for owner in found.values()}) > 1:
        said = ", ".join(f"{owner!r} by {place}" for place, owner in found.items())
        raise IdentityConflictError(f"this run names different owners, {said}; name one.")
    return next(iter(found.values()), None)


def check_scope(scope: str) -> str:
    """Return `scope` when it is `"global"` or a path of non-empty segments.

    Raises InvalidScopeError.
    """
    if not isinstance(scope, str):
        raise InvalidScopeError(f"scope must be text such as 'org:acme/project:apollo', not {type(scope).__name__}.")
    if scope == GLOBAL:
        return scope
    segments = scope.split(_SEPARATOR)
    if any(not segment.strip() for segment in segments):
        raise InvalidScopeError(f"scope {scope!r} has an empty segment; write it like 'org:acme/project:apollo'.")
    if len(segments) > DEEPEST:
        raise InvalidScopeError(
            f"scope {scope[:40]!r}... is {len(segments)} segments deep, and {DEEPEST} is the most; name what is told "
            "apart in fewer segments."
        )
    if not storable(scope):
        raise InvalidScopeError(f"scope {scope!r} holds NUL or a lone surrogate; use valid Unicode text.")
    if len(segments) > 1 and segments[0] == GLOBAL:
        raise InvalidScopeError(f"scope {scope!r} puts a path below 'global'; leave out the first segment.")
    return scope


@lru_cache(maxsize=1024)
def visible_from(scope: str) -> tuple[str, ...]:
    """Return what a read at `scope` sees, nearest first: the scope, its ancestors, and global."""
    if scope == GLOBAL:
        return (GLOBAL,)
    segments = scope.split(_SEPARATOR)
    return (*(_SEPARATOR.join(segments[:depth]) for depth in range(len(segments), 0, -1)), GLOBAL)


@lru_cache(maxsize=1024)
def namespace_of(owner_id: str, scope: str) -> tuple[str, ...]:
    """Return the namespace of an owner's memories at `scope`: ("curated", owner, scope segments...), encoded."""
    return (ROOT, encode_label(owner_id), *(encode_label(segment) for segment in scope.split(_SEPARATOR)))


@lru_cache(maxsize=1024)
def joined_namespace(owner_id: str, scope: str) -> str:
    """Return the namespace of an owner's memories at `scope` as one text."""
    return join_labels(namespace_of(owner_id, scope))


def scope_in(namespace: tuple[str, ...]) -> tuple[str, str] | None:
    """Return the owner and scope whose memories a namespace holds, None for one that holds none.

    There are no scopes below global: what lies there are plain items.
    """
    labels = tuple(decode_label(one) for one in namespace)
    if len(labels) < 3 or labels[0] != ROOT or (labels[2] == GLOBAL and len(labels) > 3):
        return None
    return labels[1], _SEPARATOR.join(labels[2:])


def encode_label(text: str) -> str:
    """Return `text` as a namespace label, in which LangGraph allows no period; `decode_label` undoes it."""
    return text.replace("%", "%25").replace(".", "%2E")


def decode_label(label: str) -> str:
    """Return the text that `encode_label` made `label` from."""
    return label.replace("%2E", ".").replace("%25", "%")


def partition_of(namespace: tuple[str, ...]) -> str:
    """Return the unit of isolation a namespace lies in: its first two labels, joined."""
    return join_labels(namespace[:2])


@lru_cache(maxsize=1024)  # one operation asks for it with every statement
def owner_partition(owner_id: str) -> str:
    """Return the partition of an owner's memories."""
    return join_labels((ROOT, encode_label(owner_id)))


def join_labels(namespace: tuple[str, ...]) -> str:
    """Return a namespace as one text; reversible, because no label holds a period."""
    return ".".join(namespace)


def split_labels(text: str) -> tuple[str, ...]:
    """Return the namespace that `join_labels` made `text` from."""
    return tuple(text.split("."))


def storable(text: str) -> bool:
    """Return whether a database can hold `text`: valid Unicode without NUL."""
    try:
        if not text.isascii():
            text.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in text


def plain_text(text: str) -> str:
    """Return `text` when a database can hold it; raises ValueError."""
    if not storable(text):
        raise ValueError("must be valid Unicode text without NUL")
    return text
