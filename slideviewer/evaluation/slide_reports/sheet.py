"""Pages of paper to write and draw on: points from the top left, words that break by their width.

Of matplotlib only figures are used, and no state of it is shared, so any thread may draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font, LoadFlags
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from slideviewer.slide import Pixels

WIDTH, HEIGHT, MARGIN, FOOT = 595.0, 842.0, 42.0, 40.0
"""Of A4, in points, and what stays free at its edges."""

INK, SOFT, LINE, STRESS = "#1c1c1c", "#5c5c5c", "#d0d0d0", "#8c2a1e"
LINE_SHARE = 1.35
"""From line to line, for one of the letters' size."""

Align = Literal["left", "right", "center"]
_FAMILY = "DejaVu Sans"
"""It comes with matplotlib, so that it is there on any machine."""
_UNKNOWN = "\N{REPLACEMENT CHARACTER}"


class Sheet:
    """One page."""

    def __init__(self) -> None:
        self.figure = Figure(figsize=(WIDTH / 72, HEIGHT / 72))

    def write(
        self,
        x: float,
        y: float,
        words: str,
        size: float = 9,
        *,
        bold: bool = False,
        colour: str = INK,
        align: Align = "left",
    ) -> None:
        """Write one line whose letters hang from a height."""
        self.figure.text(
            x / WIDTH,
            1 - (y + size) / HEIGHT,
            printable(words),
            fontsize=size,
            fontfamily=_FAMILY,
            fontweight="bold" if bold else "normal",
            color=colour,
            ha=align,
            va="baseline",
            parse_math=False,
        )

    def rule(self, y: float, x: float = MARGIN, to: float = WIDTH - MARGIN) -> None:
        """Draw a thin line across."""
        ends = [x / WIDTH, to / WIDTH], [1 - y / HEIGHT] * 2
        line = Line2D(*ends, color=LINE, linewidth=0.6, transform=self.figure.transFigure)
        self.figure.add_artist(line)

    def box(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        """Fill a rectangle."""
        place = (x / WIDTH, 1 - (y + height) / HEIGHT), width / WIDTH, height / HEIGHT
        patch = Rectangle(*place, facecolor=colour, edgecolor="none", linewidth=0)
        patch.set_transform(self.figure.transFigure)
        self.figure.add_artist(patch)

    def show(self, picture: Pixels, x: float, y: float, width: float, height: float) -> None:
        """Lay a picture down, as large as it fits, in the middle."""
        rows, columns = picture.shape[:2]
        scale = min(width / columns, height / rows)
        across, down = columns * scale, rows * scale
        left, top = x + (width - across) / 2, y + (height - down) / 2
        place = left / WIDTH, 1 - (top + down) / HEIGHT, across / WIDTH, down / HEIGHT
        axes = self.figure.add_axes(place)
        axes.imshow(picture, aspect="auto", interpolation="none")
        axes.set_axis_off()


def printable(words: str) -> str:
    """Words with what the font has no letter for replaced."""
    known = _letters()
    return "".join(it if ord(it) in known else _UNKNOWN for it in " ".join(words.split()))


def width_of(words: str, size: float, *, bold: bool = False) -> float:
    """How wide a line is, in points."""
    return size * sum(_advance(it, bold) for it in printable(words))


def wrapped(
    words: str, width: float, size: float, *, bold: bool = False, most: int = 0
) -> list[str]:
    """Break words into lines that fit; a word that is too long anywhere.

    Parameters
    ----------
    words : str
    width, size : float
        Points.
    bold : bool
    most : int
        Of more lines the last one ends with an ellipsis; 0 for any number.
    """
    lines: list[str] = []
    line = ""
    for word in printable(words).split():
        joined = f"{line} {word}" if line else word
        if width_of(joined, size, bold=bold) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        line = word
        while width_of(line, size, bold=bold) > width and len(line) > 1:
            fits = _fitting(line, width, size, bold)
            lines.append(line[:fits])
            line = line[fits:]
    if line:
        lines.append(line)
    if most and len(lines) > most:
        last = lines[most - 1]
        while last and width_of(f"{last}…", size, bold=bold) > width:
            last = last[:-1]
        lines = [*lines[: most - 1], f"{last}…"]
    return lines or [""]


def height_of(lines: Sequence[str], size: float) -> float:
    """How high lines are together, in points."""
    return len(lines) * size * LINE_SHARE


def _fitting(word: str, width: float, size: float, bold: bool) -> int:
    """How many letters of a word fit, at least one."""
    room, count = width / size, 0
    for letter in word:
        room -= _advance(letter, bold)
        if room < 0:
            break
        count += 1
    return max(1, count)


@lru_cache(maxsize=8192)
def _advance(letter: str, bold: bool) -> float:
    """How far a letter of size 1 takes the pen."""
    font = _font(bold)
    font.set_size(100, 72)
    glyph = font.load_char(ord(letter), flags=LoadFlags.NO_HINTING)
    return float(glyph.linearHoriAdvance) / 65536 / 100


@lru_cache(maxsize=1)
def _letters() -> frozenset[int]:
    return frozenset(_font(False).get_charmap()) & frozenset(_font(True).get_charmap())


def _font(bold: bool) -> FT2Font:
    weight = "bold" if bold else "normal"
    path = font_manager.findfont(font_manager.FontProperties(family=_FAMILY, weight=weight))
    return font_manager.get_font(path)
