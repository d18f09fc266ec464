"""Notices that the file of an open slide was changed, replaced or removed, or does not answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from weakref import WeakKeyDictionary

from PySide6.QtCore import QObject, QTimer

from slideviewer.annotations.saving import Stamp, stamp_of
from slideviewer.slide import Slide
from slideviewer.ui.jobs import Job
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.views.grid import ViewGrid

LOOK_MILLISECONDS = 2000

PATIENT_LOOKS = 3
"""A drive that has not answered for so many looks is told of."""

GONE = (
    "The file is not there any more. What was read of it stays in view. "
    "Check that its drive is connected and that it was not moved."
)
CHANGED = (
    "The file was changed or replaced after it was opened, so what is in view may not be what it "
    "holds now. Open it again."
)
SILENT = (
    "The drive of this file does not answer. What was read of it stays in view, and other slides "
    "can be opened meanwhile."
)


class SlideWatch(QObject):
    """Looks at the files of all slides shown, every few seconds and off the GUI thread.

    Parameters
    ----------
    views : ViewGrid
    notices : NoticeStack
    reopen : callable
        Opens the session's slide again; given its path.
    """

    def __init__(
        self,
        views: ViewGrid,
        notices: NoticeStack,
        reopen: Callable[[Path], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._views, self._notices, self._reopen = views, notices, reopen
        self._first: WeakKeyDictionary[Slide, Stamp] = WeakKeyDictionary()
        self._told: dict[Slide, str] = {}
        self._looks: dict[Slide, int] = {}  # that a slide's file has not answered yet
        self._timer = QTimer(self, interval=LOOK_MILLISECONDS)
        self._timer.timeout.connect(self.look)
        views.slide_changed.connect(self._on_slide_changed)
        views.views_changed.connect(self._on_slide_changed)

    def look(self) -> None:
        """Look at the files now, but for those that have not answered the last look yet."""
        slides = self._slides()
        if not slides:
            self._timer.stop()
        for slide in slides:
            if slide not in self._looks:
                self._look_at(slide)
                continue
            self._looks[slide] += 1
            if self._looks[slide] >= PATIENT_LOOKS:
                self._tell(slide, SILENT)

    def _look_at(self, slide: Slide) -> None:
        """Have a thread of its own look, lest a drive that hangs hide what befalls others."""

        def answered(stamp: Stamp | None) -> None:
            if slide in self._slides():
                self._judge(slide, stamp)

        self._looks[slide] = 0
        job = Job(lambda _: stamp_of(slide.path), self)
        job.succeeded.connect(answered)
        job.ended.connect(lambda: self._looks.pop(slide))
        job.start()

    def _slides(self) -> list[Slide]:
        shown = (view.slide for view in self._views.views)
        return list(dict.fromkeys(slide for slide in shown if slide is not None))

    def _on_slide_changed(self) -> None:
        slides = self._slides()
        for gone in self._told.keys() - set(slides):
            self._withdraw(gone)
        for (
            slide
        ) in slides:  # each view tells of its slide, so of one slide this may be heard often
            if slide not in self._first and slide not in self._looks:
                self._look_at(slide)
        if slides and not self._timer.isActive():
            self._timer.start()

    def _judge(self, slide: Slide, stamp: Stamp | None) -> None:
        if stamp is None:
            self._tell(slide, GONE)
        elif stamp != self._first.setdefault(slide, stamp):
            self._tell(slide, CHANGED)
        else:
            self._withdraw(slide)

    def _tell(self, slide: Slide, problem: str) -> None:
        text = f"{slide.path}: {problem}"
        if self._told.get(slide) == text:
            return
        self._withdraw(slide)
        self._told[slide] = text
        can_reopen = problem == CHANGED and slide is self._views.main.slide
        self._notices.warn(
            text, ("Open it again", lambda: self._reopen(slide.path)) if can_reopen else None
        )

    def _withdraw(self, slide: Slide) -> None:
        self._notices.withdraw(self._told.pop(slide, ""))
