"""The colours of a prediction: red, or a map whose steps look alike to every eye."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slideviewer.ui import colours

PALEST = 0.45
"""Opacity of red at the lower end of its range, against 1 at the upper one."""


@dataclass(frozen=True)
class Palette:
    """Colours along a range from 0 to 1.

    Attributes
    ----------
    words : str
        What the user reads.
    anchors : tuple of str
        ``#rrggbb``, at even steps from 0 to 1; between them colours are mixed.
    palest : float
        Opacity at 0, against 1 at 1.
    """

    words: str
    anchors: tuple[str, ...]
    palest: float = 1.0

    def at(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """Colours of places along the range.

        Parameters
        ----------
        places : ndarray (count,), float64
            From 0 to 1.

        Returns
        -------
        ndarray (count, 4), float64
            Red, green, blue and opacity, from 0 to 255.
        """
        parts = np.array([[int(it[i : i + 2], 16) for i in (1, 3, 5)] for it in self.anchors])
        steps = np.linspace(0, 1, len(parts))
        mixed = [np.interp(places, steps, parts[:, channel]) for channel in range(3)]
        opacity = 255 * (self.palest + (1 - self.palest) * places)
        return np.stack([*mixed, opacity], axis=-1)


RED = "red"

PALETTES = {
    RED: Palette("Red", (colours.PREDICTION.name(),) * 2, PALEST),
    "viridis": Palette(
        "Viridis",
        (
            *("#440154", "#482878", "#3e4989", "#31688e", "#26828e"),
            *("#1f9e89", "#35b779", "#6ece58", "#b5de2b", "#fde725"),
        ),
    ),
    "inferno": Palette(
        "Inferno",
        (
            *("#000004", "#1b0c41", "#4a0c6b", "#781c6d", "#a52c60"),
            *("#cf4446", "#ed6925", "#fb9b06", "#f7d13d", "#fcffa4"),
        ),
    ),
    "cividis": Palette(
        "Cividis",
        (
            *("#00204d", "#00336f", "#39486b", "#575c6d", "#707173"),
            *("#8a8779", "#a69d75", "#c4b56c", "#e4cf5b", "#ffea46"),
        ),
    ),
}
"""By the names that settings keep. Ten colours each of Viridis and Inferno (S. van der Walt and N.
Smith, "A better default colormap for Matplotlib", SciPy 2015) and of Cividis (J. Nuñez and others,
"Optimizing colormaps with consideration for color vision deficiency", PLoS ONE 2018): equal steps
of a value look equally far apart, in print and to the colour-blind, too."""


def premultiplied(rgba: NDArray[np.float64]) -> NDArray[np.uint32]:
    """Colours as Qt keeps them: 32 bits, each part already weakened by the opacity.

    Parameters
    ----------
    rgba : ndarray (count, 4), float64
        From 0 to 255.
    """
    opacity = np.rint(rgba[:, 3])
    parts = np.rint(rgba[:, :3] * (opacity / 255)[:, None]).astype(np.uint32)
    red, green, blue = parts.T
    return np.asarray(opacity.astype(np.uint32) << 24 | red << 16 | green << 8 | blue)
