"""Nuclei: told apart, measured, none lost or counted twice where blocks meet, resumed."""

import shutil
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mask_fixtures import Brightness, assert_alike_far_from_the_cut, write_picture
from tiny_model import write_tiny_segmentation

from slideviewer.errors import Cancelled, PredictionError
from slideviewer.geometry import Rect
from slideviewer.inference.loader import ModelLoader
from slideviewer.inference.nuclei.block import BLOCK_PX, NucleiBlock
from slideviewer.inference.nuclei.instances import instances_in
from slideviewer.inference.nuclei.nuclei import Nuclei, measured
from slideviewer.inference.nuclei.outlines import outlines_of, roundness, simplified
from slideviewer.inference.nuclei.predict import NucleiPrediction, predict_nuclei, rules_for
from slideviewer.inference.nuclei.stains import (
    EOSIN,
    HAEMATOXYLIN,
    optical_density,
    stain_densities,
)
from slideviewer.inference.nuclei.store import FOLDER
from slideviewer.inference.options import Options
from slideviewer.inference.segmentation.frame import MaskFrame
from slideviewer.inference.segmentation.predict import predict_mask
from slideviewer.inference.segmentation.prediction import MaskPrediction
from slideviewer.inference.segmentation.store import MaskStore
from slideviewer.inference.store_files import ARRAY_FOLDER
from slideviewer.inference.stored import read_stored
from slideviewer.models.package import ModelPackage
from slideviewer.progress import Step
from slideviewer.slide import Slide, open_slide
from slideviewer.slide.tissue import TissueMask


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    return write_tiny_segmentation(
        tmp_path_factory.mktemp("models") / "nuclei",
        patch=128,
        task="nuclei",
        class_names=("Inside", "Border"),
        target_class="Inside",
    )


def drawn_nuclei(width: int, height: int, count: int, seed: int) -> np.ndarray:
    """Ellipses, many of them touching, the inside in red and the border in green."""
    rng = np.random.default_rng(seed)
    owner = np.zeros((height, width), np.int32)
    for number in range(1, count + 1):
        # Half of them on the seams of blocks and of chunks.
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        if number % 2:
            x = rng.choice([512, 1024, 1536, x]) + rng.normal(0, 8)
        if number % 3:
            y = rng.choice([512, 1024, y]) + rng.normal(0, 8)
        axes = rng.uniform(4, 19, 2)
        left, top = max(0, round(x) - 25), max(0, round(y) - 25)
        around = owner[top : top + 50, left : left + 50]
        if not around.size:
            continue
        one = np.zeros(around.shape, np.uint8)
        place = (round(x) - left, round(y) - top), (round(axes[0]), round(axes[1]))
        cv2.ellipse(one, *place, rng.uniform(0, 180), 0, 360, 1, -1)
        around[(one > 0) & (around == 0)] = number
    grown = cv2.dilate(owner.astype(np.float32), np.ones((3, 3), np.uint8))
    shrunk = cv2.erode(np.where(owner, owner, 1e6).astype(np.float32), np.ones((3, 3), np.uint8))
    border = (owner > 0) & ((grown != owner) | (shrunk != owner)) & (grown != shrunk)
    picture = np.zeros((height, width, 3), np.uint8)
    picture[..., 0] = np.where(owner > 0, 230, 10)
    picture[..., 1] = np.where(border & (shrunk < 1e6) & (shrunk > 0), 200, 0)
    picture[..., 2] = rng.integers(0, 255, (height, width))
    return picture


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return drawn_nuclei(2200, 1300, 900, 5)


@pytest.fixture(scope="module")
def slide(tmp_path_factory: pytest.TempPathFactory, picture: np.ndarray) -> Slide:
    return open_slide(write_picture(tmp_path_factory.mktemp("slide") / "nuclei.png", picture))


def found_in(
    slide: Slide, package: ModelPackage, store: Path, **options: object
) -> NucleiPrediction:
    tissue = TissueMask(np.ones((1, 1), np.bool_), slide.pyramid.extent, None)
    given = {"spacing": 1.0, "tissue": tissue, "loader": ModelLoader(package, Brightness())}
    return predict_nuclei(slide, package, store=store, **{**given, **options})  # type: ignore[arg-type]


def rows_of(nuclei: Nuclei) -> list[tuple[object, ...]]:
    frame = MaskFrame(0, 0, 1, 1, 1)
    outlines = [tuple(ring.ravel().tolist()) for ring in nuclei.outlines(frame)]
    numbers = [nuclei.centres, nuclei.pixels, nuclei.roundness, nuclei.stains]
    columns = np.column_stack(numbers).tolist()
    return sorted((tuple(row), ring) for row, ring in zip(columns, outlines, strict=True))


def files_of(store: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (store / FOLDER).iterdir()}


