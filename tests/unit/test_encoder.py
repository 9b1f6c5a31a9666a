"""The encoder: what numpy computes is what the written-out sums give, and parts of a message are found in it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from langgraph_memory.domain import encoder
from langgraph_memory.domain.encoder import BEGIN, END, LONGEST, UNKNOWN, WIDTH, pieces, scores_of_parts

SENTENCE = "my daughter Mia is allergic to peanuts, what can I bake for her class?"


def _normed(row: list[float], weights: Any) -> list[float]:
    mean = sum(row) / len(row)
    spread = math.sqrt(sum((one - mean) ** 2 for one in row) / len(row) + 1e-12)
    return [
        (one - mean) / spread * float(scale) + float(shift) for one, scale, shift in zip(row, *weights, strict=True)
    ]


def _slowly(layer: encoder.Layer, states: Any) -> Any:
    """One layer, head by head and piece by piece."""
    raised = states @ layer.attend + layer.attend_bias
    query, key, value = raised[:, :WIDTH], raised[:, WIDTH : 2 * WIDTH], raised[:, 2 * WIDTH :]
    size = WIDTH // encoder.HEADS
    attended = np.zeros_like(states)
    for head in range(encoder.HEADS):
        own = slice(head * size, (head + 1) * size)
        for row in range(len(states)):
            scores = [
                math.exp(float(query[row, own] @ key[other, own]) / math.sqrt(size)) for other in range(len(states))
            ]
            attended[row, own] = sum(score / sum(scores) * value[other, own] for other, score in enumerate(scores))
    given = states + attended @ layer.out + layer.out_bias
    middle = np.array([_normed(list(map(float, row)), layer.first_norm) for row in given])
    up = middle @ layer.up + layer.up_bias
    bent = np.vectorize(lambda x: 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))))(up)
    last = middle + bent @ layer.down + layer.down_bias
    return np.array([_normed(list(map(float, row)), layer.second_norm) for row in last])


def test_the_layers_give_what_the_written_out_sums_give() -> None:
    held = encoder.encoder()
    places = [BEGIN, *(one.place for one in pieces(SENTENCE)), END]
    start = np.stack([held.vector(place) for place in places]) + held.positions[: len(places)]
    states = np.array([_normed(list(map(float, row)), held.norm) for row in start])
    for layer in held.layers:
        states = _slowly(layer, states)
    assert np.allclose(held.read(places), states, atol=2e-3)


def test_pieces_stand_where_their_words_do() -> None:
    for one in pieces(SENTENCE):
        assert SENTENCE[one.start : one.end].strip() == SENTENCE[one.start : one.end] != ""
    assert [SENTENCE[one.start : one.end] for one in pieces("")] == []


def test_a_word_that_is_in_no_table_is_unknown() -> None:
    assert [one.place for one in pieces("मेरा")] == [UNKNOWN] * len(pieces("मेरा"))


def test_what_lasts_scores_above_what_is_asked() -> None:
    told = SENTENCE.index(", what")
    lasting, asked = scores_of_parts(SENTENCE, [(0, told), (told + 2, len(SENTENCE))])
    assert lasting is not None
    assert asked is not None
    assert lasting > asked


def test_a_part_without_a_word_has_no_score() -> None:
    assert scores_of_parts("I live in Rome.  ", [(0, 14), (15, 17)])[1] is None


@pytest.mark.parametrize("count", [1, 3, 40])
def test_a_part_of_a_long_message_is_read_with_what_stands_around_it(count: int) -> None:
    filler = "The committee met again and looked at the plan of the year. " * count * 5
    text = f"{filler}I live in Rome. {filler}"
    start = text.index("I live")
    (score,) = scores_of_parts(text, [(start, start + 14)])
    assert score is not None
    assert len(pieces(text)) > LONGEST or count == 1


def test_codes_of_four_bits_are_unpacked_in_their_order() -> None:
    codes = np.array([[0x10, 0x32] * 16], "u1")
    scales = np.full((1, 1), 0.5, "f4")
    assert encoder._unpacked(codes, scales)[0, :4].tolist() == [-4.0, -3.5, -3.0, -2.5]
