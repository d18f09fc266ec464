"""Folders that are a slide: a DICOM series in several files, or the data beside an MRXS file."""

from __future__ import annotations

from pathlib import Path

import openslide

from slideviewer.errors import SlideError

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
        raise SlideError(
            f"The folder cannot be read: {error.strerror}.",
            path=folder,
            remedy="Check that you may read it.",
        ) from error
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
    slides = _one_of_each_series(files)
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


def _one_of_each_series(files: list[Path]) -> list[Path]:
    """Open each file to learn its series: a few milliseconds each."""
    slides: dict[str, Path] = {}
    for path in files:
        try:
            with openslide.OpenSlide(path) as slide:
                slides.setdefault(slide.properties.get(_SERIES, str(path)), path)
        except openslide.OpenSlideError:
            continue  # Other things are kept as DICOM too.
    return list(slides.values())
