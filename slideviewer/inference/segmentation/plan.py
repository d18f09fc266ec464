"""What a segmentation of a slide will look at, settled before any model is loaded."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import PredictionError
from slideviewer.geometry import Rect
from slideviewer.inference.ensemble import check_together
from slideviewer.inference.options import Options
from slideviewer.inference.order import coarse_to_fine
from slideviewer.inference.plan import area_for, spacing_for, tissue_of
from slideviewer.inference.provenance import asked_facts
from slideviewer.inference.segmentation.chunks import Chunk, chunk_grid
from slideviewer.inference.segmentation.frame import MaskFrame
from slideviewer.inference.segmentation.slide_picture import LARGEST_BLOCK_PX, SlidePicture
from slideviewer.inference.segmentation.tiling import OVERLAP, Tile, Tiling, stride_of
from slideviewer.models.package import ModelPackage
from slideviewer.progress import Progress, Step, silent
from slideviewer.slide.slide import Slide
from slideviewer.slide.tissue import TissueMask

MOST_CHUNKS = 1_000_000
"""More than any slide gives at a sensible spacing (512,000 x 512,000 mask pixels)."""

_BATCH_PX = 1 << 19
"""Pixels in a batch, at most, where tiles are small."""
_LARGEST_BATCH = 32


@dataclass(frozen=True, eq=False)
class MaskPlan:
    """What a run will look at.

    Attributes
    ----------
    frame : MaskFrame
        The part of the slide that is predicted.
    picture : SlidePicture
        The slide at the model's spacing, in pixels of the whole frame.
    tiling : Tiling
        The tiles, in pixels of the whole frame.
    left, top : int
        Where the frame begins in the whole one, which is that of all that was scanned, or a larger
        one whose tiles lie on the same lattice.
    tissue : ndarray (rows, columns), bool
        The chunks to look at.
    batch_size : int
        Tiles that the model sees at once, never more nor less: a network may round otherwise in
        batches of another size.
    provenance : mapping
        As in `MaskPrediction`.
    """

    frame: MaskFrame
    picture: SlidePicture
    tiling: Tiling
    left: int
    top: int
    tissue: NDArray[np.bool_]
    batch_size: int
    provenance: Mapping[str, object]

    def tiles_of(self, chunk: Chunk) -> list[Tile]:
        """The tiles that a chunk is merged from."""
        x, y, width, height = chunk.box
        return self.tiling.meeting(self.left + x, self.top + y, width, height)

    def chunks(
        self, wanted: NDArray[np.bool_], first: Rect | None = None, *, is_hurried: bool = False
    ) -> list[Chunk]:
        """The wanted chunks in the order in which to predict them.

        Parameters
        ----------
        wanted : ndarray (rows, columns), bool
        first : Rect, optional
            Level-0 pixels. The chunks that meet it come first, those near its middle before the
            others; then square by square, so that neighbours share tiles and coarser levels are
            soon whole.
        is_hurried : bool
            Whether the run may end before all is done: then they come from all over the slide, and
            tiles that neighbours share are predicted more than once.
        """
        rows, columns = (part.tolist() for part in np.nonzero(wanted))
        chunks = [Chunk.of(self.frame, c, r) for r, c in zip(rows, columns, strict=True)]
        if is_hurried:
            chunks = coarse_to_fine(chunks, lambda it: (it.column, it.row))
        else:
            chunks = sorted(chunks, key=Chunk.along_squares)
        if first is None:
            return chunks
        middle_x, middle_y = first.centre

        def place(chunk: Chunk) -> tuple[bool, float]:
            area = self.frame.rect(*chunk.box)
            if not area.intersects(first):
                return True, 0.0
            x, y = area.centre
            return False, (x - middle_x) ** 2 + (y - middle_y) ** 2

        return sorted(chunks, key=place)  # equal ones stay in their order


def make_mask_plan(
    slide: Slide,
    package: ModelPackage,
    *,
    region: Rect | None = None,
    spacing: float | None = None,
    tissue: TissueMask | None = None,
    overlap: float = OVERLAP,
    others: Sequence[ModelPackage] = (),
    options: Options = Options(),  # noqa: B008 - it never changes
    progress: Progress = silent,
) -> MaskPlan:
    """Settle the frame, its tiles and which of its chunks hold tissue.

    Parameters
    ----------
    slide : Slide
    package : ModelPackage
        Of the task "segmentation" or "nuclei".
    region : Rect, optional
        Level-0 pixels; the slide's scanned area by default. What reaches beyond the slide is cut.
        Its pixels and tiles are those of the whole slide, and so are the answers; of one that
        reaches beyond what was scanned, those a tile away from the border of that.
    spacing : float, optional
        Micrometres per level-0 pixel, instead of what the slide says.
    tissue : TissueMask, optional
        Found here by default.
    overlap : float
        As in `Tiling`.
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
    spec = package.spec
    spacing_um_px = spacing_for(slide, spacing)
    area = area_for(slide, region)
    options.check(spec)
    check_together((package, *others))
    scale, patch = spec.spacing_um_px / spacing_um_px, spec.patch_size_pixels
    whole = MaskFrame.covering(slide.bounds, scale)
    if not _lies_in(area, slide.bounds):
        whole = _widened(whole, slide.pyramid.extent, stride_of(patch, overlap))
    left, top, width, height = whole.box_around(area)
    frame = whole.part(left, top, width, height)
    rows, columns = chunk_grid(frame)
    if rows * columns > MOST_CHUNKS:
        raise PredictionError(
            f"A mask of {frame.width} x {frame.height} pixels is too large.",
            path=slide.path,
            remedy="Check the slide's spacing, or give it with --spacing.",
        )
    picture = SlidePicture(slide, whole, patch)
    found = tissue or tissue_of(slide, options, progress)
    tiling = Tiling(whole.width, whole.height, patch, overlap)
    batch_size = _batch_size(tiling.count(left, top, width, height), patch)
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
            least_share=0.0,
        ),
        "level": picture.level,
        "enlarged": picture.scale_level < 0.98,
        "overlap": overlap,
        "batch_size": batch_size,
    }
    return MaskPlan(
        frame,
        picture,
        tiling,
        left,
        top,
        _chunks_with(found, frame, progress),
        batch_size,
        provenance,
    )


