"""Failures to write results, told in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from slideviewer.errors import PredictionError


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
