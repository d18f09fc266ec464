"""Names typed in a list: what arrives meanwhile neither writes over them nor takes them away."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QPersistentModelIndex
from PySide6.QtWidgets import (
    QAbstractItemView,
    QLineEdit,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class _Typed:
    """What stood in a line before its view was told to look at everything anew."""

    whose: Hashable
    text: str
    cursor: int
    is_modified: bool


class TypedNames(QStyledItemDelegate):
    """Fills in a line once, and leaves it alone after the first letter typed.

    Qt fills in an open editor anew whenever its cell is told to have changed, be it a small
    picture alone that arrived; what the user had typed by then would be gone. And it closes the
    editor where the model is reset, as an import does; here it is opened again.

    Parameters
    ----------
    view : QAbstractItemView
        One that has its model.
    whose : callable
        Gives what the row of an index stands for, by which it is found again.
    row_of : callable
        Gives the first cell of what a row stood for; an invalid index where that is gone.
    """

    def __init__(
        self,
        view: QAbstractItemView,
        whose: Callable[[Index], Hashable],
        row_of: Callable[[Hashable], QModelIndex],
    ) -> None:
        super().__init__(view)
        self._view, self._whose, self._row_of = view, whose, row_of
        self._line: QLineEdit | None = None
        self._meant: tuple[Hashable, int] = (None, 0)
        self._kept: _Typed | None = None
        view.model().modelAboutToBeReset.connect(self._keep)

    def go_on(self) -> None:
        """Go on with what was being typed; to be called when the view shows the new rows."""
        kept, self._kept = self._kept, None
        row = self._row_of(kept.whose) if kept is not None else QModelIndex()
        if kept is None or not row.isValid():
            return
        self._view.edit(row.siblingAtColumn(self._meant[1]))
        if self._line is not None:
            self._line.setText(kept.text)
            self._line.setCursorPosition(kept.cursor)
            self._line.setModified(kept.is_modified)

    def drop(self) -> None:
        """Drop what is being typed: it was meant for something that is not open any more."""
        self._kept = None
        if self._line is not None:
            self.closeEditor.emit(self._line, QStyledItemDelegate.EndEditHint.RevertModelCache)

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        made = super().createEditor(parent, option, index)
        self._line = made if isinstance(made, QLineEdit) else None
        self._meant = self._whose(index), index.column()
        return made

    def destroyEditor(self, editor: QWidget, index: Index) -> None:
        self._line = None
        super().destroyEditor(editor, index)

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        if not (isinstance(editor, QLineEdit) and editor.isModified()):
            super().setEditorData(editor, index)

    def _keep(self) -> None:
        line = self._line
        if line is not None:
            self._kept = _Typed(
                self._meant[0], line.text(), line.cursorPosition(), line.isModified()
            )
