"""A Document to Sentences and Passages.

The law: `document.text[x.start:x.end] == x.text` for every sentence and passage; every character
that is not white space lies in exactly one sentence; passages are whole consecutive sentences,
in order, without overlap, and cover every sentence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any

from rag.documents import FILE_NAME, header_end
from rag.types import Document, Passage, PassageKind, Sentence

CountTokens = Callable[[Sequence[str]], list[int]]
Span = tuple[int, int]

TARGET_TOKENS = 150

# --- lines and paragraphs ---------------------------------------------------------------------

_PARAGRAPH_BREAK = re.compile(r"\n[^\S\n]*\n\s*|[^\S\n]*[\f\u2029]\s*")
_LIST_ITEM = re.compile(
    r"[ \t]*(?:[-*+•‣◦▪●–—·][ \t]+|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,5})[.)][ \t]+(?=\S))"
)
_MARKED_LINE = re.compile(r"[ \t]*(?:#{1,6}[ \t]|\||>|```|~~~|={3,}\s*\Z|-{3,}\s*\Z)")
_LABEL_LINE = re.compile(r"[ \t]*[A-Z][\w’'/-]*(?:[ ][\w’'/-]+){0,2}:[ \t]+\S")
# Text is wrapped by hand or machine at 50 to 100 columns, give or take; a shorter longest line is
# a list, a table or a poem, and a longer one is a whole paragraph on its line.
_WRAP_WIDTHS = range(40, 121)


def _paragraphs(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield the stretches between blank lines."""
    at = start
    for gap in _PARAGRAPH_BREAK.finditer(text, start, end):
        if text[at : gap.start()].strip():
            yield at, gap.start()
            at = gap.end()
    if text[at:end].strip():
        yield at, end


def _units(text: str, start: int, end: int) -> list[Span]:
    """Split a paragraph at the line ends that mean something, not at those that only wrap."""
    lines = _lines(text, start, end)
    width = max(line_end - line_start for line_start, line_end in lines)
    units = [lines[0]]
    for before, line in pairwise(lines):
        if _is_break(text[slice(*before)], text[slice(*line)], width):
            units.append(line)
        else:
            units[-1] = (units[-1][0], line[1])
    merged: list[Span] = []
    for unit in units:
        if merged and not _has_word(text, *unit):
            merged[-1] = (merged[-1][0], unit[1])
        else:
            merged.append(unit)
    return merged


def _lines(text: str, start: int, end: int) -> list[Span]:
    """Return the lines that hold more than white space."""
    lines: list[Span] = []
    at = start
    while at < end:
        stop = text.find("\n", at, end)
        stop = end if stop < 0 else stop
        if text[at:stop].strip():
            lines.append((at, stop))
        at = stop + 1
    return lines


def _is_break(before: str, line: str, width: int) -> bool:
    """Say whether the end of the line `before` was meant, not forced by the width of the page.

    Args:
        before: a line.
        line: the one after it.
        width: longest line of the paragraph, in characters.
    """
    if _LIST_ITEM.match(line) or _MARKED_LINE.match(line) or _MARKED_LINE.match(before):
        return True
    words = line.split(maxsplit=1)
    if words[0][0].islower() and before.rstrip()[-1] not in ".!?:":
        return False
    if width not in _WRAP_WIDTHS or _LABEL_LINE.match(line):
        return True
    return len(before.rstrip()) + 1 + len(words[0]) <= width


def _has_word(text: str, start: int, end: int) -> bool:
    return any(c.isalnum() for c in text[start:end])


# --- sentences --------------------------------------------------------------------------------

