"""The commands that export and import masks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QSettings
from PySide6.QtWidgets import QDialog, QFileDialog

from slideviewer.annotations import Kind, Loaded
from slideviewer.annotations.origin import How, Origin
from slideviewer.progress import Progress
from slideviewer.slide import Slide
from slideviewer.slide.masks import MaskSummary, read_mask, summary_of, write_mask
from slideviewer.ui import words
from slideviewer.ui.asking import agreed
from slideviewer.ui.jobs import Job
from slideviewer.ui.masks.export_dialog import ExportMaskDialog
from slideviewer.ui.masks.import_dialog import ImportMaskDialog
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.running import Running
from slideviewer.ui.session import Session
from slideviewer.ui.snapshot import ask_for_picture
from slideviewer.ui.views.grid import ViewGrid

AREAS = frozenset(kind for kind in Kind if kind.is_area)
MASK_FILTER = "Masks (*.tif *.tiff *.png *.bmp);;All files (*)"


class Masks(QObject):
    """Writes the markup as a mask and takes a mask into it.

    Parameters
    ----------
    session : Session
    views : ViewGrid
    notices : NoticeStack
    running : Running
    """

    def __init__(
        self,
        session: Session,
        views: ViewGrid,
        notices: NoticeStack,
        running: Running,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._session, self._views = session, views
        self._notices, self._running = notices, running
        self._replaced = 0
        session.document.replaced.connect(self._on_replaced)

    @property
    def commands(self) -> dict[str, Callable[..., object]]:
        """What the actions call, by their names."""
        return {"export_mask": self.ask_to_export, "import_mask": self.ask_to_import}

    def ask_to_export(self) -> None:
        """Let the user choose labels and resolution, and write the mask in the background."""
        slide, annotations = self._session.slide, self._session.document.annotations
        if slide is None:
            self._notices.tell("Open a slide first: it says how large the mask is to be.")
            return
        if not any(annotation.kind in AREAS for annotation in annotations):
            self._notices.tell("There is no outline yet that a mask could show.")
            return
        dialog = ExportMaskDialog(slide, annotations, self._views)
        answer = dialog.exec()
        labels, grid, suffixes = dialog.labels, dialog.grid, dialog.suffixes
        dialog.deleteLater()
        if answer != QDialog.DialogCode.Accepted:
            return
        name = f"{slide.path.stem}_mask{suffixes[0]}"
        path = ask_for_picture(self._views, self._notices, "Export mask", name, suffixes)
        if path is None:
            return
        size = slide.pyramid.width, slide.pyramid.height

        def write(progress: Progress) -> None:
            write_mask(path, annotations, labels, grid, size, slide.spacing, progress)

        job = Job(write, self)
        told = f"{words.whole(grid.width)} × {words.whole(grid.height)} px"
        job.succeeded.connect(lambda _: self._notices.tell(f"Saved {path.name}: {told}."))
        job.failed.connect(self._notices.warn)
        self._running.start(job, f"Saving {path.name}", "Painting the mask")

    def ask_to_import(self) -> None:
        """Let the user choose a mask, and look in the background what it holds."""
        slide = self._session.slide
        if slide is None:
            self._notices.tell("Open the slide first that the mask belongs to.")
            return
        folder = str(QSettings().value("last_mask_folder") or slide.path.parent)
        name, _ = QFileDialog.getOpenFileName(self._views, "Import mask", folder, MASK_FILTER)
        if not name:
            return
        path = Path(name)
        QSettings().setValue("last_mask_folder", str(path.parent))
        job = Job(lambda progress: summary_of(path, progress), self)
        job.succeeded.connect(partial(self._ask_how, slide, path))
        job.failed.connect(self._notices.warn)
        self._running.start(job, f"Reading {path.name}", "Looking for labels")

    def _ask_how(self, slide: Slide, path: Path, summary: MaskSummary) -> None:
        if self._session.slide is not slide:
            return  # another one was opened meanwhile
        if not summary.labels:
            self._notices.tell(f"{path.name} holds nothing but background.")
            return
        groups = self._session.document.annotations.groups
        dialog = ImportMaskDialog(path, summary, slide, [*groups], self._views)
        is_agreed, how = agreed(dialog, self._session.document), dialog.how
        dialog.deleteLater()
        if not is_agreed:
            return
        job = Job(lambda progress: read_mask(path, how, [*groups.values()], progress), self)
        job.succeeded.connect(partial(self._take, slide, path, self._replaced))
        job.failed.connect(self._notices.warn)
        self._running.start(job, f"Reading {path.name}", "Following the outlines")

    def _on_replaced(self) -> None:
        self._replaced += 1

    def _take(self, slide: Slide, path: Path, meant: int, loaded: Loaded) -> None:
        other = "slide" if self._session.slide is not slide else "file"
        if self._session.slide is not slide or self._replaced != meant:
            told = f"{path.name} was not imported: another {other} was opened meanwhile."
            self._notices.warn(told)
            return
        for notice in loaded.notices:
            self._notices.warn(notice)
        made, document = loaded.annotations, self._session.document
        if not len(made):
            return
        self._views.of_session.markup.visible = True  # lest what was imported vanish
        known = document.annotations.groups
        groups = (group for group in made.groups.values() if group.name not in known)
        origin = Origin(How.IMPORTED, path.name)
        new = {it.id: replace(it, origin=origin) for it in made}
        if not document.apply("Import mask", new, tuple(groups)):
            return  # the document said why
        count = "1 annotation" if len(made) == 1 else f"{words.whole(len(made))} annotations"
        self._notices.tell(f"Imported {path.name}: {count}.")
