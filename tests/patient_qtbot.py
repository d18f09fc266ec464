"""Waits that a slow machine does not end, and windows that end in the thread they began in."""

import gc
import itertools
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

PATIENCE_MILLISECONDS = 120_000
"""What is waited for must come; how soon is not what such a wait is about.

A machine with other work on it may stand still for as long as ordinary limits last.
"""


TESTS_PER_FULL_COLLECTION = 20

_tests = itertools.count(1)


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
    widgets under Qt's feet. The program has `slideviewer.ui.garbage` for that. To go through all
    there is takes long: mostly it is what the test made, now and then the rest.

    What is to be deleted later is deleted now: Qt does so in its event loop, which a test that
    calls `processEvents` never enters, and hundreds of windows would live on.
    """
    gc.disable()
    yield
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect(2 if next(_tests) % TESTS_PER_FULL_COLLECTION == 0 else 1)


@pytest.fixture
def qtbot(qapp: QApplication, request: pytest.FixtureRequest) -> PatientQtBot:
    """The one that all tests use."""
    return PatientQtBot(request)
