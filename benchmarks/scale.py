"""An index of a million passages: opening it, asking it, adding a file to it.

    python -m benchmarks.scale make [--passages 1000000]   writes it, once
    python -m benchmarks.scale run [--save]                each figure in a process of its own

The documents are put together at random from sentences invented for training. Their vectors are
those of the sentences, mixed with one another and with noise, so that they lie about as real ones
do; those of a passage are the mean of its sentences'. Cutting and embedding are left out, for they
would take a day: the segments are written as `rag index` writes them, then nothing differs.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rag  # noqa: F401  (sets OpenMP's waiting before anything heavy is loaded)
from benchmarks.runs import WORK, commit, measured
from rag.config import Settings
from rag.embedder import Embedder, load_embedder
from rag.evaluate import about
from rag.index import Index, build
from rag.index.filling import known_by
from rag.index.rows import DocumentRow, Place, text_line
from rag.index.segment import COLUMNS, Contents
from rag.index.state import Next, write
from rag.index.survey import pipeline
from rag.index.vectors import EXACT
from rag.index.writing import SegmentWriter
from rag.passages import split_sentences
from rag.retrieve import retrieve
from rag.types import Document
from training.texts import invented_texts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RESULTS = Path("benchmarks/results/scale")
FOLDER = WORK / "scale"
EACH = 50  # passages of one document
SENTENCES = 7  # of one passage
QUESTIONS = 200
NEAREST = 10
MIXED = (0.5, 0.9)  # how much of a sentence's own vector is left
NOISE = 0.02
BUILDS = 5


def sentences() -> list[str]:
    """Return the sentences that everything is put together from."""
    found = (
        sentence.text
        for _, hit, _ in invented_texts()
        for sentence in split_sentences(hit.passage.text)
    )
    return [text for text in dict.fromkeys(found) if 20 < len(text) < 250]


def make(folder: Path, passages: int, embedder: Embedder) -> None:
    """Write an index of so many passages."""
    if (folder / "index").exists():
        return
    half = folder / "half"
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    parts = sentences()
    real = embedder.embed(parts, kind="document")
    names: list[str] = []
    writer: SegmentWriter | None = None
    for number in range(passages // EACH):
        if writer is not None and writer.full:
            writer.close()
            writer = None
        if writer is None:
            names.append(f"segment-{len(names) + 1:06d}")
            writer = SegmentWriter(half / names[-1], embedder.dimension, (EXACT, EXACT))
        writer.add(*_document(number, parts, real))
        if number % 1000 == 0:
            print(f"{number * EACH} passages", file=sys.stderr)
    if writer is not None:
        writer.close()
    write(half, Next((), names, {"/nowhere"}), embedder)
    half.rename(folder / "index")


def _document(
    number: int, parts: list[str], real: NDArray[np.float32]
) -> tuple[DocumentRow, Contents]:
    """Return one document as it lies in a segment."""
    import numpy as np

    chosen, vectors = _drawn(number, len(parts), real)
    title = f"Report {number}"
    pieces: list[str] = [title, "\n\n"]
    at = len(title) + 2
    passages = np.zeros(EACH, dtype=COLUMNS["passages.npy"])
    found = np.zeros(EACH * SENTENCES, dtype=COLUMNS["sentences.npy"])
    for place, part in enumerate(chosen):
        text = parts[part]
        first, last = place % SENTENCES == 0, place % SENTENCES == SENTENCES - 1
        if first:
            passages[place // SENTENCES]["start"] = at
        found[place]["start"], found[place]["end"] = at, at + len(text)
        if last:
            passages[place // SENTENCES]["end"] = at + len(text)
        gap = "\n\n" if last else " "
        pieces += [text, gap]
        at += len(text) + len(gap)
    passages["sentences"] = SENTENCES
    keys = [known_by(f"{number}:{place}") for place in range(EACH * SENTENCES + EACH)]
    found["embedded"] = np.frombuffer(b"".join(keys[: len(found)]), dtype="V16")
    passages["embedded"] = np.frombuffer(b"".join(keys[len(found) :]), dtype="V16")
    document = Document(
        id=known_by(title).hex(),
        root="/nowhere",
        source=f"{number:06d}.txt",
        text="".join(pieces),
        title=title,
        metadata={"title": title, "publisher": f"Publisher {number % 40}"},
        origins={"title": "first line"},
        format="text",
    )
    row = DocumentRow.of(document, [Place("/nowhere", document.source)], document.id, pipeline())
    return row, Contents(text_line(document), passages, found, _means(vectors), vectors)


def _drawn(
    number: int, count: int, real: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the sentences of a document and their vectors, the same each time."""
    import numpy as np

    rng = np.random.default_rng(number)
    chosen = rng.integers(0, count, EACH * SENTENCES)
    others = rng.integers(0, count, len(chosen))
    share = rng.uniform(*MIXED, (len(chosen), 1)).astype(np.float32)
    noise = rng.standard_normal((len(chosen), real.shape[1]), dtype=np.float32) * NOISE
    return chosen, _unit(share * real[chosen] + (1 - share) * real[others] + noise)


