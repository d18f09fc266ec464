"""How large annotations are: area, perimeter, length and centre, of many at once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon

from slideviewer.annotations.model import Annotation, Kind, Points
from slideviewer.annotations.outline import made_valid, outline

UmPerPixel = tuple[float, float]
"""Micrometres per level-0 pixel along x and y."""

PIXELS: UmPerPixel = (1.0, 1.0)
"""What to measure with for results in pixels."""

Table = NDArray[np.float64]
"""One row an annotation, with the columns of `Measure`."""


class Measure(NamedTuple):
    """What one annotation measures; NaN for what such a shape does not have.

    Attributes
    ----------
    area : float
        What it covers: all loops of an outline that crosses itself, each place once.
    perimeter : float
        Along its outline as it is drawn; of an outline that crosses itself along all of it.
    length : float
        Of a measurement, from its first point to its last.
    x, y : float
        The centre: of the area that is covered, else of the points.
    """

    area: float = math.nan
    perimeter: float = math.nan
    length: float = math.nan
    x: float = math.nan
    y: float = math.nan


FIELDS = Measure._fields


def measured(annotations: Sequence[Annotation], spacing: UmPerPixel = PIXELS) -> Table:
    """Measure annotations.

    Parameters
    ----------
    annotations : sequence of Annotation
    spacing : (float, float)
        Micrometres per level-0 pixel along x and y, for results in µm² and µm; pixels without.

    Returns
    -------
    ndarray (count, 5), float64
        The columns are those of `Measure`. Points that are no finite numbers do not count.

    Notes
    -----
    Splines are measured along pieces that leave the curve by at most `outline.TOLERANCE_PX`.
    """
    table = np.full((len(annotations), len(FIELDS)), np.nan)
    rows = {"rings": list[int](), "lines": list[int](), "others": list[int]()}
    parts: dict[str, list[Points]] = {name: [] for name in rows}
    for row, annotation in enumerate(annotations):
        points = _finite(outline(annotation))
        if not len(points):
            continue
        if annotation.kind in (Kind.POLYGON, Kind.SPLINE, Kind.RECTANGLE):
            name = "rings"
        else:
            name = "lines" if annotation.kind == Kind.MEASUREMENT else "others"
        rows[name].append(row)
        parts[name].append(points)
    with np.errstate(over="ignore", invalid="ignore"):
        for name in rows:
            if rows[name]:
                table[rows[name], 3:] = _means(parts[name]) * spacing
        if rows["rings"]:
            table[rows["rings"]] = _measured_rings(parts["rings"], table[rows["rings"]], spacing)
        if rows["lines"]:
            lines = [line * spacing for line in parts["lines"]]
            table[rows["lines"], FIELDS.index("length")] = _lengths(lines, closed=False)
    table[~np.isfinite(table)] = np.nan
    return table


class MeasureCache:
    """Remembers what annotations measure, as long as their shapes are the same.

    Parameters
    ----------
    spacing : (float, float)
        As in `measured`.
    """

    def __init__(self, spacing: UmPerPixel = PIXELS) -> None:
        self.spacing = spacing
        self._slots: dict[str, int] = {}
        self._shapes: list[tuple[Points, str]] = []
        self._table: Table = np.empty((64, len(FIELDS)))

    def knows(self, annotation: Annotation) -> bool:
        """Whether its shape has been measured; it may have another name or group since."""
        slot = self._slots.get(annotation.id)
        if slot is None:
            return False
        points, kind = self._shapes[slot]
        return points is annotation.points and kind == annotation.kind

    def unknown(self, annotations: Iterable[Annotation]) -> list[Annotation]:
        """Those whose shapes have not been measured."""
        return [annotation for annotation in annotations if not self.knows(annotation)]

    def keep(self, annotations: Sequence[Annotation], table: Table) -> None:
        """Remember what was `measured` with this spacing."""
        slots = [self._slot(annotation) for annotation in annotations]
        self._table[slots] = table

    def of(self, annotation: Annotation) -> Measure:
        """What one annotation measures; measured now if it must be."""
        if not self.knows(annotation):
            self.keep([annotation], measured([annotation], self.spacing))
        return Measure(*self._table[self._slots[annotation.id]].tolist())

    def column(self, field: str, annotations: Sequence[Annotation]) -> NDArray[np.float64]:
        """One of the columns of `Measure` for many annotations; NaN where it is not known."""
        column = np.full(len(annotations), np.nan)
        known = [row for row, annotation in enumerate(annotations) if self.knows(annotation)]
        slots = [self._slots[annotations[row].id] for row in known]
        column[known] = self._table[slots, FIELDS.index(field)]
        return column

    def _slot(self, annotation: Annotation) -> int:
        shape = annotation.points, annotation.kind
        slot = self._slots.setdefault(annotation.id, len(self._shapes))
        if slot < len(self._shapes):
            self._shapes[slot] = shape
            return slot
        self._shapes.append(shape)
        if slot == len(self._table):
            self._table = np.concatenate([self._table, np.empty_like(self._table)])
        return slot


def _finite(points: Points) -> Points:
    whole = np.isfinite(points)
    return points if whole.all() else points[whole.all(axis=1)]


def _measured_rings(rings: Sequence[Points], table: Table, spacing: UmPerPixel) -> Table:
    """Area, perimeter and centre; the centre stays that of the points where nothing is covered.

    What crosses itself is repaired in pixels: where it only just does, other units would round to
    another shape.
    """
    table = table.copy()
    table[:, 0] = 0.0
    table[:, 1] = _lengths([ring * spacing for ring in rings], closed=True)
    whole = [row for row, ring in enumerate(rings) if len(ring) >= 3]
    if not whole:
        return table
    closed = [np.concatenate([rings[row], rings[row][:1]]) for row in whole]
    owners = np.repeat(np.arange(len(closed)), [len(ring) for ring in closed])
    shapes = shapely.polygons(shapely.linearrings(np.concatenate(closed), indices=owners))
    for index in np.flatnonzero(~shapely.is_valid(shapes)).tolist():
        shape = shapes[index]
        assert isinstance(shape, Polygon)
        shapes[index] = made_valid(shape)
    area, centre = shapely.area(shapes), shapely.centroid(shapes)
    table[whole, 0] = area * spacing[0] * spacing[1]
    covers = area > 0
    covering = np.array(whole)[covers]
    table[covering, 3] = shapely.get_x(centre[covers]) * spacing[0]
    table[covering, 4] = shapely.get_y(centre[covers]) * spacing[1]
    return table


def _lengths(lines: Sequence[Points], *, closed: bool) -> NDArray[np.float64]:
    """How long each line is; with the way back to its first point where it is closed."""
    counts = np.array([len(line) for line in lines])
    starts = np.cumsum(counts) - counts
    points = np.concatenate(lines)
    following = np.roll(points, -1, axis=0)
    last = starts + counts - 1
    following[last] = points[starts] if closed else points[last]
    steps = np.hypot(*(following - points).T)
    lengths: NDArray[np.float64] = np.add.reduceat(steps, starts)
    return lengths


def _means(sets: Sequence[Points]) -> NDArray[np.float64]:
    counts = np.array([len(points) for points in sets])
    starts = np.cumsum(counts) - counts
    points = np.concatenate(sets)
    means: NDArray[np.float64] = np.add.reduceat(points, starts) / counts[:, None]
    return means
