"""Where on a slide tiles of each class can be taken: a lattice, a rule, and what each place is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from slideviewer.geometry import Rect
from slideviewer.slide.tissue import TissueMask
from slideviewer.training.label_map import LEFT_OUT, LabelMap, class_names
from slideviewer.training.place_rules import CLASS, RING, TISSUE, PlaceRules

_NO_NUMBERS = np.zeros(0, np.int64)
_ANY = 1e-6
"""A share above this is not nothing."""


@dataclass(frozen=True, eq=False)
class Places:
    """Places of tiles on one slide.

    Attributes
    ----------
    x, y : ndarray (n,), float64
        Middle of each tile, in level-0 pixels.
    labels : ndarray (n,), int64
        Index of its class.
    kinds : ndarray (n,), int64
        Index into `KINDS`.
    is_fallback : bool
        Whether only the middle half of each tile was judged.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    labels: NDArray[np.int64]
    kinds: NDArray[np.int64]
    is_fallback: bool = False

    def __len__(self) -> int:
        return len(self.x)

    @classmethod
    def together(cls, parts: Sequence[Places]) -> Places:
        """Those of several slides, one after the other."""
        return cls(
            np.concatenate([np.zeros(0), *(part.x for part in parts)]),
            np.concatenate([np.zeros(0), *(part.y for part in parts)]),
            np.concatenate([_NO_NUMBERS, *(part.labels for part in parts)]),
            np.concatenate([_NO_NUMBERS, *(part.kinds for part in parts)]),
        )

    def take(self, chosen: NDArray[np.int64]) -> Places:
        """Some of them."""
        return Places(
            self.x[chosen],
            self.y[chosen],
            self.labels[chosen],
            self.kinds[chosen],
            self.is_fallback,
        )


def find_places(
    marked: LabelMap,
    tissue: TissueMask,
    area: Rect,
    tile_side: float,
    spacing_um_px: float,
    rules: PlaceRules,
    *,
    is_partial: bool = False,
) -> Places:
    """Find all places for tiles of a slide.

    A tile is of the marked class that covers most of it, if that is as much as the rule wants;
    of the rest where the part that counts shows nothing marked, and enough tissue. What is in
    between is left out, and so is what touches an ignored area.

    Parameters
    ----------
    marked : LabelMap
    tissue : TissueMask
    area : Rect
        The scanned part, in level-0 pixels.
    tile_side : float
        In level-0 pixels.
    spacing_um_px : float
        Of level 0.
    rules : PlaceRules
    is_partial : bool
        Whether only part of the slide was annotated: there is then no rest.
    """
    whole = rules.rule.part
    found = _on_lattice(marked, tissue, area, tile_side, spacing_um_px, rules, is_partial, whole)
    target = class_names(rules.classes).index(rules.target)
    count = int((found.labels == target).sum())
    if (marked.labels == target + 1).any() and count < rules.few and rules.rule.part > 0.5:
        finer = replace(
            rules,
            rule=replace(rules.rule, part=rules.rule.part / 2),
            overlap=(1 + rules.overlap) / 2,
        )
        again = _on_lattice(
            marked, tissue, area, tile_side, spacing_um_px, finer, is_partial, whole
        )
        if int((again.labels == target).sum()) > count:
            return replace(again, is_fallback=True)
    return found


