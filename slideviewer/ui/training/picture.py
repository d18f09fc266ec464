"""A picture out of a training's folder, as wide as there is room."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget


class Picture(QWidget):
    """Keeps its shape; never larger than it is."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.image = QImage()
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def show_image(self, image: QImage) -> None:
        """Show another picture."""
        self.image = image
        self.updateGeometry()
        self.update()

    def heightForWidth(self, width: int) -> int:
        if self.image.isNull():
            return 0
        return round(min(width, self.image.width()) * self.image.height() / self.image.width())

    def sizeHint(self) -> QSize:
        return QSize(240, self.heightForWidth(240))

    def minimumSizeHint(self) -> QSize:
        return QSize(0, 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.image.isNull():
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        width = min(self.width(), self.image.width())
        painter.drawImage(QRectF(0, 0, width, self.heightForWidth(width)), self.image)
        painter.end()


def read_image(data: bytes) -> QImage:
    """Decode a picture; an empty one where it cannot be."""
    image = QImage()
    image.loadFromData(data)
    return image.convertToFormat(QImage.Format.Format_RGB32) if not image.isNull() else image
