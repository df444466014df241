"""Tokens -> text pieces; the only file that knows llama.cpp (with tap.py, which knows ggml).

A prompt is read in three steps, system words, reading, asking, and what each of the first two
leaves in the key-value cache is saved (`rag/readings`), so that the same passage is not read
twice. A state is put back bit for bit, into the same cells, and the steps are always evaluated
apart, so an answer from saved states is the same to the letter as one read afresh.
"""

from __future__ import annotations

import codecs
import ctypes
import hashlib
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from rag.errors import CancelledError, ModelError
from rag.readings import Readings, Shelf, key_of
from rag.tap import Tap

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.probes import Probes
    from rag.prompt import Prompt

# One compute lane in the process: llama.cpp aborts when two threads share a context, and two
# contexts at once only take the cores from each other.
_LANE = threading.Lock()
_STEP = 256  # tokens evaluated at once
_OWN, _SPARE = 0, 1  # sequences: what is read and written, and what is saved or put back
_SAMPLES, _SAMPLE = 64, 65_536  # parts of a model's file, and bytes of each, that tell it apart
_log: deque[str] = deque(maxlen=20)


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of generated text.

    Attributes:
        text: may be empty where a character is not complete yet.
        logprob: natural log of the probability the model gave this token.
        prompt_tokens: length of the prompt that was read.
    """

    text: str
    logprob: float
    prompt_tokens: int


class LLM(Protocol):
    """Anything that continues a prompt."""

    name: str

    def generate(
        self, prompt: Prompt, *, max_tokens: int, cancel: threading.Event | None = None
    ) -> Iterator[Piece]:
        """Yield the model's words; closing the iterator or setting `cancel` stops at once."""


class Witness(Protocol):
    """Anything that answers a yes-or-no question by how much it leans to yes."""

    def log_odds(self, prompt: Prompt, *, cancel: threading.Event | None = None) -> float:
        """Return the calibrated log-odds that the reply to a yes-or-no question is yes."""


@runtime_checkable
class Reader(Protocol):
    """Anything that can read ahead of a question, and keeps what it has read."""

    def prepare(self, prompt: Prompt, *, cancel: threading.Event | None = None) -> bool:
        """Read what stands before the question; tell whether that was still to be done."""

    def has_room(self, prompt: Prompt) -> bool:
        """Tell whether what this leaves can be kept without losing another reading."""


class Mind(LLM, Witness, Protocol):
    """A model that both writes and judges."""


@dataclass(frozen=True, slots=True)
class _Template:
    """The model's own chat template, cut where our words go in."""

    head: tuple[int, ...]
    middle: tuple[int, ...]
    tail: tuple[int, ...]
    folded: bool  # the template knows no system turn: system words open the user's turn


