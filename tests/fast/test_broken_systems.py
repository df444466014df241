"""Systems that are broken in known ways: each must land where it should on every figure."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from rag.config import Settings
from rag.documents import read_document
from rag.errors import EvaluationError
from rag.evaluate import compare, files, gate, report, runner
from rag.evaluate.page import page
from rag.evaluate.scoring import Figures, score
from rag.evaluate.sets import Evidence, Nugget, Question
from rag.evaluate.table import table
from rag.types import Answer, Citation, Document, Passage, Statement, Timings, Verdict

TEXT = (
    "The Ulm mill opened on 4 May 1911. It was built by Ada Quist. The mill makes 40 tons of flour "
    "a day.\n\nRiver police guard the weir at night. The weir was closed in 1950."
)
FACTS = {
    "When did the Ulm mill open?": ("The Ulm mill opened on 4 May 1911.", "4 May 1911"),
    "Who built the Ulm mill?": ("It was built by Ada Quist.", "Ada Quist"),
    "How much flour does the mill make?": ("The mill makes 40 tons of flour a day.", "40 tons"),
    "When was the weir closed?": ("The weir was closed in 1950.", "1950"),
}
NOT_SAID = {
    "Who closed the mill?": "false-premise",
    "How much salt does the mill make?": "near-miss",
}


def questions() -> list[Question]:
    answerable = [
        Question(
            id=f"q{number}",
            text=text,
            answerable=True,
            kind="fact",
            nuggets=(Nugget(said, (said,), True, (Evidence("mill.txt", sentence),)),),
            answers=(said,),
        )
        for number, (text, (sentence, said)) in enumerate(FACTS.items())
    ]
    unanswerable = [
        Question(id=f"n{number}", text=text, answerable=False, kind=kind)
        for number, (text, kind) in enumerate(NOT_SAID.items())
    ]
    return [*answerable, *unanswerable]


@dataclass
class Corpus:
    documents: dict[str, Document]
    passages: Sequence[Passage] = ()


@dataclass
class System:
    """A system that says by a function what it says."""

    say: Callable[[str, Document], list[Statement]]
    index: Corpus
    markers: str = ""
    settings: Settings = field(default_factory=Settings)
    system = "broken"

    def ask(self, question: str) -> Answer:
        (document,) = self.index.documents.values()
        said = self.say(question, document)
        text = " ".join(s.text + "".join(f"[{c.number}]" for c in s.citations) for s in said)
        return Answer(
            question=question,
            text=text + self.markers if said else "Your documents do not say.",
            statements=tuple(said),
            withheld=(),
            abstained=not said,
            closest=(),
            drafts=(),
            model="by hand",
            timings=Timings(first_token_s=0.1, total_s=0.2, tokens_in=10, tokens_out=5),
        )


class WordJudge:
    """Takes a statement for carried if the quotes have nearly all its words."""

    name = "words"

    def states_all(self, statement: str, cited: Sequence[Citation]) -> float:
        held = set(" ".join(c.quote for c in cited).lower().replace(".", "").split())
        words = statement.lower().replace(".", "").split()
        return float(sum(word in held for word in words) >= 0.8 * len(words))


def cite(document: Document, quote: str, number: int = 1) -> Citation:
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


def state(text: str, *citations: Citation) -> Statement:
    return Statement(text, Verdict.SUPPORTED, 0.9, citations)


def right(question: str, document: Document) -> list[Statement]:
    if question not in FACTS:
        return []
    sentence = FACTS[question][0]
    return [state(sentence, cite(document, sentence))]


def wrong_sentence(question: str, document: Document) -> list[Statement]:
    found = right(question, document)
    return [state(s.text, cite(document, "River police guard the weir at night.")) for s in found]


def top_passage(question: str, document: Document) -> list[Statement]:
    return [state(TEXT.replace("\n\n", " "), cite(document, document.text.strip()))]


def refuses(question: str, document: Document) -> list[Statement]:
    return []


def answers_all(question: str, document: Document) -> list[Statement]:
    sentence = "The mill makes 40 tons of flour a day."
    return right(question, document) or [state(sentence, cite(document, sentence))]


SYSTEMS: dict[str, tuple[Callable[[str, Document], list[Statement]], str]] = {
    "right": (right, ""),
    "wrong sentence": (wrong_sentence, ""),
    "top passage": (top_passage, ""),
    "refuses": (refuses, ""),
    "answers all": (answers_all, ""),
    "invents numbers": (right, " [7]"),
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, files.RunResult]:
    folder = tmp_path_factory.mktemp("broken")
    (folder / "documents").mkdir()
    file = folder / "documents" / "mill.txt"
    file.write_text(TEXT, encoding="utf-8")
    document = read_document(file, root=file.parent)
    found = {}
    for name, (say, markers) in SYSTEMS.items():
        system = System(say, Corpus({document.id: document}), markers)
        out = folder / f"{name}.json"
        found[name] = runner.run(questions(), system, out=out, judges=[WordJudge()])
    return found


def share(name: str) -> Callable[[Figures], float | None]:
    return lambda figures: getattr(figures, name).value


def of_judge(name: str) -> Callable[[Figures], float | None]:
    return lambda figures: getattr(figures, name)["words"].value


FIGURES: dict[str, Callable[[Figures], float | None]] = {
    "answerable right": share("answerable_right"),
    "refused": share("refused_right"),
    "abstention precision": share("abstention_precision"),
    "false premises answered": share("false_premise_answered"),
    "citations": share("citation_precision"),
    "nuggets": share("nugget_recall"),
    "short": share("short_answer"),
    "recall": of_judge("alce_recall"),
    "precision": of_judge("alce_precision"),
    "invalid": lambda figures: float(figures.invalid),
}
EXPECTED: dict[str, tuple[float | None, ...]] = {
    #                 right refd abst prem cite nugg short recl prec invalid
    "right": (1, 1, 1, 0, 1, 1, 1, 1, 1, 0),
    "wrong sentence": (1, 1, 1, 0, 0, 0, 1, 0, 0, 0),
    "top passage": (1, 0, None, 1, 1, 1, 1, 1, 1, 0),
    "refuses": (0, 1, 1 / 3, 0, None, 0, 0, None, None, 0),
    "answers all": (1, 0, None, 1, 1, 1, 1, 1, 1, 0),
    "invents numbers": (1, 1, 1, 0, 1, 1, 1, 1, 1, 4),
}


@pytest.mark.parametrize("name", list(SYSTEMS))
def test_a_broken_system_is_caught(runs: dict[str, files.RunResult], name: str) -> None:
    figures = runs[name].scores.figures
    found = {figure: measure(figures) for figure, measure in FIGURES.items()}
    expected = dict(zip(FIGURES, EXPECTED[name], strict=True))
    assert found == pytest.approx(expected, nan_ok=True)


def test_who_copies_the_passage_is_seen_by_its_length(runs: dict[str, files.RunResult]) -> None:
    copied, good = runs["top passage"].scores.figures, runs["right"].scores.figures
    assert copied.quote_chars is not None
    assert good.quote_chars is not None
    assert copied.quote_chars > 4 * good.quote_chars
    assert copied.words.value is not None
    assert good.words.value is not None
    assert copied.words.value > 4 * good.words.value
    assert (copied.token_f1.value or 0) < (good.token_f1.value or 0)


@pytest.mark.parametrize(
    ("name", "dropped"),
    [
        ("right", set()),
        ("wrong sentence", {"citations on marked evidence", "nuggets with a right citation"}),
        ("top passage", {"unanswerable, refused"}),
        (
            "refuses",
            {
                "answerable, answered right",
                "citations on marked evidence",
                "nuggets with a right citation",
            },
        ),
        ("invents numbers", {"invalid or unresolvable citations"}),
    ],
)
def test_the_gate_lets_no_broken_system_through(
    runs: dict[str, files.RunResult], name: str, dropped: set[str]
) -> None:
    checks = gate(runs[name], runs["right"])
    assert {check.name for check in checks if not check.passed} == dropped
    shown = report.gate_screen(checks)
    assert shown.count("DROPPED") == len(dropped)


def test_two_runs_are_compared_question_by_question(runs: dict[str, files.RunResult]) -> None:
    found = compare(runs["right"], runs["answers all"])
    assert (found.questions, found.left_out) == (6, 0)
    assert [one.id for one, _ in found.lost] == ["n0", "n1"]
    assert found.gained == ()
    by_name = {figure.name: figure for figure in found.figures}
    assert by_name["unanswerable, refused"].difference.value == -1
    assert by_name["answerable, answered right"].p == 1
    shown = report.comparison_screen(found, "right", "answers all")
    assert "How much salt does the mill make?" in shown


def test_runs_of_other_questions_cannot_be_compared(runs: dict[str, files.RunResult]) -> None:
    other = files.RunResult(Path("x.json"), {}, (), score(()))
    with pytest.raises(EvaluationError, match="no question in common"):
        compare(runs["right"], other)


def test_a_table_is_written_from_result_files_and_summaries(
    runs: dict[str, files.RunResult], tmp_path: Path
) -> None:
    brief = tmp_path / "brief.json"
    brief.write_text(json.dumps(files.summary(runs["right"])), encoding="utf-8")
    assert "Ulm" not in brief.read_text(encoding="utf-8")
    whole = table([("right", runs["right"].path)])
    assert "| right | 4 of 4 (1.0, .51–1.0) |" in whole
    assert table([("right", brief)]) == whole


def test_the_page_stands_by_itself(runs: dict[str, files.RunResult]) -> None:
    text = page(runs["answers all"])
    assert text.lstrip().lower().startswith("<!doctype html>")
    for question in questions():
        assert question.text in text
    for sign in ('src="http', 'href="http', "@import", "url(http"):
        assert sign not in text
    assert text.count("<svg") >= 4
    assert "<mark>The mill makes 40 tons of flour a day.</mark>" in text
    assert page(runs["answers all"]) == text


def test_words_of_documents_cannot_break_out_of_the_page(
    runs: dict[str, files.RunResult], tmp_path: Path
) -> None:
    value = json.loads(runs["right"].path.read_text(encoding="utf-8"))
    value["rows"][0]["answer"]["statements"][0]["text"] = "<script>alert(1)</script>"
    path = tmp_path / "evil.json"
    path.write_text(json.dumps(value), encoding="utf-8")
    assert "<script>alert(1)" not in page(files.read(path))


def test_judgements_survive_an_interruption(tmp_path: Path) -> None:
    file = tmp_path / "mill.txt"
    file.write_text(TEXT, encoding="utf-8")
    document = read_document(file, root=tmp_path)
    asked: list[str] = []

    class Counting(WordJudge):
        def states_all(self, statement: str, cited: Sequence[Citation]) -> float:
            asked.append(statement)
            if len(asked) == 3:
                raise KeyboardInterrupt
            return super().states_all(statement, cited)

    system = System(right, Corpus({document.id: document}))
    out = tmp_path / "run.json"
    with pytest.raises(KeyboardInterrupt):
        runner.run(questions(), system, out=out, judges=[Counting()])
    again = runner.run(questions(), system, out=out, judges=[Counting()])
    assert again.reused == 3
    assert len(asked) == 5
    assert again.scores.figures.alce_recall["words"].right == 4


def test_memory_does_not_grow_with_what_is_said(tmp_path: Path) -> None:
    """300 questions must cost little more than 30; a leak of a hit or state would show at once."""
    file = tmp_path / "mill.txt"
    file.write_text(TEXT, encoding="utf-8")
    document = read_document(file, root=tmp_path)
    system = System(right, Corpus({document.id: document}))

    def peak(count: int) -> int:
        several = [replace(questions()[n % 6], id=f"x{n}") for n in range(count)]
        tracemalloc.start()
        try:
            runner.run(several, system, out=tmp_path / f"{count}.json", judges=[WordJudge()])
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    few, many = peak(30), peak(300)
    assert many - few < 270 * 20_000  # bytes a question: its own row and nothing else
