"""The Metrics panel in the real window: the numbers of the commands, live, and what is behind."""

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot
from segmented_fixtures import make_segmented
from window_fixtures import OpenSlide, wait_for_jobs

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.annotations import (
    Annotation,
    AnnotationSet,
    Group,
    Kind,
    as_points,
    write_annotations,
)
from slideviewer.cli import main
from slideviewer.evaluation.report import Report
from slideviewer.inference.export import Export, write_outputs
from slideviewer.inference.grid import Grid
from slideviewer.inference.prediction import Prediction
from slideviewer.inference.segmentation.areas import areas_of
from slideviewer.inference.segmentation.store import read_mask_prediction
from slideviewer.progress import Progress, Step
from slideviewer.ui.metrics.control import NO_MARKUP, NO_PREDICTION
from slideviewer.ui.metrics.latest import Latest
from slideviewer.ui.metrics.panel import BY_NAME, IN_NO_GROUP
from slideviewer.ui.metrics.score_text import number
from slideviewer.ui.window import MainWindow

CELL, SIZE, UM_PX = 128.0, (4096, 3072), 0.25
NEST, OTHER = (512.0, 512.0, 2000.0, 1500.0), (2900.0, 2300.0, 3050.0, 2420.0)
"""Left, top, right and bottom of a micrometastasis and of isolated tumour cells."""
TIMEOUT = 30_000


def prediction(slide: Path) -> Prediction:
    """Rather right about the large nest, and wrong elsewhere."""
    rng = np.random.default_rng(4)
    grid = Grid(0, 0, CELL, 32, 24)
    chance = np.full((24, 32), 0.25)
    chance[4:11, 4:15] = 0.75
    chance[18, 28] = 0.97
    chance = np.clip(chance + rng.normal(0, 0.2, chance.shape), 0.001, 0.999)
    chance[:, -2:] = np.nan  # glass
    facts = {"name": slide.name, "path": str(slide), "width": SIZE[0], "height": SIZE[1]}
    told = {"slide": facts, "spacing_um_px": UM_PX, "model": {"name": "made"}}
    scores = np.stack([1 - chance, chance], axis=2).astype(np.float32)
    return Prediction(grid, ("Normal", "Tumor"), scores, 1, 0.5, told)


def markup(group: str = "Tumor", shift: float = 0.0) -> AnnotationSet:
    shapes = []
    for left, top, right, bottom in (NEST, OTHER):
        corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)]) + shift
        shapes.append(Annotation("nest", Kind.POLYGON, as_points(corners), group))
    return AnnotationSet.of(shapes, [Group(group)])


def printed(capsys: pytest.CaptureFixture[str], *words: object) -> dict[str, Any]:
    """What a command says as JSON."""
    capsys.readouterr()
    assert main(["evaluate", *map(str, words), "--json"], None) == 0  # type: ignore[arg-type]
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found


def as_printed(report: Report | None) -> dict[str, Any]:
    assert report is not None
    found = json.loads(json.dumps(report.as_json(), allow_nan=False))
    assert isinstance(found, dict)
    return found


