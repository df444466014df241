"""The nearest sentences: exact words of the passages found, best first, each once."""

from __future__ import annotations

import pytest

from rag.assistant import Assistant
from rag.index import build
from rag.sighting import SIGHTED
from rag.testing import FakeEmbedder, FakeLLM, quote_best_sentence, tiny_corpus
from rag.types import Done, Sighted, Wrote


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    folder = tmp_path_factory.mktemp("sighting")
    tiny_corpus(folder / "docs")
    build([folder / "docs"], folder / "index", FakeEmbedder())
    llm = FakeLLM(quote_best_sentence)
    return Assistant.open(folder / "index", embedder=FakeEmbedder(), llm=llm)


def test_they_come_before_the_first_word_and_resolve(assistant: Assistant) -> None:
    document = next(iter(assistant.index.documents.values()))
    sentence = next(
        s.text
        for p in assistant.index.passages
        if p.document_id == document.id and p.kind == "body"
        for s in p.sentences
        if len(s.text.split()) > 5
    )
    events = list(assistant.stream(f"What is said of this: {sentence}"))
    kinds = [type(event) for event in events]
    assert kinds.index(Sighted) == 1
    if Wrote in kinds:
        assert kinds.index(Sighted) < kinds.index(Wrote)
    (sighted,) = [event for event in events if isinstance(event, Sighted)]
    assert 1 <= len(sighted.quotes) <= SIGHTED
    assert [quote.number for quote in sighted.quotes] == list(range(1, len(sighted.quotes) + 1))
    assert sighted.quotes[0].quote == sentence
    assert len({quote.quote for quote in sighted.quotes}) == len(sighted.quotes)
    for quote in sighted.quotes:
        assert quote.resolve().ok
    (done,) = [event for event in events if isinstance(event, Done)]
    first = done.answer.timings.first_quote_s
    assert first is not None
    assert done.answer.timings.retrieve_s <= first <= done.answer.timings.total_s


def test_nothing_found_sights_nothing(assistant: Assistant) -> None:
    events = list(assistant.stream("what is it?"))
    assert not [event for event in events if isinstance(event, Sighted)]
