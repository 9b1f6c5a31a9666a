"""The set of fields that restored messages share behaves as one of their own, and nobody can change it for another."""

from __future__ import annotations

import copy
import pickle

import pytest
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from langgraph_memory.checkpoints.codec import Codec
from langgraph_memory.checkpoints.decode import Chunk

CODEC = Codec(JsonPlusSerializer())


@pytest.fixture(params=[1, 3], ids=["alone", "in a chunk of three"])
def pair(request: pytest.FixtureRequest) -> list[HumanMessage]:
    """Return the same stored message twice, as two snapshots hold it."""
    messages = [HumanMessage(f"number {number}", id=str(number)) for number in range(request.param)]
    chunk = Chunk(CODEC, "list", CODEC.dump(messages))
    return [chunk.copy()[0], chunk.copy()[0]]


def test_it_names_the_fields_that_a_message_restored_by_the_serializer_names(pair):
    restored = CODEC.revive(CODEC.serde.dumps_typed(pair[0]))

    assert pair[0].model_fields_set == restored.model_fields_set
    assert pair[0].model_dump(exclude_unset=True) == restored.model_dump(exclude_unset=True)


def test_a_field_or_another_attribute_may_be_assigned(pair):
    changed, other = pair

    changed.content = "changed"
    changed.note = "another attribute"  # type: ignore[attr-defined]

    assert (changed.content, changed.model_extra) == ("changed", {"note": "another attribute"})
    assert (other.content, other.model_extra) == ("number 0", {})
    assert "note" not in other.model_fields_set


@pytest.mark.parametrize("change", ["clear", "pop"])
def test_what_would_change_it_is_refused(pair, change):
    with pytest.raises(TypeError, match="change a copy of it"):
        getattr(pair[0].model_fields_set, change)()
    with pytest.raises(TypeError, match="change a copy of it"):
        pair[0].model_fields_set.discard("content")

    assert "content" in pair[1].model_fields_set


@pytest.mark.parametrize(
    "copied",
    [
        copy.copy,
        copy.deepcopy,
        lambda message: message.model_copy(),
        lambda message: pickle.loads(pickle.dumps(message)),
    ],
    ids=["copy", "deepcopy", "model_copy", "pickle"],
)
def test_a_copy_of_a_message_has_an_ordinary_set(pair, copied):
    made = copied(pair[0])

    assert type(made.model_fields_set) is set
    assert made.model_fields_set == pair[0].model_fields_set


@pytest.mark.parametrize("method", ["copy", "union", "difference", "__or__", "__sub__"])
def test_what_is_made_of_it_is_an_ordinary_set(pair, method):
    names = pair[0].model_fields_set

    made = getattr(names, method)(*([] if method == "copy" else [{"content"}]))

    assert type(made) is set
