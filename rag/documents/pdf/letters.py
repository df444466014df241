"""What PDFium gives for characters, mended: ligatures, accents, Arabic order, what has no letter.

Every rule here answers to something real files hold; each character that comes out knows the
character of PDFium it was made of.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rag.documents.pdf.glyphs import Glyphs

HYPHEN = 0x02
"""What PDFium gives for a hyphen at the end of a line."""
SOFT_HYPHEN = 0xAD
_UNKNOWN = 0xFFFD
_WRONG_FF = 0x21B5  # the place of "ff" in TeX's fonts, by another encoding
_ACCENTS = {
    **{0x60: 0x300, 0xB4: 0x301, 0x2CA: 0x301, 0x2C6: 0x302, 0x2DC: 0x303, 0xAF: 0x304},
    **{0x2D8: 0x306, 0x2D9: 0x307, 0xA8: 0x308, 0x2DA: 0x30A, 0x2DD: 0x30B, 0x2C7: 0x30C},
    **{0xB8: 0x327, 0x2DB: 0x328},
}
"""Accents that stand alone, and those that join the letter before."""
_LIGATURES = {
    **{0x0B: 0xFB00, 0x0C: 0xFB01, 0x0D: 0xFB02, 0x0E: 0xFB03, 0x0F: 0xFB04},
    **{0x1B: 0xFB00, 0x1C: 0xFB01, 0x1D: 0xFB02, 0x1E: 0xFB03, 0x1F: 0xFB04},
}
_QUOTES = {
    **{0x10: 0x201C, 0x11: 0x201D, 0x12: 0x201E, 0x13: 0xAB, 0x14: 0xBB, 0x15: 0x2013},
    0x16: 0x2014,
}
_NEAR = 6  # characters before and after an accent among which its letter is looked for
_DOTLESS = {0x131: 0x69, 0x237: 0x6A}


@dataclass(slots=True)
class Mended:
    """What was mended on a page.

    Attributes:
        unknown: characters for which the file names no letter.
        guessed: characters without a name that were read as TeX's fonts have them.
    """

    unknown: int = 0
    guessed: int = 0


def mend(glyphs: Glyphs, mended: Mended) -> Glyphs:
    """Return the characters of a page with the letters that they show.

    Args:
        glyphs: as PDFium gives them.
        mended: what was guessed is counted here.
    """
    code = glyphs.code.copy()
    painted = (code < 0x20) & (glyphs.run >= 0) & (glyphs.box[:, 2] > glyphs.box[:, 0])
    painted &= (code != HYPHEN) & (code != 0)
    if painted.any():
        mended.guessed += _tex(code, painted)
    code[np.isin(code, (0xA0, 0x2007, 0x202F, 0x09, 0x0B, 0x0C))] = 0x20
    code[(code > 0x10FFFF) | (code == 0xFFFE) | (code == 0xFFFF)] = 0
    glyphs = _with(glyphs, code)
    glyphs = _surrogates(glyphs)
    glyphs = _accents(glyphs)
    _unnamed(glyphs, mended)
    _swapped(glyphs)
    code = glyphs.code
    control = ((code < 0x20) & ~np.isin(code, (HYPHEN, 0x0A, 0x0D))) | (code == 0x7F)
    control |= np.isin(code, (0xFEFF, 0x85, 0x2028, 0x2029))
    return _expanded(glyphs.taken(~control))


def _tex(code: NDArray[np.uint32], painted: NDArray[np.bool_]) -> int:
    """Read codes that stand for no character as TeX's fonts have them; return how many.

    Args:
        code: changed in place; those that TeX does not have either become 0.
        painted: which to read.
    """
    in_word = _in_word(code)
    read = 0
    for low in map(int, np.unique(code[painted])):
        rows = painted & (code == low) & (in_word | (low not in _LIGATURES))
        new = _LIGATURES.get(low, _QUOTES.get(low, 0))
        code[rows] = new
        read += int(rows.sum()) if new else 0
    code[painted & (code < 0x20)] = 0
    return read


def _in_word(code: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Say which characters have a letter of ASCII beside them."""
    small = code | 0x20
    letter = np.concatenate(([False], (small >= 0x61) & (small <= 0x7A), [False]))
    beside: NDArray[np.bool_] = letter[:-2] | letter[2:]
    return beside


