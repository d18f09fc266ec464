"""Turns verdicts into edits: a step holds what was decided, and what the markup becomes by it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from PySide6.QtCore import QObject

from slideviewer.annotations import Group
from slideviewer.annotations.decisions import Decision, Verdict
from slideviewer.annotations.masks import HoleStyle
from slideviewer.evaluation.findings.accepting import accepted, lesion_of
from slideviewer.evaluation.findings.accepting_many import Accepted, accepted_together
from slideviewer.evaluation.findings.decided import LASTING
from slideviewer.evaluation.findings.findings import FindingKind
from slideviewer.evaluation.findings.footprint import Footprint
from slideviewer.progress import Progress
from slideviewer.ui import settings
from slideviewer.ui.author import user_name
from slideviewer.ui.editing.areas import AreaEdits, NewArea
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.review.finder import Found
from slideviewer.ui.review.queue import Item, ReviewQueue
from slideviewer.ui.session import Session

TEXTS = {
    Verdict.ACCEPTED: "Accept finding",
    Verdict.REJECTED: "Reject finding",
    Verdict.DEFERRED: "Defer finding",
    Verdict.RELABELLED: "Relabel finding",
}

BECOMES_MARKUP = (Verdict.ACCEPTED, Verdict.RELABELLED)

NOTHING_TO_CHANGE = (
    "No annotation belongs to this finding, so that there is nothing to change. Reject or defer it."
)

STANDS = (
    "This finding became markup by the verdict on it: undo that, or delete the annotation, to "
    "decide anew."
)

SOME_STAND = (
    "{} of these findings became markup by the verdict on them: undo that, or delete the "
    "annotations, or leave them out."
)

WEIGHT = 25
"""A finding decided on with others takes about as long as so many vertices."""


class Verdicts(QObject):
    """Decides on findings of the queue.

    Parameters
    ----------
    session : Session
    queue : ReviewQueue
    edits : AreaEdits
        The way of areas into the markup.
    notices : NoticeStack
    """

    def __init__(
        self,
        session: Session,
        queue: ReviewQueue,
        edits: AreaEdits,
        notices: NoticeStack,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._notices = notices
        self._session, self._queue, self._edits = session, queue, edits

    def decide(
        self,
        verdict: Verdict,
        item: Item,
        found: Found,
        group: str | None,
        said: tuple[str, str],
        then: Callable[[], object],
    ) -> None:
        """Decide on one finding.

        Parameters
        ----------
        verdict : Verdict
        item : Item
            One with a finding.
        found : Found
            That the finding is of.
        group : str or None
            That it is put in, where it becomes markup.
        said : pair of str
            Reason and note.
        then : callable
            What is done once it is decided; not where the edit is refused.
        """
        assert item.finding is not None
        if not self.changeable([item], verdict):
            self._notices.tell(STANDS)
            return
        decision = _decision_on(item, found, verdict, group, said, user_name())
        decisions, text = {decision.id: decision}, TEXTS[verdict]
        if verdict == Verdict.RELABELLED and item.kind == FindingKind.MARKED:
            self._regroup(item, found, decision, then)
            return
        if verdict not in BECOMES_MARKUP:
            self._queue.link(item, decision.id)
            if self._session.document.apply(text, {}, decisions=decisions):
                then()
            return
        markup = self._session.document.annotations
        changes = [
            NewArea(
                change.annotation.decided_by(
                    decision.id, is_new=change.annotation.id not in markup.annotations
                ),
                change.area,
            )
            for change in accepted(
                found.findings,
                item.finding.index,
                found.opinions,
                found.rules.threshold,
                markup,
                group,
                found.groups,
            )
        ]
        if not changes:
            self._notices.tell(NOTHING_TO_CHANGE)
            return
        self._queue.link(item, decision.id)
        self._edits.put(text, changes, then=then, decisions=decisions)

    def changeable(self, items: Sequence[Item], verdict: Verdict) -> list[Item]:
        """Those on which another verdict leaves no annotation with an origin that is not so.

        What became markup by a verdict says so for as long as it is there.

        Parameters
        ----------
        items : sequence of Item
        verdict : Verdict
            The other one.
        """
        standing = {
            it.decision.id
            for it in items
            if it.decision is not None and not _may_follow(verdict, it.decision, it.kind)
        }
        if standing:
            markup = self._session.document.annotations
            standing &= {it.origin.decision for it in markup if it.origin is not None}
        return [it for it in items if it.decision is None or it.decision.id not in standing]

    def _regroup(
        self, item: Item, found: Found, decision: Decision, then: Callable[[], object]
    ) -> None:
        """Put the annotations of a lesion that only the markup has into another group."""
        assert item.finding is not None
        document, group = self._session.document, decision.group
        markup = document.annotations
        lesion = lesion_of(found.findings, item.finding.index, markup, found.groups)
        if not lesion:
            self._notices.tell(NOTHING_TO_CHANGE)
            return
        if self._edits.working.refuses(lesion):
            return
        self._queue.link(item, decision.id)
        moved = (it.decided_by(decision.id, is_new=False) for it in lesion)
        changes = {it.id: replace(it, group=group) for it in moved}
        new = () if group is None or group in markup.groups else (Group(group),)
        if document.apply(TEXTS[decision.verdict], changes, new, decisions={decision.id: decision}):
            then()

    def decide_together(
        self,
        verdict: Verdict,
        items: Sequence[Item],
        found: Found,
        said: tuple[str, str],
        then: Callable[[], object],
    ) -> None:
        """Accept, reject or defer many in one step, beside the window where that takes long.

        Parameters
        ----------
        verdict : Verdict
        items : sequence of Item
            With findings.
        found, then
            As in `decide`.
        said : pair of str
            Reason and note of all; what was said of some before stays where this is empty.
        """
        document, group = self._session.document, self._session.drawn_group
        markup, author = document.annotations, user_name()
        count = f"{len(items)} findings" if len(items) != 1 else "finding"
        text = f"{TEXTS[verdict].removesuffix('finding')}{count}"
        said_holes = settings.read(settings.HOLES)
        is_said = said_holes != settings.HOLES.default
        holes = HoleStyle(said_holes) if is_said else HoleStyle.CUT
        indices = [it.finding.index for it in items if it.finding is not None]

        def work(progress: Progress) -> tuple[Accepted, list[Decision]]:
            decisions = [
                _decision_on(it, found, verdict, group, _said(it, said), author) for it in items
            ]
            if verdict not in BECOMES_MARKUP:
                return Accepted({}, ()), decisions
            made = accepted_together(
                found.findings,
                indices,
                found.opinions,
                found.rules.threshold,
                markup,
                group,
                found.groups,
                holes,
                progress,
                [decision.id for decision in decisions],
            )
            return made, decisions

        def apply(result: tuple[Accepted, list[Decision]]) -> None:
            made, decisions = result
            for item, decision in zip(items, decisions, strict=True):
                self._queue.link(item, decision.id)
            known = {decision.id: decision for decision in decisions}
            if document.apply(text, made.changes, made.groups, decisions=known):
                then()

        shapes = list(markup) if verdict in BECOMES_MARKUP else []
        self._edits.working.do(text, shapes, work, apply, WEIGHT * len(items))


def _may_follow(verdict: Verdict, former: Decision, kind: FindingKind) -> bool:
    """Whether a verdict may take the place of another whatever became of that.

    A lesion that only the markup has stays where it is, in one group or the other.
    """
    is_moved_again = verdict == former.verdict == Verdict.RELABELLED and kind == FindingKind.MARKED
    return former.verdict in LASTING or is_moved_again


def _said(item: Item, of_all: tuple[str, str]) -> tuple[str, str]:
    reason, note = of_all
    former = item.decision
    return (reason, note) if former is None else (reason or former.reason, note or former.note)


def _decision_on(
    item: Item,
    found: Found,
    verdict: Verdict,
    group: str | None,
    said: tuple[str, str],
    author: str,
) -> Decision:
    assert item.finding is not None
    reason, note = said
    made = Decision(
        item.kind.name.lower(),
        verdict,
        Footprint.of(found.findings, item.finding.index).runs,
        group if verdict in BECOMES_MARKUP else None,
        reason,
        note,
        author,
        datetime.now().astimezone().isoformat(timespec="seconds"),
        found.source,
        item.score,
    )
    return made if item.decision is None else replace(made, id=item.decision.id)
