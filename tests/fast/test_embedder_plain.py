"""Plain BERT folders without torch: the graph, the whole numbers made of it, what is kept."""

from __future__ import annotations

import hashlib
import json
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rag.embedder import OnnxEmbedder, Precision, SentenceEmbedder, int8, load_embedder
from rag.embedder.bert import is_plain
from rag.embedder.int8 import largest, multiply_whole, round_columns
from rag.embedder.onnx import FLOAT, Graph
from rag.errors import ModelError

WORDS = ["[UNK]", "[CLS]", "[SEP]", "the", "bridge", "is", "closed", ".", "was", "in", "a", "and"]
WIDTH, INNER, LAYERS, HEADS, PLACES, LIMIT = 24, 48, 2, 3, 20, 16
TEXTS = [
    "the bridge is closed.",
    "",
    "closed",
    "was the bridge closed in a and the bridge?",
    "zyzzyva " * 40,
    "the \ud800 bridge",
]
Tensors = dict[str, NDArray[Any]]


def tensors() -> Tensors:
    """Random weights in which a few channels are far larger than all others, as in real ones."""
    draw = np.random.default_rng(1)

    def some(*shape: int) -> NDArray[np.float32]:
        return draw.normal(0, 0.3, shape).astype(np.float32)

    found: Tensors = {
        "embeddings.word_embeddings.weight": some(len(WORDS), WIDTH),
        "embeddings.position_embeddings.weight": some(PLACES, WIDTH),
        "embeddings.token_type_embeddings.weight": some(2, WIDTH),
    }
    norms = ["embeddings.LayerNorm"]
    for layer in range(LAYERS):
        here = f"encoder.layer.{layer}."
        norms += [here + "attention.output.LayerNorm", here + "output.LayerNorm"]
        for name, shape in {
            "attention.self.query": (WIDTH, WIDTH),
            "attention.self.key": (WIDTH, WIDTH),
            "attention.self.value": (WIDTH, WIDTH),
            "attention.output.dense": (WIDTH, WIDTH),
            "intermediate.dense": (INNER, WIDTH),
            "output.dense": (WIDTH, INNER),
        }.items():
            found[f"{here}{name}.weight"], found[f"{here}{name}.bias"] = (
                some(*shape),
                some(shape[0]),
            )
    for norm in norms:
        found[norm + ".weight"], found[norm + ".bias"] = 1 + some(WIDTH), some(WIDTH)
        if "attention" in norm:
            found[norm + ".weight"][[3, 17]] *= 12
            inner = norm.replace("attention.output.LayerNorm", "intermediate.dense.weight")
            found[inner][:, [3, 17]] /= 12
    return found


def write(folder: Path, values: Tensors, prefix: str = "") -> Path:
    """Write a folder as sentence-transformers keeps it."""
    from safetensors.numpy import save_file
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    tokenizer = Tokenizer(models.WordLevel({w: n for n, w in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    tokenizer.enable_truncation(max_length=5)
    tokenizer.enable_padding(length=LIMIT)
    (folder / "1_Pooling").mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    configuration = {
        "model_type": "bert",
        "hidden_act": "gelu",
        "hidden_size": WIDTH,
        "intermediate_size": INNER,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "max_position_embeddings": PLACES,
        "type_vocab_size": 2,
        "vocab_size": len(WORDS),
        "layer_norm_eps": 1e-12,
    }
    kinds = (("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize"))
    modules = [{"path": path, "type": f"sentence_transformers.models.{k}"} for path, k in kinds]
    for name, value in {
        "config.json": configuration,
        "sentence_bert_config.json": {"max_seq_length": LIMIT, "do_lower_case": False},
        "modules.json": modules,
        "1_Pooling/config.json": {
            "word_embedding_dimension": WIDTH,
            "pooling_mode_cls_token": False,
            "pooling_mode_mean_tokens": True,
        },
    }.items():
        (folder / name).write_text(json.dumps(value))
    save_file({prefix + k: v for k, v in values.items()}, folder / "model.safetensors")
    return folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RAG_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def folder(tmp_path: Path, home: Path) -> Path:
    return write(tmp_path / "tiny-bert", tensors())


def opened(folder: Path, precision: Precision = "int8", **known: Any) -> OnnxEmbedder:
    return OnnxEmbedder(folder, name="tiny-bert", precision=precision, **known)


def exact(folder: Path) -> OnnxEmbedder:
    return opened(folder, precision="float32")


# --- the slow twin ----------------------------------------------------------------------------


def twin(values: Tensors, ids: list[int]) -> NDArray[np.float64]:
    """BERT as its paper has it, a token, a head and a number at a time, in float64."""
    known = {name: value.astype(np.float64) for name, value in values.items()}

    def dense(x: NDArray[np.float64], name: str) -> NDArray[np.float64]:
        return x @ known[name + ".weight"].T + known[name + ".bias"]

    def norm(x: NDArray[np.float64], name: str) -> NDArray[np.float64]:
        x = x - x.mean(axis=-1, keepdims=True)
        x = x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + 1e-12)
        return x * known[name + ".weight"] + known[name + ".bias"]

    def gelu(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))) / 2)

    x = np.array(
        [
            known["embeddings.word_embeddings.weight"][number]
            + known["embeddings.position_embeddings.weight"][place]
            + known["embeddings.token_type_embeddings.weight"][0]
            for place, number in enumerate(ids)
        ]
    )
    x = norm(x, "embeddings.LayerNorm")
    size = WIDTH // HEADS
    for layer in range(LAYERS):
        here = f"encoder.layer.{layer}."
        query, key, value = (
            dense(x, f"{here}attention.self.{each}") for each in ("query", "key", "value")
        )
        context = np.zeros_like(x)
        for head in range(HEADS):
            own = slice(head * size, (head + 1) * size)
            scores = query[:, own] @ key[:, own].T / math.sqrt(size)
            weight = np.exp(scores - scores.max(axis=1, keepdims=True))
            context[:, own] = weight / weight.sum(axis=1, keepdims=True) @ value[:, own]
        x = norm(
            dense(context, f"{here}attention.output.dense") + x, f"{here}attention.output.LayerNorm"
        )
        wide = gelu(dense(x, f"{here}intermediate.dense"))
        x = norm(dense(wide, f"{here}output.dense") + x, f"{here}output.LayerNorm")
    mean = x.mean(axis=0)
    return np.asarray(mean / np.linalg.norm(mean))


