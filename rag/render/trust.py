"""What a set-up is worth, in words; see `rag.trust`."""

from __future__ import annotations

from collections.abc import Iterator

from rag.render.words import say
from rag.trust import DocumentFacts, Measured, ModelFacts, Part, SaidFacts
from rag.types import Verdict


def model_lines(model: ModelFacts) -> Iterator[str]:
    """Yield what is said of the model."""
    size = f"{model.bytes / 1e9:,.1f}"
    if not model.sha256:
        yield say("{name}, a model file of your own, {size} GB.", name=model.name, size=size)
        yield say(
            "Where it comes from and under what licence, you know; nothing of it was checked."
        )
        return
    yield say(
        "{name}, {size} GB, published by {publisher} under the licence {licence}.",
        name=model.name,
        size=size,
        publisher=model.publisher,
        licence=model.licence,
    )
    yield say(
        "Its file was checked: every byte is the publisher's (SHA-256 {sum}…).",
        sum=model.sha256[:12],
    )


def document_lines(documents: DocumentFacts) -> Iterator[str]:
    """Yield what is said of the documents."""
    if documents.count == 1:
        yield say("One document answers.")
    else:
        yield say("{count} documents answer.", count=f"{documents.count:,}")
    if documents.refused == 1:
        yield say("One file could not be read, and answers nothing.")
    elif documents.refused:
        yield say(
            "{count} files could not be read, and answer nothing.", count=f"{documents.refused:,}"
        )
    if documents.read:
        yield say("The last was read on {day}.", day=documents.read)
    yield say("Documents, questions and answers stay on this computer: nothing is sent anywhere.")


def verdict_words(verdict: Verdict) -> str:
    """Return why sentences of a verdict were withheld."""
    match verdict:
        case Verdict.PARTLY:
            return say("the documents do not state all of it")
        case Verdict.CONTRADICTED:
            return say("the documents say otherwise")
        case Verdict.NOT_FOUND:
            return say("the documents do not say it")
        case Verdict.NOT_ANSWERING:
            return say("it is true and does not answer the question")
        case _:
            return say("it could not be checked")


def said_lines(said: SaidFacts) -> Iterator[str]:
    """Yield what is said of the answers so far."""
    if not said.answers:
        yield say("Nothing has been asked yet.")
        return
    if said.answers == 1:
        yield say("One question was asked.")
    else:
        yield say("{count} questions were asked.", count=said.answers)
    if said.refused:
        yield say("{count} of the answers said that your documents do not say.", count=said.refused)
    withheld = sum(said.withheld.values())
    yield say(
        "{shown} statements were shown, each with its source; {withheld} sentences that the model"
        " wrote were withheld.",
        shown=said.shown,
        withheld=withheld,
    )


def withheld_rows(said: SaidFacts) -> list[tuple[int, str]]:
    """Return how many sentences were withheld, and why, the commonest reason first."""
    counts = sorted(said.withheld.items(), key=lambda pair: -pair[1])
    return [(count, verdict_words(verdict)) for verdict, count in counts if count]


def measured_lines(run: Measured) -> Iterator[str]:
    """Yield what was measured, each figure with what is to be expected of other questions."""
    statements = run.part("statement_precision")
    if statements:
        yield _expected(
            say(
                "Of {of} statements shown, {right} rest on the words that are marked as evidence.",
                of=statements.of,
                right=statements.right,
            ),
            statements,
        )
    answered = run.part("right_when_answered")
    if answered:
        yield _expected(
            say(
                "Of {of} answers to questions that the documents answer, {right} were right.",
                of=answered.of,
                right=answered.right,
            ),
            answered,
        )
    found = run.part("answerable_right")
    if found:
        yield _expected(
            say(
                "Of {of} questions that the documents answer, {right} were answered rightly.",
                of=found.of,
                right=found.right,
            ),
            found,
        )
    refused = run.part("refused_right")
    if refused:
        yield _expected(
            say(
                "Of {of} questions that the documents do not answer, {right} were refused.",
                of=refused.of,
                right=refused.right,
            ),
            refused,
        )
    if run.seconds is not None:
        yield say(
            "Half of the answers took less than {seconds} seconds.", seconds=f"{run.seconds:.1f}"
        )


def caution_lines(run: Measured) -> Iterator[str]:
    """Yield what has to be known to read the figures."""
    yield say("Measured on {day} with {count} questions.", day=run.day, count=run.questions)
    if run.unread:
        yield say(
            "The model itself made these questions of your documents, and nobody has looked"
            " through them: they are easier than what people ask."
        )
    if not run.same_code:
        yield say("An earlier version of this program answered; measure again to be sure.")


def _expected(words: str, part: Part) -> str:
    low, high = (round(100 * end) for end in (part.low, part.high))
    return words + " " + say("Of 100 others like them expect {low} to {high}.", low=low, high=high)
