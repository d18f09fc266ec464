"""Saving part of the slide as a picture: what, how large, and where."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QObject
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from slideviewer.geometry import Rect
from slideviewer.slide import Slide
from slideviewer.slide.png_writing import MOST_PNG_PX
from slideviewer.ui import words
from slideviewer.ui.jobs import Job
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.region_export import (
    PNG_BYTES_PX,
    TIFF_BYTES_PX,
    Region,
    save_region,
    spacing_of,
)
from slideviewer.ui.running import Running
from slideviewer.ui.session import Session
from slideviewer.ui.snapshot import ask_for_picture
from slideviewer.ui.views.grid import ViewGrid

FORMATS = {"PNG": (".png",), "TIFF with levels (JPEG tiles)": (".tif", ".tiff")}
"""What their files may end in; the first is what they end in unless the user says otherwise."""

HANDY_PX = 25_000_000
"""The level proposed at first gives no more pixels than this."""


class SaveRegionDialog(QDialog):
    """Which region, from which level, and in which format; says the size beforehand.

    Parameters
    ----------
    slide : Slide
    regions : sequence of (str, Rect)
        What can be saved, in words and in level-0 pixels.
    """

    def __init__(
        self, slide: Slide, regions: Sequence[tuple[str, Rect]], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Save region as picture")
        self._slide, self._regions = slide, regions
        self.what, self.level, self.file_format = QComboBox(), QComboBox(), QComboBox()
        self.what.addItems([name for name, _ in regions])
        for number, at in enumerate(slide.pyramid.levels):
            um_px = spacing_of(slide, number)
            sharpness = f"{um_px:.3g} µm/px" if um_px else f"1 : {at.downsample:.3g}"
            self.level.addItem(f"Level {number}  ({sharpness})")
        self.file_format.addItems(list(FORMATS))
        self.size_told = QLabel()
        self.size_told.setWordWrap(True)
        self.size_told.setMinimumHeight(3 * self.fontMetrics().lineSpacing() + 4)
        form = QFormLayout()
        for name, box in (
            ("Region", self.what),
            ("Resolution", self.level),
            ("Format", self.file_format),
        ):
            box.setAccessibleName(name)
            form.addRow(name, box)
        note = QLabel(
            "The slide's own pixels are saved, without annotations, predictions and changes of "
            "brightness or colour."
        )
        note.setWordWrap(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.save = buttons.addButton("Choose where…", QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addLayout(form)
        column.addWidget(self.size_told)
        column.addWidget(note)
        column.addWidget(buttons)
        self.save.setDefault(True)  # only now does the dialog know the button
        self.setMinimumWidth(460)
        self.what.currentIndexChanged.connect(self._propose_level)
        for box in (self.level, self.file_format):
            box.currentIndexChanged.connect(lambda _: self._show_size())
        self._propose_level()

    @property
    def region(self) -> Region:
        """What is chosen now."""
        return Region.of(self._slide, self._rect, self.level.currentIndex())

    @property
    def suffixes(self) -> tuple[str, ...]:
        """What the file's name may end in."""
        return FORMATS[self.file_format.currentText()]

    @property
    def _rect(self) -> Rect:
        return self._regions[self.what.currentIndex()][1]

    def _propose_level(self) -> None:
        levels = range(len(self._slide.pyramid.levels))
        fit = (it for it in levels if Region.of(self._slide, self._rect, it).pixels <= HANDY_PX)
        self.level.setCurrentIndex(next(fit, levels[-1]))
        self._show_size()

    def _show_size(self) -> None:
        region, is_png = self.region, ".png" in self.suffixes
        size_bytes = region.pixels * (PNG_BYTES_PX if is_png else TIFF_BYTES_PX)
        size = f"{words.whole(region.width)} × {words.whole(region.height)} px"
        text = f"{size}, about {words.file_size(size_bytes)}."
        fits = not is_png or region.pixels <= MOST_PNG_PX
        if not fits:
            text += (
                f" That is more than the {MOST_PNG_PX / 1e9:.0f} thousand million pixels of the "
                "largest PNG: choose TIFF, or a coarser level."
            )
        self.size_told.setText(text)
        self.save.setEnabled(fits)


class SaveRegion(QObject):
    """The command that saves part of the active view's slide.

    Parameters
    ----------
    session : Session
    views : ViewGrid
    notices : NoticeStack
    running : Running
    """

    def __init__(
        self,
        session: Session,
        views: ViewGrid,
        notices: NoticeStack,
        running: Running,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._session, self._views = session, views
        self._notices, self._running = notices, running

    @property
    def regions(self) -> list[tuple[str, Rect]]:
        """What could be saved now: what is selected, what is seen, and all."""
        view = self._views.active
        if view.slide is None:
            return []
        extent = view.slide.pyramid.extent
        found: list[tuple[str, Rect]] = []
        if view.shows_session:
            for annotation_id in sorted(self._session.selection.ids):
                annotation = self._session.document.annotations[annotation_id]
                bounds = annotation.bounds
                if bounds is not None and extent.intersects(bounds):
                    found.append((f"Around {annotation.name}", bounds))
        seen = view.canvas.viewpoint.visible
        if seen.intersects(extent):
            found.append(("What is in view", seen))
        return [*found, ("All of the slide", extent)]

    def ask(self) -> None:
        """Let the user choose, and write it in the background."""
        slide, regions = self._views.active.slide, self.regions
        if slide is None:
            return
        dialog = SaveRegionDialog(slide, regions, self._views)
        answer, region, suffixes = dialog.exec(), dialog.region, dialog.suffixes
        dialog.deleteLater()
        if answer != QDialog.DialogCode.Accepted:
            return
        name = f"{slide.path.stem} region{suffixes[0]}"
        path = ask_for_picture(self._views, self._notices, "Save region", name, suffixes)
        if path is None:
            return
        job = Job(partial(save_region, slide.path, region, path), self)
        size = f"{words.whole(region.width)} × {words.whole(region.height)} px"
        job.succeeded.connect(lambda _: self._notices.tell(f"Saved {path.name}: {size}."))
        job.failed.connect(self._notices.warn)
        self._running.start(job, f"Saving {path.name}", "Reading the slide")
