"""Saving the markup, and never losing what was not saved."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QSettings, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from slideviewer.annotations import AnnotationSet, read_annotations, with_extension
from slideviewer.annotations.differences import Differences, differences
from slideviewer.annotations.file_lock import holder_of
from slideviewer.annotations.saving import Stamp, stamp_of
from slideviewer.errors import SlideviewerError
from slideviewer.ui.asking import ask
from slideviewer.ui.differences_dialog import DifferencesDialog
from slideviewer.ui.document import Saved
from slideviewer.ui.jobs import Job
from slideviewer.ui.markup_lock import MarkupLock
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.session import Session
from slideviewer.ui.sidecars import Sidecars
from slideviewer.ui.waiting import wait_for

SAVE_FILTER = "ASAP XML (*.xml);;QuPath GeoJSON (*.geojson)"
ANNOTATION_SUFFIXES = {".xml", ".geojson", ".json", ".gz", ".ndpa"}
"""What annotation files end in; another name that is typed gets the chosen format's."""

AT_ONCE = 20_000
"""Annotations and vertices up to which a file is written while the window waits: 0.1 s."""

CLOSE_SECONDS = 3.0
"""How long a file that is still being written is waited for at the end."""

ELSEWHERE, COMPARE, REPLACE, STAY = (
    "Save as another file",
    "Show differences",
    "Replace it",
    "Stay",
)


