"""The default embedder by sentence-transformers, in float32 and in int8: speed and what is found.

    python -m benchmarks.embedding speed [--texts 40] [--rounds 5] [--threads 1 2]
    python -m benchmarks.embedding start [--rounds 3]
    python -m benchmarks.embedding retrieval [--sets NAME …] [--per-set 1500]

`speed` embeds passages and sentences of shared documents under their headings, sorted by length
and in batches as an index does it, each way in turn; seconds are medians, ratios those of each
round's. `start` is a new process up to the vector of its first question. `retrieval` indexes the
documents of shared sets in float32 and in int8 and asks the same questions of both, and the sample
questions of the sample documents; a passage is relevant if it is of a gold document and holds a
gold sentence or, where none is marked, an answer.
"""

from __future__ import annotations

import argparse
import itertools
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import rag  # noqa: F401  (sets OpenMP's waiting before anything heavy is loaded)
from benchmarks import runs, sets
from benchmarks.runs import Row, contains
from rag.catalogue import model_path
from rag.config import DEFAULT_EMBEDDER, Settings
from rag.embedder import Embedder, OnnxEmbedder, Precision, SentenceEmbedder
from rag.embedder.reference import BATCH
from rag.evaluate import sets as questions
from rag.evaluate.about import PACKAGE
from rag.evaluate.metrics import paired_bootstrap
from rag.evaluate.metrics.retrieval import recall_at, reciprocal_rank
from rag.evaluate.ranking import ranker
from rag.index import Index, build
from rag.passages import heading
from rag.retrieve import by_sentence, dense, ranked_hits, spread

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SETS = ("squad2_halfdev", "clapnq_dev", "multihoprag_500_facts", "qed_dev")
PRECISIONS: tuple[Precision, ...] = ("float32", "int8")
FIRST = 10  # passages of which recall and reciprocal rank are taken
SEEDS = PACKAGE.parent / "seeds"


def index_of(documents: Path, work: Path, embedder: OnnxEmbedder) -> Index:
    """Return the index of some documents, brought up to date first."""
    folder = work / f"index-{embedder.precision}"
    started = time.perf_counter()
    report = build([documents], folder, embedder)
    if report.written:
        taken = time.perf_counter() - started
        print(f"{documents}: {report.embedded} texts, {taken:.0f} s in {embedder.precision}")
    return Index.open(folder, embedder.checksum)


def onnx(precision: Precision, threads: int = 0) -> OnnxEmbedder:
    """Return the default embedder."""
    folder = model_path(DEFAULT_EMBEDDER)
    return OnnxEmbedder(folder, name=DEFAULT_EMBEDDER, precision=precision, threads=threads)


# --- speed ------------------------------------------------------------------------------------


def sample_texts(index: Index, count: int, kind: str) -> list[str]:
    """Return passages, or sentences, of an index as it embeds them, shortest first."""
    texts = []
    for passage in index.passages:
        line = heading(index.documents[passage.document_id])
        parts = [passage.text] if kind == "passages" else [s.text for s in passage.sentences]
        texts += [f"{line}\n{part}" for part in parts]
    return sorted(random.Random(0).sample(texts, min(count, len(texts))), key=len)


def speed(options: argparse.Namespace) -> None:
    """Print seconds and ratios for each way and number of threads."""
    import numpy as np
    import torch

    reference = SentenceEmbedder(model_path(DEFAULT_EMBEDDER), name=DEFAULT_EMBEDDER)
    indexes = [
        index_of(sets.write_documents(n, options.work), options.work / n, onnx("int8"))
        for n in options.sets
    ]
    for kind, count in (("passages", options.texts), ("sentences", 4 * options.texts)):
        texts = [text for index in indexes for text in sample_texts(index, count, kind)]
        texts.sort(key=len)
        tokens = sum(reference.count_tokens(texts)) // len(texts)
        print(f"\n{len(texts)} {kind}, {tokens} tokens each")
        for threads in options.threads:
            torch.set_num_threads(threads)
            ways: dict[str, Embedder] = {"sentence-transformers": reference}
            ways |= {precision: onnx(precision, threads) for precision in PRECISIONS}
            seconds, vectors = _in_turn(ways, texts, options.rounds)
            base = seconds["sentence-transformers"]
            for name, taken in seconds.items():
                ratios = [first / second for first, second in zip(base, taken, strict=True)]
                cosines = np.sum(vectors[name] * vectors["sentence-transformers"], axis=1)
                print(
                    f"  {threads} threads  {name:22s} {len(texts) / statistics.median(taken):7.1f}"
                    f" texts/s, x {statistics.median(ratios):.2f}"
                    f" ({min(ratios):.2f}-{max(ratios):.2f}),"
                    f" cosine {cosines.min():.6f} at least, {cosines.mean():.6f} on average"
                )


def _in_turn(
    ways: Mapping[str, Embedder], texts: Sequence[str], rounds: int
) -> tuple[dict[str, list[float]], dict[str, NDArray[np.float32]]]:
    import numpy as np

    seconds: dict[str, list[float]] = {name: [] for name in ways}
    vectors = {}
    for embedder in ways.values():
        embedder.embed(texts[:2], kind="document")  # loads it
    for _ in range(rounds):
        for name, embedder in ways.items():
            started = time.perf_counter()
            found = [embedder.embed(batch, kind="document") for batch in _batches(texts)]
            seconds[name].append(time.perf_counter() - started)
            vectors[name] = np.concatenate(found)
    return seconds, vectors


def _batches(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(texts), BATCH):
        yield texts[start : start + BATCH]


# --- start ------------------------------------------------------------------------------------

