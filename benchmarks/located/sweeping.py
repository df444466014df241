"""Every sentence of every document, held against a second reading where `rag` says it stands.

No model is asked: this is what the readers alone are worth, and each sentence that could be cited
counts, not only those that a question happens to draw. What the second look is worth is shown by
the same sentences told at another place of their file: it should find them wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.documents import FOLDER
from benchmarks.located.scoring import Look, look
from benchmarks.located.second import letters
from benchmarks.runs import share
from rag.documents import header_end, places
from rag.documents.worker import Worker
from rag.errors import DocumentError
from rag.passages import split_passages
from rag.types import Document

_MOST_TOKENS = 200  # of a passage; words, here


@dataclass(frozen=True, slots=True)
class Swept:
    """A sentence and what a second look at it came to.

    Attributes:
        elsewhere: the look at it told at another place; None where its file has no other.
    """

    citation: dict[str, Any]
    look: Look
    elsewhere: Look | None

    @property
    def kind(self) -> str:
        """The suffix of its file."""
        return Path(self.citation["source"]).suffix


def sweep(only: str = "", folder: Path = FOLDER) -> Iterator[Swept]:
    """Look up every sentence of the files whose name holds a part; files not read are passed."""
    with Worker() as worker:
        for file in sorted(folder.iterdir()):
            if only not in file.name:
                continue
            try:
                documents = worker.read(file, root=folder).documents
            except DocumentError:
                continue
            for document in documents:
                for citation in citations(document):
                    other = moved(citation, document)
                    found = look(other, (), folder) if other else None
                    yield Swept(citation, look(citation, (), folder), found)


def citations(document: Document) -> Iterator[dict[str, Any]]:
    """Yield every sentence of a document that holds a letter or digit, as it would be cited."""
    passages = split_passages(
        document,
        count_tokens=lambda texts: [len(text.split()) for text in texts],
        max_tokens=_MOST_TOKENS,
    )
    ahead = header_end(document)
    every = (sentence for passage in passages for sentence in passage.sentences)
    for sentence in filter(lambda sentence: letters(sentence.text), every):
        found = places(document, sentence.start, sentence.end)
        yield {
            "source": document.source,
            "inside": document.inside,
            "places": [place.to_json() for place in found],
            "quote": sentence.text,
            "resolves": document.text[sentence.start : sentence.end] == sentence.text,
            "in_header": sentence.end <= ahead,
        }


def moved(citation: Mapping[str, Any], document: Document) -> dict[str, Any] | None:
    """Return a sentence told at the next place of its widest kind, at the one before if last.

    A heading that stands above the sentence too is passed over, since that would be no error.
    """
    for place in citation["places"]:
        kind, here = place["kind"], {place["value"], place["last"]}
        marks = [m for m in document.marks if m.kind == kind and m.value]
        if kind == "line":
            last = int(place["last"] or place["value"])
            return {**citation, "places": [{"kind": kind, "value": str(last + 1), "last": ""}]}
        at = next(i for i, mark in enumerate(marks) if mark.value == place["value"])
        for mark in (*marks[at:], *reversed(marks[:at])):
            if mark.value not in here and not place["value"].startswith(mark.value):
                return {**citation, "places": [{"kind": kind, "value": mark.value, "last": ""}]}
    return None


def table(every: Sequence[Swept]) -> str:
    """Return the sentences of each kind of file, and how many stand where they are said to."""
    lines = [
        "| files | sentences | place right, read a second time | told elsewhere, taken for right |",
        "|---|---|---|---|",
    ]
    read = [each for each in every if each.look.place != "not read twice"]
    names = sorted({each.kind for each in read})
    for name, some in [*((n, [e for e in read if e.kind == n]) for n in names), ("all", read)]:
        right = sum(each.look.place == "right" for each in some)
        others = [each.elsewhere.place == "right" for each in some if each.elsewhere]
        cells = (name, f"{len(some):,}", share(right, len(some)), share(sum(others), len(others)))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
