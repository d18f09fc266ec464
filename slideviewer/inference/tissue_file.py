"""The tissue that a prediction was made on, kept beside it as a small picture."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from slideviewer.files import replacing
from slideviewer.inference.files import told_to_user
from slideviewer.slide.tissue import TissueMask

TISSUE_FILE = "tissue.png"
"""White where there is tissue; it covers all of level 0."""


def write_tissue(folder: Path, tissue: TissueMask) -> None:
    """Keep a mask in a prediction's folder.

    Raises
    ------
    PredictionError
        Where the disk refuses.
    """
    encoded = cv2.imencode(".png", tissue.mask.astype(np.uint8) * 255)[1]
    with told_to_user(folder), replacing(folder / TISSUE_FILE) as file:
        file.write(encoded.tobytes())
