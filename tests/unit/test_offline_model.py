"""The offline chat model is a LangChain chat model, and answers from what it is given."""

from __future__ import annotations

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage

from langgraph_memory import OfflineChatModel
from langgraph_memory.domain.rendering import CLOSING, NOTE, OPENING

BLOCK = "\n".join(
    [OPENING, NOTE, "- (fact) The user lives in Munich.", "- (preference) The user likes tea &amp; jam.", CLOSING]
)


def ask(*messages: AnyMessage | str) -> str:
    return OfflineChatModel().invoke(list(messages)).text


@pytest.mark.parametrize("block", [HumanMessage(BLOCK), SystemMessage(f"You are helpful.\n\n{BLOCK}")])
def test_it_answers_a_question_from_the_memories(block: AnyMessage) -> None:
    answer = ask(block, HumanMessage("Where do I live?"))

    assert answer == "From what I know: The user lives in Munich."


def test_it_answers_with_every_memory_when_asked_what_it_knows() -> None:
    answer = ask(HumanMessage(BLOCK), HumanMessage("What do you know about me?"))

    assert "Munich" in answer
    assert "tea & jam" in answer


def test_it_answers_from_the_users_earlier_words_in_the_thread() -> None:
    answer = ask(HumanMessage("My cat is called Tom."), AIMessage("Noted."), HumanMessage("What is my cat called?"))

    assert answer == "From what I know: You said: My cat is called Tom."


def test_it_answers_with_what_means_the_same_where_no_word_is_shared() -> None:
    told = ["- (fact) The user is allergic to peanuts.", "- (fact) The user has two kids."]
    block = "\n".join([OPENING, NOTE, *told, CLOSING])

    assert ask(HumanMessage(block), HumanMessage("How many children do I have?")).endswith("The user has two kids.")
    assert "peanuts" in ask(HumanMessage(block), HumanMessage("Do I have any allergies?"))


def test_it_says_so_when_it_does_not_know() -> None:
    assert ask(HumanMessage(BLOCK), HumanMessage("Which car do I drive?")) == "I do not know that yet."
    assert ask(HumanMessage("What do you know about me?")) == "I know nothing about you yet."


def test_it_notes_a_statement_and_greets_silence() -> None:
    assert ask(HumanMessage("I live in Munich.")) == "Noted."
    assert ask(SystemMessage("You are helpful.")) == "Hello! What can I do for you?"
    assert ask(HumanMessage(content=[{"type": "image_url", "image_url": {"url": "data:,"}}])).startswith("Hello!")


async def test_it_answers_alike_in_every_way_of_calling() -> None:
    messages = [HumanMessage(BLOCK), HumanMessage("Where do I live?")]
    model = OfflineChatModel()

    whole = model.invoke(messages).text
    streamed = [chunk.text for chunk in model.stream(messages)]
    astreamed = [chunk.text async for chunk in model.astream(messages)]

    assert (await model.ainvoke(messages)).text == "".join(streamed) == "".join(astreamed) == whole
    assert len(streamed) > 3


def test_it_stops_before_a_stop_word() -> None:
    answer = OfflineChatModel().invoke([HumanMessage(BLOCK), HumanMessage("Where do I live?")], stop=[" in "])

    assert answer.text == "From what I know: The user lives"
