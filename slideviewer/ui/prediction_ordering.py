"""Orders predictions: of the open slide or of others, by the chosen model, where and how."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QDialog, QWidget

from slideviewer.inference.options import Options
from slideviewer.models.package import ModelPackage
from slideviewer.ui import prediction_words
from slideviewer.ui.model_chooser import ModelChooser
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.pixel_size import PixelSizes
from slideviewer.ui.prediction_dialog import PredictDialog
from slideviewer.ui.prediction_orders import Order, Place, usual_options
from slideviewer.ui.prediction_places import in_view
from slideviewer.ui.prediction_queue import Entry, PredictionQueue
from slideviewer.ui.session import Session
from slideviewer.ui.views.grid import ViewGrid
from slideviewer.ui.views.showing import show_somewhere


class PredictionOrdering(QObject):
    """Asks what an order still lacks, and puts it into the queue.

    Parameters
    ----------
    session : Session
    views : ViewGrid
    queue : PredictionQueue
    chooser : ModelChooser
    notices : NoticeStack
    window : QWidget
    """

    def __init__(
        self,
        session: Session,
        views: ViewGrid,
        queue: PredictionQueue,
        chooser: ModelChooser,
        notices: NoticeStack,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._session, self._views, self._window = session, views, window
        self._queue, self._chooser, self._notices = queue, chooser, notices
        self._pixel_sizes = PixelSizes(window)

    @property
    def entry_here(self) -> Entry | None:
        """The open slide's entry that is under way or waits."""
        path = self._session.slide_path
        return self._queue.of_slide(path) if path is not None else None

    def package(self) -> ModelPackage | None:
        """The chosen model; where there is none, the user is told so."""
        package: ModelPackage | None = self._chooser.currentData()
        if package is None:
            self._notices.warn(prediction_words.NO_MODEL)
        return package

    def start(self) -> None:
        """Predict the open slide; goes on from what a former run left."""
        self._order()

    def start_with(self, package: ModelPackage) -> None:
        """Choose a model and predict the open slide with it, or say why not now."""
        self._chooser.offer(package)
        if self.entry_here is not None:
            self._notices.warn(prediction_words.RUNS_ALREADY)
            return
        self._chooser.choose(package)
        if self._session.slide is None:
            self._notices.tell(prediction_words.NO_SLIDE)
        else:
            self._order()

    def start_in_view(self) -> None:
        """Predict what the active view shows of the open slide."""
        self._order(in_view(self._views.of_session.canvas.viewpoint.visible))

    def ask_how(self) -> None:
        """Let the user choose where and how, and predict."""
        slide, package = self._session.slide, self.package()
        if slide is None or package is None or self.entry_here is not None:
            return
        view = self._views.of_session.canvas.viewpoint.visible
        annotations = self._session.document.annotations
        dialog = PredictDialog(package, self._chooser.packages, annotations, view, self._window)
        agreed = dialog.exec() == QDialog.DialogCode.Accepted
        place, others, options = dialog.place, dialog.others, dialog.options
        if agreed:
            dialog.keep()
        dialog.deleteLater()
        if agreed and self._session.slide is slide:
            self._order(place, others, options)

    def start_slides(self, paths: Iterable[Path], package: ModelPackage | None = None) -> None:
        """Predict slides one after the other, whether they are open or not.

        Parameters
        ----------
        paths : iterable of Path
        package : ModelPackage, optional
            The chosen model by default. With one that is named nobody is asked anything, not even
            of the open slide.
        """
        here = self._session.slide_path if package is None else None
        package = package or self.package()
        if package is None:
            return
        for path in paths:
            if path == here:
                self._order()
            elif self._queue.of_slide(path) is None:
                self._queue.add(Order(path, package, options=usual_options()))

    def _order(
        self,
        place: Place | None = None,
        others: tuple[ModelPackage, ...] = (),
        options: Options | None = None,
    ) -> None:
        """Have the open slide predicted."""
        slide = self._session.slide
        if slide is None or self.entry_here is not None:
            return
        package = self.package()
        if package is None:
            return
        if not self._pixel_sizes.known(slide) or self._session.slide is not slide:
            return  # another one may have come while the user was asked
        show_somewhere(self._views, lambda view: view.cells)
        self._queue.add(
            Order(
                slide.path.absolute(),
                package,
                others,
                options or usual_options(),
                place,
                self._pixel_sizes.said(slide),
                self._views.of_session.canvas.viewpoint.visible,
            )
        )
