"""Predicting from the window: asks the worker process and paints what it answers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import shapely
from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QInputDialog, QWidget

from slideviewer import RESEARCH_USE_ONLY, paths
from slideviewer.annotations import Points
from slideviewer.errors import SlideviewerError
from slideviewer.evaluation.regions import outlines, predicted_regions, region_at
from slideviewer.inference.export import FORMATS, Export, write_outputs
from slideviewer.inference.messages import (
    Batch,
    Died,
    Failed,
    Finished,
    Progressed,
    Reply,
    Request,
    Started,
    Stopped,
)
from slideviewer.inference.prediction import Prediction
from slideviewer.inference.provenance import content_identity
from slideviewer.inference.store import read_prediction
from slideviewer.inference.worker import InferenceWorker
from slideviewer.models.package import ModelPackage
from slideviewer.progress import Step
from slideviewer.slide import PLAUSIBLE_SPACING_UM_PX, Slide, Spacing
from slideviewer.ui import words
from slideviewer.ui.cells import Cells
from slideviewer.ui.jobs import Job
from slideviewer.ui.model_chooser import ModelChooser
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.session import Session
from slideviewer.ui.views.grid import ViewGrid

LAST_WORDS = (Finished, Stopped, Failed, Died)
"""The answers after which nothing more comes to a request."""


class PredictionControl(QObject):
    """One prediction at a time, of the open slide by the chosen model."""

    progressed = Signal(object)  # Step, or None when nothing is going on any more
    running_changed = Signal(bool)
    failed = Signal(str)  # why something could not be shown or written, for the user
    _answered = Signal(object)  # Reply, from the listening thread

    def __init__(
        self,
        session: Session,
        views: ViewGrid,
        cells: Cells,
        notices: NoticeStack,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._session, self._views, self._cells = session, views, cells
        self._notices, self._window = notices, window
        self._worker = InferenceWorker()
        self._number: int | None = None  # of the request under way
        self._store: Path | None = None  # where its answers are kept
        self._result: Prediction | None = None
        self._reading: Job | None = None
        self._identity: tuple[Slide, str] | None = None  # of the file that was opened
        self._exports: list[Job] = []
        self._spacings: dict[Path, float] = {}  # what the user said of slides that do not say
        self.chooser = ModelChooser()
        for problem in self.chooser.problems:
            notices.warn(problem)
        self._answered.connect(self._on_answer)
        self.failed.connect(lambda problem: notices.warn(problem))
        session.slide_changed.connect(self._on_slide_changed)
        self.chooser.currentIndexChanged.connect(lambda _: self._show_former())

    @property
    def is_running(self) -> bool:
        """Whether a prediction is under way."""
        return self._number is not None

    @property
    def has_result(self) -> bool:
        """Whether there is a prediction to export or to accept from."""
        return self._result is not None

    @property
    def worker(self) -> InferenceWorker:
        """The process that predicts."""
        return self._worker

    def start(self) -> None:
        """Predict the open slide; goes on from what a former run left."""
        slide, package = self._session.slide, self.chooser.currentData()
        if slide is None or self.is_running:
            return
        if package is None:
            self._notices.warn("There is no model to predict with. Install one first.")
            return
        try:
            identity = content_identity(slide.path)
        except SlideviewerError as error:
            self._notices.warn(f"{error} It cannot be predicted on now.")
            return
        if self._identity is not None and self._identity != (slide, identity):
            self._notices.warn(
                f"{slide.path}: The file was changed or replaced after it was opened, so a "
                "prediction would not fit what is shown. Open it again first."
            )
            return
        spacing = self._spacing_for(slide)
        if spacing is None and not isinstance(slide.spacing, Spacing):
            return
        request = Request(
            slide=slide.path,
            model=package.folder,
            store=store_folder(identity, package),
            spacing=spacing,
            first=self._views.main.canvas.viewpoint.visible,
            replace=True,
        )
        self._store = request.store
        self._number = self._worker.predict(request)
        self.chooser.setEnabled(False)
        threading.Thread(target=self._listen, args=(self._number,), daemon=True).start()
        self.running_changed.emit(True)
        self.progressed.emit(Step(0, 0, "Starting the model"))

    def cancel(self) -> None:
        """End the prediction under way; what it did so far is kept."""
        if self.is_running:
            self._worker.stop()

    def close(self) -> None:
        """End the worker process; an export that is being written is finished first."""
        self._number = None
        for job in self._exports:
            job.wait()
        self._worker.close()

    def show_stored(self, folder: Path) -> None:
        """Show a stored prediction."""
        self._read(lambda _: read_prediction(folder), self._show_result)

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

    def region_outlines(self, x: float, y: float) -> list[Points]:
        """The predicted region at a level-0 point as outlines, ready to be annotations.

        A region that hangs together by threads comes as the piece nearest to the point.
        """
        if self._result is None:
            return []
        region = region_at(predicted_regions(self._result, self._cells.threshold), x, y)
        if region is None:
            return []
        pieces = outlines(region, self._result.grid.cell / 4)
        point = shapely.Point(x, y)
        return [min(pieces, key=lambda piece: shapely.Polygon(piece).distance(point))]

    def ask_to_export(self) -> None:
        """Let the user choose a folder, and write the prediction there in every form."""
        if self._result is None or self._session.slide is None:
            return
        name = QFileDialog.getExistingDirectory(self._window, "Export prediction to a folder")
        if name:
            self.export(Path(name))

    def export(self, folder: Path) -> None:
        """Write the prediction, on top of a copy of the present markup, below a folder."""
        if self._result is None or self._session.slide is None:
            return
        target = folder / self._session.slide.path.stem
        export = Export(self._result, self._cells.threshold, self._session.document.annotations)
        job = Job(lambda _: write_outputs(export, target, list(FORMATS)), self)
        job.succeeded.connect(lambda _: self._notices.tell(f"Exported to {target}."))
        job.failed.connect(self.failed)
        job.ended.connect(lambda: self._exports.remove(job))
        self._exports.append(job)
        job.start()

    def _spacing_for(self, slide: Slide) -> float | None:
        """What the user says of a slide that does not say its spacing; None if it does."""
        if isinstance(slide.spacing, Spacing):
            return None
        if slide.path not in self._spacings:
            lowest, highest = PLAUSIBLE_SPACING_UM_PX
            value, agreed = QInputDialog.getDouble(
                self._window,
                "How large are the pixels?",
                f"The slide does not say how large its pixels are: {slide.spacing.reason}.\n"
                "Micrometres per pixel at full resolution (40×: 0.25, 20×: 0.5):",
                0.25, lowest, highest, 4,
            )  # fmt: skip
            if not agreed:
                return None
            self._spacings[slide.path] = value
        return self._spacings[slide.path]

    def _listen(self, number: int) -> None:
        while self._number == number:
            reply = self._worker.receive(0.2)
            if reply is not None:
                self._answered.emit(reply)
                if isinstance(reply, LAST_WORDS) and reply.number == number:
                    return

    @Slot(object)
    def _on_answer(self, reply: Reply) -> None:
        if reply.number != self._number:
            return
        match reply:
            case Started():
                self._set_result(None)
                self._cells.begin(reply.grid, reply.target, reply.threshold)
            case Batch():
                self._cells.add(reply.cells)
            case Progressed():
                self.progressed.emit(reply.step)
            case Finished():
                self._finish()
                self._notices.tell(self._summary(reply))
            case Stopped():
                self._finish()
                self._notices.tell("Prediction cancelled. Predict goes on from where it stopped.")
            case Failed():
                self._finish()
                self._notices.warn(reply.text, ("Try again", self.start))
            case Died():
                self._finish()
                self._notices.warn(
                    f"The prediction stopped: its process ended unexpectedly ({_end(reply)}). "
                    "What it had predicted is kept, and the annotations are untouched.",
                    ("Go on, on the CPU", self._start_on_cpu),
                )

    def _start_on_cpu(self) -> None:
        self._worker.close()
        self._worker = InferenceWorker(cpu_only=True)
        self.start()

    def _finish(self) -> None:
        """Show what there is, however it ended."""
        self._number = None
        self.chooser.setEnabled(True)
        if self._store is not None and self._store.is_dir():
            self.show_stored(self._store)
        self.progressed.emit(None)
        self.running_changed.emit(False)

    def _summary(self, reply: Finished) -> str:
        said = (
            f"{words.whole(reply.positive)} of {words.whole(reply.predicted)} tissue tiles are "
            f"predicted tumour ({words.duration(reply.seconds)}). "
        )
        if reply.skipped:
            said += f"{len(reply.skipped)} tiles could not be read and were left out. "
        return said + RESEARCH_USE_ONLY

    def _on_slide_changed(self) -> None:
        self.cancel()
        self._store = self._identity = None
        if self._number is not None:
            self._finish()  # its last answers are for a slide that is no longer shown
        self._show_former()

    def _show_former(self) -> None:
        """Show what was predicted before on this slide by this model, if anything was."""
        if self._reading is not None:
            self._reading.cancel()
        self._set_result(None)
        self._cells.clear()
        slide, package = self._session.slide, self.chooser.currentData()
        if slide is None or package is None:
            return

        def read(_: object) -> tuple[str, Prediction | None]:
            identity = content_identity(slide.path)
            folder = store_folder(identity, package)
            return identity, read_prediction(folder) if folder.is_dir() else None

        def show(answer: tuple[str, Prediction | None]) -> None:
            identity, prediction = answer
            if self._identity is None:
                self._identity = slide, identity
            if prediction is not None and self._identity == (slide, identity):
                self._show_result(prediction)

        self._read(read, show)

    def _show_result(self, prediction: Prediction) -> None:
        self._cells.show_prediction(prediction)
        self._set_result(prediction)

    def _set_result(self, prediction: Prediction | None) -> None:
        self._result = prediction
        self.running_changed.emit(self.is_running)


def store_folder(identity: str, package: ModelPackage) -> Path:
    """Where the window keeps the prediction of a slide, named by its content, by a model."""
    return paths.predictions_folder() / f"{identity[:16]}-{package.hash[:16]}"


def _end(died: Died) -> str:
    if died.exit_code is not None and died.exit_code < 0:
        return f"signal {-died.exit_code}"
    return f"exit code {died.exit_code}"
