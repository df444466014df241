"""A graph or a file -> what runs it: the only file that knows onnxruntime."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.embedder.onnx import Graph

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Ids of one text -> what its graph gives, in order.
Run = Callable[[Sequence[int]], "list[NDArray[np.float32]]"]


def runner(model: bytes | Graph, taken: str) -> Run:
    """Return what runs a model, on the caller's thread alone; any number may call it at once.

    Threads of its own would only wait for each other: several texts at once use all cores better,
    and beside the writer a question takes no more than one.

    Args:
        model: the bytes of a file, or a graph whose large constants are lent.
        taken: name of the input.
    """
    import numpy as np
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_mem_pattern = False  # each text has its own length
    options.log_severity_level = 3
    lent: list[Any] = []
    if isinstance(model, Graph):
        large = model.lent()
        lent = [onnxruntime.OrtValue.ortvalue_from_numpy(value) for value in large.values()]
        options.add_external_initializers(list(large), lent)
        model = model.dump()
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def run(ids: Sequence[int]) -> list[NDArray[np.float32]]:
        found: list[NDArray[np.float32]] = session.run(
            None, {taken: np.array([ids], dtype=np.int64)}
        )
        return found

    return run


def runtime_stamp() -> str:
    """Return what vectors may depend on beside the weights: the runtime and the processor."""
    import onnxruntime

    return f"onnxruntime {onnxruntime.__version__}, {platform.machine()} {processor()}".strip()


def processor() -> str:
    """Return the model name of the processor, an empty one where the system does not tell it."""
    listing = Path("/proc/cpuinfo")
    if listing.is_file():
        for line in listing.read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor()
