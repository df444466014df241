"""Saved answers -> figures; asks nothing, so that a run of any age can be scored again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rag.errors import EvaluationError
from rag.evaluate import metrics
from rag.evaluate.metrics import Gold, Mean, Share, Support
from rag.evaluate.ranking import Found
from rag.evaluate.sets import NUGGETLESS, Question, Span, parse
from rag.types import Citation, Statement, Verdict

EVEN = 0.5  # probability from which a judge's word is yes
RECALL_AT = (1, 5, 10)
_CITATION = ("number", "source", "title", "start", "end", "quote", "metadata")


@dataclass(frozen=True, slots=True)
class Row:
    """One question as it was asked, with all that scoring needs.

    Attributes:
        key: what the answer depends on; see `rag.evaluate.runner`.
        gold: for each nugget of the question where its evidence stands.
        answer: `Answer.to_json()`, or None where asking failed.
        error: kind and message of the error, or "".
        unresolved: number of a citation -> why it does not stand in its file.
        invalid: what is wrong with the citations; see `metrics.invalid_citations`.
        wall_s: seconds of the whole call.
        found: for each order of retrieval where the evidence stands in it; empty where there is
            none, or what is asked shows no order.
        supports: for each judge what it makes of each shown statement.
        held: for each side of the question whether a passage that was read gives it.
    """

    key: str
    question: Question
    gold: tuple[tuple[Span, ...], ...]
    answer: Mapping[str, Any] | None
    error: str = ""
    unresolved: Mapping[int, str] = field(default_factory=dict)
    invalid: tuple[str, ...] = ()
    wall_s: float = 0.0
    found: Mapping[str, Found] = field(default_factory=dict)
    supports: Mapping[str, tuple[Support, ...]] = field(default_factory=dict)
    held: tuple[bool, ...] = ()

    @property
    def score(self) -> float:
        """How sure the answer is: the surest shown statement is carried and answers, 0 to 1."""
        shown = self.answer["statements"] if self.answer else []
        return max((s["support"] * (s.get("answers") or 1.0) for s in shown), default=0.0)

    @property
    def statements(self) -> tuple[Statement, ...]:
        """The shown statements of the answer."""
        return statements_of(self.answer) if self.answer else ()

    @property
    def abstained(self) -> bool:
        """Whether the question was refused; an error is no refusal."""
        return bool(self.answer and self.answer["abstained"])

    def to_json(self) -> dict[str, Any]:
        """Return the form kept in run files."""
        return {
            "key": self.key,
            "question": self.question.to_json(),
            "gold": [[asdict(span) for span in spans] for spans in self.gold],
            "answer": self.answer,
            "error": self.error,
            "unresolved": {str(n): why for n, why in self.unresolved.items()},
            "invalid": list(self.invalid),
            "wall_s": self.wall_s,
            "found": {name: found.to_json() for name, found in self.found.items()},
            "supports": {
                name: [[s.together, list(s.alone), list(s.rest)] for s in supports]
                for name, supports in self.supports.items()
            },
            "held": list(self.held),
        }

    @classmethod
    def from_json(cls, value: Any, where: str) -> Row:
        """Make a row of its JSON form.

        Raises:
            EvaluationError: it is not one; the message names the place and the field.
        """
        try:
            row = cls(
                key=value["key"],
                question=parse(value["question"], where),
                gold=tuple(tuple(Span(**span) for span in spans) for spans in value["gold"]),
                answer=value["answer"],
                error=value["error"],
                unresolved={int(n): why for n, why in value["unresolved"].items()},
                invalid=tuple(value["invalid"]),
                wall_s=value["wall_s"],
                # Older run files have none of these.
                found={n: Found.from_json(one) for n, one in value.get("found", {}).items()},
                supports={
                    name: tuple(Support(t, tuple(a), tuple(r)) for t, a, r in rows)
                    for name, rows in value.get("supports", {}).items()
                },
                held=tuple(value.get("held", ())),
            )
            # Read once here, so that a malformed answer is named with its place.
            _ = row.statements, row.abstained
        except EvaluationError as error:
            raise EvaluationError(
                f"{error} Or make the run anew with `rag eval --fresh`."
            ) from error
        except KeyError as error:
            raise EvaluationError(
                f"{where}: field {error} is missing; make the run anew with `rag eval --fresh`."
            ) from error
        except (TypeError, ValueError, AttributeError) as error:
            raise EvaluationError(
                f"{where}: not a row of a run ({error}); make the run anew with `rag eval --fresh`."
            ) from error
        return row


def statements_of(answer: Mapping[str, Any]) -> tuple[Statement, ...]:
    """Return the shown statements of an answer in its JSON form."""
    return tuple(
        Statement(
            text=said["text"],
            verdict=Verdict(said["verdict"]),
            support=said["support"],
            citations=tuple(
                Citation(**{name: cited[name] for name in _CITATION}) for cited in said["citations"]
            ),
            reason=said["reason"],
        )
        for said in answer["statements"]
    )


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of one question; each pair of counts is (right, of).

    Attributes:
        right: an answerable question answered rightly, or an unanswerable one refused.
        corrected: an unanswerable question that was not refused, and whose premise every
            statement corrects; it does not count as right.
        missing: required nuggets that the answer does not state.
        said: the shown statements, without markers.
        short: whether an accepted short answer stands in the answer; None where there is none.
        exact: whether the answer is a short answer and nothing else; None likewise.
        f1: of its words against the short answers, 0 to 1; None likewise.
        words: of the answer.
        sides: of a conflict (shown, held by what was read).
        score: see `Row.score`.
        alce: for each judge citation recall and precision, and citations that carry nothing.
    """

    id: str
    question: str
    kind: str
    answerable: bool
    abstained: bool
    right: bool
    corrected: bool
    citations: tuple[int, int]
    statements: tuple[int, int]
    proven: tuple[int, int]
    stated: tuple[int, int]
    uncited: int
    withheld: int
    invalid: tuple[str, ...]
    missing: tuple[str, ...]
    said: str
    error: str
    short: bool | None
    exact: bool | None
    f1: float | None
    words: int
    sides: tuple[int, int]
    score: float
    alce: Mapping[str, metrics.Alce]


