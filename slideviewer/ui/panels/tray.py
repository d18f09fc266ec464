"""The Slides panel: the slides of a folder with their pictures, to be opened one after another."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    Qt,
    QTimer,
    Signal,
    Slot,
)
from PySide6.QtGui import QAction, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from slideviewer.cohort.folder_listing import ListedSlide, Listing
from slideviewer.cohort.worklist import ReadingState
from slideviewer.ui.icons import icon
from slideviewer.ui.panels.state_chooser import StateChooser
from slideviewer.ui.panels.tray_list import SlideLine, SlideList
from slideviewer.ui.thumbnails import Thumbnails
from slideviewer.ui.watched_folder import WatchedFolder
from slideviewer.ui.words import whole

MARGIN = 8
"""Screen pixels beside what stands above the list."""

EMPTY = "Open a slide, or drop a folder here: its slides are listed with their pictures."


class SlideTray(QWidget):
    """Shows what is in a folder, and asks for slides to be opened."""

    slide_wanted = Signal(object)  # Path of the slide to open
    prediction_wanted = Signal(object)  # list of Path: slides to predict one after the other
    listed = Signal()  # the folder was listed, or could not be

    def __init__(self, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails
        self._folder = WatchedFolder(self)
        self._open: Path | None = None
        self._problem = self._place_words = ""
        self._again = False
        self.model = SlideList(thumbnails, self)
        self.filter = QLineEdit(placeholderText="Filter by name")
        self.filter.setClearButtonEnabled(True)
        self.filter.setAccessibleName("Filter slides by name")
        self.refresh_button = QToolButton()
        self.refresh_button.setToolTip("Look into the folder again")
        self.refresh_button.setAccessibleName("Look into the folder again")
        self.refresh_button.setAutoRaise(True)
        self.states = StateChooser(self.model)
        self.place, self.message = QLabel(), QLabel(EMPTY)
        self.place.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.message.setWordWrap(True)
        self.message.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.message.setContentsMargins(12, 12, 12, 12)
        for label in (self.place, self.message):
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.list = QListView()
        self.list.setModel(self.model)
        self.list.setItemDelegate(SlideLine(thumbnails, self.list))
        self.list.setUniformItemSizes(True)
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.list.setAccessibleName("Slides of the folder")
        self.list.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.predict = QAction("Predict", self.list)
        self.predict.setToolTip("Predict the chosen slides one after the other")
        self.list.addAction(self.predict)
        self.list.installEventFilter(self)
        self.list.viewport().installEventFilter(self)
        top = QHBoxLayout()
        top.setContentsMargins(MARGIN, 8, MARGIN, 0)
        top.addWidget(self.filter)
        top.addWidget(self.refresh_button)
        self.place.setContentsMargins(MARGIN, 0, MARGIN, 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(top)
        chooser = QHBoxLayout()
        chooser.setContentsMargins(MARGIN, 0, MARGIN, 0)
        chooser.addWidget(self.states)
        column.addLayout(chooser)
        column.addWidget(self.place)
        column.addWidget(self.message, 1)
        column.addWidget(self.list, 1)
        self._looking = QTimer(self, singleShot=True, interval=0)
        self._folder.began.connect(self._show_state)
        self._folder.listed.connect(self._on_listing)
        self._folder.failed.connect(self._on_failure)
        self._looking.timeout.connect(self._want_visible)
        self.filter.textChanged.connect(self._on_filter)
        self.filter.returnPressed.connect(lambda: self._on_activated(self.model.index(0, 0)))
        self.refresh_button.clicked.connect(self.refresh)
        self.list.activated.connect(self._on_activated)
        self.predict.triggered.connect(lambda: self.prediction_wanted.emit(self.chosen))
        self.list.verticalScrollBar().valueChanged.connect(lambda _: self._looking.start())
        self.model.modelReset.connect(self._show_state)
        self._dress()
        self._show_state()

    @property
    def folder(self) -> Path | None:
        """What is listed."""
        return self._folder.path

    @property
    def chosen(self) -> list[Path]:
        """The slides that are selected, from top to bottom."""
        rows = sorted(index.row() for index in self.list.selectionModel().selectedIndexes())
        return [self.model.path_at(row) for row in rows]

    def show_folder(self, folder: Path) -> None:
        """List a folder, unless it is listed already."""
        folder = Path(os.path.abspath(folder))
        if folder != self.folder:
            self.filter.clear()
            self.model.set_slides(())
            self._folder.go_to(folder)

    def show_open(self, path: Path | None) -> None:
        """Mark the slide that is open now, and list its folder unless the slide is listed."""
        path = Path(os.path.abspath(path)) if path is not None else None
        self._open = path
        self.model.set_open(path)
        if path is not None:
            if not self.model.holds(path):
                self.show_folder(path.parent)
            self._choose(path)

    def show_states(self, states: Mapping[Path, ReadingState]) -> None:
        """Show how far the slides of a worklist are; without one there are none."""
        self.model.set_states(states)
        self.states.show_states(states)
        elsewhere = (path for path in states if path.parent != self.folder)
        self.model.set_others(tuple(ListedSlide(path) for path in elsewhere))
        self._choose(self._open)

    def refresh(self) -> None:
        """Look again: at the folder, and then at the pictures in view."""
        self._folder.look_again()

    def step(self, by: int) -> None:
        """Ask for the slide so many lines below the open one (above, where it is negative)."""
        row = self.model.row_of(self._open)
        count = self.model.rowCount()
        wanted = (0 if by > 0 else count - 1) if row is None else row + by
        if 0 <= wanted < count:
            self.slide_wanted.emit(self.model.path_at(wanted))

    def can_step(self, by: int) -> bool:
        """Whether there is a slide so many lines below the open one."""
        row = self.model.row_of(self._open)
        return self.model.rowCount() > 0 if row is None else 0 <= row + by < self.model.rowCount()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.list.viewport():
            if event.type() in (QEvent.Type.Resize, QEvent.Type.Show):
                self._looking.start()
            return False
        # Not every system takes Enter for a double-click, so that it is said here.
        if (
            event.type() == QEvent.Type.KeyPress
            and isinstance(event, QKeyEvent)
            and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        ):
            self._on_activated(self.list.currentIndex())
            return True
        return False

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._dress()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_place()

    def _show_place(self) -> None:
        """Say where the slides are; of a long name the end tells folders apart."""
        middle, room = Qt.TextElideMode.ElideMiddle, self.width() - 2 * MARGIN
        self.place.setText(self.fontMetrics().elidedText(self._place_words, middle, room))

    def _dress(self) -> None:
        self.refresh_button.setIcon(icon("refresh"))

    @Slot(object)
    def _on_listing(self, listing: Listing) -> None:
        self._problem, self._again = "", True
        chosen = self.list.currentIndex()
        path = self.model.path_at(chosen.row()) if chosen.isValid() else self._open
        bar, is_new = self.list.verticalScrollBar(), self.model.count == 0
        place = bar.value()
        self.model.set_slides(listing.slides)
        self._choose(path)
        if not is_new:
            bar.setValue(place)  # a slide that was copied here must not move the others away
        self._show_state()
        self.listed.emit()

    @Slot(str)
    def _on_failure(self, problem: str) -> None:
        self._problem = problem
        self.model.set_slides(())
        self._show_state()
        self.listed.emit()

    def _choose(self, path: Path | None) -> None:
        row = self.model.row_of(path)
        if row is not None:
            self.list.setCurrentIndex(self.model.index(row, 0))

    def _on_filter(self, words: str) -> None:
        self.model.set_filter(words)
        self._choose(self._open)

    def _on_activated(self, index: QModelIndex) -> None:
        if index.isValid():
            self.slide_wanted.emit(self.model.path_at(index.row()))

    def _visible_paths(self) -> list[Path]:
        """The slides in view, top to bottom."""
        if not self.list.isVisible():
            return []
        height = self.list.viewport().height()
        first = self.list.indexAt(self.list.viewport().rect().topLeft())
        line = max(1, self.list.sizeHintForRow(0))
        start = first.row() if first.isValid() else 0
        end = min(self.model.rowCount(), start + height // line + 2)
        return [self.model.path_at(row) for row in range(start, end)]

    @Slot()
    def _want_visible(self) -> None:
        self._thumbnails.want("tray", self._visible_paths(), again=self._again)
        self._again = False

    @Slot()
    def _show_state(self) -> None:
        folder, shown, count = self.folder, self.model.rowCount(), self.model.count
        self.filter.setEnabled(count > 0)
        self.refresh_button.setEnabled(folder is not None)
        self.list.setVisible(shown > 0)
        self.message.setVisible(shown == 0)
        self.place.setVisible(count > 0)
        if folder is None:
            self.message.setText(EMPTY)
            return
        many = whole(count) if shown == count else f"{whole(shown)} of {whole(count)}"
        kind = "slide" if count == 1 else "slides"
        self._place_words = f"{many} {kind} in {folder.name or folder}"
        self._show_place()
        self.place.setToolTip(str(folder))
        if self._folder.is_being_listed and count == 0:
            self.message.setText(f"Looking into {folder} …")
        elif count == 0:
            self.message.setText(self._problem or f"There is no slide in {folder}.")
        else:
            self.message.setText("No name fits the filter.")
        self._looking.start()
