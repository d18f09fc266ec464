"""Pictures of results as PNG that say what they may be used for."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from slideviewer import RESEARCH_USE_ONLY

_AFTER_HEADER = 8 + 25
"""Where a PNG's signature and first chunk end, and others may begin (PNG 1.2, sections 3 and 4)."""


def png_bytes(picture: NDArray[Any]) -> bytes:
    """Encode a picture, with the research-use line as its ``Comment``.

    Parameters
    ----------
    picture : ndarray (height, width, 3), (height, width, 4) or (height, width), uint8 or uint16
        In RGB, RGBA, or grey.
    """
    if picture.ndim == 3:
        way = cv2.COLOR_RGBA2BGRA if picture.shape[2] == 4 else cv2.COLOR_RGB2BGR
        picture = np.asarray(cv2.cvtColor(picture, way))
    png = cv2.imencode(".png", picture)[1].tobytes()
    text = b"Comment\0" + RESEARCH_USE_ONLY.encode("latin-1")
    body = b"tEXt" + text
    chunk = struct.pack(">I", len(text)) + body + struct.pack(">I", zlib.crc32(body))
    return png[:_AFTER_HEADER] + chunk + png[_AFTER_HEADER:]
