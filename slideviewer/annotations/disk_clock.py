"""How long ago a file was touched, by its disk's clock, which may be another machine's."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path


class DiskClock:
    """The clock by which a disk says when its files were touched.

    It is asked once. Where nothing can be written there, it is at least as late as the latest
    touch that was seen.

    Parameters
    ----------
    folder : Path
        One on the disk.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ahead: float | None = None  # of this program's own clock

    def silence_of(self, file: Path) -> float:
        """Seconds since a file was touched.

        Raises
        ------
        OSError
            The file cannot be reached.
        """
        touched = file.stat().st_mtime
        if self._ahead is None:
            self._ahead = self._asked(touched) - time.monotonic()
        now = time.monotonic()
        self._ahead = max(self._ahead, touched - now)
        return now + self._ahead - touched

    def _asked(self, touched: float) -> float:
        try:
            with tempfile.TemporaryFile(dir=self._folder, prefix=".~lock.") as new:
                return os.fstat(new.fileno()).st_mtime
        except OSError:
            return touched
