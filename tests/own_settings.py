"""Settings of a test's own, for parts that are tested without the window."""

from pathlib import Path

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication


def use_settings_in(folder: Path) -> None:
    """Keep the settings in a folder instead of the user's."""
    QApplication.setOrganizationName("slideviewer")
    QApplication.setApplicationName("slideviewer-test")
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(folder))
