"""The real window, driven by real events."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from own_settings import use_settings_in
from PySide6.QtCore import QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox
from pytestqt.qtbot import QtBot
from tiny_model import write_tiny_package

from slideviewer.ui import notices
from slideviewer.ui.canvas import Canvas
from slideviewer.ui.manner import Manner
from slideviewer.ui.window import MainWindow

OpenSlide = Callable[[Path], MainWindow]
ChooseFile = Callable[..., None]


@pytest.fixture
def window(
    qtbot: QtBot, user_folder: Path, kept_engines: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MainWindow]:
    """An empty window, with one tiny model installed beside the bundled ones."""
    use_settings_in(user_folder)
    # On a busy machine what was told would be gone before a test looks for it.
    monkeypatch.setattr(notices, "SECONDS_SHOWN", 3600)
    write_tiny_package(user_folder / "models" / "tiny")
    window = MainWindow()
    window.views.set_manner(Manner(is_animated=False))
    window.resize(1200, 800)
    window.prediction.chooser.setCurrentText("Tiny model of a test")
    window.show()
    qtbot.waitExposed(window)
    # Where no test begins: Qt swallows a move to the place where the last test left the mouse.
    QTest.mouseMove(window, QPoint(1, 1))
    yield window
    window.let_go()  # its threads and its worker end with the test
    window.session.document.undo_stack.setClean()
    window.deleteLater()
    QApplication.processEvents()


@pytest.fixture
def open_slide(qtbot: QtBot, window: MainWindow) -> OpenSlide:
    """Open a slide in the window and wait until its tiles are painted."""

    def open_it(path: Path) -> MainWindow:
        window.files.open_slide(path)

        def is_open() -> bool:
            return window.session.slide is not None and window.session.slide.path == path

        qtbot.waitUntil(is_open, timeout=20_000)
        settle(qtbot, window)
        return window

    return open_it


@pytest.fixture
def choose_file(monkeypatch: pytest.MonkeyPatch) -> ChooseFile:
    """Have the system's dialogs for saving answer with this file from now on."""

    def choose(path: Path, name_filter: str = "") -> None:
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a: (str(path), name_filter))

    return choose


def settle(qtbot: QtBot, window: MainWindow) -> None:
    """Wait until every tile in view is there and painted."""
    window.grab()
    qtbot.waitUntil(
        lambda: not window.tiles.is_loading and window.canvas.is_finished, timeout=20_000
    )
    window.grab()


def wait_for_jobs(qtbot: QtBot) -> None:
    """Wait until nothing is at work in the background and every answer has been heard."""
    qtbot.waitUntil(
        lambda: all(thread.name != "job" for thread in threading.enumerate()), timeout=20_000
    )
    QApplication.processEvents()


def screen_point(canvas: Canvas, x: float, y: float) -> QPoint:
    """Where a level-0 point lies on the canvas."""
    return QPointF(*canvas.viewpoint.to_screen(x, y)).toPoint()


def click(
    canvas: Canvas,
    x: float,
    y: float,
    modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
) -> None:
    """Click at a level-0 point."""
    at = screen_point(canvas, x, y)
    QTest.mouseMove(canvas, at)
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, modifiers, at)


def drag(
    canvas: Canvas,
    start: tuple[float, float],
    end: tuple[float, float],
    button: Qt.MouseButton = Qt.MouseButton.LeftButton,
    modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
    steps: int = 8,
) -> None:
    """Drag from one level-0 point to another, the two taken before anything moves."""
    first, last = screen_point(canvas, *start), screen_point(canvas, *end)
    QTest.mousePress(canvas, button, modifiers, first)
    for step in range(1, steps + 1):
        QTest.mouseMove(canvas, first + (last - first) * step / steps)
    QTest.mouseRelease(canvas, button, modifiers, last)


def turn_wheel(canvas: Canvas, at: QPoint, notches: int) -> None:
    """Turn the wheel over a point of the canvas."""
    event = QWheelEvent(
        QPointF(at),
        QPointF(canvas.mapToGlobal(at)),
        QPoint(0, 0),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(canvas, event)


def answer(qtbot: QtBot, words: str) -> None:
    """Press the button with these words in the message box that is about to open."""

    def press() -> None:
        box = QApplication.activeModalWidget()
        if not isinstance(box, QMessageBox):
            QTimer.singleShot(20, press)
            return
        next(button for button in box.buttons() if button.text() == words).click()

    QTimer.singleShot(0, press)
