"""What a segmentation says of a slide, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from slideviewer.inference.segmentation.chunks import Chunk
from slideviewer.inference.segmentation.frame import MaskFrame

MaskProbabilities = NDArray[np.float16]
"""Class probabilities of pixels: shape (height, width, classes), float16; NaN where the model did
not look."""


@dataclass(frozen=True, eq=False)
class MaskBlock:
    """Predicted pixels of a mask.

    Attributes
    ----------
    x, y : int
        Its top left pixel, in pixels of the frame.
    probabilities : ndarray (height, width, classes), float16
    spread : ndarray (height, width), float16, or None
        As `MaskPrediction.read_spread` gives it.
    is_new : bool
        Whether this run predicted them, and not a former one.
    """

    x: int
    y: int
    probabilities: MaskProbabilities
    is_new: bool = True
    spread: NDArray[np.float16] | None = None


class MaskPixels(Protocol):
    """What a prediction's probabilities are read from."""

    @property
    def level_count(self) -> int:
        """How many resolutions there are."""

    def read(
        self, level: int, x_level: int, y_level: int, width: int, height: int
    ) -> MaskProbabilities:
        """As `MaskPrediction.read`, with the spread, where there is one, as a last channel."""

    def read_chunk(self, level: int, chunk: Chunk, *, afresh: bool = False) -> MaskProbabilities:
        """Read all of a chunk of a level, whatever is stored of it.

        Parameters
        ----------
        level : int
        chunk : Chunk
            Of the frame of that level.
        afresh : bool
            Whether it is made from the finest level, since more may be there than coarser ones
            hold; otherwise only where they are known to hold less, as after a run that was killed.

        Returns
        -------
        ndarray (height, width, channels), float16
            NaN where the model did not look; the spread, where there is one, is the last channel.
        """


@dataclass(frozen=True, eq=False)
class MaskPrediction:
    """Class probabilities of every pixel at the model's spacing, and how they came about.

    The probabilities of a slide do not fit into memory: they lie in a store and are read part by
    part, from several threads if need be.

    Attributes
    ----------
    frame : MaskFrame
    class_names : tuple of str
    target : int
        Index of the class of interest.
    threshold : float
        The probability from which a pixel counts as a class.
    exclusive : bool
        As in `slideviewer.models.spec.ModelSpec`.
    pixels : MaskPixels
    has_spread : bool
        Whether each pixel was looked at several times, by models or in turns.
    provenance : mapping
        Model name and hash, slide identity, parameters, product version, date: plain JSON values.
    complete : bool
        Whether every chunk with tissue was predicted.
    skipped : tuple of (x, y, width, height, reason)
        Tiles that could not be read, in pixels of the frame.
    """

    frame: MaskFrame
    class_names: tuple[str, ...]
    target: int
    threshold: float
    exclusive: bool
    pixels: MaskPixels
    provenance: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    complete: bool = True
    skipped: tuple[tuple[int, int, int, int, str], ...] = ()
    has_spread: bool = False

    @property
    def level_count(self) -> int:
        """How many resolutions there are; each has half the one before."""
        return self.pixels.level_count

    @property
    def spacing_um_px(self) -> float | None:
        """Micrometres per mask pixel; None where nobody knows."""
        found = self.provenance.get("spacing_um_px")
        return float(found) * self.frame.scale if isinstance(found, int | float) else None

    def frame_at(self, level: int) -> MaskFrame:
        """Where the pixels of a level lie."""
        frame = self.frame
        for _ in range(level):
            frame = frame.halved
        return frame

    def read(
        self, level: int, x_level: int, y_level: int, width: int, height: int
    ) -> MaskProbabilities:
        """Read part of a level.

        Parameters
        ----------
        level : int
            0 is the finest; a pixel of a further one is the mean of those it covers that the model
            looked at.
        x_level, y_level, width, height : int
            In pixels of that level.

        Returns
        -------
        ndarray (height, width, classes), float16
            NaN where the model did not look, and beyond the frame.
        """
        every = self.pixels.read(level, x_level, y_level, width, height)
        return every[..., : len(self.class_names)]

    def read_chunk(self, level: int, chunk: Chunk, *, afresh: bool = False) -> MaskProbabilities:
        """Read all of a chunk of a level, whatever is stored of it; see `MaskPixels.read_chunk`."""
        every = self.pixels.read_chunk(level, chunk, afresh=afresh)
        return every[..., : len(self.class_names)]

    def read_spread(
        self, level: int, x_level: int, y_level: int, width: int, height: int
    ) -> NDArray[np.float16] | None:
        """Read how much the answers for the target differ: their standard deviation.

        Where tiles overlap it is averaged as the answers are.

        Parameters
        ----------
        level, x_level, y_level, width, height : int
            As in `read`.

        Returns
        -------
        ndarray (height, width), float16, or None
            None where each pixel was looked at once.
        """
        if not self.has_spread:
            return None
        return self.pixels.read(level, x_level, y_level, width, height)[..., -1]

    def positive(
        self, probabilities: MaskProbabilities, threshold: float | None = None
    ) -> NDArray[np.bool_]:
        """Which pixels count as which class.

        Of classes that exclude each other it is the most probable one alone, and the threshold is
        that of the class of interest; where classes may overlap, every one from the threshold.

        Parameters
        ----------
        probabilities : ndarray (height, width, classes)
        threshold : float, optional
            The prediction's own by default.

        Returns
        -------
        ndarray (height, width, classes), bool
        """
        return positive_pixels(
            probabilities,
            self.threshold if threshold is None else threshold,
            target=self.target if self.exclusive else None,
        )


def outcome_facts(prediction: MaskPrediction) -> dict[str, object]:
    """Tell what a run's record says of how a mask came out."""
    return {
        "complete": prediction.complete,
        "skipped": [
            {"x": x, "y": y, "width": width, "height": height, "reason": reason}
            for x, y, width, height, reason in prediction.skipped
        ],
    }


def positive_pixels(
    probabilities: NDArray[np.floating], threshold: float, target: int | None
) -> NDArray[np.bool_]:
    """Which pixels count as which class; see `MaskPrediction.positive`.

    Parameters
    ----------
    probabilities : ndarray (height, width, classes)
    threshold : float
    target : int or None
        The class of interest among classes that exclude each other; None where they overlap.
    """
    # As the probabilities were rounded when they were stored, whatever they are held in now.
    limit = probabilities.dtype.type(np.float16(threshold))
    with np.errstate(invalid="ignore"):
        at_least: NDArray[np.bool_] = probabilities >= limit
    if target is None:
        return at_least
    known = ~np.isnan(probabilities[..., 0])
    others = np.where(np.isnan(probabilities), -1, probabilities)
    others[..., target] = -1
    winner = np.where(at_least[..., target], target, others.argmax(axis=-1))
    positive: NDArray[np.bool_] = winner[..., None] == np.arange(probabilities.shape[-1])
    positive &= known[..., None]
    return positive
