"""A GGUF model that reads each passage once, writes, and judges.

A prompt is read in steps, system words, reading, asking, and what each of the first two leaves in
the key-value cache is saved (`rag/readings`), so that the same passage is not read twice. A state
is put back bit for bit, into the same cells, and the steps are always evaluated apart, so an answer
from saved states is the same to the letter as one read afresh. What a question leaves half-way up
is kept as well, for judging what is said of it. Several drafts are written together, as sequences
of one batch, each after its own reading.
"""

from __future__ import annotations

import codecs
import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rag.config import KeyValues
from rag.errors import CancelledError, ModelError
from rag.llm.context import LANE, STEP, Context
from rag.llm.protocols import Piece
from rag.llm.tap import Tap
from rag.llm.template import Steps, read_template
from rag.readings import Memory, Readings, Shelf, key_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.probes import Probes
    from rag.prompt import Prompt

_DRAFTS = 1  # the first sequence of drafts that are written together
TOGETHER = 4  # drafts at once: a step costs 1.4 times that of one for two, 2.3 for four
_QUESTIONS = 64 * 1024 * 1024  # bytes of memory for what questions leave after readings
_SYSTEM = "system"  # what readings of system words are kept as, beside those of passages
_SAMPLES, _SAMPLE = 64, 65_536  # parts of a model's file, and bytes of each, that tell it apart


@dataclass(slots=True)
class _Sequence:
    """One of the drafts written together.

    Attributes:
        id: of the sequence in the context.
        draft: which prompt it continues.
        asking: tokens after the reading.
        length: tokens of the prompt.
        at: position of the token to be evaluated next.
        token: that one.
        ended: whether the model has said all it wanted.
    """

    id: int
    draft: int
    asking: tuple[int, ...]
    length: int
    at: int
    rng: np.random.Generator
    token: int = 0
    ended: bool = False
    decoder: codecs.IncrementalDecoder = field(
        default_factory=lambda: codecs.getincrementaldecoder("utf-8")("replace")
    )


