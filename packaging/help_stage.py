"""The stage for the pictures of the guide: a window without a screen, and a camera."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from help_slides import Slides
from PIL import Image
from PySide6.QtCore import QElapsedTimer, QPoint, QRect, QSettings, QSize
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QDockWidget, QWidget

from slideviewer.slide import Slide, Spacing
from slideviewer.ui import settings, words
from slideviewer.ui.launch import wait_until
from slideviewer.ui.window import MainWindow

WINDOW, WIDE = QSize(1120, 720), QSize(1000, 640)
CLOSE_UP = QSize(700, 440)
GAP = 16
MOST_BYTES = 150_000
COLOURS = (256, 192, 128, 96, 64, 48, 32)
"""Tried one after the other until a picture is small enough."""

STRONG, ALIKE = 110, 60
"""How far apart the parts of a colour are that must not change, and two such colours."""

LEAST_SIGN_PX, MOST_SIGNS = 60, 12

SECONDS = 60


class Stage:
    """A window as it is at its first start, and what the pictures do to it."""

    def __init__(self, slides: Slides) -> None:
        self.slides = slides
        QSettings().clear()
        settings.write(settings.ANIMATE, False)
        self.window = _open_window()

    def restart(self) -> None:
        """Close the window and open it again."""
        self.close()
        self.window = _open_window()

    def open(self, path: Path, *, prediction: bool = False) -> None:
        """Open a slide as a user would, and wait for what belongs to it."""
        window = self.window
        window.files.open_slide(path)

        def is_open() -> bool:
            return window.session.slide is not None and window.session.slide.path == path

        wait_until(is_open, SECONDS)
        beside = path.with_suffix(".xml")
        if beside.exists():
            wait_until(lambda: window.session.document.path == beside, SECONDS)
        if prediction:
            window.prediction.show_stored(self.slides.prediction)
            wait_until(lambda: window.prediction.has_result, SECONDS)
        self.settle()

    def hide_panels(self) -> None:
        """Leave the middle of the window to the slide."""
        for dock in self.window.findChildren(QDockWidget):
            dock.close()
        self.window.resize(WIDE)
        self.settle()

    @property
    def slide(self) -> Slide:
        """What the active view shows."""
        slide = self.window.views.active.slide
        assert slide is not None
        return slide

    def go(self, x: float, y: float, magnification: float) -> None:
        """Look at a place, given as shares of the slide's width and height."""
        canvas, slide = self.window.views.active.canvas, self.slide
        assert isinstance(slide.spacing, Spacing)
        canvas.centre_on(x * slide.pyramid.width, y * slide.pyramid.height)
        canvas.zoom_to(words.scale_at(magnification, slide.spacing))
        self.settle()

    def do(self, *names: str) -> None:
        """Choose actions of the menus."""
        for name in names:
            self.window.named_actions[name].trigger()
        pause()

    def settle(self) -> None:
        """Wait until all that is in view is painted, and was so for a moment."""
        window = self.window

        def is_settled() -> bool:
            window.grab()  # painting is what asks for tiles
            views = [view for view in window.views.views if view.slide is not None]
            return all(not view.tiles.is_loading and view.canvas.is_finished for view in views)

        for _ in range(2):
            pause()
            wait_until(is_settled, SECONDS)

    def picture(self, part: QRect | QWidget | None = None) -> QImage:
        """The window, or part of it, without messages."""
        self.window.notices.clear()
        pause()
        if isinstance(part, QWidget):
            part = self.place_of(part)
        return self.window.grab(part or self.window.rect()).toImage()

    def place_of(self, widget: QWidget) -> QRect:
        """Where a widget is in the window."""
        return QRect(widget.mapTo(self.window, QPoint(0, 0)), widget.size())

    def corner(self, size: QSize, *, at_right: bool = False) -> QImage:
        """The top left or top right of the slide."""
        place = self.place_of(self.window.views)
        part = QRect(place.topLeft(), size)
        if at_right:
            part.moveTopRight(place.topRight())
        return self.picture(part)

    def right(self, size: QSize = CLOSE_UP) -> QImage:
        """The right of the window below the toolbar: a panel and the slide beside it."""
        top = self.place_of(self.window.views).top()
        return self.picture(QRect(QPoint(self.window.width() - size.width(), top), size))

    def close(self) -> None:
        """Leave the stage."""
        self.window.session.document.undo_stack.setClean()
        self.window.close()
        self.window.deleteLater()
        pause()


