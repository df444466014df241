"""A Document to blocks: what is text, what is stated metadata, what is boilerplate.

Boilerplate is told by its shape, with rules that hold for articles in general: credit lines, wire
captions, invitations to follow, an author's biography at the end, labels with no text after them.
It is kept, as passages of its own kind: somebody may ask who took the picture.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.documents import FIRST_LINE, LARGEST_TYPE, header_end
from rag.passages.sentences import LIST_ITEM, lines, paragraphs, trim, unit_sentences, units
from rag.types import Document, PassageKind, Sentence

_CREDIT = re.compile(
    r"\(?(?:(?i:(?:image|photo(?:graph)?|picture|video|illustration|graphic)s?)[ ]+"
    r"(?i:credits?|courtesy|sources?|by)\b(?:[ ](?i:of))?:?[ ]"
    r"|(?:Image|Photo(?:graph)?|Picture)s?:[ ]+[A-Z]"
    r"|(?i:credits?)(?:/[\w ]+)?:[ ]+[A-Z]|Courtesy[ ](?:of[ ])?[A-Z]"
    r"|©|(?i:copyright)[ ](?:©|\(c\)|\d)).{0,120}"
)
_CREDIT_AT_END = re.compile(
    r"\((?:(?i:image|photo|picture)[^()]{0,20}(?i:credits?|courtesy|by)\b[^()]*"
    r"|[^()/]{3,40}/[^()]*(?:AP\b|AFP|Reuters|Getty|Press|Times|Post|News|Images|Photo|via)[^()]*)\)"
    r"[ \t]*[A-Z0-9_-]{0,15}\Z"
)
_FILE_PHOTO = re.compile(r"FILE(?:[ ]PHOTO)?[ ]?[-–—:]")
_INVITATION = re.compile(
    r"(?i)\W*(?:follow (?:the )?(?:author|us|me|him|her|them)\b.{0,40}|share this\b.{0,30}"
    r"|subscribe(?: now| today| to (?:our|the)\b.{0,40})?"
    r"|sign up (?:for|to)\b.{0,30}\b(?:newsletter|updates|alerts)\b.{0,20}|advertisement"
    r"|(?:show|view|post|leave) .{0,15}\bcomments?|all rights reserved.{0,40}"
    r"|read (?:more|next|also)|related (?:articles?|stories|topics|content)|more from .{1,30}"
    r"|editorial (?:standards|guidelines|policy)|(?:privacy|cookies?) policy"
    r"|terms of (?:use|service))\W*"
)
_TRADE = (
    r"(?:journalist|reporter|writer|editor|columnist|correspondent|contributor|blogger|author|"
    r"freelancer?|analyst|producer|photographer|broadcaster|podcaster|critic)"
)
_NAME = r"(?:[^\W\d_a-z][\w.’'-]*[ ]){1,3}[^\W\d_a-z][\w’'-]+"
_BIOGRAPHY = re.compile(
    rf"(?P<name>{_NAME})(?:[ ](?:is|was|has been)[ ](?:[\w’',&-]+[ ]){{0,9}}?{_TRADE}\b"
    r"|[ ](?:covers|writes|reports|edits|blogs)[ ])"
)
_CONTACT = re.compile(
    r"(?<!\w)@\w{2,}|(?i:\b(?:follow (?:him|her|them)|twitter|mastodon|bluesky|linkedin|"
    r"reach (?:him|her|them)|e-?mail|speciali[sz]\w+|freelance|based in)\b)"
)
_HEADING_MARK = re.compile(r"#{1,6}[ \t]")
_MAX_LABEL = 60  # characters of a label, such as a name or "CATEGORIES"
_MIN_WORDS = 6  # of a sentence that counts as running text
_MAX_HEADING = 120
_MAX_CAPTION = 500
_HEAD_REACH = 600  # characters after a headline where short credits stay with the text
_MAX_CREDIT = 200

_ROWS = frozenset(["csv", "xlsx"])  # formats whose text is rows
_LINES = frozenset(["json", "jsonl"])  # formats in which every line stands alone

Unit = tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, or a part of one, of one kind.

    Attributes:
        units: the lines that stand alone in it, each as its sentences.
        glued: it should not be parted from the block before: a list from its introduction, text
            from its heading.
    """

    units: tuple[Unit, ...]
    kind: PassageKind
    glued: bool = False

    @property
    def sentences(self) -> list[Sentence]:
        """All sentences in order."""
        return [sentence for unit in self.units for sentence in unit]

    @property
    def first(self) -> str:
        """Its first sentence."""
        return self.units[0][0].text

    @property
    def last(self) -> str:
        """Its last sentence."""
        return self.units[-1][-1].text

    @property
    def length(self) -> int:
        """Its length in characters."""
        return self.units[-1][-1].end - self.units[0][0].start


