"""Scores of tiles: beside scikit-learn, by hand, and whatever the tiles are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.calibration import calibration_curve
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    balanced_accuracy_score,
    brier_score_loss,
    confusion_matrix,
    precision_recall_fscore_support,
    roc_auc_score,
)

from slideviewer.evaluation.auc import AucBySlide
from slideviewer.evaluation.bootstrap import Resampling, percentiles
from slideviewer.evaluation.calibration import BINS, Calibration, held_out_temperatures
from slideviewer.evaluation.curves import MOST_POINTS, line
from slideviewer.evaluation.report import Report
from slideviewer.evaluation.tiles import LabelledTiles, evaluate_tiles

CLASSES = ("Normal", "Stroma", "Tumor")
FEW = Resampling(40)


def made(count: int, slides: int, seed: int = 0) -> LabelledTiles:
    """Tiles of three classes whose probabilities are about right, some of them tied."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, count)
    raw = rng.gamma(1.0, size=(count, 3)) + 2.0 * np.eye(3)[labels] * rng.random((count, 1))
    chances = np.round(raw / raw.sum(axis=1, keepdims=True), 2).astype(np.float32)
    return LabelledTiles(
        chances,
        labels.astype(np.int64),
        CLASSES,
        2,
        rng.integers(0, slides, count),
        tuple(f"slide {number}" for number in range(slides)),
        tuple(f"{number}.png" for number in range(count)),
    )


def test_every_score_is_that_of_scikit_learn() -> None:
    tiles = made(400, 6)
    report = evaluate_tiles(tiles, 0.4, FEW)
    truth, chance = tiles.labels == 2, tiles.probabilities[:, 2]
    others = tiles.probabilities[:, :2].argmax(axis=1)
    predicted = np.where(chance >= np.float32(0.4), 2, others)

    def value(name: str, of: str = "", variant: str = "") -> float | None:
        return report.score(name, of, variant).value

    assert value("roc_auc", "Tumor") == pytest.approx(roc_auc_score(truth, chance), abs=1e-12)
    assert value("average_precision", "Tumor") == average_precision_score(truth, chance)
    assert value("accuracy") == accuracy_score(tiles.labels, predicted)
    balanced = balanced_accuracy_score(tiles.labels, predicted)
    assert value("balanced_accuracy") == pytest.approx(balanced, abs=1e-15)
    brier = brier_score_loss(truth, chance.astype(np.float64))
    assert value("brier", "Tumor") == pytest.approx(brier, abs=1e-12)
    table = precision_recall_fscore_support(tiles.labels, predicted)
    for index, name in enumerate(CLASSES):
        found = [value(f"class_{it}", name) for it in ("precision", "recall", "f1")]
        assert found == pytest.approx([column[index] for column in table[:3]], abs=1e-15)
    assert value("f1", "Tumor") == pytest.approx(table[2][2], abs=1e-15)
    counts = confusion_matrix(tiles.labels, predicted)
    assert np.array_equal(report.confusions[0].counts, counts)
    bins = Calibration.of(truth, chance, np.zeros(400, np.int64), 1).bins()
    frequency, mean = calibration_curve(truth, chance.astype(np.float64), n_bins=BINS)
    assert bins.frequency == pytest.approx(frequency) and bins.mean == pytest.approx(mean)
    error = float(np.abs(frequency - mean) @ bins.count / 400)
    assert value("expected_calibration_error", "Tumor") == pytest.approx(error, abs=1e-12)


def test_calibration_by_hand() -> None:
    """Four tiles: .1 and .1 of which none is true, .9 and .8 of which one is."""
    truth = np.array([False, False, True, False])
    chance = np.array([0.1, 0.1, 0.9, 0.8], np.float32)
    found = Calibration.of(truth, chance, np.zeros(4, np.int64), 1, bins=2)
    # Bins up to .5 and above: |.1 - 0| · 2/4 + |.85 - .5| · 2/4
    assert found.bins().error == pytest.approx(0.05 + 0.175)
    assert found.brier() == pytest.approx((0.01 + 0.01 + 0.01 + 0.64) / 4)


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.integers(2, 60), st.integers(1, 5))
def test_the_auc_of_any_slides_is_that_of_their_tiles(seed: int, count: int, slides: int) -> None:
    rng = np.random.default_rng(seed)
    truth, scores = rng.random(count) < 0.4, np.round(rng.random(count), 1)
    of, weights = rng.integers(0, slides, count), rng.integers(0, 3, slides)
    area = AucBySlide.of(truth, scores, of, slides).area(weights)
    times = weights[of]
    if not times[truth].sum() or not times[~truth].sum():
        assert area is None
    else:
        assert area == pytest.approx(roc_auc_score(truth, scores, sample_weight=times), abs=1e-12)
        assert area is not None
        mirrored = AucBySlide.of(truth, -scores, of, slides).area(weights)
        assert mirrored == pytest.approx(1 - area, abs=1e-12)


