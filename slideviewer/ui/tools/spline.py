"""Draw a smooth closed curve through vertices."""

from __future__ import annotations

from PySide6.QtGui import QPainter

from slideviewer.annotations import Annotation, Kind, Points, outline
from slideviewer.ui.tools.polygon import PolygonTool
from slideviewer.ui.tools.previews import on_screen, paint_line
from slideviewer.ui.viewpoint import Viewpoint

SMOOTHNESS = 0.25
"""Screen pixels by which the straight pieces that are painted may leave the curve."""


class SplineTool(PolygonTool):
    """Drawn as a polygon is; what is seen is the curve that ASAP makes of the same vertices."""

    name = "spline"
    kind = Kind.SPLINE
    hint = (
        "Click or drag to set the points of a curve; double-click, Enter or a click on the start "
        "closes; Esc drops it"
    )

    def _paint_shape(self, painter: QPainter, view: Viewpoint, points: Points) -> None:
        curve = outline(Annotation("", Kind.SPLINE, points), SMOOTHNESS / view.scale)
        paint_line(painter, on_screen(curve, view), closed=True)
