"""Lesions by the rules of Camelyon16: worked by hand, and beside the rules written out plainly."""

import math
from bisect import bisect_left

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from slideviewer.evaluation.bootstrap import Resampling
from slideviewer.evaluation.detection import AT_THRESHOLD, SIZES, evaluate_lesions
from slideviewer.evaluation.froc import FALSE_POSITIVES, INTERPOLATED, STEP, FrocEvents
from slideviewer.evaluation.lesions import (
    Detections,
    SlideFindings,
    downsample_for,
    find_lesions,
    findings,
)

UM_PX = 0.243
SCALE = 32


def slide(
    name: str, lesions: list[float], false: list[float], *, itc: int = 0, on_itc: int = 0
) -> SlideFindings:
    """A slide whose lesions were found with these probabilities, 0 for missed."""
    highest = max([*lesions, *false], default=0.0)
    return SlideFindings(
        name, bool(lesions or itc), np.array(lesions), np.array(false), itc, on_itc, highest
    )


def detections(*rows: tuple[float, float, float]) -> Detections:
    table = np.array(rows, np.float64).reshape(-1, 3)
    return Detections(table[:, 0], table[:, 1:])


def mask(*boxes: tuple[int, int, int, int], size: int = 200) -> NDArray[np.bool_]:
    """A mask at level 5 with rectangles: x, y, width, height in its pixels."""
    drawn = np.zeros((size, size), np.bool_)
    for x, y, width, height in boxes:
        drawn[y : y + height, x : x + width] = True
    return drawn


# The curve


def test_a_set_where_the_two_variants_differ() -> None:
    """Two slides, two lesions at .9 and .65; beside them .8 here, .7 and .6 there.

    At .9 one of two is found without false positives; at .8 there is half a one a slide, at .7 a
    whole one; at .65 the second lesion is found, still with one; at .6 there are one and a half.
    So at 1/4 and 1/2 half are found. At 1 the lines give what the last point there has, all; the
    first threshold that reaches 1 has half. From 2 on all are found.
    """
    slides = [slide("tumour", [0.9, 0.65], [0.8]), slide("normal", [], [0.7, 0.6])]
    curve = FrocEvents(slides).curve()
    assert curve is not None
    assert curve.false_positives.tolist() == [0, 0, 0.5, 1, 1, 1.5]
    assert curve.sensitivity.tolist() == [0, 0.5, 0.5, 0.5, 1, 1]
    assert curve.interpolated().tolist() == [0.5, 0.5, 1, 1, 1, 1]
    assert curve.step().tolist() == [0.5, 0.5, 0.5, 1, 1, 1]
    report = evaluate_lesions(slides, Resampling(0))
    assert report.score("froc", variant=INTERPOLATED).value == pytest.approx(5 / 6)
    assert report.score("froc", variant=STEP).value == pytest.approx(0.75)
    table = next(it for it in report.tables if it.title == "Sensitivity")
    assert table.columns == ("false positives a slide", INTERPOLATED, STEP)
    assert table.rows[2] == ("1", 1.0, 0.5)


def test_a_set_where_a_line_is_climbed() -> None:
    """A lesion and a false positive share .7, so the curve climbs from (0, 1/2) to (1/2, 1).

    Half way up, at 1/4, the line has 3/4; the first threshold that reaches 1/4 has all.
    """
    slides = [slide("tumour", [0.9, 0.7], [0.7]), slide("normal", [], [])]
    curve = FrocEvents(slides).curve()
    assert curve is not None
    assert curve.interpolated().tolist() == [0.75, 1, 1, 1, 1, 1]
    assert curve.step().tolist() == [1, 1, 1, 1, 1, 1]
    assert FrocEvents(slides).score(INTERPOLATED) == pytest.approx(5.75 / 6)
    assert FrocEvents(slides).score(STEP) == 1


def test_false_positives_are_averaged_over_all_slides() -> None:
    tumour = slide("tumour", [0.5], [0.9, 0.9, 0.9, 0.9])
    alone = FrocEvents([tumour]).curve()
    among = FrocEvents([tumour, *(slide(f"normal {it}", [], []) for it in range(15))]).curve()
    assert alone is not None and among is not None
    assert alone.false_positives[-1] == 4 and among.false_positives[-1] == 0.25
    assert alone.interpolated().tolist() == [0, 0, 0, 0, 1, 1]
    assert among.interpolated().tolist() == [1] * 6


def test_one_lesion_found_with_certainty_scores_one() -> None:
    """The script of the challenge leaves the lowest threshold out here, and would say 0."""
    assert FrocEvents([slide("tumour", [1.0], [])]).score(INTERPOLATED) == 1
    assert FrocEvents([slide("tumour", [0.0], [])]).score(STEP) == 0
    assert FrocEvents([slide("normal", [], [0.5])]).score(STEP) is None
    report = evaluate_lesions([slide("normal", [], [0.5])])
    assert report.score("froc").value is None
    assert "There is no lesion to find, so there is no FROC." in report.notes


