"""Shows what the review is at: a flight there, an outline, and small pictures for the list."""

from __future__ import annotations

from collections.abc import Callable

import shapely
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QPixmap

from slideviewer.annotations import Annotation, Kind, as_points
from slideviewer.annotations.operations.regions import Area
from slideviewer.geometry import Rect
from slideviewer.inference.regions import cells_outline
from slideviewer.ui.annotation_thumbnails import SIDE, AnnotationThumbnails
from slideviewer.ui.place_marker import PlaceMarker
from slideviewer.ui.review.cells import CELL_SIDE
from slideviewer.ui.review.pictures import KIND_COLOURS
from slideviewer.ui.review.queue import Item, ReviewQueue
from slideviewer.ui.session import Session
from slideviewer.ui.views.grid import ViewGrid

MOST_PICTURED = 2000


class Showing(QObject):
    """Follows the queue on the canvas.

    Parameters
    ----------
    queue : ReviewQueue
    session : Session
    views : ViewGrid
    """

    pictures_ready = Signal()

    def __init__(
        self, queue: ReviewQueue, session: Session, views: ViewGrid, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._queue, self._session, self._views = queue, session, views
        is_busy: Callable[[], bool] = lambda: views.of_session.tiles.is_loading  # noqa: E731
        self._thumbnails = {
            is_large: AnnotationThumbnails(is_busy, self, side, in_own_colour=True)
            for is_large, side in ((False, SIDE), (True, CELL_SIDE))
        }
        self._pictured: dict[str, tuple[tuple[Rect, float], Annotation]] = {}
        self._marker = PlaceMarker(session, views, self)
        self._is_watched = False
        for thumbnails in self._thumbnails.values():
            thumbnails.ready.connect(lambda _: self.pictures_ready.emit())
        queue.current_changed.connect(self._show)
        session.slide_changed.connect(self._on_slide_changed)
        self._on_slide_changed()

    def close(self) -> None:
        """Make no pictures any more."""
        for thumbnails in self._thumbnails.values():
            thumbnails.set_slide(None)

    def fly_to(self, item: Item) -> None:
        """Show an item with some tissue around it."""
        self._marker.fly_to(item.bounds)

    def show_outline(self, is_wanted: bool) -> None:
        """Outline what is looked at, or nothing."""
        self._is_watched = is_wanted
        self._show()

    def want_pictures(self, items: list[Item], are_large: bool) -> None:
        """Make pictures of these."""
        ratio = self._views.devicePixelRatioF()
        self._thumbnails[are_large].want([self._as_annotation(item) for item in items], ratio)
        self._thumbnails[not are_large].want([])

    def picture_of(self, item: Item, is_large: bool) -> QPixmap | None:
        """The picture of an item; None while there is none."""
        named = Annotation("", Kind.POLYGON, as_points([]), id=item.key)
        return self._thumbnails[is_large].get(named)

    def _shape_of(self, item: Item) -> Area:
        found = self._queue.found
        if item.finding is None or found is None:
            assert item.decision is not None
            shape: Area = shapely.union_all(shapely.box(*item.decision.runs.T))
            return shape
        findings, index = found.findings, item.finding.index
        column, row = findings.boxes[index, :2].tolist()
        return cells_outline(findings.grid, findings.inside(index), (column, row))

    def _show(self) -> None:
        item = self._queue.current if self._is_watched else None
        self._marker.outline(None if item is None else self._shape_of(item))

    def _on_slide_changed(self) -> None:
        source = self._views.main.tiles.source
        self._pictured.clear()
        for thumbnails in self._thumbnails.values():
            thumbnails.set_slide(source.shown if source is not None else None)

    def _as_annotation(self, item: Item) -> Annotation:
        """What the small picture shows: the outline of the largest piece.

        The same one as before while the item is, so that its picture is not made again.
        """
        size = item.bounds, item.area_px2
        known = self._pictured.get(item.key)
        if known is not None and known[0] == size:
            return known[1]
        if len(self._pictured) >= MOST_PICTURED:
            self._pictured.clear()
        pieces = shapely.get_parts(self._shape_of(item))
        largest = max(pieces, key=lambda piece: piece.area)
        points = as_points(shapely.get_coordinates(largest.exterior))
        colour = KIND_COLOURS[item.kind].name()
        made = Annotation("", Kind.POLYGON, points, colour=colour, id=item.key)
        self._pictured[item.key] = size, made
        return made
