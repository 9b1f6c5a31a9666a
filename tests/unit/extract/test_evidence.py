"""A quote is found whatever copying changed in it, and supports what is concluded from it or does not."""

from __future__ import annotations

import pytest

from langgraph_memory.domain.quotes import holds
from langgraph_memory.extract.evidence import Evidence, supports

FOUND = (
    ("I’m fond of plums", "I'm fond of plums"),
    ("i'm FOND of plums", "I'm fond of plums."),
    ("im fond of plums", "I'm fond of plums"),
    ("I'm fond of plums, truly", '"I\'m fond of plums"'),
    ("We are, oddly enough, fond of plums", "We are … fond of plums"),
    ("We are, oddly enough, fond of plums", "We are [...] fond of plums"),
    ("a half—finished job", "half-finished job"),
    ("a half‑finished job", "half-finished job"),
    ("cafe\u0301 au lait", "CAFÉ au lait"),
    ("ｗｉｄｅ letters", "wide letters"),
    ("one\n\n   two", "one two"),
    ("it is −5 outside", "it is -5 outside"),
    ("a\u200bb c", "ab c"),
    ("我住在柏林", "住在柏林"),
    ("«Ça va»", "ça va"),
    ("Straße", "STRASSE"),
)
MISSING = (
    ("I'm fond of plums", "I'm fond of pears"),
    ("a partygoer", "art"),
    ("first two, then one", "one ... two"),
    ("it is -5 outside", "it is 5 outside 6"),
    ("fond " + "x " * 200 + "plums", "fond ... plums"),
    ("short", "..."),
)


@pytest.mark.parametrize(("text", "quote"), FOUND)
def test_a_quote_is_found_whatever_copying_changed(text: str, quote: str) -> None:
    assert holds(quote, text)


@pytest.mark.parametrize(("text", "quote"), MISSING)
def test_words_that_were_not_said_are_not_found(text: str, quote: str) -> None:
    assert not holds(quote, text)


