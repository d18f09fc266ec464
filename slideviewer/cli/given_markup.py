"""The specialist's markup that predictions are put on top of: one file, or a folder of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from slideviewer.annotations import READ_SUFFIXES, AnnotationSet, read_annotations
from slideviewer.cli.masks import MaskOptions, from_mask, is_mask
from slideviewer.cli.telling import tell
from slideviewer.errors import PredictionError
from slideviewer.slide import Slide
from slideviewer.slide.frame import frame_of
from slideviewer.slide.masks import MASK_SUFFIXES


def check_markup(annotations: Path | None, slides: Sequence[Path]) -> None:
    """Find out at the start what would fail hours later.

    Raises
    ------
    PredictionError
        If there is no such file or folder, no slide, or one file for several slides.
    """
    if annotations is None:
        return
    if not annotations.exists():
        raise PredictionError(
            "There are no such annotations.", path=annotations, remedy="Check the name."
        )
    if not slides:
        raise PredictionError(
            "Markup belongs to slides, and only pictures are given.",
            path=annotations,
            remedy="Leave out --annotations.",
        )
    if len(slides) > 1 and not annotations.is_dir():
        raise PredictionError(
            f"One annotation file cannot belong to {len(slides)} slides.",
            path=annotations,
            remedy="Name a folder of files that are called like the slides.",
        )


def markup_of(annotations: Path | None, slide: Slide) -> AnnotationSet | None:
    """Read a slide's markup, and tell what is odd about it; None where there is none.

    Parameters
    ----------
    annotations : Path or None
        A file of any format that `slideviewer convert` reads, masks too, or a folder of them.
    slide : Slide
        Open.

    Raises
    ------
    AnnotationError, SlideError
        Where it cannot be read.
    """
    path = markup_file_of(annotations, slide)
    if path is None:
        return None
    if is_mask(path):
        loaded = from_mask(path, MaskOptions(slide=slide.path))
    else:
        loaded = read_annotations(path, frame_of(slide))
    for notice in loaded.notices:
        tell(notice, path)
    return loaded.annotations


def markup_file_of(annotations: Path | None, slide: Slide) -> Path | None:
    """The file of a slide's markup, where there is one; says where a folder holds none.

    Parameters
    ----------
    annotations, slide
        As in `markup_of`.
    """
    if annotations is None or not annotations.is_dir():
        return annotations
    found = _of_slide(annotations, slide.path)
    if found is None:
        tell(f"has no markup in {annotations}.", slide.path)
    return found


def _of_slide(folder: Path, slide: Path) -> Path | None:
    """The file in a folder that is called like a slide, drawn ones before masks."""
    for ending in (*READ_SUFFIXES, *MASK_SUFFIXES):
        for name in (slide.stem, slide.name):
            path = folder / f"{name}{ending}"
            if path.is_file() and not path.samefile(slide):
                return path
    return None
