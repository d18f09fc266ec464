"""Figures of a tile classifier."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from slideviewer.evaluation.classification import (
    best_threshold,
    classification_report,
    confusion_matrix,
    decide,
    roc_auc,
)

NAMES = ("Normal", "Tumor")


def two(scores: list[float]) -> np.ndarray:
    tumour = np.array(scores, np.float32)
    return np.stack([1 - tumour, tumour], axis=1)


def test_a_worked_example() -> None:
    labels = np.array([0, 0, 0, 1, 1])
    report = classification_report(
        two([0.1, 0.2, 0.7, 0.6, 0.9]),
        labels,
        class_names=NAMES,
        target=1,
        threshold=0.5,
        variant="by hand",
    )
    assert report.confusion == ((2, 1), (0, 2))
    assert report.accuracy.value == pytest.approx(4 / 5)
    assert report.balanced_accuracy.value == pytest.approx((2 / 3 + 1) / 2)
    assert report.roc_auc.value == pytest.approx(5 / 6)
    assert report.f1.value == pytest.approx(4 / 5)
    assert report.classes[1].precision == pytest.approx(2 / 3)
    assert report.classes[0].recall == pytest.approx(2 / 3)
    for figure in (report.accuracy, report.roc_auc, report.f1, report.balanced_accuracy):
        assert figure.low is not None and figure.high is not None and figure.value is not None
        assert figure.low <= figure.value <= figure.high
    assert json.loads(json.dumps(report.as_json()))["confusion"] == [[2, 1], [0, 2]]


def test_the_same_seed_gives_the_same_intervals() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 60)
    scores = two(list(np.clip(rng.normal(0.3 + 0.4 * labels, 0.3), 0, 1)))
    made = [
        classification_report(
            scores, labels, class_names=NAMES, target=1, threshold=0.5, variant="x", seed=seed
        )
        for seed in (3, 3, 4)
    ]
    assert made[0] == made[1] != made[2]


def test_one_class_alone_leaves_the_area_undefined() -> None:
    report = classification_report(
        two([0.1, 0.2]),
        np.array([0, 0]),
        class_names=NAMES,
        target=1,
        threshold=0.5,
        variant="x",
        resamples=10,
    )
    assert report.roc_auc.value is None and str(report.roc_auc) == "not defined"
    assert report.accuracy.value == 1
    assert report.f1.value is None and report.classes[1].precision is None


def test_three_classes() -> None:
    probabilities = np.array([[0.5, 0.3, 0.2], [0.1, 0.6, 0.3], [0.3, 0.3, 0.4]], np.float32)
    assert decide(probabilities, 2, 0.25).tolist() == [0, 2, 2]
    assert decide(probabilities, 2, 0.5).tolist() == [0, 1, 0]


def test_shapes_that_disagree_are_refused() -> None:
    for labels in (np.array([], np.int64), np.array([0, 1, 1])):
        with pytest.raises(ValueError, match="labels"):
            classification_report(
                two([0.5]), labels, class_names=NAMES, target=1, threshold=0.5, variant="x"
            )


def test_a_threshold_needs_both_classes() -> None:
    with pytest.raises(ValueError, match="both classes"):
        best_threshold(np.array([True, True]), np.array([0.1, 0.2], np.float32))


def test_the_threshold_lies_in_the_middle_of_the_gap() -> None:
    truth = np.array([False, False, True, True])
    assert best_threshold(truth, np.array([0.1, 0.2, 0.8, 0.9], np.float32)) == pytest.approx(0.5)


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 20)), min_size=2, max_size=40))
def test_no_threshold_is_better_than_the_best(pairs: list[tuple[bool, int]]) -> None:
    truth = np.array([kind for kind, _ in pairs])
    scores = np.array([score / 20 for _, score in pairs], np.float32)
    if truth.all() or not truth.any():
        return

    def balanced(threshold: float) -> float:
        return float((scores[truth] >= threshold).mean() + (scores[~truth] < threshold).mean())

    best = best_threshold(truth, scores)
    assert all(balanced(best) >= balanced(other / 40) - 1e-9 for other in range(41))


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=30))
def test_the_confusion_matrix_counts_every_tile(pairs: list[tuple[int, int]]) -> None:
    labels = np.array([a for a, _ in pairs], np.int64)
    predicted = np.array([b for _, b in pairs], np.int64)
    matrix = confusion_matrix(labels, predicted, 3)
    assert matrix.sum() == len(pairs)
    assert all(matrix[a, b] == pairs.count((a, b)) for a in range(3) for b in range(3))


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1, width=32)), min_size=1, max_size=30))
def test_the_area_turns_over_with_the_truth(pairs: list[tuple[bool, float]]) -> None:
    truth = np.array([kind for kind, _ in pairs])
    scores = np.array([score for _, score in pairs], np.float32)
    area, turned = roc_auc(truth, scores), roc_auc(~truth, scores)
    if area is None or turned is None:
        assert truth.all() or not truth.any()
    else:
        assert area + turned == pytest.approx(1)
        assert area == pytest.approx(roc_auc_score(truth, scores))


def test_whole_slides_are_drawn_where_tiles_of_one_are_alike() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(8), 50)
    labels = np.tile(np.arange(2), 200)
    quality = np.repeat(rng.uniform(-0.5, 2, 8), 50)  # a slide is easy or hard as a whole
    scores = 1 / (1 + np.exp(-rng.normal(quality * (2 * labels - 1), 1)))
    found = np.stack([1 - scores, scores], axis=1).astype(np.float32)

    def width(groups: np.ndarray | None) -> float:
        figure = classification_report(
            found,
            labels,
            class_names=("a", "b"),
            target=1,
            threshold=0.5,
            variant="v",
            resamples=200,
            groups=groups,
        ).accuracy
        assert figure.low is not None and figure.high is not None and figure.value is not None
        assert figure.low < figure.value < figure.high
        return figure.high - figure.low

    assert width(groups) > 2 * width(None)
