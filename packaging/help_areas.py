"""The pictures of what works on areas: brush, wand, geometry and holes."""

from __future__ import annotations

from itertools import pairwise

from help_stage import SECONDS, Stage, framed, laid_over
from PySide6.QtCore import QPoint, QRect, QSize, Qt, QTimer
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest

from slideviewer.ui.editing.amount_dialog import AmountDialog
from slideviewer.ui.editing.finding import area_at
from slideviewer.ui.editing.holes import HolesDialog
from slideviewer.ui.launch import application, wait_until

PICTURE, HIGHER = QSize(500, 300), QSize(460, 380)
NEST = (0.49, 0.41)
"""Where the first slide has a nest of tumour: shares of its width and height."""

STEPS = 16


def brush(stage: Stage) -> QImage:
    """A stroke that extends a nest, under way."""
    _begin(stage, "brush", 7)
    stage.window.editing.areas.size.change(1)
    _hold(stage, (-0.05, 0.0), (0.12, -0.06), (0.24, -0.3), (0.34, -0.26))
    return _middle(stage)


def wand(stage: Stage) -> QImage:
    """A region that grows."""
    _begin(stage, "wand", 7)
    _hold(stage, (0.0, 0.0), (0.015, 0.02))
    return _middle(stage)


def simplify(stage: Stage) -> QImage:
    """The dialog, and the outline as it would be."""
    _begin(stage, "select", 7)
    session, view = stage.window.session, stage.window.canvas.viewpoint
    nest = area_at(session, view.centre_x, view.centre_y)
    assert nest is not None
    session.selection.set([nest.id])
    taken: list[QImage] = []

    def take() -> None:
        dialog = application().activeModalWidget()
        assert isinstance(dialog, AmountDialog)
        dialog.box.setValue(6.0)
        wait_until(lambda: dialog.outcome is not None, SECONDS)
        stage.settle()
        taken.append(laid_over(_middle(stage, HIGHER), framed(dialog)))
        dialog.reject()

    QTimer.singleShot(0, take)
    stage.do("simplify")
    return taken[0]


def holes(stage: Stage) -> QImage:
    """The question what becomes of holes."""
    return framed(HolesDialog(2, stage.window))


def _begin(stage: Stage, tool: str, magnification: float) -> None:
    stage.open(stage.slides.first)
    stage.hide_panels()
    stage.do(tool)
    stage.do("show_overview")  # which is hidden then, since it is shown at first
    stage.go(*NEST, magnification)


def _hold(stage: Stage, *way: tuple[float, float]) -> None:
    """Press and drag, and do not let go; in shares of the picture, from its middle."""
    canvas = stage.window.canvas
    middle = canvas.rect().center()
    places = [
        middle + QPoint(round(x * PICTURE.width()), round(y * PICTURE.height())) for x, y in way
    ]
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=places[0])
    for start, end in pairwise(places):
        for step in range(1, STEPS + 1):
            QTest.mouseMove(canvas, start + (end - start) * step / STEPS)
    stage.settle()


def _middle(stage: Stage, size: QSize = PICTURE) -> QImage:
    canvas = stage.place_of(stage.window.canvas)
    part = QRect(QPoint(0, 0), size)
    part.moveCenter(canvas.center())
    return stage.picture(part)
