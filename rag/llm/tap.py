"""A layer's state of the last token, taken while llama.cpp computes; knows ggml's C interface.

llama.cpp offers every tensor of its graph to a callback, first asking whether it is wanted. The tap
wants one layer's output, and only while it is open, so that writing costs nothing more. What the
layers after it would make is not wanted then, and the computation ends with it.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

from rag.errors import ModelError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Tap:
    """Takes one layer's output.

    Args:
        layer: from 0.
        size: numbers in the state of one token.

    Raises:
        OSError, AttributeError: ggml's library is not where llama-cpp-python keeps it.
    """

    def __init__(self, layer: int, size: int) -> None:
        import llama_cpp as lib

        self._name = f"l_out-{layer}".encode()
        self._size = size
        self._open = False
        self._taken: NDArray[np.float32] | None = None
        self._ggml = _ggml()
        # Kept as an attribute: the context holds the bare pointer.
        self.callback: Any = lib.ggml_backend_sched_eval_callback(self._offered)

    def open(self) -> None:
        """Take the layer's output from now on, and end each step there.

        A step's output replaces that of the one before. What was computed so knows nothing of
        later layers: it must be forgotten before anything is written after it.
        """
        self._taken = None
        self._open = True

    def take(self) -> NDArray[np.float32]:
        """Return the last token's state and close.

        Raises:
            ModelError: the model computed no such layer.
        """
        taken = self._taken
        self.close()
        if taken is None:
            raise ModelError(
                f"the model has no layer {self._name.decode()!r}, so it is not the one its probes "
                "were made for; fetch the model again or choose it by its path."
            )
        return taken

    def close(self) -> None:
        """Take nothing more, and drop what was taken."""
        self._taken = None
        self._open = False

    def _offered(self, tensor: int, ask: bool, _: object) -> bool:
        if not self._open:
            return not ask
        if ask:
            return bool(self._ggml.ggml_get_name(tensor) == self._name)
        import numpy as np

        state = np.empty(self._size, np.float32)
        end: int = self._ggml.ggml_nbytes(tensor)
        if end >= state.nbytes:
            self._ggml.ggml_backend_tensor_get(
                tensor, state.ctypes.data, end - state.nbytes, state.nbytes
            )
            self._taken = state
        return False  # no node after this one


def _ggml() -> Any:
    """Return ggml's base library, already loaded by llama.cpp, with the calls that are used."""
    from pathlib import Path

    import llama_cpp
    from llama_cpp._ctypes_extensions import load_shared_library

    library: Any = load_shared_library("ggml-base", Path(llama_cpp.__file__).parent / "lib")
    library.ggml_get_name.restype = ctypes.c_char_p
    library.ggml_get_name.argtypes = [ctypes.c_void_p]
    library.ggml_nbytes.restype = ctypes.c_size_t
    library.ggml_nbytes.argtypes = [ctypes.c_void_p]
    library.ggml_backend_tensor_get.restype = None
    library.ggml_backend_tensor_get.argtypes = [
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_size_t,
    ]
    return library
