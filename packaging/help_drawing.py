"""The pictures of drawing and correcting, made as a hand makes them: with mouse and keys."""

from __future__ import annotations

from help_stage import Stage
from PySide6.QtCore import QPoint, QPointF, QSize, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest

from slideviewer.annotations import AnnotationSet

Place = tuple[float, float]
"""Shares of the picture's width and height."""

PICTURE = QSize(620, 390)

BEAN = ((0.37, 0.27), (0.45, 0.13), (0.56, 0.17), (0.6, 0.33), (0.5, 0.4))


def drawing(stage: Stage) -> QImage:
    """One shape of each kind, and a polygon that is half drawn."""
    _begin(stage)
    stage.do("dot")
    for place in ((0.08, 0.12), (0.14, 0.2)):
        _click(stage, place)
    stage.do("rectangle")
    _drag(stage, (0.08, 0.33), (0.27, 0.6))
    stage.do("spline")
    for place in BEAN:
        _click(stage, place)
    QTest.keyClick(stage.window.canvas, Qt.Key.Key_Return)
    stage.do("point_set")
    for place in ((0.7, 0.1), (0.75, 0.2), (0.68, 0.3), (0.81, 0.13), (0.84, 0.27)):
        _click(stage, place)
    QTest.keyClick(stage.window.canvas, Qt.Key.Key_Return)
    stage.do("measurement")
    _drag(stage, (0.68, 0.44), (0.92, 0.4))
    stage.do("polygon")
    for place in ((0.4, 0.9), (0.36, 0.68), (0.48, 0.56), (0.62, 0.62), (0.66, 0.78)):
        _click(stage, place)
    QTest.mouseMove(stage.window.canvas, _at((0.58, 0.92)))
    stage.settle()
    return stage.corner(PICTURE)


def correcting(stage: Stage) -> QImage:
    """A selected spline, one of its points in the hand."""
    _begin(stage)
    stage.do("spline")
    for place in BEAN:
        _click(stage, (place[0] - 0.1, place[1] + 0.15))
    QTest.keyClick(stage.window.canvas, Qt.Key.Key_Return)
    stage.do("select")
    _click(stage, (BEAN[2][0] - 0.1, BEAN[2][1] + 0.15))
    stage.settle()
    return stage.corner(QSize(480, 270))


def _begin(stage: Stage) -> None:
    stage.open(stage.slides.first)
    stage.hide_panels()
    stage.window.session.document.open(AnnotationSet.of(), None)
    stage.go(0.35, 0.74, 5)  # the edge of the tissue: empty glass takes few bytes


def _at(place: Place) -> QPoint:
    """Where a place of the picture is on the canvas."""
    return QPointF(place[0] * PICTURE.width(), place[1] * PICTURE.height()).toPoint()


def _click(stage: Stage, place: Place) -> None:
    canvas = stage.window.canvas
    QTest.mouseMove(canvas, _at(place))
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=_at(place))


def _drag(stage: Stage, start: Place, end: Place) -> None:
    canvas = stage.window.canvas
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=_at(start))
    QTest.mouseMove(canvas, _at(end))
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=_at(end))
