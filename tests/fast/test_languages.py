"""The words of the page: collected from the code, and in every language that is shipped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from rag.cli import main
from rag.errors import PreferencesError
from rag.render import collecting, words

SHIPPED = sorted(file.stem for file in words.OURS.glob("*.json"))


@pytest.fixture(autouse=True)
def _english_afterwards() -> Iterator[None]:
    yield
    words.speak({})


def write(folder: Path, code: str, value: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{code}.json").write_text(json.dumps(value), encoding="utf-8")
    return folder


def test_german_french_and_spanish_are_shipped() -> None:
    assert SHIPPED == ["de", "es", "fr"]
    assert list(words.languages()) == ["en", "de", "es", "fr"]
    assert [words.languages()[code] for code in SHIPPED] == ["Deutsch", "Español", "Français"]


@pytest.mark.parametrize("code", SHIPPED)
def test_a_shipped_language_lacks_nothing_and_has_nothing_too_many(code: str) -> None:
    known = words.load(code)
    assert collecting.lacking(known) == []
    assert collecting.stale(known) == []


@pytest.mark.parametrize("code", SHIPPED)
def test_a_shipped_language_keeps_the_form_of_the_english(code: str) -> None:
    for english, other in words.load(code).items():
        assert english[:1].isspace() == other[:1].isspace(), english
        assert english[-1:].isspace() == other[-1:].isspace(), english
        assert english.endswith(("…", "...")) == other.endswith(("…", "...")), english


def test_say_is_given_nothing_but_literals() -> None:
    assert collecting.stray() == []
    assert collecting.english(), "some words are said"


def test_every_call_gives_the_names_that_its_words_have() -> None:
    for said in collecting.collected():
        assert said.words is None or words.names(said.words) is not None, said


def test_words_are_said_in_the_language_that_is_spoken() -> None:
    assert words.say("Ask {name}", name="Ada") == "Ask Ada"
    words.speak({"Ask {name}": "{name} fragen"}, "de")
    assert words.say("Ask {name}", name="{Ada}") == "{Ada} fragen"
    assert words.say("Not known there") == "Not known there"
    assert words.spoken() == "de"


def test_ones_own_file_is_laid_over_ours(tmp_path: Path) -> None:
    ours = words.load("de", tmp_path)
    english, german = next(iter(ours.items()))
    own = write(tmp_path, "de", {"name": "Platt", "words": {english: german + "!"}})
    assert words.load("de", own) == {**ours, english: german + "!"}
    assert words.languages(own)["de"] == "Platt"
    write(tmp_path, "nl", {"name": "Nederlands", "words": {"Ask": "Vraag", "Later": ""}})
    assert words.load("nl", own) == {"Ask": "Vraag"}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        pytest.param({"Hello {name}": "Hallo"}, "Hello {name}", id="name left out"),
        pytest.param({"Hello": "Hallo {name}"}, "Hello", id="name put in"),
        pytest.param({"{a} of {b}": "{a} von {a}"}, "{a} of {b}", id="other name"),
        pytest.param({"{a}": "{a.__class__}"}, "{a}", id="a look inside"),
        pytest.param({"{a}": "{a:{b}}"}, "{a}", id="a name in a form"),
        pytest.param({"{a}": "{a"}, "{a}", id="unpaired"),
        pytest.param({"Hello": 3}, "Hello", id="no words"),
    ],
)
def test_a_file_with_other_names_in_braces_is_refused_by_the_words(
    tmp_path: Path, value: dict[str, object], said: str
) -> None:
    own = write(tmp_path, "xx", {"name": "X", "words": value})
    with pytest.raises(PreferencesError) as told:
        words.load("xx", own)
    assert f"“{said}”" in str(told.value)
    assert "mend or remove it" in str(told.value)
    assert words.languages(own)["xx"] == "xx", "listed, so that choosing it tells"


@pytest.mark.parametrize("code", ["../de", "zz", "", "DE", "de/../../x"])
def test_a_language_that_is_none(tmp_path: Path, code: str) -> None:
    with pytest.raises(PreferencesError, match="choose one of en, de, es, fr"):
        words.load(code, tmp_path)


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "xx.json").write_text("{", encoding="utf-8")
    with pytest.raises(PreferencesError, match=r"xx\.json is damaged"):
        words.load("xx", tmp_path)
    write(tmp_path, "yy", [1])
    with pytest.raises(PreferencesError, match='holds no "name" and "words"'):
        words.load("yy", tmp_path)


def test_calls_are_found_wherever_they_stand(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(
        'from rag.render import words\nX = words.say("one " "and a half")\n'
        'def f(t):\n    return [say("two {n}", n=1), say(t), say(f"three {t}"), says("four")]\n',
        encoding="utf-8",
    )
    assert collecting.english(tmp_path) == ["one and a half", "two {n}"]
    assert [said.line for said in collecting.stray(tmp_path)] == [4, 4]
    assert collecting.lacking({"two {n}": ""}, tmp_path) == ["one and a half"]
    assert collecting.stale({"one and a half": "", "five": ""}, tmp_path) == ["five"]


def test_the_command_lists_them_and_prints_one_to_be_completed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAG_DATA", str(tmp_path))
    write(tmp_path / "languages", "nl", {"name": "Nederlands", "words": {}})
    count = len(collecting.english())
    listed = CliRunner().invoke(main, ["languages"])
    lines = listed.stdout.splitlines()
    assert "en    English" in lines
    assert f"nl    Nederlands  lacks {count} of {count}" in lines
    assert "de    Deutsch" in lines
    form = json.loads(CliRunner().invoke(main, ["languages", "de"]).stdout)
    assert form["name"] == "Deutsch"
    assert list(form["words"]) == collecting.english()
    fresh = json.loads(CliRunner().invoke(main, ["languages", "pl"]).stdout)
    assert set(fresh["words"].values()) == {""}
