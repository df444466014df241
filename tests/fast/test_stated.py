"""Questions about the documents themselves, answered from what they state."""

from __future__ import annotations

import pytest

from rag.prove import Rarity
from rag.stated import asked_fact, stated
from rag.testing import make_hit, passages_of

BRIDGE = make_hit(
    "Harbour bridge closes for repairs\n\nBy Ada Quist, City Editor\n\nThe bridge closes in May.",
    source="bridge.txt",
    title="Harbour bridge closes for repairs",
    author="Ada Quist",
    publisher="Coast Courier",
)
FERRY = make_hit(
    "Title: Ferry runs more often\nPublished: 2024-03-05T09:00:00Z\n\nThe ferry runs every hour.",
    source="ferry.txt",
    title="Ferry runs more often",
    author="Tomas Berg",
    date="2024-03-05T09:00:00Z",
)
HITS = [BRIDGE, FERRY]
PASSAGES = [hit.passage for hit in HITS]
RARITY = Rarity([hit.passage.text for hit in HITS])

ASKED = {
    "Who wrote the article about the bridge?": "author",
    "Name the author of the piece on the ferry.": "author",
    "Who published the story headlined “Ferry runs more often”?": "publisher",
    "When was the article on the ferry published?": "date",
    "What is the web address of the ferry story?": "url",
    "Who wrote War and Peace?": "",
    "When was the bridge closed?": "",
    "What does the article say about the bridge?": "",
}


@pytest.mark.parametrize(("question", "key"), ASKED.items())
def test_what_a_question_asks_of_a_document(question: str, key: str) -> None:
    assert asked_fact(question) == key


ANSWERED = {
    "by its title": (
        "Who wrote the article saying that the harbour bridge closes?",
        "“Harbour bridge closes for repairs” was written by Ada Quist.",
        "By Ada Quist, City Editor",
    ),
    "by its publisher": (
        "Who is the author of the Coast Courier article?",
        "“Harbour bridge closes for repairs” was written by Ada Quist.",
        "By Ada Quist, City Editor",
    ),
    "a date": (
        "When was the story about the ferry published?",
        "“Ferry runs more often” was published on 5 March 2024.",
        "Published: 2024-03-05T09:00:00Z",
    ),
}


@pytest.mark.parametrize(("question", "text", "quote"), ANSWERED.values(), ids=ANSWERED.keys())
def test_a_document_is_asked_for_what_it_states(question: str, text: str, quote: str) -> None:
    proof = stated(question, HITS, passages_of(PASSAGES), RARITY)
    assert proof is not None
    assert proof.text == text
    assert proof.supported
    assert [s.text for group in proof.groups for _, s in group] == [quote]


def test_of_titles_alike_the_one_that_is_repeated_is_meant() -> None:
    titles = ("Bridge will not open until May", "Council repeats bridge will not open until May")
    hits = [
        make_hit(f"{title}\n\nBy {author}", source=f"{author}.txt", title=title, author=author)
        for title, author in zip(titles, ("Ada Quist", "Tomas Berg"), strict=True)
    ]
    passages = [hit.passage for hit in hits]
    rarity = Rarity([passage.text for passage in passages])

    def ask(question: str) -> str:
        proof = stated(question, hits, passages_of(passages), rarity)
        return proof.text if proof else ""

    assert "Tomas Berg" in ask("Who wrote the article “Council repeats bridge will not open”?")
    assert ask("Who wrote the article that says the bridge will open in May?") == ""


LEFT = {
    "no such document": "Who wrote the article about the orchard?",
    "which one": "Who wrote the article?",
    "a fact that it does not state": "What is the url of the story about the ferry?",
    "a fact that stands nowhere in its text": "Who wrote the story about the ferry?",
    "no question about a document": "Who wrote to the harbour bridge?",
}


@pytest.mark.parametrize("question", LEFT.values(), ids=LEFT.keys())
def test_what_is_not_plain_is_left_to_reading(question: str) -> None:
    assert stated(question, HITS, passages_of(PASSAGES), RARITY) is None
