"""The topics a statement can be about: the slot each fills, and the sentence a model will read. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Topic:
    """What one group of a pattern is the value of.

    In `slot`: {slug} the value, {key} the key the speaker named, {place} city or country.
    In `says`, `denies` and `ended`: {value}, {key} and {who} (the user or the user's team).
    """

    slot: str
    memory_type: str
    says: str
    denies: str = ""
    ended: str = ""
    check: str = "phrase"
    importance: float = 0.5
    many: bool = False


def _background(slot: str, says: str, denies: str = "", **more: object) -> Topic:
    return Topic(slot, "background", says, denies, **{"importance": 0.8, **more})  # type: ignore[arg-type]


def _fact(slot: str, says: str, denies: str = "", ended: str = "", **more: object) -> Topic:
    return Topic(slot, "fact", says, denies, ended, **{"importance": 0.6, **more})  # type: ignore[arg-type]


def _preference(slot: str, says: str, denies: str = "", ended: str = "", **more: object) -> Topic:
    return Topic(slot, "preference", says, denies, ended, **{"importance": 0.4, **more})  # type: ignore[arg-type]


def _style(slot: str, says: str, denies: str = "") -> Topic:
    return Topic(slot, "preference", says, denies, check="as_is", importance=0.7)


_LIVES = ("The user lives in {value}.", "The user does not live in {value}.", "The user no longer lives in {value}.")
_IS = "The user is {value}."

TOPICS: Final[Mapping[str, Topic]] = MappingProxyType(
    {
        # identity
        "name": _background("name", "The user's name is {value}.", check="person"),
        "lastname": _background("name.last", "The user's last name is {value}.", check="person"),
        "nickname": _background(
            "nickname",
            "The user wants to be called {value}.",
            "The user does not want to be called {value}.",
            check="person",
        ),
        "pronouns": _background("pronouns", "The user's pronouns are {value}.", check="as_is"),
        "birthday": _background("birthday", "The user's birthday is {value}.", check="date"),
        "birthyear": _background("birthday", "The user was born in {value}.", check="date"),
        "origin": _background("origin", "The user is from {value}.", check="place"),
        "known_origin": _background("origin", "The user is from {value}.", check="known_place"),
        "nationality": _background("nationality", _IS, check="nationality"),
        "native": _background("language.native", "The user's native language is {value}.", check="spoken"),
        "job": _background("job.title", "The user's job is {value}.", check="job"),
        "any_job": _background("job.title", "The user's job is {value}.", check="any_job"),
        "working_life": _background("job.title", _IS, check="as_is"),
        "degree": _background("education.degree", "The user holds a {value}.", check="phrase", importance=0.5),
        "field": _background("education.field", "The user studied {value}.", check="phrase", importance=0.5),
        "home": Topic("home.{place}", "fact", *_LIVES, check="place", importance=0.7),
        "known_home": Topic("home.{place}", "fact", *_LIVES, check="known_place", importance=0.7),
        "employer": _fact(
            "employer",
            "The user works at {value}.",
            "The user does not work at {value}.",
            "The user no longer works at {value}.",
            check="organisation",
            importance=0.7,
        ),
        "new_employer": _fact("employer", "The user works at {value}.", check="no_tool", importance=0.7),
        "age": _fact("age", "The user is {value} years old.", check="as_is"),
        "timezone": _fact("timezone", "The user's time zone is {value}.", check="as_is"),
        "spoken": _fact(
            "language.spoken.{slug}",
            "The user speaks {value}.",
            "The user does not speak {value}.",
            check="spoken",
            many=True,
        ),
        "learning": _fact(
            "language.learning.{slug}", "The user is learning {value}.", check="spoken", many=True, importance=0.4
        ),
        "skill": _fact("skill.{key}", "The user's level in {key_as_said}: {value}.", check="as_is"),
        "email": _fact("contact.email", "The user's e-mail address is {value}.", check="as_is"),
        "phone": _fact("contact.phone", "The user's phone number is {value}.", check="as_is"),
        # family and health
        "relative": _fact("family.{key}", "The user's {key_as_said} is called {value}.", check="person"),
        "children": _fact("family.children", "The user has {value}.", check="as_is"),
        "relatives": _fact("family.{key}", "The user has {value}.", check="as_is"),
        "marital": _fact(
            "family.status", _IS, "The user is not {value}.", "The user is no longer {value}.", check="as_is"
        ),
        "pet": _fact(
            "pet.{key}",
            "The user has a {key_as_said} called {value}.",
            "The user has no {value}.",
            "The user no longer has a {value}.",
            check="person",
        ),
        "pets": _fact(
            "pet.{key}",
            "The user has {value}.",
            "The user has no {value}.",
            "The user no longer has a {value}.",
            check="as_is",
        ),
        "diet": _fact(
            "diet",
            "The user's diet is {value}.",
            "The user is not {value}.",
            "The user is no longer {value}.",
            check="diet",
            importance=0.8,
        ),
        "food": _fact(
            "diet.{slug}",
            "The user eats or drinks {value}.",
            "The user does not eat or drink {value}.",
            "The user no longer eats or drinks {value}.",
            check="food",
            importance=0.7,
            many=True,
        ),
        "allergy": _fact(
            "allergy.{slug}",
            "The user is allergic to {value}.",
            "The user is not allergic to {value}.",
            "The user is no longer allergic to {value}.",
            check="allergen",
            importance=0.9,
            many=True,
        ),
        "intolerance": _fact(
            "allergy.{slug}",
            "The user does not tolerate {value}.",
            "The user tolerates {value}.",
            "The user is no longer intolerant to {value}.",
            check="food",
            importance=0.9,
        ),
        "condition": _fact("health.{key}", "The user has {value}.", check="as_is", importance=0.8),
        "adjective": _fact("health.{key}", _IS, check="as_is", importance=0.8),
        "hobby": _fact("hobby.{slug}", "The user's hobbies include {value}.", check="thing", importance=0.4, many=True),
        "plays": _fact(
            "hobby.{slug}",
            "The user plays {value}.",
            "The user does not play {value}.",
            check="pastime",
            importance=0.4,
        ),
        # tastes
        "like": _preference(
            "preference.{slug}",
            "The user likes {value}.",
            "The user does not like {value}.",
            "The user no longer likes {value}.",
            check="thing",
            many=True,
        ),
        "love": _preference(
            "preference.{slug}",
            "The user loves {value}.",
            "The user does not love {value}.",
            "The user no longer loves {value}.",
            check="thing",
            many=True,
        ),
        "prefer": _preference("preference.{slug}", "The user prefers {value}.", check="thing", many=True),
        "hate": _preference(
            "preference.{slug}", "The user hates {value}.", "The user hates {value}.", check="thing", many=True
        ),
        "choice": _preference(
            "preference.{pair}", "The user prefers {value} to {versus}.", check="thing", importance=0.5
        ),
        "favorite": _preference(
            "favorite.{key}", "The user's favourite {key_as_said} is {value}.", check="phrase", importance=0.5
        ),
        # how to answer
        "length": _style("answer.length", "The user wants answers to be {value}."),
        "tongue": _style(
            "answer.language", "The user wants answers in {value}.", "The user does not want answers in {value}."
        ),
        "layout": _style(
            "answer.format", "The user wants {value} in answers.", "The user does not want {value} in answers."
        ),
        "tone": _style(
            "answer.tone", "The user wants a {value} tone in answers.", "The user does not want a {value} tone."
        ),
        "emoji": _style(
            "answer.emoji", "The user wants {value} in answers.", "The user does not want {value} in answers."
        ),
        "code_language": _style("answer.code_language", "The user wants code examples in {value}."),
        "units": _style("units", "The user wants {value} units.", "The user does not want {value} units."),
        "theme": _style("theme", "The user prefers {value}.", "The user does not like {value}."),
        "indentation": _style("indentation", "The user prefers {value} for indentation."),
        "seat": _style("preference.seat", "The user prefers a {value} seat."),
        "time_format": _style("time.format", "The user wants times in {value} format."),
        "date_format": _style("date.format", "The user wants dates as {value}."),
        "contact": _style(
            "contact.method",
            "The user wants to be contacted by {value}.",
            "The user does not want to be contacted by {value}.",
        ),
        # project, team, account
        "project": _fact("project.name", "The user's project is called {value}.", check="token"),
        "team": _fact("team.name", "The user's team is called {value}.", check="token"),
        "team_size": _fact("team.size", "The user's team has {value} people.", check="as_is", importance=0.4),
        "region": _fact("deploy.region", "The user's team deploys to {value}.", check="as_is"),
        "deploy_day": _fact("deploy.day", "The user's team deploys on {value}.", check="as_is"),
        "plan": _fact(
            "account.plan",
            "The user is on the {value} plan.",
            "The user is not on the {value} plan.",
            "The user is no longer on the {value} plan.",
            check="as_is",
            importance=0.7,
        ),
        "account": _fact("account.number", "The user's account number is {value}.", check="as_is"),
        "deadline": _fact(
            "project.deadline", "The deadline of the user's project is {value}.", check="due", importance=0.7
        ),
        "repo": _fact("project.repo", "The repository of the user's project is {value}.", check="as_is"),
        "attribute": _fact("{attribute}", "The user's team's {key_as_said} is {value}.", check="token", importance=0.6),
        "amount": _fact("{attribute}", "The user's team's {key_as_said} is {value}.", check="amount", importance=0.6),
        "due": _fact("{attribute}", "The user's team's {key_as_said} is {value}.", check="due", importance=0.6),
        "leader": _fact("{attribute}", "The user's {key_as_said} is {value}.", check="person", importance=0.6),
    }
)
