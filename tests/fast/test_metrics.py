"""Each metric against examples worked by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.evaluate import metrics
from rag.evaluate.metrics import Gold, Interval
from rag.evaluate.sets import Evidence, Nugget, Span
from rag.types import Citation, Statement, Verdict

# 0123456789012345678901234567890123456789
TEXT = "Amazon paused it for one year. IBM left."
YEAR = Span("a.txt", 21, 29)  # "one year"
IBM = Span("a.txt", 31, 40)


def cite(number: int, start: int, end: int, source: str = "a.txt", quote: str = "") -> Citation:
    return Citation(number, source, "A", start, end, quote or TEXT[start:end], {})


def say(text: str, *citations: Citation) -> Statement:
    return Statement(text, Verdict.SUPPORTED, 1.0, citations)


def gold(pattern: str, *spans: Span, required: bool = True) -> Gold:
    evidence = tuple(Evidence(s.source, "…") for s in spans)
    return Gold(Nugget(pattern, (pattern,), required, evidence), spans)


GOLD = [gold("one[- ]year", YEAR), gold(r"\bibm\b.*\bleft\b", IBM, required=False)]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param("It’s “grounded”", 'It\'s "grounded"', id="curly quotes"),
        pytest.param("one‑year – or—more", "one-year - or-more", id="dashes and hyphens"),
        pytest.param(" a\n\u00a0b\t c ", "a b c", id="white space"),
        pytest.param("ﬁve ２０１８…", "five 2018...", id="compatibility forms"),
        pytest.param("ban´s", "ban's", id="an accent used as apostrophe"),
    ],
)
def test_normalise(raw: str, expected: str) -> None:
    assert metrics.normalise(raw) == expected


@settings(deadline=None)
@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = metrics.normalise(text)
    assert metrics.normalise(once) == once


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("A One‑Year pause", True, id="case and hyphen"),
        pytest.param("for one\nyear", True, id="line break"),
        pytest.param("for two years", False, id="another number"),
        pytest.param("", False, id="nothing"),
    ],
)
def test_states(text: str, expected: bool) -> None:
    assert metrics.states(text, GOLD[0].nugget) is expected


@pytest.mark.parametrize(
    ("texts", "reject", "right"),
    [
        pytest.param(["It lasts one year."], [], True, id="required nugget, optional one absent"),
        pytest.param(["IBM has left."], [], False, id="optional nugget only"),
        pytest.param([], [], False, id="abstention"),
        pytest.param(["Something.", "It is one", "year long."], [], True, id="across statements"),
        pytest.param(["One year.", "Amazon sold it."], ["amazon sold"], False, id="rejected"),
        pytest.param(["One year. Amazon’s"], ["amazon's"], False, id="rejected when normalised"),
    ],
)
def test_answer_right(texts: list[str], reject: list[str], right: bool) -> None:
    assert metrics.answer_right([say(t) for t in texts], GOLD, reject) is right


@pytest.mark.parametrize(
    ("texts", "corrected"),
    [
        pytest.param(["IBM had left."], True, id="corrects"),
        pytest.param(["IBM had left.", "It sells a lot."], False, id="corrects and invents"),
        pytest.param([], False, id="refusal"),
    ],
)
def test_premise_corrected(texts: list[str], corrected: bool) -> None:
    assert metrics.premise_corrected([say(t) for t in texts], [GOLD[1]]) is corrected


@pytest.mark.parametrize(
    ("citation", "expected"),
    [
        pytest.param(cite(1, 21, 29), True, id="the same characters"),
        pytest.param(cite(1, 0, 30), True, id="around"),
        pytest.param(cite(1, 24, 25), True, id="inside"),
        pytest.param(cite(1, 10, 22), True, id="one character at the left"),
        pytest.param(cite(1, 28, 35), True, id="one character at the right"),
        pytest.param(cite(1, 10, 21), False, id="ends where it starts"),
        pytest.param(cite(1, 29, 40), False, id="starts where it ends"),
        pytest.param(cite(1, 21, 29, "b.txt"), False, id="another source"),
    ],
)
def test_overlaps(citation: Citation, expected: bool) -> None:
    assert metrics.overlaps(citation, [YEAR]) is expected


def test_counts_of_one_answer() -> None:
    statements = [
        say("Amazon: one year.", cite(1, 0, 30), cite(2, 0, 6)),  # right, wrong
        say("IBM left.", cite(3, 31, 40)),  # right, evidence of the optional nugget
        say("Amazon again.", cite(2, 0, 6)),  # wrong
    ]
    assert metrics.citations_right(statements, GOLD) == (2, 4)
    assert metrics.statements_right(statements, GOLD) == (2, 3)
    assert metrics.nuggets_proven(statements, GOLD) == (1, 1)
    assert metrics.nuggets_stated(statements, GOLD) == (1, 1)


def test_a_nugget_is_not_proven_by_evidence_of_another_nugget() -> None:
    statements = [say("For one year.", cite(1, 31, 40)), say("IBM.", cite(2, 21, 29))]
    assert metrics.citations_right(statements, GOLD) == (2, 2)
    assert metrics.nuggets_stated(statements, GOLD) == (1, 1)
    assert metrics.nuggets_proven(statements, GOLD) == (0, 1)


def test_a_citation_that_is_right_for_nothing_marked_is_wrong() -> None:
    assert metrics.citations_right([say("One year.", cite(1, 21, 29))], []) == (0, 1)


@pytest.mark.parametrize(
    ("text", "statements", "unresolved", "problems"),
    [
        pytest.param("One year [1].", [say("One year.", cite(1, 21, 29))], {}, [], id="valid"),
        pytest.param(
            "A [1]. B [1].",
            [say("A.", cite(1, 21, 29)), say("B.", cite(1, 21, 29))],
            {},
            [],
            id="one number twice for one place",
        ),
        pytest.param(
            "A [1]. B [1].",
            [say("A.", cite(1, 21, 29)), say("B.", cite(1, 31, 40))],
            {},
            ["[1] stands for two places"],
            id="one number for two places",
        ),
        pytest.param(
            "A [1].",
            [say("A.", cite(1, 21, 29, quote="two year"))],
            {},
            ["[1] quotes what the document does not say there"],
            id="altered quote",
        ),
        pytest.param(
            "A [1].",
            [say("A.", cite(1, 22, 30, quote="one year"))],
            {},
            ["[1] quotes what the document does not say there"],
            id="shifted offsets",
        ),
        pytest.param(
            "A [1].",
            [say("A.", cite(1, 21, 21, quote=""))],
            {},
            ["[1] quotes what the document does not say there"],
            id="empty quote",
        ),
        pytest.param(
            "A [1].",
            [say("A.", cite(1, -9, -1, quote=TEXT[-9:-1]))],
            {},
            ["[1] quotes what the document does not say there"],
            id="negative offsets that slice to the quote",
        ),
        pytest.param(
            "A [1].",
            [say("A.", cite(1, 0, 6, "b.txt"))],
            {},
            ["[1] cites b.txt, which is not there"],
            id="unknown source",
        ),
        pytest.param(
            "A [1].",
            [say("A.", cite(1, 21, 29))],
            {1: "the file is gone"},
            ["[1] does not resolve: the file is gone"],
            id="file gone",
        ),
        pytest.param(
            "A [1][7].",
            [say("A.", cite(1, 21, 29))],
            {},
            ["[7] is shown and has no citation"],
            id="invented number",
        ),
        pytest.param(
            "A.",
            [say("A.", cite(1, 21, 29))],
            {},
            ["[1] is cited and not shown"],
            id="marker left out",
        ),
        pytest.param(
            "In [2021] and x[0] [1].",
            [say("In [2021] and x[0].", cite(1, 21, 29))],
            {},
            [],
            id="numbers in brackets that are words",
        ),
        pytest.param("Not in your documents.", [], {}, [], id="abstention"),
    ],
)
def test_invalid_citations(
    text: str, statements: list[Statement], unresolved: dict[int, str], problems: list[str]
) -> None:
    assert metrics.invalid_citations(text, statements, {"a.txt": TEXT}, unresolved) == problems


def test_abstention_counts() -> None:
    # Refused: two unanswerable, one answerable. Answered: one unanswerable, two answerable.
    pairs = [
        *[(False, True), (False, True), (True, True)],
        *[(False, False), (True, False), (True, False)],
    ]
    assert metrics.abstention(pairs) == ((2, 3), (2, 3))
    assert metrics.abstention([(True, False)]) == ((0, 0), (0, 0))


@pytest.mark.parametrize(
    ("right", "of", "low", "high"),
    [
        # Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
        pytest.param(81, 263, 0.2553, 0.3662, id="81 of 263"),
        pytest.param(15, 148, 0.0624, 0.1605, id="15 of 148"),
        pytest.param(0, 20, 0.0, 0.1611, id="none of 20"),
        pytest.param(1, 29, 0.0061, 0.1718, id="1 of 29"),
    ],
)
def test_wilson_against_published_values(right: int, of: int, low: float, high: float) -> None:
    interval = metrics.wilson(right, of)
    assert interval is not None
    assert (round(interval.low, 4), round(interval.high, 4)) == (low, high)


def test_wilson_of_nothing() -> None:
    assert metrics.wilson(0, 0) is None


@settings(deadline=None)
@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_share_and_stays_within_bounds(pair: tuple[int, int]) -> None:
    right, of = pair
    interval = metrics.wilson(right, of)
    assert interval is not None
    assert 0 <= interval.low <= right / of + 1e-12
    assert right / of - 1e-12 <= interval.high <= 1


def test_bootstrap_of_equal_questions_is_a_point() -> None:
    assert metrics.bootstrap([(1, 2)] * 10) == Interval(0.5, 0.5)


def test_bootstrap_is_repeatable_and_draws_whole_questions() -> None:
    # Nine right of nine in one question, none of one in the other: a draw of two questions is
    # (first, first) 1.0, (both) 0.9 or (second, second) 0.0 with chances 1/4, 1/2, 1/4.
    counts = [(9, 9), (0, 1)]
    interval = metrics.bootstrap(counts)
    assert interval == Interval(0.0, 1.0)
    assert metrics.bootstrap(counts) == interval
    # Drawing single citations instead would nearly never give 0.


def test_bootstrap_is_close_to_theory_for_a_plain_share() -> None:
    # 60 of 100 questions: the normal interval is 0.6 -+ 1.96 sqrt(.6 * .4 / 100) = .504 to .696.
    interval = metrics.bootstrap([(1, 1)] * 60 + [(0, 1)] * 40)
    assert interval is not None
    spread = 1.96 * math.sqrt(0.6 * 0.4 / 100)
    assert interval.low == pytest.approx(0.6 - spread, abs=0.015)
    assert interval.high == pytest.approx(0.6 + spread, abs=0.015)


def test_bootstrap_of_nothing() -> None:
    assert metrics.bootstrap([]) is None
    assert metrics.bootstrap([(0, 0), (0, 0)]) is None


def test_bootstrap_leaves_out_draws_with_nothing_to_count() -> None:
    assert metrics.bootstrap([(1, 2), (0, 0)]) == Interval(0.5, 0.5)


@pytest.mark.parametrize(
    ("counts", "same"),
    [
        pytest.param([(3, 3)] * 9 + [(2, 2), (0, 0)], (10, 10), id="all right in ten questions"),
        pytest.param([(0, 3)] * 10 + [(0, 0)], (0, 10), id="none right in ten questions"),
    ],
)
def test_bootstrap_claims_no_certainty(
    counts: list[tuple[int, int]], same: tuple[int, int]
) -> None:
    assert metrics.bootstrap(counts) == metrics.wilson(*same)


def test_shares() -> None:
    share = metrics.share_of_questions([True, True, False, True])
    assert (share.right, share.of, share.value) == (3, 4, 0.75)
    within = metrics.share_within_questions([(1, 3), (2, 2), (0, 0)])
    assert (within.right, within.of, within.value) == (3, 5, 0.6)
    assert metrics.share_of_questions([]).value is None


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        pytest.param([3.0], 95, 3.0, id="one value"),
        pytest.param([4.0, 1.0, 3.0, 2.0], 50, 2.5, id="median of four"),
        pytest.param([1.0, 2.0, 3.0, 4.0, 5.0], 95, 4.8, id="between the last two"),
        pytest.param([1.0, 2.0], 0, 1.0, id="least"),
        pytest.param([1.0, 2.0], 100, 2.0, id="greatest"),
        pytest.param([], 50, None, id="nothing"),
    ],
)
def test_percentile(values: list[float], percent: float, expected: float | None) -> None:
    assert metrics.percentile(values, percent) == (
        None if expected is None else pytest.approx(expected)
    )


@settings(deadline=None)
@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=40), st.floats(0, 100))
def test_percentile_agrees_with_numpy(values: list[float], percent: float) -> None:
    import numpy as np

    assert metrics.percentile(values, percent) == pytest.approx(
        float(np.percentile(values, percent)), rel=1e-9, abs=1e-9
    )


# --- against libraries -------------------------------------------------------------------------

FLAGS = st.lists(st.booleans(), min_size=2, max_size=40)
SCORES = st.integers(0, 10).map(lambda n: n / 10)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.booleans(), SCORES), min_size=2, max_size=40))
def test_checker_figures_agree_with_scikit_learn(rows: list[tuple[bool, float]]) -> None:
    from sklearn.metrics import balanced_accuracy_score, cohen_kappa_score, roc_auc_score

    labels, scores = [label for label, _ in rows], [score for _, score in rows]
    said = [score >= 0.5 for score in scores]
    if len(set(labels)) < 2:
        assert metrics.auc(labels, scores) is None
        assert metrics.balanced_accuracy(labels, said) is None
        return
    assert metrics.auc(labels, scores) == pytest.approx(roc_auc_score(labels, scores))
    expected = balanced_accuracy_score(labels, said)
    assert metrics.balanced_accuracy(labels, said) == pytest.approx(expected)
    found = metrics.agreement(labels, said)
    assert found is not None
    if len(set(said)) == 2:
        assert found[1] == pytest.approx(cohen_kappa_score(labels, said))


@settings(deadline=None, max_examples=60)
@given(FLAGS, st.integers(0, 5), st.integers(1, 12))
def test_ranks_agree_with_trec_eval(found: list[bool], missed: int, k: int) -> None:
    import ir_measures
    from ir_measures import RR, R, nDCG

    relevant = sum(found) + missed
    if not relevant:
        with pytest.raises(ValueError, match="nothing is relevant"):
            metrics.recall_at(k, found, relevant)
        return
    names = [f"d{n:03d}" for n in range(len(found) + missed)]
    marks = [*found, *[True] * missed]
    qrels = [ir_measures.Qrel("q", name, int(hit)) for name, hit in zip(names, marks, strict=True)]
    run = [
        ir_measures.ScoredDoc("q", names[rank], float(len(found) - rank))
        for rank in range(len(found))
    ]
    expected = ir_measures.calc_aggregate([R @ k, RR, nDCG @ k], qrels, run)
    assert metrics.recall_at(k, found, relevant) == pytest.approx(expected[R @ k])
    assert metrics.reciprocal_rank(found) == pytest.approx(expected[RR])
    assert metrics.ndcg_at(k, found, relevant) == pytest.approx(expected[nDCG @ k])


@pytest.mark.parametrize(
    ("gained", "lost"), [(0, 0), (5, 0), (0, 5), (3, 3), (9, 2), (1, 0)], ids=str
)
def test_mcnemar_is_the_exact_binomial_test(gained: int, lost: int) -> None:
    from scipy.stats import binomtest

    first = [False] * gained + [True] * lost + [True, False]
    second = [True] * gained + [False] * lost + [True, False]
    flipped = gained + lost
    expected = binomtest(gained, flipped).pvalue if flipped else 1.0
    assert metrics.mcnemar(first, second) == pytest.approx(expected)


# --- by hand -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("supports", "recall", "precision", "idle"),
    [
        pytest.param([], (0, 0), (0, 0), 0, id="nothing said"),
        pytest.param([(0.9, (0.9,), (0.0,))], (1, 1), (1, 1), 0, id="one that carries"),
        pytest.param([(0.2, (0.2,), (0.0,))], (0, 1), (0, 1), 1, id="one that does not"),
        pytest.param([(0.0, (), ())], (0, 1), (0, 0), 0, id="no citation"),
        pytest.param([(0.9, (0.9, 0.1), (0.1, 0.9))], (1, 1), (1, 2), 1, id="one carries alone"),
        pytest.param([(0.9, (0.2, 0.2), (0.2, 0.2))], (1, 1), (2, 2), 0, id="two only together"),
        pytest.param([(0.9, (0.9, 0.9), (0.9, 0.9))], (1, 1), (2, 2), 0, id="each by itself"),
        pytest.param([(0.4, (0.9, 0.2), (0.2, 0.9))], (0, 1), (0, 2), 2, id="not together"),
    ],
)
def test_citation_recall_and_precision_as_alce_has_them(
    supports: list[tuple[float, tuple[float, ...], tuple[float, ...]]],
    recall: tuple[int, int],
    precision: tuple[int, int],
    idle: int,
) -> None:
    found = metrics.alce([metrics.Support(*support) for support in supports])
    assert found == metrics.Alce(recall, precision, idle)


def test_a_judge_is_asked_of_citations_together_alone_and_without_each() -> None:
    asked: list[tuple[str, list[int]]] = []

    def states_all(text: str, cited: object) -> float:
        numbers = [c.number for c in cited]  # type: ignore[attr-defined]
        asked.append((text, numbers))
        return 0.1 * len(numbers)

    said = [say("One.", cite(1, 0, 6)), say("Two.", cite(1, 0, 6), cite(2, 7, 9)), say("None.")]
    found = metrics.supports_of(said, states_all)
    assert asked == [
        ("One.", [1]),
        ("Two.", [1, 2]),
        ("Two.", [1]),
        ("Two.", [2]),
        ("Two.", [2]),
        ("Two.", [1]),
    ]
    assert [support.together for support in found] == [0.1, 0.2, 0.0]


@pytest.mark.parametrize(
    ("text", "answers", "exact", "holds", "f1"),
    [
        pytest.param("The Ulm mill.", ["Ulm mill"], True, True, 1.0, id="article and full stop"),
        pytest.param("It is the Ulm mill.", ["ulm mill"], False, True, 2 * 2 / 6, id="inside"),
        pytest.param("Ulmer", ["Ulm"], False, False, 0.0, id="part of a word"),
        pytest.param("forty", ["40", "forty"], True, True, 1.0, id="any spelling"),
        pytest.param("", ["Ulm"], False, False, 0.0, id="nothing said"),
        pytest.param("Ulm", [], False, False, 0.0, id="nothing accepted"),
    ],
)
def test_short_answers_as_squad_compares_them(
    text: str, answers: list[str], exact: bool, holds: bool, f1: float
) -> None:
    assert metrics.exact_match(text, answers) is exact
    assert metrics.holds_answer(text, answers) is holds
    assert metrics.token_f1(text, answers) == pytest.approx(f1)


def test_sides_that_nothing_read_gives_cannot_be_shown() -> None:
    sides = [["24 October 1975", "October 24, 1975"], ["1976"], ["1977"]]
    texts = ["It opened on October 24, 1975.", "Another says 1977."]
    assert metrics.sides_shown(texts, sides, [True, True, False]) == (1, 2)


def test_risk_and_coverage_by_hand() -> None:
    scored = [(0.9, True), (0.8, False), (0.8, True), (0.3, True)]
    points = metrics.risk_coverage(scored, 8)
    assert [(p.threshold, p.coverage, p.risk) for p in points] == [
        (0.9, 0.125, 0.0),
        (0.8, 0.375, 1 / 3),
        (0.3, 0.5, 0.25),
    ]
    expected = (0.0 * 0.125 + 1 / 3 * 0.25 + 0.25 * 0.125) / 0.5
    assert metrics.area_under_risk_coverage(points) == pytest.approx(expected)
    assert metrics.area_under_risk_coverage([]) is None
    best = metrics.threshold_for(points, 0.75)
    assert best is not None
    assert best.threshold == 0.3
    assert metrics.threshold_for(points, 0.9) == points[0]
    assert metrics.threshold_for(points[1:], 0.9) is None


def test_calibration_by_hand() -> None:
    labels, said = [True, False, True, True], [0.9, 0.9, 0.1, 1.0]
    bands = metrics.calibration(labels, said, bands=2)
    assert [(b.count, b.true) for b in bands] == [(1, 1.0), (3, 2 / 3)]
    assert [b.said for b in bands] == pytest.approx([0.1, 2.8 / 3])
    error = 0.25 * 0.9 + 0.75 * (2.8 / 3 - 2 / 3)
    assert metrics.calibration_error(labels, said, bands=2) == pytest.approx(error)
    assert metrics.calibration_error([], []) is None


def test_a_paired_difference_knows_that_the_questions_are_the_same() -> None:
    first = [(0, 1)] * 10 + [(1, 1)] * 10
    better = [(1, 1)] * 8 + [(0, 1)] * 2 + [(1, 1)] * 10
    found = metrics.paired_bootstrap(first, better)
    assert found is not None
    assert found.value == pytest.approx(0.4)
    assert found.interval.low > 0.1
    assert found.p < 0.01
    same = metrics.paired_bootstrap(first, first)
    assert same is not None
    assert (same.value, same.p) == (0.0, 1.0)
    assert metrics.paired_bootstrap([(0, 0)], [(1, 1)]) is None


def test_a_mean_has_an_interval_around_it() -> None:
    found = metrics.mean_of_questions([0.0, 1.0, 1.0, 1.0])
    assert found.value == 0.75
    assert found.interval is not None
    assert found.interval.low < 0.75 < found.interval.high
    assert metrics.mean_of_questions([]) == metrics.Mean(None, 0, None)
