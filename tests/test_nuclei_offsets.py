"""Nuclei by the offsets of their pixels: kept, turned, learnt, and voted with."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from marked_fixtures import drawn
from mask_fixtures import Brightness, assert_alike_far_from_the_cut, write_picture
from scipy import ndimage
from tiny_model import write_tiny_segmentation

from slideviewer.errors import ModelError, TrainingError
from slideviewer.inference.ensemble import Ensemble
from slideviewer.inference.loader import ModelLoader
from slideviewer.inference.nuclei.block import BLOCK_PX
from slideviewer.inference.nuclei.finding import instances_by
from slideviewer.inference.nuclei.instances import Labels
from slideviewer.inference.nuclei.nuclei import Nuclei, measured
from slideviewer.inference.nuclei.offsets import (
    LEVELS,
    REACH_PX,
    UNKNOWN,
    as_levels,
    as_pixels,
    moved,
)
from slideviewer.inference.nuclei.predict import predict_nuclei, rules_for
from slideviewer.inference.nuclei.store import Rules
from slideviewer.inference.nuclei.votes import instances_voted
from slideviewer.inference.options import Options
from slideviewer.inference.team import Team
from slideviewer.models.network import Way
from slideviewer.models.spec import ModelSpec
from slideviewer.models.spec_tasks import OFFSETS
from slideviewer.slide import open_slide
from slideviewer.slide.tissue import TissueMask
from slideviewer.training.nuclei.scores import matches
from slideviewer.training.nuclei.targets import NucleiTargets, nucleus_and_offsets
from slideviewer.training.pair_augmentation import PairAugmentation
from slideviewer.training.segmentation.losses import bce_and_dice, of_masks, with_offsets
from slideviewer.training.segmentation.tiles import as_learnt

STEP_PX = 2 * REACH_PX / LEVELS
FLIPS = PairAugmentation(rotation_degrees=0, scale=0, shift=0)


def discs(size: int, count: int, seed: int) -> Labels:
    """Numbered discs, many of them cut by others that lie on them, or by the end of the picture."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size]
    labels = np.zeros((size, size), np.int32)
    for number in range(1, count + 1):
        radius, (left, top) = rng.uniform(4, 15), rng.uniform(0, size, 2)
        labels[(x - left) ** 2 + (y - top) ** 2 < radius**2] = number
    return labels


def answers_of(labels: Labels) -> np.ndarray:
    """What a network says that has learnt all."""
    return as_learnt(nucleus_and_offsets(labels[..., None]), 1)


class Knowing:
    """Answers for tiles whose red is the number of a nucleus."""

    way, batch_size = Way("Made"), 4

    def predict(self, tiles: np.ndarray) -> np.ndarray:
        return np.stack([answers_of(tile[..., 0].astype(np.int32)) for tile in tiles])


@given(arrays(np.float64, (5, 2), elements=st.floats(-200, 200)))
def test_offsets_are_kept_to_a_quarter_of_a_pixel(ways: np.ndarray) -> None:
    levels = as_levels(ways)
    assert (levels != UNKNOWN).all()
    kept = as_pixels(levels / LEVELS)
    short = np.clip(ways, -REACH_PX + STEP_PX, REACH_PX - STEP_PX)
    np.testing.assert_allclose(kept, short, atol=STEP_PX / 2 + 1e-5)
    np.testing.assert_array_equal(moved(levels, np.eye(2)), levels)


def test_what_is_not_known_stays_so() -> None:
    levels = np.array([[UNKNOWN, 200], [200, UNKNOWN], [200, 128]], np.uint8)
    turned = moved(levels, np.array([[0, 1], [-1, 0]]))
    assert turned.tolist() == [[UNKNOWN] * 2, [UNKNOWN] * 2, [128, 56]]