def ids_of(text: str) -> list[int]:
    words = text.replace(".", " .").replace("?", " ?").replace("\ud800", "?").split()
    found = [WORDS.index(word) if word in WORDS else 0 for word in words]
    return [1, *found[: LIMIT - 2], 2]


@pytest.mark.parametrize("prefix", ["", "bert."])
def test_vectors_are_those_of_the_weights(prefix: str, tmp_path: Path, home: Path) -> None:
    values = tensors()
    embedder = exact(write(tmp_path / "tiny", values, prefix))
    vectors = embedder.embed(TEXTS, kind="document")
    assert vectors.dtype == np.float32
    for text, vector in zip(TEXTS, vectors, strict=True):
        np.testing.assert_allclose(vector, twin(values, ids_of(text)), atol=2e-6)
    assert (embedder.dimension, embedder.max_tokens) == (WIDTH, LIMIT - 2)


def test_whole_numbers_agree_with_the_weights(folder: Path) -> None:
    embedder = load_embedder(str(folder), precision="int8")
    assert isinstance(embedder, OnnxEmbedder)
    assert (embedder.precision, embedder.note) == ("int8", "")
    whole, own = (e.embed(TEXTS, kind="query") for e in (embedder, exact(folder)))
    assert np.sum(whole * own, axis=1).min() > 0.995
    assert np.abs(whole - own).max() > 1e-5  # it is another computation


def product(taken: NDArray[np.float32], weights: NDArray[np.float32], large: list[int]) -> Any:
    import onnxruntime

    graph = Graph()
    graph.takes("x", FLOAT, [*taken.shape])
    multiply_whole(graph, "x", weights, "0.widen", large)
    graph.gives("0.widen", FLOAT, [len(taken), weights.shape[1]])
    providers = ["CPUExecutionProvider"]
    session = onnxruntime.InferenceSession(graph.dump(), providers=providers)
    return session.run(None, {"x": taken})[0]


def test_large_channels_stay_exact() -> None:
    draw = np.random.default_rng(2)
    taken = draw.normal(size=(7, 32)).astype(np.float32)
    taken[:, [4, 30]] *= 100
    weights = draw.normal(size=(32, 16)).astype(np.float32)
    sizes = np.abs(taken).max(axis=0)
    large = largest(sizes)
    assert {4, 30} <= set(large)
    assert large == sorted(large)
    right = taken @ weights
    with_them, without = (
        np.abs(product(taken, weights, channels) - right).mean() for channels in (large, [])
    )
    assert with_them < 0.05 < 10 * with_them < without


@pytest.mark.parametrize("rows", [2, 7, 384])
def test_no_two_products_leave_sixteen_bits(rows: int) -> None:
    draw = np.random.default_rng(rows)
    matrix = draw.standard_t(2, size=(rows, 300)).astype(np.float32)
    matrix[:, 7] = 0
    whole, scales = round_columns(matrix)
    np.testing.assert_allclose(whole * scales, matrix, atol=0.5001 * scales.max())
    sizes = np.abs(whole.astype(int))
    pairs = sizes[0 : rows - 1 : 2] + sizes[1::2]
    assert pairs.max() in (127, 128)
    assert 255 * pairs.max() < 2**15
    assert not whole[:, 7].any()


