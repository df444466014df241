"""What is kept of conversations: nothing is lost, nothing is found that is not there."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rag.conversations import (
    FILE,
    Conversations,
    Reason,
    State,
    Thumb,
    Turn,
    database,
    set_aside,
)
from rag.conversations.rows import dumped
from rag.errors import ConversationError
from rag.types import Answer
from tests.fast.kept import BRIDGE, REFUSAL, answer, cite, files, proven, withheld


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Conversations]:
    with Conversations(tmp_path) as opened:
        yield opened


def answered(kept: Conversations, question: str, said: Answer | None = None, id_: str = "") -> Turn:
    turn = kept.ask(question, conversation_id=id_, model="tiny-model", collection="seeds")
    assert kept.finish(turn.id, said or answer(proven(), question=question))
    return kept.turn(turn.id)


def inside(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path / FILE, isolation_level=None)


# --- asking and answering


def test_a_question_is_there_as_soon_as_it_is_asked(kept: Conversations, tmp_path: Path) -> None:
    asked = kept.ask(
        "and when?", asked="When does the bridge close?", model="m", collection="seeds"
    )
    with Conversations(tmp_path) as other:
        (turn,) = other.turns(asked.conversation_id)
    assert turn == asked
    assert (turn.typed, turn.asked) == ("and when?", "When does the bridge close?")
    assert (turn.state, turn.number, turn.model) == (State.ASKING, 1, "m")
    assert (turn.answer, turn.proven, turn.feedback) == (None, (), None)


def test_an_answer_comes_back_whole(kept: Conversations) -> None:
    said = answer(proven("A", cite(1)), proven("B", cite(2, "x")), out=[withheld()])
    turn = answered(kept, "When?", said)
    assert turn.state is State.ANSWERED
    assert turn.answer is not None
    assert turn.answer.to_json() == said.to_json()
    assert turn.answer.citations[0] == replace(cite(1), root="")


def test_progress_is_kept_until_the_answer_stands(kept: Conversations) -> None:
    turn = kept.ask("When?")
    assert kept.note_progress(turn.id, [proven("A")])
    assert kept.note_progress(turn.id, [proven("A"), proven("B")])
    assert [s.text for s in kept.turn(turn.id).proven] == ["A", "B"]
    assert kept.finish(turn.id, answer(proven("C")))
    assert kept.turn(turn.id).proven == ()


def test_what_is_settled_stays_as_it_is(kept: Conversations) -> None:
    turn = kept.ask("When?")
    kept.note_progress(turn.id, [proven("A")])
    assert kept.stop(turn.id)
    assert not kept.finish(turn.id, answer(proven("B")))
    assert not kept.note_progress(turn.id, [])
    assert not kept.fail(turn.id, "no")
    found = kept.turn(turn.id)
    assert (found.state, [s.text for s in found.proven]) == (State.STOPPED, ["A"])


def test_a_failure_is_kept_with_what_was_told(kept: Conversations) -> None:
    turn = kept.ask("When?")
    assert kept.fail(turn.id, "The model is not here; fetch it.")
    assert kept.turn(turn.id).state is State.FAILED
    assert kept.turn(turn.id).error == "The model is not here; fetch it."


def test_a_follow_up_is_numbered_and_made_whole_later(kept: Conversations) -> None:
    first = answered(kept, "When does the bridge close?")
    second = kept.ask("and why?", conversation_id=first.conversation_id)
    assert second.number == 2
    assert kept.resolved(second.id, "Why does the bridge close?")
    (_, turn) = kept.turns(first.conversation_id)
    assert (turn.typed, turn.asked) == ("and why?", "Why does the bridge close?")
    assert kept.search("why bridge")[0].turn_id == second.id


def test_a_conversation_is_begun_under_an_id_given_before(kept: Conversations) -> None:
    turn = kept.ask("When?", conversation_id="ab" * 16)
    assert turn.conversation_id == "ab" * 16
    assert kept.ask("And?", conversation_id="ab" * 16).number == 2
    assert kept.ask("So?", turn_id="cd" * 16).id == "cd" * 16
    for ids in ({"conversation_id": "../../etc"}, {"turn_id": "CD" * 16}):
        with pytest.raises(ConversationError, match="32 hex digits"):
            kept.ask("When?", **ids)


def test_half_characters_are_kept_as_what_a_file_can_hold(kept: Conversations) -> None:
    turn = answered(kept, "When \ud800?", answer(proven("It is \udfff \ud83d\ude00.", cite(1))))
    assert turn.typed == "When \ufffd?"
    assert turn.answer is not None
    assert turn.answer.statements[0].text == "It is \ufffd \U0001f600."


def test_many_threads_at_once_lose_nothing(kept: Conversations) -> None:
    wrong: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for i in range(8):
                turn = answered(kept, f"question {number} {i}", id_=f"{number:032x}")
                assert kept.search(f"question {number}")
                assert turn.number == i + 1
        except BaseException as error:  # noqa: BLE001 (told in the main thread)
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert kept.count() == 8
    assert {c.turns for c in kept.recent()} == {8}


# --- listing and finding


def test_the_list_is_newest_first_in_pages(kept: Conversations) -> None:
    turns = [answered(kept, f"question {i}") for i in range(5)]
    answered(kept, "once more", id_=turns[0].conversation_id)
    assert [c.title for c in kept.recent(3)] == ["question 0", "question 4", "question 3"]
    assert [c.title for c in kept.recent(3, 3)] == ["question 2", "question 1"]
    assert kept.count() == 5
    assert kept.recent(1)[0].turns == 2


def test_a_title_is_the_first_question_cut_at_a_word_until_it_is_renamed(
    kept: Conversations,
) -> None:
    turn = answered(
        kept, "When does the harbour bridge close,\n and what will the repairs of it cost?"
    )
    id_ = turn.conversation_id
    assert kept.conversation(id_).title == (
        "When does the harbour bridge close, and what will the …"
    )
    kept.rename(id_, "  The\tbridge ")
    answered(kept, "And the ferry?", id_=id_)
    assert kept.conversation(id_).title == "The bridge"
    (found,) = kept.search("the bridge")
    assert found.conversation.id == id_
    with pytest.raises(ConversationError, match="needs words"):
        kept.rename(id_, " \n")
    with pytest.raises(ConversationError, match="no such conversation"):
        kept.rename("0" * 32, "x")


@pytest.mark.parametrize(
    ("text", "sought"),
    [
        pytest.param("Der Straße nach Köln", "strasse koln", id="german"),
        pytest.param("東京都の人口は1400万人です。", "人口", id="japanese"),
        pytest.param("北京是中华人民共和国的首都", "共和国", id="chinese"),
        pytest.param("サービスを終了", "サービス", id="katakana"),
        pytest.param("เมืองหลวงของไทยคือกรุงเทพ", "หลวง", id="thai"),
        pytest.param("हिन्दी में समाचार", "समाचार", id="hindi"),
        pytest.param("שָׁלוֹם עולם", "שלום", id="hebrew points"),
        pytest.param("أَهْلًا بالعالم", "اهلا", id="arabic points"),
        pytest.param("Ο Έλληνας είπε", "ελληνας", id="greek accents"),
        pytest.param("Привет, ёлка", "ПРИВЕТ елка", id="russian"),
        pytest.param("가나다라는 것", "가나다", id="korean"),
        pytest.param("cafe\u0301 au lait", "café", id="decomposed"),
        pytest.param("ｆｕｌｌ width", "full", id="full width"),
        pytest.param("It costs 4.2 million euros", "4.2 mill", id="numbers and beginnings"),
        pytest.param('don\'t "quote" OR NEAR(it)*', 'don\'t OR "quote" near(', id="syntax"),
        pytest.param("snake_case-and-dash", "case dash", id="joined words"),
    ],
)
def test_words_of_every_script_are_found_and_shown(
    kept: Conversations, text: str, sought: str
) -> None:
    turn = answered(kept, "Q?", answer(proven(text, cite(1, "z"))))
    answered(kept, "Something else", answer(proven("entirely", cite(1, "other"))))
    (found,) = kept.search(sought)
    assert (found.turn_id, found.field) == (turn.id, "answer")
    assert any(hit for _, hit in found.snippet)


@pytest.mark.parametrize("sought", ["", "  ", "?!", "\"*'", "absent", "bridge absent", "ridge"])
def test_nothing_is_found_where_nothing_is(kept: Conversations, sought: str) -> None:
    answered(kept, "When does the bridge close?")
    assert kept.search(sought) == ()


def test_questions_answers_and_quotes_are_searched_and_told_apart(kept: Conversations) -> None:
    said = answer(proven("It shuts.", cite(1, "A " * 90 + "needle in the middle" + " b" * 90)))
    turn = answered(kept, "When does the bridge close?", said)
    assert [f.field for f in kept.search("bridge")] == ["question"]
    assert kept.search("shuts")[0].field == "answer"
    (found,) = kept.search("NEEDLE")
    assert (found.field, found.turn_id) == ("quote", turn.id)
    words = "".join(piece for piece, _ in found.snippet)
    assert words.startswith("… ")
    assert words.endswith(" …")
    assert [piece for piece, hit in found.snippet if hit] == ["needle"]


def test_what_was_withheld_is_not_searched(kept: Conversations) -> None:
    answered(kept, "When?", answer(proven(), out=[withheld("The bridge is crimson.")]))
    assert kept.search("crimson") == ()


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five thousand conversations, written as the store writes them but in one transaction."""
    folder = tmp_path_factory.mktemp("crowded")
    with Conversations(folder):
        pass
    rng = random.Random(3)
    words = [f"w{rng.randrange(10**6)}" for _ in range(4000)]
    connection = inside(folder)
    connection.execute("BEGIN")
    for n in range(1, 5001):
        moment = f"2026-01-01T00:{n // 60 % 60:02}:{n % 60:02}.{n:06}+00:00"
        connection.execute(
            "INSERT INTO conversations VALUES (?, ?, ?, 'seeds', ?, ?, 2)",
            (n, f"{n:032x}", f"title {n}", moment, moment),
        )
        database.add_words(connection, -n, title=f"title {n}")
        for number in (1, 2):
            key = 2 * n + number - 2
            said = " ".join(rng.choices(words, k=60))
            value = answer(proven(f"The bridge {said}", cite(1, f"{BRIDGE} {said} needle{key}")))
            connection.execute(
                "INSERT INTO turns VALUES (?, ?, ?, ?, 'q', 'q', ?, 'm', 's', 'answered', '', '')",
                (key, f"{key:032x}", n, number, moment),
            )
            connection.execute(
                "INSERT INTO answers VALUES (?, ?, NULL)", (key, dumped(value.to_json()))
            )
            database.add_words(
                connection,
                key,
                question="q",
                answer=value.statements[0].text,
                quote=value.citations[0].quote,
            )
    connection.execute("COMMIT")
    connection.close()
    return folder


