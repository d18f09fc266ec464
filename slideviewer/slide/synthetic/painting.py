"""Paint any rectangle of the planned slide by itself, the same whatever lies around it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np

from slideviewer.slide.slide import Pixels
from slideviewer.slide.synthetic.adipose import Adipose, adipose_of
from slideviewer.slide.synthetic.cells import LARGEST_RADIUS, stamps
from slideviewer.slide.synthetic.fields import CELL, Fields, fields_of
from slideviewer.slide.synthetic.ground import ground
from slideviewer.slide.synthetic.noise import Plane, made_once, periodic_crop, smooth_texture
from slideviewer.slide.synthetic.plan import TissuePlan
from slideviewer.slide.synthetic.population import Cells, pointing, population
from slideviewer.slide.synthetic.stain import Stain

_MARGIN = -(-(LARGEST_RADIUS + 1) // CELL) * CELL
_GRAIN_LEVELS = 1.6
"""Standard deviation of the scanner's noise, in steps of 0 to 255."""


@dataclass(frozen=True, eq=False)
class Painter:
    """Everything that is needed to paint; safe to use from several threads.

    Attributes
    ----------
    plan : TissuePlan
    fields : Fields
    adipose : Adipose
    stain : Stain
    """

    plan: TissuePlan
    fields: Fields
    adipose: Adipose
    stain: Stain

    @classmethod
    def of(cls, plan: TissuePlan) -> Painter:
        """Prepare to paint a plan, in the stain of its seed."""
        return cls(plan, fields_of(plan), adipose_of(plan), Stain.of_seed(plan.seed, plan.ink))

    def paint(self, x: int, y: int, width: int, height: int) -> Pixels:
        """Paint a rectangle of level 0.

        Parameters
        ----------
        x, y, width, height : int
            Level-0 pixels.

        Returns
        -------
        ndarray (height, width, 3), uint8, RGB
        """
        left, top = x // CELL * CELL - _MARGIN, y // CELL * CELL - _MARGIN
        across = -(-(x + width) // CELL) * CELL + _MARGIN - left
        down = -(-(y + height) // CELL) * CELL + _MARGIN - top
        box = (left, top, across, down)
        if max(self.fields.greatest(name, *box) for name in ("node", "fat", "pen")) < -80:
            return np.broadcast_to(self.stain.white.astype(np.uint8), (height, width, 3)).copy()
        dyes = ground(self.plan.seed, self.fields, self.adipose, *box)
        self._stamp(dyes, *box)
        inner = dyes[y - top : y - top + height, x - left : x - left + width]
        grain = periodic_crop(_grain(), x, y, width, height)
        return self.stain.coloured(np.ascontiguousarray(inner), grain)

    def _stamp(self, dyes: Plane, left: int, top: int, width: int, height: int) -> None:
        """Lay all cells that reach into a rectangle onto its dyes."""
        cells = dyes[..., :2]
        tissue = population(self.plan.seed, self.fields, left, top, width, height)
        fat = self._fat_nuclei(left, top, width, height)
        for kind, at_x, at_y, chosen in chain(fat, tissue):
            stock = stamps(kind)
            columns, rows = (at_x - left).tolist(), (at_y - top).tolist()
            for number, column, row in zip(chosen.tolist(), columns, rows, strict=True):
                stamp = stock[number]
                reach = len(stamp.keep) // 2
                x0, y0 = max(column - reach, 0), max(row - reach, 0)
                here = cells[y0 : row + reach + 1, x0 : column + reach + 1]
                if here.shape == stamp.keep.shape:
                    here *= stamp.keep
                    here += stamp.add
                else:
                    y1, x1 = y0 - row + reach, x0 - column + reach
                    part = np.s_[y1 : y1 + here.shape[0], x1 : x1 + here.shape[1]]
                    here *= stamp.keep[part]
                    here += stamp.add[part]

    def _fat_nuclei(self, left: int, top: int, width: int, height: int) -> Iterator[Cells]:
        nuclei = self.adipose.nuclei
        inside = (nuclei[:, 0] >= left) & (nuclei[:, 0] < left + width)
        inside &= (nuclei[:, 1] >= top) & (nuclei[:, 1] < top + height)
        if inside.any():
            at_x, at_y = np.floor(nuclei[inside, :2]).astype(np.int64).T
            chosen = pointing(self.plan.seed, at_x, at_y, nuclei[inside, 2])
            yield Cells("fibroblast", at_x, at_y, chosen)


@made_once
def _grain() -> Plane:
    channels = [smooth_texture(512, 1.2, 6.0, 910 + channel) for channel in range(3)]
    return np.stack(channels, axis=-1) * np.float32(_GRAIN_LEVELS)
