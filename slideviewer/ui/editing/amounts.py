"""The geometry commands that ask how much: simplifying, growing and shrinking."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from PySide6.QtCore import QObject

from slideviewer.annotations import Annotation, Kind, as_polygon
from slideviewer.annotations.masks import HoleStyle
from slideviewer.annotations.operations import grown, simplified
from slideviewer.annotations.operations.regions import Area
from slideviewer.annotations.operations.results import result_of
from slideviewer.progress import Progress
from slideviewer.slide import Spacing, UnknownSpacing
from slideviewer.ui import words
from slideviewer.ui.asking import agreed
from slideviewer.ui.document import Document
from slideviewer.ui.editing.amount_dialog import AmountDialog, Amounts, Outcome
from slideviewer.ui.editing.areas import AreaEdits, NewArea
from slideviewer.ui.editing.finding import selected_areas
from slideviewer.ui.editing.geometry import NO_AREA
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.session import Session
from slideviewer.ui.tools.painted_area import unseen
from slideviewer.ui.views.grid import ViewGrid

SIMPLIFY = Amounts(0.05, 50.0, 0.5, "µm", is_geometric=True)
SIMPLIFY_PX = Amounts(0.1, 100.0, 1.0, "px", is_geometric=True)
GROW = Amounts(-200.0, 200.0, 10.0, "µm")
GROW_PX = Amounts(-400.0, 400.0, 20.0, "px")
"""What can be asked for, in pixels where the slide does not say how large they are."""


class AmountCommands(QObject):
    """Commands whose dialogs show on the slide what they do."""

    def __init__(
        self,
        session: Session,
        views: ViewGrid,
        edits: AreaEdits,
        notices: NoticeStack,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._views, self._edits = session, views, edits
        self._notices = notices

    @property
    def commands(self) -> Mapping[str, Callable[[], None]]:
        """What the actions call, by their names."""
        return {"simplify": self.simplify, "grow": self.grow}

    def simplify(self) -> None:
        """Ask how far the selected outlines may change, to have fewer vertices."""
        shapes = [it for it in selected_areas(self._session) if it.kind != Kind.RECTANGLE]
        if not shapes:
            self._notices.tell("Select a polygon or a spline first.")
            return
        if self._edits.working.refuses(shapes):
            return
        um_px = self._um_px
        before = sum(len(it.points) for it in shapes)

        def work(amount: float, _: Progress) -> Outcome:
            fewer = tuple(
                replace(it, points=simplified(it.points, amount / (um_px or 1.0))) for it in shapes
            )
            after = sum(len(it.points) for it in fewer)
            told = f"{words.whole(before)} → {words.whole(after)} points"
            return Outcome(fewer, told, fewer)

        dialog = AmountDialog(
            "Simplify",
            "How far may the outline move?",
            SIMPLIFY if um_px else SIMPLIFY_PX,
            work,
            self._views.preview,
            self._views,
        )
        made = _answer(dialog, self._session.document)
        if isinstance(made, tuple):
            self._session.document.apply("Simplify", {it.id: it for it in made})

    def grow(self) -> None:
        """Ask by how much the selected areas are to grow on all sides, or to shrink."""
        shapes = selected_areas(self._session)
        if not shapes:
            self._notices.tell(NO_AREA)
            return
        if self._edits.working.refuses(shapes):
            return
        um_px = self._um_px
        spacing = self._spacing
        annotations = self._session.document.annotations
        areas: list[Area] = []

        def work(amount: float, _: Progress) -> Outcome:
            by = amount / (um_px or 1.0)
            if not areas:  # once, and not before the dialog is there: vast ones take a second
                areas.extend(as_polygon(it) for it in shapes)
            before = words.area(sum(it.area for it in areas), spacing)
            new = [NewArea(it, grown(area, by)) for it, area in zip(shapes, areas, strict=True)]
            shown: list[Annotation] = []
            for it in new:
                result = result_of(it.parts, it.like, annotations, HoleStyle.GROUP)
                shown += (*result.shapes, *result.holes) or (unseen(it.like),)
            after = words.area(sum(it.area.area for it in new), spacing)
            gone = sum(it.area.is_empty for it in new)
            told = f"Area {before} → {after}" + _gone_words(gone, len(new))
            return Outcome(tuple(shown), told, (amount, new))

        dialog = AmountDialog(
            "Grow or shrink",
            "By how much on all sides? Less than 0 shrinks.",
            GROW if um_px else GROW_PX,
            work,
            self._views.preview,
            self._views,
        )
        made = _answer(dialog, self._session.document)
        if isinstance(made, tuple):
            self._put_grown(*made)

    def _put_grown(self, amount: float, new: Sequence[NewArea]) -> None:
        if all(it.area.is_empty for it in new):
            self._notices.tell("Shrunk by so much nothing would be left; nothing was changed.")
            return
        self._edits.put("Grow" if amount > 0 else "Shrink", new)

    @property
    def _spacing(self) -> Spacing | UnknownSpacing:
        slide = self._session.slide
        return slide.spacing if slide is not None else UnknownSpacing("no slide is open")

    @property
    def _um_px(self) -> float | None:
        spacing = self._spacing
        return spacing.um_px if isinstance(spacing, Spacing) else None


def _gone_words(gone: int, count: int) -> str:
    if not gone:
        return ""
    return "\nNothing is left of it." if count == 1 else f"\nNothing is left of {gone} shapes."


def _answer(dialog: AmountDialog, document: Document) -> object:
    """What was made of the amount that the user agreed to; None where it was called off."""
    is_agreed, outcome = agreed(dialog, document), dialog.outcome
    dialog.deleteLater()
    return outcome.made if is_agreed and outcome is not None else None
