"""The mode in which a slide is read before anything predicted of it can be seen."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from slideviewer.annotations.decisions import Ending, Reading
from slideviewer.ui import settings, words
from slideviewer.ui.asking import ask
from slideviewer.ui.author import user_name
from slideviewer.ui.blind.bar import BlindBar
from slideviewer.ui.blind.log import ReadingLog
from slideviewer.ui.files import Files
from slideviewer.ui.jobs import Job
from slideviewer.ui.likelihood_maps import LikelihoodMaps
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.predicted.predicted import Predicted
from slideviewer.ui.prediction import PredictionControl
from slideviewer.ui.review.control import Reviewing
from slideviewer.ui.session import Session
from slideviewer.ui.views.grid import ViewGrid

SHOW, STAY = "End, and show the prediction", "Stay"

OFF = "Slides are not read blind: the Review menu begins it."
STILL_READ = "The annotations are still being read. Try it again then."
OVER = {
    Ending.READ: "This slide is marked as read already.",
    Ending.SHOWN_UNREAD: "Predictions were shown before this slide was read, and its record says "
    "so.",
}
MINUTE_MS = 60_000
"""How often the time is noted, so that a crash costs no more of it."""
PATIENCE = 3.0
"""Seconds that a window waits at its end for readings that a slow disk still takes."""

GOES_ON = "The reading of this slide was begun and not ended: predictions are hidden again."


class BlindReading(QObject):
    """Hides what is predicted of a slide until it is marked as read, and notes how it was read.

    Parameters
    ----------
    session : Session
    views : ViewGrid
    prediction : PredictionControl
    predicted : Predicted
    maps : LikelihoodMaps
    reviewing : Reviewing
    files : Files
    unless_drawing : callable
        Does something, unless a gesture is under way.
    notices : NoticeStack
    window : QWidget
    """

    changed = Signal()  # the mode, or what it hides
    ended = Signal(object, object)  # Path of a slide, and its Reading that is over

    def __init__(
        self,
        session: Session,
        views: ViewGrid,
        prediction: PredictionControl,
        predicted: Predicted,
        maps: LikelihoodMaps,
        reviewing: Reviewing,
        files: Files,
        unless_drawing: Callable[[Callable[[], None]], None],
        notices: NoticeStack,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._session, self._prediction, self._maps = session, prediction, maps
        self._predicted = predicted
        self._reviewing, self._unless_drawing = reviewing, unless_drawing
        self._files, self._notices, self._window = files, notices, window
        self._log: ReadingLog | None = None
        self._seen: set[Path] = set()
        self._beside: tuple[Path, Mapping[str, Reading]] = (Path(), {})
        self._action: QAction | None = None
        self._writing: list[Job] = []
        self.bar = BlindBar()
        self.bar.hide()
        self.bar.end_wanted.connect(lambda: self.set_on(False))
        views.show_bar(self.bar)
        prediction.withholds = self.withholds
        predicted.changed.connect(lambda _: self._note_seen())
        maps.changed.connect(self._note_seen)
        files.leaving.connect(self._on_leaving)
        session.document.present_reading = lambda: self.reading
        session.slide_changed.connect(self._on_slide_changed)
        session.document.replaced.connect(self._on_replaced)
        self._minute = QTimer(self, interval=MINUTE_MS)
        self._minute.timeout.connect(self._on_minute)
        self._minute.start()

    @property
    def commands(self) -> dict[str, Callable[..., object]]:
        """What the actions call, by their names."""
        return {"read_blind": self.set_on, "mark_read": self.mark_read}

    @property
    def is_on(self) -> bool:
        """Whether slides are read blind in this window."""
        return self._log is not None

    @property
    def reading(self) -> Reading | None:
        """How the open slide is or was read; None while the mode is off."""
        return self._log.reading if self._log is not None else None

    @property
    def hides(self) -> bool:
        """Whether what is predicted of the open slide is hidden now."""
        reading = self.reading
        return reading is not None and not reading.is_over

    def withholds(self, slide: Path) -> bool:
        """Whether nothing may be told of what is predicted of a slide, open or not."""
        return self._log is not None and not self._log.is_read(slide)

    def attach(self, actions: Mapping[str, QAction]) -> None:
        """Take the actions; from now on the mode is as the preferences want it."""
        self._action = actions["read_blind"]
        self.bar.attach(actions)
        if settings.read(settings.READ_BLIND):
            self.set_on(True)

    def set_on(self, is_wanted: bool) -> None:
        """Begin to read blind, or end it; where that shows something, the user is asked."""
        if is_wanted and self._log is None:
            self._log = ReadingLog()
            self._begin()
        elif not is_wanted and self.hides and self._files.reads_markup:
            self._notices.tell(STILL_READ)
        elif not is_wanted and self._log is not None and (not self.hides or self._may_show()):
            if self.hides:
                self._end(Ending.SHOWN_UNREAD)
            self._log = None
        self._show()

    def mark_read(self) -> None:
        """The open slide is read: note it, and show what is predicted of it."""
        if self._log is None:
            self._notices.tell(OFF)
        elif self._session.slide is None:
            self._notices.tell("Open a slide first.")
        elif self.reading is not None and self.reading.is_over:
            self._notices.tell(OVER[self.reading.ending])
        elif self._files.reads_markup:
            self._notices.tell(STILL_READ)
        else:
            self._unless_drawing(self._mark_read)

    def close(self) -> None:
        """The window is about to close: keep how long the slide was read."""
        self._minute.stop()
        self._keep()
        until = time.monotonic() + PATIENCE
        for job in self._writing:
            job.wait(max(0.0, until - time.monotonic()))

    def _mark_read(self) -> None:
        reading = self._end(Ending.READ)
        many = "1 annotation" if reading.annotations == 1 else f"{reading.annotations} annotations"
        took = words.duration(reading.seconds)
        self._notices.tell(f"Read in {took}, with {many}. Save to keep the record of it.")
        self._show()

    def _end(self, ending: Ending) -> Reading:
        slide, document = self._session.slide, self._session.document
        assert self._log is not None and slide is not None
        reading = self._log.end(ending, len(document.annotations))
        document.note_reading(reading)
        self.ended.emit(slide.path.absolute(), reading)
        return reading

    def _may_show(self) -> bool:
        slide = self._session.slide
        name = slide.path.name if slide is not None else "The slide"
        about = self._session.document
        question = (
            f"{name} is not marked as read. If predictions are shown now, its record says that "
            "they were shown before it was read."
        )
        return ask(self._window, "End blind reading?", question, (SHOW, STAY), about) == SHOW

    def _begin(self) -> None:
        """Go on with the reading of the open slide, or begin one."""
        slide, document = self._session.slide, self._session.document
        if self._log is None or slide is None:
            return
        path, readings = slide.path.absolute(), self._known
        was_seen = path in self._seen
        reading = self._log.open(path, user_name(), readings.values(), was_seen=was_seen)
        # A slide comes without its markup: what is over stands in the file that comes after it.
        is_awaited = reading.is_over and document.path is None
        if document.annotations.readings.get(reading.id) != reading and not is_awaited:
            document.note_reading(reading)

    @property
    def _known(self) -> Mapping[str, Reading]:
        """Readings of the open slide: those that stand beside it count until they are opened."""
        slide, own = self._session.slide, self._session.document.annotations.readings
        path, beside = self._beside
        is_its = slide is not None and slide.path.absolute() == path
        return {**beside, **own} if is_its else own

    def _on_leaving(self, following: Path, readings: Mapping[str, Reading]) -> None:
        self._keep()
        self._beside = following, readings

    def _keep(self) -> None:
        """Note in the background how long the slide was read that is about to be left."""
        write = self._session.document.reading_writer() if self.hides else None
        if write is None:
            return
        job = Job(lambda _: write(), self)
        job.failed.connect(self._notices.warn)
        job.ended.connect(lambda: self._writing.remove(job))
        self._writing.append(job)
        job.start()

    def _on_minute(self) -> None:
        # What is being opened takes a document that has changed for one that was drawn in.
        if self.hides and not self._files.is_opening:
            self._session.document.note_present_reading()

    def _on_slide_changed(self) -> None:
        if self._log is not None:
            self._log.leave()
        self._go_on()

    def _on_replaced(self) -> None:
        # A slide that is about to be shown comes with nothing first; its markup comes after it.
        if self._session.document.path is not None:
            self._beside = (Path(), {})
        if self._session.document.path is not None or self._session.document.annotations.readings:
            self._go_on()

    def _go_on(self) -> None:
        if self._session.slide is not None and self._log is None and self._has_begun():
            self._log = ReadingLog()
            self._notices.tell(GOES_ON)
        self._begin()
        self._show()

    def _has_begun(self) -> bool:
        """Whether this reader has begun with the open slide, and not ended."""
        reader = user_name()
        own = [it for it in self._known.values() if it.reader == reader]
        return bool(own) and not any(it.is_over for it in own)

    def _note_seen(self) -> None:
        slide = self._session.slide
        if slide is not None and (self._predicted.shown.has_prediction or self._maps.layers):
            self._seen.add(slide.path.absolute())

    def _show(self) -> None:
        """Let everything that could give a prediction away follow the mode."""
        hides = self.hides
        self._prediction.hide(hides)
        self._maps.hide(hides)
        self._reviewing.hide(hides)
        self.bar.setVisible(self.is_on)
        self.bar.show_state(self.reading)
        if self._action is not None:
            self._action.setChecked(self.is_on)
        self.changed.emit()
