"""The process that corrects a model: the command `slideviewer train improve`, listened to."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, Signal

import slideviewer
from slideviewer.progress import Step

END_MILLISECONDS = 2000
"""A process that is killed is waited for so long."""
_PRODUCT = "slideviewer: "
_NOT_USED = 1
"""The command's exit code where the new version is worse: its result was told all the same."""


class ImprovingProcess(QObject):
    """Runs the command once at a time; Keras is loaded there, and never in the window."""

    progressed = Signal(object)  # Step
    noticed = Signal(str)  # what the user should hear
    ended = Signal(object)  # the result, as the command tells it
    failed = Signal(str)  # words for the user; one that was cancelled says nothing

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._process: QProcess | None = None
        self._line, self._said = b"", b""
        self._result: dict[str, Any] | None = None

    @property
    def is_running(self) -> bool:
        """Whether a model is being corrected."""
        return self._process is not None

    @property
    def pid(self) -> int | None:
        """The process's number, or None where there is none."""
        return None if self._process is None else int(self._process.processId()) or None

    def start(self, words: Sequence[str]) -> None:
        """Begin.

        Parameters
        ----------
        words : sequence of str
            Behind ``slideviewer train improve``.
        """
        process = self._process = QProcess(self)
        self._line, self._said, self._result = b"", b"", None
        process.setProcessEnvironment(_environment())
        process.readyReadStandardOutput.connect(self._on_output)
        process.readyReadStandardError.connect(self._on_error_output)
        process.finished.connect(self._on_finished)
        process.errorOccurred.connect(self._on_error)
        # A frozen program is its own interpreter.
        first = [] if getattr(sys, "frozen", False) else ["-m", "slideviewer"]
        process.start(sys.executable, [*first, "train", "improve", "--json", *words])

    def cancel(self) -> None:
        """End it at once; nothing half made stays where a model is looked for."""
        process, self._process = self._process, None
        if process is not None:
            process.disconnect(self)
            process.kill()
            process.waitForFinished(END_MILLISECONDS)
            process.deleteLater()

    def _on_output(self) -> None:
        if self._process is None:
            return
        *lines, self._line = (self._line + self._process.readAllStandardOutput().data()).split(
            b"\n"
        )
        for line in lines:
            self._hear(line)

    def _on_error_output(self) -> None:
        if self._process is not None:
            self._said += self._process.readAllStandardError().data()

    def _hear(self, line: bytes) -> None:
        try:
            told = json.loads(line)
        except ValueError:
            return  # a library that prints
        if not isinstance(told, dict):
            return
        if "step" in told:
            self.progressed.emit(Step(**told["step"]))
        elif "notice" in told:
            self.noticed.emit(str(told["notice"]))
        elif "result" in told:
            self._result = told["result"]

    def _on_error(self, error: QProcess.ProcessError) -> None:
        process = self._process
        if process is not None and error == QProcess.ProcessError.FailedToStart:
            self._process = None
            self.failed.emit(f"It cannot be started: {process.errorString()}.")
            process.deleteLater()

    def _on_finished(self, code: int, status: QProcess.ExitStatus) -> None:
        process = self._process
        if process is None:
            return
        self._on_output()
        self._on_error_output()
        self._process = None
        process.deleteLater()
        is_whole = status == QProcess.ExitStatus.NormalExit and code in (0, _NOT_USED)
        if is_whole and self._result is not None:
            self.ended.emit(self._result)
        else:
            self.failed.emit(self._reason(code))

    def _reason(self, code: int) -> str:
        """The last line that the product itself said."""
        lines = self._said.decode("utf-8", "replace").splitlines()
        own = [line.removeprefix(_PRODUCT) for line in lines if line.startswith(_PRODUCT)]
        return own[-1] if own else f"The process ended unexpectedly ({code}). Try it again."


def _environment() -> QProcessEnvironment:
    """That of the window, where the child finds the same program and TensorFlow says little."""
    environment = QProcessEnvironment.systemEnvironment()
    place = str(Path(slideviewer.__file__).resolve().parent.parent)
    known = environment.value("PYTHONPATH")
    environment.insert("PYTHONPATH", os.pathsep.join(filter(None, (place, known))))
    environment.insert("PYTHONIOENCODING", "utf-8")
    environment.insert("PYTHONUNBUFFERED", "1")
    environment.insert("TF_CPP_MIN_LOG_LEVEL", "3")
    return environment
