"""Running, resuming and scoring, with assistants made by hand on real files."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from rag.config import Settings
from rag.documents import read_document
from rag.errors import CancelledError, EvaluationError, ModelError
from rag.evaluate import about, files, report, runner, sets
from rag.evaluate.metrics import states
from rag.evaluate.scoring import Row, score
from rag.evaluate.sets import Evidence, Nugget, Question
from rag.types import Answer, Citation, Document, Passage, Statement, Timings, Verdict

SEEDS = Path(__file__).parents[2] / "seeds"


@dataclass(frozen=True)
class Corpus:
    """The part of an index the runner looks at."""

    documents: Mapping[str, Document]
    passages: Sequence[Passage] = ()


@dataclass
class Scripted:
    """An assistant that answers by a function and counts what it is asked."""

    reply: Callable[[str], Answer]
    index: Corpus
    settings: Settings = field(default_factory=Settings)
    asked: list[str] = field(default_factory=list)

    def ask(self, question: str) -> Answer:
        self.asked.append(question)
        return self.reply(question)


def corpus_of(folder: Path) -> Corpus:
    documents = [read_document(path, root=folder) for path in sorted(folder.iterdir())]
    return Corpus({document.id: document for document in documents})


def answer(question: str, *statements: Statement, text: str | None = None) -> Answer:
    shown = " ".join(s.text + "".join(f"[{c.number}]" for c in s.citations) for s in statements)
    return Answer(
        question=question,
        text=(shown or "Your documents do not say.") if text is None else text,
        statements=statements,
        withheld=(),
        abstained=not statements,
        closest=(),
        drafts=(),
        model="by hand",
        timings=Timings(first_token_s=0.5, total_s=2.0, tokens_in=100, tokens_out=10),
    )


def cite(document: Document, quote: str, number: int) -> Citation:
    start = document.text.index(quote)
    return Citation(
        number,
        document.source,
        document.title,
        start,
        start + len(quote),
        quote,
        document.metadata,
        document.id,
        document.root,
    )


def say(text: str, *citations: Citation) -> Statement:
    return Statement(text, Verdict.SUPPORTED, 1.0, citations)


def question(id: str, text: str, *required: str, answerable: bool = True) -> Question:
    return Question(
        id=id,
        text=text,
        answerable=answerable,
        kind="fact" if answerable else "near-miss",
        nuggets=tuple(
            Nugget(word, (rf"\b{word}\b",), True, (Evidence("a.txt", word),)) for word in required
        ),
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "a.txt").write_text("The red fox sleeps.\nThe blue bird sings.\n", encoding="utf-8")
    return folder


@pytest.fixture
def corpus(folder: Path) -> Corpus:
    return corpus_of(folder)


@pytest.fixture
def fox(corpus: Corpus) -> Document:
    (document,) = corpus.documents.values()
    return document


QUESTIONS = [
    question("q1", "Who sleeps?", "fox"),
    question("q2", "Who sings?", "bird"),
    question("q3", "Who swims?", answerable=False),
]


def by_heart(fox: Document) -> Callable[[str], Answer]:
    """One right answer, one right with a wrong citation, and an invented one."""

    def reply(text: str) -> Answer:
        if text == "Who sleeps?":
            return answer(text, say("The fox sleeps.", cite(fox, "The red fox sleeps.", 1)))
        if text == "Who sings?":
            return answer(text, say("The bird sings.", cite(fox, "The red fox sleeps.", 1)))
        return answer(text, say("The fish swims.", cite(fox, "The blue bird sings.", 1)))

    return reply


def test_a_run_by_hand(tmp_path: Path, corpus: Corpus, fox: Document) -> None:
    seen: list[tuple[int, int, str]] = []
    out = tmp_path / "results" / "run.json"
    result = runner.run(
        QUESTIONS,
        Scripted(by_heart(fox), corpus),
        out=out,
        progress=lambda done, of, row: seen.append((done, of, row.question.id)),
    )
    figures = result.scores.figures
    assert seen == [(1, 3, "q1"), (2, 3, "q2"), (3, 3, "q3")]
    assert (figures.answerable_right.right, figures.answerable_right.of) == (2, 2)
    assert (figures.refused_right.right, figures.refused_right.of) == (0, 1)
    assert (figures.citation_precision.right, figures.citation_precision.of) == (1, 2)
    assert (figures.citation_precision_all.right, figures.citation_precision_all.of) == (1, 3)
    assert (figures.nugget_recall.right, figures.nugget_recall.of) == (1, 2)
    assert (figures.nuggets_stated.right, figures.nuggets_stated.of) == (2, 2)
    assert (figures.invalid, figures.uncited, figures.withheld, figures.errors) == (0, 0, 0, 0)
    assert (figures.first_word.p50, figures.tokens_in, figures.tokens_out) == (0.5, 300, 30)
    assert figures.by_kind["near-miss"].value == 0

    value = json.loads(out.read_text(encoding="utf-8"))
    assert value["format"] == files.FORMAT
    assert value["figures"]["answerable_right"]["right"] == 2
    assert value["rows"][0]["answer"]["statements"][0]["citations"][0]["quote"]
    assert value["rows"][2]["judged"]["right"] is False
    assert {"commit", "settings", "versions", "machine", "model", "index"} <= value["about"].keys()
    assert not files.rows_file(out).exists()


def test_a_result_file_names_no_folder_of_this_machine(
    tmp_path: Path, corpus: Corpus, fox: Document
) -> None:
    settings = Settings(model=str(tmp_path / "my.gguf"))

    def reply(text: str) -> Answer:
        raise ModelError(f"{Path.cwd()}/models/x.gguf cannot be read; fetch it again.")

    out = tmp_path / "run.json"
    runner.run(QUESTIONS, Scripted(reply, corpus, settings), out=out)
    text = out.read_text(encoding="utf-8")
    assert str(tmp_path) not in text
    assert str(Path.cwd()) not in text
    assert '"my.gguf"' in text


def test_reading_a_result_file_scores_it_again(
    tmp_path: Path, corpus: Corpus, fox: Document
) -> None:
    out = tmp_path / "run.json"
    result = runner.run(QUESTIONS, Scripted(by_heart(fox), corpus), out=out)
    again = files.read(out)
    assert again.scores == result.scores
    assert score(again.rows) == result.scores
    assert list(again.lines()) == list(result.lines())


class Killed(BaseException):
    """Stands for the end of the process."""


def killed_at(fox: Document, text: str) -> Callable[[str], Answer]:
    def reply(asked: str) -> Answer:
        if asked == text:
            raise Killed
        return by_heart(fox)(asked)

    return reply


@pytest.mark.parametrize("stop", [Killed, CancelledError], ids=["killed", "cancelled"])
def test_an_interrupted_run_goes_on_where_it_was(
    tmp_path: Path, corpus: Corpus, fox: Document, stop: type[BaseException]
) -> None:
    def reply(asked: str) -> Answer:
        if asked == "Who sings?":
            raise stop("stopped; start again.")
        return by_heart(fox)(asked)

    out = tmp_path / "run.json"
    with pytest.raises(stop):
        runner.run(QUESTIONS, Scripted(reply, corpus), out=out)
    assert not out.exists()
    second = Scripted(by_heart(fox), corpus)
    result = runner.run(QUESTIONS, second, out=out)
    assert second.asked == ["Who sings?", "Who swims?"]
    assert result.reused == 1
    fresh = runner.run(QUESTIONS, Scripted(by_heart(fox), corpus), out=tmp_path / "fresh.json")
    assert result.scores.judged == fresh.scores.judged


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda s, q: (s, {"resume": False}, q), id="not asked to resume"),
        pytest.param(
            lambda s, q: (replace(s, settings=Settings(passages=3)), {}, q), id="settings"
        ),
        pytest.param(
            lambda s, q: (replace(s, settings=Settings(model="smollm2-135m")), {}, q), id="model"
        ),
        pytest.param(lambda s, q: (replace(s, index=Corpus({})), {}, q), id="index"),
        pytest.param(lambda s, q: (s, {}, replace(q, text="Who sleeps now?")), id="question"),
    ],
)
def test_an_answer_that_depends_on_something_else_is_not_used_again(
    tmp_path: Path, corpus: Corpus, fox: Document, change: Callable[..., Any]
) -> None:
    asked = [replace(QUESTIONS[2], id="q0"), QUESTIONS[2]]
    out = tmp_path / "run.json"
    stopped = Scripted(lambda text: answer(text), corpus)
    stopped.reply = killed_at(fox, "Who sings?")
    with pytest.raises(Killed):
        runner.run([asked[0], QUESTIONS[1]], stopped, out=out)
    again, options, first = change(Scripted(by_heart(fox), corpus), asked[0])
    result = runner.run([first], again, out=out, **options)
    assert result.reused == 0
    assert again.asked == [first.text]


def test_code_that_changed_is_asked_again(
    tmp_path: Path, corpus: Corpus, fox: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run.json"
    with pytest.raises(Killed):
        runner.run(QUESTIONS, Scripted(killed_at(fox, "Who sings?"), corpus), out=out)
    monkeypatch.setattr(about, "code_checksum", lambda: "other")
    second = Scripted(by_heart(fox), corpus)
    runner.run(QUESTIONS, second, out=out)
    assert len(second.asked) == 3


def test_a_question_that_failed_is_recorded_and_asked_again(
    tmp_path: Path, corpus: Corpus, fox: Document
) -> None:
    def reply(text: str) -> Answer:
        if text == "Who swims?":
            raise Killed
        if text == "Who sleeps?":
            raise ModelError("the model ran out of memory; take a smaller one.")
        return by_heart(fox)(text)

    out = tmp_path / "run.json"
    with pytest.raises(Killed):
        runner.run(QUESTIONS, Scripted(reply, corpus), out=out)
    second = Scripted(by_heart(fox), corpus)
    runner.run(QUESTIONS, second, out=out)
    assert second.asked == ["Who sleeps?", "Who swims?"]

    def failing(text: str) -> Answer:
        raise ModelError("the model ran out of memory; take a smaller one.")

    result = runner.run(QUESTIONS, Scripted(failing, corpus), out=out)
    figures = result.scores.figures
    assert figures.errors == 3
    # An error is neither an answer nor a refusal.
    assert (figures.answered.right, figures.refused_right.right) == (0, 0)
    assert result.rows[0].error.startswith("ModelError: the model ran out of memory")
    assert "error: ModelError" in report.screen(result)


def test_a_bug_is_not_hidden(tmp_path: Path, corpus: Corpus) -> None:
    def reply(text: str) -> Answer:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        runner.run(QUESTIONS, Scripted(reply, corpus), out=tmp_path / "run.json")


def test_a_half_written_last_line_is_asked_again(
    tmp_path: Path, corpus: Corpus, fox: Document
) -> None:
    out = tmp_path / "run.json"
    with pytest.raises(Killed):
        runner.run(QUESTIONS, Scripted(killed_at(fox, "Who swims?"), corpus), out=out)
    kept = files.rows_file(out)
    kept.write_bytes(kept.read_bytes()[:-20])
    second = Scripted(by_heart(fox), corpus)
    result = runner.run(QUESTIONS, second, out=out)
    assert second.asked == ["Who sings?", "Who swims?"]
    assert len(result.rows) == 3


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        pytest.param(lambda line: "{broken", "line 1: not JSON", id="not JSON"),
        pytest.param(lambda line: "[]", "line 1: not a row", id="not an object"),
        pytest.param(
            lambda line: line.replace('"wall_s"', '"wall"'), "field 'wall_s'", id="a field missing"
        ),
        pytest.param(
            lambda line: line.replace('"abstained"', '"abstaned"'),
            "field 'abstained'",
            id="a field of the answer missing",
        ),
        pytest.param(
            lambda line: line.replace('"kind": "fact"', '"kind": 1'), "field 'kind'", id="question"
        ),
    ],
)
def test_a_spoilt_line_is_named(
    tmp_path: Path,
    corpus: Corpus,
    fox: Document,
    spoil: Callable[[str], str],
    message: str,
) -> None:
    out = tmp_path / "run.json"
    with pytest.raises(Killed):
        runner.run(QUESTIONS, Scripted(killed_at(fox, "Who swims?"), corpus), out=out)
    kept = files.rows_file(out)
    first, *rest = kept.read_text(encoding="utf-8").split("\n")
    kept.write_text("\n".join([spoil(first), *rest]), encoding="utf-8")
    with pytest.raises(EvaluationError, match=re.escape(message)) as caught:
        runner.run(QUESTIONS, Scripted(by_heart(fox), corpus), out=out)
    assert "--fresh" in str(caught.value)
    # Nothing already computed is lost.
    assert len(kept.read_text(encoding="utf-8").split("\n")) == 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("{", "cannot be read", id="not JSON"),
        pytest.param("[]", "field 'format'", id="a list"),
        pytest.param('{"format": 99}', "field 'format' is not 1", id="another format"),
        pytest.param('{"format": 1, "about": {}}', "field 'rows'", id="no rows"),
        pytest.param('{"format": 1, "about": {}, "rows": [{}]}', "row 1: field", id="empty row"),
    ],
)
def test_a_malformed_result_file_is_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "run.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(EvaluationError, match=message):
        files.read(path)


def test_a_set_for_other_documents_is_refused_before_anything_is_asked(
    tmp_path: Path, corpus: Corpus, fox: Document
) -> None:
    assistant = Scripted(by_heart(fox), corpus)
    with pytest.raises(EvaluationError, match="which the index does not hold"):
        runner.run(sets.load(), assistant, out=tmp_path / "run.json")
    assert assistant.asked == []


def test_a_source_that_changed_since_is_reported_as_unresolved(
    tmp_path: Path, folder: Path, corpus: Corpus, fox: Document
) -> None:
    (folder / "a.txt").write_text("Something else stands here now.", encoding="utf-8")
    result = runner.run(QUESTIONS[:1], Scripted(by_heart(fox), corpus), out=tmp_path / "run.json")
    assert result.scores.figures.invalid == 1
    assert result.rows[0].invalid[0].startswith("[1] does not resolve: ")
    assert "INVALID [1]" in report.screen(result)


def test_an_unwritable_place_is_an_error_with_a_cure(
    tmp_path: Path, corpus: Corpus, fox: Document
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(EvaluationError, match="--out"):
        runner.run(QUESTIONS, Scripted(by_heart(fox), corpus), out=tmp_path / "file" / "run.json")


# Whole systems on the sample documents: each must land where it belongs.


@pytest.fixture(scope="module")
def seeds() -> Corpus:
    return corpus_of(SEEDS)


def oracle(seeds: Corpus, shift: int = 0) -> Callable[[str], Answer]:
    """Answers with marked words, cited where they stand, or `shift` characters further."""
    by_text = {q.text: q for q in sets.load()}
    by_source = {document.source: document for document in seeds.documents.values()}

    def reply(text: str) -> Answer:
        said: list[Statement] = []
        for nugget in by_text[text].nuggets:
            if nugget.required:
                evidence = next(e for e in nugget.evidence if states(e.quote, nugget))
                document = by_source[evidence.source]
                number = len(said) + 1
                citation = cite(document, evidence.quote, number)
                if shift:
                    length = len(evidence.quote)
                    start = (citation.start + shift) % (len(document.text) - length)
                    quote = document.text[start : start + length]
                    citation = replace(citation, start=start, end=start + length, quote=quote)
                said.append(say(evidence.quote, citation))
        return answer(text, *said)

    return reply


def test_a_perfect_system_has_perfect_figures(tmp_path: Path, seeds: Corpus) -> None:
    result = runner.run(sets.load(), Scripted(oracle(seeds), seeds), out=tmp_path / "run.json")
    figures = result.scores.figures
    for share in (
        figures.answerable_right,
        figures.refused_right,
        figures.abstention_precision,
        figures.citation_precision,
        figures.statement_precision,
        figures.nugget_recall,
    ):
        assert share.of > 0
        assert share.right == share.of
    assert figures.invalid == figures.uncited == figures.errors == 0
    assert "No question failed." in report.screen(result)


def test_a_system_that_refuses_everything(tmp_path: Path, seeds: Corpus) -> None:
    result = runner.run(sets.load(), Scripted(answer, seeds), out=tmp_path / "run.json")
    figures = result.scores.figures
    assert figures.answerable_right.value == 0
    assert figures.refused_right.value == 1
    assert figures.abstention_precision.value == pytest.approx(
        figures.refused_right.of / figures.questions
    )
    assert figures.citation_precision.value is None
    assert figures.nugget_recall.value == 0


def test_a_system_that_cites_the_wrong_words(tmp_path: Path, seeds: Corpus) -> None:
    result = runner.run(
        sets.load(), Scripted(oracle(seeds, shift=1500), seeds), out=tmp_path / "run.json"
    )
    figures = result.scores.figures
    assert figures.answerable_right.value == 1
    assert figures.invalid == 0
    assert figures.citation_precision.value is not None
    assert figures.citation_precision.value < 0.3
    assert figures.nugget_recall.value is not None
    assert figures.nugget_recall.value < 0.3


def test_a_system_that_invents_numbers(tmp_path: Path, seeds: Corpus) -> None:
    honestly = oracle(seeds)

    def reply(text: str) -> Answer:
        honest = honestly(text)
        return replace(honest, text=honest.text + " [9]") if honest.statements else honest

    result = runner.run(sets.load(), Scripted(reply, seeds), out=tmp_path / "run.json")
    figures = result.scores.figures
    assert figures.citation_precision.value == 1
    assert figures.invalid == figures.answerable_right.of


def test_a_system_that_answers_everything_alike(tmp_path: Path, seeds: Corpus) -> None:
    document = next(iter(seeds.documents.values()))
    top = say(document.text[:400], cite(document, document.text[:400], 1))
    result = runner.run(
        sets.load(), Scripted(lambda text: answer(text, top), seeds), out=tmp_path / "run.json"
    )
    figures = result.scores.figures
    assert figures.refused_right.value == 0
    assert figures.answered.value == 1
    assert figures.answerable_right.value is not None
    assert figures.answerable_right.value < 0.3
    assert figures.quote_chars == 400
    assert "answered: " in report.screen(result)


def test_the_screen_fits_and_shows_what_failed(tmp_path: Path, seeds: Corpus) -> None:
    result = runner.run(sets.load(), Scripted(answer, seeds), out=tmp_path / "run.json")
    lines = report.screen(result, failed=3).split("\n")
    assert max(map(len, lines)) <= report.WIDTH
    assert "refused; wanted: A national (federal) law must be in place first." in "\n".join(lines)
    assert lines[-1] == "… and 53 more in the result file."
    shares = [line for line in lines if line.startswith("unanswerable, refused")]
    assert shares == ["unanswerable, refused                  1.000  [0.84, 1.00]  20/20"]


def test_an_empty_run_has_no_figures_and_no_crash() -> None:
    figures = score([]).figures
    assert figures.answerable_right.value is None
    assert figures.first_word.p50 is None
    assert json.dumps(figures.to_json())


def test_a_row_survives_json(tmp_path: Path, corpus: Corpus, fox: Document) -> None:
    result = runner.run(QUESTIONS, Scripted(by_heart(fox), corpus), out=tmp_path / "run.json")
    for row in result.rows:
        assert Row.from_json(json.loads(json.dumps(row.to_json())), "here") == row


# What a run stands on.


def test_commit_of_a_folder_git_does_not_know(tmp_path: Path) -> None:
    assert about.commit_of(tmp_path) == ("", False)


def test_the_machine_is_named_without_its_host() -> None:
    import platform

    machine = about.machine()
    assert machine["cores"] >= 1
    assert machine["cpu"]
    assert platform.node() not in json.dumps(machine).split('"')


def test_a_model_given_by_path_is_known_by_its_bytes(tmp_path: Path) -> None:
    import hashlib

    path = tmp_path / "a.gguf"
    path.write_bytes(b"GGUF")
    assert about.model_checksum(str(path)) == hashlib.sha256(b"GGUF").hexdigest()
    folder = about.model_checksum(str(tmp_path))
    assert len(folder) == 64
    about.model_checksum.cache_clear()
    path.write_bytes(b"GGUF2")
    assert about.model_checksum(str(tmp_path)) != folder
    assert about.model_checksum("some-other-system") == ""


def test_the_index_checksum_knows_content_not_place(tmp_path: Path) -> None:
    folders = []
    for name, text in (("one", "Same."), ("two", "Same."), ("three", "Other.")):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "a.txt").write_text(text, encoding="utf-8")
        folders.append(about.index_checksum(corpus_of(folder)))
    assert folders[0] == folders[1] != folders[2]


@pytest.mark.parametrize(
    ("settings", "questions", "limit", "expected"),
    [
        pytest.param(Settings(), None, None, "eval-{m}-{c}.json", id="as it comes"),
        pytest.param(Settings(), sets.SEEDS, None, "eval-{m}-{c}.json", id="seeds by name"),
        pytest.param(
            Settings(reading="joint", passages=3),
            Path("my set.jsonl"),
            10,
            "eval-{m}-my_set-joint-3passages-first10-{c}.json",
            id="all different",
        ),
        pytest.param(
            Settings(model="/models/My model.gguf"),
            None,
            None,
            "eval-My_model-{c}.json",
            id="model by path",
        ),
    ],
)
def test_the_name_of_the_result_file(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    settings: Settings,
    questions: Path | None,
    limit: int | None,
    expected: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(about, "commit_of", lambda: ("0123456789abcdef", False))
    name = expected.format(m=Settings().model, c="0123456789ab")
    asked = runner.Asked(questions=questions, settings=settings, limit=limit)
    assert runner.default_out(asked) == Path(name)
    (tmp_path / "benchmarks" / "results").mkdir(parents=True)
    assert runner.default_out(asked) == runner.RESULTS / name
