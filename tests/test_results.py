"""Maps, masks, lesions, features and regions of a prediction, read back by other means."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import openslide
import pytest
import shapely
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from skimage.measure import regionprops  # the field's own measures, to compare with

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.annotations import Annotation, AnnotationSet, Kind, as_points, as_polygon
from slideviewer.annotations.asap import asap_attributes, read_asap
from slideviewer.errors import PredictionError
from slideviewer.geometry import Rect
from slideviewer.inference.export import Export, write_outputs
from slideviewer.inference.features import heatmap_features
from slideviewer.inference.grid import Grid
from slideviewer.inference.lesions import lesion_points
from slideviewer.inference.maps import class_map, likelihood_map, map_scale
from slideviewer.inference.prediction import Prediction
from slideviewer.inference.region_annotations import region_annotations
from slideviewer.slide import open_slide


def made(
    scores: np.ndarray,
    grid: tuple[float, float, float] = (0, 0, 256),
    size: tuple[int, int] | None = None,
    **facts: Any,
) -> Prediction:
    scores = np.asarray(scores, np.float32)
    rows, columns = scores.shape
    x, y, cell = grid
    if size is None:
        size = (round(x + cell * columns), round(y + cell * rows))
    slide = {"name": "a slide.svs", "width": size[0], "height": size[1]}
    return Prediction(
        Grid(x, y, cell, columns, rows),
        ("Normal", "Tumor"),
        np.stack([1 - scores, scores], axis=2),
        1,
        0.5,
        provenance={"spacing_um_px": 0.25, "slide": slide, **facts},
    )


def random_scores(rows: int, columns: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    scores = rng.random((rows, columns)).astype(np.float32)
    scores[rng.random((rows, columns)) < 0.2] = np.nan
    return scores


def read_levels(path: Path) -> list[np.ndarray]:
    with tifffile.TiffFile(path) as tiff:
        assert all(page.is_tiled for page in tiff.pages)
        return [page.asarray() for page in tiff.pages]


@pytest.mark.parametrize(
    ("grid", "size"),
    [
        ((0, 0, 256), (5120, 4096)),
        ((100.5, 33.25, 248.7), (5003, 4099)),
        ((0, 0, 37.3), (1001, 611)),
    ],
)
def test_a_likelihood_map_lies_on_its_slide_at_every_level(
    tmp_path: Path, grid: tuple[float, float, float], size: tuple[int, int]
) -> None:
    columns, rows = (int((side - start) / grid[2]) for side, start in zip(size, grid, strict=False))
    prediction = made(random_scores(rows, columns), grid, size)
    write_outputs(Export(prediction, 0.5), tmp_path, ["map"])
    path = tmp_path / "a slide_likelihood_map.tif"
    levels = read_levels(path)
    scale = map_scale(prediction)
    for number, level in enumerate(levels):
        assert level.dtype == np.float32
        step = scale * 2**number
        height, width = level.shape
        # ASAP's own rule for laying a map on a slide: whole quotients, the same both ways.
        if not number:
            assert size[0] // width == size[1] // height == scale
        # Where a pixel lies within one cell, it holds what that cell holds.
        exact = 0
        for row in range(0, height, max(1, height // 40)):
            for column in range(0, width, max(1, width // 40)):
                corners = [
                    prediction.grid.cell_at(column * step + dx, row * step + dy)
                    for dx in (0, step - 1e-6)
                    for dy in (0, step - 1e-6)
                ]
                if len(set(corners)) == 1:
                    cell = corners[0]
                    value = 0.0
                    if cell is not None:
                        value = np.nan_to_num(prediction.target_probabilities[cell[1], cell[0]])
                    assert level[row, column] == pytest.approx(value, abs=1e-6)
                    exact += 1
        assert exact or number
    with tifffile.TiffFile(path) as tiff:
        note = json.loads(tiff.pages[0].description)
    assert note["research_use"] == RESEARCH_USE_ONLY
    assert (note["scale"], tuple(note["size"])) == (scale, size)
    opened = open_slide(path)
    assert (opened.pyramid.width, opened.pyramid.height) == levels[0].shape[::-1]
    opened.close()


def test_a_class_mask_is_read_by_openslide(tmp_path: Path) -> None:
    prediction = made(random_scores(30, 40), (0, 0, 64), (2560, 1920))
    write_outputs(Export(prediction, 0.5), tmp_path, ["mask"])
    expected = class_map(prediction, 0.5)
    assert set(np.unique(expected)) == {0, 1, 2}
    slide = openslide.OpenSlide(tmp_path / "classes.tif")
    seen = np.asarray(slide.read_region((0, 0), 0, slide.dimensions))[:, :, 0]
    slide.close()
    assert np.array_equal(seen, expected)
    levels = read_levels(tmp_path / "classes.tif")
    assert np.array_equal(levels[1], levels[0][: levels[1].shape[0] * 2 : 2, ::2])


def test_a_map_of_a_vast_slide_stays_small() -> None:
    prediction = made(random_scores(40, 40), (0, 0, 32), (200_000, 150_000))
    values = likelihood_map(prediction)
    assert values.size <= 2**26
    assert values.shape == (150_000 // map_scale(prediction), 200_000 // map_scale(prediction))


def test_a_prediction_without_a_size_gives_no_map() -> None:
    prediction = made(random_scores(3, 3))
    bare = Prediction(prediction.grid, prediction.class_names, prediction.probabilities, 1, 0.5)
    with pytest.raises(PredictionError, match="how large its slide is"):
        likelihood_map(bare)


@given(seed=st.integers(0, 10_000), radius=st.floats(30, 400))
@settings(max_examples=60)
def test_lesions_are_the_maxima_and_far_from_each_other(seed: int, radius: float) -> None:
    prediction = made(random_scores(15, 18, seed))
    found = lesion_points(prediction, radius_um=radius)
    scores = prediction.target_probabilities
    least = radius / 0.25
    assert [it.probability for it in found] == sorted(
        (it.probability for it in found), reverse=True
    )
    for number, one in enumerate(found):
        for other in found[number + 1 :]:
            assert np.hypot(one.x - other.x, one.y - other.y) > least
    rows, columns = np.nonzero(np.nan_to_num(scores) >= 0.5)
    for row, column in zip(rows, columns, strict=True):
        x, y = prediction.grid.rect(int(column), int(row)).centre
        near = [it for it in found if np.hypot(it.x - x, it.y - y) <= least]
        assert near and max(it.probability for it in near) >= scores[row, column]


def test_lesions_are_written_as_the_challenge_reads_them(tmp_path: Path) -> None:
    scores = np.zeros((9, 9))
    scores[2, 3] = 0.75
    write_outputs(Export(made(scores), 0.5), tmp_path, ["lesions"])
    rows = list(csv.reader((tmp_path / "lesions.csv").open()))
    assert rows == [["0.750000", "896.0", "640.0"]]
    write_outputs(Export(made(scores * 0), 0.5), tmp_path / "none", ["lesions"])
    assert (tmp_path / "none" / "lesions.csv").read_bytes() == b""


@given(seed=st.integers(0, 10_000))
@settings(max_examples=40)
def test_features_are_those_of_scikit_image(seed: int) -> None:
    scores = random_scores(12, 14, seed)
    features = heatmap_features(made(scores))
    seen = scores[~np.isnan(scores)]
    assert features["max"] == pytest.approx(seen.max())
    assert features["mean"] == pytest.approx(seen.mean(dtype=np.float64), rel=1e-6)
    for mark, threshold in (("_50", 0.5), ("_90", 0.9)):
        positive = np.nan_to_num(scores) >= threshold
        labels, count = ndimage.label(positive, np.ones((3, 3)))
        assert features[f"regions{mark}"] == count
        assert features[f"target_share{mark}"] == pytest.approx(positive.sum() / len(seen))
        if count:
            found = regionprops(labels)
            most = max(region.area for region in found)
            assert features[f"largest_area_mm2{mark}"] == pytest.approx(most * 0.064**2)
            # They take a cell for a point; a square has a second moment of its own.
            axes = [
                64 * np.hypot(it.axis_major_length, np.sqrt(16 / 12))
                for it in found
                if it.area == most
            ]
            assert min(abs(features[f"largest_axis_um{mark}"] - axis) for axis in axes) < 1e-3


def test_features_of_nothing_are_zero() -> None:
    assert set(heatmap_features(made(np.full((3, 3), np.nan))).values()) == {0.0}


RING = np.zeros((9, 9))
RING[1:8, 1:8] = 0.9
RING[3:6, 3:6] = 0.1
RING[8, 8] = 0.6


def test_regions_become_annotations_with_their_holes() -> None:
    found = region_annotations(made(RING))
    assert len(found) == 2, "what hangs together by a corner alone comes apart when rounded"
    areas = sorted(as_polygon(it).area / 256**2 for it in found)
    assert areas == [pytest.approx(1, rel=0.15), pytest.approx(49 - 9, rel=0.03)]
    assert found[0].kind == Kind.POLYGON
    assert asap_attributes(found[0])["label"] == "Tumor"
    assert 0.8 < float(asap_attributes(found[0])["score"]) < 0.9


def test_small_regions_and_those_elsewhere_are_left_out() -> None:
    scores = np.zeros((9, 9))
    scores[1:4, 1:4] = 0.9
    scores[6, 6] = 0.9
    prediction = made(scores)
    cell_um2 = 64.0**2
    assert len(region_annotations(prediction)) == 2
    assert len(region_annotations(prediction, least_area_um2=2 * cell_um2)) == 1
    assert len(region_annotations(prediction, 0.95)) == 0
    seen = region_annotations(prediction, within=Rect(6.5 * 256, 6.5 * 256, 10, 10))
    assert len(seen) == 1
    assert shapely.Point(6.5 * 256, 6.5 * 256).within(as_polygon(seen[0]))


def test_a_tolerance_leaves_fewer_vertices_near_the_outline() -> None:
    scores = (random_scores(20, 20, 3) > 0.4).astype(np.float32)
    fine = region_annotations(made(scores), tolerance_um=0.5)
    coarse = region_annotations(made(scores), tolerance_um=8)
    assert sum(len(it.points) for it in coarse) < sum(len(it.points) for it in fine)
    one, two = (shapely.union_all([as_polygon(it) for it in each]) for each in (fine, coarse))
    assert one.hausdorff_distance(two) < (8 + 0.5) / 0.25 * 2


def test_regions_are_written_on_top_of_the_markup(tmp_path: Path) -> None:
    points = as_points([(0, 0), (9, 0), (9, 9)])
    mine = AnnotationSet.of([Annotation("mine", Kind.POLYGON, points)])
    write_outputs(Export(made(RING), 0.5, mine), tmp_path, ["regions"])
    text = (tmp_path / "regions.xml").read_text()
    assert RESEARCH_USE_ONLY in text
    loaded = read_asap(tmp_path / "regions.xml").annotations
    names = [it.name for it in loaded]
    assert names[0] == "mine"
    for number, name in enumerate(names[1:], 1):
        assert re.fullmatch(rf"Tumor {number} \(0\.\d\d\)", name)
    assert {it.group for it in loaded} == {None, "Prediction"}
