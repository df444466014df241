"""What can be chosen, in words, with what each choice costs; see docs/preferences.md."""

from __future__ import annotations

from rag.catalogue import Model, Offer
from rag.catalogue.downloading import Download
from rag.config import DEFAULT_MODEL, Length, Settings
from rag.preferences import ADDED, ADDED_RIGHT, COSTS, Strictness
from rag.render.page import esc
from rag.render.words import numeral, say


def strictness_words(strictness: Strictness) -> tuple[str, str]:
    """Return what a strictness is called, and what it does and costs with the default model."""
    certain, balanced = COSTS["certain"], COSTS["balanced"]
    match strictness:
        case "certain":
            return say("Only what is certain"), say(
                "Shows what its source carries nearly beyond doubt: on our sample documents {shown}"
                " of {every} statements, {right} of them right, and {answered} of {answers}"
                " answers.",
                shown=certain.shown,
                every=balanced.shown,
                right=certain.right,
                answered=certain.answered,
                answers=balanced.answered,
            )
        case "balanced":
            return say("Balanced"), say(
                "Shows what its source carries more likely than not: on our sample documents"
                " {shown} statements, {right} of them right, in {answers} answers, {answers_right}"
                " of them right.",
                shown=balanced.shown,
                right=balanced.right,
                answers=balanced.answered,
                answers_right=balanced.answered_right,
            )
        case "likely":
            return say("Also what is likely"), say(
                "Shows doubtful statements too: up to {added} more on our sample documents, of"
                " which only {right} are right.",
                added=ADDED,
                right=ADDED_RIGHT,
            )


def length_words(length: Length) -> tuple[str, str]:
    """Return what a length is called, and what it does."""
    match length:
        case "short":
            return say("Short"), say(
                "The one or two statements that answer best. Where documents disagree, every side."
            )
        case "normal":
            return say("Normal"), say("What answers well, up to five statements.")
        case "thorough":
            return say("Thorough"), say(
                "Reads {passages} passages in place of {usual}, and shows up to eight statements."
                " Takes longer.",
                passages=Settings(length="thorough").reads,
                usual=Settings().reads,
            )


def purpose(model: Model) -> str:
    """Return what a model is good for."""
    match model.name:
        case "qwen2.5-coder-1.5b":
            return say("The one to begin with: the best of the small ones")
        case "qwen2.5-coder-0.5b":
            return say("About twice as fast, and weaker answers")
        case "qwen2.5-1.5b":
            return say("Writes better prose; not measured")
        case "smollm2-135m":
            return say("For trying out the program only: it cannot answer well")
        case _:
            return model.purpose


def size(count: int) -> str:
    """Return a number of bytes for a reader."""
    if count < 1e9:
        return say("{count} MB", count=numeral(count / 1e6))
    return say("{count} GB", count=numeral(count / 1e9, 1))


def model_line(model: Model) -> str:
    """Return what is said of a model of the catalogue."""
    return say(
        "{purpose} · {size} · licence {licence}",
        purpose=purpose(model),
        size=size(model.bytes),
        licence=model.licence,
    )


def own_model_line() -> str:
    """Return what is said of a model file of one's own."""
    return say("Your own file, named when the program was started")


def choice(title: str, sentence: str) -> str:
    """Return the label of a choice: its title stands on a line of its own."""
    return f"{title}\n{sentence}"


def offer_html(offer: Offer, *, coming: bool = False) -> str:
    """Return a model that cannot be chosen yet, and why.

    Args:
        offer: the model.
        coming: it is being fetched.
    """
    match "" if coming else offer.stand:
        case "partial":
            why = say("Part of it is here; the download goes on where it was stopped.")
        case "damaged":
            why = say("Its file is damaged. Get it again.")
        case "too large":
            why = say("It needs more memory than this computer has.")
        case _:
            why = ""
    note = f'<p class="fn-why">{esc(why)}</p>' if why else ""
    return (
        f'<div class="fn-model"><strong>{esc(offer.model.name)}</strong>'
        f"<p>{esc(model_line(offer.model))}</p>{note}</div>"
    )


def get_label(offer: Offer) -> str:
    """Return what stands on the button that brings a model here."""
    return say("Get {size}", size=size(offer.model.bytes))


def download_html(download: Download | None, error: str = "") -> str:
    """Return how far a download is, or what came of it.

    Args:
        download: the last there was.
        error: why it failed, fit to be shown.
    """
    if download is None:
        return ""
    name = download.model
    if download.outcome == "failed":
        return f'<p class="fn-error" role="alert">{esc(error)}</p>'
    if download.outcome == "done":
        return _status(say("{name} is here, and every byte is the publisher’s.", name=name))
    if download.outcome == "stopped":
        return _status(say("Stopped. What has arrived of {name} is kept.", name=name))
    of = f"{size(download.done_bytes)} / {size(download.total_bytes)}"
    bar = progress_html(
        say("Download of {name}", name=name), download.done_bytes, download.total_bytes
    )
    return f"{_status(say('Getting {name}', name=name))}{bar}<p class='fn-of'>{esc(of)}</p>"


def progress_html(name: str, done: int, total: int) -> str:
    """Return a bar; one that moves without end where the total is not known.

    Args:
        name: of what is under way, for those who do not see it.
        done: how much.
        total: of so much, 0 where that is not known.
    """
    value = f' value="{done}" max="{total}"' if total else ""
    return f'<progress class="fn-progress" aria-label="{esc(name)}"{value}></progress>'


def figures_note(model: str) -> str:
    """Return whose figures stand beside the choices, where another model answers."""
    if model == DEFAULT_MODEL:
        return ""
    return say(
        "These figures are of {name}; {model} was not measured.", name=DEFAULT_MODEL, model=model
    )


def kept_html(chosen: str) -> str:
    """Return that a choice is kept, by its name."""
    return _status(say("Kept: {choice}. It holds from the next question on.", choice=chosen))


def heading_html(title: str, sentence: str = "") -> str:
    """Return the heading of a part of a tab."""
    said = f"<p>{esc(sentence)}</p>" if sentence else ""
    return f'<div class="fn-part"><h2>{esc(title)}</h2>{said}</div>'


def _status(message: str) -> str:
    return f'<p class="fn-note" role="status">{esc(message)}</p>'
