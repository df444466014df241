"""Characters of canonical text: line feeds only, no byte order mark, no control characters."""

from __future__ import annotations

import re

from rag.documents.hidden import note_unseen

CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


def without_controls(text: str) -> tuple[str, int]:
    """Return text with line feeds for line ends, and how many control characters were left out."""
    text, left_out = CONTROL.subn("", text.replace("\r\n", "\n").replace("\r", "\n"))
    # Behind what was left out there may be another mark: done twice, this must change nothing.
    return text.lstrip("\ufeff"), left_out


def on_one_line(words: str) -> str:
    """Return words of a file as they can be shown on a line of their own, by any terminal."""
    return " ".join(CONTROL.sub(" ", words).split())


def clean(text: str, notes: list[str]) -> str:
    """Return canonical text.

    Args:
        text: as decoded.
        notes: how many control characters were left out, and what is not seen, is added here.
    """
    text, left_out = without_controls(text)
    note_left_out(left_out, notes)
    note_unseen(text, notes)
    return text


def note_left_out(count: int, notes: list[str]) -> None:
    """Add a note of control characters that were left out, if any were."""
    if count:
        notes.append(f"{count} control character{'s' if count > 1 else ''} left out")
