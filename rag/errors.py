"""Every error the package raises, one tree; each message ends with the cure.

    RagError
    ├── QuestionError            the question cannot be asked as it stands
    │   ├── EmptyQuestionError
    │   ├── QuestionTooLongError
    │   ├── WithinError
    │   └── NothingWithinError
    ├── ConfigError              a setting is out of its range
    ├── DocumentError            one file cannot be read (the run goes on)
    │   ├── UnsupportedFormatError
    │   ├── EmptyDocumentError
    │   └── UnreadableDocumentError
    ├── CatalogueError           a model cannot be had
    │   ├── UnknownModelError
    │   ├── ModelMissingError
    │   ├── ChecksumError
    │   ├── DownloadError
    │   └── DiskFullError
    ├── ModelError               the model file is there but cannot be used
    ├── StoreError               an index cannot be opened or written
    │   ├── IndexMissingError
    │   ├── IndexDamagedError
    │   ├── IndexMismatchError
    │   └── IndexBusyError
    ├── LibraryError             a collection, or a file of one, cannot be had or changed
    ├── ConversationError        what was kept of conversations cannot be read or written
    │   └── ConversationsDamagedError
    ├── PreferencesError         what was chosen is out of its range or cannot be had
    │   └── NotKeptError         what was chosen holds, and cannot be kept
    ├── EvaluationError          a question set or a run file is malformed
    └── CancelledError           the caller stopped the work

`cli.py` and `app.py` catch `RagError` and show its message; anything else is a
bug and shows its traceback.
"""

from functools import partial
from typing import Any


class RagError(Exception):
    """Base of every error of this package; `str(error)` is fit to show to a user."""


class QuestionError(RagError):
    """The question cannot be asked as it stands."""


class EmptyQuestionError(QuestionError):
    """The question holds no words."""


class QuestionTooLongError(QuestionError):
    """The question is longer than the limit."""


class WithinError(QuestionError):
    """What was said of the documents that may answer cannot be understood."""


class NothingWithinError(QuestionError):
    """No document is of those that were to be asked."""


class ConfigError(RagError):
    """A setting is out of its range."""


class DocumentError(RagError):
    """One file cannot be read.

    Attributes:
        path: the file, as given by the user.
        inside: name of the file inside it that cannot be read; "" for the file itself.
    """

    def __init__(self, message: str, *, path: str, inside: str = "") -> None:
        super().__init__(message)
        self.path = path
        self.inside = inside

    def __reduce__(self) -> tuple[Any, ...]:
        """Say how it is made anew in another process; `path` has to be named."""
        return partial(type(self), path=self.path, inside=self.inside), self.args


class UnsupportedFormatError(DocumentError):
    """No reader knows this kind of file."""


class EmptyDocumentError(DocumentError):
    """The file holds no text."""


class UnreadableDocumentError(DocumentError):
    """The file cannot be opened or decoded."""


class CatalogueError(RagError):
    """A model cannot be had."""


class UnknownModelError(CatalogueError):
    """The name stands neither in the catalogue nor for a file."""


class ModelMissingError(CatalogueError):
    """The model is known but not on this machine."""


class ChecksumError(CatalogueError):
    """A file's SHA-256 is not the publisher's; the file has been removed.

    Attributes:
        expected: hex digest the publisher names.
        actual: hex digest of what arrived.
    """

    def __init__(self, message: str, *, expected: str, actual: str) -> None:
        super().__init__(message)
        self.expected = expected
        self.actual = actual


class DownloadError(CatalogueError):
    """No place had the model."""


class DiskFullError(CatalogueError):
    """There is not room enough on the disk.

    Attributes:
        needed_bytes: what the work needs.
        free_bytes: what is free.
    """

    def __init__(self, message: str, *, needed_bytes: int, free_bytes: int) -> None:
        super().__init__(message)
        self.needed_bytes = needed_bytes
        self.free_bytes = free_bytes


class ModelError(RagError):
    """The model file is there but cannot be used."""


class StoreError(RagError):
    """An index cannot be opened or written."""


class IndexMissingError(StoreError):
    """There is no index of that name."""


class IndexDamagedError(StoreError):
    """A file of the index is missing or altered."""


class IndexMismatchError(StoreError):
    """The index was built by another embedder or another format version."""


class IndexBusyError(StoreError):
    """Another process is writing this index."""


class LibraryError(RagError):
    """A collection, or a file of one, cannot be had or changed."""


class ConversationError(RagError):
    """What was kept of conversations cannot be read or written."""


class ConversationsDamagedError(ConversationError):
    """The file the conversations are in is damaged."""


class PreferencesError(RagError):
    """What was chosen is out of its range or cannot be had."""


class NotKeptError(PreferencesError):
    """What was chosen holds until the program ends, and cannot be kept."""


class EvaluationError(RagError):
    """A question set or a run file is malformed; the message names line and field."""


class CancelledError(RagError):
    """The caller stopped the work."""