@pytest.mark.parametrize("sought", ["needle7777", "the bridge", "b", "needle", "title 4999"])
def test_five_thousand_conversations_are_searched_at_once(crowded: Path, sought: str) -> None:
    with Conversations(crowded) as kept:
        taken = []
        for _ in range(5):
            begun = time.perf_counter()
            found = kept.search(sought)
            taken.append(time.perf_counter() - begun)
        assert found
        assert min(taken) < 0.05
        begun = time.perf_counter()
        assert len(kept.recent(50)) == 50
        assert time.perf_counter() - begun < 0.05
        pages = [f.conversation.id for at in range(0, 60, 20) for f in kept.search("the", 20, at)]
        assert len(set(pages)) == 60


# --- changing and deleting


def test_what_is_deleted_is_gone_from_the_disk(kept: Conversations, tmp_path: Path) -> None:
    stays = answered(kept, "What stays?")
    goes = answered(kept, "xylophones?", answer(proven("quizzical", cite(1, "zugzwang"))))
    kept.judge(goes.id, Thumb.UP, words="jackdaws")
    kept.rename(goes.conversation_id, "vexillology")
    secrets = [b"xylophone", b"quizzical", b"zugzwang", b"jackdaws", b"vexillology"]
    assert all(secret in files(tmp_path) for secret in secrets)
    kept.delete(goes.conversation_id)
    assert [s for s in secrets if s in files(tmp_path)] == []
    assert kept.search("xylophones") == ()
    assert [c.id for c in kept.recent()] == [stays.conversation_id]
    for gone in (kept.turns, kept.conversation, kept.delete):
        with pytest.raises(ConversationError, match="no such conversation"):
            gone(goes.conversation_id)
    with pytest.raises(ConversationError, match="no such question"):
        kept.turn(goes.id)
    assert inside(tmp_path).execute("SELECT count(*) FROM feedback").fetchone() == (0,)


