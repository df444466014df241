"""Paragraphs, headings, lists and tables into canonical text, the same way for every format."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from typing import Protocol

from rag.documents.body import Body
from rag.documents.compose import PROPERTIES
from rag.documents.facts import Fact
from rag.documents.places import Headings, joined, under
from rag.documents.source import MOST_CHARACTERS, Content, Source

"""Between the headings of a path."""
_MAX_HEADING = 240  # characters; a longer one is a paragraph that is only set like a heading
MOST_COLUMNS = 64  # Word has no more
_NO_TEXT = "there is no text in it"
_SHOWN = 80  # characters of hidden text that are quoted
# What a line can begin with and be seen as an item of a list by those who cut text into sentences;
# an item with any other label becomes a paragraph.
_PLAIN_LABEL = re.compile(r"-|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,5})[.)]")
_RAISED = str.maketrans("0123456789+-−()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁽⁾ⁿ")
_NOTES: Sequence[tuple[str, str, str]] = (
    ("insertion", "1 tracked insertion kept", "{n} tracked insertions kept"),
    ("deletion", "1 tracked deletion left out", "{n} tracked deletions left out"),
    ("comment", "1 comment left out", "{n} comments left out"),
    ("contents", "the table of contents left out", "{n} tables of contents left out"),
    ("picture", "1 picture not read", "{n} pictures not read"),
    ("chart", "1 chart or diagram not read", "{n} charts or diagrams not read"),
    ("embedded", "1 embedded file not read", "{n} embedded files not read"),
    ("symbol", "1 character of a symbol font left out", "{n} characters of symbol fonts left out"),
    ("sign", "1 number of a note left out", "{n} numbers of notes left out"),
    ("missing", "1 part that the file names is not in it", "{n} parts that it names are not in it"),
)


class Sink(Protocol):
    """Where a reader puts what it finds, in order."""

    def heading(self, level: int, text: str) -> int:
        """Put a heading and return where it begins; level 0 is the title."""

    def paragraph(self, text: str) -> int:
        """Put a paragraph and return where it begins."""

    def item(self, label: str, text: str) -> int:
        """Put an item of a list and return where it begins; the label is "-" or its number."""

    def table(self, rows: Sequence[Sequence[str]]) -> object:
        """Put a table."""


class Outline:
    """A body with the path of headings that each part of it stands under.

    Args:
        body: what it is written to.
    """

    def __init__(self, body: Body) -> None:
        self.body = body
        self._path: Headings = []
        self._takes_items = False  # a list may follow in the next line

    @property
    def path(self) -> str:
        """The headings above what comes next, the widest first."""
        return joined(self._path)

    def heading(self, level: int, text: str) -> int:
        """Put a heading and return where it begins; level 0 is the title."""
        words = " ".join(text.split())
        if not words:
            return len(self.body)
        if len(words) <= _MAX_HEADING:
            self._path = under(self._path, level, words)
            self.body.mark("heading", self.path)
        self._takes_items = False
        return self.body.add(words)

    def close(self) -> None:
        """End every heading."""
        self._path = []
        self.body.mark("heading", "")
        self.pause()

    def part(self, name: str, path: str = "") -> None:
        """Begin a part of the file, "" for the main text again.

        Args:
            name: of the part.
            path: of headings that it belongs to.
        """
        self.close()
        self.body.mark("part", name)
        self.body.mark("heading", path)

    def pause(self) -> None:
        """Keep a list that follows apart from what is there."""
        self._takes_items = False

    def paragraph(self, text: str) -> int:
        """Put a paragraph and return where it begins."""
        words = tidy(text)
        self._takes_items = self._takes_items or bool(words)
        return self.body.add(words)

    def item(self, label: str, text: str) -> int:
        """Put an item of a list and return where it begins; the label is "-" or its number."""
        words = tidy(text)
        if not words:
            return len(self.body)
        is_plain = _PLAIN_LABEL.fullmatch(label) is not None
        apart = "\n" if is_plain and self._takes_items else "\n\n"
        self._takes_items = is_plain
        return self.body.add(f"{label} {words}", apart)

    def table(self, rows: Sequence[Sequence[str]]) -> list[int]:
        """Put a table, one line a row; one whose rows hold one cell each is layout.

        Returns:
            Where each row begins; of an empty one, which is left out, where the next does.
        """
        cells = [[" ".join(cell.split()) for cell in row] for row in rows]
        filled = [row for row in cells if any(row)]
        if all(sum(map(bool, row)) == 1 for row in filled):
            starts = [self.paragraph("".join(row)) for row in filled]
        else:
            width = max(len(row) - next(i for i, c in enumerate(row[::-1]) if c) for row in filled)
            lines = [f"| {' | '.join(row[:width])} |" for row in filled]
            starts = [self.body.add(line, "\n" if i else "\n\n") for i, line in enumerate(lines)]
            self.pause()
        starts.append(len(self.body))
        above = accumulate((any(row) for row in cells[:-1]), initial=0)
        return [starts[count] for count in above] if cells else []


class Cell:
    """The text of one cell of a table, on one line."""

    def __init__(self) -> None:
        self._pieces: list[str] = []

    def heading(self, level: int, text: str) -> int:
        """Put a heading, which is none inside a table."""
        return self.paragraph(text)

    def paragraph(self, text: str) -> int:
        """Put a paragraph."""
        self._pieces.append(text)
        return 0

    def item(self, label: str, text: str) -> int:
        """Put an item of a list."""
        if text.strip():
            self._pieces.append(f"{label} {text}")
        return 0

    def table(self, rows: Sequence[Sequence[str]]) -> None:
        """Put a table inside the table."""
        self._pieces += [cell for row in rows for cell in row]

    @property
    def text(self) -> str:
        """All of it."""
        return " ".join(" ".join(self._pieces).split())


class Tally:
    """What a reader saw and did not put into the text."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._hidden: list[str] = []

    def add(self, kind: str, count: int = 1) -> None:
        """Count something that was left out or not read."""
        self._counts[kind] += count

    def hide(self, text: str) -> None:
        """Keep the words of a stretch that the program that made the file does not show."""
        words = " ".join(text.split())
        if words:
            self._hidden.append(words)

    def __getitem__(self, kind: str) -> int:
        return self._counts[kind]

    def note(self, notes: list[str]) -> None:
        """Add to the notes what was counted and hidden."""
        for kind, one, more in _NOTES:
            if count := self._counts[kind]:
                notes.append(one if count == 1 else more.format(n=count))
        if self._hidden:
            others = len(self._hidden) - 1
            also = f" and {others} more stretch{'es' if others > 1 else ''}" if others else ""
            notes.append(f"hidden text left out: “{self._hidden[0][:_SHOWN]}”{also}")


