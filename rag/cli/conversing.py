"""`rag conversations`: what the page has kept, listed, taken along and deleted."""

from __future__ import annotations

from pathlib import Path

import click

from rag.cli.terminal import one_line
from rag.errors import ConversationError


@click.group("conversations")
def conversations_group() -> None:
    """List what the page has kept, take it along, delete it.

    docs/conversations.md says where it lies and in what form.
    """


@conversations_group.command("list")
@click.option("--search", "sought", metavar="WORDS", help="Only those that hold all these words.")
@click.option(
    "--limit", type=click.IntRange(1), default=50, show_default=True, metavar="N", help="At most N."
)
def list_command(sought: str | None, limit: int) -> None:
    """List conversations, newest first: id, day, questions, title."""
    from rag.conversations import Conversations

    with Conversations() as kept:
        found = (
            [each.conversation for each in kept.search(sought, limit)]
            if sought
            else kept.recent(limit)
        )
    for each in found:
        day = each.changed.astimezone().date().isoformat()
        click.echo(f"{each.id}  {day}  {each.turns:>3}  {one_line(each.title)}")


@conversations_group.command("export")
@click.argument("conversation_id", metavar="ID")
@click.option(
    "--as",
    "form",
    type=click.Choice(["markdown", "html", "json"]),
    default="markdown",
    show_default=True,
    help="Format.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help='Where to write. [default: a name made of the title; "-" is standard output]',
)
def export_command(conversation_id: str, form: str, out: Path | None) -> None:
    """Write a conversation with its sources as footnotes.

    The beginning of an id does where it is the only one.
    """
    from rag.conversations import Conversations
    from rag.conversations.exporting import FORMATS, export

    chosen = next(each for each in FORMATS if each == form)
    with Conversations() as kept:
        id_ = kept.whole_id(conversation_id)
        made = export(kept.conversation(id_), kept.turns(id_), chosen)
    if str(out) == "-":
        click.echo(made.text, nl=False)
        return
    path = out or Path(made.name)
    try:
        path.write_text(made.text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise ConversationError(
            f"{path} cannot be written ({error.strerror}); free the disk or give another --out."
        ) from error
    click.echo(str(path))


@conversations_group.command("delete")
@click.argument("conversation_id", metavar="[ID]", required=False)
@click.option("--all", "every", is_flag=True, help="Delete every conversation.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete_command(conversation_id: str | None, every: bool, yes: bool) -> None:
    """Delete a conversation, or all of them, for good."""
    from rag.conversations import Conversations

    if every == bool(conversation_id):
        raise click.UsageError("Give an ID, or --all.")
    with Conversations() as kept:
        if every:
            if not yes:
                click.confirm(f"Delete {kept.count()} conversations for good?", abort=True)
            click.echo(f"{kept.delete_all()} deleted")
            return
        found = kept.conversation(kept.whole_id(conversation_id or ""))
        if not yes:
            click.confirm(f"Delete “{one_line(found.title)}” for good?", abort=True)
        kept.delete(found.id)
    click.echo(f"{found.id} deleted")


@conversations_group.command("set-aside")
def set_aside_command() -> None:
    """Give a file that is damaged another name beside it, so that a new one is begun."""
    from rag.config import data_folder
    from rag.conversations import FILE, set_aside

    path = data_folder() / FILE
    if not path.exists():
        raise ConversationError(f"There are no conversations at {path}; nothing is to be done.")
    click.echo(f"now at {set_aside(path)}")
