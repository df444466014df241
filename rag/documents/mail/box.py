"""A mailbox to the messages in it."""

from __future__ import annotations

import re

from rag.documents.body import Body
from rag.documents.source import Content, Source

# A date as C writes it, "Fri Dec 16 17:04:16 2022", and then a header line: words may begin with
# "From " too.
_MESSAGE = re.compile(
    rb"^From [^\n]*\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b[^\n]*\d\d?:\d\d"
    rb"[^\n]*\r?\n(?=[!-9;-~]+[ \t]*:|>From )",
    re.M,
)
_ESCAPED = re.compile(rb"(?<=\n)>(>*From )")


def read_mbox(source: Source) -> Content:
    """Read a mailbox: each message becomes a file inside it, "1.eml" and so on.

    Raises:
        UnreadableDocumentError: there is no message in it.
    """
    data = source.data
    starts = [found.span() for found in _MESSAGE.finditer(data)]
    if not starts:
        raise source.refused(
            "it is no mailbox, for no line begins a message (“From …” with a date); "
            "give a single mail the suffix .eml"
        )
    notes: list[str] = []
    if data[: starts[0][0]].strip():
        notes.append("what stands before the first message was left out")
    ends = [start for start, _ in starts[1:]] + [len(data)]
    parts = [
        (f"{number}.eml", _unescaped(data[start:end]))
        for number, ((_, start), end) in enumerate(zip(starts, ends, strict=True), 1)
    ]
    return Content("mbox", Body(), notes=notes, parts=parts)


def _unescaped(message: bytes) -> bytes:
    """Take the ">" away that mailboxes put before "From " at the beginning of a line.

    Between lines that are quoted as well it is taken for a quotation and stays.
    """
    if b"\n>" not in message:
        return message

    def plain(found: re.Match[bytes]) -> bytes:
        before = message.rfind(b"\n", 0, found.start() - 1) + 1
        after = message.find(b"\n", found.end()) + 1
        is_quoted = message[before : before + 1] == b">" or (
            after > 0 and message[after : after + 1] == b">"
        )
        return found[0] if is_quoted else found[1]

    return _ESCAPED.sub(plain, message)
