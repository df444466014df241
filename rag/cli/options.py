"""Options that several commands take."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import click

from rag.config import Length, Settings

if TYPE_CHECKING:
    from rag.within import Within

Command = TypeVar("Command", bound=Callable[..., Any])


def index_option(command: Command) -> Command:
    """Add the option that says which index answers."""
    return click.option(
        "--index",
        default="seeds",
        show_default=True,
        envvar="RAG_INDEX",
        metavar="NAME",
        help="Index to answer from: a name under indexes/, or a path.",
    )(command)


def model_option(command: Command) -> Command:
    """Add the option that says which model writes."""
    return click.option(
        "--model",
        default=Settings().model,
        show_default=True,
        envvar="RAG_MODEL",
        metavar="NAME",
        help="What writes: a name that `rag models` lists, or the path of a GGUF file.",
    )(command)


def password_option(command: Command) -> Command:
    """Add the option that gives passwords of files."""
    return click.option(
        "--password",
        "passwords",
        multiple=True,
        envvar="RAG_PASSWORD",
        metavar="WORD",
        help="Tried on files that need one; may be given several times.",
    )(command)


def progress_option(command: Command) -> Command:
    """Add the option that says how work under way is told."""
    return click.option(
        "--progress",
        type=click.Choice(["bar", "lines"]),
        default="bar",
        show_default=True,
        help="Draw a bar on a terminal, or write a line a step for a program that looks on.",
    )(command)


def reading_options(command: Command) -> Command:
    """Add the options that say how passages are read."""
    command = click.option(
        "--passages",
        type=click.IntRange(1, 20),
        metavar="N",
        default=Settings().passages,
        show_default=True,
        help="How many passages are read.",
    )(command)
    command = click.option(
        "--length",
        type=click.Choice(get_args(Length)),
        default=Settings().length,
        show_default=True,
        help="Show the one or two statements that answer best, or read more passages and show"
        " more.",
    )(command)
    command = click.option(
        "--support-threshold",
        type=click.FloatRange(0, 1),
        metavar="P",
        default=Settings().support_threshold,
        show_default=True,
        help="Statements less likely than this to be carried by their source are withheld.",
    )(command)
    return click.option(
        "--reading",
        type=click.Choice(["single", "joint", "single+joint"]),
        default=Settings().reading,
        show_default=True,
        help="Read each passage on its own, all in one prompt, or in one prompt only when"
        " nothing is proven otherwise.",
    )(command)


def within_options(command: Command) -> Command:
    """Add the options that say which documents may answer."""
    for option in (
        click.option(
            "--only",
            multiple=True,
            metavar="FACT=WORDS",
            help="Ask only documents with these words in a fact: publisher=NBC, title=policy,"
            " path='contracts/*', format=pdf or any other they state; may be given several times:"
            " any words of one fact will do, and each fact named must have some.",
        ),
        click.option(
            "--latest", is_flag=True, help="Ask the latest of the documents that are found alone."
        ),
        click.option(
            "--until",
            metavar="DATE",
            help="Ask only documents of this day, month or year, or before.",
        ),
        click.option(
            "--since",
            metavar="DATE",
            help="Ask only documents of this day, month or year or after.",
        ),
    ):
        command = option(command)
    return command


def within(
    since: str | None, until: str | None, latest: bool, only: tuple[str, ...]
) -> Within | None:
    """Return which documents may answer, None where all may.

    Raises:
        WithinError: something is no date, or no pair.
    """
    from rag.within import pair, typed

    return typed(since or "", until or "", latest, map(pair, only))
