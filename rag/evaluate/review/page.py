"""The page on which a question set is looked through, and `review`, which serves it.

Gradio belongs to the extra `web`; it is imported when the page is made, and not before.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag import serving
from rag.errors import EvaluationError, RagError
from rag.evaluate.review.looks import evidence_html, head_html, progress_html
from rag.evaluate.review.sheet import ALL, OPEN, STRUCK, Decision, Sheet

if TYPE_CHECKING:
    import gradio as gr

    from rag.index import Index
    from rag.types import Document, Passage

PORT = 7861
TITLE = "Footnote: questions"
NUGGETS = 2  # answers of one question that can be edited
KEYS_TOLD = (
    "<p>Keys: <kbd>A</kbd> accept, <kbd>S</kbd> strike, <kbd>←</kbd> <kbd>→</kbd> turn, "
    "<kbd>E</kbd> edit the question. Every decision is in the file at once.</p>"
)
CLOSEST = 2  # passages shown with a question that the documents do not answer


class Library:
    """What the page knows of the documents: nothing, where no index is given.

    Args:
        index: the one the set was made of.
    """

    def __init__(self, index: Index | None = None) -> None:
        self._index = index
        self.documents: Mapping[str, Document] = {}
        if index is not None:
            self.documents = {
                source: document
                for document in index.documents.values()
                for source in (document.source, *document.also)
            }

    def closest(self, question: str) -> list[tuple[Document, Passage]]:
        """Return the passages that share most words with a question."""
        if self._index is None:
            return []
        rows = [row for row, _ in self._index.search_lexical(question, CLOSEST)]
        passages = [self._index.passages[row] for row in rows]
        return [(self._index.documents[each.document_id], each) for each in passages]


class Desk:
    """The parts of the page and what happens on them; a handler returns what it changes."""

    def __init__(self, sheet: Sheet, library: Library) -> None:
        import gradio as gr

        self.sheet = sheet
        self.library = library
        self.place = gr.State(0)
        kinds = [("all questions", ALL), ("to decide", OPEN), ("struck", STRUCK)]
        kinds += [(kind, kind) for kind in sheet.kinds()]
        with gr.Column(elem_id="rv-page"):
            with gr.Row(elem_id="rv-top"):
                self.progress = serving.html_part("", "rv-progress")
                self.kind = gr.Dropdown(
                    kinds, value=ALL, label="Show", elem_id="rv-kinds", container=False
                )
            self.head = serving.html_part("", "rv-head")
            self.text = gr.Textbox(
                label="Question", lines=2, max_lines=6, elem_id="rv-text", container=True
            )
            self.note = serving.html_part("", "rv-note")
            self.evidence = serving.html_part("", "rv-evidence")
            with gr.Accordion("What counts as right", open=False, elem_id="rv-rules") as self.rules:
                self.patterns = [
                    gr.Textbox(
                        label="It matches one of these (regular expressions, one a line)",
                        lines=1,
                        max_lines=8,
                        elem_classes="rv-pattern",
                    )
                    for _ in range(NUGGETS)
                ]
            with gr.Row(elem_id="rv-bar"):
                self.back = gr.Button("←", elem_id="rv-back")
                self.strike = gr.Button("Strike (S)", elem_id="rv-strike")
                self.accept = gr.Button("Accept (A)", variant="primary", elem_id="rv-accept")
                self.onward = gr.Button("→", elem_id="rv-onward")
            serving.html_part(KEYS_TOLD, "rv-keys")
        self._connect()

    def _connect(self) -> None:
        """Say which event leads to which handler."""
        import gradio as gr

        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        fields = [self.place, self.kind, self.text, *self.patterns]
        shown = [
            *(self.place, self.progress, self.head, self.text, *self.patterns),
            *(self.note, self.evidence, self.rules),
        ]
        # One at a time, in the order of the keys: the next question must be there before it is
        # decided on.
        lane: dict[str, Any] = {"concurrency_id": "sheet", "concurrency_limit": 1, **quiet}
        for button, decision in ((self.accept, "accepted"), (self.strike, "struck")):
            button.click(self.decided(decision), fields, shown, **lane)  # type: ignore[arg-type]
        for button, step in ((self.back, -1), (self.onward, 1)):
            button.click(self.turned(step), fields, shown, **lane)
        self.kind.input(self.turned(0), fields, shown, **lane)
        gr.on(fn=self.begin, outputs=shown, **lane)
        edits = [self.text.blur, *(each.blur for each in self.patterns)]
        kept = [self.progress, self.head, self.note, self.evidence]
        gr.on(edits, self.edit, fields, kept, **lane)

    def begin(self) -> dict[Any, Any]:
        """Show the first question that is not decided on."""
        return self._show(next(iter(self.sheet.places(OPEN)), 0))

    def decided(self, decision: Decision) -> Callable[..., dict[Any, Any]]:
        """Return the handler that takes a decision and goes on to the next open question."""

        def handle(place: int, kind: str, text: str, *patterns: str) -> dict[Any, Any]:
            try:
                self.sheet.decide(place, decision, text, self._own(place, patterns))
            except RagError as error:
                return {self.note: _told(str(error))}
            return self._show(self.sheet.open_after(place, kind))

        return handle

    def turned(self, step: int) -> Callable[..., dict[Any, Any]]:
        """Return the handler that keeps what was edited and turns to another question."""

        def handle(place: int, kind: str, text: str, *patterns: str) -> dict[Any, Any]:
            try:
                self.sheet.decide(place, "", text, self._own(place, patterns))
            except RagError as error:
                return {self.note: _told(str(error))}
            return self._show(self.sheet.turn(place, step, kind))

        return handle

    def edit(self, place: int, kind: str, text: str, *patterns: str) -> dict[Any, Any]:
        """Keep what was edited as soon as the field is left."""
        try:
            question = self.sheet.decide(place, "", text, self._own(place, patterns))
        except RagError as error:
            return {self.note: _told(str(error))}
        return {
            self.note: "",
            self.progress: progress_html(*self.sheet.progress()),
            self.head: head_html(question, place, len(self.sheet)),
            self.evidence: self._evidence(place),
        }

    def _own(self, place: int, patterns: Sequence[str]) -> Sequence[str]:
        return patterns[: len(self.sheet.questions[place].nuggets)]

    def _evidence(self, place: int) -> str:
        question = self.sheet.questions[place]
        closest = [] if question.answerable else self.library.closest(question.text)
        return evidence_html(question, self.library.documents, closest)

    def _show(self, place: int) -> dict[Any, Any]:
        """Return everything that shows a question."""
        import gradio as gr

        question = self.sheet.questions[place]
        patterns: dict[Any, Any] = {self.rules: gr.update(visible=bool(question.nuggets))}
        for number, box in enumerate(self.patterns):
            own = question.nuggets[number : number + 1]
            value = "\n".join(own[0].accept) if own else ""
            patterns[box] = gr.update(value=value, visible=bool(own))
        return {
            self.place: place,
            self.progress: progress_html(*self.sheet.progress()),
            self.head: head_html(question, place, len(self.sheet)),
            self.text: question.text,
            **patterns,
            self.note: "",
            self.evidence: self._evidence(place),
        }


def _told(message: str) -> str:
    from rag.render import note_html

    return note_html(message, error=True)


def build_page(sheet: Sheet, library: Library) -> gr.Blocks:
    """Return the page, not yet served.

    Raises:
        EvaluationError: gradio is not installed.
    """
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    try:
        import gradio  # noqa: F401
    except ModuleNotFoundError as error:
        if error.name != "gradio":
            raise
        raise EvaluationError(
            "Reviewing in the browser needs gradio: run `pip install 'rag[web]'`, or edit the "
            "file itself (field review: accepted or struck)."
        ) from error
    with serving.blocks(TITLE) as page:
        Desk(sheet, library)
    return page.queue(max_size=64)


def _head() -> str:
    """Return the looks and the keys of the page."""
    from rag.render.page import looks

    here = Path(__file__).parent
    own = (here / "view.css").read_text(encoding="utf-8")
    keys = (here / "view.js").read_text(encoding="utf-8")
    return f"<style>{looks()}{own}</style><script>{keys}</script>"


def review(
    path: Path,
    *,
    host: str = serving.HOST,
    port: int = PORT,
    index: str | None = None,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve the page for a question set until interrupted: `rag eval review`.

    Args:
        path: of the set (JSON lines); each decision replaces it in one step.
        host: the address to listen on; 127.0.0.1 is reached from this computer only.
        port: the port to listen on.
        index: the one the set was made of, by name or path: its documents are shown around the
            evidence. None shows the evidence alone.
        ready: called with the page's address once it is served.

    Raises:
        EvaluationError: the set cannot be read, or gradio is not installed.
        StoreError: the index cannot be opened.
        ConfigError: the port is taken, or others could reach the page without a password.
    """
    sheet = Sheet(path)
    library = Library(None if index is None else _opened(index))
    page = build_page(sheet, library)
    with serving.Server(host, port, password=serving.Password()) as server:
        server.show(serving.asgi(page, _head()))
        if ready is not None:
            ready(server.url)
        server.wait()


def _opened(index: str) -> Index:
    from rag.config import index_folder
    from rag.index import Index

    return Index.open(index_folder(index))
