"""What a forest of trees says of tiles by their colours and textures: a teacher for networks.

Where tiles are few and some of their labels are wrong, trees on plain statistics are misled less
than a network that sees pixels. A network that learns from their answers, too, takes that over
(distillation: Hinton, Vinyals and Dean 2015, arXiv:1503.02531).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from slideviewer.progress import Progress, Step, silent
from slideviewer.training.augmentation import optical_density, unmixed
from slideviewer.training.examples import Examples
from slideviewer.training.tile_readers import each_of

FOREST = "extremely randomised trees on colours and textures"

_TREES = 300
_MOST_TILES = 50_000
_LEAST_TILES_A_LEAF = 2
_SHARES = np.array([0.02, 0.10, 0.25, 0.50, 0.75, 0.90, 0.98])
_SIGMAS = (0.7, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 9.0)
"""Pixels: from the grain of chromatin to the distance of nuclei."""
_DENSITY_STEPS = 100.0
_BAND_STEPS = 250.0
"""Steps per unit of optical density, which then fills a byte."""


class Forest:
    """Extremely randomised trees (Geurts, Ernst and Wehenkel 2006) on `statistics_of` tiles.

    Parameters
    ----------
    table : ndarray (n, statistics), float32
    labels : ndarray (n,), int64
        Every class weighs the same.
    classes : int
    seed : int
        The same seed gives the same trees.
    """

    def __init__(
        self, table: NDArray[np.float32], labels: NDArray[np.int64], classes: int, seed: int
    ) -> None:
        from sklearn.ensemble import ExtraTreesClassifier

        self._classes = classes
        self._trees: Any = ExtraTreesClassifier(
            _TREES,
            class_weight="balanced",
            min_samples_leaf=_LEAST_TILES_A_LEAF,
            random_state=seed,
        )
        self._trees.fit(table, labels)

    @classmethod
    def of(cls, examples: Examples, seed: int, progress: Progress = silent) -> Forest:
        """Grow a forest on labelled tiles; of very many, on some drawn at random."""
        count = len(examples)
        if count > _MOST_TILES:
            chosen = np.zeros(count, bool)
            chosen[np.random.default_rng(seed).permutation(count)[:_MOST_TILES]] = True
            examples = examples.take(chosen)
        rows = []
        for number, tile in enumerate(each_of(examples.tiles)):
            progress(Step(number, len(examples), "Looking at colours and textures", "tiles"))
            rows.append(statistics_of(tile))
        return cls(np.stack(rows), examples.labels, len(examples.class_names), seed)

    def answers(self, tiles: Iterable[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Probabilities (n, classes), float32, of tiles (height, width, 3), uint8, RGB."""
        found = self._trees.predict_proba(np.stack([statistics_of(tile) for tile in tiles]))
        answers = np.zeros((len(found), self._classes), np.float32)
        answers[:, self._trees.classes_] = found
        return answers


def statistics_of(tile: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How values are spread: of colours, of stains, and of stains in bands of coarseness.

    Parameters
    ----------
    tile : ndarray (height, width, 3), uint8, RGB

    Returns
    -------
    ndarray (n,), float32
        Seven quantiles, mean and standard deviation of red, green, blue, hue, saturation, value,
        haematoxylin and eosin; the same of haematoxylin, and of the optical density of all, in
        differences of Gaussians.
    """
    density = optical_density(tile)
    stains = unmixed(density)
    ink, grey = np.ascontiguousarray(stains[..., 0]), density.mean(axis=2)
    colours = [*cv2.split(tile), *cv2.split(cv2.cvtColor(tile, cv2.COLOR_RGB2HSV))]
    colours += [_byte(stains[..., at], _DENSITY_STEPS, 32) for at in (0, 1)]
    for channel in (ink, grey):
        finer = channel
        for sigma in _SIGMAS:
            coarser = cv2.GaussianBlur(channel, (0, 0), sigma)
            colours.append(_byte(finer - coarser, _BAND_STEPS, 128))
            finer = coarser
    return np.concatenate([_spread(it) for it in colours]).astype(np.float32)


def _byte(values: NDArray[np.float32], steps: float, zero: float) -> NDArray[np.uint8]:
    scaled = np.rint(values * np.float32(steps) + np.float32(zero))
    return np.asarray(np.clip(scaled, 0, 255), np.uint8)


def _spread(channel: NDArray[Any]) -> NDArray[np.float64]:
    """Quantiles, mean and standard deviation, all from one count of the 256 values."""
    counts = np.bincount(np.asarray(channel).ravel(), minlength=256)
    shares = counts / channel.size
    values = np.arange(256)
    mean = float(shares @ values)
    deviation = math.sqrt(shares @ (values - mean) ** 2)
    quantiles = np.searchsorted(shares.cumsum(), _SHARES - 1e-9)
    return np.array([*quantiles, mean, deviation])
