"""Who wrote what in a message: its writer, the mails it answers, or a signature."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

QUOTED = "quoted mail"
SIGNATURE = "signature"
_WROTE = r"(?:wrote|schrieb\b.{0,80}|a écrit|escribió|ha scritto|escreveu|schreef\b.{0,80}|skrev)"
_INTRODUCTION = re.compile(rf"(?:On|Am|Le|El|Il|Em|Op|Den)\b.{{5,300}}?\b{_WROTE}\s*:", re.S)
_DATED = re.compile(r"@|\d{1,2}:\d\d|\b(?:19|20)\d\d\b")
_FORWARDED = re.compile(
    r"\s*(?:-{2,}\s*(?:original message|forwarded message|original-nachricht|weitergeleitete "
    r"nachricht|ursprüngliche nachricht|message d.origine|message transféré|mensaje original|"
    r"mensaje reenviado|messaggio originale|messaggio inoltrato|oorspronkelijk bericht|mensagem "
    r"original)\s*-{2,}|begin forwarded message:|anfang der weitergeleiteten nachricht:)\s*",
    re.I,
)
_HEAD_LINE = re.compile(r"\W*(?:From|Von|De|Da|Van)\s?:\W*\s\S")
_MORE_HEAD = re.compile(
    r"\W*(?:Sent|Date|To|Cc|Subject|Gesendet|Datum|An|Betreff|Envoyé|À|Objet|Enviado|Fecha|Para|"
    r"Asunto|Inviato|Data|A|Oggetto|Verzonden|Aan|Onderwerp|Assunto)\s?:\W*\s\S"
)
_MOST_EMPTY = 5  # lines between who wrote and what
_MOST_SIGNATURE = 8  # lines, half of them empty, after a "--" that has lost its space


def divisions(text: str) -> Iterator[tuple[int, str]]:
    """Yield where quoted mail and signature begin, and where ("") the writer's own words go on."""
    lines = text.split("\n")
    at, known, in_signature, until = 0, "", False, -1
    for i, line in enumerate(lines):
        if _is_history(lines, i):
            if known != QUOTED:
                yield at, QUOTED
            return
        if line.lstrip(" ").startswith(">") or i <= until:
            value, in_signature = QUOTED, False
        elif (last := _introduced(lines, i)) is not None:
            value, until = QUOTED, last
        elif _is_signature(lines, i):
            value, in_signature = SIGNATURE, True
        elif not line.strip():
            value = known
        else:
            value = SIGNATURE if in_signature else ""
        if value != known:
            yield at, value
            known = value
        at += len(line) + 1


def _is_signature(lines: Sequence[str], i: int) -> bool:
    if lines[i] == "-- ":
        return True
    after = len(lines) - i - 1
    return lines[i].strip() == "--" and after <= 2 * _MOST_SIGNATURE


def _introduced(lines: Sequence[str], i: int) -> int | None:
    """Return where an "On … wrote:" that begins at line i ends, if quoted lines stand below it."""
    words = ""
    for last in range(i, min(i + 3, len(lines))):
        words += lines[last].strip() + " "
        if _INTRODUCTION.fullmatch(words.strip()):
            below = next(filter(str.strip, islice(lines, last + 1, last + 1 + _MOST_EMPTY)), "")
            return last if below.lstrip().startswith(">") else None
    return None


def _is_history(lines: Sequence[str], i: int) -> bool:
    """Say whether from a line on everything is a mail from before, without a sign on each line."""
    line = lines[i]
    if line.lstrip().startswith(">"):
        return False
    if _FORWARDED.fullmatch(line):
        return True
    if _HEAD_LINE.match(line):
        return sum(bool(_MORE_HEAD.match(more)) for more in lines[i + 1 : i + 7]) >= 2
    words = ""
    for last in range(i, min(i + 3, len(lines))):
        words += lines[last].strip() + " "
        if _INTRODUCTION.fullmatch(words.strip()):
            # At the very top the writer's own words stand below it.
            return i > 0 and bool(_DATED.search(words)) and _introduced(lines, i) is None
    return False
