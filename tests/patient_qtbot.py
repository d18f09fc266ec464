"""Waits that a slow machine does not end, and windows that end in the thread they began in."""

import gc
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

PATIENCE_MILLISECONDS = 120_000
"""What is waited for must come; how soon is not what such a wait is about.

A machine with other work on it may stand still for as long as ordinary limits last.
"""


class PatientQtBot(QtBot):
    """pytest-qt's, but that no limit of a wait is shorter than our patience.

    A limit is spent only where a test fails: one that passes goes on as soon as it can.
    """

    def waitUntil(
        self, callback: Callable[[], bool | None], *, timeout: int = PATIENCE_MILLISECONDS
    ) -> None:
        super().waitUntil(callback, timeout=max(timeout, PATIENCE_MILLISECONDS))

    def waitSignal(self, signal: Any, *, timeout: int = PATIENCE_MILLISECONDS, **how: Any) -> Any:
        return super().waitSignal(signal, timeout=max(timeout, PATIENCE_MILLISECONDS), **how)


def pytest_sessionfinish() -> None:
    """Wait for what still draws pictures: Python does not, and Qt goes with it."""
    for thread in threading.enumerate():
        if thread.name == "job":
            thread.join(PATIENCE_MILLISECONDS / 1000)


@pytest.fixture(autouse=True)
def garbage_of_the_gui_thread() -> Iterator[None]:
    """Collect garbage between two tests, and nowhere else.

    A thread at work that happened to collect the window of an earlier test would destroy its
    widgets under Qt's feet. The program has `slideviewer.ui.garbage` for that.
    """
    gc.disable()
    yield
    if gc.get_count()[0] > gc.get_threshold()[0]:
        gc.collect()
    if len(gc.get_objects()) > gc.get_freeze_count():
        gc.freeze()  # What stayed are modules, above all: it takes long to go through them.


@pytest.fixture
def qtbot(qapp: QApplication, request: pytest.FixtureRequest) -> PatientQtBot:
    """The one that all tests use."""
    return PatientQtBot(request)
