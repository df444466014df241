"""What the Documents tab asks the server for, and how lists are written."""

from __future__ import annotations

import html
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

pytest.importorskip("gradio", reason="install the extra `web`")

from starlette.applications import Starlette
from starlette.testclient import TestClient

from rag.index import build
from rag.library import Entry, Inner, Library, Preview
from rag.page.desk import Desk
from rag.page.document_routes import DocumentRoutes
from rag.page.documents import RENEWED_S, Readings
from rag.page.shell import Shell
from rag.render.documents import (
    Shown,
    broken_html,
    documents_html,
    list_html,
    preview_html,
    wanted,
)
from rag.testing import FakeEmbedder, tiny_corpus
from rag.within import Within

from .test_library import FAKE, PATIENCE_S, put, read

OURS = {"X-Footnote": "page"}
HOSTILE = "<img src=x onerror=alert(1)>\"'&"


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    build([tiny_corpus(tmp_path / "corpus")], tmp_path / "indexes" / "notes", FakeEmbedder())
    opened = Library(tmp_path / "indexes", tmp_path / "data", reading=FAKE)
    yield opened
    opened.close()


@pytest.fixture
def client(library: Library) -> Iterator[TestClient]:
    routes = DocumentRoutes(library, Shell.told).routes()
    with TestClient(Starlette(routes=routes)) as opened:
        yield opened


def listed(client: TestClient, **given: str) -> Any:
    return client.get("/documents/list", params=given).json()


def acted(client: TestClient, **given: object) -> Any:
    answer = client.post("/documents/act", json=given, headers=OURS)
    assert answer.status_code in (200, 400)
    return answer.json()


def titles(page: str) -> list[str]:
    return re.findall(r'class="fn-doc-title"><\w+[^>]*>([^<]*)<', page)


def test_a_list_is_that_of_the_collection_asked_for_else_of_the_first(client: TestClient) -> None:
    acted(client, act="new", to="Älteres")
    first = listed(client, collection="nowhere")
    assert first["name"] == "notes"
    assert first["made"] is False
    assert titles(first["html"]) == [
        "Harbour bridge closes for repairs",
        "Library extends its opening hours",
        "Orchard report for the season",
    ]
    assert re.findall(r'value="([^"]*)"( selected)?', first["names"]) == [
        ("notes", " selected"),
        ("Älteres", ""),
    ]
    other = listed(client, collection="Älteres")
    assert (other["name"], other["made"]) == ("Älteres", True)
    assert "nothing in this collection yet" in other["html"]


def test_files_are_found_by_words_and_by_kind(client: TestClient) -> None:
    assert titles(listed(client, words="ORCHARD report")["html"]) == [
        "Orchard report for the season"
    ]
    assert titles(listed(client, words="library.txt")["html"]) == [
        "Library extends its opening hours"
    ]
    assert "No file is like that" in listed(client, words="nothing like it")["html"]
    assert "No file is like that" in listed(client, show="left out")["html"]
    assert acted(client, act="leave-all", collection="notes", words="orchard") == {"name": "notes"}
    assert titles(listed(client, show="left out")["html"]) == ["Orchard report for the season"]


def test_a_file_is_taken_in_pieces_and_read(client: TestClient, library: Library) -> None:
    given = {"collection": "notes", "path": "new/quarry.txt", "modified": "1600000000000"}
    pieces = (b"The quarry closed in May. " for _ in range(60_000))
    answer = client.post("/documents/file", params=given, content=pieces, headers=OURS)
    assert answer.json() == {"source": "new/quarry.txt", "outcome": "new"}
    notes = library.get("notes")
    assert (notes.files / "new" / "quarry.txt").stat().st_size == 26 * 60_000
    assert (notes.files / "new" / "quarry.txt").stat().st_mtime == 1_600_000_000
    assert notes.wait(PATIENCE_S)
    now = client.get("/documents/progress", params={"collection": "notes"}).json()
    assert (now["at_work"], now["read"], now["refused"]) == (False, 1, 0)
    assert [each[:3] for each in now["steps"]][-1] == ["new/quarry.txt", "", "read"]
    again = client.post("/documents/file", params=given, content=b"x", headers=OURS)
    assert again.json()["outcome"] == "replaced"


def test_nothing_is_changed_without_our_header(client: TestClient) -> None:
    given = {"collection": "notes", "path": "a.txt"}
    assert client.post("/documents/file", params=given, content=b"x").status_code == 403
    assert client.post("/documents/act", json={"act": "new", "to": "x"}).status_code == 403
    assert client.get("/documents/act").status_code == 405
    assert client.get("/documents/file").status_code == 405


@pytest.mark.parametrize(
    "given",
    [
        {"act": "remove", "collection": "notes", "keys": "0"},
        {"act": "leave", "collection": "notes", "ids": [1]},
        {"act": "leave", "collection": "notes", "ids": ["0" * 32]},
        {"act": "rename", "collection": "notes", "to": "other"},
        {"act": "drop", "collection": "notes"},
        {"act": "drop", "collection": "../notes"},
        {"act": "new", "to": ["x"]},
        {"act": "new", "to": "a/b"},
        {"act": "nothing", "collection": "notes"},
        {"act": "read", "collection": "nowhere"},
        {"act": "read", "collection": "x" * 3000},
    ],
    ids=str,
)
def test_what_cannot_be_done_is_told_without_a_path(
    client: TestClient, tmp_path: Path, given: dict[str, object]
) -> None:
    said = acted(client, **given)["error"]
    assert said.endswith(".")
    assert str(tmp_path) not in said


