"""Adding the annotations of a file to those that are open."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, QSettings
from PySide6.QtWidgets import QFileDialog, QWidget

from slideviewer.annotations import AnnotationSet, Loaded, read_annotations
from slideviewer.annotations.merging import addition_of
from slideviewer.annotations.origin import How, Origin
from slideviewer.ui import words
from slideviewer.ui.file_filters import annotation_filter
from slideviewer.ui.jobs import Job
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.session import Session


class Importing(QObject):
    """Reads a file in the background and adds what it holds in one step that can be undone."""

    def __init__(self, session: Session, notices: NoticeStack, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._notices, self._window = session, notices, window
        self._replaced = 0
        session.document.replaced.connect(self._on_replaced)

    def ask(self) -> None:
        """Let the user choose files and add them."""
        slide = self._session.slide
        folder = slide.path.parent if slide else QSettings().value("last_folder", "")
        names, _ = QFileDialog.getOpenFileNames(
            self._window, "Import annotations", str(folder), annotation_filter()
        )
        for name in names:
            self.add(Path(name))

    def add(self, path: Path) -> None:
        """Add a file's annotations to the document, unless another is open by then."""
        meant = self._replaced

        def show(loaded: Loaded) -> None:
            if self._replaced == meant:
                self._show(path, loaded)

        frame = self._session.frame
        job = Job(lambda _: read_annotations(path, frame), self)
        job.succeeded.connect(show)
        job.failed.connect(lambda problem: self._notices.warn(problem))
        job.start()

    def _show(self, path: Path, loaded: Loaded) -> None:
        document = self._session.document
        added = addition_of(loaded.annotations, document.annotations)
        origin = Origin(How.IMPORTED, path.name)
        new = {key: replace(it, origin=origin) for key, it in added.annotations.items()}
        document.apply(f"Import {path.name}", new, added.groups)
        self._notices.tell(_told(path, loaded.annotations))
        for notice in loaded.notices:
            self._notices.warn(f"{path.name}: {notice}")
        if added.kept_groups:
            names = ", ".join(added.kept_groups)
            self._notices.warn(
                f"{path.name}: the groups {names} are there already, with another colour or "
                "place. They stay as they are here."
            )

    def _on_replaced(self) -> None:
        self._replaced += 1


def _told(path: Path, added: AnnotationSet) -> str:
    if not added.annotations and not added.groups:
        return f"There is nothing in {path.name}."
    count = len(added)
    return f"Added {words.whole(count)} annotation{'s' if count != 1 else ''} of {path.name}."
