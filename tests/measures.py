"""How large the package is, how far one call walks through it, and how many of its rules it breaks.

    python -m tests.measures              everything, as a table
    python -m tests.measures remember     the walk of one `remember`, call by call (or `recall`, or `turn`)

A walk is one call on a warm SQLite file, profiled in every thread. It counts the functions of the package that are
called, with generators counted where they start; a file move is a call into another file than the call before it, and a
climb is a call whose callee stands on a higher floor of the house (the first import contract) than its caller. What the
runner of effects calls is called by whoever runs it, and what is remembered of a text by whoever asks for that.
"""

from __future__ import annotations

import ast
import inspect
import re
import statistics
import sys
import threading
import tomllib
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from types import CodeType, FrameType
from typing import Any, NamedTuple

import langgraph_memory

PACKAGE = Path(langgraph_memory.__file__).parent
ROOT = PACKAGE.parent
STARTS = 8
"""A generator that is resumed stands behind this place of its code, one that is started does not."""


class Source(NamedTuple):
    """One file of the package: its module and its syntax."""

    path: Path
    module: str
    text: str
    tree: ast.Module


def sources() -> list[Source]:
    """Return every Python file of the package."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        names = path.relative_to(ROOT).with_suffix("").parts
        text = path.read_text(encoding="utf-8")
        found.append(Source(path, ".".join(names).removesuffix(".__init__"), text, ast.parse(text)))
    return found


class Step(NamedTuple):
    """One call of a walk, and who called."""

    code: CodeType
    caller: CodeType | None


class Walk:
    """The calls of the package's functions while something ran, in every thread."""

    def __init__(self, run: Callable[[], object]) -> None:
        self.steps: list[Step] = []
        threading.setprofile(self._seen)
        sys.setprofile(self._seen)
        try:
            run()
        finally:
            sys.setprofile(None)
            threading.setprofile(None)  # type: ignore[arg-type]

    def _seen(self, frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event != "call" or not _is_ours(code) or code.co_name.startswith("<") or frame.f_lasti > STARTS:
            return
        caller = frame.f_back
        while caller is not None and (not _is_ours(caller.f_code) or _is_between(caller.f_code)):
            caller = caller.f_back
        self.steps.append(Step(code, None if caller is None else caller.f_code))

    @cached_property
    def functions(self) -> int:
        """How many functions are called, each counted once."""
        return len({step.code for step in self.steps})

    @cached_property
    def files(self) -> int:
        """How many files they are in."""
        return len({step.code.co_filename for step in self.steps})

    @cached_property
    def moves(self) -> int:
        """How often a call is in another file than the one before it."""
        places = [step.code.co_filename for step in self.steps]
        return sum(one != other for one, other in pairwise(places))

    @cached_property
    def climbs(self) -> int:
        """How often something calls what stands on a higher floor."""
        floors = _floors()
        return sum(
            _floor(step.code, floors) < _floor(step.caller, floors) for step in self.steps if step.caller is not None
        )


def _is_between(code: CodeType) -> bool:
    memo = code.co_name == "__missing__" and code.co_filename == f"{PACKAGE}/cache.py"
    return memo or code.co_filename.startswith(f"{PACKAGE}/effects/")


def _is_ours(code: CodeType) -> bool:
    return code.co_filename.startswith(f"{PACKAGE}/")


def _floors() -> dict[str, int]:
    """Return the floor of each room, the highest first."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = config["tool"]["importlinter"]["contracts"][0]["layers"]
    return {room.strip(): floor for floor, layer in enumerate(layers) for room in re.split(r"[|:]", layer)}


def _floor(code: CodeType, floors: dict[str, int]) -> int:
    module = ".".join(Path(code.co_filename).relative_to(ROOT).with_suffix("").parts)
    while module and module not in floors:
        module = module.rpartition(".")[0]
    return floors.get(module, -1)


def walks() -> dict[str, Walk]:
    """Return the walks of a `remember`, a `recall` and a turn that promotes while the caller waits."""
    from langchain_core.messages import HumanMessage

    from langgraph_memory import OfflineChatModel, build_graph, open_memory

    with TemporaryDirectory() as folder, open_memory(str(Path(folder, "walk.db"))) as memory:
        store = memory.store
        graph = build_graph(OfflineChatModel(), max_tokens=2000).compile(
            checkpointer=memory.checkpointer, store=memory.store
        )
        config: Any = {"configurable": {"thread_id": "t", "user_id": "ann"}}

        def turn(text: str) -> None:
            graph.invoke({"messages": [HumanMessage(text)]}, config)

        for text in ("I live in Kiel.", "My sister is called Maren.", "Where do I live?"):
            store.remember(f"A warm start: {text}", owner_id="ben")
            store.recall(text, owner_id="ben")
            turn(text)
        return {
            "remember": Walk(lambda: store.remember("The office plants are watered on Fridays.", owner_id="ben")),
            "recall": Walk(lambda: store.recall("When are plants watered?", owner_id="ben")),
            "turn": Walk(lambda: turn("I am allergic to peanuts.")),
        }


def functions_in(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function that is defined in a file."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return how many lines a function's body has, without its docstring."""
    body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
    return 0 if not body else (body[-1].end_lineno or 0) - body[0].lineno + 1


def twins(found: Iterable[Source]) -> list[tuple[str, int]]:
    """Return the async functions that stand beside one of the same name without "a", and their lines."""
    pairs = []
    for source in found:
        for scope in ast.walk(source.tree):
            if isinstance(scope, (ast.Module, ast.ClassDef)):
                names = {node.name for node in scope.body if isinstance(node, ast.FunctionDef)}
                pairs += [
                    (f"{source.module}.{node.name}", (node.end_lineno or 0) - node.lineno + 1)
                    for node in scope.body
                    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and _is_twin(node, names)
                ]
    return pairs


def _is_twin(node: ast.FunctionDef | ast.AsyncFunctionDef, names: set[str]) -> bool:
    plain = re.sub(r"^(_*)a", r"\1", node.name, count=1)
    return plain != node.name and plain in names and body_lines(node) > 0


def protocols(found: Iterable[Source]) -> list[str]:
    """Return the names that stand for a kind of generator."""
    return [
        f"{source.module}.{ast.unparse(node.targets[0])}"
        for source in found
        for node in source.tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Subscript)
        and ast.unparse(node.value.value).rpartition(".")[2] in ("Generator", "AsyncGenerator")
    ]


