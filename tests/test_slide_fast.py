"""Slides read straight from their stored tiles: the very pixels that OpenSlide gives."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import openslide
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from slide_fast_files import (
    TILE,
    halved,
    jpeg,
    jpeg_2000,
    picture,
    set_tag,
    tables_apart,
    tiles_of,
    write_encoded,
    write_tiff,
)

from slideviewer.slide import Pixels, open_slide
from slideviewer.slide.openslide_slide import OpenSlideSlide

SIZE = (640, 512)
PICTURE = picture(*SIZE)
LEVELS = halved(PICTURE, 3)
GREY_LEVELS = [np.ascontiguousarray(level[..., 0]) for level in LEVELS]

Write = Callable[[Path, bool], Path]


def encoded(encode: Callable[[NDArray[np.uint8]], bytes], compression: int, colours: str) -> Write:
    def write(path: Path, aperio: bool) -> Path:
        return write_encoded(path, LEVELS, encode, compression, colours, aperio=aperio)

    return write


def abbreviated(colours: str, subsampling: str) -> Write:
    def write(path: Path, aperio: bool) -> Path:
        stream = partial(jpeg, colours=colours, subsampling=subsampling)
        tables, _ = tables_apart(stream(next(tiles_of(PICTURE))))
        return write_encoded(
            path,
            LEVELS,
            lambda tile: tables_apart(stream(tile))[1],
            7,
            colours,
            aperio=aperio,
            jpegtables=tables,
        )

    return write


def packed(compression: str | None, **how: object) -> Write:
    def write(path: Path, aperio: bool) -> Path:
        return write_tiff(path, LEVELS, aperio=aperio, compression=compression, **how)

    return write


def grey(compression: str) -> Write:
    def write(path: Path, aperio: bool) -> Path:
        how = {"compression": compression, "photometric": "minisblack"}
        return write_tiff(path, GREY_LEVELS, aperio=aperio, **how)

    return write


WAYS: dict[str, Write] = {
    "JPEG": packed("jpeg"),
    "JPEG, tables apart, YCbCr": abbreviated("ycbcr", "420"),
    "JPEG, tables apart, RGB without a marker": abbreviated("rgb", "444"),
    "JPEG, half the colour across": abbreviated("ycbcr", "422"),
    # What the TIFF says of the colours holds against what the JPEG streams say.
    "JPEG, YCbCr streams, the TIFF says RGB": encoded(partial(jpeg, colours="ycbcr"), 7, "rgb"),
    "JPEG, RGB streams, the TIFF says YCbCr": encoded(
        partial(jpeg, colours="rgb", subsampling="444"), 7, "ycbcr"
    ),
    "LZW": packed("lzw"),
    "LZW, predictor": packed("lzw", predictor=True),
    "deflate, predictor, BigTIFF": packed("zlib", predictor=True, bigtiff=True),
    "deflate, big-endian": packed("adobe_deflate", bigtiff=True, byteorder=">"),
    "packbits": packed("packbits"),
    "zstd": packed("zstd"),
    "uncompressed": packed(None),
    "oblong tiles": packed("jpeg", tile=(64, 160)),
    "grey JPEG": grey("jpeg"),
    "grey LZW": grey("lzw"),
}


def reference(path: Path, level: int, box: tuple[int, int, int, int]) -> Pixels:
    """OpenSlide's pixels over white; ``box`` in pixels of a level that is 2**level smaller."""
    x, y, width, height = box
    with openslide.OpenSlide(path) as slide:
        at = (x * 2**level, y * 2**level)
        rgba = np.asarray(slide.read_region(at, level, (width, height)))
    assert set(np.unique(rgba[..., 3])) <= {0, 255}, "no blending, or there is nothing to compare"
    return np.where(rgba[..., 3:] == 0, np.uint8(255), rgba[..., :3])


