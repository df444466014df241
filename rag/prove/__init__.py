"""Proving: drafted sentence -> statement with verdict and citations.

words.py     what a text says, in a form that can be compared
when.py      which days "Tuesday" or "the day before" are in a document of a known date
coverage.py  the judge: exact facts and coverage; behind the one-method `Checker`
window.py    the few sentences of long or several passages that bear on a claim
witness.py   the model asked beside it: both make one probability
prover.py    which passages are tried, which sentences are cited, what says the same
select.py    which proven statements answer what was asked
joined.py    whether answers to the parts of a question belong together
conflicts.py which of them give different values for one thing
"""

from rag.prove.claims import Checker, Claim, Judgement
from rag.prove.coverage import CoverageChecker
from rag.prove.prover import Numbering, Proof, Prover, merge
from rag.prove.rarity import Rarity
from rag.prove.witness import WitnessedChecker

__all__ = [
    "Checker",
    "Claim",
    "CoverageChecker",
    "Judgement",
    "Numbering",
    "Proof",
    "Prover",
    "Rarity",
    "WitnessedChecker",
    "merge",
]
