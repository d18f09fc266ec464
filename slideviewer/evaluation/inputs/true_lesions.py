"""The lesions of the truth, from markup or from masks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from slideviewer.annotations.masks import UNGROUPED_WORD, MaskGrid, MaskPainting, excludes
from slideviewer.errors import EvaluationError
from slideviewer.evaluation.inputs.label_sources import FileLabels, is_chance_map
from slideviewer.evaluation.inputs.markup import (
    MARKUP_SUFFIXES,
    TUMOUR_GROUPS,
    Markup,
    check_slide,
    labels_for,
    read_markup,
)
from slideviewer.evaluation.inputs.painted import grid_on
from slideviewer.evaluation.lesions import Lesions, downsample_for, find_lesions
from slideviewer.slide.masks import MASK_SUFFIXES

TRUTH_SUFFIXES = (*MARKUP_SUFFIXES, *MASK_SUFFIXES)
_EDGE_PX = 4096
"""Beyond markup, where nobody knows how large the slide is; lesions grow by far less."""


@dataclass(frozen=True)
class LesionOptions:
    """What is meant by a lesion.

    Attributes
    ----------
    groups : tuple of str
        Of markup, or of a mask that names its labels; empty for Camelyon's names of tumour, or
        the only group that there is.
    labels : tuple of int
        Of masks; empty for all but 0.
    """

    groups: tuple[str, ...] = ()
    labels: tuple[int, ...] = ()


@dataclass(frozen=True)
class Ground:
    """What is known of a slide: its size in level-0 pixels, and its µm per pixel."""

    size: tuple[int, int] | None = None
    spacing_um_px: float | None = None
    notices: list[str] = field(default_factory=list)


def true_lesions(path: Path, ground: Ground, options: LesionOptions) -> Lesions:
    """Read the lesions of a slide.

    Raises
    ------
    SlideviewerError
        Where the file cannot be read, is of another slide, or what is a lesion is not known.
    """
    mask, scale, spacing = tumour_mask(path, ground, options)
    return find_lesions(mask, scale, spacing)


def marked_lesions(markup: Markup, ground: Ground, options: LesionOptions) -> Lesions:
    """The lesions of a slide's markup, wherever that comes from; errors as of `true_lesions`."""
    return find_lesions(*_marked(markup, ground, options))


def tumour_mask(
    path: Path, ground: Ground, options: LesionOptions
) -> tuple[NDArray[np.bool_], float, float]:
    """Read where tumour is, at about the level that Camelyon16 looks at.

    Returns
    -------
    mask : ndarray (height, width), bool
    scale : float
        Level-0 pixels per pixel of it.
    spacing_um_px : float
        Micrometres per level-0 pixel.
    """
    if path.name.lower().endswith(MASK_SUFFIXES):
        spacing = _spacing(path, ground.spacing_um_px)
        mask, scale = _from_mask(path, ground, options, downsample_for(spacing))
        return mask, scale, spacing
    markup = read_markup(path)
    ground.notices.extend(markup.notices)
    return _marked(markup, ground, options)


def _marked(
    markup: Markup, ground: Ground, options: LesionOptions
) -> tuple[NDArray[np.bool_], float, float]:
    spacing = _spacing(markup.path, ground.spacing_um_px, markup.spacing_um_px)
    check_slide(markup, ground.size, "its slide")
    scale = downsample_for(spacing)
    wanted = _groups(markup, options)
    grid = MaskGrid.covering(*(ground.size or markup.size or _extent(markup)), scale)
    if not wanted:
        return np.zeros((grid.height, grid.width), np.bool_), scale, spacing
    painting = MaskPainting(
        markup.annotations, labels_for(markup.annotations, dict.fromkeys(wanted, 1)), grid
    )
    return np.concatenate([band > 0 for band in painting.bands()]), scale, spacing


