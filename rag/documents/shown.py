"""HTML mail to the text that it shows.

Not the reader of web pages: that looks for one article among menus, and takes short mails and
quotations for neither.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import unescape
from typing import Any

from rag.documents.hidden import take_hidden

_BLOCKS = frozenset(
    [
        *("address", "article", "aside", "blockquote", "center", "dd", "div", "dl", "dt"),
        *("fieldset", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header"),
        *("hr", "li", "main", "nav", "ol", "p", "pre", "section", "table", "tbody", "td", "th"),
        *("tr", "ul"),
    ]
)
_APART = frozenset(["p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "ul", "ol", "table"])
_DEEPEST_QUOTE = 8
_UNSHOWN = ("script", "style", "head", "title", "template", "svg", "object")


def from_html(html: str, notes: list[str]) -> str:
    """Return the text an HTML mail shows; quotations with ">" before each line."""
    import lxml.etree
    import lxml.html

    parser = lxml.html.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True
    )
    try:
        tree = lxml.html.document_fromstring(html.encode("utf-8", "replace"), parser=parser)
    except (lxml.etree.LxmlError, ValueError, AssertionError):
        return ""
    if any("depth" in error.message for error in parser.error_log):  # the parser drops the rest
        notes.append("its HTML lies too deep inside itself; the words were read without its layout")
        return _stripped(html)
    for element in list(tree.iter(*_UNSHOWN)):
        if element.getparent() is not None:
            element.drop_tree()
    take_hidden(tree, notes)
    lines = _Lines()
    walk = lxml.etree.iterwalk(tree, events=("start", "end"))
    for event, element in walk:
        if event == "start" and element.tag == "table" and (rows := _table(element)):
            lines.table(rows)
            walk.skip_subtree()
        elif event == "start":
            lines.open(element.tag, element.text or "")
        else:
            lines.close(element.tag, element.tail or "")
    return lines.text


def _stripped(html: str) -> str:
    """Return the words between the marks of a page."""
    words = html
    for begin, end in (("<!--", "-->"), *((f"<{tag}\\b", f"</{tag}\\b") for tag in _UNSHOWN[:3])):
        words = _without(words, re.compile(begin, re.I), re.compile(end, re.I))
    return unescape(re.sub(r"\s*\n\s*", "\n", re.sub(r"<[^<>]*>", "\n", words))).strip()


def _without(words: str, begin: re.Pattern[str], end: re.Pattern[str]) -> str:
    """Return a text without what stands between two signs, in one pass over it."""
    kept: list[str] = []
    at = 0
    while first := begin.search(words, at):
        last = end.search(words, first.end())
        if last is None:
            break
        kept.append(words[at : first.start()])
        at = last.start()
    return "".join(kept) + words[at:]


def _table(table: Any) -> list[str]:
    """Return the rows of a table of values, [] for one that only lays out the page."""
    if next(table.iterdescendants("table", "p", "ul", "ol", "div", "blockquote"), None) is not None:
        return []
    rows = [
        [" ".join(cell.text_content().split()) for cell in row.iterchildren("td", "th")]
        for row in table.iter("tr")
    ]
    if sum(sum(map(bool, cells)) > 1 for cells in rows) < 2:
        return []
    return ["| " + " | ".join(cells) + " |" for cells in rows if any(cells)]


class _Lines:
    """Lines of text put together from the elements of a page, without recursion."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._words: list[str] = []
        self._start = ""
        self._quotes = 0  # how many quotations the words stand in
        self._as_is = 0

    def open(self, tag: str, text: str) -> None:
        """Begin an element with the text before its first child."""
        self._break(tag)
        self._quotes += tag == "blockquote"
        self._as_is += tag == "pre"
        if tag == "li":
            self._start = "- "
        self._say(text)

    def close(self, tag: str, tail: str) -> None:
        """End an element; `tail` is what follows it."""
        if tag in _BLOCKS:
            self._flush()
        self._quotes -= tag == "blockquote"
        self._as_is -= tag == "pre"
        if tag in _APART:
            self._blank()
        self._say(tail)

    def table(self, rows: Sequence[str]) -> None:
        """Add the rows of a table."""
        self._break("table")
        self._lines += [self._quoted + row for row in rows]
        self._blank()

    @property
    def _quoted(self) -> str:
        return "> " * min(self._quotes, _DEEPEST_QUOTE)

    @property
    def text(self) -> str:
        """All lines."""
        self._flush()
        return "\n".join(self._lines).strip("\n")

    def _say(self, text: str) -> None:
        if not self._as_is:
            self._words.append(text)
            return
        first, *rest = text.split("\n")
        self._words.append(first)
        for line in rest:
            self._flush()
            self._words.append(line)

    def _break(self, tag: str) -> None:
        if tag == "br":
            self._flush(even_empty=True)
        elif tag in _BLOCKS:
            self._flush()
            if tag in _APART:
                self._blank()

    def _blank(self) -> None:
        empty = (self._quoted).rstrip()
        if self._lines and self._lines[-1].strip("> "):
            self._lines.append(empty)
        elif self._lines:
            self._lines[-1] = empty

    def _flush(self, *, even_empty: bool = False) -> None:
        words = "".join(self._words)
        words = words.rstrip() if self._as_is else " ".join(words.split())
        self._words.clear()
        if words:
            self._lines.append(self._quoted + self._start + words)
            self._start = ""
        elif even_empty:
            self._blank()
