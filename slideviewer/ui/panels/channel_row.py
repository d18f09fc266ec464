"""One channel in the channels section: shown or not, in what colour, over which values."""

from __future__ import annotations

import math
from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QMouseEvent, QPainter, QPixmap, QWheelEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QColorDialog,
    QDoubleSpinBox,
    QHBoxLayout,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from slideviewer.slide.channels import Channel, ChannelLook, automatic_looks
from slideviewer.ui.elided_label import ElidedLabel
from slideviewer.ui.histograms import Histogram
from slideviewer.ui.panels.look_editor import LookEditor
from slideviewer.ui.panels.range_slider import RangeSlider

LARGEST = 1e9
"""The number boxes' limit; no camera counts so far."""


class _Tick(QCheckBox):
    """A check box that tells a click with Alt (or Ctrl, where the desktop keeps Alt) apart."""

    alone = Signal()  # clicked with Alt or Ctrl

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        held = Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ControlModifier
        if event.modifiers() & held and self.hitButton(event.position().toPoint()):
            self.setDown(False)
            self.alone.emit()
        else:
            super().mouseReleaseEvent(event)


class _NumberBox(QDoubleSpinBox):
    """A number box that lets the wheel scroll the list it stands in, until it is clicked."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class ChannelRow(LookEditor[ChannelLook]):
    """One channel."""

    alone_wanted = Signal()  # show this one only, or all again
    all_wanted = Signal()  # show every channel

    def __init__(
        self,
        channel: Channel,
        look: ChannelLook,
        histogram: Histogram | None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(look, parent)
        self._channel, self._histogram = channel, histogram
        self.tick = _Tick()
        self.tick.setToolTip("Show this channel\nAlt+click: only this one, and again: all")
        self.tick.setAccessibleName(f"Show {channel.name}")
        self.colour = QToolButton()
        self.colour.setAutoRaise(True)
        self.colour.setToolTip("Choose the colour…")
        self.colour.setAccessibleName(f"Colour of {channel.name}")
        self.auto = QToolButton()
        self.auto.setText("Auto")
        self.auto.setToolTip("The range that leaves out only the rarest values")
        self.auto.setAccessibleName(f"Automatic range of {channel.name}")
        self.more = QToolButton()
        self.more.setText("⋮")
        self.more.setAutoRaise(True)
        self.more.setToolTip("More for this channel")
        self.more.setAccessibleName(f"More for {channel.name}")
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setStyleSheet("QToolButton::menu-indicator { image: none; }")
        self.menu = self._make_menu()
        self.more.setMenu(self.menu)
        self.low, self.high = self._number_box("Black from"), self._number_box("Full colour from")
        self.range = RangeSlider()
        self.range.set_histogram(histogram)
        self._lay_out()

        self.tick.toggled.connect(lambda on: self._want(replace(self._look, visible=on)))
        self.tick.alone.connect(self.alone_wanted)
        self.colour.clicked.connect(self._ask_for_colour)
        self.auto.clicked.connect(self.set_automatic)
        self.range.double_clicked.connect(self.set_automatic)
        self.range.changed.connect(self._set_range)
        self.low.valueChanged.connect(lambda low: self._set_range(low, max(low, self._look.high)))
        self.high.valueChanged.connect(
            lambda high: self._set_range(min(high, self._look.low), high)
        )
        self._replaced.connect(self._show)
        self._show()

    def set_automatic(self) -> None:
        """Want the automatic range."""
        self._want(replace(self._look, low=self._channel.lowest, high=self._channel.highest))

    def set_full(self) -> None:
        """Want all values that occur."""
        if self._histogram is not None:
            self._set_range(self._histogram.lowest, self._histogram.highest)

    def reset(self) -> None:
        """Want the file's own colour and the automatic range, shown."""
        self._want(automatic_looks((self._channel,))[0])

    def contextMenuEvent(self, event: object) -> None:
        self.menu.popup(self.cursor().pos())

    def _make_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.addAction("&Automatic range", self.set_automatic)
        menu.addAction("&Full range", self.set_full).setEnabled(self._histogram is not None)
        menu.addAction("&Reset colour and range", self.reset)
        menu.addSeparator()
        menu.addAction("&Only this channel", self.alone_wanted.emit)
        menu.addAction("A&ll channels", self.all_wanted.emit)
        return menu

    def _number_box(self, words: str) -> QDoubleSpinBox:
        box = _NumberBox()
        box.setRange(-LARGEST, LARGEST)
        box.setDecimals(self._decimals)
        box.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        box.setKeyboardTracking(False)  # a half-typed number is not wanted yet
        box.setAlignment(Qt.AlignmentFlag.AlignRight)
        box.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
        box.setToolTip(f"{words} this value on")
        box.setAccessibleName(f"{words}, {self._channel.name}")
        box.setFixedWidth(box.fontMetrics().horizontalAdvance("0000000") + 10)
        return box

    @property
    def _decimals(self) -> int:
        """As many as tell a thousandth of the range apart; none for whole numbers."""
        if self._histogram is None or self._histogram.is_whole:
            return 0
        span = self._histogram.highest - self._histogram.lowest
        return min(max(3 - math.floor(math.log10(span)), 0), 6)

    def _lay_out(self) -> None:
        name = ElidedLabel()
        name.set_words(self._channel.name)
        above, below = QHBoxLayout(), QHBoxLayout()
        for row in (above, below):
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(4)
        above.addWidget(self.tick)
        above.addWidget(self.colour)
        above.addWidget(name, 1)
        above.addWidget(self.auto)
        above.addWidget(self.more)
        below.addWidget(self.low)
        below.addWidget(self.range, 1)
        below.addWidget(self.high)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 4)
        column.setSpacing(2)
        column.addLayout(above)
        column.addLayout(below)

    def _ask_for_colour(self) -> None:
        dialog = QColorDialog(QColor(*self._look.colour), self)
        dialog.setWindowTitle(f"Colour of {self._channel.name}")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.colorSelected.connect(self._set_colour)
        dialog.open()

    def _set_colour(self, colour: QColor) -> None:
        chosen = (colour.red(), colour.green(), colour.blue())
        self._want(replace(self._look, colour=chosen))

    def _set_range(self, low: float, high: float) -> None:
        digits = self._decimals
        self._want(replace(self._look, low=round(low, digits), high=round(high, digits)))

    def _show(self) -> None:
        look, colour = self._look, QColor(*self._look.colour)
        with QSignalBlocker(self.tick), QSignalBlocker(self.low), QSignalBlocker(self.high):
            self.tick.setChecked(look.visible)
            self.low.setValue(look.low)
            self.high.setValue(look.high)
        self.range.set_colour(colour)
        self.range.set_values(look.low, look.high)
        self.colour.setIcon(_swatch(colour, self.palette().text().color()))


def _swatch(colour: QColor, frame: QColor) -> QIcon:
    pixmap = QPixmap(16, 16)
    pixmap.fill(colour)
    painter = QPainter(pixmap)
    painter.setPen(frame)
    painter.drawRect(0, 0, 15, 15)
    painter.end()
    return QIcon(pixmap)
