"""Slides read by OpenSlide: right pixels, from many threads, past damage."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import openslide
import pytest
import tifffile
from PIL import Image

from slideviewer.errors import SlideError
from slideviewer.slide import Pixels, Slide, TileKey, open_slide
from slideviewer.slide.openslide_slide import OpenSlideSlide
from slideviewer.slide.reducing import read_reduced

DAMAGED_TILE = TileKey(0, 1, 1)


@pytest.fixture
def source(real_data: Path) -> Path:
    return real_data / "slides" / "CMU-1-Small-Region.svs"


@pytest.fixture
def damaged(source: Path, tmp_path: Path) -> Path:
    """A copy of a real slide with one stored tile overwritten."""
    copy = tmp_path / "dämaged.svs"
    shutil.copyfile(source, copy)
    with tifffile.TiffFile(source) as file:
        page = file.pages.first
        across = -(-page.imagewidth // page.tilewidth)
        number = DAMAGED_TILE.row * across + DAMAGED_TILE.column
        start, length = page.dataoffsets[number], page.databytecounts[number]
    with copy.open("r+b") as file:
        file.seek(start)
        file.write(bytes(length))
    return copy


def read(slide: Slide, key: TileKey) -> Pixels:
    x, y, width, height = slide.pyramid.tile_box_level(key)
    return slide.read_region(key.level, x, y, width, height)


@pytest.mark.parametrize("box", [(0, 0, 256, 256), (-20, 2900, 100, 100), (1001, 77, 301, 3)])
def test_pixels_are_openslides_over_white(source: Path, box: tuple[int, int, int, int]) -> None:
    x, y, width, height = box
    theirs = openslide.OpenSlide(source).read_region((x, y), 0, (width, height))
    white = Image.new("RGBA", theirs.size, "white")
    expected = np.asarray(Image.alpha_composite(white, theirs).convert("RGB"))
    assert np.array_equal(open_slide(source).read_region(0, x, y, width, height), expected)


def test_a_region_may_be_empty_but_not_impossible(source: Path) -> None:
    slide = open_slide(source)
    assert slide.read_region(0, 0, 0, 0, 7).shape == (7, 0, 3)
    with pytest.raises(ValueError, match="no level 1"):
        slide.read_region(1, 0, 0, 7, 7)


def test_one_bad_tile_spoils_no_other_tile_nor_thread(source: Path, damaged: Path) -> None:
    whole, slide = open_slide(source), open_slide(damaged)
    # Every thread meets the bad tile again and again, between good ones.
    keys = whole.pyramid.tiles_in(whole.pyramid.extent, 0)[:24]
    keys = [*keys, DAMAGED_TILE] * 3

    def same(key: TileKey) -> bool | None:
        try:
            return np.array_equal(read(slide, key), read(whole, key))
        except SlideError as error:
            assert error.path == damaged
            return None

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(same, keys))
    for key, result in zip(keys, results, strict=True):
        assert result is (None if key == DAMAGED_TILE else True)


def test_a_damaged_slide_has_a_thumbnail_and_says_what_is_unread(damaged: Path) -> None:
    slide = open_slide(damaged)
    reduced = read_reduced(slide, 222, 297)
    assert 0 < reduced.unread.mean() < 0.2
    assert (reduced.pixels[reduced.unread] == 255).all()
    assert np.array_equal(slide.thumbnail(297), reduced.pixels)


def test_a_thumbnail_is_the_mean_of_its_pixels(source: Path) -> None:
    slide = open_slide(source)
    whole = slide.read_region(0, 0, 0, slide.pyramid.width, slide.pyramid.height)
    thumbnail = slide.thumbnail(100)
    assert thumbnail.shape == (100, 75, 3)
    assert np.allclose(thumbnail.mean((0, 1)), whole.mean((0, 1)), atol=1.0)


def test_closing_ends_reading_and_may_be_repeated(source: Path) -> None:
    slide = open_slide(source)
    slide.close()
    slide.close()
    with pytest.raises(SlideError, match="closed"):
        slide.read_region(0, 0, 0, 8, 8)


def test_a_file_that_vanishes_is_an_error_with_its_name(damaged: Path) -> None:
    slide = open_slide(damaged)
    damaged.unlink()
    with pytest.raises(SlideError, match="dämaged"):
        read(slide, DAMAGED_TILE)


def test_the_colour_profile_is_kept(real_data: Path) -> None:
    with_profile = open_slide(real_data / "slides" / "tcga-cr-7395-01a-01-ts1.svs")
    without = open_slide(real_data / "slides" / "CMU-1-Small-Region.svs")
    assert isinstance(with_profile, OpenSlideSlide)
    assert isinstance(without, OpenSlideSlide)
    assert with_profile.icc_profile is not None
    assert with_profile.icc_profile[36:40] == b"acsp", "the mark of every ICC profile"
    assert without.icc_profile is None


def test_a_level_lies_where_the_pyramid_says(real_data: Path) -> None:
    slide = open_slide(real_data / "slides" / "tcga-cr-7395-01a-01-ts1.svs")
    with tifffile.TiffFile(slide.path) as file:
        stored = file.pages[2].asarray()
    pixels = slide.read_region(1, 600, 700, 256, 256)
    expected = stored[700:956, 600:856]
    # This level is 2.0005 times smaller, so OpenSlide can only start within half a pixel of it.
    assert np.abs(pixels.astype(int) - expected).mean() < 6
    assert np.abs(pixels.astype(int) - stored[701:957, 601:857]).mean() > 8
