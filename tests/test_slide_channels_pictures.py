"""Deep and many-channelled pictures: PNG, flat and tiled TIFF, ImageJ's hyperstacks."""

from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from slideviewer.errors import SlideError
from slideviewer.slide import ChannelLook, Slide, Spacing, composite, open_slide
from slideviewer.slide.channel_colours import WHITE, Label
from slideviewer.slide.picture import MAX_PICTURE_PX, Picture
from slideviewer.slide.picture_slide import PictureSlide
from slideviewer.slide.tiled_tiff import TiledTiff

RNG = np.random.default_rng(7)
GREY = RNG.integers(300, 4000, (90, 120), np.uint16)
RGB = RNG.integers(0, 256, (90, 120, 3), np.uint8)


def all_channels(slide: Slide) -> np.ndarray:
    return slide.read_channels(0, 0, 0, slide.pyramid.width, slide.pyramid.height)


def all_of(slide: Slide) -> np.ndarray:
    return slide.read_region(0, 0, 0, slide.pyramid.width, slide.pyramid.height)


def is_stretched_grey(slide: Slide) -> bool:
    """Whether it has one white channel, the extreme 0.1 % of whose values are cut."""
    (channel,) = slide.channels
    assert channel.colour == WHITE
    low, high = np.percentile(GREY, (0.1, 99.9), method="nearest")
    assert (channel.lowest, channel.highest) == (low, high)
    expected = composite(GREY[..., None], [ChannelLook(WHITE, low, high)])
    return np.array_equal(all_of(slide), expected)


def test_a_deep_grey_png_is_one_channel(tmp_path: Path) -> None:
    path = tmp_path / "deep.png"
    Image.fromarray(GREY).save(path)
    slide = open_slide(path)
    assert isinstance(slide, Slide)
    assert all_channels(slide).dtype == np.uint16
    assert np.array_equal(all_channels(slide)[..., 0], GREY)
    assert is_stretched_grey(slide)


def test_a_deep_colour_png_keeps_its_hues_and_depth(tmp_path: Path) -> None:
    path = tmp_path / "deep.png"
    deep = RGB.astype(np.uint16) * 257
    path.write_bytes(imagecodecs.png_encode(deep))
    slide = open_slide(path)
    assert np.array_equal(all_channels(slide), deep)
    assert np.array_equal(all_of(slide), RGB)


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({}, PictureSlide),
        ({"compression": "lzw", "byteorder": ">"}, PictureSlide),
        ({"tile": (32, 32)}, TiledTiff),
        ({"tile": (32, 32), "compression": "zlib", "predictor": True}, TiledTiff),
        ({"tile": (32, 32), "compression": "jpegxl"}, PictureSlide),
    ],
)
def test_a_deep_grey_tiff_is_one_channel(
    tmp_path: Path, options: dict[str, Any], kind: type[Slide]
) -> None:
    path = tmp_path / "deep.tif"
    tifffile.imwrite(path, GREY, **options)
    slide = open_slide(path)
    assert type(slide) is kind
    assert np.array_equal(all_channels(slide)[..., 0], GREY)
    assert is_stretched_grey(slide)


@pytest.mark.parametrize("tile", [None, (32, 32)])
def test_where_white_is_zero_values_are_turned_round(
    tmp_path: Path, tile: tuple[int, int] | None
) -> None:
    path = tmp_path / "negative.tif"
    tifffile.imwrite(path, ~GREY, photometric="miniswhite", tile=tile)
    assert np.array_equal(all_channels(open_slide(path))[..., 0], GREY)


@pytest.mark.parametrize("tile", [None, (32, 32)])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("layout", ["contig", "separate"])
def test_samples_that_are_no_colours_are_channels(
    tmp_path: Path, tile: tuple[int, int] | None, dtype: str, layout: str
) -> None:
    path = tmp_path / "many.tif"
    pixels = RNG.integers(0, 250, (90, 120, 6)).astype(dtype)
    stored = pixels if layout == "contig" else np.ascontiguousarray(np.moveaxis(pixels, -1, 0))
    tifffile.imwrite(path, stored, photometric="minisblack", planarconfig=layout, tile=tile)
    slide = open_slide(path)
    assert [channel.name for channel in slide.channels] == [f"Channel {n}" for n in range(1, 7)]
    assert np.array_equal(all_channels(slide), pixels)


def test_a_deep_pyramid_of_pages_marked_as_smaller_has_its_levels(tmp_path: Path) -> None:
    path = tmp_path / "pyramid.tif"
    with tifffile.TiffWriter(path) as file:
        for number in range(3):
            smaller = np.ascontiguousarray(GREY[:: 2**number, :: 2**number])
            file.write(smaller, tile=(16, 16), subfiletype=int(number > 0), metadata=None)
        file.write(GREY[:50, :20], tile=(16, 16), subfiletype=1, metadata=None)
    slide = open_slide(path)
    assert [level.width for level in slide.pyramid.levels] == [120, 60, 30]
    assert np.array_equal(slide.read_channels(2, 0, 0, 30, 23)[..., 0], GREY[::4, ::4])


