"""Markup painted on the pixels of a mask."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from slideviewer.annotations.masks import MaskGrid
from slideviewer.errors import EvaluationError
from slideviewer.evaluation.inputs.label_sources import LabelSource, PaintedLabels
from slideviewer.evaluation.inputs.markup import Markup, check_slide, labels_for


def paint_like(
    mask: LabelSource,
    markup: Markup,
    labels: Mapping[str | None, int],
    size: tuple[int, int] | None,
) -> PaintedLabels:
    """Paint markup on the pixels of a mask.

    Parameters
    ----------
    mask : LabelSource
    markup : Markup
    labels : mapping of (str or None) to int
        The label of each group.
    size : tuple of int or None
        Width and height of the slide in level-0 pixels; None for what the mask or the markup says.

    Raises
    ------
    EvaluationError
        Where nobody knows how large the slide is, or they are of different slides.
    """
    ground = size or mask.size or markup.size
    if ground is None:
        raise EvaluationError(
            f"cannot be laid on {mask.path.name}: how large the slide is is not known.",
            path=markup.path,
            remedy="Name the folder of the slides with --slides, or give --size WIDTH,HEIGHT.",
        )
    check_slide(markup, ground, "the slide")
    grid = grid_on(mask.path, (mask.width, mask.height), ground)
    return PaintedLabels(markup, labels_for(markup.annotations, labels), {}, grid)


def grid_on(path: Path, mask: tuple[int, int], slide: tuple[int, int]) -> MaskGrid:
    """Where the pixels of a mask over all of a slide lie.

    Parameters
    ----------
    path : Path
        Of the mask, for the error.
    mask, slide : tuple of int
        Width and height of the mask in its own pixels, and of the slide in level-0 pixels.

    Raises
    ------
    EvaluationError
        Where the mask is not the slide made smaller by a whole number, so that it is likely to be
        of another one.
    """
    grid = MaskGrid.fitted(slide, mask)
    if grid.scale_x != grid.scale_y or not float(grid.scale_x).is_integer():
        raise EvaluationError(
            f"has {mask[0]} × {mask[1]} px, which is no whole part of its slide, {slide[0]} × "
            f"{slide[1]}: it is of another slide.",
            path=path,
            remedy="Write the mask at a whole number of the slide's pixels for one of its own.",
        )
    return grid
