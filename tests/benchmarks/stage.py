"""The program's window, opened to be measured: a canvas of full size, every painting timed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, thread_time

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication, QPoint, QSettings
from PySide6.QtGui import QImage, QPaintEvent
from PySide6.QtWidgets import QWidget

from benchmarks.gesture_script import CANVAS
from slideviewer.geometry import Rect
from slideviewer.ui.garbage import Garbage
from slideviewer.ui.launch import all_threads_end, application, wait_until
from slideviewer.ui.window import MainWindow


@dataclass(frozen=True)
class Painting:
    """When the canvas was painted: `time.perf_counter` at its beginning and end.

    Attributes
    ----------
    computing_s : float
        Of that, what this thread computed: the rest was other programs'.
    """

    began_s: float
    ended_s: float
    computing_s: float = 0.0

    @property
    def milliseconds(self) -> float:
        """How long it took."""
        return 1000 * (self.ended_s - self.began_s)


def collect_as_the_program() -> None:
    """In a child whose window is shown: look for garbage as `launch` has it from then on."""
    Garbage(application())


class Stage:
    """A window with a canvas of 1920 × 1080; a context that closes it.

    The user's settings are left alone.

    Attributes
    ----------
    window : MainWindow
    paintings : list of Painting
        All since the window was made.
    on_painted : callable
        Called after each painting, outside its time.
    """

    def __init__(self) -> None:
        self._stack = ExitStack()
        settings = self._stack.enter_context(TemporaryDirectory(prefix="slideviewer-bench-"))
        QSettings.setDefaultFormat(QSettings.Format.IniFormat)
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, settings)
        self._others = frozenset(threading.enumerate())
        application()
        self.paintings: list[Painting] = []
        self.on_painted: Callable[[Painting], None] = self.paintings.append
        self.window = MainWindow()
        self._watch(type(self.window.canvas))
        self.window.show()
        QCoreApplication.processEvents()
        canvas, window = self.window.canvas, self.window
        window.resize(
            window.width() + CANVAS[0] - canvas.width(),
            window.height() + CANVAS[1] - canvas.height(),
        )
        QCoreApplication.processEvents()

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, *_: object) -> None:
        self.window.close()
        self.window.deleteLater()
        QCoreApplication.processEvents()
        all_threads_end(self._others)
        self._stack.close()

    def open(self, path: Path, seconds: float = 60.0) -> None:
        """Open a slide and wait until all that is in view is sharp."""
        self.window.files.open_slide(path)
        wait_until(lambda: self.window.session.slide is not None, seconds)
        self.settle(seconds)

    def settle(self, seconds: float = 60.0) -> None:
        """Wait until all that is in view is sharp and painted."""
        QCoreApplication.processEvents()  # painting may be what asks for tiles
        wait_until(lambda: self.is_sharp and self.window.canvas.is_finished, seconds)

    @property
    def is_sharp(self) -> bool:
        """Whether each tile in view is there at the level that the screen can show."""
        return self.window.session.slide is not None and self.window.tiles.is_sharp

    @property
    def extent(self) -> Rect:
        """The open slide in level-0 pixels."""
        slide = self.window.session.slide
        assert slide is not None
        return slide.pyramid.extent

    def frame(self) -> NDArray[np.uint32]:
        """What stands on the canvas now: ndarray (height, width), 0xffRRGGBB; a view, no copy."""
        image = self.window.backingStore().paintDevice()
        assert isinstance(image, QImage)  # as it always is without a screen
        pixels = np.frombuffer(image.constBits(), np.uint32)
        pixels = pixels.reshape(image.height(), image.bytesPerLine() // 4)
        at = self.window.canvas.mapTo(self.window, QPoint(0, 0))
        return pixels[at.y() : at.y() + CANVAS[1], at.x() : at.x() + CANVAS[0]]

    def covered(self) -> list[Rect]:
        """The parts of the canvas under other widgets, in canvas pixels."""
        canvas = self.window.canvas
        found = []
        way: list[QWidget] = [canvas]  # up to the window; whatever else lies beside it is above
        while way[-1] is not self.window and (parent := way[-1].parentWidget()) is not None:
            way.append(parent)
        for widget in way:
            for child in widget.children():
                if isinstance(child, QWidget) and child.isVisible() and child not in way:
                    at = canvas.mapFromGlobal(child.mapToGlobal(QPoint(0, 0)))
                    found.append(Rect(at.x(), at.y(), child.width(), child.height()))
        return found

    def _watch(self, canvas_class: type[QWidget]) -> None:
        paint = canvas_class.paintEvent

        def timed(canvas: QWidget, event: QPaintEvent) -> None:
            began, worked = perf_counter(), thread_time()
            paint(canvas, event)
            painting = Painting(began, perf_counter(), thread_time() - worked)
            if canvas is self.window.canvas:
                self.on_painted(painting)

        setattr(canvas_class, "paintEvent", timed)  # noqa: B010 - a method, for a while
        self._stack.callback(setattr, canvas_class, "paintEvent", paint)
