"""Questions that the documents answer, each asked before it is shown."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rag.types import Answer

if TYPE_CHECKING:
    from rag.assistant import Assistant

MOST = 3


def suggest(
    assistant: Assistant, answer: Answer, cancel: threading.Event | None = None
) -> Iterator[str]:
    """Yield questions to ask next."""
    yield from ()
