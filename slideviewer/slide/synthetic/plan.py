"""What lies where on the made slide: a lymph node with metastases, as vectors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from slideviewer.annotations.model import Points, as_points
from slideviewer.slide.synthetic.outlines import blob, largest, lobed, outline_points, wavy_line

SPACING_UM_PX = 0.25
"""Micrometres per level-0 pixel of every made slide: a 40× scan."""

_FULL_SIZE = (24576, 20480)


@dataclass(frozen=True, eq=False)
class Strand:
    """A band of given width: a trabecula, a vessel wall, a stroke of a pen.

    Attributes
    ----------
    path : Points
        Its middle line, level-0 pixels.
    width : float
        At its start, in level-0 pixels.
    taper : float
        How much thinner it is at its end, in parts of the width.
    """

    path: Points
    width: float
    taper: float = 0.0


@dataclass(frozen=True, eq=False)
class TissuePlan:
    """A slide's tissue in level-0 pixels; closed outlines do not repeat their first vertex.

    Attributes
    ----------
    seed : int
    width, height : int
        Of level 0.
    capsule : float
        Thickness of the nodes' capsule, level-0 pixels.
    nodes : tuple of Points
        Lymph nodes, capsule included.
    fat : tuple of Points
        Fatty tissue; where it overlaps a node, the node lies on top.
    follicles, centres : tuple of Points
        Lymphoid follicles and, inside some, their paler germinal centres.
    medulla : tuple of Points
        Where sinuses run between cords of cells.
    trabeculae : tuple of Strand
        Bands of collagen in nodes and fat.
    vessels : tuple of Points
        Lumina of blood vessels; their walls lie around.
    nests : tuple of Points
        Exact outlines of all tumour nests, largest first.
    pen : Strand
        The felt pen's stroke beside and over the margin.
    ink : str
        The pen's colour, "green" or "blue".
    """

    seed: int
    width: int
    height: int
    capsule: float
    nodes: tuple[Points, ...]
    fat: tuple[Points, ...]
    follicles: tuple[Points, ...]
    centres: tuple[Points, ...]
    medulla: tuple[Points, ...]
    trabeculae: tuple[Strand, ...]
    vessels: tuple[Points, ...]
    nests: tuple[Points, ...]
    pen: Strand
    ink: str

    @cached_property
    def tissue(self) -> BaseGeometry:
        """All that is not glass."""
        return shapely.union_all([Polygon(part) for part in self.nodes + self.fat])


def plan(seed: int, width: int = _FULL_SIZE[0], height: int = _FULL_SIZE[1]) -> TissuePlan:
    """Plan a slide; the same seed and size always give the same plan.

    Parameters
    ----------
    seed : int
    width, height : int
        Level-0 pixels, at least 1024 each. On slides smaller than 24,576 × 20,480 the tissue
        shrinks, not its cells.
    """
    if min(width, height) < 1024:
        raise ValueError(f"a made slide is at least 1024 px wide and high, not {width} × {height}")
    rng = np.random.default_rng(seed)
    unit = min(width / _FULL_SIZE[0], height / _FULL_SIZE[1])
    middle = np.array([width, height]) / 2
    fine = max(unit, 0.3)

    node = _bean(rng, middle + np.array([-2300, -700]) * unit, 7000 * unit)
    small = blob(
        rng,
        tuple(middle + np.array([8300, -5600 + rng.uniform(-600, 600)]) * unit),
        1750 * unit,
        roughness=0.07,
        stretch=1.4,
    )
    nodes = (node, small)
    fat_middle = middle + np.array([5200, 4300]) * unit
    fat = blob(rng, tuple(fat_middle), 4700 * unit, roughness=0.16, stretch=1.25)
    rim = node.buffer(260 * unit).intersection(
        blob(rng, tuple(middle + np.array([0, 3000]) * unit), 7500 * unit, roughness=0.2)
    )
    fatty = largest(shapely.union_all([fat, rim, small.buffer(300 * unit)]))
    fatty = largest(fatty.intersection(shapely.box(0, 0, width, height).buffer(-200 * unit)))

    capsule = 110 * fine
    nests = _nests(rng, nodes, unit, capsule)
    medulla = blob(rng, tuple(middle + np.array([600, 1900]) * unit), 2900 * unit, roughness=0.2)
    follicles, centres = _follicles(rng, nodes, [*nests, medulla], unit)
    trabeculae = tuple(_trabeculae(rng, node, fatty, middle, unit, fine))
    vessels = tuple(_vessels(rng, node, fatty, nests, unit, fine))
    return TissuePlan(
        seed=seed,
        width=width,
        height=height,
        capsule=capsule,
        nodes=tuple(outline_points(part) for part in nodes),
        fat=(outline_points(fatty),),
        follicles=follicles,
        centres=centres,
        medulla=(outline_points(medulla),),
        trabeculae=trabeculae,
        vessels=vessels,
        nests=tuple(outline_points(nest) for nest in nests),
        pen=_pen(rng, node, unit),
        ink="green" if seed % 2 else "blue",
    )


def _bean(rng: np.random.Generator, centre: NDArray[np.float64], radius: float) -> Polygon:
    """A node's outline: an uneven ellipse with the dent of the hilum at the lower right."""
    angle = np.linspace(0, 2 * np.pi, 1600, endpoint=False)
    orders = np.arange(2, 30)
    waves = np.cos(angle[:, None] * orders + rng.uniform(0, 7, orders.size)) @ (
        rng.normal(0, 0.07, orders.size) / orders**1.1
    )
    dent = 0.32 * np.exp(-(((angle - 0.85 + np.pi) % (2 * np.pi) - np.pi) ** 2) / 0.16)
    reach = radius * (1 + waves - dent)
    offsets = np.stack([1.12 * reach * np.cos(angle), 0.94 * reach * np.sin(angle)], axis=1)
    return Polygon(centre + offsets)