class LlamaModel:
    """A GGUF model on this machine's CPU.

    Args:
        path: the GGUF file.
        name: shown as the model's name in answers.
        n_ctx: longest prompt and reply together, in tokens.
        n_threads: compute threads; 0 takes the cores this process may use.
        temperature: 0 is greedy and repeatable.
        seed: start of the random numbers where temperature is above 0.
        state_bytes: memory for saved readings.
        shelf: gives the place of saved readings on disk for the model's stamp; None keeps none.
        probes: made for this very model; they judge in place of its words.

    Raises:
        ModelError: the file is no model that llama.cpp can load, or has no chat template.
    """

    def __init__(
        self,
        path: Path,
        *,
        name: str,
        n_ctx: int = 4096,
        n_threads: int = 0,
        temperature: float = 0.0,
        seed: int = 0,
        state_bytes: int = 512 * 1024 * 1024,
        shelf: Callable[[str], Shelf] | None = None,
        probes: Probes | None = None,
    ) -> None:
        import llama_cpp as lib

        self._lib = lib
        self.name = name
        self.n_ctx = n_ctx
        self._temperature = temperature
        self._seed = seed
        self._cancel: threading.Event | None = None
        self._model: Any = None
        self._context: Any = None
        # Kept as an attribute: the context holds the bare pointer.
        self._on_abort = lib.ggml_abort_callback(self._is_cancelled)
        self._probes = probes.by_kind if probes else {}
        self._tap = Tap(probes.layer, probes.size) if probes else None
        with _LANE:
            self._open(path, n_threads or _cores())
        self._template = self._read_template(path)
        self.readings = Readings(state_bytes, shelf(self._stamp(path)) if shelf else None)
        self._held: tuple[int, ...] = ()

    def _open(self, path: Path, threads: int) -> None:
        lib = self._lib
        _listen()
        lib.llama_backend_init()
        self._model = lib.llama_model_load_from_file(
            os.fsencode(path), lib.llama_model_default_params()
        )
        if not self._model:
            raise ModelError(
                f"{path.name} is no model that llama.cpp can load"
                f"{_last_log()}. Choose another GGUF file or fetch it again."
            )
        params = lib.llama_context_default_params()
        params.n_ctx = self.n_ctx
        params.n_batch = params.n_ubatch = _STEP  # small steps: a cancelled reading stops soon
        params.n_seq_max = 2  # what is read, and what is saved or put back of it
        params.kv_unified = True
        params.n_threads = params.n_threads_batch = threads
        params.flash_attn_type = 1
        params.no_perf = True
        params.abort_callback = self._on_abort
        if self._tap is not None:
            params.cb_eval = self._tap.callback
        self._context = lib.llama_init_from_model(self._model, params)
        if not self._context:
            raise ModelError(
                f"llama.cpp made no context of {self.n_ctx} tokens for {path.name}"
                f"{_last_log()}. Give a smaller n_ctx or a smaller model."
            )
        self._memory = lib.llama_get_memory(self._context)
        self._vocab = lib.llama_model_get_vocab(self._model)
        self._n_vocab = int(lib.llama_vocab_n_tokens(self._vocab))

    def _is_cancelled(self, _: object) -> bool:
        return self._cancel is not None and self._cancel.is_set()

    def close(self) -> None:
        """Free the model; further use raises."""
        with _LANE:
            if self._context:
                self._lib.llama_free(self._context)
                self._context = None
            if self._model:
                self._lib.llama_model_free(self._model)
                self._model = None

    # -- tokens ---------------------------------------------------------------------------

    def tokenize(self, text: str, *, special: bool = False) -> tuple[int, ...]:
        """Return token ids; only with `special` do control tokens come out of text."""
        data = text.encode("utf-8")
        room = len(data) + 8
        out = (self._lib.llama_token * room)()
        count = self._lib.llama_tokenize(self._vocab, data, len(data), out, room, False, special)
        if count < 0:
            raise ModelError(f"the model cannot take a text of {len(data)} bytes; shorten it.")
        return tuple(out[:count])

    def _piece(self, token: int) -> bytes:
        buffer = ctypes.create_string_buffer(256)
        size = self._lib.llama_token_to_piece(self._vocab, token, buffer, 256, 0, False)
        return buffer.raw[:size] if size > 0 else b""

    def _read_template(self, path: Path) -> _Template:
        raw = self._lib.llama_model_chat_template(self._model, None)
        if not raw:
            raise ModelError(
                f"{path.name} carries no chat template, so it is not an instruction-following "
                "model. Choose a GGUF whose name says 'instruct' or 'chat'."
            )
        bos = self._lib.llama_vocab_bos(self._vocab)
        bos_text = self._special_text(bos)
        eos_text = self._special_text(self._lib.llama_vocab_eos(self._vocab))
        head, middle, tail, folded = cut_template(raw.decode("utf-8"), bos_text, eos_text, path)
        tokens = self.tokenize(head, special=True)
        if self._lib.llama_vocab_get_add_bos(self._vocab) and tokens[:1] != (bos,):
            tokens = (bos, *tokens)
        return _Template(
            tokens,
            self.tokenize(middle, special=True),
            self.tokenize(tail, special=True),
            folded,
        )

    def _special_text(self, token: int) -> str:
        raw = self._lib.llama_vocab_get_text(self._vocab, token) if token >= 0 else None
        return raw.decode("utf-8") if raw else ""

    def steps(self, prompt: Prompt) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
        """Return the tokens of the three steps: system words, reading, asking.

        No text of the prompt becomes a control token: only the model's own template does.
        """
        template = self._template
        system = template.head + self.tokenize(prompt.system)
        between = self.tokenize("\n\n") if template.folded else template.middle
        return (
            system + between,
            self.tokenize(prompt.reading),
            self.tokenize(prompt.asking) + template.tail,
        )

    # -- evaluation -----------------------------------------------------------------------

    def _decode(self, tokens: Sequence[int], at: int) -> None:
        """Evaluate `tokens` at positions from `at`, in steps of one batch."""
        lib = self._lib
        for first in range(0, len(tokens), _STEP):
            part = tokens[first : first + _STEP]
            batch = lib.llama_batch_init(len(part), 0, 1)
            try:
                batch.n_tokens = len(part)
                for i, token in enumerate(part):
                    batch.token[i] = token
                    batch.pos[i] = at + first + i
                    batch.n_seq_id[i] = 1
                    batch.seq_id[i][0] = _OWN
                    batch.logits[i] = 0
                batch.logits[len(part) - 1] = 1
                status = lib.llama_decode(self._context, batch)
            finally:
                lib.llama_batch_free(batch)
            if status == 2 or self._is_cancelled(None):
                raise CancelledError("stopped; ask again when you like.")
            if status != 0:
                raise ModelError(
                    f"llama.cpp could not evaluate the prompt (status {status})"
                    f"{_last_log()}. Ask a shorter question or give a larger n_ctx."
                )

    def _save(self, tokens: tuple[int, ...], start: int, of: str) -> None:
        """Save what the tokens from `start` on have left in the cache."""
        lib, memory = self._lib, self._memory
        lib.llama_memory_seq_cp(memory, _OWN, _SPARE, start, -1)
        size = lib.llama_state_seq_get_size(self._context, _SPARE)
        state = bytearray(size)
        into = (ctypes.c_uint8 * size).from_buffer(state)
        got = lib.llama_state_seq_get_data(self._context, into, size, _SPARE)
        lib.llama_memory_seq_rm(memory, _SPARE, -1, -1)
        if got == size:
            self.readings.put(key_of(tokens), state, of)

    def _restore(self, tokens: tuple[int, ...], start: int, of: str) -> bool:
        """Put back what the tokens from `start` on leave; those before are in the cache."""
        lib, memory = self._lib, self._memory
        lib.llama_memory_seq_rm(memory, _OWN, start, -1)
        state = self.readings.get(key_of(tokens), of)
        if state is None:
            return False
        data = (ctypes.c_uint8 * len(state)).from_buffer(state)
        got = lib.llama_state_seq_set_data(self._context, data, len(state), _SPARE)
        if got == len(state):
            lib.llama_memory_seq_cp(memory, _SPARE, _OWN, -1, -1)
        lib.llama_memory_seq_rm(memory, _SPARE, -1, -1)
        return bool(got == len(state))

    def _bring(self, tokens: tuple[int, ...], start: int, of: str = "") -> None:
        """Bring the cache to the end of `tokens`, of which those before `start` are in it."""
        if self._held[: len(tokens)] == tokens:
            self._lib.llama_memory_seq_rm(self._memory, _OWN, len(tokens), -1)
        else:
            self._held = tokens[:start]
            if not self._restore(tokens, start, of):
                self._decode(tokens[start:], start)
                self._save(tokens, start, of)
        self._held = tokens

    def _bring_passage(self, system: tuple[int, ...], both: tuple[int, ...], of: str) -> None:
        """Bring the cache to the end of system words and passage, each by itself."""
        # A longer text that begins the same is cut off where this one ends, in one step.
        if self._held[: len(both)] != both:
            self._bring(system, 0)
        self._bring(both, len(system), of)

    def _read(self, prompt: Prompt, tap: Tap | None = None) -> int:
        """Bring the context to the end of `prompt` and return its length in tokens.

        With a tap the asking is computed up to its layer only, and not held.
        """
        system, reading, asking = self.steps(prompt)
        both = system + reading
        total = len(both) + len(asking)
        if total >= self.n_ctx:
            raise ModelError(
                f"the prompt has {total} tokens and the context {self.n_ctx}; "
                "give a larger n_ctx, fewer passages or a shorter question."
            )
        self._bring_passage(system, both, prompt.of)
        if tap is not None:
            tap.open()
        self._decode(asking, len(both))
        if tap is None:
            self._held = both + asking
        return total

    def prepare(self, prompt: Prompt, *, cancel: threading.Event | None = None) -> bool:
        """Read a passage ahead of any question; tell whether that was still to be done.

        Raises:
            CancelledError: `cancel` was set.
            ModelError: the passage does not fit into the context.
        """
        with self._at_work(cancel):
            system, reading, _ = self.steps(prompt)
            both = system + reading
            if self.readings.has(key_of(both), prompt.of):
                return False
            if len(both) >= self.n_ctx:
                raise ModelError(f"the passage has {len(both)} tokens; the context {self.n_ctx}.")
            self._bring_passage(system, both, prompt.of)
        return True

    def has_room(self, prompt: Prompt) -> bool:
        """Tell whether what a reading leaves can be kept without losing another one."""
        return self.readings.has_room(prompt.of)

    def _stamp(self, path: Path) -> str:
        """Return everything a state depends on beside its tokens."""
        lib = self._lib
        system = lib.llama_print_system_info().decode("utf-8", "replace")
        parts = [
            version("llama-cpp-python"),
            system,
            _fingerprint(path),
            str(_STEP),
            "f16",
            "flash",
        ]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def _logits(self) -> NDArray[np.float32]:
        import numpy as np

        pointer = self._lib.llama_get_logits_ith(self._context, -1)
        return np.ctypeslib.as_array(pointer, shape=(self._n_vocab,))

    def generate(
        self, prompt: Prompt, *, max_tokens: int, cancel: threading.Event | None = None
    ) -> Iterator[Piece]:
        """Yield the model's words, one token a piece.

        Args:
            prompt: what to read and what to ask.
            max_tokens: longest reply.
            cancel: set from any thread, it stops a running reading within one batch.

        Raises:
            CancelledError: `cancel` was set.
            ModelError: the prompt does not fit into the context.
        """
        import numpy as np

        rng = np.random.default_rng(self._seed)
        with self._at_work(cancel):
            length = self._read(prompt)
            decoder = codecs.getincrementaldecoder("utf-8")("replace")
            for step in range(min(max_tokens, self.n_ctx - length)):
                token, logprob = self._choose(rng)
                if self._lib.llama_vocab_is_eog(self._vocab, token):
                    return
                yield Piece(decoder.decode(self._piece(token)), logprob, length)
                self._decode((token,), length + step)
                self._held = (*self._held, token)

    def log_odds(self, prompt: Prompt, *, cancel: threading.Event | None = None) -> float:
        """Return the calibrated log-odds that the reply is "yes".

        They are read off a layer's state where there is a probe for the kind of judgement. Else
        they are made from the natural log of P(yes) / P(no) as the first word, all spellings that
        are one token ("yes", "Yes", " yes", ...) together, by the prompt's `leans`.
        """
        import numpy as np

        probe = self._probes.get(prompt.judges)
        if probe:
            return probe.log_odds(self.state(prompt, cancel=cancel))
        with self._at_work(cancel):
            self._read(prompt)
            logits = self._logits().astype(np.float64)
        yes = np.logaddexp.reduce(logits[list(self._word("yes"))])
        no = np.logaddexp.reduce(logits[list(self._word("no"))])
        bias, factor = prompt.leans
        return bias + factor * float(yes - no)

    def state(
        self, prompt: Prompt, *, cancel: threading.Event | None = None
    ) -> NDArray[np.float32]:
        """Return the probed layer's state, (dimensions,), at the last token of a prompt.

        Raises:
            ModelError: the model was opened without probes, or has no such layer.
        """
        if self._tap is None:
            raise ModelError("the model was opened without probes; give it some to read states.")
        with self._at_work(cancel):
            try:
                self._read(prompt, self._tap)
            except BaseException:
                self._tap.close()
                raise
            return self._tap.take()

    @contextmanager
    def _at_work(self, cancel: threading.Event | None) -> Iterator[None]:
        """Hold the lane for one piece of work; what a stopped one has read is forgotten."""
        with _LANE:
            self._take(cancel)
            try:
                yield
            except CancelledError:
                self._forget()
                raise
            finally:
                self._cancel = None

    def _take(self, cancel: threading.Event | None) -> None:
        if not self._context:
            raise ModelError("the model has been closed; open the assistant again.")
        if cancel is not None and cancel.is_set():
            raise CancelledError("stopped; ask again when you like.")
        self._cancel = cancel

    def _forget(self) -> None:
        self._lib.llama_memory_seq_rm(self._memory, _OWN, 0, -1)
        self._held = ()

    def _word(self, word: str) -> set[int]:
        forms = (word, word.capitalize(), word.upper())
        spellings = [self.tokenize(space + form) for form in forms for space in ("", " ")]
        return {tokens[0] for tokens in spellings if len(tokens) == 1}

    def _choose(self, rng: np.random.Generator) -> tuple[int, float]:
        """Return the next token and its log-probability at temperature 1."""
        import numpy as np

        logits = self._logits()
        top = float(logits.max())
        total = float(np.log(np.exp(logits - top).sum()))
        if self._temperature == 0:
            token = int(logits.argmax())
        else:
            scaled = (logits - top).astype(np.float64) / self._temperature
            weights = np.exp(scaled)
            token = int(rng.choice(self._n_vocab, p=weights / weights.sum()))
        return token, float(logits[token]) - top - total


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


