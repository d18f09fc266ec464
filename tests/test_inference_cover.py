"""All tissue is looked at: by cells and by masks, whatever the slide, the model and the region."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_model import write_tiny_package, write_tiny_segmentation

from slideviewer.geometry import Rect
from slideviewer.inference.options import Options
from slideviewer.inference.plan import TISSUE_FLOOR, area_for, make_plan
from slideviewer.inference.segmentation.chunks import Chunk
from slideviewer.inference.segmentation.plan import make_mask_plan
from slideviewer.models.package import ModelPackage
from slideviewer.slide.pyramid import Level, Pyramid
from slideviewer.slide.slide import Spacing
from slideviewer.slide.tissue import TissueMask

PATCH = 64


@dataclass(frozen=True)
class Blank:
    """A slide of any size with nothing in it; what is read does not matter here."""

    path: Path
    pyramid: Pyramid
    bounds: Rect
    spacing: Spacing
    vendor: str = "mirax"


@pytest.fixture(scope="module")
def some_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("slide") / "blank.mrxs"
    path.write_bytes(b"blank")
    return path


@pytest.fixture(scope="module")
def of_tiles(tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    return write_tiny_package(tmp_path_factory.mktemp("models") / "tiles", patch=PATCH)


@pytest.fixture(scope="module")
def of_pixels(tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    return write_tiny_segmentation(tmp_path_factory.mktemp("models") / "pixels", patch=PATCH)


@st.composite
def slides(draw: st.DrawFn) -> tuple[Pyramid, Rect, Spacing, TissueMask]:
    """A pyramid, what of it was scanned, its spacing, and specks of tissue in that."""
    width, height = (draw(st.integers(900, 60_000)) for _ in range(2))
    steps = draw(st.lists(st.sampled_from([2, 3, 4]), max_size=4))
    factors = np.cumprod([1, *steps]).tolist()
    levels = [Level(max(1, width // f), max(1, height // f), float(f)) for f in factors]
    left, top, right, bottom = (draw(st.floats(0, 0.4)) for _ in range(4))
    bounds = Rect.from_corners(
        int(width * left), int(height * top), int(width * (1 - right)), int(height * (1 - bottom))
    )
    rows, columns = (draw(st.integers(20, 160)) for _ in range(2))
    mask = np.zeros((rows, columns), np.bool_)
    for _ in range(draw(st.integers(1, 6))):
        x = bounds.x + draw(st.floats(0, 0.999)) * bounds.width
        y = bounds.y + draw(st.floats(0, 0.999)) * bounds.height
        mask[int(y / height * rows), int(x / width * columns)] = True
    spacing = draw(st.floats(0.2, 2.0))
    extent = Rect(0, 0, width, height)
    return Pyramid(tuple(levels)), bounds, Spacing(spacing, spacing), TissueMask(mask, extent, None)


def specks(tissue: TissueMask) -> list[Rect]:
    """Where there is tissue, in level-0 pixels."""
    rows, columns = tissue.mask.shape
    across, down = tissue.extent.width / columns, tissue.extent.height / rows
    return [Rect(c * across, r * down, across, down) for r, c in np.argwhere(tissue.mask).tolist()]


regions = st.none() | st.tuples(*[st.floats(0, 0.95)] * 2, *[st.floats(0.05, 1)] * 2)


def region_on(pyramid: Pyramid, region: tuple[float, ...] | None) -> Rect | None:
    if region is None:
        return None
    x, y, width, height = region
    return Rect(
        x * pyramid.width, y * pyramid.height, width * pyramid.width, height * pyramid.height
    )


def shared(one: Rect, other: Rect) -> float:
    both = one.intersection(other)
    return both.width * both.height


@given(slide=slides(), region=regions, stride=st.integers(16, PATCH))
@settings(max_examples=80, deadline=None)
def test_all_tissue_is_in_cells_that_are_looked_at(
    some_file: Path,
    of_tiles: ModelPackage,
    slide: tuple[Pyramid, Rect, Spacing, TissueMask],
    region: tuple[float, ...] | None,
    stride: int,
) -> None:
    pyramid, bounds, spacing, tissue = slide
    blank = Blank(some_file, pyramid, bounds, spacing)
    asked = region_on(pyramid, region)
    options = Options(stride_pixels=stride)
    plan = make_plan(blank, of_tiles, region=asked, tissue=tissue, options=options)  # type: ignore[arg-type]
    area, grid = area_for(blank, asked), plan.grid  # type: ignore[arg-type]
    (view,) = plan.reader.views
    assert view.side >= grid.cell * (1 - 1e-9), "the model sees all of a cell"
    for speck in specks(tissue):
        wanted = speck.intersection(area)
        near = 1e-3 * grid.cell * (wanted.width + wanted.height) + 1e-6
        seen = 0.0
        columns, rows = (
            range(max(0, int(low // grid.cell)), min(most, int(high // grid.cell) + 1))
            for low, high, most in (
                (wanted.x - grid.x, wanted.right - grid.x, grid.columns),
                (wanted.y - grid.y, wanted.bottom - grid.y, grid.rows),
            )
        )
        for row in rows:
            for column in columns:
                cell = grid.rect(column, row)
                seen += shared(cell, wanted)
                if not plan.tissue[row, column]:
                    on_slide = cell.intersection(pyramid.extent)
                    least = TISSUE_FLOOR * on_slide.width * on_slide.height
                    assert shared(cell, speck) <= least + 1e-6, "no more than a speck of dust"
        assert seen >= wanted.width * wanted.height - near


@given(slide=slides(), region=regions, overlap=st.sampled_from([0.0, 0.3, 0.5, 0.75]))
@settings(max_examples=80, deadline=None)
def test_all_tissue_is_in_chunks_and_all_of_a_chunk_in_tiles(
    some_file: Path,
    of_pixels: ModelPackage,
    slide: tuple[Pyramid, Rect, Spacing, TissueMask],
    region: tuple[float, ...] | None,
    overlap: float,
) -> None:
    pyramid, bounds, spacing, tissue = slide
    blank = Blank(some_file, pyramid, bounds, spacing)
    asked = region_on(pyramid, region)
    plan = make_mask_plan(blank, of_pixels, region=asked, tissue=tissue, overlap=overlap)  # type: ignore[arg-type]
    frame, area = plan.frame, area_for(blank, asked)  # type: ignore[arg-type]
    hair = 0.01 * frame.scale
    assert frame.extent.x <= area.x + hair
    assert frame.extent.y <= area.y + hair
    assert frame.extent.right >= area.right - hair
    assert frame.extent.bottom >= area.bottom - hair
    for row, column in np.argwhere(~plan.tissue).tolist():
        extent = frame.rect(*Chunk.of(frame, column, row).box).intersection(area)
        assert all(shared(extent, it) < 1e-6 * frame.scale**2 for it in specks(tissue))
    for chunk in plan.chunks(plan.tissue)[:2]:
        x, y, width, height = chunk.box
        seen = np.zeros((height, width), np.bool_)
        for tile in plan.tiles_of(chunk):
            left, top = tile.x - plan.left - x, tile.y - plan.top - y
            seen[max(0, top) : top + PATCH, max(0, left) : left + PATCH] = True
        assert seen.all()