def test_an_answer_to_what_was_deleted_meanwhile_is_let_go(kept: Conversations) -> None:
    turn = kept.ask("When?")
    kept.delete(turn.conversation_id)
    assert not kept.note_progress(turn.id, [proven()])
    assert not kept.finish(turn.id, answer(proven()))
    assert kept.count() == 0


def test_all_can_be_deleted(kept: Conversations, tmp_path: Path) -> None:
    for question in ("xylophones?", "quizzical?"):
        answered(kept, question)
    assert kept.delete_all() == 2
    assert (kept.count(), kept.search("xylophones")) == (0, ())
    assert b"xylophone" not in files(tmp_path)
    assert answered(kept, "xylophones?").number == 1


def test_a_judgement_can_be_changed_and_withdrawn(kept: Conversations) -> None:
    turn = answered(kept, "When?")
    judged = kept.judge(turn.id, Thumb.DOWN, Reason.WRONG, "  it is May  ")
    assert judged.feedback is not None
    assert (judged.feedback.thumb, judged.feedback.reason) == (Thumb.DOWN, Reason.WRONG)
    assert judged.feedback.words == "it is May"
    changed = kept.judge(turn.id, Thumb.UP)
    assert changed.feedback is not None
    assert (changed.feedback.thumb, changed.feedback.words) == (Thumb.UP, "")
    assert kept.judged() == (changed,)
    assert kept.withdraw(turn.id).feedback is None
    assert kept.judged() == ()


