"""What is measured: pure functions of answers and their gold marks, each with its definition.

answers.py    what an answer says: nuggets, short answers, sides of a conflict
citations.py  where citations point, and what a judge says they carry
refusal.py    what is refused, and what refusing more would be worth
retrieval.py  the ranks of what was found
checking.py   a checker's word against known truth
shares.py     shares and means with 95 % intervals
paired.py     two runs of the same questions

Nothing here asks a model. A nugget is stated where one of its regular expressions matches the
normalised words of the answer; a citation is right where its characters overlap marked evidence in
the same source.
"""

from rag.evaluate.metrics.answers import (
    Gold,
    answer_right,
    exact_match,
    holds_answer,
    normalise,
    nuggets_stated,
    premise_corrected,
    sides_shown,
    squad_words,
    stated,
    states,
    token_f1,
)
from rag.evaluate.metrics.checking import (
    Band,
    agreement,
    auc,
    balanced_accuracy,
    calibration,
    calibration_error,
)
from rag.evaluate.metrics.citations import (
    MARKER,
    Alce,
    Support,
    alce,
    citations_right,
    invalid_citations,
    nuggets_proven,
    overlaps,
    statements_right,
    supports_of,
)
from rag.evaluate.metrics.paired import (
    Difference,
    mcnemar,
    paired_bootstrap,
)
from rag.evaluate.metrics.refusal import (
    Point,
    abstention,
    area_under_risk_coverage,
    risk_coverage,
    threshold_for,
)
from rag.evaluate.metrics.retrieval import (
    ndcg_at,
    recall_at,
    reciprocal_rank,
)
from rag.evaluate.metrics.shares import (
    Interval,
    Mean,
    Share,
    bootstrap,
    mean_of_questions,
    percentile,
    share_of_questions,
    share_within_questions,
    wilson,
)

__all__ = [
    "MARKER",
    "Alce",
    "Band",
    "Difference",
    "Gold",
    "Interval",
    "Mean",
    "Point",
    "Share",
    "Support",
    "abstention",
    "agreement",
    "alce",
    "answer_right",
    "area_under_risk_coverage",
    "auc",
    "balanced_accuracy",
    "bootstrap",
    "calibration",
    "calibration_error",
    "citations_right",
    "exact_match",
    "holds_answer",
    "invalid_citations",
    "mcnemar",
    "mean_of_questions",
    "ndcg_at",
    "normalise",
    "nuggets_proven",
    "nuggets_stated",
    "overlaps",
    "paired_bootstrap",
    "percentile",
    "premise_corrected",
    "recall_at",
    "reciprocal_rank",
    "risk_coverage",
    "share_of_questions",
    "share_within_questions",
    "sides_shown",
    "squad_words",
    "stated",
    "statements_right",
    "states",
    "supports_of",
    "threshold_for",
    "token_f1",
    "wilson",
]
