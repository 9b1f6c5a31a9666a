"""Blanks what the speaker shows but does not say: code, quotations, logs, data, mails and pasted text."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

BLANK: Final = "\ufffc"
"""Stands, one for one, in place of every blanked character, so that positions stay what they were."""

LONGEST_MESSAGE: Final = 8_000
"""Characters; nobody types more in one go, so a longer message is a paste."""

LONGEST_LINE: Final = 1_000
"""Characters; a longer line is a pasted paragraph."""

_FENCE = re.compile(r"^[ \t]*(```|~~~)", re.MULTILINE)
_INLINE_CODE = re.compile(r"`([^`\n]{1,300})`")
_QUOTATION = re.compile(r"\"([^\"\n]{1,600})\"|[“„]([^”“\n]{1,600})[”“]|«([^»\n]{1,600})»|‘([^’\n]{1,600})’(?!\w)")
_SINGLE_QUOTATION = re.compile(r"(?<!\w)'([^'\n]{1,300}(?:\w'\w[^'\n]{1,300}){0,3})'(?!\w)")
_URL = re.compile(r"\b(?:https?|ftp)://\S+|\bwww\.\S+", re.IGNORECASE)
_FIRST_PERSON = re.compile(r"\b(?:i|i'm|my|me|we|our|us)\b", re.IGNORECASE)

_LOG_LINE = re.compile(
    r"""[ \t]*(?:
        \[?\d{4}-\d{2}-\d{2}[T ,]                       # a timestamp
      | \[?\d{1,2}:\d{2}(?::\d{2})?                     # a clock time
      | \[?(?:ERROR|WARN(?:ING)?|INFO|DEBUG|TRACE|FATAL|CRITICAL)\b
      | (?:npm|yarn|pip|cargo)\ (?:ERR!|WARN|error)
      | Traceback\b | at\ [\w.$<>]+\( | File\ ".*",\ line | Caused\ by: | \w+(?:Error|Exception)\b.*:
      | [$#%>]\ ?\w | >>> | \.\.\.\ | In\ \[\d+\]
      | [{}\[\]] | "[^"\n]{1,80}"\s*: | <[/!?\w]
      | (?://|/\*|\*/|\#\ |--\ |\#!) | [+@-]{2,3}[ ]
      | (?:SELECT|INSERT|UPDATE|DELETE|CREATE|DROP|ALTER)\ (?:\w+|\*)
      | (?:git|docker|kubectl|curl|sudo|pip|npm|cd|echo|export)\ \S+\ +-{1,2}\w
      | (?:import|from|def|class|const|let|var|return|print|public|private|function|\#include)\b.*[(){};=]
      | [\w.]+\s*(?:=|:=|\+=)\s*\S
      | print\(
    )""",
    re.VERBOSE,
)
_PROMPT = re.compile(r"[ \t]*(?:\$ |>>> |In \[\d+\])")
"""A command line: what follows, up to an empty line, is what it printed."""
_DATA_LINE = re.compile(r"[^,\n]*,\S[^,\n]*,\S.*|[^;\n]*;\S[^;\n]*;\S.*|[^|\n]*\|[^|\n]*\|.*|[^\t\n]*\t[^\t\n]*\t.*")
_SPOKEN_LINE = re.compile(
    r"[ \t]*(?:[\[(<]?\d{1,2}:\d{2}[^a-z\n]{0,12})?[\[<*]*([\w.@-]{2,24}(?: "
    r"[\w.-]{1,24})?)[\]>*]*:\s"
)
_OWN_LABELS = frozenset(
    "fyi note notes ps update edit correction reminder context background preferences preference rule rules remember "
    "important about me hi hello btw".split()
) | {"about me", "for context", "some context", "quick note", "please note", "please remember", "for the record"}
_DIFF = re.compile(r"^(?:diff --git |@@ |--- [\w./]|Index: )|(?s:^-\w.*?^\+\w)", re.MULTILINE)
_DIFF_LINE = re.compile(r"^[+-].*$", re.MULTILINE)
_CODE_TAIL = re.compile(r"[;{}]\s*$|^\s*[\w.]+\([^)]*\)")
_LETTER = re.compile(
    r"[ \t]*(?:On\b.{0,120}\bwrote:|(?:From|Subject|Sent|Cc|Betreff):\s|Dear (?:Sir|"
    r"Madam|Hiring)|-{2,} ?(?:Original|Forwarded))",
    re.IGNORECASE,
)
_PASTE_FOLLOWS = re.compile(
    r"\b(?:translate|rewrite|rephrase|paraphrase|proof-?read|summari[sz]e|shorten|improve|polish|edit|"
    r"correct|fix|check|"
    r"review|analy[sz]e|classify|format|continue|grade|critique|simplify)\b[^.!?\n]{0,120}"
    r"(?::|\b(?:below|following|this (?:text|essay|email|mail|letter|paragraph|sentence|article|message|"
    r"bio|cv|story))\b)",
    re.IGNORECASE,
)
_PASTE_ANNOUNCED = re.compile(
    r"\b(?:here(?:'s| is| are)|this is|below is|see)\b[^.!?\n]{0,60}\b(?:text|essay|e?mail|letter|article|"
    r"story|draft|post|"
    r"review|transcript|chat|log|output|error|bio|cv|resume|document|message|paragraph|poem|lyrics)\b[^.!?\n]{0,60}:",
    re.IGNORECASE,
)
_PASTE_BELOW = re.compile(
    r"^[^\n]{0,80}\b(?:below|here|following|attached|this is)\b[^\n]{0,60}\b(?:text|essay|e?mail|letter|article|"
    r"story|draft|post|review|transcript|chat|log|bio|cv|resume|document|paragraph|poem|lyrics|chapter|excerpt|"
    r"passage|speech|blurb|listing|press release|abstract)\b[^\n]{0,160}\n"
    r"|\b(?:translate|rewrite|rephrase|paraphrase|proof-?read|summari[sz]e|shorten|improve|polish|edit|correct|fix|"
    r"check|review|critique|grade|classify|analy[sz]e)\b[^\n]{0,40}\b(?:it|this|that|these)\b[^\n]{0,60}\n\s*\n",
    re.IGNORECASE,
)
"""An announcement that ends its line: what follows on the next lines is the text to work on."""

_FIRST_LINE = re.compile(r"\s*[^\n]+\n")
_TEXT_WORK = re.compile(
    r"\b(?:fix|check|proof-?read|correct|edit|rewrite|reword|rephrase|paraphrase|polish|improve|shorten|cut|trim|"
    r"condense|expand|translate|summari[sz]e|convert|extract|pull|score|grade|rate|mark|review|critique|analy[sz]e|"
    r"classify|continue|finish|complete|format|simplify|identify|annotate|sort|solve|parse|debug|refactor|classify|"
    r"(?:turn|make|put|boil|break) (?:this|these|it|the)|turn into|"
    r"explain (?:clause|paragraph|line|this|these|the|what)|"
    r"(?:give|write|suggest|need|want|find|draft|list) (?:me |us )?(?:\w+[ -]){0,4}(?:feedback|notes|weaknesses|"
    r"strengths|comments|titles?|headlines?|lines|endings?|questions|quotes|bullets|lesson plan|summary|abstract|"
    r"description|caption|subject line|minutes|action items)|answer (?:as|the|these|this)|"
    r"(?:is|does|do|are|would) (?:this|these)|what(?:'s| is) wrong with|compare these|which of these|iracs?|"
    r"thoughts on this|feedback on|fact sheet)\b",
    re.IGNORECASE,
)
"""A task that is done on a text, which stands on the lines after it."""
_LEAST_MATERIAL: Final = 80
"""Characters from which on what follows such a task is taken for its text."""


def is_work_on_a_text(message: str) -> bool:
    """Return whether the first paragraph of `message` sets a task on the text that follows it."""
    task, _, material = message.strip().partition("\n")
    return len(material.strip()) >= _LEAST_MATERIAL and len(task) <= 400 and _TEXT_WORK.search(task) is not None


def own_words(text: str) -> str:
    """Return `text`, as long as before, with everything that is not the speaker's own statement blanked."""
    if len(text) > LONGEST_MESSAGE:
        return BLANK * len(text)
    text = text.replace("\u2019", "'").replace("\u02bc", "'").replace("\r", "\n")
    text = _blank_fences(text)
    if _DIFF.search(text):
        text = _DIFF_LINE.sub(lambda line: _hide(line[0]), text)
    text = _blank_after(_PASTE_FOLLOWS, _blank_after(_PASTE_ANNOUNCED, text))
    text = _blank_after_line(_PASTE_BELOW, text)
    if is_work_on_a_text(text):
        text = _blank_after_line(_FIRST_LINE, text)
    text = _each_line(text)
    for pattern in (_INLINE_CODE, _QUOTATION, _SINGLE_QUOTATION):
        text = pattern.sub(_unless_a_name, text)
    return _URL.sub(_blanked, text)


def _blanked(match: re.Match[str]) -> str:
    return BLANK * len(match[0])


def _unless_a_name(match: re.Match[str]) -> str:
    """Keep `stable` or "Bob": a short quotation in which nobody speaks is a value, not somebody's words."""
    inner = next(group for group in match.groups() if group is not None)
    named = len(inner.split()) <= 3 and BLANK not in inner and not _FIRST_PERSON.search(inner)
    return match[0] if named else _blanked(match)


def _blank_fences(text: str) -> str:
    parts: list[str] = []
    position, opened = 0, None
    for fence in _FENCE.finditer(text):
        if opened is None:
            parts.append(text[position : fence.start()])
            position, opened = fence.start(), fence[1]
        elif fence[1] == opened:
            parts.append(_hide(text[position : fence.end()]))
            position, opened = fence.end(), None
    rest = text[position:]
    return "".join(parts) + (_hide(rest) if opened else rest)


def _blank_after(announced: re.Pattern[str], text: str) -> str:
    """Blank what follows a sentence that announces a text to work on."""
    match = announced.search(text)
    return text if match is None else text[: match.start()] + _hide(text[match.start() :])


def _blank_after_line(announced: re.Pattern[str], text: str) -> str:
    """Blank the lines that follow one that announces a text to work on."""
    match = announced.search(text)
    return text if match is None else text[: match.end()] + _hide(text[match.end() :])


def _each_line(text: str) -> str:
    lines = text.split("\n")
    printed = False
    for number, line in enumerate(lines):
        printed = bool(line.strip()) and (printed or _PROMPT.match(line) is not None)
        if _LETTER.match(line):
            return "\n".join(lines[:number] + [_hide(rest) for rest in lines[number:]])
        if printed or any(is_foreign(line) for is_foreign in _FOREIGN):
            lines[number] = _hide(line)
    return "\n".join(lines)


def _hide(text: str) -> str:
    return re.sub(r"[^\n]", BLANK, text)


def _is_spoken_by_another(line: str) -> bool:
    match = _SPOKEN_LINE.match(line)
    return match is not None and match[1].lower() not in _OWN_LABELS


_FOREIGN: tuple[Callable[[str], object], ...] = (
    lambda line: len(line) > LONGEST_LINE,
    lambda line: line.lstrip().startswith((">", "|")),
    _LOG_LINE.match,
    _DATA_LINE.fullmatch,
    _CODE_TAIL.search,
    _is_spoken_by_another,
)
