"""How much of what was looked at is of which class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slideviewer.inference.segmentation.chunks import Chunk, chunk_grid
from slideviewer.inference.segmentation.prediction import MaskPrediction
from slideviewer.progress import Progress, Step, silent


@dataclass(frozen=True)
class Areas:
    """Pixels of each class.

    Attributes
    ----------
    class_names : tuple of str
    pixels : tuple of int
        Of each class; where classes overlap, a pixel counts for several.
    total : int
        All that were looked at.
    pixel_um2 : float or None
        What one covers; None where nobody knows.
    """

    class_names: tuple[str, ...]
    pixels: tuple[int, ...]
    total: int
    pixel_um2: float | None = None

    def percent(self, index: int) -> float:
        """Of all pixels looked at, those of a class; 0 where there are none at all."""
        return 100 * self.pixels[index] / self.total if self.total else 0.0

    def um2(self, index: int) -> float | None:
        """What a class covers in square micrometres."""
        return None if self.pixel_um2 is None else self.pixels[index] * self.pixel_um2

    def line(self, index: int) -> str:
        """A line for a legend: name, pixels / all, percent, and the area where it is known."""
        area = self.um2(index)
        words = "" if area is None else f", {area / 1e6:.4g} mm²"
        return (
            f"{self.class_names[index]}: {self.pixels[index]:,} / {self.total:,} px "
            f"({self.percent(index):.2f} %{words})"
        )

    def lines(self) -> list[str]:
        """A line for each class."""
        return [self.line(index) for index in range(len(self.class_names))]


def areas_in(
    masks: NDArray[np.bool_],
    class_names: Sequence[str],
    total: int | None = None,
    pixel_um2: float | None = None,
) -> Areas:
    """Count the pixels of masks.

    Parameters
    ----------
    masks : ndarray (height, width, classes), bool
    class_names : sequence of str
    total : int, optional
        All pixels by default.
    pixel_um2 : float or None
    """
    counts = tuple(int(masks[..., index].sum()) for index in range(masks.shape[2]))
    all_of_it = masks.shape[0] * masks.shape[1]
    return Areas(tuple(class_names), counts, all_of_it if total is None else total, pixel_um2)


def areas_of(
    prediction: MaskPrediction, threshold: float | None = None, progress: Progress = silent
) -> Areas:
    """Count the pixels of a prediction, chunk by chunk.

    Parameters
    ----------
    prediction : MaskPrediction
    threshold : float, optional
        As in `MaskPrediction.positive`.
    progress : Progress
    """
    pixels = np.zeros(len(prediction.class_names), np.int64)
    total = 0
    rows, columns = chunk_grid(prediction.frame)
    for number in range(rows * columns):
        progress(Step(number, rows * columns, "Measuring areas", "parts"))
        chunk = Chunk.of(prediction.frame, number % columns, number // columns)
        probabilities = prediction.read(0, *chunk.box)
        looked_at = int((~np.isnan(probabilities[..., 0])).sum())
        if looked_at:
            total += looked_at
            pixels += prediction.positive(probabilities, threshold).sum(axis=(0, 1))
    um = prediction.spacing_um_px
    return Areas(
        prediction.class_names,
        tuple(pixels.tolist()),
        total,
        None if um is None else um * um,
    )
