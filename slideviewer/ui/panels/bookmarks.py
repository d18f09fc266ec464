"""The Bookmarks panel: the places of the slide that is looked at."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from slideviewer.ui import words
from slideviewer.ui.bookmarks import Bookmark, Bookmarks

LONGEST_NAME, LONGEST_NOTE = 200, 10_000


class BookmarksPanel(QWidget):
    """A list and, below it, the chosen bookmark's note.

    Parameters
    ----------
    bookmarks : Bookmarks
    """

    jump_wanted = Signal(object)  # Bookmark to go to
    add_wanted = Signal()  # the present view is to be marked
    removed = Signal(object, int)  # Bookmark that was deleted, and its row

    def __init__(self, bookmarks: Bookmarks, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bookmarks = bookmarks
        self.list = QListWidget()
        self.list.setAccessibleName("Bookmarks")
        self.list.setWordWrap(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setEditTriggers(
            QAbstractItemView.EditTrigger.EditKeyPressed
            | QAbstractItemView.EditTrigger.SelectedClicked
        )
        self.note = QPlainTextEdit()
        self.note.setPlaceholderText("Note")
        self.note.setAccessibleName("Note of the bookmark")
        self.note.setTabChangesFocus(True)
        self.note.setFixedHeight(4 * self.fontMetrics().lineSpacing() + 12)
        self.empty = QLabel("Nothing is marked here yet.")
        self.empty.setWordWrap(True)
        self.empty.setContentsMargins(8, 8, 8, 8)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.add, self.go = QPushButton("Add…"), QPushButton("Go there")
        self.rename, self.delete = QPushButton("Rename"), QPushButton("Delete")
        rows = [QHBoxLayout(), QHBoxLayout()]
        for row, buttons in zip(
            rows, ((self.add, self.go), (self.rename, self.delete)), strict=True
        ):
            for button in buttons:
                row.addWidget(button)
        column = QVBoxLayout(self)
        column.addWidget(self.empty, 1)
        column.addWidget(self.list, 1)
        column.addWidget(self.note)
        for row in rows:
            column.addLayout(row)
        self.add.clicked.connect(self.add_wanted)
        self.go.clicked.connect(self._jump)
        self.list.itemActivated.connect(lambda _: self._jump())
        self.rename.clicked.connect(lambda: self.list.editItem(self.list.currentItem()))
        self.delete.clicked.connect(self._delete)
        delete_key = QShortcut(QKeySequence(Qt.Key.Key_Delete), self.list)
        delete_key.setContext(Qt.ShortcutContext.WidgetShortcut)
        delete_key.activated.connect(self._delete)
        self.list.itemChanged.connect(self._on_renamed)
        self.list.currentRowChanged.connect(lambda _: self._show_chosen())
        self.note.textChanged.connect(self._on_note)
        bookmarks.changed.connect(self._show)
        self._show()

    def name_keys(self, actions: Mapping[str, QAction]) -> None:
        """Say how to begin, with the key as it is bound, now and whenever it changes."""
        add = actions["bookmark_add"]

        def say() -> None:
            self.empty.setText(
                "Nothing is marked here yet.\n\n"
                f"“Add…” marks what is in view{words.key_in_brackets(add)}."
            )

        add.changed.connect(say)
        say()

    @property
    def chosen(self) -> Bookmark | None:
        """The bookmark whose row is the current one."""
        row = self.list.currentRow()
        return self._bookmarks.all[row] if 0 <= row < len(self._bookmarks.all) else None

    def _show(self) -> None:
        ids = [bookmark.id for bookmark in self._bookmarks.all]
        former = [self._id_at(row) for row in range(self.list.count())]
        with QSignalBlocker(self.list):
            if ids != former:
                self._make_rows(ids, former)
            # In place, since the change may come from a row that is still being edited.
            for row, bookmark in enumerate(self._bookmarks.all):
                item = self.list.item(row)
                item.setText(bookmark.name)
                item.setToolTip(self._tip(bookmark))
        self.list.setVisible(bool(ids))
        self.empty.setVisible(not ids)
        self.add.setEnabled(self._bookmarks.slide is not None)
        self._show_chosen()

    def _make_rows(self, ids: list[str], former: list[str]) -> None:
        """A row a bookmark; a new one becomes the current one, else the same place stays it."""
        row_before = self.list.currentRow()
        chosen = self._id_at(row_before) if row_before >= 0 else ""
        new = [bookmark_id for bookmark_id in ids if bookmark_id not in former]
        if former and len(new) == 1:
            chosen = new[0]
        self.list.clear()
        for bookmark_id in ids:
            item = QListWidgetItem()
            item.setData(Qt.ItemDataRole.UserRole, bookmark_id)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
            self.list.addItem(item)
        if chosen in ids:
            self.list.setCurrentRow(ids.index(chosen))
        elif ids and row_before >= 0:
            self.list.setCurrentRow(min(row_before, len(ids) - 1))

    def _id_at(self, row: int) -> str:
        return str(self.list.item(row).data(Qt.ItemDataRole.UserRole))

    def _tip(self, bookmark: Bookmark) -> str:
        slide = self._bookmarks.slide
        if slide is None:
            return bookmark.note
        place = words.position(bookmark.x, bookmark.y, slide.spacing)
        tip = f"{place}\n{words.magnification(bookmark.scale, slide.spacing)}"
        return f"{tip}\n\n{bookmark.note}" if bookmark.note else tip

    def _show_chosen(self) -> None:
        chosen = self.chosen
        for widget in (self.go, self.rename, self.delete, self.note):
            widget.setEnabled(chosen is not None)
        note = chosen.note if chosen is not None else ""
        if self.note.toPlainText() != note:
            with QSignalBlocker(self.note):
                self.note.setPlainText(note)

    def _jump(self) -> None:
        if self.chosen is not None:
            self.jump_wanted.emit(self.chosen)

    def _delete(self) -> None:
        chosen, row = self.chosen, self.list.currentRow()
        if chosen is not None:
            self._bookmarks.remove(chosen.id)
            self.removed.emit(chosen, row)

    def _on_renamed(self, item: QListWidgetItem) -> None:
        bookmark = self._bookmarks.all[self.list.row(item)]
        name = " ".join(item.text().split())[:LONGEST_NAME]
        self._change(bookmark, name=name or bookmark.name)

    def _on_note(self) -> None:
        if self.chosen is not None:
            self._change(self.chosen, note=self.note.toPlainText()[:LONGEST_NOTE])

    def _change(self, bookmark: Bookmark, **fields: str) -> None:
        self._bookmarks.put(bookmark.model_copy(update=fields))
