"""The geometry commands that need no amount: uniting, taking away, filling, mending."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import shapely
from PySide6.QtCore import QObject

from slideviewer.annotations import Annotation, Kind, Points, as_polygon
from slideviewer.annotations.extents import extents, touched_by
from slideviewer.annotations.geojson.holes import holes_by_owner
from slideviewer.annotations.operations import (
    filled,
    intersection,
    simplified,
    smoothed,
    snapped,
    subtraction,
    union,
)
from slideviewer.annotations.operations.regions import SLIVER_PX2, Area, regions_of
from slideviewer.annotations.operations.repairing import crosses_itself
from slideviewer.annotations.operations.results import hole_count
from slideviewer.annotations.outline import outline
from slideviewer.progress import Progress, Step
from slideviewer.ui.editing.areas import AreaEdits, NewArea
from slideviewer.ui.editing.finding import FirstSelected, areas_shown_in, selected_areas
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.session import Session
from slideviewer.ui.views.grid import ViewGrid

SNAP_SCREEN = 10.0
"""Screen pixels from a neighbour's outline within which vertices go to it."""

NO_AREA = "Select an outlined shape first: a polygon, a spline or a rectangle."
TOO_FEW = "Select two or more outlined shapes first: polygons, splines or rectangles."


class Geometry(QObject):
    """What can be done to the selected areas at once."""

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
        self._first = FirstSelected(session, self)

    @property
    def commands(self) -> Mapping[str, Callable[[], None]]:
        """What the actions call, by their names."""
        return {
            "unite": self.unite,
            "subtract": self.subtract,
            "intersect": self.intersect,
            "fill_holes": self.fill_holes,
            "smooth": self.smooth,
            "repair": self.repair,
            "snap": self.snap,
        }

    def unite(self) -> None:
        """Make one shape of all that touch each other; it keeps what the first of them was."""
        shapes = self._first.first_of(selected_areas(self._session))
        if len(shapes) < 2:
            self._notices.tell(TOO_FEW)
            return
        gone: list[str] = []

        def make(progress: Progress) -> list[NewArea]:
            areas, new = _areas_of(shapes, "Unite", progress), []
            for members in _touching(areas):
                progress(Step(0, 0, "Unite"))
                if len(members) > 1:
                    new.append(NewArea(shapes[members[0]], union([areas[i] for i in members])))
                    gone.extend(shapes[i].id for i in members[1:])
            return new

        def then(new: Sequence[NewArea]) -> None:
            if new:
                self._edits.put(f"Unite {len(new) + len(gone)} shapes", new, gone)
            else:
                self._notices.tell(
                    "No two of the selected shapes touch: there is nothing to unite."
                )

        self._edits.work_out("Unite", shapes, make, then)

    def subtract(self) -> None:
        """Take away from the first selected shape what the others cover; these stay."""
        shapes = self._first.first_of(selected_areas(self._session))
        if len(shapes) < 2:
            self._notices.tell(TOO_FEW)
            return
        first = shapes[0]

        def make(progress: Progress) -> list[NewArea]:
            whole, *others = _areas_of(shapes, "Subtract", progress)
            rest = subtraction(whole, others)
            return [NewArea(first, rest)] if whole.area - rest.area >= SLIVER_PX2 else []

        def then(new: Sequence[NewArea]) -> None:
            if not new:
                self._notices.tell(f"The others cover nothing of “{first.name}”.")
            elif new[0].area.is_empty:
                self._notices.tell(
                    f"The others cover all of “{first.name}”: nothing would be left."
                )
            else:
                self._edits.put("Subtract", new)

        self._edits.work_out("Subtract", shapes, make, then)

    def intersect(self) -> None:
        """Leave what all selected shapes cover; it keeps what the first of them was."""
        shapes = self._first.first_of(selected_areas(self._session))
        if len(shapes) < 2:
            self._notices.tell(TOO_FEW)
            return

        def make(progress: Progress) -> list[NewArea]:
            return [NewArea(shapes[0], intersection(_areas_of(shapes, "Intersect", progress)))]

        def then(new: Sequence[NewArea]) -> None:
            if new[0].area.is_empty:
                self._notices.tell("There is no place that all selected shapes cover.")
            else:
                gone = [it.id for it in shapes[1:]]
                self._edits.put(f"Intersect {len(shapes)} shapes", new, gone)

        self._edits.work_out("Intersect", shapes, make, then)

    def fill_holes(self) -> None:
        """Fill the holes of the selected shapes, those in exclusion groups as well."""
        shapes = selected_areas(self._session)
        if not shapes:
            self._notices.tell(NO_AREA)
            return
        document = self._session.document
        annotations, holes = document.annotations, list[Annotation]()

        def make(progress: Progress) -> list[NewArea]:
            excluded = holes_by_owner(annotations)
            holes.extend(hole for shape in shapes for hole in excluded.get(shape.id, ()))
            areas = _areas_of(shapes, "Fill holes", progress)
            return [
                NewArea(shape, filled(area))
                for shape, area in zip(shapes, areas, strict=True)
                if hole_count(regions_of(area))
            ]

        def then(new: Sequence[NewArea]) -> None:
            known = document.annotations.annotations
            gone = [hole.id for hole in holes if known.get(hole.id) is hole]
            if new or gone:
                self._edits.put("Fill holes", new, gone)
            else:
                self._notices.tell("The selected shapes have no holes.")

        self._edits.work_out("Fill holes", shapes, make, then)

    def smooth(self) -> None:
        """Round the corners of the selected outlines, as fine as the screen shows them."""
        pixel = 1 / self._views.of_session.canvas.viewpoint.scale
        shapes = [it for it in selected_areas(self._session) if it.kind != Kind.SPLINE]
        if not shapes:
            self._notices.tell("Select a polygon or a rectangle first; splines are smooth already.")
            return

        def rounded(shape: Annotation) -> Points:
            corners = simplified(shape.points, pixel)
            return simplified(smoothed(corners), min(pixel / 4, 1.0))

        def work(progress: Progress) -> dict[Annotation, Points]:
            return {it: rounded(it) for it in _told(shapes, "Smooth", progress)}

        self._edits.working.do("Smooth", shapes, work, partial(self._reshape, "Smooth"))

    def repair(self) -> None:
        """Make outlines that cross themselves into ones that do not, covering the same."""
        shapes = selected_areas(self._session)
        if not shapes:
            self._notices.tell(NO_AREA)
            return

        def make(progress: Progress) -> list[NewArea]:
            looked_at = _told(shapes, "Repair self-crossing", progress)
            return [NewArea(it, as_polygon(it)) for it in looked_at if crosses_itself(it)]

        def then(new: Sequence[NewArea]) -> None:
            if new:
                self._edits.put("Repair self-crossing", new)
            else:
                self._notices.tell("No selected outline crosses itself.")

        self._edits.work_out("Repair self-crossing", shapes, make, then)

    def snap(self) -> None:
        """Lay the vertices that are near other outlines onto them."""
        shapes = selected_areas(self._session)
        if not shapes:
            self._notices.tell(NO_AREA)
            return
        reach = SNAP_SCREEN / self._views.of_session.canvas.viewpoint.scale
        text = "Snap to neighbours"
        others = self._neighbours(shapes, reach)

        def work(progress: Progress) -> dict[Annotation, Points]:
            boxes, bulges = extents(others)
            boxes += bulges * np.array([[-1], [-1], [1], [1]])
            outlines: dict[int, Points] = {}
            moved: dict[Annotation, Points] = {}
            for shape in _told(shapes, text, progress):
                near = touched_by(shape.bounds.grown(reach), boxes) if shape.bounds else []
                for number in near:
                    if number not in outlines:
                        outlines[number] = outline(others[number])
                new = snapped(shape.points, [outlines[number] for number in near], reach)
                if not np.array_equal(new, shape.points):
                    moved[shape] = new
            return moved

        def then(moved: Mapping[Annotation, Points]) -> None:
            if moved:
                self._reshape(text, moved)
            else:
                self._notices.tell(
                    f"No other outline lies within {SNAP_SCREEN:.0f} pixels of the screen. "
                    "Zoom out to reach further."
                )

        self._edits.working.do(text, [*shapes, *others], work, then)

    def _neighbours(self, shapes: Sequence[Annotation], reach: float) -> list[Annotation]:
        """The areas near the rectangle around shapes, those that are selected left out."""
        bounds = self._session.shapes.place_of(it.id for it in shapes)
        if bounds is None:
            return []
        chosen = self._session.selection.ids
        near = areas_shown_in(self._session, bounds.grown(reach))
        return [it for it in near if it.id not in chosen]

    def _reshape(self, text: str, points: Mapping[Annotation, Points]) -> None:
        """Give shapes other vertices; a rectangle becomes a polygon."""
        self._session.document.apply(
            text,
            {
                shape.id: replace(
                    shape,
                    points=new,
                    kind=Kind.POLYGON if shape.kind == Kind.RECTANGLE else shape.kind,
                )
                for shape, new in points.items()
            },
        )


