"""One edit as the way from one set of annotations to the next, and as bytes.

A step holds only what became different. Of a shape's vertices it holds the stretch that did:
moving one vertex of a million takes a few bytes.

The bytes are, after a length of four bytes (little-endian), a text in JSON and then all vertices
of the step one after another, as little-endian float64 pairs: every value comes back exactly.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slideviewer.annotations.decisions.decision import Decision, Verdict, as_runs
from slideviewer.annotations.decisions.reading import Reading, reading_from
from slideviewer.annotations.model import (
    Annotation,
    AnnotationSet,
    Group,
    Points,
    as_points,
    kind_named,
    own_copy,
)
from slideviewer.annotations.ordering import last_of, places_of
from slideviewer.annotations.origin import How, Origin

_LENGTH = struct.Struct("<I")
_NO_POINTS = as_points([])

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


def as_bytes(step: Step) -> bytes:
    """A step for the disk; `step_from` reads it."""
    told: dict[str, object] = {"text": step.text, "removed": step.removed}
    if step.groups is not None:
        told["groups"] = [
            [group.name, group.parent, group.colour, dict(group.attributes), dict(group.extra)]
            for group in step.groups.values()
        ]
    if step.extra is not None:
        told["extra"] = dict(step.extra)
    if step.decisions:
        told["decided"] = [it.as_json() for it in step.decisions.values() if it is not None]
        told["undecided"] = [key for key, it in step.decisions.items() if it is None]
    if step.readings:
        told["read"] = [it.as_json() for it in step.readings.values()]
    # Row by row, so that other threads come in between: all at once takes half a second.
    rows = ",".join([_as_json(_row(placed)) for placed in step.placed])
    head = f'{{"placed":[{rows}],{_as_json(told)[1:]}'.encode("ascii")
    parts = [placed.annotation.points for placed in step.placed]
    points = np.concatenate([_NO_POINTS, *parts]).astype("<f8", copy=False)
    return b"".join((_LENGTH.pack(len(head)), head, points.tobytes()))


def _as_json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def step_from(data: bytes) -> Step:
    """Read what `as_bytes` made.

    Raises
    ------
    ValueError
        The bytes are no step.
    """
    try:
        (length,) = _LENGTH.unpack_from(data)
        told = json.loads(data[_LENGTH.size : _LENGTH.size + length])
        points = np.frombuffer(data, "<f8", offset=_LENGTH.size + length).reshape(-1, 2)
        groups = told.get("groups")
        return Step(
            told["text"],
            _placed_from(told["placed"], points),
            tuple(told["removed"]),
            None if groups is None else {row[0]: Group(*row) for row in groups},
            told.get("extra"),
            {
                **dict.fromkeys(told.get("undecided", ())),
                **{row["id"]: _decision(row) for row in told.get("decided", ())},
            },
            {row["id"]: reading_from(row) for row in told.get("read", ())},
        )
    except (struct.error, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        raise ValueError(f"no step of a journal: {error}") from error


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


def _decision(row: Mapping[str, Any]) -> Decision:
    return Decision(**{**row, "verdict": Verdict(row["verdict"]), "runs": as_runs(row["runs"])})


def _same_groups(before: Mapping[str, Group], after: Mapping[str, Group]) -> bool:
    return before is after or (before == after and list(before) == list(after))


def _row(placed: Placed) -> list[object]:
    it = placed.annotation
    count = len(it.points)
    row: list[object] = [it.id, it.name, str(it.kind), it.group, it.colour, count]
    is_more = placed.head or placed.tail or placed.position is not None or it.extra
    if is_more or it.origin is not None:
        row += [placed.head, placed.tail, placed.position, dict(it.extra)]
    if it.origin is not None:
        row.append([it.origin.how, it.origin.source, it.origin.decision])
    return row


def _placed_from(rows: Sequence[Any], points: Any) -> tuple[Placed, ...]:
    found: list[Placed] = []
    start = 0
    for row in rows:
        name_and_place = row[:6]
        head, tail, position, extra = row[6:10] or (0, 0, None, {})
        origin = Origin(How(row[10][0]), *row[10][1:]) if len(row) > 10 else None
        annotation_id, name, kind, group, colour, count = name_and_place
        if not 0 <= count <= len(points) - start:
            raise ValueError("no step of a journal: vertices are missing")
        own = as_points(points[start : start + count])
        start += count
        whole = Annotation(name, kind_named(kind), own, group, colour, extra, annotation_id, origin)
        found.append(Placed(whole, head, tail, position))
    if start != len(points):
        raise ValueError("no step of a journal: there are vertices of no annotation")
    return tuple(found)
