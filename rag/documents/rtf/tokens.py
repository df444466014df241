"""Bytes of an RTF file as its tokens: groups, control words, letters."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|[\r\n]+"
    rb"|([^\\{}\r\n]+)",
    re.DOTALL,
)
_ENCODINGS = {
    **{0: "cp1252", 77: "mac_roman", 78: "shift_jis", 79: "big5", 80: "euc_kr", 81: "mac_arabic"},
    **{83: "mac_greek", 84: "mac_cyrillic", 86: "mac_romanian", 89: "mac_latin2"},
    **{128: "cp932", 129: "cp949", 130: "johab", 134: "gbk", 136: "cp950"},
    **{161: "cp1253", 162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257"},
    **{204: "cp1251", 222: "cp874", 238: "cp1250", 254: "cp437", 255: "cp850"},
}
SYMBOLS = 2
"""The character set of fonts whose letters are signs."""

Kind = Literal["open", "close", "word", "sign", "bytes"]


class Token(NamedTuple):
    """A piece of an RTF file.

    Attributes:
        kind: "word" for a control word, "sign" for a control symbol, "bytes" for text.
        name: of the control word or symbol.
        number: behind the control word, None where there is none.
        data: the bytes of text.
    """

    kind: Kind
    name: str = ""
    number: int | None = None
    data: bytes = b""


def tokens(data: bytes) -> Iterator[Token]:
    """Yield the tokens of a file; binary data are passed over."""
    at = 0
    while at < len(data):
        found = _TOKEN.match(data, at)
        if found is None:
            at += 1  # a lone backslash at the end
            continue
        at = found.end()
        word, count, code, sign, brace, text = found.groups()
        if word is not None:
            name = word.decode("ascii")
            amount = None if count is None else int(count)
            if name == "bin":
                at += max(0, amount or 0)
            else:
                yield Token("word", name, amount)
        elif code is not None:
            yield Token("bytes", "'", None, bytes.fromhex(code.decode("ascii")))
        elif sign is not None:
            yield Token("sign", sign.decode("latin-1"))
        elif brace is not None:
            yield Token("open" if brace == b"{" else "close")
        elif text is not None:
            yield Token("bytes", "", None, text)


def encoding_of(charset: int, default: str) -> str:
    """Return the encoding of a font's character set."""
    return _known(_ENCODINGS.get(charset, default), default)


def code_page(number: int) -> str:
    """Return the encoding of a code page."""
    return "utf-8" if number == 65001 else _known(f"cp{number}", "cp1252")


def _known(name: str, default: str) -> str:
    try:
        codecs.lookup(name)
    except LookupError:
        return default
    return name
