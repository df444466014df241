"""Which steps through the readers are taken: what takes a new one is worth changing further."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import rag.documents

_FOLDER = str(Path(rag.documents.__file__).parent)
Step = tuple[str, int, int]
"""File of the readers, and two of its lines that are run one after the other."""


@contextmanager
def steps() -> Iterator[set[Step]]:
    """Give every step from line to line of the readers that is taken inside."""
    found: set[Step] = set()

    def call(frame: FrameType, event: str, argument: object) -> Any:
        name = frame.f_code.co_filename
        if not name.startswith(_FOLDER):
            return None
        name = name.removeprefix(_FOLDER)
        before = frame.f_lineno

        def line(frame: FrameType, event: str, argument: object) -> Any:
            nonlocal before
            if event == "line":
                found.add((name, before, frame.f_lineno))
                before = frame.f_lineno
            return line

        return line

    sys.settrace(call)
    try:
        yield found
    finally:
        sys.settrace(None)
