"""Seconds to index a folder: ours, LlamaIndex with the same embedder, and the embedder alone.

    pip install -e '.[peers]' llama-index-embeddings-huggingface
    python -m benchmarks.indexing [--set dragonball_en_finance] [--files 60] [--rounds 3] [--save]

Each way has a process of its own, in turn, and the models are loaded before the clock starts. All
read the same files from the disk and end with an index on the disk. LlamaIndex is given what its
users take, its own class for all-MiniLM-L6-v2 (sentence-transformers), in passages of 1024 tokens,
its default, of which this embedder sees the first quarter, and of 256, which it sees. It makes
one vector a passage; we make one more for each sentence. `alone` embeds the very texts that ours
does, and nothing else.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import rag  # noqa: F401  (sets OpenMP's waiting before anything heavy is loaded)
from benchmarks.runs import WORK, commit, measured
from benchmarks.sets import write_documents
from rag.catalogue import model_path
from rag.config import Settings
from rag.embedder import Precision, load_embedder
from rag.evaluate import about
from rag.index import Index, build
from rag.index.filling import embedded_texts

RESULTS = Path("benchmarks/results/indexing")
FIRST = "A first text loads the model."


def ours(folder: Path, precision: Precision) -> dict[str, float | None]:
    """Index the files of a folder."""
    embedder = load_embedder(Settings().embedder, precision=precision)
    embedder.embed([FIRST], kind="document")
    with tempfile.TemporaryDirectory() as place:
        began, spent = time.perf_counter(), time.process_time()
        report = build([folder], Path(place) / "index", embedder)
        seconds, cpu = time.perf_counter() - began, time.process_time() - spent
        index = Index.open(Path(place) / "index")
        return {
            "seconds": seconds,
            "cores": cpu / seconds,
            "passages": report.passages,
            "texts": report.embedded,
            "characters": sum(len(d.text) for d in index.documents.values()),
            "peak_mb": about.peak_memory_mib(),
        }


def alone(folder: Path, precision: Precision) -> dict[str, float | None]:
    """Embed the texts that indexing the folder embeds, as many at a time as it does."""
    embedder = load_embedder(Settings().embedder, precision=precision)
    embedder.embed([FIRST], kind="document")
    with tempfile.TemporaryDirectory() as place:
        build([folder], Path(place) / "index", embedder)
        index = Index.open(Path(place) / "index")
        texts = sorted(embedded_texts(index, embedder), key=len)
    began, spent = time.perf_counter(), time.process_time()
    for start in range(0, len(texts), 32):
        embedder.embed(texts[start : start + 32], kind="document")
    seconds = time.perf_counter() - began
    cores = (time.process_time() - spent) / seconds
    return {"seconds": seconds, "cores": cores, "texts": len(texts)}


def llamaindex(folder: Path, size: int) -> dict[str, float | None]:
    """Index the files of a folder by LlamaIndex, in passages of so many tokens."""
    from llama_index.core import (
        SimpleDirectoryReader,
        StorageContext,
        VectorStoreIndex,
        set_global_tokenizer,
    )
    from llama_index.core.node_parser import SentenceSplitter
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding

    counter = load_embedder(Settings().embedder)
    set_global_tokenizer(lambda text: range(counter.count_tokens([text])[0]))
    embedder = HuggingFaceEmbedding(model_name=str(model_path(Settings().embedder)), device="cpu")
    embedder.get_text_embedding(FIRST)
    with tempfile.TemporaryDirectory() as place:
        began, spent = time.perf_counter(), time.process_time()
        documents = SimpleDirectoryReader(str(folder)).load_data()
        built = VectorStoreIndex.from_documents(
            documents,
            embed_model=embedder,
            transformations=[SentenceSplitter(chunk_size=size, chunk_overlap=20)],
            storage_context=StorageContext.from_defaults(),
        )
        built.storage_context.persist(place)
        seconds, cpu = time.perf_counter() - began, time.process_time() - spent
    return {
        "seconds": seconds,
        "cores": cpu / seconds,
        "passages": len(built.index_struct.nodes_dict),
        "peak_mb": about.peak_memory_mib(),
    }


WAYS: dict[str, Callable[[Path], dict[str, float | None]]] = {
    "footnote float32": lambda folder: ours(folder, "float32"),
    "footnote int8": lambda folder: ours(folder, "int8"),
    "alone float32": lambda folder: alone(folder, "float32"),
    "alone int8": lambda folder: alone(folder, "int8"),
    "llamaindex 1024": lambda folder: llamaindex(folder, 1024),
    "llamaindex 256": lambda folder: llamaindex(folder, 256),
}


def compare(folder: Path, rounds: int, ways: Sequence[str]) -> dict[str, Any]:
    """Take every way in turn, some rounds; return the middle of each figure."""
    size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
    taken: dict[str, list[dict[str, float]]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way in ways:
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.indexing", "--way", way, "--folder", folder],
                check=True,
                stdout=subprocess.PIPE,
            )
            taken[way].append(json.loads(done.stdout.splitlines()[-1]))
            print(way, taken[way][-1], file=sys.stderr)
    figures = {
        way: {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        for way, runs in taken.items()
    }
    for found in figures.values():
        found["mb_a_second"] = size / found["seconds"]
        if "passages" in found:
            found["passages_a_second"] = found["passages"] / found["seconds"]
    return {
        "commit": commit(),
        "measured": measured(),
        "files": len(list(folder.iterdir())),
        "mb": size,
        "ways": figures,
    }


def table(result: dict[str, Any]) -> str:
    """Return the figures, and each way's speed against the peer's and the embedder's."""
    ways = result["ways"]
    lines = ["| way | s | MB/s | passages/s | cores | peak MB |", "|---|---|---|---|---|---|"]
    for way, found in ways.items():
        cells = [f"{found['seconds']:.1f}", f"{found['mb_a_second']:.3f}"]
        cells += [f"{found['passages_a_second']:.0f}" if "passages" in found else ""]
        cells += [f"{found['cores']:.2f}", f"{found['peak_mb']:.0f}" if "peak_mb" in found else ""]
        lines.append(f"| {way} | {' | '.join(cells)} |")
    lines.append("")
    for precision in ("float32", "int8"):
        own = ways.get(f"footnote {precision}")
        for other in (f"alone {precision}", "llamaindex 1024", "llamaindex 256"):
            if own and other in ways:
                ratio = ways[other]["seconds"] / own["seconds"]
                lines.append(f"- footnote {precision}: {ratio:.2f} times as fast as {other}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.indexing")
    parser.add_argument("--set", default="dragonball_en_finance")
    parser.add_argument("--files", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ways", nargs="*", default=list(WAYS), choices=list(WAYS))
    parser.add_argument("--save", action="store_true")
    parser.add_argument("--way", choices=list(WAYS), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.way:
        print(json.dumps(WAYS[given.way](given.folder)))
        return
    with tempfile.TemporaryDirectory() as place:
        every = sorted(write_documents(given.set, WORK).iterdir())
        for file in every[:: max(1, len(every) // given.files)][: given.files]:
            shutil.copy(file, place)
        result = {"set": given.set, **compare(Path(place), given.rounds, given.ways)}
    print(table(result))
    if given.save:
        RESULTS.mkdir(parents=True, exist_ok=True)
        out = RESULTS / f"{given.set}-{result['commit'].rstrip('+')[:12]}.json"
        out.write_text(json.dumps(result, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