# nupunkt was trained on law and learnt thousands of ordinary words as abbreviations (bank, month,
# west, wall), which glues the sentence that follows. Of its list only those with a period inside
# and single letters are kept, and these.
_ABBREVIATIONS = frozenset(
    re.findall(
        r"\S+",
        """
    jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri sat sun
    mr mrs ms mx dr prof rev hon st jr sr messrs mme mlle esq gov sen rep gen lt col maj capt cmdr
    sgt cpl adm pres supt amb asst ph dept govt corp inc ltd co cos bros assn assoc univ inst natl
    intl ave blvd rd ln ct pkwy hwy apt bldg mt ft no nos fig figs vol vols ch sec sect art para
    pp pg ed eds eq eqs ref refs cf al etc ibid viz vs approx ca est ext tel incl misc min max
    hr hrs lb lbs oz kg gal tbsp tsp ala ariz ark calif colo conn fla ga ill ind kan ky md mass
    mich minn mo mont neb nev okla ore pa tenn tex va vt wash wis wyo bzw ca usw vgl nr abs
    """,
    )
)
# Those of them that are also words: with a small letter and before a capital they end a sentence.
_ALSO_WORDS = re.compile(
    r"\b(?:no|mar|sat|sun|col|art|fig|ill|mass|wash|ore|min|max|ed|para|gal|est|ref|co|ext|ave)\."
    r"[\"'”’)\]]*\s+(?=[\"'“‘(\[]*[A-Z])"
)
_WIDE_END = re.compile(r"[。！？｡][」』”’）\"']*(?=\s*\S)")
_TRAILING = re.compile(r"(?:\[\d{1,3}\]|\[[a-z]\]|[\"”’»)\]}*_]+(?=\s|\Z))+")
_ATTRIBUTION = re.compile(
    r"(?:[^\s.!?]+\s+){1,4}?(?:said|says|asked|asks|told|added|wrote|replied|answered|explained|"
    r"cried|shouted|tweeted|continued|insisted|wondered|recalled|argued)\b"
)


def split_sentences(text: str, start: int = 0, end: int | None = None) -> list[Sentence]:
    """Split a stretch of text into sentences with exact offsets.

    Blank lines always end a sentence. Headings, list items, table rows, captions and other lines
    that stand on their own are sentences of their own; the line ends of hard-wrapped text are
    not. Inside such a unit nupunkt finds the ends. Closing quotation marks and footnote marks stay
    with the sentence they close.

    Args:
        text: the whole text; offsets count from its beginning.
        start: first character of the stretch.
        end: one past its last character; the end of the text by default.
    """
    end = len(text) if end is None else end
    return [
        Sentence(first, last, text[first:last])
        for paragraph in _paragraphs(text, start, end)
        for unit in _units(text, *paragraph)
        for first, last in _unit_sentences(text, *unit)
    ]


def _unit_sentences(text: str, start: int, end: int) -> list[Span]:
    """Return the sentences of one unit, trimmed."""
    item = _LIST_ITEM.match(text, start, end)
    body = item.end() if item else start
    # A line end inside a unit only wraps; a space in its place keeps nupunkt from minding it.
    flat = text[body:end].replace("\n", " ")
    ends = {last for _, last in _tokenizer().span_tokenize(flat)}
    ends |= {match.end() for match in _ALSO_WORDS.finditer(flat)}
    ends |= {match.end() for match in _WIDE_END.finditer(flat)}
    ends.add(len(flat))
    spans: list[Span] = []
    at = 0
    for last in sorted(ends):
        if trailing := _TRAILING.match(flat, last):
            last = trailing.end()
        if last <= at:
            continue
        piece = flat[at:last].strip()
        if spans and piece and _continues(flat[slice(*spans[-1])], piece):
            spans[-1] = (spans[-1][0], last)
        else:
            spans.append((at, last))
        at = last
    spans[0] = (start - body, spans[0][1])
    return [trimmed for first, last in spans if (trimmed := _trim(text, body + first, body + last))]


def _continues(before: str, piece: str) -> bool:
    """Say whether a piece belongs to the sentence before it."""
    if not any(c.isalnum() for c in piece):
        return True
    return before.rstrip()[-2:-1] in {"?", "!"} and bool(_ATTRIBUTION.match(piece))


def _trim(text: str, start: int, end: int) -> Span | None:
    """Return the span without white space at its ends, None if nothing is left."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return (start, end) if start < end else None


@lru_cache(maxsize=1)
def _tokenizer() -> Any:
    """Return nupunkt's tokenizer with our abbreviations (its own, shared one stays untouched)."""
    from copy import deepcopy

    from nupunkt import PunktSentenceTokenizer, load

    parameters = deepcopy(load("default").parameters)
    parameters.abbrev_types = {
        known for known in parameters.abbrev_types if "." in known or len(known) == 1
    } | _ABBREVIATIONS
    return PunktSentenceTokenizer(parameters, include_common_abbrevs=False)


