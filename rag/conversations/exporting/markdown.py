"""A conversation as Markdown, its sources as footnotes at the end."""

from __future__ import annotations

from rag.conversations.exporting.sheet import Sheet, about, asked_as, outcome, told_of, withheld
from rag.conversations.values import Turn
from rag.render.plain import answer_markdown, footnote_markdown, markdown, statement_markdown


def to_markdown(sheet: Sheet) -> str:
    """Return a conversation as Markdown; line breaks of what is quoted become spaces."""
    blocks = [f"# {markdown(sheet.conversation.title)}", *map(markdown, about(sheet))]
    for turn in sheet.turns:
        blocks += _turn(turn)
    if sheet.footnotes:
        blocks.append("---")
        blocks += map(footnote_markdown, sheet.footnotes)
    return "\n\n".join(blocks) + "\n"


def _turn(turn: Turn) -> list[str]:
    answered = (
        answer_markdown(turn.answer) if turn.answer else [*map(statement_markdown, turn.proven)]
    )
    lines = (outcome(turn), withheld(turn))
    return [
        f"## {markdown(turn.typed)}",
        *(f"*{markdown(line)}*" for line in (told_of(turn), asked_as(turn)) if line),
        *answered,
        *(f"*{markdown(line)}*" for line in lines if line),
    ]