def test_only_what_is_settled_is_judged(kept: Conversations) -> None:
    turn = kept.ask("When?")
    with pytest.raises(ConversationError, match="still being answered"):
        kept.judge(turn.id, Thumb.UP)
    with pytest.raises(ConversationError, match="no such question"):
        kept.judge("0" * 32, Thumb.UP)


# --- crashes and other processes

CHILD = """
import sys
from pathlib import Path
from rag.conversations import Conversations
from tests.fast.kept import answer, cite, proven
kept = Conversations(Path(sys.argv[1]))
name, count, id_ = sys.argv[2:]
for n in range(int(count)):
    turn = kept.ask(f"{name} question {n}", conversation_id=id_)
    print("asked", turn.id, flush=True)
    kept.note_progress(turn.id, [proven(f"{name} proven {n}", cite(1, "words " * 400))])
    print("noted", turn.id, flush=True)
    kept.finish(turn.id, answer(proven(f"{name} answer {n}", cite(1, "words " * 400))))
    print("done", turn.id, flush=True)
"""


def child(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, *words],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def killed(folder: Path, name: str, after_lines: int, wait_s: float) -> dict[str, str]:
    """Kill a process that asks, and return how far it said it was with each turn."""
    process = child(str(folder), name, "100000", "")
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(after_lines)]
    time.sleep(wait_s)
    os.kill(process.pid, signal.SIGKILL)
    rest = process.stdout.read()
    process.wait()
    process.stdout.close()
    told = ("".join(lines) + rest).splitlines()
    return {line.split()[1]: line.split()[0] for line in told if len(line.split()) == 2}


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_process_killed_at_any_moment_loses_nothing_that_it_had_kept(tmp_path: Path) -> None:
    rng = random.Random(11)
    told: dict[str, str] = {}
    for n in range(8):
        told |= killed(tmp_path, f"child{n}", 1 + rng.randrange(9), rng.random() * 0.02)
        with Conversations(tmp_path) as kept:
            seen = [t for c in kept.recent(10_000) for t in kept.turns(c.id)]
            assert {t.state for t in seen} <= {State.ANSWERED, State.INTERRUPTED}
            states = {t.id: t for t in seen}
            for id_, word in told.items():
                turn = states[id_]
                if word == "done":
                    assert turn.state is State.ANSWERED
                if turn.state is State.INTERRUPTED and word == "noted":
                    assert turn.proven[0].text.startswith("child")
                    assert kept.search(turn.proven[0].text)[0].turn_id == id_
            assert kept.search(f"child{n} question")
        connection = inside(tmp_path)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.execute("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)")
        connection.close()
    assert len(told) > 8
    assert not list(tmp_path.glob("*-run-*"))


