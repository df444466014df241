"""What a reader sees: the only place that writes for a reader's eye.

    plain.py   answers as plain text and as Markdown
    page.py    finished turns and their sources as HTML
    live.py    an answer in the making, from the events of `Assistant.stream`
    documents.py  the Documents tab: where files are dropped, lists of documents, one of them
    words.py   words of the interface, in the language that is chosen
    looks/     how the page looks: type, colours, phone, dark; one file a concern, joined by name
    behaviour/ what happens in the browser: opening a source at the cited words, and the like

Pure functions over the values of `rag.types`; escaping happens here and nowhere else.
"""

from rag.render.live import STAGES, Live, Stage, live_html, stopped_html
from rag.render.page import (
    PAGES,
    error_html,
    head_html,
    header_html,
    library_html,
    note_html,
    panel_html,
    source_html,
    sources_html,
    suggested_html,
    thread_html,
    to_html,
    try_html,
    within_html,
)
from rag.render.plain import byline, to_markdown, to_text, written_date

__all__ = [
    "PAGES",
    "STAGES",
    "Live",
    "Stage",
    "byline",
    "error_html",
    "head_html",
    "header_html",
    "library_html",
    "live_html",
    "note_html",
    "panel_html",
    "source_html",
    "sources_html",
    "stopped_html",
    "suggested_html",
    "thread_html",
    "to_html",
    "to_markdown",
    "to_text",
    "try_html",
    "within_html",
    "written_date",
]
