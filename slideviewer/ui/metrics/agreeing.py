"""How far two annotators agree: the open markup, and that of a file the user chooses."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from slideviewer.evaluation.inputs.markup import MARKUP_SUFFIXES, Markup, read_markup
from slideviewer.evaluation.report import Report
from slideviewer.ui.jobs import Job
from slideviewer.ui.metrics.annotators_page import NO_OTHER, AnnotatorsPage
from slideviewer.ui.metrics.measuring import PairQuestion, pair_measurer
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.session import Session

COMPARING = "Comparing …"


class Agreeing(QObject):
    """Compares while it is wanted.

    Parameters
    ----------
    session : Session
    page : AnnotatorsPage
    notices : NoticeStack
    window : QWidget
    """

    begun = Signal()  # another file was chosen, so that the page is worth showing

    def __init__(
        self,
        session: Session,
        page: AnnotatorsPage,
        notices: NoticeStack,
        window: QWidget,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._session, self._page = session, page
        self._notices, self._window = notices, window
        self._other: Markup | None = None
        self._problem = ""
        self.report: Report | None = None
        self.asking = pair_measurer(self._question, self)
        self.asking.answered.connect(self._on_answer)
        self.asking.failed.connect(self._on_failed)
        self.asking.working.connect(self._on_working)
        page.other_wanted.connect(self.ask)
        page.none_wanted.connect(self.forget)
        session.document.changed.connect(lambda _: self.asking.look())
        session.document.replaced.connect(self.asking.look)
        session.slide_changed.connect(self.forget)

    def ask(self) -> None:
        """Let the user choose another annotator's file."""
        slide = self._session.slide
        if slide is None:
            self._notices.tell("Open the slide first that both annotated.")
            return
        endings = " ".join(f"*{it}" for it in MARKUP_SUFFIXES)
        name, _ = QFileDialog.getOpenFileName(
            self._window,
            "Compare with the annotations of another",
            str(slide.path.parent),
            f"Annotations ({endings});;All files (*)",
        )
        if name:
            self.compare_with(Path(name))

    def compare_with(self, path: Path) -> None:
        """Compare the open markup with that of a file; it is read in the background."""
        slide = self._session.slide

        def take(other: Markup) -> None:
            if self._session.slide is slide:
                for notice in other.notices:
                    self._notices.warn(f"{path.name}: {notice}")
                self._set_other(other)
                self.begun.emit()

        job = Job(lambda _: read_markup(path), self)
        job.succeeded.connect(take)
        job.failed.connect(self._notices.warn)
        job.start()

    def forget(self) -> None:
        """Compare with nobody."""
        self._set_other(None)

    def _question(self) -> PairQuestion | None:
        frame, document = self._session.frame, self._session.document
        if self._other is None or frame is None:
            return None
        path = document.path or Path("The markup")
        return PairQuestion(document.annotations, frame, path, self._other)

    def _set_other(self, other: Markup | None) -> None:
        self._other, self._problem = other, ""
        self.asking.forget()
        self._on_answer(None)
        self.asking.look()

    def _on_working(self, is_working: bool) -> None:
        if is_working:
            self._problem = ""
        self._tell()

    def _on_answer(self, report: Report | None) -> None:
        self.report = report
        self._page.show_report(report)
        self._tell()

    def _on_failed(self, problem: str) -> None:
        self._problem = problem
        self._on_answer(None)

    def _tell(self) -> None:
        if self._other is None:
            self._page.say(NO_OTHER, has_other=False)
        elif self._problem:
            self._page.say(self._problem, has_other=True)
        else:
            told = f"The open markup, compared with {self._other.path.name}."
            self._page.say(told if self.report else f"{told} {COMPARING}", has_other=True)
