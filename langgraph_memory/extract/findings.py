"""Reads one clause by the patterns, and says what it found."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from langgraph_memory.extract import vocabulary as words
from langgraph_memory.extract.known import slot_of
from langgraph_memory.extract.patterns import Pattern
from langgraph_memory.extract.slots import slug
from langgraph_memory.extract.tools import in_environment, tools
from langgraph_memory.extract.topics import TOPICS, Topic
from langgraph_memory.extract.values import checked, listed, trimmed

_QUALIFIERS: Final = frozenset({"key", "versus", "env"})
_TOOL_GROUPS: Final = frozenset({"tool", "product"})
_FAVORITE_NOTHING: Final = frozenset(
    {"part", "thing", "things", "one", "ones", "bit", "moment", "way", "time", "person", "example"}
)
_SPELLING: Final = {
    "colour": "color",
    "flavour": "flavor",
    "hobbies": "hobby",
    "programme": "program",
    "diabetic": "diabetes",
    "asthmatic": "asthma",
    "epileptic": "epilepsy",
    "dyslexic": "dyslexia",
    "autistic": "autism",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a clause says, before it is a candidate."""

    memory_type: str
    slot: str | None
    value: str
    content: str
    negated: bool = False
    replaces: tuple[str, ...] = ()
    confidence: float = 0.9
    importance: float = 0.5
    topic: str = ""
    details: Mapping[str, Any] | None = None
    session: bool = False
    corrects: bool = False
    changes_only: bool = False
    said: str = ""


def read(clause: str, patterns: Sequence[Pattern]) -> list[Finding]:
    """Return what the first pattern that fits `clause`, with values that hold, finds in it."""
    for pattern in patterns:
        match = pattern.regex.fullmatch(clause)
        found = list(_findings(match)) if match else []
        if found:
            return [replace(finding, confidence=pattern.confidence) for finding in found]
    return []


def render(topic: Topic, value: str, qualifiers: Mapping[str, str], *, stance: str = "") -> Finding | None:
    """Return the finding that `value` (stance: "" holds, "no" denied, "ex" holds no longer) is of `topic`."""
    key = qualifiers.get("key", "")
    if topic.slot == "favorite.{key}" and set(key.lower().split()) & _FAVORITE_NOTHING:
        return None
    says = {"": topic.says, "no": topic.denies, "ex": topic.ended or topic.denies}[stance]
    if not says:
        return None
    filled = {**qualifiers, "value": value, "key_as_said": key}
    slot = topic.slot.format_map(_slot_parts(value, qualifiers))
    return Finding(
        topic.memory_type,
        slot,
        value,
        says.format_map(filled),
        negated=bool(stance),
        replaces=(value,) if stance == "ex" else (),
        importance=topic.importance,
    )


def _findings(match: re.Match[str]) -> Iterator[Finding]:
    """Yield the findings of a match; when its first value does not hold, none."""
    groups = {name: text for name, text in match.groupdict().items() if text}
    qualifiers = {name: groups.pop(name) for name in _QUALIFIERS & groups.keys()}
    if not _qualify(qualifiers):
        return
    old = _old_values(groups)
    in_order = sorted(groups, key=match.start)
    for number, name in enumerate(in_order):
        stance, topic = _stance(name)
        read_one = _tools if topic in _TOOL_GROUPS else _values
        found = list(read_one(topic, groups[name], stance, qualifiers, old, match.string))
        if not found and number == 0:
            return
        yield from found


def _old_values(groups: dict[str, str]) -> dict[str, str]:
    """Take the values out of the groups of a match that others take the place of."""
    return {name.removeprefix("old_"): groups.pop(name) for name in list(groups) if name.startswith("old_")}


def _qualify(qualifiers: dict[str, str]) -> bool:
    """Trim what qualifies a value; return whether it can be used."""
    if "versus" in qualifiers:
        versus = checked("thing", qualifiers["versus"])
        if versus is None:
            return False
        qualifiers["versus"] = versus
    return True


def _stance(group: str) -> tuple[str, str]:
    head, _, tail = group.partition("_")
    return (head, tail) if head in {"no", "ex"} else ("", group)


