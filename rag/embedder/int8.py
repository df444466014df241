"""A plain BERT in whole numbers of 8 bits: which channels stay exact, the gate, the file kept.

Weights are rounded a column at a time (-127 to 127), what they are multiplied with a text at a
time (0 to 255). Processors before VNNI add two such products in 16 bits and cut off what does not
fit; so a column's scale is chosen for its two neighbours with the largest sum, and nothing is ever
cut off: every processor gets the same sums.

A few channels of what is multiplied are many times as large as all others, and would leave the
others nothing to be told apart by: these are multiplied in float32 (Dettmers et al., "LLM.int8()",
NeurIPS 2022). Which they are is read off fixed texts.

The file depends on nothing but the weights and the code here. It is made once on a machine, held
against the weights by other texts, and used only where it agrees.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rag import config
from rag.embedder.bert import IDS, Shape, build_graph, watch_inputs
from rag.embedder.onnx import CONTRIB, FLOAT, Graph
from rag.embedder.runtime import Run, runner, runtime_stamp
from rag.embedder.texts import JUDGED, SEEN

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.embedder.bert import Weights

RECIPE = 1  # changes whenever the same weights give another file
EXACT = 8  # channels of what a product takes that stay float32
LEAST_COSINE = 0.99  # of one text with itself; measured .997, without exact channels .988
MEAN_COSINE = 0.998  # measured .9991, without exact channels .9937

Encode = Callable[[str], Sequence[int]]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How near a text's vector is to that of the weights, over the texts of the gate.

    Attributes:
        least: cosine, of the text with the lowest.
        mean: cosine.
    """

    least: float
    mean: float

    def __bool__(self) -> bool:
        """Tell whether it is near enough to be used."""
        return self.least >= LEAST_COSINE and self.mean >= MEAN_COSINE


@dataclass(frozen=True, slots=True)
class Kept:
    """Whole numbers made of weights.

    Attributes:
        model: the bytes of an ONNX file.
        sha256: of them.
        agreement: with the weights, on this machine.
    """

    model: bytes
    sha256: str
    agreement: Agreement


def keep(
    name: str, checksum: str, shape: Shape, weights: Callable[[], Weights], encode: Encode
) -> Kept:
    """Return the whole numbers of some weights, made and judged now if they were not before.

    Where the folder for them cannot be written they are made anew each time.

    Args:
        name: of the model.
        checksum: of the weights.
        shape: of the weights.
        weights: reads them; called only where needed.
        encode: text -> ids.
    """
    path = _path(name, checksum)
    known = _read(path)
    if known is not None:
        return known
    kept = make(weights(), shape, encode)
    _write(path, kept)
    return kept


def make(weights: Weights, shape: Shape, encode: Encode) -> Kept:
    """Make whole numbers of weights and judge them."""
    graph = build_graph(Graph(outside=True), weights, shape)
    names = watch_inputs(graph, shape)
    exact = runner(graph, IDS)
    sizes = _sizes(exact, names, encode)
    model = convert(weights, shape, {name: largest(sizes[name]) for name in names})
    agreement = agree(runner(model, IDS), exact, encode)
    return Kept(model, hashlib.sha256(model).hexdigest(), agreement)


