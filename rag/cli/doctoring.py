"""`rag doctor`: see what is wrong with an index, and mend it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rag.cli.options import index_option, password_option
from rag.cli.terminal import bar, one_line
from rag.config import DEFAULT_EMBEDDER, index_folder

if TYPE_CHECKING:
    from rag.index import Examination, Mended

UNSOUND = 1


@click.command("doctor")
@index_option
@click.option("--check", "only_check", is_flag=True, help="Say what is wrong and change nothing.")
@password_option
def doctor_command(index: str, only_check: bool, passwords: tuple[str, ...]) -> None:
    """See whether an index is sound, and mend it.

    Every checksum, offset and vector is checked. What is damaged is made anew from what the index
    still holds, and where that is not enough, from the files. Exit code 1 when something is wrong
    and was not mended, or a document could not be read again.
    """
    from rag.assistant import made_with
    from rag.documents import ReadOptions
    from rag.embedder import load_embedder
    from rag.index import examine, mend

    folder = index_folder(index)
    if only_check:
        with bar() as progress:
            found = examine(folder, progress)
        click.echo(examined(found, index))
        if found.faults:
            raise click.exceptions.Exit(UNSOUND)
        return
    with bar() as progress:
        options = ReadOptions(passwords)
        embedder = load_embedder(DEFAULT_EMBEDDER, made_with=made_with(folder))
        done = mend(folder, embedder, progress=progress, options=options)
    click.echo(mended(done, index))
    if done.lost or done.unknown:
        raise click.exceptions.Exit(UNSOUND)


def examined(found: Examination, name: str) -> str:
    """Return what was found, a line each."""
    if not found.faults:
        return _sound(name, found.documents, found.passages)
    faults = [f"{'wrong':<10} {one_line(fault)}" for fault in found.faults]
    count = len(found.faults)
    last = (
        f"{name}: {count} thing{'s' * (count > 1)} wrong; mend it with `rag doctor --index {name}`"
    )
    return "\n".join([*faults, last])


def mended(done: Mended, name: str) -> str:
    """Return what was wrong and what was done, a line each."""
    if not done.faults:
        return _sound(name, done.kept, done.passages)
    lines = [f"{'wrong':<10} {one_line(fault)}" for fault in done.faults]
    lines += [f"{'read':<10} {one_line(source)}" for source in done.read]
    lines += [f"{'lost':<10} {one_line(str(error))}" for error in done.lost]
    if done.unknown:
        paths = " ".join(one_line(root) for root in done.roots)
        lines.append(
            f"{'lost':<10} {done.unknown} documents of which nothing is left; "
            f"index their folders again: `rag index {paths} --index {name}`"
        )
    lines.append(
        f"{name}: mended; {done.kept} documents were sound, {done.made} were made anew from the "
        f"index, {len(done.read)} files read again; {done.passages} passages"
    )
    return "\n".join(lines)


def _sound(name: str, documents: int, passages: int) -> str:
    return (
        f"{name}: sound; {documents} documents, {passages} passages, every checksum, offset and "
        "vector as it should be"
    )