def imports(found: Iterable[Source]) -> dict[str, set[str]]:
    """Return which modules of the package each of them imports at its top, type-only imports included."""
    known = {source.module: source for source in found}
    graph: dict[str, set[str]] = {}
    for name, source in known.items():
        wanted = set()
        for node in _top_statements(source.tree.body):
            if isinstance(node, ast.Import):
                wanted |= {one.name for one in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                wanted |= {f"{node.module}.{one.name}" for one in node.names} | {node.module}
        below = {one for one in wanted if one in known}
        graph[name] = {one for one in below if not any(other.startswith(f"{one}.") for other in below)} - {name}
    return graph


def _top_statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements that run when a file is imported, and those for type checkers alone."""
    for node in body:
        yield node
        if isinstance(node, (ast.If, ast.Try)):
            yield from _top_statements([*node.body, *node.orelse])


def circles(graph: dict[str, set[str]]) -> list[set[str]]:
    """Return the groups of modules that import each other, directly or through others."""
    reach = {name: _reached(name, graph) for name in graph}
    rings = {
        frozenset(other for other in found if name in reach[other]) for name, found in reach.items() if name in found
    }
    return [set(group) for group in rings]


def _reached(start: str, graph: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    pending = list(graph[start])
    while pending:
        one = pending.pop()
        if one not in seen:
            seen.add(one)
            pending.extend(graph[one])
    return seen


def complex_blocks(found: Iterable[Source], most: int = 10) -> list[str]:
    """Return the functions and methods whose complexity, as radon counts it, is more than `most`."""
    from radon.complexity import cc_visit
    from radon.visitors import Function

    return sorted(
        f"{source.module}.{block.name} ({block.complexity})"
        for source in found
        for block in {id(one): one for one in cc_visit(source.text)}.values()
        if isinstance(block, Function) and block.complexity > most
    )


def public_parameters() -> list[tuple[int, str]]:
    """Return how many parameters each exported function has, and each method of an exported class, most first."""
    counts = []
    for name in langgraph_memory.__all__:
        thing = getattr(langgraph_memory, name)
        for label, one in _callables(name, thing):
            parameters = [each for each in inspect.signature(one).parameters if each not in ("self", "cls")]
            counts.append((len(parameters), label))
    return sorted(counts, reverse=True)


def _callables(name: str, thing: Any) -> Iterator[tuple[str, Any]]:
    if inspect.isfunction(thing):
        yield name, thing
    elif inspect.isclass(thing) and thing.__module__.startswith("langgraph_memory"):
        records = hasattr(thing, "__dataclass_fields__") or hasattr(thing, "model_fields")
        for key, value in vars(thing).items():
            one = getattr(value, "__func__", value)
            if inspect.isfunction(one) and not (key.startswith("_") and (key != "__init__" or records)):
                yield f"{name}.{key}", one


def public_methods(thing: type) -> list[str]:
    """Return the public names that a class defines itself."""
    return [name for name in vars(thing) if not name.startswith("_")]


def measures() -> Iterator[tuple[str, object, str]]:
    """Yield each measure: its name, its figure, and what is wanted of it."""
    found = sources()
    yield "files / lines", f"{len(found)} / {sum(source.text.count(chr(10)) for source in found)}", "fewer"
    for name, walk in walks().items():
        goal = "<= 350 moves" if name == "turn" else "<= 80 / <= 35 / <= 6"
        yield f"{name}: functions / moves / climbs", f"{walk.functions} / {walk.moves} / {walk.climbs}", goal
        yield f"{name}: files", walk.files, ""
    pairs = twins(found)
    yield "generator protocols", len(protocols(found)), "1"
    yield "hand-written twins / lines", f"{len(pairs)} / {sum(lines for _, lines in pairs)}", "0"
    rings = circles(imports(found))
    yield "import circles", f"{len(rings)} of {[len(ring) for ring in rings]} files", "0"
    yield "public names of CuratedStore", len(public_methods(langgraph_memory.CuratedStore)), "<= 30"
    yield "__all__", len(langgraph_memory.__all__), "<= 27"
    yield "complexity above 10", len(complex_blocks(found)), "0"
    most, where = public_parameters()[0]
    yield "most parameters of a public callable", f"{most} ({where})", "<= 8"
    lines = sorted(body_lines(node) for source in found for node in functions_in(source.tree))
    yield (
        "body lines: median / p90 / max",
        (f"{statistics.median(lines):g} / {lines[len(lines) * 9 // 10]} / {lines[-1]}"),
        "4 / 12 / 31",
    )


def show_walk(walk: Walk) -> Iterator[str]:
    """Yield the calls of a walk, each with who called."""
    floors = _floors()
    for step in walk.steps:
        where = Path(step.code.co_filename).relative_to(PACKAGE)
        by = "" if step.caller is None else f"  < {step.caller.co_name}"
        up = step.caller is not None and _floor(step.code, floors) < _floor(step.caller, floors)
        yield f"{'^' if up else ' '} {where}:{step.code.co_firstlineno} {step.code.co_name}{by}"


def main(arguments: list[str]) -> None:
    """Print the measures, or one walk, or the list behind one of them."""
    found = sources()
    lists: dict[str, Callable[[], Iterable[object]]] = {
        "complexity": lambda: complex_blocks(found),
        "twins": lambda: twins(found),
        "circles": lambda: circles(imports(found)),
        "parameters": lambda: public_parameters()[:20],
    }
    for name in arguments:
        for line in lists[name]() if name in lists else show_walk(walks()[name]):
            print(line)
    if not arguments:
        for name, figure, goal in measures():
            print(f"{name:40} {figure!s:30} {goal}")


if __name__ == "__main__":
    main(sys.argv[1:])
