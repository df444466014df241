"""Answers as plain text for a terminal and as Markdown, and the wording the page shares."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Sequence
from datetime import date

from rag.assistant import ABSTAINED
from rag.documents import FILE_NAME, worth_telling
from rag.render.words import say
from rag.types import Answer, Citation, Conflict, Document, Hit, Place, Statement, Verdict

EXCERPT_CHARS = 280
Known = Document | Citation
"""What has title, metadata and their origins."""

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~$^&])")
# What many readers of Markdown make links of: https://…, www.…, somebody@example.org.
_MARKDOWN_LINK = re.compile(r"(?<=\w)(:)(?=//)|(?<=www)(\.)|(@)", re.IGNORECASE)
_MARKDOWN_START = re.compile(r"^(\d{0,9})([-+=:.)])")
# The facts that say of when something is, the surest first.
_DATED = ("date", "updated", "created", "saved")


def to_text(answer: Answer, *, width: int = 88) -> str:
    """Return the answer for a terminal: sentences with numbers, then the numbered sources.

    Args:
        answer: what is shown.
        width: longest line in characters; a longer single word or file name stands by itself.
    """
    blocks = []
    if answer.abstained:
        blocks.append(_wrap(outcome(answer), width))
        blocks += [_wrap(line, width) for line in asked_first(answer)]
        if answer.closest:
            blocks.append(say("The closest passages, which are not an answer:"))
        blocks += [_closest_text(hit, width) for hit in answer.closest]
    else:
        blocks += [
            _wrap(f"{s.text} {''.join(f'[{c.number}]' for c in s.citations)}", width)
            for s in answer.statements
        ]
        blocks += [_conflict_text(answer, conflict, width) for conflict in answer.conflicts]
        blocks += [_wrap(unsaid(part), width) for part in answer.unanswered]
        blocks += [_wrap(line, width) for line in asked_first(answer)]
        blocks.append(say("Sources"))
        blocks += [_source_text(citation, width) for citation in answer.citations]
    if answer.withheld:
        blocks.append(say("Withheld"))
        blocks += [_wrap(f"{s.text} ({reason(s)})", width, "- ", "  ") for s in answer.withheld]
    return "\n\n".join(blocks) + "\n"


def to_markdown(answer: Answer) -> str:
    """Return the answer as Markdown, its citations as footnotes."""
    blocks = answer_markdown(answer)
    if not answer.abstained:
        blocks += [footnote_markdown(citation) for citation in answer.citations]
    if answer.withheld:
        blocks.append(say("Withheld:"))
        blocks += [f"- ~~{markdown(s.text)}~~ {markdown(reason(s))}" for s in answer.withheld]
    return "\n\n".join(blocks) + "\n"


def answer_markdown(answer: Answer) -> list[str]:
    """Return what an answer says as blocks of Markdown that refer to footnotes by number."""
    if answer.abstained:
        return [
            markdown(outcome(answer)),
            *map(markdown, asked_first(answer)),
            *(["The closest passages, which are not an answer:"] if answer.closest else []),
            *(
                f"- {markdown(reference(hit.document))}: “{markdown(shorten(hit.passage.text))}”"
                for hit in answer.closest
            ),
        ]
    return [
        *map(statement_markdown, answer.statements),
        *(_conflict_markdown(answer, conflict) for conflict in answer.conflicts),
        *(markdown(unsaid(part)) for part in answer.unanswered),
        *map(markdown, asked_first(answer)),
    ]


def statement_markdown(statement: Statement) -> str:
    """Return a statement that refers to its footnotes."""
    return markdown(statement.text) + "".join(f"[^{c.number}]" for c in statement.citations)


def footnote_markdown(citation: Citation) -> str:
    """Return the footnote that quotes a citation and says where it stands."""
    also = markdown(f", {also_in(citation)}") if citation.also else ""
    where = f"{markdown(cited(citation))}, {markdown(file_of(citation))}{also}"
    return f"[^{citation.number}]: {where}: “{markdown(citation.quote)}”"


def _conflict_markdown(answer: Answer, conflict: Conflict) -> str:
    sides = [
        f"- {markdown(side(answer, conflict, i))}: {markdown(answer.statements[i].text)}"
        for i in conflict.sides
    ]
    return "\n".join([f"{markdown(differs(conflict))}:", "", *sides])


def outcome(answer: Answer) -> str:
    """Return the text of an answer that abstains."""
    return say("Your documents do not say.") if answer.text == ABSTAINED else answer.text


def unsaid(part: str) -> str:
    """Return the line for a part of the question that the documents do not answer."""
    return say("Your documents do not say: “{part}”", part=part)


def written_date(value: str) -> str:
    """Return an ISO 8601 date as people write it ("12 June 2020"); other text as it is."""
    if month := re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", value):
        return say("{month} {year}", month=_months()[int(month[2]) - 1], year=month[1])
    try:
        day = date.fromisoformat(value[:10])
    except ValueError:
        return value
    return say("{day} {month} {year}", day=day.day, month=_months()[day.month - 1], year=day.year)


def _months() -> tuple[str, ...]:
    return (
        *(say("January"), say("February"), say("March"), say("April"), say("May"), say("June")),
        *(say("July"), say("August"), say("September"), say("October")),
        *(say("November"), say("December")),
    )


def dated(facts: Known) -> str:
    """Return of when something is, and how that is known unless it states the day itself.

    "12 June 2020", "12 June 2020 by its file name", "updated 12 June 2020", "file of 12 June 2020".
    """
    for key in _DATED:
        if value := facts.metadata.get(key, ""):
            return dated_by(key, value, facts.origins.get(key, ""))
    return ""


def dated_by(fact: str, value: str, origin: str) -> str:
    """Return the same of one fact ("date", "updated", "created", "saved") and where it is from."""
    by_name = fact != "saved" and origin == FILE_NAME
    day = written_date(value)
    match fact:
        case "updated":
            known = say("updated {day}", day=day)
        case "created":
            known = say("created {day}", day=day)
        case "saved":
            known = say("file of {day}", day=day)
        case _:
            known = day
    return say("{date} by its file name", date=known) if by_name else known


def byline(facts: Known) -> str:
    """Return publisher and date, as far as they are known."""
    known = (facts.metadata.get("publisher", ""), dated(facts))
    return " · ".join(part for part in known if part)


def reference(facts: Known) -> str:
    """Return title, publisher and date in one line."""
    known = byline(facts)
    return f"{facts.title} ({known})" if known else facts.title


def cited(citation: Citation) -> str:
    """Return title, publisher and date of what is cited, and where in its file it stands."""
    known = reference(citation)
    found = where(citation.places)
    return f"{known}, {found}" if found else known


def where(found: Sequence[Place]) -> str:
    """Return places of a file in words: `sheet “Budget”, rows 3–5`; "" where there are none."""
    return ", ".join(map(_where, worth_telling(found)))


def _where(place: Place) -> str:
    one, last = place.value, place.last
    several = say("“{name}”", name=one)
    if last:
        several = say("“{first}” to “{last}”", first=one, last=last)
    match place.kind:
        case "page":
            return say("pages {first}–{last}", first=one, last=last) if last else _page(one)
        case "slide":
            many = say("slides {first}–{last}", first=one, last=last)
            return many if last else say("slide {number}", number=one)
        case "row":
            many = say("rows {first}–{last}", first=one, last=last)
            return many if last else say("row {number}", number=one)
        case "record":
            many = say("records {first}–{last}", first=one, last=last)
            return many if last else say("record {number}", number=one)
        case "line":
            many = say("lines {first}–{last}", first=one, last=last)
            return many if last else say("line {number}", number=one)
        case "recognised":
            return say("recognised {words}", words=one)
        case "chapter":
            return say("chapter {name}", name=several)
        case "sheet":
            return say("sheet {name}", name=several)
        case _:
            return several


def _page(number: str) -> str:
    return say("page {number}", number=number)


def file_of(citation: Citation) -> str:
    """Return the path of the file that is cited, with the name of the one inside it."""
    return f"{citation.source} › {citation.inside}" if citation.inside else citation.source


def also_in(citation: Citation) -> str:
    """Return where else the quote stands word for word, "" if nowhere; it is no further voice."""
    if not citation.also:
        return ""
    return say("also, word for word, in {files}", files=", ".join(citation.also))


def asked_first(answer: Answer) -> list[str]:
    """Return the line that says which documents were asked, where they were chosen."""
    if not answer.asked:
        return []
    if answer.abstained:
        return [say("Asked of {documents}.", documents=answer.asked)]
    return [say("Answered from {documents}, as you asked.", documents=answer.asked)]


def differs(conflict: Conflict) -> str:
    """Return the line above the sides of a conflict."""
    match conflict.kind:
        case "number":
            return say("Your documents differ in a number")
        case "date":
            return say("Your documents differ in a date")
        case "answer":
            return say("Your documents differ in what they answer")
        case _:
            return say("Your documents differ in yes and no")


def side(answer: Answer, conflict: Conflict, place: int) -> str:
    """Return who says one side of a conflict and when, and whether it is the newest."""
    citation = answer.statements[place].citations[0]
    known = byline(citation) or citation.title
    return say("{source}, newest", source=known) if place == conflict.newest else known


def reason(statement: Statement) -> str:
    """Return why a statement is withheld, in words."""
    return statement.reason or verdict(statement)


def verdict(statement: Statement) -> str:
    """Return what the proof of a statement came to, in a word or two."""
    match statement.verdict:
        case Verdict.SUPPORTED:
            return say("supported")
        case Verdict.PARTLY:
            return say("partly")
        case Verdict.CONTRADICTED:
            return say("contradicted")
        case Verdict.NOT_FOUND:
            return say("not found")
        case Verdict.NOT_ANSWERING:
            return say("does not answer")
        case Verdict.NOT_CHECKED:
            return say("not checked")


def shorten(text: str, limit: int = EXCERPT_CHARS) -> str:
    """Return the beginning of a text in one line, cut between words.

    Args:
        text: any text.
        limit: most characters before the mark that says it goes on.
    """
    flat = " ".join(text.split())
    if len(flat) <= limit:
        return flat
    return (
        flat[: limit + 1].rpartition(" ")[0] + " …" if " " in flat[:limit] else flat[:limit] + "…"
    )


def _closest_text(hit: Hit, width: int) -> str:
    return "\n".join(
        [
            _wrap(reference(hit.document), width, "- ", "  "),
            f"  {_plain(hit.document.source)}",
            _wrap(f"“{shorten(hit.passage.text)}”", width, "  ", "  "),
        ]
    )


def _conflict_text(answer: Answer, conflict: Conflict, width: int) -> str:
    lines = [f"{differs(conflict)}:"]
    for place in conflict.sides:
        line = f"{side(answer, conflict, place)}: {answer.statements[place].text}"
        lines.append(_wrap(line, width, "- ", "  "))
    return "\n".join(lines)


def _source_text(citation: Citation, width: int) -> str:
    first = f"[{citation.number}] "
    indent = " " * len(first)
    return "\n".join(
        [
            _wrap(cited(citation), width, first, indent),
            f"{indent}{_plain(file_of(citation))}",
            *([_wrap(also_in(citation), width, indent, indent)] if citation.also else []),
            _wrap(f"“{citation.quote}”", width, indent, indent),
        ]
    )


def _wrap(text: str, width: int, first: str = "", indent: str = "") -> str:
    return textwrap.fill(
        _plain(text),
        width=width,
        initial_indent=first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _plain(text: str) -> str:
    """Return text in one line without characters that would steer a terminal."""
    flat = " ".join(text.split())
    return "".join("\ufffd" if unicodedata.category(c) == "Cc" else c for c in flat)


def markdown(text: str) -> str:
    """Return text in one line that Markdown shows as it is."""
    plain = _MARKDOWN_LINK.sub(r"\\\g<0>", _MARKDOWN.sub(r"\\\1", _plain(text)))
    return _MARKDOWN_START.sub(r"\1\\\2", plain)