# --- what kind of text a line is ----------------------------------------------------------------

_CREDIT = re.compile(
    r"(?i)\s*\(?(?:(?:image|photo(?:graph)?|picture|video|illustration|graphic|cover|file photo)s?"
    r"[ ]*(?:credits?|courtesy|source|by)?(?:[ ]of)?[ ]*[:|]|(?:credits?|courtesy)[ ]*(?:of\b|:)"
    r"|photo(?:graph)?s?[ ]by\b|©|\(c\)[ ]|copyright\b).{0,120}\Z"
)
_CREDIT_AT_END = re.compile(
    r"(?i)\((?:(?:image|photo|picture)[^()]{0,20}(?:credits?|courtesy|by)\b[^()]*|[^()]{3,60}/"
    r"(?:[^()]*(?:via|press|times|images?|photo|reuters|getty|ap|afp|post|news)[^()]*))\)"
    r"[ \t]*[A-Z0-9_-]{0,15}\s*\Z"
)
_FILE_PHOTO = re.compile(r"FILE(?:[ ]PHOTO)?[ ]?[-–—:]")
_CHROME = re.compile(
    r"(?i)\W*(?:categor(?:y|ies)|tags?|topics?|filed under|related(?: \w+)?|read (?:more|next|also)"
    r"|more (?:from|on|stories)\b.{0,40}|share(?: this.{0,30})?|(?:follow|subscribe|sign up)\b"
    r".{0,60}"
    r"|about the authors?|about \w+ \w+|comments?|(?:show|post|leave|view) .{0,20}comments?"
    r"|advertisement|sponsored|editorial (?:standards|guidelines|policy)|corrections?"
    r"|all rights reserved.{0,60}|(?:privacy|cookie)s? policy|terms of (?:use|service)|print|email)"
    r"\W*"
)
_TRADE = (
    r"(?:journalist|reporter|writer|editor|columnist|correspondent|contributor|blogger|author|"
    r"freelancer?|analyst|producer|photographer|broadcaster|podcaster|critic)"
)
_NAME = r"(?:[^\W\d_a-z][\w.’'-]*[ ]){1,3}[^\W\d_a-z][\w’'-]+"
_BIOGRAPHY = re.compile(
    rf"(?P<name>{_NAME})(?:[ ](?:is|was|has been)[ ](?:an?|the|our)?[ ]?(?:[\w’',-]+[ ]){{0,8}}?"
    rf"{_TRADE}\b|[ ](?:covers|writes|reports|edits|blogs)[ ])"
)
_CONTACT = re.compile(
    r"(?<!\w)@\w{2,}|(?i:\b(?:follow (?:him|her|them)|twitter|threads|mastodon|bluesky|linkedin|"
    r"reach (?:him|her|them)|e-?mail|specializ|specialis|freelance|based in)\b)"
)


@dataclass(frozen=True, slots=True)
class _Block:
    """A paragraph, or a part of one, whose sentences are of one kind.

    Attributes:
        glued: belongs to the block before it (a list to its introduction, text to its heading).
    """

    sentences: tuple[Sentence, ...]
    kind: PassageKind
    glued: bool = False

    @property
    def first(self) -> str:
        return self.sentences[0].text

    @property
    def last(self) -> str:
        return self.sentences[-1].text


def _blocks(document: Document) -> list[_Block]:
    """Return the document as blocks in order, each with its kind."""
    text = document.text
    body_start = header_end(document)
    blocks: list[_Block] = []
    if body_start:
        blocks.append(_Block(tuple(_header_sentences(text, body_start)), "metadata"))
    body: list[_Block] = []
    for paragraph in _paragraphs(text, body_start, len(text)):
        sentences = split_sentences(text, *paragraph)
        kinds = _line_kinds(sentences)
        at = 0
        for i in range(1, len(sentences) + 1):
            if i == len(sentences) or kinds[i] != kinds[at]:
                body.append(_Block(tuple(sentences[at:i]), kinds[at]))
                at = i
    body = _mark_biography(body, document.metadata.get("author", ""))
    body = _mark_tail(body)
    body = _keep_head(body, document)
    return blocks + _glue(body)


