"""What a set-up is worth, in words; see `rag.trust`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rag.measuring import Plan, Progress
from rag.render import settings
from rag.render.page import esc
from rag.render.plain import written_date
from rag.render.settings import progress_html
from rag.render.words import numeral, say
from rag.trust import DocumentFacts, Measured, ModelFacts, Part, SaidFacts, Trust
from rag.types import Verdict


def waiting_html() -> str:
    """Return what stands in the panel before anything is known."""
    return f'<p class="fn-note" role="status">{esc(say("Looking at what is known"))}</p>'


def worth_html(trust: Trust) -> str:
    """Return what a set-up is worth: one section a matter."""
    parts = [
        _section(say("What was measured"), _measured_html(trust)),
        _section(say("Answers in this conversation"), _said_html(trust.said)),
        _section(say("Documents"), _lines(document_lines(trust.documents))),
        _section(say("Model"), _lines(model_lines(trust.model))),
    ]
    return f'<div class="fn-worth">{"".join(parts)}</div>'


def takes_html(planned: Plan) -> str:
    """Return what measuring does, and how long that takes."""
    minutes = max(1, round(planned.seconds / 60))
    if planned.makes:
        said = say(
            "Measuring makes {count} questions of your documents, then asks them. It takes about"
            " {minutes} minutes, beside your work; stopped, it goes on where it was.",
            count=planned.count,
            minutes=minutes,
        )
    else:
        said = say(
            "Measuring asks {count} questions whose answers are marked. It takes about {minutes}"
            " minutes, beside your work; stopped, it goes on where it was.",
            count=planned.count,
            minutes=minutes,
        )
    return f"<p>{esc(said)}</p>"


def measuring_html(progress: Progress | None, error: str = "") -> str:
    """Return how far measuring is, or what came of it.

    Args:
        progress: the last there was.
        error: why it failed, fit to be shown.
    """
    if progress is None:
        return ""
    match progress.outcome:
        case "failed":
            return f'<p class="fn-error" role="alert">{esc(error)}</p>'
        case "stopped":
            return _status(say("Stopped. What was asked is kept."))
        case "done":
            return _status(say("Measured just now."))
    making = progress.step == "making"
    stage = say("Making questions") if making else say("Asking questions")
    if progress.total:
        of = say("{done} of {total}", done=progress.done, total=progress.total)
        if progress.left_s is not None:
            minutes = max(1, round(progress.left_s / 60))
            of += " · " + say("about {minutes} minutes left", minutes=minutes)
    else:
        of = say("Opening the model")
    bar = progress_html(stage, progress.done, progress.total)
    return f"{_status(stage)}{bar}<p class='fn-of'>{esc(of)}</p>"


def _measured_html(trust: Trust) -> str:
    html = ""
    if trust.measured is not None:
        html += _run_html(trust.measured)
    else:
        html += _lines(
            [say("These documents with this model and these settings were not measured yet.")]
        )
    if trust.samples is not None and trust.samples != trust.measured:
        title = say("Measured by us on the sample documents")
        html += f"<h3>{esc(title)}</h3>" + _run_html(trust.samples)
        html += _lines([say("With the settings as they come; yours may do better or worse.")])
    return html


def _run_html(run: Measured) -> str:
    rows = "".join(f"<li>{esc(line)}</li>" for line in measured_lines(run))
    return f'<ul class="fn-figures">{rows}</ul>{_lines(caution_lines(run))}'


def _said_html(said: SaidFacts) -> str:
    rows = "".join(f"<li><b>{count}</b> {esc(why)}</li>" for count, why in withheld_rows(said))
    return _lines(said_lines(said)) + (f'<ul class="fn-why-withheld">{rows}</ul>' if rows else "")


def _section(title: str, html: str) -> str:
    return f"<section><h2>{esc(title)}</h2>{html}</section>"


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"<p>{esc(line)}</p>" for line in lines)


def _status(message: str) -> str:
    return f'<p class="fn-note" role="status">{esc(message)}</p>'


def model_lines(model: ModelFacts) -> Iterator[str]:
    """Yield what is said of the model."""
    size = settings.size(model.bytes)
    if not model.sha256:
        yield say("{name}, a model file of your own, {size}.", name=model.name, size=size)
        yield say(
            "Where it comes from and under what licence, you know; nothing of it was checked."
        )
        return
    yield say(
        "{name}, {size}, published by {publisher} under the licence {licence}.",
        name=model.name,
        size=size,
        publisher=model.publisher,
        licence=model.licence,
    )
    yield say(
        "Its file was checked: every byte is the publisher’s (SHA-256 {sum}…).",
        sum=model.sha256[:12],
    )


def document_lines(documents: DocumentFacts) -> Iterator[str]:
    """Yield what is said of the documents."""
    if documents.count == 1:
        yield say("One document answers.")
    else:
        yield say("{count} documents answer.", count=numeral(documents.count))
    if documents.refused == 1:
        yield say("One file could not be read, and answers nothing.")
    elif documents.refused:
        yield say(
            "{count} files could not be read, and answer nothing.", count=numeral(documents.refused)
        )
    if documents.read:
        yield say("The last was read on {day}.", day=written_date(documents.read))
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
    yield say("Statements shown, each with its source: {count}.", count=said.shown)
    yield say(
        "Sentences of the model that were withheld: {count}.", count=sum(said.withheld.values())
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
            "Half of the answers took less than {seconds} seconds.", seconds=numeral(run.seconds, 1)
        )


def caution_lines(run: Measured) -> Iterator[str]:
    """Yield what has to be known to read the figures."""
    yield say(
        "Measured on {day} with {count} questions.", day=written_date(run.day), count=run.questions
    )
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
