"""What a set-up is worth: its model, its documents, what was withheld, and what was measured of it.

Facts only; `rag.render.trust` puts them in words. A figure is shown of a run with the same model,
documents and settings, or, told apart, of ours on the sample documents with the same model; no
other number is ever given.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from rag.config import Settings, data_folder
from rag.errors import EvaluationError
from rag.types import Answer, Document, Verdict

if TYPE_CHECKING:
    from rag.evaluate.about import Corpus

OURS = Path("benchmarks/results")
# Settings that change how soon an answer is there, and not the answer.
_NO_MATTER = frozenset({"model", "embedder", "readings_mb", "n_threads"})
_IDENTITIES: WeakKeyDictionary[Any, str] = WeakKeyDictionary()
_GUARD = Lock()


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """The model that writes.

    Attributes:
        name: as in the catalogue, or the file name of one's own.
        bytes: of its files.
        licence: SPDX identifier, "" of one's own.
        publisher: where it came from, "" of one's own.
        sha256: of its file, which was compared with the publisher's; "" of one's own.
    """

    name: str
    bytes: int
    licence: str = ""
    publisher: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """The documents that are asked.

    Attributes:
        count: how many.
        passages: how many they were cut into.
        refused: files that could not be read.
        read: ISO date of the day on which the last was read, "" where it is not known.
    """

    count: int
    passages: int
    refused: int = 0
    read: str = ""


@dataclass(frozen=True, slots=True)
class SaidFacts:
    """What came of the questions so far.

    Attributes:
        answers: how many there are.
        refused: answers that say that the documents do not.
        shown: statements.
        withheld: sentences that the model wrote and the proof did not carry, by verdict.
    """

    answers: int = 0
    refused: int = 0
    shown: int = 0
    withheld: Mapping[Verdict, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """A share of a run.

    Attributes:
        right: how many.
        of: among how many.
        low: lower end of its 95 % interval, 0 to 1.
        high: upper end.
    """

    right: int
    of: int
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Measured:
    """A run of `rag eval`.

    Attributes:
        about: what it stands on.
        figures: as run files keep them.
        same_code: it was answered by the program as it is now.
        unread: questions that the model made and nobody has looked through.
    """

    about: Mapping[str, Any]
    figures: Mapping[str, Any]
    same_code: bool
    unread: int = 0

    @property
    def day(self) -> str:
        """ISO date of the day on which it was made."""
        return str(self.about["made"])[:10]

    @property
    def questions(self) -> int:
        """How many were asked."""
        return int(self.figures["questions"])

    @property
    def seconds(self) -> float | None:
        """The median time of an answer."""
        total = self.figures.get("total") or {}
        return total.get("p50")

    def part(self, name: str) -> Part | None:
        """Return a share by its name in `Figures`; None where the run does not hold it."""
        found = self.figures.get(name)
        if not isinstance(found, Mapping) or not found.get("of") or found.get("low") is None:
            return None
        return Part(found["right"], found["of"], found["low"], found["high"])


@dataclass(frozen=True, slots=True)
class Trust:
    """What a set-up is worth.

    Attributes:
        measured: the newest run of this very set-up; None where there is none.
        samples: our newest run on the sample documents with this model; None where there is none.
    """

    model: ModelFacts
    documents: DocumentFacts
    said: SaidFacts
    measured: Measured | None = None
    samples: Measured | None = None


def model_facts(model: str) -> ModelFacts:
    """Return what is known of a model, by name or path.

    Raises:
        CatalogueError: it is not on this machine.
    """
    from rag.catalogue import CATALOGUE, model_path

    path = model_path(model)
    if model not in CATALOGUE:
        return ModelFacts(path.name, path.stat().st_size)
    row = CATALOGUE[model]
    return ModelFacts(row.name, row.bytes, row.licence, row.publisher, row.files[0].sha256)


def document_facts(index: Corpus, *, refused: int = 0) -> DocumentFacts:
    """Return what is known of an index.

    Args:
        index: that is asked.
        refused: files that could not be read.
    """
    days = [str(each.metadata.get("read", "")) for each in _described(index)]
    return DocumentFacts(len(days), len(index.passages), refused, max(days, default="")[:10])


def _described(index: Corpus) -> Iterable[Document]:
    """Return the documents, without their text where they are kept so as well."""
    found: Iterable[Document] = getattr(index, "described", None) or index.documents.values()
    return found


def said_facts(answers: Iterable[Answer]) -> SaidFacts:
    """Return what came of some answers."""
    known = list(answers)
    return SaidFacts(
        answers=len(known),
        refused=sum(answer.abstained for answer in known),
        shown=sum(len(answer.statements) for answer in known),
        withheld=Counter(said.verdict for answer in known for said in answer.withheld),
    )


def evaluations() -> Path:
    """Return the folder in which runs and question sets of the user's documents are kept."""
    return data_folder() / "evaluations"


