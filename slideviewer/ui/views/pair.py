"""Two views in one place: one beside the other under a divider, or one after the other."""

from __future__ import annotations

from enum import Enum

from PySide6.QtCore import QEvent, QObject, QRect, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QRegion, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from slideviewer.ui.canvas import Canvas
from slideviewer.ui.elided_label import ElidedLabel
from slideviewer.ui.views.divider import Divider
from slideviewer.ui.views.slide_view import SlideView
from slideviewer.ui.views.title_bar import flat_button

STEP, SMALL_STEP = 20.0, 2.0
"""Screen pixels that an arrow key moves the divider by, and with Shift."""

HOLD_MILLISECONDS = 350
"""A key held for longer than this shows the other slide only while it is held."""


class Mode(Enum):
    """How two views share one place; the value says what to do, with a place for the key."""

    SWIPE = "← → move the divider · Esc leaves"
    BLINK = "{key} shows the other one · Esc leaves"


class Pair(QWidget):
    """Shows two views of the same size and place. It takes them in, and somebody else back.

    Parameters
    ----------
    left, right : SlideView
        In a swipe the right one lies above the left one and is cut off at the divider.
    names : tuple of str
        What the header calls them while they show one slide; empty for the slides' names.
    mode : Mode
    flip_key : Qt.Key
        Shows the other one of two that blink.
    """

    leaving = Signal()  # the user wants the rows of views back
    flipped = Signal(object)  # SlideView that is on top now

    def __init__(
        self,
        left: SlideView,
        right: SlideView,
        names: tuple[str, str],
        mode: Mode,
        flip_key: Qt.Key,
    ) -> None:
        super().__init__()
        self._views, self._names, self._mode = (left, right), names, mode
        self._flip_key = flip_key
        self._on_top = right
        self._share = 0.5  # of the width that is left of the divider
        self._held_since: int | None = None
        self._body = _Body()
        self._body.resized.connect(self._place)
        self.divider = Divider(self._body)
        self.divider.dragged.connect(self.move_divider)
        self._labels = (ElidedLabel(), ElidedLabel())
        self._labels[1].setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._hint = QLabel()
        leave = flat_button("✕", "Show the views side by side again (Esc)")
        leave.clicked.connect(self.leaving)
        header = QHBoxLayout()
        header.setContentsMargins(8, 0, 4, 0)
        header.setSpacing(12)
        header.addWidget(self._labels[0], 1)
        header.addWidget(self._hint)
        header.addWidget(self._labels[1], 1)
        header.addWidget(leave)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(header)
        column.addWidget(self._body, 1)
        self.divider.installEventFilter(self)

    @property
    def views(self) -> tuple[SlideView, SlideView]:
        """The left and the right one."""
        return self._views

    @property
    def mode(self) -> Mode:
        """How they share their place."""
        return self._mode

    @property
    def on_top(self) -> SlideView:
        """The one that is seen, or seen right of the divider."""
        return self._on_top

    @property
    def divider_x(self) -> float:
        """Screen pixels from the left edge to the divider."""
        return self._share * self._body.width()

    def take_in(self) -> None:
        """Take the views from wherever they are."""
        for view in self._views:
            view.setParent(self._body)
            view.show()
            view.canvas.installEventFilter(self)
            view.slide_changed.connect(self._show_names)
        self.set_mode(self._mode)

    def set_mode(self, mode: Mode) -> None:
        """Let them share their place another way."""
        self._mode = mode
        self._on_top = self._views[1]
        self._on_top.raise_()
        self.divider.setVisible(mode is Mode.SWIPE)
        self.divider.raise_()
        self._show_hint()
        self._place()
        self._show_names()

    def set_flip_key(self, key: Qt.Key) -> None:
        """Have another key show the other one."""
        self._flip_key, self._held_since = key, None
        self._show_hint()

    def move_divider(self, x: float) -> None:
        """Put the divider so many screen pixels from the left edge."""
        width = max(1, self._body.width())
        self._share = min(max(x / width, 0.0), 1.0)
        self._place()

    def flip(self) -> None:
        """Show the other one."""
        left, right = self._views
        self._on_top = left if self._on_top is right else right
        self._on_top.raise_()
        self._show_names()
        self.flipped.emit(self._on_top)

    def let_go(self) -> None:
        """Leave the views as they were before they were taken in."""
        for view in self._views:
            view.canvas.removeEventFilter(self)
            view.slide_changed.disconnect(self._show_names)
            view.clearMask()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not isinstance(event, QKeyEvent):
            return False
        if event.type() == QEvent.Type.KeyRelease:
            return self._release(event)
        if not self._means_something(watched, event):
            return False
        event.accept()  # of an override: the key is no shortcut of the window here
        if event.type() == QEvent.Type.KeyPress:
            self._press(event)
        return True

    def _means_something(self, watched: QObject, event: QKeyEvent) -> bool:
        keys = Qt.Key
        if event.modifiers() & ~(_SHIFT | Qt.KeyboardModifier.KeypadModifier):
            return False
        if event.key() == keys.Key_Escape:
            return not (isinstance(watched, Canvas) and watched.tool.is_busy)
        if self._mode is Mode.SWIPE:
            return event.key() in (keys.Key_Left, keys.Key_Right)
        return event.key() == self._flip_key and not event.modifiers()

    def _press(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.leaving.emit()
        elif self._mode is Mode.BLINK:
            if not event.isAutoRepeat():
                self._held_since = event.timestamp()
                self.flip()
        else:
            step = SMALL_STEP if event.modifiers() & _SHIFT else STEP
            self.move_divider(self.divider_x + (step if event.key() == Qt.Key.Key_Right else -step))

    def _release(self, event: QKeyEvent) -> bool:
        since = self._held_since
        if event.key() != self._flip_key or since is None or event.isAutoRepeat():
            return False
        self._held_since = None
        if event.timestamp() - since > HOLD_MILLISECONDS and self._mode is Mode.BLINK:
            self.flip()
        return True

    def _place(self) -> None:
        room = self._body.rect()
        for view in self._views:
            view.setGeometry(room)
        left, right = self._views
        x = round(self.divider_x)
        left.clearMask()
        if self._mode is Mode.SWIPE:
            # An empty region would be no mask at all, so the last column is always left.
            right.setMask(QRegion(QRect(min(x, room.width() - 1), 0, room.width(), room.height())))
        else:
            right.clearMask()
        self.divider.setFixedHeight(room.height())
        self.divider.move(x - self.divider.width() // 2, 0)

    def _show_hint(self) -> None:
        key = QKeySequence(self._flip_key).toString(QKeySequence.SequenceFormat.NativeText)
        self._hint.setText(self._mode.value.format(key=key))

    def _show_names(self) -> None:
        is_one_slide = self._views[0].slide is self._views[1].slide
        for label, view, name in zip(self._labels, self._views, self._names, strict=True):
            of_slide = view.slide.path.name if view.slide is not None else ""
            shown = name if name and is_one_slide else of_slide
            label.set_words(shown)
            font = label.font()
            font.setBold(self._mode is Mode.BLINK and view is self._on_top)
            label.setFont(font)
            label.setEnabled(self._mode is Mode.SWIPE or view is self._on_top)


class _Body(QWidget):
    """Room for widgets on top of each other."""

    resized = Signal()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.resized.emit()


_SHIFT = Qt.KeyboardModifier.ShiftModifier