def test_opacity_in_deep_colours_is_laid_over_white(tmp_path: Path) -> None:
    path = tmp_path / "clear.tif"
    deep = np.dstack([RGB, np.zeros_like(RGB[..., 0])]).astype(np.uint16) * 257
    tifffile.imwrite(path, deep, photometric="rgb", extrasamples=["unassalpha"])
    slide = open_slide(path)
    assert slide.channels == ()
    assert (all_of(slide) == 255).all()


@pytest.mark.parametrize("axes", ["CYX", "ZCYX", "TZCYX"])
def test_a_hyperstack_has_channels(tmp_path: Path, axes: str) -> None:
    path = tmp_path / "stack.tif"
    counts = {"C": 3, "Z": 4, "T": 2, "Y": 90, "X": 120}
    pixels = RNG.integers(0, 999, [counts[axis] for axis in axes], np.uint16)
    tables = [np.outer(colour, np.arange(256)).astype(np.uint8) for colour in np.eye(3)]
    tifffile.imwrite(
        path,
        pixels,
        imagej=True,
        resolution=(4, 2),
        metadata={"axes": axes, "unit": "um", "LUTs": tables},
    )
    first = pixels.reshape(-1, 3, 90, 120)[0]
    slide = open_slide(path)
    assert np.array_equal(all_channels(slide), np.moveaxis(first, 0, -1))
    assert [channel.colour for channel in slide.channels] == [
        (255, 0, 0),
        (0, 255, 0),
        (0, 0, 255),
    ]
    assert slide.spacing == Spacing(0.25, 0.5)
    assert ("4 depths" in slide.properties.get("slideviewer.notice", "")) is ("Z" in axes)


def test_a_large_hyperstack_has_one_page_and_its_planes_behind_it(tmp_path: Path) -> None:
    path = tmp_path / "large.tif"
    planes = RNG.integers(0, 999, (2, 90, 120), np.uint16).astype(">u2")
    words = "ImageJ=1.53t\nimages=2\nchannels=2\nhyperstack=true\nmode=composite\n"
    with tifffile.TiffWriter(path, byteorder=">") as file:
        file.write(planes[0], description=words, metadata=None)
        end = path.stat().st_size
    with tifffile.TiffFile(path) as file:
        start = file.pages.first.dataoffsets[0]
    whole = path.read_bytes()
    assert end == start + planes[0].nbytes
    path.write_bytes(whole + planes[1].tobytes())
    assert np.array_equal(all_channels(open_slide(path)), np.moveaxis(planes, 0, -1))
    path.write_bytes(whole + planes[1].tobytes()[:-1])
    with pytest.raises(SlideError, match="damaged or cut off"):
        open_slide(path)


@settings(deadline=None)
@given(x=st.integers(-50, 60), y=st.integers(-50, 60), w=st.integers(0, 70), h=st.integers(0, 70))
def test_channels_beyond_the_border_are_zero(x: int, y: int, w: int, h: int) -> None:
    small = GREY[:30, :40, None]
    slide = PictureSlide(Path("a.png"), Picture(small, "png", labels=(Label(),)))
    padded = np.zeros((220, 240, 1), np.uint16)
    padded[80:110, 80:120] = small
    region = slide.read_channels(0, x, y, w, h)
    assert np.array_equal(region, padded[y + 80 : y + 80 + h, x + 80 : x + 80 + w])
    inside = padded[y + 80 : y + 80 + h, x + 80 : x + 80 + w] > 0
    shown = slide.read_region(0, x, y, w, h)
    assert (shown[~inside[..., 0]] == 255).all()


def test_deep_pictures_zoom_out_and_colour_ones_have_no_channels(tmp_path: Path) -> None:
    deep = RNG.integers(0, 65535, (700, 1100, 5), np.uint16)
    slide = PictureSlide(Path("a.tif"), Picture(deep, "tiff", labels=(Label(),) * 5))
    assert [level.width for level in slide.pyramid.levels] == [1100, 550, 275]
    coarse = slide.read_channels(2, 0, 0, 275, 175)
    assert coarse.dtype == np.uint16
    assert np.allclose(coarse.mean((0, 1)), deep.mean((0, 1)), rtol=0.01)
    assert slide.thumbnail(100).shape == (64, 100, 3)
    path = tmp_path / "plain.png"
    Image.fromarray(RGB).save(path)
    with pytest.raises(ValueError, match="no channels"):
        open_slide(path).read_channels(0, 0, 0, 1, 1)


def test_many_channels_count_against_the_largest_picture(tmp_path: Path) -> None:
    path = tmp_path / "vast.tif"
    tifffile.imwrite(
        path, np.zeros((5, 6, 60), np.uint16), photometric="minisblack", planarconfig="contig"
    )
    with tifffile.TiffFile(path, mode="r+") as file:
        file.pages.first.tags["ImageWidth"].overwrite(MAX_PICTURE_PX // 5 // 20)
    with pytest.raises(SlideError, match="too many to open in one piece"):
        open_slide(path)
