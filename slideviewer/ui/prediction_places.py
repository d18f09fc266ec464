"""Where on a slide a prediction looks: what is in view, or what lies inside annotations."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from slideviewer.annotations.masks import Labels, MaskGrid, MaskPainting
from slideviewer.annotations.model import AnnotationSet
from slideviewer.geometry import Rect
from slideviewer.inference.options import Options
from slideviewer.progress import Progress, Step
from slideviewer.slide import Slide, Spacing
from slideviewer.slide.tissue import TissueMask, find_tissue
from slideviewer.ui.prediction_orders import Place

PAINTED_UM, PAINTED_PX = 4.0, 4096
"""The pixels of a mask that is painted: so small, but not more of them along its longer side."""


def in_view(view: Rect) -> Place:
    """The tissue in a level-0 rectangle.

    The grid of cells stays that of the whole slide, so that what is predicted here need not be
    predicted again with the rest.
    """

    def find(slide: Slide, options: Options, progress: Progress) -> TissueMask:
        found = find_tissue(slide, options.tissue, progress)
        height, width = found.mask.shape
        across, down = width / found.extent.width, height / found.extent.height
        rows = slice(max(0, math.floor(view.y * down)), max(0, math.ceil(view.bottom * down)))
        columns = slice(max(0, math.floor(view.x * across)), max(0, math.ceil(view.right * across)))
        mask = np.zeros_like(found.mask)
        mask[rows, columns] = found.mask[rows, columns]
        return replace(found, mask=mask)

    return find


def inside(annotations: AnnotationSet, group: str | None) -> Place:
    """What the annotations of a group enclose, glass included; exclusion groups are left out.

    Parameters
    ----------
    annotations : AnnotationSet
    group : str or None
        None for those in no group.
    """

    def paint(slide: Slide, options: Options, progress: Progress) -> TissueMask:
        size = slide.pyramid.width, slide.pyramid.height
        spacing = slide.spacing
        finest = PAINTED_UM / spacing.um_px if isinstance(spacing, Spacing) else 1.0
        downsample = max(1.0, finest, max(size) / PAINTED_PX)
        width, height = (max(1, round(side / downsample)) for side in size)
        grid = MaskGrid(width, height, size[0] / width, size[1] / height)
        painting = MaskPainting(annotations, Labels({group: 1}), grid)
        bands = []
        for band in painting.bands():
            bands.append(band == 1)
            done = sum(map(len, bands))
            progress(Step(done, height, "Looking where to predict", "rows"))
        spacing_um_px = spacing.um_px * grid.scale_x if isinstance(spacing, Spacing) else None
        mask = np.concatenate(bands)
        return TissueMask(mask, slide.pyramid.extent, spacing_um_px, False, options.tissue)

    return paint
