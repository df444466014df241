"""Scanned pages: recognised words become text that is cited and marked like any other."""

from __future__ import annotations

import os
import shutil
import threading
import time
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray

from rag.cli import main
from rag.documents import ReadOptions, as_read, places, read_document, told
from rag.documents.compose import body_start
from rag.documents.pdf import boxes, ocr, page_picture, recognised
from rag.documents.pdf.ocr import RecognitionError, Seen, Word, words_of
from rag.documents.pdf.pdfium import opened
from rag.documents.pictures import Pictures
from rag.documents.source import PLAINLY, Source
from rag.documents.worker import Worker
from rag.errors import DocumentError, EmptyDocumentError
from rag.prove.prover import cite
from rag.types import Document, Hit, Passage
from tests.fast.test_pdf import LEFT, RIGHT, column, pdf, show

OCR = ReadOptions(ocr=True)
needs_tesseract = pytest.mark.skipif(
    shutil.which("tesseract") is None or bool(ocr.missing("eng")),
    reason="Tesseract is not installed: apt-get install tesseract-ocr, pip install 'rag[ocr]'",
)


def picture_of(page: str, scale: float = ocr.DOTS_AN_INCH / 72) -> NDArray[np.uint8]:
    """Return a page of a made PDF as pixels."""
    with opened(Source(Path("made.pdf"), pdf(page))) as made:
        pixels = made.picture(1, scale)
    assert pixels is not None
    return pixels


def scanned(*pages: NDArray[np.uint8] | None, turned: int = 0) -> bytes:
    """Return a PDF of pictures, as a scanner makes it; None for a page with the words LEFT.

    Args:
        pages: pixels.
        turned: degrees by which each page is shown turned.
    """
    objects: list[bytes] = []
    kids = []
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
    for pixels in pages:
        first = 3 + len(objects)
        kids.append(b"%d 0 R" % first)
        if pixels is None:
            content, resources = show(column(72, 700, LEFT)).encode(), b"/Font << /F1 %d 0 R >>"
            thing, wide, high = font, 612.0, 792.0
        else:
            grey = np.ascontiguousarray(pixels[:, :, 1])
            packed = zlib.compress(grey.tobytes(), 1)
            thing = (
                b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /BitsPerComponent 8 "
                b"/ColorSpace /DeviceGray /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream"
                % (grey.shape[1], grey.shape[0], len(packed), packed)
            )
            wide, high = (side * 72 / ocr.DOTS_AN_INCH for side in (grey.shape[1], grey.shape[0]))
            content = b"q %f 0 0 %f 0 0 cm /I Do Q" % (wide, high)
            resources = b"/XObject << /I %d 0 R >>"
        objects += [
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %f %f] /Rotate %d /Contents %d 0 R "
            b"/Resources << %s >> >>" % (wide, high, turned, first + 1, resources % (first + 2)),
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
            thing,
        ]
    head = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(kids), len(kids)),
    ]
    data = b"%PDF-1.7\n"
    places_ = []
    for number, body in enumerate([*head, *objects], 1):
        places_.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places_)
    count = len(places_) + 1
    end = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (count, len(data))
    return data + b"xref\n0 %d\n0000000000 65535 f \n" % count + table + end


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_RECOGNISED", str(tmp_path / "recognised"))


def saved(folder: Path, data: bytes, name: str = "scan.pdf") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


# --- without Tesseract ----------------------------------------------------------------------------

LINES = [["The", "harbour", "bridge"], ["was", "painted", "green."]]


class Fake:
    """Stands for Tesseract: says that two lines of words stand at the top of each page."""

    def __init__(self, turn: int = 0, error: str = "") -> None:
        self.turn, self.error, self.looks = turn, error, 0

    def __call__(self, pixels: NDArray[np.uint8], scale: float, languages: str) -> Seen:
        self.looks += 1
        if self.error:
            raise RecognitionError(self.error)
        high, wide = (side / scale for side in np.rot90(pixels, -self.turn).shape[:2])
        words = [
            Word(word, 72 + 60 * i, 122 + 60 * i, high - 72 - 14 * line, 12, line, 0.9 - 0.4 * i)
            for line, row in enumerate(LINES)
            for i, word in enumerate(row)
        ]
        return Seen("Fake 1", self.turn, wide, high, tuple(words))


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    engine = Fake()
    monkeypatch.setattr(ocr, "recognise", engine)
    monkeypatch.setattr(ocr, "missing", lambda languages: "")
    return engine


SPECK = np.full((3300, 2550, 3), 255, np.uint8)
SPECK[300:330, 300:900] = 0


def read(path: Path, options: ReadOptions = OCR) -> Document:
    return read_document(path, root=path.parent, options=options)


