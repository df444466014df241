"""Every question of the conversations, and of public sets, resolved."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks import sets
from benchmarks.runs import Row, share
from rag.embedder import Embedder
from rag.evaluate.metrics import wilson
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


def table(rows: Sequence[Row]) -> str:
    """Return shares of what is resolved as expected, by half and way."""
    lines = ["| half | what | rules | rules and model |", "|---|---|---|---|"]
    own = [row for row in rows if "q" in row]
    for half in ("tuned", "held"):
        for kind in ("self", "about", "bare", "pronoun", "dependent"):
            mine = [row for row in own if row["half"] == half and _is_of(row, kind)]
            if mine:
                told = [share(sum(is_right(r, way) for r in mine), len(mine)) for way in WAYS]
                lines.append(f"| {half} | {kind} | {told[0]} | {told[1]} |")
    for row in rows:
        if "set" in row:
            left = row["questions"] - len(row["touched"])
            lines.append(f"| {row['set']} | left alone | {share(left, row['questions'])} | |")
    return "\n".join([*lines, "", _times(own)])


def _is_of(row: Row, kind: str) -> bool:
    return bool(row["kind"] == kind or (kind == "dependent" and row["kind"] != "self"))


def _times(rows: Sequence[Row]) -> str:
    rules = sorted(row["rules"]["seconds"] for row in rows)
    asked = sorted(row["model"]["seconds"] for row in rows if row["model"]["seconds"] > _BY_MODEL)
    worked = sorted(
        row["model"]["cpu_seconds"] for row in rows if row["model"]["seconds"] > _BY_MODEL
    )
    if not asked:
        return ""
    return (
        f"Rules {1000 * rules[len(rules) // 2]:.1f} ms (median), {1000 * rules[-1]:.0f} at most; "
        f"the model was asked for {len(asked)} of {len(rows)}, {asked[len(asked) // 2]:.2f} s "
        f"(median), {asked[int(0.9 * len(asked))]:.2f} at the ninth of ten; seconds of one core: "
        f"{worked[len(worked) // 2]:.2f} and {worked[int(0.9 * len(worked))]:.2f}."
    )


def figures(rows: Sequence[Row]) -> dict[str, Any]:
    """Return the figures that are kept."""
    own = [row for row in rows if "q" in row]
    found: dict[str, Any] = {}
    for half in ("tuned", "held"):
        for kind in ("self", "about", "bare", "pronoun", "dependent"):
            mine = [row for row in own if row["half"] == half and _is_of(row, kind)]
            for way in WAYS if mine else ():
                right = sum(is_right(row, way) for row in mine)
                interval = wilson(right, len(mine))
                found.setdefault(half, {}).setdefault(kind, {})[way] = {
                    "right": right,
                    "of": len(mine),
                    "interval": [round(interval.low, 4), round(interval.high, 4)]
                    if interval
                    else None,
                }
    found["public"] = {
        row["set"]: {"left_alone": row["questions"] - len(row["touched"]), "of": row["questions"]}
        for row in rows
        if "set" in row
    }
    found["times"] = _times(own)
    return found


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
