"""Every question of the conversations, and of public sets, resolved."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks import sets
from benchmarks.runs import Row, commit, share
from rag.embedder import Embedder
from rag.followups import Earlier, Resolved, resolve
from rag.llm import LLM

CONVERSATIONS = Path(__file__).with_name("conversations.jsonl")
PUBLIC = (
    "squad2_halfdev",
    "nq_open_oracle",
    "clapnq_dev",
    "multihoprag_500_facts",
    "dragonball_en_finance",
    "ramdocs",
)
WAYS = ("rules", "model")
KINDS = {
    "self": "stand by themselves",
    "about": "the same of another",
    "bare": "another thing of the same",
    "pronoun": "a word that stands for something",
    "dependent": "all that lean",
}
_BY_MODEL = 0.2  # seconds from which the model was asked


def conversations(half: str = "") -> Iterator[dict[str, Any]]:
    """Yield the conversations of a half, all where none is given."""
    for line in CONVERSATIONS.read_text("utf-8").splitlines():
        conversation: dict[str, Any] = json.loads(line)
        if half in ("", conversation["half"]):
            yield conversation


def run(mind: LLM, embedder: Embedder, half: str = "") -> Iterator[Row]:
    """Yield a row a question: what rules alone and rules with the model read it as."""
    for conversation in conversations(half):
        earlier = [Earlier(**turn) for turn in conversation["earlier"]]
        for asked in conversation["asks"]:
            row = {"topic": conversation["topic"], "half": conversation["half"], **asked}
            row["commit"] = commit()
            row["earlier"] = [turn.question for turn in earlier]
            for way in WAYS:
                began, worked = time.perf_counter(), time.process_time()
                found = resolve(
                    asked["q"], earlier, mind if way == "model" else None, embedder=embedder
                )
                row[way] = _told(found, time.perf_counter() - began, time.process_time() - worked)
            yield row


def run_public() -> Iterator[Row]:
    """Yield a row a public set: how many of its questions are left alone after another one."""
    for name in PUBLIC:
        every = list(sets.rows(sets.DATA / name / "questions.jsonl.gz"))
        touched = list[str]()
        began = time.perf_counter()
        for before, after in pairwise(every):
            earlier = [Earlier(before["question"], tuple(before.get("answers") or ())[:1])]
            if resolve(after["question"], earlier).leans:
                touched.append(after["question"])
        seconds = (time.perf_counter() - began) / max(1, len(every) - 1)
        yield {"set": name, "questions": len(every) - 1, "touched": touched, "seconds": seconds}


def _told(found: Resolved, seconds: float, worked: float) -> dict[str, Any]:
    return {
        "question": found.question,
        "changed": found.changed,
        "leans": found.leans,
        "by": found.by,
        "seconds": round(seconds, 4),
        "cpu_seconds": round(worked, 4),
    }


def is_right(row: Row, way: str) -> bool:
    """Tell whether a question was resolved as expected."""
    found = row[way]
    if row["kind"] == "self":
        return bool(found["question"] == row["q"])
    text = found["question"]
    return bool(
        found["changed"]
        and all(_holds(text, words) for words in row["all"])
        and not any(_holds(text, words) for words in row.get("none", ()))
    )


def _holds(text: str, words: str) -> bool:
    """Tell whether a text has one of several words, parted by bars, or "n't" at a word's end."""
    plain = text.lower().replace("’", "'")
    return any(
        re.search(rf"(?<!\w){re.escape(word)}(?!\w)" if word != "n't" else "n't", plain)
        for word in words.lower().split("|")
    )


def figures(rows: Sequence[Row]) -> dict[str, Any]:
    """Return the figures that are kept: what was right by half, kind and way, and seconds."""
    own = [row for row in rows if "q" in row]
    found: dict[str, Any] = {}
    for half in ("tuned", "held"):
        for kind in KINDS:
            mine = [row for row in own if row["half"] == half and _is_of(row, kind)]
            if mine:
                told = {way: sum(is_right(row, way) for row in mine) for way in WAYS}
                wrongly = sum(
                    row["model"]["changed"] and not is_right(row, "model") for row in mine
                )
                found.setdefault(half, {})[kind] = {
                    **told,
                    "read wrongly": wrongly,
                    "of": len(mine),
                }
    found["public"] = {
        row["set"]: {"left alone": row["questions"] - len(row["touched"]), "of": row["questions"]}
        for row in rows
        if "set" in row
    }
    by_model = [row["model"] for row in own if row["model"]["seconds"] > _BY_MODEL]
    found["asked the model"] = {"questions": len(by_model), "of": len(own)}
    found["rules_ms"] = _spread(1000 * row["rules"]["seconds"] for row in own)
    found["model_s"] = _spread(told["seconds"] for told in by_model)
    found["model_core_s"] = _spread(told["cpu_seconds"] for told in by_model)
    return found


def _is_of(row: Row, kind: str) -> bool:
    return bool(row["kind"] == kind or (kind == "dependent" and row["kind"] != "self"))


def _spread(values: Iterable[float]) -> list[float]:
    """Return the median and what nine of ten stay below."""
    every = sorted(values)
    return [round(every[int(part * len(every))], 2) for part in (0.5, 0.9)] if every else []


def table(found: Mapping[str, Any]) -> str:
    """Return kept figures for a reader."""
    lines = ["| half | questions | rules alone | rules and model | read wrongly |"]
    lines.append("|---|---|---|---|---|")
    for half in ("tuned", "held"):
        for kind, told in found.get(half, {}).items():
            ways = " | ".join(share(told[way], told["of"]) for way in WAYS)
            lines.append(f"| {half} | {KINDS[kind]} | {ways} | {told['read wrongly']} |")
    lines += ["", "| public set | left alone |", "|---|---|"]
    for name, told in found["public"].items():
        lines.append(f"| {name} | {share(told['left alone'], told['of'])} |")
    if not found["model_s"]:
        return "\n".join(lines)
    asked, rules, model, core = (
        found[key] for key in ("asked the model", "rules_ms", "model_s", "model_core_s")
    )
    lines += [
        "",
        f"The model was asked for {asked['questions']} of {asked['of']} questions. Median, and",
        "what nine of ten stay below:",
        f"rules {rules[0]:.1f} and {rules[1]:.1f} ms; with the model {model[0]:.1f} and "
        f"{model[1]:.1f} s as the clock went,",
        f"{core[0]:.1f} and {core[1]:.1f} s of one core.",
    ]
    return "\n".join(lines)


def wrong(rows: Sequence[Row], half: str) -> Iterator[str]:
    """Yield a line for each question of a half that is not resolved as expected."""
    for row in rows:
        if row.get("half") == half and not is_right(row, "model"):
            found = row["model"]
            yield f"{row['kind']}: {row['earlier'][-1]} + {row['q']} -> {found['question']}" + (
                "" if found["changed"] else " (unchanged)"
            )
        elif "set" in row:
            yield from (f"{row['set']}: {question}" for question in row["touched"])
