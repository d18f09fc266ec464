"""One widget for each kind of field, all spoken to alike."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QRegularExpression, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QRegularExpressionValidator, QWheelEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QSpinBox,
    QToolButton,
    QWidget,
)

from slideviewer.ui.training.fields import Field, Kind, Value

DECIMALS = 5
_SEPARATOR = "; "


class _WholeBox(QSpinBox):
    """A number that the wheel does not change on its way down the form."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class _NumberBox(QDoubleSpinBox):
    """The same with digits behind the point, as few as there are."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    def textFromValue(self, value: float) -> str:
        text = self.locale().toString(value, "f", DECIMALS)
        return text.rstrip("0").rstrip(self.locale().decimalPoint())


class _ChoiceBox(QComboBox):
    """A choice that the wheel does not change."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class FieldWidget(QWidget):
    """Asks for one field.

    Parameters
    ----------
    field : Field
    """

    changed = Signal()  # by the user, or by `set_value`
    edited = Signal()  # by the user alone

    def __init__(self, field: Field, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field = field
        self.box = self._made()
        self.box.setAccessibleName(field.label)
        self.box.setToolTip(f"{field.tip}\n{field.option}".strip())
        self.setFocusProxy(self.box)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.box, 1)
        if field.kind in (Kind.FOLDER, Kind.PATH, Kind.LIST):
            row.addWidget(self._browse_button())
        self.set_value(field.first)

    @property
    def value(self) -> Value:
        """What stands there."""
        match self.box:
            case QCheckBox():
                return self.box.isChecked()
            case QComboBox():
                return self.box.currentText()
            case QSpinBox():
                return self.box.value()
            case QDoubleSpinBox():
                return round(self.box.value(), DECIMALS)
            case QLineEdit():
                return self.box.text().strip()
        raise AssertionError(self.box)

    def set_value(self, value: Value) -> None:
        """Let something stand there; what is not of the field's kind is left alone."""
        if value == self.value or not isinstance(value, type(self.field.first) | int):
            return
        with QSignalBlocker(self.box):
            match self.box:
                case QCheckBox():
                    self.box.setChecked(bool(value))
                case QComboBox():
                    self.box.setCurrentText(str(value))
                case QSpinBox():
                    self.box.setValue(int(value))
                case QDoubleSpinBox():
                    self.box.setValue(float(value))
                case QLineEdit():
                    self.box.setText(str(value))
        self.changed.emit()

    def _made(self) -> QCheckBox | QComboBox | QSpinBox | QDoubleSpinBox | QLineEdit:
        field = self.field
        match field.kind:
            case Kind.FLAG:
                tick = QCheckBox(field.label)
                tick.toggled.connect(self._on_edit)
                return tick
            case Kind.CHOICE:
                choice = _ChoiceBox()
                choice.addItems(list(field.choices))
                choice.currentIndexChanged.connect(self._on_edit)
                return choice
            case Kind.WHOLE:
                whole = _WholeBox(minimum=round(field.lowest), maximum=round(field.highest))
                whole.valueChanged.connect(self._on_edit)
                return whole
            case Kind.NUMBER:
                number = _NumberBox(decimals=DECIMALS)
                number.setRange(field.lowest, field.highest)
                number.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
                number.setSuffix(f" {field.unit}" if field.unit else "")
                number.valueChanged.connect(self._on_edit)
                return number
        line = QLineEdit()
        line.setPlaceholderText(field.hint)
        if field.kind == Kind.NAME:
            allowed = QRegularExpression("[a-z0-9][a-z0-9-]*")
            line.setValidator(QRegularExpressionValidator(allowed, line))
        line.textChanged.connect(self._on_edit)
        return line

    def _on_edit(self) -> None:
        self.edited.emit()  # first: what follows another field by itself stops doing so
        self.changed.emit()

    def _browse_button(self) -> QToolButton:
        button = QToolButton()
        button.setText("…")
        button.setToolTip("Choose")
        button.setAccessibleName(f"Choose: {self.field.label}")
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        if self.field.kind == Kind.PATH:
            menu = QMenu(button)
            menu.addAction("Folder…", self._ask_for_folder)
            menu.addAction("File…", self._ask_for_file)
            button.setMenu(menu)
            button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        else:
            button.clicked.connect(self._ask_for_folder)
        return button

    def _ask_for_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, self.field.label, self._start)
        if chosen:
            self._take(chosen)

    def _ask_for_file(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, self.field.label, self._start)
        if chosen:
            self._take(chosen)

    @property
    def _start(self) -> str:
        """Where looking for it begins."""
        here = str(self.value).rpartition("=")[2].strip()
        return here if here and Path(here).exists() else ""

    def _take(self, chosen: str) -> None:
        if self.field.kind == Kind.LIST:
            parts = [str(self.value)] if self.value else []
            chosen = _SEPARATOR.join([*parts, f"{Path(chosen).name}={chosen}"])
        assert isinstance(self.box, QLineEdit)
        self.box.setText(chosen)
