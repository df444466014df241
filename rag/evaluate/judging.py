"""Who judges whether quotes carry a statement: our checker, and a second judge beside it.

The checker that filters answers must not be their only judge: marked evidence leads, and another
model's word stands beside the checker's, with how often they agree.
"""

from __future__ import annotations

import json
import math
import re
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from rag import odds
from rag import prompt as prompts
from rag.config import DEFAULT_MODEL, Settings
from rag.errors import EvaluationError
from rag.llm import Witness
from rag.passages import split_sentences
from rag.prove import Claim, CoverageChecker, Rarity, WitnessedChecker
from rag.prove.claims import EXACT
from rag.prove.witness import probability
from rag.types import Citation, Document, Hit, Passage

CHECKER = "checker"
LONGEST_WORDS = 400  # of the quotes that a judge is shown, from the beginning
TIMEOUT_S = 120.0


class Judge(Protocol):
    """Whoever says whether quotes state everything in a sentence."""

    name: str

    def states_all(self, statement: str, cited: Sequence[Citation]) -> float:
        """Return the probability, 0 to 1, that the quotes of citations state all of a text."""


class CheckerJudge:
    """The checker, asked of the quotes alone, without the passages around them.

    Args:
        witness: the model that it asks.
        rarity: weights of words in the index.
        threshold: support from which a statement counts as supported, 0 to 1.
    """

    name = CHECKER

    def __init__(self, witness: Witness, rarity: Rarity, *, threshold: float) -> None:
        self._coverage = CoverageChecker(rarity)
        self._checker = WitnessedChecker(self._coverage, witness, rarity, threshold=threshold)

    def states_all(self, statement: str, cited: Sequence[Citation]) -> float:
        """Return the probability that the quotes state all; 0 where an exact fact fails."""
        claim = Claim(statement, "", tuple(map(quoted_hit, cited)))
        found = self._coverage.judge(claim)
        if found.fault in EXACT:
            return 0.0
        return probability(found, self._checker.log_odds(claim))


class ModelJudge:
    """Another model of ours or any GGUF file, asked in words.

    How much the default model leans to yes is known and taken off; others are taken at their word.

    Args:
        name: from the catalogue, or the path of a GGUF file.
        witness: the model.
    """

    def __init__(self, name: str, witness: Witness) -> None:
        self.name = Path(name).name
        self._witness = witness
        self._known = name == DEFAULT_MODEL

    def states_all(self, statement: str, cited: Sequence[Citation]) -> float:
        """Return the probability that the quotes state all of a text."""
        asked = prompts.states_in(shown(cited), statement)
        asked = asked if self._known else replace(asked, leans=(0.0, 1.0))
        return odds.probability(self._witness.log_odds(asked))


class EndpointJudge:
    """A model behind an OpenAI-compatible address, such as a server on the own network.

    What is judged is sent there, quotes and statements; nothing is sent unless an address is given.

    Args:
        address: up to and without "/chat/completions", for example http://localhost:8000/v1.
        model: its name there, "" for the address's only one.
        key: sent as bearer, "" for none.
    """

    def __init__(self, address: str, model: str = "", key: str = "") -> None:
        self.name = model or re.sub(r"^\w+://|/.*$", "", address)
        self._address = f"{address.rstrip('/')}/chat/completions"
        self._model = model
        self._key = key

    def states_all(self, statement: str, cited: Sequence[Citation]) -> float:
        """Return the probability that the quotes state all of a text, by the first word's odds.

        1 or 0 where the address gives no odds.

        Raises:
            EvaluationError: it does not answer, or neither yes nor no.
        """
        asked = prompts.states_in(shown(cited), statement)
        body = {
            "model": self._model,
            "messages": [
                {"role": "system", "content": asked.system},
                {"role": "user", "content": asked.reading + asked.asking},
            ],
            "temperature": 0,
            "max_tokens": 3,
            "logprobs": True,
            "top_logprobs": 10,
        }
        return _yes(self._send(body))

    def _send(self, body: object) -> object:
        headers = {"Content-Type": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        request = urllib.request.Request(  # noqa: S310 (the user's own address)
            self._address, json.dumps(body).encode(), headers
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as reply:  # noqa: S310
                return json.load(reply)
        except (urllib.error.URLError, TimeoutError, ValueError) as error:
            raise EvaluationError(
                f"the judge at {self.name} does not answer ({error}); start it, or give another "
                "with --judge."
            ) from error


def _yes(reply: object) -> float:
    """Return the probability of yes that a reply's first word gives."""
    try:
        choice = reply["choices"][0]  # type: ignore[index]
        word = choice["message"]["content"].strip().lower()
        rows = ((choice.get("logprobs") or {}).get("content") or [{}])[0].get("top_logprobs") or []
        chances = [(row["token"].strip().lower(), math.exp(row["logprob"])) for row in rows]
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise EvaluationError(
            "the judge's reply is not in the form of chat completions; give an address that "
            "speaks it."
        ) from error
    yes, no = (sum(p for token, p in chances if token == one) for one in ("yes", "no"))
    if yes + no:
        return yes / (yes + no)
    if word.startswith(("yes", "no")):
        return float(word.startswith("yes"))
    raise EvaluationError(f"the judge said {word!r}, neither yes nor no; give another model.")


def open_judge(name: str) -> Judge:
    """Return the second judge of that name.

    Args:
        name: from the catalogue, the path of a GGUF file, or an address, with "#model" behind it
            where it serves several.

    Raises:
        RagError: there is no such model.
    """
    if re.match(r"https?://", name):
        address, _, model = name.partition("#")
        return EndpointJudge(address, model)
    from rag.catalogue import model_path
    from rag.llm import LlamaModel

    # Without probes: it must not read the same state as the checker.
    return ModelJudge(name, LlamaModel(model_path(name), name=name, n_ctx=Settings().n_ctx))


def shown(cited: Sequence[Citation]) -> str:
    """Return what a judge is shown: each quote under its document's title, publisher and date."""
    parts = []
    for one in cited:
        known = [one.title, *(one.metadata.get(key, "") for key in ("publisher", "date"))]
        line = ", ".join(part for part in known if part)
        parts.append(f"{line}\n\n{one.quote}" if line else one.quote)
    words = "\n\n---\n\n".join(parts).split(" ")
    return " ".join(words[:LONGEST_WORDS])


def quoted_hit(one: Citation) -> Hit:
    """Return a citation's quote as a passage by itself, under its document's heading."""
    document = Document(
        id=one.document_id or one.source,
        root=one.root,
        source=one.source,
        text=one.quote,
        title=one.title,
        metadata=one.metadata,
        origins={},
        format="quote",
    )
    passage = Passage(
        id=f"{document.id}:{one.start}-{one.end}",
        document_id=document.id,
        start=0,
        end=len(one.quote),
        text=one.quote,
        sentences=tuple(split_sentences(one.quote)),
    )
    return Hit(passage, document, 0.0)
