"""Areas go into the markup: the last step of brush, wand, cut line and geometry commands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from slideviewer.annotations import Annotation, Group, Kind, as_points
from slideviewer.annotations.decisions import Decision
from slideviewer.annotations.masks import HoleStyle
from slideviewer.annotations.operations.regions import Area, Region
from slideviewer.annotations.operations.results import Result, hole_count, parts_of, result_of
from slideviewer.progress import Progress, Step
from slideviewer.ui import words
from slideviewer.ui.editing.holes import hole_style
from slideviewer.ui.editing.working import Working
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.session import Session
from slideviewer.ui.views.grid import ViewGrid


@dataclass(frozen=True)
class NewArea:
    """The area that an annotation is to cover.

    Attributes
    ----------
    like : Annotation
        Keeps its identity, name, group and colour; one that is not in the markup yet is added.
    area : Polygon or MultiPolygon
        An empty one takes the annotation away.
    """

    like: Annotation
    area: Area

    @cached_property
    def parts(self) -> tuple[Region, ...]:
        """The outlines, and holes in them, that the area has."""
        return parts_of(self.area)


class AreaEdits(QObject):
    """Turns areas into annotations, asks about holes, and applies it all as one step."""

    def __init__(
        self,
        session: Session,
        views: ViewGrid,
        notices: NoticeStack,
        working: Working,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._session, self._views, self._notices = session, views, notices
        self.working, self._window = working, window

    def fresh(self) -> Annotation:
        """An annotation to come, in the group that is drawn in now."""
        name = self._session.document.annotations.next_name()
        return Annotation(name, Kind.POLYGON, as_points([]), self._session.drawn_group)

    def work_out(
        self,
        text: str,
        shapes: Sequence[Annotation],
        make: Callable[[Progress], Sequence[NewArea]],
        then: Callable[[Sequence[NewArea]], object],
    ) -> None:
        """Work out areas, beside the window where the shapes are vast; see `Working.do`."""

        def work(progress: Progress) -> Sequence[NewArea]:
            new = make(progress)
            for it in new:
                progress(Step(0, 0, text))
                _ = it.parts  # which takes its time, too
            return new

        self.working.do(text, shapes, work, then)

    def put(
        self,
        text: str,
        new: Sequence[NewArea],
        gone: Iterable[str] = (),
        then: Callable[[], object] = lambda: None,
        decisions: Mapping[str, Decision] | None = None,
    ) -> None:
        """Have annotations cover other areas than before.

        Nothing is changed where the user does not want the holes, or the markup refuses the edit.

        Parameters
        ----------
        text : str
            The step's name in the Edit menu.
        new : sequence of NewArea
        gone : iterable of str
            Ids of annotations to take away in the same step.
        then : callable
            What is done once the markup has changed.
        decisions : mapping of id to Decision, optional
            What is decided with it.
        """
        count = sum(hole_count(it.parts) for it in new)
        document = self._session.document
        style = hole_style(count, self._window, document) if count else HoleStyle.CUT
        if style is None:
            return
        annotations = document.annotations

        def work(_: Progress) -> list[Result]:
            return [result_of(it.parts, it.like, annotations, style) for it in new]

        def apply(results: Sequence[Result]) -> None:
            if self._apply(text, new, results, gone, decisions):
                if count:
                    self._tell_of_holes(count, style, results)
                then()

        self.working.do(text, [it.like for it in new], work, apply)

    def _apply(
        self,
        text: str,
        new: Sequence[NewArea],
        results: Sequence[Result],
        gone: Iterable[str],
        decisions: Mapping[str, Decision] | None,
    ) -> bool:
        document = self._session.document
        known_groups = document.annotations.groups
        changes: dict[str, Annotation | None] = dict.fromkeys(gone)
        groups: dict[str, Group] = {}
        shapes: list[str] = []
        for it, result in zip(new, results, strict=True):
            if not result.shapes:
                changes[it.like.id] = None
            changes |= {made.id: made for made in (*result.shapes, *result.holes)}
            groups |= {group.name: group for group in result.groups}
            shapes += [made.id for made in result.shapes]
            named = it.like.group
            if named is not None and named not in known_groups:
                groups = {named: Group(named), **groups}
        if not document.apply(text, changes, tuple(groups.values()), decisions=decisions):
            return False
        self._views.of_session.markup.visible = True  # lest what was drawn vanish
        self._session.selection.set(shapes)
        return True

    def _tell_of_holes(self, count: int, style: HoleStyle, results: Sequence[Result]) -> None:
        holes = "The hole is" if count == 1 else f"The {words.whole(count)} holes are"
        if style == HoleStyle.GROUP:
            groups = dict.fromkeys(group.name for it in results for group in it.groups)
            names = ", ".join(f"“{name}”" for name in groups)
            how = f"now in the group {names}"
        else:
            how = "cut into the outline"
        self._notices.tell(f"{holes} {how}. The preferences say what becomes of holes.")
