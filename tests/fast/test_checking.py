"""The checker on claims of known truth: one's own sentences, altered, and labelled files."""

from __future__ import annotations

import json
import random
import threading
from pathlib import Path

import pytest

from rag.errors import EvaluationError
from rag.evaluate import altering, checking
from rag.evaluate.report import checker_screen
from rag.index import Index, build
from rag.prompt import Prompt
from rag.prove import Rarity
from rag.testing import FakeEmbedder, tiny_corpus


class Leaning:
    def log_odds(self, prompt: Prompt, *, cancel: threading.Event | None = None) -> float:
        return 2.0


@pytest.mark.parametrize(
    ("kind", "text", "kept"),
    [
        ("number", "It has 40 mills.", False),
        ("number", "It has mills.", True),
        ("date", "It shut in 1911.", False),
        ("date", "It shut on 4 May.", True),
        ("date", "It shut in May 4 days later.", False),
        ("name", "It was built by Quist.", False),
        ("negation", "It is not open.", False),
        ("negation", "It isn't open.", True),
        ("negation", "It was open.", False),
    ],
)
def test_one_fact_is_altered_or_none(kind: str, text: str, kept: bool) -> None:
    alter = altering.ways(["Ulmer"], random.Random(1))[kind]
    changed = alter(text)
    assert (changed is None) is kept
    assert changed != text


def test_names_are_words_inside_sentences() -> None:
    found = altering.names_of(["Rain fell on Monday in Ulm and in March."])
    assert found == ["Monday"] or found == []


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    base = tmp_path_factory.mktemp("checked")
    build([tiny_corpus(base / "documents")], base / "index", FakeEmbedder())
    return Index.open(base / "index", FakeEmbedder().checksum)


def test_own_sentences_come_in_pairs_that_differ_in_one_fact(index: Index) -> None:
    found = list(checking.own_claims(index, count=5, seed=2))
    assert found
    assert found == list(checking.own_claims(index, count=5, seed=2))
    for true, altered in zip(found[::2], found[1::2], strict=True):
        assert (true.supported, altered.supported) == (True, False)
        assert true.kind == altered.kind
        assert true.text in true.hit.passage.text
        assert altered.text not in altered.hit.passage.text


@pytest.mark.parametrize("witness", [None, Leaning()], ids=["words alone", "with a model"])
def test_the_exact_layer_tells_altered_facts(index: Index, witness: Leaning | None) -> None:
    claims = list(checking.own_claims(index, count=5, seed=2))
    rarity = Rarity([passage.text for passage in index.passages])
    found = checking.lines(checking.check(claims, rarity, threshold=0.5, witness=witness))
    assert found[-1].kind == "all"
    assert found[-1].claims == len(claims)
    assert found[-1].balanced_accuracy is not None
    assert found[-1].balanced_accuracy > 0.9
    assert "balanced accuracy" in checker_screen(found)


def test_labelled_claims_are_read_by_source(tmp_path: Path) -> None:
    path = tmp_path / "claims.jsonl"
    rows = [
        {"doc": "Ulm has 40 mills.", "claim": "Ulm has 40 mills.", "label": 1, "source": "mills"},
        {"doc": "Ulm has 40 mills.", "claim": "Ulm has 41 mills.", "label": 0, "source": "mills"},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    claims = list(checking.read_claims(path))
    found = checking.lines(checking.check(claims, Rarity(["Ulm has 40 mills."]), threshold=0.5))
    assert [(line.kind, line.claims, line.balanced_accuracy) for line in found] == [
        ("mills", 2, 1.0),
        ("all", 2, 1.0),
    ]


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("{", "line 1: not JSON"),
        ('{"doc": "a", "claim": "b"}', "line 1: field 'label'"),
        ('{"doc": "", "claim": "b", "label": 1}', "line 1: field 'doc'"),
        ('{"doc": "a", "claim": "b", "label": 2}', "line 1: field 'label'"),
    ],
)
def test_a_malformed_claim_is_named(line: str, named: str, tmp_path: Path) -> None:
    path = tmp_path / "claims.jsonl"
    path.write_text(line, encoding="utf-8")
    with pytest.raises(EvaluationError, match=named):
        list(checking.read_claims(path))
