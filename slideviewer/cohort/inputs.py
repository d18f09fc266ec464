"""What the files and folders that a user names stand for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from slideviewer.errors import SlideError
from slideviewer.inference.pictures import is_tile_picture
from slideviewer.slide import open_slide

PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"})
"""Files that may be a picture of one tile."""

SLIDE_SUFFIXES = PICTURE_SUFFIXES | {
    ".svs",
    ".ndpi",
    ".mrxs",
    ".scn",
    ".bif",
    ".svslide",
    ".vms",
    ".vmu",
    ".zvi",
    ".czi",
    ".dcm",
}
"""Files that a folder is searched for."""

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
        Pictures that are one tile each.
    """

    slides: tuple[Path, ...]
    pictures: tuple[Path, ...]


def gather_inputs(given: Sequence[Path], *, pictures_are_tiles: bool = True) -> Inputs:
    """Find the slides and the pictures among files and folders.

    A folder is searched for files by their suffixes, not its sub-folders. All of a folder are
    pictures of tiles where all have a picture's suffix and none that can be read is larger than a
    tile or has a pyramid; a single file is judged likewise.

    Parameters
    ----------
    given : sequence of Path
    pictures_are_tiles : bool
        False takes everything for a slide.

    Raises
    ------
    SlideError
        If a folder holds nothing to predict, or cannot be read.
    """
    slides: dict[Path, None] = {}
    pictures: dict[Path, None] = {}
    for path in given:
        files = _files_in(path) if path.is_dir() else [path]
        tiles = pictures_are_tiles and _are_tile_pictures(files)
        (pictures if tiles else slides).update(dict.fromkeys(files))
    return Inputs(tuple(slides), tuple(pictures))


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
            if path.suffix.lower() in SLIDE_SUFFIXES
            and not path.name.startswith(".")
            and path.is_file()
        )
    except OSError as error:
        raise SlideError(
            f"The folder cannot be read: {error.strerror or error}.", path=folder
        ) from error
    if not found:
        raise SlideError(
            "The folder holds no slide or picture.",
            path=folder,
            remedy=f"Looked for: {', '.join(sorted(s[1:] for s in SLIDE_SUFFIXES))}.",
        )
    return found


def _are_tile_pictures(files: Sequence[Path]) -> bool:
    if any(path.suffix.lower() not in PICTURE_SUFFIXES for path in files):
        return False
    readable = False
    for path in files[:: max(1, len(files) // _LOOKED_AT)]:
        try:
            slide = open_slide(path)
        except SlideError:
            continue  # told of when it is its turn
        try:
            if not is_tile_picture(slide):
                return False
        finally:
            slide.close()
        readable = True
    return readable
