"""Finding tissue: on real slides and thumbnails, past pens, holes, specks and black."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from slideviewer.errors import Cancelled, SlideError
from slideviewer.geometry import Rect
from slideviewer.progress import Step
from slideviewer.slide import Pixels, TissueMask, TissueParameters, find_tissue, open_slide
from slideviewer.slide.picture import Picture
from slideviewer.slide.picture_slide import PictureSlide
from slideviewer.slide.tissue_colours import tissue_in

GLASS, PINK, PURPLE = (243, 242, 244), (224, 150, 190), (120, 70, 150)


def slide_of(pixels: Pixels, um_px: float | None = 10.0) -> PictureSlide:
    mpp = {} if um_px is None else {f"openslide.mpp-{axis}": str(um_px) for axis in "xy"}
    return PictureSlide(Path("made.png"), Picture(pixels, "png", mpp))


def glass(height: int = 300, width: int = 400) -> Pixels:
    """Empty glass with a camera's noise."""
    noise = np.random.default_rng(3).integers(-2, 3, (height, width, 3))
    return (np.array(GLASS) + noise).astype(np.uint8)


def with_section(pixels: Pixels) -> Pixels:
    """Draw a piece of tissue, pink with a purple core, on the left half."""
    pixels = pixels.copy()
    cv2.ellipse(pixels, (110, 150), (80, 110), 0, 0, 360, PINK, -1)
    cv2.circle(pixels, (110, 150), 40, PURPLE, -1)
    return pixels


def test_a_section_is_found_with_its_outline() -> None:
    tissue = find_tissue(slide_of(with_section(glass())))
    drawn = np.zeros((300, 400), np.uint8)
    cv2.ellipse(drawn, (110, 150), (80, 110), 0, 0, 360, 1, -1)
    assert np.count_nonzero(tissue.mask != drawn) < 100
    assert tissue.spacing_um_px == 10
    assert tissue.downsample == 1
    assert not tissue.dark_field
    assert not tissue.is_empty


@pytest.mark.parametrize("colour", [(255, 255, 255), GLASS, (200, 200, 200), (0, 0, 0)])
@pytest.mark.parametrize("um_px", [10.0, None])
def test_an_empty_slide_has_no_tissue(colour: tuple[int, int, int], um_px: float | None) -> None:
    pixels = np.full((200, 300, 3), colour, np.uint8)
    assert find_tissue(slide_of(pixels, um_px)).is_empty


def test_glass_with_noise_is_empty() -> None:
    assert find_tissue(slide_of(glass())).is_empty


def test_a_slide_full_of_tissue_is_all_tissue() -> None:
    pixels = np.full((200, 300, 3), PINK, np.uint8)
    pixels[:, 150:] = PURPLE
    assert find_tissue(slide_of(pixels)).mask.all()


@pytest.mark.parametrize(
    "pen",
    [(20, 20, 25), (30, 140, 70), (20, 90, 190), (225, 20, 35), (0, 160, 150)],
    ids=["black", "green", "blue", "red", "teal"],
)
def test_pen_is_left_out_and_tissue_kept(pen: tuple[int, int, int]) -> None:
    pixels = with_section(glass())
    expected = find_tissue(slide_of(pixels)).mask
    cv2.ellipse(pixels, (320, 150), (40, 100), 0, 0, 360, pen, 6)
    pixels = cv2.GaussianBlur(pixels, (3, 3), 0)
    found = find_tissue(slide_of(pixels)).mask
    assert not found[:, 250:].any()
    assert np.count_nonzero(found[:, :230] != expected[:, :230]) < 0.03 * expected.sum()
    if max(pen) > 60:
        kept = find_tissue(slide_of(pixels), TissueParameters(leave_out_pen=False))
        assert kept.mask[:, 250:].any()


def test_stains_are_not_taken_for_pen() -> None:
    stains = {
        "haematoxylin": (85, 60, 140),
        "eosin": (230, 120, 160),
        "red blood cells": (200, 60, 75),
        "DAB": (130, 80, 45),
        "blue haematoxylin of IHC": (150, 165, 200),
    }
    for name, stain in stains.items():
        pixels = glass()
        cv2.circle(pixels, (200, 150), 80, stain, -1)
        share = find_tissue(slide_of(pixels)).fraction(Rect(160, 110, 80, 80))
        assert share == pytest.approx(1), name


def test_small_holes_are_filled_and_small_specks_dropped_by_area() -> None:
    pixels = with_section(glass())
    cv2.circle(pixels, (110, 60), 5, GLASS, -1)  # about 8,000 µm²
    cv2.circle(pixels, (110, 220), 16, GLASS, -1)  # about 80,000 µm²
    cv2.circle(pixels, (320, 60), 2, PINK, -1)  # about 1,300 µm²
    cv2.circle(pixels, (320, 200), 8, PINK, -1)  # about 20,000 µm²
    mask = find_tissue(slide_of(pixels)).mask
    assert mask[60, 110]
    assert not mask[220, 110]
    assert not mask[60, 320]
    assert mask[200, 320]


def test_black_padding_is_not_tissue() -> None:
    pixels = np.zeros((300, 1000, 3), np.uint8)
    pixels[:, :400] = with_section(glass())
    tissue = find_tissue(slide_of(pixels))
    assert not tissue.dark_field
    assert not tissue.mask[:, 400:].any()
    assert tissue.mask[150, 110]


