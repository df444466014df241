"""The Documents tab as HTML: where files are dropped, the list of a collection, one document.

`behaviour/documents.js` puts in place what is made here, and sends what a person does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from rag.library import Entry, Inner, Known, Preview
from rag.render.page import esc
from rag.render.plain import dated_by
from rag.render.words import numeral, say

PAGED = 50  # files that are listed at once
ANCHOR = "doc-2-"  # of what a list opens; the Ask tab's begin with "doc-"
_AND = "\u00a0· "  # no line begins with it


@dataclass(frozen=True, slots=True)
class Shown:
    """Which files of a collection are listed.

    Attributes:
        words: that stand in the title, the path or the name of something inside.
        kind: "all", or "attention" (those with something to be told), "left out", "waiting".
        page: from 1.
    """

    words: str = ""
    kind: str = "all"
    page: int = 1


def documents_html(first: str, kinds: Iterable[str], most_bytes: int, *, ocr: bool) -> str:
    """Return the frame of the tab.

    Args:
        first: the collection that is shown first.
        kinds: suffixes of the files that can be read.
        most_bytes: of one file.
        ocr: scanned pages can be recognised here.
    """
    suffixes = sorted(kinds)
    data = {
        "first": first,
        "kinds": " ".join(each.removeprefix(".") for each in suffixes),
        "most": str(most_bytes),
        "words": json.dumps(_words(), ensure_ascii=False),
    }
    attributes = " ".join(f'data-{key}="{esc(value)}"' for key, value in data.items())
    return (
        f'<section id="fn-documents" class="fn-sheet" {attributes}>'
        f"{_head_html()}"
        '<p id="fn-doc-wrong" class="fn-error" role="alert" hidden></p>'
        f"{_drop_html(suffixes, most_bytes, ocr=ocr)}"
        f"{_arriving_html()}"
        '<p id="fn-doc-told" class="fn-unseen" role="status"></p>'
        f"{_find_html()}"
        '<div id="fn-doc-list"></div>'
        '<div id="fn-doc-previews" hidden></div>'
        f"{_dialog_html()}</section>"
    )


def _head_html() -> str:
    own = _buttons((("rename", say("Rename")), ("drop", say("Remove"))))
    return (
        '<div class="fn-doc-head">'
        f'<label for="fn-doc-collection">{esc(say("Collection"))}</label>'
        '<select id="fn-doc-collection"></select>'
        f"{_buttons([('new', say('New collection'))])}"
        f'<span id="fn-doc-own" hidden>{own}</span>'
        '<button type="button" id="fn-doc-asks" data-doc="ask" hidden>'
        f"{esc(say('Ask this collection'))}</button></div>"
    )


def _drop_html(suffixes: Sequence[str], most_bytes: int, *, ocr: bool) -> str:
    accept = ",".join(suffixes)
    picks = "".join(
        f'<label class="fn-doc-pick"><input type="file" multiple class="fn-unseen" {more}>'
        f"{esc(label)}</label>"
        for label, more in (
            (say("Choose files"), f'id="fn-doc-files" accept="{esc(accept)}"'),
            (say("Choose a folder"), 'id="fn-doc-folder" webkitdirectory'),
        )
    )
    can = say(
        "PDF, Word, slides, tables, mail, books, web pages and text, up to {most} MB each. "
        "They are copied into this collection and stay on this computer.",
        most=most_bytes // 1_000_000,
    )
    scanned = (
        '<label class="fn-doc-ocr"><input type="checkbox" id="fn-doc-ocr"> '
        f"{esc(say('Recognise scanned pages (slow)'))}</label>"
        if ocr
        else ""
    )
    return (
        '<div id="fn-doc-drop">'
        f'<p class="fn-doc-here">{esc(say("Drop files or folders here"))}</p>'
        f'<p class="fn-doc-picks">{picks}</p>'
        f'<p class="fn-doc-can">{esc(can)}</p>{scanned}</div>'
    )


def _arriving_html() -> str:
    return (
        f'<section id="fn-doc-arriving" aria-label="{esc(say("What is arriving"))}" hidden>'
        '<div class="fn-doc-bar"><span id="fn-doc-sum"></span>'
        f"{_buttons([('stop', say('Stop')), ('clear', say('Close'))])}"
        f'</div><progress id="fn-doc-share" aria-label="{esc(say("How much is done"))}"></progress>'
        f'<ul id="fn-doc-files-arriving" tabindex="0" aria-label="{esc(say("Each file"))}" hidden>'
        "</ul></section>"
    )


def _find_html() -> str:
    options = "".join(
        f'<option value="{value}">{esc(label)}</option>'
        for value, label in (
            ("all", say("All files")),
            ("attention", say("With something to know")),
            ("left out", say("Left out")),
            ("waiting", say("Not read yet")),
        )
    )
    return (
        '<div class="fn-doc-find" hidden>'
        f'<input type="search" id="fn-doc-search" aria-label="{esc(say("Find files"))}" '
        f'placeholder="{esc(say("Find by title, name or folder"))}" autocomplete="off">'
        f'<select id="fn-doc-kind" aria-label="{esc(say("Which files are listed"))}">{options}'
        "</select></div>"
    )


def _dialog_html() -> str:
    return (
        '<dialog id="fn-doc-dialog" aria-labelledby="fn-doc-asked"><form method="dialog">'
        '<h2 id="fn-doc-asked"></h2><p id="fn-doc-why"></p>'
        '<label id="fn-doc-field" hidden><span></span><input autocomplete="off"></label>'
        '<p class="fn-doc-choice">'
        f'<button type="button" class="fn-doc-no">{esc(say("Cancel"))}</button>'
        '<button value="yes" class="fn-doc-yes"></button></p></form></dialog>'
    )


# --- the list -------------------------------------------------------------------------------------


def names_html(collections: Iterable[Known], chosen: str) -> str:
    """Return the collections as options to choose from."""
    return "".join(
        f'<option value="{esc(each.name)}"{" selected" if each.name == chosen else ""}>'
        f"{esc(_named(each))}</option>"
        for each in collections
    )


def _named(known: Known) -> str:
    if known.error:
        return say("{name} (cannot be used)", name=known.name)
    return f"{known.name} ({known.documents:,})"


def list_html(entries: Sequence[Entry], shown: Shown, *, at_work: bool, stopped: str = "") -> str:
    """Return the files of a collection, a page of those that are wanted.

    Args:
        entries: all of them.
        shown: which are listed.
        at_work: a reading is under way.
        stopped: why the last reading ended before everything was read.
    """
    if not entries:
        nothing = say("There is nothing in this collection yet: put files in above.")
        return f'<p class="fn-note">{esc(nothing)}</p>'
    every = wanted(entries, shown)
    pages = max(1, -(-len(every) // PAGED))
    page = min(max(1, shown.page), pages)
    listed = every[(page - 1) * PAGED : page * PAGED]
    numbers = count(1)
    rows = "".join(_row_html(entry, numbers) for entry in listed)
    body = f'<ul class="fn-doc-rows">{rows}</ul>' if rows else ""
    if not rows:
        body = f'<p class="fn-note">{esc(say("No file is like that."))}</p>'
    return (
        f"{_summary_html(entries, at_work=at_work, stopped=stopped)}"
        f"{_all_html(every)}{body}{_pager_html(page, pages, len(every))}"
    )


def _is_wanted(entry: Entry, shown: Shown) -> bool:
    known = {
        "attention": bool(entry.note or entry.error or entry.status in ("missing", "changed"))
        or any(one.note or one.error for one in entry.inside),
        "left out": entry.partly or not entry.answers,
        "waiting": entry.status in ("waiting", "reading", "changed"),
    }
    if not known.get(shown.kind, True):
        return False
    texts = (entry.title, entry.source, *(one.name for one in entry.inside))
    every = "\n".join(texts).casefold()
    return all(word in every for word in shown.words.casefold().split())


def wanted(entries: Iterable[Entry], shown: Shown) -> list[Entry]:
    """Return the files that are listed, on whatever page."""
    return [entry for entry in entries if _is_wanted(entry, shown)]


def _summary_html(entries: Sequence[Entry], *, at_work: bool, stopped: str) -> str:
    """Return how many files answer, and how many do not, and why."""
    read = [entry for entry in entries if entry.ids]
    counts = [
        (sum(entry.answers or entry.partly for entry in read), say("{n} may answer")),
        (sum(not entry.answers and not entry.partly for entry in read), say("{n} left out")),
        (sum(e.status in ("waiting", "changed") for e in entries), say("{n} not read yet")),
        (sum(entry.status == "refused" for entry in entries), say("{n} could not be read")),
        (sum(entry.status == "missing" for entry in entries), say("{n} missing")),
    ]
    said = [words.format(n=numeral(count)) for count, words in counts if count]
    waits = counts[2][0] and not at_work
    now = (
        f' <button type="button" class="fn-tool" data-doc="read">{esc(say("Read now"))}</button>'
        if waits
        else ""
    )
    why = f'<p class="fn-note">{esc(stopped)}</p>' if stopped and not at_work else ""
    return f'<p class="fn-doc-counts">{esc(" · ".join(said))}{now}</p>{why}'


def _all_html(entries: Sequence[Entry]) -> str:
    """Return what lets all that are listed answer, or none."""
    read = [entry for entry in entries if entry.ids]
    if len(read) < 2:
        return ""
    out = sum(entry.partly or not entry.answers for entry in read)
    tools = []
    if out:
        tools.append(("take-all", say("Let these {n} answer", n=numeral(len(read)))))
    if out < len(read):
        tools.append(("leave-all", say("Leave these {n} out", n=numeral(len(read)))))
    return f'<p class="fn-doc-all">{_buttons(tools)}</p>'


def _row_html(entry: Entry, numbers: Iterator[int]) -> str:
    """Return one file with what is known of it, and what can be done with it."""
    title = _title_html(entry.id, entry.title, numbers)
    inner = "".join(_inner_html(one, numbers) for one in entry.inside)
    return (
        f'<li class="fn-doc" data-key="{esc(entry.key)}" data-status="{entry.status}">'
        f"{_may_html(entry.ids, entry.title, entry.answers, partly=entry.partly)}"
        f'<div class="fn-doc-body"><p class="fn-doc-title">{title}{_state_html(entry)}</p>'
        f'<p class="fn-doc-facts" dir="auto">{esc(_facts(entry))}</p>'
        f"{_told_html(entry)}"
        f"{f'<ul class=fn-doc-inside>{inner}</ul>' if inner else ''}</div>"
        f"{_tools_html(entry)}</li>"
    )


def _title_html(id_: str, title: str, numbers: Iterator[int]) -> str:
    """Return what a document is called, and opens it if it can be."""
    if not id_:
        return f'<span dir="auto">{esc(title)}</span>'
    anchor = f"{ANCHOR}{next(numbers)}"
    return f'<a href="#{anchor}" data-id="{esc(id_)}" dir="auto">{esc(title)}</a>'


def _may_html(ids: Sequence[str], title: str, answers: bool, *, partly: bool) -> str:
    """Return the box that says whether something may answer."""
    if not ids:
        return '<span class="fn-no-may"></span>'
    state = "checked" if answers and not partly else ""
    some = ' data-partly="true"' if partly else ""
    label = say("{title} may answer", title=title)
    return (
        f'<input type="checkbox" class="fn-may" {state}{some} data-ids="{esc(" ".join(ids))}" '
        f'aria-label="{esc(label)}" title="{esc(say("May answer"))}">'
    )


def _state_html(entry: Entry) -> str:
    states = {
        "waiting": say("not read yet"),
        "reading": say("being read"),
        "refused": say("could not be read"),
        "missing": say("file is gone"),
        "changed": say("changed since it was read"),
    }
    said = states.get(entry.status, "")
    if not said and entry.ids and not entry.answers and not entry.partly:
        said = say("left out")
    return f' <span class="fn-doc-state">{esc(said)}</span>' if said else ""


def _facts(entry: Entry) -> str:
    """Return where a file is, what it is, and of when."""
    parts = [entry.source if entry.source != entry.title else ""]
    if not entry.upload:
        parts.append(say("elsewhere on this computer"))
    if entry.format:
        parts.append(_kind(entry.format))
    parts.append(_size(entry.bytes) if entry.bytes else "")
    if entry.ids:
        parts.append(_passages(entry.passages))
    parts.append(_date(entry))
    return _AND.join(filter(None, parts))


def _kind(form: str) -> str:
    """Return what a file of a format is called."""
    named = {
        "text": say("Text"),
        "markdown": "Markdown",
        "html": say("Web page"),
        "docx": "Word",
        "pptx": say("Slides"),
        "xlsx": say("Workbook"),
        "csv": say("Table"),
        "epub": say("Book"),
        "eml": say("Mail"),
        "mbox": say("Mails"),
    }
    return named.get(form, form.upper())


def _date(one: Entry | Inner) -> str:
    return dated_by(one.dated_by, one.date, one.date_origin) if one.date else ""


def _passages(count: int) -> str:
    return say("1 passage") if count == 1 else say("{n} passages", n=numeral(count))


def _size(size: int) -> str:
    if size < 1000:
        return say("{n} bytes", n=size)
    if size < 1e6:
        return say("{count} kB", count=numeral(size / 1e3))
    return say("{count} MB", count=numeral(size / 1e6, 1))


def _told_html(one: Entry | Inner) -> str:
    """Return why something could not be read, and what its reader guessed or left out."""
    error = f'<p class="fn-doc-error" dir="auto">{esc(one.error)}</p>' if one.error else ""
    note = esc(_sentence(one.note)) if one.note else ""
    # Two lines of it are seen here; the whole stands above the text when it is opened.
    return error + (f'<p class="fn-doc-note" dir="auto" title="{note}">{note}</p>' if note else "")


def _sentence(note: str) -> str:
    return note[:1].upper() + note[1:] + ("" if note.endswith(".") else ".")


def _inner_html(one: Inner, numbers: Iterator[int]) -> str:
    """Return a document inside a file."""
    title = _title_html(one.id, one.name, numbers)
    facts = [_kind(one.format)] if one.format else []
    if one.id:
        facts += [_passages(one.passages), _date(one)]
    ids = (one.id,) if one.id else ()
    return (
        f"<li>{_may_html(ids, one.name, one.answers, partly=False)}"
        f'<div class="fn-doc-body"><p class="fn-doc-title">{title}</p>'
        f'<p class="fn-doc-facts">{esc(_AND.join(filter(None, facts)))}</p>'
        f"{_told_html(one)}</div></li>"
    )


def _tools_html(entry: Entry) -> str:
    tools = []
    if entry.status in ("read", "refused", "changed") or entry.status == "waiting":
        again = say("Read now") if entry.status == "waiting" else say("Read again")
        tools.append(("reread", again))
    if "password" in entry.error:
        tools.append(("unlock", say("Give the password")))
    if entry.upload or entry.status == "missing":
        tools.append(("remove", say("Remove")))
    buttons = "".join(
        f'<button type="button" class="fn-tool" data-act="{act}" '
        f'aria-label="{esc(f"{label}: {entry.title}")}">{esc(label)}</button>'
        for act, label in tools
    )
    return f'<span class="fn-doc-tools">{buttons}</span>'


def _pager_html(page: int, pages: int, count: int) -> str:
    if pages == 1:
        return ""
    first, last = (page - 1) * PAGED + 1, min(page * PAGED, count)
    said = say(
        "{first}–{last} of {count}", first=numeral(first), last=numeral(last), count=numeral(count)
    )
    label = esc(say("Pages of the list"))
    back = "" if page > 1 else " disabled"
    on = "" if page < pages else " disabled"
    return (
        f'<nav class="fn-doc-pager" aria-label="{label}" data-page="{page}">'
        f'<button type="button" data-doc="back"{back}>{esc(say("Previous"))}</button>'
        f"<span>{esc(said)}</span>"
        f'<button type="button" data-doc="on"{on}>{esc(say("Next"))}</button></nav>'
    )


def preview_html(preview: Preview, entry: Entry, anchor: str) -> str:
    """Return the beginning of a document, to be opened beside the list.

    Args:
        preview: its text.
        entry: the file it is, or lies in.
        anchor: that opens it.
    """
    inner = next((one for one in entry.inside if one.id == preview.id), None)
    date = _date(inner or entry)
    kicker = f'<p class="fn-kicker">{esc(date)}</p>' if date else ""
    source = f"{entry.source} › {inner.name}" if inner else entry.source
    note = (inner or entry).note
    gap = esc(say("This is the beginning; the whole text is searched."))
    more = f'<span class="fn-gap">{gap}</span>' if preview.more else ""
    return (
        f'<section class="fn-source" data-anchors="{esc(anchor)}" hidden>'
        f"<header>{kicker}<h2>{esc(preview.title)}</h2>"
        f'<p class="fn-file">{esc(source)}</p></header>'
        f"{f'<p class=fn-doc-note>{esc(_sentence(note))}</p>' if note else ''}"
        f'<div class="fn-text" dir="auto">{esc(preview.text)}{more}</div></section>'
    )


def broken_html(message: str, *, mend: bool) -> str:
    """Return that a collection cannot be listed, and what can be done about it."""
    tools = [("mend", say("Begin it anew, with nothing left out"))] if mend else []
    tools.append(("read", say("Read its files again")))
    return f'<p class="fn-error" role="alert">{esc(message)}</p><p>{_buttons(tools)}</p>'


def _buttons(tools: Iterable[tuple[str, str]]) -> str:
    return "".join(
        f'<button type="button" class="fn-tool" data-doc="{do}">{esc(label)}</button>'
        for do, label in tools
    )


def _words() -> Mapping[str, str]:
    """Return the words that the browser puts together, in the language that is spoken."""
    return {
        # What becomes of all files together.
        "sending": say("Sending {done} of {total}"),
        "reading": say("Reading: {done} of {total} done"),
        "looking": say("Looking at the files"),
        "queued": say("Waits until another collection has been read"),
        "stopping": say("Stopping"),
        "files": say("{n} files"),
        "file": say("1 file"),
        "someRead": say("{n} read"),
        "someRefused": say("{n} could not be read"),
        "someUnsent": say("{n} not sent"),
        "someSame": say("{n} here already"),
        "someWait": say("{n} wait"),
        "hidden": say("{n} hidden files were passed over"),
        "hiddenOne": say("1 hidden file was passed over"),
        "more": say("and {n} more"),
        # What becomes of one.
        "waitsToBeSent": say("waits to be sent"),
        "sent": say("waits to be read"),
        "replaced": say("takes the place of the one before; waits to be read"),
        "same": say("here already, unchanged"),
        "being": say("being read"),
        "read": say("read, {n} passages"),
        "readOne": say("read, 1 passage"),
        "stopped": say("Not sent: stopped."),
        "noAnswer": say(
            "Not sent: the program does not answer. Start it, then send the file again."
        ),
        "unknownKind": say("Files of this kind cannot be read; convert it to PDF, Word or text."),
        "tooLarge": say("Larger than {most} MB; split it, or save only its text."),
        "unreadable": say("The browser cannot read it; close what uses it, then send it again."),
        "gone": say("The program does not answer. Start it again; what was sent is kept."),
        # What is asked before something is done.
        "newTitle": say("A new collection"),
        "renameTitle": say("Another name for “{name}”"),
        "removeTitle": say("Remove “{name}”?"),
        "dropWhy": say(
            "The collection goes, with the files that were put into it here. Your own files, where "
            "they lie, stay as they are."
        ),
        "removeWhy": say(
            "The copy in this collection goes, and it answers no more. Your own file stays where "
            "it lies."
        ),
        "mendTitle": say("Begin “{name}” anew?"),
        "mendWhy": say("All of its documents may answer then, also those left out before."),
        "passwordTitle": say("The password of “{name}”"),
        "passwordWhy": say("It is used once and not kept."),
        "name": say("Name"),
        "password": say("Password"),
        "make": say("Make it"),
        "rename": say("Rename"),
        "remove": say("Remove"),
        "mend": say("Begin anew"),
        "unlock": say("Read it"),
        "removed": say("Removed: {name}"),
    }
