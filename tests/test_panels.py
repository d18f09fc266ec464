"""Long names in the panels, and what becomes of them in little room."""

from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QToolBar
from pytestqt.qtbot import QtBot
from test_thumbnails import write_picture
from tiny_model import write_colour_nuclei, write_tiny_package, write_tiny_segmentation
from window_fixtures import OpenSlide

from slideviewer.annotations import Annotation, AnnotationSet, Kind
from slideviewer.models.spec import Task
from slideviewer.progress import Step
from slideviewer.ui.model_chooser import ModelChooser
from slideviewer.ui.panels.tray import SlideTray
from slideviewer.ui.thumbnail_store import ThumbnailStore
from slideviewer.ui.thumbnails import Thumbnails
from slideviewer.ui.window import MainWindow

LONG = "a_name_of_which_the_end_is_what_tells_it_from_its_neighbours_17"


@pytest.fixture
def tray(qtbot: QtBot, tmp_path: Path) -> SlideTray:
    made = SlideTray(Thumbnails(ThumbnailStore(tmp_path / "kept")))
    qtbot.addWidget(made)
    made.resize(240, 300)
    made.show()
    qtbot.waitExposed(made)
    return made


def test_the_place_of_the_slides_keeps_its_end(
    qtbot: QtBot, tray: SlideTray, tmp_path: Path
) -> None:
    folder = tmp_path / LONG
    folder.mkdir()
    write_picture(folder / "one.png")
    tray.show_folder(folder)
    qtbot.waitUntil(lambda: tray.model.count == 1)
    for width in (240, 300):
        tray.resize(width, 300)
        text = tray.place.text()
        assert text.startswith("1 slide") and text.endswith("17")
        assert tray.place.fontMetrics().horizontalAdvance(text) <= width - 16
    assert tray.place.toolTip() == str(folder)
    tray.resize(900, 300)
    assert tray.place.text() == f"1 slide in {LONG}"


def test_a_new_slide_in_the_folder_does_not_move_the_list(
    qtbot: QtBot, tray: SlideTray, tmp_path: Path
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(40):
        (folder / f"s{number}.png").touch()
    tray.show_open(folder / "s0.png")
    qtbot.waitUntil(lambda: tray.model.count == 40)
    bar = tray.list.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 900)
    bar.setValue(900)
    (folder / "z.png").touch()
    qtbot.waitUntil(lambda: tray.model.count == 41)
    assert tray.list.currentIndex().row() == 0
    tray.grab()
    assert bar.value() == 900


def test_names_of_bookmarks_are_broken_into_lines(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path
) -> None:
    window = open_slide(made_slide)
    window.named_actions["bookmarks"].trigger()
    names = window.aids.bookmarking.panel.list
    window.aids.bookmarking.add("short")
    window.aids.bookmarking.add("words of a name " * 12)
    qtbot.waitUntil(
        lambda: (
            names.visualItemRect(names.item(1)).height()
            > names.visualItemRect(names.item(0)).height()
        )
    )
    assert names.visualItemRect(names.item(1)).width() <= names.viewport().width()
    assert names.horizontalScrollBar().maximum() == 0


def test_a_cell_of_the_annotations_says_what_it_has_no_room_for(window: MainWindow) -> None:
    points = np.array([(0.0, 0.0), (9.0, 0.0), (9.0, 9.0)])
    window.session.document.open(
        AnnotationSet.of([Annotation(LONG, Kind.POLYGON, points, "A group")]), None
    )
    model = window.editing.list.table.model()
    for column, text in ((0, f"{LONG}\nNot saved yet."), (2, "A group")):
        index = model.index(0, column)
        assert index.data(Qt.ItemDataRole.ToolTipRole) == text
        assert index.data(Qt.ItemDataRole.DecorationRole) is None


def test_progress_does_not_widen_the_window(window: MainWindow) -> None:
    status = window.status
    status.show_progress(Step(1, 2))
    QApplication.processEvents()  # the layout takes note
    narrow = status.minimumSizeHint().width()
    step = Step(12_000, 90_000, "Predicting", "tiles", 85.0)
    status.show_progress(step)
    QApplication.processEvents()
    assert status.minimumSizeHint().width() == narrow
    assert status.progress_text.toolTip() == status.progress_text.text()
    assert "85 tiles/s" in status.progress_text.toolTip()
    status.show_progress(None)
    assert status.progress_text.text() == "" and not status.progress_bar.isVisible()


def test_models_of_tiles_come_first_whatever_their_names(qtbot: QtBot, user_folder: Path) -> None:
    write_colour_nuclei(user_folder / "models" / "a-nuclei")
    write_tiny_segmentation(user_folder / "models" / "b-mask")
    write_tiny_package(user_folder / "models" / "c-tiles")
    chooser = ModelChooser()
    qtbot.addWidget(chooser)
    tasks = [package.spec.task for package in chooser.packages]
    places = [get_args(Task).index(task) for task in tasks]
    assert places == sorted(places)
    assert {"tile-classification", "segmentation", "nuclei"} == set(tasks)


def test_a_model_of_a_long_title_leaves_room_in_the_toolbar(qtbot: QtBot) -> None:
    toolbar = QToolBar()
    qtbot.addWidget(toolbar)
    chooser = ModelChooser()
    chooser.addItem("A network of our own for the nodes of all our patients " * 4)
    toolbar.addWidget(chooser)
    after = toolbar.addAction("Predict")
    toolbar.resize(600, 40)
    toolbar.show()
    qtbot.waitExposed(toolbar)
    assert chooser.sizeHint().width() > 600
    assert toolbar.widgetForAction(after).isVisible()
    chooser.showPopup()
    assert chooser.view().width() > 600
    chooser.hidePopup()
