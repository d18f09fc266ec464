"""Where prediction and markup differ: hand-made cases, and what holds for all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from slideviewer.annotations import Annotation, AnnotationSet, Group, Kind, as_points
from slideviewer.evaluation.findings.finding_regions import FindingRules, find_regions
from slideviewer.evaluation.findings.findings import FindingKind, Findings
from slideviewer.evaluation.findings.footprint import NOBODY, Footprint, recognised, same_as
from slideviewer.evaluation.findings.opinions import Opinions, marked_share
from slideviewer.inference.grid import Grid
from slideviewer.inference.prediction import Prediction

CELL = 100.0
RULES = FindingRules(threshold=0.5)


def pictured(*lines: str) -> Opinions:
    """R: predicted, B: marked, X: both, ?: in doubt, space: not looked at, .: neither."""
    cells = np.array([[*line] for line in lines])
    scores = np.select([np.isin(cells, ["R", "X"]), cells == "?"], [0.9, 0.55], 0.1)
    scores[cells == " "] = np.nan
    rows, columns = cells.shape
    return Opinions(
        Grid(50.0, -30.0, CELL, columns, rows),
        scores.astype(np.float32),
        np.isin(cells, ["B", "X"]).astype(np.float32),
        spacing_um_px=0.5,
    )


def drawn(found: Findings) -> list[str]:
    """The kinds of the findings by cell."""
    kinds = np.concatenate([[0], found.kinds])[found.labels]
    return ["".join(".PMpm?"[kind] for kind in row) for row in kinds]


@pytest.mark.parametrize(
    "cells, expected",
    [
        (
            [".....", ".RR..", ".....", "...B.", "....."],
            [".....", ".PP..", ".....", "...M.", "....."],
        ),
        (["XXXX.", "XXXX.", "....."], [".....", ".....", "....."]),
        (["XXRR.", "XXRR.", "....."], ["..pp.", "..pp.", "....."]),
        (["XXBB.", "XXBB.", "....."], ["..mm.", "..mm.", "....."]),
        (["XXR..", "XXR..", "XX..."], [".....", ".....", "....."]),  # the cells' steps
        (["R   B", "    B"], ["P...M", "....M"]),
        ([".....", "     "], [".....", "....."]),
        (["B B B", "     "], ["M.M.M", "....."]),
    ],
)
def test_what_differs(cells: list[str], expected: list[str]) -> None:
    assert drawn(find_regions(pictured(*cells), FindingRules(0.5, gap_cells=0))) == expected


def test_a_lesion_in_which_the_model_finds_next_to_nothing_differs_as_a_whole() -> None:
    cells = ["BBBBBB"] * 3 + ["BBXBBB"]
    assert set("".join(drawn(find_regions(pictured(*cells), RULES)))) == {"M", "."}
    cells[2] = "BXXXBB"
    assert set("".join(drawn(find_regions(pictured(*cells), RULES)))) == {"m", "."}


def test_a_hole_that_the_model_fills_is_a_part_of_its_own() -> None:
    cells = ["XXXXXX", "XXXXXX", "XXRRXX", "XXRRXX", "XXXXXX", "XXXXXX"]
    found = find_regions(pictured(*cells), RULES)
    assert [it.kind for it in found] == [FindingKind.BEYOND_MARKUP]
    assert found[0].bounds.x == 50 + 2 * CELL
    assert found[0].area_um2 == 4 * (CELL * 0.5) ** 2


def test_doubt_is_found_where_nothing_else_is() -> None:
    cells = ["??..RR", "??..??", "......"]
    rules = FindingRules(threshold=0.6, margin=0.1)
    assert drawn(find_regions(pictured(*cells), rules)) == ["??..PP", "??....", "......"]
    assert drawn(find_regions(pictured(*cells), FindingRules(0.6))) == [
        "....PP",
        "......",
        "......",
    ]


def test_answers_that_are_far_apart_are_doubt() -> None:
    opinions = pictured("....", "....")
    spread = np.zeros((2, 4), np.float32)
    spread[:, :2] = 0.3
    spread[:, 3] = np.nan
    found = find_regions(
        Opinions(opinions.grid, opinions.scores, opinions.marked, spread), FindingRules(0.5)
    )
    assert drawn(found) == ["??..", "??.."]
    assert found[0].score == pytest.approx(0.6)
    assert found[0].area_um2 is None


def test_what_lies_close_together_is_one_and_what_is_small_is_left_out() -> None:
    cells = ["RR.RR..", "RR.RR.R", "......."]
    assert len(find_regions(pictured(*cells), FindingRules(0.5, gap_cells=0))) == 3
    assert len(find_regions(pictured(*cells), FindingRules(0.5, gap_cells=1))) == 1
    far = ["RR...RR", "RR...RR", "R......"]
    found = find_regions(pictured(*far), FindingRules(0.5, gap_cells=1, least_um2=5 * 2500))
    assert [it.area_um2 for it in found] == [5 * 2500]


def test_a_thread_of_cells_ties_nothing_together() -> None:
    cells = ["RRR.....RR", "RRR.....RR", "R..R...R..", "....RRR..."]
    found = find_regions(pictured(*cells), FindingRules(0.5, gap_cells=0))
    assert sorted(found.cells.tolist()) == [4, 5, 7]
    assert len(find_regions(pictured(*cells), FindingRules(0.5, gap_cells=1))) == 1


def test_a_thin_rim_of_a_small_lesion_is_found() -> None:
    cells = ["......", ".BBB..", ".BXX..", ".BXX..", "......"]
    assert drawn(find_regions(pictured(*cells), RULES))[1:4] == [".mmm..", ".m....", ".m...."]
    cells = ["......", ".BXX..", ".BXX..", ".XXX..", "......"]
    assert not len(find_regions(pictured(*cells), RULES))


def test_the_order_is_by_size_or_score_or_both() -> None:
    opinions = pictured("RR.....R", "RR......", "........", "....RRR.")
    opinions.scores[0, 7] = 1.0
    opinions.scores[3, 4:7] = 0.95
    found = find_regions(opinions, RULES)
    size = {by: [int(found.cells[it]) for it in found.order(by)] for by in ("size", "score", "mix")}
    assert size["size"] == [4, 3, 1]
    assert size["score"] == [1, 3, 4]
    assert size["mix"] == [4, 1, 3]  # alike: from top to bottom
    assert found[int(found.order("score")[0])].highest == 1.0


def square(left: float, top: float, side: float, group: str | None = None) -> Annotation:
    corners = [(left, top), (left + side, top), (left + side, top + side), (left, top + side)]
    return Annotation("a", Kind.POLYGON, as_points(corners), group)


def test_how_much_of_a_cell_is_marked() -> None:
    grid = Grid(10.0, 20.0, 8.0, 3, 2)
    share = marked_share(AnnotationSet.of([square(14, 20, 8)]), grid)
    assert share.tolist() == [[0.5, 0.5, 0], [0, 0, 0]]
    assert not marked_share(AnnotationSet.of([]), grid).any()
    assert marked_share(AnnotationSet.of([square(-1e6, -1e6, 3e6)]), grid).all()


def test_only_the_groups_asked_for_count() -> None:
    groups = [Group("Tumor"), Group("Inner", parent="Tumor"), Group("Fat"), Group("Tumor holes")]
    shapes = [square(0, 0, 8, "Tumor"), square(8, 0, 8, "Inner"), square(16, 0, 8, "Fat")]
    shapes += [square(24, 0, 8), square(0, 8, 8, "Tumor holes")]
    markup, grid = AnnotationSet.of(shapes, groups), Grid(0, 0, 8.0, 4, 1)
    assert marked_share(markup, grid, ["Tumor"]).tolist() == [[1, 1, 0, 0]]
    assert marked_share(markup, grid, ["Inner"]).tolist() == [[0, 1, 0, 0]]
    assert marked_share(markup, grid, [None, "Fat"]).tolist() == [[0, 0, 1, 1]]
    assert marked_share(markup, grid).tolist() == [[1, 1, 1, 1]]


def test_a_lesion_smaller_than_a_cell_is_seen() -> None:
    grid = Grid(0, 0, CELL, 3, 3)
    scores = np.full((3, 3, 1), 0.1, np.float32)
    prediction = Prediction(grid, ("Tumor",), scores, 0, 0.5)
    markup = AnnotationSet.of([square(80, 130, 40)])
    found = find_regions(Opinions.of_prediction(prediction, markup), RULES)
    assert drawn(found) == ["...", "MM.", "..."]
    scores[1, 1] = 0.9
    assert not len(find_regions(Opinions.of_prediction(prediction, markup), RULES))


def test_two_markups_and_two_predictions_are_compared_alike() -> None:
    grid = Grid(0, 0, 8.0, 4, 2)
    here, there = AnnotationSet.of([square(0, 0, 16)]), AnnotationSet.of([square(16, 0, 16)])
    found = find_regions(
        Opinions.of_markups(here, there, grid, 0.5), FindingRules(0.5, gap_cells=0)
    )
    assert drawn(found) == ["PPMM", "PPMM"]
    scores = np.full((2, 4, 1), 0.9, np.float32)
    first = Prediction(grid, ("Tumor",), scores, 0, 0.5)
    other = scores.copy()
    other[:, 2:], other[0, 0] = 0.1, np.nan
    second = Prediction(grid, ("Tumor",), other, 0, 0.5)
    found = find_regions(Opinions.of_predictions(first, second), RULES)
    assert drawn(found) == ["..pp", "..pp"]
    with pytest.raises(ValueError, match="grids"):
        Opinions.of_predictions(first, Prediction(Grid(1, 0, 8.0, 4, 2), ("Tumor",), other, 0, 0.5))


def test_a_finding_is_recognised_at_another_threshold_and_on_another_grid() -> None:
    opinions = pictured("RRR...", "RRR...", "....BB", "....BB")
    former = find_regions(opinions, RULES)
    kept = [Footprint.of(former, index) for index in range(2)]
    assert kept[0].area_px2 == former[0].area_px2
    opinions.scores[0:2, 2] = 0.2
    now = find_regions(opinions, RULES)
    assert same_as(former, now).tolist() == recognised(now, kept).tolist() == [0, 1]
    finer = Opinions(
        Grid(50.0, -30.0, CELL / 2, 12, 8),
        np.kron(opinions.scores, np.ones((2, 2), np.float32)),
        np.kron(opinions.marked, np.ones((2, 2), np.float32)),
    )
    assert recognised(find_regions(finer, RULES), kept).tolist() == [0, 1]


def test_another_side_at_the_same_place_is_another_finding() -> None:
    former, now = (find_regions(pictured(*cells), RULES) for cells in (["RR"], ["BB"]))
    assert same_as(former, now).tolist() == [NOBODY]
    assert recognised(now, [Footprint.of(former, 0)]).tolist() == [NOBODY]


def test_one_that_fell_apart_is_recognised_in_all_parts_and_followed_in_the_largest() -> None:
    former = find_regions(pictured("RRRRRRR"), RULES)
    now = find_regions(pictured("RRRR..R"), FindingRules(0.5, gap_cells=0))
    assert recognised(now, [Footprint.of(former, 0)]).tolist() == [0, 0]
    assert same_as(former, now).tolist() == [0, NOBODY]


SHAPES = st.tuples(st.integers(1, 12), st.integers(1, 12))


@st.composite
def opinions_of(draw: st.DrawFn) -> Opinions:
    shape = draw(SHAPES)
    values = st.sampled_from([0.0, 0.2, 0.5, 0.55, 0.9, 1.0, np.nan])
    scores = draw(hnp.arrays(np.float32, shape, elements=values))
    shares = st.sampled_from([0.0, 0.25, 0.5, 1.0])
    marked = draw(hnp.arrays(np.float32, shape, elements=shares))
    return Opinions(Grid(0, 0, 8.0, shape[1], shape[0]), scores, marked, spacing_um_px=0.25)


@settings(deadline=None, max_examples=200)
@given(
    opinions_of(), st.sampled_from([0.3, 0.5, 0.8]), st.sampled_from([0.0, 0.1]), st.integers(0, 2)
)
def test_findings_hold_what_they_say(
    opinions: Opinions, threshold: float, margin: float, gap: int
) -> None:
    found = find_regions(opinions, FindingRules(threshold, gap_cells=gap, margin=margin))
    predicted = np.nan_to_num(opinions.scores, nan=0) >= np.float32(threshold)
    assert sorted({*found.labels.ravel().tolist()} - {0}) == [*range(1, len(found) + 1)]
    assert not found.labels[np.isnan(opinions.scores)].any()
    for index, finding in enumerate(found):
        own = found.labels == index + 1
        assert own.sum() == found.cells[index] == found.inside(index).sum()
        assert 0 <= finding.score <= 1
        assert finding.highest == opinions.scores[own].max()
        if finding.kind.side == 0:
            assert predicted[own].all()
        elif finding.kind.side == 1:
            assert not predicted[own].any()
            assert (opinions.marked[own] > 0).all()
    again = find_regions(opinions, FindingRules(threshold, gap_cells=gap, margin=margin))
    assert same_as(found, again).tolist() == [*range(len(found))]
    kept = [Footprint.of(found, index) for index in range(len(found))]
    assert recognised(again, kept).tolist() == [*range(len(found))]
    assert sorted(found.order("size").tolist()) == [*range(len(found))]


@settings(deadline=None, max_examples=100)
@given(opinions_of())
def test_no_difference_goes_unfound_but_steps_of_cells(opinions: Opinions) -> None:
    """Two by two cells on which the sides differ are always part of a finding."""
    found = find_regions(opinions, RULES)
    predicted = opinions.scores >= 0.5
    full = (opinions.marked >= 0.5) & ~np.isnan(opinions.scores)
    none = (opinions.marked == 0) & ~np.isnan(opinions.scores)
    for differing in (predicted & none, full & ~predicted):
        rows, columns = differing.shape
        for row in range(rows - 1):
            for column in range(columns - 1):
                block = slice(row, row + 2), slice(column, column + 2)
                if differing[block].all():
                    assert found.labels[block].all()


@pytest.mark.parametrize("rules", [{"threshold": 2}, {"threshold": 0.5, "gap_cells": -1}])
def test_senseless_rules_are_refused(rules: dict[str, float]) -> None:
    with pytest.raises(ValueError):
        FindingRules(**rules)  # type: ignore[arg-type]


def test_a_hostile_footprint_costs_no_more_than_its_grid() -> None:
    opinions = pictured("RRR", "RRR", "...")
    found = find_regions(opinions, RULES)
    runs = np.tile([[0.0, -100.0, 400.0, 200.0]], (100_000, 1))
    runs[:, 2] -= np.arange(len(runs)) % 7
    rows, columns = Footprint(FindingKind.PREDICTED, runs).cells(found.grid)
    once = Footprint(FindingKind.PREDICTED, runs[:1]).cells(found.grid)
    assert (rows.tolist(), columns.tolist()) == (once[0].tolist(), once[1].tolist())
    assert len(rows) == 6


@settings(deadline=None)
@given(
    st.lists(st.tuples(*[st.integers(-3, 9)] * 2, *[st.integers(1, 9)] * 2), min_size=1, max_size=9)
)
def test_cells_under_several_rectangles_count_once(boxes: list[tuple[int, int, int, int]]) -> None:
    runs = np.array([(x, y, x + w, y + h) for x, y, w, h in boxes], np.float64)
    grid = Grid(0, 0, 1.0, 6, 4)
    expected = np.zeros((4, 6), np.bool_)
    for x, y, w, h in boxes:
        expected[max(0, y) : max(0, y + h), max(0, x) : max(0, x + w)] = True
    rows, columns = Footprint(FindingKind.MARKED, np.tile(runs, (25, 1))).cells(grid)
    assert {*zip(rows.tolist(), columns.tolist(), strict=True)} == {
        *zip(*(it.tolist() for it in np.nonzero(expected)), strict=True)
    }
