"""What a set-up is worth: only numbers that a run of this very set-up holds, or ours told apart."""

from __future__ import annotations

import json
import shutil
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rag import trust
from rag.config import Settings
from rag.evaluate import about, files, sets
from rag.evaluate.scoring import Row, score
from rag.index import Index, build
from rag.measuring import Measuring, Plan, Progress, plan
from rag.render import trust as worded
from rag.render.plain import written_date
from rag.testing import FakeEmbedder, tiny_corpus
from rag.types import Answer, Statement, Timings, Verdict

REPOSITORY = Path(__file__).parents[2]
SEEDS = REPOSITORY / "seeds"


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Index:
    folder = tmp_path_factory.mktemp("seeds") / "index"
    build([SEEDS], folder, FakeEmbedder())
    return Index.open(folder)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Index:
    base = tmp_path_factory.mktemp("tiny")
    build([tiny_corpus(base / "documents")], base / "index", FakeEmbedder())
    return Index.open(base / "index")


@pytest.fixture(autouse=True)
def _apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)


def write_run(
    index: Index, settings: Settings, made: str, *, name: str = "run", **changes: Any
) -> Path:
    """Write the file of a run that asked one question and got it right by refusing."""
    question = sets.Question("q1", "Who swims?", False, "near-miss", review="new")
    answer = said(abstained=True)
    rows = (Row("k", question, (), answer.to_json(), wall_s=2.5),)
    head = {**about.about([question], settings, index), "made": made, **changes}
    path = trust.evaluations() / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write(files.RunResult(path, head, rows, score(rows)))
    return path


def said(*withheld: Verdict, shown: int = 0, abstained: bool = False) -> Answer:
    return Answer(
        question="Who swims?",
        text="Your documents do not say.",
        statements=tuple(
            Statement(f"Ada swims {n}.", Verdict.SUPPORTED, 0.9, ()) for n in range(shown)
        ),
        withheld=tuple(Statement("Bo swims.", verdict, 0.1, ()) for verdict in withheld),
        abstained=abstained,
        closest=(),
        drafts=(),
        model="by hand",
        timings=Timings(first_token_s=0.5, total_s=2.0, tokens_in=1, tokens_out=1),
    )


# --- what is known without measuring ----------------------------------------------------------


def test_a_model_of_the_catalogue_and_one_of_ones_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.catalogue.model_path", lambda name: tmp_path / "mine.gguf")
    (tmp_path / "mine.gguf").write_bytes(b"GGUF")
    known = " ".join(worded.model_lines(trust.model_facts("qwen2.5-coder-1.5b")))
    assert "Apache-2.0" in known
    assert "1.1 GB" in known
    assert "cc324af070c2" in known
    own = " ".join(worded.model_lines(trust.model_facts(str(tmp_path / "mine.gguf"))))
    assert own.startswith("mine.gguf, a model file of your own")
    assert str(tmp_path) not in own
    assert "nothing of it was checked" in own


def test_documents_are_counted_with_those_that_could_not_be_read(tiny: Index) -> None:
    facts = trust.document_facts(tiny, refused=2)
    assert (facts.count, facts.refused) == (3, 2)
    assert facts.read == max(d.metadata["read"] for d in tiny.documents.values())[:10]
    lines = list(worded.document_lines(facts))
    assert lines[0] == "3 documents answer."
    assert "2 files could not be read" in lines[1]
    assert lines[2] == f"The last was read on {written_date(facts.read)}."


def test_what_was_withheld_is_counted_by_why() -> None:
    answers = [
        said(Verdict.NOT_FOUND, Verdict.NOT_FOUND, Verdict.PARTLY, shown=2),
        said(Verdict.CONTRADICTED, abstained=True),
    ]
    facts = trust.said_facts(answers)
    assert (facts.answers, facts.refused, facts.shown) == (2, 1, 2)
    assert worded.withheld_rows(facts) == [
        (2, "the documents do not say it"),
        (1, "the documents do not state all of it"),
        (1, "the documents say otherwise"),
    ]
    assert list(worded.said_lines(facts))[-2:] == [
        "Statements shown, each with its source: 2.",
        "Sentences of the model that were withheld: 4.",
    ]
    assert list(worded.said_lines(trust.said_facts([]))) == ["Nothing has been asked yet."]


# --- what was measured ------------------------------------------------------------------------


def test_nothing_measured_is_none_and_no_number(tiny: Index) -> None:
    assert trust.measured(Settings(), tiny) is None