def test_words_become_text_with_pages_and_a_note(tmp_path: Path, fake: Fake) -> None:
    document = read(saved(tmp_path, scanned(None, SPECK)))
    assert "The harbour bridge was painted green." in document.text
    assert document.metadata["recognised"] == "eng"
    assert document.metadata["note"] == (
        "text recognised by Fake 1 (eng) on page 2, 4 of 6 words unsure"
    )
    start = document.text.index("harbour bridge")
    assert told(places(document, start, start + 14)) == "page 2, recognised by OCR"
    start = document.text.index(LEFT[0][:20])
    assert told(places(document, start, start + 20)) == "page 1"
    assert body_start(document) == 0


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
@pytest.mark.parametrize("turned", [0, 90])
def test_boxes_are_those_of_the_words_on_the_page_as_it_is_shown(
    fake: Fake, turn: int, turned: int
) -> None:
    fake.turn = turn
    data = scanned(SPECK, turned=turned)
    source = Source(Path("scan.pdf"), data, OCR)
    with opened(source) as made:
        wide, high = made.size(1)
        glyphs, seen = recognised.page_glyphs(made, 1)
    assert seen is not None
    assert glyphs is not None
    text = "The harbour bridge was painted green."
    start = text.index("bridge")
    ((page, *found),) = boxes(data, start, start + 6, OCR)
    # The word on the page turned upright, brought back by hand.
    upright_wide, upright_high = (wide, high) if turn % 2 == 0 else (high, wide)
    bottom, top = upright_high - 72 - 0.22 * 12, upright_high - 72 + 0.78 * 12
    corners = {
        0: (192.0, bottom, 242.0, top),
        1: (upright_high - top, 192.0, upright_high - bottom, 242.0),
        2: (
            upright_wide - 242.0,
            upright_high - top,
            upright_wide - 192.0,
            upright_high - bottom,
        ),
        3: (bottom, upright_wide - 242.0, top, upright_wide - 192.0),
    }
    assert page == 1
    assert found == pytest.approx(corners[turn], abs=0.1)


def test_what_was_recognised_is_kept_and_not_looked_for_again(tmp_path: Path, fake: Fake) -> None:
    path = saved(tmp_path, scanned(SPECK))
    first = read(path)
    assert fake.looks == 1
    assert read(path).text == first.text
    assert fake.looks == 1
    for kept in (tmp_path / "recognised").rglob("*.json"):
        kept.write_text('{"version": 1, "words": [["half"', "utf-8")
    assert read(path).text == first.text
    assert fake.looks == 2, "a damaged file is made anew"
    assert read(path, replace(OCR, ocr_languages="deu")).text == first.text
    assert fake.looks == 3, "another language is another reading"


def test_a_quote_is_found_again_and_marked_without_being_told_to_recognise(
    tmp_path: Path, fake: Fake
) -> None:
    path = saved(tmp_path, scanned(SPECK))
    document = read(path)
    start = document.text.index("bridge was")
    passage = Passage("p", document.id, 0, len(document.text), document.text, ())
    citation = cite((Hit(passage, document, 1.0), start, start + 10), 1)
    assert citation.resolve().ok
    assert told(citation.places) == "page 1, recognised by OCR"
    assert as_read(document.metadata) == OCR
    assert as_read({"title": "another"}) == PLAINLY
    pictures = Pictures()
    try:
        drawn = pictures.page(document, 1, [(start, start + 10)])
    finally:
        pictures.close()
    data = path.read_bytes()
    assert drawn == page_picture(data, 1, 1.5, OCR, [(start, start + 10)])
    assert drawn != page_picture(data, 1, 1.5)
    assert fake.looks == 1


def test_only_pages_without_text_are_looked_at(tmp_path: Path, fake: Fake) -> None:
    blank = np.full((330, 255, 3), 255, np.uint8)
    document = read(saved(tmp_path, scanned(None, blank)))
    assert fake.looks == 0
    assert "recognised" not in document.metadata
    assert document.metadata["note"] == "page 2 has no text; nor words that Tesseract knows"
    plain = read(saved(tmp_path, scanned(None, SPECK), "other.pdf"), PLAINLY)
    assert fake.looks == 0
    assert plain.metadata["note"] == "page 2 has no text; it may be scanned (see `--ocr`) or blank"


def test_a_page_that_fails_is_noted_and_the_others_are_read(tmp_path: Path, fake: Fake) -> None:
    fake.error = "took longer than 30 seconds to be recognised"
    document = read(saved(tmp_path, scanned(None, SPECK)))
    assert "page 2 took longer than 30 seconds to be recognised" in document.metadata["note"]
    with pytest.raises(EmptyDocumentError, match=r"page 1 took longer .*; scan it anew"):
        read(saved(tmp_path, scanned(SPECK), "only.pdf"))


def test_without_ocr_a_scan_is_refused_with_the_option_that_reads_it(tmp_path: Path) -> None:
    with pytest.raises(EmptyDocumentError, match="seems to be scanned; read it with `--ocr`"):
        read(saved(tmp_path, scanned(SPECK)), PLAINLY)


