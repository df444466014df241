"""Question -> the questions it is made of, one for each name it asks of; pure.

"How long do the bans of Amazon and IBM last?" asks two things, and no passage about Amazon alone
answers both. Where the whole question finds nothing, each of its names is asked of by itself, in
the words of the question.
"""

from __future__ import annotations

import re

# A name: capitalised words, small ones allowed inside ("Bank of England").
_NAME = (
    r"(?:[A-Z][\w’'&-]*|\d+[A-Z]\w*)"
    r"(?:\s+(?:(?:of|for|de|van|von)\s+)?(?:the\s+)?(?:[A-Z][\w’'&-]*|\d+[A-Z]\w*))*"
)
# What may stand before a name as part of it: "the research firm IDC".
_BEFORE = r"(?:(?:the|a|an|its|his|her|their)\s+)?(?:[a-z]+\s+){0,2}?"
_ITEM = rf"(?:{_BEFORE}{_NAME})"
_FIRST = rf"(?:(?:the\s+)?{_NAME})"
_JOINED = re.compile(
    rf"(?P<first>{_FIRST})"
    rf"(?P<more>(?:\s*,\s*{_ITEM})*)"
    rf"(?:\s*,)?\s+(?:and|as well as|or)\s+(?:both\s+)?(?P<last>{_ITEM})"
)
# A month or weekday is no name to ask of, and "between A and B" asks of both at once.
_TIMES = re.compile(
    r"^(?:the\s+)?(?:January|February|March|April|May|June|July|August|September|October|November|"
    r"December|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)\b"
)
_PAIRED = re.compile(r"\b(?:between|from|versus|vs)\s+(?:both\s+)?$", re.IGNORECASE)
_OPENERS = frozenset(
    "what when where which who whom whose why how is are was were do does did has have had can "
    "could will would should may might must if in on at by for and or but the according".split()
)
_BOTH = re.compile(r"\b(?:both|respectively|each)\s+", re.IGNORECASE)
MOST_PARTS = 4


def split_question(question: str) -> tuple[str, ...]:
    """Return a question for each of the names it joins, or nothing where it asks one thing.

    Args:
        question: in plain words.
    """
    for match in _JOINED.finditer(question):
        before, after = question[: match.start()], question[match.end() :]
        first = match["first"]
        opener = first.split()[0]
        if not before.strip() and opener.lower() in _OPENERS:
            # "Did Amazon and IBM": the capital of the first word is the sentence's own.
            before, first = f"{opener} ", first[len(opener) :].lstrip()
            small = re.match(r"(?:(?:of|for|the)\s+)+", first)
            if small:
                before, first = before + small[0], first[small.end() :]
        items = [first, *re.split(r"\s*,\s*", match["more"])[1:], match["last"]]
        if not first or _PAIRED.search(before) or any(_TIMES.match(item) for item in items):
            continue
        if len(set(items)) < len(items) or len(items) > MOST_PARTS:
            continue
        owner = re.search(r"['’]s?$", items[-1])
        if owner:  # "Amazon and IBM's bans" are the bans of each
            items = [i if re.search(r"['’]s?$", i) else f"{i}’s" for i in items]
        return tuple(_BOTH.sub("", f"{before}{item}{after}").strip() for item in items)
    return ()
