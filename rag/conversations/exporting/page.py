"""A conversation as one HTML file: no script, nothing fetched, footnotes that lead both ways."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from rag.assistant import not_said
from rag.conversations.exporting.sheet import Sheet, about, asked_as, outcome, told_of, withheld
from rag.conversations.values import Turn
from rag.documents import told
from rag.render.page import esc
from rag.render.plain import (
    also_in,
    asked_first,
    byline,
    differs,
    file_of,
    reference,
    shorten,
    side,
)
from rag.render.words import say
from rag.types import Answer, Citation, Statement

# Should anything ever slip through, the browser neither runs nor fetches it.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def to_page(sheet: Sheet) -> str:
    """Return a conversation as a whole HTML document."""
    used: Counter[int] = Counter()
    turns = "".join(_turn(turn, used) for turn in sheet.turns)
    title = esc(sheet.conversation.title)
    style = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
    lines = "".join(f'<p class="small">{esc(line)}</p>' for line in about(sheet))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        f'<header><h1 dir="auto">{title}</h1>{lines}</header>\n<main>\n{turns}</main>\n'
        f"{_footnotes(sheet, used)}</body>\n</html>\n"
    )


def _turn(turn: Turn, used: Counter[int]) -> str:
    body = (
        _answer(turn.answer, used)
        if turn.answer
        else "".join(_statement(statement, used) for statement in turn.proven)
    )
    small = "".join(
        f'<p class="small" dir="auto">{esc(line)}</p>'
        for line in (told_of(turn), asked_as(turn))
        if line
    )
    notes = "".join(_note(line) for line in (outcome(turn), withheld(turn)) if line)
    return f'<article>\n<h2 dir="auto">{esc(turn.typed)}</h2>\n{small}{body}{notes}</article>\n'


def _answer(answer: Answer, used: Counter[int]) -> str:
    asked = "".join(_note(line) for line in asked_first(answer))
    if answer.abstained:
        rows = "".join(
            f'<li dir="auto">{esc(reference(hit.document))}: '
            f"“{esc(shorten(hit.passage.text))}”</li>\n"
            for hit in answer.closest
        )
        head = esc(say("These passages come closest. They are not an answer."))
        closest = f"<h3>{head}</h3>\n<ul>\n{rows}</ul>\n" if rows else ""
        return f'<p dir="auto">{esc(answer.text)}</p>\n{asked}{closest}'
    said = "".join(_statement(statement, used) for statement in answer.statements)
    for conflict in answer.conflicts:
        rows = "".join(
            f'<li dir="auto">{esc(side(answer, conflict, i))}: '
            f"{esc(answer.statements[i].text)}</li>\n"
            for i in conflict.sides
        )
        said += f"<h3>{esc(differs(conflict))}</h3>\n<ul>\n{rows}</ul>\n"
    return said + "".join(_note(not_said(part)) for part in answer.unanswered) + asked


def _statement(statement: Statement, used: Counter[int]) -> str:
    links = ""
    for citation in statement.citations:
        used[citation.number] += 1
        links += (
            f'<sup id="{_reference(citation.number, used[citation.number])}">'
            f'<a href="#note-{citation.number}">[{citation.number}]</a></sup>'
        )
    return f'<p dir="auto"><span class="said">{esc(statement.text)}</span>{links}</p>\n'


def _footnotes(sheet: Sheet, used: Counter[int]) -> str:
    if not sheet.footnotes:
        return ""
    rows = "".join(_footnote(citation, used[citation.number]) for citation in sheet.footnotes)
    return f"<footer>\n<h2>{esc(say('Sources'))}</h2>\n<ol>\n{rows}</ol>\n</footer>\n"


def _footnote(citation: Citation, uses: int) -> str:
    back = " ".join(
        f'<a class="back" href="#{_reference(citation.number, use)}" '
        f'aria-label="{esc(say("Back to the sentence"))}">↩</a>'
        for use in range(1, uses + 1)
    )
    facts = filter(None, (byline(citation), told(citation.places), file_of(citation)))
    also = f'<p class="small" dir="auto">{esc(also_in(citation))}</p>' if citation.also else ""
    return (
        f'<li id="note-{citation.number}" value="{citation.number}">'
        f'<cite dir="auto">{esc(citation.title)}</cite>'
        f'<p class="small" dir="auto">{esc(" · ".join(facts))}{_original(citation)}</p>'
        f'<blockquote dir="auto">{esc(citation.quote)}</blockquote>{also}{back}</li>\n'
    )


def _original(citation: Citation) -> str:
    """Return a link to the page that the document was taken from, where it names one."""
    url = citation.metadata.get("url", "")
    if not url.startswith(("https://", "http://")):
        return ""
    return f' · <a href="{esc(url)}" rel="noopener noreferrer">{esc(say("original page"))}</a>'


def _note(line: str) -> str:
    return f'<p class="note" dir="auto">{esc(line)}</p>\n'


def _reference(number: int, use: int) -> str:
    return f"use-{number}-{use}"
