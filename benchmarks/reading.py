"""Measure the ways of reading: each passage on its own, all in one prompt, and both.

    python -m benchmarks.reading draft --out FILE     writes drafts; interrupted, it goes on
    python -m benchmarks.reading score FILE           judges them with today's prover

Drafting is the dear part and does not depend on how drafts are proven or chosen, so it is
kept apart.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import rag  # sets OpenMP's waiting before anything heavy is loaded
from benchmarks import sets
from rag import prompt as prompts
from rag.assistant import load_llm
from rag.config import Settings
from rag.embedder import load_embedder
from rag.index import Index, build
from rag.llm import LLM, LlamaModel
from rag.passages import heading
from rag.retrieve import retrieve
from rag.types import Hit

SETS = ("nq_open_oracle", "clapnq_dev", "squad2_halfdev")


def write_draft(llm: LLM, prompt: prompts.Prompt, max_tokens: int) -> dict[str, Any]:
    """Return one draft with its log-probability and times."""
    began = time.perf_counter()
    first = 0.0
    text, logprobs, read = "", [], 0
    for piece in llm.generate(prompt, max_tokens=max_tokens):
        first = first or time.perf_counter() - began
        text += piece.text
        logprobs.append(piece.logprob)
        read = piece.prompt_tokens
    return {
        "text": text,
        "logprob": sum(logprobs) / len(logprobs) if logprobs else 0.0,
        "first_s": first,
        "total_s": time.perf_counter() - began,
        "tokens_in": read,
        "tokens_out": len(logprobs),
    }


def draft(out: Path, work: Path, per_set: int, seed: int, settings: Settings) -> None:
    """Write drafts for every sampled question, set by set in turn."""
    embedder = load_embedder(settings.embedder)
    llm = load_llm(settings)
    done = set()
    if out.exists():
        done = {json.loads(line)["qid"] for line in out.read_text("utf-8").splitlines()}
    indexes: dict[str, Index] = {}
    for name in SETS:
        folder = work / name / "index"
        if not folder.exists():
            build([sets.write_documents(name, work)], folder, embedder)
        indexes[name] = Index.open(folder, embedder.checksum)
    drawn = [sets.sample(name, per_set, seed=seed) for name in SETS]
    for turn in zip(*drawn, strict=True):
        for name, question in zip(SETS, turn, strict=True):
            if question["qid"] in done:
                continue
            hits = retrieve(
                question["question"],
                indexes[name],
                embedder,
                passages=settings.passages,
                budget_tokens=settings.budget_tokens,
            )
            row = {"set": name, **question, "hits": [_hit_row(hit) for hit in hits]}
            headings = [heading(hit.document) for hit in hits]
            row["single"] = [
                read_one(llm, question["question"], hit, head, settings.max_draft_tokens)
                for hit, head in zip(hits, headings, strict=True)
            ]
            row["joint"] = write_draft(
                llm,
                prompts.joint(question["question"], hits, headings),
                settings.max_draft_tokens,
            )
            with out.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(row, ensure_ascii=False) + "\n")


def read_one(
    llm: LlamaModel, question: str, hit: Hit, head: str, max_tokens: int
) -> dict[str, Any]:
    """Draft from one passage, and let the model judge its own sentences."""
    row = write_draft(llm, prompts.single(question, hit, head), max_tokens)
    row["holds"] = llm.log_odds(prompts.holds_answer(question, hit, head))
    row["sentences"] = [
        {
            "text": sentence,
            "states": llm.log_odds(prompts.states(sentence, hit, head)),
            "gives": llm.log_odds(prompts.gives_answer(question, sentence)),
        }
        for sentence in prompts.sentences(row["text"])
    ]
    return row


def _hit_row(hit: Hit) -> dict[str, Any]:
    return {
        "passage": hit.passage.id,
        "source": hit.document.source,
        "score": hit.score,
        "signals": dict(hit.signals),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    drafting = commands.add_parser("draft")
    drafting.add_argument("--out", type=Path, required=True)
    drafting.add_argument("--work", type=Path, default=Path(".cache/benchmarks"))
    drafting.add_argument("--per-set", type=int, default=67)
    drafting.add_argument("--seed", type=int, default=1)
    drafting.add_argument("--model", default=Settings().model)
    options = parser.parse_args(arguments)
    settings = Settings(model=options.model)
    draft(options.out, options.work, options.per_set, options.seed, settings)


if __name__ == "__main__":
    print(f"Footnote {rag.__version__}")
    main()
