"""`MemoryFiles`: an owner's memories as files that a model reads and edits, for agents whose memory is a folder."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import partial
from itertools import zip_longest
from typing import Any, Final, TypeVar
from urllib.parse import unquote

from langgraph_memory import CuratedStore, Memory, Outcome, Source
from langgraph_memory.errors import DatabaseError, InvalidInputError, LangGraphMemoryError

PROFILE: Final = "profile.md"
_TITLE: Final = "# What is known from earlier conversations"
_HOW: Final = (
    "<!-- One line is one memory. Change a line to replace it, delete it to forget it, add one to remember it, end it "
    "with (confirmed) to confirm it; the heading above it is its type. -->"
)
_CONFIRMED: Final = "(confirmed)"
_SLOT: Final = "file:"
_MOST: Final = 500
"""Memories that a profile shows at most, whatever its budget."""
_LONGEST_PATH: Final = 200
_LONGEST: Final = 50_000
"""Characters that a file may have; a memory holds at most 100,000."""


class FileError(InvalidInputError):
    """What a model asked of the files cannot be done; the message says what it can do."""


@dataclass(frozen=True, slots=True)
class _Line:
    memory_type: str
    text: str


T = TypeVar("T", Memory, _Line)


class MemoryFiles:
    """The memories of one owner at one scope, as files below `root`; a model that edits them edits the memories.

    `profile.md` has one section for each type and one line for each memory, the most important first, within
    `max_tokens`. A changed line supersedes its memory, a deleted one forgets it, an added one is remembered, and one
    that ends with "(confirmed)" is verified. Any other file is one memory of type "skill", with its versions. All of
    it passes the guard, is marked as the assistant's and has a line in the audit log; what is refused is told in one
    sentence. With `read_only` nothing is changed, and `hidden` shows nothing either. `source` names the thread and run.

    `call` serves the commands of Anthropic's memory tool: view, create, str_replace, insert, delete and rename.
    """

    def __init__(
        self,
        store: CuratedStore,
        *,
        owner_id: str,
        scope: str = "global",
        root: str = "/memories",
        max_tokens: int = 2_000,
        read_only: bool = False,
        hidden: bool = False,
        source: Source | None = None,
    ) -> None:
        self._store = store
        self._whose: dict[str, Any] = {"owner_id": owner_id, "scope": scope}
        self._owner: dict[str, Any] = {"owner_id": owner_id}
        self._root = "/" + root.strip("/")
        self._max_tokens = max_tokens
        self._read_only = read_only or hidden
        self._hidden = hidden
        self._source = (source or Source()).model_copy(update={"actor": "assistant", "extractor": "files"})

    def name_of(self, path: str) -> str:
        """Return the name below the root that a path means, "" for the root itself; raises FileError outside of it."""
        plain = _decoded(path)
        if plain != path or "\\" in path or any(unicodedata.category(one) in ("Cc", "Cf", "Cs") for one in path):
            raise FileError(f"path {path[:80]!r} is not plain; write it like {self._root}/{PROFILE}.")
        inside = f"{path.rstrip('/')}/"
        parts = inside.removeprefix(self.path_of("")).split("/")[:-1]
        if not inside.startswith(self.path_of("")) or any(one.strip() in ("", ".", "..") for one in parts):
            raise FileError(f"path {path[:80]!r} must be below {self._root}.")
        if len(inside) > _LONGEST_PATH:
            raise FileError(f"path {path[:40]!r}... has more than {_LONGEST_PATH} characters.")
        return "/".join(parts)

    def path_of(self, name: str) -> str:
        """Return the path of a name below the root."""
        return f"{self._root.rstrip('/')}/{name}"

    def names(self, below: str = "") -> list[str]:
        """Return the names of all files, or of those in a folder, the profile first."""
        found = [PROFILE, *sorted(self._notes())]
        return [name for name in found if not below or name.startswith(f"{below}/")]

    def holds(self, name: str) -> bool:
        """Return whether there is a file of a name."""
        return name == PROFILE or name in self._notes()

    def read(self, name: str) -> str:
        """Return what is in a file; raises FileError when there is none of that name."""
        if name == PROFILE:
            return _page(self._known())
        note = self._notes().get(name)
        if note is None:
            raise FileError(f"there is no file {self.path_of(name)}; {self.path_of(PROFILE)} is one.")
        return note.content

    def write(self, name: str, text: str) -> None:
        """Make what is in a file `text`; what that changes is changed in the memories.

        Raises FileError, which names the lines that were refused; the others are stored.
        """
        self._may_write()
        if not name:
            raise FileError(f"{self._root} is a folder; write to a file in it.")
        if len(text) > _LONGEST:
            raise FileError(f"a file may have {_LONGEST} characters, and this has {len(text)}.")
        if name == PROFILE:
            self._edit_profile(text)
            return
        if not text.strip():
            raise FileError("a file must say something; delete it to forget it.")
        kind: dict[str, Any] = {"memory_type": "skill", "slot": f"{_SLOT}{name}", "source": self._source}
        refused = _refusal(name, self._try(lambda: self._store.remember(text, **kind, **self._whose)))
        if refused:
            raise FileError(f"{refused}.")

    def replace(self, name: str, old: str, new: str, *, everywhere: bool = False) -> int:
        """Put `new` in the place of `old` in a file, and return how often; raises FileError unless it is found once."""
        text = self.read(name)
        count = text.count(old) if old else 0
        if not count:
            raise FileError(f"the text to replace is not in {self.path_of(name)}; read it first.")
        if count > 1 and not everywhere:
            raise FileError(f"the text to replace is {count} times in {self.path_of(name)}; give more of it.")
        self.write(name, text.replace(old, new))
        return count

    def insert(self, name: str, after_line: int, text: str) -> None:
        """Put lines into a file after one of its lines, counted from 1; 0 is its beginning. Raises FileError."""
        lines = self.read(name).split("\n")
        if isinstance(after_line, bool) or not isinstance(after_line, int) or not 0 <= after_line <= len(lines):
            raise FileError(f"{self.path_of(name)} has {len(lines)} lines; insert after one of 0 to {len(lines)}.")
        self.write(name, "\n".join([*lines[:after_line], *text.rstrip("\n").split("\n"), *lines[after_line:]]))

    def delete(self, name: str) -> list[str]:
        """Forget a file, or those in a folder, and return their names; the profile's lines are deleted one by one.

        Raises FileError.
        """
        self._may_write()
        if name in ("", PROFILE):
            raise FileError("the profile cannot be deleted as a whole; delete the lines that are to be forgotten.")
        notes = self._notes()
        gone = [name] if name in notes else self.names(name)
        if not gone:
            raise FileError(f"there is no file {self.path_of(name)}.")
        for one in gone:
            self._store.forget(notes[one].id, source=self._source, **self._owner)
        return gone

    def rename(self, old: str, new: str) -> None:
        """Give a file another name; raises FileError when that is taken, or either of them is the profile."""
        self._may_write()
        if PROFILE in (old, new) or not new:
            raise FileError("the profile keeps its name, and no other file takes it.")
        text = self.read(old)
        if new in self.names() or self.names(new):
            raise FileError(f"{self.path_of(new)} exists already; choose another name.")
        self.write(new, text)
        self.delete(old)

    def call(self, command: Mapping[str, Any]) -> str:
        """Carry out a command of Anthropic's memory tool, and return what the model is told: an error is a sentence."""
        try:
            return self._called(command)
        except DatabaseError:
            raise
        except LangGraphMemoryError as error:
            return f"Error: {error}"

    def _called(self, command: Mapping[str, Any]) -> str:
        name = command.get("command")
        needed = _ARGUMENTS.get(name) if isinstance(name, str) else None
        if needed is None:
            raise FileError(f"the command must be one of {', '.join(_ARGUMENTS)}.")
        wrong = [one for one, kind in needed.items() if not isinstance(command.get(one), kind)]
        if wrong:
            raise FileError(f"{name} needs {' and '.join(wrong)}.")
        return str(getattr(self, f"_do_{name}")(command))

    def _do_view(self, command: Mapping[str, Any]) -> str:
        name = self.name_of(command["path"])
        if not self.holds(name):
            listed = "\n".join(self.path_of(one) for one in self.names(name))
            if not listed:
                raise FileError(f"there is no file {self.path_of(name)}; {self.path_of(PROFILE)} is one.")
            return f"Files in {self.path_of(name).rstrip('/')}:\n{listed}"
        lines = self.read(name).split("\n")
        first, last = _range(command.get("view_range"), len(lines))
        return "\n".join(f"{number:6}\t{lines[number - 1]}" for number in range(first, last + 1))

    def _do_create(self, command: Mapping[str, Any]) -> str:
        name = self.name_of(command["path"])
        self.write(name, command["file_text"])
        return f"{self.path_of(name)} is stored."

    def _do_str_replace(self, command: Mapping[str, Any]) -> str:
        name = self.name_of(command["path"])
        self.replace(name, command["old_str"], command["new_str"])
        return f"{self.path_of(name)} is changed."

    def _do_insert(self, command: Mapping[str, Any]) -> str:
        name = self.name_of(command["path"])
        self.insert(name, command["insert_line"], command["insert_text"])
        return f"{self.path_of(name)} is changed."

    def _do_delete(self, command: Mapping[str, Any]) -> str:
        gone = self.delete(self.name_of(command["path"]))
        return f"{', '.join(map(self.path_of, gone))} is deleted."

    def _do_rename(self, command: Mapping[str, Any]) -> str:
        old, new = self.name_of(command["old_path"]), self.name_of(command["new_path"])
        self.rename(old, new)
        return f"{self.path_of(old)} is now {self.path_of(new)}."

    def _may_write(self) -> None:
        if self._read_only:
            raise FileError("these files can only be read.")

    def _known(self) -> list[Memory]:
        """Return what the profile shows."""
        if self._hidden:
            return []
        how: dict[str, Any] = {"limit": _MOST, "max_tokens": self._max_tokens, "source": self._source}
        recall = self._store.recall(None, **how, **self._whose)
        order = list(self._store.settings.types)
        shown = [one for one in recall.memories if not _is_note(one)]
        return sorted(shown, key=lambda one: order.index(one.memory_type))

    def _notes(self) -> dict[str, Memory]:
        """Return the files but the profile, by name; of several scopes the nearest."""
        if self._hidden:
            return {}
        view = self._store.view(**self._whose)
        items = view.search((), filter={"memory_type": "skill"}, limit=_MOST)
        found = [Memory(id=item.key, **item.value) for item in sorted(items, key=lambda item: len(item.namespace))]
        return {str(one.slot).removeprefix(_SLOT): one for one in found if _is_note(one)}

    def _edit_profile(self, text: str) -> None:
        known = self._known()
        wanted = list(_parsed(text, self._store.settings.types))
        refused: list[str] = []
        forgotten: list[Memory] = []
        for old, new in _changes(known, wanted):
            if new is None:
                forgotten += [] if old is None else [old]
                continue
            refusal = _refusal(new.text, self._try(partial(self._store_line, old, new)))
            refused += [refusal] if refusal else []
        if refused:
            kept = "; no line was forgotten" if forgotten else ""
            raise FileError(f"{'; '.join(refused)}{kept}.")
        for one in forgotten:
            self._store.forget(one.id, source=self._source, **self._owner)

    def _store_line(self, old: Memory | None, new: _Line) -> Outcome | Memory:
        if old is None:
            return self._store.remember(new.text, memory_type=new.memory_type, source=self._source, **self._whose)
        if _folded(new.text.removesuffix(_CONFIRMED)) == _folded(_shown(old)):
            return self._store.verify(old.id, confidence=old.confidence, source=self._source, **self._owner)
        return self._store.supersede(old.id, new.text, source=self._source, **self._owner)

    def _try(self, store: Callable[[], Outcome | Memory]) -> Outcome | Memory | str:
        """Return what storing something gave, or what is wrong with it."""
        try:
            return store()
        except InvalidInputError as error:
            return str(error).rstrip(".")


