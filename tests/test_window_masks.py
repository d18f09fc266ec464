"""Segmentation from the window: predicted by a real process, seen, clicked, exported, reopened."""

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest
import shapely
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QFileDialog
from pytestqt.qtbot import QtBot
from tame_worker import TameWorker
from test_predict_with import agree, choose, in_dialog
from tiny_model import write_colour_nuclei, write_colour_segmentation
from window_fixtures import OpenSlide, click, screen_point, settle

from slideviewer.geometry import Rect
from slideviewer.inference.grid import Grid
from slideviewer.inference.messages import Finished, MaskPart, NucleiPart, NucleiStarted
from slideviewer.inference.nuclei.predict import NucleiPrediction, predict_nuclei
from slideviewer.inference.nuclei.store import stored_blocks
from slideviewer.inference.options import Options
from slideviewer.inference.prediction import Prediction
from slideviewer.inference.provenance import content_identity
from slideviewer.inference.segmentation.predict import predict_mask
from slideviewer.inference.segmentation.prediction import MaskPrediction
from slideviewer.inference.segmentation.store import read_mask_prediction
from slideviewer.models.package import ModelPackage, open_package
from slideviewer.slide import open_slide
from slideviewer.slide.tissue import TissueMask
from slideviewer.ui import settings
from slideviewer.ui.canvas import Canvas
from slideviewer.ui.metrics.control import NUCLEI, UNDER_WAY
from slideviewer.ui.prediction_dialog import PredictDialog
from slideviewer.ui.prediction_orders import store_folder
from slideviewer.ui.prediction_queue import State
from slideviewer.ui.prediction_regions import RegionsDialog
from slideviewer.ui.window import MainWindow

SECONDS = 90_000


@pytest.fixture(autouse=True)
def packages(user_folder: Path) -> dict[str, ModelPackage]:
    """Models beside the bundled ones, installed before the window looks for them."""
    return {
        "mask": write_colour_segmentation(user_folder / "models" / "colours"),
        "nuclei": write_colour_nuclei(user_folder / "models" / "nuclei"),
    }


@pytest.fixture
def opened(open_slide: OpenSlide, made_slide: Path) -> Callable[[], MainWindow]:
    def open_it() -> MainWindow:
        window = open_slide(made_slide)
        window.prediction.chooser.setCurrentText("Colours of a test")
        return window

    return open_it


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory, made_slide: Path) -> dict[str, Path]:
    """What a former run has predicted of a part of the slide."""
    folder = tmp_path_factory.mktemp("stores")
    packages = {
        "mask": write_colour_segmentation(folder / "colours"),
        "nuclei": write_colour_nuclei(folder / "nuclei"),
    }
    mask = np.array([[1, 0], [0, 0]], np.bool_)
    tissue = TissueMask(mask, Rect(1024, 1024, 4096, 4096), None)
    made: dict[str, Path] = {}
    with closing(open_slide(made_slide)) as slide:
        for task, package in packages.items():
            made[task] = folder / f"{task} store"
            run = predict_mask if task == "mask" else predict_nuclei
            run(slide, package, store=made[task], tissue=tissue)
    return made


@pytest.fixture
def predicted(
    qtbot: QtBot,
    opened: Callable[[], MainWindow],
    made_slide: Path,
    packages: dict[str, ModelPackage],
    stores: dict[str, Path],
) -> Callable[[str], MainWindow]:
    """A window that finds what a former run has predicted."""

    def show(task: str) -> MainWindow:
        store = store_folder(content_identity(made_slide), packages[task])
        shutil.copytree(stores[task], store)
        window = opened()
        window.prediction.chooser.choose(packages[task])
        qtbot.waitUntil(lambda: window.prediction.has_result, timeout=20_000)
        is_seen(qtbot, window)
        return window

    return show


def mask_in(window: MainWindow) -> MaskPrediction:
    shown = window.prediction.results.shown
    assert isinstance(shown, MaskPrediction)
    return shown


def nuclei_in(window: MainWindow) -> NucleiPrediction:
    shown = window.prediction.results.shown
    assert isinstance(shown, NucleiPrediction)
    return shown


def picture(canvas: Canvas) -> np.ndarray:
    image = canvas.grab().toImage()
    pixels = np.frombuffer(image.constBits(), np.uint8)
    return pixels.reshape(image.height(), image.width(), 4)[..., 2::-1].astype(int)


def is_seen(qtbot: QtBot, window: MainWindow) -> None:
    """Wait until all of the prediction that is in view is painted."""
    qtbot.waitUntil(
        lambda: not window.views.active.cells.is_loading and window.canvas.is_finished,
        timeout=20_000,
    )
    settle(qtbot, window)


