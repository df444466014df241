"""Which documents may answer: by date, title, publisher, path and other facts."""

from __future__ import annotations

import calendar
import datetime
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from rag.errors import NothingWithinError, WithinError
from rag.passages import spoken_date
from rag.prove.words import Date, read
from rag.types import Document

DATED_BY = ("date", "updated", "created", "saved")
"""Facts that say of when a document is, the first that is known: published, updated, created; the
time of its file where no other is."""
BY_FILE = "saved"
OWN = ("title", "path", "format")
"""Facts that every document has."""
OFFERED_CHARS = 100
"""Longest value of a fact that is offered for choosing by it."""

_FIRST = ("publisher", "author", *OWN)

_ISO = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ].*)?)?)?\Z")


@dataclass(frozen=True, slots=True)
class Within:
    """What a document must be to be asked.

    Attributes:
        since: its date is this day or later; of "June 2020" the last day counts.
        until: its date is this day or earlier; of "June 2020" the first day counts.
        latest: of the documents that a question finds, the one of the latest date alone.
        only: pairs of a fact and words that stand in it ("publisher", "NBC"), case ignored: any key
            of `Document.metadata`, "title" or "format"; "path" is the path of the file or a pattern
            for it ("contracts/*", "*.pdf"). Of several pairs with one fact any will do.
        without: ids of documents that may not answer, as those left out of a collection.
    """

    since: datetime.date | None = None
    until: datetime.date | None = None
    latest: bool = False
    only: tuple[tuple[str, str], ...] = ()
    without: frozenset[str] = frozenset()

    def allows(self, document: Document) -> bool:
        """Tell whether a document may answer; one without a date is neither since nor until."""
        if document.id in self.without:
            return False
        wanted = self._by_fact().items()
        if not all(any(_fits(document, key, each) for each in words) for key, words in wanted):
            return False
        if self.since is None and self.until is None:
            return True
        span = days(document)
        if span is None:
            return False
        first, last = span
        return (self.since is None or last >= self.since) and (
            self.until is None or first <= self.until
        )

    def select(self, documents: Iterable[Document]) -> list[Document]:
        """Return the documents that may answer.

        Raises:
            NothingWithinError: there is none, or no document states such a fact.
        """
        every = list(documents)
        found = [document for document in every if self.allows(document)]
        if not found:
            self._check_facts(every)
            if not self.narrows:
                raise NothingWithinError(
                    "All documents are left out, so none may answer. Take some in again."
                )
            why = _undated(every) if self.dated else ""
            raise NothingWithinError(
                f"You have no {_documents(self.told())}{why}. Widen what is asked of them."
            )
        return found

    def _check_facts(self, documents: Sequence[Document]) -> None:
        """Refuse a fact that no document has.

        Raises:
            NothingWithinError: there is one; the message names those that there are.
        """
        known = {*OWN, *(key for document in documents for key in document.metadata)}
        for key, _ in self.only:
            if key.lower() not in known:
                raise NothingWithinError(
                    f"None of your documents has a “{key}”. Ask for one of: "
                    f"{', '.join(sorted(known))}."
                )

    @property
    def narrows(self) -> bool:
        """Whether anything is asked of a document but not to be left out."""
        return self.dated or self.latest or bool(self.only)

    @property
    def dated(self) -> bool:
        """Whether dates decide."""
        return self.since is not None or self.until is not None

    def told(self) -> str:
        """Return in words what it must be: "since 1 June 2020 whose publisher has “NBC”"."""
        facts = " and ".join(
            f"whose {key} has {' or '.join(f'“{each}”' for each in words)}"
            for key, words in self._by_fact().items()
        )
        left_out = "that are not left out" if self.without else ""
        return " ".join(filter(None, [self._when(), facts, left_out]))

    def which(self) -> str:
        """Return in words which documents are asked, "" where all are."""
        if not self.latest:
            return _documents(self.told()) if self.told() else ""
        return f"the latest found of {_documents(self.told()) if self.told() else 'all documents'}"

    def _when(self) -> str:
        """Return in words of when a document must be."""
        since, until = (
            spoken_date(each.isoformat()) if each else "" for each in (self.since, self.until)
        )
        if since and until:
            return f"of {since}" if since == until else f"between {since} and {until}"
        return f"since {since}" if since else f"until {until}" if until else ""

    def _by_fact(self) -> dict[str, list[str]]:
        """Return the words of which one must stand in each fact."""
        wanted: dict[str, list[str]] = {}
        for key, value in self.only:
            wanted.setdefault(key.lower(), []).append(value)
        return wanted


def typed(
    since: str = "",
    until: str = "",
    latest: bool = False,
    only: Iterable[tuple[str, str]] = (),
) -> Within | None:
    """Return which documents a user means, None where nothing is said of them.

    Args:
        since: a day, month or year, "" for any.
        until: the same.
        latest: see `Within`.
        only: see `Within`.

    Raises:
        WithinError: something is no date.
    """
    since, until, pairs = since.strip(), until.strip(), tuple(only)
    if not (since or until or latest or pairs):
        return None
    return Within(
        since=_typed_day("since", since) if since else None,
        until=_typed_day("until", until, last=True) if until else None,
        latest=latest,
        only=pairs,
    )


