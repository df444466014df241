"""llama.cpp's model and context: tokens, batches, sequences and their states, one lane for all."""

from __future__ import annotations

import ctypes
import os
import threading
from collections import deque
from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.config import KeyValues
from rag.errors import CancelledError, ModelError
from rag.llm.tap import Tap

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

STEP = 256  # tokens evaluated at once: in small steps, so that a cancelled reading stops soon
_log: deque[str] = deque(maxlen=20)


class Lane:
    """A lock that is given to those who wait in the order in which they came."""

    def __init__(self) -> None:
        self._taken = False
        self._waiting: deque[threading.Event] = deque()
        self._change = threading.Lock()

    def __enter__(self) -> None:
        """Wait for one's turn."""
        with self._change:
            if not self._taken:
                self._taken = True
                return
            mine = threading.Event()
            self._waiting.append(mine)
        try:
            mine.wait()
        except BaseException:  # interrupted: nobody must wait for one who has gone
            with self._change:
                if mine in self._waiting:
                    self._waiting.remove(mine)
                else:
                    self._pass_on()
            raise

    def __exit__(self, *_: object) -> None:
        """Give it to whoever has waited longest."""
        with self._change:
            self._pass_on()

    def _pass_on(self) -> None:
        if self._waiting:
            self._waiting.popleft().set()
        else:
            self._taken = False


# One compute lane in the process: llama.cpp aborts when two threads share a context, and two
# contexts at once only take the cores from each other.
LANE = Lane()