def finished(
    source: Source,
    format: str,
    outline: Outline,
    tally: Tally,
    facts: list[Fact],
    notes: Sequence[str] = (),
) -> Content:
    """Return the content of a file that has been read to its end.

    Args:
        source: the file.
        format: the reader's name.
        outline: its text.
        tally: what is not in it.
        facts: what its properties state.
        notes: further notes, put first.

    Raises:
        EmptyDocumentError: there is no text.
        UnreadableDocumentError: there is too much.
    """
    if not len(outline.body):
        raise source.empty("there are only pictures in it" if tally["picture"] else _NO_TEXT)
    if len(outline.body) > MOST_CHARACTERS:
        problem = f"it has more than {MOST_CHARACTERS / 1e6:,.0f} million characters"
        raise source.refused(f"{problem}; split it")
    said = list(notes)
    tally.note(said)
    return Content(format, outline.body, facts, PROPERTIES, said)


def tidy(text: str) -> str:
    """Return a paragraph without white space at the ends of its lines and without empty lines."""
    return "\n".join(line.strip() for line in text.split("\n") if line.strip())


def raised(text: str) -> str:
    """Return superscript text in characters that stay raised: 10⁶ is not 106.

    Words are left as they are (1st, Mme); only numbers change their meaning.
    """
    found = text.translate(_RAISED)
    return found if not any(c.isascii() and c.isalnum() for c in found) else text


def padded(cell: str, span: int) -> list[str]:
    """Return a cell with the empty ones that it covers to its right."""
    return [cell] + [""] * (max(1, min(span, MOST_COLUMNS)) - 1)


def numbered(value: int, form: str) -> str:
    """Return a number of a list as it is shown.

    Args:
        value: from 1; others are shown as decimals.
        form: "1", "a", "A", "i" or "I".
    """
    if value < 1 or form == "1" or value > 4999:
        return str(value)
    if form in "aA":
        # After z comes aa, after that bb.
        return (chr(ord(form) + (value - 1) % 26)) * ((value - 1) // 26 + 1)
    found = ""
    for size, sign in zip(_SIZES, _SIGNS, strict=True):
        found += sign * (value // size)
        value %= size
    return found if form == "I" else found.lower()


_SIZES = (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1)
_SIGNS = ("M", "CM", "D", "CD", "C", "XC", "L", "XL", "X", "IX", "V", "IV", "I")