def pair(text: str) -> tuple[str, str]:
    """Return fact and words of "publisher=NBC".

    Raises:
        WithinError: it is not written so.
    """
    fact, equals, words = (part.strip() for part in text.partition("="))
    if not (equals and fact and words):
        raise WithinError(f"“{text}” names no fact and words of it; write it like publisher=NBC.")
    return fact.lower(), words


def facts(documents: Iterable[Document]) -> Mapping[str, Sequence[str]]:
    """Return what documents can be chosen by: each fact with its values, the most frequent first.

    Values too long to choose by are left out. The values of "path" are folders and files.
    """
    counts: dict[str, Counter[str]] = {key: Counter() for key in _FIRST}
    for document in documents:
        own = {**document.metadata, "title": document.title, "format": document.format}
        for key, value in own.items():
            counts.setdefault(key, Counter())[value] += 1
        path = PurePosixPath(document.source)
        counts["path"].update(str(each) for each in (path, *path.parents) if each.name)
    named = [*_FIRST, *sorted(counts.keys() - set(_FIRST))]
    return {
        key: [value for value in _frequent(counts[key]) if 0 < len(value) <= OFFERED_CHARS]
        for key in named
        if key in OWN or counts[key]
    }


def _frequent(counts: Counter[str]) -> list[str]:
    return sorted(counts, key=lambda value: (-counts[value], value.casefold(), value))


def newest(documents: Iterable[Document]) -> Document | None:
    """Return the document of the latest date, the first one of several; None if none has a date.

    The times of files, which copying sets anew, count only where no document has another date.
    """
    dated = [(span[1], document) for document in documents if (span := days(document))]
    sure = [pair for pair in dated if dated_by(pair[1]) != BY_FILE]
    return max(sure or dated, key=lambda pair: pair[0])[1] if dated else None


def days(document: Document) -> tuple[datetime.date, datetime.date] | None:
    """Return the first and the last day a document may be of; None where no date is known."""
    return _meant(document.metadata.get(dated_by(document), ""))


def dated_by(document: Document) -> str:
    """Return the fact that says of when a document is, "" where none does."""
    return next((key for key in DATED_BY if _meant(document.metadata.get(key, ""))), "")


def _undated(documents: Sequence[Document]) -> str:
    """Return how many documents have no date, or only that of their file, "" where all have one."""
    by = [dated_by(document) for document in documents]
    told = [(by.count(""), "no date"), (by.count(BY_FILE), "only the time of their file")]
    said = " and ".join(f"{count} {what}" for count, what in told if count)
    return f"; of {len(by)}, {said.replace(' ', ' have ', 1)}" if said else ""


def day(text: str, *, last: bool = False) -> datetime.date:
    """Return the day that a user means: "2020-06-12", "June 2020", "2020".

    Args:
        text: what was typed.
        last: take the last day of a month or year, not the first.

    Raises:
        ValueError: no date is meant.
    """
    if span := _meant(text):
        return span[1] if last else span[0]
    raise ValueError(f"“{text}” is no date; write it like 2020-06-12, June 2020 or 2020")


def _typed_day(what: str, text: str, *, last: bool = False) -> datetime.date:
    try:
        return day(text, last=last)
    except ValueError as error:
        raise WithinError(f"{what.capitalize()}: {error}.") from None


def _documents(told: str) -> str:
    return f"documents {told}".rstrip()


def _meant(text: str) -> tuple[datetime.date, datetime.date] | None:
    """Return the first and the last day that a written date may mean; None if it is none."""
    if iso := _ISO.match(text.strip()):
        return _span(Date(*(int(part or 0) for part in iso.groups())))
    return next((span for date in read(text).dates if date.year and (span := _span(date))), None)


def _span(date: Date) -> tuple[datetime.date, datetime.date] | None:
    first, last = date.month or 1, date.month or 12
    try:
        most = date.day or calendar.monthrange(date.year, last)[1]
        return (
            datetime.date(date.year, first, date.day or 1),
            datetime.date(date.year, last, most),
        )
    except ValueError:
        return None


def _fits(document: Document, key: str, value: str) -> bool:
    wanted, key = value.casefold(), key.lower()
    if key == "path":
        paths = [path.casefold() for path in (document.source, *document.also)]
        return any(_under(path, wanted) or fnmatchcase(path, wanted) for path in paths)
    own = {"title": document.title, "format": document.format}
    known = own.get(key) or document.metadata.get(key, "")
    return wanted in known.casefold()


def _under(path: str, folder: str) -> bool:
    return PurePosixPath(path).is_relative_to(PurePosixPath(folder))
