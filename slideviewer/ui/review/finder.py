"""Finds where the shown prediction and the markup differ, beside the window, and again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, QTimer, Signal

from slideviewer.annotations import Annotation, AnnotationSet
from slideviewer.evaluation.findings.decided import Groups, decided_on
from slideviewer.evaluation.findings.finding_regions import FindingRules, find_regions
from slideviewer.evaluation.findings.findings import Findings
from slideviewer.evaluation.findings.mask_cells import cells_of
from slideviewer.evaluation.findings.opinions import Opinions
from slideviewer.inference.prediction import Prediction
from slideviewer.inference.segmentation.prediction import MaskPrediction
from slideviewer.inference.stored import source_words
from slideviewer.ui.jobs import Job
from slideviewer.ui.predicted.predicted import Predicted
from slideviewer.ui.session import Session

AFTER_MS = 120
"""So long after the last change of threshold or markup it is looked again."""
Compared = Prediction | MaskPrediction


@dataclass(frozen=True, eq=False)
class Found:
    """What was found, and what it was found with.

    Attributes
    ----------
    opinions : Opinions
    findings : Findings
    rules : FindingRules
    groups : Groups
    markup : AnnotationSet
        What it was compared with.
    decided : tuple of (str or None)
        For each finding the id of the decision that was made on it before, if any.
    source : str
        What predicted, for the record.
    """

    opinions: Opinions
    findings: Findings
    rules: FindingRules
    groups: Groups
    markup: AnnotationSet
    decided: tuple[str | None, ...]
    source: str

    def is_behind(self, markup: AnnotationSet) -> bool:
        """Whether the shapes have changed since; it is being looked again then."""
        return self.markup.annotations is not markup.annotations


@dataclass(frozen=True, eq=False)
class _Ask:
    prediction: Compared
    markup: AnnotationSet
    rules: FindingRules
    groups: Groups


class Finder(QObject):
    """Looks while it is wanted; one search at a time, always for the latest state.

    Parameters
    ----------
    session : Session
    predicted : Predicted
        What is shown, with the threshold that the user sets.
    """

    found = Signal(object)  # Found, or None where there is nothing to compare
    failed = Signal(str)

    def __init__(
        self, session: Session, predicted: Predicted, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._predicted = session, predicted
        self._prediction: Compared | None = None
        self._rules = FindingRules(0.5)
        self._groups: Groups = None
        self._is_wanted = False
        self._job: Job | None = None
        self._asked: _Ask | None = None
        self._former: tuple[_Ask, Opinions] | None = None
        self._soon = QTimer(self, singleShot=True, interval=AFTER_MS)
        self._soon.timeout.connect(self._begin)
        predicted.changed.connect(lambda _: self._look_soon())
        session.document.changed.connect(lambda _: self._look_soon())
        session.document.replaced.connect(self._look_soon)

    @property
    def rules(self) -> FindingRules:
        """What is worth a look; the threshold is that of what is shown."""
        return self._rules

    @rules.setter
    def rules(self, rules: FindingRules) -> None:
        self._rules = rules
        self._look_soon()

    @property
    def groups(self) -> Groups:
        """The groups that mark what the model looks for; None for all."""
        return self._groups

    @groups.setter
    def groups(self, groups: Groups) -> None:
        self._groups = groups
        self._look_soon()

    def want(self, is_wanted: bool) -> None:
        """Look, or leave it; nobody looks at a hidden panel."""
        self._is_wanted = is_wanted
        self._look_soon()

    def set_prediction(self, prediction: Compared | None) -> None:
        """Compare another prediction, which is complete, or none.

        What was found with the one before is gone at once, whether anybody looks or not: it may be
        of another slide.
        """
        if prediction is not self._prediction:
            self._prediction = prediction
            self._asked = self._former = None
            self.found.emit(None)
        self._look_soon()

    def close(self) -> None:
        """Want nothing any more."""
        self._is_wanted = False
        self._soon.stop()
        if self._job is not None:
            self._job.cancel()

    def _look_soon(self) -> None:
        if self._is_wanted and self._ask() != self._asked:
            self._soon.start()

    def _ask(self) -> _Ask | None:
        if self._prediction is None:
            return None
        rules = replace(self._rules, threshold=self._predicted.shown.threshold)
        return _Ask(self._prediction, self._session.document.annotations, rules, self._groups)

    def _begin(self) -> None:
        if self._job is not None or not self._is_wanted:
            return  # it begins again when the one under way has ended
        ask = self._ask()
        if ask is None:
            self._asked = None
            self.found.emit(None)
            return
        if self._asked is not None and _is_same(ask, self._asked):
            return
        self._asked = ask
        former = self._former
        self._job = job = Job(lambda _: _find(ask, former), self)

        def succeeded(found: Found) -> None:
            if self._prediction is ask.prediction:
                self._former = ask, found.opinions
                self.found.emit(found)

        def failed(problem: str) -> None:
            if self._prediction is ask.prediction:
                self.found.emit(None)  # what was found before is of another state
            self.failed.emit(problem)

        def ended() -> None:
            self._job = None
            self._look_soon()

        job.succeeded.connect(succeeded)
        job.failed.connect(failed)
        job.ended.connect(ended)
        job.start()


def _is_same(one: _Ask, other: _Ask) -> bool:
    """Whether two searches find the same: decisions alone change nothing."""
    return (
        one.prediction is other.prediction
        and _are_same_shapes(one.markup, other.markup)
        and (one.rules, one.groups) == (other.rules, other.groups)
    )


def _are_same_shapes(one: AnnotationSet, other: AnnotationSet) -> bool:
    shapes: tuple[Mapping[str, Annotation], ...] = (one.annotations, other.annotations)
    return shapes[0] is shapes[1] and one.groups == other.groups


def _find(ask: _Ask, former: tuple[_Ask, Opinions] | None) -> Found:
    if former is None or former[0].prediction is not ask.prediction:
        told = ask.prediction
        cells = told if isinstance(told, Prediction) else cells_of(told)
        opinions = Opinions.of_prediction(cells, ask.markup, ask.groups)
    elif former[0].groups == ask.groups and _are_same_shapes(former[0].markup, ask.markup):
        opinions = former[1]
    else:
        opinions = former[1].with_markup(ask.markup, ask.groups)
    findings = find_regions(opinions, ask.rules)
    decided = decided_on(findings, ask.markup.decisions, ask.groups)
    source = source_words(ask.prediction, ask.rules.threshold)
    return Found(opinions, findings, ask.rules, ask.groups, ask.markup, decided, source)
