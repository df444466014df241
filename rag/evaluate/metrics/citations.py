"""Where citations point, and what they carry."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from rag.evaluate.metrics.answers import Gold, states
from rag.evaluate.sets import Span
from rag.types import Citation, Statement

MARKER = re.compile(r"\[(\d{1,4})\]")


def overlaps(citation: Citation, spans: Iterable[Span]) -> bool:
    """Say whether a citation shares at least one character with one of the spans.

    `[start, end)` of the citation meets `[start, end)` of a span in the same source.
    """
    return any(
        citation.source == span.source
        and max(citation.start, span.start) < min(citation.end, span.end)
        for span in spans
    )


def citations_right(statements: Sequence[Statement], gold: Sequence[Gold]) -> tuple[int, int]:
    """Count gold-span citation precision: citations that are right, and all citations.

    A citation is right where it overlaps marked evidence of any nugget of the question, required
    or not. A citation that stands under two statements counts twice.
    """
    spans = [span for mark in gold for span in mark.spans]
    cited = [citation for statement in statements for citation in statement.citations]
    return sum(overlaps(citation, spans) for citation in cited), len(cited)


def statements_right(statements: Sequence[Statement], gold: Sequence[Gold]) -> tuple[int, int]:
    """Count statements with at least one right citation, and all statements."""
    spans = [span for mark in gold for span in mark.spans]
    right = sum(any(overlaps(c, spans) for c in statement.citations) for statement in statements)
    return right, len(statements)


def nuggets_proven(statements: Sequence[Statement], gold: Sequence[Gold]) -> tuple[int, int]:
    """Count nugget recall with a right citation: required nuggets proven, and all required.

    A nugget is proven where one statement that states it, by itself, carries a citation that
    overlaps evidence of this nugget.
    """
    required = [mark for mark in gold if mark.nugget.required]
    proven = sum(
        any(
            states(statement.text, mark.nugget)
            and any(overlaps(citation, mark.spans) for citation in statement.citations)
            for statement in statements
        )
        for mark in required
    )
    return proven, len(required)


def invalid_citations(
    text: str,
    statements: Sequence[Statement],
    texts: Mapping[str, str],
    unresolved: Mapping[int, str],
) -> list[str]:
    """List what is wrong with the citations themselves, whatever they are cited for.

    Invalid is: a citation of a source that is not there; a quote that is not exactly the
    document's `text[start:end]`, or empty; one that does not resolve in the source file; one
    number for two places; a marker in the shown text without a citation; a citation whose
    marker is not shown.

    Args:
        text: the shown answer with its `[1]` markers.
        statements: of the same answer.
        texts: canonical text by source.
        unresolved: number of a citation -> why it does not resolve in its file.
    """
    problems: list[str] = []
    places: dict[int, tuple[str, int, int]] = {}
    for citation in (c for statement in statements for c in statement.citations):
        place = (citation.source, citation.start, citation.end)
        if citation.number in places:
            if places[citation.number] != place:
                problems.append(f"[{citation.number}] stands for two places")
            continue
        places[citation.number] = place
        held = texts.get(citation.source)
        if held is None:
            problems.append(f"[{citation.number}] cites {citation.source}, which is not there")
        elif (
            not 0 <= citation.start < citation.end <= len(held)
            or held[citation.start : citation.end] != citation.quote
        ):
            problems.append(f"[{citation.number}] quotes what the document does not say there")
        elif citation.number in unresolved:
            problems.append(f"[{citation.number}] does not resolve: {unresolved[citation.number]}")
    # Numbers in brackets that the statements themselves hold are words, not markers.
    words = Counter(MARKER.findall(" ".join(statement.text for statement in statements)))
    shown = {int(number) for number in Counter(MARKER.findall(text)) - words}
    problems += [f"[{n}] is shown and has no citation" for n in sorted(shown - places.keys())]
    problems += [f"[{n}] is cited and not shown" for n in sorted(places.keys() - shown)]
    return problems


@dataclass(frozen=True, slots=True)
class Support:
    """What a judge makes of one statement and its citations: probabilities, 0 to 1.

    Attributes:
        together: all its citations put together state it.
        alone: each citation by itself states it.
        rest: the others without this one state it; 0 where there are none.
    """

    together: float
    alone: tuple[float, ...]
    rest: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Alce:
    """Citation recall and precision as (right, of), and citations that carry nothing."""

    recall: tuple[int, int]
    precision: tuple[int, int]
    idle: int


def alce(supports: Sequence[Support], *, least: float = 0.5) -> Alce:
    """Count citation recall and precision of one answer, as ALCE defines them.

    T. Gao et al., "Enabling Large Language Models to Generate Text with Citations", EMNLP 2023. A
    statement has recall 1 if its citations, put together, support it; a citation has precision 1
    if its statement has recall 1 and the citation is not irrelevant: it is irrelevant if it does
    not support the statement alone and the others do without it. The official script lets invented
    numbers go for nothing and copied passages score; `invalid_citations`, the length of quotes and
    correctness stand beside it here.

    Args:
        supports: of each shown statement; one without citations counts in the recall.
        least: probability from which a judge's word is yes.

    Returns:
        Counts; `idle` is the number of irrelevant citations and of those under statements that are
        not supported: what a reader would follow in vain.
    """
    recall = precision = of = 0
    for support in supports:
        carried = bool(support.alone) and support.together >= least
        recall += carried
        of += len(support.alone)
        precision += carried * sum(
            alone >= least or rest < least
            for alone, rest in zip(support.alone, support.rest, strict=True)
        )
    return Alce((recall, len(supports)), (precision, of), of - precision)


def supports_of(
    statements: Sequence[Statement], states_all: Callable[[str, Sequence[Citation]], float]
) -> list[Support]:
    """Ask a judge about each statement: of its citations together, each alone, the others without.

    Args:
        statements: shown ones.
        states_all: probability, 0 to 1, that the quotes of citations state all of a text.
    """
    found = []
    for statement in statements:
        cited = statement.citations
        if len(cited) < 2:
            alone = tuple(states_all(statement.text, [one]) for one in cited)
            found.append(Support(alone[0] if alone else 0.0, alone, (0.0,) * len(cited)))
            continue
        together = states_all(statement.text, cited)
        alone = tuple(states_all(statement.text, [one]) for one in cited)
        rest = tuple(
            states_all(statement.text, [other for other in cited if other is not one])
            for one in cited
        )
        found.append(Support(together, alone, rest))
    return found
