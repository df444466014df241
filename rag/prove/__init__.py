"""Proving: drafted sentence -> statement with verdict and citations.

words.py     what a text says, in a form that can be compared
when.py      which days "Tuesday" or "the day before" are in a document of a known date
copies.py    which passages tell the same in the same words, and are one voice
rarity.py    how rare words are in an index, and which stems say the same
claims.py    what is to be proven, what its proof came to, and the one-method `Checker`
evidence.py  the sentences of passages, taken apart
tables.py    what a cell says with its label, head, scale and unit
speakers.py  whom a document means by "we"
names.py     whom a statement and its evidence speak of
facts.py     the exact layer: a fact that the evidence does not bear out
coverage.py  the judge: which sentences carry how much, and the exact layer
window.py    the few sentences of long or several passages that bear on a claim
witness.py   the model asked beside it: both make one probability
prover.py    which passages are tried, which sentences are cited, what says the same
select.py    which proven statements answer what was asked
sides.py     which of them give another answer to one question
joined.py    whether answers to the parts of a question belong together
conflicts.py which of them give different values for one thing
"""

from rag.prove.claims import Checker, Claim, Judgement
from rag.prove.coverage import CoverageChecker
from rag.prove.prover import Group, Numbering, Proof, Prover, merge
from rag.prove.rarity import Rarity
from rag.prove.witness import WitnessedChecker

__all__ = [
    "Checker",
    "Claim",
    "CoverageChecker",
    "Group",
    "Judgement",
    "Numbering",
    "Proof",
    "Prover",
    "Rarity",
    "WitnessedChecker",
    "merge",
]
