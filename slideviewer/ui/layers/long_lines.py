"""Outlines of many vertices in stretches, of which only those in sight are looked at."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from slideviewer.annotations import Annotation, Kind, Points, outline
from slideviewer.annotations.outline import TOLERANCE_PX
from slideviewer.geometry import Rect
from slideviewer.ui.layers.strokes import own_pixels
from slideviewer.ui.stretches import STRETCH, moved_vertices, stretches_of

LONGEST_TOGETHER = 5_000
"""Handles, were they strung around a line; on longer ones each stretch is looked at by itself."""

MOST_POINTS = 8_000_000
"""Of all outlines that are kept ready; beyond that they are made anew when they are seen."""


class LongLine:
    """An outline, looked through stretch by stretch; what was found is kept for the next time.

    Parameters
    ----------
    points : ndarray (count, 2)
        One at least; those that are no numbers have no place.
    closed : bool
        Whether the last is joined to the first, which is not repeated.
    """

    def __init__(self, points: Points, closed: bool) -> None:
        self._points, self._closed = points, closed
        self._stretches = stretches_of(points)
        self._scale = self._handle_scale = 0.0
        self._thin: dict[int, Points] = {}
        self._candidates: dict[int, NDArray[np.intp]] = {}  # for handles, by stretch
        self._together: NDArray[np.intp] | None = None

    def __len__(self) -> int:
        return len(self._points)

    def with_points(self, points: Points) -> LongLine | None:
        """The same line after some vertices moved; None where it became longer or shorter."""
        moved = moved_vertices(self._points, points)
        if moved is None:
            return None
        other = LongLine(points, self._closed)
        other._scale, other._handle_scale = self._scale, self._handle_scale
        gone = set(self._stretches.touched_by(moved).tolist())
        other._thin = {key: it for key, it in self._thin.items() if key not in gone}
        other._candidates = {key: it for key, it in self._candidates.items() if key not in gone}
        return other

    def in_rect(self, rect: Rect, scale: float) -> list[tuple[Points, bool]]:
        """What may be seen in a rectangle, as lines, each with whether it is closed.

        Parameters
        ----------
        rect : Rect
            Level-0 pixels.
        scale : float
            Screen pixels per level-0 pixel; vertices on one and the same pixel become one.
        """
        if scale != self._scale:
            self._scale = scale
            self._thin.clear()
        near, count = self._stretches.in_rect(rect), len(self._stretches.starts)
        if not len(near):
            return []
        if self._closed and len(near) == count:
            return [(np.concatenate([self._stretch(it)[:-1] for it in range(count)]), True)]
        runs = np.split(near, np.flatnonzero(np.diff(near) > 1) + 1)
        if self._closed and len(runs) > 1 and near[0] == 0 and near[-1] == count - 1:
            runs = [np.concatenate([runs[-1], runs[0]]), *runs[1:-1]]
        return [(self._joined(run.tolist()), False) for run in runs]

    def handles_in(self, rect: Rect, scale: float, apart: float) -> NDArray[np.intp]:
        """The vertices in a rectangle whose handles would not cover one another.

        Which ones these are depends on the scale alone, so that they stay when the view moves.

        Parameters
        ----------
        rect : Rect
            Level-0 pixels.
        scale : float
            Screen pixels per level-0 pixel.
        apart : float
            Screen pixels that lie between two at least.
        """
        if scale != self._handle_scale:
            self._handle_scale = scale
            self._candidates.clear()
            self._together = None
        width, height = self._stretches.boxes[2:] - self._stretches.boxes[:2]
        if np.nansum(width + height) * scale > LONGEST_TOGETHER * apart:
            stretches = self._stretches.in_rect(rect).tolist()
            found = [self._spread([it], apart) for it in stretches]
            indices = np.concatenate([np.empty(0, np.intp), *found])
        else:
            if self._together is None:
                self._together = self._spread(range(len(self._stretches.starts)), apart)
            indices = self._together
        x, y = self._points[indices].T
        inside = (x >= rect.x) & (x <= rect.right) & (y >= rect.y) & (y <= rect.bottom)
        found_inside: NDArray[np.intp] = indices[inside]
        return found_inside

    def _spread(self, stretches: Sequence[int], apart: float) -> NDArray[np.intp]:
        """Of the vertices of stretches those that are so far apart on the screen."""
        missing = [number for number in stretches if number not in self._candidates]
        if len(missing) > len(self._stretches.starts) / 2:  # all of them are as fast
            found = _unlike(self._points * self._handle_scale, apart / 4)
            cuts = np.searchsorted(found, self._stretches.starts)
            self._candidates = dict(enumerate(np.split(found, cuts[1:])))
            missing = []
        for number in missing:
            start = number * STRETCH
            places = self._points[start : start + STRETCH] * self._handle_scale
            self._candidates[number] = start + _unlike(places, apart / 4)
        found = np.concatenate([self._candidates[it] for it in stretches])
        across, down = (self._points[found] * self._handle_scale).T.tolist()
        return found[list(_greedily(across, down, apart))]

    def _joined(self, run: list[int] | NDArray[np.intp]) -> Points:
        """Stretches that follow one another as one line."""
        *parts, last = (self._stretch(int(it)) for it in run)
        return np.concatenate([*(part[:-1] for part in parts), last])

    def _stretch(self, number: int) -> Points:
        """The vertices of a stretch, the first of the next one included, as few as will do."""
        made = self._thin.get(number)
        if made is None:
            points = self._all_of(number)
            keep = own_pixels(points, self._scale)
            keep[-1] = True
            made = self._thin[number] = points[keep]
        return made

    def _all_of(self, number: int) -> Points:
        start = number * STRETCH
        points = self._points[start : start + STRETCH + 1]
        if number == len(self._stretches.starts) - 1:
            end = self._points[:1] if self._closed else self._points[-1:]
            points = np.concatenate([points, end])
        return points


class LineStore:
    """The lines of annotations that were painted last."""

    def __init__(self) -> None:
        self._lines: dict[str, tuple[Annotation, float, LongLine]] = {}
        self._points = 0
        self._vertices: tuple[Annotation, LongLine] | None = None  # of the last spline asked for

    def clear(self) -> None:
        """Forget all."""
        self._lines.clear()
        self._points = 0

    def has(self, annotation: Annotation) -> bool:
        """Whether its line is ready, for some scale or other."""
        known = self._lines.get(annotation.id)
        return known is not None and known[0] is annotation

    def vertices(self, annotation: Annotation) -> LongLine:
        """The straight line from vertex to vertex, of a spline too."""
        if annotation.kind != Kind.SPLINE:
            return self.line(annotation, 1.0)
        known = self._vertices
        if known is None or known[0] is not annotation:
            known = self._vertices = (annotation, LongLine(annotation.points, True))
        return known[1]

    def line(self, annotation: Annotation, scale: float) -> LongLine:
        """The line of an annotation with one vertex at least.

        Parameters
        ----------
        annotation : Annotation
        scale : float
            Screen pixels per level-0 pixel; a spline's curve is as fine as that asks for.
        """
        # Straight lines are the same at every scale.
        fineness = 2.0 ** math.ceil(math.log2(scale)) if annotation.kind == Kind.SPLINE else 0.0
        known = self._lines.get(annotation.id)
        if known is not None and known[0] is annotation and known[1] == fineness:
            return known[2]
        made = None
        if known is not None and known[1] == fineness == 0 and known[0].kind == annotation.kind:
            made = known[2].with_points(annotation.points)
        if made is None:
            points = annotation.points
            if fineness:
                points = outline(annotation, max(TOLERANCE_PX, TOLERANCE_PX / fineness))
            made = LongLine(points, annotation.kind != Kind.MEASUREMENT)
        self._points += len(made) - (len(known[2]) if known is not None else 0)
        if self._points > MOST_POINTS:
            self.clear()
            self._points = len(made)
        self._lines[annotation.id] = (annotation, fineness, made)
        return made


def _unlike(places: Points, side: float) -> NDArray[np.intp]:
    """The finite points that begin a stretch, or lie in another square than the one before."""
    with np.errstate(over="ignore", invalid="ignore"):
        cells = np.floor(places / side)
    is_new = np.ones(len(places), np.bool_)
    is_new[1:] = (cells[1:, 0] != cells[:-1, 0]) | (cells[1:, 1] != cells[:-1, 1])
    is_new[::STRETCH] = True
    found = np.flatnonzero(is_new)
    return found[np.isfinite(places[found]).all(axis=1)]


def _greedily(across: list[float], down: list[float], apart: float) -> Iterator[int]:
    """The first place, and each that is so far from the last one taken."""
    last_x = last_y = math.inf
    least = apart * apart
    for index, (x, y) in enumerate(zip(across, down, strict=True)):
        if (x - last_x) ** 2 + (y - last_y) ** 2 >= least:
            last_x, last_y = x, y
            yield index
