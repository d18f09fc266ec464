"""Coarser levels never say less than the finest, however runs ended and followed each other."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from mask_fixtures import all_of, files_of, segmented, waves, write_picture
from tiny_model import write_tiny_segmentation

from slideviewer.errors import Cancelled
from slideviewer.evaluation.findings.mask_cells import cells_of
from slideviewer.geometry import Rect
from slideviewer.inference.options import Options
from slideviewer.inference.segmentation import overlay
from slideviewer.inference.segmentation.annotations import class_annotations
from slideviewer.inference.segmentation.chunks import CHUNK_PX
from slideviewer.inference.segmentation.prediction import MaskBlock, MaskPrediction
from slideviewer.inference.segmentation.store import read_mask_prediction
from slideviewer.models.package import ModelPackage
from slideviewer.progress import Step
from slideviewer.slide import Slide, open_slide
from slideviewer.slide.tissue import TissueMask
from slideviewer.ui.predicted import mask_parts
from slideviewer.ui.predicted.mask_parts import StoredParts, counted
from slideviewer.ui.predicted.mask_steps import MaskSteps
from slideviewer.ui.predicted.parts import PartKey

VIEW = np.array([[1, 0, 0], [0, 0, 0]], np.bool_)
"""The chunks in view, of those of the slide."""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    return write_tiny_segmentation(tmp_path_factory.mktemp("models") / "tiny", patch=64)


@pytest.fixture(scope="module")
def slide(tmp_path_factory: pytest.TempPathFactory) -> Slide:
    path = tmp_path_factory.mktemp("slide") / "waves.png"
    return open_slide(write_picture(path, waves(1300, 900)))


def these(chunks: np.ndarray) -> TissueMask:
    rows, columns = chunks.shape
    return TissueMask(chunks, Rect(0, 0, columns * CHUNK_PX, rows * CHUNK_PX), None)


@pytest.fixture(scope="module")
def stores(
    slide: Slide, package: ModelPackage, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """One left by a run over the view and a killed one over all, and one with the same chunks."""
    folder = tmp_path_factory.mktemp("stores")
    segmented(slide, package, folder / "store", tissue=these(VIEW))
    chunks = np.zeros_like(VIEW)
    told: list[MaskBlock] = []

    def on_block(block: MaskBlock) -> None:
        told.append(block)
        if len(told) <= 3:
            chunks[block.y // CHUNK_PX, block.x // CHUNK_PX] = True
        if len(told) == 3:  # what is on disk now is what a kill leaves
            shutil.copytree(folder / "store", folder / "killed")

    segmented(slide, package, folder / "store", on_block=on_block)
    assert chunks[0, 0] and chunks.sum() == 3
    segmented(slide, package, folder / "finished", tissue=these(chunks))
    return folder / "killed", folder / "finished"


@pytest.fixture
def killed(stores: tuple[Path, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(stores[0], tmp_path / "killed"))


@pytest.fixture(autouse=True)
def everybody_reads_coarse_levels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mask_parts, "MOST_COUNTED_PX", 100_000)
    monkeypatch.setattr(overlay, "OVERLAY_PX", 400)


def seen(mask: MaskPrediction, slide: Slide) -> list[np.ndarray]:
    """All that is made of coarser levels: summary, far part, review, outlines, picture."""
    assert mask.level_count == 3
    part = StoredParts(mask, MaskSteps(2, 1, False, (0, 1))).make(PartKey(2, 0, 0))
    assert part is not None
    outlines = class_annotations(mask, 1, least_area_um2=0.0, most_px=100_000)
    return [
        *(all_of(mask, level) for level in range(3)),
        counted(mask).by_class,
        part,
        cells_of(mask).probabilities,
        np.concatenate([it.points for it in outlines]),
        overlay.slide_overlay(slide, mask, ["", ""]),
    ]


def assert_same(mask: MaskPrediction, finished: Path, slide: Slide) -> None:
    expected = seen(read_mask_prediction(finished), slide)
    for one, other in zip(seen(mask, slide), expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_after_a_kill_nothing_that_was_predicted_counts_as_not_looked_at(
    slide: Slide, stores: tuple[Path, Path]
) -> None:
    assert_same(read_mask_prediction(stores[0]), stores[1], slide)


def test_a_run_over_the_view_also_makes_coarser_what_a_killed_one_left(
    slide: Slide, package: ModelPackage, killed: Path, stores: tuple[Path, Path]
) -> None:
    steps: list[Step] = []
    found = segmented(slide, package, killed, tissue=these(VIEW), progress=steps.append)
    assert_same(found, stores[1], slide)
    assert_same(read_mask_prediction(killed), stores[1], slide)
    assert files_of(killed) == files_of(stores[1])
    assert "Making coarser levels" in {step.text for step in steps}


def test_making_coarser_levels_can_be_broken_off(
    slide: Slide, package: ModelPackage, killed: Path, stores: tuple[Path, Path]
) -> None:
    def until(step: Step) -> None:
        if step.text == "Making coarser levels":
            raise Cancelled

    with pytest.raises(Cancelled):
        segmented(slide, package, killed, tissue=these(VIEW), progress=until)
    assert '"levels_current": false' in (killed / "prediction.json").read_text()
    assert_same(read_mask_prediction(killed), stores[1], slide)
    assert_same(segmented(slide, package, killed, tissue=these(VIEW)), stores[1], slide)
    assert files_of(killed) == files_of(stores[1])


def test_a_run_that_is_cancelled_makes_no_coarser_levels_first(
    slide: Slide, package: ModelPackage, tmp_path: Path
) -> None:
    steps: list[Step] = []
    told: list[MaskBlock] = []

    def until(step: Step) -> None:
        steps.append(step)
        if len(told) == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        segmented(slide, package, tmp_path, progress=until, on_block=told.append)
    assert "Making coarser levels" not in {step.text for step in steps}
    assert '"levels_current": false' in (tmp_path / "prediction.json").read_text()
    assert not np.isnan(all_of(read_mask_prediction(tmp_path), 2)).all()


def test_how_much_answers_differ_is_known_to_the_review(
    slide: Slide, package: ModelPackage, tmp_path: Path
) -> None:
    mask = segmented(slide, package, tmp_path, tissue=these(VIEW), options=Options(turns="flips"))
    spread = cells_of(mask).spread
    coarse = mask.read_spread(2, 0, 0, 326, 226)
    assert spread is not None and coarse is not None
    with np.errstate(all="ignore"):
        squares = coarse.astype(np.float32).reshape(113, 2, 163, 2)
        count = (~np.isnan(squares)).sum((1, 3))
        expected = np.nansum(squares, (1, 3)) / count
    np.testing.assert_allclose(spread, expected, atol=1e-6)
    assert not np.isnan(spread).all()