class LlamaModel:
    """A GGUF model on this machine's CPU.

    Args:
        path: the GGUF file.
        name: shown as the model's name in answers.
        n_ctx: longest prompt and reply together, in tokens.
        n_threads: compute threads; 0 takes the cores this process may use.
        temperature: 0 is greedy and repeatable.
        seed: start of the random numbers where temperature is above 0.
        kv: how keys and values are kept: "f16", or "q8_0" in half the memory, at other last bits.
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
        kv: KeyValues = "f16",
        state_bytes: int = 512 * 1024 * 1024,
        shelf: Callable[[str], Shelf] | None = None,
        probes: Probes | None = None,
    ) -> None:
        self.name = name
        self.n_ctx = n_ctx
        self._temperature = temperature
        self._seed = seed
        self._probes = probes.by_kind if probes else {}
        self._tap = Tap(probes.layer, probes.size) if probes else None
        self.context = Context(
            path,
            n_ctx=n_ctx,
            n_threads=n_threads,
            sequences=1 + TOGETHER,
            kv=kv,
            tap=self._tap,
        )
        self._template = read_template(self.context, path)
        stamp = hashlib.sha256("\n".join([*self.context.about(), _fingerprint(path), kv]).encode())
        self.readings = Readings(state_bytes, shelf(stamp.hexdigest()) if shelf else None)
        self._questions = Memory(min(state_bytes, _QUESTIONS))
        self._held: tuple[int, ...] = ()

    def close(self) -> None:
        """Free the model; further use raises."""
        self.context.close()

    def steps(self, prompt: Prompt) -> Steps:
        """Return the tokens of a prompt by step; see `Template.steps`."""
        return self._template.steps(prompt, self.context)

    def forget(self) -> None:
        """Leave nothing in the context; what was saved stays."""
        self.context.clear()
        self._held = ()

    # -- reading --------------------------------------------------------------------------

    def _bring(self, tokens: tuple[int, ...], start: int, of: str) -> None:
        """Bring the cache to the end of `tokens`, of which those before `start` are in it."""
        if self._held[: len(tokens)] == tokens:
            self._cut(tokens)
            return
        self._cut(tokens[:start])
        state = self.readings.get(key_of(tokens), of)
        if state is None or not self.context.put_back(state):
            self.context.decode(tokens[start:], start)
            self.readings.put(key_of(tokens), self.context.state(start), of)
        self._held = tokens

    def _cut(self, tokens: tuple[int, ...]) -> None:
        """Forget what the cache holds after some tokens."""
        self.context.cut(len(tokens))
        self._held = tokens

    def _bring_passage(self, steps: Steps, of: str) -> None:
        """Bring the cache to the end of system words and passage, each by itself."""
        # A longer text that begins the same is cut off where this one ends, in one step.
        if self._held[: len(steps.both)] != steps.both:
            self._bring(steps.system, 0, _SYSTEM)
        self._bring(steps.both, len(steps.system), of)

    def _read(self, prompt: Prompt) -> int:
        """Bring the context to the end of `prompt` and return its length in tokens."""
        steps = self.steps(prompt)
        self._check_fits(len(steps))
        self._bring_passage(steps, prompt.of)
        self.context.decode(steps.question + steps.asking, len(steps.both))
        self._held = steps.asked + steps.asking
        return len(steps)

    def _judge(self, prompt: Prompt, tap: Tap) -> None:
        """Bring the layer of a tap to the end of what is judged, before what is wanted in words."""
        steps = self.steps(prompt)
        self._check_fits(len(steps))
        self._bring_passage(steps, prompt.of)
        if steps.question and not steps.said:
            self._decode_question(steps, tap)
            return
        known = self._questions.get(key_of(steps.asked))
        if known is None or not self.context.put_back(known):
            self._cut(steps.both)
            self._decode_question(steps, tap)
        tap.open()
        self.context.decode(steps.said or steps.wanted, len(steps.asked))

    def _decode_question(self, steps: Steps, tap: Tap) -> None:
        """Evaluate a question up to the layer of a tap, and keep in memory what it leaves there."""
        tap.open()
        self.context.decode(steps.question, len(steps.both))
        if steps.question:
            self._questions.put(key_of(steps.asked), self.context.state(len(steps.both)))

    def _check_fits(self, tokens: int) -> None:
        if tokens >= self.n_ctx:
            raise ModelError(
                f"the prompt has {tokens} tokens and the context {self.n_ctx}; "
                "give a larger n_ctx, fewer passages or a shorter question."
            )

    def prepare(
        self, prompt: Prompt, *, threads: int = 0, cancel: threading.Event | None = None
    ) -> bool:
        """Read a passage ahead of any question; tell whether that was still to be done.

        Args:
            prompt: whose reading it is.
            threads: to compute with, 0 for as many as for a question; the state is the same.
            cancel: set from any thread, it stops the reading within one batch.

        Raises:
            CancelledError: `cancel` was set.
            ModelError: the passage does not fit into the context.
        """
        with self._at_work(cancel):
            steps = self.steps(prompt)
            if self.readings.has(key_of(steps.both), prompt.of):
                return False
            self._check_fits(len(steps.both))
            self.context.use_threads(threads)
            try:
                self._bring_passage(steps, prompt.of)
            finally:
                self.context.use_threads()
        return True

    def has_room(self, prompt: Prompt) -> bool:
        """Tell whether what a reading leaves can be kept without losing another one."""
        return self.readings.has_room(prompt.of)

    def generate(
        self, *prompts: Prompt, max_tokens: int, cancel: threading.Event | None = None
    ) -> Iterator[Piece]:
        """Yield the model's words, one token a piece.

        Args:
            prompts: what to read and what to ask; several are continued together, `TOGETHER` at
                once, as sequences of one batch that share the reading of the weights.
            max_tokens: longest reply.
            cancel: set from any thread, it stops a running reading within one batch.

        Raises:
            CancelledError: `cancel` was set.
            ModelError: a prompt does not fit into the context.
        """
        for first in range(0, len(prompts), TOGETHER):
            with self._at_work(cancel):
                group = dict(enumerate(prompts[first : first + TOGETHER], first))
                if live := self._laid_out(group, max_tokens):
                    yield from self._continue_together(live, max_tokens)
                    continue
                for draft, prompt in group.items():
                    yield from self._continue(prompt, max_tokens, draft)

    def _continue(self, prompt: Prompt, max_tokens: int, draft: int) -> Iterator[Piece]:
        """Yield what one prompt is continued with; the lane is held."""
        import numpy as np

        rng = np.random.default_rng(self._seed)
        length = self._read(prompt)
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        for step in range(min(max_tokens, self.n_ctx - length)):
            token, logprob = self._choose(self.context.logits(), rng)
            if self.context.is_end(token):
                return
            yield Piece(decoder.decode(self.context.piece(token)), logprob, length, draft)
            self.context.decode((token,), length + step)
            self._held = (*self._held, token)

    def _continue_together(self, live: list[_Sequence], max_tokens: int) -> Iterator[Piece]:
        """Yield what sequences are continued with, a piece of each in turn; the lane is held."""
        try:
            # The first one begins to be shown before the others are asked.
            for several in (live[:1], live[1:]):
                for one, row in self._ask(several):
                    yield from self._say(one, row)
            for _ in range(max_tokens - 1):
                live = [one for one in live if not one.ended]
                if not live:
                    break
                rows = self.context.evaluate([(one.token, one.at, one.id) for one in live])
                for one, row in zip(live, rows, strict=True):
                    one.at += 1
                    yield from self._say(one, row)
        finally:
            self.forget()

    def _laid_out(self, prompts: Mapping[int, Prompt], max_tokens: int) -> list[_Sequence]:
        """Put what was read of each prompt into a sequence of its own, and nothing else.

        Returns:
            The sequences; none where there is one prompt alone, where they do not fit into the
            context together, or where llama.cpp does not take states back, as of some models.
        """
        import numpy as np

        if len(prompts) == 1:
            return []
        steps = {draft: self.steps(prompt) for draft, prompt in prompts.items()}
        if sum(len(each) + max_tokens for each in steps.values()) > self.n_ctx:
            return []
        states = [self._passage_states(steps[draft], p.of) for draft, p in prompts.items()]
        self.forget()
        found = []
        for id_, (draft, each) in enumerate(steps.items(), _DRAFTS):
            if not all(self.context.put_back(state, id_) for state in states[id_ - _DRAFTS]):
                self.forget()
                return []
            asking = each.question + each.asking
            rng = np.random.default_rng(self._seed)
            found.append(_Sequence(id_, draft, asking, len(each), len(each), rng))
        return found

    def _passage_states(self, steps: Steps, of: str) -> list[bytearray]:
        """Return what system words and passage leave, each read by itself as for one prompt."""
        states = []
        for tokens, start, kept_as in (
            (steps.system, 0, _SYSTEM),
            (steps.both, len(steps.system), of),
        ):
            if len(tokens) == start:
                continue  # nothing is read
            state = self.readings.get(key_of(tokens), kept_as)
            if state is None:
                self._bring(steps.system, 0, _SYSTEM)
                if start:
                    self._bring(tokens, start, of)
                state = self.context.state(start)
            states.append(state)
        return states

    def _ask(self, asked: Sequence[_Sequence]) -> Iterator[tuple[_Sequence, int]]:
        """Evaluate what is asked of some sequences; yield each with the row of its logits."""
        rows = [
            (token, at, one)
            for one in asked
            for at, token in enumerate(one.asking, one.length - len(one.asking))
        ]
        for first in range(0, len(rows), STEP):
            part = rows[first : first + STEP]
            for end in self.context.evaluate([(token, at, one.id) for token, at, one in part]):
                _, at, one = part[end]
                if at + 1 == one.length:
                    yield one, end

    def _say(self, one: _Sequence, row: int) -> Iterator[Piece]:
        """Choose a sequence's next token; yield it, or end the sequence."""
        one.token, logprob = self._choose(self.context.logits(row), one.rng)
        if self.context.is_end(one.token):
            one.ended = True
            self.context.cut(0, one.id)
            return
        yield Piece(
            one.decoder.decode(self.context.piece(one.token)), logprob, one.length, one.draft
        )

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
            logits = self.context.logits().astype(np.float64)
        yes = np.logaddexp.reduce(logits[list(self._word("yes"))])
        no = np.logaddexp.reduce(logits[list(self._word("no"))])
        bias, factor = prompt.leans
        return bias + factor * float(yes - no)

    def state(
        self, prompt: Prompt, *, cancel: threading.Event | None = None
    ) -> NDArray[np.float32]:
        """Return the probed layer's state, (dimensions,), at the last token of what is judged.

        That is what is said of a question, or the question itself, before what is wanted in words.

        Raises:
            ModelError: the model was opened without probes, or has no such layer.
        """
        if self._tap is None:
            raise ModelError("the model was opened without probes; give it some to read states.")
        with self._at_work(cancel):
            try:
                self._judge(prompt, self._tap)
            except BaseException:
                self._tap.close()
                raise
            return self._tap.take()

    @contextmanager
    def _at_work(self, cancel: threading.Event | None) -> Iterator[None]:
        """Hold the lane for one piece of work; what a stopped one has read is forgotten."""
        with LANE:
            self._take(cancel)
            try:
                yield
            except CancelledError:
                self.forget()
                raise
            finally:
                self.context.cancel = None

    def _take(self, cancel: threading.Event | None) -> None:
        if self.context.closed:
            raise ModelError("the model has been closed; open the assistant again.")
        if cancel is not None and cancel.is_set():
            raise CancelledError("stopped; ask again when you like.")
        self.context.cancel = cancel

    def _word(self, word: str) -> set[int]:
        forms = (word, word.capitalize(), word.upper())
        spellings = [self.context.tokenize(space + form) for form in forms for space in ("", " ")]
        return {tokens[0] for tokens in spellings if len(tokens) == 1}

    def _choose(self, logits: NDArray[np.float32], rng: np.random.Generator) -> tuple[int, float]:
        """Return the next token and its log-probability at temperature 1."""
        import numpy as np

        top = float(logits.max())
        total = float(np.log(np.exp(logits - top).sum()))
        if self._temperature == 0:
            token = int(logits.argmax())
        else:
            scaled = (logits - top).astype(np.float64) / self._temperature
            weights = np.exp(scaled)
            token = int(rng.choice(len(logits), p=weights / weights.sum()))
        return token, float(logits[token]) - top - total


def _fingerprint(path: Path) -> str:
    """Return what tells a model's file from others: its size and parts spread over all of it."""
    size = path.stat().st_size
    found = hashlib.sha256(str(size).encode())
    with path.open("rb") as stream:
        for part in range(_SAMPLES):
            stream.seek(max(0, size - _SAMPLE) * part // (_SAMPLES - 1))
            found.update(stream.read(_SAMPLE))
    return found.hexdigest()