@pytest.mark.parametrize("precision", ["int8", "float32"])
def test_a_vector_depends_on_its_text_alone(precision: Any, folder: Path) -> None:
    texts = TEXTS * 5
    alone = [opened(folder, precision=precision, threads=1).embed([t], kind="query") for t in texts]
    for threads in (1, 2, 5):
        embedder = opened(folder, precision=precision, threads=threads)
        together = embedder.embed(texts, kind="document")
        np.testing.assert_array_equal(together, np.concatenate(alone))
        np.testing.assert_array_equal(embedder.embed(texts[::-1], kind="document")[::-1], together)


def test_no_texts_have_no_vectors(folder: Path) -> None:
    assert opened(folder).embed([], kind="query").shape == (0, WIDTH)


def test_it_needs_neither_torch_nor_sentence_transformers(folder: Path) -> None:
    code = (
        "import sys; from rag.embedder import load_embedder; e = load_embedder(sys.argv[1]); "
        "e.checksum; e.embed(['the bridge', 'closed'], kind='query'); "
        "print({'torch', 'sentence_transformers', 'transformers', 'onnx'} & set(sys.modules))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True
    )
    assert (shown.stdout, shown.stderr) == ("set()\n", "")


# --- which folders ----------------------------------------------------------------------------


def changed(name: str, **values: Any) -> Callable[[Path], object]:
    def change(folder: Path) -> object:
        path = folder / name
        known = json.loads(path.read_text()) if path.exists() else {}
        return path.write_text(json.dumps({**known, **values}))

    return change


def with_weights(change: Callable[[Tensors], object]) -> Callable[[Path], object]:
    def rewrite(folder: Path) -> object:
        values = tensors()
        change(values)
        return write(folder, values)

    return rewrite


POOLING = "1_Pooling/config.json"
PROMPTS = "config_sentence_transformers.json"
WORD_ROWS = "embeddings.word_embeddings.weight"
OTHERS: dict[str, Callable[[Path], object]] = {
    "other-model": changed("config.json", model_type="mpnet"),
    "other-activation": changed("config.json", hidden_act="gelu_new"),
    "relative-places": changed("config.json", position_embedding_type="relative_key"),
    "lower-case": changed("sentence_bert_config.json", do_lower_case=True),
    "sees-more-than-it-has-places": changed("sentence_bert_config.json", max_seq_length=PLACES + 1),
    "first-token": changed(POOLING, pooling_mode_mean_tokens=False, pooling_mode_cls_token=True),
    "two-means": changed(POOLING, pooling_mode_max_tokens=True),
    "prompts": changed(PROMPTS, prompts={"query": "query: ", "document": ""}),
    "dense-layer": lambda folder: (folder / "modules.json").write_text(
        (folder / "modules.json").read_text().replace("models.Normalize", "models.Dense")
    ),
    "no-modules": lambda folder: (folder / "modules.json").unlink(),
    "half-precision": with_weights(
        lambda values: values.update({WORD_ROWS: values[WORD_ROWS].astype(np.float16)})
    ),
    "missing-tensor": with_weights(lambda values: values.pop(WORD_ROWS)),
    "other-size": with_weights(lambda values: values.update({WORD_ROWS: values[WORD_ROWS][:-1]})),
    "no-weights": lambda folder: (folder / "model.safetensors").unlink(),
    "no-head": lambda folder: (folder / "model.safetensors").write_bytes(b"\x10"),
    "endless-head": lambda folder: (folder / "model.safetensors").write_bytes(b"\xff" * 64),
}


@pytest.mark.parametrize("other", OTHERS)
def test_what_is_no_plain_bert_is_for_sentence_transformers(other: str, folder: Path) -> None:
    assert is_plain(folder)
    OTHERS[other](folder)
    assert not is_plain(folder)
    assert isinstance(load_embedder(str(folder)), SentenceEmbedder)


PLAIN: dict[str, Callable[[Path], object]] = {
    "empty-prompts": changed(PROMPTS, prompts={"query": "", "document": ""}),
    "pooling-by-name": lambda folder: (folder / POOLING).write_text('{"pooling_mode": "mean"}'),
    "no-normalising": lambda folder: (folder / "modules.json").write_text(
        json.dumps(json.loads((folder / "modules.json").read_text())[:2])
    ),
}


@pytest.mark.parametrize("plain", PLAIN)
def test_other_ways_to_say_the_same(plain: str, folder: Path) -> None:
    before = exact(folder).embed(TEXTS, kind="query")
    PLAIN[plain](folder)
    embedder = load_embedder(str(folder), precision="float32")
    assert isinstance(embedder, OnnxEmbedder)
    np.testing.assert_array_equal(embedder.embed(TEXTS, kind="query"), before)


