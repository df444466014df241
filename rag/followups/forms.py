"""The commonest follow-ups, written anew by rules; pure, English.

`sure` writes what a rule can only get right: the same asked of another name, place or year, another
thing asked of the same, "he" where one person was named. `likely` is for where there is no model,
or nothing it wrote can be used: the nearest name in place of a pronoun, the first one replaced.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from rag.followups.leaning import Lean
from rag.followups.naming import people, said_of
from rag.followups.turns import Earlier
from rag.followups.words import (
    AUX,
    DETERMINERS,
    PERSONS,
    PLURALS,
    POSSESSIVES,
    PREPOSITIONS,
    PRONOUNS,
    THINGS,
    Token,
    name_spans,
    names_in,
    tokens,
)
from rag.prove.words import normal

_YEAR = re.compile(r"\b(?:1[0-9]|20)\d\ds?\b")
_TO_YEAR = re.compile(
    r"^(?:(?P<how>in|for|by|since|until|during|before|after)\s+)?(?P<year>\d{4}s?)$"
)
# A question word that is no part of what is done: it can be exchanged for another.
_ADVERBIAL = re.compile(
    r"^(?:when|where|why|how(?:\s+(?:long|often|far|soon|fast|quickly|well))?|since when|"
    r"(?:at|in|on|by|for|from|until)\s+(?:what|which)\s+\w+)\s+(?=(?P<aux>[a-z']+)\b)",
    re.IGNORECASE,
)
_EXCHANGED = re.compile(
    r"^(?:when|where|why|how|how (?:long|often|far|soon)|since when|(?:at|in|on|by|for|from|until) "
    r"(?:what|which) \w+|what (?:year|day|month|time|date))$",
    re.IGNORECASE,
)
_DENIED = {
    "do": "don't",
    "does": "doesn't",
    "did": "didn't",
    "is": "isn't",
    "are": "aren't",
    "was": "wasn't",
    "were": "weren't",
    "has": "hasn't",
    "have": "haven't",
    "had": "hadn't",
    "can": "can't",
    "could": "couldn't",
    "will": "won't",
    "would": "wouldn't",
    "should": "shouldn't",
}
_DID = re.compile(
    r"^(?:who|which (?P<which>\w+))\s+(?P<verb>[a-z]+)\s+(?P<what>.+?)\s*\?*$", re.IGNORECASE
)
_DONE = {
    "wrote": "written",
    "won": "won",
    "built": "built",
    "made": "made",
    "led": "led",
    "sold": "sold",
    "bought": "bought",
    "took": "taken",
    "gave": "given",
    "chose": "chosen",
    "broke": "broken",
    "drew": "drawn",
    "sang": "sung",
    "began": "begun",
    "found": "found",
    "held": "held",
    "sent": "sent",
    "lost": "lost",
    "taught": "taught",
    "shot": "shot",
    "cut": "cut",
    "paid": "paid",
    "met": "met",
    "stole": "stolen",
    "beat": "beaten",
    "spent": "spent",
    "hid": "hidden",
    "threw": "thrown",
    "struck": "struck",
}
_DO_THAT = re.compile(
    r"^(?P<wh>why|when|where|how|since when)\s+(?P<aux>did|do|does|will|would|should)\s+"
    r"(?P<who>he|she|it|they)\s+(?:do|say)\s+(?:so|that|this|it)\s*\?*$",
    re.IGNORECASE,
)
_AGREES = {"are": "is", "were": "was", "have": "has", "do": "does", "aren't": "isn't"}


Near = Callable[[str, Sequence[str]], Sequence[float]]
_NEAR = 0.3  # cosine from which two things are of one kind, "methanol" and "ethanol" .43
_NEARER = 0.05  # than any other thing


def sure(
    question: str, found: Sequence[Lean], earlier: Sequence[Earlier], near: Near | None = None
) -> str:
    """Return a question that rules are sure of; "" where there is none.

    Args:
        question: as typed.
        found: what it leans on.
        earlier: the turns before it, whose questions stand by themselves.
        near: cosines of a thing with others; None where there is no embedder.
    """
    before = normal(earlier[-1].asked).strip()
    first = found[0]
    if first.kind == "about":
        about = first.rest
        return (
            _of_year(about, before)
            or _of_place(about, before)
            or _of_name(about, before)
            or _of_kind(about, before, near, _NEAR)
        )
    if first.kind == "bare":
        return _exchanged(first.rest, before)
    if first.kind == "doing" and first.rest[:1].isupper():
        return _of_name(first.rest, before) if before.split(" ", 1)[0].lower() in AUX else ""
    if match := _DO_THAT.match(normal(question).strip()):
        return _exchanged(match["wh"], before)
    if any(lean.kind != "pronoun" for lean in found):
        return ""
    meant = [_surely_meant(lean, earlier) for lean in found]
    return _put(question, found, meant) if all(meant) else ""


def likely(
    question: str, found: Sequence[Lean], earlier: Sequence[Earlier], near: Near | None = None
) -> str:
    """Return the likeliest question by rules, "" where there is none; arguments as of `sure`."""
    before = normal(earlier[-1].asked).strip()
    first = found[0]
    if first.kind == "about":
        about = first.rest
        return _of_kind(about, before, near, 0.0) or _of_name(about, before, any_=True)
    if first.kind == "bare" and first.rest:
        return _exchanged(first.rest, before)
    pronouns = [lean for lean in found if lean.kind in ("pronoun", "demonstrative")]
    if not pronouns or len(pronouns) < len(found):
        return ""
    meant = [_meant(lean, earlier) for lean in pronouns]
    return _put(question, pronouns, meant) if all(meant) else ""


# -- the same of another -------------------------------------------------------------------


def _of_year(about: str, before: str) -> str:
    """Ask the same of another year."""
    match = _TO_YEAR.match(about)
    if not match:
        return ""
    years = _YEAR.findall(before)
    if len(years) == 1:
        return _asked(_YEAR.sub(match["year"], before))
    return "" if years else _with(before, f"{match['how'] or 'in'} {match['year']}")


def _of_place(about: str, before: str) -> str:
    """Ask the same with another object of a preposition: "and in Spain?", "for women?"."""
    small, _, what = about.partition(" ")
    if small.lower() not in PREPOSITIONS or not what or len(what.split()) > 5:
        return ""
    spans = _objects(before, small.lower())
    named = bool(name_spans(f"is {what}"))
    alike = [
        (start, end)
        for start, end in spans
        if bool(name_spans(f"is {before[start:end]}")) == named
        and not _YEAR.fullmatch(before[start:end])
    ]
    if len(alike) == 1:
        start, end = alike[0]
        return _asked(before[:start] + what + before[end:])
    return ""


def _objects(text: str, small: str) -> list[tuple[int, int]]:
    """Return where the objects of a preposition stand in a text."""
    all_ = tokens(text)
    spans = list[tuple[int, int]]()
    for at, token in enumerate(all_[:-1]):
        if token.lower != small:
            continue
        end = at + 1
        while end < len(all_) and not (
            all_[end].text in "?,;:!"
            or all_[end].lower in PREPOSITIONS | AUX | {"and", "or", "that", "who", "which"}
        ):
            end += 1
        if end > at + 1:
            spans.append((all_[at + 1].start, all_[end - 1].end))
    return spans


def _of_name(about: str, before: str, *, any_: bool = False) -> str:
    """Ask the same of another name.

    Args:
        about: what is asked of.
        before: the question before it.
        any_: replace the first name where it is not clear which.
    """
    asked = f"is {about}"
    spans = name_spans(asked)
    bare = re.sub(r"^the\s+", "", about)
    if len(spans) != 1 or asked[slice(*spans[0])] != bare:
        return _of_head(about, before)
    there = name_spans(before)
    alike = [span for span in there if _alike(bare, before[slice(*span)])]
    if len(alike) != 1:
        alike = there[:1] if any_ or len(there) == 1 else []
    if not alike:
        return ""
    start, end = alike[0]
    owner = None if bare.endswith("'s") else re.search(r"'s?$", before[start:end])
    article = re.search(r"\bthe\s+$", before[:start])
    if article and about == bare:
        return _asked(before[: article.start()] + bare + (owner[0] if owner else "") + before[end:])
    new = bare if article else about
    return _asked(before[:start] + new + (owner[0] if owner else "") + before[end:])


def _alike(name: str, other: str) -> bool:
    """Tell whether two names are of one kind by a word they share: "Apollo 11", "Apollo 12"."""
    words = set(name.lower().split()) & set(other.lower().split())
    return bool(words) and name.lower() != other.lower()


def _of_head(about: str, before: str) -> str:
    """Ask the same of another thing called by the same noun, or the only one that has a "the"."""
    words = [t for t in tokens(f"is {about}") if not t.mark][1:]
    if not words or any(t.lower in PRONOUNS for t in words) or not words[-1].content:
        return ""
    all_ = tokens(before)
    for at, token in enumerate(all_):
        if token.bare != words[-1].bare or at < len(words):
            continue
        same = all_[at - len(words) + 1 : at + 1]
        if all(t.content or t.lower in DETERMINERS for t in same):
            return _asked(before[: same[0].start] + about + before[token.end :])
    if words[0].lower == "the" and len(words) <= 3:
        spans = [
            m.span() for m in re.finditer(r"\bthe\s+[a-z]+(?=\s|\?)", before) if _is_np(before, m)
        ]
        if len(spans) == 1:
            start, end = spans[0]
            return _asked(before[:start] + about + before[end:])
    return ""


def _is_np(text: str, match: re.Match[str]) -> bool:
    """Tell whether "the" and a word are the whole of what is named: no "of" and no name after."""
    after = tokens(text[match.end() :])
    return not after or not (after[0].lower == "of" or after[0].text[:1].isupper())


def _of_kind(about: str, before: str, near: Near | None, least: float) -> str:
    """Ask the same of another thing, in place of the one that is nearest to it in meaning."""
    words = [t for t in tokens(f"is {about}")[1:] if not t.mark]
    if words and words[0].lower in DETERMINERS:
        words = words[1:]
    if near is None or not words or not all(t.content for t in words) or len(words) > 4:
        return ""
    named = any(t.capital for t in words)
    spans = (name_spans(before) if named else []) or _phrases(before)
    if not spans:
        return ""
    thing = about[words[0].start - 3 :]
    cosines = near(thing, [re.sub(r"'s?$", "", before[start:end]) for start, end in spans])
    best = max(range(len(spans)), key=lambda at: (cosines[at], spans[at][1] - spans[at][0]))
    (start, end), most = spans[best], cosines[best]
    others = [c for c, (s, e) in zip(cosines, spans, strict=True) if e <= start or s >= end]
    if most < least or (least and most - max(others, default=0.0) < _NEARER):
        return ""
    owner = re.search(r"'s?$", before[start:end])
    article = re.search(r"\b(?:the|an?)\s+$", before[:start])
    new = thing if article else about
    return _asked(before[:start] + new + (owner[0] if owner else "") + before[end:])


def _phrases(text: str) -> list[tuple[int, int]]:
    """Return where runs of content words stand, and the beginnings and ends of each."""
    runs, run = list[list[Token]](), list[Token]()
    for token in tokens(text):
        if token.content and not token.year:
            run.append(token)
        elif run:
            runs.append(run)
            run = []
    return [
        (part[0].start, part[-1].end)
        for each in runs
        for size in range(1, len(each) + 1)
        for part in ([each[:size], each[-size:]] if size < len(each) else [each])
    ]


# -- another thing of the same -------------------------------------------------------------


def _exchanged(wanted: str, before: str) -> str:
    """Ask when, where, why or how of what was asked before."""
    wanted = re.sub(r"\s+(?:was|were|is)?\s*(?:that|it|this)$", "", wanted)
    denied = wanted.lower() == "why not"
    if not (denied or _EXCHANGED.match(wanted)):
        return ""
    match = _ADVERBIAL.match(before)
    if match and match["aux"].lower() in AUX:
        clause = before[match.end() :]
    elif before.split(" ", 1)[0].lower() in AUX:
        clause = before[:1].lower() + before[1:]
    else:
        return "" if denied else _suffered(wanted, before)
    aux, _, rest = clause.partition(" ")
    if denied:
        new = _DENIED.get(aux.lower())
        return _asked(f"Why {new} {rest}") if new else ""
    return _asked(f"{wanted} {aux.lower()} {rest}")


def _suffered(wanted: str, before: str) -> str:
    """Ask when something was done of which it was asked who did it."""
    match = _DID.match(before)
    if not match or match["verb"].lower() in AUX:
        return ""
    verb, what = match["verb"].lower(), match["what"]
    done = _DONE.get(verb) or (verb if verb.endswith("ed") else "")
    spans = name_spans(f"is {what}")
    named = len(spans) == 1 and f"is {what}"[slice(*spans[0])] == re.sub(r"^the\s+", "", what)
    return _asked(f"{wanted} was {what} {done}") if done and named else ""


# -- whom and what is meant ----------------------------------------------------------------


def _surely_meant(lean: Lean, earlier: Sequence[Earlier]) -> str:
    """Return whom or what a pronoun means where only one can be meant."""
    word = lean.text.lower()
    if word in PERSONS:
        return people(earlier).only
    if word == "its":
        names = names_in(earlier[-1].asked)
        return names[0] if len(names) == 1 and len(names[0].split()) == 1 else ""
    return ""


def _meant(lean: Lean, earlier: Sequence[Earlier]) -> str:
    """Return whom or what a pronoun most likely means, "" where nothing was named."""
    word = lean.text.lower()
    if word in PERSONS:
        return people(earlier).nearest
    if word in THINGS | PLURALS | {"that", "this"}:
        return said_of(earlier)
    noun = word.split(" ", 1)[-1]
    return said_of(earlier) if noun in ("company", "firm", "organisation", "organization") else ""


def _put(question: str, found: Sequence[Lean], meant: Sequence[str]) -> str:
    """Return a question with names in place of its pronouns."""
    text = normal(question).strip()
    all_ = tokens(text)
    for lean, name in sorted(zip(found, meant, strict=True), key=lambda pair: -pair[0].start):
        place = next(i for i, t in enumerate(all_) if t.start == lean.start)
        end = lean.start + len(lean.text)
        new = _genitive(name) if _owns(all_, place) else name
        if lean.text[:1].isupper() and new[:4] == "the ":
            new = new[:1].upper() + new[1:]
        text = text[: lean.start] + new + text[end:]
        aux = all_[place - 1] if place else None
        one = _AGREES.get(aux.lower, "") if aux and lean.text.lower() == "they" else ""
        if aux and one and not re.search(r"[^s]s$|\band\b", name):
            one = one.capitalize() if aux.text[:1].isupper() else one
            text = text[: aux.start] + one + text[aux.end :]
    return _asked(text)


def _owns(all_: Sequence[Token], place: int) -> bool:
    word = all_[place].lower
    if word not in POSSESSIVES:
        return False
    after = all_[place + 1] if place + 1 < len(all_) else None
    return word != "her" or (after is not None and after.content)


def _genitive(name: str) -> str:
    return f"{name}'" if name.endswith("s") else f"{name}'s"


def _with(before: str, more: str) -> str:
    return _asked(f"{before.rstrip(' ?.')} {more}")


def _asked(text: str) -> str:
    """Return a question with a capital and one question mark."""
    plain = " ".join(text.split()).rstrip(" ?.!")
    return f"{plain[:1].upper()}{plain[1:]}?"
