"""How well a network's pixels agree with what is marked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from slideviewer.inference.segmentation.tiling import Answers, Tiling
from slideviewer.progress import Progress, Step
from slideviewer.training.pictures.cache import PixelCache
from slideviewer.training.segmentation.losses import Loss
from slideviewer.training.segmentation.tiles import Square, as_learnt

if TYPE_CHECKING:
    import keras

CENTRAL = (0.8, 0.6, 0.4, 0.2)
"""Shares of a tile's sides that are measured by themselves, as LungNeuralNet did: near its border
a network sees least."""
THRESHOLD = 0.5

Look = Callable[[int, NDArray[np.uint8], NDArray[np.uint8], Answers], None]

_RESAMPLES = 1000


@dataclass(frozen=True)
class Agreement:
    """Pixels of a target: marked, found, and both."""

    both: int = 0
    marked: int = 0
    found: int = 0

    @classmethod
    def of(cls, marked: NDArray[np.bool_], found: NDArray[np.bool_]) -> Agreement:
        """Count."""
        return cls(int((marked & found).sum()), int(marked.sum()), int(found.sum()))

    def __add__(self, other: Agreement) -> Agreement:
        return Agreement(
            self.both + other.both, self.marked + other.marked, self.found + other.found
        )

    @property
    def dice(self) -> float:
        """Twice what is both by the sum of each; 1 where there is neither."""
        either = self.marked + self.found
        return 2 * self.both / either if either else 1.0

    @property
    def jaccard(self) -> float:
        """What is both by what is either; 1 where there is neither."""
        union = self.marked + self.found - self.both
        return self.both / union if union else 1.0


def measure_squares(
    network: keras.Model,
    cache: PixelCache,
    squares: Sequence[Square],
    names: Sequence[str],
    loss: Loss,
    batch_size: int,
    look: Look | None = None,
) -> dict[str, float]:
    """Measure a network on squares, tile by tile, as it is after an epoch.

    Parameters
    ----------
    network : keras.Model
    cache : PixelCache
    squares : sequence of Square
    names : sequence of str
        Of the masks.
    loss : Loss
    batch_size : int
    look : callable, optional
        Shown each batch: the number of its first square, its pixels, targets and answers.

    Returns
    -------
    dict of str to float
        ``val_loss``; ``val_dice`` and ``val_jaccard``, the means over masks; of several masks
        also of each, and of the middle of the tiles: ``val_dice central 60 %``.
    """
    side = network.input_shape[1]
    sums = {share: [Agreement()] * len(names) for share in (1.0, *CENTRAL)}
    losses: list[tuple[float, int]] = []
    for start in range(0, len(squares), batch_size):
        pairs = [cache.read(*square, side) for square in squares[start : start + batch_size]]
        pixels, targets = (np.stack(part) for part in zip(*pairs, strict=True))
        answers = _answers(network, pixels, batch_size)
        losses.append((float(loss(as_learnt(targets, cache.masks), answers)), len(pairs)))
        if look is not None:
            look(start, pixels, targets, answers)
        found, marked = (it[..., : cache.masks] for it in (answers >= THRESHOLD, targets > 0))
        for share, agreed in sums.items():
            margin = round(side * (1 - share) / 2)
            part = np.s_[:, margin : side - margin, margin : side - margin]
            sums[share] = [
                agreed[number] + Agreement.of(marked[part][..., number], found[part][..., number])
                for number in range(len(names))
            ]
    values = {"val_loss": sum(loss * count for loss, count in losses) / len(squares)}
    for share, agreed in sums.items():
        where = "" if share == 1 else f" central {share * 100:.0f} %"
        for word, each in (
            ("dice", [it.dice for it in agreed]),
            ("jaccard", [it.jaccard for it in agreed]),
        ):
            values[f"val_{word}{where}"] = float(np.mean(each))
            if len(names) > 1 and share == 1:
                values |= {
                    f"val_{word} {name}": value for name, value in zip(names, each, strict=True)
                }
    return values


def whole_pictures(
    network: keras.Model,
    cache: PixelCache,
    numbers: Sequence[int],
    batch_size: int,
    progress: Progress,
) -> Iterator[tuple[int, Answers]]:
    """Answer for whole pictures, tiles merged as predictions merge them.

    Yields
    ------
    int, ndarray (height, width, targets), float32
        Each picture's number, and the probabilities of its pixels.
    """
    side = network.input_shape[1]
    for done, number in enumerate(numbers):
        progress(Step(done, len(numbers), "Measuring on what was held out", "pictures"))
        picture = cache.pictures[number]
        tiling = Tiling(picture.width, picture.height, side)
        tiles = tiling.meeting(0, 0, picture.width, picture.height)
        answers: dict[tuple[int, int], Answers] = {}
        for start in range(0, len(tiles), batch_size):
            some = tiles[start : start + batch_size]
            pixels = np.stack([cache.read(number, *tile, side)[0] for tile in some])
            answers |= zip(some, _answers(network, pixels, batch_size), strict=True)
        merged = tiling.merge(0, 0, picture.width, picture.height, answers, cache.targets)  # type: ignore[arg-type]
        yield number, merged


def interval(agreements: Sequence[Agreement], value: str) -> tuple[float, float]:
    """The 95 % interval of Dice or Jaccard over pictures, from a bootstrap by picture."""
    counts = np.array([[it.both, it.marked, it.found] for it in agreements], np.int64)
    rng = np.random.default_rng(0)
    drawn = [
        getattr(Agreement(*counts[rng.integers(len(counts), size=len(counts))].sum(axis=0)), value)
        for _ in range(_RESAMPLES)
    ]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)


def _answers(network: keras.Model, pixels: NDArray[np.uint8], batch_size: int) -> Answers:
    """Answer for some tiles; batches are always of one size, so that a network is traced once."""
    count = len(pixels)
    if count < batch_size:
        rest = np.zeros((batch_size - count, *pixels.shape[1:]), np.uint8)
        pixels = np.concatenate([pixels, rest])
    return np.asarray(network.predict_on_batch(pixels), np.float32)[:count]
