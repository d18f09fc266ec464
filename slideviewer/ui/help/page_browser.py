"""Shows pages of the guide: Markdown with pictures as wide as there is room for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QPoint, QSize, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QPalette,
    QResizeEvent,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextImageFormat,
)
from PySide6.QtWidgets import QApplication, QFrame, QTextBrowser, QTextEdit, QWidget

from slideviewer.errors import SlideviewerError
from slideviewer.ui.help.page_dress import MARGIN, dress, pieces
from slideviewer.ui.help.pages import PAGES, is_page, page_text, pages_folder

SCHEME = "guide"
LONGEST_LINE = 105
"""Average characters; longer lines are hard to follow back to the next one's beginning."""

PADDING = 8
"""Screen pixels from the top to where the reader reads; what is above may be a margin."""

FOUND_COLOURS = {"light": "#ffe08a", "dark": "#6a5200"}
"""Behind words that were searched for, legible under the text of either theme."""


class PageBrowser(QTextBrowser):
    """Knows the guide's own pages and pictures, and fetches nothing else from anywhere."""

    page_changed = Signal(str)  # name of the page that is shown now
    outside_wanted = Signal(object)  # QUrl of a link that leads out of the guide

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setOpenLinks(False)
        self.setAccessibleName("Page of the guide")
        self._url = QUrl()  # of what is shown; while it changes, `source` is still the former one
        self._pictures: dict[str, QImage] = {}
        self._words: tuple[str, ...] = ()
        self._refit = QTimer(self, singleShot=True, interval=0)
        self._refit.timeout.connect(self._fit_in_place)
        self._reading = (0, 0)  # a position in the text, and where it was on the screen
        self.anchorClicked.connect(self._follow)
        self.sourceChanged.connect(self._on_source_changed)

    @property
    def page(self) -> str:
        """The page that is shown; empty before the first one."""
        return _page_of(self._url)

    def show_page(self, name: str, anchor: str = "", words: Sequence[str] = ()) -> None:
        """Show a page.

        Parameters
        ----------
        name : str
            One of `PAGES`.
        anchor : str
            The heading to begin at; empty for the top.
        words : sequence of str
            What to mark on it.
        """
        self._words = tuple(words)
        url = QUrl(f"{SCHEME}:/{name}.md")
        url.setFragment(anchor)
        if url == self.source():
            self.reload()  # keys may be others by now
        else:
            self.setSource(url, QTextDocument.ResourceType.MarkdownResource)

    def show_anew(self) -> None:
        """Show the same page at the same place, in the colours and with the keys of now."""
        place = self.verticalScrollBar().value()
        self.reload()
        self.verticalScrollBar().setValue(place)
        self._note_place()

    def loadResource(self, kind: int, name: QUrl | str) -> Any:
        url = QUrl(name)
        if kind == QTextDocument.ResourceType.ImageResource.value:
            return self._picture(url.fileName())
        page = _page_of(url)
        if not is_page(page):
            return None
        try:
            return page_text(page)
        except SlideviewerError as problem:
            return f"# {PAGES.get(page, 'README')}\n\n{problem}"

    def _picture(self, name: str) -> QImage:
        """A picture as it is in its file; empty where there is none."""
        if name not in self._pictures:
            self._pictures[name] = QImage(str(pages_folder() / "pictures" / Path(name).name))
        return self._pictures[name]

    def _follow(self, url: QUrl) -> None:
        if url.scheme() in ("", SCHEME):
            target = self._url.resolved(url)
            if is_page(_page_of(target)):
                self.show_page(_page_of(target), target.fragment())
        else:
            self.outside_wanted.emit(url)

    def _on_source_changed(self, url: QUrl) -> None:
        self._url = url
        dress(self.document(), self.palette(), self.font().family())
        self._fit()
        anchor = url.fragment()
        if anchor:
            self.scrollToAnchor(anchor)
        self._note_place()
        self._mark_words()
        self.page_changed.emit(self.page)

    def _fit_later(self) -> None:
        """Fit the page to another size of page or letters, once this has its final value."""
        if not self._refit.isActive():
            self._note_place()
            self._refit.start()

    def _note_place(self) -> None:
        first = self.cursorForPosition(QPoint(MARGIN, PADDING))
        self._reading = first.position(), self.cursorRect(first).top()

    def _fit_in_place(self) -> None:
        """Fit the page, and leave the reader's line where it was."""
        position, top = self._reading
        self._fit()  # which may take scroll bars away, and so begin another fit
        first = QTextCursor(self.document())
        first.setPosition(min(position, self.document().characterCount() - 1))
        bar = self.verticalScrollBar()
        bar.setValue(bar.value() + self.cursorRect(first).top() - top)
        self._note_place()

    def _fit(self) -> None:
        """Break lines where they get too long, and scale the pictures to the lines."""
        longest = self.fontMetrics().averageCharWidth() * LONGEST_LINE + 2 * MARGIN
        line = min(self.viewport().width(), longest)
        self.setLineWrapMode(QTextEdit.LineWrapMode.FixedPixelWidth)
        self.setLineWrapColumnOrWidth(line)
        room, ratio = line - 2 * MARGIN, self.devicePixelRatioF()
        for position, shape in self._picture_places():
            natural = self._picture(QUrl(shape.name()).fileName())
            if natural.isNull():
                continue
            size = natural.size()
            if size.width() > room:
                size = size.scaled(room, size.height(), Qt.AspectRatioMode.KeepAspectRatio)
            if (shape.width(), shape.height()) == (size.width(), size.height()):
                continue
            self._show_picture(position, shape, natural, size, ratio)

    def _show_picture(
        self, at: int, shape: QTextImageFormat, natural: QImage, size: QSize, ratio: float
    ) -> None:
        smooth = Qt.TransformationMode.SmoothTransformation
        exact = Qt.AspectRatioMode.IgnoreAspectRatio
        pixels = (size * ratio).boundedTo(natural.size())
        scaled = natural.scaled(pixels, exact, smooth)
        scaled.setDevicePixelRatio(pixels.width() / size.width())
        kind, url = QTextDocument.ResourceType.ImageResource, QUrl(shape.name())
        self.document().addResource(kind, url, scaled)
        self.document().addResource(kind, self._url.resolved(url), scaled)
        shape.setWidth(size.width())
        shape.setHeight(size.height())
        cursor = QTextCursor(self.document())
        cursor.setPosition(at)
        cursor.setPosition(at + 1, QTextCursor.MoveMode.KeepAnchor)
        cursor.setCharFormat(shape)

    def _picture_places(self) -> list[tuple[int, QTextImageFormat]]:
        """Where pictures stand in the text."""
        places = []
        for start, end in pieces(self.document(), lambda shape: shape.isImageFormat()):
            cursor = QTextCursor(self.document())
            for position in range(start, end):  # pictures that follow each other are one piece
                cursor.setPosition(position + 1)
                places.append((position, cursor.charFormat().toImageFormat()))
        return places

    def _mark_words(self) -> None:
        """Mark the words that were searched for, wherever they stand on the page."""
        is_dark = self.palette().color(QPalette.ColorRole.Base).lightnessF() < 0.5
        marked = QTextCharFormat()
        marked.setBackground(QColor(FOUND_COLOURS["dark" if is_dark else "light"]))
        selections = []
        for word in self._words:
            cursor = self.document().find(word)
            while not cursor.isNull():
                selection = QTextEdit.ExtraSelection()
                selection.cursor, selection.format = cursor, marked
                selections.append(selection)
                cursor = self.document().find(word, cursor)
        self.setExtraSelections(selections)

    def set_text_scale(self, scale: float) -> None:
        """Show text so many times as large as elsewhere in the program."""
        font = QApplication.font()
        font.setPointSizeF(font.pointSizeF() * scale)
        self.setFont(font)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit_later()
        super().resizeEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.FontChange and hasattr(self, "_refit"):
            self._fit_later()
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self.page:
            self.show_anew()  # colours of links and marks are part of the document


def _page_of(url: QUrl) -> str:
    """The name of the page that a link leads to; empty where it leads to none."""
    name = url.fileName()
    return name.removesuffix(".md") if url.scheme() == SCHEME and name.endswith(".md") else ""
