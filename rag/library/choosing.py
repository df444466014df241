"""Which documents were left out: by what they are, and by where they lie when they change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from rag.index.rows import DocumentRow
from rag.library.record import LeftOut

_REMEMBERED = 50  # former ids of a file that was left out


@dataclass(slots=True)
class _Choice:
    """What was left out of one file."""

    whole: bool = False
    inside: set[str] = field(default_factory=set)
    ids: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _File:
    """What the index holds of one file: its documents by their name inside it."""

    documents: dict[str, str] = field(default_factory=dict)


Place = tuple[str, str]


class LeftOuts:
    """What was left out of a collection.

    A document that was left out stays so when its file changes, for the place is remembered with
    it; and under every other name its bytes are found, for its id is.

    Args:
        kept: as it stands in the record.
        rows: of the index.
        files: absolute folder of the uploads, whose root is written as "".
    """

    def __init__(self, kept: Iterable[LeftOut], rows: Sequence[DocumentRow], files: str) -> None:
        self._choices: dict[Place, _Choice] = {
            (each.root, each.source): _Choice(each.whole, set(each.inside), list(each.ids))
            for each in kept
        }
        self._files: dict[Place, _File] = {}
        self._places: dict[str, list[tuple[Place, str]]] = {}
        for row in rows:
            for place in row.places:
                at = ("" if place.root == files else place.root, place.source)
                inside = row.document.inside
                self._files.setdefault(at, _File()).documents[inside] = row.document.id
                self._places.setdefault(row.document.id, []).append((at, inside))

    def knows(self, id_: str) -> bool:
        """Tell whether a document is in the index."""
        return id_ in self._places

    def ids(self) -> frozenset[str]:
        """Return the ids of the documents that may not answer, also of those there once were."""
        found: set[str] = set()
        for at, choice in self._choices.items():
            found.update(choice.ids)
            here = self._files.get(at, _File()).documents
            found.update(id_ for inside, id_ in here.items() if self._is_meant(choice, inside))
        return frozenset(found)

    def leave_out(self, ids: Set[str]) -> None:
        """Leave documents out."""
        for id_ in ids:
            for at, inside in self._places.get(id_, ()):
                choice = self._choices.setdefault(at, _Choice())
                choice.inside.add(inside)
                choice.ids.append(id_)
        for at, choice in self._choices.items():
            here = self._files.get(at, _File()).documents
            if here and here.keys() <= choice.inside:
                choice.whole = True

    def take_in(self, ids: Set[str]) -> None:
        """Let documents answer again, wherever they lie."""
        for id_ in ids:
            for at, inside in self._places.get(id_, ()):
                choice = self._choices.get(at)
                if choice is None:
                    continue
                if choice.whole:
                    choice.whole = False
                    choice.inside |= self._files[at].documents.keys()
                choice.inside.discard(inside)
        for at, choice in list(self._choices.items()):
            choice.ids = [each for each in choice.ids if each not in ids]
            if not choice.whole and not choice.inside:
                del self._choices[at]

    def forget(self, places: Iterable[Place]) -> None:
        """Forget what was chosen for files that were removed."""
        for at in places:
            self._choices.pop(at, None)

    def kept(self) -> tuple[LeftOut, ...]:
        """Return what stands in the record, with the ids that the files have now."""
        self._follow()
        return tuple(
            replace(
                LeftOut(at[0], at[1], choice.whole, tuple(sorted(choice.inside)), ()),
                ids=self._ids_of(at, choice),
            )
            for at, choice in sorted(self._choices.items())
        )

    def _follow(self) -> None:
        """Leave out, by where they lie, what has been left out by what it is."""
        for id_ in self.ids() & self._places.keys():
            for at, inside in self._places[id_]:
                choice = self._choices.setdefault(at, _Choice())
                if not self._is_meant(choice, inside):
                    choice.inside.add(inside)

    def _ids_of(self, at: Place, choice: _Choice) -> tuple[str, ...]:
        here: Mapping[str, str] = self._files.get(at, _File()).documents
        now = [id_ for inside, id_ in here.items() if self._is_meant(choice, inside)]
        before = [each for each in choice.ids if each not in now][-_REMEMBERED:]
        return tuple(dict.fromkeys([*before, *now]))

    @staticmethod
    def _is_meant(choice: _Choice, inside: str) -> bool:
        return choice.whole or inside in choice.inside
