"""Pages of PDFs, drawn and served: marked where the words stand, and nothing but pages."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from rag import serving
from rag.documents import read_document
from rag.documents.compose import body_start
from rag.documents.pdf import page_picture
from rag.documents.pictures import Pictures
from rag.errors import UnreadableDocumentError
from tests.browser.scripted import PRINTED_QUOTE, printed_pdf


@pytest.fixture(scope="module")
def pictures() -> Iterator[Pictures]:
    found = Pictures()
    yield found
    found.close()


@pytest.fixture
def survey(tmp_path: Path) -> Path:
    file = tmp_path / "survey.pdf"
    file.write_bytes(printed_pdf(["Harbour survey", "", PRINTED_QUOTE]))
    return file


def test_a_page_is_drawn_with_the_words_marked(pictures: Pictures, survey: Path) -> None:
    document = read_document(survey, root=survey.parent)
    start = document.text.index(PRINTED_QUOTE)
    drawn = pictures.page(document, 1, [(start, start + len(PRINTED_QUOTE))])
    width, height = struct.unpack(">II", drawn[16:24])
    assert (width, height) == (918, 1188)
    own = start - body_start(document)
    data = survey.read_bytes()
    assert drawn == page_picture(data, 1, 1.5, marked=[(own, own + len(PRINTED_QUOTE))])
    assert drawn != page_picture(data, 1, 1.5)


def test_a_file_that_has_changed_is_not_drawn(pictures: Pictures, survey: Path) -> None:
    document = read_document(survey, root=survey.parent)
    survey.write_bytes(printed_pdf(["Another survey"]))
    with pytest.raises(UnreadableDocumentError, match="has changed"):
        pictures.page(document, 1, [])


def test_only_pages_are_served_and_only_to_what_is_well_formed() -> None:
    asked: list[tuple[str, int, list[tuple[int, int]]]] = []

    def draw(document: str, page: int, marked: list[tuple[int, int]]) -> bytes:
        asked.append((document, page, marked))
        if document != "known":
            raise KeyError(document)
        if page > 3:
            raise UnreadableDocumentError("there is no page 4; name one of 1 to 3.", path="a.pdf")
        return b"picture"

    client = TestClient(Starlette(routes=[serving.document_pages(draw)]))
    found = client.get("/document-pages/known/3?marked=5-9,20-31")
    assert (found.status_code, found.content) == (200, b"picture")
    assert found.headers["content-type"] == "image/png"
    assert asked == [("known", 3, [(5, 9), (20, 31)])]
    for path, status in [
        ("/document-pages/unknown/1", 404),
        ("/document-pages/known/4", 404),
        ("/document-pages/known/x", 404),
        ("/document-pages/known/1?marked=5", 400),
        ("/document-pages/known/1?marked=../../etc/passwd", 400),
        ("/document-pages/known/1?marked=" + ",".join(["1-2"] * 900), 400),
        ("/document-pages/../known/1", 404),
    ]:
        reply = client.get(path)
        assert reply.status_code == status, path
        assert b"a.pdf" not in reply.content
