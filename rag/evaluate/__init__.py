"""The citation-accuracy evaluation: how far the answers of an index and a model can be trusted.

    sets.py       a JSONL file -> questions with nuggets and verbatim evidence
    importing.py  well-known sets -> documents and a set of ours
    making/       one's own documents -> a set, checked; review.py shows it to be accepted or struck
    metrics/      what is measured: pure functions, each with its definition
    ranking.py    where the evidence stands in each order of retrieval
    judging.py    who says whether quotes carry a statement
    checking.py   the checker against claims of known truth; altering.py makes such claims
    scoring.py    asked questions -> figures; asks nothing
    about.py      what a run stands on: commit, model, index, settings, versions, machine
    files.py      result files, and what an unfinished run keeps
    runner.py     questions + assistant -> result file; goes on after an interruption; `rag eval`
    comparing.py  two runs -> what changed, and whether by chance; gating.py: may it go out?
    report.py     a scored run -> one screen; table.py -> a table; page.py -> a page to look at

The set on the sample documents lies in questions/seeds.jsonl.
"""

from rag.evaluate.comparing import compare
from rag.evaluate.files import RunResult, read
from rag.evaluate.gating import gate
from rag.evaluate.report import screen
from rag.evaluate.runner import Asked, evaluate, run
from rag.evaluate.scoring import score
from rag.evaluate.sets import Question, load

__all__ = [
    "Asked",
    "Question",
    "RunResult",
    "compare",
    "evaluate",
    "gate",
    "load",
    "read",
    "run",
    "score",
    "screen",
]
