"""The small window of long work: shown after a moment, cancelled in any way, gone at the end."""

import threading

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QProgressDialog, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from slideviewer.progress import Progress, Step
from slideviewer.ui import running
from slideviewer.ui.jobs import Job
from slideviewer.ui.running import Running


class Work:
    """Goes on until it is cancelled, or a test lets it end."""

    def __init__(self) -> None:
        self.may_end = threading.Event()

    def __call__(self, progress: Progress) -> str:
        number = 0
        while not self.may_end.wait(0.005):
            number += 1
            progress(Step(number, 1_000_000, "Counting", "things"))
        return "done"


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "PATIENCE_MILLISECONDS", 20)


@pytest.fixture
def parent(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    made.show()
    return made


def shown_dialog(qtbot: QtBot, parent: QWidget) -> QProgressDialog:
    qtbot.waitUntil(lambda: any(it.isVisible() for it in parent.findChildren(QProgressDialog)))
    (dialog,) = parent.findChildren(QProgressDialog)
    return dialog


@pytest.mark.parametrize("how", ["button", "close"])
def test_long_work_is_cancelled_by_its_button_or_by_closing_its_window(
    qtbot: QtBot, parent: QWidget, how: str
) -> None:
    at_work, job = Running(parent), Job(Work(), parent)
    gone: list[object] = []
    job.discarded.connect(gone.append)
    at_work.start(job, "Counting", "Beginning to count")
    dialog = shown_dialog(qtbot, parent)
    qtbot.waitUntil(lambda: dialog.labelText().startswith("Counting: "))
    if how == "button":
        QTest.mouseClick(dialog.findChild(QPushButton), Qt.MouseButton.LeftButton)
    else:
        dialog.close()
    job.progressed.emit(Step(500_000, 1_000_000, "Counting", "things"))  # it was on its way
    assert not dialog.isVisible()
    qtbot.waitUntil(lambda: not at_work.is_busy)
    assert gone == [None]
    qtbot.waitUntil(lambda: not parent.findChildren(QProgressDialog))


def test_work_that_ends_takes_its_window_along(qtbot: QtBot, parent: QWidget) -> None:
    at_work, work = Running(parent), Work()
    job = Job(work, parent)
    results: list[object] = []
    job.succeeded.connect(results.append)
    at_work.start(job, "Counting", "Beginning to count")
    shown_dialog(qtbot, parent)
    work.may_end.set()
    qtbot.waitUntil(lambda: results == ["done"])
    qtbot.waitUntil(lambda: not parent.findChildren(QProgressDialog))
    assert not at_work.is_busy


def test_the_end_cancels_all(
    qtbot: QtBot, parent: QWidget, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "CLOSE_SECONDS", 60)  # how long it waits is not what is tested
    others = set(threading.enumerate())
    at_work = Running(parent)
    jobs = [Job(Work(), parent) for _ in range(2)]
    for job in jobs:
        at_work.start(job, "Counting", "Beginning to count")
    assert at_work.is_busy
    at_work.close()
    mine = set(threading.enumerate()) - others
    assert all(thread.name != "job" for thread in mine)
    qtbot.waitUntil(lambda: not at_work.is_busy)
