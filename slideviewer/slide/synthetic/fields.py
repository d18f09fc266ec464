"""The plan as coarse maps of distances, from which any part can be drawn by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from slideviewer.annotations.model import Points
from slideviewer.slide.synthetic.noise import Plane, periodic_crop, smooth_texture
from slideviewer.slide.synthetic.plan import Strand, TissuePlan

CELL = 16
"""Side of a map's cell in level-0 pixels."""

_FAR = 4000.0


@dataclass(frozen=True, eq=False)
class Fields:
    """Maps with one number for each 16 × 16 level-0 pixels: shape (rows, columns), float32.

    Attributes
    ----------
    maps : dict of str to ndarray
        Distance in level-0 pixels to the border of a tissue, positive inside: "node", "fat",
        "follicle", "centre", "sinus", "stroma", "tumour", "hole", "pen". "thickness" is the
        section's, around 1; "crowding" how densely cells lie, around 0.
    """

    maps: dict[str, Plane]

    def window(self, name: str, x: int, y: int, width: int, height: int) -> Plane:
        """One map in level-0 pixels over a rectangle whose numbers are multiples of `CELL`."""
        coarse = self._cut(
            name, x // CELL - 1, y // CELL - 1, width // CELL + 2, height // CELL + 2
        )
        size = (coarse.shape[1] * CELL, coarse.shape[0] * CELL)
        large = cv2.resize(coarse, size, interpolation=cv2.INTER_LINEAR)
        return np.asarray(large[CELL:-CELL, CELL:-CELL])

    def greatest(self, name: str, x: int, y: int, width: int, height: int) -> float:
        """The largest value in and just around a rectangle, to skip what is not there."""
        return float(
            self._cut(
                name, x // CELL - 1, y // CELL - 1, width // CELL + 2, height // CELL + 2
            ).max()
        )

    def at(self, name: str, x: NDArray[np.int64], y: NDArray[np.int64]) -> Plane:
        """One map at places in level-0 pixels."""
        values = self.maps[name]
        rows = np.clip(y // CELL, 0, values.shape[0] - 1)
        columns = np.clip(x // CELL, 0, values.shape[1] - 1)
        return values[rows, columns]

    def _cut(self, name: str, column: int, row: int, columns: int, rows: int) -> Plane:
        values = self.maps[name]
        down = np.clip(np.arange(row, row + rows), 0, values.shape[0] - 1)
        across = np.clip(np.arange(column, column + columns), 0, values.shape[1] - 1)
        return values[down[0] : down[-1] + 1, across[0] : across[-1] + 1][
            np.ix_(down - down[0], across - across[0])
        ]


def fields_of(plan: TissuePlan) -> Fields:
    """Draw a plan's maps."""
    shape = (-(-plan.height // CELL), -(-plan.width // CELL))
    node = _distance(shape, plan.nodes)
    fat = _distance(shape, plan.fat)
    fat = np.maximum(fat, -_FAR)
    follicle, centre = _distance(shape, plan.follicles), _distance(shape, plan.centres)
    nest, medulla = _distance(shape, plan.nests), _distance(shape, plan.medulla)
    lumen = _distance(shape, plan.vessels)
    strand = _distance(shape, (), plan.trabeculae)
    pen = _distance(shape, (), (plan.pen,))

    tissue = np.maximum(node, fat)
    waves = [_noise(plan.seed, shape, *band) for band in ((9, 60), (3, 14), (2, 9), (12, 160))]

    capsule = np.minimum(node + 12, plan.capsule * (1 + 0.35 * waves[3]) - node)
    wall = np.minimum(lumen + 26 + 8 * waves[2], 14 - lumen)
    strand = np.minimum(strand, tissue)
    # Septa in a nest: creases of slow noise; the nest's own rim stays free of them.
    crease = np.minimum(70 + 16 * waves[1] - 320 * np.abs(waves[0] + 0.3), nest - 6)
    gland = np.minimum(34 * (waves[1] - 2.05), nest - 60)
    stroma = _greatest(capsule, np.minimum(wall, tissue), np.minimum(strand, -nest), crease)

    below = node - plan.capsule * (1 + 0.35 * waves[3])
    marginal = np.minimum(below, 90 + 45 * waves[1] - below)
    cords = np.minimum(
        np.minimum(110 - 330 * np.abs(waves[0] - 0.1), medulla + 90 * waves[1]), node
    )
    sinus = np.minimum(_greatest(marginal, cords), -10 - nest)
    tear = np.minimum(30 * (np.abs(waves[2]) - 3.3), np.minimum(node - 150, -nest))
    return Fields(
        {
            "node": node,
            "fat": fat,
            "follicle": np.minimum(follicle, -nest),
            "centre": np.minimum(centre, -nest),
            "sinus": sinus,
            "stroma": stroma,
            "tumour": _least(nest, -crease, -gland),
            "hole": _greatest(np.minimum(lumen, tissue), gland, tear),
            "pen": pen,
            "thickness": (1 + 0.07 * waves[3] + 0.03 * waves[0]).astype(np.float32),
            "crowding": (0.6 * waves[3] + 0.6 * waves[1]).astype(np.float32),
        }
    )


def _greatest(*maps: Plane) -> Plane:
    return cast(Plane, np.maximum.reduce(maps))


def _least(*maps: Plane) -> Plane:
    return cast(Plane, np.minimum.reduce(maps))


def _noise(seed: int, shape: tuple[int, int], finest: float, coarsest: float) -> Plane:
    """Noise over the slide, its wavelengths in cells."""
    texture = smooth_texture(1024, finest, coarsest, 901)
    # One texture serves every seed: each looks at another part of it.
    return periodic_crop(texture, seed * 389 % 1024, seed * 611 % 1024, shape[1], shape[0])


def _distance(
    shape: tuple[int, int], areas: tuple[Points, ...], strands: tuple[Strand, ...] = ()
) -> Plane:
    """Signed distance to the border of areas and strands, in level-0 pixels."""
    half, bits = CELL // 2, 6
    mask = np.zeros((shape[0] * 2, shape[1] * 2), np.uint8)
    for area in areas:
        corners = np.round((area / half - 0.5) * 2**bits).astype(np.int32)
        cv2.fillPoly(mask, [corners], (255,), shift=bits)
    for strand in strands:
        corners = np.round((strand.path / half - 0.5) * 2**bits).astype(np.int32)
        left = 1 - strand.taper * np.linspace(0, 1, len(corners)) ** 1.5
        for start, end, share in zip(corners, corners[1:], left[1:], strict=False):
            thickness = max(1, round(strand.width * share / half))
            cv2.line(mask, start.tolist(), end.tolist(), (255,), thickness, shift=bits)
    if not mask.any():
        return np.full(shape, -_FAR, np.float32)
    inside = cv2.distanceTransform(mask, cv2.DIST_L2, 5)
    outside = cv2.distanceTransform(255 - mask, cv2.DIST_L2, 5)
    signed = np.clip((inside - outside) * half, -_FAR, _FAR)
    return cast(Plane, cv2.resize(signed, shape[::-1], interpolation=cv2.INTER_AREA))
