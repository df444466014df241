"""The result files that the tables of README and docs/evaluation.md are written from.

Made by `rag eval` and `python -m benchmarks.peers`, and kept without any words of the sets by
`rag eval table … --save benchmarks/results/compared`.
"""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent / "results" / "compared"
SETS = {
    "seeds": "samples",
    "squad2_300": "SQuAD 2, 300 questions",
    "squad2_halfdev": "SQuAD 2",
    "clapnq_dev": "ClapNQ",
    "ramdocs": "RAMDocs",
}
SYSTEMS = {"footnote": "Footnote", "llamaindex": "LlamaIndex", "haystack": "Haystack"}
COLUMNS = (
    "answerable right",
    "right when answered",
    "unanswerable refused",
    "citations on marked evidence",
    "invalid citations",
    "seconds: first word, all",
)


def rows() -> list[tuple[str, Path]]:
    """Return the name and file of each run that is kept, set by set."""
    found = [
        (f"{shown}, {system}", FOLDER / f"{name}-{key}.json")
        for name, shown in SETS.items()
        for key, system in SYSTEMS.items()
    ]
    return [(name, path) for name, path in found if path.exists()]
