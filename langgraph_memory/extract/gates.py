"""Says what never counts as a statement of the speaker about the speaker."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from langgraph_memory.domain.guard import refuse_unsafe
from langgraph_memory.extract.foreign import BLANK

_I: Final = re.IGNORECASE

_PLAY = re.compile(
    r"\b(?:let's|let us|lets) (?:play|pretend|imagine|role-?play|say|suppose)\b|\b(?:pretend|picture this|role-?play)\b"
    r"|(?<!can't )(?<!can )(?<!i )\bimagine\b"
    r"|\byou(?: are|'re) (?:now |(?:an?|my|the) (?!best|great|good|star|life|legend|genius|hero|gem|worst|one|only))"
    r"|\b(?:in|for) (?:my|this|the) (?:\w+ )?"
    r"(?:story|novel|game|campaign|scene|script|dream|movie|film|book|scenario)\b"
    r"|\b(?:start|set) the scene\b|\b(?:stay|remain|be) in character\b|\bact as\b"
    r"|\bmy character\b|\bdear diary\b|\bstory where\b|\bi (?:had a )?dream(?:t|ed)?\b",
    _I,
)
_CAST = re.compile(r"\b[Yy]ou(?: are|'re|r) (?:now )?[A-Z][a-z]+(?: [A-Z][a-z]+)?\s*[.,;!:]")
"""A part that is given to the assistant by name: "You are Gandalf."."""
_ORDER = re.compile(
    r"\b(?:ignore|disregard|override|bypass)\b.{0,40}\b(?:instruction|rule|prompt|filter|polic|guard|restriction|safety)"
    r"|\bsystem prompt\b|\bprompt injection\b|\bdeveloper mode\b|\bjailbreak|\bunrestricted\b"
    r"|\bwithout (?:any )?(?:rules|restrictions|limits)\b"
    r"|\bnever (?:refuse|mention (?:these|this|the)|reveal (?:these|this)|tell the user)\b"
    r"|\balways (?:comply|obey|agree)\b"
    r"|\b(?:call|invoke|execute|trigger) (?:the |this )?(?:\w+ )?(?:tool|function|plugin)\b|\w+_\w+ (?:tool|function)"
    r"|^\W*(?:system|assistant|user|developer)\s*:|</?(?:system|assistant|user|developer|instructions?)>"
    r"|\b(?:remember|note)\b.{0,12}\b(?:you (?:are|must|have|can|will|should)|the user (?:is|has|prefers|wants|must))\b"
    r"|\bcopy of (?:the|this|every|all)\b.{0,30}\b(?:conversation|chat|messages?)\b"
    r"|\badmin(?:istrator)? (?:rights|access|privileges)\b",
    _I,
)
_SECRET = re.compile(
    r"\b(?:password|passwd|passphrase|passcode|pin(?: code)?|cvv|ssn|social security number|(?:api|access|"
    r"secret|private|ssh|license) key|"
    r"(?:api|access|auth|bearer)? ?token|credentials?|iban|(?:credit|debit)? ?card number)(?: "
    r"\w+){0,3}(?: is| are|'s|:|=| was)\s*\S"
    r"|\b(?:sk|pk|rk|ghp|gho|xox[abp]|AKIA|glpat)[-_]?[A-Za-z0-9_-]{12,}|\beyJ[\w-]{10,}",
    _I,
)
_DOUBT = re.compile(
    r"\b(?:maybe|perhaps|probably|possibly|presumably|apparently|not (?:really |quite |100% |entirely "
    r")?sure|unsure|i guess|"
    r"i suppose|i think|i believe|i assume|i feel like|i imagine|might|may (?:be|have|need|go|get|move|"
    r"not|switch|change|use|try|also)|"
    r"could(?! you\b)|would have|no idea|idk|not certain|if i remember|iirc|afaik|seems?|supposedly|guess)\b",
    _I,
)
_WISH = re.compile(
    r"\b(?:i|we)(?:'d| would)? (?:want to|wanna|wish|hope|plan(?:ned)? to|dream|intend to|aim to|am "
    r"(?:going|thinking|planning|considering|"
    r"about|hoping|trying|looking)|would (?:love|like|prefer to|want|be|have|take|use)|used to|was going|"
    r"were going|need to|have to|"
    r"should|will|shall|are (?:going|thinking|planning|considering|about|hoping|trying|looking))\b"
    r"|\b(?:i|we)'(?:d (?:love|like|prefer to|want|be|have|take|use)|ll)\b|\bsomeday\b|\bone day\b|\bnext "
    r"(?:year|month|week|summer)\b|\bwhen i (?:retire|grow up|was)\b"
    r"|\b(?:i|we)(?:'m|'re) (?:going to|gonna|thinking|planning|considering|about to|hoping|trying|looking)\b",
    _I,
)
_NEARLY = re.compile(
    r"\b(?:i|we|he|she|they|my \w+|our \w+)(?: \w+)? (?:(?:very |so )?nearly|almost|just about) "
    r"(?!always\b|never\b|every|all\b|only\b|\d)(?:\w{3,}ed|moved|bought|got|went|quit|left|sold|took|gave|became|had|lost|"
    r"broke|chose|made|met|came|signed|joined|won|died)\b"
    r"|\b(?:was|were) (?:just )?(?:about|going) to\b|\bcame (?:so |very )?close to\b",
    _I,
)
"""What did not happen: "we nearly moved to Spain"."""
_FORETOLD = re.compile(
    r"^\W*(?:i|we)(?: \w+)? (?:think|guess|believe|reckon|bet|doubt|suspect|feel like)(?: that)? "
    r"(?!(?:i|we|my|our|it|this|that|he|she|they)\b)(?:[\w'-]+ ){1,4}"
    r"(?:will|won't|would|should|is going to|are going to|isn't going to|aren't going to)\b",
    _I,
)
"""What is thought of how the world will go: "I think robots will do all of it"."""
_SUPPOSE = re.compile(
    r"^\W*(?:if|suppose|supposing|assume|assuming|say i|say we|what if|imagine|had i|"
    r"were i|unless|even if|in case|let's|when|once)\b",
    _I,
)
_REPORT = re.compile(
    r"\b(?:says|said|told|tells|thinks|thought|wrote|writes|claims|claimed|mentions|mentioned|insists|"
    r"swears|asked|asks|"
    r"believes|reckons|according to|suggests|recommends)\b",
    _I,
)
_ASKED = re.compile(
    r"\b(?:i wonder|i was wondering|wondering|do you (?:know|remember|think)|any idea|i'?m curious|i am "
    r"curious|curious (?:if|whether|about)|"
    r"can you (?:tell|explain)|could you (?:tell|explain)|i don'?t know|dunno|tell me|remind me|explain|"
    r"let me know|not clear)\b",
    _I,
)
_INTERROGATIVE = re.compile(
    r"^(?:so |and |but |ok |okay |then |also |hey |hi |well )*(?:what|where|who|whose|whom|why|how|which|"
    r"when|do|does|did|is|isn't|are|aren't|am|"
    r"was|were|can|could|would|will|should|shall|may i|have you|has|any|whats|hows)\b(?!'t\b)",
    _I,
)
_NOT_ASKED = re.compile(r"^(?:do not|can not|when(?:ever)?\b[^,]*,)", _I)
_REQUEST = re.compile(
    r"(?:please |pls |now )*(?:draft|write|generate|create|compose|make|send|e-?mail|tell|say|print|add|"
    r"change|set|replace|build|produce|give|show|"
    r"prepare|suggest|recommend|find|search|look up|help|answer|reply|respond|read|run|convert|list|"
    r"explain|act|play|continue|finish|use)\b",
    _I,
)
_ONCE = re.compile(
    r"(?:please |pls |now )*(?:draft|generate|create|compose|send|e-?mail|build|produce|prepare|suggest|recommend|find|"
    r"search|look up|book|buy|order|get me|plan|translate|summari[sz]e|help|convert|list|play|continue|finish"
    r"|(?:write|write back|talk|reply) to (?:my|our|the|him|her|them)|(?:tell|ring|phone|text|message|remind) "
    r"(?:my|our|the|him|her|them))\b"
    r"(?!.*\b(?:always|never|every|each|whenever|when|if|from now on|in future)\b)",
    _I,
)
"""A request for something that is done once."""
_SARCASM = re.compile(
    r"(?:^|\s)/s\b|🙄|\byeah,? (?:right|sure)\b|\boh,? (?:sure|great|joy|yeah|wonderful|"
    r"perfect)\b|\.\.\. ?not\b|\bnot!$|\bof course not\b|\blike a hole in the head\b",
    _I,
)
_DENIED = re.compile(
    r"\bit(?:'s| is) not that\b|\bdidn'?t say\b|\bdid not say\b|\bnever said\b|\bnot "
    r"true that\b|\bnot saying\b|\bno longer true\b",
    _I,
)

_REMEMBER = re.compile(
    r"^\W*(?:(?:please|pls|also|so|and|just|hey|ok|okay|can you|could you|would you|will you|"
    r"i want you to|i'd like you to|i need you to|you should|always)[\s,]+)*"
    r"(?:(?:remember|keep in mind|bear in mind|make a note|take note|don'?t forget|note|be aware)(?: of this| this)?"
    r"(?: that\b|:|,|\s)(?!to\b)|you should know(?: that\b|:|,)|for (?:the record|future reference)\b|fyi\b|"
    r"just so you know\b|for your information\b)\W*(?=\w)",
    _I,
)
_ASKS_YOU = re.compile(r"\b(?:please|pls|you)\b", _I)
_OFF_THE_RECORD = re.compile(
    r"\boff the record\b|\bbetween (?:you and me|us)\b|\bkeep (?:this|that|it) (?:between us|to yourself)\b"
    r"|\b(?:do not|don'?t|dont|never|no need to|please don'?t|rather you didn'?t|not to) (?:you )?"
    r"(?:store|save|remember|record|memori[sz]e|log|note|keep|retain|write down)"
    r" (?:this|that|it|any of (?:this|that|it)|what i (?:just )?(?:said|say|tell you)|down)\b(?! (?:i|we|my)\b)"
    r"|\bnot for (?:the|your) (?:record|memory)\b|\bforget i (?:just )?(?:said|told|mentioned)\b",
    _I,
)


_SPEAKER_OR_STANDING = re.compile(
    r"\b(?:i|i'm|im|i've|ive|my|mine|we|we're|our|always|never|from now on|whenever|every time|in future|remember)\b",
    _I,
)
_FRAGMENT = re.compile(r"(?:whenever|while|as|since|after|before|although|though|but if)\b(?:\W+\w[\w'’]*){1,6}\W*", _I)
_TAKEN_BACK = re.compile(
    r"\w[\s,.;–-]+(?:sorry|no wait|wait|scratch that|i mean|i meant|correction|actually no|no actually|make that)\b", _I
)


def asks_to_remember(clause: str, *, asks: bool = False) -> bool:
    """Return whether the speaker asks for a statement to be remembered: "remember that ...", "for the record, ...".

    What `asks` is no such request ("remember the spreadsheet?"), unless it asks for that: "could you remember ...?".
    """
    found = _REMEMBER.match(clause)
    return found is not None and (not asks or _ASKS_YOU.search(found[0]) is not None)


def corrects_itself(sentence: str) -> bool:
    """Return whether a sentence takes back its own beginning: "I live in Munich, sorry, I mean Nuremberg"."""
    return _TAKEN_BACK.search(sentence) is not None


def is_off_the_record(message: str) -> bool:
    """Return whether the speaker asks for what the message says not to be stored."""
    return _OFF_THE_RECORD.search(message) is not None


def is_supposed_at_the_start(text: str) -> bool:
    """Return whether a clause begins as a supposition: "if I were", "let's say I live"."""
    return _SUPPOSE.match(text) is not None


def tells_of_the_speaker(clause: str) -> bool:
    """Return whether a clause speaks of its speaker, or of how things are to be done from now on."""
    return _SPEAKER_OR_STANDING.search(clause) is not None


def is_fragment(text: str) -> bool:
    """Return whether a clause is only the condition of another one: "whenever I'm overwhelmed"."""
    return _FRAGMENT.fullmatch(text) is not None


_TAG = re.compile(
    r",\s*(?:do|does|did|is|are|am|was|were|has|have|had|can|could|will|would|wo|ca|ai)(?:n['’]?t)?"
    r" (?:i|we|he|she|it|they|you)\W*$",
    re.IGNORECASE,
)


def is_asking(clause: str) -> bool:
    """Return whether a clause is a question by its form, or ends in one: "I live in Oslo, don't I"."""
    return _is_question(clause) or _TAG.search(clause) is not None


def is_refused_message(message: str, own: str) -> bool:
    """Return whether nothing of the message counts: an order to the agent, hidden text, a game, a story."""
    refusal = refuse_unsafe(message)
    if refusal is not None and refusal.reason in {"instruction", "hidden_text", "encoded_text"}:
        return True
    return bool(_ORDER.search(own) or _ORDER.search(message[:8_000]) or _PLAY.search(own) or _CAST.search(own))


def is_refused_sentence(said: str, text: str) -> bool:
    """Return whether nothing of the sentence counts: a secret, sarcasm, a denial, only pasted words."""
    if not text.strip(BLANK + " .,:;!?-"):
        return True
    refusal = refuse_unsafe(said)
    return refusal is not None or bool(_SECRET.search(said) or _SARCASM.search(said) or _DENIED.search(text))


def stated(clauses: Sequence[str], sentence: str) -> list[str]:
    """Return the clauses that the speaker states as true: none of a question, a wish, a doubt or another's words."""
    kept: list[str] = []
    asks = sentence.rstrip(" )\"'").endswith("?")
    for clause in clauses:
        if _asks(clause):
            return kept
        if _is_reported(clause) or _SUPPOSE.match(clause):
            return [] if asks else kept
        if not _is_unreal(clause):
            kept.append(clause)
        elif _spreads(clause):
            return kept
    return [] if asks or any(map(_doubts_after, clauses[-1:])) else kept