_FIRST_QUESTION = """
import sys, time
started = time.perf_counter()
import rag
from rag.catalogue import model_path
from rag.embedder import OnnxEmbedder, SentenceEmbedder
way, name = sys.argv[1:]
folder = model_path(name)
if way == "sentence-transformers":
    embedder = SentenceEmbedder(folder, name=name)
else:
    embedder = OnnxEmbedder(folder, name=name, precision=way)
embedder.checksum
embedder.embed(["what conditions did Microsoft set?"], kind="query")
from rag.evaluate.about import peak_memory_mib
print(time.perf_counter() - started, peak_memory_mib(), len(sys.modules))
"""


def start(options: argparse.Namespace) -> None:
    """Print seconds, memory and modules up to the vector of the first question."""
    ways = ("sentence-transformers", *PRECISIONS)
    found: dict[str, list[list[float]]] = {way: [] for way in ways}
    for _, way in itertools.product(range(options.rounds), ways):
        command = [sys.executable, "-c", _FIRST_QUESTION, way, DEFAULT_EMBEDDER]
        shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        found[way].append([float(word) for word in shown.split()])
    for way, measured in found.items():
        seconds, memory, modules = (
            statistics.median(column) for column in zip(*measured, strict=True)
        )
        print(f"{way:22s} {seconds:5.2f} s  {memory:6.0f} MiB  {modules:5.0f} modules")


# --- retrieval --------------------------------------------------------------------------------

Found = dict[str, tuple[Sequence[bool], int]]  # by order: what is relevant, of how many


def retrieval(options: argparse.Namespace) -> None:
    """Print what is found in float32 and in int8, and the difference with its interval."""
    every: dict[str, list[tuple[float, float]]] = {}
    for name in options.sets:
        folder = sets.write_documents(name, options.work)
        asked = sets.sample(name, options.per_set, seed=0)
        pairs = _both(folder, options.work / name, partial(_of_set, asked=asked))
        _print(name, pairs)
        for key, found in pairs.items():
            every.setdefault(key, []).extend(found)
    _print("all sets", every)
    _print("samples", _both(SEEDS, options.work / "seeds", _of_samples))


def _both(
    documents: Path,
    work: Path,
    ask: Callable[[Index, Embedder], list[Found]],
) -> dict[str, list[tuple[float, float]]]:
    """Return each figure of each question, in float32 and in int8."""
    found = []
    for precision in PRECISIONS:
        embedder = onnx(precision)
        if embedder.precision != precision:
            raise SystemExit(embedder.note)
        found.append(ask(index_of(documents, work, embedder), embedder))
    pairs: dict[str, list[tuple[float, float]]] = {}
    for exact, whole in zip(*found, strict=True):
        for order, (hits, relevant) in exact.items():
            others = whole[order][0]
            recalls = (recall_at(FIRST, hits, relevant), recall_at(FIRST, others, relevant))
            ranks = (reciprocal_rank(hits[:FIRST]), reciprocal_rank(others[:FIRST]))
            pairs.setdefault(f"{order} recall@{FIRST}", []).append(recalls)
            pairs.setdefault(f"{order} MRR@{FIRST}", []).append(ranks)
    return pairs


def _of_set(index: Index, embedder: Embedder, *, asked: Sequence[Row]) -> list[Found]:
    found: list[Found] = []
    for row in asked:
        relevant = _relevant(row, index)
        if not relevant:
            continue
        question = row["question"]
        orders = {
            "dense": [index.passages[r].id for r, _ in dense(question, index, embedder)],
            "sentence": [index.passages[r].id for r, _ in by_sentence(question, index, embedder)],
            "fused": [hit.passage.id for hit in spread(ranked_hits(question, index, embedder))],
        }
        found.append(
            {name: ([i in relevant for i in ids], len(relevant)) for name, ids in orders.items()}
        )
    return found


def _relevant(row: Row, index: Index) -> frozenset[str]:
    if not row["answerable"]:
        return frozenset()
    gold = {sets.file_name(each) for each in row["gold_docs"]}
    marked = row["gold_sentences"] or row["answers"]
    return frozenset(
        passage.id
        for passage in index.passages
        if index.documents[passage.document_id].source in gold
        and any(contains(passage.text, each) for each in marked)
    )


def _of_samples(index: Index, embedder: Embedder) -> list[Found]:
    rank = ranker(index, embedder, Settings())
    texts = questions.texts_by_source(index.documents.values())
    found: list[Found] = []
    for question in questions.load():
        if question.answerable:
            orders = rank(question, questions.spans(question, texts))
            found.append({name: (order.hits, order.relevant) for name, order in orders.items()})
    return found


def _print(name: str, pairs: Mapping[str, Sequence[tuple[float, float]]]) -> None:
    print(f"\n{name}, {len(next(iter(pairs.values()), ()))} questions")
    for figure, found in pairs.items():
        first = [(exact, 1.0) for exact, _ in found]
        second = [(whole, 1.0) for _, whole in found]
        difference = paired_bootstrap(first, second)
        if difference is None:
            continue
        means = [100 * statistics.mean(column) for column in zip(*found, strict=True)]
        low, high = 100 * difference.interval.low, 100 * difference.interval.high
        print(
            f"  {figure:20s} float32 {means[0]:5.1f}  int8 {means[1]:5.1f}"
            f"  {100 * difference.value:+.2f} ({low:+.2f} to {high:+.2f})"
        )
    sys.stdout.flush()


def main() -> None:
    """Run one of the three."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("speed", "start", "retrieval"))
    parser.add_argument("--work", type=Path, default=runs.WORK / "embedding")
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--per-set", type=int, default=1500)
    parser.add_argument("--texts", type=int, default=40, help="passages of each set")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, nargs="+", default=(1, 2))
    options = parser.parse_args()
    {"speed": speed, "start": start, "retrieval": retrieval}[options.what](options)


if __name__ == "__main__":
    main()