def blocks(document: Document) -> list[Block]:
    """Return the blocks of a document in order; every sentence is in one of them."""
    text = document.text
    body_start = header_end(document)
    header = [Block(tuple(_header(text, body_start)), "metadata")] if body_start else []
    body: list[Block] = []
    for paragraph in paragraphs(text, body_start, len(text)):
        found = _units(document, *paragraph)
        body += _runs([unit for unit in found if unit])
    body = _mark_biography(body, document.metadata.get("author", ""))
    body = _mark_tail(body)
    if body and _begins_with_title(document, body[0].units[0][0].text):
        return header + _glue_head(_glue(body))
    return header + _glue(body)


def _begins_with_title(document: Document, first: str) -> bool:
    """Say whether the first sentence of a body is its title, or the first line of it."""
    origin = document.origins.get("title")
    is_part = document.title.startswith(" ".join(first.split()))
    return origin == FIRST_LINE or (origin == LARGEST_TYPE and is_part)


def _units(document: Document, start: int, end: int) -> list[Unit]:
    """Return what stands alone in a paragraph; of a table of values each row, never cut."""
    text = document.text
    if document.format in _ROWS:
        spans = [span for line in lines(text, start, end) if (span := trim(text, *line))]
        return [(Sentence(*span, text[slice(*span)]),) for span in spans]
    split = lines if document.format in _LINES else units
    return [tuple(unit_sentences(text, *unit)) for unit in split(text, start, end)]


def introduces(unit: Unit) -> bool:
    """Say whether a unit announces what follows: it ends with a colon or is a heading."""
    line = unit[-1].text
    if line.endswith(":") or _HEADING_MARK.match(line):
        return True
    return (
        len(unit) == 1
        and len(line) <= _MAX_HEADING
        and line[-1].isalnum()
        and not LIST_ITEM.match(line)
    )


def is_item(unit: Unit) -> bool:
    """Say whether a unit is a list item."""
    return LIST_ITEM.match(unit[0].text) is not None


def _header(text: str, end: int) -> list[Unit]:
    """Return the lines of the header; only the excerpt can be several sentences."""
    found: list[Unit] = []
    for first, last in lines(text, 0, end):
        if text.startswith("Excerpt:", first):
            found.append(tuple(unit_sentences(text, first, last)))
        elif span := trim(text, first, last):
            found.append((Sentence(*span, text[slice(*span)]),))
    return found


def _runs(found: Sequence[Unit]) -> list[Block]:
    """Return a paragraph as blocks of one kind each."""
    kinds = _unit_kinds(found)
    runs: list[Block] = []
    at = 0
    for i in range(1, len(found) + 1):
        if i == len(found) or kinds[i] != kinds[at]:
            runs.append(Block(tuple(found[at:i]), kinds[at]))
            at = i
    return runs


def _unit_kinds(found: Sequence[Unit]) -> list[PassageKind]:
    """Tell credits, captions and invitations from text, within one paragraph."""
    kinds: list[PassageKind] = []
    for i, unit in enumerate(found):
        line = " ".join(sentence.text for sentence in unit)
        plain = LIST_ITEM.sub("", line, count=1)
        credit = len(line) <= _MAX_CREDIT and (
            _CREDIT.fullmatch(line) or _CREDIT_AT_END.search(line)
        )
        caption = len(line) <= _MAX_CAPTION and (
            _FILE_PHOTO.match(line) or _CREDIT_AT_END.search(line)
        )
        if credit and i and _is_label(found[i - 1]):
            kinds[-1] = "boilerplate"  # the caption the credit belongs to
        invited = not _HEADING_MARK.match(line) and _INVITATION.fullmatch(plain)
        kinds.append("boilerplate" if credit or caption or invited else "body")
    return kinds


