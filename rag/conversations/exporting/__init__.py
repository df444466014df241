"""One conversation to take along: Markdown, a page of its own, JSON (docs/conversations.md).

sheet.py      what is written, its sources numbered through the whole of it
markdown.py   as Markdown with footnotes
page.py       as one HTML file that needs nothing else
data.py       as JSON
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, get_args

from rag.conversations.exporting.data import to_data
from rag.conversations.exporting.markdown import to_markdown
from rag.conversations.exporting.page import to_page
from rag.conversations.exporting.sheet import Sheet, sheet_of
from rag.conversations.values import Conversation, Turn

__all__ = ["FORMATS", "Export", "Format", "export", "file_name", "sheet_of"]

Format = Literal["markdown", "html", "json"]
FORMATS: tuple[Format, ...] = get_args(Format)
_NAME_CHARS = 60
_WRITERS: dict[Format, tuple[Callable[[Sheet], str], str, str]] = {
    "markdown": (to_markdown, "md", "text/markdown; charset=utf-8"),
    "html": (to_page, "html", "text/html; charset=utf-8"),
    "json": (to_data, "json", "application/json"),
}


@dataclass(frozen=True, slots=True)
class Export:
    """A conversation in one format.

    Attributes:
        name: for the file; letters, digits and "-" of any script, and its ending.
        media_type: of its content.
        text: the content.
    """

    name: str
    media_type: str
    text: str


def export(
    conversation: Conversation,
    turns: Sequence[Turn],
    form: Format,
    *,
    at: datetime | None = None,
) -> Export:
    """Return a conversation in one format.

    Args:
        conversation: which.
        turns: its turns, oldest first.
        form: which format.
        at: told as the time of writing; now where none is given.
    """
    write, ending, media_type = _WRITERS[form]
    sheet = sheet_of(conversation, turns, at or datetime.now(UTC))
    return Export(file_name(conversation, ending), media_type, write(sheet))


def file_name(conversation: Conversation, ending: str) -> str:
    """Return a name that every file system takes, of the title and the day it was begun."""
    words = "-".join(re.findall(r"[^\W_]+", conversation.title))[:_NAME_CHARS].strip("-")
    day = conversation.created.astimezone().date().isoformat()
    return "-".join(filter(None, ("footnote", day, words))) + f".{ending}"
