"""From a blind reading to a corrected file: the real window, worker and model, keys and mouse."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import shapely
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from window_fixtures import OpenSlide, click, settle, wait_for_jobs

from slideviewer.annotations import (
    Annotation,
    AnnotationSet,
    Group,
    Kind,
    as_points,
    as_polygon,
    write_annotations,
)
from slideviewer.annotations.decisions import read_decisions
from slideviewer.evaluation.findings.findings import FindingKind, Findings
from slideviewer.slide.synthetic import generate_slide
from slideviewer.ui.review.queue import Item
from slideviewer.ui.window import MainWindow

MISSED, UNDRAWN, OVERSIZED = 1, 2, 0
"""Nests from the largest down: one that the specialist never draws, one that is drawn in the
window, and one that was drawn half again as wide."""


@dataclass(frozen=True)
class Case:
    """A slide, what the specialist marked on it, and the truth."""

    slide: Path
    markup: Path
    truth: Path
    nests: tuple[shapely.Polygon, ...]


@pytest.fixture
def case(tmp_path: Path) -> Case:
    made = generate_slide(tmp_path / "node.tif", seed=11, size=(12288, 9216))
    nests = sorted(map(shapely.Polygon, made.nests), key=lambda nest: -nest.area)
    drawn = [
        nest.buffer(too_far(nest)) if number == OVERSIZED else nest
        for number, nest in enumerate(nests)
        if number not in (MISSED, UNDRAWN)
    ]
    markup, truth = tmp_path / "node.xml", tmp_path / "truth.xml"
    for path, shapes in ((markup, drawn), (truth, nests)):
        outlines = [
            Annotation(f"Nest {number}", Kind.POLYGON, as_points(corners(shape)), "Tumor")
            for number, shape in enumerate(shapes)
        ]
        write_annotations(AnnotationSet.of(outlines, [Group("Tumor")]), path)
    return Case(made.path, markup, truth, tuple(nests))


def too_far(nest: shapely.Polygon) -> float:
    """How far a quick hand draws around it: half again as wide."""
    return float(0.28 * nest.area**0.5)


def corners(shape: shapely.Polygon) -> np.ndarray:
    return np.asarray(shape.exterior.coords)[:-1]


def key(window: MainWindow, key: Qt.Key, *modifiers: Qt.KeyboardModifier) -> None:
    held = Qt.KeyboardModifier.NoModifier
    for modifier in modifiers:
        held |= modifier
    QTest.keyClick(window.canvas, key, held)
    QApplication.processEvents()


def dice(one: Path, other: Path) -> float:
    """Of the outlines in two files, as a process finds it that knows nothing of the window."""
    command = [sys.executable, "-m", "slideviewer", "evaluate", "annotations", str(one), str(other)]
    how = ["--size", "12288,9216", "--downsample", "8", "--resamples", "0", "--json"]
    done = subprocess.run([*command, *how], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    scores = json.loads(done.stdout)["scores"]
    return float(next(it["value"] for it in scores if it["name"] == "dice"))


def cells_of(item: Item, found: Findings) -> np.ndarray:
    """The squares that a finding is made of."""
    assert item.finding is not None
    rows, columns = np.nonzero(found.inside(item.finding.index))
    x, y = item.bounds.x + columns * found.grid.cell, item.bounds.y + rows * found.grid.cell
    return np.asarray(shapely.box(x, y, x + found.grid.cell, y + found.grid.cell))


def is_right(item: Item, found: Findings, nests: shapely.Geometry) -> bool:
    """Whether the model has it right, as a pathologist sees at a glance."""
    cells = cells_of(item, found)
    share = shapely.area(shapely.intersection(cells, nests)).sum() / shapely.area(cells).sum()
    if item.kind in (FindingKind.PREDICTED, FindingKind.BEYOND_MARKUP):
        return bool(share > 0.5)
    # A lesion that was marked as a whole goes only where there is none.
    return bool(share == 0 if item.kind == FindingKind.MARKED else share < 0.5)


def best_dice(found: Findings, nests: shapely.Geometry) -> float:
    """Of the best that can be said in squares: each that is tumour for the most part."""
    grid = found.grid
    rows, columns = np.indices((grid.rows, grid.columns)).reshape(2, -1)
    x, y = grid.x + columns * grid.cell, grid.y + rows * grid.cell
    cells = np.asarray(shapely.box(x, y, x + grid.cell, y + grid.cell))
    inside = shapely.area(shapely.intersection(cells, nests))
    said = inside > grid.cell**2 / 2
    return float(2 * inside[said].sum() / (said.sum() * grid.cell**2 + nests.area))


def test_blind_reading_drawing_prediction_review_and_export(
    qtbot: QtBot, window: MainWindow, open_slide: OpenSlide, case: Case
) -> None:
    control, shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
    window.named_actions["read_blind"].trigger()
    open_slide(case.slide)
    wait_for_jobs(qtbot)
    document = window.session.document
    assert document.path == case.markup
    before = dice(case.markup, case.truth)

    # Read: one more nest is drawn by clicks, while the model works out of sight.
    chooser = window.prediction.chooser
    chooser.choose(next(it for it in chooser.packages if it.spec.name == "tumour-camelyon"))
    key(window, Qt.Key.Key_R, control)
    assert window.prediction.is_busy
    nest = case.nests[UNDRAWN]
    window.canvas.zoom_to(0.5)
    window.canvas.centre_on(nest.centroid.x, nest.centroid.y)
    settle(qtbot, window)
    key(window, Qt.Key.Key_P)
    for x, y in corners(nest.simplify(20)):
        click(window.canvas, x, y)
    key(window, Qt.Key.Key_Return)
    drawn = list(document.annotations)[-1]
    assert as_polygon(drawn).intersection(nest).area > 0.95 * nest.area
    qtbot.waitUntil(lambda: not window.prediction.is_busy)
    assert not window.predicted.shown.has_prediction
    key(window, Qt.Key.Key_F7)
    assert not len(window.judging.reviewing.queue)
    key(window, Qt.Key.Key_Return, control, shift)
    qtbot.waitUntil(lambda: window.predicted.shown.has_prediction)

    # Review: what differs is decided as the truth is.
    queue, truth = window.judging.reviewing.queue, shapely.union_all(case.nests)
    qtbot.waitUntil(lambda: len(queue) > 0)
    wait_for_jobs(qtbot)
    found = queue.found
    assert found is not None
    missed, oversized = case.nests[MISSED], case.nests[OVERSIZED]
    margin = oversized.buffer(too_far(oversized)).difference(oversized)
    for kind, place in (
        (FindingKind.PREDICTED, missed),
        (FindingKind.BEYOND_PREDICTION, margin),
    ):
        cells = [cells_of(it, found.findings) for it in queue.items() if it.kind == kind]
        covered = shapely.union_all(np.concatenate(cells)).intersection(place)
        assert covered.area > 0.6 * place.area, kind
    key(window, Qt.Key.Key_BracketRight)
    for number in range(len(queue)):
        item = queue.current
        assert item is not None and item.is_open and queue.found is not None
        assert item.bounds.intersects(window.canvas.viewpoint.visible)
        key(window, Qt.Key.Key_Y if is_right(item, queue.found.findings, truth) else Qt.Key.Key_U)
        qtbot.waitUntil(lambda number=number: queue.progress[0] == number + 1)
        wait_for_jobs(qtbot)

    # Export: the file holds it, and so do the decisions and the reading beside it.
    key(window, Qt.Key.Key_S, control)
    wait_for_jobs(qtbot)
    after, best = dice(case.markup, case.truth), best_dice(found.findings, truth)
    assert after > before
    assert after > 0.95 * best
    kept = read_decisions(case.markup)
    assert len(kept.decisions) == len(queue)
    assert [it.annotations for it in kept.readings.values()] == [len(case.nests) - 1]