def predict(qtbot: QtBot, window: MainWindow) -> None:
    window.named_actions["predict"].trigger()
    qtbot.waitUntil(lambda: window.prediction.has_result, timeout=SECONDS)
    is_seen(qtbot, window)


def test_a_mask_is_predicted_seen_and_shown_again(
    qtbot: QtBot,
    opened: Callable[[], MainWindow],
    made_slide: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    window = opened()
    before = picture(window.canvas)
    window.named_actions["predict"].trigger()
    came: list[object] = []
    window.prediction.queue.grew.connect(lambda _, news: came.append(news))
    # Nothing is painted meanwhile: the process has the lowest priority.
    qtbot.waitUntil(lambda: bool(came), timeout=SECONDS)
    assert isinstance(came[0], MaskPart)
    is_seen(qtbot, window)
    assert (picture(window.canvas) - before)[..., 0].max() > 15, "red while it comes"
    qtbot.waitUntil(lambda: window.prediction.has_result, timeout=SECONDS)
    (entry,) = window.prediction.queue.entries
    assert entry.state == State.DONE
    assert any("Dark covers" in text for text in window.notices.texts)
    is_seen(qtbot, window)
    assert entry.store is not None
    stored = read_mask_prediction(entry.store)
    assert stored.complete
    # What is red is what the store says, at each place of the view.
    window.views.active.cells.opacity = 1.0
    window.layers_panel.classes.boxes["Tissue"].click()
    is_seen(qtbot, window)
    assert_red_where_stored(qtbot, window, stored)
    said = window.layers_panel.summary.text()
    assert "Dark: about" in said and "mm²" in said and "Tissue" not in said

    # Near by, and with another threshold.
    window.canvas.zoom_to(2.0)
    window.predicted.shown.threshold = 0.9
    is_seen(qtbot, window)
    assert_red_where_stored(qtbot, window, stored, 0.9)

    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    window.named_actions["export_prediction"].trigger()
    qtbot.waitUntil(lambda: any("Exported" in it for it in window.notices.texts), timeout=SECONDS)
    written = {path.name for path in (tmp_path / made_slide.stem).iterdir()}
    assert {"areas.csv", "prediction.xml", "prediction.geojson", "overlay.png", "run.json"} <= (
        written
    )

    window.files.open_slide(made_slide)

    def is_as_stored() -> bool:  # that there was none in between may last no time at all
        return window.prediction.has_result and window.predicted.shown.threshold == 0.5

    qtbot.waitUntil(is_as_stored, timeout=20_000)
    window.layers_panel.classes.boxes["Tissue"].click()
    is_seen(qtbot, window)
    assert_red_where_stored(qtbot, window, stored)


def assert_red_where_stored(
    qtbot: QtBot, window: MainWindow, stored: MaskPrediction, threshold: float = 0.5
) -> None:
    """At each place of the view, all but edges, where two levels need not agree."""
    canvas, layer = window.canvas, window.views.active.cells
    shown = picture(canvas)
    layer.visible = False
    is_seen(qtbot, window)
    is_red = np.abs(shown - picture(canvas)).max(axis=-1) > 20
    layer.visible = True
    is_seen(qtbot, window)
    pixel = 1 / canvas.viewpoint.scale
    level = max(0, round(np.log2(pixel / stored.frame.scale)))
    frame = stored.frame_at(level)
    whole = stored.read(level, 0, 0, frame.width, frame.height)[..., 1]
    wrong = looked = 0
    for x in range(20, canvas.width() - 20, 17):
        for y in range(20, canvas.height() - 20, 17):
            at = canvas.viewpoint.to_slide(x + 0.5, y + 0.5)
            column, row = int((at[0] - frame.x) / frame.scale), int((at[1] - frame.y) / frame.scale)
            if not (2 <= row < frame.height - 2 and 2 <= column < frame.width - 2):
                continue
            near = whole[row - 2 : row + 3, column - 2 : column + 3] >= threshold
            if near.all() or not near.any():
                looked += 1
                wrong += bool(is_red[y, x]) != bool(near.all())
    assert looked > 100 and wrong <= looked * 0.01, (wrong, looked)


def test_a_click_on_a_mask_says_what_the_model_says(
    predicted: Callable[[str], MainWindow],
) -> None:
    window = predicted("mask")
    stored = mask_in(window)
    view, frame = window.canvas.viewpoint, stored.frame
    pressed = screen_point(window.canvas, 2000.5, 1500.5)
    x, y = view.to_slide(pressed.x(), pressed.y())
    click(window.canvas, 2000.5, 1500.5)
    card = window.cell_cards.card
    assert card is not None
    column, row = int((x - frame.x) / frame.scale), int((y - frame.y) / frame.scale)
    values = stored.read(0, column, row, 1, 1)[0, 0].tolist()
    said = {name: float(value) for name, value in (it.split(": ") for it in card.lines[:2])}
    assert said == pytest.approx(dict(zip(("Tissue", "Dark"), values, strict=True)), abs=6e-4)
    assert card.lines[2] == "Pixel of 1.0 µm"
    click(window.canvas, 2000.5, 1500.5)
    assert window.cell_cards.card is None, "a second click takes it away"
    click(window.canvas, 4000, 2900)
    assert window.cell_cards.card is None, "the model did not look there"


def test_a_click_on_a_nucleus_says_what_was_measured(
    qtbot: QtBot, predicted: Callable[[str], MainWindow]
) -> None:
    window = predicted("nuclei")
    panel = window.layers_panel
    many = sum(len(it) for it in nuclei_in(window).parts())
    assert panel.summary.text() == f"{many:,} nuclei.".replace(",", "") and many > 50
    assert not panel.threshold.isVisible() and not panel.look.isVisible()
    part = next(iter(nuclei_in(window).parts()))
    index = int(np.argmax(part.roundness))
    x, y = (part.centres[index] * 2).tolist()  # at twice the slide's spacing
    window.canvas.centre_on(x, y)
    window.canvas.zoom_to(4)
    is_seen(qtbot, window)
    before = picture(window.canvas)
    click(window.canvas, x, y)
    card = window.cell_cards.card
    assert card is not None
    assert card.lines[0] == f"Nucleus of {part.pixels[index] / 4:.1f} µm²"
    assert card.lines[1] == f"Roundness {part.roundness[index]:.2f}"
    click(window.canvas, x, y)
    layer = window.views.active.cells
    layer.visible = False
    is_seen(qtbot, window)
    difference = (before - picture(window.canvas))[..., 0]
    middle = window.canvas.rect().center()
    around = difference[middle.y() - 60 : middle.y() + 60, middle.x() - 60 : middle.x() + 60]
    assert around.max() > 60 and 5 < difference[middle.y(), middle.x()] < around.max()
    # And the nucleus under the mouse is accepted as markup.
    layer.visible = True
    window.judging.accepting.accept_at(x, y)
    (made,) = window.session.document.annotations
    assert made.bounds is not None and made.bounds.contains(x, y)


def test_the_region_under_the_mouse_is_accepted(predicted: Callable[[str], MainWindow]) -> None:
    window = predicted("mask")
    stored = mask_in(window)
    dark = stored.read(0, 300, 300, 400, 400)[..., stored.target]
    inside = cv2.distanceTransform((dark >= 0.5).astype(np.uint8), cv2.DIST_L2, 3)
    row, column = np.unravel_index(int(inside.argmax()), inside.shape)
    at = stored.frame.rect(300 + int(column), 300 + int(row), 1, 1).centre
    window.judging.accepting.accept_at(*at)
    (made,) = window.session.document.annotations
    assert shapely.Polygon(made.points).buffer(0).contains(shapely.Point(at))
    window.judging.accepting.accept_at(4000, 2900)
    assert len(window.session.document.annotations) == 1


@pytest.mark.parametrize("task", ["mask", "nuclei"])
def test_predictions_become_annotations_in_one_step(
    qtbot: QtBot, predicted: Callable[[str], MainWindow], task: str
) -> None:
    window = predicted(task)
    document, told = window.session.document, []
    window.canvas.zoom_to(2)
    window.canvas.centre_on(1800, 1800)
    view = window.canvas.viewpoint.visible

    def use(dialog: QDialog) -> None:
        assert isinstance(dialog, RegionsDialog)
        qtbot.waitUntil(lambda: dialog.made is not None, timeout=20_000)
        told.append(dialog.told.text())
        rows = [dialog.threshold, dialog.smallest, dialog.tolerance, dialog.of_class]
        assert [box.isVisible() for box in rows] == [task == "mask"] * 4
        assert dialog.group.currentText() == {"mask": "Dark", "nuclei": "Nuclei"}[task]
        choose(dialog.where, "What is in view")
        agree(dialog)

    in_dialog(RegionsDialog, use)
    window.named_actions["regions_to_markup"].trigger()
    made = list(document.annotations)
    assert int(told[0].split()[0]) > len(made) > 0
    seen = shapely.box(view.x, view.y, view.right, view.bottom)
    assert all(shapely.Polygon(it.points).intersects(seen.buffer(5)) for it in made)
    assert len(document.annotations.groups) == 1
    assert document.undo_stack.undoText() == "Turn prediction into annotations"
    window.named_actions["undo"].trigger()
    assert len(document.annotations) == 0 and not document.annotations.groups


def test_options_are_those_that_the_task_knows(
    workers: list[TameWorker], opened: Callable[[], MainWindow], qtbot: QtBot
) -> None:
    window = opened()
    settings.write(settings.PREDICTION_STEP, "half")
    settings.write(settings.PREDICTION_RULE, "confirm")

    def use(dialog: QDialog) -> None:
        assert isinstance(dialog, PredictDialog)
        assert dialog.where.isVisible() and dialog.tissue.isVisible()
        assert dialog.turns.isVisible() and dialog.minutes.isVisible()
        assert not dialog.step.isVisible() and not dialog.rule.isVisible()
        dialog.minutes.setValue(0)
        choose(dialog.turns, dialog.turns.itemText(1))
        choose(dialog.where, "The tissue that is in view")
        agree(dialog)

    in_dialog(PredictDialog, use)
    window.named_actions["predict_with"].trigger()
    qtbot.waitUntil(lambda: bool(workers[-1].requests), timeout=20_000)
    request = workers[-1].asked
    assert request.tissue is not None and request.first is not None
    assert request.options == Options(turns="flips", tissue=request.options.tissue)
    request.options.check(open_package(request.model).spec)


def test_nuclei_are_shown_while_they_are_found_and_kept_apart_from_tiles(
    qtbot: QtBot,
    workers: list[TameWorker],
    predicted: Callable[[str], MainWindow],
    packages: dict[str, ModelPackage],
) -> None:
    window = predicted("nuclei")
    window.docks.show("Metrics")
    state = window.judging.metrics.panel.state
    qtbot.waitUntil(lambda: state.text() == NUCLEI)
    result = nuclei_in(window)
    window.prediction.ordering.start()
    qtbot.waitUntil(lambda: bool(workers[-1].requests), timeout=20_000)
    spec, frame = packages["nuclei"].spec, result.mask.frame
    said = workers[-1].replies.put
    said(NucleiStarted(1, frame, spec.class_names, 0, 0.5, False))
    qtbot.waitUntil(lambda: window.layers_panel.summary.text() == "0 nuclei.")
    assert state.text() == UNDER_WAY
    for block, nuclei in stored_blocks(result.store):
        said(NucleiPart(1, block, nuclei.centres, nuclei.pixels))
    many = sum(len(it) for it in result.parts())
    qtbot.waitUntil(lambda: window.layers_panel.summary.text() == f"{many} nuclei.")
    is_seen(qtbot, window)
    window.prediction.chooser.setEnabled(True)
    window.prediction.chooser.choose(packages["mask"])
    qtbot.waitUntil(lambda: not window.predicted.shown.has_prediction)
    window.prediction.chooser.choose(packages["nuclei"])
    qtbot.waitUntil(lambda: window.layers_panel.summary.text() == f"{many} nuclei.")
    said(Finished(1, result.store, many, many, (), 2.0))
    qtbot.waitUntil(lambda: window.prediction.has_result, timeout=20_000)
    assert any(f"{many} nuclei were found" in it for it in window.notices.texts)
    # Tiles take the place of nuclei.
    window.cells.show_prediction(
        Prediction(Grid(0, 0, 200, 4, 4), ("A", "B"), np.full((4, 4, 2), 0.5, np.float32), 1, 0.5)
    )
    assert not window.predicted.nuclei.has_prediction
    assert window.predicted.shown is window.cells and window.layers_panel.threshold.isVisible()


def test_a_mask_is_reviewed_like_tiles(
    qtbot: QtBot, predicted: Callable[[str], MainWindow]
) -> None:
    window = predicted("mask")
    settings.write(settings.HOLES, "cut")
    stored, queue = mask_in(window), window.judging.reviewing.queue
    QTest.keyClick(window, Qt.Key.Key_F7)
    qtbot.waitUntil(lambda: queue.found is not None and len(queue) > 0)
    assert queue.found is not None
    grid = queue.found.findings.grid
    assert grid.cell * 0.25 >= 8, "no cell is finer than a hand draws"
    row, column = grid.rows // 3, grid.columns // 3
    side = round(grid.cell / stored.frame.scale)
    pixels = stored.read(0, column * side, row * side, side, side)[..., stored.target]
    score = queue.found.opinions.scores[row, column]
    assert score == pytest.approx(pixels.astype(float).mean(), abs=1e-3, nan_ok=True)
    count = len(queue.found.findings)
    QTest.keyClick(window, Qt.Key.Key_BracketRight)
    QTest.keyClick(window, Qt.Key.Key_Y)
    qtbot.waitUntil(lambda: len(queue.found.findings) < count)  # type: ignore[union-attr]
    assert len(window.session.document.annotations) > 0
    assert {it.group for it in window.session.document.annotations} == {"Tumor"}
