"""What a run over a slide will look at, settled before any model is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import PredictionError
from slideviewer.geometry import Rect
from slideviewer.inference.cells import CellReader
from slideviewer.inference.grid import Grid
from slideviewer.inference.provenance import (
    model_facts,
    now,
    product_facts,
    region_facts,
    slide_facts,
)
from slideviewer.inference.store import MAX_CELLS
from slideviewer.models.package import ModelPackage
from slideviewer.progress import Progress, Step, silent
from slideviewer.slide.slide import PLAUSIBLE_SPACING_UM_PX, Slide, Spacing
from slideviewer.slide.tissue import TissueMask, find_tissue

TISSUE_FLOOR = 0.02
"""The share of tissue from which a cell is looked at: next to nothing, since a tumour's border is
not to be missed, but more than a speck of dust."""


@dataclass(frozen=True, eq=False)
class Plan:
    """What a run will look at.

    Attributes
    ----------
    reader : CellReader
        The slide, the grid and the size that the model wants.
    tissue : ndarray (rows, columns), bool
        The cells to look at.
    provenance : mapping
        As in `Prediction`.
    """

    reader: CellReader
    tissue: NDArray[np.bool_]
    provenance: Mapping[str, object]

    @property
    def grid(self) -> Grid:
        """The cells."""
        return self.reader.grid


def make_plan(
    slide: Slide,
    package: ModelPackage,
    *,
    region: Rect | None = None,
    spacing: float | None = None,
    tissue: TissueMask | None = None,
    progress: Progress = silent,
) -> Plan:
    """Settle the grid and which of its cells hold tissue.

    Parameters
    ----------
    slide : Slide
    package : ModelPackage
    region : Rect, optional
        Level-0 pixels; the slide's scanned area by default. What reaches beyond the slide is cut.
    spacing : float, optional
        Micrometres per level-0 pixel, instead of what the slide says.
    tissue : TissueMask, optional
        Found here by default.
    progress : Progress

    Raises
    ------
    PredictionError
        If nobody says how large the slide's pixels are, or the region is not on the slide.
    SlideError
        If the slide cannot be read.
    """
    spacing_um_px = _spacing(slide, spacing)
    area = _area(slide, region)
    spec = package.spec
    grid = Grid.covering(area, spec.patch_um / spacing_um_px)
    reader = CellReader(slide, grid, spec.patch_size_pixels)
    reader.check()
    if grid.columns * grid.rows > MAX_CELLS:
        raise PredictionError(
            f"{grid.columns} x {grid.rows} tiles of {grid.cell:.3g} pixels are too many.",
            path=slide.path,
            remedy="Check the slide's spacing, or give it with --spacing.",
        )
    found = tissue or find_tissue(
        slide, progress=lambda step: progress(replace(step, text="Finding tissue"))
    )
    wanted = _cells_with(found, grid, progress)
    provenance = {
        **product_facts(),
        "model": model_facts(package),
        "slide": slide_facts(slide),
        "spacing_um_px": spacing_um_px,
        "spacing_source": "slide" if spacing is None else "user",
        "region": region_facts(region),
        "tissue": {"least_share": TISSUE_FLOOR, "dark_field": found.dark_field}
        | asdict(found.parameters),
        "level": reader.level,
        "enlarged": reader.cell_level < spec.patch_size_pixels * 0.98,
        "started": now(),
    }
    return Plan(reader, wanted, provenance)


def _cells_with(tissue: TissueMask, grid: Grid, progress: Progress) -> NDArray[np.bool_]:
    wanted = np.zeros((grid.rows, grid.columns), np.bool_)
    for row in range(grid.rows):
        progress(Step(0, 0, "Finding tissue"))
        for column in range(grid.columns):
            wanted[row, column] = tissue.covers(grid.rect(column, row), TISSUE_FLOOR)
    return wanted


def _spacing(slide: Slide, given: float | None) -> float:
    lowest, highest = PLAUSIBLE_SPACING_UM_PX
    if given is not None:
        if not lowest <= given <= highest:
            raise PredictionError(
                f"A spacing of {given:g} µm per pixel is not between {lowest:g} and {highest:g}.",
                remedy="Give micrometres per pixel, for example --spacing 0.25.",
            )
        return given
    if isinstance(slide.spacing, Spacing):
        return slide.spacing.um_px
    raise PredictionError(
        f"The model needs to know how large the slide's pixels are: {slide.spacing.reason}.",
        path=slide.path,
        remedy="Give the size in micrometres per pixel, for example --spacing 0.25.",
    )


def _area(slide: Slide, region: Rect | None) -> Rect:
    if region is None:
        return slide.bounds
    whole = slide.pyramid.extent
    area = region.intersection(whole)
    if area.is_empty:
        raise PredictionError(
            f"The region {region.x:g},{region.y:g},{region.width:g},{region.height:g} covers "
            f"nothing of the slide, which is {whole.width:g} x {whole.height:g} pixels.",
            path=slide.path,
            remedy="Give X,Y,WIDTH,HEIGHT in pixels of the slide's full resolution.",
        )
    return area