@pytest.mark.parametrize("precision", ["int8", "float32"])
def test_weights_that_are_not_whole_are_refused(precision: Any, folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-8])
    with pytest.raises(ModelError, match="rag models fetch tiny-bert"):
        opened(folder, precision=precision).embed(["the"], kind="query")


@pytest.mark.parametrize("precision", ["int8", "float32"])
def test_weights_that_are_no_numbers_are_refused(precision: Any, folder: Path) -> None:
    values = tensors()
    values[WORD_ROWS][4, 5] = np.nan
    write(folder, values)
    with pytest.raises(ModelError, match=r"word_embeddings.*no number"):
        opened(folder, precision=precision).embed(["the"], kind="query")


# --- what is kept -----------------------------------------------------------------------------


def kept_files(home: Path) -> list[Path]:
    return sorted((home / "converted").iterdir())


def test_checksums_tell_the_two_precisions_apart(folder: Path, home: Path) -> None:
    weights = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    assert exact(folder).checksum == weights
    assert not home.exists()
    whole = opened(folder).checksum
    note, model = kept_files(home)
    assert (note.suffix, model.suffix) == (".json", ".onnx")
    assert whole == hashlib.sha256(model.read_bytes()).hexdigest() != weights
    assert weights[:16] in model.name


def test_an_index_is_asked_with_what_made_it(folder: Path, home: Path) -> None:
    def taken(made_with: str, precision: Precision = "float32") -> Any:
        embedder = load_embedder(str(folder), precision=precision, made_with=made_with)
        assert isinstance(embedder, OnnxEmbedder)
        return embedder.precision

    assert taken("") == "float32"
    assert taken(exact(folder).checksum) == "float32"
    assert not home.exists()  # nothing was made that is not needed
    assert taken(opened(folder).checksum) == "int8"
    assert taken(exact(folder).checksum, "int8") == "float32"
    assert taken("another") == "float32"


def test_other_weights_are_another_file(folder: Path, home: Path) -> None:
    first = opened(folder).checksum
    values = tensors()
    values["encoder.layer.1.output.dense.weight"][3] += 0.5
    write(folder, values)
    assert opened(folder).checksum != first
    assert len(kept_files(home)) == 4


def test_it_is_made_once(folder: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = opened(folder).embed(TEXTS, kind="query")
    before = {path: path.stat().st_mtime_ns for path in kept_files(home)}
    monkeypatch.setattr(int8, "make", lambda *known: pytest.fail("made again"))
    np.testing.assert_array_equal(opened(folder).embed(TEXTS, kind="query"), vectors)
    assert {path: path.stat().st_mtime_ns for path in kept_files(home)} == before


DAMAGE: dict[str, Callable[[Path, Path], object]] = {
    "byte-of-the-file": lambda note, model: model.write_bytes(
        model.read_bytes()[:-100] + b"\x07" + model.read_bytes()[-99:]
    ),
    "half-file": lambda note, model: model.write_bytes(model.read_bytes()[:999]),
    "no-file": lambda note, model: model.unlink(),
    "no-note": lambda note, model: note.unlink(),
    "half-note": lambda note, model: note.write_text(note.read_text()[:40]),
    "other-note": lambda note, model: note.write_text("[1]"),
    "other-runtime": lambda note, model: note.write_text(
        note.read_text().replace("onnxruntime ", "onnxruntime 0")
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_cannot_be_trusted_is_made_anew(damage: str, folder: Path, home: Path) -> None:
    embedder = opened(folder)
    vectors, checksum = embedder.embed(TEXTS, kind="query"), embedder.checksum
    note, model = kept_files(home)
    whole = note.read_bytes(), model.read_bytes()
    DAMAGE[damage](note, model)
    again = opened(folder)
    assert again.checksum == checksum
    np.testing.assert_array_equal(again.embed(TEXTS, kind="query"), vectors)
    assert (note.read_bytes(), model.read_bytes()) == whole
    assert kept_files(home) == [note, model]


def test_a_home_that_cannot_be_written_keeps_nothing(folder: Path, home: Path) -> None:
    home.write_text("a file where the folder should be")
    embedder = opened(folder)
    assert embedder.precision == "int8"
    assert embedder.embed(TEXTS, kind="query").shape == (len(TEXTS), WIDTH)
    assert home.read_text().startswith("a file")


def test_what_does_not_agree_is_not_used_and_says_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(int8, "MEAN_COSINE", 1.1)
    for _ in range(2):  # as made, and as kept
        embedder = opened(folder)
        assert embedder.precision == "float32"
        assert embedder.checksum == exact(folder).checksum
        assert "tiny-bert does not compute as it should in int8" in embedder.note
        vectors = embedder.embed(TEXTS, kind="query")
        np.testing.assert_array_equal(vectors, exact(folder).embed(TEXTS, kind="query"))
