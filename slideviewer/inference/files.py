"""Writing results so that nobody ever finds half a file, and failures are told in words."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from slideviewer.errors import PredictionError


@contextmanager
def written_whole(path: Path, *, binary: bool = False) -> Iterator[IO[Any]]:
    """Open a file to write beside, flushed and put in place at the end; the former stays till then.

    Raises
    ------
    OSError
        If it cannot be written; nothing is left beside then.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.partial")
    mode, encoding, newline = ("wb", None, None) if binary else ("w", "utf-8", "")
    try:
        with beside.open(mode, encoding=encoding, newline=newline) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def told_to_user(folder: Path) -> Iterator[None]:
    """Turn the system's refusal to write into words for the user.

    Raises
    ------
    PredictionError
        For any OSError inside.
    """
    try:
        yield
    except OSError as error:
        raise PredictionError(
            f"The results cannot be written: {error.strerror or error}.",
            path=folder,
            remedy="Choose a folder on a disk with room that you may write to.",
        ) from error
