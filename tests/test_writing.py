"""Writing pyramids: what OpenSlide and tifffile find in the file, and what is left on failure."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import openslide
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from slideviewer.errors import Cancelled, SlideError
from slideviewer.progress import Step
from slideviewer.slide.slide import Pixels
from slideviewer.slide.writing import level_sizes, write_pyramid


def coloured_squares(width: int, height: int, side: int = 64) -> Pixels:
    """A picture in which every square of ``side`` pixels has a colour that tells its place."""
    y, x = np.mgrid[0:height, 0:width] // side
    return np.stack([40 + x * 5 % 200, 40 + y * 5 % 200, 40 + (x + y) * 3 % 200], -1).astype(
        np.uint8
    )


def bands_of(pixels: Pixels, rows: int) -> Iterator[Pixels]:
    for top in range(0, len(pixels), rows):
        yield pixels[top : top + rows]


@pytest.mark.parametrize(("width", "height", "rows"), [(2048, 1536, 300), (2500, 1999, 1024)])
def test_openslide_reads_the_levels_the_spacing_and_the_pixels(
    tmp_path: Path, width: int, height: int, rows: int
) -> None:
    picture = coloured_squares(width, height)
    path = tmp_path / "slide.tif"
    write_pyramid(path, (width, height), bands_of(picture, rows), 0.25, "A test", quality=95)
    with openslide.OpenSlide(path) as slide:
        assert slide.properties["openslide.vendor"] == "generic-tiff"
        assert float(slide.properties["openslide.mpp-x"]) == pytest.approx(0.25, rel=1e-6)
        assert float(slide.properties["openslide.mpp-y"]) == pytest.approx(0.25, rel=1e-6)
        assert list(slide.level_dimensions) == level_sizes(width, height)
        assert slide.level_count >= 4
        for level, downsample in enumerate(slide.level_downsamples):
            assert downsample == pytest.approx(2**level, rel=0.005)
            size = slide.level_dimensions[level]
            seen = np.asarray(slide.read_region((0, 0), level, size).convert("RGB")).astype(int)
            # The middle of each square has the square's colour in the same place in all levels.
            step = 64 // 2**level
            middles = np.s_[step // 2 :: step, step // 2 :: step]
            count_y, count_x = height // 64, width // 64
            expected = picture[32::64, 32::64].astype(int)[:count_y, :count_x]
            assert np.abs(seen[middles][:count_y, :count_x] - expected).max() <= 8


def test_squares_do_not_move_between_levels(tmp_path: Path) -> None:
    picture = np.full((2048, 2048, 3), 240, np.uint8)
    picture[512:1024, 768:1280] = 20
    path = tmp_path / "slide.tif"
    write_pyramid(path, (2048, 2048), [picture], 0.5)
    with openslide.OpenSlide(path) as slide:
        for level in range(slide.level_count):
            seen = slide.read_region((0, 0), level, slide.level_dimensions[level]).convert("L")
            rows, columns = np.nonzero(np.asarray(seen) < 128)
            scale = 2**level
            assert (columns.min() * scale, (columns.max() + 1) * scale) == (768, 1280)
            assert (rows.min() * scale, (rows.max() + 1) * scale) == (512, 1024)


def test_tifffile_sees_one_pyramid(tmp_path: Path) -> None:
    path = tmp_path / "slide.tif"
    write_pyramid(path, (2048, 2048), [coloured_squares(2048, 2048)], 0.25, "A test")
    with tifffile.TiffFile(path) as file:
        assert len(file.series) == 1
        assert [level.shape[:2] for level in file.series[0].levels] == [
            (2048, 2048),
            (1024, 1024),
            (512, 512),
            (256, 256),
        ]
        assert file.pages[0].description == "A test"
        assert file.pages[0].tags["ResolutionUnit"].value == 3


@given(width=st.integers(1, 100_000), height=st.integers(1, 100_000))
def test_levels_halve_until_they_are_small(width: int, height: int) -> None:
    sizes = level_sizes(width, height)
    assert sizes[0] == (width, height)
    assert max(sizes[-1]) <= 1024 or min(sizes[-1]) == 1
    for upper, lower in pairwise(sizes):
        assert lower == ((upper[0] + 1) // 2, (upper[1] + 1) // 2)


@settings(max_examples=12, deadline=None)
@given(width=st.integers(1, 700), height=st.integers(1, 700), rows=st.integers(1, 700))
def test_any_size_and_any_bands_come_back(
    tmp_path_factory: pytest.TempPathFactory, width: int, height: int, rows: int
) -> None:
    path = tmp_path_factory.mktemp("pyramid") / "slide.tif"
    picture = np.full((height, width, 3), (200, 120, 160), np.uint8)
    write_pyramid(path, (width, height), bands_of(picture, rows), 0.25)
    with tifffile.TiffFile(path) as file:
        stored = [page.asarray() for page in file.pages]
    assert [level.shape[1::-1] for level in stored] == level_sizes(width, height)
    assert all(np.abs(level.astype(int) - (200, 120, 160)).max() <= 3 for level in stored)


def test_cancelling_leaves_nothing(tmp_path: Path) -> None:
    def cancel(step: Step) -> None:
        raise Cancelled

    picture = coloured_squares(1024, 1024)
    with pytest.raises(Cancelled):
        write_pyramid(
            tmp_path / "slide.tif", (1024, 1024), bands_of(picture, 512), 0.25, progress=cancel
        )
    assert list(tmp_path.iterdir()) == []


def test_an_older_file_survives_a_failure(tmp_path: Path) -> None:
    path = tmp_path / "slide.tif"
    path.write_bytes(b"precious")
    with pytest.raises(ValueError, match="bands hold 512 rows"):
        write_pyramid(path, (1024, 1024), [coloured_squares(1024, 512)], 0.25)
    assert path.read_bytes() == b"precious"
    assert list(tmp_path.iterdir()) == [path]


def test_bands_of_another_width_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="1024 px"):
        write_pyramid(tmp_path / "slide.tif", (1024, 512), [coloured_squares(512, 512)], 0.25)


def test_a_target_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    # A file where a folder should be refuses everybody, whoever runs the test.
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "slide.tif"
    with pytest.raises(SlideError, match=r"slide\.tif.*Choose a folder"):
        write_pyramid(path, (512, 512), [coloured_squares(512, 512)], 0.25)