WAITING = """
import sys
from pathlib import Path
from rag.conversations import Conversations
kept = Conversations(Path(sys.argv[1]))
print(kept.ask("Theirs?").id, flush=True)
sys.stdin.read()
"""


def test_a_question_is_interrupted_only_when_its_process_is_gone(tmp_path: Path) -> None:
    words = [sys.executable, "-c", WAITING, str(tmp_path)]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        id_ = process.stdout.readline().strip()
        with Conversations(tmp_path) as kept:
            asked = kept.ask("Mine?")
            conversation = kept.turn(id_).conversation_id
            assert kept.turns(conversation)[0].state is State.ASKING
            process.kill()
            process.wait()
            assert kept.turns(conversation)[0].state is State.INTERRUPTED
            assert kept.turns(asked.conversation_id)[0].state is State.ASKING


def test_two_processes_write_one_file_at_once(tmp_path: Path) -> None:
    both = [child(str(tmp_path), name, "25", "ab" * 16) for name in ("left", "right")]
    for process in both:
        out, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        assert out.count("done") == 25
    with Conversations(tmp_path) as kept:
        turns = kept.turns("ab" * 16)
        assert [t.number for t in turns] == list(range(1, 51))
        assert {t.state for t in turns} == {State.ANSWERED}
        assert len(kept.search("left answer 24")) == 1


def test_closing_leaves_what_is_asked_interrupted(tmp_path: Path) -> None:
    with Conversations(tmp_path) as kept:
        turn = kept.ask("When?")
        kept.note_progress(turn.id, [proven("Sealed.")])
    with Conversations(tmp_path) as kept:
        found = kept.turn(turn.id)
        assert (found.state, found.proven[0].text) == (State.INTERRUPTED, "Sealed.")


# --- the file


def test_a_file_of_version_1_is_brought_up_to_date(tmp_path: Path) -> None:
    connection = inside(tmp_path)
    statements, more = database.MIGRATIONS[0]
    assert more is None
    connection.executescript(statements)
    connection.execute(f"PRAGMA application_id = {database.APPLICATION}")
    connection.execute("PRAGMA user_version = 1")
    moment = "2026-01-01T00:00:00.000000+00:00"
    connection.execute(
        "INSERT INTO conversations VALUES (1, ?, 'Old title', 'seeds', ?, ?, 2)",
        ("a" * 32, moment, moment),
    )
    for key, kept_answer, noted in (
        (1, dumped(answer(proven()).to_json()), None),
        (2, None, dumped([proven("The ferry runs.").to_json()])),
    ):
        connection.execute(
            "INSERT INTO turns VALUES (?, ?, 1, ?, 'When?', 'When?', ?, 'm', 'seeds', ?, '', 'x')",
            (key, f"{key:032x}", key, moment, "answered" if kept_answer else "asking"),
        )
        connection.execute("INSERT INTO answers VALUES (?, ?, ?)", (key, kept_answer, noted))
    connection.close()
    with Conversations(tmp_path) as kept:
        first, second = kept.turns("a" * 32)
        assert first.answer is not None
        assert first.answer.to_json() == answer(proven()).to_json()
        assert second.state is State.INTERRUPTED
        assert kept.search("old title")[0].turn_id == ""
        assert kept.search("ferry runs")[0].turn_id == second.id
        assert kept.search("eleven weeks")[0].field == "quote"
    version = inside(tmp_path).execute("PRAGMA user_version").fetchone()
    assert version == (len(database.MIGRATIONS),)


