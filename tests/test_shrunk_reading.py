"""Levels read at a fraction of their sides: nearly means, on one lattice, whoever asks."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from slide_fast_files import TILE, jpeg, tile_place, write_encoded, write_tiff

from slideviewer.errors import SlideError
from slideviewer.geometry import Rect
from slideviewer.inference.areas import Way
from slideviewer.inference.cells import Block, CellReader, TileView
from slideviewer.inference.grid import Grid
from slideviewer.slide import Level, Pixels, Pyramid, Slide, open_slide
from slideviewer.slide.display import for_display
from slideviewer.slide.shrunk_reading import read_shrunk
from slideviewer.slide.stored_tiles import StoredTiles
from slideviewer.slide.tile_decoding import (
    RGB,
    YCBCR,
    TileDamage,
    TileFormat,
    decoder_for,
    shrinking_decoder_for,
)
from slideviewer.slide.tiled_tiff import TiledTiff

WIDTH, HEIGHT = 4 * TILE + 45, 3 * TILE + 7
"""Neither ends with a tile, nor with a square of pixels."""
FACTORS = (2, 3, 4, 6, 8)


def stained() -> Pixels:
    """A picture with edges and grain, as tissue has them."""
    rng = np.random.default_rng(5)
    shapes = rng.integers(60, 240, (HEIGHT // 9 + 1, WIDTH // 9 + 1, 3), np.uint8)
    large = shapes.repeat(9, 0).repeat(9, 1)[:HEIGHT, :WIDTH].astype(int)
    sharp = np.clip(large + rng.normal(0, 6, large.shape), 0, 255).astype(np.uint8)
    return np.asarray(cv2.GaussianBlur(sharp, (0, 0), 1.0), np.uint8)  # as a lens does


def beyond_the_border_black(pixels: Pixels) -> Callable[[NDArray[np.uint8]], bytes]:
    """Encode tiles, of which what lies beyond the slide is black: it must not be seen."""
    across, number = -(-WIDTH // TILE), iter(range(10**6))

    def encode(tile: NDArray[np.uint8]) -> bytes:
        row, column = divmod(next(number), across)
        tile = tile.copy()
        tile[max(0, HEIGHT - row * TILE) :] = 0
        tile[:, max(0, WIDTH - column * TILE) :] = 0
        return jpeg(tile, "ycbcr")

    return encode


def write_jpeg(path: Path) -> Path:
    pixels = stained()
    return write_encoded(path, [pixels], beyond_the_border_black(pixels), 7, "ycbcr", aperio=True)


@pytest.fixture(scope="module")
def jpeg_slide(tmp_path_factory: pytest.TempPathFactory) -> Slide:
    return open_slide(write_jpeg(tmp_path_factory.mktemp("jpeg") / "stained.svs"))


@pytest.fixture(scope="module")
def lzw_slide(tmp_path_factory: pytest.TempPathFactory) -> Slide:
    path = tmp_path_factory.mktemp("lzw") / "stained.tif"
    return open_slide(write_tiff(path, [stained()], compression="lzw"))


def means(slide: Slide, factor: int) -> Pixels:
    """All of level 0 by the means of its squares, those at the border of the pixels they have."""
    pixels = slide.read_region(0, 0, 0, WIDTH, HEIGHT).astype(float)
    missing = ((0, -HEIGHT % factor), (0, -WIDTH % factor), (0, 0))
    padded = np.pad(pixels, missing, mode="edge")
    rows, columns = padded.shape[0] // factor, padded.shape[1] // factor
    return padded.reshape(rows, factor, columns, factor, 3).mean(axis=(1, 3))


def whole(slide: Slide, factor: int) -> Pixels:
    return read_shrunk(slide, 0, factor, 0, 0, -(-WIDTH // factor), -(-HEIGHT // factor))


@pytest.mark.parametrize("factor", FACTORS)
def test_other_files_give_means(lzw_slide: Slide, factor: int) -> None:
    assert np.abs(whole(lzw_slide, factor) - means(lzw_slide, factor)).max() <= 0.75


@pytest.mark.parametrize("factor", FACTORS)
def test_jpeg_gives_nearly_means_and_at_the_border_means(jpeg_slide: Slide, factor: int) -> None:
    found, expected = whole(jpeg_slide, factor), means(jpeg_slide, factor)
    off = np.abs(found - expected)
    assert found.shape == expected.shape
    # These colours are far apart, and of colours half the detail is stored.
    assert off.mean() < 3
    assert abs((found - expected).mean()) < 0.3
    assert np.abs(found[:, 1:] - expected[:, :-1]).mean() > 4 * off.mean(), "nothing is shifted"
    # Tiles that reach beyond the border are decoded whole.
    assert off[-(-3 * TILE // factor) :].max() <= 1.5
    assert off[:, -(-4 * TILE // factor) :].max() <= 1.5


@given(
    factor=st.sampled_from(FACTORS),
    x=st.integers(-40, WIDTH),
    y=st.integers(-40, HEIGHT),
    width=st.integers(1, 300),
    height=st.integers(1, 300),
)
@example(2, 0, 0, TILE // 2, TILE // 2)
@example(2, 4 * TILE // 2, 3 * TILE // 2, 23, 4)
@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@pytest.mark.parametrize("kind", ["jpeg", "lzw"])
def test_a_part_is_part_of_the_whole(
    request: pytest.FixtureRequest, kind: str, factor: int, x: int, y: int, width: int, height: int
) -> None:
    slide: Slide = request.getfixturevalue(f"{kind}_slide")
    all_of_it = whole(slide, factor)
    expected = np.full((height, width, 3), 255, np.uint8)
    rows, columns = all_of_it.shape[:2]
    left, right = max(x, 0), min(x + width, columns)
    top, bottom = max(y, 0), min(y + height, rows)
    if left < right and top < bottom:
        expected[top - y : bottom - y, left - x : right - x] = all_of_it[top:bottom, left:right]
    assert np.array_equal(read_shrunk(slide, 0, factor, x, y, width, height), expected)


def test_colours_in_ome_tiff_are_shrunk_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "stained.ome.tif"
    pixels = stained()
    with tifffile.TiffWriter(path, ome=True) as file:
        how = {"tile": (TILE, TILE), "compression": "jpeg", "photometric": "rgb"}
        file.write(pixels, subifds=1, metadata={"axes": "YXS"}, **how)
        file.write(np.ascontiguousarray(pixels[::2, ::2]), subfiletype=1, **how)
    slide = open_slide(path)
    assert isinstance(slide, TiledTiff)
    factors: list[int] = []
    read_stored = StoredTiles.read_tile

    def watched(
        tiles: StoredTiles, column: int, row: int, plane: int = 0, factor: int = 1
    ) -> NDArray[np.uint8] | None:
        factors.append(factor)
        return read_stored(tiles, column, row, plane, factor)

    monkeypatch.setattr(StoredTiles, "read_tile", watched)
    found = whole(slide, 2)
    assert sorted(factors) == [1] * (20 - 12) + [2] * 12
    assert np.abs(found - means(slide, 2)).mean() < 3
    slide.close()
    with pytest.raises(SlideError):
        whole(slide, 2)


def test_many_threads_read_the_same(tmp_path: Path) -> None:
    slide = open_slide(write_jpeg(tmp_path / "many.svs"))
    expected = whole(slide, 2)
    boxes = np.random.default_rng(2).integers(0, 150, (60, 2)).tolist()
    with ThreadPoolExecutor(6) as pool:
        parts = list(pool.map(lambda at: read_shrunk(slide, 0, 2, *at, 90, 40), boxes))
    for (x, y), part in zip(boxes, parts, strict=True):
        assert np.array_equal(part, expected[y : y + 40, x : x + 90])


def test_a_damaged_tile_spoils_no_other(tmp_path: Path) -> None:
    path = write_jpeg(tmp_path / "damaged.svs")
    slide = open_slide(path)
    expected = whole(slide, 2)
    slide.close()
    at, length = tile_place(path, 6)  # column 1, row 1
    with path.open("r+b") as file:
        file.seek(at + length // 2)
        file.write(bytes(length // 4))
    slide, half = open_slide(path), TILE // 2
    assert np.array_equal(
        read_shrunk(slide, 0, 2, 0, 0, 2 * half, half), expected[:half, : 2 * half]
    )
    for box in ((half, half, 1, 1), (0, 0, 2 * half, 2 * half)):
        with pytest.raises(SlideError, match="cannot be read"):
            read_shrunk(slide, 0, 2, *box)


@pytest.mark.parametrize("side", [TILE // 2, TILE - 8, TILE + 8, 2 * TILE])
def test_a_jpeg_of_another_size_than_its_tile_is_damage(side: int) -> None:
    tiles = TileFormat(TILE, TILE, 3, np.dtype(np.uint8), 7, YCBCR)
    data = jpeg(np.full((side, side, 3), 200, np.uint8), "ycbcr")
    for decode in (decoder_for(tiles), shrinking_decoder_for(tiles, 2)):
        assert decode is not None
        with pytest.raises(TileDamage):
            decode(data)


@given(kept=st.floats(0, 0.97), factor=st.sampled_from([2, 4, 8]))
@settings(max_examples=60, deadline=None)
def test_a_tile_cut_off_is_damage(kept: float, factor: int) -> None:
    tiles = TileFormat(TILE, TILE, 3, np.dtype(np.uint8), 7, RGB)
    data = jpeg(stained()[:TILE, :TILE].copy(), "rgb", "444")
    decode = shrinking_decoder_for(tiles, factor)
    assert decode is not None
    assert decode(data).shape == (TILE // factor, TILE // factor, 3)
    with pytest.raises(TileDamage):
        decode(data[: int(len(data) * kept)])


def test_only_jpeg_is_shrunk_while_it_is_decoded() -> None:
    kinds = {7: True, 5: False, 33005: False}
    for compression, is_shrunk in kinds.items():
        tiles = TileFormat(TILE, TILE, 3, np.dtype(np.uint8), compression, RGB)
        assert (shrinking_decoder_for(tiles, 2) is not None) == is_shrunk
    odd = TileFormat(TILE + 2, TILE, 3, np.dtype(np.uint8), 7, RGB)
    assert shrinking_decoder_for(odd, 2) is not None
    assert shrinking_decoder_for(odd, 4) is None


@given(
    x=st.sampled_from([0.0, 3.0, 8.0]) | st.floats(0, 60),
    y=st.sampled_from([0.0, 5.0, 16.0]) | st.floats(0, 60),
    cell=st.sampled_from([32.0, 64.0, 65.0, 64.5, 62.208, 128.0]) | st.floats(20, 130),
    patch=st.sampled_from([16, 32]),
    seed=st.integers(0, 99),
)
@example(0.0, 0.0, 64.5, 32, 1)
@example(1.0, 0.0, 64.0, 32, 1)
@settings(max_examples=60, deadline=None)
def test_a_cell_is_the_same_in_any_block(
    jpeg_slide: Slide, x: float, y: float, cell: float, patch: int, seed: int
) -> None:
    grid = Grid(x, y, cell, 5, 4)
    reader = CellReader(jpeg_slide, grid, (TileView(patch, cell),))
    rows, columns = (part.ravel().astype(np.int32) for part in np.mgrid[0:4, 0:5])
    everything = reader.read(Block(columns, rows)).tiles[0]
    some = np.sort(np.random.default_rng(seed).choice(20, 3, replace=False))
    few = reader.read(Block(columns[some], rows[some])).tiles[0]
    # To the last bit: a run that goes on reads what is left in other company.
    assert np.array_equal(few, everything[some])


def test_how_a_grid_is_read() -> None:
    pyramid = Pyramid((Level(4096, 4096, 1.0),))

    def way(x: float, cell: float, patch: int) -> tuple[int, bool]:
        parts = [Rect(x + n * cell, x + n * cell, cell, cell) for n in (0, 1, 9)]
        found = Way.settled(pyramid, 0, parts, cell / patch)
        return found.factor, found.is_whole

    assert way(0, 256, 128) == (2, True)
    assert way(2, 256, 128) == (2, True)
    assert way(1, 256, 128) == (1, True), "whole pixels on another lattice are not blurred"
    assert way(0.5, 256, 128) == (2, False)
    assert way(0, 256.5, 128) == (2, False)
    assert way(0, 253.5, 128) == (2, False), "a hair is missing"
    assert way(0, 248.832, 128) == (1, False)
    assert way(0, 1024, 128) == (8, True)
    assert way(0, 128, 128) == (1, True)
    assert way(0, 100, 200) == (1, False)


def test_the_screen_sees_halves_of_the_right_place(tmp_path: Path) -> None:
    levels = [cv2.resize(stained(), (1024, 1024)), cv2.resize(stained(), (256, 256))]
    path = write_tiff(tmp_path / "shown.svs", levels, aperio=True, compression="jpeg")
    shown = for_display(open_slide(path))
    assert [level.width for level in shown.pyramid.levels] == [1024, 512, 256]
    finest = shown.read_region(0, 0, 0, 1024, 1024).astype(float)
    half = finest.reshape(512, 2, 512, 2, 3).mean(axis=(1, 3))
    assert np.abs(shown.read_region(1, 0, 0, 512, 512) - half).mean() < 1.5
    part = shown.read_region(1, 37, 101, 200, 90)
    assert np.array_equal(part, shown.read_region(1, 0, 0, 512, 512)[101:191, 37:237])


def test_a_stored_tile_is_decoded_once_for_all_cells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slide = open_slide(write_jpeg(tmp_path / "counted.svs"))
    decoded: list[tuple[int, int]] = []
    read_stored = StoredTiles.read_tile

    def counted(
        tiles: StoredTiles, column: int, row: int, plane: int = 0, factor: int = 1
    ) -> NDArray[np.uint8] | None:
        decoded.append((column, row))
        return read_stored(tiles, column, row, plane, factor)

    monkeypatch.setattr(StoredTiles, "read_tile", counted)
    for cell in (100.7, 60.0):
        decoded.clear()
        grid = Grid.covering(slide.pyramid.extent, cell)
        reader = CellReader(slide, grid, (TileView(30, cell),))
        for block in reader.blocks(np.ones((grid.rows, grid.columns), np.bool_)):
            reader.read(block)
        assert len(decoded) == len(set(decoded)) == 5 * 4