def measured(settings: Settings, index: Corpus) -> Measured | None:
    """Return the newest run with this model, these documents and these settings.

    It is looked for where the page keeps them and where `rag eval` writes by default.
    """
    here = identity(index)
    found = [
        (about, path)
        for about, path in _runs(
            *evaluations().glob("*.json"), *OURS.glob("*.json"), *Path().glob("eval-*.json")
        )
        if about["index"].get("sha256") == here
        and _same_models(about, settings)
        and _settings(about["settings"]) == _settings(_json(settings))
    ]
    return _newest(found)


def identity(index: Corpus) -> str:
    """Return what identifies the content of an index; it is worked out once, from every passage."""
    from rag.evaluate.about import index_checksum

    with _GUARD:
        if index not in _IDENTITIES:
            _IDENTITIES[index] = index_checksum(index)
        return _IDENTITIES[index]


def samples(settings: Settings) -> Measured | None:
    """Return our newest whole run on the sample documents with this model, as it comes."""
    from rag.evaluate import sets

    folder = Path(__file__).parents[1] / OURS
    usual = _settings(_json(Settings()))
    count = len(sets.load()) if folder.is_dir() else 0
    found = [
        (about, path)
        for about, path in _runs(*folder.glob("*.json"))
        if about["questions"].get("count") == count
        and not about.get("changed")
        and _same_models(about, settings)
        and _settings(about["settings"]) == usual
    ]
    return _newest(found)


def is_samples(index: Corpus) -> bool:
    """Tell whether an index holds the sample documents, which come with marked questions."""
    from rag.evaluate import sets

    there = {document.source for document in _described(index)}
    marked = {
        evidence.source
        for question in sets.load()
        for nugget in question.nuggets
        for evidence in nugget.evidence
    }
    return marked <= there


def _runs(*paths: Path) -> Iterator[tuple[Mapping[str, Any], Path]]:
    """Yield what each result file stands on; what is none is passed over."""
    for path in {path.resolve(): path for path in paths}.values():
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue  # any JSON file may lie there
        about = value.get("about") if isinstance(value, dict) else None
        parts = ("index", "settings", "questions")
        if (
            isinstance(about, dict)
            and all(isinstance(about.get(each), dict) for each in parts)
            and about.get("system") == "footnote"
            and isinstance(about.get("made"), str)
        ):
            yield about, path


def _newest(found: Iterable[tuple[Mapping[str, Any], Path]]) -> Measured | None:
    """Return the newest of some runs that can be read."""
    from rag.evaluate.about import code_checksum
    from rag.evaluate.files import read

    for about, path in sorted(found, key=lambda pair: pair[0]["made"], reverse=True):
        try:
            run = read(path)
        except EvaluationError:
            continue
        return Measured(
            about=run.about,
            figures=run.scores.figures.to_json(),
            same_code=about.get("code_sha256") == code_checksum(),
            unread=sum(row.question.review == "new" for row in run.rows),
        )
    return None


def _same_models(about: Mapping[str, Any], settings: Settings) -> bool:
    from rag.evaluate.about import model_checksum

    return (about.get("model_sha256"), about.get("embedder_sha256")) == (
        model_checksum(settings.model),
        model_checksum(settings.embedder),
    )


def _json(settings: Settings) -> dict[str, Any]:
    from rag.evaluate.about import settings_json

    return settings_json(settings)


def _settings(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that answers depend on; what an older run does not name was usual."""
    every = {**_json(Settings()), **values}
    return {name: value for name, value in every.items() if name not in _NO_MATTER}
