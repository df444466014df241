"""The text of a PDF while it is written, and where on the pages each of its characters stands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.documents.body import Body
from rag.documents.pdf.tables import Told

_BY_OCR = "by OCR"


@dataclass(frozen=True, slots=True)
class Written:
    """A line of a page, no row of a table and nothing in its margin, as it stands in the text.

    Attributes:
        start: its first character in the text of the body.
        end: one past its last one.
        page: its number.
        size: height of its type, in points.
    """

    start: int
    end: int
    page: int
    size: float


class Traced:
    """A body that knows of each character where on the pages it stands.

    Args:
        recognised: pages whose words a scanner's software had recognised.
        seen: pages whose words were recognised here.

    Attributes:
        body: the text.
        lines: of its paragraphs and lists.
        seen: whether words were recognised in pictures of pages, by us.
    """

    def __init__(self, *, recognised: Iterable[int], seen: Iterable[int]) -> None:
        self.body = Body()
        own = frozenset(seen)
        self.seen = bool(own)
        self._recognised = own | frozenset(recognised)
        self.lines: list[Written] = []
        self._pages: list[NDArray[np.int32]] = []
        self._index: list[NDArray[np.int32]] = []

    def add(self, told: Told, page: int, apart: str, size: float = 0.0) -> None:
        """Add text of a page.

        Args:
            told: text, and PDFium's number of each character.
            page: its number.
            apart: what stands between it and the text before.
            size: height of the type of a line; 0 for a row of a table, and what stands aside.
        """
        text, index = told
        before = len(self.body)
        self.body.mark("page", str(page))
        self.body.mark("recognised", _BY_OCR if page in self._recognised else "")
        self.body.add(text, apart)
        gap = len(self.body) - before - len(text)
        if len(self.body) > before:
            self._index += [np.full(gap, -1, np.int32), index]
            self._pages.append(np.full(gap + len(text), page, np.int32))
            if size:
                self.lines.append(Written(before + gap, len(self.body), page, size))

    def places(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return page and PDFium's number of each character, -1 where it stands nowhere."""
        none = np.zeros(0, np.int32)
        return np.concatenate([none, *self._pages]), np.concatenate([none, *self._index])
