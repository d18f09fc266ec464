"""The made slide: the same for a seed, without seams, and true to its outlines."""

import hashlib
import os
from pathlib import Path

import numpy as np
import openslide
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Polygon

from slideviewer.errors import Cancelled, SlideError
from slideviewer.progress import Step
from slideviewer.slide.synthetic import (
    SyntheticSlide,
    generate_slide,
    imperfect_outlines,
    plan,
    sample_tiles,
)
from slideviewer.slide.synthetic.noise import periodic_crop, smooth_texture, uniform
from slideviewer.slide.synthetic.painting import Painter

SIZE = (2048, 2048)


@pytest.fixture(scope="module")
def painter() -> Painter:
    return Painter.of(plan(7, 4096, 4096))


@pytest.fixture(scope="module")
def slide(tmp_path_factory: pytest.TempPathFactory) -> SyntheticSlide:
    return generate_slide(tmp_path_factory.mktemp("made") / "demo.tif", seed=7, size=SIZE)


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    first, again = (
        generate_slide(tmp_path / name, seed=7, size=(1024, 1024)) for name in ("a.tif", "b.tif")
    )
    digests = [hashlib.sha256(p.read_bytes()).hexdigest() for p in (first.path, again.path)]
    assert digests[0] == digests[1]
    assert all(np.array_equal(a, b) for a, b in zip(first.nests, again.nests, strict=True))


def test_another_seed_gives_another_slide(painter: Painter) -> None:
    other = Painter.of(plan(8, 4096, 4096))
    assert not np.array_equal(other.paint(1500, 1500, 64, 64), painter.paint(1500, 1500, 64, 64))


@settings(max_examples=12, deadline=None)
@given(x=st.integers(0, 3900), y=st.integers(0, 3900), side=st.integers(1, 196))
def test_no_seams(painter: Painter, x: int, y: int, side: int) -> None:
    left, top = max(0, x - 131), max(0, y - 77)
    large = painter.paint(left, top, 400, 350)
    alone = painter.paint(x, y, side, side)
    assert np.array_equal(alone, large[y - top :, x - left :][:side, :side])


@pytest.mark.parametrize("seed", [1, 7, 12])
@pytest.mark.parametrize("size", [(24576, 20480), (2048, 3000)])
def test_nests_are_valid_apart_and_inside_the_nodes(seed: int, size: tuple[int, int]) -> None:
    drawing = plan(seed, *size)
    nests = [Polygon(nest) for nest in drawing.nests]
    nodes = [Polygon(node) for node in drawing.nodes]
    assert 8 <= len(nests) <= 14
    assert all(nest.is_valid for nest in nests)
    assert all(any(node.contains(nest) for node in nodes) for nest in nests)
    assert not any(a.intersects(b) for i, a in enumerate(nests) for b in nests[:i])
    left, top, right, bottom = drawing.tissue.bounds
    assert left > 0 and top > 0 and right < size[0] and bottom < size[1]


def test_full_size_nests_measure_from_a_tenth_to_one_and_a_half_millimetres() -> None:
    areas_mm2 = [Polygon(nest).area * 0.00025**2 for nest in plan(7).nests]
    across_mm = [(area * 4 / np.pi) ** 0.5 for area in areas_mm2]
    assert 0.05 < min(across_mm) < 0.2 and 0.9 < max(across_mm) < 1.6


def test_openslide_opens_it(slide: SyntheticSlide) -> None:
    with openslide.OpenSlide(slide.path) as opened:
        assert opened.dimensions == SIZE
        assert opened.level_count == 4
        assert float(opened.properties["openslide.mpp-x"]) == pytest.approx(slide.spacing_um_px)
        corner = np.asarray(opened.read_region((0, 0), 0, (64, 64)).convert("RGB"))
        assert corner.min() > 230
        middle = Polygon(slide.nests[0]).representative_point()
        place = (int(middle.x) - 32, int(middle.y) - 32)
        nest = np.asarray(opened.read_region(place, 0, (64, 64)).convert("RGB")).mean((0, 1))
        red, green, blue = nest
        assert green < red and green < blue and green < 190


