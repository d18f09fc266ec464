"""Tables of what was decided, and of what made each annotation: the user is asked for a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from slideviewer.annotations import with_extension
from slideviewer.annotations.decisions import write_decisions_csv
from slideviewer.annotations.trail import write_trail_csv
from slideviewer.errors import SlideviewerError
from slideviewer.slide import Spacing
from slideviewer.ui import words
from slideviewer.ui.jobs import Job
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.review.panel import UNREAD
from slideviewer.ui.session import Session
from slideviewer.ui.sidecars import Sidecars

CSV_FILTER = "CSV (*.csv)"


class ReviewExports(QObject):
    """Writes the tables, unless they would tell of a prediction that is hidden.

    Parameters
    ----------
    session : Session
    sidecars : Sidecars
        Who drew and changed what.
    is_hidden : callable
        Whether predictions are hidden now.
    notices : NoticeStack
    window : QWidget
    """

    def __init__(
        self,
        session: Session,
        sidecars: Sidecars,
        is_hidden: Callable[[], bool],
        notices: NoticeStack,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._session, self._sidecars, self._is_hidden = session, sidecars, is_hidden
        self._notices, self._window = notices, window

    @property
    def commands(self) -> dict[str, Callable[..., object]]:
        """What the actions call, by their names."""
        return {"export_decisions": self.export_decisions, "export_trail": self.export_trail}

    def export_decisions(self) -> None:
        """Ask for a file, and write a row for each decision and each reading."""
        slide, annotations = self._session.slide, self._session.document.annotations
        decisions, readings = list(annotations.decisions.values()), annotations.readings.values()
        if not decisions and not readings:
            self._notices.tell("Nothing was decided yet.")
            return
        path = self._asked("Export decisions", "review")
        if path is None:
            return
        spacing = slide.spacing if slide is not None else None
        um_px = spacing.um_px if isinstance(spacing, Spacing) else None
        try:
            write_decisions_csv(decisions, path, um_px, readings)
        except SlideviewerError as error:
            self._notices.warn(str(error))
            return
        read = f" and {words.whole(len(readings))} readings" if readings else ""
        self._notices.tell(f"{words.whole(len(decisions))} decisions{read} written to {path.name}.")

    def export_trail(self) -> None:
        """Ask for a file, and write a row for each event of each annotation, beside the window."""
        document = self._session.document
        annotations, marks = document.annotations, self._sidecars.known.marks
        if not len(annotations):
            self._notices.tell("There is no annotation to tell of.")
            return
        path = self._asked("Export audit trail", "trail")
        if path is None:
            return
        name = document.path.name if document.path is not None else ""

        def told(count: int) -> None:
            self._notices.tell(f"{words.whole(count)} events written to {path.name}.")

        job = Job(lambda _: write_trail_csv([(name, annotations, marks)], path), self)
        job.succeeded.connect(told)
        job.failed.connect(lambda problem: self._notices.warn(problem))
        job.start()

    def _asked(self, title: str, ending: str) -> Path | None:
        """The file that the user wants it in; None for none."""
        if self._is_hidden():
            self._notices.tell(UNREAD)
            return None
        document, slide = self._session.document, self._session.slide
        beside = document.path or (slide.path if slide is not None else Path("annotations"))
        proposed = beside.with_name(f"{beside.stem}-{ending}.csv")
        name, _ = QFileDialog.getSaveFileName(self._window, title, str(proposed), CSV_FILTER)
        return with_extension(Path(name), ".csv") if name else None
