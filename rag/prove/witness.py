"""The answering model as a witness beside coverage: does the text state all of this?

The model judges far better than it writes. Its lean to "yes" moves the support that coverage
found, up or down, and never overrules an exact fact.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from rag import prompt as prompts
from rag.llm import Witness
from rag.passages import heading
from rag.prove.coverage import Checker, Claim, Judgement
from rag.prove.words import read
from rag.types import Hit, Sentence, Verdict

# Log-odds at which the witness leaves coverage's support as it is: the model says yes too
# easily, so its zero point is not the middle.
NEUTRAL = 0.8
STEP = 0.15  # support for each unit of log-odds beyond it
REACH = 2.0
# What no single passage carries is not put to the witness and must be covered this well.
SEVERAL = 0.9
VERBATIM = 0.9
OPEN = (Verdict.SUPPORTED, Verdict.PARTLY)


class WitnessedChecker:
    """Coverage and the model's own judgement together.

    Args:
        checker: judges first; what it refuses by an exact fact stays refused.
        witness: asked about what is still open.
        threshold: support from which a statement counts as supported, 0 to 1.
    """

    def __init__(self, checker: Checker, witness: Witness, *, threshold: float) -> None:
        self.checker = checker
        self.witness = witness
        self.threshold = threshold
        self.cancel: threading.Event | None = None

    def judge(self, claim: Claim) -> Judgement:
        """Return verdict, support and the sentences that carry the claim."""
        found = self.checker.judge(claim)
        if found.verdict not in OPEN:
            return found
        if len(claim.hits) != 1:
            enough = found.support >= SEVERAL
            return found if enough else replace(found, verdict=Verdict.PARTLY)
        settled = found.support >= self.threshold and found.anchored
        if settled and verbatim(claim.text, found.sentences):
            return found
        hit = claim.hits[0]
        asked = prompts.states(claim.text, hit, heading(hit.document))
        lean = self.witness.log_odds(asked, cancel=self.cancel) - NEUTRAL
        support = min(1.0, max(0.0, found.support + STEP * max(-REACH, min(REACH, lean))))
        if support >= self.threshold:
            return replace(found, verdict=Verdict.SUPPORTED, support=support, reason="")
        reason = found.reason or "Read as a whole, the passage does not state all of this."
        return replace(found, verdict=Verdict.PARTLY, support=support, reason=reason)


def verbatim(statement: str, cited: Sequence[tuple[Hit, Sentence]]) -> bool:
    """Tell whether a statement is a stretch of one cited sentence, word for word in order."""
    said = [word.stem for word in read(statement).words]
    for _, sentence in cited:
        source = [word.stem for word in read(sentence.text).words]
        blocks = SequenceMatcher(None, said, source, autojunk=False).get_matching_blocks()
        if said and sum(block.size for block in blocks) >= VERBATIM * len(said):
            return True
    return False
