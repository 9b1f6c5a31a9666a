"""Reads standing rules: "always ...", "never ...", "whenever ..., ...", "don't ... without asking"."""

from __future__ import annotations

import re
from typing import Final

from langgraph_memory.extract import vocabulary as words
from langgraph_memory.extract.findings import Finding, read
from langgraph_memory.extract.foreign import BLANK
from langgraph_memory.extract.patterns import IDENTITY, STYLE
from langgraph_memory.extract.person import of_the_user
from langgraph_memory.extract.slots import slug
from langgraph_memory.extract.speech import Speech, plain

_I: Final = re.IGNORECASE

_ONWARD = (
    r"(?:from (?:now|here|today|this point) on(?:wards?)?|going forward|moving forward|in (?:the "
    r")?future|henceforth|as of now|from here on out)"
)
_ASK_FIRST = (
    r"(?:without (?:asking|checking with|telling|consulting|my|permission|confirming|approval|a "
    r"review|an ok)\b|before (?:asking|checking with|you ask|I (?:say|ok|confirm|approve))|"
    r"unless I (?:ask|say|tell|explicitly))"
)
_WORK_VERB = (
    r"(?:commit|deploy|merge|push|use|write|test|release|ship|review|run|squash|rebase|name|"
    r"prefix|tag|log|store|pin|format|document|branch|rotate|encrypt|version|lint|sign)"
)
_SUBJECT = r"(?:it|its|the|i|i'm|nothing|something|everything|my|he|she|they|we|there|this|that|all|no|our|some|a|an)\b"
_ARTEFACT = (
    r"(?:commits?|commit messages?|prs?|pull requests?|functions?|endpoints?|tests?|branch(?:es)?|files?|"
    r"changes?|e-?mails?|reports?|invoices?|tickets?|migrations?|"
    r"dates?|amounts?|prices?|names?|variables?|docs?|documents?|answers?|code|releases?|deployments?|"
    r"queries|strings?|comments?|class(?:es)?|modules?|components?|"
    r"apis?|messages?|expenses?|secrets?|configs?|images?|tables?)"
)
_FORMS: Final = (
    (
        "never",
        re.compile(
            rf"(?:{_ONWARD},? )?(?:please )?(?:(?:you|we) (?:should|must|may|can) never|"
            rf"never(?: ever)?|don't ever|do not ever|you must not ever) (?P<body>.+)",
            _I,
        ),
    ),
    ("never", re.compile(rf"we never (?P<body>{_WORK_VERB}\b.+)", _I)),
    ("never", re.compile(rf"(?:please )?don't (?P<body>.+ {_ASK_FIRST}.*)", _I)),
    ("never", re.compile(rf"{_ONWARD},? (?:please )?don't (?P<body>.+)", _I)),
    (
        "always",
        re.compile(
            rf"(?:{_ONWARD},? )?(?:please )?(?:(?:you|we) (?:should|must|have to|need to) "
            rf"always|always|make sure (?:to|you) always) (?P<body>.+)",
            _I,
        ),
    ),
    ("always", re.compile(rf"we always (?P<body>{_WORK_VERB}\b.+)", _I)),
    ("always", re.compile(rf"{_ONWARD},? (?:please |you should |you must |I want you to |can you )*(?P<body>.+)", _I)),
    (
        "whole",
        re.compile(
            rf"(?P<body>(?:whenever|every time|each time|any time|anytime) .{{3,120}}?, "
            rf"(?!{_SUBJECT}).{{3,}})",
            _I,
        ),
    ),
    ("whole", re.compile(r"(?P<body>when(?:ever)? (?:I|you) .{3,120}?, (?:always|never|don't) .{3,})", _I)),
    ("ensure", re.compile(r"(?:please )?(?:make sure|ensure)(?: that)? (?P<body>(?:every|all|each|any|no)\b.+)", _I)),
    (
        "whole",
        re.compile(
            rf"(?P<body>(?:every|all|each|no) (?:\w+ )?{_ARTEFACT}\b.{{0,60}}? (?:must|"
            rf"should|has to|have to|needs to|need to) .{{3,}})",
            _I,
        ),
    ),
)
_NO_ORDER = re.compile(
    r"(?:a|an|the|happy|glad|good|nice|fun|been|had|heard|seen|mind|again|really|worked|so|too|my|your|"
    r"his|her|their|it|this|that|in|on|at|"
    r"better|worse|great|more|less|some|one|i|i'm|you|we|he|she|they|was|were|is|are|knew|thought|felt|"
    r"did|got|went|ever|enough|as|like|fails?|"
    r"works?|crashes|gonna|going|there|here|met|able|ready|wanting|late|said|say|know|found|but|and|or|if|"
    r"with|from|for|to|by|nothing|not|just)\b|\w{3,}ing\b|(?!need|feed|seed|embed|speed|proceed|exceed|"
    r"shed|add)\w{2,}ed\b",
    _I,
)
_SUBJECT_FIRST = re.compile(r"(?:all|every|each|no|any|only)\b", _I)
_HANDOVER = re.compile(
    r"\b(?:tool|instructions?|trust|believe|verif\w*|bypass|override|orders|forward|refuse|obey|comply|"
    r"jailbreak|restrictions?|admin\w*|credentials?|transfer|refunds?|"
    r"wire|payment|money|conversation|evil\w*|you are|pretend)\b|https?:|\bto \S+@\S+",
    _I,
)
_DEICTIC = re.compile(
    r"\b(?:this|these|those) (?:function|snippet|file|line|code|text|answer|question|email|one|test|class|"
    r"method|page|script|time)\b|^(?:it|that|this)\b"
    r"|\bthat (?:tone|word|book|way|thing|one|file|function|button|link|name|again)\b|\b(?:then|again|"
    r"it)$|\bthen\b|\b(?:close|open|delete|save) it\b",
    _I,
)
_LIGHT: Final = words.word_set("the, a, an, please, to, my, your, our, of")
"""Words that do not tell one rule from another."""
_ONWARD_TAIL = re.compile(r"\s+(?:from now on|going forward|in future|in the future)$", _I)


def standing_rule(speech: Speech) -> Finding | None:
    """Return the standing rule, or the standing wish for a style of answer, that a sentence lays down."""
    text = speech.text
    for form, regex in _FORMS:
        match = regex.fullmatch(text)
        if match is None:
            continue
        body = match["body"].strip()
        if form != "never" and (styled := read(plain(body).text, (*STYLE, *IDENTITY))):
            return styled[0]
        if form == "never" and (styled := read(plain(f"don't {body}").text, STYLE)):
            return styled[0]
        return _rule(form, body) if _is_order(form, body) else None
    return None


def _is_order(form: str, body: str) -> bool:
    if BLANK in body or _HANDOVER.search(body) or _DEICTIC.search(body) or len(body.split()) < 2:
        return False
    return form in {"whole", "ensure"} or _NO_ORDER.match(body) is None


def _rule(form: str, body: str) -> Finding:
    opening = {"never": "Never ", "always": "Always ", "ensure": "Make sure "}.get(form, "")
    if form == "always" and _SUBJECT_FIRST.match(body):
        opening = ""
    said = _ONWARD_TAIL.sub("", body)
    content = of_the_user(opening + said)
    content = content[:1].upper() + (content[1:].lower() if said.isupper() else content[1:])
    key = " ".join(word for word in said.split() if word.lower() not in _LIGHT)
    return Finding(
        "rule",
        f"rule.{slug(key)}",
        said,
        f"{content.rstrip('.')}.",
        negated=form == "never",
        importance=0.8,
        topic="rule",
    )
