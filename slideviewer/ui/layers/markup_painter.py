"""How the markup is put on the screen: a hundred thousand shapes in a few strokes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainter, QPen

from slideviewer.annotations import Annotation, Kind, Points
from slideviewer.geometry import Rect
from slideviewer.ui import colours
from slideviewer.ui.layers.long_lines import LineStore
from slideviewer.ui.layers.markup_look import MarkupLook
from slideviewer.ui.layers.strokes import Lines, bars, box, dot, on_screen, stroke
from slideviewer.ui.shape_index import LONG, MOST_SIMPLE, POINTS, SIMPLE, ShapeIndex, Slots
from slideviewer.ui.viewpoint import Viewpoint

OUTLINE_WIDTH = 3.0
SELECTED_WIDTH = 4.5
HANDLE_SIZE = 9.0
"""Screen pixels; as ASAP draws them."""

HANDLES_APART = 1.5 * HANDLE_SIZE
"""Handles that would cover one another are left out until they are zoomed apart."""

MOST_WITH_HANDLES = 200
"""Of more selected shapes than these none has handles: nobody could tell whose they are."""

SPECK_SIDES = (4.0, 6.0)
SMALLEST_SHAPE = 8.0
"""A shape smaller than this on the screen is drawn as a square, so that none vanishes; one of
less than half of this as the smaller one."""

SMALL_SHAPE, SMALL_DETAIL = 24.0, 2.0
"""Of a shape smaller than this on the screen, vertices in squares of that side become one."""

ROUGH_SPLINE = 16.0
"""A spline smaller than this on the screen is drawn straight from vertex to vertex."""

MOST_ROUGH = 3000
"""While the view is zoomed, so many shapes keep their outline; more become diamonds."""

DOT_SIZE, DOT_EDGE = 7.0, 9.0

REACH = 8.0
"""Screen pixels by which what is drawn of a shape may leave its box, handles and all."""

ColourOf = Callable[[Annotation], QColor]


class MarkupPainter:
    """Paints the shapes of an index.

    Attributes
    ----------
    look : MarkupLook
    selected : frozenset of str
        Ids of those that are painted as selected.
    active_vertex : tuple of str and int, or None
        The id and the index of the vertex that is filled.
    replaced : dict of str to Annotation
        What is painted in place of those of the same id.
    lines : LineStore
    """

    def __init__(self, shapes: ShapeIndex) -> None:
        self._shapes = shapes
        self.look = MarkupLook()
        self.selected: frozenset[str] = frozenset()
        self.active_vertex: tuple[str, int] | None = None
        self.replaced: dict[str, Annotation] = {}
        self.lines = LineStore()
        self._selected_slots: tuple[frozenset[str], int, Slots] | None = None

    def paint(self, painter: QPainter, view: Viewpoint, part: Rect, *, rough: bool) -> None:
        """Paint a part, a level-0 rectangle, of the canvas."""
        slots = self._shown(self._shapes.in_rect(part.grown(REACH / view.scale)))
        if self.replaced:
            slots = np.setdiff1d(slots, self._shapes.slots_of(self.replaced), assume_unique=True)
        is_chosen = np.isin(slots, self._chosen(), assume_unique=True)
        chosen = slots[is_chosen]
        brush = _Brush(painter, view, part, self.lines, rough)
        self._paint_slots(brush, slots[~is_chosen], self.look.colour, OUTLINE_WIDTH)
        self._paint_slots(brush, chosen, self.look.selected_colour, SELECTED_WIDTH)
        for annotation in self.replaced.values():
            brush.paint_one(annotation, self.look.selected_colour(annotation), SELECTED_WIDTH)
        if len(self.selected | self.replaced.keys()) <= MOST_WITH_HANDLES and not rough:
            for slot in chosen.tolist():
                brush.paint_handles(self._shapes.shape(slot), self.active_vertex)
            for annotation in self.replaced.values():
                only_active = hides_handles(annotation)
                brush.paint_handles(annotation, self.active_vertex, only_active)

    def _shown(self, slots: Slots) -> Slots:
        if not self.look.hidden or not len(slots):
            return slots
        looks, places = np.unique(self._shapes.looks[slots], return_inverse=True)
        is_shown = [self.look.shows(self._shapes.example_of(look)) for look in looks.tolist()]
        return slots[np.array(is_shown, np.bool_)[places]]

    def _chosen(self) -> Slots:
        known, revision = self._selected_slots, self._shapes.revision
        if known is None or known[0] is not self.selected or known[1] != revision:
            found = self._shapes.slots_of(self.selected)
            self._selected_slots = known = (self.selected, revision, found)
        return known[2]

    def _paint_slots(self, brush: _Brush, slots: Slots, colour_of: ColourOf, width: float) -> None:
        """Paint shapes, all of one colour at once."""
        looks = self._shapes.looks[slots]
        of_colour: dict[int, list[int]] = {}
        for look in np.unique(looks).tolist():
            colour = colour_of(self._shapes.example_of(look))
            of_colour.setdefault(colour.rgba(), []).append(look)
        for rgba, mine in of_colour.items():
            of_this = slots[np.isin(looks, mine)] if len(of_colour) > 1 else slots
            brush.paint_slots(self._shapes, of_this, QColor.fromRgba(rgba), width)


class _Brush:
    """A painter, and what it is to paint: one part of one view."""

    def __init__(
        self, painter: QPainter, view: Viewpoint, part: Rect, lines: LineStore, rough: bool
    ) -> None:
        self._painter, self._view, self._part = painter, view, view.covered_by(part)
        self._seen = part.grown(REACH / view.scale)
        self._lines, self._rough = lines, rough

    def paint_slots(self, shapes: ShapeIndex, slots: Slots, colour: QColor, width: float) -> None:
        """Paint shapes of one colour."""
        left, top, right, bottom = shapes.boxes[:, slots]
        sides = np.maximum(right - left, bottom - top) * self._view.scale
        forms = shapes.forms[slots]
        is_point = forms == POINTS
        is_tiny = (sides < SMALLEST_SHAPE) & ~(is_point & (sides == 0))
        for speck, least in zip(SPECK_SIDES, (0.0, SMALLEST_SHAPE / 2), strict=True):
            which = is_tiny & (sides >= least) & (sides < least + SMALLEST_SHAPE / 2)
            middles = np.stack([left + right, top + bottom], axis=1)[which] / 2
            self._paint_dots(middles, colour, speck, Qt.PenCapStyle.SquareCap)
        is_line = ~is_tiny & ~is_point
        if self._rough and np.count_nonzero(is_line) > MOST_ROUGH:
            self._stroke(_diamonds(left, top, right, bottom, is_line), colour, width)
        else:
            is_simple = is_line & (forms == SIMPLE)
            is_small = is_simple & (sides < SMALL_SHAPE)
            small = Lines.closed_ones(*shapes.points_of(slots[is_small]))
            self._stroke(small, colour, width, SMALL_DETAIL)
            simple = Lines.closed_ones(*shapes.points_of(slots[is_simple & ~is_small]))
            self._stroke(simple, colour, width)
            parts = []
            long = np.flatnonzero(is_line & (forms == LONG))
            for slot, side in zip(slots[long].tolist(), sides[long].tolist(), strict=True):
                parts += self._parts_of(shapes.shape(slot), side)
            self._stroke(Lines.of(parts), colour, width)
        self._paint_points(shapes.points_of(slots[is_point & ~is_tiny])[0], colour)

    def paint_one(self, annotation: Annotation, colour: QColor, width: float) -> None:
        """Paint a shape, however small it is."""
        if not len(annotation.points):
            return
        if annotation.kind in (Kind.DOT, Kind.POINT_SET):
            self._paint_points(annotation.points, colour)
            return
        self._stroke(Lines.of(self._parts_of(annotation, np.inf)), colour, width)
        if len(annotation.points) == 1:
            self._paint_dots(annotation.points, colour, width, Qt.PenCapStyle.RoundCap)

    def paint_handles(
        self,
        annotation: Annotation,
        active_vertex: tuple[str, int] | None,
        only_active: bool = False,
    ) -> None:
        """Paint a square on each vertex that has room for one, or on the active one alone."""
        points = annotation.points
        if not len(points):
            return
        handles = np.empty(0, np.intp)
        if not only_active:
            line = self._lines.vertices(annotation)
            handles = line.handles_in(self._seen, self._view.scale, HANDLES_APART)
        active = -1
        if active_vertex is not None and active_vertex[0] == annotation.id:
            active = active_vertex[1]
        self._painter.setPen(QPen(colours.MARKUP, 1.5))
        self._painter.setBrush(QColor("white"))
        box(self._painter, on_screen(points[handles[handles != active]], self._view), HANDLE_SIZE)
        if 0 <= active < len(points):
            self._painter.setBrush(colours.MARKUP)
            box(self._painter, on_screen(points[active : active + 1], self._view), HANDLE_SIZE)
        self._painter.setBrush(Qt.BrushStyle.NoBrush)

    def _parts_of(self, annotation: Annotation, side: float) -> list[tuple[Points, bool]]:
        """The lines of a shape that may be seen; its longer side is so many screen pixels."""
        is_unready = self._rough and not self._lines.has(annotation)
        if annotation.kind == Kind.SPLINE and (side < ROUGH_SPLINE or is_unready):
            return [(annotation.points, True)]
        line = self._lines.line(annotation, self._view.scale)
        return line.in_rect(self._seen, self._view.scale)

    def _stroke(self, lines: Lines, colour: QColor, width: float, detail: float = 1.0) -> None:
        """Stroke lines, with no more of them than can be told apart: so many screen pixels."""
        if not len(lines.points):
            return
        pen = QPen(colour, width)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        self._painter.setPen(pen)
        thin = lines.thinned(self._view.scale / detail)
        edges = bars(thin, self._view, self._part, 0.0 if self._rough else width)
        stroke(self._painter, edges)

    def _paint_points(self, points: Points, colour: QColor) -> None:
        """Discs with a white edge."""
        self._paint_dots(points, QColor("white"), DOT_EDGE, Qt.PenCapStyle.RoundCap)
        self._paint_dots(points, colour, DOT_SIZE, Qt.PenCapStyle.RoundCap)

    def _paint_dots(
        self, points: Points, colour: QColor, size: float, shape: Qt.PenCapStyle
    ) -> None:
        if len(points):
            pen = QPen(colour, size)
            pen.setCapStyle(shape)
            self._painter.setPen(pen)
            dot(self._painter, on_screen(points, self._view))


def hides_handles(annotation: Annotation) -> bool:
    """Whether a shape shows no handles while it is changed: all of them would have to be anew."""
    return len(annotation.points) > MOST_SIMPLE


def _diamonds(left: Points, top: Points, right: Points, bottom: Points, which: Points) -> Lines:
    """For each box a line through the middles of its sides."""
    left, top, right, bottom = left[which], top[which], right[which], bottom[which]
    x, y = (left + right) / 2, (top + bottom) / 2
    corners = np.stack([left, y, x, top, right, y, x, bottom], axis=1).reshape(-1, 2)
    starts = np.arange(0, len(corners), 4)
    return Lines(corners, starts, np.ones(len(starts), np.bool_))