def _told(shapes: Sequence[Annotation], text: str, progress: Progress) -> Iterator[Annotation]:
    """The shapes one by one, each told of before it is worked on."""
    for number, shape in enumerate(shapes):
        progress(Step(number, len(shapes) if len(shapes) > 1 else 0, text, "shapes"))
        yield shape


def _areas_of(shapes: Sequence[Annotation], text: str, progress: Progress) -> list[Area]:
    return [as_polygon(it) for it in _told(shapes, text, progress)]


def _touching(areas: Sequence[Area]) -> list[list[int]]:
    """Which areas hang together by overlapping or by a common edge: lists of their numbers."""
    tree = shapely.STRtree(areas)
    one, other = tree.query(areas, predicate="intersects")
    one, other = one[one < other], other[one < other]
    found = np.asarray(areas, dtype=object)
    shared = shapely.length(shapely.intersection(found[one], found[other])) > 0
    leader = list(range(len(areas)))

    def leader_of(number: int) -> int:
        while leader[number] != number:
            leader[number] = number = leader[leader[number]]
        return number

    for a, b in zip(one[shared].tolist(), other[shared].tolist(), strict=True):
        leader[leader_of(b)] = leader_of(a)
    members: dict[int, list[int]] = {}
    for number in range(len(areas)):
        members.setdefault(leader_of(number), []).append(number)
    return list(members.values())
