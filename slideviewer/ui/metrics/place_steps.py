"""Going through places one after the other: a row of buttons, and what the view is to show."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from slideviewer.geometry import Rect
from slideviewer.ui import words
from slideviewer.ui.icons import icon


class PlaceSteps(QWidget):
    """The places behind a number, of which one is looked at."""

    wanted = Signal(object)  # the Rect to look at, or None for nothing
    shown = Signal(object)  # the Rect to mark without going there, or None

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._places: NDArray[np.float64] = np.zeros((0, 4))
        self._index: int | None = None
        self._what = ""
        self.back, self.on, self.told = QToolButton(), QToolButton(), QLabel()
        for button, name, tip, step in (
            (self.back, "chevron-left", "The tile before", -1),
            (self.on, "chevron-right", "The next tile", 1),
        ):
            button.setIcon(icon(name))
            button.setToolTip(tip)
            button.setAccessibleName(tip)
            button.setAutoRepeat(True)
            button.clicked.connect(lambda _=False, step=step: self.step(step))
        self.told.setWordWrap(True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.back)
        row.addWidget(self.on)
        row.addWidget(self.told, 1)
        self._tell()

    @property
    def place(self) -> Rect | None:
        """What is looked at, in level-0 pixels."""
        if self._index is None:
            return None
        return Rect(*self._places[self._index].tolist())

    @property
    def count(self) -> int:
        """How many places there are."""
        return len(self._places)

    def begin(self, places: NDArray[np.float64], what: str) -> None:
        """Take other places, and go to the first of them.

        Parameters
        ----------
        places : ndarray (n, 4), float64
            x, y, width and height in level-0 pixels.
        what : str
            What they are: "true Tumor, predicted Normal".
        """
        self._places, self._what = places, what
        self._index = 0 if len(places) else None
        self._tell()
        self.wanted.emit(self.place)

    def follow(self, places: NDArray[np.float64]) -> None:
        """Take the places of now, and stay where one is looked at that is among them."""
        here = self.place
        self._places = places
        self._index = None
        if here is not None:
            own = (here.x, here.y, here.width, here.height)
            found = np.flatnonzero((places == own).all(axis=1))
            self._index = int(found[0]) if len(found) else None
        self._tell()
        if self.place != here:
            self.shown.emit(self.place)

    def clear(self) -> None:
        """Have no places."""
        self._places, self._what = np.zeros((0, 4)), ""
        if self._index is not None:
            self._index = None
            self.shown.emit(None)
        self._tell()

    def step(self, step: int) -> None:
        """Go so many places on, around the end to the beginning."""
        if not len(self._places):
            return
        start = -1 if step > 0 else 0
        place = start if self._index is None else self._index
        self._index = (place + step) % len(self._places)
        self._tell()
        self.wanted.emit(self.place)

    def _tell(self) -> None:
        count = len(self._places)
        for button in (self.back, self.on):
            button.setEnabled(count > 0)
        if not self._what:
            self.told.setText("Click a number to go through its tiles.")
            return
        number = "–" if self._index is None else words.whole(self._index + 1)
        many = f"Tile {number} of {words.whole(count)}" if count else "No tile"
        self.told.setText(f"{many}: {self._what}")
