"""Judges of citations, and where evidence stands in each order of retrieval."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from rag.config import Settings
from rag.errors import EvaluationError
from rag.evaluate.judging import CheckerJudge, EndpointJudge, ModelJudge, quoted_hit, shown
from rag.evaluate.ranking import Found, ranker, relevant_passages
from rag.evaluate.sets import Evidence, Nugget, Question, spans, texts_by_source
from rag.index import Index, build
from rag.prompt import Prompt
from rag.prove import Rarity
from rag.testing import FakeEmbedder, tiny_corpus
from rag.types import Citation

QUOTE = "The Ulm mill opened on 4 May 1911."
CITED = Citation(1, "mill.txt", "Mills", 0, len(QUOTE), QUOTE, {"publisher": "River News"})


class Sure:
    """A witness that always leans one way, and remembers what it was shown."""

    def __init__(self, log_odds: float) -> None:
        self._log_odds = log_odds
        self.prompts: list[Prompt] = []

    def log_odds(self, prompt: Prompt, *, cancel: threading.Event | None = None) -> float:
        self.prompts.append(prompt)
        return self._log_odds


def test_the_checker_refuses_another_number_whatever_the_model_says() -> None:
    judge = CheckerJudge(Sure(6.0), Rarity([QUOTE]), threshold=0.5)
    assert judge.states_all("The Ulm mill opened on 4 May 1911.", [CITED]) > 0.8
    assert judge.states_all("The Ulm mill opened on 5 May 1911.", [CITED]) == 0.0
    doubting = CheckerJudge(Sure(-6.0), Rarity([QUOTE]), threshold=0.5)
    assert doubting.states_all("The Ulm mill opened on 4 May 1911.", [CITED]) < 0.5


def test_a_judge_sees_the_quote_under_its_title_and_nothing_else() -> None:
    witness = Sure(0.0)
    assert ModelJudge("some.gguf", witness).states_all("It opened.", [CITED]) == 0.5
    (prompt,) = witness.prompts
    assert prompt.reading == f"Text:\nMills, River News\n\n{QUOTE}\n\n"
    assert prompt.leans == (0.0, 1.0)
    assert shown([CITED, CITED]).count(QUOTE) == 2
    hit = quoted_hit(CITED)
    assert hit.passage.sentences[0].text == hit.passage.text == QUOTE


class _Replies(BaseHTTPRequestHandler):
    reply: Any = None
    seen: Any = None

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).seen = (self.path, json.loads(body))
        data = json.dumps(type(self).reply).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Replies)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()
    thread.join()


def _said(word: str, **logprobs: float) -> dict[str, Any]:
    choice: dict[str, Any] = {"message": {"content": word}}
    if logprobs:
        top = [{"token": token, "logprob": value} for token, value in logprobs.items()]
        choice["logprobs"] = {"content": [{"top_logprobs": top}]}
    return {"choices": [choice]}


@pytest.mark.enable_socket
@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (_said("Yes."), 1.0),
        (_said("no"), 0.0),
        (_said("Yes", Yes=-0.6931, No=-0.6931), 0.5),
        (_said("maybe", yes=-0.1, no=-0.1, maybe=-0.05), 0.5),
    ],
    ids=["yes", "no", "even", "another word with odds"],
)
def test_an_endpoint_is_asked_and_its_odds_are_read(
    address: str, reply: dict[str, Any], expected: float
) -> None:
    _Replies.reply = reply
    judge = EndpointJudge(address, "big")
    assert judge.states_all("It opened.", [CITED]) == pytest.approx(expected)
    path, body = _Replies.seen
    assert (path, body["model"], body["temperature"]) == ("/v1/chat/completions", "big", 0)
    assert QUOTE in body["messages"][1]["content"]


@pytest.mark.enable_socket
@pytest.mark.parametrize("reply", [{}, {"choices": []}, _said("perhaps"), []], ids=str)
def test_a_reply_that_says_neither_is_refused(address: str, reply: Any) -> None:
    _Replies.reply = reply
    with pytest.raises(EvaluationError, match="give a"):
        EndpointJudge(address).states_all("It opened.", [CITED])


@pytest.mark.enable_socket
def test_an_endpoint_that_is_not_there_names_the_cure() -> None:
    with pytest.raises(EvaluationError, match="--judge"):
        EndpointJudge("http://127.0.0.1:9/v1").states_all("It opened.", [CITED])


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    base = tmp_path_factory.mktemp("ranked")
    build([tiny_corpus(base / "documents")], base / "index", FakeEmbedder())
    return Index.open(base / "index", FakeEmbedder().checksum)


def test_evidence_is_found_in_each_order(index: Index) -> None:
    quote = "The harbour bridge will close on 12 March for eleven weeks."
    nugget = Nugget("12 March", ("12 March",), True, (Evidence("harbour.md", quote),))
    question = Question("q", "When will the harbour bridge close?", True, "date", (nugget,))
    gold = spans(question, texts_by_source(index.documents.values()))
    relevant = relevant_passages(question, gold, index)
    assert len(relevant) == 1
    found = ranker(index, FakeEmbedder(), Settings())(question, gold)
    assert list(found) == ["dense", "lexical", "fused", "read"]
    assert all(sum(one.hits) == one.relevant == 1 for one in found.values())
    assert Found.from_json(found["read"].to_json()) == found["read"]


def test_a_question_for_documents_wants_all_their_passages(index: Index) -> None:
    question = Question("q", "harbour", True, "retrieval", gold=("harbour.md",))
    relevant = relevant_passages(question, (), index)
    own = {p.id for p in index.passages if index.documents[p.document_id].source == "harbour.md"}
    assert relevant == own


def test_what_has_no_evidence_is_not_ranked(index: Index, tmp_path: Path) -> None:
    question = Question("q", "Who owns it?", False, "near-miss")
    assert ranker(index, FakeEmbedder(), Settings())(question, ()) == {}
