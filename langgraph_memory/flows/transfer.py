"""Export and import: page by page, so that neither holds more than a page of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from langgraph_memory.domain.guard import Refusal
from langgraph_memory.domain.memory import Receipt
from langgraph_memory.domain.scope import check_owner
from langgraph_memory.domain.transfer import (
    NO_HEADER,
    ItemLine,
    Line,
    MemoryLine,
    admitted,
    as_imported,
    check_header,
    header,
    parse,
)
from langgraph_memory.effects.effect import Effects
from langgraph_memory.errors import InvalidInputError
from langgraph_memory.operations.embedding import indexed_texts, searchable_text
from langgraph_memory.operations.index import embed_fields
from langgraph_memory.operations.rows import embedded_texts
from langgraph_memory.operations.settings import StoreSettings
from langgraph_memory.plans import transfer
from langgraph_memory.plans.transfer import SECTIONS, Incoming, Page

_BATCH = 500

Progress = Callable[[int], None]
"""Called with how much is done so far."""


def export(owner_id: str | None, settings: StoreSettings) -> Iterator[Effects[Iterable[str]]]:
    """Return what reads an export page by page; each page is asked for when the one before was read."""
    if owner_id is not None:
        check_owner(owner_id)
    return _export(owner_id, settings)


def _export(owner_id: str | None, settings: StoreSettings) -> Iterator[Effects[Iterable[str]]]:
    partitions: list[str] = []
    yield _begin(partitions, owner_id, settings)
    for partition in partitions:
        for section, start in SECTIONS.items():
            after = [start]
            while after:
                yield _page(section, partition, after)


def _begin(partitions: list[str], owner_id: str | None, settings: StoreSettings) -> Effects[Iterable[str]]:
    partitions += yield transfer.partitions(owner_id)
    return [header(settings.clock())]


def _page(section: str, partition: str, after: list[Any]) -> Effects[Iterable[str]]:
    """Read a page, and leave in `after` where the next one starts, if there is one."""
    page: Page = yield transfer.export_page(section, partition, after.pop())
    if page.after is not None:
        after.append(page.after)
    return page.lines


def import_(
    lines: Iterable[str],
    owner_id: str | None,
    on_progress: Progress | None,
    settings: StoreSettings,
    *,
    trusted: bool = True,
) -> Effects[Receipt]:
    """Take in an export, a batch of lines at a time."""
    if owner_id is not None:
        check_owner(owner_id)
    counts: dict[str, int] = {}
    for done, batch in _batches(lines, owner_id, settings):
        lines_read = batch if trusted else [as_imported(one) for one in batch]
        taken = [line for one in lines_read if not isinstance(line := admitted(one, settings.guard), Refusal)]
        incoming = yield from _embedded(taken, settings)
        added: dict[str, int] = yield transfer.import_batch(incoming)
        added["refused"] = len(batch) - len(taken)
        counts = {kind: counts.get(kind, 0) + number for kind, number in added.items()}
        if on_progress is not None:
            on_progress(done)
    return Receipt(settings.new_id(), "import", owner_id or "", settings.clock(), counts)


def _batches(lines: Iterable[str], owner_id: str | None, settings: StoreSettings) -> Iterator[tuple[int, list[Line]]]:
    """Yield the checked lines in batches, each with the number of lines read so far; blank lines do not count."""
    batch: list[Line] = []
    number = 0
    for number, text in enumerate(lines, 1):
        try:
            if number == 1:
                check_header(text)
            elif text.strip():
                batch.append(_known_type(parse(text, owner_id), settings))
        except InvalidInputError as error:
            raise InvalidInputError(f"line {number}: {error}") from None
        if len(batch) == _BATCH:
            yield number, batch
            batch = []
    if number == 0:
        raise InvalidInputError(f"line 1: {NO_HEADER}")
    yield number, batch


def _known_type(line: Line, settings: StoreSettings) -> Line:
    if isinstance(line, MemoryLine):
        _ = settings.types[line.memory.memory_type]
    return line


def _embedded(batch: Sequence[Line], settings: StoreSettings) -> Effects[list[Incoming]]:
    """Return a batch with its vectors and the words it is found by."""
    vectors = yield from embed_fields([_texts_of(line, settings) for line in batch], settings)
    return [Incoming(line, own, _words_of(line, settings)) for line, own in zip(batch, vectors, strict=True)]


def _texts_of(line: Line, settings: StoreSettings) -> list[tuple[str, str]]:
    if isinstance(line, MemoryLine):
        return embedded_texts(line.memory.content, line.memory.context)
    return indexed_texts(line.value, settings.fields) if isinstance(line, ItemLine) and line.indexed else []


def _words_of(line: Line, settings: StoreSettings) -> str:
    if not isinstance(line, ItemLine) or not line.indexed:
        return ""
    return searchable_text(line.value, settings.fields)