class Saving(QObject):
    """Writes the document, and asks before anything is lost by it or without it."""

    changed = Signal()  # whether a file is being written

    def __init__(self, session: Session, notices: NoticeStack, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._notices, self._window = session, notices, window
        self._stamps: dict[Path, Stamp] = {}
        self._job: Job | None = None
        self._next: Path | None = None
        self._is_of_document = False  # whether what is being written is still what is open
        session.document.replaced.connect(self._on_replaced)
        self.sidecars = Sidecars(session, notices, window)
        self.lock = MarkupLock(session.document, window)
        session.document.journal.failed.connect(lambda problem: notices.warn(problem))

    @property
    def commands(self) -> dict[str, Callable[..., object]]:
        """What the actions call, by their names."""
        return {
            "save": self.save,
            "save_as": self.save_as,
            "show_differences": self.show_differences,
        }

    @property
    def is_under_way(self) -> bool:
        """Whether a file is being written in the background."""
        return self._job is not None

    def note(self, path: Path, stamp: Stamp | None) -> None:
        """Remember how a file was when it was read from or written to."""
        if stamp is not None:
            self._stamps[path] = stamp

    def save(self) -> bool:
        """Save where it came from, or ask where to; whether it is saved, or is being."""
        path = self._session.document.path
        if path is None:
            return self.save_as()
        while self._job is None and self._was_changed_elsewhere(path):
            # Another window or program may have saved to it: its work is not to be lost either.
            answer = ask(
                self._window,
                "Changed by another program",
                f"{path.name} was changed by another program after it was opened here.",
                (ELSEWHERE, COMPARE, REPLACE, STAY),
            )
            if answer == COMPARE:
                self.show_differences()
            elif answer == REPLACE:
                break
            else:
                return answer == ELSEWHERE and self.save_as()
        return self._save_to(path)

    def save_as(self) -> bool:
        """Ask for a file and save to it; whether it is saved, or is being."""
        slide = self._session.slide
        folder = slide.path.parent if slide else Path(str(QSettings().value("last_folder", "")))
        proposed = folder / (f"{slide.path.stem}.xml" if slide else "annotations.xml")
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
        holder = holder_of(path) if path != self._session.document.path else None
        if holder is not None:
            question = f"{path.name} is open in another window ({holder.words})."
            if ask(self._window, "Replace the file?", question, (REPLACE, STAY)) == STAY:
                return False
        return self._save_to(path)

    def may_leave(self) -> bool:
        """Ask about unsaved work, if there is any; False where the user chose to stay.

        What is being written is waited for.
        """
        self._wait()
        if self._session.document.is_saved:
            return True
        path = self._session.document.path
        answer = ask(
            self._window,
            "Unsaved annotations",
            f"The changes to {path.name if path else 'the annotations'} are not saved.",
            ("Save and close", "Close without saving", STAY),
        )
        if answer == "Save and close" and self.save():
            self._wait()
            return self._session.document.is_saved
        return answer == "Close without saving"

    def may_still_leave(self, agreed: AnnotationSet) -> bool:
        """Whether the markup may go: nothing was drawn since the user agreed, or it may now."""
        return self._session.document.annotations is agreed or self.may_leave()

    def close(self) -> None:
        """Leave the document: nothing of it is wanted any more that is not saved."""
        if self._job is not None:
            self._job.wait(CLOSE_SECONDS)
        self._session.document.close()
        self.lock.release()
        self.lock.is_wanted = False

    def show_differences(self) -> None:
        """Show what became different from what the file holds now."""
        document = self._session.document
        path = document.path
        if path is None:
            self._notices.tell("There is no file yet to compare the annotations with.")
            return
        now = document.annotations
        found: list[Differences] = []
        job = Job(lambda _: differences(read_annotations(path).annotations, now), self)
        job.succeeded.connect(found.append)
        job.failed.connect(lambda problem: self._notices.warn(problem))
        job.start()
        wait_for(job, f"Comparing with {path.name} …", self._window)
        if found:
            heading = f"What is different here from {path.name} as it is on the disk:"
            dialog = DifferencesDialog("Differences", heading, found[0], ("Close",), self._window)
            dialog.exec()
            dialog.deleteLater()

    def _was_changed_elsewhere(self, path: Path) -> bool:
        known = self._stamps.get(path)
        return known is not None and stamp_of(path) not in (known, None)

    def _may_replace(self, path: Path) -> bool:
        question = f"{path.name} exists already in {path.parent}."
        return ask(self._window, "Replace the file?", question, ("Replace", STAY)) == "Replace"

    def _save_to(self, path: Path) -> bool:
        """Write to a file: small work at once, large work in the background."""
        if self._job is not None:
            self._next = path  # what was edited since then is to be saved, too
            return True
        document = self._session.document
        annotations = document.annotations
        size = sum(1 + len(it.points) for it in annotations)
        size += sum(1 + len(it.runs) for it in annotations.decisions.values())
        write = document.writer(path)
        if size <= AT_ONCE:
            try:
                self._note_saved(write())
            except SlideviewerError as error:
                self._tell_failure(str(error))
                return False
            return True
        self._is_of_document = True
        self._job = job = Job(lambda _: write(), self)
        job.succeeded.connect(self._on_written)
        job.failed.connect(self._tell_failure)
        job.ended.connect(self._on_ended)
        job.start()
        self.changed.emit()
        return True

    def _on_written(self, saved: Saved) -> None:
        if self._is_of_document:
            self._note_saved(saved)

    def _on_replaced(self) -> None:
        self._is_of_document, self._next = False, None

    def _on_ended(self) -> None:
        self._job, following = None, self._next
        self._next = None
        self.changed.emit()
        if following is not None:
            self._save_to(following)

    def _note_saved(self, saved: Saved) -> None:
        self.note(saved.path, saved.stamp)
        self._session.document.note_saved(saved)
        self.sidecars.write(saved.annotations, saved.path)
        for notice in saved.notices:
            self._notices.warn(f"{saved.path.name}: {notice}")

    def _tell_failure(self, problem: str) -> None:
        self._next = None
        self._notices.offer(problem, ELSEWHERE, self._save_elsewhere)

    def _save_elsewhere(self) -> None:
        self.save_as()

    def _wait(self) -> None:
        while self._job is not None:
            wait_for(self._job, "Saving the annotations …", self._window)
        self.sidecars.wait()
