"""Masks on the command line: what `slideviewer convert` does with ``.tif`` and ``.png``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from slideviewer.annotations import AnnotationSet, Loaded
from slideviewer.annotations.masks import (
    HoleStyle,
    MaskGrid,
    Outlining,
    parse_labels,
    proposed_labels,
)
from slideviewer.errors import AnnotationError
from slideviewer.progress import Progress, silent
from slideviewer.slide import Spacing, UnknownSpacing, open_slide
from slideviewer.slide.masks import MASK_SUFFIXES, MaskImport, read_mask, write_mask


@dataclass(frozen=True)
class MaskOptions:
    """What was typed about a mask.

    Attributes
    ----------
    slide : Path or None
        The slide that the mask lies on.
    size : str
        Width and height of the slide in level-0 pixels, "98304,221184", in its place.
    level : int or None
        Of the slide, for writing; of the mask, for reading.
    downsample : float or None
        Level-0 pixels per mask pixel.
    labels : str
        "Tumor=1,Normal=2"; empty for the labels that are proposed.
    threshold : int or None
    min_area_px2, tolerance_px : float
        As `MaskImport` and `Outlining` have them.
    holes : HoleStyle
    """

    slide: Path | None = None
    size: str = ""
    level: int | None = None
    downsample: float | None = None
    labels: str = ""
    threshold: int | None = None
    min_area_px2: float = 0.0
    tolerance_px: float = 0.0
    holes: HoleStyle = HoleStyle.GROUP


@dataclass(frozen=True)
class _Ground:
    """What a mask lies on."""

    size: tuple[int, int]
    levels: tuple[tuple[int, int], ...]
    spacing: Spacing | UnknownSpacing | None


def is_mask(path: Path) -> bool:
    """Whether a file's name is that of a mask."""
    return path.suffix.lower() in MASK_SUFFIXES


def to_mask(
    annotations: AnnotationSet, target: Path, options: MaskOptions, progress: Progress = silent
) -> tuple[str, ...]:
    """Write annotations as a mask.

    Returns
    -------
    tuple of str
        What the user should know.

    Raises
    ------
    SlideviewerError
        Where an option makes no sense, the size of the slide is not known, or the file cannot be
        written.
    """
    ground = _ground(options)
    if ground is None:
        raise AnnotationError(
            "cannot be written: annotations do not say how large their slide is.",
            path=target,
            remedy="Name the slide with --slide, or give --size WIDTH,HEIGHT.",
        )
    labels = parse_labels(options.labels) if options.labels else proposed_labels(annotations)
    write_mask(
        target, annotations, labels, _grid(ground, options), ground.size, ground.spacing, progress
    )
    missing = [
        f"No annotation is in a group '{name}'."
        for name in labels.values
        if name is not None and name not in annotations.groups
    ]
    return tuple(missing)


def from_mask(source: Path, options: MaskOptions, progress: Progress = silent) -> Loaded:
    """Read a mask as annotations.

    Raises
    ------
    SlideviewerError
        Where an option makes no sense or the mask cannot be read.
    """
    ground = _ground(options)
    size = ground.size if ground else None
    if options.downsample is not None:
        raise AnnotationError(
            "--downsample is for writing a mask.",
            path=source,
            remedy="To read one, name the slide with --slide, or give --size WIDTH,HEIGHT.",
        )
    for option, number in (
        ("--min-area", options.min_area_px2),
        ("--tolerance", options.tolerance_px),
    ):
        if not 0 <= number < math.inf:
            raise AnnotationError(f"{option} needs a number from 0, not {number:g}.")
    groups: Mapping[int, str | None] = {}
    if options.labels:
        typed = [*parse_labels(options.labels).values.items()]
        groups = {label: name for name, label in reversed(typed)}
    how = MaskImport(
        Outlining(groups, options.tolerance_px, options.holes),
        options.threshold,
        options.min_area_px2,
        size,
        options.level or 0,
    )
    return read_mask(source, how, progress=progress)


def _ground(options: MaskOptions) -> _Ground | None:
    if options.size:
        if options.slide is not None:
            raise AnnotationError("--slide and --size cannot both be given.")
        size = _parsed_size(options.size)
        return _Ground(size, (size,), None)
    if options.slide is None:
        return None
    with closing(open_slide(options.slide)) as slide:
        levels = tuple((level.width, level.height) for level in slide.pyramid.levels)
        return _Ground(levels[0], levels, slide.spacing)


def _grid(ground: _Ground, options: MaskOptions) -> MaskGrid:
    if options.level is not None and options.downsample is not None:
        raise AnnotationError("--level and --downsample cannot both be given.")
    if options.downsample is not None:
        if not 0 < options.downsample <= max(ground.size):
            raise AnnotationError(
                f"--downsample {options.downsample:g} makes no mask.",
                remedy="Give how many pixels of the slide one of the mask covers, such as 16.",
            )
        return MaskGrid.covering(*ground.size, options.downsample)
    level = options.level or 0
    if not 0 <= level < len(ground.levels):
        raise AnnotationError(
            f"The slide has no level {level}.",
            remedy=f"Its levels are 0 to {len(ground.levels) - 1}; any other is had by "
            "--downsample.",
        )
    return MaskGrid.fitted(ground.size, ground.levels[level])


def _parsed_size(text: str) -> tuple[int, int]:
    parts = text.lower().replace("x", ",").split(",")
    if len(parts) != 2 or not all(part.strip().isdecimal() and int(part) for part in parts):
        raise AnnotationError(
            f'--size needs a width and a height, not "{text}".',
            remedy="Give level-0 pixels, for example --size 98304,221184.",
        )
    return int(parts[0]), int(parts[1])
