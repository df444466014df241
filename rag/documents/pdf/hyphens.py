"""Words broken at the ends of lines: which hyphens belong to the word, and which to the break."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

_HYPHENS = "-‐\u00ad"
_WORD = re.compile(r"[^\W\d_]+(?:[-‐][^\W\d_]+)*")
_LAST = re.compile(r"([^\W\d_]+(?:[-‐][^\W\d_]+)*)[-‐\u00ad]\Z")
_FIRST = re.compile(r"[^\W\d_]+(?:[-‐][^\W\d_]+)*")
_SHORTEST = 3  # letters of a part that can be a word of a compound
_PREFIXES = frozenset(["non", "self", "semi", "quasi", "well"])
_SECONDS = frozenset(
    ["based", "level", "term", "free", "related", "specific", "driven", "oriented", "mode"]
)
"""What a word before a hyphen is seldom broken before."""


class Words:
    """The words of a document, by which broken ones are put together.

    Args:
        lines: all lines of the text, in order.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self._count: Counter[str] = Counter()
        self._second: set[str] = set()
        broken = False
        for line in lines:
            words = _WORD.findall(line.lower().replace("‐", "-"))
            # Parts of broken words are no words.
            first, broken = int(broken), line[-1:] in _HYPHENS and bool(line)
            self._count.update(words[first : len(words) - broken])
        for word in [word for word in self._count if "-" in word]:
            parts = word.split("-")
            self._second.update(parts[1:])
            for part in parts:
                self._count[part] += self._count[word]

    def join(self, before: str, after: str) -> tuple[bool, str]:
        """Say how a line goes on with the next.

        Args:
            before: the line.
            after: the next one.

        Returns:
            Whether the line's last character, a hyphen, falls away, and what stands between.
        """
        if not before or before[-1] not in _HYPHENS:
            return False, " "
        last, first = _LAST.search(before), _FIRST.match(after)
        if last is None or first is None:
            # A hyphen between digits or signs belongs to them; one after a space is a dash.
            attached = before[-2:-1].isalnum() and after[:1].isalnum()
            return False, "" if attached else " "
        if before[-1] == "\u00ad":
            return True, ""
        return (False, "") if self._keeps(last[1], first[0]) else (True, "")

    def _keeps(self, last: str, first: str) -> bool:
        """Say whether two parts of a broken word are joined by a hyphen of their own."""
        if not first[0].islower() or len(last) == 1:
            return True
        last, first = last.lower().replace("‐", "-"), first.lower()
        whole, compound = self._count[last + first], self._count[f"{last}-{first}"]
        if whole or compound:
            return compound > whole
        tail, head = last.rsplit("-", 1)[-1], first.split("-", 1)[0]
        second = head in self._second or head in _SECONDS
        if tail in _PREFIXES or (second and len(tail) >= _SHORTEST):
            return True
        both_words = self._count[tail] and self._count[head]
        return bool(both_words) and min(len(tail), len(head)) >= _SHORTEST
