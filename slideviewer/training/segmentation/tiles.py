"""Which squares of the pictures a network learns from, and the batches made of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from slideviewer.inference.nuclei.offsets import LEVELS
from slideviewer.training.pair_augmentation import PairAugmentation
from slideviewer.training.pictures.cache import PixelCache

FLAT = 1.0
"""Standard deviation of grey values, below which a square shows nothing."""

Batch = tuple[NDArray[np.uint8], NDArray[np.float32]]
"""Tiles (n, side, side, 3), RGB, and targets (n, side, side, targets): masks, 0 or 1, and
offsets as a network answers them, or 0 where they are not known."""


class Square(NamedTuple):
    """A square of a picture: the picture's number, and where it begins in its pixels."""

    picture: int
    x: int
    y: int


def spread(length: int, side: int, coverage: float) -> list[int]:
    """Where tiles begin along an axis: evenly from end to end.

    There are ``1 + round((length - side) / side * coverage)`` of them, as LungNeuralNet had it:
    with a coverage of 1 they just touch or overlap a little, with more they overlap more. One
    alone stands in the middle.
    """
    rest = max(0, length - side)
    count = 1 + round(rest / side * coverage)
    if count == 1:
        return [rest // 2]
    return [round(start) for start in np.linspace(0, rest, count)]


def squares_of(
    cache: PixelCache, numbers: Iterable[int], side: int, coverage: float, *, flat: bool = True
) -> list[Square]:
    """Lay squares over pictures.

    Parameters
    ----------
    cache : PixelCache
    numbers : iterable of int
        Of the pictures.
    side : int
        Of a square.
    coverage : float
        As in `spread`.
    flat : bool
        Whether those in which nothing is seen and nothing marked are kept.
    """
    found = []
    for number in numbers:
        picture = cache.pictures[number]
        pixels, targets = cache.whole(number)
        for y in spread(picture.height, side, coverage):
            for x in spread(picture.width, side, coverage):
                part = np.s_[y : y + side, x : x + side]
                if flat or targets[part].any() or pixels[part].mean(axis=2).std() >= FLAT:
                    found.append(Square(number, x, y))
    return found


@dataclass(frozen=True)
class SquareSource:
    """Batches for training, each a function of (seed, epoch, index) alone.

    No state passes from batch to batch, so threads may prepare them in any order.

    Attributes
    ----------
    cache : PixelCache
    squares : sequence of Square
        Each is seen once an epoch; the last batch is filled up from the first.
    side, batch_size, seed : int
    augmentation : PairAugmentation
    jitter : int
        Squares are moved by up to so many pixels, within their picture.
    """

    cache: PixelCache
    squares: Sequence[Square]
    side: int
    batch_size: int
    seed: int
    augmentation: PairAugmentation
    jitter: int = 0

    @property
    def batches(self) -> int:
        """How many an epoch has."""
        return -(-len(self.squares) // self.batch_size)

    def batch(self, epoch: int, index: int) -> Batch:
        """Make a batch."""
        order = np.random.default_rng([self.seed, epoch]).permutation(len(self.squares))
        places = np.arange(index * self.batch_size, (index + 1) * self.batch_size) % len(order)
        rng = np.random.default_rng([self.seed, epoch, index])
        pairs = [self._pair(self.squares[order[place]], rng) for place in places]
        pixels, targets = zip(*pairs, strict=True)
        return np.stack(pixels), as_learnt(np.stack(targets), self.cache.masks)

    def _pair(
        self, square: Square, rng: np.random.Generator
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        picture = self.cache.pictures[square.picture]
        x, y = square.x, square.y
        if self.jitter:
            move_x, move_y = (int(it) for it in rng.integers(-self.jitter, self.jitter + 1, 2))
            x = min(max(0, x + move_x), max(0, picture.width - self.side))
            y = min(max(0, y + move_y), max(0, picture.height - self.side))
        pixels, targets = self.cache.read(square.picture, x, y, self.side)
        return self.augmentation.apply(pixels, targets, rng, self.cache.masks)


def as_learnt(targets: NDArray[np.uint8], masks: int) -> NDArray[np.float32]:
    """Targets (..., targets) as they are kept, as a network should answer them."""
    found = targets.astype(np.float32)
    found[..., masks:] /= LEVELS
    return found
