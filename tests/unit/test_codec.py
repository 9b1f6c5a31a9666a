"""What is serialised comes back as it was, and bytes from elsewhere cannot grow beyond a bound."""

from __future__ import annotations

import tracemalloc
import zlib

import pytest
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from langgraph_memory.checkpoints.codec import Codec, unframe

CODEC = Codec(JsonPlusSerializer())


@pytest.mark.parametrize(
    "value", ["", "a" * 50, "a" * 90_000, "a" * 90_000_000, ["the same words"] * 400_000, b"\0" * 9]
)
def test_a_value_comes_back_however_well_it_can_be_compressed(value: object) -> None:
    assert CODEC.load(CODEC.dump(value)) == value


def test_bytes_that_would_fill_the_memory_are_refused_before_they_do() -> None:
    inflated = 400 * 2**20
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = b"".join([*(deflate.compress(bytes(2**20)) for _ in range(inflated >> 20)), deflate.flush()])
    framed = CODEC.frame(("msgpack", b"x" * 200))[1][:1] + zlib.crc32(bomb).to_bytes(4, "big") + bomb

    tracemalloc.start()
    with pytest.raises(ValueError, match="grow beyond"):
        unframe(framed)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < inflated / 1.5
