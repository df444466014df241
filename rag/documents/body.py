"""Canonical text put together piece by piece, with marks of where each piece stood."""

from __future__ import annotations

from collections.abc import Sequence

from rag.documents.characters import note_left_out, on_one_line, without_controls
from rag.documents.hidden import note_unseen
from rag.types import Mark, PlaceKind


class Body:
    """The text of a document while it is being read.

    Args:
        text: what it begins with.
    """

    def __init__(self, text: str = "") -> None:
        self._pieces: list[str] = []
        self._length = 0
        self._waiting: dict[PlaceKind, str] = {}
        self._marks: list[Mark] = []
        self._known: dict[PlaceKind, str] = {}
        self._left_out = 0
        if text:
            self.add(text)

    def mark(self, kind: PlaceKind, value: str) -> None:
        """Say where what is added next stands; "" where a division of that kind ends."""
        self._waiting[kind] = on_one_line(value)

    def mark_at(self, start: int, kind: PlaceKind, value: str) -> None:
        """Say where what was added from `start` on stands."""
        self._marks.append(Mark(start, kind, on_one_line(value)))

    def add(self, text: str, apart: str = "\n\n") -> int:
        """Add a piece and return where it begins.

        Line ends become line feeds, and control characters are left out and counted. A piece
        without any visible character adds nothing.

        Args:
            text: the piece.
            apart: what stands between it and what is there before, if anything is.
        """
        clean, left_out = without_controls(text)
        self._left_out += left_out
        if not clean.strip():
            return self._length
        if self._length:
            self._put(apart)
        start = self._length
        self._put(clean)
        for kind, value in self._waiting.items():
            if self._known.get(kind, "") != value:
                self._marks.append(Mark(start, kind, value))
                self._known[kind] = value
        self._waiting.clear()
        return start

    def _put(self, text: str) -> None:
        self._pieces.append(text)
        self._length += len(text)

    def __len__(self) -> int:
        return self._length

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(self._pieces)

    @property
    def marks(self) -> Sequence[Mark]:
        """Where divisions begin, in order."""
        return sorted(self._marks, key=lambda mark: mark.start)

    def note(self, notes: list[str]) -> None:
        """Add to the notes what was left out of the text, and what in it is not seen."""
        note_left_out(self._left_out, notes)
        note_unseen(self.text, notes)
