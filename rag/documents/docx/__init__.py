"""Word documents (.docx): the text as its reader sees it, changes accepted, in reading order.

Headers, footers and notes stand at the end, each under a part of its own; a note is under the
headings that it is referred to from. Read with lxml alone: python-docx knows neither insertions
nor text boxes, content controls, notes and the numbers of lists.
"""

from __future__ import annotations

from typing import Any

from rag.documents.archive import (
    Archive,
    Relation,
    attribute,
    child,
    local,
    main_part,
    open_archive,
    properties,
    relations,
)
from rag.documents.body import Body
from rag.documents.docx.numbering import Numbering
from rag.documents.docx.story import Story, Word
from rag.documents.docx.styles import Styles, is_on, value
from rag.documents.outline import Outline, Tally, finished, numbered
from rag.documents.source import Content, Source

_FORMS = {"decimal": "1", "lowerLetter": "a", "upperLetter": "A"}
_FORMS |= {"lowerRoman": "i", "upperRoman": "I"}


def read_docx(source: Source) -> Content:
    """Read a Word document.

    Raises:
        EmptyDocumentError: there is no text in it.
        UnreadableDocumentError: it is damaged, locked, or no Word document.
    """
    archive = open_archive(source)
    try:
        return _read(archive)
    except RecursionError:
        problem = "its tables and text boxes lie too deep inside each other"
        raise source.refused(f"{problem}; save it as plain text") from None


def _read(archive: Archive) -> Content:
    name, document = main_part(archive, "word/document.xml", "document", "Word document")
    related = relations(archive, name)
    styles = Styles(_part(archive, related, "styles"))
    word = Word(styles, Numbering(_part(archive, related, "numbering"), styles), Tally())
    word.has_background = child(document, "background") is not None
    outline = Outline(Body())
    story = Story(word, outline)
    if (body := child(document, "body")) is not None:
        story.blocks(body)
        story.finish()
    settings = _part(archive, related, "settings")
    _put_notes(archive, related, word, outline, settings)
    _put_edges(archive, related, word, outline, document, settings)
    comments = _part(archive, related, "comments")
    word.tally.add("comment", sum(local(e) == "comment" for e in comments))
    return finished(archive.source, "docx", outline, word.tally, properties(archive))


def _part(archive: Archive, related: dict[str, Relation], kind: str) -> Any:
    """Return the root of the part of a kind, an empty one where there is none."""
    for relation in related.values():
        if relation.kind == kind and relation.target in archive:
            return archive.xml(relation.target)
    return ()


def _put_notes(
    archive: Archive, related: dict[str, Relation], word: Word, outline: Outline, settings: Any
) -> None:
    """Put the notes that the text refers to, in the order in which it does."""
    for kind in ("footnote", "endnote"):
        found = {attribute(e, "id"): e for e in _part(archive, related, f"{kind}s")}
        form = _form(kind, settings)
        count = 0
        for reference in list(word.references):
            # A note is there once, however often a file refers to it.
            note = found.pop(reference.id, None) if reference.kind == kind else None
            if note is None:
                continue
            count += not reference.is_marked
            has_number = form and not reference.is_marked
            outline.part(f"{kind}s", reference.path)
            _put_note(note, f"{numbered(count, form)}." if has_number else "", word, outline)


def _put_note(note: Any, label: str, word: Word, outline: Outline) -> None:
    """Put one note, its number before its first paragraph."""
    body = Body()
    inner = Outline(body)
    story = Story(word, inner)
    story.blocks(note)
    story.finish()
    if body.text:
        outline.body.add(f"{label} {body.text}" if label else body.text)


def _form(kind: str, settings: Any) -> str:
    """Return how notes are numbered, "" where they begin anew on each page or section."""
    stated = next((e for e in settings if local(e) == f"{kind}Pr"), None)
    if value(child(stated, "numRestart")) not in ("", "continuous"):
        return ""
    usual = "decimal" if kind == "footnote" else "lowerRoman"
    return _FORMS.get(value(child(stated, "numFmt")) or usual, "")


def _put_edges(
    archive: Archive,
    related: dict[str, Relation],
    word: Word,
    outline: Outline,
    document: Any,
    settings: Any,
) -> None:
    """Put every header and footer that is shown on some page, once each."""
    even = next((e for e in settings if local(e) == "evenAndOddHeaders"), None)
    has_even = even is not None and is_on(even, "val", stated=True)
    seen: set[str] = set()
    read: set[str] = set()
    sections = [e for e in document.iter() if local(e) == "sectPr"]
    for kind in ("header", "footer"):
        for section in sections:
            first = child(section, "titlePg")
            has_first = first is not None and is_on(first, "val", stated=True)
            for element in section:
                page = attribute(element, "type")
                shown = {"first": has_first, "even": has_even}.get(page, True)
                target = related.get(attribute(element, "id"), Relation("", "")).target
                if local(element) != f"{kind}Reference" or not shown or target in read:
                    continue
                read.add(target)
                if target not in archive:
                    continue
                body = Body()
                story = Story(word, Outline(body))
                story.blocks(archive.xml(target))
                story.finish()
                # A bare page number says nothing.
                if body.text not in seen and any(c.isalpha() for c in body.text):
                    seen.add(body.text)
                    outline.part(kind)
                    outline.body.add(body.text)