SUPPORTED = (
    ("we moved to Leeds last week", "we moved to Leeds", "The user lives in Leeds."),
    ("left vodafone, im with o2 now", "im with o2 now", "The user is with O2."),
    ("left vodafone, im with o2 now", "left vodafone", "The user no longer uses Vodafone."),
    ("our new lead is Priya", "our new lead is Priya", "The user's new lead is named Priya."),
    ("spaces not tabs please", "spaces not tabs", "The user prefers spaces over tabs."),
    ("I'm 41 btw", "I'm 41", "The user is 41 years old."),
    ("I weigh seventy kilos", "I weigh seventy kilos", "The user weighs 70 kilos."),
    ("the rent is 1,250 a month", "the rent is 1,250 a month", "The user's rent is 1250 a month."),
    ("My sister can't have gluten.", "My sister can't have gluten", "The user's sister cannot have gluten."),
    ("my son Leo plays chess", "my son Leo plays chess", "Leo, the user's son, plays chess."),
    ("my mum lives in Cork", "my mum lives in Cork", "The user's mother lives in Cork."),
    ("My husband and I moved to Graz", "My husband and I moved to Graz", "The user lives in Graz."),
    ("I can't stand olives", "can't stand olives", "The user dislikes olives."),
    ("I live in Graz, not in Linz", "I live in Graz", "The user lives in Graz."),
    ("I used to row", "I used to row", "The user used to row."),
    ("I'm no longer vegan", "I'm no longer vegan", "The user is no longer vegan."),
    ("gave up coffee", "gave up coffee", "The user no longer drinks coffee."),
    ("Sorry, I meant Linz", "I meant Linz", "The user lives in Linz."),
    (
        "my checkup is tomorrow at 3pm",
        "my checkup is tomorrow at 3pm",
        "The user has a checkup on 3 May 2026 at 15:00.",
    ),
    ("Ich wohne in Graz", "Ich wohne in Graz", "Der Nutzer wohnt in Graz."),
    ("我住在上海", "我住在上海", "用户住在上海。"),
    ("मैं डॉक्टर हूँ", "मैं डॉक्टर हूँ", "उपयोगकर्ता डॉक्टर है।"),
)
NOT_SUPPORTED = {
    "a name": ("Cheers!", "Cheers", "The user's name is Bob and he works at Intel."),
    "another name": ("I live in Graz", "I live in Graz", "The user lives in Linz."),
    "another number": ("the rent is 900", "the rent is 900", "The rent is 9000."),
    "a number less": ("I weigh 70 kilos", "I weigh 70 kilos", "The user weighs 7 kilos."),
    "another person": ("My mother can't have gluten.", "can't have gluten", "The user cannot have gluten."),
    "a person by name": ("Priya is diabetic", "is diabetic", "The user is diabetic."),
    "she": ("She lives in Cork", "She lives in Cork", "The user lives in Cork."),
    "a person that nobody named": (
        "I can't have gluten",
        "I can't have gluten",
        "The user's mother cannot have gluten.",
    ),
    "a not left out": ("I am not diabetic.", "diabetic", "The user is diabetic."),
    "a not far before": ("I'm not, as you may think, diabetic", "diabetic", "The user is diabetic."),
    "a not put in": ("I like jazz", "I like jazz", "The user does not like jazz."),
    "hatred": ("I hate Graz", "I hate Graz", "The user likes Graz."),
    "the other half": ("I live in Graz, not in Linz", "not in Linz", "The user lives in Linz."),
    "what is past": ("I used to live in Graz", "live in Graz", "The user lives in Graz."),
    "more than was said": ("im vegan", "im vegan", "The user is vegan and runs marathons for a charity of friends."),
    "something else": ("I love walnuts", "I love walnuts", "The user is allergic to walnuts."),
    "the prompt": ("hello", "hello", "One sentence in the third person that can be understood on its own."),
    "an empty answer": ("sure", "sure", "Nothing new was found."),
    "words nobody said": ("I like jazz", "I like rock", "The user likes rock."),
}


@pytest.mark.parametrize(("message", "quote", "content"), SUPPORTED)
def test_what_was_said_is_supported(message: str, quote: str, content: str) -> None:
    assert supports(content, Evidence(quote, message))


@pytest.mark.parametrize(("message", "quote", "content"), NOT_SUPPORTED.values(), ids=NOT_SUPPORTED)
def test_what_differs_is_not_supported(message: str, quote: str, content: str) -> None:
    assert not supports(content, Evidence(quote, message))


ANSWERS = (
    ("Do you take the blue or the green line?", "The second one", "The user takes the green line.", True),
    ("Where do you live?", "Graz", "The user lives in Graz.", True),
    ("Are you vegan?", "yes", "The user is vegan.", True),
    ("Are you vegan?", "no", "The user is not vegan.", True),
    ("Are you vegan?", "no", "The user is vegan.", False),
    ("Do you live in Linz?", "No, Graz", "The user lives in Graz.", True),
    ("Does your brother live in Linz?", "yes", "The user lives in Linz.", False),
    ("Does your brother live in Linz?", "yes", "The user's brother lives in Linz.", True),
    ("Shall I go on?", "yes", "The user lives in Linz.", False),
    ("Are you vegan?", "I would rather talk about the weather of this week", "The user is vegan.", False),
)


@pytest.mark.parametrize(("question", "answer", "content", "right"), ANSWERS)
def test_a_bare_answer_is_understood_from_its_question(question: str, answer: str, content: str, right: bool) -> None:
    assert supports(content, Evidence(answer, answer, question)) is right


def test_a_name_may_come_from_what_is_known() -> None:
    said = Evidence("he died last night", "he died last night", shown="The user has a hamster named Odo.")

    assert supports("The user's hamster Odo died last night.", said)
    assert not supports("The user's hamster Max died last night.", said)