def test_each_tissue_has_its_colour(painter: Painter) -> None:
    drawing = painter.plan

    def colour(place: tuple[float, float]) -> np.ndarray:
        return painter.paint(int(place[0]) - 12, int(place[1]) - 12, 24, 24).mean((0, 1))

    nest = Polygon(drawing.nests[0]).representative_point()
    follicle = drawing.follicles[0].mean(axis=0) * 0.2 + drawing.follicles[0][0] * 0.8
    stroke = LineString(drawing.pen.path).buffer(drawing.pen.width / 2 - 20)
    pen = stroke.difference(drawing.tissue.buffer(20)).representative_point()
    pen_red, pen_green, _ = colour((pen.x, pen.y))
    assert pen_green > pen_red + 40
    assert colour((follicle[0], follicle[1])).sum() < colour((nest.x, nest.y)).sum()
    assert colour((100, 100)).min() > 230


def test_tiles_are_labelled_by_what_they_show() -> None:
    tiles = list(sample_tiles(3, 10, 64, 0.5))
    assert [is_tumour for _, is_tumour in tiles] == [True, False] * 10
    assert all(pixels.shape == (64, 64, 3) and pixels.dtype == np.uint8 for pixels, _ in tiles)
    again = list(sample_tiles(3, 2, 64, 0.5))
    assert all(np.array_equal(a, b) for (a, _), (b, _) in zip(tiles, again, strict=False))
    spread = [pixels.std() for pixels, is_tumour in tiles if is_tumour]
    assert min(spread) > 15


def test_the_specialist_misses_two_nests_and_exaggerates_two() -> None:
    drawing = plan(7)
    made = SyntheticSlide(Path("demo.tif"), 0.25, drawing.nests)
    drawn, missed, oversized = imperfect_outlines(made, seed=1)
    assert len(missed) == len(oversized) == 2 and not set(missed) & set(oversized)
    assert 0 not in missed and len(made.nests) - 1 not in missed
    kept = [index for index in range(len(made.nests)) if index not in missed]
    assert len(drawn) == len(kept)
    for outline, index in zip(drawn, kept, strict=True):
        truth, shape = Polygon(made.nests[index]), Polygon(outline)
        assert shape.is_valid and 30 <= len(outline) <= 200
        dice = 2 * truth.intersection(shape).area / (truth.area + shape.area)
        if index in oversized:
            assert shape.area > 1.5 * truth.area
        else:
            assert dice > 0.95


def test_cancelling_leaves_no_file(tmp_path: Path) -> None:
    def cancel(step: Step) -> None:
        if step.done:
            raise Cancelled

    with pytest.raises(Cancelled):
        generate_slide(tmp_path / "demo.tif", size=(1024, 1024), progress=cancel)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere"
)
def test_a_read_only_folder_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(SlideError, match=r"demo\.tif"):
            generate_slide(tmp_path / "demo.tif", size=(1024, 1024))
    finally:
        tmp_path.chmod(0o700)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SlideError, match=r"demo\.tif.*Choose a folder"):
        generate_slide(tmp_path / "missing" / "demo.tif", size=(1024, 1024))


def test_a_slide_too_small_for_tissue_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1024"):
        plan(7, 1000, 2000)


@given(
    seed=st.integers(0, 10**9),
    x=st.integers(-(10**6), 10**6),
    y=st.integers(-(10**6), 10**6),
)
def test_chance_belongs_to_the_place(seed: int, x: int, y: int) -> None:
    one = uniform(seed, x, y, 1)
    assert 0 <= one < 1
    assert one == uniform(seed, np.array([x, x + 1]), np.array([y, y]), 1)[0]


@given(x=st.integers(-500, 500), y=st.integers(-500, 500), side=st.integers(1, 200))
def test_textures_go_on_for_ever(x: int, y: int, side: int) -> None:
    texture = smooth_texture(64, 2, 12, 1)
    crop = periodic_crop(texture, x, y, side, side)
    assert crop.shape == (side, side)
    assert crop[0, 0] == texture[y % 64, x % 64]
    assert np.array_equal(crop, periodic_crop(texture, x + 64, y - 128, side, side))
