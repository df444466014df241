"""Zip archives that nobody vouches for: every trick is refused, every honest one is read."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.documents import archive
from rag.documents.archive import is_said, number, open_archive, relations
from rag.documents.source import Source
from rag.errors import DocumentError, UnreadableDocumentError

LAUGHS = (
    '<!DOCTYPE a [<!ENTITY a "ha">'
    + "".join(
        f'<!ENTITY {n} "{f"&{m};" * 10}">' for m, n in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]>"
)


def packed(files: dict[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as file:
        for name, data in files.items():
            file.writestr(name, data)
    return out.getvalue()


def source(data: bytes, name: str = "a.zip") -> Source:
    return Source(Path(name), data)


def central(data: bytes, offset: int, form: str, value: int, entry: int = 0) -> bytes:
    """Return an archive with a field of an entry of its list of files replaced."""
    at = -1
    for _ in range(entry + 1):
        at = data.index(b"PK\x01\x02", at + 1)
    made = bytearray(data)
    struct.pack_into(form, made, at + offset, value)
    return bytes(made)


def test_files_are_found_by_name_in_any_case() -> None:
    found = open_archive(source(packed({"a/B.xml": "<x/>", "c.txt": "words", "d/": ""})))
    assert found.names == ["a/B.xml", "c.txt"]
    assert "a/b.XML" in found
    assert "d/" not in found
    assert found.read("A/b.xml") == b"<x/>"
    assert found.xml("a/B.xml").tag == "x"
    found.measure()
    with pytest.raises(UnreadableDocumentError, match="“gone” is missing in it; open it in"):
        found.read("gone")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "protected by a password or is an old"),
        (b"words", "does not begin as a .zip file does"),
        (packed({"a": "words"})[:-30], "breaks off or is damaged"),
        (b"PK\x03\x04" + bytes(40), "breaks off or is damaged"),
        (packed({"../a": "words"}), "leads out of it, “../a”"),
        (packed({"a/../../b": "words"}), "leads out of it"),
        (packed({"/etc/passwd": "words"}), "leads out of it"),
        (packed({"..\\a": "words"}), "leads out of it"),
        (packed({"C:/a": "words"}), "leads out of it"),
        (packed({"a": "words"}, zipfile.ZIP_BZIP2), "packed in a way that is not read"),
        (packed({"a": "words"}, zipfile.ZIP_LZMA), "packed in a way that is not read"),
        (central(packed({"a": "words"}), 8, "<H", 1), "locked by a password"),
        (central(packed({"a": "x" * 99, "b": "y" * 99}), 42, "<I", 0, 1), "overlap, as in a zip"),
        (central(packed({"a": "words"}), 20, "<I", 5000), "overlap its list of files"),
        (central(packed({"a": "words"}), 42, "<I", 3), "list of its files is damaged"),
        (packed({"a": bytes(30_000_000)}), "more than 250 times its size"),
    ],
    ids=[
        *("ole", "no-zip", "cut", "zeros", "up", "up-inside", "absolute", "backslash", "drive"),
        *("bzip2", "lzma", "locked", "overlap", "overlap-list", "no-header", "bomb"),
    ],
)
def test_what_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(UnreadableDocumentError, match=message):
        open_archive(source(data))


def test_two_files_of_one_name_are_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("a", "words")
        with pytest.warns(UserWarning, match="Duplicate name"):
            file.writestr("a", "other words")
    with pytest.raises(UnreadableDocumentError, match="two files of the name “a”"):
        open_archive(source(out.getvalue()))


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    data = packed({str(i): "x" * 100 for i in range(10)})
    monkeypatch.setattr(archive, "MOST_ENTRIES", 9)
    with pytest.raises(UnreadableDocumentError, match="10 files in it and at most 9 are read"):
        open_archive(source(data))
    monkeypatch.setattr(archive, "MOST_ENTRIES", 10)
    monkeypatch.setattr(archive, "MOST_BYTES", 999)
    with pytest.raises(UnreadableDocumentError, match="unpacks to more than"):
        open_archive(source(data))
    monkeypatch.setattr(archive, "MOST_XML", 3)
    with pytest.raises(UnreadableDocumentError, match="MB of markup; split the document"):
        open_archive(source(packed({"a": "<abc/>"}))).xml("a")


def test_sizes_are_measured_and_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_BYTES", 3000)
    data = packed({"a": "a" * 2000, "b": "b" * 2000})
    for entry in (0, 1):
        data = central(data, 24, "<I", 10, entry)
    found = open_archive(source(data))
    with pytest.raises(UnreadableDocumentError, match="“a” in it is damaged"):
        found.read("a")
    # With honest headers, reading one file twice is not counted twice.
    honest = open_archive(source(packed({"a": "a" * 2000})))
    assert len(honest.read("a") + honest.read("a")) == 4000


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<a>", "“a.xml” in it is damaged"),
        ("", "is damaged"),
        ("<a>" * 300 + "</a>" * 300, "Excessive depth"),
        ('<!DOCTYPE a [<!ENTITY x "words">]><a>&x;</a>', "declares XML entities"),
        ('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>', "declares XML"),
        ('<!DOCTYPE a [<!ENTITY % x SYSTEM "file:///etc/hostname"> %x;]><a/>', "declares XML"),
        (LAUGHS + "<a>&i;</a>", "declares XML entities|is damaged"),
        (LAUGHS + '<a b="&i;"/>', "is damaged"),
    ],
    ids=["cut", "empty", "deep", "entity", "outside", "parameter", "laughs", "laughs-attribute"],
)
def test_xml_that_is_refused(text: str, message: str) -> None:
    found = open_archive(source(packed({"a.xml": text})))
    with pytest.raises(UnreadableDocumentError, match=message):
        found.xml("a.xml")


def test_xml_with_a_plain_doctype_is_read() -> None:
    text = '<!DOCTYPE a PUBLIC "-//X//Y" "http://localhost:1/no.dtd"><a>words<!-- no --> more</a>'
    root = open_archive(source(packed({"a.xml": text}))).xml("a.xml")
    assert root.text == "words more"


def test_relations_lead_to_parts() -> None:
    listed = (
        '<Relationships><Relationship Id="r1" Type="http://x/image" Target="../b%20c.png"/>'
        '<Relationship Id="r2" Type="http://x/link" Target="http://y" TargetMode="External"/>'
        '<Relationship Id="r3" Type="http://x/up" Target="../../../../etc/passwd"/></Relationships>'
    )
    found = relations(open_archive(source(packed({"word/_rels/d.xml.rels": listed}))), "word/d.xml")
    assert found["r1"] == ("image", "b c.png")
    assert found["r2"] == ("link", "")
    assert found["r3"] == ("up", "etc/passwd")


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("title", "Word Document", False),
        ("title", "PowerPoint Presentation", False),
        ("title", "Document1", False),
        ("title", "1984", True),
        ("title", "A document of ours", True),
        ("author", "python-docx", False),
        ("author", "Microsoft Office User", False),
        ("author", "User Name", True),
        ("created", "2013-12-23T23:15:00Z", False),
        ("updated", "2023-12-23T23:15:00Z", True),
    ],
)
def test_what_a_program_filled_in_is_no_fact(key: str, value: str, said: bool) -> None:
    assert is_said(key, value) is said


@pytest.mark.parametrize(("text", "value"), [("7", 7), (" -3 ", -3), ("x", 5), ("9" * 99, 5)])
def test_numbers_of_files(text: str, value: int) -> None:
    assert number(text, 5) == value


def mutate(data: bytes, changes: list[tuple[int, int, int]]) -> bytes:
    """Return bytes with some flipped, cut out or put in."""
    made = bytearray(data)
    for kind, at, value in changes:
        place = at % (len(made) + 1)
        if kind == 0 and place < len(made):
            made[place] = value
        elif kind == 1:
            del made[place : place + value % 16 + 1]
        elif kind == 2:
            made[place:place] = bytes([value]) * (value % 8 + 1)
    return bytes(made)


CHANGES = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 2**20), st.integers(0, 255)), min_size=1, max_size=6
)


def survives(read: Callable[[], object]) -> None:
    """Call something that may refuse a document, and may do nothing else wrong."""
    with suppress(DocumentError):
        read()


@given(CHANGES)
@settings(max_examples=150, deadline=None)
def test_a_damaged_archive_is_read_or_refused(changes: list[tuple[int, int, int]]) -> None:
    data = packed({"a.xml": "<a>words</a>", "b/c.txt": "more words " * 9, "d": b"\0\1\2"})

    def read() -> None:
        found = open_archive(source(mutate(data, changes)))
        found.measure()
        found.xml("a.xml")

    survives(read)
