"""Small real implementations for tests and for trying things without models.

Not mocks: the embedder maps texts to vectors by their words, the writer answers by quoting
the sentence of the passage that shares most words with the question.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rag.errors import CancelledError
from rag.llm import Piece
from rag.passages import split_sentences
from rag.prompt import REFUSAL, Prompt
from rag.types import Document, Hit, Passage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_WORD = re.compile(r"\w+")
_COMMON = frozenset("a an and are as at be by did do does for from has how in is it of on".split())
_COMMON |= frozenset("or that the this to was what when where which who why will with".split())


class FakeEmbedder:
    """Hashed bags of words as unit vectors: texts that share words are near.

    Args:
        dimension: length of a vector.
        checksum: told as the checksum of its weights.
    """

    def __init__(self, dimension: int = 64, *, checksum: str = "fake") -> None:
        self.name = "fake-embedder"
        self.checksum = checksum
        self.dimension = dimension
        self.max_tokens = 256

    def embed(
        self, texts: Sequence[str], *, kind: Literal["query", "document"]
    ) -> NDArray[np.float32]:
        """Return unit rows, float32, shape (len(texts), dimension)."""
        import numpy as np

        rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in _content(text):
                digest = hashlib.blake2b(word.encode(), digest_size=4).digest()
                rows[row, int.from_bytes(digest, "big") % self.dimension] += 1.0
            if not rows[row].any():
                rows[row, 0] = 1.0
        unit: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of words of each text."""
        return [len(_WORD.findall(text)) for text in texts]


class FakeLLM:
    """Quotes the sentence that shares most content words with the question, or refuses.

    Args:
        reply: called with the prompt in place of quoting.
        on_piece: called after each piece, for tests that stop in the middle.
        lean: log-odds of "yes" it answers every question with.
    """

    def __init__(
        self,
        reply: Callable[[Prompt], str] | None = None,
        *,
        on_piece: Callable[[str], None] | None = None,
        lean: float = 0.9,
    ) -> None:
        self.name = "fake-llm"
        self._lean = lean
        self.prompts: list[Prompt] = []
        self._reply = reply or quote_best_sentence
        self._on_piece = on_piece

    def generate(
        self, *prompts: Prompt, max_tokens: int, cancel: threading.Event | None = None
    ) -> Iterator[Piece]:
        """Yield the replies word by word, those to several prompts in turn."""
        replies = []
        for draft, prompt in enumerate(prompts):
            self.prompts.append(prompt)
            length = len(_WORD.findall(prompt.system + prompt.reading + prompt.asking))
            words = re.findall(r"\S+\s*", self._reply(prompt))[:max_tokens]
            replies.append([Piece(word, -0.1, length, draft) for word in words])
        for piece in filter(None, chain.from_iterable(zip_longest(*replies))):
            if cancel is not None and cancel.is_set():
                raise CancelledError("stopped; ask again when you like.")
            yield piece
            if self._on_piece is not None:
                self._on_piece(piece.text)

    def log_odds(self, prompt: Prompt, *, cancel: threading.Event | None = None) -> float:
        """Lean to yes as far as it was told to."""
        if cancel is not None and cancel.is_set():
            raise CancelledError("stopped; ask again when you like.")
        self.prompts.append(prompt)
        return self._lean


def quote_best_sentence(prompt: Prompt) -> str:
    """Return the sentence of the passage nearest to the question by shared words."""
    asked = re.search(r"Question: (.*)", prompt.asking)
    wanted = _content(asked.group(1) if asked else prompt.asking)
    sentences = re.split(r"(?<=[.!?])\s+|\n+", prompt.reading)
    best = max(sentences, key=lambda text: len(wanted & _content(text)))
    return best if len(wanted & _content(best)) >= 2 else REFUSAL


def tiny_corpus(folder: Path) -> Path:
    """Write three short documents into `folder` and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in _DOCUMENTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def passages_of(passages: Iterable[Passage]) -> Callable[[str], list[Passage]]:
    """Return what gives the passages of a document by its id, as an index does."""
    every = list(passages)
    return lambda document_id: [each for each in every if each.document_id == document_id]


def make_document(
    text: str, *, source: str = "one.txt", title: str = "A report", **metadata: str
) -> Document:
    """Return a document made in memory, its metadata as if from front matter."""
    known = {"title": title, **metadata}
    return Document(
        id=f"id-{source}",
        root="/nowhere",
        source=source,
        text=text,
        title=title,
        metadata=known,
        origins=dict.fromkeys(known, "front matter"),
        format="text",
    )


def make_hit(
    text: str,
    *,
    source: str = "one.txt",
    title: str = "A report",
    score: float = 1.0,
    **metadata: str,
) -> Hit:
    """Return a text as the one passage of a document made in memory."""
    document = make_document(text, source=source, title=title, **metadata)
    passage = Passage(
        id=f"{document.id}:0-{len(text)}",
        document_id=document.id,
        start=0,
        end=len(text),
        text=text,
        sentences=tuple(split_sentences(text)),
    )
    return Hit(passage, document, score)


def _content(text: str) -> set[str]:
    return {word for word in _WORD.findall(text.lower()) if word not in _COMMON}


_DOCUMENTS = {
    "harbour.md": (
        "---\ntitle: Harbour bridge closes for repairs\npublisher: Coast Courier\n"
        "date: 2024-03-05\n---\n\n"
        "The harbour bridge will close on 12 March for eleven weeks. "
        "Mayor Ada Quist said the city will pay 4.2 million euros for the repairs.\n\n"
        "Buses will not cross the bridge until the work is finished. "
        "The ferry runs every twenty minutes instead.\n"
    ),
    "library.txt": (
        "Library extends its opening hours\n\n"
        "The town library opens on Sundays from May. "
        "Librarian Tomas Berg said the change follows a survey of 600 readers.\n\n"
        "Borrowing stays free, but lost cards cost 3 euros.\n"
    ),
    "orchard.txt": (
        "Orchard report for the season\n\n"
        "The orchard picked 80 tonnes of apples in 2023, a fifth less than the year before. "
        "Late frost in April damaged the blossom.\n\n"
        "The growers plan to plant pears on the north slope.\n"
    ),
}
