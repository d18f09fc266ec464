"""Masks, nuclei and the agreement of annotators: worked by hand, and whatever is drawn."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score, f1_score, jaccard_score

from slideviewer.evaluation.agreement import evaluate_agreement, kappa
from slideviewer.evaluation.bootstrap import Resampling
from slideviewer.evaluation.label_pairs import count_pairs, pairs_of
from slideviewer.evaluation.masks import MaskCase, Overlap, case_of, evaluate_masks
from slideviewer.evaluation.nuclei import THRESHOLDS_IN_20, evaluate_nuclei, nuclei_case

LABELS = st.integers(0, 3)


def drawn(seed: int, most: int, shape: tuple[int, int] = (23, 31)) -> NDArray[np.uint16]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, most + 1, shape).astype(np.uint16)


# Pairs of labels


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.sampled_from([1, 3, 300, 60_000]), st.integers(1, 40))
def test_pairs_are_the_same_in_any_blocks(seed: int, most: int, block: int) -> None:
    one, other = drawn(seed, most), drawn(seed + 1, most)
    whole = pairs_of(one, other)
    parts = count_pairs(
        (31, 23),
        lambda x, y, w, h: one[y : y + h, x : x + w],
        lambda x, y, w, h: other[y : y + h, x : x + w],
        (block, max(1, block // 2)),
    )
    assert parts == whole
    expected: dict[tuple[int, int], int] = {}
    for pair in zip(one.ravel().tolist(), other.ravel().tolist(), strict=True):
        expected[pair] = expected.get(pair, 0) + 1
    assert whole == expected


def test_a_vast_mask_is_read_block_by_block() -> None:
    """No more than a block is asked for at once, and each pixel once."""
    width, height = 9000, 1300
    seen = np.zeros((height, width), np.uint8)

    def read(x: int, y: int, w: int, h: int) -> NDArray[np.uint8]:
        assert w <= 4096 and h <= 512
        seen[y : y + h, x : x + w] += 1
        return np.zeros((h, w), np.uint8)

    def other(x: int, y: int, w: int, h: int) -> NDArray[np.uint8]:
        return np.ones((h, w), np.uint8)

    assert count_pairs((width, height), read, other) == {(0, 1): width * height}
    assert (seen == 1).all()


# Dice and Jaccard


@pytest.mark.parametrize(
    ("overlap", "dice", "jaccard"),
    [
        (Overlap(4, 4, 4), 1, 1),
        (Overlap(4, 4, 2), 0.5, 1 / 3),
        (Overlap(3, 5, 0), 0, 0),
        (Overlap(0, 5, 0), 0, 0),
        (Overlap(5, 0, 0), 0, 0),
    ],
)
def test_dice_and_jaccard_by_hand(overlap: Overlap, dice: float, jaccard: float) -> None:
    assert (overlap.dice, overlap.jaccard) == (dice, jaccard)


def test_both_empty_is_no_number_reported_apart_and_left_out_of_the_mean() -> None:
    cases = [
        MaskCase("a", (Overlap(4, 4, 2),), 100),
        MaskCase("b", (Overlap(0, 0, 0),), 100),
        MaskCase("c", (Overlap(2, 2, 2),), 100),
    ]
    assert math.isnan(cases[1].overlaps[0].dice) and math.isnan(cases[1].overlaps[0].jaccard)
    report = evaluate_masks(cases, ["Tumor"], Resampling(50))
    mean = report.score("dice", "Tumor", "mean over cases")
    assert (mean.value, mean.count) == (0.75, 2)
    together = report.score("dice", "Tumor", "of the pixels of all")
    assert (together.value, together.count) == (8 / 12, 3)
    assert report.score("cases_left_out", "Tumor").value == 1
    assert "In 1 of 3 cases nothing is there and nothing is predicted." in report.notes
    assert report.tables[0].rows[1][2:4] == (None, None)
    assert [it.case for it in report.worst] == ["a"]
    only = evaluate_masks([cases[1]], ["Tumor"], Resampling(50))
    assert only.score("dice", "Tumor").value is None


def test_areas_stand_in_um2_beside_pixels() -> None:
    cases = [MaskCase("a", (Overlap(4, 8, 2),), 100, 0.25), MaskCase("b", (Overlap(1, 1, 1),), 9)]
    (table,) = evaluate_masks(cases, ["Tumor"]).tables
    assert table.columns[-4:] == ("predicted px", "true px", "predicted µm²", "true µm²")
    assert [row[-4:] for row in table.rows] == [(4, 8, 1.0, 2.0), (1, 1, None, None)]


@settings(max_examples=40)
@given(st.integers(0, 10_000))
def test_masks_of_classes_are_measured_as_scikit_learn_does(seed: int) -> None:
    said, true = drawn(seed, 3), drawn(seed + 1, 3)
    # Labels 1 and 3 are classes, 2 is none.
    classes = {1: 1, 3: 2}
    case = case_of("a", pairs_of(said, true), classes, classes, 2, 0.5)
    turned = case_of("a", pairs_of(true, said), classes, classes, 2, 0.5)
    for index, label in enumerate((1, 3)):
        flat = (true == label).ravel(), (said == label).ravel()
        assert case.overlaps[index].dice == pytest.approx(f1_score(*flat))
        assert case.overlaps[index].jaccard == pytest.approx(jaccard_score(*flat))
        assert turned.overlaps[index].dice == case.overlaps[index].dice
        assert 0 <= case.overlaps[index].jaccard <= case.overlaps[index].dice <= 1
    assert case.confusion is not None and turned.confusion is not None
    assert np.array_equal(np.transpose(turned.confusion), case.confusion)
    assert np.sum(case.confusion) == case.pixels == said.size


# Nuclei


def row(*labels: int) -> NDArray[np.uint8]:
    return np.array([labels], np.uint8)


def test_the_score_of_nuclei_by_hand() -> None:
    """Three true nuclei of 4, 4 and 2 pixels.

    The first is found whole (IoU 1), the second by 3 of its 4 (IoU .75), the third not; one more is
    found where there is none. So up to .70 two match: 2/(2+1+1); from .75 on one: 1/(1+2+2).
    """
    true = row(1, 1, 1, 1, 0, 2, 2, 2, 2, 0, 3, 3, 0, 0, 0)
    said = row(7, 7, 7, 7, 0, 5, 5, 5, 0, 0, 0, 0, 0, 9, 9)
    case = nuclei_case("a", pairs_of(said, true))
    assert (case.predicted, case.true) == (3, 3)
    assert case.matches == (2, 2, 2, 2, 2, 1, 1, 1, 1, 1)
    assert case.score == pytest.approx((5 * 2 / 4 + 5 * 1 / 5) / 10)
    assert case.mean_iou == pytest.approx((1 + 0.75) / 2)
    report = evaluate_nuclei([case], Resampling(0))
    assert report.score("mean_average_precision").value == pytest.approx(0.35)
    assert report.score("average_precision_50").value == pytest.approx(0.5)
    assert report.score("average_precision_75").value == pytest.approx(0.2)
    assert report.score("f1").value == pytest.approx(4 / 6)
    assert report.score("dice").value == pytest.approx(14 / 19)


def test_two_halves_of_a_nucleus_are_no_match() -> None:
    """Both have an IoU of just .5 with it, and matches are one to one: it takes more."""
    case = nuclei_case("a", pairs_of(row(1, 1, 2, 2), row(1, 1, 1, 1)))
    assert case.matches == (0,) * 10


@pytest.mark.parametrize(("said", "score"), [((0, 0), 1.0), ((1, 0), 0.0)])
def test_a_picture_without_nuclei(said: tuple[int, int], score: float) -> None:
    empty = nuclei_case("a", pairs_of(row(*said), row(0, 0)))
    assert empty.score == score
    report = evaluate_nuclei([empty, nuclei_case("b", pairs_of(row(1, 1), row(1, 1)))])
    assert report.score("mean_average_precision").value == (score + 1) / 2
    assert any("1 of 2 pictures have no nuclei" in note for note in report.notes)
    missed = nuclei_case("c", pairs_of(row(0, 0), row(1, 1)))
    assert missed.score == 0


def test_a_share_that_is_just_the_threshold_does_not_count() -> None:
    """11 of 20 pixels are .55 exactly, whatever floating point makes of it."""
    true = row(*[1] * 20)
    said = row(*[1] * 11, *[0] * 9)
    assert THRESHOLDS_IN_20[1] == 11
    assert nuclei_case("a", pairs_of(said, true)).matches[:3] == (1, 0, 0)


@settings(max_examples=40)
@given(st.integers(0, 10_000))
def test_the_score_of_nuclei_is_a_share_and_the_same_from_both_sides(seed: int) -> None:
    rng = np.random.default_rng(seed)
    true = np.repeat(rng.integers(0, 6, 40), 5)[None]
    said = np.where(rng.random(true.shape) < 0.3, rng.integers(0, 6, true.shape), true)
    case, turned = (nuclei_case("a", pairs_of(*it)) for it in ((said, true), (true, said)))
    assert case.matches == turned.matches and case.score == turned.score
    assert list(case.matches) == sorted(case.matches, reverse=True)
    assert 0 <= case.score <= 1
    assert nuclei_case("a", pairs_of(true, true)).score == 1
    names = rng.permutation(6)
    names = np.concatenate([[0], 1 + np.argsort(names[1:])])  # other numbers, the same nuclei
    assert nuclei_case("a", pairs_of(names[said], true)).matches == case.matches
    # Beside the rule written out: each pair's IoU, matched one to one by being above .5.
    for place, twentieth in enumerate(THRESHOLDS_IN_20):
        found = 0
        for number in set(true.ravel().tolist()) - {0}:
            for other in set(said.ravel().tolist()) - {0}:
                a, b = true == number, said == other
                found += bool(20 * (a & b).sum() > twentieth * (a | b).sum())
        assert case.matches[place] == found


# Two annotators


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.sampled_from(["none", "quadratic"]))
def test_kappa_is_that_of_scikit_learn(seed: int, weights: str) -> None:
    rng = np.random.default_rng(seed)
    first, second = rng.integers(0, 4, 30), rng.integers(0, 4, 30)
    matrix = np.zeros((4, 4), np.int64)
    np.add.at(matrix, (first, second), 1)
    expected = cohen_kappa_score(
        first, second, labels=range(4), weights=None if weights == "none" else weights
    )
    found = kappa(matrix, weights)  # type: ignore[arg-type]
    assert found == pytest.approx(expected, abs=1e-12)
    assert kappa(matrix.T, weights) == pytest.approx(found, abs=1e-12)  # type: ignore[arg-type]
    assert kappa(np.diag([3, 0, 2, 5])) == 1


def test_kappa_by_hand() -> None:
    """Of 50, 20 + 15 agree; by chance .5 · .6 + .5 · .4 = .5 would: (.7 - .5) / (1 - .5)."""
    assert kappa(np.array([[20, 5], [10, 15]])) == pytest.approx(0.4)
    assert kappa(np.array([[7, 0], [0, 0]])) is None
    assert kappa(np.zeros((2, 2), np.int64)) is None


def test_agreement_of_two_annotators() -> None:
    first, second = row(0, 1, 1, 1, 2, 2), row(0, 0, 1, 1, 2, 1)
    numbers = {1: 1, 2: 2}
    case = case_of("a", pairs_of(second, first), numbers, numbers, 2, 4.0)
    report = evaluate_agreement([case], ["Tumor", "Stroma"])
    expected = cohen_kappa_score(first[0], second[0])
    assert report.score("kappa").value == pytest.approx(expected)
    assert report.score("dice", "Tumor").value == pytest.approx(2 * 2 / (3 + 3))
    assert report.score("dice", "Stroma").value == pytest.approx(2 * 1 / (2 + 1))
    assert report.confusions[0].counts == ((1, 0, 0), (1, 2, 0), (0, 1, 1))
    assert (report.confusions[0].rows, report.confusions[0].columns) == ("first", "second")
    name, group, dice, *areas = report.tables[0].rows[0]
    assert (name, group, dice) == ("a", "Tumor", 2 * 2 / 6) and areas == [3, 3, 12.0, 12.0]
