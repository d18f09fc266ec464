"""The prediction of the open slide that is shown: read back, exported, and made into markup."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from slideviewer.annotations import Points
from slideviewer.inference.provenance import content_identity
from slideviewer.inference.stored import Stored, read_stored, source_words
from slideviewer.models.package import ModelPackage
from slideviewer.slide import Slide
from slideviewer.ui.jobs import Job
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.predicted.kinds import Wanted, kind_of
from slideviewer.ui.predicted.predicted import Predicted
from slideviewer.ui.prediction_export import PredictionExports
from slideviewer.ui.prediction_orders import latest_store
from slideviewer.ui.session import Session

Live = Callable[[str], Any | None]
"""What a run over the open slide has found so far, if its content has this identity."""


class PredictionResults(QObject):
    """Shows one result at a time, or what there is of one."""

    changed = Signal()  # there is another result, or none
    failed = Signal(str)  # why something could not be shown, for the user

    def __init__(
        self, session: Session, predicted: Predicted, notices: NoticeStack, window: QWidget
    ) -> None:
        super().__init__(window)
        self._session, self._predicted, self._window = session, predicted, window
        self._shown: Stored | None = None
        self._withheld: Stored | None = None
        self._is_hidden = False
        self._reading: Job | None = None
        self._identity: tuple[Slide, str] | None = None  # of the file that was opened
        self._exports = PredictionExports(notices, self)

    @property
    def shown(self) -> Stored | None:
        """The result; None where there is none, or one that grows yet."""
        return self._shown

    @property
    def source(self) -> str:
        """What predicted the result, for the record; empty where there is none."""
        if self._shown is None:
            return ""
        return source_words(self._shown, self._predicted.shown.threshold)

    @property
    def identity(self) -> str | None:
        """Of the open slide's content when it was opened; None before that is known."""
        known = self._identity
        return known[1] if known is not None and known[0] is self._session.slide else None

    @property
    def is_hidden(self) -> bool:
        """Whether nothing is shown, whatever there is."""
        return self._is_hidden

    def hide(self, is_hidden: bool) -> None:
        """Show nothing from now on, to nobody and in no form, or what there is again."""
        if is_hidden == self._is_hidden:
            return
        self._is_hidden = is_hidden
        withheld, self._withheld = self._withheld, self._shown if is_hidden else None
        if is_hidden:
            self._predicted.clear()
            self._set_shown(None)
        elif withheld is not None:
            self.show(withheld)

    def show(self, prediction: Stored) -> None:
        """Show a result."""
        if self._is_hidden:
            self._withheld = prediction
            return
        self._predicted.show(prediction)
        self._set_shown(prediction)

    def show_growing(self, live: Any) -> None:
        """Show what there is of one, in place of any result, be that hidden or not."""
        self._withheld = None
        self._set_shown(None)
        if not self._is_hidden:
            self._predicted.show(live)

    def show_stored(self, folder: Path) -> None:
        """Show a stored prediction."""
        self._read(lambda _: read_stored(folder), self.show)

    def show_former(self, package: ModelPackage | None, live: Live) -> None:
        """Show what is being predicted on the open slide, or was predicted last by a model."""
        if self._reading is not None:
            self._reading.cancel()
        self._withheld = None
        self._predicted.clear()
        self._set_shown(None)
        slide = self._session.slide
        if slide is None or package is None:
            return

        def read(_: object) -> tuple[str, Stored | None]:
            identity = content_identity(slide.path)
            folder = latest_store(identity, package)
            return identity, read_stored(folder) if folder is not None else None

        def show(answer: tuple[str, Stored | None]) -> None:
            identity, prediction = answer
            if self._identity is None or self._identity[0] is not slide:
                self._identity = slide, identity
            if self._identity != (slide, identity):
                return
            growing = live(identity)
            if growing is not None:
                self.show_growing(growing)
            elif prediction is not None:
                self.show(prediction)

        self._read(read, show)

    def region_outlines(self, x: float, y: float) -> list[Points]:
        """The predicted region at a level-0 point as outlines, ready to be annotations."""
        if self._shown is None:
            return []
        return kind_of(self._shown).outlines_at(self._shown, self._predicted.shown.threshold, x, y)

    def ask_to_export(self) -> None:
        """Let the user choose a folder, and write the result there in every form."""
        if self._shown is None:
            return
        name = QFileDialog.getExistingDirectory(self._window, "Export prediction to a folder")
        if name:
            self.export(Path(name))

    def export(self, folder: Path) -> None:
        """Write the result, on top of a copy of the present markup, below a folder."""
        if self._shown is None or self._session.slide is None:
            return
        target = folder / self._session.slide.path.stem
        wanted = Wanted(
            self._session.slide.path,
            self._predicted.shown.threshold,
            self._session.document.annotations,
            target,
        )
        self._exports.start(self._shown, wanted)

    def close(self) -> None:
        """Finish the exports under way."""
        self._exports.close()

    def _read(self, work: Callable[[Any], object], show: Callable[[Any], None]) -> None:
        """Read something in the background, in place of what was to be read before."""
        if self._reading is not None:
            self._reading.cancel()
        self._reading = job = Job(work, self)

        def ended() -> None:
            if self._reading is job:
                self._reading = None

        job.succeeded.connect(show)
        job.failed.connect(self.failed)
        job.ended.connect(ended)
        job.start()

    def _set_shown(self, prediction: Stored | None) -> None:
        self._shown = prediction
        self.changed.emit()
