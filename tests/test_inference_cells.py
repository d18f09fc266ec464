"""Resampling and reading of cells: exact places, all edges, damaged parts."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slideviewer.errors import PredictionError
from slideviewer.geometry import Rect
from slideviewer.inference.areas import Way, read_area
from slideviewer.inference.cells import Block, CellReader, TileView
from slideviewer.inference.grid import Grid
from slideviewer.inference.resample import resample
from slideviewer.slide import Slide, open_slide

SIDE = 400


def ramp(side: int = SIDE) -> np.ndarray:
    """A picture whose red grows by half a grey level a pixel to the right, and green downwards."""
    along = np.arange(side) / side * 200 + 20
    picture = np.zeros((side, side, 3), np.uint8)
    picture[..., 0], picture[..., 1] = np.round(along)[None, :], np.round(along)[:, None]
    return picture


@pytest.fixture(scope="module")
def slide(tmp_path_factory: pytest.TempPathFactory) -> Slide:
    path = tmp_path_factory.mktemp("picture") / "ramp.png"
    cv2.imwrite(str(path), cv2.cvtColor(ramp(), cv2.COLOR_RGB2BGR))
    return open_slide(path)


def plain(slide: Slide, grid: Grid, patch: int) -> CellReader:
    """Read tiles that are just the cells."""
    return CellReader(slide, grid, (TileView(patch, grid.cell),))


def read_alone(slide: Slide, area: Rect, side: int) -> np.ndarray:
    """Read a part of level 0 for itself."""
    way = Way.settled(slide.pyramid, 0, [area], area.width / side)
    return read_area(slide, way, area, side, side)


places = st.floats(5, 150, allow_nan=False)
sizes = st.floats(20, 200, allow_nan=False)


@given(left=places, top=places, width=sizes, height=sizes, out=st.integers(4, 64))
@settings(max_examples=100, deadline=None)
def test_resampling_shifts_nothing(
    left: float, top: float, width: float, height: float, out: int
) -> None:
    found = resample(ramp(), left, top, width, height, out, out).astype(float)
    centres_x = left + (np.arange(out) + 0.5) * width / out
    centres_y = top + (np.arange(out) + 0.5) * height / out
    # Rounding to whole grey levels, twice, is all that may differ.
    expected = (centres_x - 0.5) / SIDE * 200 + 20
    assert np.abs(found[:, :, 0] - expected[None, :]).max() <= 1.5
    expected = (centres_y - 0.5) / SIDE * 200 + 20
    assert np.abs(found[:, :, 1] - expected[:, None]).max() <= 1.5


def test_whole_pixels_are_copied_and_whole_blocks_averaged() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (60, 60, 3), np.uint8)
    assert np.array_equal(resample(picture, 10, 20, 32, 32, 32, 32), picture[20:52, 10:42])
    halved = resample(picture, 10, 20, 32, 32, 16, 16)
    means = picture[20:52, 10:42].reshape(16, 2, 16, 2, 3).mean(axis=(1, 3))
    assert np.abs(halved - means).max() <= 0.75


def test_fine_detail_is_averaged_not_picked() -> None:
    stripes = np.zeros((200, 200, 3), np.uint8)
    stripes[:, ::2] = 255
    found = resample(stripes, 3.3, 4.7, 160.4, 160.4, 40, 40)
    assert np.abs(found.astype(float) - 127.5).max() < 20


@given(
    x=st.floats(-30, 300),
    y=st.floats(-30, 300),
    cell=st.floats(17, 90),
    patch=st.sampled_from([16, 32]),
)
@settings(max_examples=40, deadline=None)
def test_a_block_gives_what_each_cell_alone_gives(
    slide: Slide, x: float, y: float, cell: float, patch: int
) -> None:
    grid = Grid(x, y, cell, 4, 3)
    reader = plain(slide, grid, patch)
    (block,) = reader.blocks(np.ones((3, 4), np.bool_))
    read = reader.read(block)
    assert not read.skipped
    assert read.tiles[0].shape == (12, patch, patch, 3)
    for column, row, tile in zip(read.columns, read.rows, read.tiles[0], strict=True):
        area = grid.rect(int(column), int(row))
        alone = read_alone(slide, area, patch)
        inside = slide.pyramid.extent.grown(-3)
        if inside.contains(area.x, area.y) and inside.contains(area.right, area.bottom):
            assert np.abs(tile.astype(int) - alone).max() <= 3


def test_beyond_the_border_is_white_and_the_border_itself_is_not(slide: Slide) -> None:
    found = read_alone(slide, Rect(SIDE - 20.5, SIDE - 20.5, 41, 41), 41)
    assert (found[22:, :] == 255).all()
    assert (found[:, 22:] == 255).all()
    assert found[10, 10, 2] == 0
    at_edge = read_alone(slide, Rect(0, 0, 33.3, 33.3), 32)
    assert at_edge[0, 0, 2] == 0, "no white bleeds in from outside"
    at_end = read_alone(slide, Rect(SIDE - 33.3, SIDE - 33.3, 33.3, 33.3), 32)
    assert at_end[-1, -1, 2] == 0


@given(
    wanted=st.integers(0, 2**31).map(
        lambda seed: np.random.default_rng(seed).random((23, 37)) < 0.3
    ),
    first=st.none()
    | st.builds(Rect, st.floats(0, 300), st.floats(0, 300), st.floats(1, 90), st.floats(1, 90)),
)
@settings(max_examples=40, deadline=None)
def test_every_wanted_cell_is_in_one_block_and_those_in_view_come_first(
    slide: Slide, wanted: np.ndarray, first: Rect | None
) -> None:
    grid = Grid(0, 0, 10.5, 37, 23)
    blocks = plain(slide, grid, 16).blocks(wanted, first)
    cells = [c for b in blocks for c in zip(b.rows.tolist(), b.columns.tolist(), strict=True)]
    assert len(cells) == len(set(cells))
    assert set(cells) == set(zip(*(a.tolist() for a in np.nonzero(wanted)), strict=True))
    if first is not None:
        seen = [first.intersects(grid.rect(column, row)) for row, column in cells]
        assert seen == sorted(seen, reverse=True)


def test_one_cell_larger_than_memory_allows_is_refused(slide: Slide) -> None:
    with pytest.raises(PredictionError, match="spacing"):
        plain(slide, Grid(0, 0, 2_000_000, 1, 1), 32).check()


def test_blocks_stay_small_where_cells_are_large(slide: Slide) -> None:
    reader = plain(slide, Grid(0, 0, 1000, 9, 9), 1000)
    blocks = reader.blocks(np.ones((9, 9), np.bool_))
    assert max(len(block) for block in blocks) == 4


def test_a_damaged_part_costs_only_its_own_cells(real_data: Path, tmp_path: Path) -> None:
    slide = open_slide(damaged_slide(real_data, tmp_path))
    reader = plain(slide, Grid(0, 0, 120, 8, 8), 120)
    # The stored tile at column 0, row 5 of 240 px is spoilt: four cells of the last two rows.
    rows, columns = (part.ravel().astype(np.int32) for part in np.mgrid[0:24, 0:8])
    reader = plain(slide, Grid(0, 0, 120, 8, 24), 120)
    read = reader.read(Block(columns, rows))
    spoilt = {(column, row) for column, row, _ in read.skipped}
    assert spoilt == {(0, 10), (1, 10), (0, 11), (1, 11)}
    assert all(reason for _, _, reason in read.skipped)
    assert len(read) == 24 * 8 - 4
    assert len(read.tiles[0]) == len(read)


def damaged_slide(real_data: Path, folder: Path) -> Path:
    """Copy a slide and spoil one of its stored tiles."""
    import tifffile

    source = real_data / "slides" / "CMU-1-Small-Region.svs"
    with tifffile.TiffFile(source) as tiff:
        page = tiff.pages[0]
        start, count = page.dataoffsets[50], page.databytecounts[50]  # column 0, row 5
    data = bytearray(source.read_bytes())
    data[start : start + count] = bytes(count)
    path = folder / "damaged.svs"
    path.write_bytes(data)
    return path
