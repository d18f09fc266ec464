"""An area while a brush works on it: only where it changes is anything worked out anew."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen, QPixmap, QPolygonF

from slideviewer.annotations import Annotation, Kind, Points, as_points, as_polygon, outline
from slideviewer.annotations.operations.patchwork import Patchwork
from slideviewer.annotations.outline import as_drawn
from slideviewer.ui import colours
from slideviewer.ui.editing.working import MOST_AT_ONCE
from slideviewer.ui.layers.markup import OUTLINE_WIDTH
from slideviewer.ui.layers.outlines import Pieces, thinned
from slideviewer.ui.painting import to_screen_transform
from slideviewer.ui.viewpoint import Viewpoint


def unseen(annotation: Annotation) -> Annotation:
    """What is previewed in place of an annotation that is not to be seen for a while."""
    return Annotation("", Kind.POINT_SET, as_points([]), id=annotation.id)


class PaintedArea:
    """How what an annotation covers looks while it changes.

    Parameters
    ----------
    annotation : Annotation
        One that encloses nothing yet starts as an empty area.
    side_px : float
        Of the patches that are worked out at a time, in level-0 pixels.
    """

    def __init__(self, annotation: Annotation, side_px: float) -> None:
        self.annotation = annotation
        is_vast = len(annotation.points) > MOST_AT_ONCE
        area = as_drawn(annotation) if is_vast else as_polygon(annotation)
        self.patches = Patchwork(area, side_px)
        points = outline(annotation)
        self._outline: Points = np.concatenate([points, points[:1]])
        self._picture: tuple[Viewpoint, float, QPixmap] | None = None
        self._lines: dict[int, tuple[Points, QPolygonF]] = {}

    def paint(self, painter: QPainter, view: Viewpoint) -> None:
        """Paint the outline as it is now."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if len(self._outline):
            painter.save()
            painter.setClipPath(self._untouched(view))
            painter.drawPixmap(0, 0, self._former(view, painter.device().devicePixelRatioF()))
            painter.restore()
        known, self._lines = self._lines, {}
        for line in self.patches.lines():
            made = known.get(id(line)) or (line, _polygon(line))
            self._lines[id(line)] = made
        _paint_lines(painter, view, [line for _, line in self._lines.values()])

    def _untouched(self, view: Viewpoint) -> QPainterPath:
        """All of the canvas but the touched patches, where the outline is no longer as it was."""
        path = QPainterPath()
        path.setFillRule(Qt.FillRule.OddEvenFill)
        path.addRect(QRectF(0, 0, view.width, view.height))
        canvas = QPainterPath(path)
        for rect in self.patches.touched:
            corners = (
                (rect.x, rect.y),
                (rect.right, rect.y),
                (rect.right, rect.bottom),
                (rect.x, rect.bottom),
            )
            path.addPolygon(QPolygonF([QPointF(*view.to_screen(*corner)) for corner in corners]))
            path.closeSubpath()
        return path.intersected(canvas)

    def _former(self, view: Viewpoint, ratio: float) -> QPixmap:
        """The outline as it was, painted once for each view: it may have very many vertices."""
        if self._picture is None or self._picture[:2] != (view, ratio):
            picture = QPixmap(round(view.width * ratio), round(view.height * ratio))
            picture.setDevicePixelRatio(ratio)
            picture.fill(Qt.GlobalColor.transparent)
            painter = QPainter(picture)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            seen = view.visible.grown(OUTLINE_WIDTH / view.scale)
            pieces = Pieces(thinned(self._outline, view.scale)).in_rect(seen)
            _paint_lines(painter, view, list(pieces))
            painter.end()
            self._picture = view, ratio, picture
        return self._picture[2]


def _paint_lines(painter: QPainter, view: Viewpoint, lines: Sequence[QPolygonF]) -> None:
    pen = QPen(colours.MARKUP_SELECTED, OUTLINE_WIDTH)
    pen.setCosmetic(True)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.save()
    painter.setTransform(to_screen_transform(view), combine=True)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for line in lines:
        painter.drawPolyline(line)
    painter.restore()


def _polygon(points: Points) -> QPolygonF:
    return QPolygonF([QPointF(x, y) for x, y in points.tolist()])
