"""Files of open slides are looked at, each on its own: one that hangs says nothing of others."""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from window_fixtures import OpenSlide, wait_for_jobs

from slideviewer.ui import slide_watch
from slideviewer.ui.saving import Stamp, stamp_of
from slideviewer.ui.window import MainWindow


class Drive:
    """Where files lie; those of the names in `hanging` do not answer until it `is_back`."""

    def __init__(self) -> None:
        self.hanging: set[str] = set()
        self.is_back = threading.Event()

    def stamp_of(self, path: Path) -> Stamp | None:
        if path.name in self.hanging:
            self.is_back.wait()
        return stamp_of(path)


@pytest.fixture
def drive(monkeypatch: pytest.MonkeyPatch) -> Iterator[Drive]:
    made = Drive()
    monkeypatch.setattr(slide_watch, "stamp_of", made.stamp_of)
    yield made
    made.is_back.set()


def told(window: MainWindow, path: Path) -> list[str]:
    return [text for text in window.notices.texts if text.startswith(f"{path}: ")]


def test_a_drive_that_hangs_is_told_of_its_own_slide_and_hides_nothing_of_another(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path, tmp_path: Path, drive: Drive
) -> None:
    far, near = tmp_path / "far.tif", tmp_path / "near.tif"
    for path in (far, near):
        shutil.copy(made_slide, path)
    window = open_slide(far)
    window.views.set_shape(1, 2)
    window.comparing.open_in(window.views.views[1], near)
    qtbot.waitUntil(lambda: window.views.views[1].slide is not window.session.slide)
    wait_for_jobs(qtbot)
    drive.hanging.add("far.tif")
    for _ in range(1 + slide_watch.PATIENT_LOOKS):
        window.slide_watch.look()
        qtbot.waitUntil(lambda: [it.name for it in threading.enumerate()].count("job") == 1)
        QApplication.processEvents()  # all but the one that hangs have answered
    assert ["does not answer" in text for text in told(window, far)] == [True]
    assert told(window, near) == []
    near.unlink()
    window.slide_watch.look()
    qtbot.waitUntil(lambda: bool(told(window, near)))
    assert "not there any more" in told(window, near)[0]
    drive.is_back.set()
    qtbot.waitUntil(lambda: not told(window, far))


def test_a_slide_in_many_views_is_not_taken_for_silent_because_each_view_tells_of_it(
    open_slide: OpenSlide, made_slide: Path, tmp_path: Path, drive: Drive
) -> None:
    window = open_slide(made_slide)
    window.views.set_shape(3, 3)
    path = tmp_path / "new.tif"
    shutil.copy(made_slide, path)
    drive.hanging.add("new.tif")  # not yet: no time has passed when the views have shown it
    window = open_slide(path)
    assert told(window, path) == []


def test_a_file_that_was_gone_from_the_first_look_on_is_told_of(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: Path, tmp_path: Path, drive: Drive
) -> None:
    path = tmp_path / "brief.tif"
    shutil.copy(made_slide, path)
    drive.hanging.add("brief.tif")
    window = open_slide(path)
    path.unlink()
    drive.is_back.set()
    qtbot.waitUntil(lambda: bool(told(window, path)))
    assert "not there any more" in told(window, path)[0]
