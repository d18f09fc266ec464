"""One nucleus, and the one that a point lies in."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from slideviewer.inference.nuclei.nuclei import Nuclei
from slideviewer.inference.segmentation.frame import MaskFrame
from slideviewer.slide import Spacing, UnknownSpacing
from slideviewer.ui import words

NEAREST = 8
"""So many nuclei are tried, those whose middle is nearest first."""


@dataclass(frozen=True, eq=False)
class NucleusAnswer:
    """What was measured of one nucleus.

    Attributes
    ----------
    outline : ndarray (count, 2), float64
        Level-0 pixels.
    area_px2 : float
        Square level-0 pixels.
    roundness, haematoxylin, eosin : float
        As in `slideviewer.inference.nuclei.nuclei.Nuclei`.
    """

    outline: NDArray[np.float64]
    area_px2: float
    roundness: float
    haematoxylin: float
    eosin: float

    def lines(self, spacing: Spacing | UnknownSpacing) -> tuple[str, ...]:
        """See `Answer`."""
        told = [f"Nucleus of {_area(self.area_px2, spacing)}", f"Roundness {self.roundness:.2f}"]
        for name, density in (("Haematoxylin", self.haematoxylin), ("Eosin", self.eosin)):
            if not np.isnan(density):
                told.append(f"{name} {density:.2f} OD")
        return tuple(told)


def nucleus_at(
    nuclei: Nuclei, frame: MaskFrame, x_mask: float, y_mask: float
) -> NucleusAnswer | None:
    """The nucleus that a point lies in, if one of these does.

    Parameters
    ----------
    nuclei : Nuclei
    frame : MaskFrame
        Of the mask that they were found in.
    x_mask, y_mask : float
        In its pixels.
    """
    at = x_mask, y_mask
    rings = np.split(nuclei.points, np.cumsum(nuclei.vertices)[:-1])
    away = np.hypot(*(nuclei.centres - at).T)
    for index in np.argsort(away)[:NEAREST].tolist():
        if cv2.pointPolygonTest(rings[index][:, None], at, False) >= 0:
            return NucleusAnswer(
                rings[index].astype(np.float64) * frame.scale + (frame.x, frame.y),
                float(nuclei.pixels[index]) * frame.scale**2,
                float(nuclei.roundness[index]),
                *map(float, nuclei.stains[index]),
            )
    return None


def _area(px2: float, spacing: Spacing | UnknownSpacing) -> str:
    """An area as small as a nucleus."""
    if isinstance(spacing, UnknownSpacing):
        return words.area(px2, spacing)
    return f"{px2 * spacing.x_um_px * spacing.y_um_px:.1f} µm²"
