"""Accepting a finding: the markup then says what the model does, and the finding is gone."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st

from slideviewer.annotations import Annotation, AnnotationSet, Group, Kind, as_points, as_polygon
from slideviewer.annotations.masks import HoleStyle
from slideviewer.annotations.operations.results import parts_of, result_of
from slideviewer.annotations.origin import How
from slideviewer.evaluation.findings.accepting import accepted
from slideviewer.evaluation.findings.accepting_many import accepted_together
from slideviewer.evaluation.findings.finding_regions import FindingRules, find_regions
from slideviewer.evaluation.findings.findings import FindingKind
from slideviewer.evaluation.findings.opinions import Opinions
from slideviewer.inference.grid import Grid
from slideviewer.inference.prediction import Prediction

CELL, SIDE = 64.0, 16
RULES = FindingRules(0.5, gap_cells=0)
TUMOUR = Group("Tumor")


def predicted(*boxes: tuple[int, int, int, int]) -> Prediction:
    scores = np.full((SIDE, SIDE, 1), 0.1, np.float32)
    for left, top, right, bottom in boxes:
        scores[top:bottom, left:right] = 0.9
    return Prediction(Grid(0, 0, CELL, SIDE, SIDE), ("Tumor",), scores, 0, 0.5)


def marked(*boxes: tuple[float, float, float, float]) -> AnnotationSet:
    shapes = [
        Annotation(
            f"A{number}",
            Kind.POLYGON,
            as_points(CELL * np.array([(x, y), (right, y), (right, bottom), (x, bottom)])),
            "Tumor",
            id=f"a{number}",
        )
        for number, (x, y, right, bottom) in enumerate(boxes)
    ]
    return AnnotationSet.of(shapes, [TUMOUR])


def after(markup: AnnotationSet, prediction: Prediction, index: int) -> AnnotationSet:
    """The markup in which a finding is accepted."""
    opinions = Opinions.of_prediction(prediction, markup)
    found = find_regions(opinions, RULES)
    for change in accepted(found, index, opinions, 0.5, markup, "Tumor"):
        made = result_of(parts_of(change.area), change.annotation, markup, HoleStyle.CUT)
        changes = {change.annotation.id: None, **{it.id: it for it in made.shapes}}
        markup = markup.with_changes(changes)
    return markup


def area(markup: AnnotationSet) -> float:
    """In cells."""
    return float(shapely.union_all([as_polygon(it) for it in markup]).area / CELL**2)


def test_a_missed_nest_becomes_an_annotation() -> None:
    markup = after(marked((1, 1, 4, 4)), predicted((1, 1, 4, 4), (8, 8, 12, 13)), 0)
    assert [it.group for it in markup] == ["Tumor", "Tumor"]
    new = list(markup)[1]
    assert as_polygon(new).area == pytest.approx(20 * CELL**2, rel=0.05)
    assert new.name == "Annotation 0"


def test_an_outline_grows_by_what_the_model_sees_beyond_it() -> None:
    markup = after(marked((1, 1, 4.3, 6)), predicted((1, 1, 9, 6)), 0)
    assert [it.id for it in markup] == ["a0"]
    assert area(markup) == pytest.approx(40, rel=0.03)


def test_an_outline_drawn_too_large_is_cut_to_what_the_model_sees() -> None:
    before = marked((1, 1, 9, 6), (11, 1, 14, 4))
    markup = after(before, predicted((1, 1, 5, 6), (11, 1, 14, 4)), 0)
    assert [it.id for it in markup] == ["a0", "a1"]
    assert area(markup) == pytest.approx(20 + 9, rel=0.03)
    assert markup["a1"] is before["a1"]


def test_a_lesion_that_the_model_does_not_see_goes() -> None:
    markup = after(marked((1.3, 1.2, 4.4, 4.1), (8, 8, 12, 12)), predicted((8, 8, 12, 12)), 0)
    assert [it.id for it in markup] == ["a1"]


def test_other_groups_are_left_alone() -> None:
    shapes = list(marked((1, 1, 9, 6), (1, 1, 9, 6)))
    other = Annotation("Fat", Kind.POLYGON, shapes[1].points, "Fat", id="fat")
    markup = AnnotationSet.of([shapes[0], other], [TUMOUR, Group("Fat")])
    opinions = Opinions.of_prediction(predicted((1, 1, 5, 6)), markup, ["Tumor"])
    found = find_regions(opinions, RULES)
    changes = accepted(found, 0, opinions, 0.5, markup, "Tumor", ["Tumor"])
    assert [it.annotation.id for it in changes] == ["a0"]


boxes = st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(2, 7), st.integers(2, 7))


@st.composite
def cases(draw: st.DrawFn) -> tuple[AnnotationSet, Prediction]:
    offset = st.floats(-0.3, 0.3)
    seen = [
        (x, y, min(SIDE, x + w), min(SIDE, y + h))
        for x, y, w, h in draw(st.lists(boxes, max_size=3))
    ]
    drawn = [
        (x + draw(offset), y + draw(offset), x + w + draw(offset), y + h + draw(offset))
        for x, y, w, h in draw(st.lists(boxes, max_size=3))
    ]
    return marked(*drawn), predicted(*seen)


@settings(deadline=None, max_examples=150)
@given(cases())
@example((marked((0, 0, 2, 4)), predicted((3, 0, 5, 3), (0, 3, 3, 5))))
def test_what_was_accepted_is_not_found_again(case: tuple[AnnotationSet, Prediction]) -> None:
    """All findings accepted one after the other: the markup then says what the model does."""
    markup, prediction = case
    for _ in range(40):
        opinions = Opinions.of_prediction(prediction, markup)
        found = find_regions(opinions, RULES)
        if not len(found):
            break
        size = int(found.cells.sum())
        markup = after(markup, prediction, 0)
        now = find_regions(Opinions.of_prediction(prediction, markup), RULES)
        assert int(now.cells.sum()) < size
    assert not len(found)
    assert all(it.kind in FindingKind for it in found)


@settings(deadline=None, max_examples=60)
@given(cases())
def test_all_together_become_what_they_become_one_by_one(
    case: tuple[AnnotationSet, Prediction],
) -> None:
    markup, prediction = case
    opinions = Opinions.of_prediction(prediction, markup)
    found = find_regions(opinions, RULES)
    made = accepted_together(found, range(len(found)), opinions, 0.5, markup, "Tumor")
    now = markup.with_changes(made.changes)
    left = find_regions(Opinions.of_prediction(prediction, now), RULES)
    assert int(left.cells.sum()) <= int(found.cells.sum()) / 4
    assert {it.group for it in now} <= {"Tumor"}
    assert all(key in now.annotations or key in markup.annotations for key in made.changes)


def hollow() -> AnnotationSet:
    """A lesion with a hole in it, as a group of holes says it."""
    lesion, hole = marked((1, 1, 9, 9), (3, 3, 7, 7))
    left_out = Annotation("hole", Kind.POLYGON, hole.points, "Tumor (hole)", id="hole")
    return AnnotationSet.of([lesion, left_out], [TUMOUR, Group("Tumor (hole)", "Tumor")])


def test_what_is_predicted_in_a_hole_is_taken_from_the_hole() -> None:
    before = hollow()
    markup = after(before, predicted((1, 1, 9, 5), (1, 1, 3, 9), (7, 1, 9, 9), (1, 7, 9, 9)), 0)
    assert markup["a0"] is before["a0"]
    assert as_polygon(markup["hole"]).area / CELL**2 == pytest.approx(8, rel=0.05)


def test_a_lesion_goes_with_its_hole() -> None:
    markup = after(hollow(), predicted((11, 11, 14, 14)), 1)
    assert not len(markup)


def test_of_what_holds_more_than_the_lesion_the_rest_stays() -> None:
    """The model looked at a part of the slide only: beyond it, it says nothing."""
    prediction = predicted()
    scores = prediction.probabilities.copy()
    scores[:, 8:] = np.nan
    seen = Prediction(prediction.grid, ("Tumor",), scores, 0, 0.5)
    markup = after(marked((1, 1, 12, 5)), seen, 0)
    assert [it.id for it in markup] == ["a0"]
    assert area(markup) == pytest.approx(16, rel=0.03)


def test_many_new_ones_have_names_of_their_own() -> None:
    boxes = [(x, y, x + 2, y + 2) for x in (0, 4, 8) for y in (0, 4, 8)]
    markup, prediction = marked((12, 12, 15, 15)), predicted(*boxes)
    opinions = Opinions.of_prediction(prediction, markup)
    found = find_regions(opinions, RULES)
    made = accepted_together(found, range(len(found)), opinions, 0.5, markup, "Tumor")
    now = markup.with_changes(made.changes)
    assert sorted(it.name for it in now) == [f"Annotation {it}" for it in range(9)]


def test_what_meets_the_markup_in_a_corner_alone_is_new_and_has_a_name_of_its_own() -> None:
    """Beside another new one: neither was drawn by hand, and no two have one name."""
    markup = marked((0, 0, 2, 4))
    opinions = Opinions.of_prediction(
        predicted((3, 0, 5, 3), (0, 3, 3, 5), (9, 9, 12, 12), (9, 1, 12, 4)), markup
    )
    found = find_regions(opinions, RULES)
    for order in itertools.permutations(range(3)):  # the other two are cut from the markup
        said = [f"d{index}" for index in order]
        made = accepted_together(found, order, opinions, 0.5, markup, "Tumor", decided=said)
        new = [it for it in markup.with_changes(made.changes) if it.id not in markup.annotations]
        assert [it.name for it in new] == ["Annotation 0", "Annotation 1", "Annotation 2"]
        assert {it.origin and it.origin.how for it in new} == {How.PREDICTED}


def test_no_name_is_looked_for_where_nothing_becomes_new(monkeypatch: pytest.MonkeyPatch) -> None:
    """To look for one takes long where there are many annotations."""
    markup = marked((1, 1, 9, 6), (11, 1, 14, 4))
    opinions = Opinions.of_prediction(predicted((1, 1, 5, 6), (11, 1, 15, 4)), markup)
    found = find_regions(opinions, RULES)
    monkeypatch.setattr(AnnotationSet, "next_name", lambda _: pytest.fail("a name"))
    for index in range(len(found)):
        assert len(accepted(found, index, opinions, 0.5, markup, "Tumor")) == 1
