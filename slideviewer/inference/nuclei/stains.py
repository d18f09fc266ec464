"""How much of the two stains there is.

After Ruifrok and Johnston 2001, "Quantification of histochemical staining by color deconvolution".
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slideviewer.slide.slide import Pixels

HAEMATOXYLIN = (0.65, 0.70, 0.29)
EOSIN = (0.07, 0.99, 0.11)
"""Optical density in red, green and blue of a unit of the stain: the paper's, of length one."""

_WHITE = 255.0
_DENSITY = -np.log10(np.maximum(np.arange(256), 1) / _WHITE).astype(np.float32)


def optical_density(pixels: Pixels) -> NDArray[np.float32]:
    """Tell how much light each channel has lost, as a decimal logarithm; 0 is white.

    Parameters
    ----------
    pixels : ndarray (..., 3), uint8, RGB

    Returns
    -------
    ndarray (..., 3), float32
    """
    found: NDArray[np.float32] = _DENSITY[pixels]
    return found


def stain_densities(densities: NDArray[np.floating]) -> NDArray[np.float64]:
    """Part optical densities into the two stains.

    Deconvolution is linear in the density: of mean densities it gives the mean amounts.

    Parameters
    ----------
    densities : ndarray (..., 3)
        As `optical_density` gives them, or their means.

    Returns
    -------
    ndarray (..., 2), float64
        Of haematoxylin and eosin; what is of neither colour goes to a third, perpendicular to
        both, and is left out.
    """
    stains = np.array([HAEMATOXYLIN, EOSIN], np.float64)
    stains = np.vstack([stains, np.cross(stains[0], stains[1])])
    stains /= np.linalg.norm(stains, axis=1, keepdims=True)
    parted: NDArray[np.float64] = (densities @ np.linalg.inv(stains))[..., :2]
    return parted