def _asks(clause: str) -> bool:
    return _is_question(clause) or _ASKED.search(clause) is not None


def _is_unreal(clause: str) -> bool:
    """Return whether a clause is doubted, wished or nearly was."""
    return any(pattern.search(clause) for pattern in (_DOUBT, _WISH, _NEARLY))


def _doubts_after(clause: str) -> bool:
    """Return whether a short clause doubts what was said before it: "..., I think"."""
    return _DOUBT.search(clause) is not None and len(clause.split()) <= 4


def is_request(text: str) -> bool:
    """Return whether `text` asks for something to be done now; what follows it belongs to the task."""
    return _REQUEST.match(text) is not None


def is_request_for_once(text: str) -> bool:
    """Return whether `text` asks for what is done once, and is no wish how things are done: "find", not "use"."""
    return _ONCE.match(text) is not None


def is_question(text: str) -> bool:
    """Return whether `text` asks, with or without a question mark."""
    return text.rstrip(" )\"'").endswith("?") or _is_question(text) or _ASKED.search(text) is not None


def is_supposed(text: str) -> bool:
    """Return whether `text` is reported, doubted, wished or did not come to be."""
    return _is_reported(text) or _is_unreal(text)


def did_not_happen(text: str) -> bool:
    """Return whether `text` tells what nearly was: "we nearly moved to Spain"."""
    return _NEARLY.search(text) is not None


def foretells(text: str) -> bool:
    """Return whether `text` says what its speaker thinks will become of the world."""
    return _FORETOLD.search(text) is not None


def is_unsure(text: str) -> bool:
    """Return whether the speaker of `text` does not know it: "I might move", "maybe I'm allergic"."""
    return _DOUBT.search(text) is not None


def is_reported_or_doubted(text: str) -> bool:
    """Return whether `text` is reported or doubted; a standing rule may well say what one should do."""
    return bool(_is_reported(text) or _DOUBT.search(text))


def _is_question(clause: str) -> bool:
    return _INTERROGATIVE.match(clause) is not None and _NOT_ASKED.match(clause) is None


def _is_reported(clause: str) -> bool:
    return _REPORT.search(clause) is not None


def _spreads(clause: str) -> bool:
    """Return whether a doubt or wish covers the clauses after it: "not sure, I ..."."""
    return re.match(r"(?:not sure|maybe|perhaps|i think|i guess|i believe)\b", clause, re.IGNORECASE) is not None
