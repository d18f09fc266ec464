"""A value of a training by epoch, as a plot in the window's own colours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QMouseEvent, QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolTip, QWidget

from slideviewer.training.history import EpochRow
from slideviewer.ui.elided_label import ElidedLabel
from slideviewer.ui.plots import Axis, Plot

HELD_OUT = "val_"
LINES_HIGH = 12
MOST_MARKS = 60
"""Of more points, only the last one is marked."""

_COLOURS = {
    "training": {"light": "#0072b2", "dark": "#56b4e9"},
    "held out": {"light": "#d55e00", "dark": "#f0a050"},
}
"""After Okabe and Ito (2008), lighter ones on a dark window; the line of what is held out is also
thicker, and its points are marked."""
_FORMER = 0.35
"""Opacity of repeats before the last one."""


@dataclass(frozen=True)
class Line:
    """Values of one repeat.

    Attributes
    ----------
    repeat : int
    is_held_out : bool
    points : tuple of (int, float)
        Epoch and value.
    """

    repeat: int
    is_held_out: bool
    points: tuple[tuple[int, float], ...]


def names_of(rows: Sequence[EpochRow]) -> list[str]:
    """What there are curves of, without those of the middle of tiles."""
    names = (name.removeprefix(HELD_OUT) for row in rows for name in row.values)
    return [name for name in dict.fromkeys(names) if " central " not in name]


def lines_of(rows: Sequence[EpochRow], name: str) -> list[Line]:
    """The curves of a value: for each repeat that of training, and that of what is held out."""
    lines = []
    for repeat in dict.fromkeys(row.repeat for row in rows):
        for key in (name, f"{HELD_OUT}{name}"):
            points = tuple(
                (row.epoch, row.values[key])
                for row in rows
                if row.repeat == repeat and math.isfinite(row.values.get(key, math.nan))
            )
            if points:
                lines.append(Line(repeat, key != name, points))
    return lines


def ticks(low: float, high: float) -> list[float]:
    """Round numbers from below the lowest value to above the highest, three to seven of them."""
    span = max(high - low, abs(high) * 1e-3, 1e-6)
    step = 10.0 ** math.floor(math.log10(span))
    while span / step > 4:
        step *= 2
    while span / step < 2:
        step /= 2
    first = math.floor(low / step)
    last = max(first + 1, math.ceil(high / step - 1e-9))
    return [number * step for number in range(first, last + 1)]


class Curves(Plot):
    """One plot; the mouse over it tells the values of an epoch."""

    many = 150  # such a line goes up and down

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(LINES_HIGH, parent)
        self.lines: list[Line] = []
        self._epochs = 1
        self._title, self._legend = ElidedLabel(), QLabel()
        head = QHBoxLayout()
        head.addWidget(self._title, 1)
        head.addWidget(self._legend)
        self.column.addLayout(head)

    def show_rows(self, rows: Sequence[EpochRow], name: str, epochs: int = 0) -> None:
        """Show a value of all epochs so far, with room for so many."""
        self.lines = lines_of(rows, name)
        last = max((line.points[-1][0] for line in self.lines), default=1)
        self._epochs = max(2, last, epochs)
        self._title.set_words(name)
        self.setAccessibleName(f"Curve of {name}")
        self.setAccessibleDescription(self.told(last))
        self.redraw()

    def told(self, epoch: int) -> str:
        """The values of an epoch, in words."""
        said = [
            f"{_name(line)} {value:.4g}"
            for line in self._latest
            for at, value in line.points
            if at == epoch
        ]
        return f"Epoch {epoch}: {', '.join(said)}" if said else ""

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if not self.lines:
            return
        (left, _), (right, _) = self.places((1, self._epochs), (0, 0))
        share = (event.position().x() - left) / max(1.0, right - left)
        epoch = min(max(1, round(1 + share * (self._epochs - 1))), self._epochs)
        QToolTip.showText(event.globalPosition().toPoint(), self.told(epoch), self)

    def draw(self) -> None:
        dark = self.palette().color(QPalette.ColorRole.Window).lightnessF() < 0.5
        colours = {name: both["dark" if dark else "light"] for name, both in _COLOURS.items()}
        names = [name for name in colours if name in map(_name, self.lines)]
        said = (f'<span style="color: {colours[name]}">{name}</span>' for name in names)
        self._legend.setText("&nbsp; ".join(said))
        for label in (self._title, self._legend):
            label.setFont(self.small_font)
        values = [value for line in self.lines for _, value in line.points] or [0.0, 1.0]
        marks = ticks(min(values), max(values))
        epochs = sorted({1, (1 + self._epochs) // 2, self._epochs})
        self.lay(Axis(1, self._epochs, tuple(epochs)), Axis(marks[0], marks[-1], tuple(marks)))
        for line in self.lines:
            colour = QColor(colours[_name(line)])
            colour.setAlphaF(1.0 if line in self._latest else _FORMER)
            across, up = zip(*line.points, strict=True)
            pen = {"color": colour, "width": 2.0 if line.is_held_out else 1.4}
            dots = {}
            if line.is_held_out or len(up) == 1:
                dots = {"symbol": "o", "symbolSize": 6.0, "symbolBrush": colour, "symbolPen": None}
            if len(up) > MOST_MARKS:
                self.line(across, up, pen)
                across, up, pen = across[-1:], up[-1:], {"style": Qt.PenStyle.NoPen}
            self.line(across, up, pen, **dots)

    @property
    def _latest(self) -> list[Line]:
        """The lines of the last repeat."""
        last = max((line.repeat for line in self.lines), default=1)
        return [line for line in self.lines if line.repeat == last]


def _name(line: Line) -> str:
    return "held out" if line.is_held_out else "training"
