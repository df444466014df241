"""An answer in the making: what its events have told so far, and how that looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rag.prompt import REFUSAL, is_refusal
from rag.render.page import (
    again_html,
    asked_html,
    badge_html,
    cited_by,
    esc,
    links_html,
    meant_html,
    references_html,
    sources_html,
    statement_html,
    turn_html,
)
from rag.render.plain import reason, reference, shorten
from rag.render.words import say
from rag.types import (
    Citation,
    Document,
    Done,
    Event,
    Hit,
    Judged,
    Proving,
    Reading,
    Retrieved,
    Sighted,
    Statement,
    Verdict,
    Wrote,
)

Stage = Literal["waiting", "searching", "reading", "writing", "proving"]
STAGES: tuple[Stage, ...] = ("searching", "reading", "writing", "proving")


@dataclass(frozen=True, slots=True)
class LiveDraft:
    """One draft on its way: the text so far and the sentences settled so far.

    Attributes:
        number: which draft, from 0.
        of: how many drafts are meant to be made.
        hit: the passage that is read, None where several are read together.
    """

    number: int
    of: int
    hit: Hit | None
    text: str = ""
    judged: tuple[Judged, ...] = ()


@dataclass(frozen=True, slots=True)
class Live:
    """An answer in the making, as far as its events have told.

    Attributes:
        question: as it was typed.
        turn: number of the question in its conversation, part of every anchor.
        before: how many questions are answered before this one; None once it is worked on.
        note: what else is being waited for.
        stage: what is being done.
        hits: the passages found; None until then.
        reading: number of the passage that is read.
        writing: numbers of the drafts that are being written.
        quotes: the sentences nearest to the question.
        asked: the documents that may answer, in words, where they were chosen.
        meant: the question as it is asked of the documents, where it follows up on others.
        unclear: it seems to follow up on something, and nobody can tell on what.
    """

    question: str
    turn: int
    before: int | None = None
    note: str = ""
    stage: Stage = "waiting"
    hits: tuple[Hit, ...] | None = None
    drafts: tuple[LiveDraft, ...] = ()
    reading: int | None = None
    writing: frozenset[int] = frozenset()
    quotes: tuple[Citation, ...] = ()
    asked: str = ""
    meant: str = ""
    unclear: bool = False

    @property
    def asks(self) -> str:
        """The question as it is asked of the documents."""
        return self.meant or self.question

    def after(self, event: Event) -> Live:
        """Return the state after one more event."""
        match event:
            case Retrieved(hits):
                # A second search begins anew: the documents of the time that was asked for said
                # nothing, and all are asked.
                return Live(
                    self.question,
                    self.turn,
                    stage="reading",
                    hits=hits,
                    asked=self.asked,
                    meant=self.meant,
                    unclear=self.unclear,
                )
            case Sighted(quotes):
                return replace(self, quotes=quotes)
            case Reading(number, of, hit):
                drafts = (*self.drafts, LiveDraft(number, of, hit))
                return replace(
                    self, drafts=drafts, reading=number, writing=frozenset(), stage="reading"
                )
            case Wrote(number, text, hit):
                written = self._with(number, text=text, hit=hit)
                return replace(written, writing=self.writing | {number}, stage="writing")
            case Proving():
                return replace(self, writing=frozenset(), stage="proving")
            case Judged(number):
                settled = self._with(number, judged=(event,))
                return replace(settled, writing=frozenset(), stage="proving")
            case Done():
                return self

    def settled(self, event: Event) -> bool:
        """Tell whether an event has added to what is proven."""
        return isinstance(event, Judged) and _is_proven(event.statement)

    def _with(
        self,
        number: int,
        *,
        text: str = "",
        hit: Hit | None = None,
        judged: tuple[Judged, ...] = (),
    ) -> Live:
        """Return the state with words or a settled sentence added to one draft.

        Passages are read in one order and written from in another, so a draft says whose it is.
        """
        known = {d.number: d for d in self.drafts}
        draft = known.get(number, LiveDraft(number, number + 1, None))
        draft = replace(draft, hit=hit or draft.hit, judged=draft.judged + judged)
        known[number] = replace(draft, text=draft.text + text)
        return replace(self, drafts=tuple(known.values()))

    @property
    def proven(self) -> tuple[Statement, ...]:
        """Every sentence proven so far, in the order of the drafts, each once."""
        statements = (j.statement for d in self.drafts for j in d.judged)
        return tuple({s.text: s for s in statements if _is_proven(s)}.values())

    @property
    def citations(self) -> tuple[Citation, ...]:
        """Every distinct citation so far, in order of number."""
        return cited_by(self.proven)


def live_html(live: Live, seconds: Mapping[Stage, float] | None = None) -> str:
    """Return the turn in the making: every word not yet proven looks like it.

    Args:
        live: how it stands.
        seconds: spent in each stage until now.
    """
    drafts = "".join(_draft_html(d, live) for d in live.drafts if not _silent(d))
    status = f'<p class="fn-status" role="status"><i class="fn-dot"></i>{_status(live)}</p>'
    sighted = "" if live.proven else _sighted_html(live.quotes)
    stages = _stages_html(live.stage, seconds or {})
    body = (
        meant_html(live.meant, unclear=live.unclear)
        + _asked(live)
        + stages
        + status
        + sighted
        + drafts
    )
    return turn_html(live.question, live.turn, body, "fn-live")


def _stages_html(now: Stage, seconds: Mapping[Stage, float]) -> str:
    """Return the stages of an answer, those that are over, the one at work, those to come."""
    if now == "waiting":
        return ""
    rows = []
    for stage in STAGES:
        spent = seconds.get(stage)
        state = "now" if stage == now else "to-come" if spent is None else "over"
        current = ' aria-current="step"' if stage == now else ""
        time = f" <span>{spent:.1f} s</span>" if spent is not None else ""
        rows.append(f'<li class="fn-{state}"{current}>{esc(_stage(stage))}{time}</li>')
    return f'<ol class="fn-stages" aria-label="{esc(say("Stages"))}">{"".join(rows)}</ol>'


def _stage(stage: Stage) -> str:
    """Return what a stage is called."""
    match stage:
        case "waiting":
            return say("Waiting")
        case "searching":
            return say("Searching")
        case "reading":
            return say("Reading")
        case "writing":
            return say("Writing")
        case "proving":
            return say("Proving")


def _sighted_html(quotes: Sequence[Citation]) -> str:
    """Return the sentences nearest to a question; they go as soon as something is proven."""
    if not quotes:
        return ""
    rows = "".join(
        f'<li><q dir="auto">{esc(shorten(quote.quote))}</q>'
        f"<small>{esc(reference(quote))}</small></li>"
        for quote in quotes
    )
    return (
        '<div class="fn-sighted"><p class="fn-from">'
        f"<span>{esc(say('Closest in your documents'))}</span>"
        f'<span class="fn-chip">{esc(say("not an answer yet"))}</span></p><ol>{rows}</ol></div>'
    )


def stopped_html(live: Live, documents: Mapping[str, Document]) -> str:
    """Return a turn that the reader stopped: what was proven by then, and nothing else."""
    body = (
        meant_html(live.meant, unclear=live.unclear)
        + _asked(live)
        + "".join(statement_html(s, live.turn) for s in live.proven)
    )
    note = (
        say("Stopped. Only what was proven by then is shown.") if live.proven else say("Stopped.")
    )
    body += f'<p class="fn-note">{esc(note)}</p>{references_html(live.proven, live.turn)}'
    body += f'<p class="fn-small fn-tools">{again_html(live.question)}</p>'
    body += sources_html(live.citations, documents, live.turn)
    return turn_html(live.question, live.turn, body, "fn-stopped")


def _asked(live: Live) -> str:
    return asked_html([say("Asked of {documents}", documents=live.asked)] if live.asked else [])


def _is_proven(statement: Statement) -> bool:
    return statement.verdict is Verdict.SUPPORTED


def _status(live: Live) -> str:
    """Return in words what is being done right now."""
    if live.before is not None:
        return esc(_place(live.before))
    if live.hits is None:
        return esc(live.note or say("Looking through your documents"))
    if live.reading is None:
        count = len({hit.document.id for hit in live.hits})
        if count == 1:
            return esc(say("Found passages in 1 document"))
        return esc(say("Found passages in {count} documents", count=count))
    draft = next(d for d in reversed(live.drafts) if d.number == live.reading)
    number = draft.number + 1
    what = _where(draft.hit) if draft.hit else say("the passages together")
    return esc(
        say("Reading {number} of {of}: {what}", number=number, of=max(draft.of, number), what=what)
    )


def _place(before: int) -> str:
    """Return in words how long the line is."""
    if not before:
        return say("Next in line")
    if before == 1:
        return say("Waiting: one question is answered before yours")
    return say("Waiting: {count} questions are answered before yours", count=before)


def _where(hit: Hit) -> str:
    """Return the title of a hit's document and its publisher."""
    publisher = hit.document.metadata.get("publisher", "")
    return hit.document.title + (f" · {publisher}" if publisher else "")