def plain_froc(slides: list[SlideFindings]) -> tuple[float, float]:
    """Both scores as the rules have them, threshold by threshold."""
    lesions = [float(p) for it in slides for p in it.lesions]
    false = [float(p) for it in slides for p in it.false]
    x, y = [0.0], [0.0]
    for threshold in sorted({*lesions, *false} - {0.0}, reverse=True):
        x.append(sum(p >= threshold for p in false) / len(slides))
        y.append(sum(p >= threshold for p in lesions) / len(lesions))
    lines = [float(np.interp(at, x, y)) for at in FALSE_POSITIVES]
    steps = [y[min(bisect_left(x, at), len(y) - 1)] for at in FALSE_POSITIVES]
    return sum(lines) / 6, sum(steps) / 6


CHANCES = st.lists(st.sampled_from([0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.0]), max_size=6)
SLIDES = st.lists(
    st.tuples(st.lists(st.sampled_from([0.0, 0.2, 0.5, 0.9]), max_size=3), CHANCES),
    min_size=1,
    max_size=6,
)


@settings(max_examples=80)
@given(SLIDES, st.data())
def test_both_scores_are_those_of_the_rules_for_any_choice_of_slides(
    drawn: list[tuple[list[float], list[float]]], data: st.DataObject
) -> None:
    slides = [slide(str(number), *it) for number, it in enumerate(drawn)]
    times = data.draw(st.lists(st.integers(0, 2), min_size=len(slides), max_size=len(slides)))
    chosen = [it for it, count in zip(slides, times, strict=True) for _ in range(count)]
    found = [FrocEvents(slides).score(variant, np.array(times)) for variant in (INTERPOLATED, STEP)]
    if not any(len(it.lesions) for it in chosen):
        assert found == [None, None]
        return
    assert found == pytest.approx(plain_froc(chosen), abs=1e-12)
    assert all(0 <= (it or 0) <= 1 for it in found)


# Which lesions there are


def test_regions_nearer_than_75_um_are_one() -> None:
    """Level 5 has 7.776 µm a pixel, so each side grows by 37.5 µm: by 4 pixels (31.1 µm), not 5.

    Then gaps of 8 pixels close, and of 9 do not.
    """
    for gap, count in ((8, 1), (9, 2)):
        drawn = mask((20, 20, 50, 40), (70 + gap, 20, 50, 40))
        assert len(find_lesions(drawn, SCALE, UM_PX)) == count, gap
    single = find_lesions(mask((50, 50, 40, 40)), SCALE, UM_PX)
    assert single.at(np.array([(45.5, 60), (46.5, 60)]) * SCALE).tolist() == [0, 1]


def test_regions_that_touch_at_a_corner_are_one() -> None:
    """Pixels 7 apart along both axes grow until they meet at corners, those 8 apart do not."""
    for apart, count in ((7, 1), (8, 2)):
        drawn = mask((50, 50, 1, 1), (50 + apart, 50 + apart, 1, 1))
        assert len(find_lesions(drawn, SCALE, UM_PX)) == count


def test_holes_belong_to_the_lesion_around_them() -> None:
    ring = mask((40, 40, 80, 80))
    ring[60:100, 60:100] = False
    found = find_lesions(ring, SCALE, UM_PX)
    assert len(found) == 1
    assert found.at(np.array([(80.5, 80.5), (20.5, 80.5)]) * SCALE).tolist() == [1, 0]


def test_regions_shorter_than_275_um_are_isolated_tumour_cells() -> None:
    """275 µm are 35.36 pixels; a disk of diameter d has a major axis of d, and grows by 9."""
    rows, columns = np.ogrid[:200, :200]
    for diameter, is_itc in ((24, True), (30, False)):
        disk = np.hypot(rows - 100, columns - 100) <= diameter / 2
        found = find_lesions(disk, SCALE, UM_PX)
        assert found.is_itc.tolist() == [is_itc], diameter
    assert pytest.approx(35.36, abs=0.01) == 275 / (UM_PX * 2**5)
    assert pytest.approx(4.82, abs=0.01) == 75 / (UM_PX * 2**5 * 2)


def test_points_on_isolated_tumour_cells_are_neither_true_nor_false() -> None:
    drawn = mask((20, 20, 60, 60), (120, 120, 6, 6))
    lesions = find_lesions(drawn, SCALE, UM_PX)
    assert sorted(lesions.is_itc.tolist()) == [False, True]
    on_lesion, on_itc, beside = (50, 50), (122, 122), (180, 20)
    points = [(0.7, *on_lesion), (0.9, *on_lesion), (0.95, *on_itc), (0.6, *beside)]
    found = findings("a", detections(*((p, x * SCALE, y * SCALE) for p, x, y in points)), lesions)
    assert found.lesions.tolist() == [0.9]  # of several the highest, once
    assert found.false.tolist() == [0.6]
    assert (found.itc, found.on_itc, found.highest, found.has_tumour) == (1, 1, 0.95, True)
    report = evaluate_lesions([found], Resampling(0))
    assert report.score("lesions").value == 1
    assert report.score("isolated_tumour_cells").value == 1
    assert report.score("points_on_isolated_tumour_cells").value == 1


