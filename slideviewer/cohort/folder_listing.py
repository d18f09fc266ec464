"""What lies in a folder of slides: by their names; of files only DICOM's are opened."""

from __future__ import annotations

import os
import re
from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path

from slideviewer.annotations.ndpa import SUFFIX as NDPA_SUFFIX
from slideviewer.errors import SlideError
from slideviewer.slide import KNOWN_SUFFIXES
from slideviewer.slide.folders import one_of_each_series

ANNOTATION_ENDINGS = (".xml", ".geojson")
"""Of a file beside a slide that holds its markup; the first one found counts."""

DICOM_ENDING = ".dcm"

LIKELIHOOD_ENDING = "_likelihood_map.tif"
"""What ASAP calls a map of probabilities beside its slide, after the slide's own name."""


@dataclass(frozen=True)
class ListedSlide:
    """One slide of a folder.

    Attributes
    ----------
    path : Path
    annotations : Path or None
        The annotation file of the same name beside it.
    """

    path: Path
    annotations: Path | None = None


@dataclass(frozen=True)
class Listing:
    """A folder and its slides, in the order of people: slide 2 before slide 10."""

    folder: Path
    slides: tuple[ListedSlide, ...]


@dataclass(frozen=True)
class Companions:
    """What lies beside a slide and belongs to it."""

    annotations: Path | None = None
    likelihood_map: Path | None = None


def list_slides(folder: Path) -> Listing:
    """List a folder; may take long on a network.

    Raises
    ------
    SlideError
        Where there is no such folder, or it cannot be read.
    """
    try:
        with os.scandir(folder) as found:
            names = [entry.name for entry in found if not entry.name.startswith(".")]
    except FileNotFoundError as error:
        raise SlideError(
            "This folder is not there now.",
            path=folder,
            remedy="Check that its drive is connected, or open another folder.",
        ) from error
    except OSError as error:
        raise SlideError(
            f"This folder cannot be read: {error.strerror or error}.",
            path=folder,
            remedy="Check that you may look into it.",
        ) from error
    present = frozenset(names)
    slides = []
    for name in sorted(_slides_among(folder, names), key=natural_key):
        markup = next((markup for markup in _markup_names(name) if markup in present), None)
        slides.append(ListedSlide(folder / name, folder / markup if markup else None))
    return Listing(folder, tuple(slides))


def companions_of(slide: Path) -> Companions:
    """Look beside a slide for its markup and its likelihood map; may take long on a network."""
    candidates = [slide.with_name(name) for name in _markup_names(slide.name)]
    likelihood_map = slide.with_name(f"{slide.stem}{LIKELIHOOD_ENDING}")
    return Companions(
        next((path for path in candidates if os.path.isfile(path)), None),
        likelihood_map if os.path.isfile(likelihood_map) else None,
    )


def is_likelihood_map(path: Path) -> bool:
    """Whether a file's name says that it holds probabilities."""
    return path.name.casefold().endswith(LIKELIHOOD_ENDING)


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """A key that sorts names by the numbers in them, whatever their case."""
    parts = re.split(r"([0-9]+)", name.casefold())
    return tuple(
        (0, int(part), part) if part.isdigit() and part.isascii() else (1, 0, part)
        for part in parts
        if part
    )


def _slides_among(folder: Path, names: Sequence[str]) -> list[str]:
    """The files that are slides, each slide once.

    Which DICOM files belong together stands in them alone; one file of a series stands for all.
    """
    present = {name.casefold() for name in names}
    found = [
        name
        for name in names
        if name.casefold().endswith(KNOWN_SUFFIXES) and not _is_map(name, present)
    ]
    dicom = {folder / name for name in found if name.casefold().endswith(DICOM_ENDING)}
    if len(dicom) < 2:
        return found
    # In this order, in which a folder that is opened chooses its file, too.
    slides, others = one_of_each_series(sorted(dicom))
    hidden = dicom.difference(slides, others)
    return [name for name in found if folder / name not in hidden]


def _markup_names(slide: str) -> list[str]:
    """What the markup of a slide may be called: for "a.ome.tif" after "a.ome", or after "a"."""
    bare = next(
        (slide[: -len(suffix)] for suffix in KNOWN_SUFFIXES if slide.lower().endswith(suffix)),
        slide,
    )
    stems = dict.fromkeys((Path(slide).stem, bare))
    endings = [as_typed for ending in ANNOTATION_ENDINGS for as_typed in (ending, ending.upper())]
    named = [f"{stem}{ending}" for ending in endings for stem in stems]
    return [*named, *(f"{slide}{ending}" for ending in (NDPA_SUFFIX, NDPA_SUFFIX.upper()))]


def _is_map(name: str, present: Container[str]) -> bool:
    """Whether a file is the likelihood map of a slide that lies beside it."""
    if not is_likelihood_map(Path(name)):
        return False
    stem = name[: -len(LIKELIHOOD_ENDING)].casefold()
    return any(f"{stem}{suffix}" in present for suffix in KNOWN_SUFFIXES)