def _values(
    name: str, text: str, stance: str, qualifiers: dict[str, str], old: dict[str, str], _clause: str
) -> Iterator[Finding]:
    topic = TOPICS[name]
    if name == "attribute" and qualifiers["key"].lower().split()[-1] in words.PEOPLE_HEADS:
        return
    for part in _parts(topic, text):
        value = checked(topic.check, part)
        finding = render(topic, value, qualifiers, stance=stance) if value else None
        if finding is None:
            continue
        gone = checked(topic.check, old[name]) if name in old else None
        finding = _of_several(finding, _clause) if finding.slot in _OF_SEVERAL else finding
        yield replace(finding, topic=name, replaces=(gone,) if gone else finding.replaces)


_OF_SEVERAL: Final = frozenset({"contact.email", "contact.phone"})
_WHICH = re.compile(
    r"\bmy (?P<which>work|office|business|private|personal|home|school|uni|university|second|other) "
    r"(?=e-?mail|phone|number)",
    re.IGNORECASE,
)


def _of_several(finding: Finding, clause: str) -> Finding:
    """Return a finding with which one of several it is: "my work e-mail is"."""
    which = _WHICH.search(clause)
    if which is None:
        return finding
    said = which["which"].lower()
    content = finding.content.replace("The user's ", f"The user's {said} ", 1)
    return replace(finding, slot=f"{finding.slot}.{said}", content=content)


def _parts(topic: Topic, text: str) -> list[str]:
    """Cut an enumeration apart where the topic has several values and every part is one; else take it whole."""
    parts = listed(text) if topic.many else []
    if len(parts) > 1 and all(checked(topic.check, part) for part in parts):
        return parts
    return [text] if len(parts) < 2 else [listed(trimmed(text))[0] if trimmed(text) else text]


def _tools(
    name: str, text: str, stance: str, qualifiers: dict[str, str], old: dict[str, str], clause: str
) -> Iterator[Finding]:
    """Yield a finding for every tool named; the tool it takes the place of may tell its slot."""
    who = "The user" if clause[:2].lower() in {"i ", "my"} else "The user's team"
    gone = [tool for given in old.values() for tool in tools(given, named=False)]
    for slot, value in tools(text, named=name == "product" and not old):
        yield _tool(
            who,
            in_environment(slot, qualifiers["env"]) if "env" in qualifiers else slot,
            value,
            stance,
            gone,
            qualifiers,
        )
        gone = []
    if gone and name == "product" and _is_unknown_tool(value := trimmed(text)):
        yield _tool(who, gone[0][0], value, stance, gone, qualifiers)


def _is_unknown_tool(value: str) -> bool:
    return value[:1].isupper() and slot_of(value) is None


def _tool(
    who: str, slot: str, value: str, stance: str, gone: list[tuple[str, str]], qualifiers: Mapping[str, str]
) -> Finding:
    verb = {"": "uses", "no": "does not use", "ex": "no longer uses"}[stance]
    where = f" in {qualifiers['env'].lower()}" if "env" in qualifiers else ""
    replaced = (value,) if stance == "ex" else tuple(tool for _, tool in gone)
    return Finding(
        "fact", slot, value, f"{who} {verb} {value}{where}.", bool(stance), replaced, importance=0.6, topic="tool"
    )


def _slot_parts(value: str, qualifiers: Mapping[str, str]) -> dict[str, str]:
    key = qualifiers.get("key", "")
    pair = sorted((slug(value), slug(qualifiers.get("versus", ""))))
    bare = re.sub(r"^the\s+", "", value, flags=re.IGNORECASE).lower()
    return {
        "slug": slug(value),
        "key": slug(" ".join(_SPELLING.get(word, word) for word in key.lower().split())),
        "pair": "-or-".join(pair),
        "place": "country" if bare in words.COUNTRIES else "city",
        "attribute": _attribute(key),
    }


def _attribute(key: str) -> str:
    """Return the slot of a named thing: deploy.channel, team.tech-lead (a person), project.budget (alone)."""
    parts = key.lower().split()
    if parts and parts[-1] in words.PEOPLE_HEADS:
        return f"team.{slug(key)}"
    if len(parts) < 2 or key.lower() in words.ATTRIBUTE_HEADS | words.AMOUNT_HEADS | words.DUE_HEADS:
        return f"project.{slug(key)}"
    return f"{slug(' '.join(parts[:-1]))}.{slug(parts[-1])}"
