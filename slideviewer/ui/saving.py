"""Saving the markup, and never losing what was not saved."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QSettings
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from slideviewer.annotations import with_extension
from slideviewer.errors import SlideviewerError
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.session import Session

SAVE_FILTER = "ASAP XML (*.xml);;QuPath GeoJSON (*.geojson)"
ANNOTATION_SUFFIXES = {".xml", ".geojson", ".json", ".gz"}
"""What annotation files end in; another name that is typed gets the chosen format's."""

Stamp = tuple[int, int]
"""Bytes and time of change of a file: by these it is known that somebody else has written it."""


class Saving(QObject):
    """Writes the document, and asks before anything is lost by it or without it."""

    def __init__(self, session: Session, notices: NoticeStack, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._notices, self._window = session, notices, window
        self._stamps: dict[Path, Stamp] = {}

    def note(self, path: Path, stamp: Stamp | None) -> None:
        """Remember how a file was when it was read from or written to."""
        if stamp is not None:
            self._stamps[path] = stamp

    def save(self) -> bool:
        """Save where it came from, or ask where to; whether it is saved."""
        path = self._session.document.path
        if path is None:
            return self.save_as()
        known = self._stamps.get(path)
        # Another window or program may have saved to it: its work is not to be lost either.
        if known is not None and stamp_of(path) not in (known, None):
            answer = ask(
                self._window,
                "Changed by another program",
                f"{path.name} was changed by another program after it was opened here.",
                ("Save as another file", "Replace it", "Stay"),
            )
            if answer != "Replace it":
                return answer == "Save as another file" and self.save_as()
        return self._save_to(path)

    def save_as(self) -> bool:
        """Ask for a file and save to it; whether it is saved."""
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

    def _may_replace(self, path: Path) -> bool:
        question = f"{path.name} exists already in {path.parent}."
        return ask(self._window, "Replace the file?", question, ("Replace", "Stay")) == "Replace"

    def _save_to(self, path: Path) -> bool:
        try:
            lost = self._session.document.save(path)
        except SlideviewerError as error:
            self._notices.warn(str(error))
            return False
        self.note(path, stamp_of(path))
        for notice in lost:
            self._notices.warn(f"{path.name}: {notice}")
        return True


def stamp_of(path: Path) -> Stamp | None:
    """How a file is now; None where it cannot be reached."""
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_size, state.st_mtime_ns


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