def test_on_a_normal_slide_every_point_is_false() -> None:
    found = findings("normal", detections((0.9, 10, 10), (0.2, 0, 0)), None)
    assert found.false.tolist() == [0.9, 0.2] and not found.has_tumour
    nothing = findings("empty", detections(), find_lesions(mask((20, 20, 60, 60)), SCALE, UM_PX))
    assert nothing.missed == 1 and nothing.highest == 0 and nothing.has_tumour
    unmarked = find_lesions(mask(), SCALE, UM_PX)
    assert not len(unmarked)
    assert findings("unmarked", detections((0.5, 1, 1)), unmarked).false.tolist() == [0.5]


@pytest.mark.parametrize(
    ("um_px", "downsample"), [(0.243, 32), (0.25, 32), (0.5, 16), (1.0, 8), (20.0, 1)]
)
def test_other_spacings_are_looked_at_as_finely(um_px: float, downsample: int) -> None:
    assert downsample_for(um_px) == downsample
    assert um_px > 7.776 or math.isclose(um_px * downsample, 7.776, rel_tol=0.05)


@settings(max_examples=25)
@given(st.integers(0, 10_000))
def test_where_a_region_lies_makes_no_difference(seed: int) -> None:
    rng = np.random.default_rng(seed)
    part = rng.random((60, 60)) < 0.02
    part[20:40, 20:40] |= rng.random((20, 20)) < 0.5
    x, y = rng.integers(0, 40, 2)
    places = rng.uniform(0, 60, (30, 2))
    found = []
    for left, top in ((60, 60), (60 + x, 60 + y)):
        drawn = np.zeros((240, 240), np.bool_)
        drawn[top : top + 60, left : left + 60] = part
        lesions = find_lesions(drawn, SCALE, UM_PX)
        found.append(
            (lesions.is_itc.tolist(), lesions.at(np.add(places, (left, top)) * SCALE).tolist())
        )
    assert found[0] == found[1]


# The report


def test_what_is_found_at_a_threshold_by_size() -> None:
    """Of a macrometastasis, a micrometastasis and isolated tumour cells; two points beside them.

    At level 5 a pixel has 7.776 µm: the sides of 300, 60 and 6 pixels grow by 8 each, and the
    major axis of a square is 2 / sqrt(3) of its side, a little less where corners are round:
    2,765, 610 and 126 µm.
    """
    drawn = mask((40, 40, 300, 300), (360, 20, 60, 60), (360, 300, 6, 6), size=440)
    lesions = find_lesions(drawn, SCALE, UM_PX)
    assert sorted(lesions.axes_um.tolist()) == pytest.approx([126, 610, 2765], rel=0.06)
    points = [(0.9, 100, 100), (0.6, 390, 50), (0.8, 363, 303), (0.7, 430, 430), (0.5, 5, 5)]
    found = findings("a", detections(*((p, x * SCALE, y * SCALE) for p, x, y in points)), lesions)
    for threshold, macro, micro, itc, false in (
        (0.0, 1, 1, 1, 2),
        (0.6, 1, 1, 1, 1),
        (0.65, 1, 0, 1, 1),
        (0.75, 1, 0, 1, 0),
        (0.95, 0, 0, 0, 0),
    ):
        report = evaluate_lesions([found, slide("normal", [], [])], threshold=threshold)
        table = next(it for it in report.tables if it.title.startswith("By size"))
        assert table.rows == (
            ("macro", 1, macro, macro),
            ("micro", 1, micro, micro),
            ("ITC", 1, itc, itc),
        )
        sensitivity = report.score("sensitivity", variant=AT_THRESHOLD)
        assert sensitivity.value == (macro + micro) / 2
        assert report.score("false_positives", variant=AT_THRESHOLD).value == false / 2
        assert SIZES in report.notes
    unasked = evaluate_lesions([found])
    assert [it.title for it in unasked.tables] == ["Sensitivity", "By slide"]
    drawn_curve = unasked.curves[0].lines[0]
    assert drawn_curve.thresholds == (None, 0.9, 0.7, 0.6, 0.5, None)


def test_slides_are_told_apart_by_their_surest_point() -> None:
    slides = [
        slide("t1", [0.9], []), slide("t2", [0.0], [0.4]), slide("t3", [], [], itc=1),
        slide("n1", [], [0.6]), slide("n2", [], []),
    ]  # fmt: skip
    report = evaluate_lesions(slides, Resampling(100))
    truth, highest = [1, 1, 1, 0, 0], [0.9, 0.4, 0, 0.6, 0]
    score = report.score("roc_auc", "slides with tumour")
    assert score.value == pytest.approx(roc_auc_score(truth, highest), abs=1e-15)
    assert score.value is not None and score.low is not None and score.high is not None
    assert score.low <= score.value <= score.high
    assert report.resampled.startswith("bootstrap by slide: 5 slides, 100 resamples")
    assert [curve.name for curve in report.curves] == ["froc", "roc"]
    assert [it.case for it in report.worst] == ["t2", "n1"]
    assert report.worst[0].words == "1 of 1 lesions missed; 1 false positive, the surest 0.400"
