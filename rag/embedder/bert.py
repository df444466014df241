"""Which folders are plain BERT, their weights, and the graph that computes them.

A graph takes the tokens of one text and gives the mean of its last layer (Devlin et al., "BERT",
NAACL 2019; Reimers and Gurevych, "Sentence-BERT", EMNLP 2019). One text at a time: nothing is
padded, and a text's vector cannot depend on which others were embedded with it.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.embedder.folder import WEIGHTS
from rag.embedder.onnx import CONTRIB, FLOAT, INT64, Graph

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Weights = Mapping[str, NDArray[np.float32]]

_MOST_HEADER_BYTES = 1 << 24
_LAYERS = ("Transformer", "Pooling", "Normalize")
_PREFIXES = ("", "bert.")
_EMBEDDINGS = ("word_embeddings", "position_embeddings", "token_type_embeddings")
# For each part of a layer its tensors and their sizes, h the width and w the inner one.
_DENSE = {
    "attention.self.query": ("h", "h"),
    "attention.self.key": ("h", "h"),
    "attention.self.value": ("h", "h"),
    "attention.output.dense": ("h", "h"),
    "intermediate.dense": ("w", "h"),
    "output.dense": ("h", "w"),
}
_NORMS = ("attention.output.LayerNorm", "output.LayerNorm")


@dataclass(frozen=True, slots=True)
class Shape:
    """What the weights are put together to.

    Attributes:
        layers: how many.
        heads: of attention in each.
        width: of a token's state, and so of a vector.
        inner: width within a layer.
        epsilon: added to a variance.
        prefix: of the names of the tensors.
    """

    layers: int
    heads: int
    width: int
    inner: int
    epsilon: float
    prefix: str = ""

    def tensors(self) -> dict[str, tuple[int, ...]]:
        """Return the tensors of the layers with their sizes."""
        sizes = {"h": self.width, "w": self.inner}
        found: dict[str, tuple[int, ...]] = {}
        norms = ["embeddings.LayerNorm"]
        for layer in range(self.layers):
            here = f"encoder.layer.{layer}."
            norms += [here + norm for norm in _NORMS]
            for name, (out, into) in _DENSE.items():
                found[f"{here}{name}.weight"] = (sizes[out], sizes[into])
                found[f"{here}{name}.bias"] = (sizes[out],)
        for norm in norms:
            found[norm + ".weight"] = found[norm + ".bias"] = (self.width,)
        return found


def is_plain(folder: Path) -> bool:
    """Tell whether a folder is a BERT whose vectors are the mean over the tokens, without more.

    Folders with prompts, other layers or weights of another kind are for sentence-transformers,
    and so are those that cannot be read: it says what is wrong with them.
    """
    try:
        shape = read_shape(folder)
        return shape is not None and _is_mean(folder) and _has_no_prompts(folder)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error):
        return False


def read_shape(folder: Path) -> Shape | None:
    """Return the shape of a folder's BERT, None where it is none or another kind of it."""
    config = _json(folder / "config.json")
    limits = _json(folder / "sentence_bert_config.json")
    same = {
        "model_type": "bert",
        "hidden_act": "gelu",
        "position_embedding_type": "absolute",
        "is_decoder": False,
        "add_cross_attention": False,
    }
    if any(config.get(key, value) != value for key, value in same.items()):
        return None
    if "model_type" not in config or limits.get("do_lower_case"):
        return None
    tensors = _tensors(folder / WEIGHTS)
    for prefix in _PREFIXES:
        shape = Shape(
            layers=int(config["num_hidden_layers"]),
            heads=int(config["num_attention_heads"]),
            width=int(config["hidden_size"]),
            inner=int(config["intermediate_size"]),
            epsilon=float(config["layer_norm_eps"]),
            prefix=prefix,
        )
        wanted = shape.tensors()
        rows = {"word": config["vocab_size"], "position": config["max_position_embeddings"]}
        rows["token_type"] = config["type_vocab_size"]
        for kind, count in rows.items():
            wanted[f"embeddings.{kind}_embeddings.weight"] = (int(count), shape.width)
        whole = all(tensors.get(prefix + name) == ("F32", size) for name, size in wanted.items())
        if whole and limits["max_seq_length"] <= rows["position"]:
            return shape
    return None


