"""The command line of a script that fits weights on what one folder holds."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path


def fit_command(
    description: str | None,
    fit: Callable[[Path], str],
    arguments: Sequence[str] | None = None,
) -> None:
    """Print what is fitted on the folder that is named.

    Args:
        description: the script's help.
        fit: returns weights and table.
        arguments: the command line, the process's own if None.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("folder", type=Path)
    print(fit(parser.parse_args(arguments).folder))