def test_what_is_no_json_is_refused(client: TestClient) -> None:
    for body in (b"", b"\xff", b"[1]", b"{"):
        answer = client.post("/documents/act", content=body, headers=OURS)
        assert answer.status_code == 400
        assert "load the page again" in answer.json()["error"]


def test_a_document_is_opened_by_its_id(client: TestClient, library: Library) -> None:
    (entry,) = (each for each in library.get("notes").entries() if each.source == "orchard.txt")
    given = {"collection": "notes", "key": entry.key, "id": entry.id, "anchor": "doc-2-3"}
    page = client.get("/documents/preview", params=given).json()["html"]
    assert 'data-anchors="doc-2-3"' in page
    assert "80 tonnes of apples" in page
    for wrong in ({"id": "0" * 32}, {"key": "0" * 16}, {"collection": "x"}):
        assert client.get("/documents/preview", params=given | wrong).status_code == 400


def test_a_long_list_comes_a_page_at_a_time() -> None:
    entries = [Entry(f"{n:016}", f"{n:032}", f"{n}.txt", f"Paper {n}") for n in range(1, 121)]
    first = list_html(entries, Shown(), at_work=False)
    assert len(titles(first)) == 50
    assert "1–50 of 120" in first
    last = list_html(entries, Shown(page=3), at_work=False)
    assert titles(last)[0] == "Paper 101"
    assert list_html(entries, Shown(page=99), at_work=False) == last, "of pages that are gone"
    assert "120 may answer" in first
    assert len(wanted(entries, Shown("paper 11"))) == 11


def test_all_that_comes_from_files_is_escaped() -> None:
    inner = Inner("1" * 32, HOSTILE, HOSTILE, "eml", note=HOSTILE)
    entry = Entry(
        key="0" * 16,
        id="2" * 32,
        source=HOSTILE,
        title=HOSTILE,
        format=HOSTILE,
        status="refused",
        note=HOSTILE,
        error=HOSTILE,
        date=HOSTILE,
        dated_by="date",
        upload=True,
        inside=(inner,),
    )
    preview = Preview(entry.id, HOSTILE, HOSTILE, more=True)
    for page in (
        list_html([entry], Shown(), at_work=False, stopped=HOSTILE),
        preview_html(preview, entry, "doc-2-1"),
    ):
        assert "<img" not in page
        assert html.escape("<img src=x onerror=alert(1)>") in page
        assert "onerror=alert(1)>" not in re.sub(r"&[a-z]+;|&#\w+;", "", page)


def test_buttons_are_not_those_of_the_conversations() -> None:
    entries = [Entry(f"{n:016}", f"{n:032}", f"{n}.txt", f"Paper {n}") for n in range(60)]
    frame = documents_html("notes", [".txt"], 1_000_000, ocr=True)
    # `behaviour/conversations.js` takes up every button with `data-do`, on whatever tab.
    for page in (frame, list_html(entries, Shown(), at_work=False), broken_html("x.", mend=True)):
        assert "data-doc=" in page
        assert "data-do=" not in page


def test_a_list_of_ten_thousand_is_written_quickly() -> None:
    entries = [
        Entry(f"{n:016}", f"{n:032}", f"a/b/{n}.txt", f"Paper {n}", "text", passages=3)
        for n in range(10_000)
    ]
    began = time.perf_counter()
    page = list_html(entries, Shown("paper 77"), at_work=True)
    # About 0.02 s on one idle core.
    assert time.perf_counter() - began < 1
    assert "Paper 77" in page


class NoDesk:
    """Notes what is asked of a desk."""

    def __init__(self) -> None:
        self.renewed: list[str] = []
        self.forgotten: list[str] = []

    def renew(self, collection: str = "") -> None:
        self.renewed.append(collection)

    def forget(self, collection: str) -> None:
        self.forgotten.append(collection)


def test_a_collection_is_opened_anew_when_it_holds_others_and_forgotten_when_it_is_gone(
    library: Library,
) -> None:
    desk = NoDesk()
    readings = Readings(library, cast("Desk", desk))
    papers = library.create("Papers")
    put(papers, "a.txt", "The quarry closed in May.")
    read(papers)
    assert desk.renewed == ["Papers"]
    read(papers)
    assert desk.renewed == ["Papers"], "nothing had changed"
    put(papers, "b.txt", "The quarry is deep.")
    read(papers)
    assert desk.renewed == ["Papers"] * 2, f"at its end, also within {RENEWED_S} seconds"
    within = Within(latest=True)
    assert readings.narrow("Papers", within) is within
    assert readings.narrow("/some/path", within) is within
    ids = [id_ for entry in papers.entries() for id_ in entry.ids]
    papers.leave_out(ids[:1])
    assert readings.narrow("Papers", None) == Within(without=frozenset(ids[:1]))
    library.rename("Papers", "Letters")
    library.remove("Letters")
    assert desk.forgotten == ["Papers", "Letters"]


def test_what_the_end_of_the_program_cut_off_goes_on_and_what_was_stopped_does_not(
    library: Library, tmp_path: Path
) -> None:
    papers, letters = library.create("Papers"), library.create("Letters")
    for collection in (papers, letters):
        put(collection, "a.txt", "The quarry closed in May.")
    letters.read()
    letters.stop()
    assert letters.wait(PATIENCE_S)
    library.close()
    again = Library(tmp_path / "indexes", tmp_path / "data", reading=FAKE)
    for name in ("Papers", "Letters"):
        again.get(name).resume()
        assert again.get(name).wait(PATIENCE_S)
    assert [each.status for each in again.get("Papers").entries()] == ["read"]
    assert [each.status for each in again.get("Letters").entries()] == ["waiting"]
    again.close()
