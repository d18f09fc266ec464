"""The overview: the whole slide in a corner, a box around what is in view, the magnification."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QComboBox, QFrame, QSizePolicy, QVBoxLayout, QWidget

from slideviewer.geometry import Rect
from slideviewer.slide import Slide, Spacing
from slideviewer.ui import words
from slideviewer.ui.canvas import Canvas

if TYPE_CHECKING:
    from slideviewer.ui.views.slide_view import SlideView

LARGEST = QSize(220, 170)
"""Screen pixels of the little picture."""

LARGEST_SHARE = 0.3
"""Of a canvas's width and height, so that the picture leaves small views to the slide."""

LEAST_CANVAS = QSize(240, 160)
"""Screen pixels; on a smaller canvas the overview would cover what it is an overview of."""

MARGIN = 12
SMALLEST_BOX = 6
"""Screen pixels of the view box, which must be seen however far the canvas is zoomed in."""

MAGNIFICATIONS = (1.25, 2.5, 5, 10, 20, 40, 80)


class LittleSlide(QWidget):
    """The slide's thumbnail with the view box, which can be dragged; a click elsewhere goes there.

    The thumbnail always lies as the slide was scanned, and the box turns with the view.
    """

    wanted = Signal(float, float)  # level-0 point to fly to
    dragged = Signal(float, float)  # level-0 point to put into the middle of the canvas at once

    def __init__(self, canvas: Canvas) -> None:
        super().__init__()
        self._canvas = canvas
        self._slide: Slide | None = None
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

    def set_slide(self, slide: Slide) -> None:
        """Show the shape of a slide; its picture follows tile by tile."""
        self._slide, self._grip = slide, None
        size = self._fitted(slide, LARGEST)
        self._image = QImage(size * self.devicePixelRatioF(), QImage.Format.Format_RGB32)
        self._image.fill(Qt.GlobalColor.white)
        self.setFixedSize(self._fitted(slide, self._room))

    def fit(self, room: QSize) -> None:
        """Take no more room than this, in screen pixels."""
        self._room = room.boundedTo(LARGEST)
        if self._slide is not None:
            self.setFixedSize(self._fitted(self._slide, self._room))

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
    def _fitted(slide: Slide, room: QSize) -> QSize:
        shape = QSize(slide.pyramid.width, slide.pyramid.height)
        return shape.scaled(room, Qt.AspectRatioMode.KeepAspectRatio).expandedTo(QSize(8, 8))

    @Slot(object, object)
    def add_tile(self, rect: Rect, tile: QImage) -> None:
        """Show a tile of the slide's coarsest level."""
        if self._slide is None or self._image is None:
            return
        scale = self._image.width() / self._slide.pyramid.width
        painter = QPainter(self._image)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        target = QRectF(rect.x * scale, rect.y * scale, rect.width * scale, rect.height * scale)
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
        view, scale = self._canvas.viewpoint, self._scale
        centre = QPointF(view.centre_x * scale, view.centre_y * scale)
        size = min(view.width, view.height) * scale / view.scale
        larger = max(1.0, SMALLEST_BOX / size)
        corners = []
        for right, down in ((0, 0), (1, 0), (1, 1), (0, 1)):
            x, y = view.to_slide(right * view.width, down * view.height)
            corners.append(centre + (QPointF(x * scale, y * scale) - centre) * larger)
        return QPolygonF(corners)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._slide is None or self._image is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(self.rect(), self._image)
        if self._veil is not None:
            side = self._veil_cell * self._scale
            shaded = QRectF(0, 0, self._veil.width() * side, self._veil.height() * side)
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
        if event.button() != Qt.MouseButton.LeftButton or self._slide is None:
            return
        at = event.position()
        if self._is_on_box(at):
            view = self._canvas.viewpoint
            self._grip = at - QPointF(view.centre_x, view.centre_y) * self._scale
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        else:
            self._grip = QPointF(0, 0)
            self.wanted.emit(at.x() / self._scale, at.y() / self._scale)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._grip is not None and event.buttons() & Qt.MouseButton.LeftButton:
            middle = event.position() - self._grip
            self.dragged.emit(middle.x() / self._scale, middle.y() / self._scale)
        elif self._slide is not None:
            on_box = self._is_on_box(event.position())
            shape = Qt.CursorShape.OpenHandCursor if on_box else Qt.CursorShape.CrossCursor
            self.setCursor(shape)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._grip = None

    def _is_on_box(self, at: QPointF) -> bool:
        return self.view_box.containsPoint(at, Qt.FillRule.WindingFill)

    @property
    def _scale(self) -> float:
        assert self._slide is not None
        return self.width() / self._slide.pyramid.width