def _nests(
    rng: np.random.Generator, nodes: tuple[Polygon, ...], unit: float, capsule: float
) -> list[Polygon]:
    """Tumour nests from 1.5 down to 0.1 mm across, apart from one another, inside the nodes."""
    count = int(rng.integers(8, 15))
    # Few large ones and many small ones.
    fall = np.linspace(0, 1, count) ** 0.6
    across_mm = rng.uniform(1.15, 1.45) ** (1 - fall) * 0.1**fall * rng.uniform(0.9, 1.1, count)
    across_mm = np.clip(np.sort(across_mm)[::-1], 0.1, 1.5)
    inner = [node.buffer(-1.2 * capsule).simplify(4 * unit) for node in nodes]
    for room in inner:
        shapely.prepare(room)
    found: list[Polygon] = []
    for number, across in enumerate(across_mm):
        radius = across * 1000 / SPACING_UM_PX / 2 * unit
        room = inner[1] if number == count // 2 else inner[0]
        for _ in range(400):
            left, top, right, bottom = room.bounds
            centre = (rng.uniform(left, right), rng.uniform(top, bottom))
            place = Point(centre)
            reach = 0.85 * radius  # cheap refusals first
            if not room.contains(place) or room.exterior.distance(place) < reach:
                continue
            if not _is_apart(place, found, reach):
                continue
            nest = lobed(rng, centre, radius)
            if room.contains(nest) and _is_apart(nest, found, 320 * unit):
                found.append(nest)
                break
    return sorted(found, key=lambda nest: -nest.area)


def _is_apart(shape: BaseGeometry, others: list[Polygon], gap: float) -> bool:
    return not others or float(shapely.distance(shape, others).min()) > gap


