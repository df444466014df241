"""The documents, an index of all of them, and one kept line a question."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from benchmarks.documents import FOLDER
from benchmarks.runs import Row, add_line, commit, plain_words, read_lines
from rag.assistant import Assistant
from rag.config import Settings
from rag.documents import header_end
from rag.embedder import load_embedder
from rag.index import build
from rag.types import Answer, Citation, Document

QUESTIONS = Path(__file__).parent / "questions.jsonl"


def questions(file: Path = QUESTIONS) -> list[dict[str, Any]]:
    """Return the questions, each with its kind and the places that answer it."""
    return read_lines(file)


def digest(value: str) -> str:
    """Return what is kept in place of a short answer: the SHA-256 of its words."""
    return hashlib.sha256(plain_words(value).encode()).hexdigest()


def run(out: Path, work: Path, settings: Settings, only: Sequence[str] = ()) -> None:
    """Ask every question, one line each; what is there is not asked again.

    Args:
        out: where the answers go.
        work: where the index is kept.
        settings: how questions are answered.
        only: ids of questions; all where empty.
    """
    done = {row["id"] for row in read_lines(out)}
    waiting = [q for q in in_turn(questions()) if q["id"] not in done]
    waiting = [q for q in waiting if not only or q["id"] in only]
    if not waiting:
        return
    embedder = load_embedder(settings.embedder)
    folder = work / "located" / "index"
    report = build([FOLDER], folder, embedder)
    print(f"{report.passages} passages in {folder}, {len(waiting)} questions to ask", flush=True)
    assistant = Assistant.open(folder, settings=settings, embedder=embedder)
    try:
        for question in waiting:
            answer = assistant.ask(question["question"])
            add_line(out, line(question, answer, assistant.index.documents, commit()))
            print(f"{answer.timings.total_s:5.1f} s  {question['id']}", flush=True)
    finally:
        assistant.close()


def in_turn(every: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return questions with one of each kind in turn, so that a part of a run has some of all."""
    kinds = dict.fromkeys(each["kind"] for each in every)
    turns = zip_longest(*([each for each in every if each["kind"] == kind] for kind in kinds))
    return [each for turn in turns for each in turn if each]


def line(
    question: Row, answer: Answer, documents: Mapping[str, Document], stand: str
) -> dict[str, Any]:
    """Return what is kept of an answer: its text, every citation, and why there is no more."""
    return {
        "id": question["id"],
        "commit": stand,
        "text": answer.text,
        "abstained": answer.abstained,
        "seconds": round(answer.timings.total_s, 2),
        "citations": [_kept(c, documents[c.document_id]) for c in answer.citations],
        "drafts": [
            {"source": d.source, "refused": d.refused, "holds": d.holds, "text": d.text}
            for d in answer.drafts
        ],
        "withheld": [{"verdict": s.verdict.value, "reason": s.reason} for s in answer.withheld],
    }


def _kept(citation: Citation, document: Document) -> dict[str, Any]:
    return {
        **{k: v for k, v in citation.to_json().items() if k != "metadata"},
        "resolves": citation.resolve().ok,
        "in_header": citation.end <= header_end(document),
    }
