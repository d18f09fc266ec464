"""What a run over a slide will look at, settled before any model is loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import PredictionError
from slideviewer.geometry import Rect
from slideviewer.inference.cells import CellReader, TileView
from slideviewer.inference.ensemble import check_together
from slideviewer.inference.grid import Grid
from slideviewer.inference.options import Options
from slideviewer.inference.provenance import PLACE, asked_facts
from slideviewer.inference.store_files import MAX_CELLS
from slideviewer.models.package import ModelPackage
from slideviewer.progress import Progress, silent
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
    mask : TissueMask
        What they were chosen by.
    provenance : mapping
        As in `Prediction`.
    """

    reader: CellReader
    tissue: NDArray[np.bool_]
    mask: TissueMask
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
    others: Sequence[ModelPackage] = (),
    options: Options = Options(),  # noqa: B008 - it never changes
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
    others : sequence of ModelPackage
        Models that answer together with the first one.
    options : Options
    progress : Progress

    Raises
    ------
    PredictionError
        If nobody says how large the slide's pixels are, the region is not on the slide, or models
        or options do not go together.
    SlideError
        If the slide cannot be read.
    """
    spacing_um_px = spacing_for(slide, spacing)
    area = area_for(slide, region)
    spec, models = package.spec, (package, *others)
    options.check(spec)
    check_together(models)
    grid = Grid.covering(area, options.step_um(spec) / spacing_um_px)
    views = tuple(
        TileView(it.spec.patch_size_pixels, it.spec.patch_um / spacing_um_px) for it in models
    )
    reader = CellReader(slide, grid, views)
    reader.check()
    if grid.columns * grid.rows > MAX_CELLS:
        raise PredictionError(
            f"{grid.columns} x {grid.rows} tiles of {grid.cell:.3g} pixels are too many.",
            path=slide.path,
            remedy="Check the slide's spacing, or give it with --spacing.",
        )
    found = tissue or tissue_of(slide, options, progress)
    wanted = _cells_with(found, grid)
    provenance = {
        **asked_facts(
            slide,
            package,
            found,
            options,
            others=others,
            region=region,
            spacing_um_px=spacing_um_px,
            is_given=spacing is not None,
            least_share=TISSUE_FLOOR,
        ),
        "level": reader.level(views[0]),
        "enlarged": reader.side_level(views[0]) < spec.patch_size_pixels * 0.98,
    }
    if tissue is not None:
        provenance[PLACE] = "chosen by the user"
    return Plan(reader, wanted, found, provenance)


def tissue_of(slide: Slide, options: Options, progress: Progress) -> TissueMask:
    """Find a slide's tissue as the options say.

    Raises
    ------
    SlideError
        If the slide cannot be read.
    """
    return find_tissue(
        slide, options.tissue, lambda step: progress(replace(step, text="Finding tissue"))
    )


def _cells_with(tissue: TissueMask, grid: Grid) -> NDArray[np.bool_]:
    numbers = np.arange(max(grid.columns, grid.rows) + 1, dtype=np.float64)
    edges_x = grid.x + numbers[: grid.columns + 1] * grid.cell
    edges_y = grid.y + numbers[: grid.rows + 1] * grid.cell
    return np.asarray(tissue.fractions(edges_x, edges_y) >= TISSUE_FLOOR)


def spacing_for(slide: Slide, given: float | None) -> float:
    """Settle the micrometres per level-0 pixel: those given, else what the slide says.

    Raises
    ------
    PredictionError
        If nobody says, or what is given is absurd.
    """
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


def area_for(slide: Slide, region: Rect | None) -> Rect:
    """Settle the part to look at: the region, cut at the slide's edge, else all that was scanned.

    Raises
    ------
    PredictionError
        If the region is not on the slide.
    """
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
