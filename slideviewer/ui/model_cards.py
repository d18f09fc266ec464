"""Showing what a model's package says of it: its card, as a page in the browser."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices

from slideviewer.models.package import ModelPackage
from slideviewer.paths import cards_folder
from slideviewer.ui.jobs import Job
from slideviewer.ui.notices import NoticeStack

NO_BROWSER = "No browser could be opened. The card is here: "


class ModelCards(QObject):
    """Cards are written beside what can be made again, one a model, and opened from there."""

    def __init__(self, notices: NoticeStack, parent: QObject) -> None:
        super().__init__(parent)
        self._notices = notices

    def show(self, package: ModelPackage) -> None:
        """Write a package's card in the background, then open it."""
        path = cards_folder() / f"{package.spec.name}-{package.hash[:12]}.html"
        job = Job(lambda _: _written(package, path), self)
        job.succeeded.connect(self._open)
        job.failed.connect(lambda problem: self._notices.warn(problem))
        job.start()

    def _open(self, path: Path) -> None:
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))):
            self._notices.tell(f"{NO_BROWSER}{path}")


def _written(package: ModelPackage, path: Path) -> Path:
    # Plots and templates are needed by the page alone, and take a second to import.
    from slideviewer.evaluation.reports.card_page import write_card_page

    write_card_page(package, path, overwrite=True)
    return path
