"""One message: its text as its writer wrote it, and its attachments."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from email import policy
from email.generator import BytesGenerator
from email.message import Message
from email.parser import BytesParser
from io import BytesIO
from mimetypes import MimeTypes
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from rag.documents.body import Body
from rag.documents.characters import note_left_out, without_controls
from rag.documents.compose import MAIL_HEADER
from rag.documents.decode import decode
from rag.documents.mail.header import (
    BROKEN,
    ask,
    bare,
    charset_of,
    decoded_base64,
    header,
    raw_headers,
    stated_facts,
)
from rag.documents.mail.voices import divisions
from rag.documents.names import Names, file_name
from rag.documents.shown import from_html
from rag.documents.source import Content, Source
from rag.errors import UnreadableDocumentError

_HEADERS = frozenset(
    [
        *("from", "to", "cc", "bcc", "subject", "date", "sender", "reply-to", "message-id"),
        *("received", "return-path", "mime-version", "content-type", "delivered-to"),
    ]
)
_SHIFTING = re.compile(r"iso2022|hz\Z|utf-(?:7|16|32)")
_MIN_SHARED = 0.5  # of the words of the plain text that its HTML form should have too
_MIN_COMPARED = 10  # words
_LINK = re.compile(r"[A-Za-z]{2,10}://\S+")
_SUFFIXES = {
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
    "application/vnd.oasis.opendocument.text": ".odt",
    "application/rtf": ".rtf",
    "text/rtf": ".rtf",
    "text/markdown": ".md",
    "text/calendar": ".ics",
    "text/plain": ".txt",
    "image/jpeg": ".jpg",
}
_READ = frozenset(["text/plain", "text/html", "text/rfc822-headers"])
_SIGNED = frozenset(
    ["application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"]
)
_LOCKED = frozenset(
    ["application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted"]
)


class _Text(NamedTuple):
    words: str
    is_html: bool


@dataclass(slots=True)
class _Found:
    """What the parts of a message hold.

    Attributes:
        texts: in order.
        parts: attachments.
        names: theirs.
        forwarded: number of mails among them.
        left_out: what is not read, and how often.
        notes: what was guessed.
    """

    source: Source
    texts: list[_Text] = field(default_factory=list)
    parts: list[tuple[str, bytes]] = field(default_factory=list)
    names: Names = field(default_factory=Names)
    forwarded: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)


def read_eml(source: Source) -> Content:
    """Read a message: its text as the writer wrote it, and its attachments as files inside it.

    Raises:
        UnreadableDocumentError: it is no mail.
    """
    data = source.data.lstrip()
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        data = decode(source, []).encode()
    data = re.sub(rb"\AFrom [^\n]*\n", b"", data.removeprefix(b"\xef\xbb\xbf"))
    found = _Found(source)
    try:
        # The newer policies parse headers so strictly that hostile ones take minutes or raise.
        message = BytesParser(policy=policy.compat32).parsebytes(data)
        if not any(name.lower() in _HEADERS for name, _ in message.raw_items()):
            raise source.refused(
                "it is no mail, for it has none of the lines a mail begins with (From, Date, "
                "Subject); save it again from the mail program, or give it another suffix"
            )
        facts = stated_facts(message, found.notes)
        _gather(message, found)
    except RecursionError:
        raise source.refused(
            "its parts lie too deep inside each other; save them by themselves"
        ) from None
    body = _body(found)
    if not len(body):
        found.notes.append("the message itself has no text")
    if found.left_out:
        told = (f"{what} ({n})" if n > 1 else what for what, n in found.left_out.items())
        found.notes.append(f"left out: {', '.join(told)}")
    notes = list(dict.fromkeys(found.notes))
    return Content("eml", body, facts, MAIL_HEADER, notes, found.parts)


def _body(found: _Found) -> Body:
    """Return the texts of a message, with marks where its writer's own words end."""
    body = Body()
    known = ""
    for each in found.texts:
        text, left_out = without_controls(each.words)
        note_left_out(left_out, found.notes)
        text = text.strip("\n")
        if not text.strip():
            continue
        start = body.add(text)
        for at, value in [(0, ""), *divisions(text)]:
            if value != known:
                body.mark_at(start + at, "part", value)
                known = value
    return body


def _gather(part: Message[Any, Any], found: _Found) -> None:
    """Add what a part of a message holds."""
    for key, raw in list(raw_headers(part)):
        if (plain := bare(raw)) != raw:
            part.replace_header(key, plain)
    kind = ask(part.get_content_type, "text/plain")
    name = _file_name(part)
    disposition = ask(part.get_content_disposition, None)
    if kind in ("message/rfc822", "message/global"):
        _forward(part, found)
    elif kind == "message/delivery-status" and part.is_multipart():
        lines = [
            f"{key}: {header(raw, found.notes)}"
            for p in _parts(part)
            for key, raw in raw_headers(p)
        ]
        found.texts.append(_Text("\n".join(lines), False))
    elif kind == "multipart/alternative" and part.is_multipart():
        _choose(part, found)
    elif kind == "multipart/encrypted":
        found.left_out["encrypted text, which can be decrypted only in the mail program"] += 1
    elif part.is_multipart() and kind.startswith("multipart/"):
        for inner in _parts(part):
            _gather(inner, found)
    elif part.is_multipart():
        found.left_out[f"a part of the kind {kind}"] += 1
    elif kind.startswith("multipart/"):
        found.notes.append("its parts cannot be told apart and were read as one text")
        found.texts.append(_Text(_words(part, found), False))
    elif kind in _READ and not name and disposition != "attachment":
        words = _words(part, found)
        is_html = kind == "text/html"
        found.texts.append(_Text(from_html(words, found.notes) if is_html else words, is_html))
    else:
        _attach(part, kind, name, found, is_inline=disposition != "attachment")


