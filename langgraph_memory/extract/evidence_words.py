"""The words by which it is judged whether a quote supports what is concluded from it. Data only."""

from __future__ import annotations

import re
from typing import Final

WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
NUMBER = re.compile(r"\d+(?:[.,\u00a0\u202f ]\d{3})+(?!\d)|\d+(?:[.,]\d+)?")
KILO = re.compile(r"(\d+(?:[.,]\d+)?)\s?k\b")
CUT = re.compile(
    r"[.!?;\n。！？；।]+(?=\s|$|[^\x00-\u2fff])|,\s*(?=(?:not|but|and|so|or|yet|nicht|kein|sondern|aber|und|pero|y|mais|et)\b)"
    r"|,\s*(?=(?:i|im|ive|id|my|we|our|ich|wir|mein\w*|yo|mi|je|mon|ma)\b)"
    r"|\s+(?=(?:but|and|aber|und|pero|mais)\s)|\s+(?=(?:because|since|though|although)\s)"
)
PIECE_OF_NO = re.compile(r"^\W*(?:no|nope|nah|nein|non)\b[\s,.!]+(?=\S)")
BARE_NO = re.compile(r"^\W*(?:no|nope|nah|not|never|nein|non|nicht|nunca|jamais|不|没|नहीं)\b")
NOT_ONLY = re.compile(r"\bnot (?:only|just|merely)\b|\bno (?:problem|worries|doubt|wonder|idea)\b|\bnot to mention\b")
NEGATIVE = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|neither|nor|without|cannot|nicht|kein\w*|nie|"
    r"(?:do|does|did|is|are|was|were|has|have|had|wo|would|ca|could|should|must|need|ai)nt|niemals|ohne|nunca|jamás|jamais|sin|sans|ne|pas|ninguna?|nahi|nahin)\b|不|没|沒|नहीं|मत|\b(?:isnt|arent|wasnt|"
    r"hate\w*|dislik\w*|detest\w*|loath\w*|avoid\w*|unable|refus\w*|lack\w*|against|quit|stop\w*|despis\w*|"
    r"anymore|off|gave up|fed up|free|instead of|except|over|unlike|rather than|former\w*|ended|retired|cancel\w*)\b"
)
CONTRAST = re.compile(r"\b(?:over|instead|rather|than|except|besides|only|without|unless|until)\b")
CHANGE = re.compile(
    r"\b(?:mov\w+|left|switch\w*|sold|change\w*|replac\w*|from|divorc\w*|died|fired|dropped|cancel\w*|off)\b"
)
ENDED = re.compile(
    r"\b(?:used to|no longer|any ?more|former\w*|previous\w*|once|quit|stopped|gave up|was|were|had|ex|past|ended|"
    r"until)\b"
)
USED_TO = re.compile(r"\bused to (?!it\b|this\b|that\b|the\b|being\b)")

