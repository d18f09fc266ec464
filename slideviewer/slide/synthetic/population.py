"""Which cell lives where."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from slideviewer.slide.synthetic.cells import DIRECTIONS, stamps
from slideviewer.slide.synthetic.fields import CELL, Fields
from slideviewer.slide.synthetic.noise import Plane, uniform
from slideviewer.slide.synthetic.scatter import Scatter, Whole, scatter


class Cells(NamedTuple):
    """Cells of one kind.

    Attributes
    ----------
    kind : str
        A key of `slideviewer.slide.synthetic.cells.KINDS`.
    x, y : ndarray (count,), int64
        Their middles, level-0 pixels.
    stamp : ndarray (count,), int64
        Which stamp of the kind's stock.
    """

    kind: str
    x: Whole
    y: Whole
    stamp: Whole


def crowded() -> Scatter:
    """Places of lymphocytes and other small cells."""
    return scatter(23.4, 0.22, 1)


def roomy() -> Scatter:
    """Places of tumour cells and other large ones."""
    return scatter(46.0, 0.18, 2)


# Chances of each kind at a place of its scatter, by the tissue that it falls into.
_SMALL = {
    "cortex": {"lymphocyte": 0.88, "centroblast": 0.05},
    "follicle": {"lymphocyte": 0.97},
    "centre": {"centroblast": 0.62, "lymphocyte": 0.1, "apoptosis": 0.012},
    "sinus": {"lymphocyte": 0.2},
    "stroma": {"lymphocyte": 0.035},
    "septum": {"lymphocyte": 0.16},
    "tumour": {"lymphocyte": 0.008},
    "blood": {"erythrocyte": 0.55},
}
_LARGE = {
    "cortex": {"macrophage": 0.035, "fibroblast": 0.03},
    "centre": {"macrophage": 0.06},
    "sinus": {"macrophage": 0.42, "fibroblast": 0.06},
    "stroma": {"fibroblast": 0.6},
    "septum": {"fibroblast": 0.6},
    "tumour": {"tumour": 0.885, "dark tumour": 0.06, "mitosis": 0.012, "apoptosis": 0.014},
}
_ORDER = ("erythrocyte", "macrophage", "fibroblast", "centroblast", "apoptosis", "lymphocyte",
          "tumour", "dark tumour", "mitosis")  # fmt: skip


def population(
    seed: int, fields: Fields, x: int, y: int, width: int, height: int
) -> Iterator[Cells]:
    """The cells whose middle lies in a rectangle, those to be painted first first."""
    found: dict[str, list[tuple[Whole, Whole]]] = {kind: [] for kind in _ORDER}
    for places, chances, purpose in ((crowded(), _SMALL, 11), (roomy(), _LARGE, 12)):
        at_x, at_y = places.within(x, y, width, height)
        luck = uniform(seed, at_x, at_y, purpose)
        jitter = uniform(seed, at_x, at_y, purpose + 10)
        crowding = fields.at("crowding", at_x, at_y)
        for tissue, here in _tissues(fields, at_x, at_y, jitter).items():
            least = np.zeros(at_x.shape)
            if tissue == "cortex":
                # Paracortex and cords are uneven: in places the cells lie apart.
                least = np.clip(-0.22 * crowding - 0.05, 0, 0.3)
            for kind, chance in chances.get(tissue, {}).items():
                most = least + chance * (1 - least)
                chosen = here & (luck >= least) & (luck < most)
                found[kind].append((at_x[chosen], at_y[chosen]))
                least = most
    for kind in _ORDER:
        at_x = np.concatenate([part[0] for part in found[kind]])
        at_y = np.concatenate([part[1] for part in found[kind]])
        if at_x.size:
            yield Cells(kind, at_x, at_y, _chosen(seed, fields, kind, at_x, at_y))


def _tissues(
    fields: Fields, x: Whole, y: Whole, jitter: NDArray[np.float64]
) -> dict[str, NDArray[np.bool_]]:
    """Which tissue each place belongs to; the borders are blurred a little."""
    blur = ((jitter - 0.5) * 24).astype(np.float32)

    def inside(name: str, by: Plane | float = 0.0) -> NDArray[np.bool_]:
        return np.asarray(fields.at(name, x, y) + by > 0)

    hole, tumour = inside("hole", 6), inside("tumour", -4)
    in_nest = fields.at("tumour", x, y) > -60
    stroma = inside("stroma") & ~hole & ~tumour
    node = inside("node", -8) & ~hole & ~stroma & ~tumour & ~inside("tumour", 8)
    sinus = node & inside("sinus", blur)
    centre = node & ~sinus & inside("centre", blur)
    follicle = node & ~sinus & ~centre & inside("follicle", blur)
    return {
        "blood": inside("hole", -6) & (fields.at("tumour", x, y) < -150) & (jitter < 0.8),
        "tumour": tumour & ~hole,
        "septum": stroma & in_nest,
        "stroma": stroma & ~in_nest,
        "sinus": sinus,
        "centre": centre,
        "follicle": follicle,
        "cortex": node & ~sinus & ~centre & ~follicle,
    }


def _chosen(seed: int, fields: Fields, kind: str, x: Whole, y: Whole) -> Whole:
    """Which stamp each cell gets; a fibroblast one that points along its fibres."""
    if kind != "fibroblast":
        return (uniform(seed, x, y, 31) * len(stamps(kind))).astype(np.int64)
    slope_x = fields.at("stroma", x + CELL, y) - fields.at("stroma", x - CELL, y)
    slope_y = fields.at("stroma", x, y + CELL) - fields.at("stroma", x, y - CELL)
    along = np.arctan2(slope_y, slope_x) + np.pi / 2 + (uniform(seed, x, y, 32) - 0.5) * 0.8
    return pointing(seed, x, y, along)


def pointing(seed: int, x: Whole, y: Whole, along: NDArray[np.floating]) -> Whole:
    """Stamps of fibroblasts that lie along directions in radians."""
    direction = np.round(along / np.pi * DIRECTIONS).astype(np.int64) % DIRECTIONS
    variants = len(stamps("fibroblast")) // DIRECTIONS
    return direction + DIRECTIONS * (uniform(seed, x, y, 31) * variants).astype(np.int64)
