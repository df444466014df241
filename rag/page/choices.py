"""What is chosen for the whole page, and what brings it about: settings, words, models, measuring.

One of it serves every window, as there is one model.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any

from rag.catalogue import Downloads, Offer
from rag.catalogue.downloading import offers
from rag.config import Settings
from rag.errors import NotKeptError, PreferencesError
from rag.measuring import Measuring
from rag.page.desk import Desk
from rag.preferences import PreferenceFile, Preferences
from rag.render import words


class Choices:
    """What holds, and how it is changed.

    Args:
        desk: answers by it.
        file: where it is kept; the one of the data folder by default.
        downloads: brings models here.
        measuring: runs `rag eval` beside the page.

    Attributes:
        fault: what was wrong with a language file, with its cure; "" where nothing was.
    """

    def __init__(
        self,
        desk: Desk,
        file: PreferenceFile | None = None,
        *,
        downloads: Downloads | None = None,
        measuring: Measuring | None = None,
    ) -> None:
        self.desk = desk
        self.file = file or PreferenceFile()
        self.downloads = downloads or Downloads()
        self.measuring = measuring or Measuring()
        self.fault = ""
        self._base = desk.settings

    @property
    def now(self) -> Preferences:
        """What holds."""
        return self.file.now

    @property
    def settings(self) -> Settings:
        """How the next question is answered."""
        return self.now.to_settings(self._base)

    def choose(self, **changes: Any) -> tuple[str, Future[None] | None]:
        """Choose something, from the next question on and for the next time.

        Returns:
            What has to be told where it cannot be kept, "" where it is; and where questions are
            answered otherwise from now on, what is done as soon as that is so.

        Raises:
            PreferencesError: a value is out of its range, and nothing has changed.
        """
        before, told = self.settings, ""
        try:
            self.file.choose(**changes)
        except NotKeptError as error:
            told = str(error)
        changed = self.settings != before
        return told, self.desk.change(self.settings) if changed else None

    def remember(self, collection: str) -> None:
        """Begin with a collection the next time; what is no name is not remembered."""
        with suppress(PreferencesError):  # a file that cannot be written is told in the settings
            self.file.choose(collection=collection)

    def speak(self) -> None:
        """Speak the language that is chosen; English where its file cannot be used."""
        self.fault = ""
        code = self.now.language
        try:
            words.speak(words.load(code), code)
        except PreferencesError as error:
            self.fault = f"{error} English is spoken meanwhile."
            words.speak({})

    def choose_language(self, code: str) -> str:
        """Speak another language from now on, and lay the page out anew.

        Returns:
            What has to be told, "" where there is nothing.

        Raises:
            PreferencesError: there is no such language, or its file cannot be used.
        """
        words.load(code)
        told, _ = self.choose(language=code)
        self.speak()
        self.desk.redraw()
        return told

    def models(self) -> Iterator[Offer]:
        """Yield the models of the catalogue that write answers, with how they stand here."""
        yield from offers()

    def own_models(self) -> list[str]:
        """Return the names of one's own model files that are there."""
        return [name for name, path in self.now.own_models.items() if Path(path).is_file()]

    def close(self) -> None:
        """Stop what is under way beside the page."""
        self.downloads.close()
        self.measuring.close()