def opened(path: Path, *, fast: bool = True) -> OpenSlideSlide:
    slide = open_slide(path)
    assert isinstance(slide, OpenSlideSlide)
    assert [stored is not None for stored in slide.stored] == [fast] * len(slide.pyramid.levels)
    return slide


BOXES = {
    "a tile": (TILE, 0, TILE, TILE),
    "across tiles": (37, 61, 301, 190),
    "inside a tile": (130, 131, 7, 3),
    "beyond the top left": (-50, -13, 140, 77),
    "beyond the bottom right": (60, 50, 700, 700),
    "far away": (2000, 3, 10, 10),
    "the whole level": (0, 0, *SIZE),
}


@pytest.mark.parametrize("aperio", [False, True], ids=["generic", "aperio"])
@pytest.mark.parametrize("way", WAYS)
def test_pixels_are_openslides(tmp_path: Path, way: str, aperio: bool) -> None:
    path = WAYS[way](tmp_path / "slide.tif", aperio)
    slide = opened(path)
    assert slide.vendor == ("aperio" if aperio else "generic-tiff")
    for level in range(3):
        for name, box in BOXES.items():
            assert np.array_equal(slide.read_region(level, *box), reference(path, level, box)), name


def test_jpeg_2000_of_aperio(tmp_path: Path) -> None:
    path = encoded(jpeg_2000, 33005, "rgb")(tmp_path / "slide.svs", True)
    slide = opened(path)
    for box in BOXES.values():
        assert np.array_equal(slide.read_region(1, *box), reference(path, 1, box))


@pytest.fixture(scope="module")
def jpeg_pyramid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return WAYS["JPEG"](tmp_path_factory.mktemp("fast") / "slide.tif", False)


@given(
    level=st.integers(0, 2),
    corner=st.tuples(st.integers(-200, 700), st.integers(-200, 700)),
    size=st.tuples(st.integers(1, 300), st.integers(1, 300)),
)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_region_is_openslides(
    jpeg_pyramid: Path, level: int, corner: tuple[int, int], size: tuple[int, int]
) -> None:
    slide = opened(jpeg_pyramid)
    box = (*corner, *size)
    assert np.array_equal(slide.read_region(level, *box), reference(jpeg_pyramid, level, box))
    slide.close()