def _chunks_with(tissue: TissueMask, frame: MaskFrame, progress: Progress) -> NDArray[np.bool_]:
    rows, columns = chunk_grid(frame)
    wanted = np.zeros((rows, columns), np.bool_)
    for row in range(rows):
        progress(Step(0, 0, "Finding tissue"))
        for column in range(columns):
            area = frame.rect(*Chunk.of(frame, column, row).box)
            wanted[row, column] = tissue.covers(area, 0.0)
    return wanted


def _widened(scanned: MaskFrame, area: Rect, stride: int) -> MaskFrame:
    """A frame that covers more than what was scanned, with tiles at the same places within.

    So are the blocks that the slide is read in: else the same pixel could be rounded otherwise.
    """
    step = math.lcm(stride, LARGEST_BLOCK_PX) * scanned.scale
    x, y = (
        at - max(0, math.ceil((at - edge) / step)) * step
        for at, edge in ((scanned.x, area.x), (scanned.y, area.y))
    )
    return MaskFrame.covering(Rect.from_corners(x, y, area.right, area.bottom), scanned.scale)


def _batch_size(tiles: int, patch: int) -> int:
    """Tiles in a batch: a power of two, and for a small picture no more than it has."""
    most = max(1, min(_LARGEST_BATCH, _BATCH_PX // patch**2, tiles))
    return 1 << most.bit_length() - 1


def _lies_in(area: Rect, around: Rect) -> bool:
    return (
        area.x >= around.x
        and area.y >= around.y
        and area.right <= around.right
        and area.bottom <= around.bottom
    )