def _header_sentences(text: str, end: int) -> Iterator[Sentence]:
    """Yield each line of the header; only an excerpt can be several sentences."""
    for first, last in _lines(text, 0, end):
        if text.startswith("Excerpt:", first):
            yield from (Sentence(a, b, text[a:b]) for a, b in _unit_sentences(text, first, last))
        elif span := _trim(text, first, last):
            yield Sentence(*span, text[slice(*span)])


def _line_kinds(sentences: Sequence[Sentence]) -> list[PassageKind]:
    """Tell credits, captions and page furniture from text, within one paragraph."""
    kinds: list[PassageKind] = []
    whole = " ".join(s.text for s in sentences)
    if len(whole) < 800 and _FILE_PHOTO.match(whole):
        return ["boilerplate"] * len(sentences)
    for sentence in sentences:
        line = sentence.text
        credit = _CREDIT.match(line) or (len(line) < 300 and _CREDIT_AT_END.search(line))
        furniture = len(line) < 80 and _CHROME.fullmatch(re.sub(_LIST_ITEM, "", line))
        kinds.append("boilerplate" if credit or furniture else "body")
        caption = len(kinds) > 1 and credit and _is_label(sentences[len(kinds) - 2].text)
        if caption:
            kinds[-2] = "boilerplate"
    return kinds


def _is_label(line: str) -> bool:
    """Say whether a line is a few words without the end of a sentence."""
    return len(line) <= 60 and len(line.split()) <= 8 and line.rstrip()[-1].isalnum()


