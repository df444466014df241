"""Text to sentences with exact offsets: paragraphs, then units that stand alone, then nupunkt."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Any

from rag.types import Sentence

Span = tuple[int, int]

LIST_ITEM = re.compile(
    r"[ \t]*(?:[-*+•‣◦▪●–—·][ \t]+|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,5})[.)][ \t]+)(?=\S)"
)
_PARAGRAPH_BREAK = re.compile(r"\n[^\S\n]*\n\s*|[\f\u2029]\s*")
_MARKED_LINE = re.compile(r"[ \t]*(?:#{1,6}[ \t]|\||```|~~~|={3,}\s*\Z|-{3,}\s*\Z)")
_QUOTED_LINE = re.compile(r"[ \t]*>[> \t]*")
_LABEL_LINE = re.compile(r"[ \t]*[A-Z][\w’'/-]*(?:[ ][\w’'/-]+){0,2}:[ \t]+\S")
# Text is wrapped at 50 to 100 columns, give or take. Where the longest line is shorter, the lines
# are a list, an address or a poem; where it is longer, each is a paragraph of its own.
_MIN_WIDTH, _MAX_WIDTH, _MAX_RAGGED_WIDTH = 40, 120, 160
_MAX_STRETCH = 20_000  # characters nupunkt is given at once; it is slow on long runs of "!"
_WINDOW = 6  # lines before and after that tell how wide the page is

# nupunkt was trained on law and learnt thousands of ordinary words as abbreviations (bank, month,
# west, wall), which would glue the next sentence on. Of its list only those with a period inside
# and single letters are kept, and these.
_ABBREVIATIONS = frozenset(
    re.findall(
        r"\S+",
        """
        jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri sat
        sun mr mrs ms mx dr prof rev hon st jr sr messrs mme mlle esq gov sen rep gen lt col maj
        capt cmdr sgt cpl adm pres supt amb asst ph dept govt corp inc ltd co cos bros assn assoc
        univ inst natl intl ave blvd rd ln ct pkwy hwy apt bldg mt ft no nos fig figs vol vols ch
        sec sect art para pp pg ed eds eq eqs ref refs cf al etc ibid viz vs approx ca est ext tel
        incl misc min max hr hrs lb lbs oz kg gal tbsp tsp ala ariz ark calif colo conn fla ga ill
        ind kan ky md mass mich minn mo mont neb nev okla ore pa tenn tex va vt wash wis wyo bzw
        usw vgl nr abs z.b d.h u.a
        """,
    )
)
# Those of them that are also words: in small letters and before a capital they end a sentence.
_ALSO_WORDS = re.compile(
    r"\b(?:no|mar|sat|sun|col|art|ill|mass|wash|ore|min|max|para|gal|ext|ave)\."
    r"[\"'”’)\]]*(?=\s+[\"'“‘(\[]*[A-Z])"
)
_WIDE_END = re.compile(r"[。！？｡]+(?![」』”’）\"'。！？｡])(?=\s*\S)")
# What closes a sentence after its period: footnote marks, quotation marks, brackets, emphasis.
_TRAILING = re.compile(r"(?:\[[^\[\]\n]{1,20}\]|[”»]+|[\"'’)\]}*_]+(?=[\s\[”»]|\Z))+")
_ATTRIBUTION = re.compile(
    r"(?:[^\s.!?]+\s+){1,4}?(?:said|says|asked|asks|told|added|wrote|replied|answered|explained|"
    r"cried|shouted|tweeted|continued|insisted|wondered|recalled|argued)\b"
)


def split_sentences(text: str, start: int = 0, end: int | None = None) -> list[Sentence]:
    """Split a stretch of text into sentences with exact offsets.

    Blank lines always end a sentence. Headings, list items, table rows, captions and other lines
    that stand on their own are sentences of their own; the line ends of hard-wrapped text are
    not. Inside such a unit nupunkt finds the ends. Closing quotation marks and footnote marks
    stay with the sentence they close.

    Args:
        text: the whole text; offsets count from its beginning.
        start: first character of the stretch.
        end: one past its last character; the end of the text by default.
    """
    return [
        sentence
        for paragraph in paragraphs(text, start, len(text) if end is None else end)
        for unit in units(text, *paragraph)
        for sentence in unit_sentences(text, *unit)
    ]


def paragraphs(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield the stretches between blank lines and page breaks."""
    at = start
    for gap in _PARAGRAPH_BREAK.finditer(text, start, end):
        if text[at : gap.start()].strip():
            yield at, gap.start()
            at = gap.end()
    if text[at:end].strip():
        yield at, end


def lines(text: str, start: int, end: int) -> list[Span]:
    """Return the lines that hold more than white space."""
    found: list[Span] = []
    at = start
    while at < end:
        stop = text.find("\n", at, end)
        stop = end if stop < 0 else stop
        if text[at:stop].strip():
            found.append((at, stop))
        at = stop + 1
    return found


