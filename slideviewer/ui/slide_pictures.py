"""The pictures beside a slide; those that may name a patient only when asked for."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QPoint, Qt
from PySide6.QtGui import QImage, QMouseEvent, QPixmap, QResizeEvent, QTransform, QWheelEvent
from PySide6.QtWidgets import QLabel, QPushButton, QScrollArea, QTabWidget, QVBoxLayout, QWidget

from slideviewer.slide import Slide
from slideviewer.ui.jobs import Job
from slideviewer.ui.look import to_image

PRIVATE = ("label", "macro")
"""A label names the patient on many slides, and the picture of the whole glass shows the label."""

LARGEST_ZOOM, ZOOM_STEP = 8.0, 1.25

MOST_SIDE = 4096
"""Pixels; a larger picture is shrunk to it before it is shown."""


class PictureView(QScrollArea):
    """A picture that fits at first; the wheel zooms, dragging moves, a double-click fits again."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._label = QLabel()
        self._label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setWidget(self._label)
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self._pixmap = QPixmap()
        self._zoom = 1.0
        self._rotation = 0
        self._grip: QPoint | None = None

    @property
    def zoom(self) -> float:
        """1 where all of the picture is in view."""
        return self._zoom

    @property
    def is_empty(self) -> bool:
        """Whether there is no picture yet."""
        return self._pixmap.isNull()

    def set_image(self, image: QImage) -> None:
        """Show this."""
        self._pixmap = QPixmap.fromImage(image)
        self._show()

    def say(self, text: str) -> None:
        """Say why there is no picture."""
        self._label.setText(text)
        self._label.setWordWrap(True)

    def turn(self) -> None:
        """Turn the picture by a quarter: labels lie on their side more often than not."""
        self._rotation = (self._rotation + 90) % 360
        self._show()

    def wheelEvent(self, event: QWheelEvent) -> None:
        steps = event.angleDelta().y() / 120
        self._zoom = min(max(self._zoom * ZOOM_STEP**steps, 1.0), LARGEST_ZOOM)
        self._show()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._grip = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._grip is not None:
            moved = event.position().toPoint() - self._grip
            self._grip = event.position().toPoint()
            across, down = self.horizontalScrollBar(), self.verticalScrollBar()
            across.setValue(across.value() - moved.x())
            down.setValue(down.value() - moved.y())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._grip = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._zoom = 1.0
        self._show()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show()

    def _show(self) -> None:
        if self._pixmap.isNull():
            return
        turned = self._pixmap.transformed(QTransform().rotate(self._rotation))
        room = self.viewport().size() * self._zoom
        shown = turned.scaled(
            room,
            Qt.AspectRatioMode.KeepAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
        self._label.setPixmap(shown)
        self._label.setMinimumSize(shown.size() if self._zoom > 1 else shown.size() * 0)


class AssociatedPicture(QWidget):
    """One picture beside the slide, read in the background.

    Parameters
    ----------
    slide : Slide
    name : str
        "label", "macro", "thumbnail" or what else the file holds.
    """

    def __init__(self, slide: Slide, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._slide, self.name = slide, name
        self.picture = PictureView()
        self.picture.setAccessibleName(f"Picture {name}")
        self.ask = QPushButton(f"Show {name}")
        self.ask.clicked.connect(self.read)
        self.warning = QLabel("It may show a patient's name.")
        self.warning.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.turn = QPushButton("Turn by a quarter")
        self.turn.clicked.connect(self.picture.turn)
        self.turn.hide()
        column = QVBoxLayout(self)
        column.addWidget(self.picture, 1)
        column.addWidget(self.warning)
        column.addWidget(self.ask, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self.turn, 0, Qt.AlignmentFlag.AlignHCenter)
        if name not in PRIVATE:
            self.read()

    def read(self) -> None:
        """Read the picture, and show it when it is there."""
        slide, name = self._slide, self.name
        self.ask.hide()
        self.warning.hide()
        # The picture may be closed before it is read; the job then ends by itself.
        job = Job(lambda _: to_image(slide.associated_image(name)), QCoreApplication.instance())
        job.succeeded.connect(self._on_read)
        job.failed.connect(self.picture.say)
        job.start()

    def _on_read(self, image: QImage) -> None:
        if max(image.width(), image.height()) > MOST_SIDE:
            image = image.scaled(
                MOST_SIDE,
                MOST_SIDE,
                Qt.AspectRatioMode.KeepAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
        self.picture.set_image(image)
        self.turn.show()


def picture_tabs(slide: Slide) -> QTabWidget | None:
    """All pictures beside a slide; None where there are none."""
    if not slide.associated_names:
        return None
    tabs = QTabWidget()
    tabs.setAccessibleName("Pictures beside the slide")
    for name in sorted(slide.associated_names, key=lambda name: (name in PRIVATE, name)):
        tabs.addTab(AssociatedPicture(slide, name), name.capitalize())
    return tabs
