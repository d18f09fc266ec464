"""What somebody wishes of a training that runs in another process: a file with one word in it.

It lies in the folder ``training`` of the package: ``echo stop > out/training/wish.txt`` does what
Ctrl+C does, ``pause`` lets the training stand still until the file is taken away.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from slideviewer.files import replacing

WISH_FILE = "wish.txt"
PAUSE, STOP = "pause", "stop"

_MOST_BYTES = 100


class Wishes:
    """The file with the wish.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / WISH_FILE

    def wish(self, word: str) -> None:
        """Wish for something: `PAUSE` or `STOP`.

        Raises
        ------
        OSError
            The folder is not there, or cannot be written.
        """
        with replacing(self._file) as stream:
            stream.write(word.encode())

    def read(self) -> str:
        """What is wished for; empty for nothing."""
        try:
            with self._file.open("rb") as stream:
                return stream.read(_MOST_BYTES).decode("utf-8", "replace").strip().casefold()
        except OSError:
            return ""

    def clear(self) -> None:
        """Wish for nothing any more."""
        with contextlib.suppress(OSError):
            self._file.unlink(missing_ok=True)
