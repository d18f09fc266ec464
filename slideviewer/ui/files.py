"""Opening and saving, and never losing what was not saved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

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
from slideviewer.cli.demo import DEMO_SEED, MARKUP_FILE, DemoSlide, make_demo
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
ANNOTATION_SUFFIXES = {".xml", ".geojson", ".json", ".gz"}
"""What annotation files end in; another name that is typed gets the chosen format's."""


class Files(QObject):
    """The File menu's work. One thing is being opened at a time: the last one asked for."""

    progressed = Signal(object)  # Step of something that takes long, or None when it has ended
    failed = Signal(str)  # why something could not be opened or saved, for the user

    def __init__(self, session: Session, notices: NoticeStack, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._notices, self._window = session, notices, window
        self._opening: Job | None = None
        self.failed.connect(lambda problem: notices.warn(problem))

    def ask_for_slide(self) -> None:
        """Let the user choose a slide and open it."""
        name, _ = QFileDialog.getOpenFileName(
            self._window, "Open slide", self._folder(), SLIDE_FILTER
        )
        if name:
            self.open_slide(Path(name))

    def ask_for_annotations(self) -> None:
        """Let the user choose an annotation file and open it."""
        name, _ = QFileDialog.getOpenFileName(
            self._window, "Open annotations", self._folder(), ANNOTATION_FILTER
        )
        if name:
            self.open_annotations(Path(name))

    def open_slide(self, path: Path, then: Callable[[], None] = lambda: None) -> None:
        """Open a slide in the background, unless unsaved work is in the way and stays.

        Parameters
        ----------
        path : Path
        then : callable
            Called once the slide is shown.
        """

        def show(slide: Slide) -> None:
            # Markup that was opened before there was any slide is meant for this one.
            keeps_markup = self._session.slide is None and not self._is_empty()
            if not keeps_markup and not self._still_agreed(agreed):
                slide.close()
                return
            QSettings().setValue("last_folder", str(slide.path.parent))
            if not keeps_markup:
                self._session.document.open(AnnotationSet.of(), None)
            self._session.set_slide(slide)
            then()

        keeps_markup = self._session.slide is None and not self._is_empty()
        if not keeps_markup and not self.may_leave():
            return
        agreed = self._session.document.annotations
        job = self._open(lambda _: open_slide(path), show)
        job.discarded.connect(lambda slide: slide.close() if slide is not None else None)
        job.failed.connect(self.failed)
        job.start()

    def open_annotations(self, path: Path) -> None:
        """Read a file in the background and show it in place of the present markup."""

        def show(loaded: Loaded) -> None:
            if self._still_agreed(agreed):
                self._session.document.open(loaded.annotations, path)
                self._tell(loaded)

        def recover() -> None:
            self._recover(path)

        def offer_recovery(problem: str) -> None:
            self.failed.emit(problem)
            if path.suffix.lower() == ".xml" and path.is_file():
                self._notices.offer(problem, "Recover what is readable", recover)

        if not self.may_leave():
            return
        agreed = self._session.document.annotations
        job = self._open(lambda _: read_annotations(path), show)
        job.failed.connect(offer_recovery)
        job.start()

    def open_demo(self) -> None:
        """Open the demo slide with its markup; it is drawn the first time."""
        if self._opening is not None:
            return  # the drawing is under way

        def show(demo: DemoSlide) -> None:
            markup = demo.path.with_name(MARKUP_FILE)
            self.open_slide(demo.path, lambda: self.open_annotations(markup))

        job = self._open(lambda progress: make_demo(paths.demo_folder(), DEMO_SEED, progress), show)
        job.progressed.connect(self.progressed)
        job.ended.connect(lambda: self.progressed.emit(None))
        job.failed.connect(self.failed)
        job.start()

    def open_all(self, paths: Sequence[Path]) -> None:
        """Open a slide, annotations, or a slide and its annotations, told apart by their names."""
        markup = [path for path in paths if path.suffix.lower() in ANNOTATION_SUFFIXES]
        slides = [path for path in paths if path not in markup]

        def open_markup() -> None:
            if markup:
                self.open_annotations(markup[-1])

        if slides:
            self.open_slide(slides[-1], open_markup)
        else:
            open_markup()

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
        if not name:
            return False
        typed = Path(name)
        suffix = ".geojson" if "GeoJSON" in chosen else ".xml"
        path = (
            typed if typed.suffix.lower() in ANNOTATION_SUFFIXES else with_extension(typed, suffix)
        )
        # The dialog asked about the name as it was typed.
        if path != typed and path.exists() and not self._may_replace(path):
            return False
        return self._save_to(path)

    def may_leave(self) -> bool:
        """Ask about unsaved work, if there is any; False where the user chose to stay."""
        if self._session.document.is_saved:
            return True
        path = self._session.document.path
        answer = ask(
            self._window,
            "Unsaved annotations",
            f"The changes to {path.name if path else 'the annotations'} are not saved.",
            ("Save and close", "Close without saving", "Stay"),
        )
        return self.save() if answer == "Save and close" else answer == "Close without saving"

    def _open(self, work: Callable[[Any], object], show: Callable[[Any], None]) -> Job:
        """Make the job of an opening; one that is still under way no longer counts."""
        if self._opening is not None:
            self._opening.cancel()
        self._opening = job = Job(work, self)

        def succeeded(result: object) -> None:
            self._opening = None
            show(result)

        def ended() -> None:
            if self._opening is job:
                self._opening = None

        job.succeeded.connect(succeeded)
        job.ended.connect(ended)
        return job

    def _still_agreed(self, agreed: AnnotationSet) -> bool:
        """Whether the markup may go: nothing was drawn since the user agreed, or it may now."""
        return self._session.document.annotations is agreed or self.may_leave()

    def _recover(self, path: Path) -> None:
        def show(loaded: Loaded) -> None:
            if self._still_agreed(agreed):
                # It has no file yet: saving asks for a new one, and the broken one stays.
                self._session.document.open(loaded.annotations, None, unsaved=True)
                self._tell(loaded)

        if not self.may_leave():
            return
        agreed = self._session.document.annotations
        job = self._open(lambda _: recover_asap(path), show)
        job.failed.connect(self.failed)
        job.start()

    def _tell(self, loaded: Loaded) -> None:
        for notice in loaded.notices:
            self._notices.warn(notice)

    def _may_replace(self, path: Path) -> bool:
        question = f"{path.name} exists already in {path.parent}."
        return ask(self._window, "Replace the file?", question, ("Replace", "Stay")) == "Replace"

    def _save_to(self, path: Path) -> bool:
        try:
            lost = self._session.document.save(path)
        except SlideviewerError as error:
            self.failed.emit(str(error))
            return False
        for notice in lost:
            self._notices.warn(f"{path.name}: {notice}")
        return True

    def _is_empty(self) -> bool:
        annotations = self._session.document.annotations
        return not annotations.annotations and not annotations.groups

    def _folder(self) -> str:
        slide = self._session.slide
        return str(slide.path.parent) if slide else str(QSettings().value("last_folder", ""))


def ask(window: QWidget, title: str, text: str, choices: tuple[str, ...]) -> str:
    """Ask a question whose answers are verbs; the last one is also what Esc means."""
    box = QMessageBox(QMessageBox.Icon.Warning, title, text, parent=window)
    roles = QMessageBox.ButtonRole
    buttons = [
        box.addButton(choice, roles.RejectRole if choice == choices[-1] else roles.AcceptRole)
        for choice in choices
    ]
    box.setDefaultButton(buttons[0])
    box.setEscapeButton(buttons[-1])
    box.exec()
    clicked = box.clickedButton()
    return next((c for c, b in zip(choices, buttons, strict=True) if b is clicked), choices[-1])
