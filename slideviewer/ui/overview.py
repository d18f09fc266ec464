"""The overview: the whole slide in a corner, a box around what is in view, the magnification."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QComboBox, QFrame, QVBoxLayout

from slideviewer.slide import Spacing
from slideviewer.ui import words
from slideviewer.ui.little_slide import LittleSlide

if TYPE_CHECKING:
    from slideviewer.ui.views.slide_view import SlideView

LARGEST_SHARE = 0.3
"""Of a canvas's width and height, so that the picture leaves small views to the slide."""

LEAST_CANVAS = QSize(240, 160)
"""Screen pixels; on a smaller canvas the overview would cover what it is an overview of."""

MARGIN = 12

MAGNIFICATIONS = (1.25, 2.5, 5, 10, 20, 40, 80)


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
        self.magnification.setToolTip("Magnification: choose or type one")
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
        has_any = self.little.isVisibleTo(self) or self.magnification.isVisibleTo(self)
        is_on = self._view.slide is not None and self._is_wanted
        self.setVisible(is_on and has_room and has_any)

    def _on_slide_changed(self) -> None:
        slide = self._view.slide
        if slide is None:
            self._show_or_hide()
            return
        self.little.set_slide(slide.pyramid)
        for rect, tile in self._view.tiles.coarse_pictures():
            self.little.add_tile(rect, tile)
        self.magnification.setVisible(isinstance(slide.spacing, Spacing))
        self._on_view_changed()
        self._show_or_hide()
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
            self._show_or_hide()
            self._place()

    def _show_magnification(self) -> None:
        slide = self._view.slide
        if slide is not None and isinstance(slide.spacing, Spacing):
            value = words.magnification_at(self._canvas.viewpoint.scale, slide.spacing)
            shown = f"{words.short(value)}×"
            if shown != self.magnification.currentText():  # a pan is no reason to lay it out anew
                self.magnification.setEditText(shown)

    def _magnify(self) -> None:
        slide = self._view.slide
        typed = re.match(r"\s*(\d+(?:[.,]\d+)?)", self.magnification.currentText())
        value = float(typed[1].replace(",", ".")) if typed is not None else 0.0
        if slide is None or value == 0 or not isinstance(slide.spacing, Spacing):
            self._show_magnification()
            return
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