def largest(sizes: NDArray[np.float32]) -> list[int]:
    """Return the channels that stay exact, in their order."""
    import numpy as np

    # Half of them at most, for a model so small that there are few.
    return sorted(
        int(each) for each in np.argsort(-sizes, kind="stable")[: min(EXACT, len(sizes) // 2)]
    )


def agree(one: Run, other: Run, encode: Encode) -> Agreement:
    """Return how near the vectors of two models are, over the texts of the gate."""
    import numpy as np

    cosines = []
    for text in JUDGED:
        ids = encode(text)
        a, b = (run(ids)[0][0].astype(np.float64) for run in (one, other))
        length = float(np.linalg.norm(a) * np.linalg.norm(b))
        cosines.append(float(a @ b) / length if length else 0.0)
    return Agreement(least=min(cosines), mean=sum(cosines) / len(cosines))


def convert(weights: Weights, shape: Shape, exact: Mapping[str, Sequence[int]]) -> bytes:
    """Return the ONNX file of a model in whole numbers.

    Args:
        weights: of the model.
        shape: of the weights.
        exact: for each product, by its name, the channels that may stay in float32.
    """

    def multiply(graph: Graph, taken: str, matrix: NDArray[np.float32], name: str) -> str:
        return multiply_whole(graph, taken, matrix, name, exact[name])

    return build_graph(Graph(), weights, shape, multiply=multiply, words=_words).dump()


def _sizes(run: Run, names: Sequence[str], encode: Encode) -> dict[str, NDArray[np.float32]]:
    """Return for each product the largest size in each channel of what it takes."""
    import numpy as np

    found = [run(encode(text))[1:] for text in SEEN]
    return {name: np.max([sizes[row] for sizes in found], axis=0) for row, name in enumerate(names)}


def multiply_whole(
    graph: Graph, taken: str, matrix: NDArray[np.float32], name: str, exact: Sequence[int]
) -> str:
    """Add a product in whole numbers and return its name.

    Args:
        graph: added to.
        taken: name of what it takes, (1, tokens, channels).
        matrix: (channels, columns).
        name: of what it gives.
        exact: channels that are multiplied apart, in float32.
    """
    import numpy as np

    main, few = name, list(exact)
    if few:
        keep_out = np.ones(len(matrix), dtype=np.float32)
        keep_out[few] = 0
        which = graph.constant(f"{name}.which", np.array(few, dtype=np.int64))
        graph.add("Gather", [taken, which], f"{name}.few", axis=-1)
        factors = graph.constant(f"{name}.few.weights", matrix[few])
        graph.add("MatMul", [f"{name}.few", factors], f"{name}.exact")
        mask = graph.constant(f"{name}.mask", keep_out)
        taken = graph.add("Mul", [taken, mask], f"{name}.rest")
        matrix, main = matrix * keep_out[:, None], f"{name}.whole"
    whole, scales = round_columns(matrix)
    inputs = [taken, graph.constant(f"{name}.weights", whole)]
    inputs.append(graph.constant(f"{name}.scales", scales))
    graph.add("DynamicQuantizeMatMul", inputs, main, of=CONTRIB)
    return graph.add("Add", [main, f"{name}.exact"], name) if few else main


def _words(graph: Graph, table: NDArray[np.float32]) -> str:
    """Add the rows of the tokens, each kept in whole numbers with a scale of its own."""
    import numpy as np

    whole, scales = _rounded(table, np.abs(table).max(axis=1, keepdims=True))
    graph.add("Gather", [graph.constant("table", whole), IDS], "words.whole")
    graph.add("Gather", [graph.constant("table.scales", scales), IDS], "words.scales")
    graph.add("Cast", ["words.whole"], "words.wide", to=FLOAT)
    return graph.add("Mul", ["words.wide", "words.scales"], "words")


def round_columns(
    matrix: NDArray[np.float32],
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return whole numbers, and for each column what they are to be multiplied with.

    Two neighbours in a column, the first and second, third and fourth and so on, are at most 128
    together: 255 times as much is just less than 16 bits hold.
    """
    import numpy as np

    sizes = np.abs(matrix)
    if len(sizes) % 2:
        sizes = np.vstack([sizes, np.zeros_like(sizes[:1])])
    whole, scales = _rounded(matrix, (sizes[0::2] + sizes[1::2]).max(axis=0))
    return whole, scales


def _rounded(
    matrix: NDArray[np.float32], largest: NDArray[np.float32]
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return whole numbers, 127 for what is `largest`, and what they are to be multiplied with."""
    import numpy as np

    scales = np.where(largest > 0, largest / np.float32(127), np.float32(1)).astype(np.float32)
    return np.rint(matrix / scales).astype(np.int8), scales


# --- on disk ----------------------------------------------------------------------------------


def _path(name: str, checksum: str) -> Path:
    return config.home() / "converted" / f"{name}-{checksum[:16]}-int8-{RECIPE}.onnx"


def _read(path: Path) -> Kept | None:
    """Return what was kept; None where it is damaged or was judged under another stamp."""
    try:
        noted = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        model = path.read_bytes()
        agreement = Agreement(least=float(noted["least"]), mean=float(noted["mean"]))
        same = noted["stamp"] == runtime_stamp() and noted["sha256"] == _sha256(model)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Kept(model, noted["sha256"], agreement) if same else None


def _write(path: Path, kept: Kept) -> None:
    """Keep a file and what is known of it; a home that cannot be written keeps nothing."""
    note = {
        "sha256": kept.sha256,
        "stamp": runtime_stamp(),
        **asdict(kept.agreement),
        "recipe": RECIPE,
    }
    text = json.dumps(note, indent=1) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for target, content in ((path, kept.model), (path.with_suffix(".json"), text.encode())):
            # Two processes may be at it at once: each writes its own file, and they are alike.
            new = target.with_name(f"{target.name}.{os.getpid()}.new")
            new.write_bytes(content)
            new.replace(target)
    except OSError:
        return


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
