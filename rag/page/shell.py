"""The page as a whole: its head, its tabs, and what they share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rag import render, serving
from rag.config import data_folder
from rag.errors import LibraryError, RagError
from rag.page import TITLE
from rag.page.api import Api
from rag.page.ask import AskTab
from rag.page.choices import Choices
from rag.page.conversations import ConversationsPart
from rag.page.desk import Desk
from rag.page.documents import DocumentsTab
from rag.page.session import Session
from rag.page.settings import SettingsTab
from rag.page.trust import TrustTab
from rag.render.words import say

if TYPE_CHECKING:
    import gradio as gr


# The folders of an absolute path, not what follows a word, a host or another slash.
_FOLDERS = re.compile(r"(?<![\w:/\\.])(?:[A-Za-z]:)?[/\\](?:[^\s/\\:;,“”\"'<>|]+[/\\])+")


class Shell:
    """What the tabs stand in.

    Args:
        blocks: the page that is being laid out.
        desk: what stands behind it.
        examples: questions to click.
        choices: what is chosen for it.

    Attributes:
        session: what this browser tab shows.
        quiet: parameters of every event of the page's own.
    """

    quiet: ClassVar[dict[str, Any]] = {"show_progress": "hidden", "api_visibility": "private"}

    def __init__(
        self, blocks: gr.Blocks, desk: Desk, examples: Sequence[str], choices: Choices
    ) -> None:
        """Lay out the page."""
        import gradio as gr

        self.blocks = blocks
        self.desk = desk
        self.choices = choices
        self.session = gr.State(Session())
        tagline = say("answers from your own documents, every sentence proven")
        serving.html_part(render.header_html(TITLE, tagline), "fn-top")
        with gr.Row(elem_id="fn-main"):
            with gr.Tabs(elem_id="fn-tabs") as self.tabs:
                self._lay_out_tabs(examples)
            with gr.Column(elem_id="fn-side"):
                serving.html_part(render.panel_html(), "fn-holder")
        self.ask.connect()
        if self.conversations:
            self.conversations.connect(self.ask)
        if self.documents is not None:
            self.documents.connect()
        self.api = Api(self)

    def _lay_out_tabs(self, examples: Sequence[str]) -> None:
        """Lay out the tabs in the order in which they stand."""
        import gradio as gr

        kept = self.desk.keeper
        with gr.Tab(say("Ask"), id="ask") as self.ask_tab:
            self.conversations = ConversationsPart(self, kept) if kept else None
            self.ask = AskTab(self, examples)
        self.documents: DocumentsTab | None = None
        if self.desk.library is not None:
            with gr.Tab(say("Documents"), id="documents"):
                self.documents = DocumentsTab(self)
        with gr.Tab(say("Trust"), id="trust") as tab:
            self.trust = TrustTab(self, tab)
        with gr.Tab(say("Settings"), id="settings", elem_id="fn-tab-settings"):
            self.settings = SettingsTab(self)

    def collection(self, name: str) -> str:
        """Return the name of a collection that is asked; "" stands for the desk's.

        Raises:
            LibraryError: there is none of that name.
        """
        known = self.desk.collections
        if name and name not in known:
            raise LibraryError(f"There is no collection “{name}”; there are: {', '.join(known)}.")
        return name or self.desk.collection

    def asked(self, session: Session) -> str:
        """Return the name of the collection that a tab asks."""
        return session.collection or self.desk.collection

    def refusal(self, error: RagError) -> str:
        """Return what an error says as HTML."""
        return render.note_html(self.told(error), error=True)

    @staticmethod
    def told(error: RagError) -> str:
        """Return what an error says, without the folders of this machine."""
        message = str(error)
        for folder in (data_folder(), Path.cwd(), Path.home()):
            message = message.replace(f"{folder}/", "").replace(f"{folder}\\", "")
        return _FOLDERS.sub("", message)
