"""What the user chose, on a real disk: kept, told when damaged, and never lost."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from rag.config import Settings
from rag.errors import NotKeptError, PreferencesError, UnknownModelError
from rag.preferences import COSTS, NAME, THRESHOLDS, Cost, PreferenceFile, Preferences


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


def kept(folder: Path) -> dict[str, object]:
    value = json.loads((folder / NAME).read_text(encoding="utf-8"))
    assert isinstance(value, dict)
    return value


def test_nothing_chosen_is_as_the_settings_come(folder: Path) -> None:
    file = PreferenceFile(folder)
    assert file.now.to_settings(Settings()) == Settings()
    assert not file.fault
    assert not folder.exists(), "looking writes nothing"


def test_what_is_chosen_holds_now_and_the_next_time(folder: Path) -> None:
    file = PreferenceFile(folder)
    file.choose(strictness="certain", length="thorough")
    file.choose(language="de", collection="Contracts", model="qwen2.5-coder-0.5b")
    again = PreferenceFile(folder).now
    assert again == file.now
    settings = again.to_settings(Settings(passages=4))
    assert settings == Settings(
        model="qwen2.5-coder-0.5b", support_threshold=0.9, length="thorough", passages=4
    )
    assert kept(folder)["version"] == 1


def test_what_a_strictness_costs_is_told_of_the_kept_run() -> None:
    from rag.evaluate.files import read
    from rag.evaluate.metrics import Gold, statements_right

    results = Path(__file__).parents[2] / "benchmarks" / "results"
    run = read(results / "eval-qwen2.5-coder-1.5b-ba219c63ad63.json")
    assert run.about["model"] == Settings().model
    for strictness, cost in COSTS.items():
        least = THRESHOLDS[strictness]
        statements, answers = [], []
        for row, judged in zip(run.rows, run.scores.judged, strict=True):
            gold = [Gold(n, s) for n, s in zip(row.question.nuggets, row.gold, strict=True)]
            shown = [said for said in row.statements if said.support >= least]
            statements += [statements_right([said], gold)[0] for said in shown]
            answers += [judged.right] if shown else []
        assert cost == Cost(len(statements), sum(statements), len(answers), sum(answers))


def test_stricter_is_a_higher_threshold_and_balanced_the_default() -> None:
    assert THRESHOLDS["likely"] < THRESHOLDS["balanced"] < THRESHOLDS["certain"]
    assert THRESHOLDS["balanced"] == Settings().support_threshold


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        pytest.param({"strictness": "very"}, "give one of certain", id="strictness"),
        pytest.param({"length": "long"}, "give one of short", id="length"),
        pytest.param({"language": "../en"}, "the code of one", id="language"),
        pytest.param({"collection": "../../etc"}, "not a path", id="collection"),
        pytest.param({"collection": 3}, "give a word", id="no-word"),
        pytest.param({"model": "gpt"}, "give one of qwen", id="model"),
        pytest.param({"own_models": {"a.gguf": 1}}, "no list of files", id="own"),
        pytest.param({"own_models": {"a.gguf": "/x/b.gguf"}}, "no list of files", id="other-name"),
    ],
)
def test_what_is_out_of_range(folder: Path, wrong: dict[str, object], said: str) -> None:
    file = PreferenceFile(folder)
    file.choose(length="short")
    with pytest.raises(PreferencesError, match=said):
        file.choose(**wrong)
    assert file.now == PreferenceFile(folder).now == Preferences(length="short")
    value = json.dumps({"version": 1, **wrong})
    (folder / NAME).write_text(value, encoding="utf-8")
    damaged = PreferenceFile(folder)
    assert damaged.now == Preferences()
    assert said in damaged.fault
    assert "remove it" in damaged.fault
    assert (folder / NAME).read_text(encoding="utf-8") == value, "told, and left as it is"


def test_a_model_is_never_a_path(folder: Path, tmp_path: Path) -> None:
    gguf = tmp_path / "mine.gguf"
    gguf.write_bytes(b"GGUF")
    file = PreferenceFile(folder)
    with pytest.raises(PreferencesError) as told:
        file.choose(model=str(gguf))
    assert str(tmp_path) not in str(told.value)
    file.use_model(str(gguf))
    assert file.now.model == "mine.gguf"
    file.choose(length="short")
    again = PreferenceFile(folder)
    assert again.now.model == "qwen2.5-coder-1.5b", "named this time, and not chosen"
    again.choose(model="mine.gguf")
    assert PreferenceFile(folder).now.to_settings(Settings()).model == str(gguf)
    other = tmp_path / "other" / "mine.gguf"
    with pytest.raises(UnknownModelError):
        again.use_model(str(other))
    assert again.now.to_settings(Settings()).model == str(gguf)
    other.parent.mkdir()
    other.write_bytes(b"GGUF")
    assert again.use_model(str(other)).to_settings(Settings()).model == str(other)
    assert again.use_model("smollm2-135m").to_settings(Settings()).model == "smollm2-135m"


def test_what_is_not_known_here_is_kept(folder: Path) -> None:
    folder.mkdir()
    value = {"version": 1, "length": "short", "later": {"a": [1]}}
    (folder / NAME).write_text(json.dumps(value), encoding="utf-8")
    PreferenceFile(folder).choose(strictness="likely")
    assert kept(folder)["later"] == {"a": [1]}
    assert kept(folder)["length"] == "short"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("{", "damaged", id="cut short"),
        pytest.param("[]", "damaged", id="no names"),
        pytest.param('{"version": 2}', "version 2", id="newer"),
        pytest.param("\xff\xfe", "damaged", id="other bytes"),
    ],
)
def test_a_damaged_file_is_told_and_left_alone(folder: Path, text: str, said: str) -> None:
    folder.mkdir()
    (folder / NAME).write_bytes(text.encode("latin-1"))
    file = PreferenceFile(folder)
    assert said in file.fault
    assert file.now == Preferences()
    with pytest.raises(NotKeptError, match="until Footnote is closed"):
        file.choose(length="thorough")
    assert file.now.length == "thorough", "it holds for this run"
    assert (folder / NAME).read_bytes() == text.encode("latin-1")


def test_two_windows_do_not_undo_each_other(folder: Path) -> None:
    one, other = PreferenceFile(folder), PreferenceFile(folder)
    one.choose(length="short")
    other.choose(strictness="certain")
    assert PreferenceFile(folder).now == Preferences(length="short", strictness="certain")
    threads = [
        threading.Thread(target=lambda n=n: one.choose(collection=f"c{n}")) for n in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert PreferenceFile(folder).now.length == "short"
    assert PreferenceFile(folder).fault == ""


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file in its place", encoding="utf-8")
    file = PreferenceFile(tmp_path / "data" / "inside")
    with pytest.raises(NotKeptError, match="RAG_DATA"):
        file.choose(length="short")
    assert file.now.length == "short"