def test_what_is_missing_is_named_with_its_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(name: str = "") -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(ocr, "_tesseract", absent)
    both = (
        r"pip install 'rag\[ocr\]'`, and get the program itself \(`apt-get install tesseract-ocr`"
    )
    with pytest.raises(DocumentError, match=both):
        read(saved(tmp_path, scanned(SPECK)))
    words = saved(tmp_path, pdf(show(column(72, 700, LEFT))), "words.pdf")
    assert read(words).text, "where nothing is recognised nothing is needed"
    result = CliRunner().invoke(main, ["index", "--ocr", str(words)])
    assert result.exit_code == 2
    assert "error: Recognising text needs Tesseract: run `pip install" in result.stderr
    assert ocr.missing("../eng;").endswith("write them like eng or eng+deu")


def table(
    rows: Sequence[tuple[int, int, int, int, int, int, int, int, int, float, str]],
) -> dict[str, list[object]]:
    names = "level block_num par_num line_num word_num left top width height conf text".split()
    return {name: [row[place] for row in rows] for place, name in enumerate(names)}


def test_the_table_of_tesseract_becomes_words_on_lines_of_one_size() -> None:
    found = words_of(
        table(
            [
                (4, 1, 1, 1, 0, 100, 100, 400, 38, -1, ""),
                (5, 1, 1, 1, 1, 100, 100, 200, 38, 96, "Quays"),  # y and Q go below the line
                (5, 1, 1, 1, 2, 320, 100, 180, 30, 41, "here"),
                (4, 1, 1, 2, 0, 100, 150, 400, 38, -1, ""),
                (5, 1, 1, 2, 1, 100, 150, 200, 30, 95, "  "),
                (5, 1, 1, 2, 2, 320, 150, 180, 30, 95, "there"),
            ]
        ),
        scale=2.0,
        high=400.0,
    )
    assert [(word.text, word.line, word.sure) for word in found] == [
        ("Quays", 0, 0.96),
        ("here", 0, 0.41),
        ("there", 1, 0.95),
    ]
    assert {round(word.size, 3) for word in found} == {round(38 / 2 / 0.95, 3)}
    assert found[0].base == found[1].base
    assert found[1].base == pytest.approx(400 - 130 / 2, abs=1)
    assert found[2].base == pytest.approx(400 - 180 / 2)
    assert (found[0].left, found[0].right) == (50, 150)


# --- with Tesseract -------------------------------------------------------------------------------

PAGE = show([*column(72, 700, LEFT, 14), *column(330, 700, RIGHT, 14)], size=11)


def words(text: str) -> list[str]:
    return text.lower().split()


@needs_tesseract
@pytest.mark.parametrize("turn", [0, 1, 2, 3], ids=["upright", "left", "upside down", "right"])
def test_a_scanned_page_is_read_like_the_page_itself(tmp_path: Path, turn: int) -> None:
    printed = read(saved(tmp_path, pdf(PAGE), "printed.pdf"), PLAINLY)
    pixels = np.rot90(picture_of(PAGE), turn)
    path = saved(tmp_path, scanned(pixels))
    with Worker(OCR) as worker:
        (document,) = worker.read(path, root=tmp_path).documents
    assert words(document.text) == words(printed.text)
    data = path.read_bytes()
    start = document.text.index(LEFT[0].split()[1])
    ((_, left, bottom, right, top),) = boxes(data, start, start + 4, OCR)
    # Dark ink lies in the box, and the box is of the size of a word.
    scale = ocr.DOTS_AN_INCH / 72
    high = pixels.shape[0]
    part = pixels[
        int(high - top * scale) : int(high - bottom * scale), int(left * scale) : int(right * scale)
    ]
    assert 0.05 < float((part < 128).mean()) < 0.6
    assert 3 < min(right - left, top - bottom) < 20
    assert "Tesseract" in document.metadata["note"]


SLOW = """#!/bin/sh
case "$1" in
--version) echo "tesseract 5.3.0" ;;
--list-langs) printf 'List of available languages (1):\\neng\\n' ;;
*) exec sleep 600 ;;
esac
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the system has no /proc")
def test_with_the_reading_process_ends_a_tesseract_at_work_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pytesseract", reason="install the extra `ocr`")
    program = tmp_path / "bin" / "tesseract"
    program.parent.mkdir()
    program.write_text(SLOW, "utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    path = saved(tmp_path, scanned(SPECK))
    groups: list[int] = []

    def end_when_at_work() -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            process = worker._process
            if process is not None and "sleep" in names_of(process.pid):
                groups.append(process.pid)
                break
            time.sleep(0.05)
        worker.close()

    with Worker(OCR) as worker:
        ending = threading.Thread(target=end_when_at_work)
        ending.start()
        with pytest.raises(DocumentError, match="its reader ended on it"):
            worker.read(path, root=tmp_path)
        ending.join()
    assert groups, "it was at work"
    until = time.monotonic() + 10
    while names_of(groups[0]) and time.monotonic() < until:
        time.sleep(0.05)
    assert names_of(groups[0]) == []


def names_of(group: int) -> list[str]:
    """Return the names of the processes of a group that are at work."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, rest = status.read_text().partition("(")[2].rsplit(") ", 1)
        except (OSError, ValueError):  # it has ended meanwhile
            continue
        state, _, of_group = rest.split()[:3]
        if int(of_group) == group and state != "Z":
            found.append(name)
    return found
