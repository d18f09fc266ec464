"""Labelled tiles of the made tissue, without a slide."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import shapely
from shapely.geometry import Point, Polygon
from shapely.geometry.base import BaseGeometry

from slideviewer.slide.slide import Pixels
from slideviewer.slide.synthetic.painting import Painter
from slideviewer.slide.synthetic.plan import SPACING_UM_PX, TissuePlan, plan

_TUMOUR_SHARE = 0.5
"""A tile shows tumour where nests cover at least this part of it."""
_FREE_SHARE = 0.02
"""Tiles of other tissue touch a nest by no more than this."""


def sample_tiles(
    seed: int, count_per_class: int, tile_size: int, spacing_um_px: float
) -> Iterator[tuple[Pixels, bool]]:
    """Draw labelled tiles, tumour and other tissue in turn.

    A tumour tile is covered by nests by half or more; the others hardly touch one and come in
    turn from lymphoid tissue, follicles, sinuses, the capsule, stroma, fat, the pen and glass.
    All tiles of a seed share one stain; ask with several seeds for several stains.

    Parameters
    ----------
    seed : int
    count_per_class : int
        Tiles of each of the two classes.
    tile_size : int
        Side in pixels.
    spacing_um_px : float
        Micrometres per pixel wanted.

    Yields
    ------
    pixels : ndarray (tile_size, tile_size, 3), uint8, RGB
    is_tumour : bool
    """
    drawing = plan(seed)
    painter = Painter.of(drawing)
    rng = np.random.default_rng([seed, 61])
    side = max(1, round(tile_size * spacing_um_px / SPACING_UM_PX))
    nests = shapely.union_all([Polygon(nest) for nest in drawing.nests])
    shapely.prepare(nests)
    others = _other_places(drawing)
    for number in range(count_per_class):
        for is_tumour in (True, False):
            room = nests if is_tumour else others[number % len(others)]
            x, y = _corner(rng, room, nests, side, is_tumour, drawing)
            pixels = painter.paint(x, y, side, side)
            if side != tile_size:
                way = cv2.INTER_AREA if side > tile_size else cv2.INTER_LINEAR
                scaled = cv2.resize(pixels, (tile_size, tile_size), interpolation=way)
                pixels = np.asarray(scaled, dtype=np.uint8)
            yield pixels, is_tumour


def _other_places(drawing: TissuePlan) -> list[BaseGeometry]:
    """Every tissue but tumour, as areas; common ones more than once."""
    node = shapely.union_all([Polygon(part) for part in drawing.nodes])
    fat = shapely.union_all([Polygon(part) for part in drawing.fat]).difference(node)
    follicles = shapely.union_all([Polygon(part) for part in drawing.follicles])
    medulla = shapely.union_all([Polygon(part) for part in drawing.medulla])
    strands = [shapely.LineString(s.path).buffer(s.width) for s in drawing.trabeculae]
    pen = shapely.LineString(drawing.pen.path).buffer(drawing.pen.width / 2)
    nests = shapely.union_all([Polygon(nest) for nest in drawing.nests])
    glass = shapely.box(0, 0, drawing.width, drawing.height).difference(drawing.tissue)
    places = [
        node,
        follicles,
        medulla.intersection(node),
        node.boundary.buffer(drawing.capsule),
        node,
        shapely.union_all(strands),
        fat,
        nests.buffer(900).intersection(node),
        pen,
        glass,
    ]
    return [place for place in places if not place.is_empty]


def _corner(
    rng: np.random.Generator,
    room: BaseGeometry,
    nests: BaseGeometry,
    side: int,
    is_tumour: bool,
    drawing: TissuePlan,
) -> tuple[int, int]:
    """The upper left corner of a tile whose middle lies in a room and whose label is right."""
    parts = shapely.get_parts(room)
    shares = np.sqrt(shapely.area(parts))  # so that small nests are seen as well as the largest
    shares /= shares.sum()
    while True:
        left, top, right, bottom = parts[rng.choice(len(parts), p=shares)].bounds
        middle = Point(rng.uniform(left, right), rng.uniform(top, bottom))
        if not room.contains(middle):
            continue
        x = int(np.clip(middle.x - side / 2, 0, max(0, drawing.width - side)))
        y = int(np.clip(middle.y - side / 2, 0, max(0, drawing.height - side)))
        tile = shapely.box(x, y, x + side, y + side)
        covered = nests.intersection(tile).area / tile.area
        if covered >= _TUMOUR_SHARE if is_tumour else covered <= _FREE_SHARE:
            return x, y
