"""From predicted cells to regions, and to what the markup lacks."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from slideviewer.annotations import Annotation, AnnotationSet, Kind, as_points
from slideviewer.evaluation.missed import missed_regions
from slideviewer.inference.grid import Grid
from slideviewer.inference.prediction import Prediction
from slideviewer.inference.regions import outlines, predicted_regions


def prediction(rows: list[str], x: float = 1000, y: float = 500, cell: float = 100) -> Prediction:
    """One digit a cell: tenths of probability; a dot where the model did not look."""
    scores = np.array([[np.nan if c == "." else int(c) / 10 for c in row] for row in rows])
    both = np.stack([1 - scores, scores], axis=2).astype(np.float32)
    grid = Grid(x, y, cell, len(rows[0]), len(rows))
    return Prediction(grid, ("Normal", "Tumor"), both, target=1, threshold=0.5)


def test_cells_that_touch_even_at_a_corner_are_one_region() -> None:
    found = predicted_regions(prediction(["97.1", "..8.", "....", "6..."]))
    assert [region.cells for region in found] == [3, 1]
    assert found[0].score == pytest.approx(0.9)
    assert found[0].mean_score == pytest.approx(0.8)
    assert found[0].shape.area == 3 * 100**2
    assert found[0].shape.bounds == (1000, 500, 1300, 700)


def test_the_threshold_decides() -> None:
    made = prediction(["579"])
    assert [len(predicted_regions(made, t)) for t in (0.4, 0.8, 0.95)] == [1, 1, 0]
    assert predicted_regions(made, 0.8)[0].cells == 1


@given(st.lists(st.text("059.", min_size=6, max_size=6), min_size=1, max_size=6))
def test_regions_cover_the_positive_cells_and_nothing_else(rows: list[str]) -> None:
    made = prediction(rows)
    found = predicted_regions(made)
    assert sum(region.cells for region in found) == made.positive_cells().sum()
    for row, line in enumerate(rows):
        for column, score in enumerate(line):
            x, y = made.grid.rect(column, row).centre
            covering = [region for region in found if region.shape.covers(shapely.Point(x, y))]
            assert len(covering) == (score in "59")


@given(st.lists(st.text("09", min_size=5, max_size=5), min_size=2, max_size=5))
def test_an_outline_is_a_valid_polygon_near_its_cells(rows: list[str]) -> None:
    for region in predicted_regions(prediction(rows)):
        pieces = [shapely.Polygon(points) for points in outlines(region, smoothing=25)]
        assert all(piece.is_valid for piece in pieces)
        solid = shapely.union_all(
            [shapely.Polygon(part.exterior) for part in shapely.get_parts(region.shape)]
        )
        rounded = shapely.union_all(pieces)
        assert rounded.within(shapely.union_all([solid, region.shape]).buffer(26))
        assert rounded.area >= 0.8 * region.shape.area


def test_what_is_marked_is_not_missed() -> None:
    made = prediction(["99....99"])
    left = as_points([(950, 450), (1250, 450), (1250, 650), (950, 650)])
    markup = AnnotationSet.of(
        [Annotation("A", Kind.POLYGON, left), Annotation("B", Kind.DOT, as_points([(1, 1)]))]
    )
    regions = predicted_regions(made)
    (missed,) = missed_regions(regions, markup)
    assert missed.shape.bounds[0] == 1600
    assert len(missed_regions(regions, AnnotationSet.of())) == 2
