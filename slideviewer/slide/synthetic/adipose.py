"""Fat: large empty cells behind thin membranes."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import shapely
from scipy.spatial import Voronoi, cKDTree
from shapely.geometry import Polygon

from slideviewer.annotations.model import Points
from slideviewer.slide.synthetic.noise import Plane
from slideviewer.slide.synthetic.outlines import outline_points
from slideviewer.slide.synthetic.plan import TissuePlan

_ACROSS_PX = 300.0
"""A fat cell is 50 to 100 µm across."""


@dataclass(frozen=True, eq=False)
class Adipose:
    """The hollow insides of all fat cells.

    Attributes
    ----------
    hollows : tuple of Points
        Their outlines, level-0 pixels.
    boxes : ndarray (count, 4), float64
        Left, top, right and bottom of each.
    nuclei : ndarray (count, 3), float64
        The flat nuclei pressed against some membranes: x, y and direction in radians.
    """

    hollows: tuple[Points, ...]
    boxes: Points
    nuclei: Points

    def window(self, x: int, y: int, width: int, height: int) -> Plane:
        """How hollow each pixel is, 0 to 1: shape (height, width), float32."""
        hollow = np.zeros((height, width), np.uint8)
        near = (
            (self.boxes[:, 0] < x + width + 2)
            & (self.boxes[:, 1] < y + height + 2)
            & (self.boxes[:, 2] > x - 2)
            & (self.boxes[:, 3] > y - 2)
        )
        for index in np.flatnonzero(near):
            left, top = np.floor(self.boxes[index, :2]).astype(int) - 3
            right, bottom = np.ceil(self.boxes[index, 2:]).astype(int) + 4
            # Each on a canvas of its own, whole, so that no window's border changes a pixel.
            canvas = np.zeros((bottom - top, right - left), np.uint8)
            corners = np.round((self.hollows[index] - (left, top)) * 16).astype(np.int32)
            cv2.fillPoly(canvas, [corners], (255,), lineType=cv2.LINE_AA, shift=4)
            canvas = np.asarray(cv2.GaussianBlur(canvas, (0, 0), 1.1), dtype=np.uint8)
            x0, y0 = max(left, x), max(top, y)
            x1, y1 = min(right, x + width), min(bottom, y + height)
            if x0 < x1 and y0 < y1:
                here = hollow[y0 - y : y1 - y, x0 - x : x1 - x]
                np.maximum(here, canvas[y0 - top : y1 - top, x0 - left : x1 - left], out=here)
        return np.multiply(hollow, 1 / 255, dtype=np.float32)


def adipose_of(plan: TissuePlan) -> Adipose:
    """Fill a plan's fat with cells."""
    rng = np.random.default_rng([plan.seed, 51])
    solid = [Polygon(node).buffer(-10) for node in plan.nodes]
    solid += [shapely.LineString(s.path).buffer(s.width / 2) for s in plan.trabeculae]
    solid += [Polygon(lumen).buffer(30) for lumen in plan.vessels]
    room = shapely.union_all([Polygon(part) for part in plan.fat]).buffer(-4)
    room = room.difference(shapely.union_all(solid))
    hollows: list[Points] = []
    for cell in _cells(rng, room.bounds):
        inside = cell.buffer(-3.2 - rng.exponential(0.8)).intersection(room)
        for part in shapely.get_parts(inside):
            rounding = 0.15 * part.area**0.5
            smooth = part.buffer(-rounding).buffer(rounding, quad_segs=6)
            for hollow in shapely.get_parts(smooth):
                if isinstance(hollow, Polygon) and hollow.area > 600:
                    hollows.append(outline_points(hollow))
    boxes = np.array([[*h.min(axis=0), *h.max(axis=0)] for h in hollows]).reshape(-1, 4)
    return Adipose(tuple(hollows), boxes, _nuclei(rng, hollows))


def _nuclei(rng: np.random.Generator, hollows: list[Points]) -> Points:
    found = []
    for hollow in hollows:
        if rng.random() < 0.6:
            corner = int(rng.integers(len(hollow)))
            way = hollow[(corner + 1) % len(hollow)] - hollow[corner]
            place = hollow[corner] + way * rng.uniform(0, 1)
            found.append((*place, np.arctan2(way[1], way[0])))
    return np.array(found).reshape(-1, 3)


def _cells(rng: np.random.Generator, bounds: tuple[float, float, float, float]) -> list[Polygon]:
    """Share a rectangle out among unevenly placed middles."""
    left, top, right, bottom = bounds
    size = np.array([right - left, bottom - top])
    count = max(8, round(size[0] * size[1] / _ACROSS_PX**2 * 1.25))
    middles = rng.random((count, 2)) * size + (left, top)
    for _ in range(6):
        gaps, near = cKDTree(middles).query(middles, k=5)
        away = middles[:, None] - middles[near[:, 1:]]
        push = np.maximum(0, 0.95 * _ACROSS_PX - gaps[:, 1:, None]) / np.maximum(
            gaps[:, 1:, None], 1
        )
        middles = middles + 0.3 * (away * push).sum(axis=1)
    shares = Voronoi(middles)
    regions = [shares.regions[index] for index in shares.point_region]
    return [Polygon(shares.vertices[r]) for r in regions if r and -1 not in r]
