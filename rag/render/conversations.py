"""The conversations beside the chat, and what is under each answer that is kept: HTML."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby

from rag.conversations.values import (
    Conversation,
    Feedback,
    Found,
    Reason,
    Snippet,
    State,
    Thumb,
    Turn,
)
from rag.render.page import (
    Present,
    again_html,
    error_html,
    esc,
    meant_html,
    note_html,
    references_html,
    sources_html,
    statement_html,
    to_html,
    turn_html,
)
from rag.render.plain import written_date
from rag.render.words import say
from rag.types import Citation, Document

MOST_SOUGHT = 200  # characters of a search
EXPORTS = "conversations"  # where exports are served
_ICON = (
    '<svg viewBox="0 0 24 24" width="18" height="18" aria-hidden="true" fill="none" '
    'stroke="currentColor" stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round">'
)
_THUMB = (
    '<path d="M7 11v9H4v-9zM7 11l4-8c1.7 0 2.6 1.2 2.3 2.8L12.7 9H18c1.3 0 2.2 1.2 1.9 2.4l-1.7 '
    '7A2 2 0 0 1 16.2 20H7"/></svg>'
)


def toggle_html() -> str:
    """Return the button that shows and hides the conversations."""
    return (
        '<button type="button" id="fn-kept-toggle" aria-expanded="false" aria-controls="fn-kept">'
        f'{_ICON}<path d="M4 6h16M4 12h16M4 18h10"/></svg>'
        f"<span>{esc(say('Conversations'))}</span></button>"
    )


def new_html() -> str:
    """Return the head of the conversations: what begins another one and what searches them."""
    search = esc(say("Search conversations"))
    return (
        f"<h2>{esc(say('Conversations'))}</h2>"
        '<button type="button" id="fn-kept-close" data-key="close" '
        f'aria-label="{esc(say("Hide the conversations"))}">&#10005;</button>'
        '<button type="button" class="fn-new" data-do="new" data-key="new">'
        f"{_ICON}<path d='M12 5v14M5 12h14'/></svg>"
        f"<span>{esc(say('New conversation'))}</span></button>"
        f'<input type="search" id="fn-kept-search" maxlength="{MOST_SOUGHT}" autocomplete="off" '
        f'dir="auto" aria-label="{search}" placeholder="{search}">'
    )


def list_html(
    listed: Sequence[Conversation], opened: str, today: date, *, more: bool = False
) -> str:
    """Return conversations by day, the open one marked.

    Args:
        listed: newest first.
        opened: id of the open one.
        today: the day it is here.
        more: there are more than these.
    """
    if not listed:
        return note_html(say("What you ask is kept here, on this computer."))
    groups = "".join(
        f"<h3>{esc(_day(day, today))}</h3><ul>"
        f"{''.join(_item_html(each, opened) for each in group)}</ul>"
        for day, group in groupby(listed, key=lambda each: _here(each.changed).date())
    )
    return f"{_nav(groups)}{_more_html() if more else ''}{_all_html()}"


def found_html(found: Sequence[Found], opened: str, sought: str, *, more: bool = False) -> str:
    """Return the conversations that hold what is searched for, with the words around it."""
    if not found:
        return note_html(say("Nothing was found for “{words}”.", words=sought))
    count = len(found)
    told = (
        say("1 conversation")
        if count == 1 and not more
        else say("{count} or more", count=count)
        if more
        else say("{count} conversations", count=count)
    )
    items = "".join(_item_html(each.conversation, opened, each.snippet) for each in found)
    return (
        f'<p class="fn-note" role="status">{esc(told)}</p>'
        f"{_nav(f'<ul>{items}</ul>')}{_more_html() if more else ''}"
    )


def trouble_html(message: str, *, damaged: bool) -> str:
    """Return why conversations cannot be kept, with the cure that is at hand."""
    cure = (
        '<p><button type="button" class="fn-tool" data-do="aside" data-key="aside">'
        f"{esc(say('Set the file aside and begin a new one'))}</button></p>"
        if damaged
        else ""
    )
    return note_html(message, error=True) + cure


def judge_html(
    turn_id: str, feedback: Feedback | None = None, *, refused: bool = False, asked: bool = False
) -> str:
    """Return the thumbs under an answer, and why.

    Args:
        turn_id: of the turn.
        feedback: what was thought of it, None where nothing was said.
        refused: the answer is that the documents do not say.
        asked: the reasons are open.
    """
    thumb = feedback.thumb if feedback else None
    up = _thumb_html(turn_id, Thumb.UP, say("A good answer"), thumb is Thumb.UP)
    down = _thumb_html(turn_id, Thumb.DOWN, say("Not a good answer"), thumb is Thumb.DOWN)
    why = _why_html(turn_id, feedback, refused=refused, asked=asked) if feedback else ""
    return (
        f'<!--judge {turn_id}--><div class="fn-judge" role="group" '
        f'aria-label="{esc(say("Was this a good answer?"))}">{up}{down}{why}</div>'
        f"<!--/judge {turn_id}-->"
    )


def judged_again(html: str, turn_id: str, judge: str) -> str:
    """Return a turn with other thumbs under it."""
    id_ = re.escape(turn_id)
    pattern = re.compile(rf"<!--judge {id_}-->.*?<!--/judge {id_}-->", re.DOTALL)
    return pattern.sub(lambda _: judge, html)


def kept_html(turn: Turn, documents: Mapping[str, Document], present: Present) -> str:
    """Return a turn that was kept, as it was shown when it ended, with the sources it opens.

    Args:
        turn: which; of one still being asked nothing but what was proven so far.
        documents: of its collection, by id.
        present: what is known of documents that are not among them any more.
    """
    if turn.answer is not None:
        return to_html(
            turn.answer,
            documents,
            turn.number,
            typed=turn.typed,
            meant=turn.asked if turn.asked != turn.typed else "",
            present=present,
            below=judge_html(turn.id, turn.feedback, refused=turn.answer.abstained),
        )
    if turn.state is State.FAILED:
        return error_html(turn.typed, turn.error, turn.number)
    cited: dict[int, Citation] = {c.number: c for s in turn.proven for c in s.citations}
    citations = [cited[number] for number in sorted(cited)]
    body = meant_html(turn.asked if turn.asked != turn.typed else "")
    body += "".join(statement_html(s, turn.number) for s in turn.proven)
    body += note_html(_ended(turn)) + references_html(turn.proven, turn.number)
    body += f'<p class="fn-small fn-tools">{again_html(turn.typed)}</p>'
    body += sources_html(citations, documents, turn.number, present=present)
    return turn_html(turn.typed, turn.number, body, "fn-stopped")


def reasons(*, refused: bool) -> dict[Reason, str]:
    """Return why an answer may be no good, in words, in the order in which they are offered."""
    told = {
        Reason.WRONG: say("It is wrong"),
        Reason.INCOMPLETE: say("Something is missing"),
        Reason.UNCARRIED: say("A source does not carry it"),
        Reason.NOT_IN_DOCUMENTS: say("My documents do not say that"),
        Reason.IN_DOCUMENTS: say("My documents do answer it"),
        Reason.UNCLEAR: say("It is hard to understand"),
        Reason.OTHER: say("Something else"),
    }
    offered = (
        (Reason.IN_DOCUMENTS, Reason.OTHER)
        if refused
        else tuple(reason for reason in told if reason is not Reason.IN_DOCUMENTS)
    )
    return {reason: told[reason] for reason in offered}


def _ended(turn: Turn) -> str:
    """Return why there is no whole answer."""
    if turn.state is State.INTERRUPTED:
        if turn.proven:
            return say(
                "Interrupted: the program ended before the answer was done. Only what was proven"
                " by then is shown."
            )
        return say("Interrupted: the program ended before the answer was done.")
    if turn.state is State.ASKING:
        return say("Still being answered.")
    if turn.proven:
        return say("Stopped. Only what was proven by then is shown.")
    return say("Stopped.")


def _nav(inner: str) -> str:
    return f'<nav aria-label="{esc(say("Conversations"))}">{inner}</nav>'


def _item_html(conversation: Conversation, opened: str, words: Snippet = ()) -> str:
    """Return one conversation: opened by its title; renamed, exported and deleted below it."""
    id_, title = conversation.id, esc(conversation.title)
    current = ' aria-current="true"' if id_ == opened else ""
    shown = f'<small dir="auto">{_snippet_html(words)}</small>' if words else ""
    return (
        f'<li class="fn-item"><button type="button" class="fn-title" data-do="open" '
        f'data-id="{id_}" data-key="open-{id_}"{current}>'
        f'<span dir="auto">{title}</span>{shown}</button>'
        f'<details class="fn-more"><summary data-key="more-{id_}" '
        f'aria-label="{esc(say("More for “{title}”", title=conversation.title))}">…</summary>'
        f"<div>{_rename_html(conversation)}{_exports_html(id_)}"
        f"{_delete_html('delete', id_, say('Delete'), say('Delete for good'))}</div></details></li>"
    )


def _snippet_html(words: Snippet) -> str:
    return "".join(f"<mark>{esc(text)}</mark>" if hit else esc(text) for text, hit in words)


def _rename_html(conversation: Conversation) -> str:
    return (
        f'<form data-do="rename" data-id="{conversation.id}"><label>{esc(say("Title"))}'
        f'<input name="title" maxlength="200" required dir="auto" '
        f'value="{esc(conversation.title)}"></label>'
        f"<button>{esc(say('Rename'))}</button></form>"
    )


def _exports_html(id_: str) -> str:
    links = "".join(
        f'<a href="{EXPORTS}/{id_}/{form}" download>{esc(label)}</a>'
        for form, label in (("markdown", "Markdown"), ("html", "HTML"), ("json", "JSON"))
    )
    return f'<p class="fn-exports"><span>{esc(say("Export as"))}</span>{links}</p>'


def _delete_html(do: str, id_: str, ask: str, sure: str) -> str:
    """Return a button that asks once before it does what cannot be undone."""
    return (
        f'<details class="fn-delete"><summary data-key="{do}-{id_}">{esc(ask)}</summary>'
        f"<p>{esc(say('This cannot be undone.'))} "
        f'<button type="button" data-do="{do}" data-id="{id_}">{esc(sure)}</button></p></details>'
    )


def _more_html() -> str:
    return (
        '<p><button type="button" class="fn-tool" data-do="more" data-key="more">'
        f"{esc(say('Show more'))}</button></p>"
    )


def _all_html() -> str:
    ask, sure = say("Delete all conversations"), say("Delete all for good")
    return f'<div class="fn-all">{_delete_html("delete-all", "", ask, sure)}</div>'


def _thumb_html(turn_id: str, thumb: Thumb, label: str, pressed: bool) -> str:
    turned = ' class="fn-down"' if thumb is Thumb.DOWN else ""
    return (
        f'<button type="button"{turned} data-do="judge" data-id="{turn_id}" '
        f'data-thumb="{thumb}" data-key="{thumb}-{turn_id}" aria-label="{esc(label)}" '
        f'title="{esc(label)}" aria-pressed="{str(pressed).lower()}">{_ICON}{_THUMB}</button>'
    )


def _why_html(turn_id: str, feedback: Feedback, *, refused: bool, asked: bool) -> str:
    """Return the reasons for a thumb, folded unless they are being asked for."""
    offered = reasons(refused=refused) if feedback.thumb is Thumb.DOWN else {}
    told = ": ".join(filter(None, (offered.get(feedback.reason, ""), feedback.words)))
    choices = "".join(
        f'<label><input type="radio" name="reason" value="{esc(reason)}"'
        f"{' checked' if reason is feedback.reason else ''}> {esc(label)}</label>"
        for reason, label in offered.items()
    )
    return (
        f'<span class="fn-thanks" role="status">{esc(told or say("Thank you. It is kept."))}</span>'
        f"<details{' open' if asked else ''}>"
        f'<summary data-key="why-{turn_id}">{esc(say("Say why"))}</summary>'
        f'<form data-do="why" data-id="{turn_id}" data-thumb="{feedback.thumb}">{choices}'
        f'<label class="fn-own">{esc(say("In your words"))}'
        f'<input name="words" maxlength="2000" dir="auto" value="{esc(feedback.words)}"></label>'
        f"<button>{esc(say('Save'))}</button></form></details>"
    )


def _day(day: date, today: date) -> str:
    if day == today:
        return say("Today")
    if day == today - timedelta(days=1):
        return say("Yesterday")
    return written_date(day.isoformat())


def _here(moment: datetime) -> datetime:
    """Return a time by the clock of this place."""
    return moment.astimezone()
