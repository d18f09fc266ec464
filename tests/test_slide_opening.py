"""Opening files: real slides, and everything that is none."""

from pathlib import Path

import numpy as np
import pytest

from slideviewer.errors import SlideError
from slideviewer.geometry import Rect
from slideviewer.slide import Slide, Spacing, UnknownSpacing, open_slide


def opened(real_data: Path, name: str) -> Slide:
    return open_slide(real_data / "slides" / name)


READABLE = {
    "CMU-1-Small-Region.svs": ("aperio", 1, (2220, 2967)),
    "tcga-cr-7395-01a-01-ts1.svs": ("aperio", 2, (4443, 3567)),
    "test3-DAPI-2-(387).ndpi": ("hamamatsu", 7, (3968, 4864)),
    "no_dzi.tif": ("generic-tiff", 4, (3072, 3968)),
    "valid_tiff.tif": ("generic-tiff", 2, (205, 205)),
    "boxes.tiff": ("generic-tiff", 4, (300, 250)),
    "boxes_0.dcm": ("dicom", 1, (16, 16)),
    "boxes_1.dcm": ("dicom", 1, (16, 16)),
    "sm_image.dcm": ("dicom", 1, (50, 50)),
    "😐.svs": ("aperio", 1, (16, 16)),
}


@pytest.mark.parametrize("name", READABLE)
def test_real_slides_open_and_read(real_data: Path, name: str) -> None:
    vendor, levels, size = READABLE[name]
    slide = opened(real_data, name)
    assert isinstance(slide, Slide)
    assert slide.vendor == vendor
    assert len(slide.pyramid.levels) == levels
    assert (slide.pyramid.width, slide.pyramid.height) == size
    for number, level in enumerate(slide.pyramid.levels):
        pixels = slide.read_region(number, level.width - 8, level.height - 8, 16, 16)
        assert pixels.shape == (16, 16, 3)
        assert pixels.dtype == np.uint8
        assert (pixels[8:] == 255).all(), "beyond the border is white"
        assert (pixels[:, 8:] == 255).all(), "beyond the border is white"
    thumbnail = slide.thumbnail(40)
    assert max(thumbnail.shape[:2]) == min(40, max(size))
    slide.close()


def test_spacing_bounds_and_associated_images(real_data: Path) -> None:
    slide = opened(real_data, "CMU-1-Small-Region.svs")
    assert slide.spacing == Spacing(0.499, 0.499)
    assert slide.bounds == slide.pyramid.extent
    assert set(slide.associated_names) == {"label", "macro", "thumbnail"}
    assert slide.associated_image("label").shape == (463, 387, 3)
    assert slide.pyramid.tile_size == 240
    with pytest.raises(KeyError):
        slide.associated_image("map")
    assert opened(real_data, "no_dzi.tif").bounds == Rect(0, 512, 3072, 3456)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("tcga-cr-7395-01a-01-ts1.svs", "does not state"),
        ("valid_tiff.tif", "1000 µm"),
        ("boxes.tiff", "353 µm"),
    ],
)
def test_unknown_spacing_says_why(real_data: Path, name: str, reason: str) -> None:
    spacing = opened(real_data, name).spacing
    assert isinstance(spacing, UnknownSpacing)
    assert reason in spacing.reason.replace("352.778", "353")


def test_never_scanned_parts_are_white(real_data: Path) -> None:
    slide = opened(real_data, "no_dzi.tif")
    assert (slide.read_region(0, 0, 0, 512, 512) == 255).all()
    assert (slide.read_region(0, 1500, 2000, 64, 64) < 255).all()


def test_an_unreadable_slide_opens_and_fails_when_read(real_data: Path) -> None:
    slide = opened(real_data, "unreadable.svs")
    for _ in range(2):
        with pytest.raises(SlideError, match=r"unreadable\.svs: Level 0 at x 0, y 0"):
            slide.read_region(0, 0, 0, 16, 16)
    with pytest.raises(SlideError, match=r"unreadable\.svs"):
        slide.thumbnail(10)


@pytest.mark.parametrize(
    ("name", "words"),
    [("unopenable.tiff", "Unsupported TIFF compression: 52479"), ("broken.svs", "no slide or")],
)
def test_bad_slides_are_refused(real_data: Path, name: str, words: str) -> None:
    with pytest.raises(SlideError, match=words) as caught:
        opened(real_data, name)
    assert caught.value.path == real_data / "slides" / name
    assert caught.value.remedy


@pytest.mark.parametrize("kept", [0.5, 0.98])
@pytest.mark.parametrize("name", ["CMU-1-Small-Region.svs", "valid_tiff.tif", "sm_image.dcm"])
def test_slides_cut_off_are_refused(
    real_data: Path, tmp_path: Path, name: str, kept: float
) -> None:
    whole = (real_data / "slides" / name).read_bytes()
    part = tmp_path / f"cut {name}"
    part.write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(SlideError):
        slide = open_slide(part)
        slide.read_region(0, 0, 0, slide.pyramid.width, slide.pyramid.height)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    empty = tmp_path / "empty.svs"
    empty.touch()
    text = tmp_path / "notes.tif"
    text.write_text("These are notes.")
    refusals = {
        tmp_path / "absent.svs": "no such file",
        tmp_path: "a folder",
        empty: "empty",
        text: "no slide or picture of a known format",
    }
    for path, words in refusals.items():
        with pytest.raises(SlideError, match=words) as caught:
            open_slide(path)
        assert caught.value.path == path
        assert caught.value.remedy
        assert "\n" not in str(caught.value)


def test_a_name_may_be_given_as_words(real_data: Path) -> None:
    assert open_slide(str(real_data / "slides" / "boxes.tiff")).path.name == "boxes.tiff"
