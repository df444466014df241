"""What one question has gathered on its way: passages, drafts, proofs, parts, time and tokens."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass, field

from rag.prove import Numbering, Proof
from rag.prove.select import MIN_RIGHT, SURE_RIGHT
from rag.types import Draft, Hit, Timings

# Calibrated log-odds, by the model, that a passage answers the question. Where none reaches
# this, statements must be surer: of eight such answers to public questions six were wrong.
LEAST_HOLDS = 0.4


@dataclass
class Spent:
    """Time and tokens of one question, its parts included."""

    started: float
    retrieve_s: float = 0.0
    first_quote_s: float | None = None
    first_token_s: float | None = None
    write_s: float = 0.0
    prove_s: float = 0.0
    tokens_in: int = 0
    tokens_out: int = 0

    def timings(self) -> Timings:
        """Return what was spent until now."""
        return Timings(
            retrieve_s=self.retrieve_s,
            first_quote_s=self.first_quote_s,
            first_token_s=self.first_token_s,
            write_s=self.write_s,
            prove_s=self.prove_s,
            total_s=time.perf_counter() - self.started,
            tokens_in=self.tokens_in,
            tokens_out=self.tokens_out,
        )


@dataclass
class Run:
    """What one question has gathered so far.

    Attributes:
        question: as it is asked of the passages.
        spent: shared with its parts.
        cancel: set from any thread, it stops the work.
        hits: the passages retrieved, those to read first at the head.
        drafts: what the model wrote or would not write.
        spared: passages read and not written from, with the log-odds that they answer.
        proofs: of each sentence drafted or quoted, with its draft.
        numbering: of citations while the answer is being made.
        parts: the questions it is made of, where they were asked by themselves.
        label: what is said not to be found, the question where empty.
    """

    question: str
    spent: Spent
    cancel: threading.Event
    hits: tuple[Hit, ...] = ()
    drafts: list[Draft] = field(default_factory=list)
    spared: list[tuple[Hit, float]] = field(default_factory=list)
    proofs: list[tuple[Proof, Draft]] = field(default_factory=list)
    numbering: Numbering = field(default_factory=Numbering)
    parts: list[Run] = field(default_factory=list)
    label: str = ""

    @property
    def holds(self) -> float:
        """Log-odds that the likeliest passage read so far answers the question."""
        return max((d.holds for d in self.drafts if d.holds is not None), default=-math.inf)

    @property
    def least(self) -> float:
        """How likely a statement must be carried and answer, 0 to 1, by what was read."""
        return SURE_RIGHT if self.holds < LEAST_HOLDS else MIN_RIGHT


def unwritten(proof: Proof) -> Draft:
    """Return what stands for the draft of a statement that the model did not write."""
    hit = proof.groups[0][0][0]
    return Draft(proof.text, False, 0.0, (hit.passage.id,), hit.document.source)
