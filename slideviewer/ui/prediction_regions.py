"""Turns a prediction into annotations: regions, with as many points as needed, or nuclei."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from slideviewer.annotations import Annotation, AnnotationSet
from slideviewer.annotations.origin import How, Origin
from slideviewer.geometry import Rect
from slideviewer.inference.stored import Stored, source_words
from slideviewer.progress import Progress
from slideviewer.ui import words
from slideviewer.ui.jobs import Job
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.predicted.kinds import Outlining, kind_of
from slideviewer.ui.predicted.predicted import Predicted
from slideviewer.ui.prediction_results import PredictionResults
from slideviewer.ui.session import Session
from slideviewer.ui.views.grid import ViewGrid
from slideviewer.ui.views.showing import show_somewhere

MOST_PREVIEWED = 500
"""More regions are counted, and shown only once they are made."""

WHOLE_REGIONS = "What is partly in view is taken whole"
MIDDLES = "Those whose middle is in view are taken"
"""What is made of a part of the slide: regions, and nuclei."""

MARGIN = 24
"""Screen pixels between the dialog and the edge of the slide."""


class PredictionRegions(QObject):
    """The command that makes annotations of the shown prediction."""

    def __init__(
        self,
        session: Session,
        views: ViewGrid,
        predicted: Predicted,
        results: PredictionResults,
        notices: NoticeStack,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._session, self._views, self._predicted = session, views, predicted
        self._results, self._notices = results, notices

    def ask(self) -> None:
        """Let the user choose which regions, and add them as one step."""
        prediction, document = self._results.shown, self._session.document
        if prediction is None:
            return
        view = self._views.of_session.canvas.viewpoint.visible
        show_somewhere(self._views, lambda view: view.markup)
        dialog = RegionsDialog(
            prediction,
            self._predicted.shown.threshold,
            [*document.annotations.groups],
            view,
            self._views.preview,
            self._views,
        )
        agreed = dialog.exec() == QDialog.DialogCode.Accepted
        made = dialog.made
        source = source_words(prediction, dialog.threshold.value())
        dialog.deleteLater()
        if not agreed or not made or self._results.shown is not prediction:
            return
        known = document.annotations.groups
        groups = tuple(it for it in made.groups.values() if it.name not in known)
        origin = Origin(How.PREDICTED, source)
        new = {it.id: replace(it, origin=origin) for it in made}
        if document.apply("Turn prediction into annotations", new, groups):
            self._session.selection.set(())
            told = kind_of(prediction).told(len(made))
            self._notices.tell(f"{told} became annotations.")


class RegionsDialog(QDialog):
    """From which probability, how large, how closely outlined; says how many that makes.

    Parameters
    ----------
    prediction : Stored
    threshold : float
        Proposed.
    groups : sequence of str
        To choose from; others can be typed.
    view : Rect
        Level-0 pixels.
    preview : callable
        Shows annotations on the slide while the dialog is open.
    """

    counted = Signal()  # what is asked for now is worked out

    def __init__(
        self,
        prediction: Stored,
        threshold: float,
        groups: Sequence[str],
        view: Rect,
        preview: Callable[[Iterable[Annotation]], None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Turn prediction into annotations")
        self._prediction, self._view, self._preview = prediction, view, preview
        self._kind = kind = kind_of(prediction)
        self._own = kind.groups(prediction)
        self._job: Job | None = None
        self._known: tuple[Outlining, AnnotationSet] | None = None
        self._is_agreed = False
        self.threshold = QDoubleSpinBox(minimum=0, maximum=1, singleStep=0.01, decimals=3)
        self.threshold.setValue(threshold)
        self.smallest = QDoubleSpinBox(maximum=1e10, singleStep=1000, decimals=0, suffix=" µm²")
        self.smallest.setValue(kind.smallest_um2)
        self.smallest.setSpecialValueText("nothing")
        self.tolerance = QDoubleSpinBox(maximum=1000, singleStep=1, decimals=1, suffix=" µm")
        self.tolerance.setValue(kind.tolerance_um)
        self.of_class, self.where, self.group = QComboBox(), QComboBox(), QComboBox()
        self.of_class.addItems([*self._own])
        self.where.addItems(["All of the slide", "What is in view"])
        self.group.setEditable(True)
        self.group.addItems(list(dict.fromkeys([*self._own, *groups])))
        form = QFormLayout()
        for name, box, tip in (
            ("Class", self.of_class, "Regions of this class"),
            ("Probability from", self.threshold, "What has at least this and touches is a region"),
            ("Leave out below", self.smallest, "Smaller regions are left out"),
            ("Simplify by", self.tolerance, "How far an outline may lie beside the exact one"),
            ("Where", self.where, WHOLE_REGIONS if kind.has_shapes else MIDDLES),
            ("Into the group", self.group, "Choose one, or type the name of a new one"),
        ):
            box.setAccessibleName(name)
            box.setToolTip(tip)
            form.addRow(name, box)
        if len(self._own) == 1:
            form.setRowVisible(self.of_class, False)
        for box in (self.threshold, self.smallest, self.tolerance):
            form.setRowVisible(box, kind.has_shapes)
        has_size = kind.knows_size(prediction)
        self.smallest.setEnabled(has_size)
        self.tolerance.setEnabled(has_size)
        self.told = QLabel()
        self.told.setWordWrap(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        take = buttons.addButton("Add to the annotations", QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self._agree)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setSpacing(10)
        column.addLayout(form)
        column.addWidget(self.told)
        column.addWidget(buttons)
        take.setDefault(True)  # only now does the dialog know the button
        self.setMinimumWidth(420)
        for number in (self.threshold, self.smallest, self.tolerance):
            number.valueChanged.connect(lambda _: self._count())
        self.of_class.currentTextChanged.connect(self.group.setEditText)
        for choice in (self.of_class, self.where):
            choice.currentIndexChanged.connect(lambda _: self._count())
        self.group.currentTextChanged.connect(lambda _: self._count())
        self.finished.connect(self._end)
        self._count()

    def showEvent(self, event: QShowEvent) -> None:
        """Stand in a corner of what is looked at, so that the regions can be seen."""
        super().showEvent(event)
        over = self.parentWidget()
        if over is not None:
            corner = over.mapToGlobal(over.rect().topRight())
            self.move(corner.x() - self.width() - MARGIN, corner.y() + MARGIN)

    @property
    def group_name(self) -> str | None:
        """Where they go; None for no group."""
        return self.group.currentText().strip() or None

    @property
    def made(self) -> AnnotationSet | None:
        """The annotations, once they are worked out."""
        known = self._known
        return known[1] if known is not None and known[0] == self._asked else None

    @property
    def _asked(self) -> Outlining:
        return Outlining(
            self.threshold.value(),
            self.smallest.value(),
            self.tolerance.value(),
            self._view if self.where.currentIndex() else None,
            self.group_name,
            self.of_class.currentText(),
        )

    def _count(self) -> None:
        """Work out what is asked for now; what is being worked out meanwhile is finished first."""
        if self._job is not None or self.made is not None:
            return
        asked, prediction, kind = self._asked, self._prediction, self._kind

        def work(progress: Progress) -> tuple[Outlining, AnnotationSet]:
            return asked, kind.annotations(prediction, asked, progress)

        self.told.setText("Counting …")
        self._job = job = Job(work, self)
        job.succeeded.connect(self._on_counted)
        job.failed.connect(self._on_failed)
        job.start()

    def _on_counted(self, answer: tuple[Outlining, AnnotationSet]) -> None:
        self._job, self._known = None, answer
        made = self.made
        if made is None:
            self._count()
            return
        points = sum(len(it.points) for it in made)
        self.told.setText(f"{self._kind.told(len(made))} with {words.whole(points)} points")
        self._preview([*made][:MOST_PREVIEWED])
        self.counted.emit()
        if self._is_agreed:
            self.accept()

    def _on_failed(self, problem: str) -> None:
        self._job, self._is_agreed = None, False
        self.told.setText(problem)

    def _agree(self) -> None:
        """Accept as soon as what is asked for is worked out."""
        self._is_agreed = True
        if self.made is not None:
            self.accept()
        else:
            self._count()

    def _end(self) -> None:
        if self._job is not None:
            self._job.cancel()
        self._preview(())
