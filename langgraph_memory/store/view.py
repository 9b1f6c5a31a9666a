"""`StoreView`: one owner's part of a store, as a store of its own that tools and agents can be handed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from langgraph.store.base import BaseStore, GetOp, Item, ListNamespacesOp, Op, PutOp, Result, SearchItem, SearchOp

from langgraph_memory.domain.scope import GLOBAL, check_owner, check_scope, namespace_of, visible_from
from langgraph_memory.domain.search.filters import select_namespaces
from langgraph_memory.effects.effect import Caller, Effects, either
from langgraph_memory.effects.twins import runs_effects, twin_of
from langgraph_memory.errors import InvalidInputError

Namespace = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a view at a scope reaches: it reads that scope, its ancestors and global, and writes at the scope."""

    owner_id: str
    scope: str

    @property
    def own(self) -> Namespace:
        """Where it writes."""
        return namespace_of(self.owner_id, self.scope)

    @property
    def visible(self) -> list[Namespace]:
        """The namespaces it reads."""
        return [namespace_of(self.owner_id, scope) for scope in visible_from(self.scope)]

    def reads(self, namespace: Namespace) -> bool:
        """Return whether it reads what lies in a namespace; below global there are no scopes, only plain items."""
        return namespace in self.visible or namespace[:3] == namespace_of(self.owner_id, GLOBAL)

    def writes(self, namespace: Namespace) -> bool:
        """Return whether it writes into a namespace."""
        return namespace == self.own or (self.scope == GLOBAL and self.reads(namespace))

    def under(self, prefix: Namespace) -> list[Namespace]:
        """Return the prefixes of what it reads under a prefix; none when that is outside of it."""
        if prefix not in self.visible and self.reads(prefix):
            return [prefix]
        return [one for one in self.visible if one[: len(prefix)] == prefix]

    def refuse(self, namespace: Namespace, verb: str) -> InvalidInputError:
        """Return the error for what lies outside; it is the same whether anything is there or not."""
        return InvalidInputError(
            f"namespace {namespace!r} is outside of this view, which {verb} {self.own!r} for its owner alone."
        )


class StoreView(BaseStore):
    """The items and memories of one owner, seen from one scope; made by `CuratedStore.view`.

    It reads the namespaces of its scope, of that scope's ancestors and of global, and writes into that of its scope.
    Whatever lies outside is refused with an error that does not tell whether anything is there; a listing or a search
    above its namespaces is of those alone. What the owner or the app said is not changed through a view.
    """

    supports_ttl = True
    _runner = Caller()

    def __init__(self, store: BaseStore, *, owner_id: str, scope: str = GLOBAL) -> None:
        super().__init__()
        self.ttl_config = store.ttl_config
        self._store = store
        self._bounds = Bounds(check_owner(owner_id), check_scope(scope))

    @property
    def namespace(self) -> Namespace:
        """Where this view writes: the namespace to give to a tool that asks for one."""
        return self._bounds.own

    @runs_effects
    def batch(self, ops: Iterable[Op]) -> Effects[list[Result]]:
        """Run operations on what is inside; reads see what was there before the batch, whose writes are one.

        Raises InvalidInputError before anything is read or written when one of them reaches outside.
        """
        return self._answers(list(ops))

    abatch = twin_of(batch)

    def _beneath(self, ops: Sequence[Op]) -> Effects[list[Result]]:
        return either(self._store.batch, ops)

    def _answers(self, ops: Sequence[Op]) -> Effects[list[Result]]:
        """Return what each operation is answered by the store beneath."""
        for op in ops:
            self._check(op)
        results: list[Result] = [None] * len(ops)
        for place, op in enumerate(ops):
            if isinstance(op, GetOp):
                (results[place],) = yield from self._beneath([op])
            elif isinstance(op, SearchOp):
                results[place] = yield from self._search(op)
            elif isinstance(op, ListNamespacesOp):
                results[place] = yield from self._namespaces(op)
        puts = [op for op in ops if isinstance(op, PutOp)]
        if puts:
            yield from self._check_trust(puts)
            yield from self._beneath(puts)
        return results

    def _check_trust(self, puts: Sequence[PutOp]) -> Effects[None]:
        """Raise InvalidInputError when a write would change or delete what the owner or the app said."""
        held = yield from self._beneath([GetOp(op.namespace, op.key, refresh_ttl=False) for op in puts])
        for op, item in zip(puts, held, strict=True):
            if isinstance(item, Item) and op.namespace in self._bounds.visible and _is_trusted(item):
                raise InvalidInputError(
                    f"memory {op.key} is what the {item.value['trust']} said, and a view is for agents, which do not "
                    "change that; let the app do it with supersede() or forget(), or the user with memory_tools()."
                )

    def _check(self, op: Op) -> None:
        if isinstance(op, GetOp) and not self._bounds.reads(op.namespace):
            raise self._bounds.refuse(op.namespace, "reads")
        if isinstance(op, PutOp) and not self._bounds.writes(op.namespace):
            raise self._bounds.refuse(op.namespace, "writes")
        if isinstance(op, SearchOp) and not self._bounds.under(op.namespace_prefix):
            raise self._bounds.refuse(op.namespace_prefix, "reads")

    def _search(self, op: SearchOp) -> Effects[list[SearchItem]]:
        found: list[SearchItem] = []
        for prefix in self._bounds.under(op.namespace_prefix):
            found += yield from self._inside(op._replace(namespace_prefix=prefix), op.offset + op.limit)
        if op.query:
            found.sort(key=lambda item: -(item.score or 0.0))
        else:
            found.sort(key=lambda item: item.updated_at, reverse=True)
        return found[op.offset : op.offset + op.limit]

    def _inside(self, op: SearchOp, wanted: int) -> Effects[list[SearchItem]]:
        """Return the first matches under a prefix, without those of the scopes below it."""
        limit = wanted
        while True:
            (page,) = yield from self._beneath([op._replace(limit=limit, offset=0)])
            items: list[Any] = page if isinstance(page, list) else []
            inside = [item for item in items if self._bounds.reads(item.namespace)]
            if len(inside) >= wanted or len(items) < limit:
                return inside[:wanted]
            limit *= 4

    def _namespaces(self, op: ListNamespacesOp) -> Effects[list[Namespace]]:
        (found,) = yield from self._beneath([ListNamespacesOp(limit=_ALL)])
        every: list[Any] = found if isinstance(found, list) else []
        inside = [one for one in every if self._bounds.reads(one)]
        conditions = [(one.match_type, tuple(one.path)) for one in op.match_conditions or ()]
        return select_namespaces(inside, conditions, op.max_depth, op.limit, op.offset)


def _is_trusted(item: Item) -> bool:
    """Return whether an item is a memory that its owner or the app said; a plain item has no trust of its own."""
    return "owner_id" in item.value and item.value.get("trust") in ("owner", "app")


_ALL = 2**31 - 1
"""As many namespaces as there are."""
