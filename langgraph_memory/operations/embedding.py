"""Turns texts into vectors with the user's embedder, and checks what it returns."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence, Sized
from inspect import iscoroutinefunction
from math import isfinite
from typing import Any, Final, Literal, cast

from langchain_core.embeddings import Embeddings
from langgraph.store.base import IndexConfig, ensure_embeddings, get_text_at_path, tokenize_path

from langgraph_memory.domain.search.vectors import IndexIdentity, Metric, pack, require_numpy
from langgraph_memory.domain.text import MOST_INDEXED
from langgraph_memory.effects.effect import Effects, call, in_thread
from langgraph_memory.errors import EmbeddingError, InvalidInputError, MissingExtraError
from langgraph_memory.views import counted

_METRICS = ("cosine", "l2", "inner_product")
_KEYS = ("dims", "embed", "fields", "text_fields", "distance_type", "model", "rerank")
"""Where LangGraph's own stores read `text_fields`, its documents say `fields`; either does."""


def fields_of(index: Mapping[str, Any]) -> Sequence[str] | None:
    """Return the fields that an index names."""
    return index.get("fields") or index.get("text_fields")


LOCAL: Final = "local"
Index = IndexConfig | Literal["local"]
"""How what is stored is embedded: as LangGraph says it, or by the models of the extra `local`."""


def index_of(index: Any) -> Any:
    """Return the configuration of an index, in which `"local"` stands for the models of the extra `local`.

    Raises MissingExtraError, or InvalidInputError for other dimensions than it has.
    """
    if isinstance(index, Mapping) and index.get("rerank") == LOCAL:
        from langgraph_memory.local import LocalReranker

        index = {**index, "rerank": LocalReranker()}
    if index != LOCAL and not (isinstance(index, Mapping) and index.get("embed") == LOCAL):
        return index
    from langgraph_memory.local import LocalEmbeddings

    given = {} if index == LOCAL else dict(index)
    if given.setdefault("dims", LocalEmbeddings.dims) != LocalEmbeddings.dims:
        raise InvalidInputError(f"the local embedder has {LocalEmbeddings.dims} dims; leave out index['dims'].")
    return {**given, "embed": LocalEmbeddings()}


class Embedder:
    """The embedder of an `index` configuration: `{"dims", "embed", "fields"}` as LangGraph defines them.

    `"distance_type"` is `"cosine"` (default), `"l2"` or `"inner_product"`; `"model"` names the model where its object
    does not, so that vectors of another one are not taken for its own. Raises InvalidInputError for a
    configuration that cannot work, MissingExtraError without numpy.

    `"rerank"` is a function of a query and texts that returns how well each answers it, on any scale, sync or async:
    it is asked about the best of each recall. `"local"` is that of the extra `local`.
    """

    def __init__(self, index: IndexConfig) -> None:
        _check_index(index)
        require_numpy()
        self.dims = index["dims"]
        self.metric = cast(Metric, index.get("distance_type", "cosine"))
        if self.metric not in _METRICS:
            raise InvalidInputError(
                f"index['distance_type'] must be one of {', '.join(_METRICS)}, not {self.metric!r}."
            )
        self._reranker = _reranker_of(index)
        self._embeddings = _embeddings_of(index["embed"])
        self._identity = IndexIdentity(self.dims, self.metric, _model_of(index))

    @property
    def reranks(self) -> bool:
        """Whether there is a reranker."""
        return self._reranker is not None

    def rerank(self, query: str, texts: Sequence[str]) -> Effects[list[float]]:
        """Return how well each text answers a query; raises EmbeddingError when the reranker fails."""
        rerank = self._called()
        asked: Any = _awaited if _is_async(rerank) else in_thread
        try:
            said = yield from asked(rerank, query, list(texts))
        except EmbeddingError:
            raise
        except Exception as error:
            raise _rerank_failed(error) from error
        return _numbers(said, len(texts))

    def _called(self) -> Callable[[str, list[str]], Any]:
        if self._reranker is None:
            raise EmbeddingError("nothing can be reranked: the index has no 'rerank'.")
        return self._reranker

    @property
    def identity(self) -> IndexIdentity:
        """What tells its vectors from those of another."""
        return self._identity

    def documents(self, texts: Sequence[str]) -> Effects[list[bytes]]:
        """Return one packed vector for each text.

        Raises EmbeddingError when the embedder fails or returns something else.
        """
        embeddings = self._embeddings
        try:
            vectors = yield from call(embeddings.embed_documents, embeddings.aembed_documents, list(texts))
        except Exception as error:
            raise _failed(error) from error
        return self._checked(vectors, len(texts))

    def query(self, text: str) -> Effects[bytes]:
        """Return the packed vector of a query; raises EmbeddingError."""
        try:
            vector = yield from call(self._embeddings.embed_query, self._embeddings.aembed_query, text)
        except Exception as error:
            raise _failed(error) from error
        return pack(vector, self.dims, self.metric)

    def _checked(self, vectors: Any, expected: int) -> list[bytes]:
        if not isinstance(vectors, Sized) or not isinstance(vectors, Iterable):
            raise EmbeddingError(f"the embedder returned {type(vectors).__name__} in place of a list of vectors.")
        if len(vectors) != expected:
            raise EmbeddingError(
                f"the embedder returned {counted(len(vectors), 'vectors')} for {counted(expected, 'texts')}."
            )
        return [pack(vector, self.dims, self.metric) for vector in vectors]


