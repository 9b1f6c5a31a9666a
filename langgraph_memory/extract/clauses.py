"""Cuts a message into clauses that can each stand alone, and knows where in the message each one stands.

A clause keeps its qualifiers: reasons, conditions and exceptions stay with what they qualify, and an enumeration is
never cut. Only where the speaker starts anew ("..., and my wife ...", "... im in Tucson"), or beside a request or a
question ("book a table, I'm vegan btw"), does another clause begin.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from langgraph_memory.extract.foreign import BLANK, own_words

LONGEST: Final = 400
"""Characters; what runs on for longer says no one thing."""

_I: Final = re.IGNORECASE

_SENTENCE_END = re.compile(
    r"[.!?…]+[\"'”)]*(?=\s|$)|\n+|;(?=\s)|[\U0001f300-\U0001faff\u2600-\u27bf\ufe0f\u200d]+"
    r"|[。！？；।॥…]+[”」』）]*|(?<=[\u4e00-\u9fff])，|,(?=\s*(?:我|他|她))"
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|mr|mrs|ms|dr|st|prof|vs|approx|no|jr|sr|inc|ltd|dept|esp|incl|excl|min|max|ave|blvd|sra?|hr|fr|bzw|z\.b|p\.s)|(?<!['’])\b[a-z])\.$",
    _I,
)
_BULLET = re.compile(r"\s*(?:[-*•·]|\d{1,2}[.)])\s+")

_OWNER = (
    r"i|i'm|im|i am|i've|ive|i'd|id|i'll|we|we're|we've|my|our|mine|"
    r"ich|wir|mein\w*|unser\w*|je|j'|nous|mon|ma|mes|notre|nos|yo|nosotr\w+|mis?|nuestr\w+|soy|tengo|vivo|"
    r"मैं|मेर\w*|हम|हमार\w*|main|mera|meri|mere|hum|hamar\w*"
)
_OTHER = (
    r"he|she|they|there's|there is|there are|the (?:kids?|team|company|project|dog|cat|baby|deadline|budget|client)|"
    r"what|how|where|why|who(?=[^.!\n]*\?)|which (?!is|was|are|were|has|have|had|means|makes|i|we)\w+|"
    r"can you|could you|would you|should|do you|does|is there|are there|any|"
    r"thanks|thank you|also|currently|originally|"
    r"er|sie|es gibt|bitte|kannst du|können sie|il|elle|ils|elles|pouvez|peux|él|ella|puedes|podrías"
)
_JOIN = r"and|plus|also|then|und|et|y|और|aur"
"""What joins two statements; "but", "so" and "though" join a statement and its qualifier, which stays with it."""
_ANY_JOIN = rf"{_JOIN}|but|so|yet|while|whereas|though|although|aber|mais|pero|also|dass|लेकिन|lekin"
_HESITATION = r"(?:also\s+|uh+m?\s+|um+\s+|like\s+|now\s+)*"
_STRONG = re.compile(
    rf"\s*[,:]?\s+(?:{_JOIN})\s+{_HESITATION}(?=(?:{_OWNER})\b)"
    rf"|\s*[,:]?\s+(?:{_ANY_JOIN})\s+{_HESITATION}(?=(?:{_OTHER})\b)"
    rf"|\s*,\s*(?:(?:{_JOIN})\s+)?(?=(?:{_OWNER})\b)|\s*,\s*(?=(?:{_OTHER}|(?:please|pls) \w+ \w+)\b)"
    rf"|\s*,?\s+(?:so|and)\s+(?=(?:please|pls) \w+ \w+\b)"
    r"|\s+(?:--?|–|—)\s+(?=\S+\s+\S+)|(?<=\w)\s+\((?=[^()]{6,}\))|\)\s*|\s*,?\s+(?:btw|by the way|fyi)[,:]?\s+(?=\w)",
    _I,
)
_AND_VERB = re.compile(
    r"\s*,?\s+(?:and|but(?! (?:love|like|hate|prefer|can't|cant|don't|dont|need)\b))\s+"
    r"(?=(?:now |currently |also )?(?:live|lives|work|works|study|have|own|moved|speak|use|run|"
    r"love|like|hate|prefer|can't|cant|don't|dont|play|teach|drive|am|was born|grew up|need|got)\s)",
    _I,
)
_RUN_ON = re.compile(
    r"\s+(?=(?:i'm|im|i've|ive|i am|my \w+(?: \w+)?(?:'s| is| are| has|s name is)|we're|we've|"
    r"can you|could you|please|what's|whats|how do|any ideas?)\s)",
    _I,
)
_LEANS = re.compile(
    r"(?:^|\s)(?:that|if|when|since|because|cause|cuz|as|where|while|until|till|once|before|after|than|what|all|way|"
    r"thing|things|time|everything|anything|think|thinks|know|knows|believe|say|says|said|told|guess|hope|sure|feel|"
    r"swear|mean|means|like|and|or|but|so|with|to|for|of|from|on|in|at|by|about|near|who|which|how|why|whether|not|"
    r"unless|though|although|is|was|are|be|even|only|just|maybe|yes|no|yeah|well|ok|okay|um|uh|hi|hey|hello|"
    r"thought|assume|pretend|imagine|suppose|wish|glad|sorry|afraid|says|make|tell|give|want|love|hate)$",
    _I,
)
_REQUEST = re.compile(
    r"^\W*(?:so |ok |okay |hi |hey |hello |um |uh |then |also |please |pls |just )*"
    r"(?:(?:what|whats|what's|where|who|why|how|hows|which|"
    r"when (?!i\b|we\b|you\b)|does|do|did|is|are|can|could|would|will|should|any|"
    r"(?:i need|i want|i wanna|i would like|i'd like) (?:you to|to know|to ask|help|ideas|some|advice)|"
    r"looking for|need|help|suggest|recommend|write|draft|make|give|book|"
    r"find|create|plan|explain|translate|compare|show|tell|design|fix|convert|summari[sz]e|generate|list|build|review|"
    r"was|wie|wo|wer|warum|welche\w*|kannst|könn\w+|schreib\w*|mach\w*|que|qué|cómo|dónde|cuál|puedes|podrías|escr\w+|"
    r"quel\w*|comment|où|pourquoi|peux|pouvez|écri\w+)\b)",
    _I,
)
_BEGINS_ANEW = re.compile(rf"\s*(?:{_OWNER})\b", _I)
_SHARED = re.compile(r"(?:i|me|my \w+) (?:are|were|both|have both)\b", _I)
"""What follows a subject's first half: "I are", after "my wife and"."""
_NO_CLAUSE = re.compile(
    r"(?:my|our|mine) (?!(?:\w+[ '’]+)*?(?:\w+s|\w+ed|is|are|was|were|am|has|have|had|got|will|can|can't|cant|do|"
    r"don't|did|went|came|made|took|left|quit|lost|gave|bought|sold|moved|goes|needs?|wants?)\b)[\w '’-]*$",
    _I,
)
"""What names something more, and says nothing of it: there is no verb in it."""
_MANY = re.compile(
    r"(?:my|our) (?:\w+|(?:\w+ )?(?:kids|children|parents|sons|daughters|brothers|sisters|siblings|friends|twins|boys|"
    r"girls|colleagues|cousins|dogs|cats))",
    _I,
)
"""The same, of several: "my kids and I"."""
_LEADS_IN = re.compile(
    r"\W*(?:(?:so|and|but|also|well)\s+)?(?:"
    r"(?:every|each|on|in|at|during|from|for|by|most|some|last|next|this|these|as|per|with|without|after|before|until|"
    r"nowadays|currently|usually|normally|sometimes|once|twice|lately|recently|now|then)\b"
    rf"(?!.*\b(?:{_OWNER}|he|she|they|it|is|are|was|were|has|have|had|does|did|do)\b)"
    r"|(?:when|whenever|since|because|while|although|though|after|before|once|until|unless|if|as long as|even if)\s"
    r")(?:\W*\w[\w'’]*){0,9}\W*",
    _I,
)
"""What only opens a statement: "every second Wednesday", "when I travel"."""
_DANGLES = re.compile(r"[\s,]+(?:and|but|or|so|plus)(?: (?:then|so|also))?$", _I)
"""What is left of a joint at the end of a clause."""
_SINCE = re.compile(r"[\s,]+(?:(?:and|but|so)\s+)?(?=(?:now|currently|nowadays|these days|since then)$)", _I)
"""Where the time begins that a clause opens with: "left Zalando, now I'm ..."."""
_WEAK = re.compile(
    r"\s*,\s*(?=\S)|\s*,?\s+(?:because|cause|cuz|since|as|for when|given that|considering)\s+(?=(?:"
    rf"{_OWNER})\b)|\s+(?=(?:if|now that)\s+(?:i|my|we|our)\b)|\s+(?=for my \w+ who\b)|\?\s*"
    rf"|\s+(?:weil|da|car|parce que|porque|ya que)\s+",
    _I,
)
_SUBJECT = re.compile(r"(?:.{0,60}?\b)??(i'm|i am|im|i've|ive|i|we're|we are|we've|we)\b", _I)
_EDGES: Final = " \t,;:-–—()，、。"


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause: `text` is what may be read of it, from `start` to `end` of the message.

    `subject` ("I" or "we") is that of the clause before, where this one shares it and does not repeat it. `asks`
    tells that its sentence ends with a question mark, `sentence` which sentence of the message it stands in.
    """

    text: str
    start: int
    end: int
    sentence: int
    subject: str = ""
    asks: bool = False

    @property
    def whole(self) -> str:
        """Return the clause with its subject in front."""
        return f"{self.subject} {self.text}" if self.subject else self.text


def clauses(message: str) -> list[Clause]:
    """Return the clauses of `message` in order, with what is not the speaker's own blanked."""
    own = own_words(message)
    found: list[Clause] = []
    for number, (start, end) in enumerate(_sentences(own)):
        found.extend(_of_sentence(own, start, end, number))
    return found


