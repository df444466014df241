"""What is to be proven and what its proof came to: claims, judgements, who judges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from rag.types import Hit, Sentence, Verdict

Fault = Literal[
    "",
    "nothing",
    "number",
    "date",
    "quotation",
    "negation",
    "subject",
    "elsewhere",
    "name",
    "words",
]
# Faults no reading of the text can mend: what is said there is another fact.
EXACT: frozenset[Fault] = frozenset({"number", "date", "quotation", "negation", "subject"})


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence the model wrote, and where its proof is looked for.

    Attributes:
        text: the sentence.
        question: what was asked.
        hits: the passages whose sentences may carry it, alone or together.
    """

    text: str
    question: str
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the proof came to.

    Attributes:
        support: 0 to 1, share of the statement's weight carried.
        sentences: the fewest sentences that carry it, each with its passage.
        reason: in words a reader understands; "" when supported.
        anchored: the cited sentences name what the statement speaks of; otherwise who is
            meant follows from the surroundings, if at all.
        fault: the first kind of thing that is not borne out; "nothing": no sentence is near,
            "elsewhere": the number or date stands in the passage, but not with the rest.
        beside: those of the sentences that stand in no passage of the claim and say what the others
            are of: the head of a table, whom "we" means.
    """

    verdict: Verdict
    support: float
    sentences: tuple[tuple[Hit, Sentence], ...]
    reason: str = ""
    anchored: bool = True
    fault: Fault = ""
    beside: tuple[Sentence, ...] = ()

    @property
    def open(self) -> bool:
        """Whether nothing exact speaks against it and most of its words are found."""
        return self.verdict in (Verdict.SUPPORTED, Verdict.PARTLY)


class Checker(Protocol):
    """Anything that judges whether a passage carries a statement."""

    def judge(self, claim: Claim) -> Judgement:
        """Return verdict, support and the sentences that carry the claim."""


Problem = tuple[Fault, Verdict, str]