def _last_log() -> str:
    said = [line for line in _log if line]
    return f" ({said[-1]})" if said else ""


def cut_template(source: str, bos: str, eos: str, path: Path) -> tuple[str, str, str, bool]:
    """Render a chat template around two marks and return what stands before, between, after.

    Returns:
        Head, middle and tail text, and whether the template knows no system turn (then the
        middle is empty and system words open the user's turn).

    Raises:
        ModelError: the template cannot be rendered or drops our words.
    """
    import jinja2
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    def refuse(message: str) -> str:
        raise jinja2.TemplateError(message)

    # Private-use characters that no template strips or changes.
    system_mark, user_mark = "\ue000", "\ue001"
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.globals["raise_exception"] = refuse
    environment.globals["strftime_now"] = lambda form: ""
    with_system = [
        {"role": "system", "content": system_mark},
        {"role": "user", "content": user_mark},
    ]
    folded = [{"role": "user", "content": system_mark + user_mark}]
    reason = ""
    for messages, is_folded in ((with_system, False), (folded, True)):
        try:
            text = environment.from_string(source).render(
                messages=messages,
                add_generation_prompt=True,
                bos_token=bos,
                eos_token=eos,
                tools=None,
                enable_thinking=False,
            )
        except jinja2.TemplateError as error:
            reason = str(error)
            continue
        head, found, rest = text.partition(system_mark)
        middle, found_too, tail = rest.partition(user_mark)
        if found and found_too:
            return head, middle, tail, is_folded
        reason = "it leaves out what it is given"
    raise ModelError(
        f"the chat template of {path.name} cannot be used: {reason}. Choose another GGUF file."
    )


def _fingerprint(path: Path) -> str:
    """Return what tells a model's file from others: its size and parts spread over all of it."""
    size = path.stat().st_size
    found = hashlib.sha256(str(size).encode())
    with path.open("rb") as stream:
        for part in range(_SAMPLES):
            stream.seek(max(0, size - _SAMPLE) * part // (_SAMPLES - 1))
            found.update(stream.read(_SAMPLE))
    return found.hexdigest()


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
