"""Levels made for flat files: right to the pixel, bounded, and not stopped by damage."""

import os
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from slideviewer.errors import SlideError
from slideviewer.geometry import Rect
from slideviewer.slide import Slide, coarse, composite, open_slide, tiled_tiff, with_coarse_levels
from slideviewer.slide.channels import automatic_looks
from slideviewer.slide.coarse import CoarseSlide
from slideviewer.slide.open_file import FileGone
from slideviewer.slide.pyramid import TileKey

WIDTH, HEIGHT = 3001, 2501
X, Y = np.arange(WIDTH), np.arange(HEIGHT)[:, None]
CHANNEL = ((X * 7 + Y * 3) % 5000).astype(np.uint16)
PICTURE = np.dstack([X + Y * 0, Y + X * 0, (X // 9 + Y // 9) * 9]).astype(np.uint8)


@pytest.fixture(scope="module")
def flat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiled file of one level: colours."""
    path = tmp_path_factory.mktemp("flat") / "flat.tif"
    tifffile.imwrite(path, PICTURE, tile=(256, 256), photometric="rgb", compression="zlib")
    return path


@pytest.fixture(scope="module")
def deep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiled file of one level: five channels of 16 bits."""
    path = tmp_path_factory.mktemp("deep") / "deep.ome.tif"
    planes = np.stack([CHANNEL + 100 * number for number in range(5)])
    tifffile.imwrite(path, planes, tile=(256, 256), compression="zlib", metadata={"axes": "CYX"})
    return path


@pytest.fixture(scope="module")
def zoomed(flat: Path) -> Slide:
    """The colours with an added level."""
    return with_coarse_levels(open_slide(flat))


def averaged(pixels: np.ndarray) -> np.ndarray:
    """Means of 4 x 4 pixels, the last ones repeated."""
    missing = ((0, -pixels.shape[0] % 4), (0, -pixels.shape[1] % 4), (0, 0))
    padded = np.pad(pixels, missing, mode="edge").astype(np.float64)
    height, width, channels = padded.shape
    return padded.reshape(height // 4, 4, width // 4, 4, channels).mean((1, 3))


def tiny(tmp_path: Path, channels: int, patch: pytest.MonkeyPatch) -> Path:
    """A small tiled file of many channels that gets coarse levels all the same."""
    patch.setattr(coarse, "MOST_TILES", 1)
    patch.setattr(coarse, "ENOUGH_TILES", 1)
    path = tmp_path / "tiny.ome.tif"
    planes = np.stack([CHANNEL[:300, :400] + number for number in range(channels)])
    tifffile.imwrite(path, planes, tile=(64, 64), metadata={"axes": "CYX"})
    return path


class Counting:
    """A slide that counts what is read of it, and fails where it is told to."""

    def __init__(self, slide: Slide, damaged: Rect | None = None) -> None:
        self._slide = slide
        self._damaged = damaged
        self.reads: list[tuple[int, ...]] = []
        self.path, self.vendor, self.pyramid = slide.path, slide.vendor, slide.pyramid
        self.spacing, self.bounds = slide.spacing, slide.bounds
        self.properties: Mapping[str, str] = slide.properties
        self.associated_names = ("label",)
        self.icc_profile = b"profile"
        self.channels = slide.channels
        self.is_closed = False

    def read_region(self, *box: int) -> np.ndarray:
        self._note(box)
        return self._slide.read_region(*box)

    def read_channels(self, *box: int, wanted: Collection[int] | None = None) -> np.ndarray:
        self._note(box)
        return self._slide.read_channels(*box, wanted=wanted)

    def _note(self, box: tuple[int, ...]) -> None:
        _, x, y, width, height = box
        if width:
            self.reads.append(box)
        if self._damaged is not None and Rect(x, y, width, height).intersects(self._damaged):
            raise SlideError("bad tile", path=self.path)

    def associated_image(self, name: str) -> np.ndarray:
        return np.full((1, 1, 3), len(name), np.uint8)

    def thumbnail(self, longest_side: int) -> np.ndarray:
        return self._slide.thumbnail(longest_side)

    def close(self) -> None:
        self.is_closed = True
        self._slide.close()


def test_levels_are_added_only_where_the_coarsest_is_large(
    flat: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slide = with_coarse_levels(open_slide(flat))
    assert isinstance(slide, Slide)
    assert [(at.width, at.height, at.downsample) for at in slide.pyramid.levels] == [
        (3001, 2501, 1),
        (751, 626, 4),
    ]
    monkeypatch.setattr(coarse, "ENOUGH_TILES", 1)
    more = with_coarse_levels(open_slide(flat))
    assert [at.width for at in more.pyramid.levels] == [3001, 751, 188]
    small = tmp_path / "small.tif"
    tifffile.imwrite(small, PICTURE[:2048, :2048], tile=(256, 256), photometric="rgb")
    handy = open_slide(small)
    assert with_coarse_levels(handy) is handy, "64 tiles are few enough"


def test_each_added_pixel_is_the_mean_of_those_it_covers(
    flat: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coarse, "ENOUGH_TILES", 1)
    slide = with_coarse_levels(open_slide(flat))
    expected = averaged(PICTURE)
    assert np.abs(slide.read_region(1, 0, 0, 751, 626) - expected).max() <= 1
    twice = averaged(expected)
    assert np.abs(slide.read_region(2, 0, 0, 188, 157) - twice).max() <= 2
    assert np.array_equal(slide.read_region(0, 5, 6, 70, 80), PICTURE[6:86, 5:75])
    assert slide.thumbnail(100).shape == (83, 100, 3)


def test_channels_are_averaged_as_they_are_and_mixed_afterwards(deep: Path) -> None:
    slide = with_coarse_levels(open_slide(deep))
    planes = np.dstack([CHANNEL + 100 * number for number in range(5)])
    read = slide.read_channels(1, 0, 0, 751, 626)
    assert read.dtype == np.uint16
    assert np.abs(read - averaged(planes)).max() <= 1
    shown = slide.read_region(1, 700, 600, 80, 40)
    inside = composite(read[600:626, 700:751], automatic_looks(slide.channels))
    assert np.array_equal(shown[:26, :51], inside)
    assert (shown[26:] == 255).all()
    assert (shown[:, 51:] == 255).all()
    assert not slide.read_channels(1, 751, 0, 9, 9).any()
    assert np.array_equal(slide.read_channels(0, 9, 8, 7, 6), planes[8:14, 9:16])


def test_there_may_be_more_channels_than_opencv_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slide = with_coarse_levels(open_slide(tiny(tmp_path, 130, monkeypatch)))
    assert isinstance(slide, CoarseSlide)
    read = slide.read_channels(1, 0, 0, 100, 75)
    planes = np.dstack([CHANNEL[:300, :400] + number for number in range(130)])
    assert np.abs(read - averaged(planes)).max() <= 1


def test_a_slide_in_colours_still_has_no_channels(flat: Path) -> None:
    slide = with_coarse_levels(open_slide(flat))
    with pytest.raises(ValueError, match="no channels"):
        slide.read_channels(1, 0, 0, 1, 1)


@settings(max_examples=50, deadline=None)
@given(
    x=st.integers(-90, 800), y=st.integers(-90, 700), w=st.integers(0, 400), h=st.integers(0, 400)
)
def test_any_region_of_an_added_level(zoomed: Slide, x: int, y: int, w: int, h: int) -> None:
    slide = zoomed
    whole = slide.read_region(1, 0, 0, 751, 626)
    padded = np.full((1400, 1400, 3), 255, np.uint8)
    padded[100:726, 100:851] = whole
    region = slide.read_region(1, x, y, w, h)
    assert np.array_equal(region, padded[100 + y : 100 + y + h, 100 + x : 100 + x + w])


def test_everything_else_is_the_slides_own(flat: Path) -> None:
    inner = Counting(open_slide(flat))
    slide = with_coarse_levels(inner)
    assert slide.path == inner.path
    assert slide.vendor == inner.vendor
    assert slide.spacing == inner.spacing
    assert slide.bounds == inner.bounds
    assert slide.properties is inner.properties
    assert slide.associated_names == ("label",)
    assert slide.associated_image("label")[0, 0, 0] == 5
    assert slide.icc_profile == b"profile"
    with pytest.raises(ValueError, match="no level 2"):
        slide.read_region(2, 0, 0, 1, 1)
    slide.close()
    assert inner.is_closed


def test_threads_share_the_work(flat: Path) -> None:
    inner = Counting(open_slide(flat))
    slide = with_coarse_levels(inner)
    boxes = [(1, x, y, 256, 256) for x in (0, 256, 512) for y in (0, 256, 512)] * 4
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(lambda box: slide.read_region(*box), boxes))
    assert len(inner.reads) == 12 * 10, "each stored tile is read once"
    alone = with_coarse_levels(open_slide(flat))
    for box, region in zip(boxes, read, strict=True):
        assert np.array_equal(region, alone.read_region(*box))


def test_small_levels_stay_and_large_ones_only_for_a_while(
    flat: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coarse, "ENOUGH_TILES", 1)
    monkeypatch.setattr(coarse, "KEPT_BYTES", 200_000)
    monkeypatch.setattr(coarse, "CACHE_BYTES", 300_000)
    inner = Counting(open_slide(flat))
    slide = with_coarse_levels(inner)
    slide.read_region(2, 0, 0, 188, 157)
    assert len(inner.reads) == 120
    slide.read_region(1, 0, 0, 751, 626)
    assert len(inner.reads) > 200, "the larger level was made again"
    made = len(inner.reads)
    slide.read_region(2, 0, 0, 188, 157)
    assert len(inner.reads) == made, "the smaller one was kept"


@pytest.mark.parametrize("name", ["flat", "deep"])
def test_damage_leaves_a_blank_that_is_remembered(
    name: str, request: pytest.FixtureRequest
) -> None:
    inner = Counting(open_slide(request.getfixturevalue(name)), damaged=Rect(600, 300, 10, 10))
    slide = with_coarse_levels(inner)
    assert isinstance(slide, CoarseSlide)
    assert slide.damage == ()
    blank = slide.read_channels if slide.channels else slide.read_region
    box = blank(1, 0, 0, 751, 626)[64:128, 128:192]
    assert (box == (0 if slide.channels else 255)).all()
    assert [part.rect for part in slide.damage] == [Rect(512, 256, 256, 256)]
    reads = len(inner.reads)
    assert slide.read_region(1, 128, 64, 64, 64).shape == (64, 64, 3)
    assert len(inner.reads) == reads, "nothing is tried again and again"
    with pytest.raises(SlideError, match="bad tile"):
        slide.read_region(0, 600, 300, 64, 64)


def test_a_file_that_is_gone_is_no_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiled_tiff, "CACHE_BYTES", 0)
    path = tiny(tmp_path, 3, monkeypatch)
    slide = with_coarse_levels(open_slide(path))
    assert isinstance(slide, CoarseSlide)
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(FileGone, match="was changed"):
        slide.read_channels(1, 0, 0, 100, 75)
    assert slide.damage == (), "what the file holds may be whole, and is not left blank for good"


def test_what_is_forgotten_while_it_is_made_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Mended(Counting):
        """Damaged at first; somebody tries again while a level is being made of it."""

        def _note(self, box: tuple[int, ...]) -> None:
            if self._damaged is not None and slide.damage:
                self._damaged = None
                slide.forget_damage()
            super()._note(box)

    inner = Mended(open_slide(tiny(tmp_path, 3, monkeypatch)))
    slide = with_coarse_levels(inner)
    assert isinstance(slide, CoarseSlide)
    inner._damaged = Rect(0, 0, 10, 10)
    read = slide.read_channels(1, 0, 0, 100, 75)
    planes = np.dstack([CHANNEL[:300, :400] + number for number in range(3)])
    assert np.abs(read - averaged(planes)).max() <= 1, "a part is blank"
    assert slide.damage == ()


def test_tiles_of_an_awkward_size(tmp_path: Path) -> None:
    path = tmp_path / "awkward.tif"
    tifffile.imwrite(path, PICTURE, tile=(240, 208), photometric="rgb", compression="zlib")
    slide = with_coarse_levels(open_slide(path))
    assert np.abs(slide.read_region(1, 0, 0, 751, 626) - averaged(PICTURE)).max() <= 1
    keys = slide.pyramid.tiles_in(slide.pyramid.extent, 1)
    assert TileKey(1, 0, 0) in keys
    for key in keys:
        box = slide.pyramid.tile_box_level(key)
        assert slide.read_region(1, *box).shape == (box[3], box[2], 3)