@dataclass(frozen=True, slots=True)
class Seconds:
    """The spread of a time over the questions, in seconds; None where it was never taken."""

    p50: float | None
    p95: float | None


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a run.

    Shares of questions carry Wilson's interval, shares counted several times in a question the
    bootstrap's over questions; see `rag.evaluate.metrics`.

    Attributes:
        answerable_right: answerable questions whose answer states every required nugget.
        answered: answerable questions answered at all.
        right_when_answered: of those, the right ones.
        refused_right: unanswerable questions refused; the recall of abstention.
        abstention_precision: of all refusals, those of unanswerable questions.
        corrected: unanswerable questions answered by correcting their premise (not refused).
        citation_precision: citations of answerable questions that overlap marked evidence.
        citation_precision_all: the same over all questions, where citations for an answer to an
            unanswerable question have nothing to overlap but a marked correction.
        statement_precision: statements of answerable questions with such a citation.
        nugget_recall: required nuggets stated by a statement that carries a right citation.
        nuggets_stated: required nuggets stated, whatever is cited.
        invalid: invalid or unresolvable citations; must be 0.
        uncited: shown statements without a citation; must be 0.
        withheld: drafted sentences that were withheld.
        quote_chars: mean length of a cited quote, in characters; pointing at everything is easy.
        by_kind: share right (answerable) or refused (unanswerable), by kind of question.
        errors: questions that could not be asked.
        false_premise_answered: unanswerable questions that suppose something false and are
            answered, those that correct it left out.
        short_answer: questions with short answers where one stands in the answer.
        exact_match: of the same questions those where the answer is nothing else.
        token_f1: mean over the same questions.
        words: mean length of an answer, in words.
        citations_a_statement: mean over shown statements.
        risk_area: mean share of wrong answers, from the surest to all given; see
            `metrics.area_under_risk_coverage`.
        sides: sides of conflicts shown, of those that passages read hold.
        every_side: questions whose passages read hold several sides and that show them all.
        alce_recall: for each judge the statements that their citations carry.
        alce_precision: for each judge the citations that are needed or carry alone.
        idle: for each judge the citations that carry nothing.
        agreement: for each judge beside the checker in what share of statements they agree, and
            Cohen's kappa.
        retrieval: for each order recall at 1, 5 and 10, MRR and nDCG at 10, means over questions.
    """

    questions: int
    answerable_right: Share
    answered: Share
    right_when_answered: Share
    refused_right: Share
    abstention_precision: Share
    corrected: int
    citation_precision: Share
    citation_precision_all: Share
    statement_precision: Share
    nugget_recall: Share
    nuggets_stated: Share
    invalid: int
    uncited: int
    statements: int
    citations: int
    withheld: int
    quote_chars: float | None
    by_kind: Mapping[str, Share]
    errors: int
    first_quote: Seconds
    first_word: Seconds
    total: Seconds
    tokens_in: int
    tokens_out: int
    false_premise_answered: Share
    short_answer: Share
    exact_match: Share
    token_f1: Mean
    words: Mean
    citations_a_statement: float | None
    risk_area: float | None
    sides: Share
    every_side: Share
    alce_recall: Mapping[str, Share]
    alce_precision: Mapping[str, Share]
    idle: Mapping[str, int]
    agreement: Mapping[str, tuple[float, float]]
    retrieval: Mapping[str, Mapping[str, Mean]]

    def to_json(self) -> dict[str, Any]:
        """Return the form kept in run files: a share is {value, right, of, low, high}."""
        return {name: _plain(getattr(self, name)) for name in self.__dataclass_fields__}


@dataclass(frozen=True, slots=True)
class Scores:
    """The figures of a run and what came of each question, in the order asked."""

    figures: Figures
    judged: tuple[Judged, ...]


def score(rows: Sequence[Row]) -> Scores:
    """Score asked questions; the same rows always give the same figures."""
    judged = tuple(judge(row) for row in rows)
    good = [j for j in judged if j.answerable]
    bad = [j for j in judged if not j.answerable]
    precision, _ = metrics.abstention((j.answerable, j.abstained) for j in judged)
    answered = [j for j in good if not j.abstained and not j.error]
    timings = [row.answer["timings"] for row in rows if row.answer]
    quotes = [len(c.quote) for row in rows for s in row.statements for c in s.citations]
    figures = Figures(
        questions=len(rows),
        answerable_right=metrics.share_of_questions(j.right for j in good),
        answered=metrics.share_of_questions(not j.abstained and not j.error for j in good),
        right_when_answered=metrics.share_of_questions(j.right for j in answered),
        refused_right=metrics.share_of_questions(j.right for j in bad),
        abstention_precision=Share(*precision, metrics.wilson(*precision)),
        corrected=sum(j.corrected for j in bad),
        citation_precision=metrics.share_within_questions(j.citations for j in good),
        citation_precision_all=metrics.share_within_questions(j.citations for j in judged),
        statement_precision=metrics.share_within_questions(j.statements for j in good),
        nugget_recall=metrics.share_within_questions(j.proven for j in good),
        nuggets_stated=metrics.share_within_questions(j.stated for j in good),
        invalid=sum(len(j.invalid) for j in judged),
        uncited=sum(j.uncited for j in judged),
        statements=sum(j.statements[1] for j in judged),
        citations=sum(j.citations[1] for j in judged),
        withheld=sum(j.withheld for j in judged),
        quote_chars=sum(quotes) / len(quotes) if quotes else None,
        by_kind={
            kind: metrics.share_of_questions(j.right for j in judged if j.kind == kind)
            for kind in dict.fromkeys(j.kind for j in judged)
        },
        errors=sum(bool(j.error) for j in judged),
        first_quote=_seconds([q for t in timings if (q := t.get("first_quote")) is not None]),
        first_word=_seconds([t["first_token"] for t in timings if t["first_token"] is not None]),
        total=_seconds([row.wall_s for row in rows if row.answer]),
        tokens_in=sum(t["tokens_in"] for t in timings),
        tokens_out=sum(t["tokens_out"] for t in timings),
        false_premise_answered=metrics.share_of_questions(
            not j.right and not j.corrected for j in bad if j.kind == "false-premise"
        ),
        short_answer=metrics.share_of_questions(j.short for j in judged if j.short is not None),
        exact_match=metrics.share_of_questions(j.exact for j in judged if j.exact is not None),
        token_f1=metrics.mean_of_questions([j.f1 for j in judged if j.f1 is not None]),
        words=metrics.mean_of_questions([float(j.words) for j in judged if j.statements[1]]),
        citations_a_statement=_ratio(
            sum(j.citations[1] for j in judged), sum(j.statements[1] for j in judged)
        ),
        risk_area=metrics.area_under_risk_coverage(risk_curve(judged)),
        sides=metrics.share_within_questions(j.sides for j in good if j.sides[1] > 1),
        every_side=metrics.share_of_questions(
            j.sides[0] == j.sides[1] for j in good if j.sides[1] > 1
        ),
        alce_recall=_by_judge(judged, lambda found: found.recall),
        alce_precision=_by_judge(judged, lambda found: found.precision),
        idle={
            name: sum(j.alce[name].idle for j in judged if name in j.alce)
            for name in _judges(judged)
        },
        agreement=_agreement(rows),
        retrieval=_retrieval(rows),
    )
    return Scores(figures, judged)


def judge(row: Row) -> Judged:
    """Say what came of one question."""
    question, statements = row.question, row.statements
    gold = [Gold(nugget, spans) for nugget, spans in zip(question.nuggets, row.gold, strict=True)]
    said = " ".join(statement.text for statement in statements)
    return Judged(
        id=question.id,
        question=question.text,
        kind=question.kind,
        answerable=question.answerable,
        abstained=row.abstained,
        right=_is_right(question, statements, gold) if question.answerable else row.abstained,
        corrected=not question.answerable and metrics.premise_corrected(statements, gold),
        citations=metrics.citations_right(statements, gold),
        statements=metrics.statements_right(statements, gold),
        proven=metrics.nuggets_proven(statements, gold),
        stated=metrics.nuggets_stated(statements, gold),
        uncited=sum(not statement.citations for statement in statements),
        withheld=len(row.answer["withheld"]) if row.answer else 0,
        invalid=row.invalid,
        missing=tuple(
            mark.nugget.text
            for mark in gold
            if mark.nugget.required and not metrics.stated(statements, mark.nugget)
        ),
        said=said,
        error=row.error,
        short=metrics.holds_answer(said, question.answers) if question.answers else None,
        exact=metrics.exact_match(said, question.answers) if question.answers else None,
        f1=metrics.token_f1(said, question.answers) if question.answers else None,
        words=len(said.split()),
        sides=metrics.sides_shown(
            [statement.text for statement in statements], question.sides, row.held
        )
        if len(row.held) == len(question.sides)
        else (0, 0),
        score=row.score,
        alce={name: metrics.alce(supports) for name, supports in row.supports.items()},
    )


def _is_right(question: Question, statements: Sequence[Statement], gold: Sequence[Gold]) -> bool:
    """Tell whether an answer to an answerable question is right, as its set can tell."""
    if question.kind == NUGGETLESS:
        cited = {c.source for statement in statements for c in statement.citations}
        return bool(cited & set(question.gold))
    if question.by_evidence:
        return metrics.citations_right(statements, gold)[0] > 0
    return metrics.answer_right(statements, gold, question.reject)


def risk_curve(judged: Sequence[Judged]) -> list[metrics.Point]:
    """Return the risk-coverage curve of a run over the score of its answers."""
    given = [(j.score, j.right or j.corrected) for j in judged if not j.abstained and not j.error]
    return metrics.risk_coverage(given, len(judged))


def by_support(rows: Sequence[Row], judged: Sequence[Judged]) -> list[metrics.Point]:
    """Return the risk-coverage curve over the support that statements must have to be shown.

    As if an answer stood or fell with its surest statement: what a `support_threshold` would do.
    """
    given = [
        (max(s["support"] for s in row.answer["statements"]), j.right or j.corrected)
        for row, j in zip(rows, judged, strict=True)
        if row.answer and row.answer["statements"]
    ]
    return metrics.risk_coverage(given, len(judged))


def _judges(judged: Sequence[Judged]) -> list[str]:
    return list(dict.fromkeys(name for j in judged for name in j.alce))


def _by_judge(
    judged: Sequence[Judged], count: Callable[[metrics.Alce], tuple[int, int]]
) -> dict[str, Share]:
    return {
        name: metrics.share_within_questions(count(j.alce[name]) for j in judged if name in j.alce)
        for name in _judges(judged)
    }


def _agreement(rows: Sequence[Row]) -> dict[str, tuple[float, float]]:
    """Return for each judge beside the first how often both say the same of a statement."""
    names = list(dict.fromkeys(name for row in rows for name in row.supports))
    found = {}
    for name in names[1:]:
        pairs = [
            (one.together >= EVEN, other.together >= EVEN)
            for row in rows
            if name in row.supports and names[0] in row.supports
            for one, other in zip(row.supports[names[0]], row.supports[name], strict=True)
        ]
        agreed = metrics.agreement([one for one, _ in pairs], [other for _, other in pairs])
        if agreed is not None:
            found[name] = agreed
    return found


def _retrieval(rows: Sequence[Row]) -> dict[str, dict[str, Mean]]:
    """Return for each order the means of its figures over the questions with evidence."""
    orders = dict.fromkeys(name for row in rows for name in row.found)
    table = {}
    for order in orders:
        ranked = [row.found[order] for row in rows if order in row.found]
        figures: dict[str, list[float]] = {
            **{
                f"recall@{k}": [metrics.recall_at(k, f.hits, f.relevant) for f in ranked]
                for k in RECALL_AT
            },
            "mrr": [metrics.reciprocal_rank(f.hits) for f in ranked],
            "ndcg@10": [metrics.ndcg_at(10, f.hits, f.relevant) for f in ranked],
        }
        table[order] = {name: metrics.mean_of_questions(v) for name, v in figures.items()}
    return table


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _seconds(values: Sequence[float]) -> Seconds:
    return Seconds(metrics.percentile(values, 50), metrics.percentile(values, 95))


def _plain(value: Any) -> Any:
    """Return a figure as JSON, rounded to what it is worth."""
    if isinstance(value, Share):
        shown = value.interval
        return {
            "value": None if value.value is None else round(value.value, 4),
            "right": value.right,
            "of": value.of,
            "low": None if shown is None else round(shown.low, 4),
            "high": None if shown is None else round(shown.high, 4),
        }
    if isinstance(value, Mean):
        shown = value.interval
        return {
            "value": None if value.value is None else round(value.value, 4),
            "of": value.of,
            "low": None if shown is None else round(shown.low, 4),
            "high": None if shown is None else round(shown.high, 4),
        }
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Seconds):
        return {"p50": _plain(value.p50), "p95": _plain(value.p95)}
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    return round(value, 3) if isinstance(value, float) else value