def read_weights(folder: Path, shape: Shape) -> Weights:
    """Return the tensors by their names without the prefix.

    Raises:
        SafetensorError: the file is not whole.
        OSError: it cannot be read.
        ValueError: not all of them are numbers.
    """
    import numpy as np
    from safetensors.numpy import load_file

    every = load_file(folder / WEIGHTS)
    names = [*shape.tensors(), *(f"embeddings.{each}.weight" for each in _EMBEDDINGS)]
    found = {name: every[shape.prefix + name] for name in names}
    for name, values in found.items():
        if not np.isfinite(values).all():
            raise ValueError(f"{name} in {WEIGHTS} holds what is no number")
    return found


def _json(path: Path) -> dict[str, Any]:
    values = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(values, dict):
        raise ValueError(path.name)
    return values


def _tensors(path: Path) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Return type and size of each tensor of a safetensors file, from its head."""
    with path.open("rb") as stream:
        (length,) = struct.unpack("<Q", stream.read(8))
        if length > _MOST_HEADER_BYTES:
            raise ValueError(path.name)
        head = json.loads(stream.read(length))
    return {
        name: (str(value["dtype"]), tuple(value["shape"]))
        for name, value in head.items()
        if name != "__metadata__"
    }


def _is_mean(folder: Path) -> bool:
    modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
    kinds = [str(module["type"]).rsplit(".", 1)[-1] for module in modules]
    # The length of a vector is made 1 whether a folder asks for it or not.
    if kinds not in (list(_LAYERS), list(_LAYERS[:2])) or modules[0].get("path"):
        return False
    pooling = _json(folder / str(modules[1]["path"]) / "config.json")
    ways = [key for key, value in pooling.items() if key.startswith("pooling_mode") and value]
    return ways == ["pooling_mode_mean_tokens"] or pooling.get("pooling_mode") == "mean"


def _has_no_prompts(folder: Path) -> bool:
    path = folder / "config_sentence_transformers.json"
    known = _json(path) if path.is_file() else {}
    return not any((known.get("prompts") or {}).values()) and not known.get("default_prompt_name")


# --- the graph --------------------------------------------------------------------------------

# What multiplies: the graph, its input, the weights (into, out), the name of what comes out.
Multiply = Callable[[Graph, str, "NDArray[np.float32]", str], str]
# The parts of a layer that multiply, and what each takes.
PARTS = {"attend": "in", "join": "context", "widen": "middle", "narrow": "wide"}
IDS, VECTOR = "ids", "vector"


def plain_multiply(graph: Graph, taken: str, weights: NDArray[np.float32], name: str) -> str:
    """Add a product in float32."""
    return graph.add("MatMul", [taken, graph.constant(f"{name}.weights", weights)], name)


def plain_words(graph: Graph, table: NDArray[np.float32]) -> str:
    """Add the rows of the tokens in float32."""
    return graph.add("Gather", [graph.constant("table", table), IDS], "words")


def build_graph(
    graph: Graph,
    weights: Weights,
    shape: Shape,
    *,
    multiply: Multiply = plain_multiply,
    words: Callable[[Graph, NDArray[np.float32]], str] = plain_words,
) -> Graph:
    """Add to an empty graph what turns the tokens of one text into a vector of any length.

    Args:
        graph: filled and returned.
        weights: from `read_weights`.
        shape: of the weights.
        multiply: adds a product.
        words: adds the rows of the tokens.
    """
    graph.takes(IDS, INT64, [1, "tokens"])
    state = _embed(graph, weights, shape, words)
    for layer in range(shape.layers):
        state = _layer(graph, weights, shape, layer, state, multiply)
    graph.add("ReduceMean", [state], VECTOR, axes=(1,), keepdims=0)
    graph.gives(VECTOR, FLOAT, [1, shape.width])
    return graph


def _embed(
    graph: Graph,
    weights: Weights,
    shape: Shape,
    words: Callable[[Graph, NDArray[np.float32]], str],
) -> str:
    import numpy as np

    word, position, token_type = (weights[f"embeddings.{each}.weight"] for each in _EMBEDDINGS)
    table = words(graph, word)
    graph.add("Shape", [IDS], "length", start=1, end=2)
    zero = graph.constant("zero", np.zeros(1, dtype=np.int64))
    # A text is always the first of a pair, so the row of its type is added once and for all.
    places = graph.constant("places", position + token_type[0])
    graph.add("Slice", [places, zero, "length", zero], "place")
    graph.add("Add", [table, "place"], "sum")
    norm = [
        graph.constant(f"norm.{each}", weights[f"embeddings.LayerNorm.{each}"])
        for each in ("weight", "bias")
    ]
    return graph.add("LayerNormalization", ["sum", *norm], "0.in", axis=-1, epsilon=shape.epsilon)


def _layer(
    graph: Graph, weights: Weights, shape: Shape, layer: int, state: str, multiply: Multiply
) -> str:
    """Add one layer, its tensors named as `PARTS` has them, and return what it gives."""
    import numpy as np

    here = f"encoder.layer.{layer}."

    def tensor(name: str) -> NDArray[np.float32]:
        return weights[here + name]

    def product(part: str, taken: str, *names: str) -> str:
        together = np.concatenate([tensor(f"{name}.weight").T for name in names], axis=1)
        return multiply(graph, taken, together, f"{layer}.{part}")

    def constant(name: str) -> str:
        return graph.constant(f"{layer}.{name}", tensor(name))

    def add_norm(given: str, taken: str, bias: str, norm: str, name: str) -> str:
        known = [constant(each) for each in (f"{norm}.weight", f"{norm}.bias", bias)]
        inputs = [given, taken, *known]
        return graph.add("SkipLayerNormalization", inputs, name, of=CONTRIB, epsilon=shape.epsilon)

    three = [f"attention.self.{each}" for each in ("query", "key", "value")]
    split = [f"{layer}.{each}" for each in ("query", "key", "value")]
    graph.add("Split", [product("attend", state, *three)], *split, axis=-1)
    bias = np.concatenate([tensor(f"{each}.bias") for each in three])
    inputs = [*split, graph.constant(f"{layer}.attend.bias", bias)]
    context = f"{layer}.context"
    graph.add("MultiHeadAttention", inputs, context, of=CONTRIB, num_heads=shape.heads)
    joined = product("join", context, "attention.output.dense")
    bias_name, norm = "attention.output.dense.bias", "attention.output.LayerNorm"
    middle = add_norm(joined, state, bias_name, norm, f"{layer}.middle")
    wider = product("widen", middle, "intermediate.dense")
    inputs = [wider, constant("intermediate.dense.bias")]
    wide = graph.add("BiasGelu", inputs, f"{layer}.wide", of=CONTRIB)
    narrow = product("narrow", wide, "output.dense")
    return add_norm(narrow, middle, "output.dense.bias", "output.LayerNorm", f"{layer + 1}.in")


def watch_inputs(graph: Graph, shape: Shape) -> Sequence[str]:
    """Have a graph also give the largest size in each channel of what every product takes.

    Returns:
        names of those products, in the order in which the graph gives them after the vector.
    """
    names = []
    for layer in range(shape.layers):
        for part, taken in PARTS.items():
            name = f"{layer}.{part}"
            graph.add("Abs", [f"{layer}.{taken}"], f"{name}.sizes")
            graph.add("ReduceMax", [f"{name}.sizes"], f"{name}.size", axes=(0, 1), keepdims=0)
            graph.gives(f"{name}.size", FLOAT, [f"{name}.channels"])
            names.append(name)
    return names
