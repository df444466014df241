"""Files attached to a PDF, to be read as documents of their own."""

from __future__ import annotations

from rag.documents.names import Names, file_name
from rag.documents.pdf.pdfium import Pdf
from rag.documents.source import MOST_BYTES

_MOST_FILES = 1000


def attached(pdf: Pdf, notes: list[str]) -> list[tuple[str, bytes]]:
    """Return the files attached to a PDF, each with a name that no other has.

    Args:
        pdf: the document.
        notes: what is not read is added.
    """
    names = Names()
    parts: list[tuple[str, bytes]] = []
    left = MOST_BYTES
    damaged = 0
    for number in range(min(pdf.attachments, _MOST_FILES)):
        stated, data = pdf.attachment(number, left)
        if data is None:
            damaged += 1
            continue
        left -= len(data)
        name = file_name(stated) or f"attachment {number + 1}.bin"
        parts.append((names.unique(name), data))
    if damaged:
        files = "an attached file is" if damaged == 1 else f"{damaged} attached files are"
        notes.append(f"{files} damaged or too large and left out")
    if pdf.attachments > _MOST_FILES:
        notes.append(f"{pdf.attachments - _MOST_FILES} more attached files not read")
    return parts
