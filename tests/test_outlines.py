"""Outlines in pieces look as they would in one stroke, and only what is seen is stroked."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPen, QPolygonF

from slideviewer.annotations import Annotation, AnnotationSet, Kind, as_points
from slideviewer.geometry import Rect
from slideviewer.ui import colours
from slideviewer.ui.layers.markup import OUTLINE_WIDTH, MarkupLayer
from slideviewer.ui.layers.outlines import PIECE_EDGES, Pieces
from slideviewer.ui.viewpoint import Viewpoint

VIEW = Viewpoint(200, 150, 1.0, 400, 300)
counts = st.integers(2, 4 * PIECE_EDGES)


def wavy(count: int) -> NDArray[np.float64]:
    """A closed outline that fills the view, rough enough to cross itself when stroked."""
    turn = np.linspace(0, 2 * np.pi, count, endpoint=False)
    radius = 110 + 20 * np.sin(7 * turn) + 4 * np.sin(61 * turn)
    return np.stack([200 + radius * np.cos(turn), 150 + radius * np.sin(turn)], axis=1)


def painted(layer: MarkupLayer, part: Rect, opacity: float = 1.0) -> NDArray[np.int_]:
    """What a layer paints on white where only a part is asked for: (height, width)."""
    image = QImage(400, 300, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    painter.setClipRect(QRectF(part.x, part.y, part.width, part.height))
    painter.setOpacity(opacity)
    layer.paint(painter, VIEW, part, rough=False)
    painter.end()
    return red_of(image)


def red_of(image: QImage) -> NDArray[np.int_]:
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4)
    return pixels[..., 2].astype(int)


def layer_with(points: object, kind: Kind = Kind.POLYGON) -> MarkupLayer:
    layer = MarkupLayer()
    layer.set_annotations(AnnotationSet.of([Annotation("A", kind, as_points(points))]))
    return layer


@given(counts)
def test_the_pieces_in_sight_of_everything_are_the_whole_line(count: int) -> None:
    points = wavy(count)
    pieces = [list(piece) for piece in Pieces(points).in_rect(Rect(0, 0, 400, 300))]
    joined = [pieces[0][0], *(point for piece in pieces for point in piece[1:])]
    assert [(point.x(), point.y()) for point in joined] == [tuple(point) for point in points]
    assert all(len(piece) <= PIECE_EDGES + 1 for piece in pieces)


@given(count=counts, x=st.floats(0, 400), y=st.floats(0, 300))
def test_no_edge_near_a_place_is_left_out(count: int, x: float, y: float) -> None:
    points = wavy(count)
    room = Rect(x, y, 30, 30)
    left_out = set(map(tuple, points.tolist()))
    for piece in Pieces(points).in_rect(room):
        left_out -= {(p.x(), p.y()) for p in list(piece)}
    assert not any(room.contains(*point) for point in left_out)


@pytest.mark.usefixtures("qapp")
def test_an_outline_in_pieces_looks_as_in_one_stroke() -> None:
    points = wavy(300)
    image = QImage(400, 300, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    pen = QPen(colours.MARKUP, OUTLINE_WIDTH)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in points.tolist()]))
    painter.end()
    shown = painted(layer_with(points), Rect(0, 0, 400, 300))
    assert (shown < 100).sum() > 1000
    wanted = red_of(image)
    assert (shown - wanted).max() < 80, "a joint is missing"
    a_pixel_wider = cv2.erode(wanted.astype(np.uint8), np.ones((3, 3), np.uint8))
    assert (shown >= a_pixel_wider).all(), "a joint stands out"


@pytest.mark.usefixtures("qapp")
def test_painting_in_bands_gives_the_same_as_at_once() -> None:
    layer = layer_with(wavy(1000))
    at_once = painted(layer, Rect(0, 0, 400, 300))
    bands = np.minimum.reduce([painted(layer, Rect(0, top, 400, 20)) for top in range(0, 300, 20)])
    assert np.abs(bands - at_once).max() <= 4, "more than Qt's rounding at the edge of a band"


@pytest.mark.usefixtures("qapp")
def test_an_outline_that_is_seen_through_has_no_dots_where_pieces_meet() -> None:
    line = [(20.0 + 3 * n, 150.0) for n in range(121)]
    shown = painted(layer_with(line, Kind.MEASUREMENT), Rect(0, 0, 400, 300), 0.5)
    row = shown[150, 25:375]
    assert row.max() < 200
    assert row.min() == row.max()


@pytest.mark.usefixtures("qapp")
@pytest.mark.parametrize("points", [[(200.0, 150.0)], [(200.0, 150.0), (np.nan, np.nan)], []])
def test_the_least_of_outlines_do_no_harm(points: list[tuple[float, float]]) -> None:
    layer = layer_with(points)
    layer.preview([Annotation("B", Kind.POLYGON, as_points(points))])
    shown = painted(layer, Rect(0, 0, 400, 300))
    assert (shown < 200).any() == bool(points)
