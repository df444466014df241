"""What the commands show on a terminal: bars, work in progress, reports, tables."""

from __future__ import annotations

import shutil
import signal
import textwrap
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rag.catalogue import Model, State
    from rag.index import IndexReport
    from rag.types import Event

Progress = Callable[[str, int, int], None]


class Trace:
    """Shows the work in progress on standard error, dimmed: nothing of it is proven yet.

    Args:
        shown: whether anything is shown at all.
    """

    def __init__(self, *, shown: bool) -> None:
        self._shown = shown
        self._open_line = False
        self._draft: int | None = None  # whose words are shown; others are written beside it

    def status(self, text: str) -> None:
        """Show one line."""
        self._write(("\n" if self._open_line else "") + text + "\n")
        self._open_line = False

    def event(self, event: Event) -> None:
        """Show one event of the stream."""
        from rag.types import Judged, Reading, Retrieved, Sighted, Verdict, Wrote

        match event:
            case Retrieved(hits=hits):
                self.status(f"reading {len(hits)} passages")
            case Sighted(quotes=quotes):
                for quote in quotes:
                    said = textwrap.shorten(one_line(quote.quote), 160, placeholder="…")
                    self.status(f"   near: “{said}” ({one_line(quote.title)})")
            case Reading(draft=number, hit=hit):
                self._draft = None
                where = "all of them together" if hit is None else hit.document.title
                self.status(f"{number + 1}. {one_line(where)}")
            case Wrote(draft=number, text=text):
                if self._draft in (None, number):
                    self._write(one_line(text) if self._open_line else "   " + one_line(text))
                    self._open_line = True
                    self._draft = number
            case Judged(sentence=sentence, statement=statement):
                self._draft = None
                which = textwrap.shorten(one_line(sentence), 48, placeholder="…")
                why = one_line(statement.reason or statement.verdict.value)
                proven = statement.verdict is Verdict.SUPPORTED
                self.status(f"   ✓ “{which}”" if proven else f"   ✗ “{which}” {why}")
            case _:
                self.status("")

    def _write(self, text: str) -> None:
        if self._shown:
            click.echo(click.style(text, dim=True), nl=False, err=True)


@contextmanager
def bar(label: str = "", unit: str = "", *, lines: bool = False) -> Iterator[Progress]:
    """Draw a progress bar on standard error while work runs; none where nobody watches.

    Args:
        label: stands before each stage.
        unit: of what is counted.
        lines: write a line a step instead, for a program that looks on.
    """
    if lines:
        yield _told
        return
    from tqdm import tqdm

    drawn: tqdm[Any] | None = None
    now: tuple[str, int] = ("", 0)

    def show(stage: str, done: int, total: int) -> None:
        nonlocal drawn, now
        if drawn is None or now != (stage, total):
            if drawn is not None:
                drawn.close()
            now = (stage, total)
            drawn = tqdm(
                desc=f"{label} {stage}".strip(),
                total=total,
                unit=unit or "it",
                unit_scale=bool(unit),
                leave=False,
                dynamic_ncols=True,
                disable=None,
            )
        drawn.update(done - drawn.n)

    try:
        yield show
    finally:
        if drawn is not None:
            drawn.close()


def _told(stage: str, done: int, total: int) -> None:
    click.echo(f"{stage}: {done} of {total}", err=True)


@contextmanager
def interrupts(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Send Ctrl-C to `handler` meanwhile."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread gets signals
        return
    before = signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def index_report(report: IndexReport, name: str, *, verbose: bool) -> str:
    """Return what was done with each file, and the counts."""
    lines = []
    for word, sources in (
        ("added", report.added),
        ("changed", report.changed),
        ("removed", report.removed),
        ("unchanged", report.unchanged if verbose else ()),
    ):
        lines += [f"{word:<10} {one_line(source)}" for source in sources]
    lines += [f"{'failed':<10} {one_line(str(error))}" for error in report.failed]
    lines += [f"{'note':<10} {one_line(source)}: {one_line(note)}" for source, note in report.notes]
    if report.rebuilt:
        lines.append(f"{'rebuilt':<10} {one_line(report.rebuilt)}")
    counts = ", ".join(
        f"{len(group)} {word}"
        for word, group in (
            ("added", report.added),
            ("changed", report.changed),
            ("removed", report.removed),
            ("unchanged", report.unchanged),
            ("failed", report.failed),
        )
        if group
    )
    lines.append(
        f"{name}: {counts or 'no files'}; {report.passages} passages in {report.elapsed_s:.1f} s"
    )
    return "\n".join(lines)


def models_table(models: Mapping[Model, State]) -> str:
    """Return the models with how they stand here, a line each."""
    head = ("NAME", "SIZE", "LICENCE", "STATE", "WHAT FOR")
    rows: list[Sequence[str]] = [head]
    for model, state in models.items():
        rows.append((model.name, megabytes(model.bytes), model.licence, state, model.purpose))
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.rjust(wide) if column == 1 else cell.ljust(wide)
            for column, (cell, wide) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def width() -> int:
    """Return how long lines may be."""
    return min(88, max(40, shutil.get_terminal_size().columns))


def megabytes(size: int) -> str:
    """Return a number of bytes for a reader."""
    return f"{size / 1e6:,.0f} MB"


def one_line(text: str) -> str:
    """Return the text without what could steer a terminal, line ends among it."""
    return "".join(c if c.isprintable() else " " for c in text)
