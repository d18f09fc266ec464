"""The shape of an annotation as ASAP draws it, its area, and the same as a polygon."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import MultiPolygon, Polygon

from slideviewer.annotations.model import Annotation, Kind, Points, as_points

TOLERANCE_PX = 0.25
"""How far the straight pieces may leave a spline, in level-0 pixels: a quarter of the finest
pixel cannot be seen."""
_MOST_PIECES = 1024
"""Of one stretch between two vertices: it bounds what absurd coordinates can cost."""
_MOST_POINTS = 4_000_000
"""Of one whole spline, for the same reason; the pieces become longer where it would be more."""

_REPAIRS = 4
"""Of a curve that runs back along itself, rounding makes the repaired shape invalid now and then;
in a hundred thousand random ones a second repair always helped."""


def outline(annotation: Annotation, tolerance_px: float = TOLERANCE_PX) -> Points:
    """The closed curve around an annotation, as ASAP draws it.

    Parameters
    ----------
    annotation : Annotation
    tolerance_px : float
        How far the straight pieces may leave a spline's curve, in level-0 pixels.

    Returns
    -------
    ndarray (count, 2), float64
        Level-0 pixels; the last point is joined to the first, which is not repeated. A spline's
        points hold its vertices, in order. Of an annotation that encloses nothing (points, a
        measurement), the vertices.

    Notes
    -----
    A spline is the closed centripetal Catmull-Rom curve (alpha 0.5) through the vertices
    (Barry and Goldman 1988; Yuksel et al., "Parameterization and applications of Catmull-Rom
    curves", 2011), as in ASAP. Vertices that repeat the one before them are left out here, and
    only here: the curve has no tangent between them.
    """
    if annotation.kind != Kind.SPLINE:
        return annotation.points
    return _spline(annotation.points, tolerance_px)


def as_polygon(
    annotation: Annotation, tolerance_px: float = TOLERANCE_PX
) -> Polygon | MultiPolygon:
    """What an annotation covers, as a valid shape.

    A curve that crosses itself covers all its loops. What encloses nothing gives an empty
    polygon.

    Parameters
    ----------
    annotation : Annotation
    tolerance_px : float
        As in `outline`.
    """
    return made_valid(as_drawn(annotation, tolerance_px))


def as_drawn(annotation: Annotation, tolerance_px: float = TOLERANCE_PX) -> Polygon:
    """The same as it is drawn, valid or not, which of a vast one takes a second to find out."""
    if annotation.kind not in (Kind.POLYGON, Kind.SPLINE, Kind.RECTANGLE):
        return Polygon()
    points = outline(annotation, tolerance_px)
    if not np.isfinite(points).all():
        points = points[np.isfinite(points).all(axis=1)]
    return Polygon(points) if len(points) >= 3 else Polygon()


def made_valid(shape: Polygon | MultiPolygon) -> Polygon | MultiPolygon:
    """A valid shape of the same cover: all loops of a curve that crosses itself, no stray lines."""
    repaired = shape
    for _ in range(_REPAIRS):
        # The function: unlike the property of the same name it lets other threads run meanwhile.
        if shapely.is_valid(repaired):
            return repaired
        again = shapely.make_valid(repaired, method="structure", keep_collapsed=False)
        repaired = _polygons_of(again)
    # Always valid, but a loop over another loop counts as outside.
    return _polygons_of(shapely.make_valid(shape))


def _polygons_of(shape: shapely.Geometry) -> Polygon | MultiPolygon:
    parts = shapely.get_parts(shapely.get_parts(shape))
    areas = [part for part in parts if isinstance(part, Polygon) and not part.is_empty]
    return areas[0] if len(areas) == 1 else MultiPolygon(areas)


def area(annotation: Annotation) -> float:
    """The area that an annotation covers, in square level-0 pixels; 0 where it encloses none."""
    return float(as_polygon(annotation).area)


def encloses(points: Points, x: float, y: float) -> bool:
    """Whether an outline goes around a place an odd number of times.

    It takes a few milliseconds of a million vertices, and asks for no valid shape. On the line
    itself both answers are right.

    Parameters
    ----------
    points : ndarray (count, 2)
        Joined at the ends.
    x, y : float
        Level-0 pixels.
    """
    is_below = points[:, 1] > y
    # Edges from one side of the horizontal line through the place to the other.
    (crossing,) = np.nonzero(is_below != np.roll(is_below, -1))
    (x1, y1), (x2, y2) = points[crossing].T, points[(crossing + 1) % len(points)].T
    with np.errstate(over="ignore", invalid="ignore"):
        at = x1 + (y - y1) / (y2 - y1) * (x2 - x1)
    return bool(np.count_nonzero(at > x) % 2)


def contains(annotation: Annotation, x: float, y: float) -> bool:
    """Whether a point, in level-0 pixels, lies inside an annotation or on its edge."""
    return bool(shapely.intersects_xy(as_polygon(annotation), x, y))


def _spline(points: Points, tolerance_px: float) -> Points:
    knots = _without_repeats(points)
    if len(knots) < 3:
        return as_points(knots)
    with np.errstate(over="ignore", invalid="ignore"):
        first, second = _handles(knots)
        ends = np.roll(knots, -1, axis=0)
        pieces = _piece_counts(knots, first, second, ends, tolerance_px)
        stretch = np.repeat(np.arange(len(knots)), pieces)
        step = np.arange(len(stretch)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
        t = (step / pieces[stretch])[:, None]
        s = 1 - t
        curve = (
            s**3 * knots[stretch]
            + 3 * s**2 * t * first[stretch]
            + 3 * s * t**2 * second[stretch]
            + t**3 * ends[stretch]
        )
    curve[step == 0] = knots  # exactly, also where the handles overflowed
    return as_points(curve[np.isfinite(curve).all(axis=1)])


def _without_repeats(points: Points) -> Points:
    """The finite vertices, without those that lie where the one before them (in the ring) does."""
    finite = points[np.isfinite(points).all(axis=1)]
    if len(finite) < 2:
        return finite
    with np.errstate(over="ignore"):
        step = np.hypot(*(finite - np.roll(finite, 1, axis=0)).T)
    return finite[step > 0] if step.any() else finite[:1]


def _handles(knots: Points) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The two inner control points of the cubic Bézier from each vertex to the next.

    They follow from the curve's tangents at knots spaced by the square root of the distance;
    written with unit vectors, so that very short stretches beside long ones keep their digits.
    """
    to_next = np.roll(knots, -1, axis=0) - knots
    length = np.hypot(*to_next.T)[:, None]
    unit = to_next / length
    root = np.sqrt(length)
    before, after = np.roll(root, 1, axis=0), np.roll(root, -1, axis=0)
    tangent_in = before * to_next + length * before * np.roll(unit, 1, axis=0)
    tangent_out = after * to_next + length * after * np.roll(unit, -1, axis=0)
    first = knots + tangent_in / (3 * (before + root))
    second = np.roll(knots, -1, axis=0) - tangent_out / (3 * (after + root))
    return first, second


def _piece_counts(
    starts: NDArray[np.float64],
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    ends: NDArray[np.float64],
    tolerance_px: float,
) -> NDArray[np.int64]:
    """Pieces for each stretch: n pieces leave a curve by at most its second derivative / (8 n²)."""
    bend = np.maximum(
        np.hypot(*(starts - 2 * first + second).T), np.hypot(*(first - 2 * second + ends).T)
    )
    wanted = np.sqrt(6 * np.nan_to_num(bend) / (8 * tolerance_px))
    wanted *= min(1.0, _MOST_POINTS / max(1.0, float(np.minimum(wanted, _MOST_PIECES).sum())))
    pieces: NDArray[np.int64] = np.clip(np.ceil(wanted), 1, _MOST_PIECES).astype(np.int64)
    return pieces
