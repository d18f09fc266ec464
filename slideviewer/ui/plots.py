"""Plots in the window's colours, painted by pyqtgraph, which is loaded when the first is shown."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

LEAST_WIDTH = 180
PALE = 70
"""Opacity of the grid."""
SEEN = {getattr(QEvent.Type, it) for it in ("PaletteChange", "FontChange", "FocusIn", "FocusOut")}
"""What changes how a plot looks."""
THINNED = {"autoDownsample": True, "autoDownsampleFactor": 2.0, "downsampleMethod": "peak"}
"""Of more than two points to a pixel, the lowest and the highest of a few are drawn."""


def load() -> Any:
    """Give pyqtgraph. The first time takes some tenths of a second: let a job do it before."""
    import pyqtgraph

    return pyqtgraph


@dataclass(frozen=True)
class Axis:
    """One axis of a plot.

    Attributes
    ----------
    first, last : float
        Its ends; what lies beyond one is shown at it.
    ticks : sequence of float
    words : str
    is_log : bool
        Whether it goes by powers of two; then its ends are above 0.
    """

    first: float
    last: float
    ticks: tuple[float, ...]
    words: str = ""
    is_log: bool = False

    def laid(self, values: ArrayLike) -> NDArray[np.float64]:
        """Values as the plot lays them along the axis."""
        within = np.clip(np.asarray(values, np.float64), self.first, self.last)
        return np.log2(within) if self.is_log else within


class Plot(QWidget):
    """Lines and points between two axes.

    Who inherits says in `draw` what is shown, and answers mouse and keys: pyqtgraph has neither, so
    that no menu opens, nothing is moved by mistake, and the wheel turns the page beneath.
    """

    many = 400
    """A line of more points is painted in parts: ten times as fast, rough where it is smooth."""

    _view: Any = None  # pyqtgraph's, from the first drawing on

    def __init__(self, lines_high: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(2)
        self._lines_high = lines_high
        self.setMinimumWidth(LEAST_WIDTH)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)

    def draw(self) -> None:
        """Lay the axes, then draw."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Draw all of it anew."""
        if self._view is None:
            self._make()
        self.setFixedHeight(self._lines_high * QFontMetrics(self.small_font).height())
        self._view.setBackground(self.palette().base().color())
        frame = {"color": self.palette().highlight().color(), "width": 1.5}
        self._box.setBorder(frame if self.hasFocus() else None)
        self._box.clear()
        self.draw()
        self._box.addItem(self._marks)

    def lay(self, x: Axis, y: Axis) -> None:
        """Lay the axes and their grid."""
        self._x, self._y = x, y
        font, text = self.small_font, self.palette().windowText().color()
        high, room = QFontMetrics(font).height(), 0
        for item, axis in ((self._left, y), (self._bottom, x)):
            words = [f"{tick:.4g}" for tick in axis.ticks]
            room = room or max(map(QFontMetrics(font).horizontalAdvance, words))
            item.setTicks([[*zip(axis.laid(axis.ticks).tolist(), words, strict=True)]])
            item.setTickFont(font)
            item.setTextPen(text)
            style = {"font-size": f"{font.pointSizeF()}pt", "color": text.name()}
            item.setLabel(html.escape(axis.words), **style)
        self._left.setWidth(room + 10 + (high if y.words else 0))
        self._bottom.setHeight(1.3 * high + (high if x.words else 0))
        self._view.centralLayout.setContentsMargins(2, high / 2, 1.2 * high, 2)
        across, up = ([axis.first, axis.last] for axis in (x, y))
        self._box.setRange(xRange=x.laid(across).tolist(), yRange=y.laid(up).tolist(), padding=0)
        upright, level = np.repeat(x.ticks, 2), np.repeat(y.ticks, 2)
        grid_x = [*upright, *across * len(y.ticks)]
        grid_y = [*up * len(x.ticks), *level]
        self.line(grid_x, grid_y, {"color": self.pale}, connect="pairs", antialias=False)

    def line(self, x: ArrayLike, y: ArrayLike, pen: object, **options: Any) -> None:
        """Draw a line, thinned where there are far more points than pixels.

        Parameters
        ----------
        x, y : array_like (n,)
            What is no number leaves a gap.
        pen : mapping or None
            Color, width and style; None for dots alone.
        **options
            What else `pyqtgraph.PlotDataItem` takes.
        """
        options = THINNED | {"connect": "finite", "antialias": True, "pen": pen} | options
        pg = load()
        item, drawn = pg.PlotDataItem(self._x.laid(x), self._y.laid(y), **options), pg.mkPen(pen)
        if len(item.xData) > self.many and drawn.style() == Qt.PenStyle.SolidLine:
            item.curve.setSegmentedLineMode("on")
        self._box.addItem(item)

    def mark(self, *spots: tuple[float, float, dict[str, Any]]) -> None:
        """Mark points (x, y and how) over the lines, in place of those marked before."""
        if self._view is not None:
            laid = [{"pos": (self._x.laid(x), self._y.laid(y)), **how} for x, y, how in spots]
            self._marks.setData(laid)

    def places(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
        """Where values lie in this widget: (n, 2), in pixels."""
        laid = np.stack([self._x.laid(x), self._y.laid(y)], axis=-1)
        zero, one = (self._box.mapViewToScene(QPointF(it, it)) for it in (0, 1))
        scale, moved = np.array([(one - zero).toTuple(), (zero + self._view.pos()).toTuple()])
        found: NDArray[np.float64] = laid * scale + moved
        return found

    @property
    def small_font(self) -> QFont:
        """That of what stands beside the axes."""
        font = QFont(self.font())
        font.setPointSizeF(max(7.0, font.pointSizeF() - 1))
        return font

    @property
    def pale(self) -> QColor:
        """The colour of the grid."""
        colour = QColor(self.palette().windowText().color())
        colour.setAlpha(PALE)
        return colour

    def event(self, event: QEvent) -> bool:
        done = super().event(event)
        if self._view is not None and event.type() in SEEN:
            self.redraw()
        return done

    def _make(self) -> None:
        pg = load()
        self._view, self._box = pg.GraphicsView(), pg.ViewBox(enableMouse=False, enableMenu=False)
        self._view.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._box.disableAutoRange()
        clipping = self._box.GraphicsItemFlag.ItemClipsChildrenToShape
        self._box.setFlag(clipping, False)  # a dot on an edge is whole
        self._left, self._bottom = (
            pg.AxisItem(side, linkView=self._box, maxTickLength=0) for side in ("left", "bottom")
        )
        for axis in (self._left, self._bottom):
            axis.setPen(None)
            axis.setStyle(hideOverlappingLabels=False)
        laid = self._view.centralLayout
        laid.setSpacing(0)
        for item, row, column in ((self._left, 0, 0), (self._box, 0, 1), (self._bottom, 1, 1)):
            laid.addItem(item, row, column)
        self._marks = pg.ScatterPlotItem(antialias=True)
        self.column.addWidget(self._view, 1)
