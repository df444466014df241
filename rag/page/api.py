"""What programs may ask through `gradio_client`: named endpoints, described in docs/api.md."""

from __future__ import annotations

import base64
import binascii
from contextlib import aclosing
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from rag import render
from rag.errors import LibraryError, RagError
from rag.library import Entry, Library
from rag.page.desk import answered
from rag.page.questions import Question
from rag.types import Answer
from rag.within import pair, typed

if TYPE_CHECKING:
    from rag.page.shell import Shell


class Api:
    """The endpoints; their names and parameters are stable."""

    def __init__(self, shell: Shell) -> None:
        """Add them to the page."""
        import gradio as gr

        self.shell = shell
        self.desk = shell.desk
        gr.api(self.ask, api_name="ask", concurrency_limit=None)
        gr.api(self.collections, api_name="collections", concurrency_limit=None)
        gr.api(self.documents, api_name="documents", concurrency_limit=None)
        gr.api(self.upload, api_name="upload", concurrency_limit=None)

    async def ask(
        self,
        question: str,
        since: str = "",
        until: str = "",
        latest: bool = False,
        only: list[str] = [],  # noqa: B006  a tuple is no JSON, and nobody adds to it
        collection: str = "",
    ) -> dict[str, Any]:
        """Answer one question from the documents, every sentence with citations.

        Args:
            question: in plain words.
            since: ask only documents of this day, month or year, or after; "" for any.
            until: ask only documents of this day, month or year, or before; "" for any.
            latest: ask the latest of the documents that are found alone.
            only: ask only documents with these words in a fact, each like "publisher=NBC".
            collection: name of the documents that are asked; "" for those the page opens with.

        Returns:
            The answer as described in docs/answer-format.md.
        """
        try:
            within = typed(since, until, latest, map(pair, only))
            name = self.shell.collection(collection)
            asked = Question(uuid4().hex, name, render.Live(question.strip(), 1), within)
            return (await self._answered(asked)).to_json()
        except RagError as error:
            raise self._refused(error) from error

    async def _answered(self, question: Question) -> Answer:
        """Wait for an answer; who leaves stops the work.

        Raises:
            RagError: there is none.
        """
        self.desk.line.add(question)
        try:
            async with aclosing(question.watch()) as states:
                async for _ in states:
                    pass
        finally:
            self.desk.line.stop(question)
        return answered(question)

    async def collections(self) -> list[dict[str, Any]]:
        """Return the collections of documents.

        Returns:
            Of each its `name`, its numbers of `documents` and `passages`, whether it was
            `made_here` (not by `rag index`), and an `error` where it cannot be used.
        """
        try:
            known = await self.desk.aside(self._library().collections)
        except RagError as error:
            raise self._refused(error) from error
        return [
            {
                "name": each.name,
                "documents": each.documents,
                "passages": each.passages,
                "made_here": each.made_here,
                "error": each.error,
            }
            for each in known
        ]

    async def documents(self, collection: str = "") -> list[dict[str, Any]]:
        """Return the files of a collection and how they stand.

        Args:
            collection: its name; "" for the one the page opens with.

        Returns:
            Of each file its `source` (the path inside the collection), `title`, `format`,
            `status` (read, waiting, reading, refused, missing, changed), `bytes`, `passages`,
            `date`, `note` (what was guessed, left out or found hidden), `error`, whether it is an
            `upload` and whether it `answers` or has been left out.
        """
        try:
            name = self.shell.collection(collection)
            entries = await self.desk.aside(lambda: self._library().get(name).entries())
        except RagError as error:
            raise self._refused(error) from error
        return [_entry(each) for each in entries]

    async def upload(self, path: str, content: str, collection: str) -> dict[str, Any]:
        """Put a file into a collection and have it read.

        Args:
            path: under which the file is kept inside the collection, "contracts/2024/a.pdf".
            content: the bytes of the file, Base64.
            collection: its name; a new one is made where there is none of that name.

        Returns:
            The `source` it is kept under, its `outcome` ("new", "replaced" another content of
            that name, or the "same" as was there) and its `bytes`. `documents` tells when it has
            been read, and why not where it cannot be.
        """
        try:
            return await self.desk.aside(lambda: self._receive(path, content, collection))
        except RagError as error:
            raise self._refused(error) from error

    def _receive(self, path: str, content: str, name: str) -> dict[str, Any]:
        """Put a file into a collection.

        Raises:
            LibraryError: it is not taken.
        """
        library = self._library()
        try:
            data = base64.b64decode(content, validate=True)
        except binascii.Error as error:
            raise LibraryError("The content is no Base64; encode the bytes of the file.") from error
        found = library.get(name) if library.has(name) else library.create(name)
        with found.receive(path, len(data)) as incoming:
            incoming.write(data)
            received = incoming.finish()
        if received.outcome != "same":
            found.read()
        return {"source": received.source, "outcome": received.outcome, "bytes": received.bytes}

    def _library(self) -> Library:
        """Return the collections.

        Raises:
            LibraryError: this page has none.
        """
        if self.desk.library is None:
            raise LibraryError("This page answers from one index; `rag serve` has collections.")
        return self.desk.library

    def _refused(self, error: RagError) -> Exception:
        """Return what a program is told of an error, without folders of this machine."""
        import gradio as gr

        refused: Exception = gr.Error(self.shell.told(error), print_exception=False)
        return refused


def _entry(entry: Entry) -> dict[str, Any]:
    """Return what programs are told of a file."""
    shown = "source title format status bytes passages date note error upload answers".split()
    return {name: getattr(entry, name) for name in shown}
