"""The conversations themselves: asked, answered, listed, found, renamed, judged and deleted."""

from __future__ import annotations

import re
import secrets
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from rag.config import data_folder
from rag.conversations.database import FILE, Database, add_words
from rag.conversations.rows import (
    conversation_of,
    dumped,
    now,
    proven_kept,
    question_words,
    turn_of,
    words_of,
    writable,
)
from rag.conversations.running import Run, ended, sweep
from rag.conversations.values import (
    TITLE_CHARS,
    WORDS_CHARS,
    Conversation,
    Field,
    Found,
    Reason,
    Snippet,
    State,
    Thumb,
    Turn,
)
from rag.conversations.words import holds, query, snippet
from rag.errors import ConversationError
from rag.types import Answer, Statement

_ID = re.compile(r"[0-9a-f]{32}")


class Conversations:
    """What is kept of conversations; any thread may call, and several processes at once.

    Args:
        folder: where the file is; the data folder where none is given.

    Raises:
        ConversationError: the file cannot be opened, is damaged, or is of a newer program.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.path = self.path_in(folder)
        self._database = Database(self.path)
        self._run = Run(self.path)
        self._settle()
        sweep(self.path)

    @staticmethod
    def path_in(folder: Path | None = None) -> Path:
        """Return where the file of a folder is, of the data folder where none is given."""
        return (folder or data_folder()) / FILE

    def close(self) -> None:
        """Let go of the file; what is still being asked counts as interrupted from then on."""
        self._run.end()
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- asking

    def ask(
        self,
        typed: str,
        *,
        conversation_id: str = "",
        turn_id: str = "",
        asked: str = "",
        model: str = "",
        collection: str = "",
    ) -> Turn:
        """Keep a question that is being asked.

        Args:
            typed: as it was typed.
            conversation_id: the conversation it goes on with; begun where it is not there yet, and
                given an id where it is "".
            turn_id: known as this from now on; given an id where it is "".
            asked: as it is asked of the documents, where that is not as it was typed.
            model: name of the model that is to answer.
            collection: name of the documents that are asked.

        Raises:
            ConversationError: an id is no 32 hex digits, or it cannot be written.
        """
        if not all(_ID.fullmatch(given) for given in (conversation_id, turn_id) if given):
            raise ConversationError("An id has 32 hex digits; leave it out to be given one.")
        self._run.begin()
        typed, asked = writable(typed), writable(asked or typed)
        id_, moment, run = turn_id or secrets.token_hex(16), now(), self._run.name
        with self._database.writing() as rows:
            key, number = _next(rows, conversation_id, moment) or (
                _begin(rows, conversation_id, _title_of(typed), collection, moment),
                1,
            )
            turn = rows.execute(
                "INSERT INTO turns (id, conversation, number, typed, asked, asked_at, model,"
                " collection, state, run) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (id_, key, number, typed, asked, moment, model, collection, "asking", run),
            ).lastrowid
            assert turn is not None, "a row was inserted"
            add_words(rows, turn, question=question_words(typed, asked))
            return _turn(rows, id_)

    def resolved(self, turn_id: str, asked: str) -> bool:
        """Keep a question as it is asked of the documents, where that became known later."""
        with self._database.writing() as rows:
            key = _asking(rows, turn_id)
            if key is None:
                return False
            rows.execute("UPDATE turns SET asked = ? WHERE key = ?", (writable(asked), key))
            _words_again(rows, key)
            return True

    def note_progress(self, turn_id: str, proven: Sequence[Statement]) -> bool:
        """Keep what has been proven so far, in place of what had been before.

        Returns:
            Whether the question is still being asked.
        """
        with self._database.writing() as rows:
            key = _asking(rows, turn_id)
            if key is None:
                return False
            _keep(rows, key, proven=proven_kept(proven))
            return True

    def finish(self, turn_id: str, answer: Answer) -> bool:
        """Keep an answer.

        Returns:
            Whether the question was still being asked; what was settled before stays as it is.
        """
        return self._settle_turn(turn_id, State.ANSWERED, answer=answer)

    def fail(self, turn_id: str, error: str) -> bool:
        """Keep what was told instead of an answer; returns as `finish` does."""
        return self._settle_turn(turn_id, State.FAILED, error=error)

    def stop(self, turn_id: str, proven: Sequence[Statement] | None = None) -> bool:
        """Keep that the reader stopped it, and what was proven by then; returns as `finish` does.

        Args:
            turn_id: which.
            proven: None leaves what was noted.
        """
        return self._settle_turn(turn_id, State.STOPPED, proven=proven)

    def _settle_turn(
        self,
        turn_id: str,
        state: State,
        *,
        answer: Answer | None = None,
        error: str = "",
        proven: Sequence[Statement] | None = None,
    ) -> bool:
        kept = None if answer is None else dumped(answer.to_json())
        with self._database.writing() as rows:
            key = _asking(rows, turn_id)
            if key is None:
                return False
            rows.execute(
                "UPDATE turns SET state = ?, error = ? WHERE key = ?",
                (state, writable(error), key),
            )
            if kept is not None and answer is not None:
                model = writable(answer.model)
                rows.execute("UPDATE turns SET model = ? WHERE key = ?", (model, key))
                _keep(rows, key, answer=kept)
            elif proven is not None:
                _keep(rows, key, proven=proven_kept(proven))
            rows.execute(
                "UPDATE conversations SET changed = ? WHERE key ="
                " (SELECT conversation FROM turns WHERE key = ?)",
                (now(), key),
            )
            _words_again(rows, key)
            return True

    def _settle(self) -> None:
        """Mark as interrupted what was being asked by a run that is over."""
        with self._database.reading() as rows:
            runs = rows.execute("SELECT DISTINCT run FROM turns WHERE state = 'asking'").fetchall()
        over = [run for (run,) in runs if run != self._run.name and ended(self.path, run)]
        if not over:
            return
        with self._database.writing() as rows:
            for run in over:
                keys = rows.execute(
                    "UPDATE turns SET state = 'interrupted' WHERE state = 'asking' AND run = ?"
                    " RETURNING key",
                    (run,),
                ).fetchall()
                for (key,) in keys:
                    _words_again(rows, key)

    # --- reading

    def conversation(self, conversation_id: str) -> Conversation:
        """Return one conversation.

        Raises:
            ConversationError: there is none of this id.
        """
        with self._database.reading() as rows:
            found = rows.execute(
                "SELECT * FROM conversation_rows WHERE id = ?",
                (conversation_id,),
            ).fetchone()
        if found is None:
            raise _no_conversation()
        return conversation_of(found)

    def turns(self, conversation_id: str) -> tuple[Turn, ...]:
        """Return the turns of a conversation, oldest first.

        Raises:
            ConversationError: there is none of this id, or an answer cannot be read.
        """
        self.conversation(conversation_id)
        self._settle()
        with self._database.reading() as rows:
            found = rows.execute(
                "SELECT * FROM turn_rows WHERE conversation = ? ORDER BY number", (conversation_id,)
            ).fetchall()
        return tuple(map(turn_of, found))

    def turn(self, turn_id: str) -> Turn:
        """Return one turn.

        Raises:
            ConversationError: there is none of this id, or its answer cannot be read.
        """
        with self._database.reading() as rows:
            return _turn(rows, turn_id)

    def judged(self) -> tuple[Turn, ...]:
        """Return every turn that was judged, by when it was, oldest first."""
        with self._database.reading() as rows:
            found = rows.execute(
                "SELECT * FROM turn_rows WHERE thumb IS NOT NULL ORDER BY given, key"
            ).fetchall()
        return tuple(map(turn_of, found))

    def whole_id(self, beginning: str) -> str:
        """Return the id of the one conversation whose id begins so.

        Raises:
            ConversationError: there is none, or more than one.
        """
        with self._database.reading() as rows:
            found = rows.execute(
                "SELECT id FROM conversations WHERE substr(id, 1, ?) = ? LIMIT 2",
                (len(beginning), beginning),
            ).fetchall()
        if not beginning or not found:
            raise _no_conversation()
        if len(found) > 1:
            raise ConversationError(f"Several ids begin with {beginning}; give more of it.")
        return str(found[0][0])

    def count(self) -> int:
        """Return how many conversations there are."""
        with self._database.reading() as rows:
            return int(rows.execute("SELECT count(*) FROM conversations").fetchone()[0])

    def recent(self, limit: int = 50, offset: int = 0) -> tuple[Conversation, ...]:
        """Return a page of the conversations, the one changed last first."""
        with self._database.reading() as rows:
            found = rows.execute(
                "SELECT * FROM conversation_rows ORDER BY changed DESC, key DESC LIMIT ? OFFSET ?",
                (limit, offset),
            ).fetchall()
        return tuple(map(conversation_of, found))

    def search(self, sought: str, limit: int = 20, offset: int = 0) -> tuple[Found, ...]:
        """Return the conversations with every word in one turn or in the title, newest first.

        Args:
            sought: words, or beginnings of words, in any order and script; of scripts without
                spaces any stretch. Case and accents do not count.
            limit: most conversations returned.
            offset: how many of the newest are left out.
        """
        asked = query(sought)
        if not asked:
            return ()
        with self._database.reading() as rows:
            found = rows.execute(
                "SELECT c.*, hits.turn FROM ("
                " SELECT coalesce(t.conversation, -w.rowid) AS key, max(w.rowid) AS turn"
                " FROM words w LEFT JOIN turns t ON t.key = w.rowid WHERE words MATCH ?"
                " GROUP BY 1) hits JOIN conversation_rows c ON c.key = hits.key"
                " ORDER BY c.changed DESC, c.key DESC LIMIT ? OFFSET ?",
                (asked, limit, offset),
            ).fetchall()
            return tuple(_shown(rows, row, sought) for row in found)

    # --- changing

    def rename(self, conversation_id: str, title: str) -> None:
        """Give a conversation a title.

        Raises:
            ConversationError: the title has no words, or there is no such conversation.
        """
        plain = " ".join(writable(title).split())
        if not plain:
            raise ConversationError("A title needs words; type some, or leave it as it was.")
        with self._database.writing() as rows:
            key = _key(rows, conversation_id)
            rows.execute("UPDATE conversations SET title = ? WHERE key = ?", (plain, key))
            add_words(rows, -key, title=plain)

    def delete(self, conversation_id: str) -> None:
        """Delete a conversation for good: its words are overwritten on the disk.

        Raises:
            ConversationError: there is no such conversation.
        """
        with self._database.writing() as rows:
            _delete(rows, [_key(rows, conversation_id)])
        self._database.forget()

    def delete_all(self) -> int:
        """Delete every conversation for good, and return how many there were."""
        with self._database.writing() as rows:
            keys = [key for (key,) in rows.execute("SELECT key FROM conversations")]
            _delete(rows, keys)
        self._database.forget()
        return len(keys)

    def judge(
        self, turn_id: str, thumb: Thumb, reason: Reason = Reason.NONE, words: str = ""
    ) -> Turn:
        """Keep what the reader thinks of an answer, in place of what was thought before.

        Raises:
            ConversationError: there is no such turn, or it is not settled yet.
        """
        with self._database.writing() as rows:
            turn = _turn(rows, turn_id)
            if turn.state is State.ASKING:
                raise ConversationError("It is still being answered; judge it when it is done.")
            rows.execute(
                "INSERT OR REPLACE INTO feedback (turn, thumb, reason, words, given)"
                " SELECT key, ?, ?, ?, ? FROM turns WHERE id = ?",
                (thumb, reason, writable(words.strip())[:WORDS_CHARS], now(), turn_id),
            )
            return _turn(rows, turn_id)

    def withdraw(self, turn_id: str) -> Turn:
        """Forget what the reader thought of an answer.

        Raises:
            ConversationError: there is no such turn.
        """
        with self._database.writing() as rows:
            rows.execute(
                "DELETE FROM feedback WHERE turn = (SELECT key FROM turns WHERE id = ?)", (turn_id,)
            )
            return _turn(rows, turn_id)


def _title_of(question: str) -> str:
    """Return a question shortened to a title, at a word where there is one."""
    from rag.render.plain import shorten

    return shorten(question, TITLE_CHARS)


def _begin(rows: sqlite3.Connection, id_: str, title: str, collection: str, moment: str) -> int:
    """Begin a conversation and return its key."""
    key = rows.execute(
        "INSERT INTO conversations (id, title, collection, created, changed, asked)"
        " VALUES (?, ?, ?, ?, ?, 1)",
        (id_ or secrets.token_hex(16), title, collection, moment, moment),
    ).lastrowid
    assert key is not None, "a row was inserted"
    add_words(rows, -key, title=title)
    return key


def _next(rows: sqlite3.Connection, id_: str, moment: str) -> tuple[int, int] | None:
    """Return the key of a conversation and the number of its next question, None of a new one."""
    found = rows.execute(
        "UPDATE conversations SET changed = ?, asked = asked + 1 WHERE id = ? RETURNING key, asked",
        (moment, id_),
    ).fetchone()
    return None if found is None else (int(found[0]), int(found[1]))


def _key(rows: sqlite3.Connection, conversation_id: str) -> int:
    found = rows.execute(
        "SELECT key FROM conversations WHERE id = ?", (conversation_id,)
    ).fetchone()
    if found is None:
        raise _no_conversation()
    return int(found[0])


def _asking(rows: sqlite3.Connection, turn_id: str) -> int | None:
    """Return the key of a turn while it is being asked, else None."""
    found = rows.execute(
        "SELECT key FROM turns WHERE id = ? AND state = 'asking'", (turn_id,)
    ).fetchone()
    return None if found is None else int(found[0])


def _keep(
    rows: sqlite3.Connection, key: int, *, answer: str | None = None, proven: str | None = None
) -> None:
    rows.execute(
        "INSERT OR REPLACE INTO answers (turn, answer, proven) VALUES (?, ?, ?)",
        (key, answer, proven),
    )


def _words_again(rows: sqlite3.Connection, key: int) -> None:
    """Have a turn found by what it holds now."""
    typed, asked, answer, proven = rows.execute(
        "SELECT typed, t.asked, answer, proven FROM turns t LEFT JOIN answers ON turn = t.key"
        " WHERE t.key = ?",
        (key,),
    ).fetchone()
    said = words_of(answer, proven)
    add_words(rows, key, question=question_words(typed, asked), **said)


def _turn(rows: sqlite3.Connection, turn_id: str) -> Turn:
    found = rows.execute("SELECT * FROM turn_rows WHERE id = ?", (turn_id,)).fetchone()
    if found is None:
        raise ConversationError("There is no such question; its conversation was deleted.")
    return turn_of(found)


def _delete(rows: sqlite3.Connection, keys: Sequence[int]) -> None:
    for key in keys:
        rows.execute(
            "DELETE FROM words WHERE rowid = -? OR rowid IN"
            " (SELECT key FROM turns WHERE conversation = ?)",
            (key, key),
        )
        rows.execute("DELETE FROM conversations WHERE key = ?", (key,))


def _shown(rows: sqlite3.Connection, row: tuple[Any, ...], sought: str) -> Found:
    """Return what was found, with the words around it."""
    conversation, turn = conversation_of(row[:-1]), row[-1]
    if turn < 0:
        return Found(conversation, "", "title", snippet(conversation.title, sought))
    id_, typed, asked, answer, proven = rows.execute(
        "SELECT id, typed, t.asked, answer, proven FROM turns t LEFT JOIN answers ON turn = t.key"
        " WHERE t.key = ?",
        (turn,),
    ).fetchone()
    field, words = _seen(question_words(typed, asked), words_of(answer, proven), sought)
    return Found(conversation, id_, field, words)


def _seen(question: str, said: dict[str, str], sought: str) -> tuple[Field, Snippet]:
    """Return the first field of a turn that holds a word searched for, and its words there."""
    fields: tuple[tuple[Field, str], ...] = (
        ("question", question),
        ("answer", said["answer"]),
        ("quote", said["quote"]),
    )
    field, text = next((each for each in fields if holds(each[1], sought)), fields[0])
    return field, snippet(text, sought)


def _no_conversation() -> ConversationError:
    return ConversationError("There is no such conversation; it was deleted, or never was here.")