def units(text: str, start: int, end: int) -> list[Span]:
    """Split a paragraph at the line ends that mean something, not at those that only wrap."""
    rows = lines(text, start, end)
    lengths = [last - first for first, last in rows]
    found = rows[:1]
    for i, (before, row) in enumerate(pairwise(rows)):
        width, slack = _page(lengths[max(0, i - _WINDOW) : i + 2 + _WINDOW])
        in_item = LIST_ITEM.match(text, found[-1][0], found[-1][1]) is not None
        if _has_word(text, *row) and _is_break(
            text[slice(*before)], text[slice(*row)], width, slack, in_item=in_item
        ):
            found.append(row)
        else:
            found[-1] = (found[-1][0], row[1])
    return found


def _page(lengths: list[int]) -> tuple[int, int]:
    """Return the width of the page some lines were set on and how ragged its right edge is.

    A width of 0 says that they were not wrapped at all.

    Args:
        lengths: of the lines, in characters.
    """
    # One line in ten may be longer than the page: an address, a table row.
    width = sorted(lengths)[-1 - len(lengths) // 10]
    if not _MIN_WIDTH <= width <= _MAX_RAGGED_WIDTH:
        return 0, 0
    # Text set in a proportional font and converted has many lines of nearly the same length.
    if len(lengths) > 5 and sum(length >= 0.8 * width for length in lengths) > len(lengths) / 2:
        return width, width // 5
    return (width, 0) if width <= _MAX_WIDTH else (0, 0)


def _is_break(before: str, line: str, width: int, slack: int, *, in_item: bool) -> bool:
    """Say whether the end of the line `before` was meant, not forced by the width of the page.

    Args:
        before: a line.
        line: the one after it.
        width: of the page, in characters.
        slack: how much shorter a line may be and still have been full.
        in_item: `before` belongs to a list item.
    """
    if LIST_ITEM.match(line) or _MARKED_LINE.match(line) or _MARKED_LINE.match(before):
        return True
    quoted, line_quoted = _QUOTED_LINE.match(before), _QUOTED_LINE.match(line)
    if (quoted is None) != (line_quoted is None):
        return True
    if line_quoted:
        line = line[line_quoted.end() :]
    if in_item and line.startswith(("  ", "\t")):
        return False
    first_word = line.split(maxsplit=1)[0]
    if first_word[0].islower() and before.rstrip()[-1] not in ".!?:":
        return False
    if not width or _LABEL_LINE.match(line):
        return True
    # Had the line been wrapped here, its next word would not have fitted any more.
    return len(before.rstrip()) + 1 + len(first_word) <= width - slack


def _has_word(text: str, start: int, end: int) -> bool:
    return any(c.isalnum() for c in text[start:end])


def unit_sentences(text: str, start: int, end: int) -> list[Sentence]:
    """Return the sentences of one unit, without the white space around them."""
    marker = LIST_ITEM.match(text, start, end)
    body = marker.end() if marker else start
    # A line end inside a unit only wraps: nupunkt is given a space in its place.
    flat = re.sub(r"\s", " ", text[body:end])
    spans: list[Span] = []
    at = 0
    for last in _ends(flat):
        if last <= at:
            continue
        if spans and _continues(flat[slice(*spans[-1])].rstrip(), flat[at:last].strip()):
            spans[-1] = (spans[-1][0], last)
        else:
            spans.append((at, last))
        at = last
    # The list marker belongs to the first sentence of its item.
    spans[0] = (start - body, spans[0][1])
    trimmed = (trim(text, body + first, body + last) for first, last in spans)
    return [Sentence(*span, text[slice(*span)]) for span in trimmed if span]


def _ends(flat: str) -> list[int]:
    """Return where sentences end in a text without line ends; the last one is its length."""
    found: list[int] = []
    at = 0
    while at < len(flat):
        ends = _window_ends(flat[at : at + _MAX_STRETCH])
        if at + _MAX_STRETCH < len(flat) and len(ends) > 1:
            ends.pop()  # the end of the stretch, not of a sentence
        found += [at + end for end in ends]
        at = found[-1]
    return found or [0]


def _window_ends(flat: str) -> list[int]:
    found = {last for _, last in _tokenizer().span_tokenize(flat)}
    found |= {match.end() for match in _ALSO_WORDS.finditer(flat)}
    found |= {match.end() for match in _WIDE_END.finditer(flat)}
    closed = {m.end() if (m := _TRAILING.match(flat, end)) else end for end in found}
    return [*sorted(end for end in closed if 0 < end < len(flat)), len(flat)]


def _continues(before: str, piece: str) -> bool:
    """Say whether a piece belongs to the sentence before it."""
    if not _has_word(piece, 0, len(piece)):
        return True
    return before[-2:-1] in {"?", "!"} and bool(_ATTRIBUTION.match(piece))


def trim(text: str, start: int, end: int) -> Span | None:
    """Return the span without white space at its ends, None if nothing is left."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return (start, end) if start < end else None


@lru_cache(maxsize=1)
def _tokenizer() -> Any:
    """Return nupunkt's tokenizer with our abbreviations; its own, shared one stays untouched."""
    from copy import deepcopy

    from nupunkt import PunktSentenceTokenizer, load

    parameters = deepcopy(load("default").parameters)
    parameters.abbrev_types = {
        known for known in parameters.abbrev_types if "." in known or len(known) == 1
    } | _ABBREVIATIONS
    return PunktSentenceTokenizer(parameters, include_common_abbrevs=False)
