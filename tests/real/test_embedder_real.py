"""The real embedder, and retrieval with it on the sample documents."""

from __future__ import annotations

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from rag.catalogue import model_path
from rag.config import DEFAULT_EMBEDDER, Settings
from rag.embedder import Embedder, OnnxEmbedder, SentenceEmbedder, load_embedder
from rag.embedder.texts import JUDGED
from rag.errors import ModelError
from rag.index import Index, build
from rag.retrieve import retrieve

pytestmark = pytest.mark.real

TEXTS = [
    "Microsoft will not sell the software to police departments.",
    "The ferry runs every twenty minutes.",
    "",
    "IBM said Tuesday it’s pulling out of the facial recognition business completely. " * 3,
]


WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
# Of the file that `rag.embedder.int8` makes of them; another one means another `int8.RECIPE`.
WHOLE = "fb77daed94708119d140599634fc66345e98b3d9667fec35c8ef67e33dbd438e"


@pytest.fixture(scope="module")
def whole(embedder: Embedder) -> Embedder:
    """The same weights in whole numbers of 8 bits."""
    return load_embedder(embedder.name, precision="int8")


def test_its_facts_are_the_published_ones(embedder: Embedder) -> None:
    assert embedder.name == DEFAULT_EMBEDDER
    assert embedder.checksum == WEIGHTS
    assert (embedder.dimension, embedder.max_tokens) == (384, 254)


def test_the_whole_numbers_are_the_same_ones_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made afresh, whatever is kept on this machine."""
    folder = model_path(DEFAULT_EMBEDDER)
    monkeypatch.setenv("RAG_HOME", str(tmp_path))
    fresh = OnnxEmbedder(folder, name=DEFAULT_EMBEDDER, precision="int8")
    assert (fresh.precision, fresh.checksum) == ("int8", WHOLE)
    (model,) = (tmp_path / "converted").glob("*.onnx")
    assert 20e6 < model.stat().st_size < 30e6


def test_it_agrees_with_sentence_transformers(embedder: Embedder, whole: Embedder) -> None:
    texts = [text[start:] for text in JUDGED for start in (0, len(text) // 2)]
    reference = SentenceEmbedder(model_path(DEFAULT_EMBEDDER), name=DEFAULT_EMBEDDER)
    vectors = reference.embed(texts, kind="document")
    np.testing.assert_allclose(embedder.embed(texts, kind="document"), vectors, atol=2e-6)
    cosines = np.sum(whole.embed(texts, kind="document") * vectors, axis=1)
    assert cosines.min() > 0.996
    assert cosines.mean() > 0.999


def test_vectors_are_what_the_model_card_says(embedder: Embedder) -> None:
    """The slow twin: the bare transformer, mean over the tokens, length 1."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    folder = model_path(DEFAULT_EMBEDDER)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model = AutoModel.from_pretrained(folder, local_files_only=True, dtype=torch.float32)
    vectors = embedder.embed(TEXTS, kind="document")
    assert vectors.shape == (len(TEXTS), 384)
    assert vectors.dtype == np.float32
    for text, vector in zip(TEXTS, vectors, strict=True):
        tokens = tokenizer(text, return_tensors="pt", truncation=True, max_length=256)
        with torch.no_grad():
            mean = model(**tokens).last_hidden_state[0].mean(dim=0).numpy()
        np.testing.assert_allclose(vector, mean / np.linalg.norm(mean), atol=1e-5)


def test_questions_and_documents_share_one_space(embedder: Embedder) -> None:
    (question,) = embedder.embed(["Who stopped selling to the police?"], kind="query")
    cosines = embedder.embed(TEXTS, kind="document") @ question
    assert int(np.argmax(cosines)) == 0


def test_company_in_a_batch_does_not_matter(embedder: Embedder, whole: Embedder) -> None:
    for each in (embedder, whole):
        together = each.embed(TEXTS, kind="document")
        alone = np.concatenate([each.embed([text], kind="document") for text in TEXTS])
        np.testing.assert_array_equal(together, alone)
        np.testing.assert_array_equal(together[::-1], each.embed(TEXTS[::-1], kind="document"))


