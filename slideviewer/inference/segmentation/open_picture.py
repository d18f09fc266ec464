"""A picture that is being predicted, and how."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from slideviewer.inference.loader import ModelLoader
from slideviewer.inference.options import Turns
from slideviewer.inference.segmentation.prediction import MaskPrediction
from slideviewer.inference.segmentation.tiling import OVERLAP
from slideviewer.models.package import ModelPackage
from slideviewer.slide import Slide

ASSUMED = "assumed: that of the model"
"""Where a picture's spacing comes from when nobody says; it is written into its `RUN_FILE`."""


@dataclass(frozen=True)
class PictureOptions:
    """How pictures are predicted.

    Attributes
    ----------
    spacing : float or None
        Micrometres per pixel. By default what a picture says; one that does not say is taken to
        have the model's spacing, and its `RUN_FILE` says so.
    threshold : float or None
        The model's own by default.
    overlap : float
        As in `slideviewer.inference.segmentation.tiling.Tiling`.
    turns : str
        As in `slideviewer.inference.options.Options`.
    others : tuple of ModelLoader
        Models that answer together with the first one.
    formats : tuple of str or None
        What is written beside what always is; all by default.
    """

    spacing: float | None = None
    threshold: float | None = None
    overlap: float = OVERLAP
    turns: Turns = "none"
    others: tuple[ModelLoader, ...] = ()
    formats: tuple[str, ...] | None = None

    @property
    def looks_again(self) -> bool:
        """Whether each pixel is looked at more than once."""
        return bool(self.others) or self.turns != "none"

    def wants(self, form: str) -> bool:
        """Whether a format is written."""
        return self.formats is None or form in self.formats

    def threshold_for(self, package: ModelPackage) -> float:
        """The threshold that counts."""
        return package.spec.threshold if self.threshold is None else self.threshold


@dataclass(frozen=True, eq=False)
class OpenPicture:
    """A picture that is being predicted.

    Attributes
    ----------
    slide : Slide
    folder : Path
        Of its results.
    prediction : MaskPrediction
        Read while the picture is open.
    spacing_source : str
        Who says how large its pixels are: "slide", "user", or nobody (`ASSUMED`).
    """

    slide: Slide
    folder: Path
    prediction: MaskPrediction
    spacing_source: str

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in its own pixels."""
        return self.slide.pyramid.width, self.slide.pyramid.height

    @property
    def pixel_um2(self) -> float | None:
        """What one of its own pixels covers; None where nobody knows."""
        um = self.prediction.provenance.get("spacing_um_px")
        is_known = self.spacing_source != ASSUMED and isinstance(um, int | float)
        return float(um) ** 2 if is_known else None  # type: ignore[arg-type]

    def pixels(self) -> NDArray[np.uint8]:
        """All of it: shape (height, width, 3), uint8, RGB."""
        return self.slide.read_region(0, 0, 0, *self.size)

    def probabilities(self) -> NDArray[np.float32]:
        """Of each of its own pixels: shape (height, width, classes), float32."""
        frame = self.prediction.frame
        return self._at_own_size(self.prediction.read(0, 0, 0, frame.width, frame.height))

    def spread(self) -> NDArray[np.float32] | None:
        """How much answers differ at each of its own pixels: (height, width), or None."""
        frame = self.prediction.frame
        found = self.prediction.read_spread(0, 0, 0, frame.width, frame.height)
        return None if found is None else self._at_own_size(found[..., None])[..., 0]

    def _at_own_size(self, mask: NDArray[np.float16]) -> NDArray[np.float32]:
        frame, (width, height) = self.prediction.frame, self.size
        whole = mask.astype(np.float32)
        if frame.scale == 1:
            return whole[:height, :width]
        step = 1 / frame.scale
        place = np.array([[step, 0, step / 2 - 0.5], [0, step, step / 2 - 0.5]])
        channels = [
            cv2.warpAffine(
                np.ascontiguousarray(whole[..., index]),
                place,
                (width, height),
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_REPLICATE,
            )
            for index in range(whole.shape[2])
        ]
        return np.stack(channels, axis=2).astype(np.float32)
