"""Putting a file in place whole: nobody ever finds half of one, and the former is not lost."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import shutil
import sqlite3
import uuid
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
    target = target_of(path)
    descriptor, temporary = _made_beside(target)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        if target.exists():
            shutil.copymode(target, temporary)
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


def target_of(path: Path) -> Path:
    """Where a path leads, links followed.

    Raises
    ------
    OSError
        Links lead round in a circle.
    """
    try:
        return path.resolve()
    except RuntimeError as error:  # as Python before 3.13 says it
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from error


def _made_beside(target: Path) -> tuple[int, Path]:
    """An open file of a new name: as others may read new files, or nobody while it takes a place.

    The system knows which permissions new files get; asking it for them would change those of
    files that other threads make meanwhile.
    """
    temporary = target.with_name(f".saving-{uuid.uuid4().hex[:12]}.tmp")
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    return os.open(temporary, flags, 0o600 if target.exists() else 0o666), temporary


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


@contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """All that is done to a database within, or nothing of it.

    Parameters
    ----------
    database : sqlite3.Connection
        Without transactions of its own (``isolation_level=None``).
    """
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    finally:
        if database.in_transaction:
            database.execute("ROLLBACK")
