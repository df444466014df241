"""The Documents tab: collections, what is put into them, how it stands, which may answer.

What happens on it goes by routes of our own (`document_routes.py`), not by events of Gradio: files
are streamed to the disk, and lists of thousands are looked at a page at a time.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from rag import serving
from rag.documents import SUPPORTED
from rag.documents.source import MOST_BYTES
from rag.errors import RagError
from rag.library import Collection, Library
from rag.page.desk import Desk
from rag.page.session import Session
from rag.render.documents import documents_html
from rag.render.words import say
from rag.within import Within

if TYPE_CHECKING:
    import gradio as gr

    from rag.page.shell import Shell

RENEWED_S = 20.0  # while documents are being read, a collection is opened anew so often
OCR_LANGUAGES = "eng"


class DocumentsTab:
    """The parts of the tab; what is in them is put there by `behaviour/documents.js`."""

    def __init__(self, shell: Shell) -> None:
        """Lay the tab out; `connect` says what happens."""
        import gradio as gr

        from rag.documents.pdf.ocr import missing

        self.shell = shell
        self.desk = shell.desk
        frame = documents_html(
            self.desk.collection, SUPPORTED, MOST_BYTES, ocr=not missing(OCR_LANGUAGES)
        )
        serving.html_part(frame, "fn-doc-frame")
        # Pressed by the button of the frame: only Gradio goes from one tab to another.
        self.ask = gr.Button(say("Ask this collection"), elem_id="fn-doc-ask")
        self.shown = gr.Textbox(visible=False)

    def connect(self) -> None:
        """Say which event leads to which handler."""
        shell, ask = self.shell, self.shell.ask
        asked = self.ask.click(
            self.ask_it,
            [self.shown, shell.session],
            [ask.library, ask.collection, shell.tabs],
            js="(_, session) => [window.footnote.collection(), null]",
            queue=False,
            **shell.quiet,
        )
        shell.ask_tab.select(self.offer, shell.session, ask.collection, queue=False, **shell.quiet)
        ask.changed_over(asked)

    async def ask_it(self, collection: str, session: Session) -> dict[gr.Component, Any]:
        """Go to the Ask tab, with a collection to be asked."""
        import gradio as gr

        ask = self.shell.ask
        told = await ask.choose(collection, session)
        chosen = await self.offer(session)
        return {ask.library: told, ask.collection: chosen, self.shell.tabs: gr.Tabs(selected="ask")}

    async def offer(self, session: Session) -> dict[str, Any]:
        """Offer the collections there are now, in the Ask tab."""
        import gradio as gr

        names = list(self.desk.collections)
        if session.collection not in names:
            session.collection = ""  # it was removed, or goes by another name
        chosen = self.shell.asked(session)
        update: dict[str, Any] = gr.update(choices=names, value=chosen, visible=len(names) > 1)
        return update


class Readings:
    """Lets what was read answer: opens collections anew, and goes on after a restart.

    Args:
        library: whose collections they are.
        desk: that answers from them.
    """

    def __init__(self, library: Library, desk: Desk) -> None:
        self._library = library
        self._desk = desk
        self._renewed: dict[str, tuple[str, float]] = {}
        library.listen(self._told, desk.forget)

    def narrow(self, name: str, within: Within | None) -> Within | None:
        """Return what is asked of the documents of a collection, and which are left out.

        Raises:
            RagError: what was left out is not known.
        """
        if not self._library.has(name):
            return within  # an index that was named by its path
        return self._library.get(name).within(within)

    def resume(self) -> None:
        """Go on with what the end of the program cut off, beside everything else."""
        threading.Thread(target=self._resume, name="resuming", daemon=True).start()

    def _resume(self) -> None:
        for known in self._library.collections():
            try:
                self._library.get(known.name).resume()
            except RagError:  # told where the collection is looked at
                continue

    def _told(self, collection: Collection, ended: bool) -> None:
        """Open a collection anew, if it holds other documents; seldom while it is being read."""
        if self._library.closed:
            return
        version = collection.version().split("-")[0]
        before, when = self._renewed.get(collection.name, ("", 0.0))
        soon = time.monotonic() - when < RENEWED_S
        if version == before or (soon and not ended):
            return
        self._renewed[collection.name] = version, time.monotonic()
        self._desk.renew(collection.name)
