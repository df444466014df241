"""Headings of a PDF: its bookmarks, at the lines of its pages that say the same words."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rag.documents.pdf.traced import Written
from rag.documents.places import Headings, joined, under

_MOST_LINES = 4  # of a heading
_MOST_CHARACTERS = 200
_FEWEST_FOUND = 0.5  # of the bookmarks; with fewer they are no headings of this text
_NUMBER = re.compile(r"\s*(?:\d{1,3}|[A-Z]|[IVXLC]{1,7})(?:\.\d{1,3})*[.):]?\s+")


class Bookmark(NamedTuple):
    """An entry of the list that PDF viewers show beside the pages.

    Attributes:
        level: from 1.
        title: its words, on one line.
        page: that it leads to, 0 where it leads to none.
    """

    level: int
    title: str
    page: int


def headings(
    text: str, lines: Sequence[Written], bookmarks: Sequence[Bookmark]
) -> list[tuple[int, str]]:
    """Return where the path of headings changes in a text, and the path from there on.

    A bookmark is a heading where lines on its page say its words. Where none do, the text from
    there on is under the headings above it alone: what it stands under is not guessed.

    Args:
        text: of the body.
        lines: of its pages, in order.
        bookmarks: in their order.
    """
    said = _said(text, lines)
    begins: dict[int, int] = {}
    for line in lines:
        begins.setdefault(line.page, line.start)
    pages = sorted(begins)
    path: Headings = []
    out: list[tuple[int, str]] = []
    at = last = count = 0
    for mark in bookmarks:
        if 0 < mark.page < last:  # it leads back, as to a list of contents
            continue
        last = max(last, mark.page)
        runs = [said.get((mark.page, key), []) for key in _keys(mark.title)]
        found = [run for each in runs for run in each[bisect_left(each, (at, 0)) :][:1]]
        if found:
            start, end = min(found)
            path = under(path, mark.level, mark.title)
            count += 1
        else:
            path = [(level, title) for level, title in path if level < mark.level]
            page = bisect_left(pages, last)
            start = end = max(at, begins[pages[page]] if page < len(pages) else len(text))
        if not mark.page or start >= len(text):  # it begins where the next one below it does
            continue
        at = end
        if joined(path) != (out[-1][1] if out else ""):
            out.append((start, joined(path)))
    return out if count and count >= _FEWEST_FOUND * len(bookmarks) else []


def _said(text: str, lines: Sequence[Written]) -> dict[tuple[int, str], list[tuple[int, int]]]:
    """Return by page and words where up to a few lines that say them begin and end."""
    said: dict[tuple[int, str], list[tuple[int, int]]] = {}
    for place, line in enumerate(lines):
        for other in lines[place : place + _MOST_LINES]:
            words = text[line.start : other.end]
            if other.page != line.page or len(words) > _MOST_CHARACTERS + _MOST_LINES:
                break
            for key in _keys(words):
                said.setdefault((line.page, key), []).append((line.start, other.end))
    return said


def _keys(words: str) -> Iterator[str]:
    """Yield the letters and digits of words, with the number before them and without it."""
    number = _NUMBER.match(words)
    for each in (words, words[number.end() :] if number else ""):
        key = re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", each)).casefold()
        if key:
            yield key


def tidy(title: str) -> str:
    """Return the words of a bookmark on one line, "" where they are too many for a heading."""
    words = " ".join(re.sub(r"[\x00-\x1f\x7f\ufeff\ufffd]", " ", title).split())
    return words if len(words) <= _MOST_CHARACTERS else ""
