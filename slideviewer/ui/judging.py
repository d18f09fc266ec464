"""Predictions against markup: review, blind reading, metrics, reports, better models."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMainWindow

from slideviewer.annotations import Annotation
from slideviewer.ui.aids import Aids
from slideviewer.ui.blind.control import BlindReading
from slideviewer.ui.docks import Panel
from slideviewer.ui.editing.control import Editing
from slideviewer.ui.files import Files
from slideviewer.ui.improving.control import Improving
from slideviewer.ui.metrics.control import Metrics
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.predicted.predicted import Predicted
from slideviewer.ui.prediction import PredictionControl
from slideviewer.ui.reporting import Reporting
from slideviewer.ui.review.accepting import Accepting
from slideviewer.ui.review.control import Reviewing
from slideviewer.ui.review.exporting import ReviewExports
from slideviewer.ui.saving import Saving
from slideviewer.ui.session import Session
from slideviewer.ui.views.grid import ViewGrid


class Judging(QObject):
    """All that needs both a prediction and a specialist."""

    def __init__(
        self,
        session: Session,
        views: ViewGrid,
        predicted: Predicted,
        prediction: PredictionControl,
        editing: Editing,
        saving: Saving,
        files: Files,
        aids: Aids,
        notices: NoticeStack,
        window: QMainWindow,
    ) -> None:
        super().__init__(window)
        results, unless_drawing = prediction.results, editing.unless_drawing
        self.reviewing = Reviewing(
            session,
            views,
            predicted,
            results,
            editing.areas.edits,
            unless_drawing,
            notices,
            window,
        )
        self.accepting = Accepting(
            session, views, editing, results, self.reviewing, notices, window
        )
        self.blind = BlindReading(
            session,
            views,
            prediction,
            predicted,
            aids.maps,
            self.reviewing,
            files,
            unless_drawing,
            notices,
            window,
        )
        self._sidecars = saving.sidecars
        self.blind.changed.connect(lambda: editing.listing.table.hide_origin(self.blind.hides))
        self.exports = ReviewExports(
            session, saving.sidecars, lambda: self.blind.hides, notices, window
        )
        self.metrics = Metrics(session, views, predicted, results, notices, window)
        self.reporting = Reporting(
            session,
            predicted,
            results,
            self.reviewing.finder,
            lambda: self.blind.hides,
            notices,
            aids.running,
            window,
        )
        self.improving = Improving(session, prediction, lambda: self.blind.hides, notices, window)

    @property
    def commands(self) -> dict[str, Callable[..., object]]:
        """What the actions do, by their names."""
        found: dict[str, Callable[..., object]] = {}
        for part in (self.reviewing, self.accepting, self.blind, self.exports, self.metrics):
            found |= part.commands
        return found | self.reporting.commands | self.improving.commands

    @property
    def docks(self) -> tuple[Panel, ...]:
        """The panels, in their order."""
        return self.reviewing.dock, self.metrics.dock

    def attach(self, actions: Mapping[str, QAction]) -> None:
        """Take the actions that are made of `commands`."""
        self.reviewing.attach(actions)
        self.blind.attach(actions)

    def history_of(self, annotation: Annotation) -> tuple[str, ...]:
        """Sentences on what made an annotation; none while they could tell of a prediction."""
        return () if self.blind.hides else self._sidecars.history_of(annotation)

    def close(self) -> None:
        """End all work in the background."""
        self.blind.close()
        self.reviewing.close()
        self.metrics.close()
        self.improving.close()
