"""The metrics as the window knows them: their panel, what is measured when, and where it flies."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import shapely
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from slideviewer.annotations import AnnotationSet
from slideviewer.annotations.masks import UNGROUPED_WORD
from slideviewer.annotations.operations.regions import Area
from slideviewer.evaluation.inputs.open_truth import OpenTruth, has_truth, has_ungrouped
from slideviewer.geometry import Rect
from slideviewer.inference.nuclei.predict import NucleiPrediction
from slideviewer.progress import Step
from slideviewer.ui import words
from slideviewer.ui.docks import RIGHT, Panel
from slideviewer.ui.metrics.agreeing import Agreeing
from slideviewer.ui.metrics.measuring import Question, measurer
from slideviewer.ui.metrics.panel import MetricsPanel
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.place_marker import PlaceMarker
from slideviewer.ui.predicted.predicted import Predicted
from slideviewer.ui.prediction_results import PredictionResults
from slideviewer.ui.session import Session
from slideviewer.ui.views.grid import ViewGrid

if TYPE_CHECKING:
    from slideviewer.evaluation.open_slide import Measured

NO_PREDICTION = (
    "Nothing to measure yet. Predict on the slide, or open one that was predicted: then scores "
    "and curves stand here, and follow the threshold."
)
UNDER_WAY = "The slide is being predicted. It is measured when that has ended."
NO_MARKUP = (
    "There is no markup to measure against. Open annotations of this slide, or outline what the "
    "model looks for."
)
NUCLEI = (
    "Nuclei are not measured here: their score compares nuclei one by one, and that needs a truth "
    "in which every nucleus is outlined, which markup of a slide hardly ever is. For pictures with "
    "numbered nuclei there is “slideviewer evaluate nuclei”."
)
COMPUTING = "Computing …"


class Metrics(QObject):
    """Measures while its panel can be seen.

    Parameters
    ----------
    session : Session
    views : ViewGrid
    predicted : Predicted
        What is shown, with the threshold that the user sets.
    results : PredictionResults
    notices : NoticeStack
    window : QWidget
    """

    shown_wanted = Signal()  # the panel has something that was asked for

    def __init__(
        self,
        session: Session,
        views: ViewGrid,
        predicted: Predicted,
        results: PredictionResults,
        notices: NoticeStack,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._session, self._predicted, self._results = session, predicted, results
        self.panel = MetricsPanel(predicted)
        self.measured: Measured | None = None
        self.agreeing = Agreeing(session, self.panel.annotators, notices, window, self)
        self._truth = OpenTruth()
        self._problem = ""
        self._is_watched = False
        self._looked_at: tuple[AnnotationSet, bool, bool] | None = None
        self._marker = PlaceMarker(session, views, self)
        self._measurer = measurer(self._question, self)
        self._connect()
        self._on_result()

    @property
    def commands(self) -> dict[str, Callable[..., object]]:
        """What the actions call, by their names."""
        return {"compare_annotators": self.agreeing.ask}

    @property
    def dock(self) -> Panel:
        """Where it stands."""
        return Panel("Metrics", self.panel, RIGHT, is_shown=False)

    @property
    def is_working(self) -> bool:
        """Whether something is being measured, or is about to be."""
        return self._measurer.is_working or self.agreeing.asking.is_working

    @property
    def marked(self) -> Area | None:
        """The place that is outlined in the views, in level-0 pixels."""
        return self._marker.shape

    def close(self) -> None:
        """Leave nothing at work."""
        self._measurer.close()
        self.agreeing.asking.close()

    def _connect(self) -> None:
        panel, session = self.panel, self._session
        panel.truth_wanted.connect(self._choose_truth)
        panel.threshold_wanted.connect(self._set_threshold)
        panel.tiles.steps.wanted.connect(self._look_at)
        panel.tiles.steps.shown.connect(self._mark)
        panel.lesions.place_wanted.connect(self._look_at)
        self.agreeing.begun.connect(self._show_annotators)
        self._measurer.answered.connect(self._on_measured)
        self._measurer.failed.connect(self._on_failed)
        self._measurer.progressed.connect(self._on_progress)
        self._measurer.working.connect(self._on_working)
        self._predicted.changed.connect(lambda _: self._on_shown())
        self._results.changed.connect(self._on_result)
        session.document.changed.connect(lambda _: self._on_markup())
        session.document.replaced.connect(self._on_markup)
        session.slide_changed.connect(self._on_result)

    def _question(self) -> Question | None:
        shown, document = self._results.shown, self._session.document
        if shown is None or isinstance(shown, NucleiPrediction):
            return None
        if not self._has_truth:
            return None
        threshold = self._predicted.shown.threshold
        return Question(
            shown, document.annotations, self._session.frame, self._path, self._truth, threshold
        )

    @property
    def _path(self) -> Path:
        """Where the markup lies; a name for it where it lies nowhere yet."""
        return self._session.document.path or Path("The markup")

    def _why_nothing(self) -> str:
        """Why nothing can be measured; empty where it can."""
        shown = self._results.shown
        if isinstance(shown, NucleiPrediction):
            return NUCLEI
        if shown is None:
            return UNDER_WAY if self._predicted.shown.has_prediction else NO_PREDICTION
        return "" if self._has_truth else NO_MARKUP

    @property
    def _has_truth(self) -> bool:
        """Whether anything is marked."""
        return self._looked[1]

    @property
    def _looked(self) -> tuple[AnnotationSet, bool, bool]:
        """What is marked at all, and in no group; looked at once for each state of the markup."""
        annotations = self._session.document.annotations
        if self._looked_at is None or self._looked_at[0] is not annotations:
            self._looked_at = annotations, has_truth(annotations), has_ungrouped(annotations)
        return self._looked_at

    def _tell(self) -> None:
        """Say in the panel what is going on."""
        if not self._is_watched:
            return
        why = self._why_nothing()
        if not why and self._problem:
            why = self._problem
        elif not why and self.measured is None:
            why = COMPUTING
        self.panel.say(why)

    def watch(self, is_watched: bool) -> None:
        """Measure, or leave it where nobody can see the panel."""
        self._is_watched = is_watched
        self._measurer.want(is_watched)
        self.agreeing.asking.want(is_watched)
        self._mark(self.panel.tiles.steps.place if is_watched else None)
        self._on_markup()

    def _on_result(self) -> None:
        """Another prediction, or none: what was measured of the one before is gone at once."""
        self._problem = ""
        self._show(None)
        self._measurer.forget()
        self._offer()
        self._measurer.look()

    def _on_shown(self) -> None:
        """Another threshold, or more of a prediction that grows."""
        self._measurer.look()
        if self.measured is None:
            self._tell()

    def _on_markup(self) -> None:
        if not self._is_watched:
            return  # it is seen to when somebody looks
        if not self._has_truth:
            self._show(None)
            self._measurer.forget()
        self._offer()
        self._measurer.look()

    def _on_working(self, is_working: bool) -> None:
        if is_working:
            self._problem = ""
        self._tell()

    def _on_measured(self, measured: Measured | None) -> None:
        self._show(measured)

    def _on_failed(self, problem: str) -> None:
        self._problem = problem
        self._show(None)

    def _on_progress(self, step: Step) -> None:
        if self.measured is None and not self._why_nothing():
            self.panel.say(words.progress(step))

    def _show(self, measured: Measured | None) -> None:
        self.measured = measured
        self.panel.show_measured(measured)
        self._tell()

    def _offer(self) -> None:
        """Offer the groups that are there, and the classes of what is not marked."""
        groups = list(self._session.document.annotations.groups)
        if self._looked[2]:
            groups.append(UNGROUPED_WORD)
        shown = self._results.shown
        classes: tuple[str, ...] = ()
        if shown is not None and not isinstance(shown, NucleiPrediction):
            names = shown.class_names
            classes = names if len(names) > 2 else ()
        group = self._truth.group if self._truth.group in groups else None
        rest = self._truth.rest if self._truth.rest in classes else None
        self._truth = OpenTruth(group, rest)
        self.panel.set_choices(groups, group, classes, rest)
        self._tell()

    def _choose_truth(self, group: str | None, rest: str | None) -> None:
        self._truth = OpenTruth(group, rest)
        self._measurer.look()

    def _show_annotators(self) -> None:
        self.panel.pages.setCurrentWidget(self.panel.annotators)
        self.shown_wanted.emit()

    def _set_threshold(self, threshold: float) -> None:
        self._predicted.shown.threshold = threshold

    def _look_at(self, place: Rect | None) -> None:
        self._mark(place)
        if place is not None:
            self._marker.fly_to(place)

    def _mark(self, place: Rect | None) -> None:
        if place is None:
            self._marker.outline(None)
        else:
            self._marker.outline(shapely.box(place.x, place.y, place.right, place.bottom))
