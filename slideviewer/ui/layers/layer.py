"""What every layer of the canvas has in common."""

from __future__ import annotations

from enum import IntEnum

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QPainter

from slideviewer.geometry import Rect
from slideviewer.ui.viewpoint import Viewpoint


class Plane(IntEnum):
    """Where a layer lies: the canvas keeps one picture of each of the lower two."""

    SLIDE = 0
    OVER = 1
    GLASS = 2
    """Painted afresh for every frame, since it stands still while the slide moves."""


class Layer(QObject):
    """Something painted over the canvas, in level-0 pixels."""

    changed = Signal(object)  # the level-0 Rect that looks different, or None for all of it
    shown_changed = Signal()  # hidden or shown

    plane = Plane.OVER
    reach = 0.0
    """Screen pixels by which what it paints may stick out of the place that it belongs to."""

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.name = name
        self._visible = True
        self._opacity = 1.0

    @property
    def title(self) -> str:
        """What the user reads."""
        return self.name

    @property
    def visible(self) -> bool:
        """Whether it is painted."""
        return self._visible

    @visible.setter
    def visible(self, visible: bool) -> None:
        if visible != self._visible:
            self._visible = visible
            self.shown_changed.emit()
            self.changed.emit(None)

    @property
    def opacity(self) -> float:
        """From 0 (not to be seen) to 1."""
        return self._opacity

    @opacity.setter
    def opacity(self, opacity: float) -> None:
        opacity = min(max(opacity, 0.0), 1.0)
        if opacity != self._opacity:
            self._opacity = opacity
            self.changed.emit(None)

    @property
    def is_empty(self) -> bool:
        """Whether it has nothing to paint anywhere."""
        return False

    @property
    def is_shown(self) -> bool:
        """Whether anything of it can be seen."""
        return self._visible and self._opacity > 0 and not self.is_empty

    def look_at(self, view: Viewpoint, ratio: float) -> None:
        """Get ready for what will be shown: called whenever the view has changed.

        Parameters
        ----------
        view : Viewpoint
        ratio : float
            Device pixels per screen pixel.
        """

    def paint(self, painter: QPainter, view: Viewpoint, part: Rect, *, rough: bool) -> None:
        """Paint onto the canvas; nothing, unless a layer says otherwise.

        Parameters
        ----------
        painter : QPainter
            In screen pixels, with the layer's opacity, clipped to the part.
        view : Viewpoint
        part : Rect
            The level-0 rectangle that needs painting; what lies outside is thrown away.
        rough : bool
            Whether speed comes before beauty, since the view is on the move.
        """
