"""Options that several commands take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from rag.config import Settings

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
