"""The checker held against claims whose truth is known: labelled ones, or one's own sentences.

A sentence of a document, as it stands, is supported by its passage; with one number, date, name or
negation altered it is not. So every index tells how good the checker is on its own documents.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.drafting import COVERED
from rag.errors import EvaluationError
from rag.evaluate import metrics
from rag.evaluate.altering import names_of, ways
from rag.index import Index
from rag.llm import Witness
from rag.passages import split_sentences
from rag.prove import Claim, CoverageChecker, Rarity, WitnessedChecker
from rag.prove.claims import EXACT
from rag.prove.witness import probability
from rag.quoting import groups
from rag.types import Document, Hit, Passage, Verdict

MIN_WORDS, MAX_WORDS = 6, 45


@dataclass(frozen=True, slots=True)
class Labelled:
    """A claim with its text and truth.

    Attributes:
        kind: what was altered, or where the claim is from.
        hit: the passage that it is held against.
        text: the claim.
        supported: whether the passage states all of it.
    """

    kind: str
    hit: Hit
    text: str
    supported: bool


@dataclass(frozen=True, slots=True)
class Checked:
    """What the checker says of a claim.

    Attributes:
        claim: the claim.
        shown: it would be shown.
        probability: that it is supported, 0 to 1.
    """

    claim: Labelled
    shown: bool
    probability: float


@dataclass(frozen=True, slots=True)
class Line:
    """The checker on claims of one kind; figures are None where one label is missing."""

    kind: str
    claims: int
    balanced_accuracy: float | None
    auc: float | None
    calibration_error: float | None


def own_claims(index: Index, *, count: int, seed: int = 0) -> Iterator[Labelled]:
    """Yield sentences of an index as they stand and with one fact altered, in pairs.

    Args:
        index: of one's documents.
        count: pairs of each kind, at most.
        seed: of what is drawn.
    """
    rng = random.Random(seed)  # noqa: S311 (repeatable draws, nothing secret)
    hits = [
        Hit(passage, index.documents[passage.document_id], 0.0)
        for passage in index.passages
        if passage.kind == "body"
    ]
    pairs = [
        (hit, group[0].text)
        for hit in hits
        for group in groups(hit)
        if len(group) == 1 and MIN_WORDS <= len(group[0].text.split()) <= MAX_WORDS
    ]
    rng.shuffle(pairs)
    for kind, alter in ways(names_of([text for _, text in pairs]), rng).items():
        made = 0
        for hit, text in pairs:
            changed = alter(text) if made < count else None
            if changed is not None and changed != text and changed not in hit.passage.text:
                made += 1
                yield Labelled(kind, hit, text, supported=True)
                yield Labelled(kind, hit, changed, supported=False)


def read_claims(path: Path) -> Iterator[Labelled]:
    """Yield the claims of a JSONL file: "doc", "claim", "label" (1 or 0) and "source".

    Raises:
        EvaluationError: a line is malformed; the message names it and the field.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(
            f"{path.name} cannot be read ({error}); give claims in JSON lines, UTF-8."
        ) from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"{path.name}, line {number}"
        try:
            row = json.loads(line)
            doc, claim, label = row["doc"], row["claim"], row["label"]
        except json.JSONDecodeError as error:
            raise EvaluationError(
                f"{where}: not JSON ({error.msg}); write one object a line."
            ) from error
        except (KeyError, TypeError) as error:
            raise EvaluationError(
                f"{where}: field {error} is missing; give doc, claim and label."
            ) from error
        for name, value in (("doc", doc), ("claim", claim)):
            if not isinstance(value, str) or not value.strip():
                raise EvaluationError(f"{where}: field '{name}' is not a text; write words.")
        if label not in (0, 1):
            raise EvaluationError(f"{where}: field 'label' is {label!r}; write 1 or 0.")
        yield Labelled(str(row.get("source", "claims")), _alone(doc, where), claim, bool(label))


def _alone(text: str, name: str) -> Hit:
    """Return a text as a passage by itself."""
    document = Document(
        id=name,
        root="",
        source=name,
        text=text,
        title="",
        metadata={},
        origins={},
        format="text",
    )
    passage = Passage(name, name, 0, len(text), text, tuple(split_sentences(text)))
    return Hit(passage, document, 0.0)


def check(
    claims: Sequence[Labelled],
    rarity: Rarity,
    *,
    threshold: float,
    witness: Witness | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> list[Checked]:
    """Return what the checker says of claims.

    Args:
        claims: to be checked.
        rarity: weights of words.
        threshold: support from which a statement is shown, 0 to 1.
        witness: the model; exact facts and words alone judge where it is None.
        progress: called with stage, done and total.
    """
    coverage = CoverageChecker(rarity, threshold=COVERED)
    found = []
    for number, claim in enumerate(claims, 1):
        asked = Claim(claim.text, "", (claim.hit,))
        judged = coverage.judge(asked)
        support = 0.0 if judged.fault in EXACT else judged.support
        if witness is not None:
            checker = WitnessedChecker(coverage, witness, rarity, threshold=threshold)
            support = 0.0 if judged.fault in EXACT else probability(judged, checker.log_odds(asked))
            judged = checker.judge(asked)
        found.append(Checked(claim, judged.verdict is Verdict.SUPPORTED, support))
        if progress is not None:
            progress("checking", number, len(claims))
    return found


def lines(checked: Sequence[Checked]) -> list[Line]:
    """Return the figures of each kind of claim, in order, and of all together."""
    kinds = list(dict.fromkeys(one.claim.kind for one in checked))
    groups_ = [(kind, [one for one in checked if one.claim.kind == kind]) for kind in kinds]
    return [_line(kind, of) for kind, of in [*groups_, ("all", list(checked))]]


def _line(kind: str, checked: Sequence[Checked]) -> Line:
    truth = [one.claim.supported for one in checked]
    said = [one.probability for one in checked]
    return Line(
        kind,
        len(checked),
        metrics.balanced_accuracy(truth, [one.shown for one in checked]),
        metrics.auc(truth, said),
        metrics.calibration_error(truth, said),
    )
