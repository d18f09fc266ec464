"""The colours of haematoxylin, eosin and a felt pen, mixed as light is absorbed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from slideviewer.slide.slide import Pixels
from slideviewer.slide.synthetic.noise import Plane, uniform

# Absorption per unit of dye for red, green and blue (natural logarithm). Two laboratories'
# habits, a warm and a cool one, as medians of what separation in optical density (Macenko et al.,
# ISBI 2009) gives for lymph nodes from two centres; a slide lies somewhere between.
_HAEMATOXYLIN_WARM = np.array([0.56, 0.74, 0.40])
_HAEMATOXYLIN_COOL = np.array([0.59, 0.75, 0.28])
_EOSIN_WARM = np.array([0.21, 0.86, 0.43])
_EOSIN_COOL = np.array([0.17, 0.90, 0.33])
_INKS = {"green": np.array([1.55, 0.42, 1.05]), "blue": np.array([1.75, 1.05, 0.22])}


@dataclass(frozen=True, eq=False)
class Stain:
    """How one slide was stained and scanned.

    Attributes
    ----------
    dyes : ndarray (3, 3), float32
        Absorption (natural logarithm) per unit of dye: rows red, green, blue; columns
        haematoxylin, eosin, pen ink.
    white : ndarray (3,), float32
        The colour of empty glass, 0 to 255.
    """

    dyes: NDArray[np.float32]
    white: NDArray[np.float32]

    @classmethod
    def of_seed(cls, seed: int, ink: str = "green") -> Stain:
        """The stain that belongs to a seed; every seed gives a credible one."""
        draw = [float(uniform(seed, i, 0, 101)) for i in range(8)]
        cool = draw[0]
        haematoxylin = _HAEMATOXYLIN_WARM * (1 - cool) + _HAEMATOXYLIN_COOL * cool
        eosin = _EOSIN_WARM * (1 - cool) + _EOSIN_COOL * cool
        strengths = 0.85 + 0.3 * np.array(draw[1:3])
        white = 240 + np.array([5 * draw[3], 5 * draw[4], 6 * draw[5]])
        dyes = np.stack([haematoxylin * strengths[0], eosin * strengths[1], _INKS[ink]], axis=1)
        return cls(dyes.astype(np.float32), white.round().astype(np.float32))

    def coloured(self, dyes: Plane, grain: Plane) -> Pixels:
        """What a scanner sees (Beer and Lambert's law) where so much dye lies in the light's way.

        Parameters
        ----------
        dyes : ndarray (height, width, 2 or 3), float32
            Haematoxylin, eosin and, if there is any, ink.
        grain : ndarray (height, width, 3), float32
            Added to the colours, 0 to 255.
        """
        mixing = -self.dyes[:, : dyes.shape[2]]
        light: Plane = np.asarray(cv2.exp(cv2.transform(dyes, mixing)), np.float32)
        # Empty glass saturates the sensor: noise shows only where something absorbs light.
        absorbed = 1 - light[..., 1:2]
        light *= self.white
        light += grain * absorbed
        return cast(Pixels, cv2.convertScaleAbs(np.maximum(light, 0, out=light)))
