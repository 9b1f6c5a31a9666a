"""Finds keys, tokens, passwords, codes and seed phrases in what somebody says or pastes; never talk about them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile
from typing import Final

from langgraph_memory.domain.guard.formats import any_of, formats, seed_words, words
from langgraph_memory.domain.guard.personal import Span
from langgraph_memory.domain.text import STOP_WORDS

_FORMATS: Final = formats("secret")
_TOLD: Final = formats("told")
_ANY_FORMAT: Final = any_of(_FORMATS)
_PLACEHOLDER, _WEAK_SAMPLE, _NAME = (one.pattern for one in formats("placeholder"))
_SAMPLE_KEY = re.compile(r"(?i)your|x{4,}|\*{3,}|\.{3}|…|<|>|placeholder|redacted|\$\{")
_LONG_WORD = re.compile(
    r"(?<!\S)(?=\S{0,200}[\dA-Z_.-])\S{15,}|-----BEGIN[^\n]*|(?:curl|mysql|mariadb|sshpass|redis-cli)[^\n]{3,160}"
    r"|(?i:bearer\s\S+|authorization\W{1,6}\w+\s\S+)"
)
"""Where a key may stand."""

_IN_KEYS = re.compile(
    r"\d|-----|://|AKIA|ASIA|ABIA|ACCA|\b(?:sk|pk|rk|gh[pousr]|xox|gl|npm|hf|SG)[-_.]|^(?:curl|mysql|maria|sshp|redis)"
    r"|(?i:^bearer|^auth)"
)
"""What a key or what tells of one holds; the names in code are mostly without."""

_WIDE: Final = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\u0e00-\u0e7f"


def _keyword(kind: str) -> re.Pattern[str]:
    """Return the pattern of the names of a kind; where a script parts no words, so does none of its names."""
    names = words("keyword", kind)
    spaced = "|".join(sorted((name for name in names if not re.search(f"[{_WIDE}]", name)), key=len, reverse=True))
    unspaced = "|".join(name for name in names if re.search(f"[{_WIDE}]", name)) or "(?!)"
    return re.compile(rf"(?<![\w.$@#/\\])(?:{spaced})(?![\w(\[/\\])|(?:{unspaced})", re.IGNORECASE)


_KEYWORDS: Final = {kind: _keyword(kind) for kind in ("password", "code", "token")}
_SIGNS: Final = tuple(
    """pass pw pin code key token secret login log in sign cred otp combination puk bearer mdp clave senha sandi laluan
    kennw zugang losung kode salasana parola lozinka nenosiri nywila wacht hes parol mots mot phrase access master
    passw sifre palavra""".split()
)
"""Of these every name of a secret in plain letters holds one."""
_COPULAS: Final = frozenset(words("copula"))
_ENGLISH_COPULAS: Final = frozenset(("is", "are", "was", "it's", "its", "that's"))
_SELF_ANSWERS: Final = frozenset(("it's", "its", "that's"))
_JOINING: Final = frozenset(("and", "but", "so", "since", "for"))
_NO_VALUE: Final = frozenset(words("no_value"))
_FILLERS: Final = frozenset(
    "now still set to currently just either the a my for von für de del di của 现在 today".split()
)
_LINKS: Final = frozenset(
    """for of to at on in there here now i we he she they my our
    für von zu im am pour de du para del per di voor do dla к от""".split()
)
"""What may stand between the name of a secret and "is": after another noun ("password policy") no secret is told."""
_ASSIGNED = re.compile(
    r"(?<![a-z0-9])(?P<name>pass(?:word|wd)?|pwd|pw|secret|token"
    r"|(?:api|access|auth|secret|private|encryption|signing|account|master)[_-]?key)(?:_?key|_id|_prod|_dev|_test|_?\d)?"
    r"[\"']?(?P<sign>\s{0,8}(?:=>|:=|[:=])\s{0,8})"
    r"(?:\"(?P<double>[^\"\n]{3,400})\"|'(?P<single>[^'\n]{3,400})'|(?P<bare>[^\s\"'<>{}()\[\],;`]{6,400})(?![(\[{]))",
    re.IGNORECASE,
)
_TOKEN = re.compile(rf"[{_WIDE}]+|[^\s{_WIDE}]+")
_STATEMENT_END = re.compile(r"\n|(?<=[.!?])\s+(?=[A-ZА-ЯÀ-Þ])|[。！？]")
_ASKED = re.compile(r"^\?\s+(?=it'?s\b|it is\b|that'?s\b)", re.IGNORECASE)
"""Who asks themselves and answers ("My password? It's ...") tells it in two sentences."""
_TRIMMED: Final = "\"'`“”‘’«»„()[]{}<>,;:.*"
_DATED = re.compile(r"\d{4}-\d\d-\d\d|\d{1,2}[./]\d{1,2}[./]\d{2,4}")
_SYMBOL = re.compile(r"[!@#$%^&*+?~=|\\]")
_CODE_LIKE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+|[A-Za-z_]\w*\(.*")
_CODE = re.compile(r"[{}\[\];<>]|\w\(|[\"']\s*[:,)\]=]|=\s*[\"']|^\s*[A-Za-z_]\w*\s*=(?!=)|^\s*(?:#|//|\*|>>>)")
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
_SPOKEN_CODE = re.compile(r"[#*]?(?=[A-Za-z\d-]*\d)[A-Za-z\d]{2,}(?:-[A-Za-z\d]+)*[#*]?")
_DIGIT_GROUPS = re.compile(r"[#*]?\d[\d# *-]{2,14}")
_UNITS: Final = frozenset(
    "digits digit characters chars letters numbers minutes hours days weeks months times words long or and".split()
)
_BEFORE = re.compile(
    r"(\S{4,80}),?\s+(?:is|was|as|that's|that is|which is|ist|est|es|é|è|=)\s+"
    r"(?:my|our|the|his|her|your|mein|meine|mon|mi|minha|mio|a|an)?\s*"
    r"(?:[\w-]+\s+){0,2}$"
)
_PAIR = re.compile(
    r"\b(?:log ?in|credentials?|creds|account|access|user(?:name)?)\b[^\n/]{0,40}?(?:\bare\b|\bis\b|:|\bwith\b)\s*"
    r"(?P<user>[^\s/]{1,40})\s*/\s*(?P<value>[^\s/]{4,80})",
    re.IGNORECASE,
)
_SEED_TALK = re.compile(
    r"\b(?:seed|recovery|mnemonic|wallet|backup|secret recovery|bip-?39)[ -](?:phrase|words?|sentence|seed)\b"
    r"|\bmnemonic\b|シードフレーズ|助记词|助記詞|сид[- ]?фраз\w*|wiederherstellungsphrase|phrase de récupération"
    r"|frase (?:semilla|de recuperación)",
    re.IGNORECASE,
)
_SEED_TOKEN = re.compile(r"[^\W\d_]+")
_BETWEEN_SEEDS = re.compile(r"[\s,;.\d)(:|-]+")
_SEEDS: Final = 12
_REVERSED = re.compile(r"drowssap|edocssap|esarhpssap|terces|nekot|dwp", re.IGNORECASE)


def secret_spans(text: str) -> Iterator[Span]:
    """Yield where in a text secrets stand; some may overlap."""
    yield from _formatted(text)
    yield from _seed_phrases(text)
    yield from _assigned(text)
    yield from _said(text)
    yield from _told_around(text)
    if _REVERSED.search(text):
        length = len(text)
        yield from ((length - end, length - start) for start, end in _said(text[::-1]))


def is_secret_name(name: str) -> bool:
    """Return whether a key of a mapping announces a secret as its value ("password", "api_key")."""
    spoken = re.sub(r"[_-]+|(?<=[a-z])(?=[A-Z])", " ", name)
    return any(pattern.search(spoken) for pattern in _KEYWORDS.values())


def without_secret_names(text: str) -> str:
    """Return `text` without the words that announce a secret."""
    for pattern in _KEYWORDS.values():
        text = pattern.sub(" ", text)
    return text


def is_strong(value: str, *, shortest: int = 5) -> bool:
    """Return whether a word looks like a password or a key, and not like a name, a date, a number or a placeholder."""
    if len(value) < shortest or _PLACEHOLDER.search(value) or _NAME.match(value) or _DATED.search(value):
        return False
    letters, digits = any(map(str.isalpha, value)), any(map(str.isdigit, value))
    return (letters and digits) or ((digits or letters) and _SYMBOL.search(value[:-1]) is not None)


def _formatted(text: str) -> Iterator[Span]:
    near = (match.span() for match in _LONG_WORD.finditer(text) if _IN_KEYS.search(match[0]))
    if all(_ANY_FORMAT.search(text, max(0, start - 30), end) is None for start, end in near):
        return
    for one in _FORMATS:
        yield from (span for span in one.spans(text) if not _is_sample(text[slice(*span)]))


def _told_around(text: str) -> Iterator[Span]:
    """Yield what is a secret by what is said around it: codes from a text message, what unlocks a phone."""
    lowered = text.lower()
    for one in _TOLD:
        if not one.signs or any(map(lowered.__contains__, one.signs)):
            yield from one.spans(text)


def _is_sample(value: str) -> bool:
    """Return whether a documentation writes its examples so."""
    return _SAMPLE_KEY.search(value) is not None or _WEAK_SAMPLE.match(value) is not None


def _assigned(text: str) -> Iterator[Span]:
    """Yield what code, settings and JSON assign to a name that announces a secret."""
    for match in _ASSIGNED.finditer(text):
        group = next(name for name in ("double", "single", "bare") if match[name] is not None)
        if _is_assigned_secret(match[group], match["name"], spaced=" " in match["sign"], bare=group == "bare"):
            yield match.span(group)


def _is_assigned_secret(value: str, name: str, *, spaced: bool, bare: bool) -> bool:
    if _PLACEHOLDER.search(value) or _WEAK_SAMPLE.match(value) or _DATED.search(value):
        return False
    if bare and _is_code_word(value, spaced=spaced):
        return False
    if value.isdigit():
        return "pass" in name.lower() or "pw" in name.lower()
    return (bare or " " not in value) and is_strong(value, shortest=6)


def _is_code_word(value: str, *, spaced: bool) -> bool:
    """Return whether what is assigned is a call, a path or a name in code."""
    return bool(_CODE_LIKE.fullmatch(value) or (spaced and _IDENTIFIER.fullmatch(value) and not _is_random(value)))


def _is_random(value: str) -> bool:
    """Return whether a word mixes digits into its letters as no name of a variable does."""
    return sum(map(str.isdigit, value)) >= 3 or (
        len(value) >= 12 and any(map(str.isdigit, value[1:-2])) and value != value.lower() and value != value.upper()
    )


def _said(text: str) -> Iterator[Span]:
    """Yield the secrets that are named and told in a sentence."""
    if text.isascii() and not any(map(text.lower().__contains__, _SIGNS)):
        return
    for kind, pattern in _KEYWORDS.items():
        for match in pattern.finditer(text):
            yield from _told_beside(text, match.span(), kind)
    for match in _PAIR.finditer(text):
        if is_strong(match["value"].strip(_TRIMMED)):
            yield _trimmed(text, *match.span("value"))


def _told_beside(text: str, name: Span, kind: str) -> Iterator[Span]:
    """Yield what is told after a name or before it; in code only what no variable is called."""
    start, end = name
    found = () if _is_assignment(text, end) else _told_after(text, end, kind)
    in_code = _looks_like_code(text, start)
    yield from (span for span in found if not in_code or _is_random(text[slice(*span)]))
    if kind != "code" and not in_code:
        yield from _told_before(text, start)


def _is_assignment(text: str, place: int) -> bool:
    """Return whether what follows a name is code or settings: `=` and quoted values are judged as such."""
    return re.match(
        r"[\"']?\s{0,3}(?::?=(?!=)|[\"']?:\s?[\"'{\[])|[\[(]|\"\s*\]", text[place : place + 12]
    ) is not None and (re.match(r"\s=\s", text[place : place + 3]) is None or _looks_like_code(text, place))


def _looks_like_code(text: str, place: int) -> bool:
    line = text[text.rfind("\n", 0, place) + 1 : (text.find("\n", place) + 1 or len(text) + 1) - 1]
    return _CODE.search(line) is not None


def _told_after(text: str, place: int, kind: str) -> Iterator[Span]:
    tokens = _tokens_after(text, place)
    at = _value_place(text, tokens)
    values = tokens[at:] if at is not None else _without_copula(text, tokens)
    if kind == "code":
        yield from _codes(text, values, linked=at is not None)
        return
    found = list(_strong(text, values, shortest=4 if kind == "password" else 8, linked=at is not None))
    if found or kind == "token" or at is None or _is_compound(text, tokens, at):
        yield from found
    else:
        linked_by = text[slice(*tokens[at - 1])].casefold() if at else ""
        yield from _plain_words(text, values, english=linked_by in _ENGLISH_COPULAS)


def _is_compound(text: str, tokens: Sequence[Span], at: int) -> bool:
    """Return whether what stands before a copula makes another thing of the name: "the password policy is"."""
    return at > 1 and text[slice(*tokens[0])].casefold() not in _LINKS


def _tokens_after(text: str, place: int) -> list[Span]:
    """Return the words that follow a name in its statement, without a question put in between."""
    tail = _ASKED.sub(lambda asked: " " * len(asked[0]), text[place : place + 160])
    end = _STATEMENT_END.search(tail, 1)
    tail = tail[: end.start()] if end else tail
    return [(place + match.start(), place + match.end()) for match in _TOKEN.finditer(tail)]


def _value_place(text: str, tokens: Sequence[Span]) -> int | None:
    """Return where after a copula or a colon the value begins."""
    for place, (start, end) in enumerate(tokens[:9]):
        word = text[start:end].strip("\"'").casefold()
        if (
            word in _COPULAS
            or (place == 0 and word in ("it's", "its", "that's"))
            or (word.endswith(":") and "://" not in word)
        ):
            return place + 1
        if place == 0 and word[:1] in ":=" and len(word) > 1:
            return 0
    return None


def _without_copula(text: str, tokens: Sequence[Span]) -> Sequence[Span]:
    """Return the word right after a name, or after "for" and what it is for."""
    first = text[slice(*tokens[0])].casefold() if tokens else ""
    if not first.isascii():
        return tokens[:3]
    return tokens[2:3] if first in ("for", "für", "pour", "para", "per") else tokens[:1]


def _strong(text: str, values: Sequence[Span], *, shortest: int, linked: bool) -> Iterator[Span]:
    """Yield the values of a list of them: the first within a few words, and what is joined to it."""
    gone = 0
    for start, end in values:
        span = _trimmed(text, start, end)
        value = text[slice(*span)]
        digits_only = linked and shortest == 4 and value.isdigit() and len(value) >= 4
        if is_strong(value, shortest=max(shortest, 4)) or digits_only:
            yield span
            gone = 0
        elif (gone := gone + 1) > 3:
            return


def _plain_words(text: str, values: Sequence[Span], *, english: bool) -> Iterator[Span]:
    """Yield a password of one plain word, or of a few that make no sentence."""
    spans = list(
        takewhile(lambda span: text[slice(*span)].casefold() not in _JOINING, (_trimmed(text, *one) for one in values))
    )
    said = [text[slice(*span)].casefold() for span in spans]
    telling = sum(_is_predicate(word, english=english) for word in said)
    if _is_one_password(said, telling) or _is_passphrase(said, telling):
        yield spans[0][0], spans[-1][1]


def _is_one_password(words: Sequence[str], telling: int) -> bool:
    return len(words) == 1 and not telling and len(words[0]) >= 4 and not _PLACEHOLDER.search(words[0])


def _is_passphrase(words: Sequence[str], telling: int) -> bool:
    return 4 <= len(words) <= 8 and telling <= 1 and all(map(str.isalpha, words)) and STOP_WORDS.isdisjoint(words)


def _is_predicate(word: str, *, english: bool) -> bool:
    """Return whether a word rather says something about a password than is one."""
    return (
        word in STOP_WORDS
        or word in _NO_VALUE
        or (english and word.endswith(("ed", "ing", "able", "ible", "ly", "less")))
        or not any(map(str.isalnum, word))
        or "." in word
        or "(" in word
    )


def _codes(text: str, values: Sequence[Span], *, linked: bool) -> Iterator[Span]:
    """Yield the codes and numbers that are told: groups of digits, or letters and digits."""
    if not values:
        return
    start, end = values[0][0], values[-1][1]
    pattern = _SPOKEN_CODE if linked else _DIGIT_GROUPS
    for match in pattern.finditer(text, start, min(end, start + 90) if linked else end):
        after = text[match.end() : match.end() + 14].split()
        value = match[0].strip(" -")
        if _is_code(value) and not (
            after and after[0].strip(_TRIMMED) in _UNITS and after[0] != "and" and after[0] != "or"
        ):
            yield match.start(), match.start() + len(match[0].rstrip(" -"))


def _is_code(value: str) -> bool:
    digits = sum(map(str.isdigit, value))
    return (digits >= 3 or (digits >= 2 and len(value) >= 5)) and not _NAME.match(value) and not _DATED.search(value)


def _told_before(text: str, place: int) -> Iterator[Span]:
    match = _BEFORE.search(text[max(0, place - 140) : place])
    if match is not None and is_strong(match[1].strip(_TRIMMED), shortest=6):
        start = max(0, place - 140) + match.start(1)
        yield _trimmed(text, start, start + len(match[1]))


def _seed_phrases(text: str) -> Iterator[Span]:
    """Yield runs of words that restore a wallet: twelve of the list, or as many after a name for them."""
    if text.count(" ") < _SEEDS - 1 and text.count("\n") + text.count(",") < _SEEDS - 1:
        return
    talk = _SEED_TALK.search(text)
    known = seed_words()
    for run in _runs(text, lambda word: word in known):
        yield run
    if talk is not None:
        start = talk.end()
        for run in _runs(text[start:], lambda word: word not in STOP_WORDS and word.islower()):
            yield start + run[0], start + run[1]


def _runs(text: str, belongs: Callable[[str], bool]) -> Iterator[Span]:
    run: list[Span] = []
    for match in _SEED_TOKEN.finditer(text):
        joined = not run or _BETWEEN_SEEDS.fullmatch(text, run[-1][1], match.start())
        if not joined or not belongs(match[0]):
            yield from _whole(text, run)
            run = []
        if belongs(match[0]):
            run.append(match.span())
    yield from _whole(text, run)


def _whole(text: str, run: Sequence[Span]) -> Iterator[Span]:
    """Yield a run as one span when it is long enough, and no word said over and over."""
    if len(run) >= _SEEDS and len({text[slice(*word)] for word in run}) >= _SEEDS * 2 // 3:
        yield run[0][0], run[-1][1]


def _trimmed(text: str, start: int, end: int) -> Span:
    """Return a span without the quotes and the punctuation around it."""
    while start < end and text[start] in _TRIMMED:
        start += 1
    while start < end and text[end - 1] in _TRIMMED:
        end -= 1
    return start, end
