"""Figures of a run -> drawings as SVG for a page; the only part that knows matplotlib."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rag.errors import ConfigError
from rag.evaluate.metrics import Band, Point, Share

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, SOFT, GREEN, RED, LINE = "#1d1c1a", "#767168", "#1d5440", "#9b2c1f", "#e2ded5"
_STYLE: Any = {  # matplotlib names every key in a type of its own
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "text.color": INK,
    # Letters as text: smaller, and a reader can find and copy them.
    "svg.fonttype": "none",
    # The same drawing has the same bytes.
    "svg.hashsalt": "footnote",
}


def risk_coverage(points: Sequence[Point]) -> str:
    """Draw what share of answers is wrong as more questions are answered."""
    with _Drawing(5.2, 3.2) as drawing:
        axes = drawing.axes
        axes.step(
            [0.0, *(p.coverage for p in points)],
            [points[0].risk if points else 0.0, *(p.risk for p in points)],
            where="pre",
            color=RED,
            linewidth=2,
        )
        axes.set(
            xlim=(0, 1),
            ylim=(0, max(0.2, *(1.1 * p.risk for p in points)) if points else 0.2),
            xlabel="share of questions answered, the surest first",
            ylabel="share of these that is wrong",
        )
        return drawing.svg()


def calibration(bands: Sequence[Band]) -> str:
    """Draw how often answers of a score are right."""
    with _Drawing(3.6, 3.2) as drawing:
        axes = drawing.axes
        axes.plot([0, 1], [0, 1], color=LINE, linewidth=1.5)
        axes.scatter(
            [b.said for b in bands],
            [b.true for b in bands],
            s=[20 + 12 * b.count for b in bands],
            color=GREEN,
            alpha=0.75,
            linewidths=0,
        )
        for band in bands:
            axes.annotate(
                str(band.count),
                (band.said, band.true),
                textcoords="offset points",
                xytext=(0, 9),
                ha="center",
                fontsize=8,
                color=SOFT,
            )
        axes.set(
            xlim=(0, 1.05), ylim=(-0.05, 1.15), xlabel="score of the answer", ylabel="share right"
        )
        return drawing.svg()


def shares(named: Sequence[tuple[str, Share]]) -> str:
    """Draw shares as bars with their intervals."""
    with _Drawing(7.2, 0.7 + 0.34 * max(1, len(named))) as drawing:
        axes = drawing.axes
        kept = [(name, s) for name, s in named if s.value is not None and s.interval is not None]
        rows = list(range(len(kept)))[::-1]
        for row, (_, found) in zip(rows, kept, strict=True):
            value, interval = found.value, found.interval
            assert value is not None
            assert interval is not None
            axes.barh(row, value, color=GREEN, alpha=0.85, height=0.6)
            axes.plot([interval.low, interval.high], [row, row], color=INK, linewidth=1.2)
            axes.text(1.02, row, f"{found.right} of {found.of}", va="center", color=SOFT)
        axes.set_yticks(rows, [name for name, _ in kept])
        axes.set(xlim=(0, 1))
        return drawing.svg()


def seconds(first: Sequence[float], whole: Sequence[float]) -> str:
    """Draw after how many seconds what share of questions had its first word and its answer."""
    with _Drawing(5.2, 3.2) as drawing:
        axes = drawing.axes
        for values, color, name in ((first, SOFT, "first word"), (whole, GREEN, "whole answer")):
            ordered = sorted(values)
            if ordered:
                shown = [(n + 1) / len(ordered) for n in range(len(ordered))]
                axes.step(ordered, shown, where="post", color=color, linewidth=2, label=name)
        axes.set(ylim=(0, 1.02), xlabel="seconds", ylabel="share of questions done")
        axes.set_xlim(left=0)
        if first or whole:
            axes.legend(frameon=False, loc="lower right")
        return drawing.svg()


def ranks(table: Mapping[str, Mapping[str, float | None]]) -> str:
    """Draw the figures of each order of retrieval beside each other."""
    with _Drawing(7.2, 3.0) as drawing:
        axes = drawing.axes
        names = list(dict.fromkeys(name for figures in table.values() for name in figures))
        width = 0.8 / max(1, len(table))
        tones = ["#b8b2a6", "#8a9f94", GREEN, "#0f2f23"]
        for place, (order, figures) in enumerate(table.items()):
            at = [i + (place - (len(table) - 1) / 2) * width for i in range(len(names))]
            heights = [figures.get(name) or 0.0 for name in names]
            axes.bar(at, heights, width=width, color=tones[place % len(tones)], label=order)
        axes.set_xticks(range(len(names)), names)
        axes.set(ylim=(0, 1.02))
        axes.legend(frameon=False, ncols=4, loc="lower center", bbox_to_anchor=(0.5, 1.0))
        return drawing.svg()


class _Drawing:
    """One figure, drawn without a screen and closed again."""

    def __init__(self, width: float, height: float) -> None:
        try:
            import matplotlib as mpl
            from matplotlib.figure import Figure
        except ModuleNotFoundError as error:
            raise ConfigError(
                "the report is drawn with matplotlib, which is not installed; install it with "
                "pip install 'rag[report]'."
            ) from error
        self._context = mpl.rc_context(_STYLE)
        self._context.__enter__()
        self._figure = Figure(figsize=(width, height), layout="constrained")
        self.axes: Axes = self._figure.add_subplot()

    def __enter__(self) -> _Drawing:
        return self

    def __exit__(self, *error: object) -> None:
        self._context.__exit__(None, None, None)

    def svg(self) -> str:
        """Return the drawing, without what stands before `<svg`."""
        stream = io.StringIO()
        metadata = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        self._figure.savefig(stream, format="svg", transparent=True, metadata=metadata)
        text = stream.getvalue()
        return text[text.index("<svg") :]
