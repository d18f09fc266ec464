"""What is different between two sets of annotations, such as a file and what was made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from slideviewer.annotations.model import Annotation, AnnotationSet, Group

_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Differences:
    """How a set of annotations became another.

    Attributes
    ----------
    added, removed : tuple of Annotation
    changed : tuple of (Annotation, Annotation)
        As it was, and as it is.
    groups_added, groups_removed : tuple of Group
    groups_changed : tuple of (Group, Group)
    decisions : int
        How many decisions of a review were made, changed or taken back.
    readings : int
        How many readings of the slide were begun, gone on with or ended.
    """

    added: tuple[Annotation, ...] = ()
    removed: tuple[Annotation, ...] = ()
    changed: tuple[tuple[Annotation, Annotation], ...] = ()
    groups_added: tuple[Group, ...] = ()
    groups_removed: tuple[Group, ...] = ()
    groups_changed: tuple[tuple[Group, Group], ...] = ()
    decisions: int = 0
    readings: int = 0

    def __bool__(self) -> bool:
        """Whether there is any."""
        return self != Differences()

    @property
    def summary(self) -> str:
        """In a few words: "2 annotations added, 1 changed; 1 group added"."""
        shapes = _counted("annotation", len(self.added), len(self.removed), len(self.changed))
        groups = _counted(
            "group", len(self.groups_added), len(self.groups_removed), len(self.groups_changed)
        )
        decided = f"{self.decisions} decision{'s' if self.decisions != 1 else ''}"
        read = f"{self.readings} reading{'s' if self.readings != 1 else ''}"
        counted = decided if self.decisions else "", read if self.readings else ""
        words = (shapes, groups, *counted)
        return "; ".join(filter(None, words)) or "no differences"

    @property
    def lines(self) -> tuple[str, ...]:
        """A line for each, for the user."""
        return (
            *(f"+ {_named(it)}" for it in self.added),
            *(f"- {_named(it)}" for it in self.removed),
            *(f"~ {_named(new)}: {what_changed(old, new)}" for old, new in self.changed),
            *(f"+ group {group.name}" for group in self.groups_added),
            *(f"- group {group.name}" for group in self.groups_removed),
            *(
                f"~ group {new.name}: {_group_changed(old, new)}"
                for old, new in self.groups_changed
            ),
            *([f"~ {self.decisions} decisions of the review"] if self.decisions else ()),
            *([f"~ {self.readings} readings of the slide"] if self.readings else ()),
        )


def differences(before: AnnotationSet, after: AnnotationSet) -> Differences:
    """Compare two sets.

    Annotations are known by their ids. Two readings of a file have no ids in common; there, one
    is known by all that it says, and failing that by its kind, name and group.

    Parameters
    ----------
    before, after : AnnotationSet
    """
    old, new = before.annotations, after.annotations
    if old and new and old.keys().isdisjoint(new):
        old = _by_likeness(old, new)
    added = tuple(it for key, it in new.items() if key not in old)
    removed = tuple(it for key, it in old.items() if key not in new)
    pairs = ((it, new[key]) for key, it in old.items() if key in new)
    changed = tuple((one, two) for one, two in pairs if _says(one) != _says(two))
    groups = _of_groups(before.groups, after.groups)
    decided = before.decisions.keys() | after.decisions.keys()
    decisions = sum(before.decisions.get(key) != after.decisions.get(key) for key in decided)
    readings = sum(before.readings.get(key) != it for key, it in after.readings.items())
    return Differences(added, removed, changed, *groups, decisions, readings)


def what_changed(before: Annotation, after: Annotation) -> str:
    """In words, what an annotation is otherwise than it was."""
    words = [
        f"{name} {old} → {new}"
        for name, old, new in (
            ("name", before.name, after.name),
            ("type", before.kind, after.kind),
            ("group", before.group or "none", after.group or "none"),
            ("colour", before.colour, after.colour),
        )
        if old != new
    ]
    if not np.array_equal(before.points, after.points, equal_nan=True):
        counts = len(before.points), len(after.points)
        words.append("moved" if counts[0] == counts[1] else f"points {counts[0]} → {counts[1]}")
    if before.extra != after.extra:
        words.append("other properties")
    return ", ".join(words)


def _by_likeness(
    old: Mapping[str, Annotation], new: Mapping[str, Annotation]
) -> dict[str, Annotation]:
    """The old annotations by the ids of the new ones that they became."""
    left = dict(old)
    found: dict[str, Annotation] = {}
    for likeness in (_says, _looks):
        waiting: dict[object, list[str]] = {}
        for key, it in reversed(left.items()):
            waiting.setdefault(likeness(it), []).append(key)
        for key, it in new.items():
            same = waiting.get(likeness(it))
            if key not in found and same:
                found[key] = left.pop(same.pop())
    return found | left


def _says(it: Annotation) -> tuple[object, ...]:
    extra = repr(it.extra) if it.extra else ""
    return it.name, it.kind, it.group, it.colour, extra, it.points.tobytes()


def _looks(it: Annotation) -> tuple[object, ...]:
    return it.name, it.kind, it.group


def _of_groups(
    before: Mapping[str, Group], after: Mapping[str, Group]
) -> tuple[tuple[Group, ...], tuple[Group, ...], tuple[tuple[Group, Group], ...]]:
    return (
        tuple(group for name, group in after.items() if name not in before),
        tuple(group for name, group in before.items() if name not in after),
        tuple(
            (group, after[name])
            for name, group in before.items()
            if name in after and after[name] != group
        ),
    )


def _group_changed(before: Group, after: Group) -> str:
    words = [
        f"{name} {old} → {new}"
        for name, old, new in (
            ("parent", before.parent or "none", after.parent or "none"),
            ("colour", before.colour, after.colour),
        )
        if old != new
    ]
    if before.attributes != after.attributes:
        words.append("attributes")
    if before.extra != after.extra:
        words.append("other properties")
    return ", ".join(words)


def _counted(noun: str, added: int, removed: int, changed: int) -> str:
    counts = ((added, "added"), (removed, "removed"), (changed, "changed"))
    words = [f"{count} {verb}" for count, verb in counts if count]
    if not words:
        return ""
    first, *rest = words
    number, verb = first.split(" ")
    return ", ".join((f"{number} {noun}{'s' if number != '1' else ''} {verb}", *rest))


def _named(it: Annotation) -> str:
    where = f" in {it.group}" if it.group else ""
    return f"{it.kind} {it.name or 'without a name'}{where}"
