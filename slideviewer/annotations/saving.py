"""Writing a file so that no failure can cost the user the former one."""

from __future__ import annotations

import filecmp
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from slideviewer.errors import AnnotationError
from slideviewer.files import replacing

Writer = Callable[[BinaryIO], None]
"""Writes the whole content of a file to a binary stream."""

BACKUP_SUFFIX = ".bak"
"""Added to the name of a file for the copy of its former content."""

_REMEDY = "Nothing was changed; save under another name or in another folder."


def with_extension(path: Path | str, extension: str) -> Path:
    """The path with the extension added, unless it already ends in it.

    Parameters
    ----------
    path : Path or str
    extension : str
        With its point: ".xml" or ".geojson.gz". Upper and lower case count as the same.
    """
    path = Path(path)
    if path.name.lower().endswith(extension.lower()):
        return path
    return path.with_name(path.name + extension)


def write_safely(path: Path | str, write: Writer | bytes, backup: bool = True) -> None:
    """Write a file beside its target, flush it to the disk, and only then let it take the name.

    Whatever fails, the former file is untouched and nothing is left lying about.

    Parameters
    ----------
    path : Path or str
        The target. Where it is a link, the file it points to is replaced and the link stays.
    write : callable or bytes
        The content, or what writes it to a binary stream.
    backup : bool
        Keep the former file as ``<name>.bak``, in place of an earlier backup.

    Raises
    ------
    AnnotationError
        The folder does not exist or cannot be written, the disk is full, or the path is a folder.
    """
    given = Path(path)
    try:
        target = given.resolve()
        if target.is_dir():
            raise AnnotationError("is a folder, not a file.", path=given, remedy=_REMEDY)
        with replacing(target) as stream:
            if callable(write):
                write(stream)
            else:
                stream.write(write)
            stream.flush()
            if backup and target.exists():
                _keep(target)
    except OSError as error:
        reason = error.strerror or str(error)
        raise AnnotationError(f"cannot be saved: {reason}.", path=given, remedy=_REMEDY) from error


def keep_former(path: Path, replace: Callable[[Path], None]) -> bool:
    """Replace a file, and keep it as ``<name>.bak`` where its bytes change.

    Where it fails, or the bytes stay the same, an earlier backup stays too.

    Parameters
    ----------
    path : Path
        Need not exist.
    replace : callable
        Makes the file anew, as `slideviewer.files.replacing` does; it must not write into it.

    Returns
    -------
    bool
        Whether a former file was kept.

    Raises
    ------
    OSError
        The folder cannot be written.
    """
    target = path.resolve()
    if not target.is_file():
        replace(path)
        return False
    with tempfile.TemporaryDirectory(prefix=".saving-", dir=target.parent) as folder:
        second = _second(target, Path(folder))
        replace(path)
        is_another = not filecmp.cmp(second, target, shallow=False)
        if is_another:
            os.replace(second, backup_of(target))
    return is_another


def backup_of(path: Path) -> Path:
    """Where the former content of a file is kept: ``<name>.bak`` beside it."""
    return path.with_name(path.name + BACKUP_SUFFIX)


def _keep(target: Path) -> None:
    """Put the present file under the backup's name as well, never leaving a moment without it."""
    with tempfile.TemporaryDirectory(prefix=".saving-", dir=target.parent) as folder:
        os.replace(_second(target, Path(folder)), backup_of(target))


def _second(target: Path, folder: Path) -> Path:
    """The content of a file under a second name in a folder beside it."""
    second = folder / target.name
    try:
        os.link(target, second)
    except OSError:  # no hard links on this disk (FAT, some network folders)
        shutil.copy2(target, second)
    return second