def _mark_biography(blocks: list[_Block], author: str) -> list[_Block]:
    """Mark a closing paragraph that describes its author, with the name lines above it.

    It is one if it says that somebody is a journalist, writer and so on, or covers something, and
    that somebody is the author in the byline, or is named on a line of its own just above, or the
    paragraph says how to reach them. Only the last third of the document is looked at, four
    blocks at least.
    """
    out = list(blocks)
    for i in range(max(1, min(len(blocks) - 4, len(blocks) * 2 // 3)), len(blocks)):
        found = _BIOGRAPHY.match(blocks[i].first.lstrip("*_ "))
        if not found:
            continue
        name = found["name"]
        above = {s.text for s in blocks[i - 1].sentences}
        about = " ".join(s.text for s in blocks[i].sentences)
        if not (name == author or name in author or name in above or _CONTACT.search(about)):
            continue
        out[i] = replace(blocks[i], kind="boilerplate")
        for j in range(i - 1, max(0, i - 4), -1):
            if all(_is_label(s.text) for s in blocks[j].sentences):
                out[j] = replace(blocks[j], kind="boilerplate")
            else:
                break
    return out


def _mark_tail(blocks: list[_Block]) -> list[_Block]:
    """Mark short lines after the last paragraph: no text follows that they could introduce."""
    out = list(blocks)
    if sum(not _is_label(s.text) for b in blocks for s in b.sentences) < 3:
        return out
    for i in range(len(out) - 1, 0, -1):
        lines = [s.text for s in out[i].sentences]
        label = all(_is_label(t) and not _LIST_ITEM.match(t) for t in lines)
        if label and len(lines) < 3 and not any(c.isdigit() for t in lines for c in t):
            out[i] = replace(out[i], kind="boilerplate")
        elif out[i].kind == "body":
            break
    return out


_HEAD_CHARS = 240


def _keep_head(blocks: list[_Block], document: Document) -> list[_Block]:
    """Leave credits between the headline and the first paragraph with them, where they are short.

    A passage is consecutive, so setting them apart would leave the headline alone.
    """
    if not blocks or blocks[0].first.strip("# ") != document.title:
        return blocks
    first = next(
        (i for i, b in enumerate(blocks) if b.kind == "body" and any(map(_is_full, b.sentences))),
        0,
    )
    if sum(len(s.text) for b in blocks[1:first] for s in b.sentences) > 2 * _HEAD_CHARS:
        return blocks
    out = list(blocks)
    for i in range(1, len(blocks)):
        if i > first and blocks[i].kind == "body" and i > first:
            break
        out[i] = replace(blocks[i], kind="body")
    return out


def _is_full(sentence: Sentence) -> bool:
    """Say whether a sentence is one of running text."""
    return len(sentence.text) > 60 and sentence.text.rstrip("\"'”’)*_ ")[-1:] in ".!?:;"


def _glue(blocks: list[_Block]) -> list[_Block]:
    """Mark the blocks that should not be parted from the one before: lists, text after headings."""
    out: list[_Block] = []
    for block in blocks:
        glued = False
        if out and out[-1].kind == block.kind:
            before = out[-1]
            glued = (
                before.last.rstrip().endswith(":")
                or _is_heading(before)
                or (
                    bool(_LIST_ITEM.match(block.first))
                    and any(_LIST_ITEM.match(s.text) for s in before.sentences)
                )
            )
        out.append(replace(block, glued=glued))
    return out


def _is_heading(block: _Block) -> bool:
    """Say whether a block is a heading line."""
    if len(block.sentences) > 1:
        return False
    line = block.first
    return bool(re.match(r"#{1,6}\s", line)) or (
        len(line) <= 120 and line[-1].isalnum() and not _LIST_ITEM.match(line)
    )


# --- passages -----------------------------------------------------------------------------------


def split_passages(
    document: Document, *, count_tokens: CountTokens, max_tokens: int
) -> list[Passage]:
    """Cut a document into passages of whole consecutive sentences.

    Cuts fall between paragraphs where they can, so that a pronoun stays with what it stands for,
    and sizes are balanced around `TARGET_TOKENS`. A list stays with the line that introduces it
    and a heading with its text; where both do not fit into `max_tokens`, the introduction keeps
    the first items and the rest follows in the next passage, since passages never overlap. A
    sentence longer than `max_tokens` is cut at a clause, else at a space, else anywhere; its
    pieces are the sentences of the passages, nothing is dropped. The header of stated facts
    (kind "metadata") and boilerplate (credits, an author's biography, page furniture) are
    passages of their own.

    Args:
        document: what to cut.
        count_tokens: lengths of texts in the embedder's tokens.
        max_tokens: most tokens of a passage; the caller takes off what the heading needs.
    """
    parts: list[_Part] = []
    for block in _blocks(document):
        for i, sentence in enumerate(block.sentences):
            edge = "glued" if block.glued else "paragraph"
            if i:
                within = _LIST_ITEM.match(sentence.text) or block.sentences[i - 1].text[-1] == ":"
                edge = "glued" if within else "sentence"
            parts.append(_Part(sentence, block.kind, edge))
    parts = _cut_long(parts, count_tokens, max_tokens)
    counts = count_tokens([part.sentence.text for part in parts]) if parts else []
    groups: list[list[_Part]] = []
    at = 0
    for i in range(1, len(parts) + 1):
        if i == len(parts) or parts[i].kind != parts[at].kind:
            groups += _partition(parts[at:i], counts[at:i], max_tokens)
            at = i
    return [
        _passage(document, group) for group in _enforce(groups, document, count_tokens, max_tokens)
    ]


@dataclass(frozen=True, slots=True)
class _Part:
    """A sentence on its way into a passage; `edge` says what a cut before it would part."""

    sentence: Sentence
    kind: PassageKind
    edge: str


_EDGE_COST = {"paragraph": 0.0, "sentence": 1.2, "glued": 4.0, "piece": 2.0}


def _partition(parts: list[_Part], counts: list[int], max_tokens: int) -> list[list[_Part]]:
    """Cut one run of sentences at the cheapest places: a shortest path over the sentences.

    The cost of a passage is the squared distance from the target, in targets, and a little for
    each passage; that of a cut is what it parts.
    """
    target = min(TARGET_TOKENS, max_tokens)
    best = [0.0] + [float("inf")] * len(parts)
    back = [0] * (len(parts) + 1)
    for end in range(1, len(parts) + 1):
        size = 0
        for start in range(end - 1, -1, -1):
            size += counts[start]
            if size > max_tokens and start < end - 1:
                break
            cut = _EDGE_COST[parts[start].edge] if start else 0.0
            cost = best[start] + cut + ((size - target) / target) ** 2 + 0.1
            if cost < best[end]:
                best[end], back[end] = cost, start
    groups: list[list[_Part]] = []
    end = len(parts)
    while end:
        groups.append(parts[back[end] : end])
        end = back[end]
    return groups[::-1]


def _enforce(
    groups: list[list[_Part]], document: Document, count_tokens: CountTokens, max_tokens: int
) -> list[list[_Part]]:
    """Halve passages that are too long after all: counts of parts need not add up exactly."""
    texts = [document.text[g[0].sentence.start : g[-1].sentence.end] for g in groups]
    out: list[list[_Part]] = []
    for group, size in zip(groups, count_tokens(texts) if texts else [], strict=True):
        if size <= max_tokens or len(group) == 1:
            out.append(group)
        else:
            half = len(group) // 2
            out += _enforce([group[:half], group[half:]], document, count_tokens, max_tokens)
    return out


_CLAUSE_END = re.compile(r"[;:,—–][\"”’)]*\s+|\s+(?=[(\[“—–])|\n")


def _cut_long(parts: list[_Part], count_tokens: CountTokens, max_tokens: int) -> list[_Part]:
    """Cut the sentences that alone are longer than a passage may be."""
    out: list[_Part] = []
    sizes = count_tokens([part.sentence.text for part in parts]) if parts else []
    for part, size in zip(parts, sizes, strict=True):
        text = part.sentence.text
        if size <= max_tokens or len(text) < 2:
            out.append(part)
            continue
        middle = _cut_place(text)
        offset = part.sentence.start
        pieces = []
        for first, last, edge in ((0, middle, part.edge), (middle, len(text), "piece")):
            if span := _trim(text, first, last):
                piece = Sentence(offset + span[0], offset + span[1], text[slice(*span)])
                pieces.append(_Part(piece, part.kind, edge))
        out += _cut_long(pieces, count_tokens, max_tokens)
    return out


def _cut_place(text: str) -> int:
    """Return where to cut a text in two: the clause end nearest its middle, else a space."""
    middle = len(text) / 2
    for pattern in (_CLAUSE_END, re.compile(r"\s+")):
        places = [m.end() for m in pattern.finditer(text) if 0 < m.end() < len(text)]
        near = [p for p in places if len(text) // 5 <= p <= len(text) * 4 // 5]
        if near:
            return min(near, key=lambda place: abs(place - middle))
    return len(text) // 2


def _passage(document: Document, parts: list[_Part]) -> Passage:
    start, end = parts[0].sentence.start, parts[-1].sentence.end
    return Passage(
        id=f"{document.id}:{start}-{end}",
        document_id=document.id,
        start=start,
        end=end,
        text=document.text[start:end],
        sentences=tuple(part.sentence for part in parts),
        kind=parts[0].kind,
    )


# --- the line that introduces a document ----------------------------------------------------------

_MAX_TITLE = 200
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)


def heading(document: Document) -> str:
    """Return one line that says what the document is: `Title (Publisher, 12 June 2020)`.

    Only what is known appears: without publisher and date the title alone, without a title that
    says anything (a file name such as `004_91cc7e0b7863e9ee.txt`) publisher and date alone, and
    "" where nothing is known.
    """
    title = " ".join(document.title.split())
    if document.origins.get("title") == FILE_NAME:
        title = _spoken_name(title)
    if len(title) > _MAX_TITLE:
        title = title[:_MAX_TITLE].rsplit(" ", 1)[0] + "…"
    known = [
        " ".join(document.metadata.get("publisher", "").split()),
        _spoken_date(document.metadata.get("date", "")),
    ]
    rest = ", ".join(part for part in known if part)
    return f"{title} ({rest})" if title and rest else title or rest


def _spoken_name(name: str) -> str:
    """Return a file name as words: without suffix, numbering and hashes; "" if none is left."""
    words = re.split(r"[\W_]+", PurePosixPath(name).stem)
    kept = [
        word
        for i, word in enumerate(words)
        if word
        and not (i == 0 and word.isdigit() and len(word) != 4)
        and not (len(word) >= 7 and re.fullmatch(r"[0-9a-fA-F]+", word) and re.search(r"\d", word))
    ]
    return " ".join(kept) if any(len(word) > 1 and word.isalpha() for word in kept) else ""


def _spoken_date(date: str) -> str:
    """Return an ISO 8601 date as `12 June 2020`, anything else as it stands."""
    try:
        day = datetime.fromisoformat(date.strip())
    except ValueError:
        return " ".join(date.split())
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
