"""A file read at any place from several threads, through one descriptor."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import BinaryIO, NamedTuple

from slideviewer.errors import SlideError

_HAS_PREAD = hasattr(os, "pread")
"""Windows has none: there, seeking and reading are one step under a lock."""


def cannot_be_read(path: Path, error: OSError) -> SlideError:
    """Say that the system does not give a file or folder to read."""
    return SlideError(
        f"It cannot be read: {error.strerror or error}.",
        path=path,
        remedy="Check that you may read it.",
    )


class FileGone(SlideError):
    """The file as a whole can no longer be read: it was closed or changed, or its drive is gone.

    Unlike a damaged part, this says nothing of what the file holds.
    """


class _Mark(NamedTuple):
    """What tells one file, and one state of it, from another."""

    device: int
    number: int
    size: int
    changed_ns: int


class OpenFile:
    """A file opened for reading, in which every read states its place.

    The descriptor stays on the file that was opened, whatever later bears its name. Safe to use
    from several threads at once.

    Parameters
    ----------
    path : Path

    Attributes
    ----------
    path : Path
    size : int
        In bytes, when it was opened.

    Raises
    ------
    SlideError
        Where the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._seeking = threading.Lock()
        self._reading = 0
        self._closing = False
        self._descriptor = -1
        try:
            self._descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        except OSError as error:
            raise cannot_be_read(path, error) from error
        self._mark = _mark(os.fstat(self._descriptor))
        self.size = self._mark.size

    def stream(self) -> BinaryIO:
        """A plain stream over the same descriptor, for one reader, before any `read_at`.

        Closing it leaves this file open.
        """
        return os.fdopen(self._descriptor, "rb", closefd=False)

    def read_at(self, offset: int, length: int) -> bytes:
        """Read ``length`` bytes; fewer where the file ends before.

        Parameters
        ----------
        offset, length : int
            In bytes; no memory is taken for what lies beyond the file's end.

        Raises
        ------
        FileGone
            Where the file was closed, or the system cannot read it.
        """
        length = min(length, self.size - offset)
        if offset < 0 or length <= 0:
            return b""
        with self._lock:
            if self._closing:
                raise FileGone("The slide was closed.", path=self.path)
            self._reading += 1
        try:
            return self._read(offset, length)
        except OSError as error:
            raise FileGone(
                f"The file cannot be read at byte {offset}: {error.strerror}.",
                path=self.path,
                remedy="Check that its drive is connected.",
            ) from error
        finally:
            with self._lock:
                self._reading -= 1
                self._close_when_idle()

    def check_unchanged(self) -> None:
        """Look whether this is still the file that was opened.

        Asked where something does not fit: never on the way of a read that went well.

        Raises
        ------
        FileGone
            Where the file was replaced, removed or written to since, or this one was closed.
        """
        with self._lock:
            if self._closing:
                raise FileGone("The slide was closed.", path=self.path)
            held = _mark(os.fstat(self._descriptor))
        try:
            named = _mark(os.stat(self.path))
        except OSError:
            named = None
        if not held == named == self._mark:
            raise FileGone(
                "The file was changed, replaced or removed while it was open.",
                path=self.path,
                remedy="Open it again.",
            )

    def close(self) -> None:
        """Close the file once the reads under way have ended. Closing twice is harmless."""
        with self._lock:
            if not self._closing:
                self._closing = True
                self._close_when_idle()

    def __del__(self) -> None:
        self.close()

    def _read(self, offset: int, length: int) -> bytes:
        if _HAS_PREAD:
            return os.pread(self._descriptor, length, offset)
        with self._seeking:
            os.lseek(self._descriptor, offset, os.SEEK_SET)
            return os.read(self._descriptor, length)

    def _close_when_idle(self) -> None:
        if self._closing and not self._reading and self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _mark(status: os.stat_result) -> _Mark:
    return _Mark(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