def _sentences(own: str) -> Iterator[tuple[int, int]]:
    start = 0
    for end in sentence_ends(own):
        if own[start:end].strip(BLANK + " .,:;!?-\n"):
            yield start, end
        start = end


def sentence_ends(text: str) -> Iterator[int]:
    """Yield where the sentences of `text` end; an abbreviation's full stop ends none."""
    for end in _SENTENCE_END.finditer(text):
        if end[0] == "." and _ABBREVIATION.search(text[max(0, end.end() - 12) : end.end()]):
            continue
        yield end.end()
    yield len(text)


def _of_sentence(own: str, start: int, end: int, number: int) -> Iterator[Clause]:
    bullet = _BULLET.match(own, start, end)
    start = bullet.end() if bullet else start
    asks = own[start:end].rstrip(" )\"'\n").endswith(("?", "？"))
    before = ""
    for left, right, shared in _pieces(own, start, end, asks=asks):
        first, last = _trimmed(own, left, right)
        text = one_line(own[first:last])
        if not text or len(text) > LONGEST:
            continue
        yield Clause(text, first, last, number, _shared_subject(before) if shared else "", asks)
        before = text


def _pieces(own: str, start: int, end: int, *, asks: bool) -> Iterator[tuple[int, int, bool]]:
    """Yield where the pieces of a sentence begin and end, and whether each shares the subject of the one before."""
    for left, right, shared in _cut(own, start, end):
        if asks or _REQUEST.match(own[left:right]):
            for number, (first, last) in enumerate(_beside_a_request(own, left, right, asks=asks)):
                yield first, last, shared and number == 0
        else:
            yield left, right, shared


