"""Runs a plain function off the GUI thread and says on the GUI thread how it ended."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from slideviewer.errors import Cancelled, SlideviewerError
from slideviewer.progress import Step

_log = logging.getLogger(__name__)


class Job(QObject):
    """One function at work. It is given one argument: its `Progress`.

    The job deletes itself when it has ended.
    """

    progressed = Signal(object)  # Step
    succeeded = Signal(object)  # what the function returned
    failed = Signal(str)  # words for the user; a cancelled job says nothing
    discarded = Signal(object)  # what the function returned although it was cancelled
    ended = Signal()  # in any case, last

    _answered = Signal(object, str)

    def __init__(self, work: Callable[[Any], object], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._work = work
        self._cancelled = threading.Event()
        self._answered.connect(self._on_answered)
        self._thread = threading.Thread(target=self._run, name="job", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def cancel(self) -> None:
        """Have the next progress call of the function raise `Cancelled`, and want no answer."""
        self._cancelled.set()

    def wait(self, seconds: float | None = None) -> None:
        """Return when the function has, or after so many seconds."""
        self._thread.join(seconds)

    def _progress(self, step: Step) -> None:
        if self._cancelled.is_set():
            raise Cancelled
        with contextlib.suppress(RuntimeError):  # see _run
            self.progressed.emit(step)

    def _run(self) -> None:
        result, problem = None, ""
        try:
            result = self._work(self._progress)
        except Cancelled:
            self._cancelled.set()
        except SlideviewerError as error:
            problem = str(error)
        except Exception as error:  # noqa: BLE001 - the one place: anything else is a bug to report
            _log.exception("a job failed")
            problem = f"Something unforeseen went wrong ({type(error).__name__}: {error})."
        # Gone with its window, where the function took longer than anybody waited for it.
        with contextlib.suppress(RuntimeError):
            self._answered.emit(result, problem)

    @Slot(object, str)
    def _on_answered(self, result: object, problem: str) -> None:
        if self._cancelled.is_set():
            self.discarded.emit(result)
        elif problem:
            self.failed.emit(problem)
        else:
            self.succeeded.emit(result)
        self.ended.emit()
        # Its last signal may still be on its way out of Qt: what sends it must not go before.
        self._thread.join()
        self.deleteLater()
