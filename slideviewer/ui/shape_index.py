"""The annotations by place: what lies here, among a hundred thousand, in a millisecond."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from slideviewer.annotations import Annotation, AnnotationSet, Kind, Points
from slideviewer.annotations.extents import extents
from slideviewer.annotations.ordering import last_of, places_of
from slideviewer.geometry import Rect
from slideviewer.ui.packed_points import PackedPoints
from slideviewer.ui.row_runs import runs_of
from slideviewer.ui.shape_change import place_of_change
from slideviewer.ui.stretches import extents_of

Slots = NDArray[np.intp]
"""Numbers of shapes in the index, ascending: the order of the file."""

SIMPLE, POINTS, LONG = 0, 1, 2
"""Forms: a closed outline of few straight edges; single points; and all the rest."""

MOST_SIMPLE = 64
"""Vertices of a simple outline; of longer ones not all are looked at every time."""

_LEAST_HOLES = 1000
"""Removed shapes leave holes; fewer than these are never worth closing."""

_NOTHING: Points = np.empty((0, 2))


class ShapeIndex:
    """Where each annotation lies; an edit costs what it changes.

    The boxes stand in plain arrays that are looked through whole, which takes a fifth of a
    millisecond for a hundred thousand: less than a tree takes to be kept up to date.

    Attributes
    ----------
    boxes : ndarray (4, slots)
        Left, top, right and bottom of what is drawn, level-0 pixels; not-a-number where there is
        nothing. Not to be written to.
    looks : ndarray (slots,), int
        Shapes of one group and colour have one number; see `example_of`.
    forms : ndarray (slots,), int
        `SIMPLE`, `POINTS` or `LONG`.
    revision : int
        Another number after every change.
    """

    def __init__(self) -> None:
        self._annotations: AnnotationSet | None = None
        self._touched: Rect | None = None
        self.revision = 0
        self._lay_out(())

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def boxes(self) -> NDArray[np.float64]:
        boxes: NDArray[np.float64] = self._boxes[:, : len(self._shapes)]
        return boxes

    @property
    def looks(self) -> NDArray[np.int32]:
        return self._looks[: len(self._shapes)]

    @property
    def forms(self) -> NDArray[np.uint8]:
        return self._forms[: len(self._shapes)]

    def example_of(self, look: int) -> Annotation:
        """A shape with a number among `looks`: group and colour are those of all of them."""
        return self._examples[look]

    def get(self, annotation_id: str) -> Annotation | None:
        """The annotation of this id, or None where there is none."""
        slot = self._slots.get(annotation_id)
        return None if slot is None else self._shapes[slot]

    def shape(self, slot: int) -> Annotation:
        """The annotation in a slot that holds one."""
        found = self._shapes[slot]
        assert found is not None
        return found

    def points_of(self, slots: Slots) -> tuple[Points, Slots]:
        """The vertices of shapes that are not `LONG`, and the index of each one's first."""
        return self._packed.of(slots)

    def slots_of(self, ids: Iterable[str]) -> Slots:
        """The slots of those among these annotations that there are."""
        found = [slot for key in ids if (slot := self._slots.get(key)) is not None]
        return np.sort(np.array(found, np.intp))

    def follow(
        self, annotations: AnnotationSet, changed: frozenset[str] | None = None
    ) -> Rect | None:
        """Hold these from now on. Whoever comes second with the same set costs nothing.

        Parameters
        ----------
        annotations : AnnotationSet
        changed : frozenset of str, optional
            The ids of those that differ from what was held before; all of them by default.

        Returns
        -------
        Rect or None
            Where something looks different now, level-0 pixels; None for everywhere.
        """
        if annotations is self._annotations:
            return self._touched
        is_first, self._annotations = self._annotations is None, annotations
        self.revision += 1
        if changed is None or is_first:
            self._lay_out(annotations)
            self._touched = None
        else:
            self._touched = self._take(annotations, changed) if changed else None
        return self._touched

    def in_rect(self, rect: Rect) -> Slots:
        """The shapes whose boxes touch a rectangle."""
        left, top, right, bottom = self.boxes
        near = left <= rect.right
        near &= right >= rect.x
        near &= top <= rect.bottom
        near &= bottom >= rect.y
        return np.flatnonzero(near)

    def near(self, x: float, y: float, reach: float) -> list[Annotation]:
        """The annotations whose boxes lie within reach of a point; the uppermost comes last.

        Parameters
        ----------
        x, y, reach : float
            Level-0 pixels.
        """
        place = Rect(x - reach, y - reach, 2 * reach, 2 * reach)
        return [self.shape(slot) for slot in self.in_rect(place).tolist()]

    def inside(self, rect: Rect) -> list[Annotation]:
        """The annotations all of whose vertices lie in a rectangle, in the order of the file."""
        left, top, right, bottom = self.boxes
        bulge = self._bulges[: len(self._shapes)]
        within = (left + bulge >= rect.x) & (right - bulge <= rect.right)
        within &= (top + bulge >= rect.y) & (bottom - bulge <= rect.bottom)
        return [self.shape(slot) for slot in np.flatnonzero(within).tolist()]

    def place_of(self, ids: Iterable[str]) -> Rect | None:
        """The rectangle around some annotations; None where none of them has a place."""
        return _around(self._boxes[:, self.slots_of(ids)])

    def _lay_out(self, annotations: Iterable[Annotation]) -> None:
        """Give each its slot anew, in order."""
        shapes = list(annotations)
        boxes, self._bulges = extents(shapes)
        self._boxes = boxes + self._bulges * np.array([[-1], [-1], [1], [1]])
        self._shapes: list[Annotation | None] = list(shapes)
        self._slots = {it.id: slot for slot, it in enumerate(shapes)}
        self._holes: dict[str, int] = {}  # the slots of those that were removed
        self._examples: list[Annotation] = []
        self._look_numbers: dict[tuple[str | None, str], int] = {}
        self._looks = np.array([self._look_number(it) for it in shapes], np.int32)
        self._forms = np.array([_form(it) for it in shapes], np.uint8)
        self._packed = PackedPoints([_packed(it) for it in shapes])

    def _take(self, annotations: AnnotationSet, changed: frozenset[str]) -> Rect | None:
        known, slots = annotations.annotations, self._slots
        gone = [key for key in changed if key not in known and key in slots]
        new = {key for key in changed if key in known and key not in slots}
        kept = [known[key] for key in changed if key in slots and key in known]
        before = [slots[key] for key in (*gone, *(it.id for it in kept))]
        places = [self._boxes[:, before]]  # a copy
        if len(kept) == 1 and not gone and not new:  # perhaps one vertex of a million
            place = place_of_change(self.shape(before[0]), kept[0])
            self._set(kept)
            return place
        self._remove(gone)
        self._set(kept)
        fits = self._add(known, new)
        if not fits or len(self._shapes) > 2 * len(slots) + _LEAST_HOLES:
            self._lay_out(annotations)
        places.append(self._boxes[:, self.slots_of(changed)])
        return _around(np.concatenate(places, axis=1)) or Rect(0, 0, 0, 0)

    def _remove(self, ids: Iterable[str]) -> None:
        for key in ids:
            slot = self._holes[key] = self._slots.pop(key)
            self._shapes[slot] = None
            self._boxes[:, slot] = np.nan
            self._packed.put(slot, _NOTHING)

    def _set(self, shapes: Iterable[Annotation]) -> None:
        """Put annotations in the place of those of the same ids."""
        moved = []
        for it in shapes:
            slot = self._slots[it.id]
            former = self.shape(slot)
            self._shapes[slot] = it
            self._looks[slot], self._forms[slot] = self._look_number(it), _form(it)
            if it.points is not former.points or it.kind != former.kind:
                moved.append(it)
                self._packed.put(slot, _packed(it))
        if moved:
            self._measure(moved, [self._slots[it.id] for it in moved])

    def _add(self, known: Mapping[str, Annotation], new: set[str]) -> bool:
        """Give those that came their slots; False where these would not be in their order."""
        if not new:
            return True
        last = last_of(known, len(new))
        if new.issuperset(last):
            self._append([known[key] for key in last])
            return True
        if not self._holes.keys() >= new:
            return False
        # They come back to where they were, unless others have come in between.
        order = list(known)
        places = places_of(order, new)
        for first, end in runs_of(places):
            around = map(self._slot_or_hole, order[max(first - 1, 0) : end + 2])
            if any(one >= other for one, other in pairwise(around)):
                return False
        self._put_back([known[order[place]] for place in places])
        return True

    def _slot_or_hole(self, key: str) -> int:
        return self._slots[key] if key in self._slots else self._holes[key]

    def _put_back(self, shapes: list[Annotation]) -> None:
        """Put shapes into the holes that they left."""
        slots = [self._holes.pop(it.id) for it in shapes]
        for slot, it in zip(slots, shapes, strict=True):
            self._slots[it.id] = slot
            self._shapes[slot] = it
            self._looks[slot], self._forms[slot] = self._look_number(it), _form(it)
            self._packed.put(slot, _packed(it))
        self._measure(shapes, slots)

    def _append(self, shapes: list[Annotation]) -> None:
        start = len(self._shapes)
        end = start + len(shapes)
        if end > self._boxes.shape[1]:
            more = max(end, 64) * 2 - self._boxes.shape[1]
            self._boxes = np.pad(self._boxes, ((0, 0), (0, more)), constant_values=np.nan)
            self._bulges = np.pad(self._bulges, (0, more))
            self._looks = np.pad(self._looks, (0, more))
            self._forms = np.pad(self._forms, (0, more))
        self._shapes += shapes
        self._packed.append([_packed(it) for it in shapes])
        self._slots |= {it.id: start + number for number, it in enumerate(shapes)}
        for it in shapes:
            self._holes.pop(it.id, None)
        self._looks[start:end] = [self._look_number(it) for it in shapes]
        self._forms[start:end] = [_form(it) for it in shapes]
        self._measure(shapes, list(range(start, end)))

    def _measure(self, shapes: list[Annotation], slots: list[int]) -> None:
        boxes, bulges = extents_of(shapes)
        self._boxes[:2, slots], self._boxes[2:, slots] = boxes[:2] - bulges, boxes[2:] + bulges
        self._bulges[slots] = bulges

    def _look_number(self, it: Annotation) -> int:
        number = self._look_numbers.get((it.group, it.colour))
        if number is None:
            number = self._look_numbers[it.group, it.colour] = len(self._examples)
            self._examples.append(it)
        return number


def _form(it: Annotation) -> int:
    if it.kind in (Kind.POLYGON, Kind.RECTANGLE, Kind.NONE):
        return SIMPLE if len(it.points) <= MOST_SIMPLE else LONG
    return POINTS if it.kind in (Kind.DOT, Kind.POINT_SET) else LONG


def _packed(it: Annotation) -> Points:
    return it.points if _form(it) != LONG else _NOTHING


def _around(boxes: NDArray[np.float64]) -> Rect | None:
    """The rectangle around boxes, ndarray (4, count); None where none of them has a place."""
    boxes = boxes[:, np.isfinite(boxes).all(axis=0)]
    if not boxes.shape[1]:
        return None
    left, top = boxes[:2].min(axis=1).tolist()
    right, bottom = boxes[2:].max(axis=1).tolist()
    return Rect(left, top, right - left, bottom - top)
