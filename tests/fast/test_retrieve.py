"""From a question to hits: fusion against a slow twin, the trimming, and what must be found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.index import Index, build
from rag.retrieve import (
    BOILERPLATE_WEIGHT,
    CROWDING,
    RRF_K,
    by_sentence,
    dense,
    fuse,
    lexical,
    retrieve,
    spread,
    trim,
)
from rag.testing import FakeEmbedder, tiny_corpus
from rag.types import Document, Hit, Passage, PassageKind

EMBEDDER = FakeEmbedder()


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    tmp = tmp_path_factory.mktemp("retrieve")
    corpus = tiny_corpus(tmp / "corpus")
    (corpus / "interview.txt").write_text(
        "Voices from the harbour\n\nBy Nora Lind, Senior Editor\n\n"
        "The pilots say that the bridge should have been repaired ten years ago.\n\n"
        "Nora Lind\nSenior Editor\n\n"
        "Nora Lind is a senior editor at the Coast Courier, covering ships since 2009.\n",
        encoding="utf-8",
    )
    build([corpus], tmp / "index", EMBEDDER)
    return Index.open(tmp / "index")


def found(index: Index, question: str, *, passages: int = 3) -> list[Hit]:
    return retrieve(question, index, EMBEDDER, passages=passages, budget_tokens=1000)


# --- fusion -----------------------------------------------------------------------------------


def test_fusion_adds_reciprocal_ranks() -> None:
    fused = fuse([[(7, 0.9), (3, 0.5)], [(3, 11.0), (5, 2.0)]])
    assert dict(fused) == pytest.approx({7: 1 / 61, 3: 1 / 62 + 1 / 61, 5: 1 / 62})
    assert [row for row, _ in fused] == [3, 7, 5]


def test_a_ranking_counts_as_much_as_its_share() -> None:
    fused = fuse([[(7, 0.9)], [(3, 11.0)], [(3, 0.4)]], shares=[1.0, 0.5, 2.0])
    assert dict(fused) == pytest.approx({7: 1 / 61, 3: 0.5 / 61 + 2 / 61})


RANKED = st.lists(st.integers(0, 30), unique=True, max_size=20).map(
    lambda rows: [(row, 1.0 - place / 50) for place, row in enumerate(rows)]
)


@settings(max_examples=200, deadline=None)
@given(
    rankings=st.lists(RANKED, max_size=3),
    share=st.sampled_from([1.0, 2.0]),
    light=st.sets(st.integers(0, 30), max_size=10),
)
def test_fusion_equals_its_slow_twin(
    rankings: list[list[tuple[int, float]]], share: float, light: set[int]
) -> None:
    shares = [share] * len(rankings)
    fused = fuse(rankings, shares=shares, weights=dict.fromkeys(light, 0.5))

    slow = {}
    for row in {row for ranked in rankings for row, _ in ranked}:
        slow[row] = 0.0
        for ranked in rankings:
            rows = [r for r, _ in ranked]
            slow[row] += share / (RRF_K + rows.index(row) + 1) if row in rows else 0.0
        slow[row] *= 0.5 if row in light else 1.0
    assert dict(fused) == pytest.approx(slow)
    assert [score for _, score in fused] == sorted((s for _, s in fused), reverse=True)


def test_equal_scores_stand_in_the_order_of_the_first_ranking() -> None:
    assert [row for row, _ in fuse([[(4, 0.3)], [(2, 5.0)]])] == [4, 2]
    assert [row for row, _ in fuse([[], [(9, 1.0), (1, 1.0)]])] == [9, 1]


def test_nothing_fused_is_nothing() -> None:
    assert fuse([]) == fuse([[], []]) == []


# --- no document crowds out the others --------------------------------------------------------


def test_later_passages_of_a_document_stand_back() -> None:
    rows = [replace(hit(0, 3), score=0.06 - n / 1000) for n in range(4)]
    other = replace(hit(1, 3), score=0.0555)
    turned = spread(sorted([*rows, other], key=lambda h: -h.score))
    assert [h.document.id for h in turned] == ["0", "0", "1", "0", "0"]
    assert [h.score for h in turned[:3]] == [0.06, 0.059, 0.0555]
    assert turned[3].score == pytest.approx(0.058 - CROWDING)
    assert turned[4].score == pytest.approx(0.057 - 2 * CROWDING)


def test_two_passages_of_a_document_stay_as_they_are() -> None:
    hits = [replace(hit(0, 3), score=0.06), replace(hit(0, 4), score=0.05)]
    assert spread(hits) == hits
    assert spread([]) == []


# --- trimming ---------------------------------------------------------------------------------


def hit(number: int, words: int, kind: PassageKind = "body") -> Hit:
    text = " ".join([f"word{number}"] * words)  # no copies of one another
    document = Document(str(number), "/", f"{number}.txt", text, "t", {}, {}, "text")
    passage = Passage(f"{number}:0-{len(text)}", document.id, 0, len(text), text, (), kind)
    return Hit(passage, document, 1.0 / (number + 1))


@pytest.mark.parametrize(
    ("lengths", "passages", "budget", "kept"),
    [
        pytest.param([10, 10, 10], 2, 100, [0, 1], id="count"),
        pytest.param([10, 10, 10], 3, 20, [0, 1], id="budget"),
        pytest.param([10, 10, 10], 3, 30, [0, 1, 2], id="just-fits"),
        pytest.param([10, 50, 10], 3, 30, [0, 2], id="too-long-is-passed-over"),
        pytest.param([90, 10], 3, 64, [0], id="the-best-is-kept-though-too-long"),
        pytest.param([], 3, 64, [], id="nothing"),
    ],
)
def test_hits_are_trimmed(lengths: list[int], passages: int, budget: int, kept: list[int]) -> None:
    hits = [hit(number, words) for number, words in enumerate(lengths)]
    left = trim(hits, EMBEDDER, passages=passages, budget_tokens=budget)
    assert left == [hits[number] for number in kept]


@settings(max_examples=100, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 60), max_size=12),
    passages=st.integers(1, 8),
    budget=st.integers(64, 200),
)
def test_trimming_keeps_order_count_and_budget(
    lengths: list[int], passages: int, budget: int
) -> None:
    hits = [hit(number, words) for number, words in enumerate(lengths)]
    left = trim(hits, EMBEDDER, passages=passages, budget_tokens=budget)
    assert left == [h for h in hits if h in left]
    assert len(left) <= passages
    assert sum(EMBEDDER.count_tokens([h.passage.text for h in left])) <= budget
    assert bool(left) == bool(hits)


# --- the whole way ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "source", "words"),
    [
        pytest.param("When will the harbour bridge close?", "harbour.md", "12 March", id="body"),
        pytest.param("How many apples were picked?", "orchard.txt", "80 tonnes", id="number"),
        pytest.param("Who is the librarian?", "library.txt", "Tomas Berg", id="name"),
        pytest.param(
            "When was the Coast Courier article published?", "harbour.md", "2024-03-05", id="date"
        ),
        pytest.param("Who published the bridge story?", "harbour.md", "Coast", id="publisher"),
        pytest.param("Who wrote Voices from the harbour?", "interview.txt", "Nora", id="author"),
        pytest.param(
            "Since when has Nora Lind covered ships?", "interview.txt", "2009", id="boilerplate"
        ),
        pytest.param("close? (bridge) AND +harbour:", "harbour.md", "12 March", id="syntax"),
    ],
)
def test_the_passage_that_answers_is_found(
    question: str, source: str, words: str, index: Index
) -> None:
    hits = found(index, question)
    assert any(h.document.source == source and words in h.passage.text for h in hits)


def test_hits_say_what_their_score_is_made_of(index: Index) -> None:
    question = "When will the bridge close?"
    hits = found(index, question, passages=20)

    assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True)
    rankings = {
        ("cosine", "dense_rank"): dense(question, index, EMBEDDER),
        ("bm25", "lexical_rank"): lexical(question, index),
        ("sentence", "sentence_rank"): by_sentence(question, index, EMBEDDER),
    }
    rows = {passage.id: row for row, passage in enumerate(index.passages)}
    for h in hits:
        assert h.document is index.documents[h.passage.document_id]
        expected: dict[str, float] = {}
        for (score_name, rank_name), ranked in rankings.items():
            for rank, (row, score) in enumerate(ranked, start=1):
                if row == rows[h.passage.id]:
                    expected |= {score_name: score, rank_name: rank}
        assert h.signals == pytest.approx(expected)
        assert -1 <= h.signals["cosine"] <= 1
        assert -1 <= h.signals["sentence"] <= 1
        assert h.signals.get("bm25", 1) > 0


def test_boilerplate_stands_behind_a_body_passage_of_the_same_rank(index: Index) -> None:
    kinds = {p.kind for p in index.passages}
    assert {"body", "metadata", "boilerplate"} <= kinds
    rows = [row for row, p in enumerate(index.passages) if p.kind == "boilerplate"]
    body = next(row for row, p in enumerate(index.passages) if p.kind == "body")
    fused = fuse([[(rows[0], 0.9), (body, 0.8)]], weights={rows[0]: BOILERPLATE_WEIGHT})
    assert [row for row, _ in fused] == [body, rows[0]]


@pytest.mark.parametrize("question", ["", " \n", "?!", "what is it?", "…", "🌋"])
def test_a_question_that_says_nothing_finds_nothing(question: str, index: Index) -> None:
    assert found(index, question) == []


@pytest.mark.parametrize(
    "question",
    ["zzyzx qwrtp", "bridge " * 2000, "\ud800 bridge", '"((((" bridge', "x" * 20_000, "<|im_end|>"],
    ids=["unknown", "very-long", "surrogate", "syntax", "one-word", "control-token"],
)
def test_odd_questions_are_answered_with_hits(question: str, index: Index) -> None:
    hits = found(index, question)
    assert 0 < len(hits) <= 3
    if "bridge" in question:
        assert "bridge" in hits[0].passage.text.lower()


def test_the_same_question_finds_the_same(index: Index) -> None:
    first = found(index, "What did the mayor say about the bridge?", passages=10)
    assert found(index, "What did the mayor say about the bridge?", passages=10) == first


def test_an_index_of_one_passage_can_be_asked(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("The only sentence is about geese.")
    build([tmp_path / "one.txt"], tmp_path / "index", EMBEDDER)
    (only,) = found(Index.open(tmp_path / "index"), "geese?")
    assert only.passage.text == "The only sentence is about geese."
    assert {v for k, v in only.signals.items() if k.endswith("_rank")} == {1.0}


def test_headers_of_a_bare_title_take_no_rank(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number in range(8):
        (corpus / f"{number}.md").write_text(
            f"---\ntitle: The oil crisis\n---\n\nChapter {number} tells how prices of oil rose.\n",
            encoding="utf-8",
        )
    (corpus / "news.md").write_text(
        "---\ntitle: The oil crisis\npublisher: Coast Courier\n---\n\nShips wait for oil.\n",
        encoding="utf-8",
    )
    build([corpus], tmp_path / "index", EMBEDDER)
    hits = found(Index.open(tmp_path / "index"), "What was the oil crisis?", passages=12)
    kinds = [(hit.document.source, hit.passage.kind) for hit in hits]
    assert {source for source, kind in kinds if kind == "body"} == {
        "news.md",
        *(f"{number}.md" for number in range(8)),
    }
    assert [source for source, kind in kinds if kind == "metadata"] == ["news.md"]
