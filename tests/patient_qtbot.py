"""Waits that a slow machine does not end."""

from collections.abc import Callable
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


@pytest.fixture
def qtbot(qapp: QApplication, request: pytest.FixtureRequest) -> PatientQtBot:
    """The one that all tests use."""
    return PatientQtBot(request)