def test_the_newest_run_of_this_very_set_up(tiny: Index, seeds: Index) -> None:
    write_run(tiny, Settings(), "2026-01-01T00:00:00+00:00", name="older")
    write_run(tiny, Settings(readings_mb=0), "2026-03-01T00:00:00+00:00", name="newer")
    write_run(tiny, Settings(length="short"), "2026-05-01T00:00:00+00:00", name="shorter")
    write_run(tiny, Settings(support_threshold=0.9), "2026-06-01T00:00:00+00:00", name="stricter")
    write_run(tiny, Settings(model="smollm2-135m"), "2026-07-01T00:00:00+00:00", name="model")
    write_run(seeds, Settings(), "2026-08-01T00:00:00+00:00", name="documents")
    found = trust.measured(Settings(), tiny)
    assert found is not None
    assert found.day == "2026-03-01"
    stricter = trust.measured(Settings(support_threshold=0.9), tiny)
    assert stricter is not None
    assert stricter.day == "2026-06-01"
    assert trust.measured(Settings(passages=3), tiny) is None


def test_a_run_of_before_there_were_lengths_is_of_a_normal_one(tiny: Index) -> None:
    path = write_run(tiny, Settings(), "2026-01-01T00:00:00+00:00")
    value = json.loads(path.read_text(encoding="utf-8"))
    del value["about"]["settings"]["length"]
    path.write_text(json.dumps(value), encoding="utf-8")
    assert trust.measured(Settings(), tiny) is not None
    assert trust.measured(Settings(length="short"), tiny) is None


def test_what_is_no_run_is_passed_over(tiny: Index) -> None:
    folder = trust.evaluations()
    folder.mkdir(parents=True)
    for name, text in (("a", "{"), ("b", "[]"), ("c", '{"about": 1}'), ("d", '{"about": {}}')):
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
    path = write_run(tiny, Settings(), "2026-01-01T00:00:00+00:00", name="cut")
    value = json.loads(path.read_text(encoding="utf-8"))
    del value["rows"][0]["answer"]
    path.write_text(json.dumps(value), encoding="utf-8")
    assert trust.measured(Settings(), tiny) is None
    write_run(tiny, Settings(), "2025-01-01T00:00:00+00:00", name="sound")
    found = trust.measured(Settings(), tiny)
    assert found is not None
    assert found.day == "2025-01-01"


def test_only_figures_that_the_run_holds_are_told(tiny: Index) -> None:
    write_run(tiny, Settings(), "2026-01-01T00:00:00+00:00")
    found = trust.measured(Settings(), tiny)
    assert found is not None
    lines = list(worded.measured_lines(found))
    assert lines == [
        "Of 1 questions that the documents do not answer, 1 were refused. "
        "Of 100 others like them expect 21 to 100.",
        "Half of the answers took less than 2.5 seconds.",
    ]
    cautions = " ".join(worded.caution_lines(found))
    assert "1 January 2026 with 1 questions" in cautions
    assert "nobody has looked through them" in cautions
    assert "earlier version" not in cautions
    old = replace(found, same_code=False, unread=0)
    assert list(worded.caution_lines(old))[1:] == [
        "An earlier version of this program answered; measure again to be sure."
    ]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the program's place, with our newest two runs on the sample documents."""
    package = tmp_path / "copy" / "rag"
    package.mkdir(parents=True)
    monkeypatch.setattr(trust, "__file__", str(package / "trust.py"))
    results = tmp_path / "copy" / trust.OURS
    results.mkdir(parents=True)
    for name in ("e3eb42330459", "ba219c63ad63"):
        shutil.copy(REPOSITORY / trust.OURS / f"eval-qwen2.5-coder-1.5b-{name}.json", results)
    return results


def test_ours_on_the_samples_is_the_newest_whole_run_with_this_model(repository: Path) -> None:
    found = trust.samples(Settings(length="short", support_threshold=0.9))
    assert found is not None
    assert found.about["commit"].startswith("ba219c6")
    lines = list(worded.measured_lines(found))
    assert lines[0] == (
        "Of 63 statements shown, 61 rest on the words that are marked as evidence. "
        "Of 100 others like them expect 92 to 100."
    )
    assert trust.samples(Settings(model="qwen2.5-coder-0.5b")) is None, "never of another model"
    for file in repository.iterdir():
        file.unlink()
    repository.rmdir()
    assert trust.samples(Settings()) is None, "an installed package has none"


def test_the_sample_documents_are_known(seeds: Index, tiny: Index) -> None:
    assert trust.is_samples(seeds)
    assert not trust.is_samples(tiny)


# --- measuring --------------------------------------------------------------------------------

# `rag` itself, on a writer that quotes.
PROGRAM = """
import sys
from pathlib import Path
from rag.assistant import Assistant
from rag.index import Index
from rag.testing import FakeEmbedder, FakeLLM

def open_with(index, *, settings):
    embedder = FakeEmbedder()
    return Assistant(Index.open(Path(index), embedder.checksum), embedder, FakeLLM(), settings)

Assistant.open = open_with
from rag.cli import main
main(sys.argv[1:], prog_name="rag")
"""


