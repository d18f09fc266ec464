"""One edit as the way from one set of annotations to the next.

A step holds only what became different. Of a shape's vertices it holds the stretch that did:
moving one vertex of a million takes a few bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from slideviewer.annotations.decisions.decision import Decision
from slideviewer.annotations.decisions.reading import Reading
from slideviewer.annotations.model import (
    Annotation,
    AnnotationSet,
    Group,
    Points,
    as_points,
    own_copy,
)
from slideviewer.annotations.ordering import last_of, places_of

_AT_ONCE = 16_384
"""Numbers that are compared at a time: beyond the first that differs nothing has to be read."""


@dataclass(frozen=True)
class Placed:
    """An annotation as it becomes.

    Attributes
    ----------
    annotation : Annotation
        Its points are only those between the kept ones.
    head, tail : int
        How many vertices at the start and at the end stay as they were.
    position : int or None
        Where among all annotations it is put; None leaves it where it is, or puts it at the end.
    """

    annotation: Annotation
    head: int = 0
    tail: int = 0
    position: int | None = None


@dataclass(frozen=True)
class Step:
    """What one edit made different.

    Attributes
    ----------
    text : str
        The edit's name for the user.
    placed : tuple of Placed
        Those added or changed, by position where they have one.
    removed : tuple of str
        Ids.
    groups : mapping of name to Group, or None
        All groups afterwards; None where they stay as they are.
    extra : mapping or None
        That of the set afterwards; None where it stays as it is.
    decisions : mapping of id to (Decision or None)
        Those made or changed, and None for those taken back.
    readings : mapping of id to Reading
        Those begun or gone on with.
    """

    text: str
    placed: tuple[Placed, ...] = ()
    removed: tuple[str, ...] = ()
    groups: Mapping[str, Group] | None = None
    extra: Mapping[str, object] | None = None
    decisions: Mapping[str, Decision | None] = field(default_factory=dict)
    readings: Mapping[str, Reading] = field(default_factory=dict)

    def applied_to(self, before: AnnotationSet) -> AnnotationSet:
        """The set after this step.

        Raises
        ------
        ValueError
            The set is not the one that the step begins from.
        """
        known = own_copy(before.annotations)
        for gone in self.removed:
            if known.pop(gone, None) is None:
                raise ValueError(f"there is no annotation {gone!r} to remove")
        inserted: list[tuple[int, Annotation]] = []
        for placed in self.placed:
            whole = _whole(placed, known.get(placed.annotation.id))
            if placed.position is None:
                known[whole.id] = whole
            else:
                known.pop(whole.id, None)
                inserted.append((placed.position, whole))
        if inserted:
            order = list(known.values())
            for position, whole in inserted:
                order.insert(position, whole)
            known = {each.id: each for each in order}
        after = AnnotationSet(
            MappingProxyType(known),
            before.groups if self.groups is None else MappingProxyType(dict(self.groups)),
            before.extra if self.extra is None else self.extra,
            before.decisions,
            before.readings,
        )
        return after.with_decisions(self.decisions).with_readings(self.readings)


def step_between(
    text: str, before: AnnotationSet, after: AnnotationSet, ids: Sequence[str] | None = None
) -> Step:
    """The step from one set to another.

    Parameters
    ----------
    text : str
    before, after : AnnotationSet
        Annotations that are in both stand in the same order in both, as edits leave them.
    ids : sequence of str, optional
        All annotations that may differ, where that is known; by default all are compared.
    """
    old, new = before.annotations, after.annotations
    if ids is None:
        ids = [key for key in new if old.get(key) is not new[key]]
        ids += [key for key in old if key not in new]
    removed = tuple(key for key in ids if key in old and key not in new)
    changed = [key for key in ids if key in new and old.get(key) is not new[key]]
    added = {key for key in changed if key not in old}
    positions: dict[str, int] = {}
    if added:
        changed = [key for key in changed if key not in added]
        last = last_of(new, len(added))
        if not added.issuperset(last):  # some come back to where they were
            order = list(new)
            positions = {order[place]: place for place in places_of(order, added)}
            last = list(positions)
        changed += last
    return Step(
        text,
        tuple(_placed(old.get(key), new[key], positions.get(key)) for key in changed),
        removed,
        None if _same_groups(before.groups, after.groups) else after.groups,
        None if before.extra == after.extra else after.extra,
        _decided(before.decisions, after.decisions),
        {key: it for key, it in after.readings.items() if before.readings.get(key) != it},
    )


def whole_step(text: str, annotations: AnnotationSet) -> Step:
    """The step from nothing to a whole set."""
    return Step(
        text,
        tuple(Placed(annotation) for annotation in annotations),
        (),
        annotations.groups,
        annotations.extra,
        annotations.decisions,
        annotations.readings,
    )


def _whole(placed: Placed, before: Annotation | None) -> Annotation:
    head, tail = placed.head, placed.tail
    if not head and not tail:
        return placed.annotation
    if before is None or head + tail > len(before.points):
        raise ValueError(f"annotation {placed.annotation.id!r} is not as the step begins")
    kept = before.points
    points = np.concatenate([kept[:head], placed.annotation.points, kept[len(kept) - tail :]])
    return replace(placed.annotation, points=as_points(points))


def _placed(before: Annotation | None, after: Annotation, position: int | None) -> Placed:
    if before is None:
        return Placed(after, position=position)
    head, tail = _common(before.points, after.points)
    if not head and not tail:
        return Placed(after)
    between = as_points(after.points[head : len(after.points) - tail])
    return Placed(replace(after, points=between), head, tail)


def _common(before: Points, after: Points) -> tuple[int, int]:
    """How many vertices, bit by bit, two outlines share at their start and at their end."""
    if before is after:  # as in all edits of a name, a group or a colour
        return len(after), 0
    one = np.ascontiguousarray(before).view(np.uint64).ravel()
    other = np.ascontiguousarray(after).view(np.uint64).ravel()
    least = min(len(one), len(other))
    head = _run(one[:least], other[:least]) // 2
    left = least - 2 * head
    tail = _run(one[len(one) - left :][::-1], other[len(other) - left :][::-1]) // 2
    return head, tail


def _run(one: NDArray[np.uint64], other: NDArray[np.uint64]) -> int:
    """How many are alike before the first that is not; both are of one length."""
    for start in range(0, len(one), _AT_ONCE):
        differs = one[start : start + _AT_ONCE] != other[start : start + _AT_ONCE]
        first = int(np.argmax(differs))
        if differs[first]:
            return start + first
    return len(one)


def _decided(
    before: Mapping[str, Decision], after: Mapping[str, Decision]
) -> dict[str, Decision | None]:
    if before is after:
        return {}
    changed = {key: it for key, it in after.items() if before.get(key) is not it}
    return {**changed, **dict.fromkeys(key for key in before if key not in after)}


def _same_groups(before: Mapping[str, Group], after: Mapping[str, Group]) -> bool:
    return before is after or (before == after and list(before) == list(after))