def test_the_limit_is_where_the_model_stops_seeing(embedder: Embedder) -> None:
    text = "police " * embedder.max_tokens
    assert embedder.count_tokens([text]) == [embedder.max_tokens]
    whole, longer, shorter = embedder.embed(
        [text, text + "ferry orchard apples", text.removesuffix("police ") + "ferry"],
        kind="document",
    )
    np.testing.assert_allclose(whole, longer, atol=1e-5)
    assert np.abs(whole - shorter).max() > 1e-3


def test_threads_do_not_disturb_each_other(embedder: Embedder) -> None:
    alone = [embedder.embed([text], kind="query") for text in TEXTS]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda text: embedder.embed([text], kind="query"), TEXTS * 4))
        counts = list(pool.map(embedder.count_tokens, [TEXTS] * 8))
    for vector, expected in zip(together, alone * 4, strict=True):
        np.testing.assert_array_equal(vector, expected)
    assert counts == [counts[0]] * 8


def test_weights_that_are_not_whole_are_refused(embedder: Embedder, tmp_path: Path) -> None:
    shutil.copytree(
        model_path(DEFAULT_EMBEDDER),
        tmp_path / "half",
        ignore=lambda _, names: {"model.safetensors"},
    )
    (tmp_path / "half" / "model.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0{}")
    broken = load_embedder(str(tmp_path / "half"))
    assert broken.checksum != embedder.checksum
    with pytest.raises(ModelError, match="cannot be used"):
        broken.embed(["text"], kind="query")


def test_it_says_nothing_and_calls_nobody(embedder: Embedder) -> None:
    """A fresh process, every socket refused: nothing on the screen, long texts or not."""
    code = """
import socket
def refuse(*args, **kwargs):
    raise AssertionError("network")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
from rag.embedder import load_embedder
embedder = load_embedder("all-minilm-l6-v2")
long = "word " * 2000
assert embedder.count_tokens([long]) == [2000]
assert embedder.embed([long, "short"], kind="document").shape == (2, 384)
assert embedder.embed(["short"], kind="query").shape == (1, 384)
import sys
assert not {"torch", "sentence_transformers", "transformers"} & set(sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", code], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# --- the sample documents ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def index(seeds_index: Path) -> Index:
    return Index.open(seeds_index)


def test_every_passage_is_seen_whole(index: Index, embedder: Embedder) -> None:
    from rag.passages import heading

    for passage in index.passages:
        text = f"{heading(index.documents[passage.document_id])}\n{passage.text}"
        assert embedder.count_tokens([text])[0] <= embedder.max_tokens
    own = index.vectors()
    np.testing.assert_allclose(np.linalg.norm(own, axis=1), 1.0, atol=1e-5)


def test_indexing_again_embeds_nothing(seeds_index: Path, embedder: Embedder) -> None:
    before = Index.open(seeds_index).manifest
    report = build([Path(before.roots[0])], seeds_index, embedder)
    assert not report.written
    assert Index.open(seeds_index).manifest == before


@pytest.mark.parametrize(
    ("question", "source", "words"),
    [
        pytest.param("what conditions did Microsoft set?", "", "human rights", id="headline"),
        pytest.param("When was the NBC News article published?", "002_", "2020", id="date"),
        pytest.param("What is the URL of the NBC article?", "002_", "nbcnews.com", id="url"),
        pytest.param("Who published the article?", "002_", "NBC News", id="publisher"),
        pytest.param("Who is the author of the ZDNet piece?", "001_", "Mary Jo Foley", id="author"),
        pytest.param("Who is Sean Endicott?", "000_", "Sean Endicott", id="biography"),
        pytest.param("How long is Amazon's ban?", "", "one year", id="number"),
        pytest.param("What did the ACLU attorney say?", "", "Matt Cagle", id="person"),
    ],
)
def test_the_passage_that_answers_is_among_those_read(
    question: str, source: str, words: str, index: Index, embedder: Embedder
) -> None:
    defaults = Settings()
    hits = retrieve(
        question,
        index,
        embedder,
        passages=defaults.passages,
        budget_tokens=defaults.budget_tokens,
    )
    assert any(h.document.source.startswith(source) and words in h.passage.text for h in hits)


@pytest.mark.parametrize("question", ["what is it?", "?", "\n"])
def test_a_question_that_says_nothing_finds_nothing(
    question: str, index: Index, embedder: Embedder
) -> None:
    assert retrieve(question, index, embedder, passages=5, budget_tokens=1280) == []
