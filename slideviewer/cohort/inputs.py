"""What the files and folders that a user names stand for."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from slideviewer.errors import SlideError
from slideviewer.inference.pictures import PLAIN_VENDORS, is_tile_picture
from slideviewer.slide import KNOWN_SUFFIXES, open_slide
from slideviewer.slide.folders import one_of_each_series
from slideviewer.slide.open_file import cannot_be_read
from slideviewer.slide.opening import KNOWN_FORMATS

PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"})
"""Files that may be a picture of one tile."""

_DICOM = ".dcm"
_LOOKED_AT = 20
"""So many files of a folder, spread evenly, tell whether they are all pictures of tiles."""


@dataclass(frozen=True)
class Inputs:
    """What is to be predicted.

    Attributes
    ----------
    slides : tuple of Path
        Files to open as slides; some may not exist.
    pictures : tuple of Path
        Plain pictures.
    """

    slides: tuple[Path, ...]
    pictures: tuple[Path, ...]


Pictures = Literal["tiles", "plain", "none"]
"""Which files count as pictures and not as slides: those that may be one tile, all plain ones,
or none."""


def gather_inputs(given: Sequence[Path], *, pictures: Pictures = "tiles") -> Inputs:
    """Find the slides and the pictures among files and folders.

    A folder is searched for files by their suffixes, not its sub-folders; of each DICOM series in
    several files one stands for the slide. All of a folder are
    pictures of tiles where all have a picture's suffix and none that can be read is larger than a
    tile or has a pyramid; a single file is judged likewise.

    Parameters
    ----------
    given : sequence of Path
    pictures : str
        See `Pictures`.

    Raises
    ------
    SlideError
        If a folder holds nothing to predict, or cannot be read.
    """
    slides: dict[Path, None] = {}
    plain: dict[Path, None] = {}
    for path in given:
        files = _files_in(path) if os.path.isdir(path) else [path]
        is_plain = pictures != "none" and _are_pictures(files, pictures == "tiles")
        (plain if is_plain else slides).update(dict.fromkeys(files))
    return Inputs(tuple(slides), tuple(plain))


def result_names(slides: Sequence[Path]) -> dict[Path, str]:
    """Name the folder of each slide's results: its stem, or its whole name where stems are shared.

    Raises
    ------
    SlideError
        If even the names are shared.
    """
    stems = Counter(path.stem.casefold() for path in slides)
    names = {path: path.stem if stems[path.stem.casefold()] == 1 else path.name for path in slides}
    counts = Counter(name.casefold() for name in names.values())
    for path, name in names.items():
        if counts[name.casefold()] > 1:
            raise SlideError(
                f'Two slides are called "{name}", so their results would be mixed up.',
                path=path,
                remedy="Predict them one by one, each into another folder.",
            )
    return names


def _files_in(folder: Path) -> list[Path]:
    try:
        found = sorted(
            path
            for path in folder.iterdir()
            if path.name.lower().endswith(KNOWN_SUFFIXES)
            and not path.name.startswith(".")
            and path.is_file()
        )
    except OSError as error:
        raise cannot_be_read(folder, error) from error
    if not found:
        raise SlideError(
            "The folder holds no slide or picture.",
            path=folder,
            remedy=f"Looked for {KNOWN_FORMATS}.",
        )
    return _slides_once(found)


def _slides_once(files: list[Path]) -> list[Path]:
    """Leave out DICOM files whose series another one stands for; damaged ones are told of."""
    slides, others = one_of_each_series(path for path in files if path.suffix.lower() == _DICOM)
    kept = {*slides, *others}
    return [path for path in files if path.suffix.lower() != _DICOM or path in kept]


def _are_pictures(files: Sequence[Path], of_one_tile: bool) -> bool:
    if any(path.suffix.lower() not in PICTURE_SUFFIXES for path in files):
        return False
    readable = False
    for path in files[:: max(1, len(files) // _LOOKED_AT)]:
        try:
            slide = open_slide(path)
        except SlideError:
            continue  # told of when it is its turn
        try:
            if slide.vendor not in PLAIN_VENDORS or (of_one_tile and not is_tile_picture(slide)):
                return False
        finally:
            slide.close()
        readable = True
    return readable