def test_nothing_is_lost_or_doubled_where_blocks_meet(
    slide: Slide, package: ModelPackage, picture: np.ndarray, tmp_path: Path
) -> None:
    told: list[Nuclei] = []
    prediction = found_in(slide, package, tmp_path, on_nuclei=lambda _, nuclei: told.append(nuclei))
    assert len(list(prediction.parts())) == 6
    # The same mask looked at as one.
    mask = prediction.mask.read(0, 0, 0, 2200, 1300)
    rules = rules_for(package.spec)
    whole = instances_in(mask[..., 0], mask[..., 1], rules.threshold, rules.smallest_px)
    expected = measured(whole, picture, 0, 0, np.ones(len(whole), np.bool_))
    assert len(expected) > 500
    found = Nuclei.together(list(prediction.parts()))
    assert rows_of(found) == rows_of(expected)
    assert rows_of(Nuclei.together(told)) == rows_of(expected)
    crossing = np.abs(found.centres[:, 0] % BLOCK_PX - BLOCK_PX / 2) > BLOCK_PX / 2 - 5
    assert crossing.sum() > 20, "there are some on the seams"


@given(seed=st.integers(0, 10_000), at=st.tuples(st.integers(60, 260), st.integers(60, 260)))
@settings(max_examples=25, deadline=None)
def test_a_nucleus_depends_on_what_is_near_alone(seed: int, at: tuple[int, int]) -> None:
    picture = drawn_nuclei(500, 460, 90, seed)
    inside, border = picture[..., 0] / 255, picture[..., 1] / 255
    whole = instances_in(inside, border, 0.5)
    x, y = at
    part = instances_in(inside[y:, x:], border[y:, x:], 0.5, at=at)
    assert_alike_far_from_the_cut(whole, part, at)


def test_touching_nuclei_are_told_apart() -> None:
    inside = np.zeros((40, 60), np.float32)
    cv2.circle(inside, (20, 20), 10, 0.9, -1)
    cv2.circle(inside, (38, 20), 10, 0.9, -1)
    border = np.zeros_like(inside)
    border[12:29, 28:31] = 0.8
    found = instances_in(inside, border, 0.5)
    assert len(found) == 2
    assert (found.labels > 0).sum() == (np.maximum(inside, border) >= 0.5).sum()
    one, other = (np.argwhere(found.labels == label)[:, 1] for label in (1, 2))
    assert {one.mean() < 29, other.mean() < 29} == {True, False}
    assert len(instances_in(inside, 0 * border, 0.5)) == 1
    assert len(instances_in(inside, border, 0.5, smallest_px=400)) == 0
    assert len(instances_in(np.full((9, 9), np.nan), np.full((9, 9), np.nan), 0.5)) == 0


def test_shapes_are_measured() -> None:
    labels = np.zeros((200, 300), np.int32)
    cv2.circle(labels, (40, 40), 14, 1, -1)
    cv2.ellipse(labels, (120, 40), (24, 8), 30, 0, 360, 2, -1)
    labels[20:60, 200:240] = 3
    labels[35:45, 215:225] = 0  # a hole, which is closed
    labels[150, 10] = 4
    rings = outlines_of(labels, 4)
    circle, ellipse, square, dot = roundness(rings)
    assert circle == pytest.approx(1, abs=0.03)
    # Ramanujan's length of an ellipse.
    a, b = 24.5, 8.5
    around = np.pi * (3 * (a + b) - np.sqrt((3 * a + b) * (a + 3 * b)))
    assert ellipse == pytest.approx(4 * np.pi * (np.pi * a * b) / around**2, abs=0.02)
    assert square == pytest.approx(np.pi / 4, abs=0.03)
    assert 0 < dot <= 1
    simple = simplified(rings)
    for ring, full in zip(simple, rings, strict=True):
        assert len(ring) <= len(full)
    (left, top), (right, bottom) = simple[2].min(axis=0), simple[2].max(axis=0)
    assert (left, top, right, bottom) == pytest.approx((200, 20, 240, 60), abs=0.3)


def test_stains_are_parted() -> None:
    white = np.full((1, 3), 255, np.uint8)
    assert np.allclose(stain_densities(optical_density(white)), 0)
    unit = np.array([HAEMATOXYLIN, EOSIN]) / np.linalg.norm([HAEMATOXYLIN, EOSIN], axis=1)[:, None]
    mixed = np.array([[0.6, 0.2], [0.0, 0.4], [0.9, 0.0]])
    colours = np.round(255 * 10 ** -(mixed @ unit)).astype(np.uint8)
    assert np.allclose(stain_densities(optical_density(colours)), mixed, atol=0.01)