def _is_label(unit: Unit) -> bool:
    """Say whether a unit is a few words without the end of a sentence."""
    line = unit[0].text
    return (
        len(unit) == 1
        and len(line) <= _MAX_LABEL
        and len(line.split()) <= 8
        and line[-1].isalnum()
        and not is_item(unit)
        and not _HEADING_MARK.match(line)
    )


def _is_full(sentence: Sentence) -> bool:
    """Say whether a sentence is one of running text."""
    end = sentence.text.rstrip("\"'”’)]*_")[-1:]
    return end in {".", "!", "?", ":", ";"} and len(sentence.text.split()) >= _MIN_WORDS


def _mark_biography(body: list[Block], author: str) -> list[Block]:
    """Mark closing paragraphs that describe an author, with the name lines above them.

    A paragraph is one if it says that somebody is a journalist, writer and the like, or covers
    something; and that somebody has the byline, or stands on a line of their own above, or the
    paragraph is the last and says how to reach them. Looked for in the last third, four blocks at
    least, and never in the first.
    """
    out = list(body)
    for i in range(max(1, min(len(body) - 4, len(body) * 2 // 3)), len(body)):
        found = _BIOGRAPHY.match(body[i].first.lstrip("*_ "))
        if not found:
            continue
        name = found["name"]
        above = {sentence.text for sentence in body[i - 1].sentences}
        last = all(b.kind == "boilerplate" or all(map(_is_label, b.units)) for b in body[i + 1 :])
        about = " ".join(sentence.text for sentence in body[i].sentences)
        if not (name in above or name in author or (last and _CONTACT.search(about))):
            continue
        out[i] = replace(body[i], kind="boilerplate")
        for j in range(i - 1, 0, -1):
            if not all(map(_is_label, body[j].units)):
                break
            out[j] = replace(body[j], kind="boilerplate")
    return out


def _mark_tail(body: list[Block]) -> list[Block]:
    """Mark labels after the last paragraph of an article: no text follows that they introduce."""
    if sum(_is_full(sentence) for block in body for sentence in block.sentences) < 3:
        return body
    out = list(body)
    for i in range(len(out) - 1, 0, -1):
        if out[i].kind == "boilerplate":
            continue
        digits = any(c.isdigit() for sentence in out[i].sentences for c in sentence.text)
        if digits or len(out[i].units) > 2 or not all(map(_is_label, out[i].units)):
            break
        out[i] = replace(out[i], kind="boilerplate")
    return out


def _glue(body: list[Block]) -> list[Block]:
    """Mark the blocks that belong to the one before: lists, and what a line introduces."""
    return [
        replace(
            block,
            glued=i > 0
            and body[i - 1].kind == block.kind
            and (introduces(body[i - 1].units[-1]) or is_item(block.units[0])),
        )
        for i, block in enumerate(body)
    ]


def _glue_head(body: list[Block]) -> list[Block]:
    """Keep a headline with the first paragraph, and the short credits that stand between them.

    A passage is consecutive: were such a credit set apart, the headline would stand alone.
    """
    out = list(body)
    reach = body[0].units[0][0].end + _HEAD_REACH
    credits = [
        i
        for i, block in enumerate(body)
        if block.kind == "boilerplate"
        and block.units[0][0].start < reach
        and block.length <= _MAX_CREDIT
        and any(map(_is_full, (s for later in body[i + 1 :] for s in later.sentences)))
    ]
    for i in range(1, min(len(body), max(credits, default=0) + 2)):
        if i in credits or body[i].kind == "body":
            out[i] = replace(body[i], kind="body", glued=True)
    return out