_ARGUMENTS: Final[Mapping[str, Mapping[str, type]]] = {
    "view": {"path": str},
    "create": {"path": str, "file_text": str},
    "str_replace": {"path": str, "old_str": str, "new_str": str},
    "insert": {"path": str, "insert_line": int, "insert_text": str},
    "delete": {"path": str},
    "rename": {"old_path": str, "new_path": str},
}


def _page(memories: Iterable[Memory]) -> str:
    """Return the text of a profile: one section for each type, one line for each memory."""
    lines, at = [_TITLE, _HOW], ""
    for memory in memories:
        if memory.memory_type != at:
            at = memory.memory_type
            lines += ["", f"## {_plain(at)}"]
        lines.append(f"- {_shown(memory)}")
    return "\n".join([*lines, ""])


def _parsed(text: str, types: Mapping[str, Any]) -> Iterator[_Line]:
    """Yield the lines of an edited profile; raises FileError for one that is neither a heading nor a memory."""
    memory_type = ""
    for line in text.split("\n"):
        said = line.strip()
        if said.startswith("## "):
            memory_type = said[3:].strip()
            if memory_type not in types:
                raise FileError(f"no type {memory_type[:40]!r}: a heading is one of {', '.join(types)}.")
            memory_type = types[memory_type].name
        elif said.startswith(("- ", "* ")) and memory_type:
            if said[2:].strip():
                yield _Line(memory_type, html.unescape(said[2:].strip()))
        elif said and said not in (_TITLE, _HOW, "-", "*"):
            raise FileError(f'line {said[:40]!r} is no memory: write "- " and a sentence below a heading "## type".')