def _means(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return _unit(vectors.reshape(EACH, SENTENCES, -1).mean(axis=1))


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    import numpy as np

    unit: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


# --- what is measured, each in a process of its own --------------------------------------------


def opening(folder: Path) -> dict[str, float | None]:
    """Open the index."""
    import faiss  # noqa: F401  (a process loads its libraries once, whatever it opens)
    import numpy  # noqa: F401
    import tantivy  # noqa: F401

    began = time.perf_counter()
    index = Index.open(folder / "index")
    seconds = time.perf_counter() - began
    return {
        "open_s": seconds,
        "open_peak_mb": about.peak_memory_mib(),
        "passages": len(index.passages),
        "sentences": index.manifest.sentences,
        "documents": len(index.documents),
        "segments": len(index.parts),
        "disk_mb": sum(e.bytes for e in index.manifest.files.values()) / 1e6,
    }


def asking(folder: Path) -> dict[str, float | None]:
    """Ask questions: the vector of each made, passages found, the best of them read."""
    embedder = load_embedder(Settings().embedder)
    index = Index.open(folder / "index", embedder.checksum)
    rng = random.Random(7)
    parts = sentences()
    asked = [" ".join(rng.choice(parts).split()[:12]) for _ in range(QUESTIONS + 5)]
    steps: dict[str, Callable[[str], object]] = {
        "embed": lambda text: embedder.embed([text], kind="query"),
        "query": lambda text: retrieve(
            text, index, embedder, passages=6, budget_tokens=Settings().budget_tokens
        ),
    }
    spent: dict[str, list[float]] = {name: [] for name in steps}
    for text in asked:
        for name, step in steps.items():
            began = time.perf_counter()
            step(text)
            spent[name].append(time.perf_counter() - began)
    figures: dict[str, float | None] = {}
    for name, seconds in spent.items():
        warm = sorted(seconds[5:])
        figures[f"{name}_p50_ms"] = 1000 * statistics.median(warm)
        figures[f"{name}_p95_ms"] = 1000 * warm[int(0.95 * len(warm))]
    return figures | {"query_peak_mb": about.peak_memory_mib()}


def recall(folder: Path) -> dict[str, float | None]:
    """Compare what is found with what is nearest in full, passages and sentences."""
    import numpy as np

    embedder = load_embedder(Settings().embedder)
    parts = sentences()
    real = embedder.embed(parts, kind="document")
    index = Index.open(folder / "index")
    rng = np.random.default_rng(11)
    drawn = real[rng.integers(0, len(real), QUESTIONS // 2)]
    asked = _unit(drawn + rng.standard_normal(drawn.shape).astype(np.float32) * 0.03)
    best: list[tuple[NDArray[np.float32], NDArray[np.int64]]] = []
    documents = len(index.documents)
    for first in range(0, documents, 500):
        rows = np.concatenate(
            [
                _means(_drawn(number, len(parts), real)[1])
                for number in range(first, min(first + 500, documents))
            ]
        )
        cosines = rows @ asked.T
        top = np.argpartition(-cosines, NEAREST, axis=0)[:NEAREST]
        best.append((np.take_along_axis(cosines, top, axis=0), top + first * EACH))
    cosines = np.concatenate([each[0] for each in best])
    rows = np.concatenate([each[1] for each in best])
    order = np.argsort(-cosines, axis=0)[:NEAREST]
    exact = np.take_along_axis(rows, order, axis=0)
    shares = [
        len({row for row, _ in index.search_dense(vector, 200)[:NEAREST]} & set(exact[:, at]))
        / NEAREST
        for at, vector in enumerate(asked)
    ]
    return {"recall_at_10": statistics.mean(shares), "recall_questions": len(shares)}


def adding(folder: Path) -> dict[str, float | None]:
    """Add a file to a copy of the index, then a second one, which costs what it always does."""
    embedder = load_embedder(Settings().embedder)
    embedder.embed(["A first text loads the model."], kind="document")
    with tempfile.TemporaryDirectory(dir=folder) as place:
        copy = Path(place) / "index"
        # Files of segments never change, so both may share them.
        shutil.copytree(folder / "index", copy, copy_function=_link)
        seconds = []
        for number in range(BUILDS):
            file = Path(place) / f"new-{number}.txt"
            text = "\n\n".join(_paragraphs(number))
            file.write_text(f"A new report {number}\n\n{text}\n", "utf-8")
            began = time.perf_counter()
            report = build([file], copy, embedder)
            seconds.append(time.perf_counter() - began)
            assert report.added == (file.name,)
            (hit, *_) = Index.open(copy).search_lexical(f"new report {number}", 1)
            assert hit
    return {
        "add_first_s": seconds[0],
        "add_p50_s": statistics.median(seconds),
        "add_most_s": max(seconds),
        "add_peak_mb": about.peak_memory_mib(),
    }


def _link(source: str, target: str) -> None:
    shutil.copy2(source, target) if source.endswith(".json") else Path(target).hardlink_to(source)


def _paragraphs(number: int) -> Iterator[str]:
    rng = random.Random(number)
    parts = sentences()
    for _ in range(5):
        yield " ".join(rng.choice(parts) for _ in range(SENTENCES))


STEPS = {step.__name__: step for step in (opening, asking, recall, adding)}


def run(folder: Path) -> dict[str, Any]:
    """Take every figure in a process of its own."""
    figures: dict[str, Any] = {"commit": commit(), "measured": measured()}
    # Twice what depends on whether the system holds the files; the first figures are kept beside.
    for name in ("opening", "asking", *STEPS):
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.scale", name, "--folder", str(folder)],
            check=True,
            stdout=subprocess.PIPE,
        )
        found = json.loads(done.stdout)
        again = {f"first_{key}": figures[key] for key in found if key in figures}
        figures |= again | found
        print(json.dumps(figures, indent=1), file=sys.stderr)
    return figures


def table(result: dict[str, Any]) -> str:
    """Return the figures as a table."""
    rows = {
        "passages, sentences": f"{result['passages']:,}, {result['sentences']:,}",
        "on the disk": f"{result['disk_mb'] / 1000:.1f} GB in {result['segments']} segments",
        "opening, and the first time after other work": (
            f"{result['open_s']:.2f} and {result['first_open_s']:.2f} s"
        ),
        "a question's passages, median and 95 %": (
            f"{result['query_p50_ms']:.0f} and {result['query_p95_ms']:.0f} ms"
            f" (its vector {result['embed_p50_ms']:.0f} ms)"
        ),
        "the same, the first 200 questions after other work": (
            f"{result['first_query_p50_ms']:.0f} and {result['first_query_p95_ms']:.0f} ms"
        ),
        "ten nearest passages found": f"{result['recall_at_10']:.3f}",
        "most memory, the embedder's with it": f"{result['query_peak_mb']:.0f} MB",
        "adding a file, median and most of five": (
            f"{result['add_p50_s']:.1f} and {result['add_most_s']:.1f} s"
        ),
    }
    lines = [f"| {name} | {value} |" for name, value in rows.items()]
    return "\n".join(["| what | figure |", "|---|---|", *lines])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale")
    parser.add_argument("step", choices=("make", "run", *STEPS))
    parser.add_argument("--passages", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--save", action="store_true")
    given = parser.parse_args()
    folder = given.folder or FOLDER / str(given.passages)
    match given.step:
        case "make":
            make(folder, given.passages, load_embedder(Settings().embedder))
        case "run":
            figures = run(folder) | {"passages_asked_for": given.passages}
            print(json.dumps(figures, indent=1))
            if given.save:
                RESULTS.mkdir(parents=True, exist_ok=True)
                out = RESULTS / f"{given.passages}-{figures['commit'].rstrip('+')[:12]}.json"
                out.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
        case step:
            print(json.dumps(STEPS[step](folder)))


if __name__ == "__main__":
    main()
