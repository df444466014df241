"""What can be known of an embedder without loading its model."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rag.embedder import SentenceEmbedder, clean, load_embedder
from rag.errors import ModelError, ModelMissingError, UnknownModelError

WEIGHTS = b"not weights, but bytes to tell apart"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sentence-transformers folder whose tokenizer knows five words."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    words = ["[UNK]", "[CLS]", "[SEP]", "the", "bridge", "is", "closed", "."]
    tokenizer = Tokenizer(
        models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="[UNK]")
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    tokenizer.enable_truncation(max_length=16)
    tokenizer.enable_padding(length=16)
    folder = tmp_path / "tiny-embedder"
    folder.mkdir()
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "config.json").write_text(json.dumps({"hidden_size": 12}))
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 16}))
    (folder / "model.safetensors").write_bytes(WEIGHTS)
    return folder


def test_the_small_facts_come_from_the_small_files(folder: Path) -> None:
    embedder = load_embedder(str(folder))
    assert embedder.name == "tiny-embedder"
    assert embedder.dimension == 12
    assert embedder.max_tokens == 16 - 2
    assert embedder.checksum == hashlib.sha256(WEIGHTS).hexdigest()


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        pytest.param("", 0, id="empty"),
        pytest.param(" \n\t", 0, id="white"),
        pytest.param("the bridge is closed.", 5, id="sentence"),
        pytest.param("zyzzyva", 1, id="unknown"),
        pytest.param("the " * 1000, 1000, id="beyond-the-limit"),
        pytest.param("the \ud800 bridge", 3, id="lone-surrogate"),
        pytest.param("[CLS]", 3, id="special-token-as-text"),
    ],
)
def test_tokens_are_counted_whole(text: str, tokens: int, folder: Path) -> None:
    assert load_embedder(str(folder)).count_tokens([text, text]) == [tokens, tokens]


def test_no_texts_have_no_counts_and_no_vectors(folder: Path) -> None:
    embedder = load_embedder(str(folder))
    assert embedder.count_tokens([]) == []
    assert embedder.embed([], kind="query").shape == (0, 12)


def test_weights_of_another_kind_are_summed_with_their_names(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    first = load_embedder(str(folder)).checksum
    assert first != hashlib.sha256(WEIGHTS).hexdigest()
    assert load_embedder(str(folder)).checksum == first
    (folder / "pytorch_model.bin").rename(folder / "other.bin")
    assert load_embedder(str(folder)).checksum != first


def cut(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:-5])


BROKEN: dict[str, Callable[[Path], object]] = {
    "no-tokenizer": lambda folder: (folder / "tokenizer.json").unlink(),
    "half-tokenizer": cut("tokenizer.json"),
    "no-limit": lambda folder: (folder / "sentence_bert_config.json").unlink(),
    "half-limit": cut("sentence_bert_config.json"),
    "other-limit": lambda folder: (folder / "sentence_bert_config.json").write_text("[]"),
    "no-limit-in-it": lambda folder: (folder / "sentence_bert_config.json").write_text("{}"),
    "null-limit": lambda folder: (folder / "sentence_bert_config.json").write_text(
        '{"max_seq_length": null}'
    ),
    "no-config": lambda folder: (folder / "config.json").unlink(),
    "binary-config": lambda folder: (folder / "config.json").write_bytes(b"\xff\xfe\x00"),
    "word-for-size": lambda folder: (folder / "config.json").write_text('{"hidden_size": "x"}'),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_an_incomplete_folder_is_refused_with_a_cure(broken: str, folder: Path) -> None:
    BROKEN[broken](folder)
    with pytest.raises(ModelError, match="rag models fetch tiny-embedder"):
        load_embedder(str(folder))


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(UnknownModelError):
        load_embedder("no-such-embedder")


def test_a_known_model_that_is_not_here_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAG_HOME", str(tmp_path))
    with pytest.raises(ModelMissingError, match="rag models fetch all-minilm-l6-v2"):
        load_embedder("all-minilm-l6-v2")


def test_loading_does_not_import_torch(folder: Path) -> None:
    code = (
        "import sys; from rag.embedder import load_embedder; e = load_embedder(sys.argv[1]); "
        "e.checksum, e.count_tokens(['the']); print('torch' in sys.modules)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True
    )
    assert (shown.stdout, shown.stderr) == ("False\n", "")


def test_what_is_not_unicode_is_replaced_and_the_rest_left() -> None:
    assert clean("plain, 漢字, 👩‍🔬") == "plain, 漢字, 👩‍🔬"
    assert clean("a\ud800b") == "a?b"


def test_the_folder_may_be_given_with_another_name(folder: Path) -> None:
    assert SentenceEmbedder(folder, name="mine").name == "mine"
