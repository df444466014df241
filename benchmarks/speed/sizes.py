"""The same questions asked of the sample documents among more and more others.

The others are put together at random from sentences invented for training, and their vectors are
random too, so that a large collection is there in minutes. What it costs to search is that of real
ones, what it finds is not: the sample documents, whose vectors are real, stand out.
"""

from __future__ import annotations

import hashlib
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import rag  # noqa: F401  (sets OpenMP's waiting before anything heavy is loaded)
from benchmarks.runs import WORK, add_line, commit, read_lines
from benchmarks.speed.ways import Ours
from rag.config import Settings
from rag.embedder import Embedder, EmbedKind, load_embedder
from rag.evaluate import about, sets
from rag.index import build
from rag.passages import split_sentences
from training.texts import invented_texts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PASSAGES = (0, 1_000, 100_000)
_EACH = 50  # passages of one document, about
_PARAGRAPH = 7  # sentences, which make about one passage


class Scattered:
    """An embedder whose vectors are random, with everything else of a real one."""

    def __init__(self, real: Embedder) -> None:
        self._real = real
        self.name = real.name
        self.checksum = real.checksum
        self.dimension = real.dimension
        self.max_tokens = real.max_tokens

    def embed(self, texts: Sequence[str], *, kind: EmbedKind) -> NDArray[np.float32]:
        """Return one random unit row a text, the same for the same texts."""
        import numpy as np

        digest = hashlib.sha256("\n".join(texts).encode()).digest()
        rng = np.random.default_rng(int.from_bytes(digest[:8], "big"))
        rows = rng.standard_normal((len(texts), self.dimension), dtype=np.float32)
        unit: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return a word and a third for each word, which is about what they are."""
        return [len(text.split()) * 4 // 3 for text in texts]


def write_documents(folder: Path, passages: int) -> None:
    """Write about so many passages of random sentences, in files of some tens each."""
    sentences = [
        sentence.text
        for _, hit, _ in invented_texts()
        for sentence in split_sentences(hit.passage.text)
    ]
    folder.mkdir(parents=True)
    rng = random.Random(passages)
    for number in range(0, passages, _EACH):
        paragraphs = [
            " ".join(rng.choice(sentences) for _ in range(_PARAGRAPH))
            for _ in range(min(_EACH, passages - number))
        ]
        text = "\n\n".join(paragraphs)
        (folder / f"{number:06d}.txt").write_text(f"Report {number}\n\n{text}\n", "utf-8")


def collection(passages: int, embedder: Embedder, work: Path = WORK) -> Path:
    """Return the index of the sample documents among so many passages, made where it is missing."""
    folder = work / "sizes" / str(passages)
    index = folder / "index"
    if index.exists():
        return index
    half = folder / "half"
    if passages:
        if not (folder / "documents").exists():
            write_documents(folder / "documents", passages)
        build([folder / "documents"], half, Scattered(embedder))
    build([Path("seeds")], half, embedder)
    half.rename(index)
    return index


def run(out: Path, limit: int, sizes: Sequence[int] = PASSAGES) -> None:
    """Ask some sample questions of each collection, each cold and then warm."""
    done = {(row["size"], row["id"], row["way"]) for row in read_lines(out)}
    stand = commit()
    embedder = load_embedder(Settings().embedder)
    for size in sizes:
        index = collection(size, embedder)
        with tempfile.TemporaryDirectory() as folder:
            ours = Ours(index, Path(folder))
            ours.ask("What is this?", "cold")
            for question in sets.load(sets.SEEDS)[:limit]:
                for way in ("cold", "warm"):
                    if (size, question.id, way) in done:
                        continue
                    answer, row = ours.ask(question.text, way)
                    row |= {
                        "retrieve": answer.timings.retrieve_s,
                        "rss_mb": about.peak_memory_mib(),
                    }
                    row |= {"size": size, "passages": len(ours.single.index.passages), "way": way}
                    row |= {"id": question.id, "commit": stand}
                    add_line(out, row)
            ours.close()
