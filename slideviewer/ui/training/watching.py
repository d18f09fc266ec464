"""Keeps looking at a training in the background, and tells what is new."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QImage

from slideviewer.training.diary import BATCH_FILE, EXAMPLES_FILE
from slideviewer.training.following import Following, RunState
from slideviewer.ui import plots
from slideviewer.ui.jobs import Job
from slideviewer.ui.training.child import Child, complaint_in
from slideviewer.ui.training.phase import Phase, phase_of
from slideviewer.ui.training.picture import read_image

LOOK_MILLISECONDS = 500
PICTURES = (BATCH_FILE, EXAMPLES_FILE)


@dataclass(frozen=True)
class Seen:
    """What is to be seen of a training now.

    Attributes
    ----------
    state : RunState
    phase : Phase
    words : str
        What there is to say of how it ended.
    pictures : mapping of str to QImage
        Those that are new, by the names of their files.
    """

    state: RunState
    phase: Phase
    words: str = ""
    pictures: Mapping[str, QImage] = field(default_factory=dict)


class Watching(QObject):
    """Looks at one training twice a second until it has ended.

    Parameters
    ----------
    out : Path
        The folder of the package that is trained.
    log : Path or None
        What its process says goes there, where that is known.
    child : Child or None
        Its process, where this window started it.
    """

    seen = Signal(object)  # Seen

    def __init__(self, out: Path, log: Path | None, child: Child | None, parent: QObject) -> None:
        super().__init__(parent)
        self.child = child
        self.stop_wished = False
        self._following, self._log = Following(out), log
        self._times: dict[str, int] = {}
        self._job: Job | None = None
        self._timer = QTimer(self, interval=LOOK_MILLISECONDS)
        self._timer.timeout.connect(self.look)
        self._timer.start()

    def look(self) -> None:
        """Look now, unless that is being done."""
        if self._job is None:
            self._job = Job(lambda _: self._look(), self)
            self._job.succeeded.connect(self._on_seen)
            self._job.ended.connect(self._on_ended)
            self._job.start()

    def close(self) -> None:
        """Look no more."""
        self._timer.stop()
        if self._job is not None:
            self._job.cancel()
            self._job.wait(1.0)

    def _look(self) -> Seen:
        """Runs in the background."""
        child = self.child
        code = child.code if child is not None else None  # first: then its folder tells all
        state = self._following.look()
        complaint = ""
        if self._log is not None and (code is not None or not state.is_running):
            complaint = complaint_in(self._log)
        phase, words = phase_of(
            state,
            is_own=child is not None,
            code=code,
            complaint=complaint,
            stop_wished=self.stop_wished,
        )
        if state.rows:
            plots.load()  # while nobody waits
        return Seen(state, phase, words, self._new_pictures(state))

    def _new_pictures(self, state: RunState) -> dict[str, QImage]:
        found = {}
        for name in PICTURES:
            written = state.pictures.get(name, 0)
            if written and written != self._times.get(name):
                try:
                    found[name] = read_image((state.folder / name).read_bytes())
                except OSError:
                    continue
                self._times[name] = written
        return found

    def _on_seen(self, seen: Seen) -> None:
        if not seen.phase.is_active:
            self._timer.stop()
        self.seen.emit(seen)

    def _on_ended(self) -> None:
        self._job = None
