"""Draw what looks alike: a region that grows over like colours."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF

from slideviewer.annotations.operations import subtraction, union
from slideviewer.annotations.operations.regions import Area
from slideviewer.annotations.outline import as_polygon, made_valid
from slideviewer.annotations.region_growing import (
    area_of_pixels,
    colour_distance,
    region_around,
)
from slideviewer.slide import Pixels
from slideviewer.ui import colours
from slideviewer.ui.editing.areas import AreaEdits, NewArea
from slideviewer.ui.editing.finding import selected_areas
from slideviewer.ui.layers.markup import OUTLINE_WIDTH
from slideviewer.ui.painting import to_screen_transform
from slideviewer.ui.session import Session
from slideviewer.ui.tools.tool import Pointer, Tool
from slideviewer.ui.viewpoint import Viewpoint

START_TOLERANCE = 8.0
"""Of a click: differences in CIELAB that are seen at a glance are about 10."""

TOLERANCE_PER_SCREEN_PX = 0.07
"""How much more a drag allows for each screen pixel: a hand's breadth on the screen takes all of
the tissue."""

FILL_ALPHA = 70


@dataclass
class _Growth:
    """A region that is being chosen."""

    start: Pointer
    column: int
    row: int
    distance: NDArray[np.float32]
    tolerance: float = -1.0
    area_px: Area | None = None


class WandTool(Tool):
    """Press on something and drag: the further, the more colours count as alike.

    Parameters
    ----------
    session : Session
    edits : AreaEdits
    shown : callable
        The pixels of the slide as a view shows them, without what lies over it.
    tell : callable
        Says something to the user.
    """

    name = "wand"
    cursor = Qt.CursorShape.CrossCursor
    hint = (
        "Press and drag: the further, the more; Shift adds to the selected shape, Alt takes away "
        "from it"
    )

    def __init__(
        self,
        session: Session,
        edits: AreaEdits,
        shown: Callable[[Viewpoint], Pixels],
        tell: Callable[[str], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._edits = session, edits
        self._shown, self._tell = shown, tell
        self._growth: _Growth | None = None

    @property
    def is_busy(self) -> bool:
        return self._growth is not None

    def press(self, pointer: Pointer) -> None:
        changes = pointer.has(Qt.KeyboardModifier.ShiftModifier) or pointer.has(
            Qt.KeyboardModifier.AltModifier
        )
        if changes and not selected_areas(self._session):
            self._tell("Select the shape first that the wand is to add to or to take away from.")
            return
        pixels = self._shown(pointer.view)
        height, width = pixels.shape[:2]
        column = min(max(int(pointer.x_screen), 0), width - 1)
        row = min(max(int(pointer.y_screen), 0), height - 1)
        distance = colour_distance(pixels, column, row)
        self._growth = _Growth(pointer, column, row, distance)
        self._grow(pointer)

    def move(self, pointer: Pointer) -> None:
        if self._growth is not None:
            self._grow(pointer)

    def release(self, pointer: Pointer) -> None:
        growth = self._growth
        if growth is None:
            return
        self._grow(pointer)
        self.cancel()
        area = growth.area_px
        if area is None or area.is_empty:
            self._tell("Nothing there is large enough. Drag further, or zoom in first.")
            return
        self._put(growth.start, area)

    def cancel(self) -> None:
        self._growth = None
        self.changed.emit()

    def paint(self, painter: QPainter, view: Viewpoint) -> None:
        growth = self._growth
        if growth is None or growth.area_px is None:
            return
        takes_away = growth.start.has(Qt.KeyboardModifier.AltModifier)
        colour = QColor(colours.PREDICTION if takes_away else colours.MARKUP_SELECTED)
        path = QPainterPath()
        for part in shapely.get_parts(growth.area_px):
            ring = shapely.get_coordinates(part.exterior).tolist()
            path.addPolygon(QPolygonF([QPointF(x, y) for x, y in ring]))
        pen = QPen(colour, OUTLINE_WIDTH)
        pen.setCosmetic(True)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setTransform(to_screen_transform(view), combine=True)
        painter.setPen(pen)
        colour.setAlpha(FILL_ALPHA)
        painter.setBrush(colour)
        painter.drawPath(path)
        painter.restore()

    def _grow(self, pointer: Pointer) -> None:
        growth = self._growth
        assert growth is not None
        way = math.hypot(
            pointer.x_screen - growth.start.x_screen, pointer.y_screen - growth.start.y_screen
        )
        tolerance = START_TOLERANCE + TOLERANCE_PER_SCREEN_PX * way
        if tolerance == growth.tolerance:
            return
        growth.tolerance = tolerance
        mask = region_around(growth.distance, growth.column, growth.row, tolerance)
        growth.area_px = _on_slide(area_of_pixels(mask), growth.start.view)
        self.changed.emit()

    def _put(self, start: Pointer, area: Area) -> None:
        chosen = selected_areas(self._session)
        if start.has(Qt.KeyboardModifier.AltModifier):
            text = "Take away with the wand"
            self._edits.work_out(
                text,
                chosen,
                lambda _: [NewArea(it, subtraction(as_polygon(it), [area])) for it in chosen],
                lambda new: self._edits.put(text, new),
            )
        elif start.has(Qt.KeyboardModifier.ShiftModifier):
            text, last = "Add with the wand", chosen[-1]
            self._edits.work_out(
                text,
                [last],
                lambda _: [NewArea(last, union([as_polygon(last), area]))],
                lambda new: self._edits.put(text, new),
            )
        else:
            self._edits.put("Draw with the wand", [NewArea(self._edits.fresh(), area)])


def _on_slide(area: Area, view: Viewpoint) -> Area:
    """An area of the screen where it lies on the slide, in level-0 pixels."""
    affine = view.affine
    turn = np.array([[affine.xx, affine.yx], [affine.xy, affine.yy]])
    back = np.linalg.inv(turn)
    shift = np.array([affine.dx, affine.dy])
    return made_valid(shapely.transform(area, lambda points: (points - shift) @ back.T))
