"""Rich text (.rtf): paragraphs, headings, lists, tables, notes, and what the file says of itself.

Read token by token: striprtf keeps text that is hidden or deleted, drops notes, and writes the
addresses of links into sentences.
"""

from __future__ import annotations

import re
from copy import copy
from dataclasses import dataclass, field

from rag.documents.archive import is_said
from rag.documents.facts import LABELS, Fact
from rag.documents.outline import Tally, finished
from rag.documents.rtf.flow import Flow
from rag.documents.rtf.tokens import SYMBOLS, Token, code_page, encoding_of, tokens
from rag.documents.source import Content, Source

_DEEPEST = 5000
_TINY = 4  # half points
_HEADING = re.compile(r"heading ([1-9])", re.I)
_WORDS = {
    **{"line": "\n", "softline": "\n", "tab": "\t", "emdash": "—", "endash": "–", "bullet": "•"},
    **{"lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”"},
    **{"emspace": "\u2003", "enspace": "\u2002", "qmspace": "\u2005", "nestcell": " "},
}
_SIGNS = {"~": "\xa0", "_": "-", "{": "{", "}": "}", "\\": "\\"}
_PARAGRAPH_ENDS = frozenset(["par", "sect", "page", "column"])
_NOT_SHOWN = frozenset(
    [
        *("fldinst", "xe", "tc", "tcn", "rxe", "txe", "bkmkstart", "bkmkend", "private", "filetbl"),
        *("template", "ftnsep", "ftnsepc", "ftncn", "aftnsep", "aftnsepc", "aftncn", "pgptbl"),
        *("objdata", "objclass", "objname", "shprslt", "nonshppict", "atnid", "atnauthor"),
        *("atrfstart", "atrfend", "listtable", "listoverridetable", "revtbl", "pn", "pnseclvl"),
        *("nonesttables", "datafield", "formfield", "themedata", "colorschememapping", "sn", "sv"),
        *("latentstyles", "datastore", "generator", "mmathPr", "background", "htmltag"),
    ]
)
# Destinations that are read although they begin with \*, which lets a reader pass them over.
_READ = frozenset(
    ["shppict", "ud", "annotation", "shpinst", "do", "pict", "footnote", "listtext", "pntext"]
)
_DATES = {"creatim": "created", "revtim": "updated"}


@dataclass(slots=True)
class _State:
    """What holds until its group ends.

    Attributes:
        flow: where text goes.
        place: what the group is: "text", "skip", "shape", "label", "fonts", "colours", "styles",
            "style", "info" or the name of a fact.
        unicode_skip: characters that stand behind one in Unicode for old readers.
    """

    flow: Flow
    place: str = "skip"
    unicode_skip: int = 1
    font: int | None = None
    is_hidden: bool = False
    is_deleted: bool = False
    is_raised: bool = False
    size: int = 24
    colour: int = 0
    has_background: bool = False
    in_table: bool = False
    level: int | None = None


@dataclass(slots=True)
class _Named:
    """An entry of the table of styles while it is being read."""

    number: int = 0
    level: int | None = None
    name: list[str] = field(default_factory=list)


def read_rtf(source: Source) -> Content:
    """Read a rich text file.

    Raises:
        EmptyDocumentError: there is no text in it.
        UnreadableDocumentError: it is no rich text.
    """
    if not re.match(rb"\s*(?:\xef\xbb\xbf)?\{\s*\\rtf", source.data[:64]):
        problem = "it does not begin as rich text does"
        raise source.refused(f"{problem}; check its suffix, or save it again")
    return _Reader(source).read()


