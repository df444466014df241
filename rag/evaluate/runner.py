"""Questions + an assistant -> a result file; an interrupted run goes on where it was.

Each answer is kept as one line of `<result>.rows.jsonl` as soon as it is there. When the last is
in, the result file is written in one step and the lines are removed.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from rag.config import Settings, index_folder
from rag.errors import CancelledError, ConfigError, RagError
from rag.evaluate import about, sets
from rag.evaluate.about import Corpus
from rag.evaluate.files import RunResult, keeping, read_rows, rows_file, write
from rag.evaluate.judging import CheckerJudge, Judge, open_judge
from rag.evaluate.metrics import holds_answer, invalid_citations, supports_of
from rag.evaluate.ranking import Ranker, ranker
from rag.evaluate.scoring import Row, score, statements_of
from rag.evaluate.sets import Question, Span, spans, texts_by_source
from rag.types import Answer

RESULTS = Path("benchmarks/results")

Progress = Callable[[int, int, Row], None]


class Answerer(Protocol):
    """What is asked: our assistant, or an adapter that makes another system look like it.

    An adapter has `system: str`, its name, and `versions: Mapping[str, str]`, those of the packages
    it stands on, as well.
    """

    @property
    def settings(self) -> Settings:
        """How it answers."""

    @property
    def index(self) -> Corpus:
        """What it answers from."""

    def ask(self, question: str) -> Answer:
        """Answer one question."""


def run(
    questions: Sequence[Question],
    assistant: Answerer,
    *,
    out: Path,
    resume: bool = True,
    progress: Progress | None = None,
    judges: Sequence[Judge] = (),
    rank: Ranker | None = None,
) -> RunResult:
    """Ask every question, score the answers and write the result file.

    Args:
        questions: asked in this order.
        assistant: what answers.
        out: the result file; answers are kept beside it until the run is whole.
        resume: use answers of an interrupted run that depend on the same question, settings,
            model, index and code.
        progress: called with done, total and the row after each question.
        judges: asked what the citations of each statement carry, the checker first.
        rank: says where the evidence stands in each order of retrieval.

    Raises:
        EvaluationError: the set does not fit the index, or a file cannot be read or written.
        CancelledError: somebody stopped the work; what is done is kept.
    """
    texts = texts_by_source(assistant.index.documents.values())
    gold = {question.id: spans(question, texts) for question in questions}
    system = getattr(assistant, "system", about.OURS)
    # Taken before the first question: the code that is running, whatever is committed meanwhile.
    head = about.about(
        questions,
        assistant.settings,
        assistant.index,
        system=system,
        parts=getattr(assistant, "versions", None),
    )
    stand = about.stand(assistant.settings, assistant.index, system=system)
    kept_file = rows_file(out)
    kept = read_rows(kept_file) if resume else {}
    read = {passage.id: passage.text for passage in assistant.index.passages}
    rows: list[Row] = []
    reused = 0
    with keeping(kept_file, kept.values()) as keep:
        for question in questions:
            key = about.answer_key(question, stand)
            row = kept.get(key)
            if row is None:
                row = _ask(question, assistant, key)
                keep(row)
            else:
                reused += 1
            row = _marked(row, question, gold[question.id], texts)
            row = replace(row, held=_held(row, texts, read))
            if rank is not None:
                row = replace(row, found=rank(question, row.gold))
            judged = _judged(row, judges)
            if judged != row:
                keep(judged)
            rows.append(judged)
            if progress is not None:
                progress(len(rows), len(questions), judged)
    result = RunResult(
        path=out,
        about={**head, "peak_memory_mib": about.peak_memory_mib()},
        rows=tuple(rows),
        scores=score(rows),
        reused=reused,
    )
    write(result)
    kept_file.unlink(missing_ok=True)
    return result


def _judged(row: Row, judges: Sequence[Judge]) -> Row:
    """Return a row with what each judge says of its statements, where it was not asked before."""
    found = dict(row.supports)
    for judge in judges:
        if len(found.get(judge.name, ())) != len(row.statements) or judge.name not in found:
            found[judge.name] = tuple(supports_of(row.statements, judge.states_all))
    return replace(row, supports=found)


def _held(row: Row, texts: Mapping[str, str], passages: Mapping[str, str]) -> tuple[bool, ...]:
    """Tell of each side of a question whether what was read gives it.

    Where it is not known what was read, the question's gold documents are taken for it.
    """
    if not row.question.sides or row.answer is None:
        return ()
    ids = {name for draft in row.answer["drafts"] for name in draft["passages"]}
    read = [passages[name] for name in ids if name in passages]
    if not read:
        read = [hit["quote"] for hit in row.answer["closest"]]
    if not read:
        read = [texts[source] for source in row.question.gold if source in texts]
    return tuple(any(holds_answer(text, side) for text in read) for side in row.question.sides)


def _ask(question: Question, assistant: Answerer, key: str) -> Row:
    """Ask one question and check each citation against its source file as it is now."""
    began = time.perf_counter()
    try:
        answer = assistant.ask(question.text)
    except CancelledError:
        raise
    except RagError as error:
        return Row(key, question, (), None, error=f"{type(error).__name__}: {_no_paths(error)}")
    wall_s = round(time.perf_counter() - began, 6)
    unresolved = {}
    for citation in answer.citations:
        resolution = citation.resolve()
        if not resolution.ok:
            unresolved[citation.number] = _no_paths(resolution.reason)
    return Row(key, question, (), answer.to_json(), unresolved=unresolved, wall_s=wall_s)


def _marked(
    row: Row, question: Question, gold: tuple[tuple[Span, ...], ...], texts: Mapping[str, str]
) -> Row:
    """Return a row with the marks of the set as it is now, also where its answer is older."""
    invalid: list[str] = []
    if row.answer is not None:
        invalid = invalid_citations(
            row.answer["text"], statements_of(row.answer), texts, row.unresolved
        )
    return replace(row, question=question, gold=gold, invalid=tuple(invalid))


def _no_paths(message: object) -> str:
    """Return a message without the folders of this machine: result files are shared."""
    text = str(message)
    for folder, sign in ((Path.cwd(), "."), (Path.home(), "~")):
        if folder != Path(folder.anchor):
            text = text.replace(str(folder), sign)
    return text


@dataclass(frozen=True, slots=True)
class Asked:
    """What `rag eval` is to ask.

    Attributes:
        questions: the set, None for the one on the sample documents.
        index: name of a folder under `indexes/`, or a path.
        documents: a folder that is indexed first, in place of `index`.
        settings: how questions are answered.
        limit: only the first so many questions.
        sample: only so many questions, drawn without replacement.
        seed: of the draw.
        judge: a second judge; see `rag.evaluate.judging.open_judge`.
        judged: ask the checker, and the second judge, what citations carry.
    """

    questions: Path | None = None
    index: str = "seeds"
    documents: Path | None = None
    settings: Settings = field(default_factory=Settings)
    limit: int | None = None
    sample: int | None = None
    seed: int = 0
    judge: str = ""
    judged: bool = True

    def __post_init__(self) -> None:
        """Refuse what cannot be asked."""
        for name in ("limit", "sample"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ConfigError(f"{name} is {value}; give 1 or more.")


def evaluate(
    asked: Asked,
    *,
    out: Path | None = None,
    resume: bool = True,
    progress: Callable[[str, int, int], None] | None = None,
) -> RunResult:
    """Ask a question set and write the result file: `rag eval`.

    Args:
        asked: what, of which documents and how.
        out: result file; by default named after model and commit, under `benchmarks/results`
            where that folder exists, else in the current one.
        resume: go on with an interrupted run.
        progress: called with stage, done and total after each question.

    Raises:
        RagError: set, index, model or setting cannot be used.
    """
    questions = sets.load(asked.questions or sets.SEEDS)[: asked.limit]
    questions = sets.draw(questions, asked.sample, seed=asked.seed)
    target = out or default_out(asked)

    from rag.assistant import Assistant

    def tell(done: int, total: int, row: Row) -> None:
        if progress is not None:
            progress("asking", done, total)

    # Passages are read in the run itself: seconds must not hang on what was asked before it.
    settings = asked.settings.with_(readings_mb=0)
    assistant = Assistant.open(index_of(asked, progress), settings=settings)
    judges: list[Judge] = []
    if asked.judged:
        threshold = asked.settings.support_threshold
        judges.append(CheckerJudge(assistant.llm, assistant.rarity, threshold=threshold))
    if asked.judge:
        judges.append(open_judge(asked.judge))
    rank = ranker(assistant.index, assistant.embedder, asked.settings)
    try:
        return run(
            questions,
            assistant,
            out=target,
            resume=resume,
            progress=tell,
            judges=judges,
            rank=rank,
        )
    finally:
        assistant.close()


def index_of(asked: Asked, progress: Callable[[str, int, int], None] | None) -> str:
    """Return the index to ask, brought up to date first where a folder of documents is given.

    Raises:
        RagError: nothing there can be indexed.
    """
    if asked.documents is None:
        return asked.index
    from rag.embedder import load_embedder
    from rag.index import build

    name = f"eval-{_file_name(asked.documents.resolve().name)}"
    embedder = load_embedder(asked.settings.embedder)
    build([asked.documents], index_folder(name), embedder, progress=progress)
    return name


def _file_name(name: str) -> str:
    return re.sub(r"[^\w.+-]+", "_", name)


def default_out(asked: Asked) -> Path:
    """Return the result file's name: model, commit, and whatever differs from the defaults."""
    commit, changed = about.commit_of()
    usual, settings = Settings(), asked.settings
    parts = ["eval", about.short_name(settings.model).removesuffix(".gguf")]
    if asked.questions is not None and asked.questions.resolve() != sets.SEEDS:
        same = asked.questions.stem == "questions"  # as importers name it
        parts.append(asked.questions.resolve().parent.name if same else asked.questions.stem)
    parts += [
        getattr(settings, name)
        for name in ("reading", "retrieval", "length")
        if getattr(settings, name) != getattr(usual, name)
    ]
    if settings.passages != usual.passages:
        parts.append(f"{settings.passages}passages")
    if settings.without:
        parts += ["without", *settings.without]
    if asked.limit is not None:
        parts.append(f"first{asked.limit}")
    if asked.sample is not None:
        parts.append(f"sample{asked.sample}seed{asked.seed}")
    parts.append((commit[:12] or "nocommit") + ("-changed" if changed else ""))
    return (RESULTS if RESULTS.is_dir() else Path()) / f"{_file_name('-'.join(parts))}.json"
