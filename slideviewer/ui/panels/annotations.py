"""The Annotations panel: a table over the document, in step with the canvas."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QAction, QPixmap
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from slideviewer.annotations import Annotation
from slideviewer.progress import Step
from slideviewer.ui import settings, words
from slideviewer.ui.annotation_columns import Field
from slideviewer.ui.annotation_table import AnnotationTable
from slideviewer.ui.annotation_thumbnails import SIDE, AnnotationThumbnails
from slideviewer.ui.document import Document
from slideviewer.ui.elided_label import ElidedLabel
from slideviewer.ui.icons import icon
from slideviewer.ui.panels.annotation_filter import AnnotationFilter
from slideviewer.ui.panels.annotation_view import AnnotationView
from slideviewer.ui.selection import Selection

PICTURES = settings.Setting("annotation_pictures", True)
"""Whether there is a small picture before each name."""


class AnnotationsPanel(QWidget):
    """What is wanted of the list, the list, and a word where there is nothing to list.

    Parameters
    ----------
    document : Document
    selection : Selection
    model : AnnotationTable
    thumbnails : AnnotationThumbnails
    parent : QWidget, optional
    """

    jump_wanted = Signal(str)  # id of the annotation to show on the canvas
    delete_wanted = Signal()  # what is selected is to be deleted
    menu_wanted = Signal(QPoint)  # what can be done with the selection is to be shown, there
    export_wanted = Signal()  # all rows are to be written to a file
    cancel_wanted = Signal()  # what is under way is no longer wanted

    def __init__(
        self,
        document: Document,
        selection: Selection,
        model: AnnotationTable,
        thumbnails: AnnotationThumbnails,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._document, self._selection = document, selection
        self.model, self._thumbnails = model, thumbnails
        self._is_with_slide = False
        self._blank = QPixmap(SIDE, SIDE)
        self._blank.fill(Qt.GlobalColor.transparent)
        self.filter = AnnotationFilter(document)
        self.table = AnnotationView(model, selection)
        self.empty = QLabel()
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.empty.setContentsMargins(12, 12, 12, 12)
        self.show_all = QPushButton("Show all")
        self._stack = QStackedWidget()
        self._nothing_found = self._make_nothing_found()
        for page in (self.table, self.empty, self._nothing_found):
            self._stack.addWidget(page)
        self.summary = ElidedLabel()
        self.cancel = QToolButton()
        self.cancel.setIcon(icon("close"))
        self.cancel.setAutoRaise(True)
        self.cancel.setToolTip("Cancel")
        self.cancel.setAccessibleName("Cancel what is under way in the list")
        self.cancel.hide()
        foot = QHBoxLayout()
        foot.setContentsMargins(8, 4, 8, 4)
        foot.addWidget(self.summary, 1)
        foot.addWidget(self.cancel)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.filter)
        column.addWidget(self._stack, 1)
        column.addLayout(foot)
        self._step: Step | None = None
        self._make_menus()
        self._connect()
        self.set_pictures(settings.read(PICTURES))
        self._show_state()

    def name_keys(self, actions: Mapping[str, QAction]) -> None:
        """Say how to begin, with the keys as they are bound, now and whenever they change."""
        open_file, draw = actions["open_annotations"], actions["polygon"]

        def say() -> None:
            self.empty.setText(
                f"Nothing is marked yet.\n\nOpen an ASAP XML{words.key_in_brackets(open_file)}, "
                f"or draw a polygon{words.key_in_brackets(draw)}."
            )

        for action in (open_file, draw):
            action.changed.connect(say)
        say()

    def set_pictures(self, are_wanted: bool) -> None:
        """Show small pictures before the names, or not."""
        settings.write(PICTURES, are_wanted)
        self._pictures.setChecked(are_wanted)
        self._show_pictures()

    def set_slide(self, is_there: bool) -> None:
        """Say whether there is a slide that pictures can be made of."""
        self._is_with_slide = is_there
        self._show_pictures()

    def show_progress(self, step: Step | None) -> None:
        """Say how far something is that the list waits for, or that it has ended."""
        self._step = step
        self.cancel.setVisible(step is not None)
        self._show_summary()

    def _make_nothing_found(self) -> QWidget:
        page = QWidget()
        told = QLabel("No annotation fits the search and the choices above.")
        told.setWordWrap(True)
        column = QVBoxLayout(page)
        column.setContentsMargins(12, 12, 12, 12)
        column.addWidget(told)
        column.addWidget(self.show_all, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch(1)
        return page

    def _make_menus(self) -> None:
        self._columns: dict[Field, QAction] = {}
        self.menu = QMenu(self)
        self.menu.addSection("Columns")
        for column in self.model.columns:
            if column.field is Field.NAME:
                continue  # without it nobody knows which row is which
            action = self.menu.addAction(column.title)
            action.setCheckable(True)
            action.triggered.connect(
                lambda shown, field=column.field: self.table.show_column(field, shown)
            )
            self._columns[column.field] = action
        self.menu.addSeparator()
        self._pictures = self.menu.addAction("Small pictures")
        self._pictures.setCheckable(True)
        self._pictures.triggered.connect(self.set_pictures)
        self.menu.addSeparator()
        self.menu.addAction("Export table…", self.export_wanted.emit)
        self.menu.aboutToShow.connect(self._tick_columns)
        self.filter.menu.setMenu(self.menu)

    def _connect(self) -> None:
        header, custom = self.table.horizontalHeader(), Qt.ContextMenuPolicy.CustomContextMenu
        header.setContextMenuPolicy(custom)
        header.customContextMenuRequested.connect(
            lambda at: self.menu.popup(header.viewport().mapToGlobal(at))
        )
        self.table.setContextMenuPolicy(custom)
        self.table.customContextMenuRequested.connect(
            lambda at: self.menu_wanted.emit(self.table.viewport().mapToGlobal(at))
        )
        self.table.jump_wanted.connect(self.jump_wanted)
        self.table.delete_wanted.connect(self.delete_wanted)
        self.table.view_moved.connect(self._want_pictures)
        self.filter.changed.connect(lambda: self.model.set_filter(self.filter.wanted))
        self.show_all.clicked.connect(self.filter.clear)
        self.cancel.clicked.connect(self.cancel_wanted)
        self._selection.changed.connect(self._on_selection)
        self.model.arranged.connect(self._show_state)
        self._thumbnails.ready.connect(self.model.show_pictures_of)
        self.model.picture = self._picture_of

    def _tick_columns(self) -> None:
        for field, action in self._columns.items():
            action.setChecked(self.table.shows_column(field))

    def _show_state(self) -> None:
        if self.model.rowCount():
            page: QWidget = self.table
        else:
            page = self._nothing_found if len(self._document.annotations) else self.empty
        self._stack.setCurrentWidget(page)
        self.filter.setVisible(page is not self.empty)
        self._show_summary()

    def _show_summary(self) -> None:
        if self._step is not None:
            self.summary.set_words(words.progress(self._step))
            return
        listed, total = self.model.rowCount(), len(self._document.annotations)
        parts = [f"{words.whole(listed)} of {words.whole(total)}" if listed != total else ""]
        if listed == total and total:
            parts = [f"{words.whole(total)} annotation{'s' if total != 1 else ''}"]
        if self._selection.ids:
            parts.append(f"{words.whole(len(self._selection.ids))} selected")
        self.summary.set_words("  ·  ".join(filter(None, parts)))

    def _on_selection(self) -> None:
        if not self.table.hasFocus():  # what is selected in the list is in view there
            self.table.scroll_to_selected()
        self._show_summary()

    def _show_pictures(self) -> None:
        self.table.set_pictures(self._pictures.isChecked() and self._is_with_slide)
        self._want_pictures()

    def _picture_of(self, annotation: Annotation) -> QPixmap | None:
        if not self._pictures.isChecked() or not self._is_with_slide:
            return None
        return self._thumbnails.get(annotation) or self._blank

    def _want_pictures(self) -> None:
        if self._pictures.isChecked() and self._is_with_slide and self.table.isVisible():
            shown = [self.model.annotation_at(row) for row in self.table.rows_in_view()]
            self._thumbnails.want(shown, self.devicePixelRatioF())
