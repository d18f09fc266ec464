"""Rulers on the slide, under the mouse."""

from pathlib import Path

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication
from window_fixtures import OpenSlide

from slideviewer.ui.rulers import Ruler, Rulers


def test_a_ruler_of_no_length_is_none() -> None:
    rulers = Rulers()
    rulers.hold(Ruler(5, 5, 5, 5))
    assert rulers.shown == ()
    rulers.hold(Ruler(5, 5, 6, 5))
    rulers.hold(Ruler(5, 5, 5, 5))
    assert rulers.shown == ()


def test_a_hand_that_trembles_not_at_all_can_measure(
    open_slide: OpenSlide, made_slide: Path
) -> None:
    window = open_slide(made_slide)
    window.named_actions["ruler"].trigger()
    canvas, left = window.canvas, Qt.MouseButton.LeftButton
    for kind, button in (
        (QEvent.Type.MouseButtonPress, left),
        (QEvent.Type.MouseMove, Qt.MouseButton.NoButton),
    ):
        at = QPointF(canvas.rect().center())
        on_screen = QPointF(canvas.mapToGlobal(at))
        event = QMouseEvent(kind, at, on_screen, button, left, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(canvas, event)
    canvas.grab()  # an exception in painting fails the test
