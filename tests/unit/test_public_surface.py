"""What the package exports, and what it needs to be imported."""

from __future__ import annotations

import builtins
import inspect
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from importlib import import_module
from types import ModuleType

import pytest

import langgraph_memory
from langgraph_memory import errors, types
from langgraph_memory.errors import LangGraphMemoryError

IMPORTED = {"TYPE_CHECKING", "annotations", "lazy_names"}
"""What `langgraph_memory/__init__.py` itself is written with."""


def run(script: str) -> subprocess.CompletedProcess[str]:
    """Run a script in a fresh interpreter."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False
    )


def test_all_is_exactly_what_is_exported() -> None:
    for name in langgraph_memory.__all__:
        getattr(langgraph_memory, name)
    exported = {
        name
        for name, value in vars(langgraph_memory).items()
        if not name.startswith("_") and not isinstance(value, ModuleType) and name not in IMPORTED
    }

    assert set(langgraph_memory.__all__) == exported
    assert set(langgraph_memory.__all__) <= set(dir(langgraph_memory))
    assert sorted(langgraph_memory.__all__) == list(langgraph_memory.__all__)


def test_the_package_exports_what_a_quick_start_needs() -> None:
    assert len(langgraph_memory.__all__) <= 27


def test_every_name_of_the_types_can_be_imported_and_is_not_exported_twice() -> None:
    assert [name for name in types.__all__ if getattr(types, name, None) is None] == []
    assert set(types.__all__) & set(langgraph_memory.__all__) == set()
    assert sorted(types.__all__) == list(types.__all__)


DOCUMENTED = ("langgraph_memory", "langgraph_memory.errors", "langgraph_memory.extract", "langgraph_memory.types")
"""Where what stands in a signature can be imported from."""


PASSED_ON = ("Engine", "StoreSettings")
"""What a caller passes on: only the package asks it for anything."""


def signatures() -> Iterator[tuple[str, Callable[..., object]]]:
    """Yield what is public of the exported classes and functions, of the facets, and of what they return."""
    for home in (langgraph_memory, types):
        for exported in home.__all__:
            thing = getattr(home, exported)
            if inspect.isfunction(thing):
                yield exported, thing
            elif (
                inspect.isclass(thing) and exported not in PASSED_ON and thing.__module__.startswith("langgraph_memory")
            ):
                for name, value in vars(thing).items():
                    one = getattr(value, "fget", None) or getattr(value, "__func__", value)
                    if inspect.isfunction(one) and (name == "__init__" or not name.startswith("_")):
                        yield f"{exported}.{name}", one


def own_types(function: Callable[..., object]) -> Iterator[str]:
    """Yield the names in a signature's annotations that this package defines."""
    scope = vars(sys.modules[function.__module__])
    signature = inspect.signature(function)
    for annotation in (*(one.annotation for one in signature.parameters.values()), signature.return_annotation):
        for name in re.findall(r"(?<![\w.'])[A-Z]\w+", annotation if isinstance(annotation, str) else ""):
            defined = getattr(scope.get(name), "__module__", "langgraph_memory" if name not in scope else "typing")
            if defined.startswith("langgraph_memory") and name not in dir(builtins):
                yield name


@pytest.mark.parametrize(("name", "function"), list(signatures()))
def test_every_type_in_a_public_signature_can_be_imported_from_a_documented_module(
    name: str, function: Callable[..., object]
) -> None:
    homes = [import_module(home) for home in DOCUMENTED]

    assert [one for one in own_types(function) if not any(hasattr(home, one) for home in homes)] == []


def test_no_public_callable_takes_more_than_eight_parameters_but_records() -> None:
    many = {
        name
        for name, function in signatures()
        if len([one for one in inspect.signature(function).parameters if one not in ("self", "cls")]) > 8
        and not is_record(name.partition(".")[0])
    }

    assert many == set()


def is_record(name: str) -> bool:
    thing = getattr(langgraph_memory, name, None) or getattr(types, name, None)
    return hasattr(thing, "__dataclass_fields__") or hasattr(thing, "model_fields")


def test_whoever_previews_says_so() -> None:
    previews = {
        name: one
        for name, one in signatures()
        if "dry_run" in inspect.signature(one).parameters and not is_record(name.partition(".")[0])
    }

    assert len(previews) >= 8
    assert {inspect.signature(one).parameters["dry_run"].default for one in previews.values()} == {False}


def test_the_package_and_the_help_are_imported_without_what_they_do_not_need() -> None:
    found = run("""
        import sys
        import langgraph_memory, langgraph_memory.cli
        print(sorted({"langgraph", "langchain_core", "numpy", "sqlite3"} & set(sys.modules)))
        from langgraph_memory import open_memory
        late = {"numpy", "typer", "rich", "langgraph_memory.extract", "langgraph_memory.nodes"}
        print(sorted(late & set(sys.modules)))
    """)

    assert found.stdout.splitlines() == ["[]", "['rich', 'typer']"], found.stderr


def test_a_name_that_is_not_exported_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        langgraph_memory.Nothing  # noqa: B018


def test_every_exported_name_has_a_docstring() -> None:
    missing = [name for name in langgraph_memory.__all__ if not inspect.getdoc(getattr(langgraph_memory, name, None))]

    assert missing == []


def test_every_error_derives_from_one_base_and_says_what_it_means() -> None:
    found = [value for value in vars(errors).values() if inspect.isclass(value) and issubclass(value, Exception)]
    own = [one for one in found if one.__module__ == errors.__name__ and not issubclass(one, Warning)]

    assert len(own) > 15
    assert all(issubclass(error, LangGraphMemoryError) for error in own)
    assert all(error.__doc__ and error.__doc__.rstrip().endswith(".") for error in own)


def test_the_module_of_errors_opens_with_their_whole_tree() -> None:
    own = {name for name, value in vars(errors).items() if inspect.isclass(value) and name.endswith("Error")}
    own.discard("ValidationError")

    assert [name for name in own if name not in (errors.__doc__ or "")] == []


def test_errors_can_be_caught_as_the_built_in_ones_that_fit() -> None:
    assert issubclass(errors.InvalidInputError, ValueError)
    assert issubclass(errors.MemoryNotFoundError, LookupError)
    assert issubclass(errors.MissingExtraError, ImportError)


def test_without_numpy_everything_but_an_index_works() -> None:
    result = run(
        """
        import sys
        sys.modules["numpy"] = None
        from langgraph_memory import open_memory
        from langgraph_memory.errors import MissingExtraError
        with open_memory(":memory:") as memory:
            memory.store.remember("Ada likes tea", owner_id="ada")
            assert len(memory.store.recall("tea", owner_id="ada")) == 1
            memory.store.put(("docs",), "key", {"text": "tea"})
            assert len(memory.store.search(("docs",), query="tea")) == 1
        try:
            with open_memory(":memory:", index={"dims": 2, "embed": lambda texts: [[0.0, 1.0] for _ in texts]}):
                raise SystemExit("an index was opened without numpy")
        except MissingExtraError as error:
            assert "vectors" in str(error)
        print("done")
        """
    )

    assert result.stdout == "done\n", result.stderr


def test_importing_the_package_imports_no_optional_dependency() -> None:
    result = run(
        """
        import sys
        import langgraph_memory
        import langgraph_memory.detectors
        optional = ("langchain", "jupyterlab", "langgraph_api", "typer", "credsweeper", "onnxruntime", "pandas")
        print([name for name in optional if name in sys.modules])
        """
    )

    assert result.stdout == "[]\n", result.stderr