def _choose(part: Message[Any, Any], found: _Found) -> None:
    """Add one of the texts that say the same in other forms, and all attachments among them."""
    plain: list[_Text] = []
    html: list[_Text] = []
    html_notes: list[str] = []
    for inner in _parts(part):
        kind = ask(inner.get_content_type, "text/plain")
        if kind.startswith("text/") and kind not in ("text/plain", "text/html"):
            if kind == "text/calendar":
                found.left_out["a calendar entry"] += 1
            continue
        one = replace(found, texts=[], notes=[])
        _gather(inner, one)
        found.forwarded = one.forwarded
        texts = [text for text in one.texts if text.words.strip()]
        if any(text.is_html for text in texts):
            html, html_notes = texts, one.notes
            continue
        found.notes += one.notes
        plain = plain or texts
    if _says_less(plain, html, found.notes):
        found.texts += html
        found.notes += html_notes
    else:
        found.texts += plain


def _says_less(plain: Sequence[_Text], html: Sequence[_Text], notes: list[str]) -> bool:
    """Say whether the HTML form has to be read; where the two differ that is noted.

    Mail programs show the HTML form, and some senders put other words into the plain one, or a
    mere "your program cannot show this".
    """
    if not plain or not html:
        return not plain
    ours, theirs = (
        re.findall(r"\w+", _LINK.sub(" ", " ".join(text.words for text in texts)).lower())
        for texts in (plain, html)
    )
    if len(theirs) > 3 * len(ours) + _MIN_COMPARED:
        notes.append("the HTML form was read, for the plain text of the mail leaves most of it out")
        return True
    distinct = set(ours)
    shared = len(distinct & set(theirs))
    if len(distinct) >= _MIN_COMPARED and shared < _MIN_SHARED * len(distinct):
        notes.append(
            "hidden text left out: the plain text of the mail says other things than its HTML "
            f"form, which mail programs show and which was read: “{plain[0].words.strip()[:80]}”"
        )
        return True
    return False


def _words(part: Message[Any, Any], found: _Found) -> str:
    """Return the text of a part; "" and a note where it is none."""
    data = _payload(part)
    if not data.strip():
        return ""
    charset = charset_of(ask(part.get_content_charset, None))
    if charset and _SHIFTING.match(charset):  # bytes that are valid UTF-8 too, or hold NUL
        try:
            return data.decode(charset)
        except UnicodeError:
            pass
    try:
        return decode(replace(found.source, data=data), found.notes, declared=charset)
    except UnreadableDocumentError:
        found.left_out["a text part that holds no text"] += 1
        return ""


def _forward(part: Message[Any, Any], found: _Found) -> None:
    """Add a mail inside the mail."""
    found.forwarded += 1
    inner = next(iter(_parts(part)), None)
    if inner is None:
        data = _payload(part)
    elif ask(lambda: str(part["content-transfer-encoding"]), "").strip().lower() == "base64":
        data = decoded_base64(str(inner.get_payload()).encode("utf-8", "replace"))
    else:
        data = _bytes(inner)
    found.parts.append((found.names.unique(f"forwarded {found.forwarded}.eml"), data))


def _attach(
    part: Message[Any, Any], kind: str, name: str, found: _Found, *, is_inline: bool
) -> None:
    """Add a file, or note what is not worth one."""
    if kind in _SIGNED or name.lower().endswith((".p7s", ".asc.sig")):
        found.left_out["a digital signature, which was not checked"] += 1
    elif kind in _LOCKED or name.lower().endswith(".p7m"):
        found.left_out["encrypted text, which can be decrypted only in the mail program"] += 1
    elif kind == "application/ms-tnef" or name.lower() == "winmail.dat":
        found.left_out["winmail.dat, in which Outlook packs text and attachments"] += 1
    elif kind.startswith("image/") and is_inline:
        found.left_out["a picture in the text"] += 1
    else:
        data = _payload(part)
        if any("Base64" in type(defect).__name__ for defect in part.defects):
            found.notes.append(f"the attachment {name or kind} is damaged")
        number = len(found.parts) + 1
        suffix = _SUFFIXES.get(kind) or MimeTypes().guess_extension(kind) or ".bin"
        name = name or f"attachment {number}{suffix}"
        if not PurePosixPath(name).suffix and suffix != ".bin":
            name += suffix
        found.parts.append((found.names.unique(name), data))


def _file_name(part: Message[Any, Any]) -> str:
    """Return the name of an attached file without anything a path is made of, "" if it has none."""
    return file_name(header(str(ask(part.get_filename, None) or ""), []))


def _parts(part: Message[Any, Any]) -> list[Message[Any, Any]]:
    inner = part.get_payload()
    return [one for one in inner if isinstance(one, Message)] if isinstance(inner, list) else []


def _payload(part: Message[Any, Any]) -> bytes:
    """Return the bytes of a part, decoded from what they travelled in."""
    data: Any = ask(lambda: part.get_payload(decode=True), None)
    return data if isinstance(data, bytes) else b""


def _bytes(message: Message[Any, Any]) -> bytes:
    """Return a message as bytes, its headers as they came."""
    out = BytesIO()
    try:
        BytesGenerator(out, mangle_from_=False, maxheaderlen=0).flatten(message)
    except BROKEN:
        head = "\n".join(f"{name}: {value}" for name, value in raw_headers(message))
        return f"{head}\n\n{message.get_payload()}".encode("utf-8", "surrogateescape")
    return out.getvalue()