def few(planned: Plan) -> Plan:
    """Return the same of the first questions alone, for the time it takes."""
    return replace(planned, commands=((*planned.commands[0], "--limit", "8"),), count=8)


def until(measuring: Measuring, fits: Callable[[Progress], bool], limit_s: float = 60) -> Progress:
    ends = time.monotonic() + limit_s
    while time.monotonic() < ends:
        now = measuring.now
        if now is not None and fits(now):
            return now
        time.sleep(0.01)
    raise AssertionError(f"still {measuring.now}")


def test_measuring_runs_beside_and_lies_where_it_is_found(seeds: Index) -> None:
    settings = Settings(length="short")
    planned = plan(seeds.folder, seeds, settings)
    assert not planned.makes
    assert planned.count == len(sets.load())
    planned = few(planned)
    whole = threading.Event()
    measuring = Measuring(whole.set, (sys.executable, "-c", PROGRAM))
    measuring.start(planned)
    measuring.start(planned)  # it is under way
    under_way = until(measuring, lambda now: now.done >= 2)
    assert under_way.step == "asking"
    assert under_way.total == planned.count
    until(measuring, lambda now: now.outcome != "running")
    assert measuring.now is not None
    assert measuring.now.outcome == "done", measuring.now.error
    assert whole.wait(5)
    found = trust.measured(settings, seeds)
    assert found is not None
    assert found.questions == planned.count
    assert found.same_code
    assert trust.measured(Settings(), seeds) is None


def test_stopped_it_goes_on_with_what_was_asked(seeds: Index) -> None:
    planned = few(plan(seeds.folder, seeds, Settings()))
    measuring = Measuring(program=(sys.executable, "-c", PROGRAM))
    measuring.start(planned)
    until(measuring, lambda now: now.done >= 1)
    measuring.close()
    assert measuring.now is not None
    assert measuring.now.outcome == "stopped"
    kept = files.rows_file(planned.result)
    asked = len(kept.read_text(encoding="utf-8").splitlines())
    assert asked >= 1
    assert not planned.result.exists()
    measuring.start(planned)
    until(measuring, lambda now: now.outcome == "done")
    run = files.read(planned.result)
    assert len(run.rows) == planned.count
    assert not kept.exists()


def test_documents_without_questions_have_some_made_first(tiny: Index) -> None:
    planned = plan(tiny.folder, tiny, Settings())
    assert planned.makes
    assert [command[:2] for command in planned.commands] == [
        ("eval", "make-set"),
        ("eval", "--index"),
    ]
    made = Path(planned.commands[0][planned.commands[0].index("--out") + 1])
    assert planned.commands[1][planned.commands[1].index("--questions") + 1] == str(made)
    made.parent.mkdir(parents=True)
    lines = [json.dumps(question.to_json()) for question in sets.load()[:3]]
    made.write_text("\n".join(lines), encoding="utf-8")
    again = plan(tiny.folder, tiny, Settings())
    assert not again.makes
    assert (again.count, len(again.commands)) == (3, 1)
    assert again.seconds < planned.seconds


@pytest.mark.parametrize(
    ("script", "said"),
    [
        pytest.param("print('error: no model', file=sys.stderr); sys.exit(2)", "no model", id="2"),
        pytest.param("raise KeyError('x')", "(KeyError: 'x'); measure again", id="bug"),
        pytest.param("import os; os.abort()", "in the middle; measure again", id="killed"),
    ],
)
def test_what_fails_is_told(tmp_path: Path, script: str, said: str) -> None:
    measuring = Measuring(program=(sys.executable, "-c", f"import sys; {script}"))
    measuring.start(Plan((("eval",),), False, 1, tmp_path / "kept" / "run.json"))
    failed = until(measuring, lambda now: now.outcome != "running")
    assert failed.outcome == "failed"
    assert said in failed.error


def test_how_long_it_will_take_is_told_from_what_it_took(tmp_path: Path) -> None:
    script = (
        "import sys, time\nfor n in range(1, 31):\n"
        "    print(f'asking: {n} of 30', file=sys.stderr, flush=True); time.sleep(.05)"
    )
    measuring = Measuring(program=(sys.executable, "-c", script))
    measuring.start(Plan((("eval",),), False, 30, tmp_path / "run.json"))
    told = until(measuring, lambda now: now.done == 15)
    assert told.left_s is not None
    assert 0.3 < told.left_s < 5
    measuring.stop()
    measuring.close()
    assert measuring.now is not None
    assert measuring.now.outcome == "stopped"