@pytest.mark.parametrize(
    "name", ["CMU-1-Small-Region.svs", "tcga-cr-7395-01a-01-ts1.svs", "no_dzi.tif", "boxes.tiff"]
)
def test_real_slides(real_data: Path, name: str) -> None:
    path = real_data / "slides" / name
    slide = opened(path)
    tile = slide.pyramid.tile_size
    width, height = slide.pyramid.width, slide.pyramid.height
    for box in (
        (0, 0, tile, tile),
        (width // 2, height // 2, 301, 257),
        (width - 100, height - 90, 150, 140),
        (-10, tile, 50, 60),
    ):
        assert np.array_equal(slide.read_region(0, *box), reference(path, 0, box))
    # Whatever a level's downsample, OpenSlide maps its corner to its corner.
    for level in range(len(slide.pyramid.levels)):
        box = (0, 0, 700, 600)
        assert np.array_equal(slide.read_region(level, *box), reference(path, level, box))


def test_a_level_of_odd_size_comes_out_as_it_is_stored(tmp_path: Path) -> None:
    levels = halved(picture(701, 499), 3)
    path = write_tiff(tmp_path / "odd.tif", levels, compression="lzw")
    slide = opened(path)
    assert slide.pyramid.levels[2].downsample != 4
    for number, level in enumerate(levels):
        x, y = level.shape[1] - 90, level.shape[0] - 70
        assert np.array_equal(slide.read_region(number, x, y, 90, 70), level[y:, x:])
        assert np.array_equal(slide.read_region(number, 33, 55, 60, 44), level[55:99, 33:93])


def test_levels_are_told_apart_by_width_whatever_their_order(tmp_path: Path) -> None:
    path = tmp_path / "mixed.tif"
    with tifffile.TiffWriter(path) as file:
        for level, kind in ((0, 0), (2, 1), (1, 1)):
            how = {"tile": (TILE, TILE), "photometric": "rgb", "metadata": None}
            file.write(LEVELS[level], subfiletype=kind, **how)
        # Neither a level: not marked as reduced, and not stored in tiles.
        file.write(LEVELS[1], subfiletype=0, **how)
        file.write(LEVELS[2], photometric="rgb", metadata=None, subfiletype=1)
    slide = opened(path)
    for number in range(3):
        assert np.array_equal(slide.read_region(number, 9, 8, 64, 32), LEVELS[number][8:40, 9:73])


@pytest.mark.parametrize(
    "how",
    [
        {"photometric": "miniswhite", "compression": "lzw"},
        {"planarconfig": "separate", "compression": "lzw"},
        {"extrasamples": ["unassalpha"], "compression": "lzw"},
        {"extratags": [(274, 3, 1, 3, True)], "compression": "lzw"},
    ],
    ids=["white is zero", "planes apart", "transparency", "upside down"],
)
def test_what_may_differ_is_left_to_openslide(tmp_path: Path, how: dict[str, object]) -> None:
    levels: list[NDArray[np.uint8]] = LEVELS
    if how.get("photometric") == "miniswhite":
        levels = GREY_LEVELS
    elif "planarconfig" in how:
        levels = [np.ascontiguousarray(np.moveaxis(level, -1, 0)) for level in LEVELS]
    elif "extrasamples" in how:
        levels = [np.dstack([level, np.full_like(level[..., 0], 255)]) for level in LEVELS]
    path = write_tiff(tmp_path / "slide.tif", levels, **how)
    slide = opened(path, fast=False)
    box = BOXES["across tiles"]
    assert np.array_equal(slide.read_region(1, *box), reference(path, 1, box))


def drop_tile(path: Path, page: int, number: int) -> None:
    set_tag(path, page, 325, lambda lengths: lengths.__setitem__(number, 0))


@pytest.mark.parametrize("level", [0, 1])
def test_tiles_never_stored_are_white(tmp_path: Path, level: int) -> None:
    path = WAYS["LZW"](tmp_path / "slide.tif", False)
    drop_tile(path, level, 1)
    slide = opened(path)
    for box in ((TILE, 0, TILE, TILE), (90, 60, 200, 100)):
        pixels = slide.read_region(level, *box)
        assert (pixels[:60, TILE - box[0] :][:, :100] == 255).all()
        assert np.array_equal(pixels, reference(path, level, box))


def test_of_aperio_tiles_not_stored_are_drawn_from_finer_levels_by_openslide(
    tmp_path: Path,
) -> None:
    path = WAYS["LZW"](tmp_path / "slide.svs", True)
    drop_tile(path, 1, 0)
    slide = open_slide(path)
    assert isinstance(slide, OpenSlideSlide)
    assert [stored is not None for stored in slide.stored] == [True, False, False]
    box = (20, 20, 200, 150)
    pixels = slide.read_region(1, *box)
    assert np.array_equal(pixels, reference(path, 1, box))
    assert (pixels != 255).any(), "nothing is missing after all"


def test_an_exact_tile_is_the_callers_own(jpeg_pyramid: Path) -> None:
    slide = opened(jpeg_pyramid)
    shared = slide.read_region(0, 64, 0, TILE, TILE)
    own = slide.read_region(0, TILE, 0, TILE, TILE)
    for pixels in (shared, own):
        assert pixels.flags.c_contiguous
        pixels[:] = 0
    assert np.array_equal(
        slide.read_region(0, 64, 0, 2 * TILE, TILE),
        reference(jpeg_pyramid, 0, (64, 0, 2 * TILE, TILE)),
    )
    assert (slide.read_region(0, TILE, 0, TILE, TILE) != 0).any()