def _spacing(path: Path, *known: float | None) -> float:
    for um_px in known:
        if um_px is not None:
            return um_px
    raise EvaluationError(
        "How large the pixels of this slide are is not known.",
        path=path,
        remedy="Name the folder of the slides with --slides, or give --spacing (0.243 for "
        "Camelyon16).",
    )


def _groups(markup: Markup, options: LesionOptions) -> list[str | None]:
    """The groups that mean lesions; empty where nothing is drawn."""
    used = [it for it in markup.groups if not excludes(it)]
    if options.groups:
        declared = {*used, *markup.annotations.groups}
        wanted = [it for it in options.groups if it in declared]
    else:
        tumour = {name.casefold() for name in TUMOUR_GROUPS}
        wanted = [it for it in used if it.casefold() in tumour]
        wanted = wanted or (used if len(used) == 1 else [])
    if used and not wanted:
        raise EvaluationError(
            f"Which of its groups are lesions is not known: {', '.join(used)}.",
            path=markup.path,
            remedy=f'Say it with --groups "{used[0]}".',
        )
    return [None if it == UNGROUPED_WORD else it for it in wanted]


def _extent(markup: Markup) -> tuple[int, int]:
    boxes = [it.bounds for it in markup.annotations if it.bounds is not None]
    right = max((box.right for box in boxes), default=1.0)
    bottom = max((box.bottom for box in boxes), default=1.0)
    return int(max(1.0, right)) + _EDGE_PX, int(max(1.0, bottom)) + _EDGE_PX


def _from_mask(
    path: Path, ground: Ground, options: LesionOptions, downsample: int
) -> tuple[NDArray[np.bool_], float]:
    """Read the level, and of it every so many pixels, that come nearest to a downsample."""
    if is_chance_map(path):
        raise EvaluationError("is a map of probabilities, not a mask of lesions.", path=path)
    with closing(FileLabels(path)) as first:
        sizes, classes, noted = first.sizes, first.classes, first.size
    size = ground.size or noted or sizes[0]
    if noted is not None and noted != size:
        raise EvaluationError(
            f"was made for a slide of {noted[0]} × {noted[1]} px, and its slide has {size[0]} × "
            f"{size[1]}: it is of another slide.",
            path=path,
        )
    scale = grid_on(path, sizes[0], size).scale_x
    scales = [scale * MaskGrid.fitted(sizes[0], level).scale_x for level in sizes]
    fine = [number for number, scale in enumerate(scales) if scale <= downsample * 1.1] or [0]
    level = fine[-1]
    step = max(1, round(downsample / scales[level]))
    wanted = _labels(path, options, classes)
    seen: set[int] = set()
    with closing(FileLabels(path, level)) as mask:
        rows = []
        band = max(1, mask.block[1] // step) * step
        for top in range(0, mask.height, band):
            height = min(band, mask.height - top)
            labels = mask.read(0, top, mask.width, height)[step // 2 :: step, step // 2 :: step]
            seen.update(np.unique(labels).tolist())
            rows.append(np.isin(labels, wanted) if wanted else labels > 0)
    if not wanted and len(seen - {0}) > 1:
        shown = ", ".join(str(it) for it in sorted(seen - {0})[:6])
        raise EvaluationError(
            f"has the labels {shown}, and which of them are lesions is not known.",
            path=path,
            remedy="Say it with --labels, for example --labels 2 for the masks of Camelyon16.",
        )
    return np.concatenate(rows), scales[level] * step


def _labels(path: Path, options: LesionOptions, classes: Mapping[int, str]) -> list[int]:
    """The labels that mean lesions; empty for all but 0."""
    if options.labels or not classes:
        return list(options.labels)
    names: Sequence[str] = options.groups or TUMOUR_GROUPS
    folded = {name.casefold() for name in names}
    found = [label for label, name in classes.items() if name.casefold() in folded]
    if not found and (options.groups or len(classes) > 1):
        raise EvaluationError(
            f"Which of its labels are lesions is not known: {', '.join(classes.values())}.",
            path=path,
            remedy="Say it with --groups.",
        )
    return found
