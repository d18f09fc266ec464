"""The part of the views where something may lie over them without covering what is needed."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Signal
from PySide6.QtWidgets import QWidget

from slideviewer.ui.views.grid import ViewGrid


class FreeRoom(QObject):
    """Keeps clear of bars and titles above the topmost view, and of the overview at top right.

    Parameters
    ----------
    views : ViewGrid
    """

    changed = Signal()  # there may be more or less room

    def __init__(self, views: ViewGrid) -> None:
        super().__init__(views)
        self._views = views
        self._watched: set[QWidget] = set()
        views.views_changed.connect(self._watch)
        self._watch()

    @property
    def rect(self) -> QRect:
        """In the pixels of the grid of views; all of it where no view is shown."""
        grid = self._views
        shown = [view for view in grid.views if view.isVisibleTo(grid)]
        if not shown:
            return grid.rect()
        canvases = [_on(view.canvas, grid) for view in shown]
        top = min(canvas.top() for canvas in canvases)
        room = QRect(0, top, grid.width(), grid.height() - top)
        right = max(canvas.right() for canvas in canvases if canvas.top() == top)
        for view, canvas in zip(shown, canvases, strict=True):
            is_in_corner = canvas.top() == top and canvas.right() == right
            if is_in_corner and view.overview.isVisibleTo(grid):
                room.setRight(min(room.right(), _on(view.overview, grid).left()))
        return room

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in _KINDS:
            self.changed.emit()
        return False

    def _watch(self) -> None:
        present: set[QWidget] = set()
        for view in self._views.views:
            present |= {view, view.canvas, view.overview}
        for widget in present - self._watched:
            widget.installEventFilter(self)
        self._watched = present
        self.changed.emit()


def _on(widget: QWidget, grid: QWidget) -> QRect:
    return QRect(widget.mapTo(grid, QPoint()), widget.size())


_KINDS = (QEvent.Type.Move, QEvent.Type.Resize, QEvent.Type.Show, QEvent.Type.Hide)
