"""The pictures of predicting: where and how, several slides, colours, regions as annotations."""

from __future__ import annotations

import sys
from pathlib import Path

from help_stage import SECONDS, Stage, framed, pause, side_by_side
from PySide6.QtCore import QItemSelectionModel, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest

from slideviewer.ui.improving.slides_table import Use
from slideviewer.ui.launch import wait_until
from slideviewer.ui.prediction_dialog import PredictDialog
from slideviewer.ui.prediction_regions import RegionsDialog

METRICS = QSize(520, 820)


def predict_with(stage: Stage) -> QImage:
    """The dialog that asks where and how to predict, and what counts as tissue."""
    stage.open(stage.slides.first)
    window = stage.window
    chooser, annotations = window.prediction.chooser, window.session.document.annotations
    view = window.canvas.viewpoint.visible
    dialog = PredictDialog(chooser.currentData(), chooser.packages, annotations, view, window)
    dialog.where.setCurrentIndex(1)
    dialog.minutes.setValue(10)
    return framed(dialog)


def predictions(stage: Stage) -> QImage:
    """Several slides in the list: one runs, the others wait."""
    slides, window = stage.slides, stage.window
    stage.open(slides.first)
    window.browsing.tray.prediction_wanted.emit([slides.mapped, slides.section, slides.damaged])
    queue = window.prediction.queue
    wait_until(lambda: queue.live is not None and _done(stage) > 0, 3 * SECONDS)
    stage.go(0.5, 0.45, 2.5)
    picture = stage.right(QSize(500, 240))
    for entry in queue.entries:
        queue.cancel(entry.number)
    wait_until(lambda: queue.running is None, SECONDS)
    return picture


def tile(stage: Stage) -> QImage:
    """Smooth colours, and the card of a tile."""
    stage.open(stage.slides.first, prediction=True)
    stage.go(0.45, 0.5, 5)
    look = stage.window.layers_panel.look
    look.colours.setCurrentIndex(1)
    look.smooth.setChecked(True)
    stage.window.views.active.cells.opacity = 0.8
    place = stage.window.canvas.rect().center() + QPoint(80, -45)
    QTest.mouseClick(stage.window.canvas, Qt.MouseButton.LeftButton, pos=place)
    stage.settle()
    return stage.right(QSize(560, 440))


def regions(stage: Stage) -> QImage:
    """The dialog that makes annotations of a prediction, and their outlines on the slide."""
    stage.open(stage.slides.first, prediction=True)
    window = stage.window
    stage.hide_panels()
    stage.go(0.45, 0.5, 3)
    result = window.prediction.results.shown
    assert result is not None
    view = window.canvas.viewpoint.visible
    threshold = window.cells.threshold
    dialog = RegionsDialog(result, threshold, ["Tumor"], view, window.views.preview, window)
    dialog.smallest.setValue(10_000)
    wait_until(lambda: dialog.made is not None, SECONDS)
    stage.settle()
    place = stage.place_of(window.views)
    shown = QRect(place.topLeft() + QPoint(220, 60), QSize(280, 231))
    made = side_by_side(stage.picture(shown), framed(dialog))
    dialog.reject()
    pause()
    return made


def reviewing(stage: Stage) -> QImage:
    """The Review panel, some of it decided, and the outline of what is looked at."""
    stage.open(stage.slides.first, prediction=True)
    stage.do("review")
    review = stage.window.judging.reviewing
    wait_until(lambda: len(review.queue) > 4, SECONDS)
    pause(500)
    for command in ("next_finding", "reject", "defer", "next_finding"):
        stage.do(command)
    return _pictured(stage)


def review_grid(stage: Stage) -> QImage:
    """The findings as pictures: some decided, two selected."""
    stage.open(stage.slides.first, prediction=True)
    stage.do("review", "review_grid")
    review = stage.window.judging.reviewing
    wait_until(lambda: len(review.queue) > 4, SECONDS)
    pause(500)
    for command in ("next_finding", "reject", "defer"):
        stage.do(command)
    panel = review.panel
    panel.grid.selectionModel().select(
        panel.model.index(4), QItemSelectionModel.SelectionFlag.Select
    )
    return _pictured(stage)


def reading_blind(stage: Stage) -> QImage:
    """The bar over a slide that is read blind, and the Review panel, which tells nothing."""
    stage.open(stage.slides.first, prediction=True)
    stage.do("read_blind", "review")
    stage.settle()
    return stage.picture(QRect(0, stage.place_of(stage.window.views).top(), 1120, 300))


def _pictured(stage: Stage) -> QImage:
    """The Review panel, when its pictures are there, which come one after the other."""
    stage.settle()
    views = stage.window.judging.reviewing.panel.views
    wait_until(lambda: views.is_pictured, SECONDS)
    return stage.right(QSize(640, 600))


def metrics(stage: Stage) -> QImage:
    """The Metrics panel, and a tile that the model missed."""
    stage.open(stage.slides.first, prediction=True)
    stage.hide_panels()
    stage.do("metrics")
    stage.window.resize(METRICS)  # room for a curve
    stage.settle()
    measuring = stage.window.judging.metrics
    wait_until(lambda: measuring.measured is not None and not measuring.is_working, SECONDS)
    _click_cell(stage, 1, 0)
    stage.settle()
    place = stage.place_of(stage.window.views)
    return stage.picture(QRect(0, place.top(), METRICS.width(), place.height()))


def _click_cell(stage: Stage, row: int, column: int) -> None:
    """Click a number of the confusion matrix."""
    table = stage.window.judging.metrics.panel.tiles.confusion
    item = table.item(row, column)
    assert item is not None
    place = table.visualItemRect(item).center()
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)


def improving(stage: Stage) -> QImage:
    """What there is to learn from in a folder, and before and after on the slide held out."""
    sys.path.append(str(Path(__file__).parents[1] / "tests"))
    from reviewed_slides import HELD_OUT, SEEDS, make_reviewed

    window, improving = stage.window, stage.window.judging.improving
    reviewed = make_reviewed(stage.slides.first.parent.parent)
    window.prediction.chooser.offer(reviewed.model)
    window.prediction.chooser.choose(reviewed.model)
    stage.open(reviewed.folder / f"case_{SEEDS[0]}.tif")
    stage.do("improve_model")
    dialog = improving.dialog
    assert dialog is not None
    wait_until(lambda: bool(dialog.table.slides), SECONDS)
    for box, slide in zip(dialog.table.boxes, dialog.table.slides, strict=True):
        box.setCurrentText(Use.HOLD_OUT if slide.name == HELD_OUT else Use.LEARN)
    dialog.folder.set_words("Slides: /data/nodes")
    taught = framed(dialog)
    dialog.go.click()
    wait_until(dialog.former.isVisible, 3 * SECONDS)
    judged = framed(dialog)
    dialog.former.click()
    return side_by_side(taught, judged)


def _done(stage: Stage) -> int:
    """Tiles of the one under way that are predicted."""
    entry = stage.window.prediction.queue.running
    step = entry.step if entry is not None else None
    return step.done if step is not None and step.unit == "tiles" else 0
