"""The citation-accuracy evaluation: how far the answers of an index and a model can be trusted.

    sets.py     a JSONL file -> questions with nuggets and verbatim evidence
    metrics.py  what is measured: pure functions, each with its definition
    scoring.py  asked questions -> figures; asks nothing
    about.py    what a run stands on: commit, model, index, settings, versions, machine
    files.py    result files, and what an unfinished run keeps
    report.py   a scored run -> one screen
    runner.py   questions + assistant -> result file; goes on after an interruption; `rag eval`

The set on the sample documents lies in questions/seeds.jsonl.
"""

from rag.evaluate.files import RunResult, read
from rag.evaluate.report import screen
from rag.evaluate.runner import evaluate_command, run
from rag.evaluate.scoring import score
from rag.evaluate.sets import Question, load

__all__ = ["Question", "RunResult", "evaluate_command", "load", "read", "run", "score", "screen"]
