"""The nuclei of a picture, at its own size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slideviewer.inference.nuclei.finding import instances_by
from slideviewer.inference.nuclei.nuclei import Nuclei, measured
from slideviewer.inference.nuclei.outlines import Outline
from slideviewer.inference.nuclei.store import Rules
from slideviewer.inference.segmentation.open_picture import OpenPicture
from slideviewer.inference.segmentation.overlay import TARGET_COLOUR, with_legend, with_outlines
from slideviewer.inference.segmentation.slide_picture import SlidePicture
from slideviewer.slide.slide import Pixels


@dataclass(frozen=True, eq=False)
class InPicture:
    """What was found.

    Attributes
    ----------
    nuclei : Nuclei
    labels : ndarray (height, width), int32
        The number of the nucleus at each of the picture's own pixels, from 1; 0 is none.
    outlines : sequence of ndarray (vertices, 2)
        In the picture's own pixels.
    pixels : ndarray (height, width, 3), uint8, RGB
        The picture.
    """

    nuclei: Nuclei
    labels: NDArray[np.int32]
    outlines: Sequence[Outline]
    pixels: Pixels

    @property
    def overlay(self) -> Pixels:
        """The picture with the outlines, and their number below."""
        line = f"Nuclei: {len(self.nuclei):,}"
        painted = with_outlines(self.pixels, self.outlines, TARGET_COLOUR)
        return with_legend(painted, [(line, TARGET_COLOUR)])


def nuclei_in(picture: OpenPicture, rules: Rules, patch: int) -> InPicture:
    """Find the nuclei of a picture.

    Parameters
    ----------
    picture : OpenPicture
    rules : Rules
    patch : int
        Side of the model's tiles.

    Raises
    ------
    SlideError
        Where the picture cannot be read.
    """
    prediction = picture.prediction
    frame, (width, height) = prediction.frame, picture.size
    mask = prediction.read(0, 0, 0, frame.width, frame.height)
    instances = instances_by(rules, mask)
    pixels = picture.pixels()
    at_frame = pixels
    if frame.scale != 1:
        reader = SlidePicture(picture.slide, frame, patch)
        at_frame = reader.read(0, 0, frame.width, frame.height)
    nuclei = measured(instances, at_frame, 0, 0, np.ones(len(instances), np.bool_))
    columns = np.minimum(((np.arange(width) + 0.5) / frame.scale).astype(int), frame.width - 1)
    rows = np.minimum(((np.arange(height) + 0.5) / frame.scale).astype(int), frame.height - 1)
    labels = instances.labels[rows[:, None], columns[None, :]]
    return InPicture(nuclei, labels, list(nuclei.outlines(frame)), pixels)