class Context:
    """A model of a GGUF file with one context of several sequences.

    Sequence 0 is the one that most work is done in, sequence `spare` stands for what is saved or
    put back.

    Args:
        path: the GGUF file.
        n_ctx: tokens of all sequences together.
        n_threads: compute threads; 0 takes the cores this process may use.
        sequences: how many there are beside the spare one.
        kv: how keys and values are kept.
        tap: takes a layer's state while it is open.

    Attributes:
        cancel: stops what is evaluated, once set.

    Raises:
        ModelError: the file is no model that llama.cpp can load.
    """

    def __init__(
        self,
        path: Path,
        *,
        n_ctx: int,
        n_threads: int,
        sequences: int,
        kv: KeyValues,
        tap: Tap | None,
    ) -> None:
        import llama_cpp as lib

        self.lib: Any = lib
        self.n_ctx = n_ctx
        self.cancel: threading.Event | None = None
        self._spare = sequences
        self._threads = n_threads or _cores()
        # Kept as attributes: the context holds the bare pointers.
        self._on_abort = lib.ggml_abort_callback(self._is_cancelled)
        self._tap = tap
        self._model: Any = None
        self._context: Any = None
        with LANE:
            self._open(path, kv)

    def _open(self, path: Path, kv: KeyValues) -> None:
        lib = self.lib
        _listen()
        lib.llama_backend_init()
        self._model = lib.llama_model_load_from_file(
            os.fsencode(path), lib.llama_model_default_params()
        )
        if not self._model:
            raise ModelError(
                f"{path.name} is no model that llama.cpp can load"
                f"{last_log()}. Choose another GGUF file or fetch it again."
            )
        params = lib.llama_context_default_params()
        params.n_ctx = self.n_ctx
        params.n_batch = params.n_ubatch = STEP
        params.n_seq_max = self._spare + 1
        params.kv_unified = True
        params.type_k = params.type_v = getattr(lib, f"GGML_TYPE_{kv.upper()}")
        params.n_threads = params.n_threads_batch = self._threads
        params.flash_attn_type = 1
        params.no_perf = True
        params.abort_callback = self._on_abort
        if self._tap is not None:
            params.cb_eval = self._tap.callback
        self._context = lib.llama_init_from_model(self._model, params)
        if not self._context:
            raise ModelError(
                f"llama.cpp made no context of {self.n_ctx} tokens for {path.name}"
                f"{last_log()}. Give a smaller n_ctx or a smaller model."
            )
        self._memory = lib.llama_get_memory(self._context)
        self._vocab = lib.llama_model_get_vocab(self._model)
        self._n_vocab = int(lib.llama_vocab_n_tokens(self._vocab))
        self.bos = int(lib.llama_vocab_bos(self._vocab))
        self.bos_text = self._special_text(self.bos)
        self.eos_text = self._special_text(lib.llama_vocab_eos(self._vocab))
        self.adds_bos = bool(lib.llama_vocab_get_add_bos(self._vocab))

    def _is_cancelled(self, _: object = None) -> bool:
        return self.cancel is not None and self.cancel.is_set()

    @property
    def closed(self) -> bool:
        """Whether it has been freed."""
        return not self._context

    def close(self) -> None:
        """Free the model."""
        with LANE:
            if self._context:
                self.lib.llama_free(self._context)
                self._context = None
            if self._model:
                self.lib.llama_model_free(self._model)
                self._model = None

    def about(self) -> tuple[str, ...]:
        """Return what evaluation depends on beside the model: version and processor features."""
        system = self.lib.llama_print_system_info().decode("utf-8", "replace")
        return version("llama-cpp-python"), system, str(STEP)

    # -- tokens ---------------------------------------------------------------------------

    def tokenize(self, text: str, *, special: bool = False) -> tuple[int, ...]:
        """Return token ids; only with `special` do control tokens come out of text."""
        data = text.encode("utf-8")
        room = len(data) + 8
        out = (self.lib.llama_token * room)()
        count = self.lib.llama_tokenize(self._vocab, data, len(data), out, room, False, special)
        if count < 0:
            raise ModelError(f"the model cannot take a text of {len(data)} bytes; shorten it.")
        return tuple(out[:count])

    def piece(self, token: int) -> bytes:
        """Return the bytes of a token."""
        buffer = ctypes.create_string_buffer(256)
        size = self.lib.llama_token_to_piece(self._vocab, token, buffer, 256, 0, False)
        return buffer.raw[:size] if size > 0 else b""

    def is_end(self, token: int) -> bool:
        """Tell whether a token ends what is written."""
        return bool(self.lib.llama_vocab_is_eog(self._vocab, token))

    def chat_template(self) -> str:
        """Return the source of the model's chat template, "" if it has none."""
        raw = self.lib.llama_model_chat_template(self._model, None)
        return raw.decode("utf-8") if raw else ""

    def _special_text(self, token: int) -> str:
        raw = self.lib.llama_vocab_get_text(self._vocab, token) if token >= 0 else None
        return raw.decode("utf-8") if raw else ""

    # -- evaluation -----------------------------------------------------------------------

    def decode(self, tokens: Sequence[int], at: int) -> None:
        """Evaluate tokens at positions from `at` of sequence 0, in steps of one batch."""
        for first in range(0, len(tokens), STEP):
            part = tokens[first : first + STEP]
            self.evaluate([(token, at + first + i, 0) for i, token in enumerate(part)])

    def evaluate(self, rows: Sequence[tuple[int, int, int]]) -> list[int]:
        """Evaluate one batch, at most `STEP` rows of token, position and sequence.

        Returns:
            The rows that have logits: the last one of each sequence.

        Raises:
            CancelledError: `cancel` was set.
            ModelError: llama.cpp could not.
        """
        lib = self.lib
        last = {sequence: i for i, (_, _, sequence) in enumerate(rows)}
        batch = lib.llama_batch_init(len(rows), 0, 1)
        try:
            batch.n_tokens = len(rows)
            for i, (token, at, sequence) in enumerate(rows):
                batch.token[i] = token
                batch.pos[i] = at
                batch.n_seq_id[i] = 1
                batch.seq_id[i][0] = sequence
                batch.logits[i] = last[sequence] == i
            status = lib.llama_decode(self._context, batch)
        finally:
            lib.llama_batch_free(batch)
        if status == 2 or self._is_cancelled():
            raise CancelledError("stopped; ask again when you like.")
        if status != 0:
            raise ModelError(
                f"llama.cpp could not evaluate the prompt (status {status})"
                f"{last_log()}. Ask a shorter question or give a larger n_ctx."
            )
        return sorted(last.values())

    def logits(self, row: int = -1) -> NDArray[np.float32]:
        """Return the logits of a row of the last batch, (vocabulary,); valid until the next one."""
        import numpy as np

        pointer = self.lib.llama_get_logits_ith(self._context, row)
        return np.ctypeslib.as_array(pointer, shape=(self._n_vocab,))

    def use_threads(self, most: int = 0) -> None:
        """Compute with at most so many threads from now on; 0 for all."""
        count = min(most or self._threads, self._threads)
        self.lib.llama_set_n_threads(self._context, count, count)

    # -- sequences ------------------------------------------------------------------------

    def clear(self) -> None:
        """Forget every sequence."""
        self.lib.llama_memory_clear(self._memory, False)

    def cut(self, length: int, sequence: int = 0) -> None:
        """Forget what a sequence holds from a position on."""
        self.lib.llama_memory_seq_rm(self._memory, sequence, length, -1)

    def state(self, start: int) -> bytearray:
        """Return what sequence 0 holds from a position on.

        Raises:
            ModelError: llama.cpp gave none.
        """
        lib, memory, spare = self.lib, self._memory, self._spare
        lib.llama_memory_seq_cp(memory, 0, spare, start, -1)
        size = lib.llama_state_seq_get_size(self._context, spare)
        state = bytearray(size)
        into = (ctypes.c_uint8 * size).from_buffer(state)
        got = lib.llama_state_seq_get_data(self._context, into, size, spare)
        lib.llama_memory_seq_rm(memory, spare, -1, -1)
        if got != size:
            raise ModelError(f"llama.cpp gave no state{last_log()}. Open the assistant again.")
        return state

    def put_back(self, state: bytearray, sequence: int = 0) -> bool:
        """Put a state behind what a sequence holds; tell whether llama.cpp took it."""
        lib, memory, spare = self.lib, self._memory, self._spare
        data = (ctypes.c_uint8 * len(state)).from_buffer(state)
        got = lib.llama_state_seq_set_data(self._context, data, len(state), spare)
        if got == len(state):
            lib.llama_memory_seq_cp(memory, spare, sequence, -1, -1)
        lib.llama_memory_seq_rm(memory, spare, -1, -1)
        return bool(got == len(state))


@lru_cache(maxsize=1)
def _listen() -> object:
    """Take llama.cpp's log, once for the process, and keep the callback for good.

    The log belongs to the library, not to a model: a callback that went away with its model
    would be called when another one has something to say.
    """
    import llama_cpp as lib

    def take(level: int, text: bytes, _: object) -> None:
        if level >= 3:  # warnings and errors
            _log.append(text.decode("utf-8", "replace").strip())

    callback = lib.llama_log_callback(take)
    lib.llama_log_set(callback, ctypes.c_void_p(0))
    return callback


def last_log() -> str:
    """Return llama.cpp's last warning in brackets, "" if it gave none."""
    said = [line for line in _log if line]
    return f" ({said[-1]})" if said else ""


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
