"""Which parts of a slide were looked at, and how closely: a coarse picture kept on the disk."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from slideviewer.files import replacing

MOST_CELLS = 256
"""Along the longer side of a slide; what is smaller than a cell is not told apart."""

MOST_KEPT = 500
"""Slides remembered; the one that was not looked at for longest goes first."""

MOST_FILE_BYTES = 1_000_000
"""No mask of this program is larger."""

STEPS = 8.0
"""Magnifications are kept in eighths: 40x is 320, but beyond 255 / 8 nothing more is told apart."""


class VisitMap:
    """The highest magnification at which each cell of a slide was in view.

    Parameters
    ----------
    width, height : int
        Of the slide, in level-0 pixels.
    cells : ndarray (rows, columns), uint8, optional
        A former mask; one of another shape is not used.
    """

    def __init__(self, width: int, height: int, cells: NDArray[np.uint8] | None = None) -> None:
        self.cell = max(width, height) / MOST_CELLS
        shape = (max(1, math.ceil(height / self.cell)), max(1, math.ceil(width / self.cell)))
        fits = cells is not None and cells.shape == shape
        self.cells = cells if cells is not None and fits else np.zeros(shape, np.uint8)

    def visit(self, corners: Sequence[tuple[float, float]], magnification: float) -> bool:
        """Remember that the inside of a polygon was in view.

        Parameters
        ----------
        corners : sequence of (float, float)
            Of a convex polygon, in level-0 pixels.
        magnification : float

        Returns
        -------
        bool
            Whether that was news.
        """
        value = min(255, max(1, round(magnification * STEPS)))
        seen = np.zeros_like(self.cells)
        limit = 1 << 20  # OpenCV counts in 32 bits, of which some are fractions
        points = np.clip(np.array(corners) / self.cell * 8 - 4, -limit, limit)
        cv2.fillConvexPoly(seen, np.rint(points).astype(np.int32), value, shift=3)
        is_news = bool((seen > self.cells).any())
        np.maximum(self.cells, seen, out=self.cells)
        return is_news

    def seen_at(self, magnification: float) -> NDArray[np.bool_]:
        """Which cells were in view at this magnification or a higher one: (rows, columns)."""
        return self.cells >= min(255, round(magnification * STEPS))

    def forget(self) -> None:
        """Nothing was looked at."""
        self.cells[:] = 0


class VisitStore:
    """Keeps masks as small pictures, one a slide.

    Parameters
    ----------
    folder : Path
        Made where it is not there; only its owner may look into it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, key: str, width: int, height: int) -> VisitMap:
        """The mask of a slide; an empty one where there is none, or a damaged one."""
        path = self._path(key)
        cells = None
        try:
            if path.stat().st_size <= MOST_FILE_BYTES:
                data = np.frombuffer(path.read_bytes(), np.uint8)
                read = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE) if len(data) else None
                cells = None if read is None else np.asarray(read, np.uint8)
        except (OSError, cv2.error):
            cells = None
        return VisitMap(width, height, cells)

    def save(self, key: str, visits: VisitMap) -> None:
        """Keep a mask; one of nothing is not kept.

        Raises
        ------
        OSError
            Where the folder cannot be written.
        """
        path = self._path(key)
        if not visits.cells.any():
            path.unlink(missing_ok=True)
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _, data = cv2.imencode(".png", visits.cells)
        with replacing(path) as stream:
            stream.write(data.tobytes())
        self._drop_oldest()

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.visited.png"

    def _drop_oldest(self) -> None:
        kept = list(self._folder.glob("*.visited.png"))
        if len(kept) > MOST_KEPT:
            for path in sorted(kept, key=_age)[: len(kept) - MOST_KEPT]:
                with contextlib.suppress(OSError):
                    path.unlink()


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # another window has just removed it
        return 0.0