PEOPLE: Final = (
    "mother mom mum mama father dad papa parents brother sister sibling siblings son daughter child children kid kids "
    "wife husband spouse partner girlfriend boyfriend fiance fiancee ex aunt uncle cousin nephew niece grandmother "
    "grandma grandfather grandpa granny grandson granddaughter friend friends colleague colleagues coworker coworkers "
    "boss manager neighbour neighbor roommate flatmate teacher doctor client customer dog cat puppy kitten baby twin "
    "twins family "
    "hamster rabbit horse parrot bird tortoise inlaws stepson stepdaughter teammate landlord mentor employee intern "
    "team company "
    "mutter vater bruder schwester sohn tochter kind kinder frau mann freund freundin hund katze chef chefin "
    "madre padre hermano hermana hijo hija hijos esposa esposo marido mujer amigo amiga perro gato jefe jefa "
    "mère père frère soeur sœur fils fille enfants femme mari ami amie chien chat patron"
).split()
SAME_PERSON: Final = (
    {"mother", "mom", "mum", "mama", "mutter", "madre", "mère", "parents"},
    {"father", "dad", "papa", "vater", "padre", "père", "parents"},
    {"son", "daughter", "child", "children", "kid", "kids", "baby", "twin", "twins", "sohn", "tochter", "hijo", "hija"},
    {"wife", "husband", "spouse", "partner", "fiance", "fiancee", "frau", "mann", "esposa", "esposo", "marido"},
    {"girlfriend", "boyfriend", "partner", "freund", "freundin"},
    {"brother", "sister", "sibling", "siblings", "twin", "bruder", "schwester", "hermano", "hermana", "frère"},
    {"dog", "puppy", "hund", "perro", "chien"},
    {"cat", "kitten", "katze", "gato", "chat"},
    {"boss", "manager", "chef", "chefin", "jefe", "jefa"},
    {"neighbour", "neighbor"},
    {"colleague", "colleagues", "coworker", "coworkers", "teammate", "team"},
    {"grandmother", "grandma", "granny"},
    {"grandfather", "grandpa"},
    {"roommate", "flatmate"},
    {"client", "customer"},
)
KIN = "|".join(PEOPLE)
THEIRS = re.compile(
    r"^\W*(?:(?:and|but|so|because|also|does|do|did|is|are|was|has|have|can|will|oh|well|yes|yeah|no|btw|actually|"
    r"remember that|note that)\s+)*"
    rf"(?:(?:my|our|your|mein\w*|unser\w*|mis?|mon|ma|mes)\s+(?:\w+\s+){{0,2}}?(?P<kin>{KIN})s?\b|(?P<they>he|she|they|"
    rf"his|her|their|er|sie|él|ella|il|elle)\b)"
)
ME = re.compile(r"\b(?:i|im|ive|me|we|weve|us|myself|ich|wir|mir|mich|yo|nosotros|je|nous|moi|soy|tengo)\b")
NAMED = re.compile(
    r"^\W*([A-Z]\w+)(?: [A-Z]\w+)? (?:is|has|was|lives|works|likes|loves|hates|needs|can't|cannot|wants)\b"
)

FRAME: Final = frozenset(
    """the user users user's speaker name named names called live lives living lived reside resides located based
    work works working worked use uses using used own owns have has had want wants like likes love loves enjoy enjoys
    prefer prefers preferred preference favourite favorite currently now new also wish wishes said says say told stated
    states mentioned person someone year years old age aged make makes made get gets got go goes been became become
    is are be being am recently plans plan planning follows follow diet dislikes dislike
    hates hate avoids avoid longer anymore stopped drinks drink eats eat quit does do asked asks would
    since member
    der die das ein eine nutzer nutzerin benutzer ist hat und in mit el la los las un una usuario usuaria es tiene y en
    con le les une utilisateur utilisatrice est a et dans avec de du des del उपयोगकर्ता है का की के""".split()
)
FRAME_SIGNS = re.compile("用户|使用者|उपयोगकर्ता")
NUMBER_WORDS: Final = {
    word: str(number)
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen twenty".split()
    )
} | {"thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "seventy": "70", "eighty": "80", "ninety": "90"}
NUMBER_WORDS_ALSO: Final = {
    word: number
    for number, words in {
        "1": "first once",
        "2": "second twice both couple twins pair zwei dos deux",
        "3": "third drei tres trois",
        "4": "vier cuatro quatre",
        "5": "fünf cinco cinq",
        "12": "dozen",
        "100": "hundred",
        "1000": "thousand",
    }.items()
    for word in words.split()
}
WHEN = re.compile(
    r"\b(?:today|tonight|tomorrow|yesterday|now|next|last|this|ago|in \w+ (?:days?|weeks?|months?|years?)|\w+day|since|"
    r"jan\w*|feb\w*|mar\w*|apr\w*|may|june?|july?|aug\w*|sep\w*|oct\w*|nov\w*|dec\w*|heute|morgen|gestern|nächste\w*|"
    r"mañana|ayer|hoy|próxim\w*|demain|hier|prochain\w*|weekend|spring|summer|autumn|fall|winter)\b|今|明|昨|下|上"
)
DATE = re.compile(
    r"\b\d{4}-\d{2}(?:-\d{2})?\b|\b(?:\d{1,2}(?:st|nd|rd|th)?\.?(?: of)? )?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|"
    r"nov|dec)\w*\.?(?: \d{1,2}(?:st|nd|rd|th)?\b)?,?(?: \d{4})?|\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b"
    r"|\b20\d\d\b"
)
