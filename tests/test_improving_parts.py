"""The parts of correcting a model: the head, the fit, what a verdict says, what is near what."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from slideviewer.annotations import Annotation, AnnotationSet, Group, Kind, as_points
from slideviewer.annotations.decisions import Decision, Verdict
from slideviewer.errors import TrainingError
from slideviewer.evaluation.bootstrap import Resampling
from slideviewer.evaluation.tiles import LabelledTiles
from slideviewer.inference.grid import Grid
from slideviewer.models.architectures import build_network
from slideviewer.training.improving.blocks import Places, apart
from slideviewer.training.improving.fitting import Tiles, fit_best, fit_head
from slideviewer.training.improving.head import Head, Weights, put_head, without_head
from slideviewer.training.improving.judging import Units, judge
from slideviewer.training.improving.lessons import Meaning, Source, lessons_on
from slideviewer.training.improving.memory import NO_SLIDE, Memory
from slideviewer.training.improving.options import ImproveOptions
from slideviewer.training.improving.reviewed import ReviewedSlide, locked_away
from slideviewer.training.improving.survey import SurveyedSlide
from slideviewer.training.improving.survey import _with_target as with_target
from slideviewer.training.slide_list import MarkedSlide

SEEDS = st.integers(0, 2**32 - 1)
GRID = Grid(0, 0, 10, 8, 6)
TISSUE = np.ones((6, 8), bool)
MEANING = Meaning({"Tumor": 2}, 1, 0)


@pytest.mark.parametrize(
    ("architecture", "config"),
    [
        ("tile-small", {"stem": 4, "widths": [8], "depths": [1]}),
        ("tile-fcn", {"widths": [4, 8]}),
    ],
)
def test_features_and_head_answer_as_the_whole_network(
    architecture: str, config: dict[str, object]
) -> None:
    network = build_network(architecture, config, patch_size_pixels=32, num_classes=3)
    arrays = {it.path: np.asarray(it.numpy(), np.float32) for it in network.weights}
    layer = "map" if architecture == "tile-fcn" else "probabilities"
    weights = Weights(arrays, layer)
    tiles = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), np.uint8)
    features = np.asarray(without_head(network).predict_on_batch(tiles))
    found = weights.head.answers(features)
    np.testing.assert_allclose(found, network.predict_on_batch(tiles), atol=1e-5)
    other = Head(weights.head.kernel * -1, weights.head.bias + np.float32(0.5))
    put_head(network, weights, other)
    np.testing.assert_allclose(other.answers(features), network.predict_on_batch(tiles), atol=1e-5)
    changed = weights.with_head(other)
    assert Weights(changed, layer).base_hash == weights.base_hash
    assert {it for it in arrays if changed[it] is not arrays[it]} == {
        f"{layer}/kernel",
        f"{layer}/bias",
    }


def made(seed: int, count: int = 60, features: int = 4) -> tuple[Head, Tiles]:
    """A head, and tiles that follow another one."""
    rng = np.random.default_rng(seed)
    embeddings = rng.normal(2, 3, (count, features)).astype(np.float32)
    rule = rng.normal(size=(features, 2))
    labels = np.asarray((embeddings - 2) @ rule @ (-1, 1) > 0, np.int64)
    labels[:2] = 0, 1
    parent = Head(
        rng.normal(size=(features, 2)).astype(np.float32), rng.normal(size=2).astype(np.float32)
    )
    groups = rng.integers(0, 6, count)
    return parent, Tiles(embeddings, labels, rng.random(count) < 0.4, groups)


@given(SEEDS)
@hypothesis_settings(max_examples=8)
def test_a_head_stays_with_its_parent_where_leaving_costs_and_follows_the_tiles_where_not(
    seed: int,
) -> None:
    parent, tiles = made(seed)

    def loss(head: Head) -> float:
        chosen = head.answers(tiles.embeddings)[np.arange(len(tiles)), tiles.labels]
        return -float((tiles.weights * np.log(np.maximum(chosen, 1e-7))).sum())

    tied, free = fit_head(parent, tiles, 1e6), fit_head(parent, tiles, 1e-3)
    np.testing.assert_allclose(
        tied.answers(tiles.embeddings), parent.answers(tiles.embeddings), atol=1e-3
    )
    assert loss(free) <= loss(parent) + 1e-6
    again = fit_best(parent, tiles)
    assert np.array_equal(again.head.kernel, fit_best(parent, tiles).head.kernel)


@given(SEEDS)
def test_classes_weigh_alike_and_so_do_review_and_replay_in_each(seed: int) -> None:
    _, tiles = made(seed)
    weights = tiles.weights
    assert weights.sum() == pytest.approx(1)
    for label in (0, 1):
        of_class = tiles.labels == label
        assert weights[of_class].sum() == pytest.approx(0.5)
        sides = [weights[of_class & (tiles.is_replay == it)].sum() for it in (False, True)]
        assert min(sides) == pytest.approx(0) or sides[0] == pytest.approx(sides[1])


def decided(kind: str, verdict: Verdict, *cells: int, at: str = "1", group: str | None = None):  # type: ignore[no-untyped-def]
    """A verdict on a box of cells: first column and row, and those behind the last."""
    left, top, right, bottom = (10.0 * it for it in cells)
    return Decision(kind, verdict, np.array([[left, top, right, bottom]]), group, at=at)


def marked(*decisions: Decision) -> AnnotationSet:
    """Two by two marked cells at the top left, and verdicts."""
    corners = as_points([(0, 0), (20, 0), (20, 20), (0, 20)])
    drawn = Annotation("N", Kind.POLYGON, corners, "Tumor")
    whole = AnnotationSet.of([drawn], [Group("Tumor")])
    return whole.with_decisions({it.id: it for it in decisions})


@pytest.mark.parametrize(
    ("kind", "verdict", "cells", "label", "source"),
    [
        ("predicted", Verdict.REJECTED, (4, 4, 6, 6), 0, Source.REJECTED),
        ("predicted", Verdict.ACCEPTED, (0, 0, 2, 2), 1, Source.ACCEPTED),
        ("predicted", Verdict.ACCEPTED, (4, 4, 6, 6), -2, 0),  # its markup is gone
        ("predicted", Verdict.DEFERRED, (4, 4, 6, 6), -2, 0),
        ("marked", Verdict.REJECTED, (0, 0, 2, 2), 1, Source.REJECTED),
        ("marked", Verdict.ACCEPTED, (4, 4, 6, 6), 0, Source.ACCEPTED),
        ("beyond_markup", Verdict.REJECTED, (4, 0, 6, 2), 0, Source.REJECTED),
        ("beyond_prediction", Verdict.REJECTED, (0, 0, 2, 2), 1, Source.REJECTED),
        ("uncertain", Verdict.REJECTED, (4, 4, 6, 6), 0, Source.REJECTED),
        ("predicted", Verdict.RELABELLED, (4, 4, 6, 6), -2, 0),
        ("of a later version", Verdict.REJECTED, (4, 4, 6, 6), -1, 0),
    ],
)
def test_what_each_verdict_says(
    kind: str, verdict: Verdict, cells: tuple[int, ...], label: int, source: int
) -> None:
    lessons = lessons_on(GRID, TISSUE, marked(decided(kind, verdict, *cells)), MEANING)
    left, top, right, bottom = cells
    assert (lessons.labels[top:bottom, left:right] == label).all()
    assert (lessons.sources[top:bottom, left:right] == source).all()
    assert lessons.labels[5, 7] == -1  # nobody spoke of it
    assert lessons.contradictions == (4 if (label, verdict) == (-2, Verdict.ACCEPTED) else 0)


def test_the_later_verdict_counts_and_glass_teaches_nothing() -> None:
    first = decided("predicted", Verdict.DEFERRED, 4, 4, 6, 6, at="1")
    later = decided("predicted", Verdict.REJECTED, 5, 4, 7, 6, at="2")
    tissue = TISSUE.copy()
    tissue[5] = False
    lessons = lessons_on(GRID, tissue, marked(later, first), MEANING)
    assert lessons.labels[4, 4:8].tolist() == [-2, 0, 0, -1]
    assert (lessons.labels[5] == -1).all()
    counts = lessons.counts(2)
    assert counts.tolist() == [[0, 4], [0, 0], [2, 0]]
    everything = lessons_on(GRID, TISSUE, marked(), MEANING, is_normal=True)
    assert everything.counts(2)[0].tolist() == [44, 4]


@given(SEEDS, st.integers(1, 3))
def test_what_is_held_out_touches_nothing_that_is_learnt_from(seed: int, slides: int) -> None:
    rng = np.random.default_rng(seed)
    rows, columns = np.nonzero(rng.random((30, 30)) < 0.5)
    places = Places(rng.integers(0, slides, len(rows)), columns, rows)
    labels = (columns > rng.integers(5, 25)).astype(np.int64)
    labels[:2] = 0, 1
    try:
        found = apart(places, labels, 0.25)
    except TrainingError:
        return
    learnt = ~places.near(found.squares, found.side)
    assert set(labels[learnt]) == set(labels[found.held_out]) == set(labels)
    for slide in range(slides):
        own = places.slides == slide
        inside, outside = (
            np.stack([columns, rows], 1)[own & it] for it in (found.held_out, learnt)
        )
        if len(inside) and len(outside):
            steps = np.abs(inside[:, None] - outside[None]).max(axis=2)
            assert steps.min() > 1


@given(st.integers(0, 30), st.integers(0, 3), SEEDS)
def test_what_a_package_remembers_is_what_was_put_in(count: int, slides: int, seed: int) -> None:
    from slideviewer.models.arrays import unpack_arrays

    rng = np.random.default_rng(seed)
    names = tuple(rng.bytes(32).hex() for _ in range(slides))
    of_slide = rng.integers(-1, slides, count)
    of_slide[of_slide < 0] = NO_SLIDE
    labels = rng.integers(0, 3, count)
    memory = Memory(rng.normal(size=(count, 5)).astype(np.float32), labels, of_slide, names)
    arrays = unpack_arrays(memory.packed())
    assert (np.asarray(arrays["of_slide"], np.int64) @ (256, 1)).tolist() == of_slide.tolist()
    assert tuple(row.tobytes().hex() for row in arrays["slides"]) == names
    other = Memory.of(memory.embeddings[:1], memory.labels[:1])
    both = other.joined(memory)
    assert both.slides == names and both.of_slide[len(other) :].tolist() == of_slide.tolist()
    left = both.without(names)
    assert len(left) == len(other) + int((of_slide == NO_SLIDE).sum())


def tiles_of(probabilities: np.ndarray, labels: np.ndarray, slides: np.ndarray) -> LabelledTiles:
    both = np.stack([1 - probabilities, probabilities], axis=1).astype(np.float32)
    names = tuple(f"s{at}" for at in range(int(slides.max()) + 1))
    return LabelledTiles(both, labels, ("Normal", "Tumor"), 1, slides, names)


@given(SEEDS)
@hypothesis_settings(max_examples=6)
def test_a_model_compared_with_itself_is_not_worse_and_a_turned_one_is(seed: int) -> None:
    rng = np.random.default_rng(seed)
    slides = np.repeat(np.arange(6), 30)
    labels = rng.integers(0, 2, len(slides))
    chances = np.clip(labels * 0.6 + rng.normal(0.2, 0.15, len(slides)), 0, 1)
    same = tiles_of(chances, labels, slides)
    turned = tiles_of(1 - chances, labels, slides)
    units, few = Units(slides, 6, "slide"), Resampling(50)
    thresholds = (0.5, 0.5)
    kept = judge(same, same, thresholds, units, "tiles", resampling=few)
    assert not kept.is_worse and all(it.by == 0 for it in kept.changes)
    worse = judge(same, turned, thresholds, units, "tiles", resampling=few)
    assert {it.name for it in worse.falls} == {"roc_auc", "balanced_accuracy"}
    assert "is not used" in worse.words
    better = judge(turned, same, thresholds, units, "tiles", resampling=few)
    assert not better.is_worse and "better beyond chance" in better.words
    assert better.false_positives == worse.false_positives[::-1]


def test_a_class_that_is_not_there_decides_nothing() -> None:
    slides = np.repeat(np.arange(2), 5)
    labels = np.zeros(10, np.int64)
    chances = np.linspace(0, 1, 10)
    before = tiles_of(chances, labels, slides)
    after = replace(before, probabilities=before.probabilities[::-1])
    found = judge(
        before, after, (0.5, 0.5), Units(slides, 2, "slide"), "", resampling=Resampling(9)
    )
    assert found.changes[0].by is None and not found.changes[0].is_fall


def test_a_model_that_finds_nothing_any_more_is_not_called_better_where_there_is_nothing() -> None:
    slides = np.repeat(np.arange(3), 100)
    labels = np.zeros(300, np.int64)
    before = tiles_of(np.random.default_rng(0).uniform(0, 0.6, 300), labels, slides)
    after = tiles_of(np.zeros(300), labels, slides)
    units = Units(slides, 3, "slide")
    found = judge(before, after, (0.5, 0.5), units, "", resampling=Resampling(50))
    assert found.changes[1].low is not None and found.changes[1].low > 0
    assert not found.is_worse and not found.is_judged
    assert found.words.startswith("Cannot be judged: ") and "ROC AUC" in found.words
    assert "better" not in found.words and "not worse" not in found.words
    told = found.as_json()
    assert told["is_judged"] is False and told["words"] == found.words


def reviewed_files(folder: Path, count: int, *patients: str) -> list[ReviewedSlide]:
    """Slides, the lowest hash first."""
    found = []
    for number in range(count):
        path = folder / f"{number}.tif"
        path.write_bytes(bytes([number]))
        found.append(
            ReviewedSlide(MarkedSlide(path, None, patients[number] if patients else path.stem))
        )
    return sorted(found, key=lambda it: it.hash)


@given(st.lists(st.sampled_from("abc"), min_size=2, max_size=6), st.floats(0.05, 0.95))
@hypothesis_settings(max_examples=25)
def test_slides_of_one_patient_stand_on_one_side(
    tmp_path_factory: pytest.TempPathFactory, patients: list[str], share: float
) -> None:
    folder = tmp_path_factory.mktemp("slides")
    slides = reviewed_files(folder, len(patients), *patients)
    options = ImproveOptions("", folder, folder / "out", hold_out_share=share)
    locked = locked_away(slides, options, frozenset())
    sides = [{it.slide.origin for it in part} for part in (locked.training, locked.held_out)]
    assert not sides[0] & sides[1] and sides[0]
    assert bool(sides[1]) == (len(set(patients)) > 1)
    learnt = frozenset({slides[0].hash})
    later = locked_away(slides, options, learnt)
    assert slides[0].slide.origin not in {it.slide.origin for it in later.held_out}
    name = slides[0].name
    if patients.count(slides[0].slide.origin) > 1:
        with pytest.raises(TrainingError, match="of the same patient"):
            locked_away(slides, replace(options, hold_out=(name,)), frozenset())
    elif len(set(patients)) > 1:
        chosen = locked_away(slides, replace(options, hold_out=(name,)), frozenset())
        assert [it.name for it in chosen.held_out] == [name]


def surveyed(name: str, target: int, rest: int = 5, **facts: bool) -> SurveyedSlide:
    counts = np.zeros((3, 2), np.int64)
    counts[0] = rest, target
    return SurveyedSlide(name, counts, **facts)


@pytest.mark.parametrize(
    ("slides", "proposed"),
    [
        ([surveyed("a", 3), surveyed("b", 0, is_held_out=True), surveyed("c", 2)], {"b", "c"}),
        ([surveyed("a", 3), surveyed("b", 0, is_held_out=True)], set()),
        ([surveyed("a", 3), surveyed("b", 1, is_held_out=True)], {"b"}),
        ([surveyed("a", 0), surveyed("b", 0, is_held_out=True)], {"b"}),
        ([surveyed("a", 3, was_learnt=True), surveyed("b", 0, is_held_out=True)], {"b"}),
        ([surveyed("a", 3), surveyed("b", 0, 0, is_held_out=True)], set()),
        ([surveyed("a", 3), surveyed("b", 0, 0, is_held_out=True), surveyed("c", 2)], {"c"}),
        ([surveyed("a", 3)], set()),
    ],
)
def test_a_slide_with_the_target_is_proposed_to_be_held_out(
    slides: list[SurveyedSlide], proposed: set[str], tmp_path: Path
) -> None:
    files = reviewed_files(tmp_path, len(slides))[::-1]
    found = with_target(tuple(slides), files, 1)
    assert {it.name for it in found if it.is_held_out} == proposed


SHOWING = st.lists(
    st.tuples(st.sampled_from("pqr"), st.integers(0, 1), st.integers(0, 1), st.booleans()),
    min_size=2,
    max_size=6,
)


@given(SHOWING, st.sampled_from("pqr"))
@hypothesis_settings(max_examples=60)
def test_what_is_proposed_can_be_done_and_leaves_the_target_to_learn(
    tmp_path_factory: pytest.TempPathFactory,
    facts: list[tuple[str, int, int, bool]],
    held_out: str,
) -> None:
    files = reviewed_files(tmp_path_factory.mktemp("slides"), len(facts), *(it[0] for it in facts))
    known = {patient for patient, *_, was_learnt in facts if was_learnt}
    slides = []
    for file in files:  # in the order of their hashes
        patient, target, rest, was_learnt = facts[int(file.name)]
        is_out = patient == held_out and held_out not in known
        slides.append(surveyed(file.name, target, rest, is_held_out=is_out, was_learnt=was_learnt))
    found = with_target(tuple(slides), files, 1)
    patients = {it.name: it.slide.origin for it in files}
    out = {patients[it.name] for it in found if it.is_held_out}
    used = {patients[it.name] for it in found if it.counts.any() and not it.is_held_out}
    assert not out & used, "a patient's slides stand on one side"
    assert not out & known
    shown = {patients[it.name] for it in slides if it.counts[:, 1].any()}
    if shown - known:
        assert shown - out, "some of the target is left to learn from"
        assert not out or shown & out, "what is held out shows the target, too"
