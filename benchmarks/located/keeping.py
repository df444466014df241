"""Figures of a run -> a result file that holds no words of the documents."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.located.scoring import Look, Scored, by_kind
from rag.config import Settings
from rag.evaluate import about

RESULTS = Path(__file__).parents[1] / "results" / "located"
_NUMBERED = frozenset(["page", "slide", "row", "record", "line"])


def keep(every: Sequence[Scored], settings: Settings, folder: Path = RESULTS) -> Path:
    """Write figures and outcomes into a file of the commit that was asked; return it."""
    commit = every[-1].answer["commit"]
    kept = {
        "commit": commit.rstrip("+"),
        "changed": commit.endswith("+"),
        "asked at": sorted({each.answer["commit"] for each in every}),
        "model": about.short_name(settings.model),
        "model_sha256": about.model_checksum(settings.model),
        "settings": about.settings_json(settings),
        "versions": about.versions(),
        "machine": about.machine(),
        "figures": by_kind(every),
        "questions": [outcome(each) for each in every],
    }
    path = folder / f"{commit[:12]}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def outcome(each: Scored) -> dict[str, Any]:
    """Return what came of a question, without words of the documents."""
    cited = zip(each.answer["citations"], each.looks, strict=True)
    return {
        "id": each.question["id"],
        "kind": each.question["kind"],
        "refused": each.answer["abstained"],
        "expected file read": _was_read(each),
        "value right": each.right,
        "seconds": each.answer["seconds"],
        "citations": [_cited(citation, look) for citation, look in cited],
    }


def _was_read(each: Scored) -> bool | None:
    """Tell whether a passage of an expected file was read; None where that was not kept."""
    if "drafts" not in each.answer:
        return None
    sources = {accepted["source"] for accepted in each.question["accepted"]}
    return any(draft["source"] in sources for draft in each.answer["drafts"])


def _cited(citation: Mapping[str, Any], look: Look) -> dict[str, Any]:
    return {
        "source": citation["source"],
        "places": [_numbers(place) for place in citation["places"]],
        "resolves": look.resolves,
        "place": look.place,
        "expected": look.expected,
    }


def _numbers(place: Mapping[str, str]) -> dict[str, str]:
    """Return a place; of one that has a name and no number only its kind."""
    return dict(place) if place["kind"] in _NUMBERED else {"kind": place["kind"]}