def _silent(draft: LiveDraft) -> bool:
    """Tell whether nothing of a draft is to be shown yet: no words, or a refusal's first ones.

    These would otherwise flash up as if they were the beginning of an answer.
    """
    begun = draft.text.strip().upper()
    return not draft.judged and begun != REFUSAL and REFUSAL.startswith(begun)


def _draft_html(draft: LiveDraft, live: Live) -> str:
    """Return a draft: settled sentences in ink or struck out, the rest visibly unproven."""
    where = esc(_where(draft.hit) if draft.hit else say("From several documents"))
    if not draft.judged and is_refusal(draft.text):
        return _block_html(where, esc(say("does not say")), "")
    words = []
    unproven = False
    for text, judged in _pieces(draft):
        if judged is not None:
            words.append(_settled_html(text, judged.statement, live.turn))
        elif text.strip():
            unproven = True
            words.append(f'<span class="fn-unproven">{esc(text)}</span>')
        else:
            words.append(" ")
    writing = draft.number in live.writing
    label = say("writing · not proven yet") if writing else say("not proven yet")
    return _block_html(where, esc(label) if unproven else "", "".join(words))


def _block_html(where: str, label: str, words: str) -> str:
    """Return one draft under the name of its document."""
    chip = f'<span class="fn-chip">{label}</span>' if label else ""
    text = f'<p class="fn-words" dir="auto">{words}</p>' if words else ""
    return f'<div class="fn-draft"><p class="fn-from"><span>{where}</span>{chip}</p>{text}</div>'


def _settled_html(text: str, statement: Statement, turn: int) -> str:
    """Return a sentence whose proof is in."""
    if _is_proven(statement):
        cited = links_html(statement.citations, turn) + badge_html(statement)
        return f'<span class="fn-proven">{esc(text)}{cited}</span>'
    why = reason(statement)
    return (
        f'<s class="fn-struck" title="{esc(say("Withheld: {why}", why=why))}">{esc(text)}</s>'
        f'<span class="fn-unseen"> ({esc(say("withheld: {why}", why=why))})</span>'
    )


def _pieces(draft: LiveDraft) -> list[tuple[str, Judged | None]]:
    """Return the draft's text cut into settled sentences and what lies between them."""
    pieces: list[tuple[str, Judged | None]] = []
    at = 0
    for judged in draft.judged:
        found = draft.text.find(judged.sentence, at)
        if found < 0:
            # A sentence that is not the draft's own (composed from others) stands by itself.
            pieces += [(" ", None), (judged.sentence, judged)]
            continue
        if found > at:
            pieces.append((draft.text[at:found], None))
        pieces.append((judged.sentence, judged))
        at = found + len(judged.sentence)
    if at < len(draft.text):
        pieces.append((draft.text[at:], None))
    return pieces
