"""How rare words are in an index, and which stems say the same."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence, Set

from rag.prove.words import Word, has_demonym, is_light, read

_LIGHT_WEIGHT = 0.3
# Share of a word's uses inside sentences that make a form of it the way it is written.
_MOSTLY = 0.9
_COMPASS = frozenset("north south northern southern".split())
# What grows on the end of a name, and on the few common words that an index takes for names.
_ENDING = re.compile(
    r"[aeiosyn]|e[snd]|[aeio]?[ae]?ns?|a?is[hmt]s?|ese?|i?cs?|i?a?ls?|[aeo]rs?|a?r[iy]|ites?|ing|"
    r"ment|(?:a?t)?ion|i?t[iy]|ness|dom|ship|ous|i?v?e?l[iy]"
)
WORD = re.compile(r"[^\W\d_]+(?:\d\w*)?(?:\.[^\W\d_]+)*")


class Rarity:
    """How rare a word is in an index: ln(1 + N / n), Spärck Jones (1972), smoothed.

    Args:
        texts: passages of the index; a large one is sampled evenly.
    """

    def __init__(self, texts: Sequence[str], *, sample: int = 2000) -> None:
        step = max(1, math.ceil(len(texts) / sample))
        chosen = texts[::step]
        self.count = len(chosen)
        self._seen: Counter[str] = Counter()
        capitals: Counter[str] = Counter()
        inside: Counter[str] = Counter()
        forms: Counter[str] = Counter()
        for text in chosen:
            reading = read(text)
            self._seen.update(reading.stems)
            within = [word for word in reading.words if not word.first]
            inside.update(word.stem for word in within)
            capitals.update(word.stem for word in within if word.name)
            forms.update(word.surface for word in within)
        self._names = frozenset(s for s, n in capitals.items() if n > inside[s] / 2)

        best = {form.lower(): form for form, _ in reversed(forms.most_common())}
        every = Counter[str]()
        for form, count in forms.items():
            every[form.lower()] += count
        self._written = {
            plain: form
            for plain, form in best.items()
            if form != plain and forms[form] >= _MOSTLY * every[plain]
        }

    def written(self, question: str) -> str:
        """Return a question typed without capitals with those that the index gives its words.

        Small models, and whoever looks for names, read "which weekday did ibm quit" badly.

        Args:
            question: in plain words; one that has a capital inside stays as it is.
        """
        if re.search(r"(?<!^)[A-Z]", question.strip()):
            return question
        known = {word.surface.removesuffix("'s") for word in read(question).words}
        return WORD.sub(
            lambda found: self._written.get(found[0], found[0]) if found[0] in known else found[0],
            question,
        )

    def knows(self, stem: str) -> bool:
        """Tell whether any passage has this word or one grown from the same root."""
        return match(stem, self._seen.keys()) > 0

    def is_name(self, word: Word) -> bool:
        """Tell whether a word is a name: by its capital, or by how the index writes it."""
        return (word.name and not word.first) or word.stem in self._names

    def weight(self, stem: str) -> float:
        """Return a weight of 0.7 (in every passage) up; unseen words weigh most."""
        # A small index says little about rarity: the prior keeps weights within a factor of
        # about four there.
        weight = math.log(1 + (self.count + 20) / (self._seen[stem] + 1 + 20 * 0.05))
        return weight * _LIGHT_WEIGHT if is_light(stem) else weight


def match(stem: str, stems: Set[str]) -> float:
    """Return 1 for the same stem, 0.8 for one that grew from the same long root, else 0.

    The points of the compass do not grow: what is southern is not in the south of all there is.
    """
    if stem in stems:
        return 1.0
    if len(stem) >= 5 and stem not in _COMPASS:
        root = stem[: max(5, len(stem) - 3)]
        if any(other.startswith(root) and abs(len(other) - len(stem)) <= 4 for other in stems):
            return 0.8
    return 0.0


def match_name(stem: str, stems: Set[str]) -> float:
    """Return 1 for the same name, 0.8 for one grown from it ("Europe", "European"), else 0.

    Names that merely begin alike ("InnovaTech", "InnovateTech"), or have a further word in them
    ("Rain", "Rainbow"), are two.
    """
    if stem in stems:
        return 1.0
    if has_demonym(stem, stems):
        return 0.8
    if any(_grown(stem, other) or _grown(other, stem) for other in stems):
        return 0.8
    return 0.0


def _grown(root: str, form: str) -> bool:
    return len(root) >= 4 and form.startswith(root) and bool(_ENDING.fullmatch(form[len(root) :]))
