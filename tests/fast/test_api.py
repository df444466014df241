"""What programs may ask of the page, through the client that Gradio ships."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from rag import page as pages
from rag.assistant import Assistant
from rag.config import Settings, index_folder
from rag.index import Index
from rag.library import Library
from rag.library.runs import READING
from rag.testing import FakeEmbedder, FakeLLM

PIER = "The pier stands on steel piles. The council voted for it on Tuesday.\n"


class Opener:
    """Opens assistants with a small writer over what the library holds."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.settings = Settings()

    def __call__(self, collection: str) -> Assistant:
        folder = index_folder(collection)
        return Assistant(Index.open(folder), FakeEmbedder(), FakeLLM(lambda prompt: PIER[:31]))

    def change(self, settings: Settings) -> None:
        """Answer by other settings from now on."""
        self.settings = settings

    def collections(self) -> Sequence[str]:
        return [known.name for known in self.library.collections()]

    def close(self) -> None:
        pass


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    from gradio_client import Client

    monkeypatch.setenv("RAG_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("RAG_INDEXES", str(tmp_path / "indexes"))
    library = Library(
        tmp_path / "indexes", tmp_path / "data", reading=(*READING, "--fake-embedder")
    )
    library.create("harbour")
    desk = pages.Desk(Opener(library), "harbour", library=library)
    with pages.launch(desk, port=0) as server:
        opened = Client(server.url, verbose=False)
        yield opened
        opened.close()


def upload(client: Any, path: str, content: bytes, collection: str = "harbour") -> Any:
    return client.predict(path, base64.b64encode(content).decode(), collection, api_name="/upload")


def read(client: Any, source: str) -> Any:
    """Wait until a file has been read or refused; return how it stands."""
    for _ in range(300):
        listed = client.predict("harbour", api_name="/documents")
        found = next(each for each in listed if each["source"] == source)
        if found["status"] in ("read", "refused"):
            return found
        time.sleep(0.2)
    raise AssertionError(listed)


def asked(client: Any, question: str) -> Any:
    """Ask until the page has opened, behind itself, what was read."""
    from gradio_client.exceptions import AppError

    for _ in range(100):
        with suppress(AppError):
            answer = client.predict(question, api_name="/ask")
            if answer["closest"] or answer["statements"]:
                return answer
        time.sleep(0.2)
    raise AssertionError("never answered")


def test_upload_list_and_ask(client: Any, tmp_path: Path) -> None:
    received = upload(client, "news/pier.txt", PIER.encode())
    assert received == {"source": "news/pier.txt", "outcome": "new", "bytes": len(PIER)}
    found = read(client, "news/pier.txt")
    assert (found["status"], found["passages"], found["upload"]) == ("read", 1, True)
    assert upload(client, "news/pier.txt", PIER.encode())["outcome"] == "same"
    listed = client.predict(api_name="/collections")
    assert [(each["name"], each["documents"]) for each in listed] == [("harbour", 1)]
    answer = asked(client, "What does the pier stand on?")
    assert answer["question"] == "What does the pier stand on?"
    shown = str(answer) + str(listed) + str(found) + str(received)
    assert str(tmp_path) not in shown, "no folder of the machine is told"


def test_what_cannot_be_read_is_told(client: Any) -> None:
    upload(client, "broken.pdf", b"%PDF-1.7 and nothing more")
    found = read(client, "broken.pdf")
    assert found["status"] == "refused"
    assert found["error"]
    assert "/tmp" not in found["error"]


@pytest.mark.parametrize(
    ("path", "content", "told"),
    [
        ("../out.txt", "eA==", "out.txt"),
        ("/etc/passwd", "eA==", "leave out where it lies"),
        ("a.exe", "eA==", "exe"),
        ("a.txt", "no Base64!", "Base64"),
    ],
    ids=["above", "absolute", "unknown kind", "no Base64"],
)
def test_what_is_not_taken(client: Any, tmp_path: Path, path: str, content: str, told: str) -> None:
    from gradio_client.exceptions import AppError

    with pytest.raises(AppError, match=told):
        client.predict(path, content, "harbour", api_name="/upload")
    assert not list((tmp_path / "data").rglob("*.exe"))
    assert not (tmp_path / "data" / "out.txt").exists()


def test_the_names_are_stable(client: Any) -> None:
    endpoints = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert {
        name: [p["parameter_name"] for p in each["parameters"]] for name, each in endpoints.items()
    } == {
        "/ask": ["question", "since", "until", "latest", "only", "collection"],
        "/collections": [],
        "/documents": ["collection"],
        "/upload": ["path", "content", "collection"],
    }
