"""The window of the user guide."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from slideviewer.errors import SlideviewerError
from slideviewer.ui.help.hit_list import HitList
from slideviewer.ui.help.page_browser import PageBrowser
from slideviewer.ui.help.pages import PAGES, page_text
from slideviewer.ui.help.search import Section, search, sections_of
from slideviewer.ui.icons import icon

SIZE = QSize(1120, 820)
CONTENTS_WIDTH = 240
TEXT_SCALES = (0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0)
NAME_ROLE = Qt.ItemDataRole.UserRole


class Guide(QWidget):
    """Contents and search at the left, a page at the right."""

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle("User guide – slideviewer")
        self.setObjectName("guide")
        self.browser = PageBrowser()
        self.field = QLineEdit(placeholderText="Search the guide")
        self.field.setClearButtonEnabled(True)
        self.field.setAccessibleName("Search the guide")
        self.contents = QListWidget()
        self.contents.setFrameShape(QFrame.Shape.NoFrame)
        self.contents.setAccessibleName("Contents")
        for name, title in PAGES.items():
            item = QListWidgetItem(title)
            item.setData(NAME_ROLE, name)
            item.setSizeHint(QSize(0, self.fontMetrics().height() + 10))
            self.contents.addItem(item)
        self.hits = HitList()
        self.nothing = QLabel()
        self.nothing.setWordWrap(True)
        self.nothing.setContentsMargins(8, 8, 8, 8)
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._sections: list[Section] = []  # of all pages, while something is searched for
        self._lay_out()
        self._connect()
        self._set_scale(TEXT_SCALES.index(1.1))
        self._show_found("")
        self.resize(SIZE)

    def show_page(self, name: str, anchor: str = "") -> None:
        """Show a page, at a heading or its top."""
        self.browser.show_page(name, anchor)

    @property
    def page(self) -> str:
        """The page that is shown; empty before the first one."""
        return self.browser.page

    def _lay_out(self) -> None:
        self.back, self.forward = QToolButton(), QToolButton()
        self.smaller, self.larger = QToolButton(), QToolButton()
        for button, glyph, words in (
            (self.back, "arrow-left", "Back (Alt+Left)"),
            (self.forward, "arrow-right", "Forward (Alt+Right)"),
            (self.smaller, "format-font-size-decrease", "Smaller text (Ctrl+-)"),
            (self.larger, "format-font-size-increase", "Larger text (Ctrl++)"),
        ):
            button.setIcon(icon(glyph))
            button.setAutoRaise(True)
            button.setToolTip(words)
            button.setAccessibleName(words.split(" (")[0])
        self.address = QLabel()
        self.address.setWordWrap(True)
        self.address.setTextFormat(Qt.TextFormat.PlainText)
        self.open_outside, self.copy_address = (
            QPushButton("Open in the browser"),
            QPushButton("Copy"),
        )
        self.outside = QFrame()
        row = QHBoxLayout(self.outside)
        row.addWidget(self.address, 1)
        row.addWidget(self.open_outside)
        row.addWidget(self.copy_address)
        self.outside.hide()
        top = QHBoxLayout()
        top.setContentsMargins(4, 4, 4, 4)
        top.setSpacing(4)
        for button in (self.back, self.forward):
            top.addWidget(button)
        top.addStretch(1)
        for button in (self.smaller, self.larger):
            top.addWidget(button)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(top)
        column.addWidget(self.browser, 1)
        column.addWidget(self.outside)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(8, 8, 4, 8)
        column.setSpacing(8)
        column.addWidget(self.field)
        for part in (self.contents, self.hits, self.nothing):
            column.addWidget(part, 1)
        split = QSplitter()
        split.addWidget(left)
        split.addWidget(right)
        split.setStretchFactor(1, 1)
        split.setSizes([CONTENTS_WIDTH, SIZE.width() - CONTENTS_WIDTH])
        split.setChildrenCollapsible(False)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(split)

    def _connect(self) -> None:
        browser = self.browser
        self.contents.itemActivated.connect(self._open_item)
        self.contents.itemClicked.connect(self._open_item)
        self.field.textChanged.connect(self._show_found)
        self.field.returnPressed.connect(self.hits.open_first)
        self.hits.wanted.connect(self._open_hit)
        browser.page_changed.connect(self._on_page_changed)
        browser.outside_wanted.connect(self._offer_outside)
        self.open_outside.clicked.connect(self._leave)
        self.copy_address.clicked.connect(
            lambda: QApplication.clipboard().setText(self.address.text())
        )
        for button, act, available in (
            (self.back, browser.backward, browser.backwardAvailable),
            (self.forward, browser.forward, browser.forwardAvailable),
        ):
            button.setEnabled(False)
            button.clicked.connect(act)
            available.connect(button.setEnabled)
        self.smaller.clicked.connect(lambda: self._set_scale(self._scale - 1))
        self.larger.clicked.connect(lambda: self._set_scale(self._scale + 1))
        keys = QKeySequence.StandardKey
        shortcuts: tuple[tuple[QKeySequence.StandardKey | Qt.Key, Callable[[], object]], ...] = (
            (keys.Back, browser.backward),
            (keys.Forward, browser.forward),
            (keys.Find, self._start_search),
            (keys.ZoomIn, self.larger.click),
            (keys.ZoomOut, self.smaller.click),
            (keys.Close, self.close),
            (Qt.Key.Key_Escape, self._leave_search_or_close),
        )
        for key, run in shortcuts:
            QShortcut(QKeySequence(key), self).activated.connect(run)

    def _open_item(self, item: QListWidgetItem) -> None:
        self.show_page(str(item.data(NAME_ROLE)))

    def _open_hit(self, section: Section) -> None:
        self.browser.show_page(section.page, section.anchor, self.field.text().split())

    def _on_page_changed(self, name: str) -> None:
        self.outside.hide()
        self.contents.setCurrentRow(list(PAGES).index(name) if name in PAGES else -1)

    def _show_found(self, query: str) -> None:
        is_searching = bool(query.strip())
        if not is_searching or not self._sections:
            self._sections = _read_sections() if is_searching else []
        found = search(self._sections, query)
        self.hits.show_hits(found)
        self.nothing.setText(f"Nothing in the guide has “{query.strip()}”. Try fewer words.")
        self.contents.setVisible(not is_searching)
        self.hits.setVisible(bool(found))
        self.nothing.setVisible(is_searching and not found)

    def _start_search(self) -> None:
        self.field.setFocus()
        self.field.selectAll()

    def _leave_search_or_close(self) -> None:
        if self.field.text():
            self.field.clear()
        else:
            self.close()

    def _set_scale(self, step: int) -> None:
        self._scale = min(max(step, 0), len(TEXT_SCALES) - 1)
        self.browser.set_text_scale(TEXT_SCALES[self._scale])
        self.smaller.setEnabled(self._scale > 0)
        self.larger.setEnabled(self._scale < len(TEXT_SCALES) - 1)

    def _offer_outside(self, url: QUrl) -> None:
        """Say where a link leads; only the user goes there."""
        self.address.setText(url.toDisplayString())
        self.outside.show()

    def _leave(self) -> None:
        QDesktopServices.openUrl(QUrl(self.address.text()))


def _read_sections() -> list[Section]:
    """All pages in pieces; those that cannot be read are left out."""
    found: list[Section] = []
    for name, title in PAGES.items():
        try:
            found += sections_of(name, title, page_text(name))
        except SlideviewerError:
            continue
    return found
