"""Shared question sets -> folders of documents and samples of questions, for benchmarks.

The sets are other people's work and are read where they lie; nothing of them is kept here.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "qa"


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a gzipped JSON Lines file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def write_documents(name: str, folder: Path) -> Path:
    """Write a set's corpus as Markdown files with front matter, once; return their folder."""
    target = folder / name / "documents"
    if target.exists():
        return target
    half = target.with_name("documents.part")
    half.mkdir(parents=True, exist_ok=True)
    for row in rows(DATA / name / "corpus.jsonl.gz"):
        known = {
            key: str(row[field])
            for key, field in (("title", "title"), ("date", "date"), ("publisher", "source"))
            if row.get(field)
        }
        front = "\n".join(f"{key}: {json.dumps(value)}" for key, value in known.items())
        (half / file_name(row["doc_id"])).write_text(
            f"---\n{front}\n---\n\n{row['text']}\n" if known else f"{row['text']}\n",
            encoding="utf-8",
        )
    half.rename(target)
    return target


def file_name(doc_id: str) -> str:
    """Return the file a document of that id is written to."""
    return re.sub(r"[^\w.-]", "_", doc_id) + ".md"


def is_for_fitting(qid: str) -> bool:
    """Tell whether a question belongs to the quarter that weights may be fitted on.

    Figures are reported on the other three quarters only.
    """
    return hashlib.sha256(qid.encode()).digest()[0] < 64


def sample(
    name: str, count: int, *, seed: int, fitting: bool | None = None
) -> list[dict[str, Any]]:
    """Return `count` questions of a set, drawn without replacement.

    Args:
        name: of the set.
        count: at most so many.
        seed: of the order in which they are drawn.
        fitting: only the questions that weights may be fitted on, or only the others; None: all.
    """
    every = [
        row
        for row in rows(DATA / name / "questions.jsonl.gz")
        if fitting is None or is_for_fitting(row["qid"]) == fitting
    ]
    random.Random(seed).shuffle(every)
    return every[:count]
