"""Puts what counts as tissue into the markup, where it is edited like anything else."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from slideviewer.annotations import Annotation, AnnotationSet, Group
from slideviewer.annotations.masks import HoleStyle, MaskGrid, Outlining, outlined, trace
from slideviewer.annotations.origin import How, Origin
from slideviewer.progress import Progress
from slideviewer.slide import Slide, open_slide
from slideviewer.slide.tissue import find_tissue
from slideviewer.slide.tissue_colours import TissueParameters
from slideviewer.ui import words
from slideviewer.ui.jobs import Job
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.running import Running
from slideviewer.ui.session import Session
from slideviewer.ui.tissue_form import TissueForm
from slideviewer.ui.views.grid import ViewGrid
from slideviewer.ui.views.showing import show_somewhere

GROUP = "Tissue"
COLOUR = "#009E73"

SMOOTHING_PX = 0.75
"""Of the mask: it turns the steps of a slanting edge into a straight line."""

EXPLAINED = (
    f"Finds the tissue and outlines it in the group “{GROUP}”, in place of what the group holds. "
    "Correct it with brush and eraser, and predict inside the group with Predict with options."
)


class TissueMarking(QObject):
    """The command that shows the tissue."""

    def __init__(
        self,
        session: Session,
        views: ViewGrid,
        notices: NoticeStack,
        running: Running,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._session, self._views = session, views
        self._notices, self._running, self._window = notices, running, window

    def ask(self) -> None:
        """Let the user say what counts as tissue, and outline it in the background."""
        if self._session.slide is None:
            return
        dialog = TissueDialog(self._window)
        agreed = dialog.exec() == QDialog.DialogCode.Accepted
        if agreed:
            dialog.form.keep()
        parameters = dialog.form.parameters
        dialog.deleteLater()
        if agreed:
            self.start(parameters)

    def start(self, parameters: TissueParameters) -> None:
        """Outline the tissue in the background."""
        slide = self._session.slide
        if slide is None:
            return
        known = tuple(self._session.document.annotations.groups.values())
        job = Job(partial(_outlined, slide.path, parameters, known), self)
        job.succeeded.connect(partial(self._take, slide))
        job.failed.connect(self._notices.warn)
        self._running.start(job, "Show tissue", "Finding tissue")

    def _take(self, slide: Slide, found: AnnotationSet) -> None:
        if self._session.slide is not slide:
            return  # another one was opened meanwhile
        if not len(found):
            self._notices.tell("No tissue was found.")
            return
        document = self._session.document
        present = document.annotations
        replaced = {it.id for it in present if GROUP in present.lineage(it.group)}
        origin = Origin(How.COMPUTED, "the search for tissue")
        new = {it.id: replace(it, origin=origin) for it in found}
        changes: dict[str, Annotation | None] = {**dict.fromkeys(replaced), **new}
        groups = tuple(it for it in found.groups.values() if it.name not in present.groups)
        if document.apply("Show tissue", changes, groups):
            show_somewhere(self._views, lambda view: view.markup)
            pieces = "1 piece" if len(found) == 1 else f"{words.whole(len(found))} pieces"
            self._notices.tell(f"{pieces} of tissue, in the group “{GROUP}”.")


class TissueDialog(QDialog):
    """What counts as tissue."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Show tissue")
        self.form = TissueForm()
        told = QLabel(EXPLAINED)
        told.setWordWrap(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        show = buttons.addButton("Show tissue", QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setSpacing(10)
        column.addWidget(told)
        column.addWidget(self.form)
        column.addWidget(buttons)
        show.setDefault(True)  # only now does the dialog know the button


def _outlined(
    path: Path, parameters: TissueParameters, known: tuple[Group, ...], progress: Progress
) -> AnnotationSet:
    """The tissue as polygons; holes stay open by cuts, which brush and eraser understand."""
    with closing(open_slide(path)) as slide:  # the window may close its own meanwhile
        found = find_tissue(slide, parameters, progress)
    height, width = found.mask.shape
    labels = found.mask.astype(np.uint8)
    grid = MaskGrid(width, height, found.extent.width / width, found.extent.height / height)

    def read(x: int, y: int, across: int, down: int) -> np.ndarray:
        return labels[y : y + down, x : x + across]

    regions = trace((width, height), read, progress=progress)
    tolerance = SMOOTHING_PX * max(grid.scale_x, grid.scale_y)
    outlining = Outlining({1: GROUP}, tolerance, HoleStyle.CUT)
    groups = known if any(it.name == GROUP for it in known) else (Group(GROUP, colour=COLOUR),)
    return outlined(regions, grid, outlining, groups)
