"""The sentence patterns, as data. A pattern is matched against a whole clause in plain form (see speech.py).

A named group is the value of the topic it is named after. Before the name, `no_` says that it is denied, `ex_` that it
no longer holds, `old_` that it is what the value takes the place of. `key`, `versus` and `env` qualify a value;
`tool` is a thing of a known category, `product` also an unknown one that is written as a name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from langgraph_memory.extract import vocabulary as words


@dataclass(frozen=True, slots=True)
class Pattern:
    """One way of saying something, and how sure it is that it means that."""

    regex: re.Pattern[str]
    confidence: float = 0.9


def _any(known: frozenset[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(known, key=lambda word: (-len(word), word)))


_NAMED: Final = {
    "<lang>": f"(?:{_any(words.LANGUAGES)})",
    "<diet>": f"(?:{_any(words.DIETS)})",
    "<pet>": f"(?:{_any(words.PETS)})",
    "<relation>": f"(?:{_any(words.RELATIONS)})",
    "<condition>": f"(?:{_any(words.CONDITIONS)})",
    "<zone>": rf"(?:{_any(words.TIMEZONES)}|(?:UTC|GMT) ?[+-] ?\d{{1,2}}(?::?\d\d)?|[A-Z][a-z]+/[A-Z][a-z_]+)",
    "<env>": f"(?:{_any(words.ENVIRONMENTS)})",
    "<head>": f"(?:{_any(words.ATTRIBUTE_HEADS)})",
    "<amounts>": f"(?:{_any(words.AMOUNT_HEADS)})",
    "<dues>": f"(?:{_any(words.DUE_HEADS)})",
    "<people>": f"(?:{_any(words.PEOPLE_HEADS)})",
    "<passing>": (
        r".*\b(?:this|that|these|at heart|of life|in training|wannabe|of sorts|here to|kind of|"
        r"trying|tonight|myself)\b"
    ),
    "<count>": r"(?:\d{1,3}|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty)",
    "<day>": words.DAYS,
    "<month>": f"(?:{words.MONTHS})",
    "<plan>": (
        r"(?:free|basic|starter|hobby|personal|pro|plus|premium|team|teams|business|growth|scale|"
        r"enterprise|standard|gold|silver|platinum|bronze|family|student|individual|ultimate)"
    ),
    "<length>": (
        r"(?:(?:very |more )?(?:short|brief|concise|terse|succinct|shorter|detailed|long|longer|"
        r"thorough|in-depth|compact|minimal))"
    ),
    "<tone>": r"(?:formal|informal|casual|friendly|professional|direct|blunt|neutral|polite|playful|serious|humorous)",
    "<answers>": r"(?:answers?|repl(?:y|ies)|responses?|explanations?|messages?|output|summaries)",
    "<layout>": (
        r"(?:(?:short |markdown |numbered |bulleted )?(?:bullet ?points|bullets|tables?|lists?|"
        r"markdown|headings|plain text|prose|paragraphs|diagrams|latex|footnotes|code blocks))"
    ),
    "<want>": (
        r"(?:I (?:prefer|like|want|use|would prefer|would rather have|would like)|(?:let's )?(?:use|"
        r"stick (?:to|with)|give me|show(?: me)?|go with)|you (?:can|should) use)"
    ),
    "<dont>": (
        r"(?:don't (?:use|give me|send me|add|put)|stop (?:using|sending me|adding|giving me)|avoid|"
        r"no|without|I (?:don't (?:like|want|need)|hate|dislike)|never use|(?:skip|drop|lose) the|leave out)"
    ),
    "<reply>": (
        r"(?:answer|reply|respond|write|talk|speak|communicate|chat|explain things|write back|"
        r"text)(?: back)?(?: to me)?"
    ),
    "<we_use>": (
        r"(?:(?:I|we) (?:have )?(?:are |am )?(?:use|using|run|running|run on|running on|rely on|"
        r"relying on|built on|hosted on|deploy on|deploy to|deploying to|deployed on|deployed to|"
        r"host (?:\w+ )?on|chat on|talk on|talk over|communicate (?:on|via|over|in)|"
        r"track (?:our |the |all )?\w+ (?:in|with|on)|manage (?:our |the |all )?\w+ (?:in|with)|"
        r"standardi[sz]ed on|develop on|develop in|code in|program in|work in|work on|"
        r"develop with))"
    ),
    "<ours>": (
        r"(?:(?:our|my|the) (?:\w+ )?(?:stack|tech stack|back ?end|front ?end|app|api|codebase|code "
        r"base|code|project|database|db|ci|ci pipeline|pipeline|cloud|site|website|service|services|"
        r"server|servers|editor|ide|tracker|issue tracker|chat|framework|infrastructure|infra|os|"
        r"shell|browser|laptop|cloud provider))"
    ),
    "<is_in>": (
        r"(?:(?:is|are) (?:mostly |mainly |all )?(?:written|built|coded|hosted|done|"
        r"implemented)(?: mostly| mainly)? (?:in|with|on)|is (?:mostly|mainly|all|on|in)(?: in)?|"
        r"lives on|sits on|runs? on|runs|uses?|is|are)"
    ),
    "<switched>": (
        r"(?:(?:I|we) (?:have )?(?:switched|moved|migrated|changed|converted|ported)(?: (?:our|"
        r"the|my) [\w ]{1,30}?)?(?: over)?)"
    ),
}


_TOKEN: Final = re.compile(r"(?<!\?P)<\w+>")


def _patterns(*sources: str, confidence: float = 0.9) -> tuple[Pattern, ...]:
    spelled = (_TOKEN.sub(lambda token: _NAMED[token[0]], source) for source in sources)
    return tuple(Pattern(re.compile(source, re.IGNORECASE), confidence) for source in spelled)


IDENTITY: Final = (
    *_patterns(
        r"my (?:full |first |real |given )?name is (?P<name>.+)",
        r"I am called (?P<name>.+)",
        r"my (?:last name|surname|family name) is (?:now )?(?P<lastname>.+)",
        r"I (?:have )?changed my (?:last name|surname|family name) (?:from (?P<old_lastname>.+?) )?to (?P<lastname>.+)",
        r"I (?:have )?changed my name (?:from (?P<old_name>.+?) )?to (?P<name>.+)",
        r"(?:(?:you (?:can|may|could|should)|people|everyone|everybody|(?:my )?friends) )?(?:just |all "
        r")?calls? me (?P<nickname>.+?)(?:,? (?:instead of|not|rather than) (?P<old_nickname>.+))?",
        r"(?:stop calling|don't call|quit calling) me (?P<ex_nickname>.+?)(?: any more)?",
        r"I (?:go by|prefer to be called|like to be called) (?P<nickname>.+)",
        r"my nickname is (?P<nickname>.+)",
        r"(?:my pronouns are|I use|I go by) (?P<pronouns>\w+/\w+(?:/\w+)?)(?: pronouns)?",
        r"my birthday is (?:on )?(?P<birthday>.+)",
        r"I was born on (?P<birthday>.+)",
        r"I was born in (?P<birthyear>(?:19|20)\d\d)",
        r"I was born (?:and raised )?in (?P<origin>.+)",
        r"I (?:am originally from|am from originally|come from|grew up in|was raised in) (?P<origin>.+)",
        r"I am from (?P<known_origin>.+)",
        r"I am (?:an? )?(?P<nationality>.+)",
        r"my (?:native language|mother tongue|first language) is (?P<native>.+)",
        r"I am a native (?P<native><lang>)(?:[ -]speaker)",
        r"I (?:don't speak) (?P<no_spoken>.+)",
        r"I (?:speak|am fluent in) (?P<spoken>.+)",
        r"I (?:am|have been) (?:(?:learning|studying)|trying to learn) (?P<learning>.+)",
        r"I am (?P<age>[1-9]\d) (?:years? old|yo|y/o|yrs old)",
        r"I (?:have )?turned (?P<age>[1-9]\d)",
        r"(?:you can reach me at|my (?:(?:work|office|business|private|personal|home|main|"
        r"new) )?(?:e-?mail)(?: address)? is|reach me at|"
        r"email me at) (?P<email>[\w.+-]{1,64}@[\w-]{1,60}(?:\.[\w-]{1,30}){1,4})",
        r"my (?:phone|mobile|cell|telephone)(?: number)? is (?P<phone>\+?[\d ()/-]{6,20})",
        r"my (?:time ?zone) is (?P<timezone><zone>)",
        r"I am (?:in|on) (?:the )?(?P<timezone><zone>)(?: time ?zone| time)?",
        r"I have an? (?P<degree>(?:phd|doctorate|master's(?: degree)?|masters|bachelor's(?: degree)?|"
        r"bachelors|msc|bsc|ba|ma|mba|degree) in .+)",
        r"I (?:studied|have studied|majored in) (?P<field>.+?) (?:at|in) (?:[A-Z]|university|uni\b|college).*",
        r"I am (?:(?:an|pretty|quite|fairly|very|completely|totally|relatively) |a (?:complete |total |"
        r"absolute )?)?(?P<skill>beginner|newbie|expert|novice|new|"
        r"intermediate|advanced)(?: user)? (?:in|at|to|with) (?!this|that|it\b|the\b|here|all|me\b|these|"
        r"you|what|town|my\b)(?P<key>[A-Z][\w.+#-]{1,20}|\w{2,15})",
        r"I have (?P<skill>(?:<count>|\d+\+?) years? (?:of )?experience) (?:with|in|of|using) "
        r"(?P<key>[A-Z][\w.+#-]{1,20}|\w{2,15})",
    ),
)

WORK: Final = (
    *_patterns(
        r"I work (?:at|for) (?P<employer>.+?) as (?:an? |the )?(?P<any_job>.+)",
        r"I (?:have )?joined (?P<employer>.+?) as (?:an? |the )?(?P<any_job>.+)",
        r"I (?:work|am employed|am working) as an? (?P<any_job>.+?) (?:at|for) (?P<employer>.+)",
        r"I (?:work|am employed|am working) as an? (?P<any_job>.+)",
        r"I have been an? (?P<any_job>.+?) for (?:the (?:last|past) )?(?:<count>|\d+|\w+-\w+|many|several|"
        r"almost \w+) years",
        r"my (?:job title|profession|occupation) is (?P<any_job>.+)",
        r"my (?:job|current role|position|role) is (?P<job>.+)",
        r"I am (?P<any_job>\w[\w -]{2,40}) by (?:trade|profession|training)",
        r"I am (?P<working_life>retired|unemployed|self-employed|self employed)",
        r"(?!<passing>)I am (?:an?|the) (?P<job>.+?) (?:at|for|of|with) (?P<employer>.+)",
        r"(?!<passing>)I am an? (?P<job>.+?) (?:based|living) in (?P<home>.+)",
        r"(?!<passing>)I am an? (?P<job>.+)",
        r"(?!<passing>)I am the (?P<job>(?:head|vp|director|c[a-z]o|founder|owner|manager|team lead|tech lead)\b.*)",
        r"I (?:work (?:at|for)|am employed (?:at|by)|am working (?:at|for)|have joined|have been working "
        r"(?:at|for)) (?P<employer>.+)",
        r"I (?:switched|changed|moved) jobs? from (?P<old_employer>.+?) to (?P<employer>.+)",
        r"I (?:have )?(?:got|started|landed|found) (?:a|my) (?:new )?(?:job|role|position) (?:at|with) "
        r"(?P<employer>.+?)(?: as (?:an? |the )?(?P<any_job>.+))?",
        r"I (?:quit|left|resigned from|lost|got fired from) (?:my|the) job (?:at|with) (?P<ex_employer>.+)",
        r"I (?:don't|no longer) work (?:at|for) (?P<ex_employer>.+?)(?: any more)?",
        r"I (?:stopped working|finished working) (?:at|for) (?P<ex_employer>.+)",
    ),
    *_patterns(
        r"I joined (?P<new_employer>.+)",
        r"I started (?:working )?(?:at|for) (?P<new_employer>.+)",
        confidence=0.75,
    ),
)

HOME: Final = (
    *_patterns(
        r"I (?:don't|no longer) live in (?P<ex_home>.+?)(?: any more)?",
        r"(?:I|we) (?:have )?(?:moved|relocated)(?: back| house| home| here)? from (?P<old_home>.+?) to (?P<home>.+)",
        r"(?:I|we) (?:live|am living|are living|reside|am based|are based|am located|am based out of|have "
        r"lived|have been living|now live)(?: here)? (?:in|near|out of) (?P<home>.+)",
        r"I (?:have )?(?:moved|relocated)(?: back)? to (?P<home>.+)",
        r"we (?:have )?relocated to (?P<home>.+)",
        r"we (?:have )?moved(?: back)? to (?P<known_home>.+)",
        r"my (?:home ?town|home city) is (?P<origin>.+)",
    ),
)

FAMILY: Final = (
    *_patterns(
        r"(?:my|our) (?P<key><relation>)(?: is (?:called|named)| name is|'s name is|'s called) (?P<relative>.+)",
        r"(?:I|we) have an? (?:\w+ )?(?P<key><relation>) (?:called|named) (?P<relative>.+)",
        r"I am (?:happily )?(?P<marital>married|single|divorced|engaged|widowed|a widow|a widower)",
        r"I am (?:no longer|not) (?P<ex_marital>married|single|engaged)(?: any more)?",
        r"(?:I|we) have (?P<children>(?:<count>|a|one) (?:\w+ )?(?:kids|children|kid|child)\b).*",
        r"(?:I|we) have (?P<relatives>(?:an? )?(?:<count> (?:older |younger |little |big |teenage |adult |"
        r"grown )?)?(?:\d{1,2}(?:[- ](?:year|month)s?[- ]old| ?yo|-yo) )?(?P<key>brothers|sisters|"
        r"siblings|sons|daughters|grandchildren|son|daughter|brother|sister))\b(?! (?:who|called|named)).*",
        r"(?:I|we) have (?:an? |my )?(?:\w+ )??(?P<key><pet>) (?:called|named) (?P<pet>.+)",
        r"(?:my|our) (?P<key><pet>)(?: is (?:called|named)|'s name is| name is|'s called) (?P<pet>.+)",
        r"(?:I|we) have (?P<pets>(?:an? )?(?:(?:<count>|several|some) )?(?P<key><pet>))(?: at home|, .*)?",
        r"(?:I|we) (?:don't have|no longer have) (?:an? |any )?(?P<ex_pets>(?P<key><pet>)) any more",
        r"(?:I|we) no longer have (?:an? |any )?(?P<ex_pets>(?P<key><pet>))",
    ),
    *_patterns(
        r"(?:me and my|my) (?P<key><relation>) (?P<relative>(?-i:[A-Z])[\w'-]+)(?: and I)? live in (?P<home>.+)",
        r"my (?P<key><relation>) (?P<relative>[A-Z][\w'-]+) (?:is|was|works|lives|has|and|loves|"
        r"likes)\b.*",
        confidence=0.75,
    ),
)

HEALTH: Final = (
    *_patterns(
        r"I am (?:not|no longer) (?:an? )?(?P<ex_diet><diet>) any more",
        r"I am no longer (?:an? )?(?P<ex_diet><diet>)",
        r"I am not (?:an? )?(?P<no_diet><diet>)",
        r"I (?:am|have been|went|have gone|became|follow|eat|cook|keep) (?:an? |strictly |on an? "
        r")?(?P<diet><diet>)(?: diet| food)?(?: (?:for|since) .+)?",
        r"I (?:don't|no longer) (?:eat|drink|consume) (?P<ex_food>.+) any more",
        r"I (?:have )?(?:no longer (?:eat|drink)|stopped (?:eating|drinking)|gave up|given up) (?P<ex_food>.+)",
        r"I (?:don't|can't|never) (?:eat|drink) (?P<no_food>.+)",
        r"I am not allergic to (?P<no_allergy>.+?)",
        r"I am no longer allergic to (?P<ex_allergy>.+)",
        r"I am (?:\w+ly )?allergic (?:to|on|against) (?P<allergy>.+)",
        r"my allergy is (?:to|against) (?P<allergy>.+)",
        r"I have an? (?:\w+ )?allergy to (?P<allergy>.+)",
        r"I have an? (?:severe |bad |mild |serious )?(?P<allergy>[\w-]+(?: [\w-]+)?) allergy",
        r"I am not (?P<no_intolerance>lactose|gluten|histamine|fructose)[- ]intolerant(?: after all)?",
        r"I am (?P<intolerance>lactose|gluten|histamine|fructose)[- ]intolerant",
        r"I have an? (?P<intolerance>lactose|gluten|histamine|fructose) intolerance",
        r"I am (?:an? )?(?:type \d )?(?P<adjective>(?P<key>diabetic|asthmatic|epileptic|dyslexic|autistic))",
        r"I (?:have|suffer from) (?P<condition>(?:type \d )?(?P<key><condition>))",
    ),
)

TASTE: Final = (
    *_patterns(
        r"I prefer (?P<choice>.+?) (?:over|to|rather than|instead of|than) (?P<versus>.+)",
        r"I like (?P<choice>.+?) (?:better|more) than (?P<versus>.+)",
        r"my (?:favou?rite|fav|fave) (?P<key>[a-z][\w-]*(?: [\w-]+)?) (?:is|are) (?P<favorite>.+)",
        r"(?P<favorite>[\w' -]{2,40}?) (?:is|are) my (?:favou?rite|fav|fave) (?P<key>[a-z][\w-]*(?: [\w-]+)?)",
        r"my (?:hobby|hobbies) (?:is|are) (?P<hobby>.+)",
        r"I play (?:the )?(?P<plays>.+)",
        r"I (?:don't like|don't enjoy|don't love|no longer like|no longer enjoy|no longer love) "
        r"(?P<ex_like>.+) any more",
        r"I no longer (?:like|love|enjoy|want) (?P<ex_like>.+)",
        r"I (?:don't (?:really |particularly |much )?(?:like|enjoy|care for)|dislike|can't stand|can't "
        r"bear|am not (?:a (?:big |huge )?fan of|into|keen on|fond of)) (?P<no_like>.+)",
        r"I (?:hate|detest|loathe|despise) (?P<no_hate>.+)",
        r"I (?:am (?:a (?:big|huge|massive) fan of|fond of|into|keen on)|like|enjoy) (?P<like>.+)",
        r"I (?:love|adore|am crazy about|am obsessed with) (?P<love>.+)",
    ),
    *_patterns(r"I prefer (?!to\b)(?P<prefer>.+)", confidence=0.7),
)

STYLE: Final = (
    *_patterns(
        r"keep (?:(?:your|the|all|all your|my) )?<answers> (?:as )?(?P<length><length>)\b.*",
        r"<want> (?P<length><length>)(?:,? \w+)? <answers>(?: (?:better|over|to) .*)?",
        r"(?:make|write) (?:your|all) <answers> (?P<length><length>)",
        r"don't (?:answer|reply|write|talk|respond|speak)(?: to me)? in (?P<old_tongue><lang>),? (?:but "
        r")?(?:use|in|answer in|reply in) (?P<tongue><lang>)",
        r"(?:you (?:can|should|may) |I (?:want|prefer|would like) you to )?<reply>(?: me)? in (?:simple |plain |easy )?"
        r"(?P<tongue><lang>)",
        r"I (?:prefer|want|would prefer) (?:your |the )?(?:answers|replies|responses) in (?P<tongue><lang>)",
        r"don't (?:answer|reply|write|talk|respond|speak)(?: to me)? in (?P<no_tongue><lang>)",
        r"<dont> (?:any |so many |the )?(?P<no_emoji>emojis?|emoticons|smileys)(?: in .*)?",
        r"I (?:like|love) (?P<emoji>emojis)(?: in .*)?",
        r"(?:format|write|give|structure) (?:your |all |the |me )?<answers> (?:as|in|using|with) (?P<layout><layout>)",
        r"I (?:prefer|like|want|would prefer|would rather have|would like) (?:short "
        r")?(?P<layout><layout>)(?: in .*| (?:better than|over|to|instead of|rather than) .*)?",
        r"I (?:prefer|like|want|would like|would prefer) (?:my|your|the|all) <answers> (?:as|in) (?P<layout><layout>)",
        r"<want> (?P<layout><layout>) (?:in|for) (?:your|all|the|all your) <answers>",
        r"<dont> (?:any |the )?(?P<no_layout><layout>)(?: in .*)?",
        r"<want> (?:a |more )?(?P<tone><tone>) (?:language|tone|style|voice|register)",
        r"(?:write|talk|speak|be) (?:to me )?in an? (?P<tone><tone>) (?:tone|style|voice|manner)",
        r"<want> (?:the |my )?code (?:examples|snippets|samples)? ?in (?P<code_language>[A-Z][\w+#.]{0,15})",
        r"(?:I (?:always )?(?:prefer|use|want|like)|use|stick to|give me) (?:the )?(?P<units>metric|"
        r"imperial|SI)(?: units| system| measurements)?",
        r"(?:I (?:prefer|use|want|like)|use|give me|show) (?:all |my |the )?(?:\w+ )?(?:in )?(?P<units>celsius|"
        r"fahrenheit|"
        r"kelvin|kilomet(?:er|re)s|miles|kilograms|pounds)",
        r"(?:I (?:prefer|use|like|love|want)) (?:the )?(?P<theme>(?:dark|light) (?:mode|theme))",
        r"I hate (?:the )?(?P<no_theme>(?:dark|light) (?:mode|theme))",
        r"I (?:prefer|use|like|indent with) (?P<indentation>tabs|spaces)(?: (?:over|to|rather than|"
        r"instead of) (?:tabs|spaces))?",
        r"I (?:prefer|like|always take|want) (?:an? |the )?(?P<seat>window|aisle) seats?(?: .*)?",
        r"(?:<want>) (?:the )?(?P<time_format>(?:24|12)[- ]?(?:hour|h))(?: time| clock| format| "
        r"times)?(?: (?:when|for|in) .*)?",
        r"(?:write|format|give|show|use)(?: me)? (?:all )?dates? (?:as|in|format) "
        r"(?P<date_format>[YMDymd./-]{6,12}|ISO(?: 8601)?)(?: format)?",
        r"(?:contact|reach|message) me (?:by|via|on|through) (?P<contact>e-?mail|phone|sms|text|whatsapp|"
        r"post|chat)(?: (?:rather than|instead of|not)(?: by| via)? (?P<old_contact>e-?mail|phone|sms|"
        r"text|whatsapp|post|chat))?",
    ),
    *_patterns(
        r"be (?:more )?(?P<length>concise|brief|terse|succinct)(?: in .*| when .*)?",
        confidence=0.7,
    ),
)
"""Also tried on what "always" and "never" apply to, so that "always answer in French" is a preference."""

PROJECT: Final = (
    *_patterns(
        r"(?:I|we) (?:have )?(?:upgraded|downgraded|switched|moved|changed)(?: my plan| our plan)? from "
        r"(?:the )?(?P<old_plan><plan>)(?: plan| tier)? to (?:the |an? )?(?P<plan><plan>)(?: plan| tier| "
        r"account)?",
        r"(?:I|we) (?:have )?(?:upgraded|downgraded|switched|moved) to (?:the |an? )?(?P<plan><plan>)(?: "
        r"plan| tier| account)",
        r"(?:I|we) (?:have )?(?:upgraded|downgraded) to (?:the |an? )?(?P<plan><plan>)",
        r"(?:I|we) (?:are|am|have|use|pay for|subscribe to) (?:on )?(?:the |an? |your )?(?P<plan><plan>) "
        r"(?:plan|tier|subscription|account)",
        r"(?:I|we) are no longer on (?:the )?(?P<ex_plan><plan>)(?: plan| tier)?",
        r"(?:my|our) (?:account|current)? ?(?:plan|subscription|tier) is (?:the |now |now the "
        r")?(?P<plan><plan>)(?: plan| tier| one)?",
        r"(?:my|our) (?:account|customer|client) (?:number|id) is (?P<account>[A-Z\d][\w-]{2,24})",
        r"(?:I|we) (?:\w+ )?(?:deploy|release|ship)(?: [\w ]{1,30}?)? on (?P<deploy_day><day>)",
        r"(?:I|we) (?:deploy|ship|release)(?: everything| \w+)? (?:to|in|from) "
        r"(?P<region>[a-z]{2}-[a-z]+-\d|[a-z]+(?:east|west|north|south|central)\w*\d?)",
        r"(?:our|the|my) (?:\w+ )?(?:repo|repository) (?:is|lives at|is at) (?P<repo>[\w.-]+(?:/[\w.-]+){1,3})",
        r"(?:my|our|the) (?:current |new )?project is (?:called|named) (?P<project>.+)",
        r"(?:my|our) (?:current |new )?project's name is (?P<project>.+)",
        r"(?:I|we) (?:work|are working|am working|are building|am building) on (?:a|the|our|my) (?:\w+ "
        r")?project (?:called|named) (?P<project>.+)",
        r"(?:our|my) team is (?:called|named) (?P<team>.+)",
        r"we are a team of (?P<team_size><count>)(?: \w+)?",
        r"there are (?P<team_size><count>) of us (?:on|in) (?:the|our|my) team",
        r"our team has (?P<team_size><count>) (?:people|members|engineers|developers|devs)",
        r"(?:the|our|my) (?:project )?(?:deadline|due date) (?:is|moved to|changed to|was moved to|is "
        r"moved to|has moved to|shifted to)(?: now)? (?:on |to )?(?P<deadline>.+)",
        r"(?:my|our) (?P<key>(?:\w+[ -])?<people>) is (?:now )?(?:called |named )?(?P<leader>[A-Z].*)",
        r"our (?P<key>(?:[\w-]+ ){0,2}<amounts>) (?:is|are|is set to)(?: now)? (?P<amount>.+)",
        r"our (?P<key>(?:[\w-]+ ){0,2}<dues>) (?:is|are)(?: now)? (?P<due>.+)",
        r"our (?P<key>(?:[\w-]+ ){0,2}<head>) (?:is called|is named|is set to|is|are)(?: now)? (?P<attribute>.+)",
        r"the (?P<key>(?:deploy|release|default|staging|production|launch|api|sprint) <head>) is(?: now)? "
        r"(?P<attribute>.+)",
        r"the (?P<key>(?:release|launch|go-live|freeze) date) is(?: now)? (?P<due>.+)",
    ),
)

TOOLS: Final = (
    *_patterns(
        r"<switched> from (?P<old_tool>.+?) to (?P<product>.+)",
        r"<switched> (?:to|on to|onto) (?P<tool>.+)",
        r"(?:I|we) (?:have )?(?:moved|migrated) off (?:of )?(?P<old_tool>.+?)(?:,? and)? (?:onto|to|on "
        r"to) (?P<product>.+)",
        r"(?:I|we) (?:have )?(?:ditched|dropped|swapped|abandoned|traded) (?P<old_tool>.+?) (?:for|in "
        r"favou?r of) (?P<product>.+)",
        r"we (?:have )?replaced (?P<old_tool>.+?) (?:with|by) (?P<product>.+)",
        r"(?:I|we) (?:have )?(?:no longer use|stopped using|dropped|got rid of|ditched|moved away from|"
        r"moved off) (?P<ex_tool>.+?)(?: any more)?",
        r"(?:I|we) (?:don't use|are not using|aren't using|are not on) (?P<ex_tool>.+) any more",
        r"(?:I|we) (?:don't use|are not using|aren't using) (?P<no_tool>.+)",
        r"(?:I|we) (?:use|are using|am using) (?P<product>.+?) (?:instead of|rather than|not) (?P<old_tool>.+)",
        r"(?P<env><env>) (?:runs|is running|is|uses|is running on)(?: on)? (?P<tool>.+)",
        r"(?:our|the) (?P<env><env>)(?: environment| database| db| server| cluster)? (?:runs|is running|"
        r"is|uses)(?: on)? (?P<tool>.+)",
        r"(?:<we_use>|we are on) (?P<tool>.+?) (?:in|on|for) (?P<env><env>)",
        r"(?:our|the|my) team (?:talks|chats|communicates|meets) (?:on|over|via|in) (?P<tool>.+)",
        r"we (?:use|are using) (?P<product>.+)",
        r"<we_use> (?P<tool>.+)",
        r"we are (?:all )?on (?P<tool>.+)",
        rf"I am on (?P<tool>(?:{_any(words.CATEGORIES['os'])})(?: [\d.]+)?)",
        r"everything (?:we|I) (?:write|build|run|have) is (?:in|on) (?P<tool>.+)",
        r"(?:it is )?not (?P<ex_tool>.+) any more",
        r"<ours> <is_in> (?P<tool>.+)",
        r"we (?:host|run|keep|deploy|put) (?:everything|it all|all of it|our \w+) (?:on|in|with) (?P<tool>.+)",
    ),
)

INTRODUCTION: Final = _patterns(
    r"(?:I am|this is) (?P<name>(?-i:[^\W\d_a-z])[^\s,]*(?: "
    r"(?-i:[A-Z])[^\s,]*)?)(?: (?:from|at|here)\b.*)?",
    confidence=0.75,
)
"""Read only after a greeting: "Hi, I'm Ana"."""

STATEMENTS: Final = (*STYLE, *IDENTITY, *WORK, *HEALTH, *PROJECT, *TOOLS, *HOME, *FAMILY, *TASTE)
"""In the order in which they are tried: the first whose values hold is what the clause says."""
