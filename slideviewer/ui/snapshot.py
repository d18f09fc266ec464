"""Copying and saving what a view shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, QSettings
from PySide6.QtGui import QImage
from PySide6.QtWidgets import (
    QApplication,
    QButtonGroup,
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QLabel,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.progress import Progress
from slideviewer.slide.png_writing import write_png
from slideviewer.ui import words
from slideviewer.ui.asking import ask
from slideviewer.ui.jobs import Job
from slideviewer.ui.layers.layer import Layer
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.running import Running
from slideviewer.ui.settings import Setting, read, write
from slideviewer.ui.view_picture import (
    DrawnSlide,
    PictureRequest,
    draw_slide,
    overlays_of,
    paint_overlays,
    shows_model,
)
from slideviewer.ui.views.grid import ViewGrid
from slideviewer.ui.views.slide_view import SlideView

FACTOR = Setting("picture_factor", 1, choices=((1, "As on the screen"), (2, "2 ×"), (4, "4 ×")))
WITH_SCALE_BAR = Setting("picture_scale_bar", True)
WITH_OVERLAYS = Setting("picture_overlays", True)


class SaveViewDialog(QDialog):
    """How a view is to be saved; remembers what was chosen last.

    Parameters
    ----------
    view : SlideView
    """

    def __init__(self, view: SlideView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Save view as picture")
        self._view = view
        column = QVBoxLayout(self)
        column.addWidget(QLabel("Resolution"))
        self.factors = QButtonGroup(self)
        canvas = view.canvas
        for factor, name in FACTOR.choices:
            ratio = factor * canvas.devicePixelRatioF()
            width, height = round(canvas.width() * ratio), round(canvas.height() * ratio)
            button = QRadioButton(f"{name}  ({words.whole(width)} × {words.whole(height)} px)")
            button.setChecked(factor == read(FACTOR))
            self.factors.addButton(button, factor)
            column.addWidget(button)
        column.addSpacing(8)
        self.scale_bar = QCheckBox("With the scale bar")
        self.scale_bar.setChecked(read(WITH_SCALE_BAR))
        self.overlays = QCheckBox("With what lies over the slide, as it is shown now")
        self.overlays.setChecked(read(WITH_OVERLAYS))
        column.addWidget(self.scale_bar)
        column.addWidget(self.overlays)
        shown = overlays_of(view, with_overlays=True, with_scale_bar=False)
        self.research_use = QLabel(f"Below the picture will stand: {RESEARCH_USE_ONLY}")
        self.research_use.setWordWrap(True)
        self._is_of_model = any(map(shows_model, shown))
        self.overlays.toggled.connect(self._show_words)
        column.addWidget(self.research_use)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        save = buttons.addButton("Choose where…", QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)
        save.setDefault(True)  # only now does the dialog know the button
        self._show_words(self.overlays.isChecked())

    def accept(self) -> None:
        write(FACTOR, self.factors.checkedId())
        write(WITH_SCALE_BAR, self.scale_bar.isChecked())
        write(WITH_OVERLAYS, self.overlays.isChecked())
        super().accept()

    def _show_words(self, with_overlays: bool) -> None:
        self.research_use.setVisible(self._is_of_model and with_overlays)


class Snapshots(QObject):
    """The commands that copy and save the active view.

    Parameters
    ----------
    views : ViewGrid
    notices : NoticeStack
    running : Running
        Shows what takes long.
    """

    def __init__(
        self, views: ViewGrid, notices: NoticeStack, running: Running, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._views, self._notices, self._running = views, notices, running

    def copy_view(self) -> None:
        """Copy the active view to the clipboard, just as it is shown."""
        view = self._views.active
        layers = overlays_of(view, with_overlays=True, with_scale_bar=view.scale_bar.visible)

        def finish(image: QImage) -> None:
            image.setDevicePixelRatio(1)
            QApplication.clipboard().setImage(image)
            self._notices.tell(f"Copied the view: {_size(image)}.")

        self._draw(view, 1, layers, finish)

    def ask_to_save_view(self) -> None:
        """Let the user say how and where the active view is saved, and save it."""
        view = self._views.active
        if view.slide is None:
            return
        dialog = SaveViewDialog(view, self._views)
        answer = dialog.exec()
        dialog.deleteLater()
        if answer != QDialog.DialogCode.Accepted:
            return
        name = f"{view.slide.path.stem} view.png"
        path = ask_for_picture(self._views, self._notices, "Save view as picture", name, (".png",))
        if path is not None:
            self.save_view(path)

    def save_view(self, path: Path) -> None:
        """Save the active view as PNG, as the settings say."""
        view = self._views.active
        layers = overlays_of(
            view, with_overlays=read(WITH_OVERLAYS), with_scale_bar=read(WITH_SCALE_BAR)
        )

        def write_file(image: QImage) -> None:
            job = Job(partial(_write_image, path, image), self)
            job.succeeded.connect(
                lambda _: self._notices.tell(f"Saved {path.name}: {_size(image)}.")
            )
            job.failed.connect(self._notices.warn)
            self._running.start(job, "Saving the picture", "Saving")

        self._draw(view, read(FACTOR), layers, write_file)

    def _draw(
        self,
        view: SlideView,
        factor: int,
        layers: Sequence[Layer],
        finish: Callable[[QImage], None],
    ) -> None:
        """Draw the view off the GUI thread, lay the layers over it, and hand it on."""
        source = view.tiles.source
        if source is None:
            self._notices.tell("There is no slide in this view yet.")
            return
        canvas = view.canvas
        seen, manner = canvas.viewpoint, canvas.manner
        ratio = factor * canvas.devicePixelRatioF()
        request = PictureRequest(source.shown, view.look, seen, ratio, manner.background)

        def drawn(slide: DrawnSlide) -> None:
            finish(paint_overlays(slide.image, seen, layers))
            if slide.damaged:
                self._notices.warn(f"Damaged tiles are hatched in the picture: {slide.damaged}.")

        job = Job(partial(draw_slide, request), self)
        job.succeeded.connect(drawn)
        job.failed.connect(self._notices.warn)
        view.slide_changed.connect(job.cancel)
        self._running.start(job, "Drawing the picture", "Drawing")


def ask_for_picture(
    views: ViewGrid, notices: NoticeStack, title: str, name: str, suffixes: Sequence[str]
) -> Path | None:
    """Let the user choose a picture to write, beginning in the folder used last.

    Parameters
    ----------
    views : ViewGrid
        None of their slides is ever given back.
    notices : NoticeStack
    title : str
        Of the dialog.
    name : str
        What is proposed.
    suffixes : sequence of str
        What its name may end in; the first is added where it ends in none of them.
    """
    folder = Path(str(QSettings().value("last_picture_folder") or Path.home()))
    endings = " ".join(f"*{suffix}" for suffix in suffixes)
    chosen, _ = QFileDialog.getSaveFileName(
        views, title, str(folder / name), f"Pictures ({endings})"
    )
    if not chosen:
        return None
    path = typed = Path(chosen)
    if path.suffix.lower() not in suffixes:
        path = path.with_name(path.name + suffixes[0])
    slides = (view.slide for view in views.views)
    if any(slide is not None and slide.path.resolve() == path.resolve() for slide in slides):
        notices.warn(f"{path.name} is the slide itself. Choose another name.")
        return None
    # The dialog asked about the name as it was typed.
    if path != typed and path.exists():
        question = f"{path.name} exists already in {path.parent}."
        if ask(views, "Replace the file?", question, ("Replace", "Stay")) != "Replace":
            return None
    QSettings().setValue("last_picture_folder", str(path.parent))
    return path


def _write_image(path: Path, image: QImage, progress: Progress) -> None:
    """Write a picture as PNG; works on any thread, as long as nobody paints it."""
    width, height = image.width(), image.height()
    stored = np.frombuffer(image.constBits(), np.uint8)
    pixels = stored.reshape(height, image.bytesPerLine() // 4, 4)[:, :width, 2::-1]
    write_png(path, (width, height), [pixels], None, progress)


def _size(image: QImage) -> str:
    return f"{words.whole(image.width())} × {words.whole(image.height())} px"