class _Reader:
    """A file while it is being read."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._main = Flow()
        self._state = _State(self._main)
        self._stack: list[_State] = []
        self._tally = Tally()
        self._encoding = "cp1252"
        self._default_font: int | None = None
        self._fonts: dict[int, int] = {}
        self._font = 0  # the one whose entry is being read
        self._colours: list[list[int]] = [[0, 0, 0]]
        self._levels: dict[int, int] = {}
        self._style = _Named()
        self._bytes: list[bytes] = []
        self._units: list[int] = []
        self._left = 0  # characters still to be passed over after \u
        self._may_skip = False  # \* was read
        self._hidden: list[str] = []
        self._facts: dict[str, list[str]] = {}
        self._dates: dict[str, dict[str, int]] = {}
        self._notes: list[tuple[str, str, str]] = []
        self._edges: dict[tuple[str, str], None] = {}

    def read(self) -> Content:
        """Return what is in it."""
        notes: list[str] = []
        for token in tokens(self._source.data):
            if token.kind == "close" and len(self._stack) <= 1:
                self._flush()
                break
            self._read(token)
        else:
            self._flush()
            notes.append("the file breaks off before its end")
        self._end_hidden()
        text = self._main.end(self._state.level)
        for kind in ("footnotes", "endnotes"):
            self._put_notes(kind)
        for kind, edge in self._edges:
            self._main.outline.part(kind)
            self._main.outline.body.add(edge)
        if count := text.count("\ufffd"):
            notes.append(f"{count} characters could not be decoded and stand as \ufffd")
        return finished(self._source, "rtf", self._main.outline, self._tally, self._stated(), notes)

    def _put_notes(self, kind: str) -> None:
        found = [(path, text) for of, path, text in self._notes if of == kind]
        for count, (path, text) in enumerate(found, 1):
            self._main.outline.part(kind, path)
            self._main.outline.body.add(f"{count}. {text}")

    def _stated(self) -> list[Fact]:
        values = {key: " ".join("".join(said).split()) for key, said in self._facts.items()}
        for key, when in self._dates.items():
            if when.get("yr", 0) > 0 and 1 <= when.get("mo", 0) <= 12 and when.get("dy", 0) > 0:
                values[key] = f"{when['yr']:04}-{when['mo']:02}-{when['dy']:02}"
                if "hr" in when:
                    values[key] += f"T{when['hr']:02}:{when.get('min', 0):02}"
        known = [(key, values.get(key, "")) for key in LABELS]
        return [Fact(key, LABELS[key], value) for key, value in known if is_said(key, value)]

    def _read(self, token: Token) -> None:
        if token.kind == "bytes":
            self._text(token)
            return
        if token.kind in ("word", "sign") and self._left and token.name != "u":
            self._left -= 1
            if token.kind == "sign" or token.name in _WORDS:
                return
        if not (token.kind == "word" and token.name == "u"):
            self._flush()
        match token.kind:
            case "open":
                self._open()
            case "close":
                self._close()
            case "word":
                self._word(token.name, token.number)
            case "sign":
                self._sign(token.name)

    def _open(self) -> None:
        self._left = 0
        if len(self._stack) >= _DEEPEST:
            raise self._source.refused("its groups lie too deep inside each other; save it again")
        self._stack.append(self._state)
        self._state = copy(self._state)
        if self._state.place == "styles":
            self._state.place = "style"
            self._style = _Named()

    def _close(self) -> None:
        self._left = 0
        ended, self._state = self._state, self._stack.pop()
        if ended.place == "style" and self._state.place == "styles":
            self._end_style()
        if ended.flow is not self._state.flow:
            self._end_flow(ended)

    def _end_style(self) -> None:
        name = "".join(self._style.name).strip(" ;")
        found = _HEADING.fullmatch(name)
        level = int(found[1]) if found else self._style.level
        if name.lower() == "title":
            level = 0
        if level is not None:
            self._levels[self._style.number] = level

    def _end_flow(self, state: _State) -> None:
        flow = state.flow
        self._end_hidden()
        text = flow.end(None)
        if not text:
            return
        if flow.kind == "box":
            self._state.flow.add_box(text)
        elif flow.kind in ("header", "footer"):
            # A bare page number says nothing.
            if any(c.isalpha() for c in text):
                self._edges[flow.kind, text] = None
        else:
            self._notes.append((flow.kind, flow.path, text))

    def _sign(self, sign: str) -> None:
        if sign == "*":
            self._may_skip = True
        elif sign in ("\n", "\r"):
            self._word("par", None)
        elif sign in _SIGNS:
            self._put(_SIGNS[sign])

    def _word(self, name: str, number: int | None) -> None:
        may_skip, self._may_skip = self._may_skip, False
        state = self._state
        if name == "u":
            self._unit(number)
        elif self._enters(name):
            pass
        elif state.place in ("skip", "shape") or (may_skip and name not in _READ):
            state.place = state.place if state.place == "shape" else "skip"
        elif state.place == "fonts":
            self._font_word(name, number)
        elif state.place == "colours":
            if name in ("red", "green", "blue"):
                self._colours[-1][("red", "green", "blue").index(name)] = number or 0
        elif state.place == "style":
            self._style_word(name, number)
        elif state.place in _DATES.values():
            self._dates.setdefault(state.place, {})[name] = number or 0
        elif name in _WORDS:
            self._put(_WORDS[name])
        elif state.place == "text":
            self._text_word(name, number)

    def _enters(self, name: str) -> bool:
        """Say whether a word says what its group is, and remember that."""
        state = self._state
        match name:
            case "rtf":
                state.place = "text"
            case "fonttbl":
                state.place = "fonts"
            case "colortbl":
                state.place = "colours"
            case "stylesheet":
                state.place = "styles"
            case "info":
                state.place = "info"
            case "title" | "author" if state.place == "info":
                state.place = name
            case "creatim" | "revtim" if state.place == "info":
                state.place = _DATES[name]
            case "shptxt" | "dptxbxtext" if state.place == "shape":
                self._begin("box")
            case "ud" if state.place == "shape":
                state.place = "text"
            case _ if state.place != "text":
                return False
            case "shpinst" | "do" | "upr":
                state.place = "shape"
            case "listtext" | "pntext":
                state.place = "label"
            case "footnote":
                self._begin("footnotes")
            case "ftnalt" if state.flow.kind == "footnotes":
                state.flow.kind = "endnotes"
            case "header" | "headerl" | "headerr" | "headerf":
                self._begin("header")
            case "footer" | "footerl" | "footerr" | "footerf":
                self._begin("footer")
            case "annotation" | "pict":
                self._tally.add("comment" if name == "annotation" else "picture")
                state.place = "skip"
            case _ if name in _NOT_SHOWN:
                state.place = "skip"
            case _:
                return False
        return True

    def _begin(self, kind: str) -> None:
        path = self._main.outline.path
        font = self._default_font
        self._state = _State(Flow(kind, path), "text", self._state.unicode_skip, font)

    def _font_word(self, name: str, number: int | None) -> None:
        if name == "f":
            self._font = number or 0
        elif name == "fcharset":
            self._fonts[self._font] = number or 0

    def _style_word(self, name: str, number: int | None) -> None:
        if name == "s":
            self._style.number = number or 0
        elif name == "outlinelevel":
            self._style.level = _level(number)

    def _text_word(self, name: str, number: int | None) -> None:
        """Follow a word that changes what comes next, or ends a paragraph."""
        state = self._state
        is_on = number != 0
        match name:
            case _ if name in _PARAGRAPH_ENDS:
                self._end_hidden()
                state.flow.end_paragraph(state.level, in_table=state.in_table)
            case "cell":
                self._end_hidden()
                state.flow.end_cell()
            case "row":
                state.flow.end_row()
            case "pard":
                state.in_table, state.level = False, None
            case "intbl":
                state.in_table = is_on
            case "s":
                state.level = self._levels.get(number or 0)
            case "outlinelevel":
                state.level = _level(number)
            case "plain":
                self._plain()
            case "v":
                state.is_hidden = is_on
            case "deleted":
                self._tally.add("deletion", is_on and not state.is_deleted)
                state.is_deleted = is_on
            case "revised":
                self._tally.add("insertion", is_on)
            case "super":
                state.is_raised = is_on
            case "sub" | "nosupersub":
                state.is_raised = False
            case "fs":
                state.size = 24 if number is None else number
            case "cf":
                state.colour = number or 0
            case "highlight" | "cb" | "chcbpat" | "cbpat" | "clcbpat":
                state.has_background = bool(number)
            case "f":
                state.font = number
            case "deff":
                self._default_font = state.font = number
            case "uc":
                state.unicode_skip = max(0, min(number or 0, 10))
            case "ansicpg":
                self._encoding = code_page(number or 0)
            case "mac":
                self._encoding = "mac_roman"
            case "pc" | "pca":
                self._encoding = "cp437" if name == "pc" else "cp850"
            case "objemb" | "objlink":
                self._tally.add("embedded")

    def _plain(self) -> None:
        state = self._state
        state.is_hidden = state.is_deleted = state.is_raised = state.has_background = False
        state.font, state.size, state.colour = self._default_font, 24, 0

    def _unit(self, number: int | None) -> None:
        """Take a UTF-16 unit, which may be half of a character."""
        if self._bytes:
            self._flush()
        if number is not None:
            self._units.append(number & 0xFFFF)
            self._left = self._state.unicode_skip

    def _text(self, token: Token) -> None:
        data = token.data
        if self._left:
            passed = min(self._left, len(data))
            self._left -= passed
            data = data[passed:]
        if not data:
            return
        if self._units:
            self._flush()
        self._bytes.append(data)

    def _flush(self) -> None:
        """Decode what was gathered and put it where it belongs."""
        if self._units:
            units = b"".join(unit.to_bytes(2, "little") for unit in self._units)
            self._units = []
            self._put(self._without_symbols(units.decode("utf-16-le", "replace")))
        if self._bytes:
            data, self._bytes = b"".join(self._bytes), []
            font = self._state.font
            charset = self._fonts.get(-1 if font is None else font)
            if charset == SYMBOLS and self._state.place in ("text", "label"):
                self._put(self._without_symbols("".join(chr(0xF000 + byte) for byte in data)))
                return
            encoding = self._encoding
            if charset:
                encoding = encoding_of(charset, encoding)
            self._put(data.decode(encoding, "replace"))

    def _without_symbols(self, text: str) -> str:
        """Return text without the letters of symbol fonts, which are signs to the eye."""
        text = text.replace("\uf0b7", "•").replace("\uf020", " ")
        found = re.sub("[\uf000-\uf0ff]", "", text)
        if self._state.place == "text":
            self._tally.add("symbol", len(text) - len(found))
        return found or ("•" if self._state.place == "label" else "")

    def _put(self, text: str) -> None:
        state = self._state
        match state.place:
            case "text" if state.is_deleted:
                pass
            case "text" if self._is_unseen(text):
                self._hidden.append(text)
            case "text":
                self._end_hidden()
                state.flow.add(text, is_raised=state.is_raised)
            case "label":
                state.flow.add_label(text)
            case "style":
                self._style.name.append(text)
            case "colours":
                for _ in range(min(text.count(";"), 256)):
                    self._colours.append([0, 0, 0])
            case "title" | "author":
                self._facts.setdefault(state.place, []).append(text)

    def _is_unseen(self, text: str) -> bool:
        """Say whether text is hidden, or so small or white on white that it might as well be."""
        state = self._state
        if state.is_hidden or state.size <= _TINY:
            return bool(text.strip())
        if state.in_table or state.has_background or state.flow.kind == "box":
            return False
        is_known = 0 < state.colour < len(self._colours)
        return is_known and min(self._colours[state.colour]) >= 0xFD

    def _end_hidden(self) -> None:
        self._tally.hide("".join(self._hidden))
        self._hidden = []


def _level(number: int | None) -> int | None:
    return number + 1 if number is not None and 0 <= number < 9 else None
