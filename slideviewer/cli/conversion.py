"""One annotation file, table or mask as another."""

from __future__ import annotations

import math
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from slideviewer.annotations import (
    FORMATS,
    Loaded,
    format_in,
    format_of,
    read_annotations,
    recover_asap,
    write_annotations,
)
from slideviewer.annotations.frame import SlideFrame
from slideviewer.annotations.sidecar import read_sidecar
from slideviewer.annotations.tables import write_csv
from slideviewer.cli.masks import MaskOptions, from_mask, is_mask, to_mask
from slideviewer.errors import AnnotationError
from slideviewer.progress import Progress, silent
from slideviewer.slide import KNOWN_SUFFIXES, open_slide
from slideviewer.slide.frame import frame_of

TABLE_SUFFIX = ".csv"


@dataclass(frozen=True)
class Conversion:
    """How files are converted.

    Attributes
    ----------
    slide : Path or None
        The slide, or a folder with a slide of each file's name; without it, one that lies beside
        the file is taken where it is needed.
    spacing_um_px : float or None
        In place of what the slide says.
    recover : bool
        Whether damaged ASAP XML is to be read as far as it can be.
    masks : MaskOptions
        Its slide is found as for the rest.
    """

    slide: Path | None = None
    spacing_um_px: float | None = None
    recover: bool = False
    masks: MaskOptions = field(default_factory=MaskOptions)


@dataclass(frozen=True)
class Converted:
    """What a file became.

    Attributes
    ----------
    count : int
        Annotations read.
    notices : tuple of str
        Of reading, for the user.
    lost : tuple of str
        What the new format cannot hold, and what else is to be known of writing.
    """

    count: int
    notices: tuple[str, ...]
    lost: tuple[str, ...]


def convert_file(
    source: Path, target: Path, how: Conversion, progress: Progress = silent
) -> Converted:
    """Read one file and write another; the first is never touched.

    Raises
    ------
    SlideviewerError
        Where one cannot be read or the other not written, or what is needed of a slide is not
        known.
    """
    slide = _slide_for(source, how.slide)
    _check_target(target, source, slide)
    loaded = _read(source, slide, how, progress)
    lost: tuple[str, ...] = ()
    if is_mask(target):
        options = replace(how.masks, slide=None if how.masks.size else slide)
        lost = to_mask(loaded.annotations, target, options, progress)
    elif target.name.lower().endswith(TABLE_SUFFIX):
        spacing = _spacing(source, slide, loaded, how)
        write_csv(loaded.annotations, target, spacing, progress=progress)
    else:
        lost = write_annotations(loaded.annotations, target)
    return Converted(len(loaded.annotations), loaded.notices, lost)


def bare_name(path: Path) -> str:
    """A file's name without what says that it holds annotations, and without its slide's ending."""
    name = path.name
    endings = sorted((it for known in FORMATS for it in known.suffixes), key=len, reverse=True)
    for known in (endings, KNOWN_SUFFIXES):
        ending = next((it for it in known if name.lower().endswith(it)), "")
        name = name[: len(name) - len(ending)] or name
    return name


def _read(source: Path, slide: Path | None, how: Conversion, progress: Progress) -> Loaded:
    if is_mask(source):
        own_size = how.masks.size or how.slide is None  # beside a mask may lie anything
        return from_mask(source, replace(how.masks, slide=None if own_size else slide), progress)
    if how.recover:
        if format_of(source) is not FORMATS[0]:
            raise AnnotationError(
                "is no XML, and only ASAP XML can be recovered.",
                path=source,
                remedy="Take an earlier copy of it.",
            )
        return recover_asap(source)
    needs_slide = format_in(source).needs_slide
    return read_annotations(source, _frame(slide, how) if needs_slide else None)


def _check_target(target: Path, source: Path, slide: Path | None) -> None:
    """Refuse to write over what was read, and over pictures, which may be slides."""
    if not is_mask(target) and not target.name.lower().endswith(TABLE_SUFFIX):
        format_of(target)
    if not target.exists():
        return
    for other, words in ((source, "file to be read"), (slide, "slide")):
        if other is not None and other.exists() and target.samefile(other):
            raise AnnotationError(
                f"is the {words} itself, which is not overwritten.",
                path=target,
                remedy="Name another file to write.",
            )
    if is_mask(target):
        raise AnnotationError(
            "exists already, and pictures are never overwritten: it may be a slide.",
            path=target,
            remedy="Name another file to write, or remove this one first.",
        )


def _slide_for(source: Path, given: Path | None) -> Path | None:
    """The slide of a file: the one named, or that of its name in the folder named or its own."""
    if given is not None and not given.exists():
        raise AnnotationError("There is no such slide.", path=given, remedy="Check its name.")
    if given is not None and given.is_file():
        return given
    folder, bare = given or source.parent, bare_name(source)
    names = [source.stem, *(bare + suffix for suffix in KNOWN_SUFFIXES)]
    return next(
        (
            path
            for path in (folder / name for name in names)
            if path.name.lower().endswith(KNOWN_SUFFIXES) and path != source and path.is_file()
        ),
        None,
    )


def _frame(slide: Path | None, how: Conversion) -> SlideFrame | None:
    if slide is None:
        return None
    with closing(open_slide(slide)) as opened:
        frame = frame_of(opened)
    spacing = how.spacing_um_px
    return frame if spacing is None else replace(frame, spacing_um_px=(spacing, spacing))


def _spacing(
    source: Path, slide: Path | None, loaded: Loaded, how: Conversion
) -> tuple[float, float] | None:
    """µm per pixel: as typed, of the slide that was named, or as noted beside the file."""
    if how.spacing_um_px is not None:
        return how.spacing_um_px, how.spacing_um_px
    if how.slide is not None:
        frame = _frame(slide, how)
        return frame.spacing_um_px if frame is not None else None
    noted = read_sidecar(source, loaded.annotations).slide
    return noted.spacing_um_px if noted is not None else None


def positive_spacing(um_px: float) -> float:
    """A spacing as typed.

    Raises
    ------
    AnnotationError
        It is no size of a pixel.
    """
    if not (math.isfinite(um_px) and um_px > 0):
        raise AnnotationError(
            f"--spacing {um_px:g} is no size of a pixel.",
            remedy="Give µm per pixel, for example --spacing 0.25.",
        )
    return um_px
