"""Which lines of the readers are run: what is new there is worth to be changed further."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import rag.documents

_FOLDER = str(Path(rag.documents.__file__).parent)
Step = tuple[str, int, int]
"""File of the readers, and two lines that are run one after the other."""


class NewLines:
    """Counts lines that were never run before; functions of which all are known cost nothing."""

    def __init__(self) -> None:
        self.seen = 0
        self._left: dict[CodeType, set[int]] = {}

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count what is run inside."""
        sys.settrace(self._call)
        try:
            yield
        finally:
            sys.settrace(None)

    def _call(self, frame: FrameType, event: str, argument: object) -> Any:
        code = frame.f_code
        left = self._left.get(code)
        if left is None:
            ours = code.co_filename.startswith(_FOLDER)
            left = {line for *_, line in code.co_lines() if line} if ours else set()
            self._left[code] = left
        return self._line if left else None

    def _line(self, frame: FrameType, event: str, argument: object) -> Any:
        left = self._left[frame.f_code]
        if event == "line" and frame.f_lineno in left:
            left.discard(frame.f_lineno)
            self.seen += 1
        return self._line


@contextmanager
def steps() -> Iterator[set[Step]]:
    """Give every step from line to line of the readers that is run inside."""
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