def _follicles(
    rng: np.random.Generator, nodes: tuple[Polygon, ...], keep_off: list[Polygon], unit: float
) -> tuple[tuple[Points, ...], tuple[Points, ...]]:
    """Follicles in the cortex, a little below the capsule; most with a germinal centre."""
    taken = [part.simplify(8 * unit) for part in keep_off]
    follicles, centres = [], []
    for node, tries in zip(nodes, (260, 40), strict=True):
        cortex = node.buffer(-950 * unit).exterior
        for _ in range(tries):
            radius = rng.uniform(420, 850) * unit
            place = cortex.interpolate(rng.uniform(0, cortex.length))
            centre = (
                place.x + rng.normal(0, 220) * unit,
                place.y + rng.normal(0, 220) * unit,
            )
            if not _is_apart(Point(centre), taken, radius):
                continue
            follicle = blob(rng, centre, radius, roughness=0.07, stretch=rng.uniform(1, 1.35))
            if not _is_apart(follicle, taken, 130 * unit) or not node.contains(follicle):
                continue
            taken.append(follicle)
            follicles.append(outline_points(follicle))
            if rng.random() < 0.75:
                size = radius * rng.uniform(0.45, 0.68)
                centres.append(outline_points(blob(rng, centre, size, roughness=0.06)))
    return tuple(follicles), tuple(centres)


def _trabeculae(
    rng: np.random.Generator,
    node: Polygon,
    fatty: Polygon,
    middle: NDArray[np.float64],
    unit: float,
    fine: float,
) -> Iterator[Strand]:
    rim = node.exterior
    for turn in np.arange(9) / 9 + rng.uniform(-0.03, 0.03, 9):
        place = rim.interpolate(turn % 1, normalized=True)
        start = np.array([place.x, place.y])
        aim = middle + rng.normal(0, 1500, 2) * unit
        end = start + (aim - start) * rng.uniform(0.25, 0.6)
        yield Strand(wavy_line(rng, start, end, 0.07), rng.uniform(90, 190) * fine, 0.85)
    # Septa cross the fat from side to side and part it into lobules.
    left, top, right, bottom = fatty.bounds
    heart = np.array([(left + right) / 2, (top + bottom) / 2])
    for _ in range(5):
        turn = rng.uniform(0, np.pi)
        reach = np.array([np.cos(turn), np.sin(turn)]) * (right - left)
        aside = heart + rng.normal(0, 0.2, 2) * (right - left, bottom - top)
        line = LineString(wavy_line(rng, aside - reach, aside + reach, 0.07))
        for part in shapely.get_parts(line.intersection(fatty.difference(node))):
            if part.length > 300 * unit:
                yield Strand(as_points(part.coords), rng.uniform(14, 40) * fine)


def _vessels(
    rng: np.random.Generator,
    node: Polygon,
    fatty: Polygon,
    nests: list[Polygon],
    unit: float,
    fine: float,
) -> Iterator[Points]:
    taken = [nest.simplify(8 * unit) for nest in nests]
    for room, count, largest_px in ((node.buffer(-500 * unit), 46, 110), (fatty, 16, 260)):
        left, top, right, bottom = room.bounds
        for _ in range(count):
            centre = (rng.uniform(left, right), rng.uniform(top, bottom))
            radius = 28 + rng.random() ** 2 * largest_px * fine
            lumen = blob(rng, centre, radius, roughness=0.15, stretch=rng.uniform(1, 2.4), step=8)
            if room.contains(lumen) and _is_apart(lumen, taken, radius + 40):
                taken.append(lumen)
                yield outline_points(lumen)


def _pen(rng: np.random.Generator, node: Polygon, unit: float) -> Strand:
    """A stroke along the left margin, mostly on the glass and partly on the tissue."""
    rim = node.buffer(40 * unit).exterior
    start = rim.project(Point(node.bounds[0], (node.bounds[1] + node.bounds[3]) / 2))
    span = rng.uniform(0.14, 0.2) * rim.length
    stops = start + np.linspace(0, span, 60)
    path = [rim.interpolate(stop % rim.length) for stop in stops]
    sway = np.cumsum(rng.normal(0, 12 * unit, (60, 2)), axis=0)
    return Strand(as_points([(p.x, p.y) for p in path] + sway), 620 * unit)
