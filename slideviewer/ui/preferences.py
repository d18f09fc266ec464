"""The preferences: what the table of settings holds, and the keys. Changes count at once."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QScrollArea,
    QSpinBox,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from slideviewer.ui import settings
from slideviewer.ui.keys_page import KeysPage
from slideviewer.ui.settings import Setting

STEP_MIB = 64
SIZE = (620, 640)
CHARACTERS, LINES = 80, 36
"""That the dialog has room for where the text is large."""

LONGEST_TEXT = 200

GAP = 8
"""Screen pixels: of the dialog, and between one setting and the next."""


class Preferences(QDialog):
    """A page of settings and a page of keys."""

    changed = Signal(str)  # the name of a setting that has another value now
    keys_changed = Signal()  # some action has other keys

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Preferences")
        self.controls: dict[str, QWidget] = {}
        self.keys_page = KeysPage()
        self.keys_page.changed.connect(self.keys_changed)
        self.pages = QTabWidget()
        self.pages.addTab(self._general_page(), "General")
        self.pages.addTab(self.keys_page, "Keys")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        # Return ends typing in a field, and closes nothing; Esc does.
        buttons.button(QDialogButtonBox.StandardButton.Close).setAutoDefault(False)
        column = QVBoxLayout(self)
        column.addWidget(self.pages)
        column.addWidget(buttons)
        metrics = self.fontMetrics()
        text = QSize(CHARACTERS * metrics.averageCharWidth(), LINES * metrics.lineSpacing())
        room = self.screen().availableSize()
        self.resize(QSize(*SIZE).expandedTo(text).boundedTo(room))

    def _general_page(self) -> QWidget:
        page = QWidget()
        grid = QGridLayout(page)  # a form layout would cut the explanations off
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        row = 0
        for setting in settings.SETTINGS:
            if not setting.words or setting is settings.KEYMAP:  # which stands with the keys
                continue
            control = self._control(setting)
            control.setObjectName(setting.name)
            control.setAccessibleName(setting.words)
            control.setAccessibleDescription(setting.tip)
            self.controls[setting.name] = control
            is_check = isinstance(control, QCheckBox)
            if not is_check:
                grid.addWidget(QLabel(setting.words), row, 0)
            side = Qt.AlignmentFlag(0) if is_check else Qt.AlignmentFlag.AlignLeft
            grid.addWidget(control, row, 1, side)
            if setting.tip:
                grid.addWidget(_explanation(setting.tip), row + 1, 1)
            grid.setRowMinimumHeight(row + 2, GAP)
            row += 3
        grid.setRowStretch(row, 1)
        scrolled = QScrollArea()
        scrolled.setWidget(page)
        scrolled.setWidgetResizable(True)
        scrolled.setFrameShape(QScrollArea.Shape.NoFrame)
        return scrolled

    def _control(self, setting: Setting[Any]) -> QWidget:
        """The widget that shows a setting and writes it."""
        value: Any = settings.read(setting)
        write = partial(self._write, setting)
        if setting.choices:
            box = QComboBox()
            for choice, words in setting.choices:
                box.addItem(words, choice)
            box.setCurrentIndex(box.findData(value))
            box.currentIndexChanged.connect(lambda _: write(box.currentData()))
            return box
        if isinstance(setting.default, bool):
            check = QCheckBox(setting.words)
            check.setChecked(value)
            check.toggled.connect(lambda on: write(on))
            return check
        if isinstance(setting.default, str):
            line = QLineEdit(value)
            line.setMaxLength(LONGEST_TEXT)
            line.setMinimumWidth(240)
            line.editingFinished.connect(lambda: write(" ".join(line.text().split())))
            return line
        spin = QSpinBox()
        spin.setRange(setting.lowest, setting.highest)
        spin.setSingleStep(STEP_MIB if setting.unit == "MiB" else 1)
        spin.setSuffix(f" {setting.unit}")
        spin.setSpecialValueText(setting.lowest_words)
        spin.setKeyboardTracking(False)
        spin.setValue(value)
        spin.valueChanged.connect(lambda number: write(number))
        return spin

    def _write(self, setting: Setting[Any], value: Any) -> None:
        if value != settings.read(setting):
            settings.write(setting, value)
            self.changed.emit(setting.name)


def _explanation(text: str) -> QLabel:
    """What a setting means, in a weaker colour."""
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
    return label
