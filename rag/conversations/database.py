"""The file the conversations are in: opened, brought up to date, told when it cannot be used.

SQLite in WAL mode: a commit is on the disk when it returns, and a process that is killed leaves
what was committed and nothing of the rest. docs/conversations.md has the tables.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rag.conversations.rows import VIEWS, question_words, words_of
from rag.conversations.words import spread
from rag.errors import ConversationError, ConversationsDamagedError

FILE = "conversations.sqlite3"
BUSY_S = 20.0  # how long another process is waited for
APPLICATION = 0x466F6F74  # "Foot": how the file is known to be ours
_BESIDE = ("", "-wal", "-shm")
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

_FIRST = """
CREATE TABLE conversations (
  key INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  title TEXT NOT NULL,
  collection TEXT NOT NULL,
  created TEXT NOT NULL,
  changed TEXT NOT NULL,
  asked INTEGER NOT NULL
);
CREATE INDEX conversations_by_change ON conversations (changed DESC, key DESC);
CREATE TABLE turns (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  conversation INTEGER NOT NULL REFERENCES conversations (key) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  typed TEXT NOT NULL,
  asked TEXT NOT NULL,
  asked_at TEXT NOT NULL,
  model TEXT NOT NULL,
  collection TEXT NOT NULL,
  state TEXT NOT NULL,
  error TEXT NOT NULL DEFAULT '',
  run TEXT NOT NULL,
  UNIQUE (conversation, number)
);
CREATE INDEX turns_unsettled ON turns (state) WHERE state = 'asking';
CREATE TABLE answers (
  turn INTEGER PRIMARY KEY REFERENCES turns (key) ON DELETE CASCADE,
  answer TEXT,
  proven TEXT
);
CREATE TABLE feedback (
  turn INTEGER PRIMARY KEY REFERENCES turns (key) ON DELETE CASCADE,
  thumb TEXT NOT NULL,
  reason TEXT NOT NULL,
  words TEXT NOT NULL,
  given TEXT NOT NULL
);
"""
# A word is what Python finds to be one (`words.py`); the index only tells them apart at spaces.
# The row of a turn has its key, that of a title the conversation's, below zero.
_SECOND = """
CREATE VIRTUAL TABLE words USING fts5 (
  title, question, answer, quote,
  tokenize = "unicode61 remove_diacritics 0 categories 'L* N* M* Co'"
);
"""


def _found_again(connection: sqlite3.Connection) -> None:
    """Put what was kept before there was a search into it."""
    for key, title in connection.execute("SELECT key, title FROM conversations"):
        add_words(connection, -key, title=title)
    rows = connection.execute(
        "SELECT key, typed, asked, answer, proven FROM turns LEFT JOIN answers ON turn = key"
    )
    for key, typed, asked, answer, proven in rows:
        question = question_words(typed, asked)
        add_words(connection, key, question=question, **words_of(answer, proven))


Migration = tuple[str, Callable[[sqlite3.Connection], None] | None]
MIGRATIONS: Sequence[Migration] = ((_FIRST, None), (_SECOND, _found_again))
"""What makes each version of its predecessor, from none: statements, then what they cannot do."""


def add_words(
    connection: sqlite3.Connection,
    row: int,
    *,
    title: str = "",
    question: str = "",
    answer: str = "",
    quote: str = "",
) -> None:
    """Have texts found from now on, in place of those of the same row."""
    connection.execute("DELETE FROM words WHERE rowid = ?", (row,))
    connection.execute(
        "INSERT INTO words (rowid, title, question, answer, quote) VALUES (?, ?, ?, ?, ?)",
        (row, *map(spread, (title, question, answer, quote))),
    )


class Database:
    """One connection that threads take turns with.

    Args:
        path: of the file; made where there is none, with a folder for it.

    Raises:
        ConversationError: it cannot be opened, is damaged, or is of a newer program.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        _private(path)
        try:
            self._connection = sqlite3.connect(
                path, timeout=BUSY_S, isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise told(error, path) from error
        try:
            self._open()
        except sqlite3.Error as error:
            self.close()
            raise told(error, path) from error
        except ConversationError:
            self.close()
            raise

    def _open(self) -> None:
        connection = self._connection
        _check_ours(connection, self.path)
        _patiently(lambda: connection.execute("PRAGMA journal_mode = WAL"))
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten
        if (sound := connection.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise sqlite3.DatabaseError(" ".join(sound.split()))
        _bring_up_to_date(connection)
        connection.executescript(VIEWS)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection, to read one state of everything.

        Raises:
            ConversationError: it cannot be read.
        """
        with self._turn("BEGIN") as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection; what is done is on the disk after the block, or nothing of it.

        Raises:
            ConversationError: it cannot be written.
        """
        with self._turn("BEGIN IMMEDIATE") as connection:
            yield connection

    @contextmanager
    def _turn(self, begin: str) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                self._connection.execute(begin)
                try:
                    yield self._connection
                    self._connection.execute("COMMIT")
                finally:
                    if self._connection.in_transaction:
                        self._connection.execute("ROLLBACK")
            except sqlite3.Error as error:
                raise told(error, self.path) from error

    def forget(self) -> None:
        """Overwrite what was deleted in the search's own pages and in the write-ahead log."""
        with self.writing() as connection:
            connection.execute("INSERT INTO words (words) VALUES ('optimize')")
        with self._lock:
            try:
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            except sqlite3.Error as error:
                raise told(error, self.path) from error


def set_aside(path: Path) -> Path:
    """Give a file that cannot be used another name beside it, and return that.

    Raises:
        ConversationError: there is none, or it cannot be renamed.
    """
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
    aside = path.with_name(f"{path.stem}-set-aside-{stamp}{path.suffix}")
    try:
        # The log first: without its file it is nothing, and a new file must not take it up.
        for end in reversed(_BESIDE):
            if end == "" or path.with_name(path.name + end).exists():
                path.with_name(path.name + end).rename(aside.with_name(aside.name + end))
    except OSError as error:
        raise ConversationError(
            f"{path} cannot be renamed ({error.strerror}). Close every program that has it open, "
            "then try again."
        ) from error
    return aside


def told(error: sqlite3.Error, path: Path) -> ConversationError:
    """Return an error of SQLite's in our words, with its cure."""
    code = getattr(error, "sqlite_errorcode", None)
    first = (code or 0) & 0xFF  # an extended code holds the plain one
    if first in _DAMAGED or (code is None and isinstance(error, sqlite3.DatabaseError)):
        return ConversationsDamagedError(
            f"The conversations in {path} are damaged ({error}). Set the file aside with `rag "
            "conversations set-aside`, or put a copy in its place; a new one is then begun, and "
            "the damaged file stays beside it."
        )
    if first in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return ConversationError(
            f"The conversations in {path} are being written by another program; nothing was "
            "changed. Try again when it is done."
        )
    if first == sqlite3.SQLITE_FULL:
        return ConversationError(
            f"There is no room left for the conversations in {path}; what was there still stands. "
            "Make room on the disk, then try again."
        )
    return ConversationError(
        f"The conversations in {path} cannot be read or written ({error}). See that the folder is "
        "there and yours to write, or name another one with RAG_DATA."
    )


def _private(path: Path) -> None:
    """Make folder and file for the owner's eyes only, where they are not there."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise ConversationError(
            f"The conversations in {path} cannot be read or written ({error.strerror}). See that "
            "the folder is there and yours to write, or name another one with RAG_DATA."
        ) from error


def _check_ours(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse what another program or a newer one of ours has written.

    Raises:
        ConversationError: it is none of this program's.
    """
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    mark = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if version > len(MIGRATIONS) and mark == APPLICATION:
        raise ConversationError(
            f"The conversations in {path} are of version {version}, which a newer program wrote, "
            f"and this one knows {len(MIGRATIONS)}. Update the program, or name another folder "
            "with RAG_DATA."
        )
    if mark != APPLICATION and tables:
        raise ConversationError(
            f"{path} is another program's database. Move it away, or name another folder with "
            "RAG_DATA."
        )


def _bring_up_to_date(connection: sqlite3.Connection) -> None:
    """Apply the migrations that are missing, each whole or not at all."""
    while True:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version >= len(MIGRATIONS):
            return
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Another process may have been quicker.
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version < len(MIGRATIONS):
                _apply(connection, version)
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")


def _apply(connection: sqlite3.Connection, version: int) -> None:
    statements, more = MIGRATIONS[version]
    # Not `executescript`, which would commit first.
    for statement in filter(str.strip, statements.split(";\n")):
        connection.execute(statement)
    if more is not None:
        more(connection)
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    connection.execute(f"PRAGMA user_version = {version + 1}")


def _patiently(change: Callable[[], object]) -> None:
    """Try what SQLite refuses at once, without waiting, while another process does the same."""
    until = time.monotonic() + BUSY_S
    while True:
        try:
            change()
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return