@settings(max_examples=12)
@given(st.integers(0, 10_000), st.integers(2, 50), st.floats(0, 1))
def test_scores_are_shares_and_do_not_depend_on_the_order(
    seed: int, count: int, threshold: float
) -> None:
    tiles = made(count, 3, seed)
    report = evaluate_tiles(tiles, threshold, Resampling(8))
    for score in report.scores:
        for value in (score.value, score.low, score.high):
            assert value is None or 0 <= value <= 1
    order = np.random.default_rng(seed).permutation(count)
    turned = LabelledTiles(
        tiles.probabilities[order], tiles.labels[order], CLASSES, 2, tiles.slides[order],
        tiles.slide_names, tuple(tiles.names[it] for it in order),
    )  # fmt: skip
    assert values(evaluate_tiles(turned, threshold, Resampling(8))) == pytest.approx(
        values(report), abs=1e-9, nan_ok=True
    )


def values(report: Report) -> list[float]:
    scores = [it for it in report.scores if "temperature" not in it.variant]
    return [np.nan if it.value is None else it.value for it in scores]


def test_intervals_are_taken_by_slide_and_never_by_tile() -> None:
    """Each tile ten times over changes no interval by slide; tiles of one slide get none."""
    tiles = made(60, 5)
    ten = LabelledTiles(
        np.repeat(tiles.probabilities, 10, axis=0), np.repeat(tiles.labels, 10), CLASSES, 2,
        np.repeat(tiles.slides, 10), tiles.slide_names,
    )  # fmt: skip
    for name, of in (("roc_auc", "Tumor"), ("accuracy", ""), ("brier", "Tumor")):
        one, other = (evaluate_tiles(it, 0.5, FEW).score(name, of) for it in (tiles, ten))
        assert (one.low, one.high) == pytest.approx((other.low, other.high))
        assert one.low is not None and one.high is not None and one.low < one.high
    alone = evaluate_tiles(made(60, 1), 0.5, FEW)
    assert all(it.low is None for it in alone.scores) and not alone.resampled
    assert any("no intervals" in note for note in alone.notes)
    assert not any("temperature" in it.variant for it in alone.scores)


def test_the_same_seed_gives_the_same_interval_and_another_does_not() -> None:
    tiles = made(80, 8)
    first, again = (evaluate_tiles(tiles, 0.5, Resampling(50, seed=1)) for _ in range(2))
    other = evaluate_tiles(tiles, 0.5, Resampling(50, seed=2))
    assert first == again
    assert first.score("accuracy").low != other.score("accuracy").low
    assert evaluate_tiles(tiles, 0.5, Resampling(0)).score("accuracy").low is None
    assert percentiles([None, None]) == (None, None)
    assert percentiles([0.0, None, 1.0]) == pytest.approx((0.025, 0.975))


def test_a_temperature_is_fitted_on_other_slides_and_helps_a_model_that_is_too_sure() -> None:
    rng = np.random.default_rng(4)
    right = rng.random((4000, 2))
    right /= right.sum(axis=1, keepdims=True)
    labels = (rng.random(4000) < right[:, 1]).astype(np.int64)
    sharp = right**3 / (right**3).sum(axis=1, keepdims=True)
    slides = rng.integers(0, 6, 4000)
    scaled, temperatures = held_out_temperatures(sharp.astype(np.float32), labels, slides)
    assert temperatures == pytest.approx((3, 3), rel=0.15)
    assert np.abs(scaled - right).max() < 0.05
    # What one fold's tiles are scaled by does not change with their own labels.
    turned = np.where(slides % 2 == 0, 1 - labels, labels)
    _, others = held_out_temperatures(sharp.astype(np.float32), turned, slides)
    assert others[0] == temperatures[0] and others[1] != temperatures[1]


def test_what_is_not_there_has_no_score() -> None:
    chances = np.array([[0.9, 0.1], [0.8, 0.2]], np.float32)
    tiles = LabelledTiles(
        chances, np.zeros(2, np.int64), ("Normal", "Tumor"), 1, np.arange(2), ("a", "b")
    )
    report = evaluate_tiles(tiles, 0.5, Resampling(20))
    for name in ("roc_auc", "average_precision", "f1"):
        assert report.score(name, "Tumor").value is None
    assert report.score("accuracy").value == 1
    assert "No tile is truly Tumor." in report.notes
    assert [curve.name for curve in report.curves] == ["reliability"]
    assert not report.worst
    with pytest.raises(ValueError, match="probabilities for 0 labels"):
        LabelledTiles(chances[:0], np.zeros(0, np.int64), ("a", "b"), 1, np.zeros(0, int), ("a",))


def test_the_worst_tile_is_the_one_whose_class_was_thought_least_likely() -> None:
    chances = np.array([[0.6, 0.4], [0.01, 0.99], [0.3, 0.7], [0.9, 0.1]], np.float32)
    labels = np.array([0, 0, 0, 1])
    tiles = LabelledTiles(
        chances, labels, ("Normal", "Tumor"), 1, np.zeros(4, np.int64), ("a",),
        rects=np.array([[10.0 * it, 0, 5, 5] for it in range(4)]),
    )  # fmt: skip
    worst = evaluate_tiles(tiles, 0.5).worst
    assert [it.place and it.place[0] for it in worst] == [10, 30, 20]
    assert worst[0].words == "Normal, predicted Tumor (Normal 0.010)"


def test_a_curve_of_many_points_keeps_its_ends() -> None:
    x: NDArray[np.float64] = np.linspace(0, 1, 12_345)
    drawn = line("", x, x**2)
    assert len(drawn.x) == MOST_POINTS
    assert (drawn.x[0], drawn.x[-1], drawn.y[-1]) == (0, 1, 1)
