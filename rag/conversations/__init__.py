"""Conversations: kept as they go on, found again, taken along, and turned into question sets.

    values.py      Conversation, Turn, Feedback: what is kept, frozen
    database.py    the SQLite file, its versions, and what is told when it cannot be used
    rows.py        its rows to values and back
    running.py     which processes are still answering
    words.py       texts as they are searched, in any script
    store.py       Conversations: ask, answer, list, search, rename, judge, delete
    exporting/     one conversation as Markdown, as a page and as JSON
    labelling.py   judged answers to a question set for `rag eval`

Nothing heavy is loaded, and nothing here knows the page.
"""

from rag.conversations.database import FILE, set_aside
from rag.conversations.exporting import FORMATS, Export, export
from rag.conversations.store import Conversations
from rag.conversations.values import (
    Conversation,
    Feedback,
    Field,
    Found,
    Reason,
    Snippet,
    State,
    Thumb,
    Turn,
)

__all__ = [
    "FILE",
    "FORMATS",
    "Conversation",
    "Conversations",
    "Export",
    "Feedback",
    "Field",
    "Found",
    "Reason",
    "Snippet",
    "State",
    "Thumb",
    "Turn",
    "export",
    "set_aside",
]
