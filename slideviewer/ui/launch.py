"""Starts Qt, opens the window, and takes its picture where there is no screen."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import (
    QCoreApplication,
    QElapsedTimer,
    QEventLoop,
    QMessageLogContext,
    Qt,
    QTimer,
    QtMsgType,
    qInstallMessageHandler,
)
from PySide6.QtWidgets import QApplication

from slideviewer.errors import SlideviewerError
from slideviewer.ui import theme
from slideviewer.ui.garbage import Garbage
from slideviewer.ui.window import MainWindow

_log = logging.getLogger(__name__)

QT_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
}
"""How loud Qt's messages are; all others are errors."""

LEAVING_SECONDS = 3.0
"""How long threads that are still at work are waited for at the end."""

SWITCH_SECONDS = 0.001
"""How long a thread may keep Python to itself when another wants it; 5 ms would cost frames."""

PICTURE_SIZE = (1600, 1000)
PICTURE_SECONDS = 60
"""How long a picture may wait for slide, markup and prediction to be there."""


def application() -> QApplication:
    """The one QApplication, made and dressed at the first call."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    QCoreApplication.setOrganizationName("slideviewer")
    QCoreApplication.setApplicationName("slideviewer")
    qInstallMessageHandler(_log_qt)
    sys.setswitchinterval(SWITCH_SECONDS)
    app = QApplication(sys.argv[:1])
    theme.follow_system(app)
    return app


def open_window(slide: Path | None, annotations: Path | None, prediction: Path | None) -> int:
    """Show the window until the user closes it; returns the exit code."""
    if not has_screen():
        raise SlideviewerError(
            "There is no screen to open the window on.",
            remedy="Start it in a desktop session, or use the commands that need none: "
            "slideviewer --help.",
        )
    others = frozenset(threading.enumerate())
    app = application()
    window = MainWindow()
    _report_bugs(window)
    show(window, slide, annotations, prediction)
    window.show()
    QTimer.singleShot(0, window.recovering.look)
    QTimer.singleShot(0, lambda: Garbage(window))  # once all is there that stays
    if slide is None and annotations is None:
        QTimer.singleShot(0, window.help.start_first_tour)  # once it has its size
    code = app.exec()
    if not all_threads_end(others):
        logging.shutdown()
        os._exit(code)
    return code


def all_threads_end(but: frozenset[threading.Thread], seconds: float = LEAVING_SECONDS) -> bool:
    """Wait for threads to come to their end; False where one hangs, as on a dead drive.

    Python ends a daemon thread by unwinding it, and where that meets C++ the program aborts.
    """
    until = time.monotonic() + seconds
    ours = set(threading.enumerate()) - but
    for thread in ours:
        thread.join(max(0.0, until - time.monotonic()))
    return not any(thread.is_alive() for thread in ours)


def has_screen() -> bool:
    """Whether a window can be shown."""
    if os.environ.get("QT_QPA_PLATFORM") in ("offscreen", "minimal"):
        return False
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def show(
    window: MainWindow, slide: Path | None, annotations: Path | None, prediction: Path | None
) -> None:
    """Have a window open a slide and, once it is there, the rest."""

    def then() -> None:
        if annotations is not None:
            window.files.open_annotations(annotations)
        if prediction is not None:
            window.prediction.show_stored(prediction)

    if slide is not None:
        window.files.open_slide(slide, then, annotations)
    elif annotations is not None:
        window.files.open_annotations(annotations)


def take_picture(
    picture: Path, slide: Path, annotations: Path | None, prediction: Path | None
) -> None:
    """Write the window's own picture with all of these in it to a PNG file.

    Raises
    ------
    SlideviewerError
        If something cannot be opened, does not come in time, or the file cannot be written.
    """
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    application()
    others = frozenset(threading.enumerate())
    window = MainWindow()
    try:
        window.resize(*PICTURE_SIZE)
        window.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
        window.show()
        problems: list[str] = []
        window.files.remembers = False
        window.saving.lock.is_wanted = False
        window.files.failed.connect(problems.append)
        window.prediction.results.failed.connect(problems.append)
        show(window, slide, annotations, prediction)
        document = window.session.document

        def is_complete() -> bool:
            if problems:
                raise SlideviewerError(problems[0])
            return (
                window.session.slide is not None
                and (annotations is None or document.path is not None)
                and (prediction is None or window.prediction.has_result)
            )

        wait_until(is_complete, PICTURE_SECONDS)
        window.notices.clear()
        window.grab()  # painting is what asks for tiles
        wait_until(
            lambda: (
                not window.tiles.is_loading
                and not window.views.active.cells.is_loading
                and window.canvas.is_finished
            ),
            PICTURE_SECONDS,
        )
        if not window.grab().save(str(picture)):
            raise SlideviewerError("The picture cannot be written.", path=picture)
    finally:
        window.let_go()
        window.deleteLater()
        QCoreApplication.processEvents()
        all_threads_end(others, PICTURE_SECONDS)  # on a busy machine three are not enough


def wait_until(is_true: Callable[[], bool], seconds: float) -> None:
    """Let Qt work until something is true; SlideviewerError where it does not come in time."""
    clock = QElapsedTimer()
    clock.start()
    while not is_true():
        if clock.elapsed() > 1000 * seconds:
            raise SlideviewerError(f"The window was not ready within {seconds:g} seconds.")
        tick = QEventLoop()
        QTimer.singleShot(20, tick.quit)
        tick.exec()


def _log_qt(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
    """Hand Qt's own messages to the log, but for what the offscreen platform says of itself."""
    if "propagateSizeHints" not in message:
        _log.log(QT_LEVELS.get(kind, logging.ERROR), "%s", message)


def _report_bugs(window: MainWindow) -> None:
    """Have any unforeseen exception shown and logged, instead of lost."""

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        _log.error("".join(traceback.format_exception(kind, error, trace)))
        window.notices.warn(f"Something unforeseen went wrong ({kind.__name__}: {error}).")

    sys.excepthook = hook
