"""A scored run -> one self-contained page: what it came to, drawn, and every question to read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import EvaluationError
from rag.evaluate import plots
from rag.evaluate.files import RunResult
from rag.evaluate.metrics import calibration
from rag.evaluate.scoring import Figures, Judged, Row, risk_curve
from rag.evaluate.sets import Span

TEMPLATE = "page.html"
BANDS = 5  # of scores; a run has too few questions for more


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a quote; `gold` where it is marked evidence."""

    text: str
    gold: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """One question as the page shows it.

    Attributes:
        state: "right", "wrong", "refused" (an answerable one) or "error".
        judged: what came of it.
        row: the question as asked.
        statements: of the answer, as JSON, each with its citations as pieces.
        withheld: as JSON.
        gold: the set's nuggets with the words of their evidence.
    """

    state: str
    judged: Judged
    row: Row
    statements: tuple[Mapping[str, Any], ...]
    withheld: tuple[Mapping[str, Any], ...]
    gold: tuple[tuple[str, bool, tuple[str, ...]], ...]


def write_page(result: RunResult, path: Path) -> None:
    """Write the page of a run.

    Raises:
        ConfigError: matplotlib is not installed.
        EvaluationError: the page cannot be written.
    """
    text = page(result)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise EvaluationError(
            f"{path.name} cannot be written ({error.strerror}); give another place with "
            "`--report FILE`."
        ) from error


def page(result: RunResult) -> str:
    """Return the page of a run as HTML that needs no network.

    Raises:
        ConfigError: matplotlib is not installed.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("rag.evaluate", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    figures = result.scores.figures
    rows = list(zip(result.rows, result.scores.judged, strict=True))
    return environment.get_template(TEMPLATE).render(
        about=result.about,
        figures=figures,
        headline=list(_headline(figures)),
        drawings=_drawings(result),
        questions=[shown(row, judged) for row, judged in rows],
        pieces=pieces,
    )


def _headline(figures: Figures) -> Iterator[tuple[str, Any, str]]:
    """Yield the figures that lead: name, share, what it means to a reader."""
    yield (
        "answered right",
        figures.answerable_right,
        "of the questions that the documents answer, answers that state all that is required",
    )
    yield (
        "right when answered",
        figures.right_when_answered,
        "of those that were answered at all",
    )
    yield (
        "rightly refused",
        figures.refused_right,
        "of the questions that the documents do not answer",
    )
    yield (
        "citations on evidence",
        figures.citation_precision,
        "quotes that overlap words marked by hand",
    )
    for judge, recall in figures.alce_recall.items():
        yield (f"carried, says {judge}", recall, "statements that their quotes state wholly")


def _drawings(result: RunResult) -> list[tuple[str, str, str]]:
    """Return the drawings: heading, SVG, what to see in it."""
    figures, judged = result.scores.figures, result.scores.judged
    answered = [j for j in judged if not j.abstained and not j.error]
    bands = calibration([j.right for j in answered], [j.score for j in answered], bands=BANDS)
    timings = [row.answer["timings"] for row in result.rows if row.answer]
    first = [t["first_token"] for t in timings if t["first_token"] is not None]
    whole = [row.wall_s for row in result.rows if row.answer]
    kinds = [
        ("citations on evidence", figures.citation_precision),
        ("nuggets with a right citation", figures.nugget_recall),
        *((f"right: {kind}", found) for kind, found in figures.by_kind.items()),
    ]
    drawings = [
        (
            "By kind of question",
            plots.shares(kinds),
            "Share right, the line is the 95 % interval. Unanswerable kinds are right if refused.",
        ),
        (
            "What refusing more would bring",
            plots.risk_coverage(risk_curve(judged)),
            "From left to right answers of lower score are let through. A low, flat line is good.",
        ),
        (
            "Is a score worth its number?",
            plots.calibration(bands),
            "On the line, answers of score .8 are right in 8 of 10. Figures are counts.",
        ),
        (
            "Seconds",
            plots.seconds(first, whole),
            "How many questions had their first word, and their answer, after so long.",
        ),
    ]
    if figures.retrieval:
        table = {
            order: {name: mean.value for name, mean in found.items()}
            for order, found in figures.retrieval.items()
        }
        text = "Where passages with evidence stand; “read” is what is left within the budget."
        drawings.append(("Retrieval", plots.ranks(table), text))
    return drawings


def shown(row: Row, judged: Judged) -> Shown:
    """Return a question as the page shows it."""
    state = "right" if judged.right else "refused" if judged.abstained else "wrong"
    answer = row.answer or {"statements": [], "withheld": []}
    spans = [span for marked in row.gold for span in marked]
    statements = tuple(
        {**said, "citations": [{**c, "pieces": pieces(c, spans)} for c in said["citations"]]}
        for said in answer["statements"]
    )
    gold = tuple(
        (n.text, n.required, tuple(dict.fromkeys(e.quote for e in n.evidence)))
        for n in row.question.nuggets
    )
    return Shown(
        "error" if judged.error else state,
        judged,
        row,
        statements,
        tuple(answer["withheld"]),
        gold,
    )


def pieces(citation: Mapping[str, Any], spans: Sequence[Span]) -> list[Piece]:
    """Return a quote cut where marked evidence begins and ends.

    Args:
        citation: in JSON form, with source, start and quote.
        spans: marked evidence, of any source.
    """
    quote, start = citation["quote"], citation["start"]
    inside = [False] * len(quote)
    for span in spans:
        if span.source == citation["source"]:
            for place in range(max(0, span.start - start), min(len(quote), span.end - start)):
                inside[place] = True
    found: list[Piece] = []
    for character, gold in zip(quote, inside, strict=True):
        if found and found[-1].gold == gold:
            found[-1] = Piece(found[-1].text + character, gold)
        else:
            found.append(Piece(character, gold))
    return found