def _changes(known: Sequence[Memory], wanted: Sequence[_Line]) -> Iterator[tuple[Memory | None, _Line | None]]:
    """Yield what became of each line that is not as it was: old and new, of which one may be missing."""
    old_by_type, new_by_type = _by_type(known), _by_type(wanted)
    for memory_type in {**old_by_type, **new_by_type}:
        old, new = old_by_type.get(memory_type, []), new_by_type.get(memory_type, [])
        before, after = [html.unescape(_shown(one)) for one in old], [one.text for one in new]
        for what, start, end, first, last in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
            if what != "equal":
                yield from zip_longest(old[start:end], new[first:last])


def _by_type(lines: Iterable[T]) -> dict[str, list[T]]:
    found: dict[str, list[T]] = {}
    for one in lines:
        found.setdefault(one.memory_type, []).append(one)
    return found


def _refusal(text: str, found: Outcome | Memory | str) -> str:
    """Return why something was not stored, or nothing."""
    if isinstance(found, str):
        return f"{_cut(text)!r} was not stored: {found}"
    if isinstance(found, Memory) or found.memory is not None:
        return ""
    return f"{_cut(text)!r} was not stored: {found.reason.rstrip('.')}"


def _cut(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"


def _is_note(memory: Memory) -> bool:
    return bool(memory.slot and memory.slot.startswith(_SLOT))


def _shown(memory: Memory) -> str:
    return _plain(memory.content)


def _plain(text: str) -> str:
    """Return `text` on one line, without what is unseen and with nothing in it that could be read as markup."""
    seen = "".join(one if unicodedata.category(one) not in ("Cc", "Cf") else " " for one in text)
    return html.escape(" ".join(seen.split()), quote=False)


def _folded(text: str) -> str:
    return " ".join(html.unescape(text).casefold().split())


def _decoded(path: str) -> str:
    """Return a path with what is written in percent signs, however often that was done."""
    while (plain := unquote(path)) != path:
        path = plain
    return path


def _range(wanted: Any, most: int) -> tuple[int, int]:
    """Return the first and last line to show; raises FileError when they are none of a file's."""
    if wanted is None:
        return 1, most
    try:
        first, last = wanted
        last = most if last == -1 else min(last, most)
        if 1 <= first <= last:
            return first, last
    except (TypeError, ValueError):
        pass
    raise FileError(f"view_range must be two lines from 1 to {most}, or -1 for the last.")
