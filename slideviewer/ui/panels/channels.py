"""The channels section: which are shown, in what colour, and over which range of values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from slideviewer.slide.channels import Channel, ChannelLook, automatic_looks
from slideviewer.ui.histograms import Histogram
from slideviewer.ui.panels.channel_row import ChannelRow


class ChannelsPanel(QWidget):
    """A row a channel; hidden for a slide without channels."""

    changed = Signal(object)  # tuple of ChannelLook: what the user wants now, one a channel

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: tuple[ChannelRow, ...] = ()
        self.title = QLabel("Channels")
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 0, 0, 0)
        column.addWidget(self.title)
        column.addWidget(self.area, 1)
        self.hide()

    @property
    def looks(self) -> tuple[ChannelLook, ...]:
        """How the channels are shown."""
        return tuple(row.look for row in self.rows)

    def set_channels(
        self, channels: Sequence[Channel], histograms: Sequence[Histogram] = ()
    ) -> None:
        """Show a row for each of these, in its automatic look.

        Parameters
        ----------
        channels : sequence of Channel
            None hides the section.
        histograms : sequence of Histogram
            One a channel, or none where they are not known.
        """
        known: list[Histogram | None] = list(histograms) or [None] * len(channels)
        looks = automatic_looks(channels)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(0)
        self.rows = tuple(
            ChannelRow(channel, look, histogram)
            for channel, look, histogram in zip(channels, looks, known, strict=True)
        )
        for row in self.rows:
            row.changed.connect(self._say)
            row.alone_wanted.connect(lambda row=row: self._show_alone(row))
            row.all_wanted.connect(self._show_all)
            column.addWidget(row)
        column.addStretch(1)
        self.area.setWidget(inside)  # the one before goes with its rows
        # It never scrolls sideways, so it must be as wide as its rows need with large letters.
        bar = self.area.verticalScrollBar().sizeHint().width()
        self.area.setMinimumWidth(inside.minimumSizeHint().width() + bar if channels else 0)
        self.setVisible(bool(self.rows))

    def set_looks(self, looks: Sequence[ChannelLook]) -> None:
        """Show other looks, one a channel; nothing is said back."""
        for row, look in zip(self.rows, looks, strict=True):
            row.set_look(look)

    def sizeHint(self) -> QSize:
        inside = self.area.widget()
        height = inside.sizeHint().height() if inside is not None else 0
        return QSize(300, height + self.title.sizeHint().height() + 16)

    def _show_alone(self, alone: ChannelRow) -> None:
        """Show one channel only; all again where it is alone already."""
        is_alone = all(row.look.visible == (row is alone) for row in self.rows)
        self._show_where([is_alone or row is alone for row in self.rows])

    def _show_all(self) -> None:
        self._show_where([True] * len(self.rows))

    def _show_where(self, visible: Sequence[bool]) -> None:
        former = self.looks
        for row, shown in zip(self.rows, visible, strict=True):
            row.set_look(replace(row.look, visible=shown))
        if self.looks != former:
            self._say()

    def _say(self) -> None:
        self.changed.emit(self.looks)
