"""Footnote: answers from your own documents, every sentence proven.

The way of the data is the order of the files:

    documents -> passages -> embedder, index -> retrieve -> prompt, llm -> prove -> assistant
    (reading)    (cutting)   (keeping)          (finding)   (writing)      (proving) (the way)

    >>> import rag
    >>> answer = rag.ask("what conditions did Microsoft set?")     # doctest: +SKIP
    >>> print(answer.text)                                         # doctest: +SKIP
    >>> answer.statements[0].citations[0].quote                    # doctest: +SKIP

Importing this package loads nothing heavy.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

# OpenMP threads that spin while waiting slow every other busy process on the machine by half
# and cost nothing to turn off; it must be said before torch, faiss or llama.cpp is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "500")

from rag.config import Settings
from rag.errors import RagError
from rag.types import Answer, Citation, Statement, Verdict

if TYPE_CHECKING:
    from rag.assistant import Assistant

__version__ = "0.1.0"

__all__ = [
    "Answer",
    "Assistant",
    "Citation",
    "RagError",
    "Settings",
    "Statement",
    "Verdict",
    "ask",
]


def ask(question: str, *, index: str = "seeds", **settings: Any) -> Answer:
    """Answer one question from an index.

    The index and the models stay open for the next question of this process.

    Args:
        question: in plain words.
        index: name of a folder under `indexes/`, or a path.
        settings: any field of `Settings`, for example `model="path/to/model.gguf"`.

    Raises:
        RagError: see `rag.errors`.
    """
    from rag.assistant import shared

    return shared(index, Settings(**settings)).ask(question)


def __getattr__(name: str) -> Any:
    """Load `Assistant` when it is first asked for."""
    if name == "Assistant":
        from rag.assistant import Assistant

        return Assistant
    raise AttributeError(f"module 'rag' has no attribute {name!r}")
