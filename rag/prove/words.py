"""Text -> what can be held against other text: words, numbers, dates, names, negations.

Everything is compared in a normal form: lower case, Snowball stems, straight quotes,
contractions written out, numbers as values with their unit. The stop words are the closed
classes of English only; a word of any open class counts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile

_CHARACTERS = str.maketrans(
    {
        "‘": "'",
        "’": "'",
        "‛": "'",
        "“": '"',
        "”": '"',
        "«": '"',
        "»": '"',
        "–": "-",
        "—": " - ",
        "‐": "-",
        "‑": "-",
        "−": "-",
        "\u00a0": " ",
        "\u202f": " ",
    }
)

_STOP = frozenset(
    """a an the this that these those there here it its itself he him his himself she her hers
    herself they them their theirs themselves we us our ours ourselves you your yours i me my
    mine one's who whom whose which what when where why how whether if then than as so such and
    or but nor yet of in on at by for with from to into onto upon about over under between among
    through during before after since until till against within along across toward towards via
    per be am is are was were been being do does did doing done have has had having will would
    shall should can could may might must ought get gets got also too very just only even both
    either each every any some all more most other others another own same much many few while
    because although though however therefore thus hence again further once up down out off it's
    regarding concerning including according ltd inc corp plc llc s t d ll re ve m""".split()
)

_NEGATORS = frozenset("not no never none neither nor without cannot nobody nothing nowhere".split())
# A clause of its own begins here, which what is denied before it does not reach.
_NEW_CLAUSE = frozenset("because since although though while whereas unless if but".split())
_ONLY = frozenset("only just merely simply".split())
# Verbs that deny what follows them ("refused to sell" says "did not sell").
DENIERS = frozenset("refus declin deni".split())

# Words of one meaning for our purpose: how something was said is rarely in question, and a
# reader does not hold "firm" against "company". The sets are general English, kept small.
_SAME = {
    word: group[0]
    for group in (
        "say state announc declar explain tell said told mention note emphas stress "
        "comment remark express describ report claim assert confirm reiter accord".split(),
        "compani firm corpor".split(),
        "law legisl".split(),
        "begin start began begun".split(),
        "buy purchas bought".split(),
        "end stop halt ceas".split(),
        "publish releas".split(),
        "big larg".split(),
        "us unit_stat usa american".split(),
        "write wrote written author".split(),
        "sell sold sale".split(),
        "person peopl".split(),
        "technolog tech".split(),
        "give gave given".split(),
        "make made".split(),
        "take took taken".split(),
        "use usag".split(),
        "lawyer attorney".split(),
        "face facial".split(),
        "pictur photo photograph imag".split(),
        "citi town".split(),
        "child children kid".split(),
        "film movi".split(),
        "becaus due".split(),
        "base headquart".split(),
        "head chief".split(),
        "birth born".split(),
    )
    for word in group
}

# Forms of one verb that no stemmer brings together, as stems: "rose" to "rise", "led" to "lead".
_VERBS = """
    aris aros arisen, awak awok awoken, beat beaten, becom becam, bend bent, bite bit bitten,
    bleed bled, blow blew blown, break broke broken, breed bred, bring brought, build built, burn
    burnt, catch caught, choos chose chosen, come came, creep crept, deal dealt, dig dug, draw
    drew drawn, dream dreamt, drink drank drunk, drive drove driven, eat ate eaten, fall fell
    fallen, feed fed, fight fought, flee fled, fli flew flown, forbid forbad forbidden, forget
    forgot forgotten, forgiv forgav forgiven, freez froze frozen, get got gotten, go went gone,
    grow grew grown, hang hung, hear heard, hide hid hidden, hold held, keep kept, know knew
    known, lead led, learn learnt, leav left, lend lent, lose lost, mean meant, meet met, pay
    paid, ride rode ridden, ring rang rung, rise rose risen, run ran, seek sought, send sent,
    shake shook shaken, shine shone, shoot shot, shrink shrank shrunk, sing sang sung, sink sank
    sunk, sleep slept, speak spoke spoken, spend spent, steal stole stolen, strike struck, swear
    swore sworn, sweep swept, swim swam swum, teach taught, tear tore torn, think thought, throw
    threw thrown, undertak undertook undertaken, wear wore worn, win won, withdraw withdrew
    withdrawn, withhold withheld"""
_SAME |= {form: forms.split()[0] for forms in _VERBS.split(",") for form in forms.split()}
_PAST = frozenset(form for forms in _VERBS.split(",") for form in forms.split()[1:])
# Things that are called by what is done: "the building" is not "was built".
_THINGS = frozenset("building buildings".split())
_PASSIVE = re.compile(
    r"\b(?:is|are|was|were|be|been|being)\s+(?:(?:\w+ly|being|also|not|never|first|later)\s+)*([a-z]+)\b"
)

# Words by which a sentence is framed rather than filled ("holds the position of", "the reason
# given was"): a paraphrase may bring them in or drop them without saying anything new.
_LIGHT_WORDS = """hold position role job work serve act call name know refer locate base found
    set condition term requirement reason cause purpose goal aim way manner fact thing matter
    issue case example instance type kind form part group set number amount total include contain
    consist involve provide offer give make take put bring come go become remain keep get
    happen occur concern relate regard respect relation connection addition result lead mean
    follow plan decide decision agree believe think feel consider suggest indicate show clear say
    state describe text document article source passage sentence question answer current
    recent previous early late new specific certain general various several different main
    major important key able available likely possible need want require expect
    allow support base due order effect use help time place area field person people""".split()

_DEEDS = frozenset("sale sales use uses offer offers support".split())

UNITS = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
        "fifteen sixteen seventeen eighteen nineteen twenty".split()
    )
} | {
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "seventy": 70,
    "eighty": 80,
    "ninety": 90,
    "dozen": 12,
    "twice": 2,
    "pair": 2,
}
# Places whose people or language have another name.
_PEOPLES = """france french, england english, britain british, spain spanish, netherlands dutch,
    holland dutch, poland polish, greece greek, denmark danish, sweden swedish, turkey turkish,
    scotland scottish, ireland irish, wales welsh, switzerland swiss, norway norwegian,
    finland finnish, portugal portuguese, china chinese, ukraine ukrainian, peru peruvian,
    iraq iraqi, israel israeli, pakistan pakistani, philippines filipino, thailand thai,
    iceland icelandic, europe european, mexico mexican, brazil brazilian, argentina argentine,
    chile chilean, canada canadian, hungary hungarian, lebanon lebanese, congo congolese,
    rome roman, normandy norman"""
# What a place has beside its people ("Germany", "German"), or they beside it ("Japan", "Japanese").
_PEOPLE_END = frozenset("i n an ian ish ese es".split())

# Small words that may stand between a number and what it counts ("three of the companies").
_OF = frozenset("of the its their his her these those more other".split())
# "One" counts something, or it stands for somebody or for nothing ("one should", "at one point").
_NOT_ONE_BEFORE = frozenset("than no any every this that the which another each some only".split())
_NOT_ONE_AFTER = frozenset(
    "of who which that another day point thing time should could can may must might would will or "
    "and more has had is was".split()
)
_SPANS = {"decade": 10.0, "decades": 10.0, "century": 100.0, "centuries": 100.0}
_MAGNITUDES = {
    "hundred": 100.0,
    "thousand": 1e3,
    "k": 1e3,
    "million": 1e6,
    "m": 1e6,
    "billion": 1e9,
    "bn": 1e9,
    "trillion": 1e12,
    "lakh": 1e5,
    "lakhs": 1e5,
    "crore": 1e7,
    "crores": 1e7,
}
_SIGNS = "$€£₹¥"
_CURRENCIES = {
    "dollar": "$",
    "euro": "€",
    "pound": "£",
    "rupee": "₹",
    "yen": "¥",
} | {"dollars": "$", "euros": "€", "pounds": "£", "rupees": "₹"}
_MONTHS = {
    name[:size]: month
    for month, name in enumerate(
        "january february march april may june july august september october november "
        "december".split(),
        start=1,
    )
    for size in (3, len(name))
} | {"sept": 9}
WEEKDAYS = tuple("monday tuesday wednesday thursday friday saturday sunday".split())

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)[a-z]*\.?"
_DATE = re.compile(
    rf"""
      (?P<iso>\b(?P<iy>\d{{4}})-(?P<im>\d{{2}})-(?P<id>\d{{2}})(?:t[\d:.]+(?:z|[+-][\d:]+)?)?)
    | \b(?P<ma>{_MONTH})\s+(?P<da>\d{{1,2}})(?:st|nd|rd|th)?\b(?!\s*(?:%|percent))
      (?:\s*,?\s*(?P<ya>\d{{4}})\b)?
    | \b(?P<db>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<mb>{_MONTH})(?!\w)
      (?:\s*,?\s*(?P<yb>\d{{4}})\b)?
    | \b(?P<mc>{_MONTH})\s*,?\s+(?:of\s+)?(?P<yc>\d{{4}})\b
    | \b(?P<yd>1[5-9]\d\d|20\d\d)\b(?!\s*(?:%|percent|million|billion|people|units))
    """,
    re.IGNORECASE | re.VERBOSE,
)
_RANGE = re.compile(
    r"\b(\d+(?:\.\d+)?)\s*(?:-|to|and)\s*(\d+(?:\.\d+)?)\s*(?:%|per ?cent\b|pct\b)", re.IGNORECASE
)
# The number in "GPT-4" is part of a name.
_MODEL = re.compile(r"\b([A-Z]{1,6})-(\d+)\b")
_CAPITALS = re.compile(r"\b[A-Z][\w'-]*(?:\s+(?:(?:of|and|for|the|on)\s+)*[A-Z][\w'-]*)+")
_TOKEN = re.compile(
    r"""(?P<number>(?:[$€£₹¥][ ]?)?(?:\d{1,2}(?:,\d{2})+,\d{3}(?!\d)|\d+(?:,\d{3})*)(?:\.\d+)?)
      | (?P<word>[^\W\d_]+(?:\d[^\W_]*)?(?:[.'][^\W\d_]+)*)
      | (?P<percent>%)
      | (?P<break>[;:,()"]|(?<=\s)-(?=\s)|[.!?](?=\s|$))""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Date:
    """A date or a part of one; 0 stands for what is not said."""

    year: int = 0
    month: int = 0
    day: int = 0

    def carries(self, other: Date) -> bool:
        """Tell whether everything `other` says is said by this date too."""
        return all(
            not theirs or ours == theirs
            for ours, theirs in zip(
                (self.year, self.month, self.day),
                (other.year, other.month, other.day),
                strict=True,
            )
        )


@dataclass(frozen=True, slots=True)
class Word:
    """A content word.

    Attributes:
        surface: as written.
        stem: normal form, compared with other stems.
        name: capitalised where a common word would not be.
        first: opens its sentence, so its capital says nothing.
        follows: stands right after the word before it, with nothing between.
    """

    surface: str
    stem: str
    name: bool
    first: bool
    follows: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """What a piece of text says, as far as these rules see.

    Attributes:
        words: content words in order.
        numbers: (value, unit) with unit "%", "$", "€", "£", "₹", "¥" or "".
        dates: dates and parts of dates, weekdays not included.
        weekdays: names of days, lower case.
        counted: for each number that counts something, (value, stem of the next word).
        negators: how many words deny ("not", "never", "without"), "not only" left out.
        acronyms: initials of each run of capitalised words, lower case ("aclu").
        negated: stems of the first content word after each negation.
        plain: stems that stand at least once without a negation before them; "selling" and
            "the sale" name a deed and neither affirm nor deny it, so they are left out.
    """

    words: tuple[Word, ...]
    numbers: frozenset[tuple[float, str]]
    dates: tuple[Date, ...]
    weekdays: frozenset[str]
    negated: frozenset[str]
    plain: frozenset[str]
    counted: frozenset[tuple[float, str]] = frozenset()
    acronyms: frozenset[str] = frozenset()
    negators: int = 0

    @property
    def stems(self) -> frozenset[str]:
        """Every stem of a content word, and acronyms of the names written out."""
        return frozenset(word.stem for word in self.words) | self.acronyms


def normal(text: str) -> str:
    """Return text with one form of quotes, dashes and spaces; its length may change."""
    return text.translate(_CHARACTERS)


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """Return the compared form of one word: Snowball's English stem, accents and synonyms folded.

    Method: Porter, "Snowball: a language for stemming algorithms" (2001).
    """
    import snowballstemmer

    letters = unicodedata.normalize("NFKD", word.lower())
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    plain = bare.removesuffix("'s").replace(".", "").replace("'", "")
    if plain in _THINGS:
        return plain.removesuffix("s")
    stemmed: str = snowballstemmer.stemmer("english").stemWord(plain)
    return _SAME.get(stemmed, stemmed)


@lru_cache(maxsize=1)
def _peoples() -> frozenset[tuple[str, str]]:
    pairs = [pair.split() for pair in _PEOPLES.split(",")]
    return frozenset((stem(place), stem(people)) for place, people in pairs)


def has_demonym(form: str, stems: Iterable[str]) -> bool:
    """Tell whether a place's people or language stand among stems, or the place of such a name."""
    return any(_demonym(form, other) for other in stems)


def _demonym(one: str, other: str) -> bool:
    if (one, other) in _peoples() or (other, one) in _peoples():
        return True
    short, long = sorted((one, other), key=len)
    return len(short) >= 4 and long.startswith(short) and long[len(short) :] in _PEOPLE_END


def suffered(text: str) -> frozenset[str]:
    """Return the stems of what is said to be done to something ("was sued", "are being kept")."""
    verbs = _PASSIVE.findall(normal(text))
    return frozenset(stem(verb) for verb in verbs if verb.endswith("ed") or verb in _PAST)


@lru_cache(maxsize=1)
def _light() -> frozenset[str]:
    return frozenset(stem(word) for word in _LIGHT_WORDS)


def is_light(form: str) -> bool:
    """Tell whether a stem frames a sentence rather than fills it."""
    return form in _light()


# "[3]" after a word or a sentence is a mark of a source, no number that is stated; "a[0]" is code.
_MARK = re.compile(r"(?:(?<![\w\]])|(?<=[^\W\d_]{2})|(?<=\]))\[\d{1,2}\](?=[\s.,;:!?\[]|$)")


def _contractions(text: str) -> str:
    text = _MARK.sub(" ", text)
    text = re.sub(r"\b([Ww])on't\b", r"\1ill not", text)
    text = re.sub(r"\b([Cc])an't\b", r"\1an not", text)
    text = re.sub(r"\b([Ss])han't\b", r"\1hall not", text)
    text = re.sub(r"n't\b", " not", text)
    text = re.sub(r"\b[Cc]annot\b", "can not", text)
    text = re.sub(r"'(?:re|ve|ll|d|m)\b", "", text)
    text = re.sub(r"\b(Ltd|Inc|Corp|Co|PLC|plc|LLC)\.?'s\b", r"\1", text)
    text = re.sub(r"(?<=\w)\.'s\b", "'s", text)
    text = re.sub(
        r"\bUnited States(?: of America)?\b|\bU\. ?S\.(?: ?A\.)?(?=\W|$)|\bUSA\b", "US", text
    )
    text = re.sub(r"\bWorld War (?:II|Two|2)\b", "Second World War", text)
    text = re.sub(r"\bWorld War (?:I|One|1)\b", "First World War", text)
    text = _RANGE.sub(r"\1% to \2%", text)
    text = _MODEL.sub(r"\1\2", text)
    return re.sub(r"(?<=\w)-(?=\w)", " ", text)


def _dates(text: str) -> tuple[tuple[Date, ...], str]:
    """Return the dates of a text and the text without them."""
    found: list[Date] = []

    def take(match: re.Match[str]) -> str:
        g = match.groupdict()
        if g["iso"]:
            found.append(Date(int(g["iy"]), int(g["im"]), int(g["id"])))
            return " "
        month = g["ma"] or g["mb"] or g["mc"] or ""
        number = _MONTHS.get(month.lower().rstrip("."), 0) if month else 0
        if month and (not number or (month[0].islower() and month.lower() in {"may", "mar"})):
            return match.group(0)
        year = g["ya"] or g["yb"] or g["yc"] or g["yd"]
        day = g["da"] or g["db"]
        found.append(Date(int(year or 0), number, int(day or 0)))
        return " "

    rest = _DATE.sub(take, text)
    return tuple(found), rest


def read(text: str) -> Reading:
    """Take a text apart.

    Args:
        text: one or more sentences.
    """
    dates, rest = _dates(_hyphen_dates(normal(text)))
    months = [m for m in re.findall(rf"\b{_MONTH}(?=\W|$)", rest, re.IGNORECASE) if m[0].isupper()]
    named = [_MONTHS.get(m.lower().rstrip("."), 0) for m in months]
    dates += tuple(Date(month=month) for month in named if month)
    words: list[Word] = []
    numbers: set[tuple[float, str]] = set()
    weekdays: set[str] = set()
    negated: set[str] = set()
    plain: set[str] = set()
    counted: set[tuple[float, str]] = set()
    count: float | None = None  # a number that waits for what it counts
    waiting = 0  # tokens left in which a negation still waits for its word
    negators = 0
    first = True
    follows = False
    for kind, token, value in _tokens(_contractions(rest)):
        if token == "." and follows and words[-1].name and len(words[-1].surface) == 1:
            continue  # an initial: "C. Mayer"
        if kind == "break":
            first = first or token in ".!?"
            follows = False
            waiting = 0
            count = None
            continue
        lower = token.lower()
        kept = False
        if lower in _NEW_CLAUSE:
            waiting = 0
        if kind == "number":
            numbers.add(value)
            count = value[0] if not value[1] else None
        elif lower in WEEKDAYS and not (follows and words[-1].name):  # "Ash Wednesday" is a name
            weekdays.add(lower)
        elif lower == "non":  # "non-members" denies what it stands before, and nothing else
            waiting = 1
            continue
        elif lower in _NEGATORS and (first or not token[0].isupper()):
            waiting = 4
            negators += 1
            first = follows = False
            continue
        elif lower in _ONLY and waiting == 4:
            negators -= 1
            waiting = 0
        elif lower in _MONTHS and token[0].isupper() and lower != "may":
            pass
        elif (
            lower.removesuffix("'s") not in _STOP
            or (token.isupper() and len(token) > 1)
            or (token in {"I", "I's"} and follows and words[-1].name)  # "Mahmud I"
        ):
            form = stem(token)
            # "I" and a capital that opens a sentence are no sign of a name.
            words.append(Word(token, form, token[0].isupper(), first, follows))
            kept = True
            if count is not None:
                counted.add((count, form))
                count = None
            if waiting and not (words[-1].name and not first):
                negated.add(form)
                waiting = 0
            elif not (lower in _DEEDS or lower.endswith("ing")):
                plain.add(form)
            if form in DENIERS:
                waiting = 5
        elif lower not in _OF:
            count = None
        first = False
        follows = kept
        waiting = max(0, waiting - 1)
    return Reading(
        tuple(words),
        frozenset(numbers),
        dates,
        frozenset(weekdays),
        frozenset(negated),
        frozenset(plain),
        frozenset(counted),
        _acronyms(rest),
        negators,
    )


def _acronyms(text: str) -> frozenset[str]:
    """Return the initials of every stretch of two or more capitalised words in a row."""
    found: set[str] = set()
    for run in _CAPITALS.findall(text):
        initials = "".join(word[0] for word in run.split() if word[0].isupper()).lower()[:12]
        found |= {
            initials[i:j] for i in range(len(initials)) for j in range(i + 2, len(initials) + 1)
        }
    return frozenset(found)


def name_run(words: Sequence[Word], place: int = 0) -> list[Word]:
    """Return the name that begins at a place: capitalised words with nothing between them."""
    rest = takewhile(lambda w: w.name and w.follows, words[place + 1 :])
    return [words[place], *rest] if place < len(words) and words[place].name else []


def join(readings: Iterable[Reading]) -> Reading:
    """Return what several texts say together."""
    parts = tuple(readings)
    return Reading(
        tuple(word for part in parts for word in part.words),
        frozenset[tuple[float, str]]().union(*(part.numbers for part in parts)),
        tuple(date for part in parts for date in part.dates),
        frozenset[str]().union(*(part.weekdays for part in parts)),
        frozenset[str]().union(*(part.negated for part in parts)),
        frozenset[str]().union(*(part.plain for part in parts)),
        frozenset[tuple[float, str]]().union(*(part.counted for part in parts)),
        frozenset[str]().union(*(part.acronyms for part in parts)),
        sum(part.negators for part in parts),
    )


def _hyphen_dates(text: str) -> str:
    return re.sub(r"\b(mid|early|late)-(?=\d{4}|[A-Z])", r"\1 ", text)


def _tokens(text: str) -> Iterator[tuple[str, str, tuple[float, str]]]:
    """Yield ("word" | "number" | "break", token, value); magnitudes join their number."""
    matches = list(_TOKEN.finditer(text))
    skip = -1
    for i, match in enumerate(matches):
        if i <= skip:
            continue
        kind = match.lastgroup or ""
        token = match.group(0)
        lower = token.lower()
        if lower == "one" and _is_no_count(matches, i):
            continue
        if kind == "number" or (kind == "word" and lower in UNITS):
            value, unit, skip = _number(matches, i)
            yield "number", token, (value, unit)
        elif kind in {"word", "break"}:
            yield kind, token, (0.0, "")


def _is_no_count(matches: list[re.Match[str]], i: int) -> bool:
    before = matches[i - 1].group(0).lower() if i else ""
    after = matches[i + 1].group(0).lower() if i + 1 < len(matches) else ""
    return before in _NOT_ONE_BEFORE or after in _NOT_ONE_AFTER or not after.isalpha()


def _number(matches: list[re.Match[str]], i: int) -> tuple[float, str, int]:
    """Read a number with its magnitude and unit; return value, unit, index of its last token."""
    token = matches[i].group(0)
    unit = token[0] if token[0] in _SIGNS else ""
    lower = token.lower()
    digits = token.lstrip(f"{_SIGNS} ").replace(",", "")
    value = float(UNITS[lower]) if lower in UNITS else float(digits)
    while i + 1 < len(matches):
        following = matches[i + 1].group(0).lower()
        # "m" and "k" are magnitudes only where they touch the number ("5m").
        touching = matches[i].end() == matches[i + 1].start()
        if following in _MAGNITUDES and (len(following) > 1 or touching):
            value *= _MAGNITUDES[following]
        elif following in _SPANS:
            value *= _SPANS[following]
        elif following in {"%", "percent", "pct"}:
            unit = "%"
        elif following in _CURRENCIES:
            unit = _CURRENCIES[following]
        elif value >= 20 and value % 10 == 0 and value < 100 and 0 < UNITS.get(following, 0) < 10:
            value += UNITS[following]
        else:
            break
        i += 1
    return value, unit, i
