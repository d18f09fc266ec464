"""What a specialist draws: annotations and their groups, as immutable values."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from slideviewer.geometry import Rect

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


def as_points(values: object) -> Points:
    """Make a read-only (count, 2) array of float64 from any sequence of x, y pairs."""
    points = np.array(values, dtype=np.float64).reshape(-1, 2)
    points.setflags(write=False)
    return points


_NO_EXTRA: Mapping[str, object] = MappingProxyType({})


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
    """

    name: str
    kind: Kind | str
    points: Points
    group: str | None = None
    colour: str = DEFAULT_COLOUR
    extra: Mapping[str, object] = field(default=_NO_EXTRA, repr=False)
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Annotation):
            return NotImplemented
        return self is other or (
            (self.id, self.name, self.kind, self.group, self.colour, self.extra)
            == (other.id, other.name, other.kind, other.group, other.colour, other.extra)
            and np.array_equal(self.points, other.points)
        )

    def __hash__(self) -> int:
        return hash(self.id)

    @cached_property
    def bounds(self) -> Rect | None:
        """The smallest rectangle around the finite vertices, or None where there are none."""
        finite = self.points[np.isfinite(self.points).all(axis=1)]
        if not len(finite):
            return None
        (left, top), (right, bottom) = finite.min(axis=0), finite.max(axis=0)
        return Rect.from_corners(float(left), float(top), float(right), float(bottom))


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
    attributes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    extra: Mapping[str, object] = field(default=_NO_EXTRA, repr=False)


@dataclass(frozen=True)
class AnnotationSet:
    """All annotations and groups of one slide, in file order. Every edit returns a new set.

    Attributes
    ----------
    annotations : mapping of id to Annotation
    groups : mapping of name to Group
    extra : mapping
        As in `Annotation`, for the file as a whole.
    """

    annotations: Mapping[str, Annotation] = field(default_factory=lambda: MappingProxyType({}))
    groups: Mapping[str, Group] = field(default_factory=lambda: MappingProxyType({}))
    extra: Mapping[str, object] = field(default=_NO_EXTRA, repr=False)

    @classmethod
    def of(
        cls,
        annotations: Iterable[Annotation] = (),
        groups: Iterable[Group] = (),
        extra: Mapping[str, object] = _NO_EXTRA,
    ) -> AnnotationSet:
        """Build a set; of two annotations of one id, or two groups of one name, the last counts."""
        return cls(
            MappingProxyType({annotation.id: annotation for annotation in annotations}),
            MappingProxyType({group.name: group for group in groups}),
            extra,
        )

    def __iter__(self) -> Iterator[Annotation]:
        return iter(self.annotations.values())

    def __len__(self) -> int:
        return len(self.annotations)

    def __getitem__(self, annotation_id: str) -> Annotation:
        return self.annotations[annotation_id]

    def with_changes(self, changes: Mapping[str, Annotation | None]) -> AnnotationSet:
        """A set in which each named annotation is replaced, added (at the end) or, at None, removed."""
        annotations = dict(self.annotations)
        for annotation_id, annotation in changes.items():
            if annotation is None:
                annotations.pop(annotation_id, None)
            else:
                annotations[annotation_id] = annotation
        return replace(self, annotations=MappingProxyType(annotations))

    def with_group(self, group: Group) -> AnnotationSet:
        """A set in which the group is added, or replaces the one of its name."""
        return replace(self, groups=MappingProxyType({**self.groups, group.name: group}))

    def shown_colour(self, annotation: Annotation) -> str:
        """The colour that ASAP draws an annotation in: its topmost group's, else its own."""
        name, colour, seen = annotation.group, annotation.colour, set[str]()
        while name is not None and name in self.groups and name not in seen:
            seen.add(name)
            colour, name = self.groups[name].colour, self.groups[name].parent
        return colour
