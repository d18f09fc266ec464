"""Which files of a folder an export wrote: only those it may write over the next time."""

from __future__ import annotations

import json
from hashlib import file_digest
from pathlib import Path

from slideviewer.cohort.worklist import WorklistError

NOTES_FILE = ".slideviewer-exported.jsonl"
"""A line for each file that was written, the last one of a name counts: its SHA-256 then."""
_MOST_BYTES = 64 << 20


class ExportedFiles:
    """The files of a folder that are an export's own.

    Another reader's work may lie under the same name; it is refused, and not written over.

    Parameters
    ----------
    folder : Path
        It exists.
    overwrite : bool
        Whether nothing is refused.
    """

    def __init__(self, folder: Path, *, overwrite: bool = False) -> None:
        self._overwrite = overwrite
        self._notes = folder / NOTES_FILE
        self._known = _read(self._notes)

    def check(self, path: Path) -> None:
        """Refuse to write over a file that is not as an export left it.

        Raises
        ------
        WorklistError
            With the file; also if it cannot be read.
        """
        if self._overwrite or not path.exists():
            return
        if self._known.get(path.name) != _digest(path):
            raise WorklistError(
                "lies there already, and no export wrote it as it is now.",
                path=path,
                remedy="Export into another folder, or move it away.",
            )

    def note(self, path: Path) -> None:
        """Remember a file as it was written just now.

        Raises
        ------
        WorklistError
            If the folder cannot be written any more.
        """
        self._known[path.name] = _digest(path)
        line = json.dumps({"name": path.name, "sha256": self._known[path.name]})
        try:
            with self._notes.open("a", encoding="utf-8") as stream:
                stream.write(f"{line}\n")
        except OSError as error:
            raise WorklistError(
                f"The export was written, but not noted: {error.strerror or error}.",
                path=path,
                remedy="Make room, move it away, and export again.",
            ) from error


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise WorklistError(
            f"lies there already and cannot be read: {error.strerror or error}.",
            path=path,
            remedy="Export into another folder, or move it away.",
        ) from error


def _read(path: Path) -> dict[str, str]:
    """What was noted; a line that is damaged says nothing."""
    known: dict[str, str] = {}
    try:
        with path.open(encoding="utf-8", errors="replace") as stream:
            lines = stream.read(_MOST_BYTES).splitlines()
    except OSError:
        return known
    for line in lines:
        try:
            noted = json.loads(line)
            known[str(noted["name"])] = str(noted["sha256"])
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
    return known
