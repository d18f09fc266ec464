"""The pictures beside a slide; those that may name a patient only when asked for."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QImage, QMouseEvent, QPixmap, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import (
    QGraphicsScene,
    QGraphicsView,
    QLabel,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from slideviewer.slide import Slide
from slideviewer.ui.jobs import Job
from slideviewer.ui.look import to_image

UNASKED = ("thumbnail",)
"""Shows the tissue alone. A label names the patient on many slides, the picture of the whole glass
shows the label, and what scanners call their other pictures nobody knows."""

LARGEST_ZOOM, ZOOM_STEP = 8.0, 1.25

MOST_SIDE = 4096
"""Pixels; a larger picture is shrunk to it before it is shown."""


class PictureView(QGraphicsView):
    """A picture that fits at first; the wheel zooms, dragging moves, a double-click fits again."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        scene = QGraphicsScene(self)
        self._item = scene.addPixmap(QPixmap())
        self._item.setTransformationMode(Qt.TransformationMode.SmoothTransformation)
        self.setScene(scene)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.AnchorUnderMouse)
        self.setFrameShape(QGraphicsView.Shape.NoFrame)
        self.viewport().setAutoFillBackground(False)
        self._zoom = 1.0

    @property
    def zoom(self) -> float:
        """1 where all of the picture is in view."""
        return self._zoom

    @property
    def is_empty(self) -> bool:
        """Whether there is no picture yet."""
        return self._item.pixmap().isNull()

    def set_image(self, image: QImage) -> None:
        """Show this."""
        self._item.setPixmap(QPixmap.fromImage(image))
        self.setSceneRect(self._item.boundingRect())
        self.setDragMode(QGraphicsView.DragMode.ScrollHandDrag)
        self._fit()

    def turn(self) -> None:
        """Turn the picture by a quarter: labels lie on their side more often than not."""
        self.rotate(90)
        self._fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        steps = event.angleDelta().y() / 120
        zoom = min(max(self._zoom * ZOOM_STEP**steps, 1.0), LARGEST_ZOOM)
        self.scale(zoom / self._zoom, zoom / self._zoom)
        self._zoom = zoom

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._zoom == 1.0:
            self._fit()

    def _fit(self) -> None:
        self._zoom = 1.0
        self.fitInView(self._item, Qt.AspectRatioMode.KeepAspectRatio)


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
        self.warning.setWordWrap(True)
        self.turn = QPushButton("Turn by a quarter")
        self.turn.clicked.connect(self.picture.turn)
        self.turn.hide()
        column = QVBoxLayout(self)
        column.addWidget(self.picture, 1)
        column.addWidget(self.warning)
        column.addWidget(self.ask, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self.turn, 0, Qt.AlignmentFlag.AlignHCenter)
        if name in UNASKED:
            self.read()

    def read(self) -> None:
        """Read the picture, and show it when it is there."""
        slide, name = self._slide, self.name
        self.ask.hide()
        self.warning.hide()
        # The picture may be closed before it is read; the job then ends by itself.
        job = Job(lambda _: _read(slide, name), QCoreApplication.instance())
        job.succeeded.connect(self._on_read)
        job.failed.connect(self._say)
        job.start()

    def _on_read(self, image: QImage) -> None:
        self.picture.set_image(image)
        self.turn.show()

    def _say(self, problem: str) -> None:
        self.warning.setText(problem)
        self.warning.show()


def _read(slide: Slide, name: str) -> QImage:
    image = to_image(slide.associated_image(name))
    if max(image.width(), image.height()) <= MOST_SIDE:
        return image
    return image.scaled(
        MOST_SIDE,
        MOST_SIDE,
        Qt.AspectRatioMode.KeepAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    )


def picture_tabs(slide: Slide) -> QTabWidget | None:
    """All pictures beside a slide; None where there are none."""
    if not slide.associated_names:
        return None
    tabs = QTabWidget()
    tabs.setAccessibleName("Pictures beside the slide")
    for name in sorted(slide.associated_names, key=lambda name: (name not in UNASKED, name)):
        tabs.addTab(AssociatedPicture(slide, name), name.capitalize())
    return tabs
