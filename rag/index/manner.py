"""How a build goes about its work, and what it tells of each file while it does."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rag.documents import ReadOptions
from rag.errors import DocumentError
from rag.index.rows import Place


@dataclass(frozen=True, slots=True)
class Unread:
    """A file to be read.

    Attributes:
        file: hash of its bytes.
        places: everywhere these bytes were found, in order; it goes by the first.
        options: how it is read.
    """

    file: str
    places: tuple[Place, ...]
    options: ReadOptions

    @property
    def order(self) -> tuple[str, str, str]:
        """Where its documents stand among the others; see `DocumentRow.order`."""
        return self.places[0].root, self.places[0].source, ""

    @property
    def path(self) -> Path:
        """Absolute path of the file."""
        return self.places[0].path


@dataclass(frozen=True, slots=True)
class FileStep:
    """What becomes of one file.

    Attributes:
        what: it is being "reading", was "read", or was "refused"; so may be files inside one that
            is read.
        path: of the file.
        passages: how many were cut from it and the files inside it.
        notes: what its readers guessed, left out or found hidden.
        error: why it, or the file inside it that `error.inside` names, was refused.
    """

    what: Literal["reading", "read", "refused"]
    path: Path
    passages: int = 0
    notes: tuple[str, ...] = ()
    error: DocumentError | None = None


def _every(unread: Sequence[Unread]) -> Sequence[Unread]:
    return unread


def _nobody(step: FileStep) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Manner:
    """How a build goes about its work.

    Attributes:
        again: absolute paths of files that are read again though nothing of them has changed.
        choose: given what has to be read, those first of which the index holds an older state, it
            returns what is read now; the rest is as if it were not there until the next build.
        tell: told each step of each file, from several threads.
        may_empty: where no document is left under the paths, none is left in the index, and where
            there are none from elsewhere the index goes; otherwise that is an error.
    """

    again: Container[Path] = ()
    choose: Callable[[Sequence[Unread]], Sequence[Unread]] = _every
    tell: Callable[[FileStep], None] = _nobody
    may_empty: bool = False


PLAIN = Manner()
"""Everything is read at once, and nothing is told of single files."""
