"""Garbage is collected, and by the GUI thread."""

import gc
import threading
import weakref
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject, QTimer
from pytestqt.qtbot import QtBot

from slideviewer.ui.garbage import Garbage


@pytest.fixture
def garbage(qtbot: QtBot) -> Iterator[Garbage]:
    parent = QObject()
    yield Garbage(parent)
    parent.deleteLater()
    gc.unfreeze()
    gc.enable()


class InACircle(QObject):
    """Only a collection ends it."""

    def __init__(self) -> None:
        super().__init__()
        self.timer = QTimer(self)
        self.itself = self


def test_other_threads_make_garbage_and_the_gui_thread_collects_it(
    qtbot: QtBot, garbage: Garbage
) -> None:
    ended_by: list[int] = []
    weakref.finalize(InACircle(), lambda: ended_by.append(threading.get_ident()))

    def work() -> None:
        made = [[number] for number in range(100_000)]
        assert len(made) == 100_000

    worker = threading.Thread(target=work)
    worker.start()
    worker.join()
    assert not ended_by
    many = [[number] for number in range(5_000)]  # that it is time to look
    qtbot.waitUntil(lambda: bool(ended_by))
    assert ended_by == [threading.get_ident()]
    assert many