def _open_window() -> MainWindow:
    window = MainWindow()
    window.resize(WINDOW)
    window.show()
    return window


def pause(milliseconds: int = 60) -> None:
    """Let Qt work for a while."""
    clock = QElapsedTimer()
    clock.start()
    wait_until(lambda: clock.elapsed() >= milliseconds, SECONDS)


def framed(dialog: QWidget) -> QImage:
    """A dialog with a thin frame, since there is no window manager to give it one."""
    dialog.show()
    pause()
    picture = dialog.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    painter = QPainter(picture)
    painter.setPen(QColor("#8a8a8a"))
    painter.drawRect(picture.rect().adjusted(0, 0, -1, -1))
    painter.end()
    return picture


def side_by_side(left: QImage, right: QImage) -> QImage:
    """Two pictures in one."""
    height = max(left.height(), right.height())
    made = QImage(left.width() + GAP + right.width(), height, QImage.Format.Format_RGB32)
    made.fill(QColor("white"))
    painter = QPainter(made)
    painter.drawImage(0, 0, left)
    painter.drawImage(left.width() + GAP, 0, right)
    painter.end()
    return made


def laid_over(below: QImage, above: QImage) -> QImage:
    """One picture at the foot of another."""
    made = below.convertToFormat(QImage.Format.Format_RGB32)
    painter = QPainter(made)
    left, top = (made.width() - above.width()) // 2, made.height() - above.height() - GAP
    painter.drawImage(left, top, above)
    painter.end()
    return made


def save(path: Path, picture: QImage) -> int:
    """Write a picture with as many colours as its size allows; returns its bytes."""
    rgb = picture.convertToFormat(QImage.Format.Format_RGB888)
    lines = [bytes(rgb.constScanLine(row))[: 3 * rgb.width()] for row in range(rgb.height())]
    image = Image.frombytes("RGB", (rgb.width(), rgb.height()), b"".join(lines))
    signs, weighed = _signs(image), _weighed(image)
    for colours in COLOURS:
        chosen = weighed.quantize(colours - len(signs) // 3)
        chosen.putpalette((chosen.getpalette() or [])[: 3 * colours - len(signs)] + signs)
        image.quantize(palette=chosen, dither=Image.Dither.NONE).save(path, optimize=True)
        if path.stat().st_size <= MOST_BYTES:
            break
    return path.stat().st_size


def _weighed(image: Image.Image) -> Image.Image:
    """The colours of a picture, each as often as the root of its area says: large ones give way."""
    found, counts = np.unique(np.asarray(image).reshape(-1, 3) & 0xFC, axis=0, return_counts=True)
    weighed = np.repeat(found | 2, np.sqrt(counts).astype(int), axis=0)[None]
    return Image.fromarray(weighed.astype(np.uint8))


def _signs(image: Image.Image) -> list[int]:
    """The strong colours of areas that are even, such as the little samples in a panel."""
    found, counts = np.unique(np.asarray(image).reshape(-1, 3), axis=0, return_counts=True)
    spread = found.max(axis=1).astype(int) - found.min(axis=1)
    strong = np.flatnonzero((spread > STRONG) & (counts >= LEAST_SIGN_PX))
    signs: list[tuple[int, int, int]] = []
    for red, green, blue in found[strong[np.argsort(-counts[strong])]].astype(int).tolist():
        if len(signs) < MOST_SIGNS and all(
            max(abs(red - r), abs(green - g), abs(blue - b)) > ALIKE for r, g, b in signs
        ):
            signs.append((red, green, blue))
    return [part for sign in signs for part in sign]
