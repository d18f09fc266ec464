"""The part of the views where something may lie over them without covering what is needed."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Signal
from PySide6.QtWidgets import QWidget

from slideviewer.ui.views.grid import ViewGrid


class FreeRoom(QObject):
    """Keeps clear of bars and titles above the topmost views, and of the overviews in them.

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
        tops = [_on(view.canvas, grid).top() for view in shown]
        top = min(tops)
        overviews = [
            _on(view.overview, grid)
            for view, at in zip(shown, tops, strict=True)
            if at == top and view.overview.isVisibleTo(grid)
        ]
        # Between the overviews of the topmost row, wherever there is most room.
        edges = [0, *(edge for it in sorted(overviews, key=QRect.left) for edge in _sides(it))]
        left, right = max(
            zip(edges[::2], [*edges[1::2], grid.width()], strict=True),
            key=lambda gap: gap[1] - gap[0],
        )
        return QRect(left, top, right - left, grid.height() - top)

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


def _sides(rect: QRect) -> tuple[int, int]:
    return rect.left(), rect.right() + 1


def _on(widget: QWidget, grid: QWidget) -> QRect:
    return QRect(widget.mapTo(grid, QPoint()), widget.size())


_KINDS = (QEvent.Type.Move, QEvent.Type.Resize, QEvent.Type.Show, QEvent.Type.Hide)
