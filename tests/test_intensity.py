"""How light a slide is inside annotations."""

import math
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from slideviewer.annotations import Annotation, Kind, as_points
from slideviewer.errors import Cancelled
from slideviewer.progress import Step
from slideviewer.slide import Slide, open_slide
from slideviewer.slide.intensity import level_of, mean_intensity

SIZE = 1600


@pytest.fixture(scope="module")
def ramp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slide]:
    """A picture that is a hundredth of x in red, 200 in green and 0 in blue."""
    pixels = np.zeros((SIZE, SIZE, 3), np.uint8)
    pixels[:, :, 0] = np.arange(SIZE) // 100
    pixels[:, :, 1] = 200
    path = tmp_path_factory.mktemp("ramp") / "ramp.png"
    cv2.imwrite(str(path), cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
    slide = open_slide(path)
    yield slide
    slide.close()


def shape(kind: Kind, points: object) -> Annotation:
    return Annotation("A", kind, as_points(points))


def box(left: float, top: float, right: float, bottom: float) -> list[tuple[float, float]]:
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def test_the_mean_is_over_just_the_pixels_inside(ramp: Slide) -> None:
    assert mean_intensity(ramp, shape(Kind.RECTANGLE, box(100, 5, 200, 9))) == pytest.approx(67)
    half = mean_intensity(ramp, shape(Kind.POLYGON, box(150, 0, 250, 10)))
    assert half == pytest.approx((1.5 + 200) / 3)
    triangle = shape(Kind.POLYGON, [(0, 0), (100, 0), (0, 100)])
    assert mean_intensity(ramp, triangle) == pytest.approx(200 / 3)


def test_what_lies_beside_the_slide_does_not_count(ramp: Slide) -> None:
    assert mean_intensity(ramp, shape(Kind.RECTANGLE, box(-500, -500, 100, 100))) == pytest.approx(
        200 / 3
    )
    assert math.isnan(mean_intensity(ramp, shape(Kind.RECTANGLE, box(-9, -9, -1, -1))))
    assert math.isnan(mean_intensity(ramp, shape(Kind.DOT, [(-1, 5)])))


def test_of_points_the_pixels_under_them_count(ramp: Slide) -> None:
    assert mean_intensity(ramp, shape(Kind.DOT, [(350.9, 20)])) == pytest.approx(203 / 3)
    pair = shape(Kind.POINT_SET, [(350, 20), (550, 20), (math.nan, 1)])
    assert mean_intensity(ramp, pair) == pytest.approx(204 / 3)


def test_what_has_no_inside_has_no_intensity(ramp: Slide) -> None:
    assert math.isnan(mean_intensity(ramp, shape(Kind.MEASUREMENT, [(0, 0), (50, 50)])))
    assert math.isnan(mean_intensity(ramp, shape(Kind.POLYGON, [(0, 0), (50, 50)])))
    assert math.isnan(mean_intensity(ramp, shape(Kind.POLYGON, [])))


def test_large_shapes_are_read_block_by_block_and_can_be_cancelled(ramp: Slide) -> None:
    large = shape(Kind.RECTANGLE, box(0, 0, 1600, 600))
    assert level_of(ramp, large) == 0
    steps: list[Step] = []
    assert mean_intensity(ramp, large, steps.append) == pytest.approx((7.5 + 200) / 3)
    assert len(steps) == 2

    def cancel(_: Step) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        mean_intensity(ramp, large, cancel)


def test_a_coarser_level_is_enough_for_a_large_shape(made_slide: Path) -> None:
    slide = open_slide(made_slide)
    try:
        whole = shape(Kind.RECTANGLE, box(0, 0, slide.pyramid.width, slide.pyramid.height))
        assert level_of(slide, whole) > 0
        assert level_of(slide, shape(Kind.RECTANGLE, box(0, 0, 500, 500))) == 0
        exact = float(slide.read_region(0, 0, 0, slide.pyramid.width, slide.pyramid.height).mean())
        assert mean_intensity(slide, whole) == pytest.approx(exact, abs=2)
    finally:
        slide.close()
