"""What is said of a place, in the words that all answers share."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from slideviewer.geometry import Rect


def probabilities_told(probabilities: Mapping[str, float]) -> list[str]:
    """Classes and their probabilities, the likeliest first."""
    surest_first = sorted(probabilities.items(), key=lambda pair: -pair[1])
    return [f"{name}: {value:.3f}" for name, value in surest_first]


def corners(rect: Rect) -> NDArray[np.float64]:
    """A rectangle as an outline."""
    return np.array(
        [(rect.x, rect.y), (rect.right, rect.y), (rect.right, rect.bottom), (rect.x, rect.bottom)]
    )
