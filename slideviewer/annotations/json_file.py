"""Reading JSON of unknown origin, packed by gzip or not, and text for JSON of our own."""

from __future__ import annotations

import gzip
import json
import os
import zlib
from pathlib import Path
from typing import Any

from slideviewer.errors import AnnotationError

LARGEST_BYTES = 1 << 30
"""Larger files are refused, and so are packed ones that unpack to more."""
ANOTHER = "Choose another file."

_GZIP = b"\x1f\x8b"
_EARLIER = "Take an earlier copy of it."


def unpacked_start(path: Path, size: int) -> bytes:
    """The first bytes of a file's content; empty where it cannot be read or unpacked."""
    try:
        with path.open("rb") as stream:
            data = stream.read(size)
        if data.startswith(_GZIP):
            with gzip.open(path) as unpacked:
                data = unpacked.read(size)
    except (OSError, EOFError, zlib.error):
        return b""
    return data


def read_json(path: Path) -> Any:
    """Read a file of JSON.

    Raises
    ------
    AnnotationError
        It cannot be read or unpacked, is too large, nested too deeply, or no JSON.
    """
    try:
        with path.open("rb") as stream:
            if os.fstat(stream.fileno()).st_size > LARGEST_BYTES:
                raise _too_large(path)
            data = stream.read(LARGEST_BYTES + 1)
        if data.startswith(_GZIP):
            with gzip.open(path) as unpacked:
                data = unpacked.read(LARGEST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or "what gzip packed is cut off or damaged"
        raise AnnotationError(
            f"cannot be read: {reason}.", path=path, remedy="Check its name and that it is whole."
        ) from error
    if len(data) > LARGEST_BYTES:
        raise _too_large(path)
    if not data.strip():
        raise AnnotationError("is empty.", path=path, remedy=_EARLIER)
    try:
        return json.loads(data)
    except RecursionError as error:
        raise AnnotationError(
            "is nested deeper than any annotation file.", path=path, remedy=ANOTHER
        ) from error
    except json.JSONDecodeError as error:
        raise AnnotationError(
            f"is no JSON: it cannot be read on from line {error.lineno}, column {error.colno}.",
            path=path,
            remedy=f"It may be cut off or damaged. {_EARLIER}",
        ) from error
    except UnicodeDecodeError as error:
        raise AnnotationError("is no JSON: it is no text.", path=path, remedy=ANOTHER) from error
    except ValueError as error:  # Python's limit to the digits of an integer
        raise AnnotationError(
            "is no JSON of annotations: it has a number of thousands of digits.",
            path=path,
            remedy=_EARLIER,
        ) from error


def sound(text: str) -> str:
    """Text without halves of characters, for which strict readers of JSON refuse a whole file.

    Names of files that are no UTF-8 have such, and names in JSON may.
    """
    return text.encode("utf-8", "replace").decode()


def _too_large(path: Path) -> AnnotationError:
    limit = f"{LARGEST_BYTES >> 20} MiB"
    return AnnotationError(
        f"is larger than {limit}, the most that is read.", path=path, remedy="Split it."
    )
