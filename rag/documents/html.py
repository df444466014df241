"""Web pages: the main text through trafilatura, and what the page states about itself."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

from rag.documents.body import Body
from rag.documents.compose import HTML_METADATA
from rag.documents.decode import decode
from rag.documents.facts import LABELS, Fact
from rag.documents.hidden import take_hidden
from rag.documents.places import Headings, joined, under
from rag.documents.shown import from_html
from rag.documents.source import Content, Source

_DATE_NAMES = (
    *("article:published_time", "datepublished", "og:published_time", "parsely-pub-date"),
    *("citation_publication_date", "citation_date", "dc.date.issued", "dcterms.issued"),
    *("dc.date", "dcterms.date", "dcterms.created", "sailthru.date", "publish-date"),
    *("publishdate", "pubdate", "date"),
)
_UPDATED_NAMES = ("article:modified_time", "og:updated_time", "datemodified", "dcterms.modified")
_RULE = re.compile(r":?-+:?")  # a cell of the line below a table's head
_AUTHOR_NAMES = (
    *("author", "article:author", "citation_author", "dc.creator", "dcterms.creator"),
    *("parsely-author", "sailthru.author", "byl"),
)


def read_html(source: Source) -> Content:
    """Read the main text of a web page, without menus, scripts and comments."""
    notes: list[str] = []
    page = decode(source, notes, declared=_declared(source.data))
    text, headings, facts = _extract(page, notes)
    body = Body(text)
    for start, path in heading_paths(text, headings):
        body.mark_at(start, "heading", path)
    return Content("html", body, facts, HTML_METADATA, notes)


def heading_paths(text: str, headings: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Yield where each heading stands in a text, and the path of headings it ends.

    Args:
        text: a line a paragraph.
        headings: level, from 1, and words of each, in their order; one that is not found as a line
            of its own is passed over.
    """
    path: Headings = []
    at = 0
    for level, words in headings:
        found = re.compile(rf"^{re.escape(words)}$", re.MULTILINE).search(text, at)
        if words and found:
            at = found.end()
            path = under(path, level, words)
            yield found.start(), joined(path)


def _declared(data: bytes) -> str | None:
    """Return the encoding a page names in its first bytes."""
    found = re.search(rb"(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]+)", data[:4096], re.I)
    return found[1].decode("ascii", "replace") if found else None


def _extract(page: str, notes: list[str]) -> tuple[str, list[tuple[int, str]], list[Fact]]:
    """Return the text that is seen, its headings, and the facts; hidden text is noted."""
    import lxml.html
    import trafilatura

    for library in ("trafilatura", "htmldate", "courlan"):
        # Without any handler Python prints their complaints about bad pages to stderr.
        logging.getLogger(library).addHandler(logging.NullHandler())
    if not re.search(r"<body\b", page, re.I):
        page = f"<html><body>{page}</body></html>"
    if _is_too_deep(page):  # trafilatura would drop all that lies below in silence
        notes.append("its parts lie too deep inside each other; read without its layout and facts")
        return from_html(page, notes), [], []
    tree = trafilatura.load_html(page)
    if tree is not None and (take_hidden(tree, notes) | _take_edit_links(tree)):
        page = lxml.html.tostring(tree, encoding="unicode")
    found = trafilatura.bare_extraction(page, with_metadata=True, include_comments=False)
    stated = found.as_dict() if found is not None else {}
    meta = _meta(tree) if tree is not None else {}
    linked = list(_linked_data(tree)) if tree is not None else []
    body = _paragraphs(stated.get("text") or "")
    values = {
        "title": stated.get("title"),
        "author": _author(meta, linked, stated.get("author"), page),
        "publisher": stated.get("sitename"),
        "date": _date(meta, linked, tree),
        "updated": _updated(meta, linked),
        "url": stated.get("url"),
        "excerpt": _excerpt(stated.get("description"), body),
    }
    headings = list(_headings(found.body)) if found is not None else []
    return (
        body,
        headings,
        [
            Fact(key, LABELS[key], words)
            for key, value in values.items()
            if (words := " ".join(str(value or "").split()))
        ],
    )


def _take_edit_links(tree: Any) -> bool:
    """Take a wiki's links to edit a section out of its headings; tell whether there were any."""
    found = tree.xpath("//*[contains(concat(' ', @class, ' '), ' mw-editsection ')]")
    for link in found:
        if link.getparent() is not None:
            link.drop_tree()
    return bool(found)


def _is_too_deep(page: str) -> bool:
    import lxml.etree

    parser = lxml.etree.HTMLParser(encoding="utf-8")
    try:
        lxml.etree.fromstring(page.encode("utf-8", "replace"), parser=parser)
    except (lxml.etree.LxmlError, ValueError):
        return False
    return any("depth" in error.message for error in parser.error_log)


