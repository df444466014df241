"""Figures -> drawings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.runs import Row

_COLOURS = {
    "warm": "#1d5440",
    "cold": "#7da893",
    "joint": "#c9a227",
    "llamaindex": "#9b2c1f",
    "haystack": "#767168",
}
_TOLD = {"first_word": "seconds to the first written word", "total": "seconds to the whole answer"}


def waits(rows: Sequence[Row], path: Path) -> Path:
    """Draw, for each way, what share of the questions had waited how long; return the file."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot

    with mpl.rc_context({"svg.hashsalt": "footnote", "svg.fonttype": "none", "font.size": 10}):
        figure, pair = pyplot.subplots(1, 2, figsize=(9, 3.2), sharey=True)
        for axes, (key, told) in zip(pair, _TOLD.items(), strict=True):
            for way, colour in _COLOURS.items():
                values = sorted(_values(rows, way, key))
                if values:
                    shares = [n / len(values) for n in range(1, len(values) + 1)]
                    label = f"{way} ({len(values)})"
                    axes.step(values, shares, where="post", color=colour, label=label, linewidth=2)
            axes.set(xscale="log", xlabel=told, ylim=(0, 1))
            axes.set_xticks([0.2, 0.5, 1, 2, 5, 10, 20], ["0.2", "0.5", "1", "2", "5", "10", "20"])
            axes.minorticks_off()
            axes.grid(color="#e2ded5")
            axes.spines[["top", "right"]].set_visible(False)
        pair[0].set_ylabel("share of questions")
        pair[1].legend(frameon=False, fontsize=8)
        figure.tight_layout()
        figure.savefig(path, format="svg", metadata={"Date": None})
        pyplot.close(figure)
    return path


def _values(rows: Sequence[Row], way: str, key: str) -> list[float]:
    found: list[Any] = [row[key] for row in rows if row["way"] == way and not row["busy"]]
    return [float(value) for value in found if value is not None]
