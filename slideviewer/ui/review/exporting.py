"""What was decided goes into a table: the user is asked for a file."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from slideviewer.annotations import with_extension
from slideviewer.annotations.decisions import write_decisions_csv
from slideviewer.errors import SlideviewerError
from slideviewer.slide import Spacing
from slideviewer.ui import words
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.session import Session

CSV_FILTER = "CSV (*.csv)"


def export_decisions(session: Session, notices: NoticeStack, window: QWidget) -> None:
    """Ask for a file, and write a row for each decision and each reading."""
    document, slide = session.document, session.slide
    decisions = list(document.annotations.decisions.values())
    readings = document.annotations.readings.values()
    if not decisions and not readings:
        notices.tell("Nothing was decided yet.")
        return
    beside = document.path or (slide.path if slide is not None else Path("review"))
    proposed = beside.with_name(f"{beside.stem}-review.csv")
    name, _ = QFileDialog.getSaveFileName(window, "Export decisions", str(proposed), CSV_FILTER)
    if not name:
        return
    path = with_extension(Path(name), ".csv")
    spacing = slide.spacing if slide is not None else None
    um_px = spacing.um_px if isinstance(spacing, Spacing) else None
    try:
        write_decisions_csv(decisions, path, um_px, readings)
    except SlideviewerError as error:
        notices.warn(str(error))
        return
    read = f" and {words.whole(len(readings))} readings" if readings else ""
    notices.tell(f"{words.whole(len(decisions))} decisions{read} written to {path.name}.")
