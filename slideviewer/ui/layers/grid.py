"""A grid of round lengths over the slide."""

from __future__ import annotations

import math
from collections.abc import Iterator

from PySide6.QtCore import QLineF, QObject, QPointF, QRectF, QSizeF
from PySide6.QtGui import QColor, QPainter, QPen

from slideviewer.geometry import Rect
from slideviewer.slide import Spacing, UnknownSpacing
from slideviewer.ui.layers.layer import Layer, Plane
from slideviewer.ui.layers.plates import Plates, plate_font
from slideviewer.ui.viewpoint import Viewpoint

LEAST_GAP = 40.0
"""Screen pixels between two lines; closer ones would hide the tissue."""

SCALE_BAR = QSizeF(200.0, 58.0)
"""Screen pixels at the bottom left that the scale bar may need."""

LABELS = QSizeF(56.0, 20.0)
"""Screen pixels along the left and the upper edge that the lines' labels need."""

DARK_LINE, LIGHT_LINE = QColor(0, 0, 0, 110), QColor(255, 255, 255, 110)
"""Side by side, so that the line is seen on stained tissue and on black fluorescence."""


class GridLayer(Layer):
    """Lines every 1, 2 or 5 times a power of ten micrometres, counted from the slide's corner.

    Pixels where the spacing is unknown.
    """

    plane = Plane.GLASS

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__("Grid", parent)
        self._visible = False
        self._spacing: Spacing | None = None
        self._extent: Rect | None = None

    def set_slide(self, extent: Rect | None, spacing: Spacing | UnknownSpacing | None) -> None:
        """Lie over this slide."""
        self._extent = extent
        self._spacing = spacing if isinstance(spacing, Spacing) else None
        self.changed.emit(None)

    def paint(self, painter: QPainter, view: Viewpoint, part: Rect, *, rough: bool) -> None:
        if self._extent is None:
            return
        seen = view.visible.intersection(self._extent)
        if seen.is_empty:
            return
        canvas = QRectF(0, 0, view.width, view.height)
        plates = Plates(painter, plate_font(painter, 11), canvas.adjusted(4, 4, -4, -4))
        plates.keep_free(QRectF(0, view.height - SCALE_BAR.height(), *SCALE_BAR.toTuple()))
        across = self._spacing.x_um_px if self._spacing else 1.0
        down = self._spacing.y_um_px if self._spacing else 1.0
        um_px = max(across, down)
        step = round_step(LEAST_GAP / view.scale * um_px)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, not view.is_upright)
        lines: list[tuple[QLineF, str]] = []
        for at in _multiples(seen.x * across, seen.right * across, step):
            ends = (at / across, seen.y), (at / across, seen.bottom)
            lines += self._line(view, canvas, ends, at, step)
        for at in _multiples(seen.y * down, seen.bottom * down, step):
            ends = (seen.x, at / down), (seen.right, at / down)
            lines += self._line(view, canvas, ends, at, step)
        for colour, shift in ((LIGHT_LINE, 1.0), (DARK_LINE, 0.0)):
            painter.setPen(QPen(colour, 1))
            painter.drawLines([line.translated(shift, shift) for line, _ in lines])
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for line, text in lines:
            plates.put(text, line.p1())

    def _line(
        self,
        view: Viewpoint,
        canvas: QRectF,
        ends: tuple[tuple[float, float], tuple[float, float]],
        at: float,
        step: float,
    ) -> list[tuple[QLineF, str]]:
        first, last = (QPointF(*view.to_screen(*end)) for end in ends)
        line = clipped(QLineF(first, last), canvas)
        return [] if line is None else [(line, self._words(at, step))]

    def _words(self, at: float, step: float) -> str:
        if self._spacing is None:
            return f"{at:.0f} px"
        return f"{_plain(at / 1000)} mm" if step >= 100 else f"{_plain(at)} µm"


def round_step(least: float) -> float:
    """The smallest of 1, 2 or 5 times a power of ten that is not shorter than this."""
    power = 10.0 ** math.floor(math.log10(least))
    return min(step * power for step in (1, 2, 5, 10) if step * power >= least * (1 - 1e-9))


def clipped(line: QLineF, room: QRectF) -> QLineF | None:
    """The part of a line that lies in a rectangle, by Liang and Barsky (1984); None where none."""
    enter, leave = 0.0, 1.0
    for way, gap in (
        (-line.dx(), line.x1() - room.left()),
        (line.dx(), room.right() - line.x1()),
        (-line.dy(), line.y1() - room.top()),
        (line.dy(), room.bottom() - line.y1()),
    ):
        if way == 0:
            if gap < 0:
                return None
        elif way < 0:
            enter = max(enter, gap / way)
        else:
            leave = min(leave, gap / way)
    if enter >= leave:
        return None
    return QLineF(line.pointAt(enter), line.pointAt(leave))


def _multiples(low: float, high: float, step: float) -> Iterator[float]:
    for number in range(math.ceil(low / step), math.floor(high / step) + 1):
        yield number * step


def _plain(value: float) -> str:
    """A number without the noise of binary fractions."""
    return f"{value:.10g}"
