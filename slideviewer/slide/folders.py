"""Folders that are a slide: a DICOM series in several files, or the data beside an MRXS file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import openslide

from slideviewer.errors import SlideError
from slideviewer.slide.open_file import cannot_be_read

_SERIES = "dicom.SeriesInstanceUID"
_MIRAX_INDEX = "Slidedat.ini"
_NAMED = 8
"""So many slides are named in a message."""


def slide_file_in(folder: Path) -> Path:
    """Find the file that stands for the slide in a folder.

    Of a DICOM series any file will do, since OpenSlide gathers the others by itself. The data
    folder of an MRXS slide stands for the file of that name beside it.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    Path

    Raises
    ------
    SlideError
        Where the folder cannot be read, is none of the two, or holds several DICOM slides; these
        are named.
    """
    try:
        names = sorted(folder.iterdir())
    except OSError as error:
        raise cannot_be_read(folder, error) from error
    if any(path.name == _MIRAX_INDEX for path in names):
        slide = folder.with_name(f"{folder.name}.mrxs")
        if not slide.is_file():
            raise SlideError(
                f"This is the data folder of an MRXS slide, whose file {slide.name} is missing.",
                path=folder,
                remedy="Put that file beside the folder.",
            )
        return slide
    files = [path for path in names if path.suffix.lower() == ".dcm" and path.is_file()]
    slides, _ = one_of_each_series(files)
    if len(slides) > 1:
        shown = ", ".join(path.name for path in slides[:_NAMED])
        more = " and others" if len(slides) > _NAMED else ""
        raise SlideError(
            f"The folder holds {len(slides)} DICOM slides: {shown}{more}.",
            path=folder,
            remedy="Choose one of these files.",
        )
    if files and not slides:
        raise SlideError(
            "The folder holds DICOM files, but no slide.",
            path=folder,
            remedy="Choose a slide file in it.",
        )
    if not slides:
        raise SlideError("This is a folder.", path=folder, remedy="Choose a slide file in it.")
    return slides[0]


def one_of_each_series(files: Iterable[Path]) -> tuple[list[Path], list[Path]]:
    """Choose one file of each DICOM slide, by opening all: a few milliseconds each.

    Parameters
    ----------
    files : iterable of Path

    Returns
    -------
    slides, others : list of Path
        The first file of each series, and what is no slide, for other things are kept as DICOM
        too.
    """
    slides: dict[str, Path] = {}
    others: list[Path] = []
    for path in files:
        try:
            with openslide.OpenSlide(path) as slide:
                slides.setdefault(slide.properties.get(_SERIES, str(path)), path)
        except openslide.OpenSlideError:
            others.append(path)
    return list(slides.values()), others
