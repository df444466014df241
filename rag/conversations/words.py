"""Texts as they are searched: folded, in words that every script has, and shown around a find.

Case, accents, vowel points and the width of letters do not count. Chinese, Japanese, Thai and
other scripts without spaces are searched by characters, so that any stretch of them is found.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from rag.conversations.values import Snippet

AROUND_CHARS = 60
MOST_WORDS = 32  # of one search

_PLAIN = re.compile(r"[a-z0-9]+", re.IGNORECASE | re.ASCII)
# Scripts written without spaces; each of their characters is a word of its own.
_UNSPACED = re.compile(
    "["
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f"  # Burmese
    "\u1780-\u17ff"  # Khmer
    "\u3040-\u30ff\u31f0-\u31ff"  # Japanese syllables
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd"  # Chinese
    "]"
)


class _Word(NamedTuple):
    """A folded word and where it stands in its text."""

    folded: str
    start: int
    end: int


def spread(text: str) -> str:
    """Return the words of a text, folded, with a space between: what is put into the index."""
    return " ".join(word.folded for word in _words(composed(text)))


def query(sought: str) -> str:
    """Return what is asked of the index: every word, each as the beginning of one; "" of no word.

    Characters of an unspaced script must follow each other.
    """
    return " ".join(f'"{" ".join(run)}"*' for run in _runs(sought))


def holds(text: str, sought: str) -> bool:
    """Say whether a text holds a word that is searched for."""
    runs, words = _runs(sought), list(_words(composed(text)))
    return any(_begins(words, place, run) for place in range(len(words)) for run in runs)


def snippet(text: str, sought: str, around: int = AROUND_CHARS) -> Snippet:
    """Return the first place of a text that holds a word searched for, in one line.

    Args:
        text: what is searched.
        sought: as it was typed.
        around: characters shown before the first word, and twice as many after it.
    """
    flat = " ".join(composed(text).split())
    spans = _spans(flat, _runs(sought))
    low, high = _cut(flat, spans[0][0] if spans else 0, around)
    pieces = [("… " if low else "", False)]
    at = low
    for start, end in spans:
        if at <= start < high:
            end = min(end, high)
            pieces += [(flat[at:start], False), (flat[start:end], True)]
            at = end
    pieces += [(flat[at:high], False), (" …" if high < len(flat) else "", False)]
    return tuple(piece for piece in pieces if piece[0])


def composed(text: str) -> str:
    """Return text with letters and their marks in one character where there is one."""
    return unicodedata.normalize("NFC", text)


def _cut(text: str, first: int, around: int) -> tuple[int, int]:
    """Return from where to where a text is shown, between words where there are any."""
    low, high = max(0, first - around), min(len(text), first + 2 * around)
    if low and (space := text.find(" ", low, first)) >= 0:
        low = space + 1
    if high < len(text) and (space := text.rfind(" ", first + around, high)) >= 0:
        high = space
    return low, high


def _runs(sought: str) -> list[tuple[str, ...]]:
    """Return what is searched for: words, and characters of unspaced scripts as they follow."""
    runs: list[tuple[str, ...]] = []
    end = -1
    for word in _words(composed(sought)):
        if runs and word.start == end and _unspaced(word.folded) and _unspaced(runs[-1][-1]):
            runs[-1] += (word.folded,)
        else:
            runs.append((word.folded,))
        end = word.end
    return list(dict.fromkeys(runs))[:MOST_WORDS]


def _spans(text: str, runs: Sequence[tuple[str, ...]]) -> list[tuple[int, int]]:
    """Return where what is searched for stands in a text."""
    words = list(_words(text))
    spans = []
    for place, word in enumerate(words):
        length = max((len(run) for run in runs if _begins(words, place, run)), default=0)
        if length:
            spans.append((word.start, words[place + length - 1].end))
    return spans


def _begins(words: Sequence[_Word], place: int, run: Sequence[str]) -> bool:
    """Say whether a run begins at a place; its last word may be the beginning of one."""
    last = place + len(run) - 1
    return (
        last < len(words)
        and words[last].folded.startswith(run[-1])
        and all(words[place + i].folded == run[i] for i in range(len(run) - 1))
    )


def _words(text: str) -> Iterator[_Word]:
    """Yield the words of a text in order."""
    if text.isascii():  # most of it is, and this is many times as fast
        for match in _PLAIN.finditer(text):
            yield _Word(match[0].lower(), *match.span())
        return
    begun, form = 0, ""
    for place, character in enumerate(text):
        folded = _folded(character)
        # An accent that is a character of its own belongs to the word and is not compared.
        if not folded and form:
            continue
        if _is_lettered(folded) and not _unspaced(character):
            begun = begun if form else place
            form += folded
            continue
        if form:
            yield _Word(form, begun, place)
            form = ""
        if folded and _unspaced(character):
            yield _Word(folded, place, place + 1)
    if form:
        yield _Word(form, begun, len(text))


@cache
def _folded(character: str) -> str:
    """Return the form in which a character is compared, "" of an accent."""
    if character.isascii():
        return character.lower()
    parts = unicodedata.normalize("NFKD", character).casefold()
    return composed("".join(part for part in parts if not _is_accent(part)))


@cache
def _is_lettered(folded: str) -> bool:
    """Say whether all of it belongs to a word: letters, digits and signs that go with them."""
    return bool(folded) and all(
        each.isalnum() or unicodedata.category(each).startswith("M") for each in folded
    )


def _is_accent(character: str) -> bool:
    """Say whether a character is an accent or a vowel point, which people leave out."""
    order = unicodedata.combining(character)
    # Fixed positions of Hebrew and Arabic points, then marks below, above and around letters.
    return 10 <= order <= 36 or order >= 202


@lru_cache(maxsize=65_536)
def _unspaced(character: str) -> bool:
    return bool(_UNSPACED.match(character))
