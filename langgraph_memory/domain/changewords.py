"""The words in which people say what holds now and what holds no longer, and what kind of value some words are.

Data, for plain lower-case statements.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Final

from langgraph_memory.domain.text import query_terms

_MONTH: Final = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_DAY: Final = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?s?"
_UNITS: Final = r"(?:kg|kilos?|kgs|lbs?|pounds?|km|miles?|mg|ml|g|hours?|hrs?|mins?|minutes?|people|kids|years?|k|m|%)"

_COUNTS: Final = "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"

_CLOCK: Final = r"(?:\d{1,2}(?:[:.h]\d{2})?\s?(?:am|pm)?)"

VALUES: Final[tuple[tuple[str, str], ...]] = (
    ("range", rf"{_CLOCK} ?(?:to|-|–|until|till) ?{_CLOCK}"),
    ("code", r"[a-z]{1,3}-?\d{1,5}[a-z]?|\d{1,4}[a-ce-gi-ln-z]"),
    ("time", r"(?:\d{1,2}[:.h]\d{2}\s?(?:am|pm)?|\d{1,2}\s?(?:am|pm)|noon|midnight)"),
    (
        "date",
        rf"(?:the )?\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH}(?:,? \d{{4}})?|"
        rf"{_MONTH} (?:the )?\d{{1,2}}(?:st|nd|rd|th)?"
        r"(?:,? \d{4})?|(?:the )?\d{1,2}(?:st|nd|rd|th)|\d{4}-\d{2}-\d{2}|\d{1,2}/\d{1,2}(?:/\d{2,4})?",
    ),
    ("weekday", rf"(?:next |this )?(?:{_DAY})"),
    ("month", rf"(?:next |this )?{_MONTH}(?: \d{{4}})?"),
    (
        "number",
        rf"[$€£]?\d+(?:[.,]\d+)*\s?(?:{_UNITS})?(?:\s?(?:a|per) (?:day|week|month|year))?|"
        r"one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve",
    ),
)
"""Kinds of value, the narrower before the wider; each as a regular expression of lower-case words."""

_KINDS: Final = tuple((kind, re.compile(pattern)) for kind, pattern in VALUES)
_CAPITALS: Final = re.compile(r"(?:(?:mr|mrs|ms|dr|prof)\.? )?[^\W\d_][\w'’-]*(?: [^\W\d_][\w'’-]*){0,2}")
_COMMON: Final = re.compile(
    r"\b(?:a|an|the|very|so|too|not|always|never|really|great|good|bad|nice|fun|stressful|boring|broken|slow|fast|"
    r"tired|sick|late|busy|fine|ok|okay|away|here|there|done|ready|my|his|her|with|for|to|that|this|\w+ing|\w+ed)\b"
)


def kind_of(value: str) -> str:
    """Return the kind of a value in lower case: time, date, weekday, month, number, name, or none."""
    bare = re.sub(r"^(?:on|at|in|by|to|around|about)\s+", "", value.strip())
    for kind, pattern in _KINDS:
        if pattern.fullmatch(bare):
            return "date" if kind in ("weekday", "month") else kind
    return "name" if _CAPITALS.fullmatch(bare) and not _COMMON.search(bare) else ""


def is_name(value: str) -> bool:
    """Return whether a value as it was written is a name: each of its words begins with a capital."""
    words = value.split()
    return 0 < len(words) <= 3 and all(word[:1].isupper() for word in words)


def with_value(sentence: str, value: str, old: str = "", likely: Sequence[str] = ()) -> tuple[str, str] | None:
    """Return `sentence` with `value` in the place of what it corrects, and what that was; None where that is not clear.

    That is `old` where it is given, else the one part of the same kind, else the one of the `likely` parts.
    """
    spans = _spans_of(sentence, old) if old else _alike(sentence, value, likely)
    if len(spans) != 1:
        return None
    start, end = spans[0]
    gone = sentence[start:end]
    if value.lower().startswith("the ") and sentence[:start].lower().endswith("the "):
        value = value[4:]
    new = _in_unit_of(gone, value)
    return None if new in (None, gone) else (f"{sentence[:start]}{new}{sentence[end:]}", gone)


def _in_unit_of(gone: str, value: str) -> str | None:
    """Return a value with the unit of the one before it, unless it has one; None where that is another."""
    before, own = _UNIT.search(gone.lower()), _UNIT.search(value.lower())
    if before is None:
        return value
    if own is None:
        return value + gone[before.start() :] if value[-1:].isdigit() else value
    return value if own[0].strip() == before[0].strip() else None


def _spans_of(sentence: str, part: str) -> list[tuple[int, int]]:
    found = re.finditer(rf"(?<!\w){re.escape(part)}(?!\w)", sentence, re.IGNORECASE)
    return [one.span() for one in found]


def _alike(sentence: str, value: str, likely: Sequence[str]) -> list[tuple[int, int]]:
    bare = value.lower().removeprefix("the ")
    sort = next((kind for kind, pattern in _PARTS.items() if pattern.fullmatch(bare)), None)
    return _names_like(sentence, bare, likely) if sort is None else _parts_of(sort, sentence.lower())


def _parts_of(sort: str, sentence: str) -> list[tuple[int, int]]:
    spans = [one.span() for one in _PARTS[sort].finditer(sentence)]
    if not spans and sort in _INSTEAD:
        spans = [one.span("part") for one in _INSTEAD[sort].finditer(sentence)]
    return _outside_dates(spans, sentence) if sort == "number" else spans


def _names_like(sentence: str, bare: str, likely: Sequence[str]) -> list[tuple[int, int]]:
    """Return the name that is spelled like another, or else the likely part, or else the only name there is."""
    names = [one.span() for one in _NAME.finditer(sentence) if one.start() > 0 and one[0].lower() not in _NOT_NAMES]
    similar = [(a, b) for a, b in names if SequenceMatcher(None, sentence[a:b].lower(), bare).ratio() >= _SAME_WORD]
    named = [span for part in dict.fromkeys(filter(None, likely)) for span in _spans_of(sentence, part)]
    return next((found for found in (similar, named, names) if len(found) == 1), [])


def _outside_dates(spans: Sequence[tuple[int, int]], sentence: str) -> list[tuple[int, int]]:
    """Return those of some numbers that are no part of a date or a time."""
    taken = [one.span() for kind in ("date", "time", "range") for one in _PARTS[kind].finditer(sentence)]
    return [one for one in spans if not any(start <= one[0] < end for start, end in taken)]


_PARTS: Final = {
    "range": re.compile(rf"(?<![\w.:]){_CLOCK} ?(?:to|-|–|until|till) ?{_CLOCK}(?![\w:])"),
    "code": re.compile(r"\b(?:[a-z]{1,3}-?\d{1,5}[a-z]?|\d{1,4}[a-ce-gi-jln-z])\b"),
    "time": re.compile(r"\d{1,2}[:.h]\d{2}\s?(?:am|pm)?\b|\d{1,2}\s?(?:am|pm)\b|noon|midnight"),
    "date": re.compile(
        rf"\b(?:{_MONTH} (?:the )?\d{{1,2}}(?:st|nd|rd|th)?|\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH})\b"
        r"(?:,? \d{4})?|\d{4}-\d{2}-\d{2}"
    ),
    "day": re.compile(r"\b\d{1,2}(?:st|nd|rd|th)\b"),
    "weekday": re.compile(rf"\b{_DAY}\b"),
    "month": re.compile(rf"\b{_MONTH}\b"),
    "number": re.compile(rf"[$€£]?(?<![\w.])\d+(?:[.,]\d+)*(?:k|m)?\b(?:\s?{_UNITS}\b)?|\b(?:{_COUNTS})\b"),
}
_INSTEAD: Final = {
    "time": re.compile(r"\bat (?P<part>\d{1,2})\b"),
    "date": re.compile(r"(?P<part>\b\d{1,2}(?:st|nd|rd|th)\b)"),
    "day": re.compile(rf"\b(?:{_MONTH} )?(?P<part>\d{{1,2}}(?:st|nd|rd|th)?)(?=\b)(?: of)?(?: {_MONTH})?"),
}
"""What is taken for a part of a kind where there is none that is written in full."""
_UNIT: Final = re.compile(rf"(?<=\d)\s?{_UNITS}$")
_NAME: Final = re.compile(r"[A-ZÀ-Þ][\w'-]*(?: [A-ZÀ-Þ][\w'-]*)*")
_NOT_NAMES: Final = frozenset("the user i monday tuesday wednesday thursday friday saturday sunday mr mrs dr".split())
_SAME_WORD: Final = 0.6
"""How alike two spellings of one name are, at least (difflib's ratio)."""


COUNTRIES: Final = frozenset(
    """argentina australia austria bangladesh belgium brazil bulgaria cameroon canada chile china colombia croatia
    cyprus denmark ecuador egypt england estonia ethiopia europe finland france germany ghana greece hungary iceland
    india indonesia iran iraq ireland israel italy jamaica japan jordan kenya korea latvia lebanon lithuania luxembourg
    malaysia malta mexico morocco nepal netherlands nigeria norway pakistan peru philippines poland portugal romania
    russia scotland senegal serbia singapore slovakia slovenia spain sweden switzerland taiwan tanzania thailand tunisia
    turkey uganda uk ukraine uruguay us usa venezuela vietnam wales zimbabwe""".split()
) | {
    "the uk",
    "the us",
    "the usa",
    "the netherlands",
    "new zealand",
    "south africa",
    "south korea",
    "saudi arabia",
    "united states",
    "united kingdom",
    "czech republic",
    "costa rica",
    "sri lanka",
}
"""Places that others lie in: "I live in Belgium" is no move away from Ghent."""


PEOPLE: Final = frozenset(
    """mother mom mum mam father dad papa parents brother sister sibling wife husband spouse partner fiance fiancee
    girlfriend boyfriend ex son daughter kid child children baby twin cousin aunt uncle niece nephew grandma grandpa
    grandmother grandfather nan gran friend bestie roommate flatmate housemate neighbour neighbor colleague coworker
    boss manager mother-in-law father-in-law dog cat puppy kitten rabbit hamster parrot bird fish horse pony""".split()
)
"""Whom statements of the user may be about, beside the user."""
MANY: Final = PEOPLE - frozenset(
    "mother mom mum mam father dad papa wife husband spouse partner fiance fiancee girlfriend boyfriend boss "
    "manager".split()
) | frozenset("email e-mail address number account project server database friends hobby language".split())
"""Of what somebody may have several."""
NO_NAME: Final = frozenset(
    """i my the a an this that there here everything everyone nobody what who how when where why which it its just got
    left quit sold moved had have has was were is are am been being started stopped finally officially now recently also
    actually still not no never always ditched dumped dropped switched migrated gave given went going off on in at for
    from to with and or but so as if then than new please keep use using used answer reply respond write call make do
    does did can could would should will might may must cancelled canceled upgraded downgraded relocated joined
    promoted engaged married divorced single vegan vegetarian back only all some any one two three because since today
    yesterday tomorrow works work lives live uses likes loves really very her his their your you he she they""".split()
)
"""Words that begin a clause and name nobody."""

SUBJECT: Final = re.compile(
    r"(?:(?P<self>i)\b(?! (?:and)\b)|(?P<pronoun>he|she|they|it)\b"
    rf"|my (?P<kin>{'|'.join(sorted(PEOPLE, key=len, reverse=True))})\b(?!'s?)(?: (?P<name>[a-z][\w-]+)\b)?"
    r"|(?P<lone>[a-z][\w-]+)(?= (?:is|has|lives|works|moved|got|turned|died|passed|quit|left|joined|started|retired|"
    r"stepped|took|replaced|broke|and i)\b))"
)

CUE: Final = re.compile(
    r"\b(?:now|new|no longer|any more|moved|relocated|switched|changed|swapped|migrated|upgraded|downgraded|promoted|"
    r"became|turned|instead|from now on|these days|again|back to|pushed|postponed|rescheduled|shifted|delayed|"
    r"replaced|took over|went up|went down|got|gone|started|left|quit|ditched|dropped|dumped|rewrote|"
    r"brought forward)\b"
)
"""What says that it was otherwise before."""

CUES: Final = frozenset(CUE.pattern.removeprefix(r"\b(?:").removesuffix(r")\b").split("|"))
"""The same words, one by one."""

VALUE_END: Final = re.compile(
    r"\s(?:now|since|last|next|this|for (?:work|good|my|a|the|now)|because|but|with (?:my|the)|where|which|who|after|"
    r"before|until|yesterday|today|recently|ago|instead|again|anymore|any more|any longer|in (?:\d{4}|jan|feb|mar|apr|"
    r"may|june|july|aug|sep|oct|nov|dec)\w*|on (?:mon|tue|wed|thu|fri|sat|sun)\w*|over the|from (?:mon|tue|wed|thu|fri|"
    r"sat|sun)\w*|too|also|as well|completely|entirely|altogether|\d+ (?:days?|weeks?|months?|years?))\b"
)
"""Where what is said of a thing ends and when or why begins."""

_BE: Final = (
    r"(?:am|is|are|was|were|been|be|become|became|have|has|got|get|getting|just|now|officially|finally|recently)"
)

CLAIM_PATTERNS: Final[tuple[tuple[str, re.Pattern[str]], ...]] = tuple(
    (topic, re.compile(pattern))
    for topic, pattern in (
        (
            "home",
            rf"^(?:{_BE} |currently |actually )*(?:lives?|living|based|resides?|residing|settled|"
            r"(?P<changed>moved|relocated))(?: back| over| down| up)?(?: from [\w ]+?)? (?:in|to|at) (?P<value>.+)",
        ),
        ("home", r"^(?:am |is )?(?:(?:now|officially) )*an? (?P<value>[\w -]+?) resident\b"),
        (
            "work",
            rf"^(?:{_BE} |currently )*(?:works?|working|employed|(?P<changed>started|starting|start)(?: work| working"
            r"| a new job| a job| my new job)?|(?:a|the|my) (?:new )?(?:job|position|role)) (?:at|for|with|by) (?P<value>.+)",
        ),
        ("work", r"^(?:just |recently )*(?P<changed>joined) (?P<value>.+)"),
        ("work", r"^(?:am |is )?(?:now )?at (?P<value>[\w.& -]+?)(?P<changed> now)$"),
        (
            "work",
            r"^(?:just |was |got |have |has |been |am |is )*(?P<ended>fired|laid off|retired|sacked|made redundant|"
            r"unemployed|between jobs|resigned)\b",
        ),
        ("work", r"^(?:just )?(?P<ended>lost|quit|left) (?:my|his|her|the|their) job\b"),
        (
            "marital",
            rf"^(?:{_BE} )*(?P<value>single|dating|engaged|married|divorced|separated|widowed|a widow|a widower|"
            r"broke up|split up|in a relationship)\b",
        ),
        ("marital", r"\band i (?:have |just )*(?P<value>broke up|split up|got engaged|got married|got divorced)\b"),
        (
            "diet",
            rf"^(?:{_BE} |fully |a |strictly |mostly |full |gone |went |turned )*(?P<value>vegan|vegetarian|pescatarian|omnivore|"
            r"flexitarian|carnivore|plant[- ]based|veggie)\b",
        ),
        ("diet", r"^(?:my )?diet is (?P<value>vegan|vegetarian|pescatarian|omnivore|flexitarian|carnivore)\b"),
        ("diet", r"^(?:started eating|eat|eats|eating|am eating) (?P<value>meat)\b(?P<changed> again)"),
        (
            "level",
            rf"^(?:{_BE} |a |an |the |promoted to |made )+(?P<value>(?:junior|mid(?:dle)?[- ]?level|mid|senior|staff|"
            r"principal|lead|intern|trainee|apprentice|associate|head|director|vp|cto|ceo|manager|partner)\b.*)",
        ),
        ("level", r"^(?:just |was |got |have |has |been |am |is )*(?P<changed>promoted) to (?P<value>.+)"),
        (
            "year",
            rf"^(?:{_BE} |in |my |a |an |the |starting |(?P<changed>started) )*(?P<value>first|second|third|fourth|fifth|"
            r"final|\d(?:st|nd|rd|th))[- ]year\b",
        ),
        ("age", rf"^(?:{_BE} )*(?P<changed>turned) (?P<value>\d{{1,3}})\b"),
        ("age", r"^(?:am|is) (?P<value>\d{1,3})(?: years? old)?$"),
        (
            "hours",
            r"^(?:usually |always |normally |now |just )*(?P<of>\w+(?: \w+){0,3}?) (?:on|at|around|by) "
            r"(?P<value>\d[\d:.]*\s?(?:am|pm)?|(?:mon|tues|wednes|thurs|fri|satur|sun)days?)\b",
        ),
        (
            "answer language",
            r"^(?:please |always |you can |can you |from now on |just )*(?:reply|answer|respond|write|speak|talk|go back|"
            r"switch|switch back|wants? answers|use)(?: to me| back)? (?:in|to) (?P<value>english|german|french|spanish|"
            r"italian|portuguese|dutch|polish|russian|turkish|arabic|hindi|chinese|japanese|korean|swedish|danish|norwegian|"
            r"finnish|greek|czech|hungarian|romanian|ukrainian|vietnamese|thai|indonesian)\b",
        ),
    )
)
"""What a clause, after its subject, says of topics that have one value at a time."""

REJECTED_VALUES: Final = {
    "home": frozenset("a an my this that it his her their bed work school another different".split()),
    "work": frozenset("night nights home weekends weekdays it that this a an the my least".split()),
}
"""First words of what is no place and no employer."""

_KEY: Final = r"(?P<key>[\w' /-]{2,45}?)"
_TO: Final = (
    r"(?:(?:has |have )?(?:been |got |was |were |is |just )*(?:moved|pushed|postponed|rescheduled|changed|shifted|"
    r"delayed|bumped|brought forward|went up|went down|goes up|rose|dropped|fell|increased|switched|upped|raised|back|"
    r"cut|lowered)(?: back| up| down| forward| out)? to)"
)
ATTRIBUTE_PATTERNS: Final[tuple[tuple[re.Pattern[str], bool], ...]] = tuple(
    (re.compile(pattern), changed)
    for pattern, changed in (
        (rf"(?:my |the )?{_KEY} {_TO} (?P<value>.+)", True),
        (
            rf"(?:i |doc |doctor |they |the doctor )*(?:upped|raised|increased|cut|lowered|reduced|bumped|changed|moved|"
            rf"switched|pushed) (?:my |the ){_KEY} to (?P<value>.+)",
            True,
        ),
        (rf"(?:my |the )?new {_KEY} is(?: called| named)? (?P<value>.+)", True),
        (
            rf"(?:i have|there is|i got|got) a new {_KEY},? (?:and )?(?:it is |called |named )?(?:an? )?(?P<value>[\w ]+)",
            True,
        ),
        (rf"(?:also )?(?P<value>[\w.'-]+(?: [\w.'-]+)?) is (?:my |the |a )?(?:new )?{_KEY} now", True),
        (rf"(?P<value>[\w.'-]+(?: [\w.'-]+)?) (?:took over|is taking over|takes over) as (?:my |the |a )?{_KEY}", True),
        (rf"(?P<value>[\w.'-]+) (?:replaced|replaces) [\w.'-]+ as (?:my |the |a )?{_KEY}", True),
        (
            r"(?:i )?(?:am |is |have |just )*(?:upgraded|downgraded|switched|moved) to (?:the |a )?(?P<value>[\w ]+?) (?P<key>plan|tier|subscription)",
            True,
        ),
        (r"i am (?:now )?on (?:the |a )?(?P<value>[\w ]+?) (?P<key>plan|tier|subscription)", False),
        (
            rf"(?:my |the ){_KEY} (?:is|are)(?: now| currently| called| named| scheduled)*(?: for| on| at| in| by)? (?P<value>[^,]+)",
            False,
        ),
        (
            rf"(?:i |i have )?(?:rewrote|migrated|moved|switched|ported|changed) (?:my |the ){_KEY} (?:from [\w ]+ )?(?:to|in|into) (?P<value>.+)",
            True,
        ),
        (rf"(?:my |the ){_KEY} is (?:written|built|hosted) (?:in|on|with) (?P<value>[^,]+)", False),
        (rf"{_KEY} (?:is|are) now(?: for| on| at| in| by)? (?P<value>[^,]+)", True),
        (r"(?P<key>[\w' -]{3,30}?) is (?:on|at|in) (?P<value>[^,]+)", False),
    )
)
"""Forms of "my X is Y", and whether each says by itself that it was otherwise before."""

_HAS: Final = re.compile(
    r"\b(?:have|has|own|owns|drive|drives|ride|rides|got|use|uses|called|named|my \w+ is|bought|rent|rents|renting|"
    r"subscribed|member|booked|booking)\b"
)
_USES: Final = re.compile(
    r"\b(?:use|uses|using|run|runs|on|in|with|at|bank|banks|have|has|am|is|are|work|works|member|learning|study|training|"
    r"taking|take|takes|play|plays)\b"
)
_TASTE: Final = re.compile(
    r"\b(?:love|loves|like|likes|enjoy|enjoys|eat|eats|drink|drinks|favou?rite|fan|into|adore\w*)\b"
)
_ANY: Final = None

ENDING_PATTERNS: Final[tuple[tuple[re.Pattern[str], re.Pattern[str] | None, bool], ...]] = tuple(
    (re.compile(pattern), states, negative)
    for pattern, states, negative in (
        (
            r"\b(?:stopped|quit|quitting|stop|gave up(?: on)?|given up|giving up|had to stop|done with|no more) (?P<thing>\w+ing\b.*)",
            _ANY,
            False,
        ),
        (
            r"\b(?:stopped|gave up|given up|dropped|cut out|stopped with|no more|done with|finished with) (?:my |the )?(?P<thing>(?!\w+ing\b).+)",
            _USES,
            False,
        ),
        (r"^(?:i )?(?:am )?(?:no longer|not) (?:a |an |on (?:the |a )?|taking )?(?P<thing>.+) any more", _ANY, False),
        (r"^(?:i )?(?:am )?no longer (?:a |an |on (?:the |a )?)?(?P<thing>.+)", _ANY, False),
        (r"^(?:i )?(?:do|can) not (?P<thing>.+) any more", _ANY, False),
        (r"\bwent off (?:the )?(?P<thing>.+)", _TASTE, False),
        (r"^(?:i )?(?:am )?off (?:the |my )?(?P<thing>.+)", _USES, False),
        (
            r"\b(?:sold|crashed|totall?ed|got rid of|gave away|lost|traded in|scrapped) (?:my |the |our )?(?P<thing>[^,]+)",
            _HAS,
            False,
        ),
        (r"\b(?:cancelled|canceled) (?:my |the |our )?(?P<thing>[^,]+)", _HAS, False),
        (
            r"^(?:my |the )?(?P<thing>.+?) (?:got|was|were|is|has been) (?:cancelled|canceled|called off|scrapped)",
            _HAS,
            False,
        ),
        (
            r"\b(?:ditched|dumped|left|quit|abandoned|moved off|moved away from|switched from|migrated from|moved from) (?:the |my )?(?P<thing>.+?)(?= (?:to|for)\b|,|$)",
            _USES,
            False,
        ),
        (r"\b(?:switched|migrated|moved) from (?P<thing>[\w. -]+?) to\b", _USES, False),
        (r"\breplaced (?P<thing>[\w. -]+?) (?:with|by)\b", _USES, False),
        (
            r"^(?:my (?:dog|cat|pet|rabbit|hamster|horse|bird) )?(?P<thing>[\w-]+) (?:died|passed away|passed)\b",
            _HAS,
            False,
        ),
        (r"\bput (?:our |my |the )?(?P<thing>[\w-]+) (?:down|to sleep)\b", _HAS, False),
        (r"\b(?:split up|broke up) (?:the |my )(?P<thing>[\w -]+)", _ANY, False),
        (
            r"^(?P<thing>[\w -]+?) (?:is|are) (?:ok|okay|fine|allowed|good|back on)(?: now| again| from now on)",
            _ANY,
            True,
        ),
        (r"^(?:you can|i can|i) (?P<thing>.+?) again\b", _ANY, True),
    )
)
"""Forms of "it ended": the thing, the words that a statement of the thing holds, whether that is a negative one."""

NEGATIVE: Final = re.compile(
    r"\b(?:not|never|no longer|no more|stop|stopped|avoid|avoids|without|hate|hates|dislike|dislikes|quit|gave up)\b"
)
PAST: Final = re.compile(
    r"\b(?:was|were|born|went|visited|used to|ago|last (?:week|month|year|night)|allerg\w*|intoleran\w*|diagnosed|"
    r"grew up|(?:19|20)\d\d)\b"
)
"""What tells of something that was, or that does not end with what is eaten or owned."""
FRAME: Final = frozenset(
    query_terms("user say says said team also really now just still very please always new my our the thing things")
)
THINGS: Final = PEOPLE | frozenset(
    """pet car bike bicycle motorbike scooter van truck phone laptop computer tablet house flat apartment room bank
    plan subscription job employer boss team tool tracker database backend frontend server cloud editor language gym
    doctor dentist therapist landlord tenant diet food meat drink drinks coffee tea smoke smokes smoking run runs running
    sport sports hobby exercise hours meeting meetings tickets chat calls office budget deadline""".split()
)
"""Words that name a kind of thing, and by which something is asked for."""

ASKED_OF: Final = tuple(
    (frozenset(said.split()), asked)
    for said, asked in (
        (
            "live lives living staying renting rent rented flat house apartment studio moved based reside keys homeowner "
            "landlord cottage room place",
            "live lives home city where",
        ),
        (
            "job work works working employed unemployed office shift shifts boss notice hired company freelancing",
            "work works job employer company",
        ),
        ("drive drives driving car bike bicycle bus train tram cycle commute motorbike van", "drive car commute get"),
        (
            "learning learn studying study studies course degree uni university graduated",
            "study learning learn university",
        ),
        (
            "girlfriend boyfriend dating single partner engaged married wife husband divorced",
            "relationship partner married",
        ),
        ("vegan vegetarian diet eat eats meat keto", "diet eat food"),
        ("coffee tea drink drinks caffeine alcohol beer wine", "drink coffee"),
        ("smoke smokes smoking cigarette cigarettes vape", "smoke"),
        ("church christian religious believe faith muslim", "religion religious believe"),
        ("phone iphone mobile network sim", "phone mobile network"),
        ("bank account savings", "bank money"),
        ("weigh weight kilos kg kgs", "weigh weight"),
        ("wake get-up alarm sleep bed", "wake get up sleep"),
    )
)
"""The words of what is said of a thing, and those by which it is asked for."""

_I: Final = re.IGNORECASE
CORRECTING: Final = (
    r"i meant(?: to (?:say|write|type))?|i mean|meant(?: to (?:say|write|type))?|correction|typo|make that|scratch that|strike that|let me correct (?:that|myself)|"
    r"i should(?:'ve| have) said|i should say|should have (?:said|been)|that should(?:'ve| have) been|should be|more like|"
    r"(?:to be |or )?(?:exact|precise|more precise|honest)|if i'?m honest|strictly speaking|technically|come to think of it|"
    r"sorry|apologies|wait|no|nope|oops|whoops|ugh|oh|err+|er|um+|uh+|ah|hm+|argh|actually|my bad|my mistake|my fault|hang on|hold on|"
    r"(?:that|it)(?:'s| was| is)? (?:wrong|not right)|thats wrong|well|rather|i mixed (?:that|it|them) up|they just told me|autocorrect|"
    r"i(?:'ve| have)? (?:just )?(?:checked|looked)(?: it| that)?(?: up)?(?: again)?|(?:just )?(?:checked|looked)(?: (?:at )?my [\w ]+| again| it| up)?|"
    r"i(?:'d| would) say|brain fart"
)
_FILLERS: Final = (
    r"pretty sure|in fact|of course|obviously|lol|haha|thanks|please|pls|again|earlier|before|yesterday|just now"
)
CORRECTION_LEAD = re.compile(rf"\W*(?:{CORRECTING})(?=$|[\s,.!;:*-])|\*", _I)
CORRECTION_TAIL = re.compile(
    rf"[\s,.!;-](?:{CORRECTING}|instead|forgot .+)[\s.!*]*$|\*$|\S (?:actually|sorry|oops|rather|my bad),", _I
)
CORRECTION_CUE = re.compile(rf"(?:^|(?<=[\s,.!;:*-]))(?:{CORRECTING}|{_FILLERS})(?=$|[\s,.!;:*-])[\s,.!;:*-]*", _I)
VALUE_OPENING = re.compile(
    r"(?:it'?s|it is|that'?s|that is|it was|it should be|he'?s|she'?s|they'?re|he is|she is|they are|i'?m|i am|we'?re|we are|it'?s actually)\s+",
    _I,
)
VALUE_PREPOSITION = re.compile(
    r"(?:in|at|on|from|to|for|by|with|the|an?|called|named|only|just|now|really|about|exactly)\s+", _I
)
NOT_OLD = re.compile(
    r"(?:^|[\s,.!;:-])(?:and |but |definitely |certainly )?(?:not|never|instead of|rather than) (?:the |an? |my |in |on |at |from |with |to )*"
    r"(?P<old>[^,.!;:]+)",
    _I,
)
MEANT = re.compile(
    r"\b(?:i meant|i mean|correction|typo|make that|scratch that|strike that|let me correct|i should(?:'ve| have)? sa(?:id|y)|my mistake)\b|^\*|\*$",
    _I,
)
MISTAKEN = re.compile(
    r"\b(?:misread|miscounted|misremember\w*|mistyped|misspoke|misheard|muddled|"
    r"mix(?:ed)? (?:(?:it|that|them|those|these|this|the two) up|up (?:the|my|those|these|two))|"
    r"(?:had|got|said|wrote|put|gave|typed|told you) (?:it|that|them|you|the \w+) (?:all )?wrong|wrong all along|"
    r"confus\w+ (?:it|them|those|these|the two)|auto-?correct\w*|dyslexi\w+|fat fingers?|slip of|wrong way round)\b",
    _I,
)
"""With what somebody owns up to a mistake in what they said."""
AGAINST = re.compile(
    r"(?:^|[,.!;:])\s*(?:and |but )?not\b(?! (?:sure|really|yet|at all|too|so|just|only|even|that))", _I
)
"""What says against something how it is: ", not viola"."""
SAID_OLD = re.compile(
    r"\b(?:did (?:i|we) (?:say|write|type|put)|(?:i|we) (?:keep saying|always say|(?:told|said|wrote|typed|put|have said)(?: you| it| that)?(?: earlier| before)?)) (?P<old>[^,.!;:?]{1,40}?)"
    r"(?=$|[,.!;:?]| but | and | i meant| it'?s )",
    _I,
)
CORRECTION_PARTS = re.compile(
    r"\s*[,.!?;:()…]+(?=\s|$)|\s+[-–—]+\s+|\s+(?:but|and(?! a half)|because|since|cause|if|which|that|counting|with the|rather than|instead of|not|never|instead|lol|now)\b"
)
LASTING_OF_PEOPLE = re.compile(
    rf"(?:my|our) (?:\w+ )?(?:{'|'.join(sorted(PEOPLE, key=len, reverse=True))})(?: [A-Z][\w-]+)?(?:(?:'s| is) "
    r"(?!(?:\w+ly )?(?:\w+ing|here|there|at|on|in|late|sick|ill|tired|asleep|home|away|busy|angry|mad|out|off|up|just|gone|so|very|really|too)\b)"
    r"|(?: lives| works| owns| drives| plays| speaks| teaches| runs| studies| smokes| loves| hates| likes| grew up| was born| can't (?:eat|have|stand))\b"
    r"| has (?!an? (?:\w+ )?(?:headache|fever|cold|cough|hangover|meeting|point|question|idea|problem|day off)\b|\w+ed\b|been\b|just\b|to\b))"
    r"(?!.*\b(?:today|tonight|right now|at the moment|this (?:morning|week|evening|afternoon))\b)",
    _I,
)
"""What somebody of the speaker's people is, has or does as a rule."""
