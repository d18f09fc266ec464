"""Mean intensities of annotations, measured when they are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QCoreApplication, QObject, Signal, Slot

from slideviewer.annotations import Annotation, Points
from slideviewer.progress import Progress, Step
from slideviewer.slide import Slide
from slideviewer.slide.intensity import mean_intensity
from slideviewer.ui.document import Document
from slideviewer.ui.jobs import Job


class Intensities(QObject):
    """Measures in a job, and forgets what has another shape since.

    Parameters
    ----------
    document : Document
    parent : QObject, optional
    """

    changed = Signal(frozenset)  # ids of annotations whose intensity is known now, or no longer
    progressed = Signal(object)  # Step of the job, or None when it has ended
    failed = Signal(str)  # why nothing could be measured, for the user

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._values: dict[str, float] = {}
        self._shapes: dict[str, Points] = {}
        self._job: Job | None = None
        document.changed.connect(self._drop_outdated)
        document.replaced.connect(self.forget)

    @property
    def values(self) -> Mapping[str, float]:
        """What is known, by id: 0 (black) to 255 (white), NaN for what has no inside."""
        return self._values

    @property
    def is_measuring(self) -> bool:
        """Whether a job is under way."""
        return self._job is not None

    def measure(self, slide: Slide, annotations: Sequence[Annotation]) -> None:
        """Measure these in place of those that may be under way."""
        self.cancel()
        # The application owns the job: this object may be gone before it ends.
        job = Job(
            lambda progress: _measured(slide, annotations, progress), QCoreApplication.instance()
        )
        job.progressed.connect(self.progressed)
        job.succeeded.connect(self._keep)
        job.failed.connect(self.failed)
        job.ended.connect(self._on_end)
        self._job = job
        job.start()

    @Slot()
    def cancel(self) -> None:
        """Stop measuring; what was found so far does not count."""
        if self._job is not None:
            self._job.cancel()
            self._job = None
            self.progressed.emit(None)

    @Slot()
    def forget(self) -> None:
        """Know nothing any more: it is another slide, or other annotations."""
        self.cancel()
        ids = frozenset(self._values)
        self._values.clear()
        self._shapes.clear()
        self.changed.emit(ids)

    @Slot(object)
    def _keep(self, found: Sequence[tuple[Annotation, float]]) -> None:
        known = self._document.annotations.annotations
        for annotation, value in found:
            now = known.get(annotation.id)
            if now is not None and now.points is annotation.points:
                self._values[annotation.id] = value
                self._shapes[annotation.id] = annotation.points
        self.changed.emit(frozenset(annotation.id for annotation, _ in found))

    def _drop_outdated(self, changed: frozenset[str]) -> None:
        known = self._document.annotations.annotations
        for each in changed & self._values.keys():
            if each not in known or known[each].points is not self._shapes[each]:
                del self._values[each], self._shapes[each]

    @Slot()
    def _on_end(self) -> None:
        if self.sender() is self._job:
            self._job = None
            self.progressed.emit(None)


def _measured(
    slide: Slide, annotations: Sequence[Annotation], progress: Progress
) -> list[tuple[Annotation, float]]:
    found: list[tuple[Annotation, float]] = []
    for annotation in annotations:
        step = Step(len(found), len(annotations), "Measuring intensity", "annotations")
        progress(step)

        def go_on(_: Step, step: Step = step) -> None:
            progress(step)

        found.append((annotation, mean_intensity(slide, annotation, go_on)))
    return found
