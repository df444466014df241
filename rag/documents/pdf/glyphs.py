"""The characters of a page as arrays, in the coordinates of the page as it is shown."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

ASKEW = -1
"""Turn of characters that stand neither upright nor at a right angle."""
_STRAIGHT_DEGREES = 12
_BOLD_WEIGHT = 600
_FAR = 1e6  # points; nothing on a page is further away

_Edge = TypeVar("_Edge", float, NDArray[np.float64])
Box = tuple[float, float, float, float]
"""Left, bottom, right and top, in points."""


@dataclass(frozen=True, slots=True)
class Runs:
    """What the characters of each text object of PDFium have in common, one row an object.

    Attributes:
        font_size: before the matrix.
        matrix: a, b, c, d from font to page.
        origin: of the first character, on the base line, on the page as stored.
        mode: how it is painted; 3 and 7 leave nothing to be seen.
        colour: red, green, blue and opacity of the filling, 0 to 255.
        weight: of the font, 400 is regular; -1 where it is not known.
    """

    font_size: NDArray[np.float64]
    matrix: NDArray[np.float32]
    origin: NDArray[np.float64]
    mode: NDArray[np.int32]
    colour: NDArray[np.uint32]
    weight: NDArray[np.int32]

    @property
    def size(self) -> NDArray[np.float64]:
        """Height of the font on the page, in points."""
        across, up = self.matrix[:, 2].astype(np.float64), self.matrix[:, 3].astype(np.float64)
        size = np.nan_to_num(np.abs(self.font_size) * np.hypot(across, up), posinf=_FAR)
        clipped: NDArray[np.float64] = size.clip(0, _FAR)
        return clipped

    def turn(self, rotation: int) -> NDArray[np.int8]:
        """Return quarter turns the writing is turned on the page as shown, or ASKEW."""
        angle = np.degrees(np.arctan2(self.matrix[:, 1], self.matrix[:, 0])) - 90 * rotation
        angle = np.nan_to_num(angle, nan=0.0)
        quarters = np.round(angle / 90)
        straight = np.abs(angle - 90 * quarters) <= _STRAIGHT_DEGREES
        return np.where(straight, quarters % 4, ASKEW).astype(np.int8)


@dataclass(frozen=True, slots=True)
class Glyphs:
    """Characters of a page in PDFium's order, one row each in every array.

    Points count from the lower left corner of the page as it is shown: turned and cropped.

    Attributes:
        number: of the page, from 1.
        wide, high: of the page as shown, in points.
        runs: what the rows of `run` stand for.
        annotations: how many form fields and comments the page has.
        index: the character's number in PDFium, by which its box is found again.
        code: code point.
        box: left, bottom, right, top; without any extent where PDFium made the character up.
        run: row of `runs`, -1 where PDFium made the character up.
        size, base, bold: height of the font, height of the base line, whether it is bold.
        turn: quarter turns the writing is turned counter-clockwise, or ASKEW.
    """

    number: int
    wide: float
    high: float
    runs: Runs
    annotations: int
    index: NDArray[np.int32]
    code: NDArray[np.uint32]
    box: NDArray[np.float64]
    run: NDArray[np.int32]
    size: NDArray[np.float64]
    base: NDArray[np.float64]
    bold: NDArray[np.bool_]
    turn: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.code)

    def taken(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> Glyphs:
        """Return some of the characters, chosen by a mask or by their rows."""
        arrays = {
            field.name: getattr(self, field.name)[rows]
            for field in fields(self)
            if isinstance(getattr(self, field.name), np.ndarray)
        }
        return replace(self, **arrays)

    @property
    def ink(self) -> NDArray[np.bool_]:
        """Which characters leave ink: those that are neither spaces nor line ends."""
        ink: NDArray[np.bool_] = (self.code > 32) & (self.code != 0xA0) & (self.code != 0x3000)
        return ink


def glyphs_of(
    number: int,
    code: NDArray[np.uint32],
    box: NDArray[np.float64],
    run: NDArray[np.int32],
    runs: Runs,
    frame: Box,
    rotation: int,
    annotations: int,
) -> Glyphs:
    """Put the characters of a page into the coordinates of the page as it is shown.

    Args:
        number: of the page.
        code: code points.
        box: boxes as stored.
        run: row of `runs` for each, -1 for none.
        runs: what they have in common.
        frame: the part of the stored page that is shown.
        rotation: quarter turns clockwise by which it is shown.
        annotations: how many form fields and comments the page has.
    """
    corners = _shown(box, frame, rotation)
    _, _, wide, high = shown_box(frame, frame, rotation)
    turns = runs.turn(rotation)
    x, y = runs.origin[:, 0], runs.origin[:, 1]
    spots = _shown(np.stack((x, y, x, y), 1), frame, rotation)
    bases = np.zeros(len(turns))
    for turn in np.unique(turns):
        rows = turns == turn
        bases[rows] = _shown(spots[rows], (0, 0, wide, high), max(0, int(turn)))[:, 1]
    made_up = run < 0
    return Glyphs(
        number,
        float(wide),
        float(high),
        runs,
        annotations,
        np.arange(len(code), dtype=np.int32),
        code,
        corners,
        run,
        np.append(runs.size, 1.0)[run],
        np.where(made_up, corners[:, 1], np.append(bases, 0.0)[run]),
        np.append(runs.weight >= _BOLD_WEIGHT, False)[run],
        np.append(turns, np.int8(0))[run],
    )


def _shown(box: NDArray[np.float64], frame: Box, rotation: int) -> NDArray[np.float64]:
    """Return rows of boxes as they stand on the page as shown, without what is no number."""
    shown = shown_box((box[:, 0], box[:, 1], box[:, 2], box[:, 3]), frame, rotation)
    return np.nan_to_num(np.stack(shown, 1), posinf=_FAR, neginf=-_FAR).clip(-_FAR, _FAR)


def shown_box(
    box: tuple[_Edge, _Edge, _Edge, _Edge], frame: Box, rotation: int
) -> tuple[_Edge, _Edge, _Edge, _Edge]:
    """Return a box as it stands when its frame is turned clockwise and set to (0, 0).

    Args:
        box: left, bottom, right, top.
        frame: the part of the page that is shown.
        rotation: quarter turns.
    """
    x0, y0, x1, y1 = box
    left, bottom, right, top = frame
    if rotation == 1:
        return y0 - bottom, right - x1, y1 - bottom, right - x0
    if rotation == 2:
        return right - x1, top - y1, right - x0, top - y0
    if rotation == 3:
        return top - y1, x0 - left, top - y0, x1 - left
    return x0 - left, y0 - bottom, x1 - left, y1 - bottom


def upright(glyphs: Glyphs, turn: int) -> Glyphs:
    """Return the characters of one turn on a page turned so that they stand upright."""
    found = glyphs.taken(glyphs.turn == turn)
    if turn <= 0:
        return found
    frame = (0.0, 0.0, glyphs.wide, glyphs.high)
    _, _, wide, high = shown_box(frame, frame, turn)
    return replace(found, box=_shown(found.box, frame, turn), wide=wide, high=high)