def _headings(body: Any) -> Iterator[tuple[int, str]]:
    """Yield level and words of the headings in what trafilatura took for the main text."""
    for element in body.iter("head") if body is not None else ():
        level = re.fullmatch(r"h([1-6])", element.get("rend") or "h2")
        yield int(level[1]) if level else 2, " ".join("".join(element.itertext()).split())


def _meta(tree: Any) -> dict[str, list[str]]:
    """Return the contents of the page's meta elements by lower-case name."""
    found: dict[str, list[str]] = {}
    for element in tree.iter("meta"):
        content = " ".join((element.get("content") or "").split())
        for attribute in ("property", "name", "itemprop"):
            if (name := element.get(attribute)) and content:
                found.setdefault(name.strip().lower(), []).append(content)
    return found


def _linked_data(tree: Any) -> Iterator[Mapping[str, Any]]:
    """Yield every object of the page's JSON-LD, outer ones first."""
    for script in tree.iter("script"):
        if "ld+json" not in (script.get("type") or ""):
            continue
        try:
            waiting = [json.loads(script.text or "", strict=False)]
        except (ValueError, RecursionError):
            continue
        while waiting:
            value = waiting.pop(0)
            if isinstance(value, dict):
                yield value
                waiting += value.values()
            elif isinstance(value, list):
                waiting += value


def _date(meta: Mapping[str, list[str]], linked: Iterable[Mapping[str, Any]], tree: Any) -> str:
    """Return the date of publication the page states, as it states it; dates are not guessed."""
    for thing in linked:
        if isinstance(date := thing.get("datePublished"), str) and date.strip():
            return date
    for name in _DATE_NAMES:
        if name in meta:
            return meta[name][0]
    for element in tree.iter("time") if tree is not None else ():
        marked = "datePublished" in (element.get("itemprop") or "") or "pubdate" in element.attrib
        if marked and (date := element.get("datetime")):
            return str(date)
    return ""


def _updated(meta: Mapping[str, list[str]], linked: Iterable[Mapping[str, Any]]) -> str:
    """Return the date of the last change the page states, as it states it."""
    for thing in linked:
        if isinstance(date := thing.get("dateModified"), str) and date.strip():
            return date
    return next((meta[name][0] for name in _UPDATED_NAMES if name in meta), "")


def _author(
    meta: Mapping[str, list[str]],
    linked: Iterable[Mapping[str, Any]],
    extracted: str | None,
    page: str,
) -> str:
    """Return the author the page states, else the extracted one if the page says "by" that one."""
    names: list[str] = []
    for thing in linked:
        if "datePublished" in thing or "headline" in thing:
            names += _names(thing.get("author"))
    if not names:
        names = next((meta[name] for name in _AUTHOR_NAMES if name in meta), [])
    names = [re.sub(r"(?i)^(?:written )?by:?\s+", "", name) for name in names]
    names = [name for name in names if "://" not in name and 1 < len(name) <= 100]
    # The same name in capitals is the same name; the first spelling stays.
    distinct: dict[str, str] = {}
    for name in names:
        distinct.setdefault(name.lower(), name)
    if distinct:
        return ", ".join(distinct.values())
    shown = " ".join(re.sub(r"<[^<>]*>", " ", page).split())
    if extracted and re.search(rf"\b[Bb][Yy]:? {re.escape(extracted)}\b(?! \d)", shown):
        return extracted
    return ""


def _excerpt(description: str | None, body: str) -> str:
    """Return the page's description unless it only repeats the text, as many do."""
    words = " ".join((description or "").split())
    return "" if words[:80] in " ".join(body.split()) else words


def _names(value: Any) -> list[str]:
    """Return the names in a JSON-LD author: a string, an object with a name, or a list."""
    if isinstance(value, str):
        return [" ".join(value.split())]
    if isinstance(value, dict):
        return _names(value.get("name"))
    if isinstance(value, list):
        return [name for item in value if not isinstance(item, list) for name in _names(item)]
    return []


def _paragraphs(text: str) -> str:
    """Put blank lines between the lines trafilatura gives, each a paragraph, item or table row.

    Items stay below the line before them, and rows together. A table of one column is layout, and
    its rows become paragraphs.
    """
    out: list[str] = []
    for is_table, group in groupby(filter(None, map(str.strip, text.split("\n"))), _is_row):
        if not is_table:
            out += [("\n" if line.startswith("- ") else "\n\n") + line for line in group]
            continue
        cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in group]
        rows = [row for row in cells if any(row) and not all(map(_RULE.fullmatch, row))]
        if all(sum(map(bool, row)) == 1 for row in rows):
            out += ["\n\n" + "".join(row) for row in rows]
        else:
            out += ["\n", *("\n| " + " | ".join(row) + " |" for row in rows)]
    return "".join(out).strip()


def _is_row(line: str) -> bool:
    """Say whether a line is a row of a table."""
    return len(line) > 1 and line.startswith("|") and line.endswith("|")
