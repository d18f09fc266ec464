"""Which group of annotations gets which label in a mask, and what is painted over what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from slideviewer.annotations.geojson.holes import HOLE_SUFFIX, is_hole_group
from slideviewer.annotations.model import Annotation, AnnotationSet, Kind
from slideviewer.errors import AnnotationError

MOST_LABEL = 2**16 - 1
"""Masks have 8 bits a pixel, or 16 where a label needs them."""

BACKGROUND = 0

UNGROUPED_WORD = "None"
"""What ASAP writes for "in no group", so that no group can bear the name."""

_EXCLUDED = "_2"
"""Camelyon16's group of what was drawn to be left out of the tumour."""
_TUMOUR = ("Tumor", "_0", "_1")
"""Camelyon16's groups that all mean tumour."""


@dataclass(frozen=True)
class Labels:
    """The label of each group, 0 being the background.

    Attributes
    ----------
    values : mapping of str or None to int
        By group name; None stands for annotations in no group. A group that is not named has the
        label of the nearest one around it that is. One that excludes (see `excludes`) paints
        background unless it is named itself; the holes of a group are left out of that group's
        shapes alone, so that others show through. What finds no label is not painted.
    order : tuple of (str or None), optional
        Groups in the order to paint them; those not named in it come last. Without it,
        annotations are painted in file order, but Camelyon16's ``_2`` last, for there it excludes
        wherever it stands.

    Raises
    ------
    AnnotationError
        Where a label is no whole number from 0 to 65535.
    """

    values: Mapping[str | None, int]
    order: tuple[str | None, ...] | None = None

    def __post_init__(self) -> None:
        for group, value in self.values.items():
            if not 0 <= value <= MOST_LABEL:
                raise AnnotationError(
                    f"The label {value} of {name_of(group)} does not fit into a mask.",
                    remedy=f"Give a whole number from 0 to {MOST_LABEL}.",
                )

    @property
    def most(self) -> int:
        """The highest label."""
        return max(self.values.values(), default=BACKGROUND)

    def of(self, annotations: AnnotationSet, group: str | None) -> int | None:
        """The label that annotations of a group are painted with; None where they are not."""
        for name in around(annotations, group):
            if name in self.values:
                return self.values[name]
            if name is not None and excludes(name):
                return BACKGROUND
        return None

    def painted(self, annotations: AnnotationSet) -> list[tuple[Annotation, int]]:
        """The annotations that enclose something and have a label, in the order of painting."""
        found = [
            (annotation, label)
            for annotation in annotations
            if isinstance(annotation.kind, Kind)
            and annotation.kind.is_area
            and (label := self.of(annotations, annotation.group)) is not None
        ]
        return sorted(found, key=lambda pair: self._place(annotations, pair[0].group))

    def cuts(self, annotations: AnnotationSet) -> dict[str, str | None]:
        """The groups of holes that are left out of a group, or of what is in none: of which."""
        return {
            group.name: group.parent
            for group in annotations.groups.values()
            if is_hole_group(group)
            and not (group.parent is not None and excludes(group.parent))
            and self.of(annotations, group.name) == BACKGROUND
        }

    def _place(self, annotations: AnnotationSet, group: str | None) -> int:
        names = around(annotations, group)
        if self.order is None:
            return int(_EXCLUDED in names)
        places = (self.order.index(name) for name in names if name in self.order)
        return next(places, len(self.order))


def excludes(group: str) -> bool:
    """Whether a group's name says that what it holds is cut out of what lies around it."""
    return group == _EXCLUDED or group.endswith(HOLE_SUFFIX)


def proposed_labels(annotations: AnnotationSet) -> Labels:
    """The labels to begin with: 1, 2, 3 … for the groups that lie in no other one, in their order.

    Groups that exclude get 0, Camelyon16's names of tumour one label, and annotations in no
    group, where there are any, the last one.
    """
    values: dict[str | None, int] = {}
    for group in annotations.groups.values():
        if excludes(group.name):
            values[group.name] = BACKGROUND
        elif group.parent is None or group.parent not in annotations.groups:
            same = [values[name] for name in _TUMOUR if name in values and group.name in _TUMOUR]
            values[group.name] = same[0] if same else _next(values)
    if any(annotation.group is None for annotation in annotations):
        values[None] = _next(values)
    return Labels(values)


def parse_labels(text: str) -> Labels:
    """Take labels as they are typed: ``Tumor=1,Normal=2,None=3``; None is what is in no group.

    Raises
    ------
    AnnotationError
        Where a part is no name with a label.
    """
    values: dict[str | None, int] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, found, number = part.rpartition("=")
        name = name.strip()
        if not found or not name or not number.strip().isdecimal():
            raise AnnotationError(
                f'"{part}" gives no group a label.',
                remedy="Write names and whole numbers, for example Tumor=1,Normal=2.",
            )
        values[group_named(name)] = int(number)
    return Labels(values)


def group_named(text: str) -> str | None:
    """The group that is written so; "None" stands for no group."""
    return None if text == UNGROUPED_WORD else text


def name_of(group: str | None) -> str:
    """A group, or no group, in words."""
    return "annotations in no group" if group is None else f"the group '{group}'"


def _next(values: Mapping[str | None, int]) -> int:
    return max(values.values(), default=BACKGROUND) + 1


def around(annotations: AnnotationSet, group: str | None) -> tuple[str | None, ...]:
    """A group and those around it; where it is not declared, its name alone."""
    return annotations.lineage(group) or (group,)