def _check_index(index: Any) -> None:
    """Raise InvalidInputError for a configuration that cannot work, whatever embeds."""
    if not isinstance(index, Mapping):
        raise InvalidInputError(f"index must be 'local' or a mapping with 'dims' and 'embed', not {index!r}.")
    unknown = [key for key in index if key not in _KEYS]
    if unknown:
        raise InvalidInputError(f"index has no option {unknown[0]!r}; the options are {', '.join(_KEYS)}.")
    dims, embed = index.get("dims"), index.get("embed")
    if not isinstance(dims, int) or isinstance(dims, bool) or dims < 1:
        raise InvalidInputError(f"index['dims'] must be a positive whole number, not {dims!r}.")
    if not isinstance(embed, (str, Embeddings)) and not callable(embed):
        raise InvalidInputError(f"index['embed'] must be an Embeddings object or a function, not {embed!r}.")
    _check_fields(fields_of(index))


def _check_fields(fields: Any) -> None:
    if fields is not None and (isinstance(fields, str) or not all(isinstance(field, str) for field in fields)):
        raise InvalidInputError(f"index['fields'] must be a list of paths such as ['text'], not {fields!r}.")


def indexed_texts(value: Mapping[str, Any], fields: Sequence[str]) -> list[tuple[str, str]]:
    """Return the (field, text) pairs that `fields`, in LangGraph's path syntax, select from a JSON value."""
    found: list[tuple[str, str]] = []
    for path in fields:
        texts = get_text_at_path(value, path if path == "$" else tokenize_path(path))
        names = [path] if len(texts) == 1 else [f"{path}.{place}" for place in range(len(texts))]
        found.extend((name, text) for name, text in zip(names, texts, strict=True) if text)
    return found


def searchable_text(value: Mapping[str, Any], fields: Sequence[str]) -> str:
    """Return what full-text search finds a value by: the indexed fields, or every word of it for `["$"]`."""
    if list(fields) == ["$"]:
        return words_of(value)
    return "\n".join(text for _, text in indexed_texts(value, fields))


def words_of(value: Any) -> str:
    """Return the texts and numbers in a JSON value, keys left out: what full-text search finds the whole value by."""
    found: list[str] = []
    room = MOST_INDEXED
    left = [value]  # and no recursion, because a value may be nested deeper than that goes
    while left and room > 0:
        one = left.pop()
        if type(one) is str:  # what most values hold
            found.append(one)
            room -= len(one)
        elif isinstance(one, Mapping):
            left.extend(reversed(list(one.values())))
        elif isinstance(one, (list, tuple)):
            left.extend(reversed(one))
        elif isinstance(one, (str, int, float)) and not isinstance(one, bool):
            found.append(str(one))
            room -= len(found[-1])
    return " ".join(found)


def _model_of(index: Mapping[str, Any]) -> str:
    """Return the name of the model; a function without one has none."""
    named, embed = index.get("model"), index["embed"]
    if named is not None and not isinstance(named, str):
        raise InvalidInputError(f"index['model'] must be text, not {type(named).__name__}.")
    if named or isinstance(embed, str):
        return str(named or embed)
    if not isinstance(embed, Embeddings):
        return ""
    own = next((getattr(embed, name, None) for name in ("model", "model_name") if getattr(embed, name, None)), "")
    return f"{type(embed).__qualname__} {own}".strip()


def _embeddings_of(embed: Any) -> Embeddings:
    """Return what embeds: an object or a function as it is, or the model that LangChain knows by a name."""
    try:
        return ensure_embeddings(embed)
    except ImportError as error:
        raise MissingExtraError(f"index['embed'] {embed!r} needs a package: {_first_line(error)}") from error
    except Exception as error:
        raise InvalidInputError(f"index['embed'] {embed!r} cannot be set up: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _reranker_of(index: Mapping[str, Any]) -> Callable[[str, list[str]], Any] | None:
    rerank = index.get("rerank")
    if rerank is not None and not callable(rerank):
        raise InvalidInputError(f"index['rerank'] must be a function of a query and texts, or 'local', not {rerank!r}.")
    return rerank


def _is_async(function: Any) -> bool:
    """Return whether a function, or an object that is called, is async."""
    return iscoroutinefunction(function) or iscoroutinefunction(type(function).__call__)


def _awaited(rerank: Callable[..., Awaitable[Any]], query: str, texts: list[str]) -> Effects[Any]:
    return call(_refuse_async, rerank, query, texts)


def _refuse_async(*_: object) -> Any:
    raise EmbeddingError("index['rerank'] is async; call arecall, or give a function that is not.")


def _numbers(said: Any, expected: int) -> list[float]:
    """Return what a reranker said, when it is one finite number for each text."""
    try:
        found = [float(one) for one in said]
    except (TypeError, ValueError):
        raise EmbeddingError(f"the reranker returned {type(said).__name__} in place of a list of numbers.") from None
    if len(found) != expected or not all(map(isfinite, found)):
        raise EmbeddingError(
            f"the reranker returned {counted(len(found), 'numbers')} for {counted(expected, 'texts')}, or none that "
            "can be compared."
        )
    return found


def _rerank_failed(error: Exception) -> EmbeddingError:
    reason = " ".join(f"{type(error).__name__}: {error}".split())
    return EmbeddingError(f"the reranker failed ({reason}).")


def _failed(error: Exception) -> EmbeddingError:
    reason = " ".join(f"{type(error).__name__}: {error}".split())
    return EmbeddingError(f"the embedder failed ({reason}); nothing was stored.")
