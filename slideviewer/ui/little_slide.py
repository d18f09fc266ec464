"""The slide's thumbnail with a box around what is in view."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from slideviewer.geometry import Rect
from slideviewer.slide import Pyramid
from slideviewer.ui.canvas import Canvas

LARGEST = QSize(220, 170)
"""Screen pixels of the little picture."""

SMALLEST_BOX = 6
"""Screen pixels of the view box, which must be seen however far the canvas is zoomed in."""


class LittleSlide(QWidget):
    """The slide's thumbnail with the view box, which can be dragged; a click elsewhere goes there.

    The thumbnail always lies as the slide was scanned, and the box turns with the view.
    """

    wanted = Signal(float, float)  # level-0 point to fly to
    dragged = Signal(float, float)  # level-0 point to put into the middle of the canvas at once

    def __init__(self, canvas: Canvas) -> None:
        super().__init__()
        self._canvas = canvas
        self._pyramid: Pyramid | None = None
        self._image: QImage | None = None
        self._veil: QImage | None = None
        self._veil_cell = 0.0
        self._room = LARGEST
        self._grip: QPointF | None = None  # from the middle of the box to the mouse
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setMouseTracking(True)
        self.setAccessibleName("Overview of the slide")
        canvas.viewpoint_changed.connect(lambda _: self.update())

    def set_slide(self, pyramid: Pyramid) -> None:
        """Show the shape of a slide; its picture follows tile by tile."""
        self._pyramid, self._grip = pyramid, None
        size = self._fitted(pyramid, LARGEST)
        self._image = QImage(size * self.devicePixelRatioF(), QImage.Format.Format_RGB32)
        self._image.fill(Qt.GlobalColor.white)
        self.setFixedSize(self._fitted(pyramid, self._room))

    def fit(self, room: QSize) -> None:
        """Take no more room than this, in screen pixels."""
        self._room = room.boundedTo(LARGEST)
        if self._pyramid is not None:
            self.setFixedSize(self._fitted(self._pyramid, self._room))

    def set_veil(self, veil: QImage | None, cell: float) -> None:
        """Shade parts of the slide.

        Parameters
        ----------
        veil : QImage or None
            A pixel a cell, from the slide's top left on; None for no shade.
        cell : float
            Level-0 pixels along the side of a cell.
        """
        self._veil, self._veil_cell = veil, cell
        self.update()

    @staticmethod
    def _fitted(pyramid: Pyramid, room: QSize) -> QSize:
        shape = QSize(pyramid.width, pyramid.height)
        return shape.scaled(room, Qt.AspectRatioMode.KeepAspectRatio).expandedTo(QSize(8, 8))

    @Slot(object, object)
    def add_tile(self, rect: Rect, tile: QImage) -> None:
        """Show a tile of the slide's coarsest level."""
        if self._pyramid is None or self._image is None:
            return
        across = self._image.width() / self._pyramid.width
        down = self._image.height() / self._pyramid.height
        painter = QPainter(self._image)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        target = QRectF(rect.x * across, rect.y * down, rect.width * across, rect.height * down)
        painter.drawImage(
            target,
            tile.scaled(
                target.size().toSize().expandedTo(QSize(1, 1)),
                Qt.AspectRatioMode.IgnoreAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            ),
        )
        painter.end()
        self.update()

    @property
    def view_box(self) -> QPolygonF:
        """What the canvas shows, in pixels of this picture; turned where the slide is turned."""
        view = self._canvas.viewpoint
        centre = self._to_picture(view.centre_x, view.centre_y)
        size = min(view.width * self._across, view.height * self._down) / view.scale
        larger = max(1.0, SMALLEST_BOX / size)
        corners = []
        for right, down in ((0, 0), (1, 0), (1, 1), (0, 1)):
            x, y = view.to_slide(right * view.width, down * view.height)
            corners.append(centre + (self._to_picture(x, y) - centre) * larger)
        return QPolygonF(corners)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._pyramid is None or self._image is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(self.rect(), self._image)
        if self._veil is not None:
            across, down = self._veil_cell * self._across, self._veil_cell * self._down
            shaded = QRectF(0, 0, self._veil.width() * across, self._veil.height() * down)
            painter.drawImage(shaded, self._veil)
        painter.setRenderHint(
            QPainter.RenderHint.Antialiasing, not self._canvas.viewpoint.is_upright
        )
        box = self.view_box
        if self._canvas.viewpoint.is_upright:
            box = QPolygonF(
                box.boundingRect().intersected(QRectF(self.rect()).adjusted(1, 1, -1, -1))
            )
        for colour, width in ((QColor("white"), 3), (QColor("black"), 1)):
            painter.setPen(QPen(colour, width))
            painter.drawPolygon(box)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or self._pyramid is None:
            return
        at = event.position()
        if self._is_on_box(at):
            view = self._canvas.viewpoint
            self._grip = at - self._to_picture(view.centre_x, view.centre_y)
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        else:
            self._grip = QPointF(0, 0)
            self.wanted.emit(at.x() / self._across, at.y() / self._down)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._grip is not None and event.buttons() & Qt.MouseButton.LeftButton:
            middle = event.position() - self._grip
            self.dragged.emit(middle.x() / self._across, middle.y() / self._down)
        elif self._pyramid is not None:
            on_box = self._is_on_box(event.position())
            shape = Qt.CursorShape.OpenHandCursor if on_box else Qt.CursorShape.CrossCursor
            self.setCursor(shape)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._grip = None

    def _is_on_box(self, at: QPointF) -> bool:
        return self.view_box.containsPoint(at, Qt.FillRule.WindingFill)

    def _to_picture(self, x: float, y: float) -> QPointF:
        return QPointF(x * self._across, y * self._down)

    # Two scales: of a strip a pixel wide the picture is wider than its shape would have it.
    @property
    def _across(self) -> float:
        assert self._pyramid is not None
        return self.width() / self._pyramid.width

    @property
    def _down(self) -> float:
        assert self._pyramid is not None
        return self.height() / self._pyramid.height
