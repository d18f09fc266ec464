"""Fibres of eosin, drawn into pictures of stained tissue that show none.

Where all training pictures are violet, a network learns that what is darker is a nucleus, and takes
the collagen of other slides for nuclei. No nucleus is where fibres were drawn.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from slideviewer.training.augmentation import Tile, optical_density

_PALE = 20
"""Percentile of optical density that is taken for the ground of a picture."""
_RED, _BLUE = (0.05, 0.28), (0.1, 0.7)
"""What eosin takes of red and blue, for all that it takes of green: from about the vector of
Ruifrok and Johnston 2001 (.07 and .11) to the one that the method of Macenko et al. 2009 is mostly
used with (.27 and .70)."""
_STRENGTH = (0.15, 0.8)
"""Optical density in green."""
_LONG, _WIDE = (3.0, 60.0), (2.0, 14.0)
"""Pixels over which the noise that fibres are made of changes, along and across them."""
_STEEP = (2.0, 14.0)
"""Of a fibre's edge, per standard deviation of the noise: from mist to a sharp line."""
_MOST_LAYERS = 3


def draw_fibres(picture: Tile, marked: NDArray[np.uint8], rng: np.random.Generator) -> Tile:
    """Make the ground of a picture paler, and draw fibres over it.

    Parameters
    ----------
    picture : ndarray (height, width, 3), uint8, RGB
    marked : ndarray (height, width), uint8
        1 where fibres are to be faint: on nuclei.
    rng : numpy Generator
        The only source of chance.

    Returns
    -------
    ndarray (height, width, 3), uint8, RGB
    """
    density = optical_density(picture)
    ground = np.percentile(density, _PALE, axis=(0, 1)).astype(np.float32)
    density = np.maximum(density - np.float32(rng.uniform()) * ground, 0)
    eosin = np.array([rng.uniform(*_RED), 1, rng.uniform(*_BLUE)], np.float32)
    faint = cv2.GaussianBlur(marked.astype(np.float32), (0, 0), 1)
    fibres = _fibres(picture.shape[:2], rng) * (1 - rng.uniform(0.3, 1) * faint)
    density += np.float32(rng.uniform(*_STRENGTH)) * fibres[..., None] * eosin
    found = np.rint(256 * np.exp(-density) - 1)
    return np.asarray(np.clip(found, 0, 255), np.uint8)


def _fibres(size: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float32]:
    """How much of them is at each pixel: up to three layers, 0 to 1 each."""
    height, width = size[0], size[1]
    side = 2 * max(height, width)  # whichever way it is turned, it covers the picture
    top, left = (side - height) // 2, (side - width) // 2
    found = np.zeros((height, width), np.float32)
    for _ in range(int(rng.integers(1, _MOST_LAYERS + 1))):
        along, across = (max(3, int(side / _drawn(rng, *it))) for it in (_LONG, _WIDE))
        noise = rng.normal(size=(across, along)).astype(np.float32)
        noise = np.asarray(cv2.resize(noise, (side, side), interpolation=cv2.INTER_CUBIC))
        turn = cv2.getRotationMatrix2D((side / 2, side / 2), rng.uniform(0, 360), 1)
        noise = np.asarray(cv2.warpAffine(noise, turn, (side, side), borderMode=cv2.BORDER_REFLECT))
        part = noise[top : top + height, left : left + width]
        found += 1 / (1 + np.exp(-_drawn(rng, *_STEEP) * (part - rng.uniform(-0.6, 0.8))))
    return found


def _drawn(rng: np.random.Generator, low: float, high: float) -> float:
    """Between both, as likely in each octave."""
    return math.exp(rng.uniform(math.log(low), math.log(high)))