def _beside_a_request(own: str, start: int, end: int, *, asks: bool) -> list[tuple[int, int]]:
    """Cut a request or question from the statements beside it; what is no request stays together across commas."""
    pieces: list[tuple[int, int]] = []
    position, by_comma = start, False
    for found in (*_WEAK.finditer(own, start, end), None):
        right = end if found is None else found.start()
        joins = by_comma and bool(pieces) and (not asks or not _is_request(own, position, right, pieces[-1]))
        if joins:
            pieces[-1] = (pieces[-1][0], right)
        else:
            pieces.append((position, right))
        if found is not None:
            position, by_comma = found.end(), found[0].strip() == ","
    return pieces


def _is_request(own: str, start: int, end: int, before: tuple[int, int]) -> bool:
    """Return whether either of two neighbours asks for something, or the second begins with a subject of its own."""
    texts = own[start:end], own[before[0] : before[1]]
    return any(map(_REQUEST.match, texts)) or _BEGINS_ANEW.match(texts[0]) is not None


def _cuts(own: str, start: int, end: int) -> list[tuple[int, int, bool]]:
    """Return where a sentence may be cut, in order, and whether what follows shares the subject."""
    cuts = [(found.start(), found.end(), False) for found in _STRONG.finditer(own, start, end)]
    cuts += [(found.start(), found.end(), True) for found in _AND_VERB.finditer(own, start, end)]
    cuts += [
        (found.start(), found.end(), False)
        for found in _RUN_ON.finditer(own, start, end)
        if found.start() - start > 8 and not _LEANS.search(own, start, found.start())
    ]
    return sorted(cuts)


def _cut(own: str, start: int, end: int) -> Iterator[tuple[int, int, bool]]:
    position, shared = start, False
    for left, right, shares in _cuts(own, start, end):
        if left < position or _only_opens(own[position:left].strip(_EDGES)) or _goes_on(own, right, end):
            continue
        opening = _SINCE.search(own, position, left)
        last, first = (left, right) if opening is None else (opening.start(), opening.end())
        yield position, last, shared
        position, shared = first, shares
    yield position, end, shared


def _only_opens(piece: str) -> bool:
    """Return whether a piece says nothing without what follows it: "my wife", of "my wife and I", or "at weekends"."""
    return not piece or any(each.fullmatch(piece) for each in (_NO_CLAUSE, _LEADS_IN, _MANY))


def _goes_on(own: str, start: int, end: int) -> bool:
    """Return whether what begins at a place is no clause of its own: "my wife and I are", "eggs runny and my toast"."""
    return _SHARED.match(own, start) is not None or _NO_CLAUSE.match(own, start, end) is not None


def _trimmed(own: str, left: int, right: int) -> tuple[int, int]:
    while left < right and own[left] in _EDGES + "\n" + BLANK:
        left += 1
    while right > left and own[right - 1] in _EDGES + "\n" + BLANK:
        right -= 1
    dangling = _DANGLES.search(own, left, right)
    return left, right if dangling is None else dangling.start()


def one_line(text: str) -> str:
    """Return `text` on one line, with what cannot be printed as spaces."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _shared_subject(before: str) -> str:
    subject = _SUBJECT.match(before)
    if subject is None:
        return ""
    return "I" if subject[1].lower().startswith("i") else "we"