class Overview(QFrame):
    """The little slide, while it is needed, and the magnification; top right over the canvas."""

    def __init__(self, view: SlideView) -> None:
        canvas = view.canvas
        super().__init__(canvas)
        self._view, self._canvas = view, canvas
        self._is_wanted = True
        self._shows_visited = False
        self._veil: tuple[QImage | None, float] = (None, 0.0)
        self.setAutoFillBackground(True)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.little = LittleSlide(canvas)
        self.little.wanted.connect(self._fly_to)
        self.little.dragged.connect(canvas.centre_on)
        view.tiles.coarse_loaded.connect(self.little.add_tile)
        self.magnification = QComboBox()
        self.magnification.setEditable(True)
        self.magnification.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.magnification.setAccessibleName("Magnification")
        self.magnification.setToolTip("Magnification: choose or type one (keys 1 to 5)")
        self.magnification.addItems([f"{value:g}×" for value in MAGNIFICATIONS])
        self.magnification.activated.connect(lambda _: self._magnify())
        line = self.magnification.lineEdit()
        assert line is not None  # it is editable
        line.returnPressed.connect(self._magnify)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 4)
        column.setSpacing(4)
        column.addWidget(self.little, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self.magnification)
        canvas.installEventFilter(self)
        canvas.viewpoint_changed.connect(lambda _: self._on_view_changed())
        view.slide_changed.connect(self._on_slide_changed)
        self._on_slide_changed()

    @property
    def is_wanted(self) -> bool:
        """Whether the user wants an overview."""
        return self._is_wanted

    @is_wanted.setter
    def is_wanted(self, is_wanted: bool) -> None:
        self._is_wanted = is_wanted
        self._show_or_hide()

    @property
    def shows_visited(self) -> bool:
        """Whether what was not looked at is shaded."""
        return self._shows_visited

    @shows_visited.setter
    def shows_visited(self, shows_visited: bool) -> None:
        self._shows_visited = shows_visited
        self._show_veil()
        self._on_view_changed()

    def set_veil(self, veil: QImage | None, cell: float) -> None:
        """Take the shade of what was not looked at: see `LittleSlide.set_veil`."""
        self._veil = veil, cell
        self._show_veil()

    def _show_veil(self) -> None:
        veil, cell = self._veil
        self.little.set_veil(veil if self._shows_visited else None, cell)
        words = "Shaded: not yet looked at from 5× on" if self._shows_visited else ""
        self.little.setToolTip(words)

    def _fly_to(self, x: float, y: float) -> None:
        self._canvas.fly_to(replace(self._canvas.viewpoint, centre_x=x, centre_y=y))

    def _show_or_hide(self) -> None:
        has_room = self._canvas.size().boundedTo(LEAST_CANVAS) == LEAST_CANVAS
        self.setVisible(self._view.slide is not None and self._is_wanted and has_room)

    def _on_slide_changed(self) -> None:
        slide = self._view.slide
        self._show_or_hide()
        if slide is None:
            return
        self.little.set_slide(slide)
        for rect, tile in self._view.tiles.coarse_pictures():
            self.little.add_tile(rect, tile)
        self.magnification.setVisible(isinstance(slide.spacing, Spacing))
        self._on_view_changed()
        self._place()

    def _on_view_changed(self) -> None:
        """Leave the picture away where the canvas shows all of the slide anyway."""
        self._show_magnification()
        slide = self._view.slide
        if slide is None:
            return
        seen, whole = self._canvas.viewpoint.visible, slide.pyramid.extent
        needed = self._shows_visited or seen.intersection(whole) != whole
        if self.little.isVisibleTo(self) != needed:
            self.little.setVisible(needed)
            self._place()

    def _show_magnification(self) -> None:
        slide = self._view.slide
        if slide is not None and isinstance(slide.spacing, Spacing):
            value = words.magnification_at(self._canvas.viewpoint.scale, slide.spacing)
            self.magnification.setEditText(f"{value:.3g}×")

    def _magnify(self) -> None:
        slide = self._view.slide
        typed = re.match(r"\s*(\d+(?:[.,]\d+)?)", self.magnification.currentText())
        if slide is None or typed is None or not isinstance(slide.spacing, Spacing):
            self._show_magnification()
            return
        value = float(typed[1].replace(",", "."))
        if value > 0:
            self._canvas.zoom_to(words.scale_at(value, slide.spacing))
        self._canvas.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self.little.fit(self._canvas.size() * LARGEST_SHARE)
            self._show_or_hide()
            self._place()
        return False

    def _place(self) -> None:
        self.adjustSize()
        self.move(self._canvas.width() - self.width() - MARGIN, MARGIN)