def test_a_run_that_was_cut_off_goes_on_to_the_same_bytes(
    slide: Slide, package: ModelPackage, tmp_path: Path
) -> None:
    found_in(slide, package, tmp_path / "whole")
    expected = files_of(tmp_path / "whole")
    assert len(expected) == 7

    told: list[Nuclei] = []

    def until(step: Step) -> None:
        if len(told) == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        found_in(
            slide,
            package,
            tmp_path / "cut",
            progress=until,
            on_nuclei=lambda _, nuclei: told.append(nuclei),
        )
    assert 1 < len(files_of(tmp_path / "cut")) < 7
    told.clear()
    found_in(slide, package, tmp_path / "cut", on_nuclei=lambda _, nuclei: told.append(nuclei))
    assert len(told) == 6, "those that were there are told, too"
    assert files_of(tmp_path / "cut") == expected

    # A damaged block is found again, and so are all when the rules change.
    file = tmp_path / "cut" / FOLDER / "0_1.npz"
    file.write_bytes(file.read_bytes()[:-30])
    (tmp_path / "cut" / FOLDER / ".saving-1.tmp").write_bytes(b"half")
    found_in(slide, package, tmp_path / "cut")
    assert files_of(tmp_path / "cut") == expected
    fewer = found_in(slide, package, tmp_path / "cut", smallest_um2=300)
    assert 0 < sum(map(len, fewer.parts())) < sum(map(len, told))


def test_nuclei_of_a_mask_that_gave_way_are_gone(
    slide: Slide, package: ModelPackage, tmp_path: Path
) -> None:
    found_in(slide, package, tmp_path / "store")
    part = Rect(100, 100, 700, 700)
    expected = found_in(slide, package, tmp_path / "alone", region=part)
    found = found_in(slide, package, tmp_path / "store", region=part, replace=True)
    assert sum(map(len, found.parts())) == sum(map(len, expected.parts())) > 0
    assert files_of(tmp_path / "store") == files_of(tmp_path / "alone")


def test_nuclei_of_another_mask_are_not_taken_for_those_of_this_one(
    slide: Slide, package: ModelPackage, tmp_path: Path
) -> None:
    tissue = TissueMask(np.ones((1, 1), np.bool_), slide.pyramid.extent, None)
    store, kept = tmp_path / "store", tmp_path / "kept"
    found_in(slide, package, store)
    assert isinstance(read_stored(store), NucleiPrediction)
    shutil.copytree(store / FOLDER, kept)
    given = {"spacing": 1.0, "tissue": tissue, "loader": ModelLoader(package, Brightness())}
    again = {"region": Rect(100, 100, 300, 300), "replace": True, **given}
    predict_mask(slide, package, store=store, **again)  # type: ignore[arg-type]
    assert not (store / FOLDER).exists()
    shutil.copytree(kept, store / FOLDER)  # as a former version left them
    assert isinstance(read_stored(store), MaskPrediction)


def test_no_nuclei_lie_beside_a_part_that_is_written_anew(
    slide: Slide, package: ModelPackage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found_in(slide, package, tmp_path)
    expected = files_of(tmp_path)
    chunk = tmp_path / ARRAY_FOLDER / "0" / "c" / "0" / "0" / "0"
    chunk.write_bytes(chunk.read_bytes()[:-50])
    left: list[set[str]] = []
    write = MaskStore.write

    def watched(store: MaskStore, *given: object) -> None:
        left.append(set(files_of(tmp_path)))
        write(store, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(MaskStore, "write", watched)
    found_in(slide, package, tmp_path)
    assert left == [set(expected) - {"0_0.npz"}], "those alone that see it"
    assert files_of(tmp_path) == expected


def test_where_there_was_no_time_to_look_nothing_is_searched(
    slide: Slide, package: ModelPackage, tmp_path: Path
) -> None:
    class Slow(ModelLoader):
        def load(self) -> Future[Any]:
            return Future()  # never done

    steps: list[Step] = []
    limit = Options(time_limit_s=0.2)
    found_in(slide, package, tmp_path, loader=Slow(package), options=limit, progress=steps.append)
    assert set(files_of(tmp_path)) == {"rules.json"}
    assert "Finding nuclei" not in {step.text for step in steps}


def test_only_models_of_nuclei_find_some(slide: Slide, tmp_path: Path) -> None:
    package = write_tiny_segmentation(tmp_path / "other")
    with pytest.raises(PredictionError, match="not for nuclei"):
        found_in(slide, package, tmp_path / "store")


def test_a_block_sees_a_margin_within_the_mask() -> None:
    frame = MaskFrame(0, 0, 1, 1500, 1100)
    assert NucleiBlock(0, 0).window(frame, 80) == (0, 0, 1104, 1100)
    assert NucleiBlock(1, 1).window(frame, 80) == (944, 944, 556, 156)