def _on_lattice(
    marked: LabelMap,
    tissue: TissueMask,
    area: Rect,
    tile_side: float,
    spacing_um_px: float,
    rules: PlaceRules,
    is_partial: bool,
    rest_part: float,
) -> Places:
    step = tile_side * (1 - rules.overlap)
    x = _middles(area.x, area.right, step, tile_side)
    y = _middles(area.y, area.bottom, step, tile_side)
    scale = marked.grid.scale
    numbers = range(1, len(class_names(rules.classes)) + 1)

    def shares_of(part: float) -> NDArray[np.float64]:
        half = part * tile_side / 2
        return np.stack(
            [_shares(marked.labels == number, scale, x, y, half) for number in numbers], axis=-1
        )

    shares = shares_of(rules.rule.part)
    wanted = max(rules.rule.least - _ANY, _ANY)
    likeliest = shares.argmax(axis=-1)
    labels = np.where(shares.max(axis=-1) >= wanted, likeliest, -1)
    kinds = np.full(labels.shape, CLASS)
    if rules.rest is not None and not is_partial:
        height, width = tissue.mask.shape
        tissue_scale = tissue.extent.width / width, tissue.extent.height / height
        has_tissue = _shares(tissue.mask, tissue_scale, x, y, tile_side / 2) >= rules.least_tissue
        marks = shares if rest_part == rules.rule.part else shares_of(rest_part)
        is_rest = (marks.max(axis=-1) < _ANY) & has_tissue
        labels[is_rest] = rules.rest
        near = _near_target(marked, rules, x, y, spacing_um_px)
        kinds[is_rest] = np.where(near, RING, TISSUE)[is_rest]
    if (marked.labels == LEFT_OUT).any():
        touched = _shares(marked.labels == LEFT_OUT, scale, x, y, tile_side / 2) > 0
        labels[touched] = -1
    rows, columns = np.nonzero(labels >= 0)
    return Places(x[columns], y[rows], labels[rows, columns].astype(np.int64), kinds[rows, columns])


def _middles(start: float, end: float, step: float, side: float) -> NDArray[np.float64]:
    """Middles of tiles along one side of the scanned part, the last one still within it."""
    count = max(1, int(np.ceil((end - start) / step - 1e-3)))
    places = start + side / 2 + np.arange(count, dtype=np.float64) * step
    return np.asarray(places[places < end], np.float64)


def _near_target(
    marked: LabelMap,
    rules: PlaceRules,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    spacing_um_px: float,
) -> NDArray[np.bool_]:
    """Which tiles' middles lie within the ring around the target: shape (rows, columns)."""
    number = class_names(rules.classes).index(rules.target) + 1
    beyond = (marked.labels != number).astype(np.uint8)
    if beyond.all():
        return np.zeros((len(y), len(x)), np.bool_)
    distance = cv2.distanceTransform(beyond, cv2.DIST_L2, 3)
    scale_x, scale_y = marked.grid.scale
    columns = np.clip((x / scale_x).astype(int), 0, marked.grid.width - 1)
    rows = np.clip((y / scale_y).astype(int), 0, marked.grid.height - 1)
    um = np.asarray(distance)[np.ix_(rows, columns)] * scale_x * spacing_um_px
    return np.asarray(um <= rules.ring_um)


def _shares(
    mask: NDArray[np.bool_],
    scale: tuple[float, float],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    half: float,
) -> NDArray[np.float64]:
    """How much of each square a mask covers, of the part that the mask reaches to.

    Parameters
    ----------
    mask : ndarray (height, width), bool
    scale : tuple of float
        Level-0 pixels per pixel of the mask, along x and y.
    x, y : ndarray (columns,), (rows,)
        Middles of the squares, in level-0 pixels.
    half : float
        Half their side, in level-0 pixels.

    Returns
    -------
    ndarray (rows, columns), from 0 to 1
    """
    height, width = mask.shape
    sums = cv2.integral(mask.astype(np.uint8))
    top, bottom = (np.clip((y + side) / scale[1], 0, height) for side in (-half, half))
    left, right = (np.clip((x + side) / scale[0], 0, width) for side in (-half, half))
    bands = (_between(sums, bottom) - _between(sums, top)).T
    covered = (_between(bands, right) - _between(bands, left)).T
    area = np.outer(bottom - top, right - left)
    found = np.divide(covered, area, out=np.zeros_like(covered), where=area > 0)
    return np.asarray(np.clip(found, 0, 1), np.float64)


def _between(values: NDArray[Any], places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows of a table at fractional places."""
    low = np.minimum(places.astype(np.intp), len(values) - 2)
    share = (places - low)[:, None]
    return np.asarray(values[low] * (1 - share) + values[low + 1] * share, np.float64)
