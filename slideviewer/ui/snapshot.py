"""Copying and saving what a view shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QObject, QSettings
from PySide6.QtGui import QImage, QImageWriter
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
from slideviewer.errors import SlideviewerError
from slideviewer.files import replacing
from slideviewer.ui import words
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
        if SaveViewDialog(view, self._views).exec() != QDialog.DialogCode.Accepted:
            return
        name = f"{view.slide.path.stem} view.png"
        path = ask_for_file(self._views, "Save view as picture", name, "PNG (*.png)")
        if path is not None:
            self.save_view(path)

    def save_view(self, path: Path) -> None:
        """Save the active view as PNG, as the settings say."""
        view = self._views.active
        layers = overlays_of(
            view, with_overlays=read(WITH_OVERLAYS), with_scale_bar=read(WITH_SCALE_BAR)
        )

        def write_file(image: QImage) -> None:
            job = Job(lambda _: write_png(path, image), self)
            job.succeeded.connect(
                lambda _: self._notices.tell(f"Saved {path.name}: {_size(image)}.")
            )
            job.failed.connect(lambda problem: self._notices.warn(problem))
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
        job.failed.connect(lambda problem: self._notices.warn(problem))
        view.slide_changed.connect(job.cancel)
        self._running.start(job, "Drawing the picture", "Drawing")


def write_png(path: Path, image: QImage) -> None:
    """Write a picture as PNG; SlideviewerError where that fails."""
    made = QByteArray()
    buffer = QBuffer(made)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QImageWriter(buffer, QByteArray(b"png"))
    if not writer.write(image):
        raise SlideviewerError(f"The picture cannot be made ({writer.errorString()}).", path=path)
    try:
        with replacing(path) as stream:
            stream.write(made.data())
    except OSError as error:
        raise SlideviewerError(
            f"The picture cannot be written ({error.strerror or error}).",
            path=path,
            remedy="Choose a folder that exists, may be written to and has room.",
        ) from error


def ask_for_file(parent: QWidget, title: str, name: str, name_filter: str) -> Path | None:
    """Let the user choose a file to write, beginning in the folder used last."""
    folder = Path(str(QSettings().value("last_picture_folder") or Path.home()))
    chosen, _ = QFileDialog.getSaveFileName(parent, title, str(folder / name), name_filter)
    if not chosen:
        return None
    path, suffix = Path(chosen), Path(name).suffix
    if path.suffix.lower() != suffix:
        path = path.with_name(path.name + suffix)
    QSettings().setValue("last_picture_folder", str(path.parent))
    return path


def _size(image: QImage) -> str:
    return f"{words.whole(image.width())} × {words.whole(image.height())} px"
