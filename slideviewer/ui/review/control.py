"""The review as the window knows it: its panel, its commands, and what a verdict does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QInputDialog, QWidget

from slideviewer.annotations.decisions import Verdict
from slideviewer.evaluation.findings.findings import FindingKind
from slideviewer.inference.nuclei.predict import NucleiPrediction
from slideviewer.ui.docks import RIGHT, Panel
from slideviewer.ui.editing.areas import AreaEdits
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.predicted.predicted import Predicted
from slideviewer.ui.prediction_results import PredictionResults
from slideviewer.ui.review.finder import Finder, Found
from slideviewer.ui.review.panel import ReviewPanel
from slideviewer.ui.review.queue import ReviewQueue
from slideviewer.ui.review.showing import Showing
from slideviewer.ui.review.together import Together
from slideviewer.ui.review.verdicts import BECOMES_MARKUP, Verdicts
from slideviewer.ui.session import Session
from slideviewer.ui.views.grid import ViewGrid

HIDDEN = "The Review panel lists the findings: open it first."
PARTS = (FindingKind.BEYOND_MARKUP, FindingKind.BEYOND_PREDICTION)


@dataclass(frozen=True)
class _Wanted:
    """A verdict on the finding of a key."""

    verdict: Verdict
    key: str
    group: str | None
    said: tuple[str, str]


class Reviewing(QObject):
    """Steps through the findings, flies there, and turns verdicts into edits.

    Parameters
    ----------
    session : Session
    views : ViewGrid
    predicted : Predicted
    results : PredictionResults
    edits : AreaEdits
        The way of areas into the markup.
    unless_drawing : callable
        Does something that edits, unless a gesture is under way.
    notices : NoticeStack
    window : QWidget
    """

    def __init__(
        self,
        session: Session,
        views: ViewGrid,
        predicted: Predicted,
        results: PredictionResults,
        edits: AreaEdits,
        unless_drawing: Callable[[Callable[[], None]], None],
        notices: NoticeStack,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._session, self._views, self._results = session, views, results
        self._unless_drawing, self._notices = unless_drawing, notices
        self._window = window
        self.finder, self.queue = Finder(session, predicted, self), ReviewQueue(self)
        self._verdicts = Verdicts(session, self.queue, edits, notices, self)
        self._showing = Showing(self.queue, session, views, self)
        self.panel = ReviewPanel(self.queue, self._showing.picture_of)
        self._together = Together(
            session, views, self.queue, self.panel, self._verdicts, unless_drawing, notices, window
        )
        self._group: str | None = None
        self._is_hidden = False
        self._waiting: dict[str, _Wanted] = {}  # until the findings are those of the markup
        self.finder.found.connect(self._on_found)
        self.finder.failed.connect(lambda problem: notices.warn(problem))
        self.panel.watched.connect(self._watch)
        self.panel.row_wanted.connect(self.look_at)
        self.panel.pictures_wanted.connect(self._showing.want_pictures)
        self.panel.group_wanted.connect(self._choose_group)
        self.panel.rules_wanted.connect(self._choose_rules)
        self._showing.pictures_ready.connect(self.panel.repaint_pictures)
        results.changed.connect(self._on_result)
        session.slide_changed.connect(self._on_slide_changed)
        session.document.changed.connect(self._on_document)
        session.document.replaced.connect(self._on_document)
        self._choose_rules(*self.panel.rules)
        self._on_slide_changed()

    @property
    def commands(self) -> dict[str, Callable[..., object]]:
        """What the actions call, by their names."""
        return {
            "next_finding": lambda: self.step(1),
            "previous_finding": lambda: self.step(-1),
            "reject": lambda: self.decide(Verdict.REJECTED),
            "defer": lambda: self.decide(Verdict.DEFERRED),
            "relabel": self.ask_to_relabel,
            "decide_many": self._together.ask,
            "review_grid": self.panel.show_grid,
        }

    @property
    def dock(self) -> Panel:
        """Where it stands."""
        return Panel("Review", self.panel, RIGHT, is_shown=False)

    @property
    def can_accept(self) -> bool:
        """Whether there is a finding to accept, looked at in the panel."""
        item = self.queue.current
        return self.panel.isVisible() and item is not None and item.finding is not None

    def attach(self, actions: Mapping[str, QAction]) -> None:
        """Take the actions that the panel names."""
        self.panel.attach(actions)

    def hide(self, is_hidden: bool) -> None:
        """Tell nothing of what was decided, which would say what was predicted; or all again."""
        if is_hidden != self._is_hidden:
            self._is_hidden = is_hidden
            self.panel.set_hidden(is_hidden)
            self._on_document()

    def close(self) -> None:
        """Leave nothing at work."""
        self.finder.close()
        self._showing.close()

    def step(self, step: int) -> None:
        """Look at the next finding, or the one before."""
        row = self.queue.next_row(step)
        if not self.panel.isVisible():
            self._notices.tell(HIDDEN)
        elif row is not None:
            self.look_at(row)
        elif not len(self.queue):
            self._notices.tell("There is nothing to review; see the Review panel.")
        else:
            self._notices.tell("That was the last one." if step > 0 else "This is the first one.")

    def look_at(self, row: int) -> None:
        """Choose a row, and fly there."""
        self.queue.choose(row)
        if self.queue.current is not None:
            self._showing.fly_to(self.queue.current)

    def decide(self, verdict: Verdict, group: str | None = None) -> None:
        """Decide on the finding that is looked at, and look at the next open one.

        Parameters
        ----------
        verdict : Verdict
        group : str, optional
            That it is put in when it becomes markup; the one that is drawn in by default.
        """
        item, chosen = self.queue.current, self.panel.views.chosen_rows
        if not self.panel.isVisible():
            self._notices.tell(HIDDEN)
        elif len(chosen) > 1:
            self._together.decide_chosen(verdict, chosen, self._look_at_key)
        elif item is None or item.finding is None:
            self._notices.tell("Choose a finding first: ] goes to the next one.")
        else:
            into = group if verdict == Verdict.RELABELLED else self._session.drawn_group
            wanted = _Wanted(verdict, item.key, into, self.panel.said)
            self._unless_drawing(lambda: self._carry_out(wanted))

    def _carry_out(self, wanted: _Wanted) -> None:
        """Do what a verdict says, as soon as the findings are those of the markup as it is."""
        self._waiting.pop(wanted.key, None)
        found, markup = self.queue.found, self._session.document.annotations
        row = self.queue.row_of(wanted.key)
        item = self.queue.item(row) if row is not None else None
        if found is None or item is None or item.finding is None:
            self._notices.tell("The finding is not there any more: nothing was decided on it.")
        elif wanted.verdict in BECOMES_MARKUP and found.is_behind(markup):
            self._waiting[wanted.key] = wanted
        else:
            is_looked_at = self.queue.current_row == row
            following = self._following() if is_looked_at else None
            then = partial(self._look_at_key, following) if is_looked_at else lambda: None
            self._verdicts.decide(wanted.verdict, item, found, wanted.group, wanted.said, then)

    def ask_to_relabel(self) -> None:
        """Let the user choose the group that the finding is put in."""
        item = self.queue.current
        if not self.can_accept or item is None or len(self.panel.views.chosen_rows) > 1:
            self.decide(Verdict.RELABELLED)  # says why not
            return
        if item.kind in PARTS:
            self._notices.tell("A part has the group of its outline: accept it, or reject it.")
            return
        names = list(self._session.document.annotations.groups)
        name, agreed = QInputDialog.getItem(
            self._window, "Relabel finding", "Group:", names, editable=True
        )
        if agreed and name.strip():
            wanted = _Wanted(Verdict.RELABELLED, item.key, name.strip(), self.panel.said)
            self._unless_drawing(lambda: self._carry_out(wanted))

    def _following(self) -> str | None:
        """The key of the next open finding, or of one before where none comes after."""
        row = self.queue.next_row(1, only_open=True)
        if row is None:
            row = self.queue.next_row(-1, only_open=True)
        return None if row is None else self.queue.item(row).key

    def _look_at_key(self, key: str | None) -> None:
        row = None if key is None else self.queue.row_of(key)
        if row is not None:
            self.look_at(row)
        else:
            self.queue.choose(None)
            done, count = self.queue.progress
            if count and done == count:
                self._notices.tell("All findings are reviewed.")

    def _watch(self, is_watched: bool) -> None:
        if not is_watched and self._waiting:
            self._waiting.clear()
            self._notices.tell("The last verdict was not carried out: the panel was hidden.")
        self.finder.want(is_watched)
        self._showing.show_outline(is_watched)

    def _on_found(self, found: Found | None) -> None:
        self.queue.set_found(found)
        if found is None:
            self._waiting.clear()
        for wanted in list(self._waiting.values()):
            self._unless_drawing(partial(self._carry_out, wanted))

    def _on_result(self) -> None:
        shown = self._results.shown
        # Nuclei are not what is outlined by hand.
        self.finder.set_prediction(None if isinstance(shown, NucleiPrediction) else shown)

    def _on_slide_changed(self) -> None:
        slide = self._session.slide
        if slide is not None:
            self.panel.model.spacing = slide.spacing
        self.queue.choose(None)
        self._on_result()
        self._on_document()

    def _on_document(self, _: object = None) -> None:
        annotations = self._session.document.annotations
        self.queue.set_decisions({} if self._is_hidden else annotations.decisions)
        groups = [None, *annotations.groups]
        if self._group not in groups:
            self._choose_group(None)
        self.panel.set_groups(groups, self._group)

    def _choose_rules(self, least_um2: float, margin: float) -> None:
        self.finder.rules = replace(self.finder.rules, least_um2=least_um2, margin=margin)

    def _choose_group(self, group: str | None) -> None:
        self._group = group
        self.finder.groups = None if group is None else (group,)