def is_rtl(code: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Say which characters are written from right to left."""
    return (
        ((code >= 0x590) & (code <= 0x8FF))
        | ((code >= 0xFB1D) & (code <= 0xFDFF))
        | ((code >= 0xFE70) & (code <= 0xFEFC))
    )


def _with(glyphs: Glyphs, code: NDArray[np.uint32]) -> Glyphs:
    return replace(glyphs, code=code)


def _surrogates(glyphs: Glyphs) -> Glyphs:
    """Make one character of the two halves of one beyond U+FFFF; lone halves have no letter."""
    code = glyphs.code
    half = (code >= 0xD800) & (code <= 0xDFFF)
    if not half.any():
        return glyphs
    keep = np.ones(len(code), np.bool_)
    for row in np.flatnonzero(half):
        low = row > 0 and 0xDC00 <= code[row] <= 0xDFFF and 0xD800 <= code[row - 1] <= 0xDBFF
        if low:
            high_bits = int(code[row - 1]) - 0xD800
            code[row] = 0x10000 + (high_bits << 10) + int(code[row]) - 0xDC00
            keep[row - 1] = False
    code[(code >= 0xD800) & (code <= 0xDFFF) & keep] = 0
    return glyphs.taken(keep)


def _accents(glyphs: Glyphs) -> Glyphs:
    """Put accents that are painted over a letter by themselves into that letter: ˘ and g are ğ."""
    code, box = glyphs.code, glyphs.box
    alone = np.flatnonzero(np.isin(code, list(_ACCENTS)))
    if not len(alone):
        return glyphs
    keep = np.ones(len(code), np.bool_)
    for row in map(int, alone):
        first, last = max(0, row - _NEAR), min(len(code), row + _NEAR + 1)
        best, most = -1, 0.5 * (box[row, 2] - box[row, 0])
        for other in range(first, last):
            shared = min(box[row, 2], box[other, 2]) - max(box[row, 0], box[other, 0])
            level = abs(glyphs.base[other] - glyphs.base[row]) < 0.5 * glyphs.size[row]
            if other != row and level and shared > most and chr(code[other]).isalpha():
                best, most = other, shared
        if best < 0:
            continue
        letter = chr(_DOTLESS.get(int(code[best]), int(code[best])))
        whole = unicodedata.normalize("NFC", letter + chr(_ACCENTS[int(code[row])]))
        if len(whole) == 1:
            code[best] = ord(whole)
            keep[row] = False
            _close_up(glyphs, row, keep)
    return glyphs.taken(keep)


def _close_up(glyphs: Glyphs, row: int, keep: NDArray[np.bool_]) -> None:
    """Leave out the spaces and line ends that PDFium made up around an accent in mid-word."""
    code, box, made_up = glyphs.code, glyphs.box, glyphs.run < 0
    before, after = row, row + 1
    while before > 0 and made_up[before - 1]:
        before -= 1
    while after < len(code) and made_up[after]:
        after += 1
    if before == 0 or after == len(code):
        return
    gap = box[after, 0] - box[before - 1, 2]
    if -0.5 * glyphs.size[row] < gap < 0.15 * glyphs.size[row]:
        keep[before:row] = False
        keep[row + 1 : after] = False


def _unnamed(glyphs: Glyphs, mended: Mended) -> None:
    """Read what TeX's fonts do not name by its width where it stands in a word, count the rest.

    Of the ligatures "ff", "ffi" and "ffl" the first is narrower; of the others "ffl" stands before
    vowels (baffle aside), "ffi" before consonants.
    """
    code = glyphs.code
    for row in np.flatnonzero((code == 0) | (code == _WRONG_FF)):
        before = chr(code[row - 1]) if row else ""
        after = chr(code[row + 1]) if row + 1 < len(code) else ""
        ems = (glyphs.box[row, 2] - glyphs.box[row, 0]) / max(0.1, glyphs.size[row])
        word = after.isalpha() or (before.isalpha() and after in " .,;:)-\r\x02")
        if word and after and code[row] == _WRONG_FF:
            code[row] = 0xFB00
        elif word and before.isalpha() and 0.7 < ems < 1.0:
            code[row] = 0xFB04 if after in "aeouy" and after else 0xFB03
        elif code[row] == 0:
            code[row] = _UNKNOWN
            mended.unknown += 1
            continue
        else:
            continue
        mended.guessed += 1


def _swapped(glyphs: Glyphs) -> None:
    """Put letters of one Arabic ligature into their order; PDFium turns them around."""
    code, box = glyphs.code, glyphs.box
    if len(code) < 2:
        return
    same = (box[1:] == box[:-1]).all(1) & (box[1:, 2] > box[1:, 0])
    same &= is_rtl(code[1:]) & is_rtl(code[:-1])
    end = 0
    for row in map(int, np.flatnonzero(same)):
        if row < end:
            continue
        end = row + 1
        while end < len(code) and end - 1 < len(same) and same[end - 1]:
            end += 1
        code[row:end] = code[row:end][::-1]


def _expanded(glyphs: Glyphs) -> Glyphs:
    """Write ligatures and the shapes of Arabic letters as the letters that they are."""
    code = glyphs.code
    shaped = ((code >= 0xFB00) & (code <= 0xFB06)) | (
        ((code >= 0xFB50) & (code <= 0xFDFB)) | ((code >= 0xFE70) & (code <= 0xFEFC))
    )
    if not shaped.any():
        return glyphs
    letters = {int(one): unicodedata.normalize("NFKC", chr(one)) for one in np.unique(code[shaped])}
    times = np.ones(len(code), np.intp)
    times[shaped] = [len(letters[int(one)]) for one in code[shaped]]
    out = glyphs.taken(np.repeat(np.arange(len(code)), times))
    starts = np.cumsum(times) - times
    for row in np.flatnonzero(shaped):
        for place, letter in enumerate(letters[int(code[row])]):
            out.code[starts[row] + place] = ord(letter)
    return out
