"""The one line that says what a document is."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import PurePosixPath

from rag.documents import FILE_NAME
from rag.types import Document

_MAX_TITLE = 200  # characters
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)


def heading(document: Document) -> str:
    """Return one line that says what a document is: `Title (Publisher, 12 June 2020)`.

    A date that the document does not state itself says so: `12 June 2020 by its file name`. The
    time of its file is left out: it may change while the document does not, and with it vectors and
    readings would. Only what is known appears: without publisher and date the title alone; without
    a title that says anything (a file name such as `004_91cc7e0b7863e9ee.txt`) publisher and date
    alone; "" where nothing is known.
    """
    title = _one_line(document.title)
    if document.origins.get("title") == FILE_NAME:
        title = _spoken_name(title)
    if len(title) > _MAX_TITLE:
        title = title[:_MAX_TITLE].rsplit(" ", 1)[0] + "…"
    publisher = _one_line(document.metadata.get("publisher", ""))
    date = spoken_date(document.metadata.get("date", ""))
    if date and document.origins.get("date") == FILE_NAME:
        date += " by its file name"
    known = ", ".join(filter(None, (publisher, date)))
    return f"{title} ({known})" if title and known else title or known


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _spoken_name(name: str) -> str:
    """Return a file name as words, without suffix, number in front and hashes; "" if none."""
    words = [word for word in re.split(r"[\W_]+", PurePosixPath(name).stem) if word]
    kept = [
        word
        for i, word in enumerate(words)
        if not (i == 0 and word.isdigit() and len(word) != 4)  # four digits may be a year
        and not (len(word) >= 7 and re.fullmatch(r"(?=.*\d)[0-9a-fA-F]+", word))
    ]
    return " ".join(kept) if any(len(word) > 1 and word.isalpha() for word in kept) else ""


def spoken_date(date: str) -> str:
    """Return an ISO 8601 date as `12 June 2020` or `June 2020`, anything else as it stands."""
    if month := re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", date.strip()):
        return f"{_MONTHS[int(month[2]) - 1]} {month[1]}"
    try:
        day = datetime.fromisoformat(date.strip())
    except ValueError:
        return _one_line(date)
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
