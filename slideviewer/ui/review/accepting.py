"""One key takes over what the model says: the finding looked at, or the region under the mouse."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject

from slideviewer.annotations.decisions import Verdict
from slideviewer.annotations.origin import How, Origin
from slideviewer.ui.editing.control import Editing
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.prediction_results import PredictionResults
from slideviewer.ui.review.control import Reviewing
from slideviewer.ui.session import Session
from slideviewer.ui.views.grid import ViewGrid
from slideviewer.ui.views.showing import show_somewhere


class Accepting(QObject):
    """What the key means depends on where the reader is.

    Parameters
    ----------
    session : Session
    views : ViewGrid
    editing : Editing
    results : PredictionResults
    reviewing : Reviewing
    notices : NoticeStack
    parent : QObject
    """

    def __init__(
        self,
        session: Session,
        views: ViewGrid,
        editing: Editing,
        results: PredictionResults,
        reviewing: Reviewing,
        notices: NoticeStack,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._session, self._views, self._editing = session, views, editing
        self._results, self._reviewing, self._notices = results, reviewing, notices

    @property
    def commands(self) -> dict[str, Callable[..., object]]:
        """What the actions call, by their names."""
        return {"accept": self.accept}

    def accept(self) -> None:
        """Accept the finding that is looked at, or else the region under the mouse."""
        if self._reviewing.can_accept:
            self._reviewing.decide(Verdict.ACCEPTED)
        else:
            self.accept_at(*self._views.of_session.canvas.point_under_mouse())

    def accept_at(self, x: float, y: float) -> None:
        """Add the predicted region at a level-0 point to the markup."""
        if self._editing.is_drawing:
            return
        outlines = self._results.region_outlines(x, y)
        if not outlines:
            self._notices.tell("Point at a red region first: there is none under the mouse.")
        else:
            show_somewhere(self._views, lambda view: view.markup)
        origin = Origin(How.PREDICTED, self._results.source)
        self._session.add_polygons("Accept predicted region", outlines, origin)
