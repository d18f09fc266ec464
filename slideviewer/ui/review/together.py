"""Verdicts on many findings at once, and what is said of several."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from slideviewer.annotations.decisions import Verdict
from slideviewer.ui import words
from slideviewer.ui.asking import agreed
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.review.many_dialog import ManyDialog, places_to_decide
from slideviewer.ui.review.panel import ReviewPanel
from slideviewer.ui.review.queue import Item, ReviewQueue
from slideviewer.ui.review.verdicts import SOME_STAND, STANDS, Verdicts
from slideviewer.ui.session import Session
from slideviewer.ui.views.grid import ViewGrid

AGAIN = "The findings are being looked for again. Try it again then."


class Together(QObject):
    """Decides on the findings that are selected, or chosen by their score, in one step.

    Parameters
    ----------
    session : Session
    views : ViewGrid
    queue : ReviewQueue
    panel : ReviewPanel
    verdicts : Verdicts
    unless_drawing : callable
        Does something that edits, unless a gesture is under way.
    notices : NoticeStack
    window : QWidget
    """

    def __init__(
        self,
        session: Session,
        views: ViewGrid,
        queue: ReviewQueue,
        panel: ReviewPanel,
        verdicts: Verdicts,
        unless_drawing: Callable[[Callable[[], None]], None],
        notices: NoticeStack,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._session, self._views, self._queue, self._panel = session, views, queue, panel
        self._verdicts, self._unless_drawing = verdicts, unless_drawing
        self._notices, self._window = notices, window
        panel.told.connect(self._on_told)

    def ask(self) -> None:
        """Let the user choose findings that are decided together."""
        found = self._queue.found
        items = [it for it in self._queue.items() if it.finding is not None and it.is_open]
        if found is None or not items:
            self._notices.tell("No open finding is listed; see the Review panel.")
            return
        dialog = ManyDialog(items, places_to_decide(self._session, self._views), self._window)
        is_agreed = agreed(dialog, self._session.document)
        verdict, chosen = dialog.chosen_verdict, dialog.chosen
        dialog.deleteLater()
        if is_agreed and self._queue.found is found:
            self._decide(verdict, chosen)
        elif is_agreed:
            self._notices.tell(AGAIN)

    def decide_chosen(
        self, verdict: Verdict, rows: list[int], look_at: Callable[[str | None], None]
    ) -> None:
        """Decide on all that are selected, and look at the next open one after them.

        Parameters
        ----------
        verdict : Verdict
        rows : list of int
            Of the queue.
        look_at : callable
            Looks at the finding of a key.
        """
        items = [self._queue.item(row) for row in rows]
        items = [it for it in items if it.finding is not None]
        changeable = self._verdicts.changeable(items, verdict)
        if verdict == Verdict.RELABELLED:
            self._notices.tell("Relabel one finding at a time: choose one of those selected.")
        elif not items:
            self._notices.tell("None of the selected is a finding any more.")
        elif len(changeable) < len(items):
            count = len(items) - len(changeable)
            self._notices.tell(STANDS if count == 1 else SOME_STAND.format(words.whole(count)))
        else:
            following = self._queue.next_open_beside(rows)
            then = partial(look_at, following)
            self._decide(verdict, items, then, self._said_of_several)

    def _decide(
        self,
        verdict: Verdict,
        items: list[Item],
        then: Callable[[], object] = lambda: None,
        said: tuple[str, str] = ("", ""),
    ) -> None:
        found = self._queue.found
        if found is None or found.is_behind(self._session.document.annotations):
            self._notices.tell(AGAIN)
            return

        def tell() -> None:
            self._notices.tell(f"{verdict.capitalize()}: {words.whole(len(items))} findings.")
            then()

        self._unless_drawing(
            lambda: self._verdicts.decide_together(verdict, items, found, said, tell)
        )

    @property
    def _said_of_several(self) -> tuple[str, str]:
        """Reason and note for all that are selected: not what is shown of a decision on one."""
        item, said = self._queue.current, self._panel.said
        decision = item.decision if item is not None else None
        shown = ("", "") if decision is None else (decision.reason, decision.note)
        return ("", "") if said == shown else said

    def _on_told(self, reason: str, note: str) -> None:
        """Keep another reason or note with decisions that were made already."""
        item = self._queue.current
        if item is None or item.decision is None:
            return  # it goes with the verdict
        shown = item.decision
        rows = self._panel.views.chosen_rows
        among = [self._queue.item(row).decision for row in rows] if len(rows) > 1 else [shown]
        changed = {
            it.id: replace(
                it,
                reason=reason if reason != shown.reason else it.reason,
                note=note if note != shown.note else it.note,
            )
            for it in among
            if it is not None
        }
        if (reason, note) != (shown.reason, shown.note):
            self._session.document.apply("Note on finding", {}, decisions=changed)
