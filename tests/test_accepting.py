"""The predicted region at a point becomes an outline, and no other region costs anything."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from slideviewer.evaluation.accepting import outlines_at
from slideviewer.inference import regions
from slideviewer.inference.grid import Grid
from slideviewer.inference.prediction import Prediction

CELL = 10.0


def prediction(tumour: np.ndarray) -> Prediction:
    rows, columns = tumour.shape
    scores = np.stack([1 - tumour, tumour], axis=2).astype(np.float32)
    return Prediction(Grid(-5, 20, CELL, columns, rows), ("normal", "tumour"), scores, 1, 0.5)


@given(
    arrays(np.float32, (5, 6), elements=st.sampled_from([0.0, 0.25, 0.5, 1.0, float("nan")])),
    st.integers(0, 5),
    st.integers(0, 4),
    st.sampled_from([0.25, 0.5, 1.0]),
)
def test_it_is_the_region_of_the_cell_under_the_point(
    tumour: np.ndarray, column: int, row: int, threshold: float
) -> None:
    made = prediction(tumour)
    x, y = -5 + CELL * (column + 0.5), 20 + CELL * (row + 0.5)
    found = outlines_at(made, threshold, x, y)
    if not tumour[row, column] >= threshold:
        assert found == []
        return
    (outline,) = found
    assert shapely.Polygon(outline).covers(shapely.Point(x, y))
    whole = next(
        it.shape
        for it in regions.predicted_regions(made, threshold)
        if it.shape.covers(shapely.Point(x, y))
    )
    assert shapely.Polygon(outline).within(whole.convex_hull.buffer(CELL / 4))


def test_beside_the_grid_there_is_none() -> None:
    made = prediction(np.ones((2, 2), np.float32))
    assert outlines_at(made, 0.5, -6, 21) == [] == outlines_at(made, 0.5, 0, 41)


def test_other_regions_are_not_outlined(monkeypatch: pytest.MonkeyPatch) -> None:
    tumour = np.zeros((20, 20), np.float32)
    tumour[::2, ::2] = 1  # a hundred regions of one cell
    outline: Callable[..., Any] = regions.cells_outline
    made: list[int] = []
    monkeypatch.setattr(
        regions, "cells_outline", lambda *how: made.append(int(how[1].sum())) or outline(*how)
    )
    assert len(outlines_at(prediction(tumour), 0.5, 0, 25)) == 1
    assert made == [1]
