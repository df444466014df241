"""What programs may ask through `gradio_client`: named endpoints, described in docs/api.md."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from rag import render
from rag.errors import RagError
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
        import gradio as gr

        try:
            within = typed(since, until, latest, map(pair, only))
            name = self.shell.collection(collection)
            asked = Question(uuid4().hex, name, render.Live(question.strip(), 1), within)
            return (await self._answered(asked)).to_json()
        except RagError as error:
            raise gr.Error(self.shell.told(error), print_exception=False) from error

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
