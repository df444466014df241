"""`rag eval`: measure answers and citations, compare runs, make and import question sets."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from rag.cli.options import index_option, model_option, progress_option, reading_options
from rag.cli.terminal import bar
from rag.config import STEPS, Settings
from rag.errors import EvaluationError

NOT_PASSED = 1
_File = click.Path(path_type=Path, dir_okay=False)
_Folder = click.Path(path_type=Path, file_okay=False)
Command = TypeVar("Command", bound=Callable[..., Any])


def _asking_options(command: Command) -> Command:
    """Add the options that say what is asked, of what, and how."""
    options = [
        click.option(
            "--questions",
            type=_File,
            metavar="FILE",
            help="Question set (JSONL). [default: the one on the sample documents]",
        ),
        click.option(
            "--documents",
            type=_Folder,
            metavar="DIR",
            help="Index this folder first and ask of it, in place of --index.",
        ),
        index_option,
        model_option,
        reading_options,
        click.option(
            "--retrieval",
            type=click.Choice(["fused", "dense", "lexical"]),
            default=Settings().retrieval,
            show_default=True,
            help="Find passages by vectors alone, by words alone, or by all.",
        ),
        click.option(
            "--without",
            type=click.Choice(STEPS),
            multiple=True,
            help="Leave out a step, to measure what it is worth; may be given more than once.",
        ),
        click.option(
            "--limit", type=click.IntRange(1), metavar="N", help="Only the first N questions."
        ),
        click.option(
            "--sample", type=click.IntRange(1), metavar="N", help="Only N questions, drawn."
        ),
        click.option(
            "--seed", type=int, default=0, show_default=True, metavar="S", help="Of the draw."
        ),
        click.option(
            "--judge",
            default="",
            metavar="NAME",
            help="A second judge of citations: a model that `rag models` lists, a GGUF file, or"
            " the address of an OpenAI-compatible server (then quotes are sent there).",
        ),
        click.option(
            "--no-judge",
            is_flag=True,
            help="Do not ask the checker either; marked evidence alone is counted.",
        ),
        click.option(
            "--out", type=_File, metavar="FILE", help="Result file. [default: by model and commit]"
        ),
        click.option("--fresh", is_flag=True, help="Ask again what an interrupted run has asked."),
        progress_option,
    ]
    for option in reversed(options):
        command = option(command)
    return command


@click.group("eval", invoke_without_command=True)
@_asking_options
@click.option(
    "--compare",
    nargs=2,
    type=_File,
    metavar="A B",
    help="Ask nothing: compare two result files question by question.",
)
@click.option(
    "--again",
    type=_File,
    metavar="FILE",
    help="Ask nothing: score a result file with the metrics as they are now.",
)
@click.option(
    "--report", type=_File, metavar="FILE", help="Write a page to look at (HTML, self-contained)."
)
@click.option(
    "--precision",
    type=click.FloatRange(0, 1),
    metavar="SHARE",
    help="Propose a support threshold by which such a share of the answers given is right.",
)
@click.pass_context
def eval_group(
    ctx: click.Context,
    /,
    compare: tuple[Path, Path] | None,
    again: Path | None,
    report: Path | None,
    precision: float | None,
    **options: Any,
) -> None:
    """Measure answers and citations on a question set.

    An interrupted run goes on where it stopped. docs/evaluation.md says what each figure means.
    """
    if ctx.invoked_subcommand is not None:
        return
    from rag.evaluate import read, screen
    from rag.evaluate.comparing import compare as compared
    from rag.evaluate.report import comparison_screen, threshold_line

    if compare:
        first, second = map(read, compare)
        click.echo(comparison_screen(compared(first, second), *(p.stem for p in compare)))
        return
    result = read(again) if again else _ask(**options)
    click.echo(screen(result))
    if precision is not None:
        click.echo(f"\n{threshold_line(result, precision)}")
    if not again:
        click.echo(f"\nwritten to {result.path}")
    if report is not None:
        from rag.evaluate.page import write_page

        write_page(result, report)
        click.echo(f"page: {report}")


def _ask(
    questions: Path | None,
    documents: Path | None,
    index: str,
    limit: int | None,
    sample: int | None,
    seed: int,
    judge: str,
    no_judge: bool,
    out: Path | None,
    fresh: bool,
    progress: str,
    **settings: Any,
) -> Any:
    """Ask a set as the options say; return the run."""
    from rag.evaluate import Asked, evaluate

    asked = Asked(
        questions=questions,
        index=index,
        documents=documents,
        settings=Settings(**settings),
        limit=limit,
        sample=sample,
        seed=seed,
        judge=judge,
        judged=not no_judge,
    )
    with bar(lines=progress == "lines") as tell:
        return evaluate(asked, out=out, resume=not fresh, progress=tell)


@eval_group.command("gate")
@_asking_options
@click.option(
    "--baseline",
    type=_File,
    required=True,
    metavar="FILE",
    help="Result file of an earlier run of the same set, or of a larger one.",
)
@click.option(
    "--max-drop",
    type=click.FloatRange(0, 1),
    default=0.05,
    show_default=True,
    metavar="SHARE",
    help="How much less a share may be.",
)
@click.option(
    "--run", "done", type=_File, metavar="FILE", help="Ask nothing: hold this result file."
)
def gate_command(baseline: Path, max_drop: float, done: Path | None, **options: Any) -> None:
    """Hold a run against an earlier one; exit code 1 where it is worse.

    Citations that do not resolve, statements without citation and questions that could not be
    asked let nothing pass, whatever the earlier run has.
    """
    from rag.evaluate import gate, read
    from rag.evaluate.report import gate_screen

    before = read(baseline)
    checks = gate(read(done) if done else _ask(**options), before, max_drop=max_drop)
    click.echo(gate_screen(checks))
    if not all(check.passed for check in checks):
        raise click.exceptions.Exit(NOT_PASSED)


@eval_group.command("table")
@click.argument("files", nargs=-1, required=True, metavar="[NAME=]FILE...")
@click.option(
    "--save",
    type=_Folder,
    metavar="DIR",
    help="Write each run there without any words of questions, answers or documents.",
)
def table_command(files: tuple[str, ...], save: Path | None) -> None:
    """Print result files as a Markdown table, a row each."""
    from rag.evaluate import read
    from rag.evaluate.files import summary
    from rag.evaluate.table import table

    named = []
    for given in files:
        name, _, place = given.rpartition("=")
        named.append((name or Path(place).stem, Path(place)))
    click.echo(table(named))
    if save is not None:
        save.mkdir(parents=True, exist_ok=True)
        for _, path in named:
            text = json.dumps(summary(read(path)), indent=1)
            (save / path.name).write_text(f"{text}\n", encoding="utf-8")


@eval_group.command("import")
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--out", type=_Folder, required=True, metavar="DIR", help="New folder for the imported set."
)
@click.option(
    "--kind",
    type=click.Choice(["folder", "squad2", "beir", "alce"]),
    help="Form of the set. [default: found out]",
)
@click.option("--sample", type=click.IntRange(1), metavar="N", help="Only N questions, drawn.")
@click.option("--seed", type=int, default=0, show_default=True, metavar="S", help="Of the draw.")
def import_command(path: Path, out: Path, kind: str | None, sample: int | None, seed: int) -> None:
    """Turn a SQuAD 2.0, BEIR or ALCE set into documents and questions to ask.

    Folders with corpus.jsonl and questions.jsonl, as our benchmarks use them, are read as well.
    """
    from rag.evaluate.importing import DOCUMENTS, QUESTIONS, import_set

    done = import_set(path, out, kind=kind or "", sample=sample, seed=seed)
    click.echo(f"{done.documents} documents, {done.questions} questions in {out}")
    for reason, count in sorted(done.skipped.items()):
        if count:
            click.echo(f"  left out: {reason} ({count})")
    click.echo(f"now: rag eval --documents {out / DOCUMENTS} --questions {out / QUESTIONS}")


@eval_group.command("make-set")
@click.argument("documents", type=_Folder, required=False, metavar="[DIR]")
@index_option
@model_option
@click.option(
    "--out",
    type=_File,
    default=Path("questions.jsonl"),
    show_default=True,
    metavar="FILE",
    help="The set.",
)
@click.option(
    "--count", type=click.IntRange(1), default=60, show_default=True, help="Questions wanted."
)
@click.option("--seed", type=int, default=0, show_default=True, metavar="S", help="Of the draw.")
@progress_option
def make_set_command(
    documents: Path | None,
    index: str,
    model: str,
    out: Path,
    count: int,
    seed: int,
    progress: str,
) -> None:
    """Make a labelled question set of your own documents.

    The model writes questions on sentences of the folder (or of --index); each is kept only if the
    checks and an answer round trip agree. Near misses that the documents do not answer are made by
    altering one thing. Half a minute a question or less; an interrupted run goes on where it was.
    """
    from rag.evaluate.making import make_set
    from rag.evaluate.runner import Asked, index_of

    settings = Settings(model=model)
    with bar(lines=progress == "lines") as tell:
        asked = Asked(index=index, documents=documents, settings=settings)
        made = make_set(
            index_of(asked, tell),
            out=out,
            count=count,
            seed=seed,
            settings=settings,
            progress=tell,
        )
    click.echo(str(made))
    where = f"--documents {documents}" if documents else f"--index {index}"
    click.echo(f"look through it: rag eval review {out} {where}")
    click.echo(f"then: rag eval {where} --questions {out}")


@eval_group.command("from-feedback")
@click.option(
    "--out", type=_File, required=True, metavar="FILE", help="New file for the set (JSONL)."
)
@click.option(
    "--index",
    metavar="NAME",
    help="Only answers from this index, and only evidence that still stands in it.",
)
def from_feedback_command(out: Path, index: str | None) -> None:
    """Turn the thumbs that answers were given on the page into a question set.

    A good answer must be given again from the same words; what readers say is not in the documents
    must be refused. Other bad answers are struck out until you accept them with `rag eval review`.
    """
    from rag.config import index_folder
    from rag.conversations import Conversations
    from rag.conversations.labelling import labelled
    from rag.evaluate.making.keeping import write_set
    from rag.evaluate.sets import texts_by_source
    from rag.index import Index

    if out.exists():
        raise EvaluationError(f"{out} is there already; give a new file.")
    with Conversations() as kept:
        judged = kept.judged()
    opened = Index.open(index_folder(index)) if index else None
    texts = texts_by_source(opened.documents.values()) if opened else None
    made = labelled(judged, index or "", texts)
    if not made.questions:
        told = ", ".join(f"{why} ({count})" for why, count in made.left_out.items())
        raise EvaluationError(f"No judged answer can be used: {told}. Judge some more.")
    write_set(out, made.questions)
    click.echo(f"{len(made.questions)} questions in {out}, {made.to_review} struck until reviewed")
    for why, count in sorted(made.left_out.items()):
        click.echo(f"  left out: {why} ({count})")
    where = f" --index {index}" if index else ""
    click.echo(f"look through it: rag eval review {out}{where}")
    click.echo(f"then: rag eval --questions {out}{where}")


@eval_group.command("review")
@click.argument("file", type=_File)
@click.option(
    "--documents",
    type=_Folder,
    metavar="DIR",
    help="The folder the set was made of, indexed first.",
)
@click.option("--index", metavar="NAME", help="The index the set was made of: its name or folder.")
@click.option(
    "--host", default="127.0.0.1", show_default=True, metavar="IP", help="Address to listen on."
)
@click.option("--port", type=click.IntRange(0, 65535), default=7861, show_default=True, metavar="N")
def review_command(
    file: Path, documents: Path | None, index: str | None, host: str, port: int
) -> None:
    """Look through a question set in the browser: accept, strike or correct each.

    With the documents at hand each quote is shown in the text around it. Every decision is in the
    file at once; what is struck is not asked. Keys: A accepts, S strikes, arrows turn.
    """
    from rag.cli.passwords import ask_if_needed
    from rag.evaluate.review import review
    from rag.evaluate.runner import Asked, index_of

    if documents is not None:
        with bar() as progress:
            index = index_of(Asked(documents=documents, settings=Settings()), progress)
    ask_if_needed(host)
    review(
        file,
        host=host,
        port=port,
        index=index,
        ready=lambda address: click.echo(f"{file.name} is at {address} (Ctrl-C stops it)"),
    )


@eval_group.command("checker")
@index_option
@model_option
@click.option(
    "--claims",
    type=_File,
    metavar="FILE",
    help="Labelled claims (JSONL: doc, claim, label, source), in place of the index's sentences.",
)
@click.option(
    "--count", type=click.IntRange(1), default=20, show_default=True, help="Pairs of each kind."
)
@click.option("--seed", type=int, default=0, show_default=True, metavar="S", help="Of the draw.")
@click.option("--no-model", is_flag=True, help="Exact facts and words alone, in seconds.")
def checker_command(
    index: str, model: str, claims: Path | None, count: int, seed: int, no_model: bool
) -> None:
    """Measure the checker by itself, on your own documents.

    Sentences are held against their passages as they stand and with one number, date, name or
    negation altered. About a second a claim.
    """
    from rag.assistant import load_llm, made_with
    from rag.config import index_folder
    from rag.embedder import load_embedder
    from rag.evaluate import checking
    from rag.evaluate.report import checker_screen
    from rag.index import Index
    from rag.prove import Rarity

    settings = Settings(model=model)
    if claims is not None:
        chosen = list(checking.read_claims(claims))
        texts = list({claim.hit.passage.text for claim in chosen})
    else:
        folder = index_folder(index)
        embedder = load_embedder(settings.embedder, made_with=made_with(folder))
        opened = Index.open(folder, embedder.checksum)
        chosen = list(checking.own_claims(opened, count=count, seed=seed))
        texts = [passage.text for passage in opened.passages]
    llm = None if no_model else load_llm(settings)
    try:
        with bar() as progress:
            found = checking.check(
                chosen,
                Rarity(texts),
                threshold=settings.support_threshold,
                witness=llm,
                progress=progress,
            )
    finally:
        if llm is not None:
            llm.close()
    click.echo(checker_screen(checking.lines(found)))
