"""A prediction as a picture with one pixel a cell."""

from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np
from numpy.typing import NDArray

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.inference.prediction import Prediction

_AFTER_HEADER = 8 + 25
"""Where a PNG's signature and first chunk end, and others may begin (PNG 1.2, sections 3 and 4)."""


def heatmap(prediction: Prediction) -> NDArray[np.uint8]:
    """Paint the target's probability as red of that opacity; clear where nobody looked.

    Returns
    -------
    ndarray (rows, columns, 4), uint8, RGBA
    """
    probability = prediction.target_probabilities
    picture = np.zeros((*probability.shape, 4), np.uint8)
    looked_at = ~np.isnan(probability)
    picture[looked_at, 0] = 255
    picture[looked_at, 3] = np.round(np.clip(probability[looked_at], 0, 1) * 255)
    return picture


def heatmap_png(prediction: Prediction) -> bytes:
    """Encode the `heatmap` as PNG, with the research-use line as its ``Comment``."""
    picture = cv2.cvtColor(heatmap(prediction), cv2.COLOR_RGBA2BGRA)
    png = cv2.imencode(".png", picture)[1].tobytes()
    text = b"Comment\0" + RESEARCH_USE_ONLY.encode("latin-1")
    body = b"tEXt" + text
    chunk = struct.pack(">I", len(text)) + body + struct.pack(">I", zlib.crc32(body))
    return png[:_AFTER_HEADER] + chunk + png[_AFTER_HEADER:]