def test_a_grey_picture_is_judged_by_darkness() -> None:
    grey = cv2.cvtColor(with_section(glass()), cv2.COLOR_RGB2GRAY)
    tissue = find_tissue(slide_of(np.dstack([grey] * 3)))
    assert tissue.mask[150, 110]
    assert not tissue.mask[:, 250:].any()


def test_fluorescence_all_that_is_not_black_is_tissue() -> None:
    pixels = np.full((300, 400, 3), 3, np.uint8)
    cv2.circle(pixels, (100, 100), 50, (0, 0, 60), -1)
    cv2.circle(pixels, (300, 200), 30, (0, 120, 0), -1)
    tissue = find_tissue(slide_of(pixels))
    assert tissue.dark_field
    assert tissue.mask[100, 100] and tissue.mask[200, 300]
    assert not tissue.mask[250, 60]


def test_the_real_slides(real_data: Path) -> None:
    shares = {
        "CMU-1-Small-Region.svs": (0.33, 0.43, False),
        "tcga-cr-7395-01a-01-ts1.svs": (0.55, 0.68, False),
        "test3-DAPI-2-(387).ndpi": (0.85, 0.97, True),
        "valid_tiff.tif": (0, 0, False),
    }
    for name, (least, most, dark_field) in shares.items():
        tissue = find_tissue(open_slide(real_data / "slides" / name))
        assert least <= tissue.fraction(tissue.extent) <= most, name
        assert tissue.dark_field is dark_field


def test_the_real_thumbnails(real_data: Path) -> None:
    # At about half a millimetre a pixel every pixel counts.
    parameters = TissueParameters(min_speck_px=2, max_hole_px=3, margin_um=0)
    for path in sorted((real_data / "camelyon_patches" / "slide_thumbnails").iterdir()):
        slide = open_slide(path)
        mask, dark_field = tissue_in(slide.thumbnail(4096), None, parameters)
        assert not dark_field
        assert 0.002 < mask.mean() < 0.5, path.name


def test_real_tiles_of_tissue_and_of_glass(real_data: Path) -> None:
    # The tumour tile is half glass.
    expected = {"TUM": (0.35, 0.7), "STR": (0.9, 1), "LYM": (0.9, 1), "MUS": (0.9, 1)}
    for name, (least, most) in {**expected, "BACK": (0, 0)}.items():
        picture = open_slide(real_data / "crc9" / f"{name}.tif").thumbnail(224)
        share = find_tissue(slide_of(picture, 0.5)).mask.mean()
        assert least <= share <= most, name


def test_no_real_tumour_is_lost(real_data: Path) -> None:
    for path in sorted((real_data / "camelyon_patches" / "tumor").iterdir()):
        tissue = find_tissue(slide_of(open_slide(path).thumbnail(256), 0.25))
        assert tissue.fraction(tissue.extent) > 0.3, path.name


class DamagedSlide(PictureSlide):
    """A slide whose first block, or all of it, cannot be read."""

    all_damaged = False

    def read_region(
        self, level: int, x_level: int, y_level: int, width: int, height: int
    ) -> Pixels:
        if self.all_damaged or (x_level, y_level) == (0, 0):
            raise SlideError("It is damaged here.", path=self.path)
        return super().read_region(level, x_level, y_level, width, height)


def test_what_cannot_be_read_counts_as_tissue() -> None:
    slide = DamagedSlide(Path("damaged.png"), Picture(glass(1500, 1500), "png"))
    mask = find_tissue(slide).mask
    assert mask[0, 0]
    assert not mask[-1, -1]
    slide.all_damaged = True
    with pytest.raises(SlideError, match="damaged here"):
        find_tissue(slide)


def test_it_tells_how_far_it_is_and_can_be_cancelled() -> None:
    steps: list[Step] = []
    find_tissue(slide_of(glass()), progress=steps.append)
    assert steps[-1].done == steps[-1].total > 0

    def cancel(step: Step) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        find_tissue(slide_of(glass()), progress=cancel)


MASKS = arrays(np.bool_, st.tuples(st.integers(1, 12), st.integers(1, 12)))


@given(MASKS, st.data())
def test_fraction_is_exact_by_area(mask: np.ndarray, data: st.DataObject) -> None:
    # Each pixel of the mask is 7 x 5 level-0 pixels, so that whole rectangles can be counted.
    height, width = mask.shape
    level_0 = np.repeat(np.repeat(mask, 5, axis=0), 7, axis=1)
    tissue = TissueMask(mask, Rect(0, 0, width * 7, height * 5), 10.0)
    x = data.draw(st.integers(-5, width * 7 - 1))
    y = data.draw(st.integers(-5, height * 5 - 1))
    right = data.draw(st.integers(max(x, 0) + 1, width * 7 + 5))
    bottom = data.draw(st.integers(max(y, 0) + 1, height * 5 + 5))
    rect = Rect(x, y, right - x, bottom - y)
    expected = level_0[max(0, y) : bottom, max(0, x) : right].mean()
    assert tissue.fraction(rect) == pytest.approx(expected)


@given(MASKS, st.floats(-5, 20), st.floats(-5, 20), st.floats(0, 20), st.floats(0, 20))
def test_fraction_is_between_none_and_all(
    mask: np.ndarray, x: float, y: float, width: float, height: float
) -> None:
    tissue = TissueMask(mask, Rect(0, 0, mask.shape[1], mask.shape[0]), None)
    rect = Rect(x, y, width, height)
    assert 0 <= tissue.fraction(rect) <= 1
    assert tissue.covers(rect, 0) == (tissue.fraction(rect) > 0)
    if not rect.intersects(tissue.extent):
        assert not tissue.covers(rect, 0)
