"""The model corrected in the real window: counted, made in a process, used, and gone back from."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget
from pytestqt.qtbot import QtBot
from reviewed_slides import HELD_OUT, Reviewed, make_reviewed
from window_fixtures import OpenSlide

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.annotations import Annotation, Kind, as_points
from slideviewer.evaluation.tiles import LabelledTiles
from slideviewer.models.package import look_at, open_package
from slideviewer.models.versions import waiting_folder, waiting_place
from slideviewer.training.improving.judging import Units, judge
from slideviewer.training.improving.survey import SurveyedSlide
from slideviewer.ui.improving.control import BACK, NO_FORMER, NOT_SAVED
from slideviewer.ui.improving.dialog import NO_SLIDE_HELD_OUT, NOTHING, ImproveDialog
from slideviewer.ui.improving.slides_table import SlidesTable, Use
from slideviewer.ui.window import MainWindow

PATIENCE = 120_000


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> Reviewed:
    return make_reviewed(tmp_path_factory.getbasetemp())


@pytest.fixture
def opened(
    qtbot: QtBot, window: MainWindow, open_slide: OpenSlide, reviewed: Reviewed, user_folder: Path
) -> MainWindow:
    """The window on a reviewed slide, with the model that was reviewed chosen."""
    place = user_folder / "models" / "spoilt"
    shutil.copytree(reviewed.model.folder, place)
    window.prediction.chooser.offer(look_at(place))
    window.prediction.chooser.setCurrentText("Spoilt")
    open_slide(reviewed.folder / "case_31.tif")
    qtbot.waitUntil(lambda: window.session.document.path is not None, timeout=20_000)
    return window


def counted(qtbot: QtBot, window: MainWindow) -> ImproveDialog:
    """Press the button of the Review panel, and wait for the counts."""
    window.docks.show("Review")
    QTest.mouseClick(window.judging.reviewing.panel.improve, Qt.MouseButton.LeftButton)
    dialog = window.judging.improving.dialog
    assert dialog is not None and dialog.isVisible()
    qtbot.waitUntil(lambda: bool(dialog.table.slides), timeout=PATIENCE)
    return dialog


def choose(dialog: ImproveDialog, name: str, use: Use) -> None:
    names = [slide.name for slide in dialog.table.slides]
    dialog.table.boxes[names.index(name)].setCurrentText(use)


def test_from_the_review_to_a_new_version_and_back(qtbot: QtBot, opened: MainWindow) -> None:
    dialog = counted(qtbot, opened)
    assert dialog.table.item(0, 0).text() == "case_31"
    assert dialog.table.item(0, 2).text().endswith("Normal")  # rejected
    assert dialog.table.item(0, 3).text().endswith("Tumor")  # drawn
    for slide in dialog.table.slides:
        choose(dialog, slide.name, Use.LEARN)
    assert NO_SLIDE_HELD_OUT in dialog.summed.text()
    choose(dialog, HELD_OUT, Use.HOLD_OUT)
    assert "1 slide is held out" in dialog.summed.text()
    QTest.mouseClick(dialog.go, Qt.MouseButton.LeftButton)
    process = opened.judging.improving.process
    assert process.is_running and not dialog.use.isVisible()
    qtbot.waitUntil(lambda: not process.is_running, timeout=PATIENCE)
    assert dialog.problem.text() == ""
    before, after = (int(dialog.compared.cells["false_positives", it].text()) for it in SIDES)
    assert after < before
    assert dialog.compared.headline.text()
    shown = [it.text() for it in dialog.compared.findChildren(type(dialog.summed))]
    assert RESEARCH_USE_ONLY in shown
    QTest.mouseClick(dialog.use, Qt.MouseButton.LeftButton)
    chooser = opened.prediction.chooser
    qtbot.waitUntil(lambda: chooser.currentText() == "Spoilt, version 2", timeout=20_000)
    assert opened.judging.improving.dialog is None
    assert open_package("spoilt-v2").spec.parent == chooser.packages[parent_row(opened)].hash
    notice = next(it for it in opened.notices.notices if "predicts from now on" in it.text)
    QTest.mouseClick(notice.button, Qt.MouseButton.LeftButton)
    assert chooser.currentText() == "Spoilt"
    assert BACK.format(title="Spoilt") in opened.notices.texts
    opened.named_actions["former_model"].trigger()
    assert NO_FORMER.format(title="Spoilt") in opened.notices.texts


SIDES = ("before", "after")


def parent_row(window: MainWindow) -> int:
    titles = [it.spec.title for it in window.prediction.chooser.packages]
    return titles.index("Spoilt")


def test_cancelled_or_closed_nothing_stays(
    qtbot: QtBot, opened: MainWindow, user_folder: Path
) -> None:
    dialog = counted(qtbot, opened)
    QTest.mouseClick(dialog.go, Qt.MouseButton.LeftButton)
    process = opened.judging.improving.process
    qtbot.waitUntil(lambda: process.pid is not None, timeout=20_000)
    pid = process.pid
    assert pid is not None and is_there(pid)
    QTest.mouseClick(dialog.stop, Qt.MouseButton.LeftButton)
    assert not process.is_running and not is_there(pid)
    assert dialog.go.isVisible() and dialog.table.slides  # as before
    QTest.mouseClick(dialog.go, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: process.pid is not None, timeout=20_000)
    pid = process.pid
    opened.judging.improving.close()  # as the window does when it closes
    assert pid is not None and not is_there(pid)
    hidden = [it.name for it in (user_folder / "models").iterdir() if it.name.startswith(".")]
    assert hidden == []


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def test_the_table_proposes_to_leave_out_what_teaches_nothing(qtbot: QtBot) -> None:
    table = SlidesTable(("Normal", "Tumor"))
    qtbot.addWidget(table)
    some, none = np.ones((3, 2), np.int64), np.zeros((3, 2), np.int64)
    table.show_slides(
        [
            SurveyedSlide("a", some),
            SurveyedSlide("b", some, is_held_out=True),
            SurveyedSlide("c", none),
            SurveyedSlide("d", none, is_held_out=True),
        ]
    )
    proposed = [box.currentData() for box in table.boxes]
    assert proposed == [Use.LEARN, Use.HOLD_OUT, Use.LEAVE_OUT, Use.LEAVE_OUT]
    assert all(box.isEnabled() for box in table.boxes)


def test_where_it_cannot_be_judged_the_former_is_proposed(
    qtbot: QtBot, reviewed: Reviewed, tmp_path: Path
) -> None:
    slides = np.repeat(np.arange(2), 50)
    nothing = np.zeros((100, 2), np.float32)
    nothing[:, 0] = 1
    tiles = LabelledTiles(nothing, slides * 0, ("Normal", "Tumor"), 1, slides, ("a", "b"))
    told = judge(tiles, tiles, (0.5, 0.5), Units(slides, 2, "slide"), "tiles").as_json()
    both = replace(tiles, labels=np.arange(100) % 2)
    judged = judge(both, both, (0.5, 0.5), Units(slides, 2, "slide"), "tiles").as_json()
    parent = QWidget()
    qtbot.addWidget(parent)
    dialog = ImproveDialog(reviewed.model, parent)
    for judgement, proposed in ((told, dialog.former), (judged, dialog.use)):
        dialog.show_result({"package": {}, "judgement": judgement, "remembers": "", "tiles": 3})
        dialog.show()
        assert dialog.compared.headline.text() == judgement["words"]
        assert [it for it in (dialog.use, dialog.former) if it.isDefault()] == [proposed]


def test_a_version_that_cannot_be_taken_over_waits_on(
    qtbot: QtBot, opened: MainWindow, reviewed: Reviewed, user_folder: Path
) -> None:
    dialog = counted(qtbot, opened)
    improving = opened.judging.improving
    waiting = improving._waiting = waiting_place(7)
    shutil.copytree(reviewed.model.folder, waiting)  # of a name that is taken
    told = {"is_judged": True, "changes": [], "words": "It is better.", "measured_on": "tiles"}
    told |= {"weakness": "", "is_worse": False, "false_positives": (1, 0), "rule": ""}
    told |= {"false_negatives": (0, 0)}
    dialog.show_result({"package": {}, "judgement": told, "remembers": "", "tiles": 3})
    QTest.mouseClick(dialog.use, Qt.MouseButton.LeftButton)
    dialog.reject()  # too late: it was said that it is used
    qtbot.waitUntil(lambda: improving._taking is None, timeout=20_000)
    assert any("installed already" in it for it in opened.notices.texts)
    assert waiting.is_dir() and dialog.isVisible() and dialog.isEnabled()
    shutil.rmtree(user_folder / "models" / "spoilt")
    QTest.mouseClick(dialog.use, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: improving.dialog is None, timeout=20_000)
    assert open_package("spoilt").hash == reviewed.model.hash and not waiting.exists()


def test_what_nobody_can_decide_on_any_more_is_deleted(
    qtbot: QtBot, opened: MainWindow, user_folder: Path
) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    ours = waiting_place(3)
    gone = ours.with_name(ours.name.replace(f"-{os.getpid()}-", f"-{ended.pid}-"))
    half = gone.with_name(f".making-{gone.name}-x7k")
    elsewhere = ours.with_name(f"another-{ended.pid}-1")
    for folder in (ours, gone, half, elsewhere):
        (folder / "model").mkdir(parents=True)
    counted(qtbot, opened)
    assert set(waiting_folder().iterdir()) == {ours, elsewhere}


def test_what_does_not_serve_is_said_and_the_slides_stay(
    qtbot: QtBot, opened: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog = counted(qtbot, opened)
    for slide in dialog.table.slides:
        choose(dialog, slide.name, Use.LEAVE_OUT)
    assert dialog.summed.text() == NOTHING and not dialog.go.isEnabled()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *a: str(tmp_path))
    QTest.mouseClick(dialog.choose, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(dialog.problem.text()), timeout=PATIENCE)
    assert "no slide" in dialog.problem.text() and not dialog.go.isEnabled()
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert opened.judging.improving.dialog is None
    dot = Annotation("new", Kind.DOT, as_points([(5, 5)]))
    opened.session.document.apply("Dot", {dot.id: dot})
    opened.named_actions["improve_model"].trigger()
    QApplication.processEvents()
    assert opened.judging.improving.dialog is None and NOT_SAVED in opened.notices.texts
