"""What is measured: pure functions of an answer and its gold marks, each with its definition.

Nothing here asks a model to judge. A nugget is stated where one of its regular expressions
matches the normalised words of the answer; a citation is right where its characters overlap
marked evidence in the same source.
"""

from __future__ import annotations

import math
import random
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rag.evaluate.sets import Nugget, Span, compiled
from rag.types import Citation, Statement

MARKER = re.compile(r"\[(\d{1,4})\]")

_SAME = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′`´", "'"),
        **dict.fromkeys("“”„‟«»″", '"'),
        **dict.fromkeys("‐‑‒–—―−", "-"),
    }
)


@dataclass(frozen=True, slots=True)
class Gold:
    """A nugget and where its evidence stands in the documents."""

    nugget: Nugget
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % interval, both ends included."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Share:
    """`right` of `of`, with its 95 % interval.

    Attributes:
        interval: None where there is nothing to take a share of.
    """

    right: int
    of: int
    interval: Interval | None

    @property
    def value(self) -> float | None:
        """The share, 0 to 1, or None where there is nothing to take a share of."""
        return self.right / self.of if self.of else None


def normalise(text: str) -> str:
    """Return text in the form nuggets are matched on.

    NFKC; curly quotes and apostrophes straight, all dashes "-", runs of white space one space.
    """
    straight = unicodedata.normalize("NFKC", text.translate(_SAME)).translate(_SAME)
    return " ".join(straight.split())


def _matches(patterns: Iterable[str], text: str) -> bool:
    return any(compiled(pattern).search(text) for pattern in patterns)


def states(text: str, nugget: Nugget) -> bool:
    """Say whether a text states a nugget: one of its patterns matches the normalised text."""
    return _matches(nugget.accept, normalise(text))


def stated(statements: Sequence[Statement], nugget: Nugget) -> bool:
    """Say whether an answer states a nugget, in one statement or across all of them together."""
    texts = [statement.text for statement in statements]
    return any(states(text, nugget) for text in [*texts, " ".join(texts)])


def answer_right(
    statements: Sequence[Statement], gold: Sequence[Gold], reject: Sequence[str] = ()
) -> bool:
    """Say whether an answer is right: it states every required nugget and nothing rejected.

    An abstention has no statements and is therefore never right. Only for answerable questions,
    which have a required nugget.
    """
    if any(_matches(reject, normalise(statement.text)) for statement in statements):
        return False
    return all(stated(statements, mark.nugget) for mark in gold if mark.nugget.required)


def premise_corrected(statements: Sequence[Statement], gold: Sequence[Gold]) -> bool:
    """Say whether every statement shown for an unanswerable question corrects its premise."""
    return bool(statements) and all(
        any(states(statement.text, mark.nugget) for mark in gold) for statement in statements
    )


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


def nuggets_stated(statements: Sequence[Statement], gold: Sequence[Gold]) -> tuple[int, int]:
    """Count nugget recall whatever is cited: required nuggets stated, and all required."""
    required = [mark for mark in gold if mark.nugget.required]
    return sum(stated(statements, mark.nugget) for mark in required), len(required)


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


def abstention(pairs: Iterable[tuple[bool, bool]]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Count precision and recall of "not in the documents".

    Precision: of the questions refused, those that are unanswerable. Recall: of the unanswerable
    questions, those refused.

    Args:
        pairs: for each question whether it is answerable and whether it was refused.

    Returns:
        (right, of) of the precision, (right, of) of the recall.
    """
    counts = Counter(pairs)
    right = counts[False, True]
    return (right, right + counts[True, True]), (right, right + counts[False, False])


def wilson(right: int, of: int) -> Interval | None:
    """Return the 95 % score interval of a share of independent questions.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22
    (1927). It stays inside 0 to 1 and does not collapse at 0 or at all.
    """
    if of == 0:
        return None
    z = 1.959964
    share = right / of
    spread = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    middle = share + z * z / (2 * of)
    scale = 1 + z * z / of
    return Interval(max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale))


def bootstrap(
    counts: Sequence[tuple[int, int]], *, draws: int = 2000, seed: int = 0
) -> Interval | None:
    """Return the 95 % percentile bootstrap interval of a share counted in several per question.

    B. Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7 (1979).
    Whole questions are drawn with replacement, because the citations of one answer are right or
    wrong together; the share is the sum of rights over the sum of all in each draw, and draws
    with nothing to count are left out. Where none or all are right no draw can differ, which
    would claim certainty: there it is Wilson's interval over the questions that count anything.

    Args:
        counts: (right, of) of each question.
        draws: how often questions are drawn anew.
        seed: of the draws; the same seed gives the same interval.
    """
    counting = sum(of > 0 for _, of in counts)
    if sum(right for right, _ in counts) == 0:
        return wilson(0, counting)
    if all(right == of for right, of in counts):
        return wilson(counting, counting)
    rng = random.Random(seed)  # noqa: S311 (repeatable draws, nothing secret)
    shares = []
    for _ in range(draws):
        drawn = rng.choices(counts, k=len(counts))
        of = sum(count[1] for count in drawn)
        if of:
            shares.append(sum(count[0] for count in drawn) / of)
    return Interval(*(_quantile(shares, q) for q in (0.025, 0.975)))


def share_of_questions(flags: Iterable[bool]) -> Share:
    """Return the share of independent questions for which something holds, Wilson's interval."""
    values = list(flags)
    return Share(sum(values), len(values), wilson(sum(values), len(values)))


def share_within_questions(counts: Iterable[tuple[int, int]]) -> Share:
    """Return a share counted several times in a question, with the bootstrap interval."""
    values = list(counts)
    return Share(sum(r for r, _ in values), sum(of for _, of in values), bootstrap(values))


def _quantile(values: Sequence[float], q: float) -> float:
    """Return a quantile, 0 to 1, by straight line between the two nearest values."""
    ordered = sorted(values)
    at = q * (len(ordered) - 1)
    below = math.floor(at)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (at - below)


def percentile(values: Sequence[float], percent: float) -> float | None:
    """Return a percentile (0 to 100) by straight line between neighbours, None of nothing.

    R. J. Hyndman and Y. Fan, "Sample quantiles in statistical packages", The American
    Statistician 50 (1996), definition 7; numpy's default.
    """
    return _quantile(values, percent / 100) if values else None
