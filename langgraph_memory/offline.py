"""A chat model that needs no network: it answers from the memories and messages it is given."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from langgraph_memory.domain.rendering import rendered_in, without_blocks
from langgraph_memory.domain.search.meaning import meaning
from langgraph_memory.domain.text import query_terms, terms

_QUESTION = re.compile(
    r"\?\s*$|^(?:who|what|when|where|which|why|how|do|does|did|is|are|am|can|could|should|tell me|remind me)\b",
    re.IGNORECASE,
)
_ABOUT_ME = re.compile(r"\b(?:know|remember|recall)\b.*\babout me\b", re.IGNORECASE)
_WORDS = re.compile(r"\S+\s*")
_MOST = 3
_NEAR = 0.4
"""The least cosine of the word vectors of a question and of a memory that answers it in other words."""


class OfflineChatModel(BaseChatModel):
    """Answers a question with the memories, or the user's earlier words, that share terms with it, or mean the nearest.

    It is no language model: it lets a demo, a notebook or a test run a real graph with no key and no network, always
    with the same answer. Sync, async and streaming.
    """

    @property
    def _llm_type(self) -> str:
        return "langgraph-memory-offline"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage(content=_cut(answer(messages), stop)))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for word in _WORDS.findall(_cut(answer(messages), stop)):
            chunk = ChatGenerationChunk(message=AIMessageChunk(content=word))
            if run_manager is not None:
                run_manager.on_llm_new_token(word, chunk=chunk)
            yield chunk


def answer(messages: Sequence[BaseMessage]) -> str:
    """Return the answer to the user's last message."""
    said = list(filter(None, (without_blocks(one.text) for one in messages if isinstance(one, HumanMessage))))
    if not said:
        return "Hello! What can I do for you?"
    if not _QUESTION.search(said[-1]):
        return "Noted."
    memories = [content for message in messages for content in rendered_in(message.text)]
    return _answered(said[-1], memories, [text for text in said[:-1] if not _QUESTION.search(text)])


def _answered(question: str, memories: Sequence[str], statements: Sequence[str]) -> str:
    """Answer from what was rendered into the prompt, else from what was said before."""
    if _ABOUT_ME.search(question):
        return _known(memories) if memories else "I know nothing about you yet."
    said = [f"You said: {text}" for text in _closest(question, statements)]
    found = _closest(question, memories) or said or _nearest(question, memories)
    return _known(found[:_MOST]) if found else "I do not know that yet."


def _known(sentences: Sequence[str]) -> str:
    return "From what I know: " + " ".join(sentences)


def _closest(question: str, sentences: Sequence[str]) -> list[str]:
    """Return the sentences that share the most terms with the question, in the order given; none if they share none."""
    wanted = set(query_terms(question))
    shared = [len(wanted & set(terms(sentence))) for sentence in sentences]
    best = max(shared, default=0)
    return [sentence for sentence, count in zip(sentences, shared, strict=True) if count == best > 0]


def _nearest(question: str, sentences: Sequence[str]) -> list[str]:
    """Return the sentence that means most nearly what the question asks for, if one is near: "kids" for "children"."""
    asked = meaning(question)
    nearness = [float(asked @ meaning(sentence)) for sentence in sentences]
    best = max(nearness, default=0.0)
    return [sentences[nearness.index(best)]] if best >= _NEAR else []


def _cut(text: str, stop: Sequence[str] | None) -> str:
    ends = [place for word in stop or () if (place := text.find(word)) >= 0]
    return text[: min(ends)] if ends else text
