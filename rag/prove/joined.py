"""Answers to the parts of a question: which are spoken of, and whether they are of one thing; pure.

"Which company was sued by A, and bought B?" asks for one company of which both are true. Proven
answers to its clauses are an answer to it only if they name somebody or something in common.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rag.passages import heading
from rag.prove.prover import Proof
from rag.prove.words import join, read
from rag.types import Verdict


def speaks_of(proofs: Sequence[Proof], name: str, others: Sequence[str] = ()) -> bool:
    """Tell whether a statement is about a name: it, what it cites or the heading above bears it.

    Where a statement bears another of the names that are asked of, and not this one, it is about
    the other, whoever else stands in the sentence it cites.
    """
    wanted, *rest = ({w.stem for w in read(n).words if w.name} for n in (name, *others))
    for proof in proofs:
        said = read(proof.text).stems
        if any(other <= said for other in rest) and not wanted <= said:
            continue
        cited = [pair for group in proof.groups for pair in group]
        near = [read(sentence.text) for _, sentence in cited]
        near += [read(heading(hit.document)) for hit, _ in cited]
        if wanted <= said | join(near).stems:
            return True
    return False


def agree(question: str, answers: Sequence[Sequence[Proof]]) -> bool:
    """Tell whether answers to clauses have a name in common that the question does not give.

    Args:
        question: the whole.
        answers: the statements found for each clause that is answered; one alone agrees.
    """
    asked = read(question).stems
    named = [
        {
            word.stem
            for proof in proofs
            for text in (proof.text, *(s.text for group in proof.groups for _, s in group))
            for word in read(text).words
            if word.name
        }
        - asked
        for proofs in answers
    ]
    return len(named) < 2 or bool(set[str].intersection(*named))


def disagreeing(proof: Proof) -> Proof:
    """Return a proof that is not shown, since it is of another thing than its neighbours."""
    if not proof.supported:
        return proof
    reason = "The parts of the question are answered of different people or things."
    judgement = replace(proof.judgement, verdict=Verdict.NOT_ANSWERING, reason=reason)
    return replace(proof, judgement=judgement)
