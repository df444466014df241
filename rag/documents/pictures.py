"""Pages of the documents as they are shown, with cited words marked where they stand."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from rag.documents.compose import body_start
from rag.documents.source import PLAINLY, ReadOptions, as_read
from rag.documents.worker import Worker
from rag.types import Document

SECONDS = 20.0


class Pictures:
    """Draws pages in a process of its own, one after the other; begun with the first.

    Args:
        options: as the files were read.
    """

    def __init__(self, options: ReadOptions = PLAINLY) -> None:
        self._options = options
        self._worker = Worker(options, seconds=SECONDS)
        self._lock = threading.Lock()

    def page(self, document: Document, page: int, marked: Sequence[tuple[int, int]]) -> bytes:
        """Return a page of a PDF as a PNG file.

        Args:
            document: as indexed; its file must not have changed.
            page: its number, from 1.
            marked: stretches of the document's text that are marked on it.

        Raises:
            DocumentError: the file is no PDF, has changed or is gone, or has no such page.
        """
        ahead = body_start(document)
        own = [(start - ahead, end - ahead) for start, end in marked]
        with self._lock:
            return self._worker.picture(
                document.path, page, own, document.id, as_read(document.metadata, self._options)
            )

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._worker.close()
