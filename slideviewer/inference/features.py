"""What a heat map says of its slide in a few numbers, for a score or a classifier of slides."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from slideviewer.inference.prediction import Prediction

SURE, LIKELY = 0.9, 0.5
"""The two thresholds of features, as in the Camelyon16 winners' (Wang et al. 2016,
arXiv:1606.05718)."""


_OF_THRESHOLD = ("regions", "target_share", "largest_area_mm2", "largest_axis_um", "largest_mean")
FEATURES = (
    "max",
    "mean",
    "sd",
    *(f"{name}_{round(100 * limit)}" for limit in (LIKELY, SURE) for name in _OF_THRESHOLD),
)
"""What `heatmap_features` measures, in its order."""


def heatmap_features(prediction: Prediction) -> Mapping[str, float]:
    """Measure a heat map.

    Returns
    -------
    mapping of str to float
        ``max``, ``mean`` and ``sd`` of the target's probability over all cells looked at; and for
        the thresholds 0.5 and 0.9 (``..._50``, ``..._90``) the number of ``regions``, the
        ``target_share`` of those cells, and of the largest region its ``area_mm2``, its
        ``axis_um`` (major axis of the ellipse with the same second moments) and its ``mean``.
        Lengths are in cells where nobody knows how large pixels are. 0 where there is nothing.
    """
    scores = prediction.target_probabilities
    seen = scores[~np.isnan(scores)]
    cell_um = prediction.grid.cell * (prediction.spacing_um_px or 1 / prediction.grid.cell)
    features = {
        "max": float(seen.max()) if len(seen) else 0.0,
        "mean": float(seen.mean(dtype=np.float64)) if len(seen) else 0.0,
        "sd": float(seen.std(dtype=np.float64)) if len(seen) else 0.0,
    }
    for threshold in (LIKELY, SURE):
        mark = f"_{round(100 * threshold)}"
        positive = prediction.positive_cells(threshold)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(
            positive.astype(np.uint8), connectivity=8
        )
        features[f"regions{mark}"] = float(count - 1)
        features[f"target_share{mark}"] = float(positive.sum() / max(1, len(seen)))
        largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax()) if count > 1 else 0
        inside = labels == largest if largest else np.zeros_like(positive)
        features[f"largest_area_mm2{mark}"] = float(inside.sum()) * cell_um**2 / 1e6
        features[f"largest_axis_um{mark}"] = _major_axis(inside) * cell_um
        features[f"largest_mean{mark}"] = float(scores[inside].mean()) if largest else 0.0
    return features


def _major_axis(inside: NDArray[np.bool_]) -> float:
    """Length in cells of the major axis of the ellipse with a region's second moments."""
    rows, columns = np.nonzero(inside)
    if not len(rows):
        return 0.0
    # A cell is a square and no point: its own second moment is a twelfth.
    spread = np.cov(np.stack([columns, rows]), bias=True) + np.eye(2) / 12
    return float(4 * np.sqrt(np.linalg.eigvalsh(spread)[-1]))
