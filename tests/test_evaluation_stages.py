"""Slides and patients: Camelyon17's stages by hand, kappa and AUC beside scikit-learn."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score, recall_score, roc_auc_score

from slideviewer.evaluation.bootstrap import Resampling
from slideviewer.evaluation.patients import NODES, STAGES, Patient, evaluate_patients, stage_of
from slideviewer.evaluation.slides import ScoredSlides, evaluate_slides


@pytest.mark.parametrize(
    ("nodes", "stage"),
    [
        ("micro macro macro negative micro", "pN2"),  # the organisers' own example
        ("negative negative negative negative negative", "pN0"),
        ("itc negative negative negative negative", "pN0(i+)"),
        ("itc itc itc itc itc", "pN0(i+)"),
        ("micro negative negative negative negative", "pN1mi"),
        ("micro micro micro micro micro", "pN1mi"),
        ("micro itc itc itc negative", "pN1mi"),
        ("macro negative negative negative negative", "pN1"),
        ("macro macro macro negative negative", "pN1"),
        ("macro micro micro negative negative", "pN1"),
        ("macro itc itc itc itc", "pN1"),  # isolated tumour cells do not count as positive
        ("macro micro micro itc itc", "pN1"),
        ("macro macro macro macro negative", "pN2"),
        ("macro micro micro micro negative", "pN2"),
        ("macro macro macro macro macro", "pN2"),
        (" ".join(["macro"] * 9), "pN2"),
    ],
)
def test_stages_follow_from_nodes(nodes: str, stage: str) -> None:
    assert stage_of(nodes.split()) == stage
    assert stage_of(nodes.split()[::-1]) == stage


def test_what_has_no_stage() -> None:
    with pytest.raises(ValueError, match="10 positive nodes are more than pN2 has"):
        stage_of(["macro"] * 10)
    with pytest.raises(ValueError, match='"huge" is none of negative, itc, micro, macro'):
        stage_of(["huge"])


def test_every_choice_of_five_nodes_has_a_stage_that_grows_with_its_worst_node() -> None:
    for nodes in product(NODES, repeat=5):
        stage = STAGES.index(stage_of(nodes))
        for number, node in enumerate(nodes):
            if node != "macro":
                worse = [*nodes]
                worse[number] = NODES[NODES.index(node) + 1]
                assert STAGES.index(stage_of(worse)) >= stage


def patients(*stages: str) -> list[Patient]:
    return [Patient(f"patient_{number}", stage, {}) for number, stage in enumerate(stages)]


def test_quadratic_kappa_over_five_stages() -> None:
    true = ["pN0", "pN0", "pN1mi", "pN1", "pN2", "pN0(i+)"]
    said = ["pN0", "pN0(i+)", "pN1mi", "pN2", "pN0", "pN0(i+)"]
    report = evaluate_patients(patients(*said), patients(*true), Resampling(100))
    expected = cohen_kappa_score(true, said, labels=STAGES, weights="quadratic")
    score = report.score("kappa", "stages")
    assert score.value == pytest.approx(expected)
    assert "quadratic" in score.variant
    assert score.value is not None and score.low is not None and score.low <= score.value
    assert report.score("accuracy", "stages").value == pytest.approx(3 / 6)
    assert report.worst[0].words == "pN2, predicted pN0"
    same = evaluate_patients(patients("pN0", "pN0"), patients("pN0", "pN0"))
    assert same.score("kappa", "stages").value is None
    assert "All patients have one stage on both sides, so kappa is not defined." in same.notes


def test_a_stage_farther_off_costs_more() -> None:
    true = patients("pN0", "pN1", "pN2", "pN1mi")
    near, far = (
        evaluate_patients(patients(it, "pN1", "pN2", "pN1mi"), true).score("kappa", "stages").value
        for it in ("pN0(i+)", "pN2")
    )
    assert near is not None and far is not None and 1 > near > far


@settings(max_examples=30)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=1, max_size=12))
def test_slides_are_measured_as_scikit_learn_does(drawn: list[tuple[bool, int]]) -> None:
    truth = np.array([it for it, _ in drawn])
    scores = np.array([it / 5 for _, it in drawn])
    slides = ScoredSlides(tuple(map(str, range(len(drawn)))), scores, truth)
    report = evaluate_slides(slides, 0.6, Resampling(20))
    area = report.score("roc_auc").value
    if truth.all() or not truth.any():
        assert area is None and report.notes
    else:
        assert area == pytest.approx(roc_auc_score(truth, scores), abs=1e-12)
    said = scores >= 0.6
    for name, positive in (("sensitivity", True), ("specificity", False)):
        value = report.score(name).value
        if (truth == positive).any():
            assert value == recall_score(truth, said, pos_label=positive)
        else:
            assert value is None
    assert {it.case for it in report.worst} <= {str(it) for it in np.flatnonzero(said != truth)}


def test_the_worst_slide_has_most_of_the_other_kind_on_its_wrong_side() -> None:
    slides = ScoredSlides(
        ("n1", "n2", "t1", "t2"),
        np.array([0.9, 0.6, 0.1, 0.95]),
        np.array([False, False, True, True]),
    )
    assert [it.case for it in evaluate_slides(slides, 0.5).worst] == ["t1", "n1", "n2"]
