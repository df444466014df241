"""What a PDF calls itself on its first page: the words in the largest type there."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.documents.pdf.traced import Written

_STANDS_OUT = 1.15  # times the usual size
_SAME = 0.95  # of the size of the first line of a title, in its other lines
_MOST_CHARACTERS = 200
_WORDS = re.compile(r"[^\W\d_]{2}")
_FEWEST_LETTERS = 4  # a large initial is no title


def largest_type(text: str, lines: Sequence[Written]) -> str:
    """Return the words in the largest type on page 1, "" where none stand out.

    Args:
        text: of the body.
        lines: of all pages, in order.
    """
    usual = _usual(lines)
    first = [line for line in lines if line.page == 1]
    for place in sorted(range(len(first)), key=lambda place: -first[place].size):
        if first[place].size < _STANDS_OUT * usual:
            break
        words = " ".join(text[first[place].start : _end(first, place)].split())
        if _is_title(words):
            return words
    return ""


def _usual(lines: Sequence[Written]) -> float:
    """Return the size in which most is written: half of all characters are no larger."""
    half = sum(line.end - line.start for line in lines) / 2
    for line in sorted(lines, key=lambda line: line.size):
        half -= line.end - line.start
        if half <= 0:
            return line.size
    return 0.0


def _end(lines: Sequence[Written], place: int) -> int:
    """Return where the lines end that follow one in its size, or are too many for a title."""
    begin = lines[place]
    end = begin.end
    for line in lines[place + 1 :]:
        alike = _SAME * begin.size <= line.size <= begin.size / _SAME
        if not alike or end - begin.start > _MOST_CHARACTERS:
            break
        end = line.end
    return end


def _is_title(words: str) -> bool:
    if len(words) > _MOST_CHARACTERS or not _WORDS.search(words):
        return False
    return sum(map(str.isalpha, words)) >= _FEWEST_LETTERS