@given(st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_each_pixel_knows_the_way_to_its_own_middle(seed: int) -> None:
    labels = discs(90, 14, seed)
    targets = nucleus_and_offsets(labels[..., None])
    np.testing.assert_array_equal(targets[..., 0], labels > 0)
    ways = as_pixels(targets[..., 1:] / LEVELS)
    assert (ways[labels == 0] == 0).all()
    rows, columns = np.indices(labels.shape)
    for number in np.unique(labels[labels > 0]):
        own = labels == number
        np.testing.assert_allclose((columns + ways[..., 0])[own], columns[own].mean(), atol=0.26)
        np.testing.assert_allclose((rows + ways[..., 1])[own], rows[own].mean(), atol=0.26)


@given(st.integers(0, 1000), st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_offsets_are_flipped_and_turned_with_their_picture(seed: int, chance: int) -> None:
    labels = discs(64, 12, seed)
    pixels = np.repeat(labels[..., None], 3, axis=2).astype(np.uint8)
    targets = nucleus_and_offsets(labels[..., None])
    pixels, turned = FLIPS.apply(pixels, targets, np.random.default_rng(chance), 1)
    expected = nucleus_and_offsets(pixels[..., :1].astype(np.int32))
    np.testing.assert_array_equal(turned[..., 0], expected[..., 0])
    np.testing.assert_allclose(turned.astype(int), expected.astype(int), atol=1)


@given(st.integers(0, 1000), st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_moved_offsets_of_a_nucleus_meet_and_none_comes_from_beyond(seed: int, chance: int) -> None:
    labels = discs(96, 10, seed)
    numbers = labels[..., None].astype(np.uint8)
    targets = np.concatenate([numbers, nucleus_and_offsets(labels[..., None])[..., 1:]], axis=2)
    strong = PairAugmentation(rotation_degrees=40, scale=0.4, shift=0.2)
    pixels = np.zeros((96, 96, 3), np.uint8)
    _, turned = strong.apply(pixels, targets, np.random.default_rng(chance), 1)
    known = (turned[..., 1:] != UNKNOWN).all(axis=2)
    rng = np.random.default_rng(chance)
    rng.integers(8)
    matrix = strong._matrix(96, 96, rng)
    whole = np.ones((96, 96), np.uint8)
    inside = cv2.warpAffine(whole, matrix, (96, 96), flags=cv2.INTER_NEAREST)
    assert (known != (inside > 0)).mean() < 0.01, "but for the rounding of the end"
    rows, columns = np.indices(known.shape)
    ends = as_pixels(turned[..., 1:] / LEVELS) + np.stack([columns, rows], axis=2)
    for number in np.unique(labels[labels > 0]):
        own = (turned[..., 0] == number) & known
        if own.any():
            assert np.ptp(ends[own], axis=0).max() < 3.5, "the rounding of places and of levels"


def test_tiles_that_are_turned_give_the_same_offsets() -> None:
    tile = np.zeros((1, 64, 64, 3), np.uint8)
    tile[0, ..., 0] = discs(64, 9, 3)
    single = Ensemble([Knowing()], 0, 0.5, "none", offsets=1).answer([tile])
    for turns in ("flips", "all"):
        found = Ensemble([Knowing()], 0, 0.5, turns, offsets=1).answer([tile])
        np.testing.assert_allclose(found.probabilities, single.probabilities, atol=1 / LEVELS)
    careless = Ensemble([Knowing()], 0, 0.5, "all").answer([tile])
    assert np.abs(careless.probabilities - single.probabilities).max() > 0.05


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_votes_part_what_touches(seed: int) -> None:
    labels = drawn(seed)[1].astype(np.int32)
    answers = answers_of(labels)
    found = instances_voted(answers[..., 0], answers[..., 1:], 0.5)
    assert len(found) == 3
    assert matches(labels, found.labels).mean_precision == 1
    for number, (x, y) in enumerate(found.first, start=1):
        middle = np.argwhere(found.labels == number).mean(axis=0)
        assert np.abs(middle - (y, x)).max() < 2


@given(st.integers(0, 10_000), st.tuples(st.integers(60, 200), st.integers(60, 200)))
@settings(max_examples=12, deadline=None)
def test_a_voted_nucleus_depends_on_what_is_near_alone(seed: int, at: tuple[int, int]) -> None:
    rng = np.random.default_rng(seed)
    answers = answers_of(discs(420, 110, seed)) + rng.normal(0, 0.01, (420, 420, 3))
    whole = instances_voted(answers[..., 0], answers[..., 1:], 0.5)
    x, y = at
    cut = answers[y:, x:]
    part = instances_voted(cut[..., 0], cut[..., 1:], 0.5, at=at)
    assert_alike_far_from_the_cut(whole, part, at)


def test_votes_for_nothing_find_nothing() -> None:
    nobody = np.full((9, 12), np.nan)
    for threshold in (0.0, 0.5):
        assert len(instances_voted(nobody, np.full((9, 12, 2), np.nan), threshold)) == 0
    answers = answers_of(discs(64, 3, 1))
    inside, offsets = answers[..., 0], answers[..., 1:]
    assert len(instances_voted(inside, offsets, 0.5)) == 3
    assert len(instances_voted(inside, offsets, 0.5, smallest_px=1000)) == 0
    unseen = np.where(np.arange(64) < 32, np.nan, inside)
    assert not instances_voted(unseen, offsets, 0.5).labels[:, :32].any()


def test_a_nucleus_is_whole_and_what_lies_apart_is_left_out() -> None:
    labels = np.zeros((60, 60), np.int32)
    labels[10:30, 10:30] = 1
    answers = answers_of(labels)
    answers[18:22, 18:22, 0] = 0  # a hole
    answers[50:53, 50:53] = 1, 0.5 - 32 / (2 * REACH_PX), 0.5 - 32 / (2 * REACH_PX)
    found = instances_voted(answers[..., 0], answers[..., 1:], 0.5)
    np.testing.assert_array_equal(found.labels, labels)


@given(st.integers(0, 10_000), st.sampled_from([0.01, 0.03, 0.06]))
@settings(max_examples=15, deadline=None)
def test_no_nucleus_has_a_hole_whoever_votes_astray(seed: int, noise: float) -> None:
    rng = np.random.default_rng(seed)
    answers = answers_of(discs(120, 12, seed)) + rng.normal(0, noise, (120, 120, 3))
    found = instances_voted(answers[..., 0], answers[..., 1:], 0.5, smallest_px=30)
    for number in range(1, len(found) + 1):
        own = found.labels == number
        _, count = ndimage.label(own)
        assert count == 1 and own.sum() >= 1
        holes = ndimage.binary_fill_holes(own) & ~own
        assert not (holes & (found.labels == 0)).any()


def test_a_loss_of_offsets_counts_what_is_known_of_nuclei() -> None:
    truth = answers_of(discs(32, 6, 2))[None]
    loss = with_offsets(bce_and_dice, 1)
    alone = float(of_masks(bce_and_dice, 1)(truth, truth))
    assert float(loss(truth, truth)) == pytest.approx(alone, abs=1e-6)

    def missing(pixels: float, where: np.ndarray) -> float:
        answer = truth.copy()
        answer[..., 1:][where] += pixels / (2 * REACH_PX)
        return float(loss(truth, answer)) - alone

    nuclei = truth[..., 0] > 0
    assert missing(8, ~nuclei) == pytest.approx(0, abs=1e-6), "there is no way from there"
    misses = [missing(px, nuclei) for px in (1, 2, 4, 8, 16)]
    assert misses == sorted(misses) and misses[0] > 0
    assert misses[1] / misses[0] == pytest.approx(4, rel=1e-2), "small ones by the square"
    assert misses[4] / misses[3] == pytest.approx(16 / 8 * 14 / 12, rel=1e-2)
    unknown = truth.copy()
    unknown[..., 1:] = 0
    assert float(loss(unknown, truth)) == pytest.approx(alone, abs=1e-6)


def spec_of(names: tuple[str, ...], target: str) -> ModelSpec:
    return ModelSpec(
        architecture="unet",
        num_classes=len(names),
        class_names=names,
        patch_size_pixels=64,
        spacing_um_px=0.5,
        name="made",
        title="Made",
        task="nuclei",
        exclusive=False,
        licence="CC0-1.0",
        intended_use="Tests",
        trained_on="Nothing",
        target_class=target,
    )


def test_a_model_says_how_it_tells_nuclei_apart() -> None:
    voting = rules_for(spec_of(("Nucleus", "Across", "Down"), "Nucleus"))
    flooding = rules_for(spec_of(("Nucleus", "Rim"), "Nucleus"))
    assert (voting.offsets, flooding.offsets) == (1, None)
    labels = discs(64, 5, 7)
    found = instances_by(voting, answers_of(labels))
    assert matches(labels, found.labels).found == len(found) > 0
    assert Rules.model_validate({**flooding.model_dump(exclude={"offsets"})}) == flooding
    for names, target in (
        (("Nucleus", "Across", "Down"), "Down"),
        (("Inside", "Border", "Background"), "Inside"),
        (("Nucleus", "Rim", "Across", "Down"), "Nucleus"),
        (("Nucleus",), "Nucleus"),
    ):
        with pytest.raises(ValueError, match="nuclei"):
            spec_of(names, target)
        values = spec_of(("Nucleus", "Rim"), "Nucleus").model_dump(mode="json")
        values |= {"class_names": names, "num_classes": len(names), "target_class": target}
        with pytest.raises(ModelError, match="nuclei"):
            ModelSpec.from_json(json.dumps(values).encode())


@pytest.mark.parametrize("change", [{"exclusive": True}, {"temperature": 3.0}])
def test_nothing_makes_something_else_of_offsets(change: dict[str, object]) -> None:
    values = spec_of(("Nucleus", *OFFSETS), "Nucleus").model_dump(mode="json") | change
    with pytest.raises(ModelError, match="offsets"):
        ModelSpec.from_json(json.dumps(values).encode())


def test_blocks_see_as_far_as_votes_reach() -> None:
    names = ("Nucleus", *OFFSETS)
    coarse = spec_of(names, "Nucleus").model_copy(update={"spacing_um_px": 4.0})
    assert rules_for(coarse).margin_px == 2 * REACH_PX
    assert rules_for(spec_of(names, "Nucleus")).margin_px > 2 * REACH_PX


def test_a_team_turns_the_offsets_of_its_model(tmp_path: Path) -> None:
    made = {"task": "nuclei", "class_names": ("Nucleus", *OFFSETS), "target_class": "Nucleus"}
    package = write_tiny_segmentation(tmp_path / "tiny", patch=64, **made)
    tile = np.zeros((1, 64, 64, 3), np.uint8)
    tile[0, ..., 0] = discs(64, 9, 3)
    team = Team([ModelLoader(package, Knowing())], Options(turns="all"))
    team.wait(lambda: None)
    found = team.answer_all(tile).probabilities[0]
    np.testing.assert_allclose(found, answers_of(discs(64, 9, 3)), atol=1 / LEVELS)


class Painted(Brightness):
    """Answers for each pixel with its own colour: the levels of a nucleus and of its offsets."""

    def predict(self, tiles: np.ndarray) -> np.ndarray:
        return as_learnt(tiles, 0)


def test_nothing_is_lost_or_doubled_where_blocks_of_votes_meet(tmp_path: Path) -> None:
    width, height = BLOCK_PX + 300, 420
    labels = np.zeros((height, width), np.int32)
    for number in range(8):
        part = discs(420, 60, number)[:, : width - 160 * number]
        shown = labels[:, 160 * number :][:, : part.shape[1]]
        shown[part > 0] = 100 * number + part[part > 0]
    picture = nucleus_and_offsets(labels[..., None])
    picture[..., 0] *= 255
    rng = np.random.default_rng(0)
    picture[..., 1:] = np.clip(picture[..., 1:] + rng.normal(0, 2, (height, width, 2)), 1, 255)
    made = {"task": "nuclei", "class_names": ("Nucleus", *OFFSETS), "target_class": "Nucleus"}
    package = write_tiny_segmentation(tmp_path / "tiny", patch=128, **made)
    slide = open_slide(write_picture(tmp_path / "nuclei.png", picture))
    found = predict_nuclei(
        slide,
        package,
        store=tmp_path / "store",
        spacing=1.0,
        tissue=TissueMask(np.ones((1, 1), np.bool_), slide.pyramid.extent, None),
        loader=ModelLoader(package, Painted()),
    )
    answers = found.mask.read(0, 0, 0, width, height)
    whole = instances_by(found.rules, answers)
    expected = measured(whole, picture, 0, 0, np.ones(len(whole), np.bool_))
    parts = Nuclei.together(list(found.parts()))
    assert len(list(found.parts())) == 2 and len(parts) == len(expected) > 150
    for nuclei in (parts, expected):
        assert (np.abs(nuclei.centres[:, 0] - BLOCK_PX) < 10).any(), "there are some on the seam"
    rows = (sorted(np.column_stack([it.centres, it.pixels]).tolist()) for it in (parts, expected))
    assert next(rows) == next(rows)


def test_one_thing_is_learnt_beside_nuclei() -> None:
    assert NucleiTargets.chosen(2, 0.0, offsets=False).names == ("Inside", "Border")
    assert NucleiTargets.chosen(2, 0.4, offsets=False).names == ("Nucleus", "Rim")
    assert NucleiTargets.chosen(2, 0.0, offsets=True).names == ("Nucleus", "Across", "Down")
    with pytest.raises(TrainingError, match="not both") as refused:
        NucleiTargets.chosen(2, 0.4, offsets=True)
    assert "--offsets" in str(refused.value.remedy)