@pytest.fixture
def opened(qtbot: QtBot, open_slide: OpenSlide, made_slide: Path) -> MainWindow:
    """The panel, open, with nothing to measure yet."""
    window = open_slide(made_slide)
    wait_for_jobs(qtbot)
    QTest.keyClick(window, Qt.Key.Key_F7, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(window.judging.metrics.panel.isVisible)
    return window


@pytest.fixture
def open_markup(qtbot: QtBot, opened: MainWindow, tmp_path: Path) -> Callable[..., Path]:
    def open_it(group: str = "Tumor") -> Path:
        path = tmp_path / "markup" / "made.xml"
        path.parent.mkdir(exist_ok=True)
        write_annotations(markup(group), path)
        opened.files.open_annotations(path)
        qtbot.waitUntil(lambda: opened.session.document.path == path)
        return path

    return open_it


@pytest.fixture
def results(made_slide: Path, tmp_path: Path) -> Path:
    """What the command line is given of the same prediction."""
    folder = tmp_path / "results" / "made"
    write_outputs(Export(prediction(made_slide), 0.5), folder, ["csv", "lesions"])
    return folder


@pytest.fixture
def measured(
    qtbot: QtBot, opened: MainWindow, open_markup: Callable[..., Path], made_slide: Path
) -> MainWindow:
    open_markup()
    opened.prediction.results.show(prediction(made_slide))
    is_measured(qtbot, opened)
    return opened


def is_measured(qtbot: QtBot, window: MainWindow, threshold: float | None = None) -> None:
    """Wait until the panel shows the state of now."""

    def is_so() -> bool:
        found = window.judging.metrics.measured
        if found is None or window.judging.metrics.is_working:
            return False
        return threshold is None or found.threshold == threshold

    qtbot.waitUntil(is_so, timeout=TIMEOUT)
    QApplication.processEvents()


def text_of(window: MainWindow) -> str:
    tiles = window.judging.metrics.panel.tiles
    return tiles.first.text() + tiles.more.text()


# The numbers of the commands


def test_tiles_and_lesions_are_what_the_commands_say_to_the_last_digit(
    qtbot: QtBot, measured: MainWindow, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """At the threshold of the run, and wherever the slider is drawn to."""
    drawn = measured.session.document.path
    for step in (500, 731, 260):
        measured.layers_panel.threshold.setValue(step)
        is_measured(qtbot, measured, step / 1000)
        found = measured.judging.metrics.measured
        assert found is not None
        at = "--threshold", step / 1000
        tiles = printed(capsys, "tiles", results, drawn, *at)
        assert as_printed(found.report) == tiles
        assert as_printed(found.lesions) == printed(capsys, "lesions", results, drawn, *at)
        for score in tiles["scores"]:
            if not score["name"].startswith("class_"):
                assert number(score["value"]) in text_of(measured), score
                assert score["variant"].split(",")[0] in text_of(measured), score
    assert RESEARCH_USE_ONLY in measured.judging.metrics.panel.research_use.text()


def test_two_annotators_are_compared_as_the_command_does(
    qtbot: QtBot,
    measured: MainWindow,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = tmp_path / "other.geojson"
    write_annotations(markup(shift=64), other)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *a: (str(other), ""))
    page = measured.judging.metrics.panel.annotators
    measured.judging.metrics.panel.pages.setCurrentWidget(page)
    QTest.mouseClick(page.choose, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: measured.judging.metrics.agreeing.report is not None, timeout=TIMEOUT)
    first = measured.session.document.path
    size = "--size", f"{SIZE[0]},{SIZE[1]}", "--spacing", UM_PX
    said = printed(capsys, "annotations", first, other, *size)
    found = as_printed(measured.judging.metrics.agreeing.report)
    assert [it["value"] for it in found["scores"]] == [it["value"] for it in said["scores"]]
    assert found["confusions"] == said["confusions"]
    assert "Kappa" in page.scores.text() and "other.geojson" in page.told.text()
    # What is drawn counts at once.
    shapes = measured.session.document.annotations
    measured.session.document.apply("Delete", {next(iter(shapes)).id: None})
    before = said["confusions"][0]["counts"]
    qtbot.waitUntil(
        lambda: (
            measured.judging.metrics.agreeing.report is not None
            and as_printed(measured.judging.metrics.agreeing.report)["confusions"][0]["counts"]
            != before
        ),
        timeout=TIMEOUT,
    )
    QTest.mouseClick(page.leave, Qt.MouseButton.LeftButton)
    assert measured.judging.metrics.agreeing.report is None and not page.scores.isVisible()


def test_masks_are_measured_class_by_class(
    qtbot: QtBot,
    window: MainWindow,
    open_slide: OpenSlide,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Live from one reading of all pixels, and as the command says at each threshold."""
    folder = make_segmented(tmp_path / "segmented")
    open_slide(folder / "squares.png")
    window.files.open_annotations(folder / "markup" / "squares.xml")
    qtbot.waitUntil(lambda: len(window.session.document.annotations) == 2)
    window.docks.show("Metrics")
    store = folder / "results" / "squares" / "store"
    window.prediction.results.show(read_mask_prediction(store))
    is_measured(qtbot, window)
    panel, command = (
        window.judging.metrics.panel,
        ("segmentation", folder / "results", folder / "markup"),
    )
    for threshold in (0.5, 0.95, 0.4):
        panel.threshold.value.setValue(threshold)
        is_measured(qtbot, window, threshold)
        found = window.judging.metrics.measured
        assert found is not None
        assert as_printed(found.report) == printed(capsys, *command, "--threshold", threshold)
        store_areas = areas_of(read_mask_prediction(store), threshold)
        assert found.areas == store_areas
    assert panel.pages.tabText(0) == "Pixels" and not panel.tiles.confusion.isVisible()
    panel.pages.setCurrentWidget(panel.lesions)
    assert "segmentation gives none" in panel.lesions.missing.text()


def test_lesions_of_a_part_are_not_measured_here_nor_by_the_command(
    qtbot: QtBot,
    measured: MainWindow,
    made_slide: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Where the model never looked nothing was missed; what time did not suffice for was."""
    whole, page = prediction(made_slide), measured.judging.metrics.panel.lesions
    drawn = measured.session.document.path
    measured.judging.metrics.panel.pages.setCurrentWidget(page)
    parts: tuple[tuple[dict[str, object], bool], ...] = (
        ({"region": [0, 0, 2048, 3072]}, True),
        ({"place": "chosen by the user"}, True),
        ({"cells": {"not_reached": 9}}, False),
        ({}, False),
    )
    for told, is_complete in parts:
        of_part = replace(whole, provenance={**whole.provenance, **told}, complete=is_complete)
        measured.prediction.results.show(of_part)
        is_measured(qtbot, measured)
        found = measured.judging.metrics.measured
        assert found is not None and found.lesions is None
        assert "never looked" in page.missing.text() and not page.list.isVisible()
        folder = tmp_path / "parts" / "made"
        write_outputs(Export(of_part, 0.5), folder, ["lesions"])
        assert main(["evaluate", "lesions", str(folder), str(drawn)], None) == 2  # type: ignore[arg-type]
        assert "never looked" in capsys.readouterr().err
    told = {"time_limit_s": 60.0, "cells": {"not_reached": 9}}
    limited = replace(whole, provenance={**whole.provenance, **told}, complete=False)
    measured.prediction.results.show(limited)
    is_measured(qtbot, measured)
    found = measured.judging.metrics.measured
    assert found is not None and page.list.isVisible()
    write_outputs(Export(limited, 0.5), folder, ["lesions"])
    at = "--threshold", found.threshold
    assert as_printed(found.lesions) == printed(capsys, "lesions", folder, drawn, *at)
    assert "made (9 tiles)" in page.more.text()


# Live


def test_it_follows_markup_and_group(
    qtbot: QtBot, opened: MainWindow, open_markup: Callable[..., Path], made_slide: Path
) -> None:
    """A group whose name says nothing is refused, until the user says what it is."""
    open_markup("Lesion")
    opened.prediction.results.show(prediction(made_slide))
    panel = opened.judging.metrics.panel
    qtbot.waitUntil(lambda: "Marked by" in panel.state.text(), timeout=TIMEOUT)
    assert opened.judging.metrics.measured is None and "--groups" not in panel.state.text()
    panel.group.setCurrentText("Lesion")
    is_measured(qtbot, opened)
    before = opened.judging.metrics.measured
    assert before is not None and before.lesions is not None
    assert not panel.state.isVisible()
    for shape in list(opened.session.document.annotations):
        if shape.points[:, 0].max() < 2500:
            opened.session.document.apply("Delete", {shape.id: None})
    qtbot.waitUntil(lambda: opened.judging.metrics.measured is not before, timeout=TIMEOUT)
    is_measured(qtbot, opened)
    after = opened.judging.metrics.measured
    assert after is not None and after.lesions is not None
    assert before.lesions.score("lesions").value == 1
    assert after.lesions.score("lesions").value == 0
    opened.session.document.undo_stack.undo()
    qtbot.waitUntil(lambda: opened.judging.metrics.measured is not after, timeout=TIMEOUT)


def test_markup_in_no_group_is_measured_once_it_is_chosen(
    qtbot: QtBot, opened: MainWindow, made_slide: Path, tmp_path: Path
) -> None:
    panel, path = opened.judging.metrics.panel, tmp_path / "loose.xml"
    write_annotations(AnnotationSet.of([replace(it, group=None) for it in markup()], []), path)
    opened.files.open_annotations(path)
    qtbot.waitUntil(lambda: len(opened.session.document.annotations) == 2)
    opened.prediction.results.show(prediction(made_slide))
    qtbot.waitUntil(lambda: "Marked by" in panel.state.text(), timeout=TIMEOUT)
    panel.group.setCurrentText(IN_NO_GROUP)
    is_measured(qtbot, opened)
    found = opened.judging.metrics.measured
    assert found is not None and found.lesions is not None
    assert (found.report.score("dice", "Tumor").value or 0) > 0.5
    assert found.lesions.score("lesions").value == 1
    shapes = opened.session.document.annotations
    opened.session.document.apply("Delete", {it.id: None for it in shapes})
    assert panel.group.findText(IN_NO_GROUP) < 0


def test_it_says_why_nothing_is_measured(
    qtbot: QtBot, opened: MainWindow, open_markup: Callable[..., Path], made_slide: Path
) -> None:
    panel = opened.judging.metrics.panel
    assert panel.state.text() == NO_PREDICTION
    opened.prediction.results.show(prediction(made_slide))
    assert panel.state.text() == NO_MARKUP
    open_markup()
    is_measured(qtbot, opened)
    assert panel.state.isHidden() and panel.group.currentText() == BY_NAME
    assert panel.tiles.area.isVisible() and panel.rest.isHidden()
    # Of three classes it is not known which one is meant where nothing is marked.
    two = prediction(made_slide)
    halves = np.concatenate([two.probabilities[..., :1] / 2, two.probabilities], axis=2)
    halves[..., 1] /= 2
    names = ("Fat", *two.class_names)
    opened.prediction.results.show(replace(two, class_names=names, probabilities=halves, target=2))
    assert not panel.tiles.area.isVisible(), "what was measured before is gone at once"
    qtbot.waitUntil(lambda: "“Elsewhere”" in panel.state.text(), timeout=TIMEOUT)
    panel.rest.setCurrentText("Normal")
    is_measured(qtbot, opened)
    found = opened.judging.metrics.measured
    assert found is not None and found.report.confusions[0].counts[0] == (0, 0, 0)
    for shape in list(opened.session.document.annotations):
        opened.session.document.apply("Delete", {shape.id: None})
    assert panel.state.text() == NO_MARKUP and opened.judging.metrics.measured is None
    assert not panel.tiles.area.isVisible()


def test_nothing_is_measured_for_a_hidden_panel(
    qtbot: QtBot, measured: MainWindow, made_slide: Path
) -> None:
    measured.docks.show("Layers")
    wait_for_jobs(qtbot)
    before = measured.judging.metrics.measured
    measured.layers_panel.threshold.setValue(333)
    wait_for_jobs(qtbot)
    assert not measured.judging.metrics.is_working and measured.judging.metrics.measured is before
    measured.docks.show("Metrics")
    is_measured(qtbot, measured, 0.333)


# What is behind a number


def click_cell(window: MainWindow, row: int, column: int) -> None:
    table = window.judging.metrics.panel.tiles.confusion
    item = table.item(row, column)
    assert item is not None
    QTest.mouseClick(
        table.viewport(), Qt.MouseButton.LeftButton, pos=table.visualItemRect(item).center()
    )
    QApplication.processEvents()


def test_a_number_leads_through_its_tiles(qtbot: QtBot, measured: MainWindow) -> None:
    panel, found = measured.judging.metrics.panel, measured.judging.metrics.measured
    assert found is not None and found.said is not None
    count = found.report.confusions[0].counts[1][0]
    assert count > 2
    click_cell(measured, 1, 0)
    steps = panel.tiles.steps
    assert steps.count == count
    assert f"Tile 1 of {count}: true Tumor, predicted Normal" == steps.told.text()
    places = found.said.behind(1, 0)
    for number_ in (0, 1, 2):
        place = steps.place
        assert place is not None
        assert (place.x, place.y) == tuple(places[number_, :2].tolist())
        seen, marked = measured.canvas.viewpoint.visible, measured.judging.metrics.marked
        assert seen.x < place.x < place.right < seen.right
        assert marked is not None and marked.bounds == (place.x, place.y, place.right, place.bottom)
        answer = measured.cells.answer_at(*place.centre)
        assert answer is not None and answer.probabilities["Tumor"] < 0.5
        QTest.mouseClick(steps.on, Qt.MouseButton.LeftButton)
    for _ in range(4):
        QTest.mouseClick(steps.back, Qt.MouseButton.LeftButton)
    assert steps.told.text().startswith(f"Tile {count} of {count}")
    # The tile is no miss any more where the threshold lets it count.
    measured.layers_panel.threshold.setValue(0)
    is_measured(qtbot, measured, 0.0)
    assert steps.count == 0 and measured.judging.metrics.marked is None
    measured.docks.show("Layers")


def test_a_point_of_a_curve_sets_the_threshold(qtbot: QtBot, measured: MainWindow) -> None:
    curves = measured.judging.metrics.panel.tiles.curves
    names = [curves.chooser.itemText(it) for it in range(curves.chooser.count())]
    assert [name.split(",")[0] for name in names] == [
        "ROC",
        "Precision and recall",
        "Reliability",
    ]
    measured.judging.metrics.panel.tiles.ensureWidgetVisible(curves.plot)
    for name in names[:2]:
        curves.chooser.setCurrentText(name)
        assert curves.plot.curve is not None
        line = curves.plot.curve.lines[0]
        index = len(line.x) // 2
        threshold = line.thresholds[index]
        assert threshold is not None
        at = curves.plot.screen_place(index).toPoint()
        QTest.mouseMove(curves.plot, at)
        QTest.mouseClick(curves.plot, Qt.MouseButton.LeftButton, pos=at)
        chosen = measured.predicted.shown.threshold
        assert chosen in line.thresholds
        is_measured(qtbot, measured, chosen)
        # The threshold stands where the click was, on the screen's pixels.
        assert curves.plot.place == pytest.approx((line.x[index], line.y[index]), abs=0.02)
    assert measured.layers_panel.threshold_value.value() == pytest.approx(chosen, abs=0.001)
    curves.plot.setFocus()
    QTest.keyClick(curves.plot, Qt.Key.Key_Right)
    assert measured.predicted.shown.threshold != chosen


def test_a_point_of_the_froc_and_a_lesion(qtbot: QtBot, measured: MainWindow) -> None:
    panel = measured.judging.metrics.panel
    panel.pages.setCurrentWidget(panel.lesions)
    QApplication.processEvents()
    lines = [panel.lesions.list.item(it).text() for it in range(panel.lesions.list.count())]
    assert len(lines) == 2 and any(it.startswith("micro of") for it in lines)
    row = next(it for it, line in enumerate(lines) if line.startswith("micro"))
    item = panel.lesions.list.item(row)
    place = panel.lesions.list.visualItemRect(item).center()
    QTest.mouseClick(panel.lesions.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    seen, marked = measured.canvas.viewpoint.visible, measured.judging.metrics.marked
    assert seen.x < NEST[0] < NEST[2] < seen.right
    assert marked is not None and marked.bounds[0] < NEST[0] < NEST[2] < marked.bounds[2]
    plot = panel.lesions.curves.plot
    assert plot.curve is not None and plot.curve.name == "froc"
    panel.lesions.ensureWidgetVisible(plot)
    line = plot.curve.lines[0]
    at = plot.screen_place(1).toPoint()
    QTest.mouseClick(plot, Qt.MouseButton.LeftButton, pos=at + QPoint(1, 0))
    assert measured.predicted.shown.threshold in line.thresholds


def test_the_chosen_cell_is_let_go_with_what_was_measured(
    qtbot: QtBot, measured: MainWindow, made_slide: Path
) -> None:
    table = measured.judging.metrics.panel.tiles.confusion
    click_cell(measured, 1, 0)
    assert table.chosen == (1, 0)
    measured.prediction.results.show(replace(prediction(made_slide), threshold=0.4))
    assert table.chosen is None


def test_what_is_forgotten_is_not_waited_for(qtbot: QtBot) -> None:
    steps, answers, wanted = threading.Event(), [], ["first"]

    def begin(question: str) -> Callable[[Progress], str]:
        def work(progress: Progress) -> str:
            while question == "first":
                progress(Step(0, 0, question))
                steps.set()
            return question

        return work

    latest = Latest(lambda: wanted[0], lambda one, other: one == other, begin)
    latest.answered.connect(answers.append)
    latest.want(True)
    qtbot.waitUntil(steps.is_set)
    wanted[0] = "second"
    latest.forget()
    latest.look()
    qtbot.waitUntil(lambda: answers == ["second"] and not latest.is_working)
    latest.close()
