"""What a specialist draws: annotations and their groups, as immutable values."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from slideviewer.annotations.decisions.decision import Decision
from slideviewer.annotations.decisions.reading import Reading
from slideviewer.annotations.origin import How, Origin
from slideviewer.geometry import Rect

Value = TypeVar("Value")

Points = NDArray[np.float64]
"""Vertices in level-0 pixels: shape (count, 2), columns x and y, read-only."""

DEFAULT_COLOUR = "#F4FA58"
"""The colour that ASAP gives a new annotation."""
DEFAULT_GROUP_COLOUR = "#64FE2E"
"""The colour that ASAP gives a new group."""


class Kind(StrEnum):
    """The annotation types of ASAP, spelt as in its files (case matters there)."""

    NONE = "None"
    DOT = "Dot"
    POLYGON = "Polygon"
    SPLINE = "Spline"
    POINT_SET = "PointSet"
    MEASUREMENT = "Measurement"
    RECTANGLE = "Rectangle"

    @property
    def is_area(self) -> bool:
        """Whether the vertices enclose an area."""
        return self in (Kind.POLYGON, Kind.SPLINE, Kind.RECTANGLE)


def kind_named(name: str) -> Kind | str:
    """The `Kind` of a name; the name itself where it is none, so that unknown types are kept."""
    return _KINDS.get(name, name)


_KINDS = {kind.value: kind for kind in Kind}


FARTHEST_PX = 1e15
"""No slide is a thousand-millionth as wide. Damaged files hold numbers up to 1.8e308, of which
widths and areas overflow."""


def are_places(points: Points) -> NDArray[np.bool_]:
    """Which vertices are places: finite, and not absurdly far away; shape (count,)."""
    return np.asarray((np.abs(points) <= FARTHEST_PX).all(axis=1))


def as_points(values: object) -> Points:
    """Make a read-only (count, 2) array of float64 from any sequence of x, y pairs."""
    points = np.array(values, dtype=np.float64).reshape(-1, 2)
    points.setflags(write=False)
    return points


@dataclass(frozen=True, eq=False)
class Annotation:
    """One shape that somebody drew.

    Attributes
    ----------
    id : str
        Identity within this program, for edits and selection; no file carries it.
    name : str
        As shown to the user; need not be unique.
    kind : Kind or str
        A `Kind`, or the unknown type name of the file, kept as it was.
    points : ndarray (count, 2), float64
        Level-0 pixels.
    group : str or None
        Name of the group it belongs to.
    colour : str
        ``#RRGGBB``.
    extra : mapping
        What the file said that this program has no use for; written back in place.
        Its content belongs to the file format that put it there.
    origin : Origin or None
        What made it; None where it was drawn, or nobody noted it. No annotation file carries it,
        the one beside it does.
    """

    name: str
    kind: Kind | str
    points: Points
    group: str | None = None
    colour: str = DEFAULT_COLOUR
    extra: Mapping[str, object] = field(default_factory=dict, repr=False)
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    origin: Origin | None = field(default=None, repr=False)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Annotation):
            return NotImplemented
        return self is other or (
            (self.id, self.name, self.kind, self.group, self.colour, self.extra)
            == (other.id, other.name, other.kind, other.group, other.colour, other.extra)
            and self.origin == other.origin
            and np.array_equal(self.points, other.points)
        )

    def __hash__(self) -> int:
        return hash(self.id)

    @cached_property
    def bounds(self) -> Rect | None:
        """The smallest rectangle around the vertices, or None where there are none.

        Vertices that are no places (see `are_places`) do not count.
        """
        finite = self.points[are_places(self.points)]
        if not len(finite):
            return None
        (left, top), (right, bottom) = finite.min(axis=0), finite.max(axis=0)
        return Rect.from_corners(float(left), float(top), float(right), float(bottom))

    def decided_by(self, decision_id: str, *, is_new: bool) -> Annotation:
        """The same, made or changed by a decision on what was predicted."""
        former = Origin(How.PREDICTED) if is_new else self.origin or Origin()
        return replace(self, origin=replace(former, decision=decision_id))


@dataclass(frozen=True)
class Group:
    """A named class of annotations. The name is its identity; nesting is by parent name.

    Attributes
    ----------
    name : str
    parent : str or None
        Name of the group around it.
    colour : str
        ``#RRGGBB``; of nested groups the topmost one's colour is what ASAP draws with.
    attributes : mapping of str to str
        Free key and value pairs of the file.
    extra : mapping
        As in `Annotation`.
    """

    name: str
    parent: str | None = None
    colour: str = DEFAULT_GROUP_COLOUR
    attributes: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class AnnotationSet:
    """All annotations and groups of one slide, in file order. Every edit returns a new set.

    Attributes
    ----------
    annotations : mapping of id to Annotation
    groups : mapping of name to Group
    extra : mapping
        As in `Annotation`, for the file as a whole.
    decisions : mapping of id to Decision
        What was decided in a review of the slide; their order means nothing. Annotation files
        know nothing of it, a file beside them does.
    readings : mapping of id to Reading
        How the slide was read with predictions hidden; kept where the decisions are. What was read
        stays read: nothing takes one back.
    """

    annotations: Mapping[str, Annotation] = field(default_factory=lambda: MappingProxyType({}))
    groups: Mapping[str, Group] = field(default_factory=lambda: MappingProxyType({}))
    extra: Mapping[str, object] = field(default_factory=dict, repr=False)
    decisions: Mapping[str, Decision] = field(
        default_factory=lambda: MappingProxyType({}), repr=False
    )
    readings: Mapping[str, Reading] = field(
        default_factory=lambda: MappingProxyType({}), repr=False
    )

    @classmethod
    def of(
        cls,
        annotations: Iterable[Annotation] = (),
        groups: Iterable[Group] = (),
        extra: Mapping[str, object] | None = None,
        decisions: Iterable[Decision] = (),
        readings: Iterable[Reading] = (),
    ) -> AnnotationSet:
        """Build a set; of two annotations of one id, or two groups of one name, the last counts."""
        return cls(
            MappingProxyType({annotation.id: annotation for annotation in annotations}),
            MappingProxyType({group.name: group for group in groups}),
            extra if extra is not None else {},
            MappingProxyType({decision.id: decision for decision in decisions}),
            MappingProxyType({reading.id: reading for reading in readings}),
        )

    def __reduce__(self) -> tuple[object, ...]:
        # Read-only mappings cannot be pickled, and a set must be able to reach a worker process.
        reviewed = tuple(self.decisions.values()), tuple(self.readings.values())
        marked = tuple(self), tuple(self.groups.values())
        return AnnotationSet.of, (*marked, dict(self.extra), *reviewed)

    def __iter__(self) -> Iterator[Annotation]:
        return iter(self.annotations.values())

    def __len__(self) -> int:
        return len(self.annotations)

    def __getitem__(self, annotation_id: str) -> Annotation:
        return self.annotations[annotation_id]

    def with_changes(
        self, changes: Mapping[str, Annotation | None], order: Sequence[str] | None = None
    ) -> AnnotationSet:
        """Replace, add or remove annotations.

        Parameters
        ----------
        changes : mapping of id to Annotation or None
            None removes the annotation; one that was not there is added at the end.
        order : sequence of str, optional
            The ids in the order to keep them in, so that an undone removal puts a shape back
            where it was.
        """
        if not changes and order is None:
            return self
        annotations = own_copy(self.annotations)
        for annotation_id, annotation in changes.items():
            if annotation is None:
                annotations.pop(annotation_id, None)
            else:
                annotations[annotation_id] = annotation
        if order is not None:
            annotations = {key: annotations[key] for key in order}
        return replace(self, annotations=MappingProxyType(annotations))

    def with_decisions(self, changes: Mapping[str, Decision | None]) -> AnnotationSet:
        """Replace, add or take back decisions; None takes one back."""
        if not changes:
            return self
        decisions = {**self.decisions, **changes}
        kept = {key: it for key, it in decisions.items() if it is not None}
        return replace(self, decisions=MappingProxyType(kept))

    def with_readings(self, changes: Mapping[str, Reading]) -> AnnotationSet:
        """Add readings, or replace those of their ids."""
        if not changes:
            return self
        return replace(self, readings=MappingProxyType({**self.readings, **changes}))

    def next_name(self) -> str:
        """The name that ASAP would give a new annotation: ``Annotation N``, N beyond all in use."""
        numbers = (re.fullmatch(r"Annotation (\d+)", annotation.name) for annotation in self)
        return f"Annotation {1 + max((int(number[1]) for number in numbers if number), default=-1)}"

    def with_group(self, group: Group) -> AnnotationSet:
        """A set in which the group is added, or replaces the one of its name."""
        return replace(self, groups=MappingProxyType(own_copy(self.groups) | {group.name: group}))

    def lineage(self, name: str | None) -> tuple[str, ...]:
        """The declared groups from one of this name outwards, ending before any repeats."""
        names: dict[str, None] = {}
        while name is not None and name in self.groups and name not in names:
            names[name] = None
            name = self.groups[name].parent
        return tuple(names)

    def shown_colour(self, annotation: Annotation) -> str:
        """The colour that ASAP draws an annotation in: its topmost group's, else its own."""
        lineage = self.lineage(annotation.group)
        return self.groups[lineage[-1]].colour if lineage else annotation.colour


def own_copy(mapping: Mapping[str, Value]) -> dict[str, Value]:
    """A dict of one's own; of a read-only one forty times as fast as `dict` makes it."""
    return mapping.copy() if isinstance(mapping, MappingProxyType) else dict(mapping)
