"""Opening and saving, and never losing what was not saved."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QSettings, Signal
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from slideviewer import paths
from slideviewer.annotations import (
    AnnotationSet,
    Loaded,
    read_annotations,
    recover_asap,
    with_extension,
)
from slideviewer.cli.demo import DEMO_SEED, MARKUP_FILE, SLIDE_FILE, make_demo
from slideviewer.errors import SlideviewerError
from slideviewer.slide import Slide, open_slide
from slideviewer.ui.jobs import Job
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.session import Session

SLIDE_FILTER = (
    "Slides and pictures (*.svs *.tif *.tiff *.ndpi *.mrxs *.scn *.vms *.vmu *.bif *.svslide "
    "*.dcm *.png *.jpg *.jpeg *.bmp);;All files (*)"
)
ANNOTATION_FILTER = "Annotations (*.xml *.geojson *.json *.geojson.gz);;All files (*)"
SAVE_FILTER = "ASAP XML (*.xml);;QuPath GeoJSON (*.geojson)"


class Files(QObject):
    """The File menu's work."""

    progressed = Signal(object)  # Step of something that takes long, or None when it has ended

    def __init__(self, session: Session, notices: NoticeStack, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._notices, self._window = session, notices, window
        self._opening: Job | None = None

    def ask_for_slide(self) -> None:
        """Let the user choose a slide and open it."""
        name, _ = QFileDialog.getOpenFileName(
            self._window, "Open slide", self._folder(), SLIDE_FILTER
        )
        if name:
            self.open_slide(Path(name))

    def open_slide(self, path: Path, then: Callable[[], None] = lambda: None) -> None:
        """Open a slide in the background, unless unsaved work is in the way and stays."""
        if not self.may_leave():
            return
        if self._opening is not None:
            self._opening.cancel()
        self._opening = job = Job(lambda _: open_slide(path), self)
        job.succeeded.connect(lambda slide: self._show(slide, then))
        job.failed.connect(self._notices.warn)
        job.start()

    def open_demo(self) -> None:
        """Draw the demo slide, unless that was done before, and open it with its markup."""
        folder = paths.demo_folder()
        slide, markup = folder / SLIDE_FILE, folder / MARKUP_FILE
        if markup.exists():  # it is written last
            self.open_slide(slide, lambda: self.open_annotations(markup))
            return
        job = Job(lambda progress: make_demo(folder, DEMO_SEED, progress), self)
        job.progressed.connect(self.progressed)
        job.ended.connect(lambda: self.progressed.emit(None))
        job.failed.connect(self._notices.warn)
        job.succeeded.connect(lambda _: self.open_demo())
        job.start()

    def ask_for_annotations(self) -> None:
        """Let the user choose an annotation file and open it."""
        name, _ = QFileDialog.getOpenFileName(
            self._window, "Open annotations", self._folder(), ANNOTATION_FILTER
        )
        if name:
            self.open_annotations(Path(name))

    def open_annotations(self, path: Path) -> None:
        """Read a file in the background and show it in place of the present markup."""
        if not self.may_leave():
            return
        job = Job(lambda _: read_annotations(path), self)
        job.succeeded.connect(lambda loaded: self._show_annotations(loaded, path))
        job.failed.connect(lambda problem: self._offer_recovery(path, problem))
        job.start()

    def save(self) -> bool:
        """Save where it came from, or ask where to; whether it is saved."""
        path = self._session.document.path
        return self._save_to(path) if path is not None else self.save_as()

    def save_as(self) -> bool:
        """Ask for a file and save to it; whether it is saved."""
        slide = self._session.slide
        proposed = Path(self._folder()) / (f"{slide.path.stem}.xml" if slide else "annotations.xml")
        name, chosen = QFileDialog.getSaveFileName(
            self._window, "Save annotations", str(proposed), SAVE_FILTER
        )
        suffix = ".geojson" if "GeoJSON" in chosen else ".xml"
        return self._save_to(with_extension(Path(name), suffix)) if name else False

    def may_leave(self) -> bool:
        """Ask about unsaved work, if there is any; False where the user chose to stay."""
        if self._session.document.is_saved:
            return True
        box = QMessageBox(self._window)
        box.setIcon(QMessageBox.Icon.Warning)
        box.setWindowTitle("Unsaved annotations")
        path = self._session.document.path
        box.setText(f"The changes to {path.name if path else 'the annotations'} are not saved.")
        save = box.addButton("Save and close", QMessageBox.ButtonRole.AcceptRole)
        leave = box.addButton("Close without saving", QMessageBox.ButtonRole.DestructiveRole)
        stay = box.addButton("Stay", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(save)
        box.setEscapeButton(stay)
        box.exec()
        if box.clickedButton() is save:
            return self.save()
        return box.clickedButton() is leave

    def _show(self, slide: Slide, then: Callable[[], None]) -> None:
        if not self._session.document.is_saved and not self.may_leave():
            slide.close()  # something was drawn while the slide was being opened
            return
        QSettings().setValue("last_folder", str(slide.path.parent))
        self._session.document.open(AnnotationSet.of(), None)
        self._session.set_slide(slide)
        then()

    def _show_annotations(self, loaded: Loaded, path: Path, *, recovered: bool = False) -> None:
        if not self._session.document.is_saved and not self.may_leave():
            return
        # What was recovered has no file yet: saving asks for a new one, the broken one stays.
        self._session.document.open(
            loaded.annotations, None if recovered else path, unsaved=recovered
        )
        for notice in loaded.notices:
            self._notices.warn(notice)

    def _offer_recovery(self, path: Path, problem: str) -> None:
        def recover() -> None:
            job = Job(lambda _: recover_asap(path), self)
            job.succeeded.connect(lambda it: self._show_annotations(it, path, recovered=True))
            job.failed.connect(self._notices.warn)
            job.start()

        can_recover = path.suffix.lower() == ".xml" and path.is_file()
        self._notices.warn(problem, ("Recover what is readable", recover) if can_recover else None)

    def _save_to(self, path: Path) -> bool:
        try:
            self._session.document.save(path)
        except SlideviewerError as error:
            self._notices.warn(str(error))
            return False
        return True

    def _folder(self) -> str:
        slide = self._session.slide
        return str(slide.path.parent) if slide else str(QSettings().value("last_folder", ""))
