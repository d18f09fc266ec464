"""Batches of tiles: which class, then which slide, then which tile, and how it is changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import TrainingError
from slideviewer.training.tile_readers import TileReader

if TYPE_CHECKING:
    from slideviewer.training.fit import FitSettings

Labels = NDArray[np.int64]
"""The class index of each tile: shape (n,), int64."""

Batch = tuple[NDArray[Any], ...]
"""Tiles (batch, patch, patch, 3), uint8; targets (batch, classes), float32; where classes have
weights, the weight of each tile (batch,), float32."""

EQUAL, OWN = "equal", "own"
"""Every class as often as another, however few its tiles; or as often as the set holds it."""


def shares_of(ratio: str, counts: Sequence[int]) -> NDArray[np.float64] | None:
    """How often each class is drawn; None for equally often.

    Parameters
    ----------
    ratio : str
        `EQUAL`, `OWN`, or a number for each class in order, "1:2".
    counts : sequence of int
        Tiles of each class.

    Raises
    ------
    TrainingError
        If the ratio is none.
    """
    if ratio == EQUAL:
        return None
    values = [float(count) for count in counts] if ratio == OWN else _numbers(ratio)
    if len(values) != len(counts):
        raise TrainingError(
            f'"{ratio}" is no ratio of {len(counts)} classes.',
            remedy=f"Give {EQUAL}, {OWN}, or a number for each class in their order, such as 1:2.",
        )
    if len(set(values)) == 1:
        return None
    return np.array(values) / sum(values)


def weights_of(text: str, counts: Sequence[int]) -> NDArray[np.float32] | None:
    """What each class weighs in the loss; None where all weigh the same.

    Parameters
    ----------
    text : str
        "none", "balanced" (the rarer the heavier: all classes together weigh the same), or a
        number for each class in order, "1:4".

    Raises
    ------
    TrainingError
        If it is none of these.
    """
    if text == "none":
        return None
    if text == "balanced":
        numbers = np.array(counts, np.float64)
        return np.asarray(numbers.sum() / (len(numbers) * numbers), np.float32)
    shares = _numbers(text)
    if len(shares) != len(counts):
        raise TrainingError(
            f'"{text}" does not weigh {len(counts)} classes.',
            remedy="Give none, balanced, or a number for each class in their order, such as 1:4.",
        )
    return np.array(shares, np.float32)


class BatchSource:
    """Augmented batches, each a function of (seed, epoch, index) alone.

    A class is drawn, then one of the slides that have it, then one of its tiles there, each alike:
    a slide with many tiles counts no more than another. No state passes from batch to batch, so
    threads may prepare them in any order.

    Parameters
    ----------
    tiles : TileReader
    labels : ndarray (n,), int64
    classes : int
    settings : FitSettings
    extra : ndarray (n,), bool, optional
        Tiles of another source, drawn by `FitSettings.extra_share`; an epoch counts the others.
    groups : ndarray (n,), int64, optional
        A number for each tile's slide; all are of one by default.
    teacher : callable, optional
        From tiles (n, patch, patch, 3), uint8, to probabilities (n, classes), which count for
        `FitSettings.forest` of a tile's target, unless it is an extra one.

    Raises
    ------
    TrainingError
        If a class has no tile, or the ratio or weights do not fit the classes.
    """

    def __init__(
        self,
        tiles: TileReader,
        labels: Labels,
        classes: int,
        settings: FitSettings,
        extra: NDArray[np.bool_] | None = None,
        groups: NDArray[np.int64] | None = None,
        teacher: Callable[[NDArray[np.uint8]], NDArray[np.float32]] | None = None,
    ) -> None:
        marked = np.zeros(len(tiles), np.bool_) if extra is None else extra
        slides = np.zeros(len(tiles), np.int64) if groups is None else groups
        self._tiles, self._settings, self._classes = tiles, settings, classes
        self._marked, self._teacher = marked, teacher
        self._main = [_by_slide((labels == at) & ~marked, slides) for at in range(classes)]
        self._extra = [_by_slide((labels == at) & marked, slides) for at in range(classes)]
        counts = [
            sum(map(len, main or extra))
            for main, extra in zip(self._main, self._extra, strict=True)
        ]
        for index, count in enumerate(counts):
            if not count:
                raise TrainingError(f"Class number {index} has no tile to train on.")
        self._shares = shares_of(settings.ratio, counts)
        self._weights = weights_of(settings.class_weights, counts)
        drawn = settings.epoch_tiles or int((~marked).sum())
        self.batches = max(1, drawn // settings.batch_size)

    def batch(self, epoch: int, index: int) -> Batch:
        """Make a batch."""
        settings = self._settings
        rng = np.random.default_rng([settings.seed, epoch, index])
        count = settings.batch_size
        wanted = rng.permutation(self._labels(count, rng))
        chosen = [self._draw(label, rng) for label in wanted]
        tiles = np.stack([settings.augmentation.apply(self._tiles.read(i), rng) for i in chosen])
        targets = self._targets(tiles, wanted, chosen)
        if settings.mixup:
            share = rng.beta(settings.mixup, settings.mixup, count).astype(np.float32)
            other = rng.permutation(count)
            tiles = _mixed(tiles, tiles[other], share)
            targets = targets * share[:, None] + targets[other] * (1 - share[:, None])
        if self._weights is None:
            return tiles, targets
        return tiles, targets, targets @ self._weights

    def _targets(
        self, tiles: NDArray[np.uint8], labels: NDArray[np.int64], chosen: Sequence[int]
    ) -> NDArray[np.float32]:
        targets = np.eye(self._classes, dtype=np.float32)[labels]
        taught = ~self._marked[chosen]
        if self._teacher is not None and taught.any():
            share = np.float32(self._settings.forest)
            targets[taught] *= 1 - share
            targets[taught] += share * self._teacher(tiles[taught])
        return targets

    def _labels(self, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
        if self._shares is None:
            return np.arange(count) % self._classes
        # Evenly spaced places from a random start: each batch has the ratio as nearly as it can.
        places = (np.arange(count) + rng.random()) / count
        ends = np.cumsum(self._shares)[:-1]
        return np.searchsorted(ends, places, side="right").astype(np.int64)

    def _draw(self, label: int, rng: np.random.Generator) -> int:
        main, extra = self._main[label], self._extra[label]
        wants_extra = len(extra) and rng.random() < self._settings.extra_share
        slides = extra if wants_extra or not main else main
        tiles = slides[0] if len(slides) == 1 else slides[int(rng.integers(len(slides)))]
        return int(rng.choice(tiles))


def _mixed(
    tiles: NDArray[np.uint8], others: NDArray[np.uint8], shares: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """Each tile's share of itself, and the rest of another: (n, patch, patch, 3), uint8."""
    mixed = np.empty_like(tiles)
    for tile, other, share, target in zip(tiles, others, shares.tolist(), mixed, strict=True):
        cv2.addWeighted(tile, share, other, 1 - share, 0, dst=target)
    return mixed


def _by_slide(wanted: NDArray[np.bool_], slides: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """The tiles of each slide that has any."""
    places = np.flatnonzero(wanted)
    order = np.argsort(slides[places], kind="stable")
    places = places[order]
    ends = np.flatnonzero(np.diff(slides[places])) + 1
    return [part for part in np.split(places, ends) if len(part)]


def _numbers(text: str) -> list[float]:
    try:
        found = [float(part) for part in text.split(":")]
    except ValueError:
        return []
    return found if all(0 < value < 1e9 for value in found) else []
