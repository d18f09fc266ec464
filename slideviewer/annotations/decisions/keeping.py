"""Notes how long a slide was read in a file whose other content is nobody's business then."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from slideviewer.annotations.decisions.file import decisions_file_of, lines_of, read_decisions
from slideviewer.annotations.decisions.reading import Reading
from slideviewer.annotations.decisions.turns import turn_at
from slideviewer.annotations.saving import stamp_of, write_safely
from slideviewer.errors import AnnotationError

_LEFT = "It is left as it is, without how long the slide was read now."


class _WrittenMeanwhileError(Exception):
    """Another program has written the file that was to be replaced."""


def keep_reading(reading: Reading, path: Path) -> None:
    """Put one reading into a file that is there already, and change nothing else in it.

    One that stands there and went on for longer stays, so that late writes undo nothing.

    Parameters
    ----------
    reading : Reading
    path : Path
        The annotation file.

    Raises
    ------
    AnnotationError
        The file cannot be read, wholly or in part, or not be written; it is untouched.
    """
    file = decisions_file_of(path)

    def write(stream: BinaryIO) -> None:
        stream.writelines(lines_of(path.name, former.decisions, {**known, reading.id: reading}))
        if stamp_of(file) != stamp:  # another program has saved meanwhile
            raise _WrittenMeanwhileError

    with turn_at(file):
        while (stamp := stamp_of(file)) is not None:
            former = read_decisions(path)
            if former.notice:
                raise AnnotationError(f"{former.notice} {_LEFT}")
            known = former.readings
            if not reading.goes_beyond(known.get(reading.id)):
                return
            with suppress(_WrittenMeanwhileError):
                write_safely(file, write, backup=False)
                return
