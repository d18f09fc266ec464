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
from slideviewer.files import replacing, target_of

Writer = Callable[[BinaryIO], None]
"""Writes the whole content of a file to a binary stream."""

Stamp = tuple[int, int]
"""Bytes of a file and its time of change in nanoseconds: by these a change of it is known."""

BACKUP_SUFFIX = ".bak"
"""Added to the name of a file for the copy of its former content."""

BACKUPS = 5
"""How many former contents of an annotation file are kept."""

_CHUNK_BYTES = 2**20

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


def stamp_of(path: Path) -> Stamp | None:
    """How a file is now; None where it cannot be reached."""
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_size, state.st_mtime_ns


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
        Keep the former file, where it says something else, as ``<name>.bak1``, and those kept
        before as ``.bak2`` to ``.bak5``.

    Raises
    ------
    AnnotationError
        The folder does not exist or cannot be written, the disk is full, or the path is a folder.
    """
    given = Path(path)
    try:
        target = target_of(given)
        if target.is_dir():
            raise AnnotationError("is a folder, not a file.", path=given, remedy=_REMEDY)
        with replacing(target) as stream:
            if callable(write):
                write(stream)
            else:
                stream.write(write)
            stream.flush()
            os.fsync(stream.fileno())  # a full disk may say so only now, and then nothing is kept
            if backup and target.exists() and not _holds_the_same(stream, target):
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
    target = target_of(path)
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


def backups_of(path: Path) -> tuple[Path, ...]:
    """Where the former contents of an annotation file are kept, the latest first."""
    names = (f"{path.name}{BACKUP_SUFFIX}{number}" for number in range(1, BACKUPS + 1))
    return tuple(path.with_name(name) for name in names)


def _keep(target: Path) -> None:
    """Put the present file under the backup's name as well, never leaving a moment without it."""
    backups = backups_of(target)
    latest = backups[0]
    if stamp_of(latest) == stamp_of(target) and filecmp.cmp(latest, target, shallow=False):
        return  # kept when it was to be replaced before, which failed
    with tempfile.TemporaryDirectory(prefix=".saving-", dir=target.parent) as folder:
        second = _second(target, Path(folder))
        free = next((i for i, backup in enumerate(backups) if not backup.exists()), BACKUPS - 1)
        for number in range(free, 0, -1):
            os.replace(backups[number - 1], backups[number])
        os.replace(second, backups[0])


def _holds_the_same(stream: BinaryIO, target: Path) -> bool:
    """Whether what was written to a stream is what a file holds; the stream stays at its end."""
    descriptor = stream.fileno()
    if os.fstat(descriptor).st_size != target.stat().st_size:
        return False
    os.lseek(descriptor, 0, os.SEEK_SET)
    try:
        with target.open("rb") as former:
            while chunk := former.read(_CHUNK_BYTES):
                if os.read(descriptor, len(chunk)) != chunk:
                    return False
        return True
    finally:
        os.lseek(descriptor, 0, os.SEEK_END)


def _second(target: Path, folder: Path) -> Path:
    """The content of a file under a second name in a folder beside it."""
    second = folder / target.name
    try:
        os.link(target, second)
    except OSError:  # no hard links on this disk (FAT, some network folders)
        shutil.copy2(target, second)
    return second
