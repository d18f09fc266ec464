"""Putting a file in place whole: nobody ever finds half of one, and the former is not lost."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Write a file beside its target, flush it to the disk, and only then let it take the name.

    Whatever fails, the former file is untouched and nothing is left lying about. Where the path
    is a link, the file it points to is replaced and the link stays.

    Parameters
    ----------
    path : Path

    Yields
    ------
    BinaryIO
        What is written to it becomes the file when the block ends without an exception.

    Raises
    ------
    OSError
        The folder does not exist or cannot be written, or the disk is full.
    """
    target = path.resolve()
    descriptor, name = tempfile.mkstemp(prefix=".saving-", suffix=".tmp", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        _take_permissions(temporary, target)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    _flush_folder(target.parent)


@contextmanager
def replacing_text(path: Path) -> Iterator[TextIO]:
    """As `replacing`, for text: UTF-8, line ends as they are written."""
    with replacing(path) as stream:
        text = io.TextIOWrapper(stream, "utf-8", newline="")
        try:
            yield text
            text.flush()
        finally:
            text.detach()  # the stream is the other's to close


def _take_permissions(temporary: Path, target: Path) -> None:
    """Give the new file the former one's permissions: those of a temporary file are narrow."""
    if target.exists():
        shutil.copymode(target, temporary)
    elif os.name == "posix":
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)


def _flush_folder(folder: Path) -> None:
    """Flush the renaming itself, where the system can: Windows opens no folders."""
    if os.name != "posix":
        return
    # The new file is already in place, so a network folder that refuses this is no failure.
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