def test_a_migration_that_fails_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Conversations(tmp_path) as kept:
        answered(kept, "When?")
    before = inside(tmp_path).execute("SELECT name FROM sqlite_master").fetchall()
    broken = ("CREATE TABLE more (x);\nINSERT INTO absent VALUES (1);\n", None)
    monkeypatch.setattr(database, "MIGRATIONS", (*database.MIGRATIONS, broken))
    with pytest.raises(ConversationError, match="absent"):
        Conversations(tmp_path)
    assert inside(tmp_path).execute("SELECT name FROM sqlite_master").fetchall() == before


def test_a_file_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    with Conversations(tmp_path):
        pass
    inside(tmp_path).execute("PRAGMA user_version = 99")
    with pytest.raises(ConversationError, match=r"version 99.*Update the program"):
        Conversations(tmp_path)


def test_a_file_of_another_program_is_left_alone(tmp_path: Path) -> None:
    inside(tmp_path).execute("CREATE TABLE theirs (x)")
    with pytest.raises(ConversationError, match="another program's database"):
        Conversations(tmp_path)


@pytest.mark.parametrize("where", ["head", "middle", "text"])
def test_a_damaged_file_is_told_with_its_cure_and_set_aside(tmp_path: Path, where: str) -> None:
    with Conversations(tmp_path) as kept:
        for n in range(40):
            answered(kept, f"question {n}", answer(proven("A", cite(1, "words " * 300))))
    path = tmp_path / FILE
    whole = path.read_bytes()
    damage = {"head": slice(0, 100), "middle": slice(8192, len(whole) // 2), "text": slice(None)}
    spoilt = bytearray(whole)
    spoilt[damage[where]] = b"\xa5" * len(spoilt[damage[where]])
    path.write_bytes(spoilt)
    with pytest.raises(ConversationError, match=r"damaged.*set-aside"):
        Conversations(tmp_path)
    assert path.read_bytes() == spoilt
    aside = set_aside(path)
    assert aside.read_bytes() == spoilt
    with Conversations(tmp_path) as kept:
        assert kept.count() == 0
        answered(kept, "A new one?")
    assert aside.read_bytes() == spoilt


def test_damage_that_shows_later_is_told_too(tmp_path: Path) -> None:
    with Conversations(tmp_path) as kept:
        turn = answered(kept, "When?")
        connection = inside(tmp_path)
        connection.execute("UPDATE answers SET answer = '{\"version\": 7}'")
        connection.close()
        with pytest.raises(ConversationError, match=r"Question 1 .* version 7"):
            kept.turns(turn.conversation_id)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(ConversationError, match="RAG_DATA"):
        Conversations(tmp_path / "file")


def test_a_full_disk_is_told_and_what_was_there_stands(tmp_path: Path) -> None:
    with Conversations(tmp_path) as kept:
        turn = answered(kept, "When?")
        kept._database._connection.execute("PRAGMA max_page_count = 1")
        with pytest.raises(ConversationError, match="no room left"):
            kept.ask("When? " * 50_000)
        assert kept.turn(turn.id).answer is not None


def test_another_program_that_writes_is_waited_for_and_then_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_S", 0.1)
    with Conversations(tmp_path) as kept:
        answered(kept, "When?")
        other = inside(tmp_path)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(ConversationError, match="written by another program"):
            kept.ask("And now?")
        other.execute("ROLLBACK")
        other.close()
        assert kept.ask("And now?").number == 1


@pytest.mark.skipif(os.name == "nt", reason="needs modes")
def test_only_the_owner_can_read_the_file(tmp_path: Path) -> None:
    with Conversations(tmp_path / "data") as kept:
        answered(kept, "When?")
        modes = {file.name: file.stat().st_mode & 0o077 for file in (tmp_path / "data").iterdir()}
        shown = {name for name, mode in modes.items() if mode and "-run-" not in name}
    assert shown == set()
    assert (tmp_path / "data").stat().st_mode & 0o077 == 0


def test_refusals_are_kept_too(kept: Conversations) -> None:
    turn = answered(kept, "Who painted it?", REFUSAL)
    assert turn.answer is not None
    assert turn.answer.abstained
    assert turn.answer.closest[0].document.title == "Ferry"
