"""Adding the annotations of one file to those of another."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace

from slideviewer.annotations.model import Annotation, AnnotationSet, Group


@dataclass(frozen=True)
class Addition:
    """What is added to a set.

    Attributes
    ----------
    annotations : mapping of id to Annotation
        By ids that the set does not have.
    groups : tuple of Group
        Those whose names the set does not have.
    kept_groups : tuple of str
        Names of groups that both have, but otherwise; the set keeps its own.
    """

    annotations: Mapping[str, Annotation]
    groups: tuple[Group, ...]
    kept_groups: tuple[str, ...]


def addition_of(added: AnnotationSet, to: AnnotationSet) -> Addition:
    """What another set brings: all its annotations, and the groups that are new.

    Parameters
    ----------
    added : AnnotationSet
    to : AnnotationSet
        The set that it is added to; nothing of it becomes different.
    """
    annotations = {}
    for annotation in added:
        is_known = annotation.id in to.annotations
        new = replace(annotation, id=uuid.uuid4().hex) if is_known else annotation
        annotations[new.id] = new
    return Addition(
        annotations,
        tuple(group for name, group in added.groups.items() if name not in to.groups),
        tuple(n for n, group in added.groups.items() if to.groups.get(n, group) != group),
    )
