"""The lengths of the measurements in the markup, beside their lines."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject, QPointF, QRectF
from PySide6.QtGui import QPainter

from slideviewer.annotations import Annotation, AnnotationSet, Kind, Points
from slideviewer.geometry import Rect
from slideviewer.slide import Spacing, UnknownSpacing
from slideviewer.ui import words
from slideviewer.ui.editing.locks import GroupStates
from slideviewer.ui.layers.layer import Layer, Plane
from slideviewer.ui.layers.markup import MarkupLayer
from slideviewer.ui.layers.names import NAME_INK
from slideviewer.ui.layers.plates import Plates, plate_font
from slideviewer.ui.viewpoint import Viewpoint

OFF_LINE = 20.0
"""Screen pixels from the line to the middle of the words: what is measured stays free."""

SHORTEST_LINE = 16.0
"""Screen pixels; beside a shorter line the words would hide more than they say."""

MOST_LENGTHS = 120
"""A frame shows no more, those of the longest lines first."""


class MeasurementLayer(Layer):
    """Writes each length where there is room; what would collide is left out.

    Parameters
    ----------
    markup : MarkupLayer
        Of the same view; without the lines their lengths are not shown either.
    states : GroupStates
        Which groups are hidden.
    """

    plane = Plane.GLASS

    def __init__(
        self, markup: MarkupLayer, states: GroupStates, parent: QObject | None = None
    ) -> None:
        super().__init__("Lengths of measurements", parent)
        self._markup, self._states = markup, states
        self._spacing: Spacing | UnknownSpacing | None = None
        self._ends: dict[str, Points] = {}
        self._all = np.empty((0, 2, 2))

    @property
    def is_empty(self) -> bool:
        return self._spacing is None or not self._ends or not self._markup.is_shown

    def set_spacing(self, spacing: Spacing | UnknownSpacing | None) -> None:
        """Measure with this spacing; None where the markup does not belong to what is shown."""
        self._spacing = spacing
        self.changed.emit(None)

    def set_annotations(
        self, annotations: AnnotationSet, changed: frozenset[str] | None = None
    ) -> None:
        """Show the measurements among these.

        Parameters
        ----------
        annotations : AnnotationSet
        changed : frozenset of str, optional
            The ids of those that differ from what was shown before; all of them by default.
        """
        known = annotations.annotations
        former = {} if changed is None else self._ends
        ids = known.keys() if changed is None else changed
        ends = {key: points for key, points in former.items() if key not in ids}
        for key in ids:
            shape = known.get(key)
            if shape is not None and self._has_length(shape):
                ends[key] = shape.points
        if ends or self._ends:
            self._ends = ends
            self._all = np.array(list(ends.values())).reshape(-1, 2, 2)
            self.changed.emit(None)

    def _has_length(self, shape: Annotation) -> bool:
        if shape.kind != Kind.MEASUREMENT or len(shape.points) != 2:
            return False
        return bool(np.isfinite(shape.points).all()) and not self._states.is_hidden(shape)

    def paint(self, painter: QPainter, view: Viewpoint, part: Rect, *, rough: bool) -> None:
        if self._spacing is None:
            return
        room = QRectF(0, 0, view.width, view.height).adjusted(4, 4, -4, -4)
        plates = Plates(painter, plate_font(painter), room)
        lengths = np.hypot(*(self._all[:, 1] - self._all[:, 0]).T) * view.scale
        middles = self._all.mean(axis=1)
        seen = view.visible
        shown = (lengths >= SHORTEST_LINE) & (
            (middles >= (seen.x, seen.y)) & (middles <= (seen.right, seen.bottom))
        ).all(axis=1)
        chosen = np.flatnonzero(shown)
        chosen = chosen[np.argsort(-lengths[chosen], kind="stable")][:MOST_LENGTHS]
        if len(chosen):
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for index in chosen.tolist():
            put_length(plates, view, self._all[index], self._spacing)


def put_length(
    plates: Plates, view: Viewpoint, ends: Points, spacing: Spacing | UnknownSpacing
) -> None:
    """Write the length of a line below its middle, where neither end nor line is covered.

    Parameters
    ----------
    plates : Plates
    view : Viewpoint
    ends : ndarray (2, 2)
        Level-0 pixels.
    spacing : Spacing or UnknownSpacing
    """
    (x1, y1), (x2, y2) = ends.tolist()
    start, end = QPointF(*view.to_screen(x1, y1)), QPointF(*view.to_screen(x2, y2))
    along = end - start
    length = float(np.hypot(along.x(), along.y()))
    if length == 0:
        return
    across = QPointF(-along.y(), along.x()) * (OFF_LINE / length)
    below = across if across.y() > 0 or (across.y() == 0 and across.x() > 0) else -across
    text = words.distance(x2 - x1, y2 - y1, spacing)
    # Steep lines have the words at their side, where they are wide.
    plates.put(text, (start + end) / 2 + QPointF(1.6 * below.x(), below.y()), NAME_INK)
