"""Pixels made fewer, of any number of channels."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from slideviewer.slide import open_slide
from slideviewer.slide.display import for_display
from slideviewer.slide.picture_slide import PictureSlide
from slideviewer.slide.shrinking import shrunk
from slideviewer.slide.tiled_tiff import TiledTiff


def halved(pixels: np.ndarray) -> np.ndarray:
    height, width, channels = pixels.shape
    return pixels.reshape(height // 2, 2, width // 2, 2, channels).mean((1, 3), np.float64)


@given(
    st.sampled_from([1, 2, 3, 4, 5, 130]),
    st.sampled_from(["uint8", "uint16", "float32"]),
    st.booleans(),
)
def test_every_pixel_is_a_mean(channels: int, dtype: str, is_planar: bool) -> None:
    pixels = np.random.default_rng(channels).integers(0, 255, (6, 8, channels)).astype(dtype)
    if is_planar:
        pixels = np.moveaxis(np.ascontiguousarray(np.moveaxis(pixels, -1, 0)), 0, -1)
    small = shrunk(pixels, 4, 3)
    assert small.dtype == pixels.dtype
    assert small.shape == (3, 4, channels)
    assert np.abs(small - halved(pixels)).max() <= 0.5


def test_channels_that_do_not_matter_take_no_time() -> None:
    pixels = np.full((6, 8, 9), 7, np.uint16)
    assert shrunk(pixels, 4, 3, [2, 8])[0, 0].tolist() == [0, 0, 7, 0, 0, 0, 0, 0, 7]


@pytest.mark.parametrize(("tile", "kind"), [(None, PictureSlide), ((256, 256), TiledTiff)])
def test_a_slide_of_more_channels_than_opencv_takes(
    tmp_path: Path, tile: tuple[int, int] | None, kind: type
) -> None:
    planes = np.random.default_rng(1).integers(0, 900, (130, 1030, 40), np.uint16)
    path = tmp_path / "many.ome.tif"
    with tifffile.TiffWriter(path, ome=True) as file:
        if tile is None:
            file.write(planes, metadata={"axes": "CYX"})
        else:
            file.write(planes, subifds=1, metadata={"axes": "CYX"}, tile=tile)
            file.write(planes[:, ::4, ::4], subfiletype=1, tile=tile)
    slide = open_slide(path)
    assert isinstance(slide, kind)
    shown = for_display(slide)
    assert shown.pyramid.levels[1].width == 20
    small = shown.read_channels(1, 0, 0, 20, 515)
    assert np.abs(small - halved(np.moveaxis(planes, 0, -1))).max() <= 0.5
    assert shown.read_region(1, 0, 0, 20, 515).any()
    slide.close()
