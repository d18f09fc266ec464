"""The picture of a training: its values by epoch, drawn anew after each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from slideviewer.training.history import EpochRow
from slideviewer.training.lettering import write

CURVES_FILE = "curves.png"

_WIDTH, _HEIGHT, _MARGIN = 440, 280, (58, 34, 16, 34)
"""Of one plot; left, top, right and bottom margin."""
_GRID = (222, 222, 222)
_TRAINING, _VALIDATION = (0, 114, 178), (213, 94, 0)
"""Two colours that colour-blind eyes tell apart (Okabe and Ito 2008)."""
_MOST_ACROSS = 3


@dataclass(frozen=True)
class _Line:
    repeat: int
    epochs: list[int]
    values: list[float]
    is_validation: bool


def draw_curves(rows: Sequence[EpochRow], words: str = "") -> NDArray[np.uint8]:
    """Draw each value of a history in a plot of its own, training blue and validation orange.

    Parameters
    ----------
    rows : sequence of EpochRow
        Of one or several repeats: a line for each.
    words : str
        Below the plots.

    Returns
    -------
    ndarray (height, width, 3), uint8, RGB
    """
    names = [name for row in rows for name in row.values]
    titles = list(dict.fromkeys(name.removeprefix("val_") for name in names)) or ["loss"]
    plots = [_plot(title, _lines(rows, title)) for title in titles]
    across = min(len(plots), _MOST_ACROSS)
    while len(plots) % across:
        plots.append(np.full_like(plots[0], 255))
    sheet = np.vstack(
        [np.hstack(plots[start : start + across]) for start in range(0, len(plots), across)]
    )
    foot = np.full((30, sheet.shape[1], 3), 255, np.uint8)
    write(foot, words, (_MARGIN[0], 20))
    return np.vstack([sheet, foot])


def _lines(rows: Sequence[EpochRow], title: str) -> list[_Line]:
    lines = []
    for repeat in dict.fromkeys(row.repeat for row in rows):
        for name in (title, f"val_{title}"):
            found = [
                (row.epoch, row.values[name])
                for row in rows
                if row.repeat == repeat and math.isfinite(row.values.get(name, math.nan))
            ]
            if found:
                epochs, values = map(list, zip(*found, strict=True))
                lines.append(_Line(repeat, epochs, values, name != title))
    return lines


def _plot(title: str, lines: Sequence[_Line]) -> NDArray[np.uint8]:
    plot = np.full((_HEIGHT, _WIDTH, 3), 255, np.uint8)
    left, top, right, bottom = _MARGIN
    right, bottom = _WIDTH - right, _HEIGHT - bottom
    last = max((line.epochs[-1] for line in lines), default=1)
    values = [value for line in lines for value in line.values] or [0.0, 1.0]
    ticks = _ticks(min(values), max(values))
    low, high = ticks[0], ticks[-1]

    def at(epoch: float, value: float) -> tuple[int, int]:
        x = left + (epoch - 1) / max(1, last - 1) * (right - left)
        return round(x), round(bottom - (value - low) / (high - low) * (bottom - top))

    for tick in ticks:
        _, y = at(1, tick)
        cv2.line(plot, (left, y), (right, y), _GRID, 1)
        write(plot, f"{tick:.4g}", (6, y + 4))
    for epoch in sorted({1, (1 + last) // 2, last}):
        x, _ = at(epoch, low)
        write(plot, str(epoch), (x - 4 * len(str(epoch)), bottom + 18))
    for line in lines:
        colour = _VALIDATION if line.is_validation else _TRAINING
        points = [at(*point) for point in zip(line.epochs, line.values, strict=True)]
        cv2.polylines(plot, [np.array(points, np.int32)], False, colour, 2, cv2.LINE_AA)
        if len(points) == 1:
            cv2.circle(plot, points[0], 3, colour, cv2.FILLED, cv2.LINE_AA)
    write(plot, title, (left, 20))
    _legend(plot, lines, right)
    return plot


def _legend(plot: NDArray[np.uint8], lines: Sequence[_Line], right: int) -> None:
    x = right
    for word, colour, is_validation in (
        ("validation", _VALIDATION, True),
        ("training", _TRAINING, False),
    ):
        if any(line.is_validation == is_validation for line in lines):
            x -= 8 * len(word)
            write(plot, word, (x, 20), colour)
            x -= 12


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers from below the lowest value to above the highest, four to eight of them."""
    span = max(high - low, abs(high) * 1e-3, 1e-6)
    step: float = 10.0 ** math.floor(math.log10(span))
    while span / step > 5:
        step *= 2
    while span / step < 2.5:
        step /= 2
    first = math.floor(low / step)
    last = max(first + 1, math.ceil(high / step))
    return [number * step for number in range(first, last + 1)]
