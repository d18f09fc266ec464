"""What the program is, in the dialog of that name."""

from __future__ import annotations

from PySide6.QtWidgets import QMessageBox, QWidget

from slideviewer import RESEARCH_USE_ONLY, __version__

TEXT = (
    f"<b>slideviewer {__version__}</b><p>Whole-slide images, specialist markup and "
    f"deep-learning predictions in one window.</p><p><b>{RESEARCH_USE_ONLY}</b></p>"
    "<p>Icons: Material Design Icons by Pictogrammers (Apache 2.0).</p>"
)


def show_about(window: QWidget) -> None:
    """Tell the version, what the program may be used for, and whose icons it shows."""
    QMessageBox.about(window, "About slideviewer", TEXT)
