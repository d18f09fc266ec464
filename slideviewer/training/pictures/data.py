"""What a training is made from, ready for the cache."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from slideviewer.progress import Progress, Step
from slideviewer.training.pictures.cache import Item
from slideviewer.training.pictures.marked import MarkedPicture, identity_of
from slideviewer.training.pictures.reading import read_picture

Marks = Callable[[NDArray[np.int32]], NDArray[np.uint8]]
"""From what stands in a picture's files (height, width, n) to the network's targets, 0 or 1
(height, width, targets), or to offsets as `slideviewer.inference.nuclei.offsets` keeps them."""


class TrainingData(Protocol):
    """Pictures and their targets."""

    @property
    def title(self) -> str:
        """For people."""

    @property
    def targets(self) -> tuple[str, ...]:
        """What is marked in them."""

    @property
    def masks(self) -> int:
        """How many of the targets, the first, are masks; two that may follow are offsets."""

    @property
    def marking(self) -> str:
        """What the targets are, in words, where their names do not say it."""

    def only(self, number: int) -> TrainingData:
        """The same with one of the targets."""

    def identity(self) -> dict[str, object]:
        """Plain JSON values that change with what `items` gives."""

    def items(self, progress: Progress) -> Iterator[Item]:
        """Read all of it, a piece at a time."""


@dataclass(frozen=True)
class PictureData:
    """Plain pictures.

    Attributes
    ----------
    pictures : tuple of MarkedPicture
    cases : mapping of str to str
        Of each picture by its name.
    title : str
    targets : tuple of str
    marks : callable
        See `Marks`.
    scale : float
        Pictures are made smaller to this share of their sides.
    marking : str
        What tells `marks` from others, where it is not the targets' names.
    offsets : bool
        Whether the last two targets are offsets, across and down, and no masks.
    """

    pictures: tuple[MarkedPicture, ...]
    cases: Mapping[str, str]
    title: str
    targets: tuple[str, ...]
    marks: Marks
    scale: float = 1.0
    marking: str = ""
    offsets: bool = False

    @property
    def masks(self) -> int:
        """See `TrainingData`."""
        return len(self.targets) - 2 * self.offsets

    def only(self, number: int) -> PictureData:
        """See `TrainingData`."""
        marks = self.marks
        return replace(
            self,
            targets=(self.targets[number],),
            offsets=False,
            marks=lambda labels: marks(labels)[..., number : number + 1],
        )

    def identity(self) -> dict[str, object]:
        """See `TrainingData`."""
        return {
            "files": list(identity_of(self.pictures)),
            "cases": dict(self.cases),
            "targets": list(self.targets),
            "scale": self.scale,
            "marking": self.marking,
        }

    def items(self, progress: Progress) -> Iterator[Item]:
        """See `TrainingData`."""
        for number, picture in enumerate(self.pictures):
            progress(Step(number, len(self.pictures), "Reading pictures", "pictures"))
            pixels, labels = self.read(picture)
            yield picture.name, self.cases[picture.name], pixels, self.marks(labels)

    def read(self, picture: MarkedPicture) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
        """Pixels (height, width, 3) and labels (height, width, n) of a picture, at `scale`."""
        pixels = read_picture(picture.path)
        height, width = pixels.shape[:2]
        labels = picture.truth.read(width, height)
        if self.scale == 1:
            return pixels, labels
        size = max(1, round(width * self.scale)), max(1, round(height * self.scale))
        small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
        columns = ((np.arange(size[0]) + 0.5) * width / size[0]).astype(int)
        rows = ((np.arange(size[1]) + 0.5) * height / size[1]).astype(int)
        return small, labels[rows[:, None], columns[None, :]]


def anything_marked(labels: NDArray[np.int32]) -> NDArray[np.uint8]:
    """All instances together, or each mask as it is."""
    return (labels > 0).astype(np.uint8)
