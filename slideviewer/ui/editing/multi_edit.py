"""Changing what several annotations have in common: name, group, colour and type, in one step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import (
    QColorDialog,
    QComboBox,
    QCompleter,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from slideviewer.annotations import DEFAULT_COLOUR, Annotation, AnnotationSet, Group, Kind
from slideviewer.ui.annotation_rows import UNGROUPED
from slideviewer.ui.editing.assigning import in_tree_order
from slideviewer.ui.words import whole

RETYPED: Mapping[Kind | str, tuple[Kind, ...]] = {
    Kind.POLYGON: (Kind.SPLINE,),
    Kind.SPLINE: (Kind.POLYGON,),
    Kind.RECTANGLE: (Kind.POLYGON, Kind.SPLINE),
    Kind.DOT: (Kind.POINT_SET,),
}
"""What a shape can become with the very same points."""

RESERVED_GROUP = "None"
"""How ASAP writes "in no group": none can bear the name."""

AS_THEY_ARE, NO_GROUP = "As they are", "In no group"


@dataclass(frozen=True)
class Wish:
    """What is to become of some annotations; None leaves everything as it is.

    Attributes
    ----------
    name : str or None
    group : str or None
        `UNGROUPED` takes them out of theirs.
    colour : str or None
        ``#RRGGBB``.
    kind : Kind or None
        Only one of `common_kinds`.
    """

    name: str | None = None
    group: str | None = None
    colour: str | None = None
    kind: Kind | None = None


def common_kinds(annotations: Iterable[Annotation]) -> tuple[Kind, ...]:
    """The types that all of these have or can become, if there is anything to choose between."""
    chosen = list(annotations)
    possible: list[set[Kind | str]] = [{it.kind, *RETYPED.get(it.kind, ())} for it in chosen]
    shared = set.intersection(*possible) if possible else set()
    kinds = tuple(kind for kind in Kind if kind in shared)
    differ = len({it.kind for it in chosen}) > 1
    return kinds if differ or len(kinds) > 1 else ()


def changes_of(
    annotations: AnnotationSet, ids: Iterable[str], wish: Wish
) -> tuple[dict[str, Annotation], tuple[Group, ...]]:
    """What an edit has to change to fulfil a wish, and the group that it has to declare."""
    changes = {each: _changed(annotations[each], wish) for each in ids}
    is_new = wish.group and wish.group not in annotations.groups
    return changes, (Group(wish.group),) if is_new and wish.group else ()


def _changed(annotation: Annotation, wish: Wish) -> Annotation:
    if wish.name is not None:
        annotation = replace(annotation, name=wish.name)
    if wish.group is not None:
        annotation = replace(annotation, group=wish.group or None)
    if wish.colour is not None:
        annotation = replace(annotation, colour=wish.colour)
    if wish.kind is not None and wish.kind in RETYPED.get(annotation.kind, ()):
        annotation = replace(annotation, kind=wish.kind)
    return annotation


def common(values: Iterable[str]) -> str | None:
    """The one value that all have; None where they differ."""
    found = set(values)
    return found.pop() if len(found) == 1 else None


def swatch(colour: str | None) -> QIcon:
    """A colour to be seen beside its name; nothing for no colour."""
    if colour is None or not QColor(colour).isValid():
        return QIcon()
    made = QPixmap(16, 16)
    made.fill(QColor(colour))
    painter = QPainter(made)
    painter.setPen(Qt.GlobalColor.gray)
    painter.drawRect(0, 0, 15, 15)
    painter.end()
    return QIcon(made)


class MultiEdit(QDialog):
    """Asks what is to become of the selected annotations.

    Parameters
    ----------
    annotations : AnnotationSet
    chosen : sequence of Annotation
        One at least.
    parent : QWidget, optional
    """

    def __init__(
        self,
        annotations: AnnotationSet,
        chosen: Sequence[Annotation],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        count = len(chosen)
        self.setWindowTitle("Change annotation" if count == 1 else f"Change {count} annotations")
        self._common_name = common(annotation.name for annotation in chosen)
        self._common_group = common(annotation.group or UNGROUPED for annotation in chosen)
        self._colour = common(annotation.colour for annotation in chosen)
        self._chosen_colour: str | None = None
        self.name = QLineEdit(self._common_name or "")
        if self._common_name is None:
            self.name.setPlaceholderText(f"{whole(count)} names, left as they are")
        self.group = self._make_groups(annotations)
        self.colour = QPushButton()
        self.colour.clicked.connect(self._ask_colour)
        self.kind = QComboBox()
        form = QFormLayout()
        form.addRow("&Name", self.name)
        form.addRow("&Group", self.group)
        form.addRow("&Colour", self.colour)
        kinds = common_kinds(chosen)
        if kinds:
            self._fill_kinds(kinds, common(str(annotation.kind) for annotation in chosen))
            form.addRow("&Type", self.kind)
        note = QLabel(
            "A group is chosen or typed anew. ASAP draws what is in a group in the group's colour."
        )
        note.setWordWrap(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.change = buttons.addButton("Change", QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addLayout(form)
        column.addWidget(note)
        column.addWidget(buttons)
        self.change.setDefault(True)
        self.setMinimumWidth(380)
        self._show_colour()
        length = len(self.name.text())
        self.name.setSelection(length, -length)  # selected from the end: a long name's start shows

    @property
    def wish(self) -> Wish:
        """What stands there, as far as it differs from what is."""
        name = " ".join(self.name.text().split())
        group = self._typed_group()
        kind = self.kind.currentData()
        return Wish(
            name if name and name != self._common_name else None,
            group if group != self._common_group else None,
            self._chosen_colour if self._chosen_colour != self._colour else None,
            Kind(kind) if kind is not None else None,
        )

    def set_colour(self, colour: str) -> None:
        """Choose a colour, ``#RRGGBB``."""
        self._chosen_colour = colour
        self._show_colour()

    def _make_groups(self, annotations: AnnotationSet) -> QComboBox:
        box = QComboBox()
        box.setEditable(True)
        # It offers names; Qt's own would make “Label 10” of a new “Label 1”.
        box.setCompleter(QCompleter(box.model(), box))
        box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        if self._common_group is None:
            box.addItem(AS_THEY_ARE, None)
        box.addItem(NO_GROUP, UNGROUPED)
        for name in in_tree_order(annotations.groups):
            box.addItem(name, name)
        if self._common_group:
            box.setCurrentIndex(box.findData(self._common_group))
        return box

    def _typed_group(self) -> str | None:
        """The group that is wanted; what was typed counts, whether or not it is in the list."""
        text = self.group.currentText()
        index = self.group.findText(text)
        if index >= 0:
            data = self.group.itemData(index)
            return data if isinstance(data, str) else None
        name = " ".join(text.split())
        if not name:
            return self._common_group
        return name if name != RESERVED_GROUP else UNGROUPED

    def _fill_kinds(self, kinds: Sequence[Kind], present: str | None) -> None:
        if present is None:
            self.kind.addItem(AS_THEY_ARE, None)
        for kind in kinds:
            self.kind.addItem(kind.value, None if kind == present else kind.value)
        self.kind.setCurrentIndex(max(0, self.kind.findText(present)) if present else 0)

    def _ask_colour(self) -> None:
        now = QColor(self._chosen_colour or self._colour or DEFAULT_COLOUR)
        chosen = QColorDialog.getColor(now, self, "Colour of the annotations")
        if chosen.isValid():
            self.set_colour(chosen.name().upper())

    def _show_colour(self) -> None:
        colour = self._chosen_colour or self._colour
        self.colour.setText(colour if colour is not None else AS_THEY_ARE)
        self.colour.setIcon(swatch(colour))
